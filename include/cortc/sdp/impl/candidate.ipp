#pragma once

#include "cortc/sdp/candidate.hpp"
#include "cortc/sdp/detail/text.hpp"

#include <fmt/format.h>

#include <array>

namespace cortc::sdp {

inline constexpr std::array<std::string_view, 3> candidate_transport_names{"udp", "tcp", "other"};
inline constexpr std::array<std::string_view, 5> candidate_type_names{"host", "srflx", "prflx", "relay",
                                                                      "other"};
inline constexpr std::array<std::string_view, 3> tcp_type_names{"active", "passive", "so"};

CORTC_DECL std::string_view to_string(candidate_transport value) noexcept {
    return candidate_transport_names[static_cast<std::size_t>(value)];
}
CORTC_DECL std::string_view to_string(candidate_type value) noexcept {
    return candidate_type_names[static_cast<std::size_t>(value)];
}
CORTC_DECL std::string_view to_string(tcp_type value) noexcept {
    return tcp_type_names[static_cast<std::size_t>(value)];
}

CORTC_DECL bool is_ice_ufrag(std::string_view text) noexcept {
    return text.size() >= 4 && text.size() <= 256 && detail::consists_of(text, detail::is_ice_char);
}
CORTC_DECL bool is_ice_pwd(std::string_view text) noexcept {
    return text.size() >= 22 && text.size() <= 256 && detail::consists_of(text, detail::is_ice_char);
}

CORTC_DECL std::optional<std::string_view> candidate::extension(std::string_view name) const {
    for (const auto& each : extensions)
        if (each.name == name) return each.value;
    return std::nullopt;
}

CORTC_DECL std::optional<std::string_view> candidate::ufrag() const {
    const auto named = extension("ufrag");
    return named && named->empty() ? std::nullopt : named;
}

namespace detail {

/// RFC 8866 9: beside IP addresses and host names extn-addr, which is anything without a space. Whether it is
/// of use is for the ICE agent to say.
CORTC_DECL bool is_candidate_address(std::string_view text) noexcept {
    return consists_of(text, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7f; });
}

/// RFC 8839 5.1: foundation, component, transport, priority, address and port.
CORTC_DECL std::optional<error> parse_candidate_base(words& in, candidate& out) {
    out.foundation = in.next();
    if (out.foundation.size() > 32 || !consists_of(out.foundation, is_ice_char))
        return failure("a candidate's foundation is 1 to 32 letters, digits, '+' or '/', not " +
                       in_quotes(out.foundation));
    const auto component = in.next();
    const auto component_number = to_number<std::uint16_t>(component, 1, 256);
    if (!component_number) return failure("a candidate's component is 1 to 256, not " + in_quotes(component));
    out.component = *component_number;

    const auto transport = in.next();
    if (!is_token(transport))
        return failure("a candidate's transport is a word like udp, not " + in_quotes(transport));
    out.transport = equal_without_case(transport, "udp")   ? candidate_transport::udp
                    : equal_without_case(transport, "tcp") ? candidate_transport::tcp
                                                           : candidate_transport::other;
    if (transport != to_string(out.transport)) out.transport_text = transport;

    const auto priority = in.next();
    const auto priority_number = to_number<std::uint32_t>(priority, 1, 0x7fffffff);
    if (!priority_number)
        return failure("a candidate's priority is 1 to 2147483647, not " + in_quotes(priority));
    out.priority = *priority_number;

    out.address = in.next();
    if (!is_candidate_address(out.address))
        return failure("a candidate's address is an IP address or a name, not " + in_quotes(out.address));
    const auto port = in.next();
    const auto port_number = to_number<std::uint16_t>(port);
    if (!port_number) return failure("a candidate's port is 0 to 65535, not " + in_quotes(port));
    out.port = *port_number;
    return std::nullopt;
}

CORTC_DECL std::optional<error> parse_candidate_type(words& in, candidate& out) {
    if (const auto typ = in.next(); typ != "typ")
        return failure("a candidate's port is followed by \"typ\" and its type, not " + in_quotes(typ));
    const auto type = in.next();
    if (!is_token(type)) return failure("a candidate's type is a word like host, not " + in_quotes(type));
    const auto known = std::find(candidate_type_names.begin(), candidate_type_names.end() - 1, type);
    out.type = static_cast<candidate_type>(known - candidate_type_names.begin());
    if (out.type == candidate_type::other) out.type_text = type;
    return std::nullopt;
}

/// One pair after the type: raddr, rport, tcptype (RFC 6544 4.5) or an extension.
CORTC_DECL std::optional<error> parse_candidate_pair(std::string_view name, std::string_view value,
                                                     candidate& out) {
    if (name == "raddr") {
        if (out.related_address || !is_candidate_address(value))
            return failure("a candidate's raddr is one IP address or name, not " + in_quotes(value));
        out.related_address = value;
    } else if (name == "rport") {
        const auto port = to_number<std::uint16_t>(value);
        if (out.related_port || !port)
            return failure("a candidate's rport is one port, not " + in_quotes(value));
        out.related_port = port;
    } else if (name == "tcptype") {
        const auto known = std::find(tcp_type_names.begin(), tcp_type_names.end(), value);
        if (out.tcptype || known == tcp_type_names.end())
            return failure("a candidate's tcptype is one of active, passive and so, not " + in_quotes(value));
        out.tcptype = static_cast<tcp_type>(known - tcp_type_names.begin());
    } else {
        out.extensions.push_back({std::string(name), std::string(value)});
    }
    return std::nullopt;
}

} // namespace detail

CORTC_DECL result<candidate, error> parse_candidate(std::string_view text) {
    if (text.size() > max_candidate_size)
        return detail::failure("a candidate is at most " + std::to_string(max_candidate_size) +
                               " bytes long");
    if (text.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos)
        return detail::failure("a candidate is one line without its end");
    if (text.starts_with("a=")) text.remove_prefix(2);
    if (!text.starts_with("candidate:"))
        return detail::failure("a candidate starts with \"candidate:\", not " +
                               detail::in_quotes(text.substr(0, 20)));
    text.remove_prefix(std::string_view("candidate:").size());

    candidate out;
    detail::words in(text);
    if (auto why = detail::parse_candidate_base(in, out)) return *why;
    if (auto why = detail::parse_candidate_type(in, out)) return *why;
    while (!in.at_end()) {
        const auto name = in.next();
        if (auto why = detail::parse_candidate_pair(name, in.next_or_empty(), out)) return *why;
    }
    return out;
}

CORTC_DECL std::string print_candidate(const candidate& value) {
    const bool as_received = !value.transport_text.empty() &&
                             (value.transport == candidate_transport::other ||
                              detail::equal_without_case(value.transport_text, to_string(value.transport)));
    const std::string_view transport = as_received ? value.transport_text : to_string(value.transport);
    const std::string_view type = value.type == candidate_type::other && !value.type_text.empty()
                                      ? value.type_text
                                      : to_string(value.type);
    std::string out;
    out.reserve(128); // a format string would take five times as long, and this is much of an ICE restart
    out.append("candidate:").append(value.foundation).append(" ").append(std::to_string(value.component));
    out.append(" ").append(transport).append(" ").append(std::to_string(value.priority));
    out.append(" ").append(value.address).append(" ").append(std::to_string(value.port));
    out.append(" typ ").append(type);
    if (value.related_address) out.append(" raddr ").append(*value.related_address);
    if (value.related_port) out.append(" rport ").append(std::to_string(*value.related_port));
    if (value.tcptype) out.append(" tcptype ").append(to_string(*value.tcptype));
    for (const auto& each : value.extensions)
        out.append(" ").append(each.name).append(" ").append(each.value);
    return out;
}

} // namespace cortc::sdp
