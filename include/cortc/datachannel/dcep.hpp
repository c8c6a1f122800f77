#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/result.hpp"
#include "cortc/sctp/types.hpp"

#include <array>
#include <optional>
#include <string_view>

/// The Data Channel Establishment Protocol (RFC 8832): two messages that open a channel in band.
namespace cortc::datachannel::dcep {

/// What a message on a channel's stream is (RFC 8831 8, RFC 8832 8.1). SCTP has no empty messages: an empty
/// one is a zero byte under a protocol identifier of its own. The two "partial" ones are deprecated (RFC
/// 8831 6.6): never sent; a received one is taken for a whole message, as Chromium does, because SCTP
/// fragments by itself and nobody has split messages with them for years.
inline constexpr sctp::ppid control{50};
inline constexpr sctp::ppid text{51};
inline constexpr sctp::ppid binary_partial{52};
inline constexpr sctp::ppid binary{53};
inline constexpr sctp::ppid text_partial{54};
inline constexpr sctp::ppid text_empty{56};
inline constexpr sctp::ppid binary_empty{57};

/// RFC 8832 8.2.1.
enum class message_type : std::uint8_t { ack = 0x02, open = 0x03 };

/// RFC 8832 5.1; the high bit means unordered.
enum class channel_type : std::uint8_t {
    reliable = 0x00,
    partial_reliable_rexmit = 0x01,
    partial_reliable_timed = 0x02,
    reliable_unordered = 0x80,
    partial_reliable_rexmit_unordered = 0x81,
    partial_reliable_timed_unordered = 0x82,
};

enum class parse_error {
    truncated,            ///< Shorter than its header, or than its lengths say.
    trailing_bytes,       ///< Longer than its lengths say.
    wrong_message_type,   ///< Not a DATA_CHANNEL_OPEN.
    unknown_channel_type, ///< RFC 8832 8.2.2 has no such type.
};
std::string_view to_string(parse_error error) noexcept;

/// DATA_CHANNEL_OPEN (RFC 8832 5.1). A view: label and protocol point into the parsed message, and are
/// whatever bytes the peer sent (UTF-8 is not checked).
struct open_message {
    channel_type type = channel_type::reliable;
    std::uint16_t priority = 256;
    std::uint32_t reliability = 0; ///< Retransmissions or milliseconds, as the type says; else ignored.
    std::string_view label;        ///< At most 65535 bytes, as is the protocol.
    std::string_view protocol;

    friend bool operator==(const open_message&, const open_message&) = default;
};

inline constexpr std::size_t open_header_size = 12;
inline constexpr std::size_t max_label_size = 65535;

/// DATA_CHANNEL_ACK (RFC 8832 5.2).
inline constexpr std::array<std::byte, 1> ack_message{std::byte{0x02}};

/// Which message it is; nullopt when it is none that RFC 8832 knows. What follows an ACK's type is ignored.
std::optional<message_type> type_of(byte_view message) noexcept;
result<open_message, parse_error> parse_open(byte_view message);

std::size_t size_of(const open_message& message) noexcept;
/// Returns the size written; 0 when it does not fit or when a text is too long for its length field.
std::size_t write(const open_message& message, byte_span out) noexcept;

} // namespace cortc::datachannel::dcep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/datachannel/impl/dcep.ipp"
#endif
