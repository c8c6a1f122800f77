#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace cortc {

/// What shares the port of a transport.
enum class protocol : std::uint8_t { unknown, stun, dtls, srtp };

/// RFC 7983 7: the first byte tells the protocol. SRTP stands for SRTCP too. STUN also has its magic cookie
/// (RFC 8489 5): nothing else of its range is known here.
[[nodiscard]] protocol protocol_of(byte_view datagram) noexcept;

/// Why a datagram was not handed to an engine.
enum class demux_drop : std::uint8_t {
    empty,
    unknown_protocol, ///< its first byte is none of RFC 7983's
    invalid_source,   ///< SRTP, or DTLS that is no sealed record, from an address that no connectivity check
                      ///< has proven
    no_dtls_yet,      ///< the peer's DTLS parameters are not known
    no_media,         ///< SRTP or SRTCP, and no media was negotiated
    no_srtp_keys,     ///< SRTP or SRTCP, and DTLS is not connected, or has agreed on no protection profile
    no_receiver,      ///< authentic RTP or RTCP that nobody takes
    no_channels,      ///< SCTP, and no data was negotiated; the first few wait for it
    count
};
std::string_view to_string(demux_drop reason) noexcept;

/// How many were dropped, by reason.
using demux_drops = std::array<std::uint64_t, static_cast<std::size_t>(demux_drop::count)>;

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/transport/impl/demultiplexer.ipp"
#endif
