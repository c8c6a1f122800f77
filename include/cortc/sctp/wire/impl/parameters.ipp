#pragma once

#include "cortc/base/quoted.hpp"
#include "cortc/sctp/wire/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cortc::sctp {

namespace detail {

CORTC_DECL void read_extensions(byte_view list, setup_parameters& into) noexcept {
    for (auto entry : list) {
        const auto type = static_cast<chunk_type>(entry);
        if (type == chunk_type::forward_tsn) into.forward_tsn = true;
        if (type == chunk_type::re_config) into.re_config = true;
    }
}

CORTC_DECL void keep_unrecognized(const tlv& parameter, setup_parameters& into) noexcept {
    const auto size = padded(parameter.whole.size());
    if (size > into.unrecognized.size() - into.unrecognized_size) return;
    byte_writer out(byte_span(into.unrecognized).subspan(into.unrecognized_size, size));
    out.put(parameter.whole);
    out.zero(out.remaining());
    into.unrecognized_size += size;
}

} // namespace detail

CORTC_DECL std::optional<setup_parameters> parse_setup_parameters(byte_view parameters) noexcept {
    setup_parameters found;
    tlv_reader in(parameters);
    while (auto parameter = in.next()) {
        const auto type = static_cast<parameter_type>(parameter->type);
        switch (type) {
        case parameter_type::state_cookie:
            found.cookie = parameter->value;
            continue;
        case parameter_type::forward_tsn_supported:
            found.forward_tsn = true;
            continue;
        case parameter_type::supported_extensions:
            detail::read_extensions(parameter->value, found);
            continue;
        case parameter_type::unrecognized:
            continue; // the peer does not know one of ours: it is not used then
        default:
            break;
        }
        if (parameter->type == 5 || parameter->type == 6 || parameter->type == 9 || parameter->type == 12)
            continue; // addresses and their kinds mean nothing above DTLS (RFC 8261 6.1), a lifetime wish
                      // neither
        const auto rule = rule_for(type);
        if (rule.report) detail::keep_unrecognized(*parameter, found);
        if (rule.stop) return found;
    }
    if (!in.ok()) return std::nullopt;
    return found;
}

CORTC_DECL void write_tlv(byte_writer& out, std::uint16_t type, byte_view value) noexcept {
    out.u16(type);
    out.u16(static_cast<std::uint16_t>(4 + value.size()));
    out.put(value);
    out.zero(padded(value.size()) - value.size());
}

CORTC_DECL void write_setup_parameters(byte_writer& out, byte_view cookie) noexcept {
    constexpr std::array extensions{static_cast<std::byte>(chunk_type::re_config),
                                    static_cast<std::byte>(chunk_type::forward_tsn)};
    // The shortest first: some peers read a full parameter's fixed fields at every place and fail at the end.
    write_tlv(out, static_cast<std::uint16_t>(parameter_type::forward_tsn_supported), {});
    write_tlv(out, static_cast<std::uint16_t>(parameter_type::supported_extensions), extensions);
    if (!cookie.empty()) write_tlv(out, static_cast<std::uint16_t>(parameter_type::state_cookie), cookie);
}

CORTC_DECL std::string_view to_string(error_cause cause) noexcept {
    switch (cause) {
    case error_cause::invalid_stream:
        return "invalid stream identifier";
    case error_cause::missing_parameter:
        return "missing mandatory parameter";
    case error_cause::stale_cookie:
        return "stale cookie";
    case error_cause::unrecognized_chunk:
        return "unrecognized chunk type";
    case error_cause::invalid_parameter:
        return "invalid mandatory parameter";
    case error_cause::unrecognized_parameters:
        return "unrecognized parameters";
    case error_cause::no_user_data:
        return "no user data";
    case error_cause::user_initiated_abort:
        return "user-initiated abort";
    case error_cause::protocol_violation:
        return "protocol violation";
    }
    return "other cause";
}

CORTC_DECL std::string describe_causes(byte_view causes) {
    tlv_reader in(causes);
    const auto first = in.next();
    if (!first) return "no cause given";
    const auto cause = static_cast<error_cause>(first->type);
    auto text = fmt::format("{} ({})", to_string(cause), first->type);
    const bool has_text =
        cause == error_cause::user_initiated_abort || cause == error_cause::protocol_violation;
    if (has_text && !first->value.empty()) text += ": " + in_quotes(as_text(first->value), 128);
    return text;
}

CORTC_DECL std::optional<std::uint16_t> first_cause(byte_view causes) noexcept {
    const auto first = tlv_reader(causes).next();
    if (!first) return std::nullopt;
    return first->type;
}

CORTC_DECL std::optional<outgoing_reset_request> parse_outgoing_reset(const tlv& from) noexcept {
    byte_reader in(from.value);
    outgoing_reset_request request;
    request.sequence = reset_sequence(in.u32());
    request.answered = reset_sequence(in.u32());
    request.last_assigned = tsn(in.u32());
    if (!in.ok() || in.remaining() % 2 != 0) return std::nullopt;
    request.streams = in.rest();
    return request;
}

CORTC_DECL std::optional<reset_response> parse_reset_response(const tlv& from) noexcept {
    byte_reader in(from.value);
    reset_response response;
    response.sequence = reset_sequence(in.u32());
    response.result = static_cast<reset_result>(in.u32());
    if (!in.ok()) return std::nullopt;
    return response;
}

} // namespace cortc::sctp
