#pragma once

#include "cortc/sctp/types.hpp"
#include "cortc/sctp/wire/packet.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace cortc::sctp {

/// Parameters of INIT and INIT-ACK (RFC 9260 3.3.2, 3.3.3) and of RE-CONFIG (RFC 6525 4).
enum class parameter_type : std::uint16_t {
    state_cookie = 7,
    unrecognized = 8,
    outgoing_reset_request = 13,
    incoming_reset_request = 14,
    tsn_reset_request = 15,
    reset_response = 16,
    add_outgoing_streams = 17,
    add_incoming_streams = 18,
    supported_extensions = 0x8008,  ///< RFC 5061 4.2.7
    forward_tsn_supported = 0xc000, ///< RFC 3758 3.1
};

/// RFC 9260 3.3.10.
enum class error_cause : std::uint16_t {
    invalid_stream = 1,
    missing_parameter = 2,
    stale_cookie = 3,
    unrecognized_chunk = 6,
    invalid_parameter = 7,
    unrecognized_parameters = 8,
    no_user_data = 9,
    user_initiated_abort = 12,
    protocol_violation = 13,
};

/// What the two highest bits of an unknown chunk or parameter type ask for (RFC 9260 3.2, 3.2.1).
struct unknown_rule {
    bool stop = false;   ///< process nothing more of the packet (or of the parameters)
    bool report = false; ///< tell the sender
};
[[nodiscard]] constexpr unknown_rule rule_for(chunk_type type) noexcept {
    const auto bits = static_cast<std::uint8_t>(type) >> 6;
    return {(bits & 2) == 0, (bits & 1) != 0};
}
[[nodiscard]] constexpr unknown_rule rule_for(parameter_type type) noexcept {
    const auto bits = static_cast<std::uint16_t>(type) >> 14;
    return {(bits & 2) == 0, (bits & 1) != 0};
}

/// What INIT or INIT-ACK say beyond their fixed fields.
struct setup_parameters {
    byte_view cookie; ///< empty: none
    bool forward_tsn = false;
    bool re_config = false;
    /// Unknown parameters that ask to be reported, whole and padded, as many as fit.
    std::array<std::byte, 256> unrecognized{};
    std::size_t unrecognized_size = 0;
};
/// nullopt: the parameters are malformed.
[[nodiscard]] std::optional<setup_parameters> parse_setup_parameters(byte_view parameters) noexcept;
/// Our extensions, and the cookie when it is not empty.
void write_setup_parameters(byte_writer& out, byte_view cookie) noexcept;
void write_tlv(byte_writer& out, std::uint16_t type, byte_view value) noexcept;

/// The text for a `closed` event from the causes of an ABORT (or ERROR): printable, bounded.
[[nodiscard]] std::string describe_causes(byte_view causes);
/// The code of the first one.
[[nodiscard]] std::optional<std::uint16_t> first_cause(byte_view causes) noexcept;
[[nodiscard]] std::string_view to_string(error_cause cause) noexcept;

/// RFC 6525 4.1.
struct outgoing_reset_request {
    reset_sequence sequence;
    reset_sequence answered; ///< the last request of the other side that was answered
    tsn last_assigned;
    byte_view streams; ///< two bytes each; empty: all

    [[nodiscard]] std::size_t count() const noexcept { return streams.size() / 2; }
    [[nodiscard]] stream_id stream(std::size_t index) const noexcept {
        return stream_id(byte_reader(streams.subspan(2 * index, 2)).u16());
    }
};
[[nodiscard]] std::optional<outgoing_reset_request> parse_outgoing_reset(const tlv& from) noexcept;

/// RFC 6525 4.4.
enum class reset_result : std::uint32_t {
    nothing_to_do = 0,
    performed = 1,
    denied = 2,
    wrong_ssn = 3,
    request_in_progress = 4,
    bad_sequence = 5,
    in_progress = 6,
};
struct reset_response {
    reset_sequence sequence;
    reset_result result{};
};
[[nodiscard]] std::optional<reset_response> parse_reset_response(const tlv& from) noexcept;

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/wire/impl/parameters.ipp"
#endif
