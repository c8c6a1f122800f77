#pragma once

#include "cortc/signaling/impl/request.hpp"

#include "cortc/base/quoted.hpp"
#include "cortc/base/utf8.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace cortc::signaling::detail {

CORTC_DECL int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

CORTC_DECL std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            if (text.size() - i < 3) return std::nullopt;
            const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high << 4 | low);
            i += 2;
        }
    }
    if (!is_utf8(out)) return std::nullopt;
    return out;
}

/// A handler may make a file's name of a path, or a log line.
CORTC_DECL bool is_harmless(std::string_view path) {
    for (const char c : path)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
    for (;;) {
        const auto end = path.find('/');
        const auto segment = path.substr(0, end);
        if (segment == "." || segment == "..") return false;
        if (end == path.npos) return true;
        path.remove_prefix(end + 1);
    }
}

CORTC_DECL std::string read_target(std::string_view target, http_request& out) {
    out.target = target;
    const auto mark = target.find('?');
    auto path = percent_decoded(target.substr(0, mark), false);
    if (!path) return "the path cannot be decoded: " + in_quotes(target);
    if (!is_harmless(*path))
        return "the path holds control characters, or the segments . or ..: " + in_quotes(target);
    out.path = std::move(*path);
    out.query.clear();
    auto rest = mark == target.npos ? std::string_view() : target.substr(mark + 1);
    while (!rest.empty()) {
        const auto end = std::min(rest.find('&'), rest.size());
        const auto pair = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (pair.empty()) continue;
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = percent_decoded(pair.substr(0, equals), true);
        auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
        if (!name || !value) return "the query cannot be decoded: " + in_quotes(pair);
        out.query.emplace_back(std::move(*name), std::move(*value));
    }
    return {};
}

/// The last entry of all headers of this name, each of which may be a list.
CORTC_DECL std::string_view last_entry(const boost::beast::http::fields& headers, std::string_view name) {
    std::string_view last;
    const auto [begin, end] = headers.equal_range(boost::beast::string_view(name.data(), name.size()));
    for (auto each = begin; each != end; ++each) last = {each->value().data(), each->value().size()};
    last = last.substr(last.rfind(',') + 1); // npos + 1 is 0
    while (!last.empty() && (last.front() == ' ' || last.front() == '\t')) last.remove_prefix(1);
    while (!last.empty() && (last.back() == ' ' || last.back() == '\t')) last.remove_suffix(1);
    return last;
}

/// "192.0.2.1", "192.0.2.1:5000", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:5000".
CORTC_DECL std::optional<boost::asio::ip::address> read_address(std::string_view text) {
    if (text.starts_with('['))
        text = text.substr(1, std::min(text.find(']'), text.size()) - 1);
    else if (std::count(text.begin(), text.end(), ':') == 1)
        text = text.substr(0, text.find(':'));
    boost::system::error_code error;
    auto address = boost::asio::ip::make_address(std::string(text), error);
    return error ? std::nullopt : std::optional(address);
}

CORTC_DECL void read_forwarded(const boost::beast::http::fields& headers, http_request& out) {
    const auto is = [](std::string_view text, std::string_view name) {
        return boost::beast::iequals(boost::beast::string_view(text), boost::beast::string_view(name));
    };
    const auto proto = last_entry(headers, "X-Forwarded-Proto");
    if (is(proto, "https") || is(proto, "wss")) out.scheme = "https";
    if (is(proto, "http") || is(proto, "ws")) out.scheme = "http";
    if (const auto host = last_entry(headers, "X-Forwarded-Host"); !host.empty()) out.host = host;
    if (const auto client = read_address(last_entry(headers, "X-Forwarded-For"))) out.client = *client;
}

CORTC_DECL const http_handler* handler_at(const std::map<std::string, http_handler, std::less<>>& all,
                                          std::string_view path) {
    if (const auto exact = all.find(path); exact != all.end()) return &exact->second;
    for (auto slash = path.rfind('/'); slash != path.npos; slash = path.rfind('/', slash - 1)) {
        const auto above = all.find(path.substr(0, slash + 1));
        if (above != all.end()) return &above->second;
        if (slash == 0) break;
    }
    return nullptr;
}

CORTC_DECL std::string_view without_default_port(std::string_view host, std::string_view scheme) {
    const std::string_view port = scheme == "https" ? ":443" : ":80";
    if (host.ends_with(port)) host.remove_suffix(port.size());
    return host;
}

} // namespace cortc::signaling::detail
