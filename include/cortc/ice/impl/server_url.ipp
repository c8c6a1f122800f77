#pragma once

#include "cortc/ice/server_url.hpp"

#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

// The URL Standard is https://url.spec.whatwg.org/.
namespace cortc::ice {

namespace detail {

using url_result = result<server_url, server_url_error>;

CORTC_DECL server_url_error url_syntax(std::string message) {
    return {server_url_error::kind::syntax, std::move(message)};
}

CORTC_DECL bool is_url_digit(char c) noexcept { return c >= '0' && c <= '9'; }
CORTC_DECL bool is_url_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
CORTC_DECL std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (auto& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower;
}
/// In quotation marks, with what cannot be printed made visible.
CORTC_DECL std::string shown(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (code >= 0x20 && code != 0x7f)
            out += c;
        else
            (((out += "\\x") += digits[code >> 4]) += digits[code & 15]);
    }
    return out += '"';
}

/// The URL Standard's basic URL parser 1 and 3.
CORTC_DECL std::string without_blanks(std::string_view text) {
    const auto blank = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    std::string rest(text);
    std::erase_if(rest, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
    return rest;
}

CORTC_DECL std::optional<server_scheme> scheme_of(std::string_view name) noexcept {
    for (auto each : all_server_schemes)
        if (name == to_string(each)) return each;
    return std::nullopt;
}

/// The parts of a URL whose path is opaque.
struct url_parts {
    server_scheme scheme = server_scheme::stun;
    std::string path;
    std::optional<std::string> query;
};

CORTC_DECL result<url_parts, server_url_error> split_url(const std::string& url) {
    const auto colon = url.find(':');
    const auto name = lower_case(std::string_view(url).substr(0, colon));
    const auto in_scheme = [](char c) {
        return is_url_alpha(c) || is_url_digit(c) || c == '+' || c == '-' || c == '.';
    };
    if (colon == std::string::npos || name.empty() || !is_url_alpha(name[0]) ||
        !std::all_of(name.begin(), name.end(), in_scheme))
        return url_syntax("it has no scheme; it should begin with stun:, stuns:, turn: or turns:");
    const auto scheme = scheme_of(name);
    if (!scheme) return url_syntax("its scheme " + shown(name) + " is none of stun, stuns, turn and turns");

    url_parts parts;
    parts.scheme = *scheme;
    const auto rest = std::string_view(url).substr(colon + 1);
    const auto hash = rest.find('#');
    const auto before_fragment = rest.substr(0, hash);
    const auto mark = before_fragment.find('?');
    parts.path = before_fragment.substr(0, mark);
    if (mark != std::string_view::npos) parts.query = before_fragment.substr(mark + 1);

    if (parts.path.starts_with('/'))
        return url_syntax("the host follows the scheme at once: " + name + ":example.org, not " + name +
                          "://example.org");
    if (parts.path.find('/') != std::string::npos)
        return url_syntax("it has a path (\"/\"); there is only a host and a port");
    if (parts.path.find('@') != std::string::npos)
        return url_syntax(
            "it has user information (\"@\"); username and credential are members of their own");
    if (hash != std::string_view::npos)
        return url_syntax("it has a fragment " + shown(rest.substr(hash)) + "; none is possible");
    const auto is_turn = *scheme == server_scheme::turn || *scheme == server_scheme::turns;
    if (parts.query && !is_turn)
        return url_syntax("it has a query " + shown("?" + *parts.query) + "; only turn and turns take one");
    return parts;
}

CORTC_DECL std::string percent_decoded(std::string_view text) {
    const auto digit = [](char c) {
        if (is_url_digit(c)) return c - '0';
        const char lower = static_cast<char>(c | 0x20);
        return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
            out += static_cast<char>(digit(text[i + 1]) << 4 | digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

inline constexpr std::uint64_t too_large = std::uint64_t{1} << 32;

/// The URL Standard's IPv4 number parser: decimal, 0x hexadecimal, 0 octal. `too_large` stands for any number
/// of more than 32 bits.
CORTC_DECL std::optional<std::uint64_t> ipv4_number(std::string_view text) noexcept {
    if (text.empty()) return std::nullopt;
    unsigned radix = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        radix = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text[0] == '0') {
        radix = 8;
        text.remove_prefix(1);
    }
    std::uint64_t value = 0;
    for (char c : text) {
        const char lower = static_cast<char>(c | 0x20);
        unsigned digit = radix;
        if (is_url_digit(c))
            digit = static_cast<unsigned>(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            digit = static_cast<unsigned>(lower - 'a') + 10;
        if (digit >= radix) return std::nullopt;
        value = std::min(value * radix + digit, too_large);
    }
    return value;
}

CORTC_DECL std::vector<std::string_view> labels_of(std::string_view host) {
    std::vector<std::string_view> labels;
    for (;;) {
        const auto dot = host.find('.');
        labels.push_back(host.substr(0, dot));
        if (dot == std::string_view::npos) break;
        host.remove_prefix(dot + 1);
    }
    if (labels.size() > 1 && labels.back().empty()) labels.pop_back(); // the root's
    return labels;
}

/// The URL Standard's "ends in a number": what does is an IPv4 address, or nothing.
CORTC_DECL bool ends_in_number(const std::vector<std::string_view>& labels) noexcept {
    const auto last = labels.back();
    if (!last.empty() && std::all_of(last.begin(), last.end(), is_url_digit)) return true;
    return (last.starts_with("0x") || last.starts_with("0X")) && ipv4_number(last);
}

CORTC_DECL std::optional<std::string> ipv4_address(const std::vector<std::string_view>& labels) {
    if (labels.size() > 4) return std::nullopt;
    std::uint64_t address = 0;
    for (std::size_t i = 0; i + 1 < labels.size(); ++i) {
        const auto number = ipv4_number(labels[i]);
        if (!number || *number > 255) return std::nullopt;
        address |= *number << (24 - 8 * i);
    }
    const auto last = ipv4_number(labels.back());
    if (!last || *last >= std::uint64_t{1} << (8 * (5 - labels.size()))) return std::nullopt;
    address |= *last;
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8)
        text += std::to_string(address >> shift & 255) + (shift == 0 ? "" : ".");
    return text;
}

CORTC_DECL result<std::string, server_url_error> parse_ipv6(std::string_view literal) {
    const auto allowed = [](char c) {
        return is_url_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
    };
    boost::system::error_code failed;
    const auto address = boost::asio::ip::make_address_v6(std::string(literal), failed);
    if (failed || !std::all_of(literal.begin(), literal.end(), allowed)) // a zone is no part of a URL
        return url_syntax(shown(literal) + " in brackets is not an IPv6 address");
    return address.to_string();
}

/// The URL Standard's host parser for a URL that is special.
CORTC_DECL result<std::string, server_url_error> parse_url_host(std::string_view text) {
    if (text.empty()) return url_syntax("it names no host");
    if (text.front() == '[') return parse_ipv6(text.substr(1, text.size() - 2));
    auto host = lower_case(percent_decoded(text));
    for (char c : host) {
        const auto code = static_cast<unsigned char>(c);
        if (code >= 0x80)
            return url_syntax("its host " + shown(text) +
                              " has characters beyond ASCII; write the name in its ASCII form (xn--...)");
        if (code <= 0x20 || code == 0x7f || std::string_view("#%/:<>?@[\\]^|").find(c) != std::string::npos)
            return url_syntax("its host " + shown(text) + " holds " + shown({&c, 1}) +
                              ", which no host name can");
    }
    const auto labels = labels_of(host);
    if (!ends_in_number(labels)) return host;
    if (auto address = ipv4_address(labels)) return *address;
    return url_syntax("its host " + shown(text) + " ends in a number and is not an IPv4 address");
}

CORTC_DECL result<std::uint16_t, server_url_error> parse_url_port(std::string_view text) {
    if (!std::all_of(text.begin(), text.end(), is_url_digit))
        return url_syntax("port " + shown(text) +
                          " is not a number (an IPv6 address stands in brackets: [2001:db8::1])");
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
    std::uint32_t port = 0;
    if (text.size() <= 5) std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.size() > 5 || port > 65535)
        return url_syntax("port " + std::string(text) + " is out of range; ports are 0 to 65535");
    return static_cast<std::uint16_t>(port);
}

/// Host and port, as in the authority of an https URL.
CORTC_DECL result<void, server_url_error> parse_authority(std::string_view text, server_url& out) {
    auto end = text.find(':');
    if (text.starts_with('[')) {
        end = text.find(']');
        if (end == std::string_view::npos)
            return url_syntax("the bracket before the IPv6 address is not closed");
        ++end;
        if (end < text.size() && text[end] != ':')
            return url_syntax("after \"]\" comes the end or \":\" and a port, not " +
                              shown(text.substr(end)));
    }
    auto host = parse_url_host(text.substr(0, end));
    if (!host) return host.error();
    out.host = std::move(*host);
    if (end >= text.size() || text.substr(end + 1).empty()) return {};
    const auto port = parse_url_port(text.substr(end + 1));
    if (!port) return port.error();
    out.port = *port;
    return {};
}

} // namespace detail

CORTC_DECL std::string_view to_string(server_scheme scheme) noexcept {
    switch (scheme) {
    case server_scheme::stun:
        return "stun";
    case server_scheme::stuns:
        return "stuns";
    case server_scheme::turn:
        return "turn";
    case server_scheme::turns:
        return "turns";
    }
    return "?";
}

CORTC_DECL std::string_view relay_protocol(server_transport transport) noexcept {
    return to_string(transport == server_transport::dtls ? server_transport::udp : transport);
}

CORTC_DECL std::string_view to_string(server_transport transport) noexcept {
    switch (transport) {
    case server_transport::udp:
        return "udp";
    case server_transport::tcp:
        return "tcp";
    case server_transport::tls:
        return "tls";
    case server_transport::dtls:
        return "dtls";
    }
    return "?";
}

CORTC_DECL result<server_url, server_url_error> parse_server_url(std::string_view text,
                                                                 std::span<const server_scheme> built_in) {
    auto parts = detail::split_url(detail::without_blanks(text));
    if (!parts) return parts.error();
    server_url out;
    out.scheme = parts->scheme;
    if (std::find(built_in.begin(), built_in.end(), out.scheme) == built_in.end())
        return server_url_error{server_url_error::kind::not_supported,
                                "the scheme " + std::string(to_string(out.scheme)) + " is not built in"};
    // RFC 7064 3.2, RFC 7065 3.2.
    const auto secure = out.scheme == server_scheme::stuns || out.scheme == server_scheme::turns;
    out.port = secure ? 5349 : 3478;
    out.transport = secure ? server_transport::tls : server_transport::udp;
    if (auto read = detail::parse_authority(parts->path, out); !read) return read.error();
    if (!parts->query) return out;
    if (*parts->query == "transport=udp")
        out.transport = secure ? server_transport::dtls : server_transport::udp;
    else if (*parts->query == "transport=tcp")
        out.transport = secure ? server_transport::tls : server_transport::tcp;
    else
        return detail::url_syntax("its query " + detail::shown("?" + *parts->query) +
                                  " is neither ?transport=udp nor ?transport=tcp");
    return out;
}

} // namespace cortc::ice
