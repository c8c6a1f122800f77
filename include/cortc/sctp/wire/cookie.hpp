#pragma once

#include "cortc/sctp/types.hpp"

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"

#include <array>

namespace cortc::sctp {

/// What INIT or INIT-ACK said of the peer (RFC 9260 3.3.2, 3.3.3).
struct peer_parameters {
    std::uint32_t tag = 0;
    tsn initial_tsn;
    std::uint32_t window = 0;
    std::uint16_t outgoing_streams = 0;
    std::uint16_t incoming_streams = 0;
    bool forward_tsn = false; ///< it supports RFC 3758
    bool re_config = false;   ///< it supports RFC 6525
};

/// What INIT and INIT-ACK agreed on, carried by the peer until it echoes it (RFC 9260 5.1.3): nothing is kept
/// for an INIT alone.
struct state_cookie {
    time_point created{};
    std::uint32_t local_tag = 0;
    std::uint32_t local_tie_tag = 0; ///< RFC 9260 5.2.2; zero when there was no association
    std::uint32_t peer_tie_tag = 0;
    tsn local_initial_tsn;
    peer_parameters peer;
};

/// The authentication code's key, per association.
using cookie_key = std::array<std::byte, 32>;
inline constexpr std::size_t cookie_size = 8 + 7 * 4 + 2 * 2 + 4 + 32;
using sealed_cookie = std::array<std::byte, cookie_size>;

[[nodiscard]] sealed_cookie seal_cookie(const state_cookie& cookie, const cookie_key& key) noexcept;
/// nullopt: not one of ours.
[[nodiscard]] std::optional<state_cookie> open_cookie(byte_view sealed, const cookie_key& key) noexcept;

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/wire/impl/cookie.ipp"
#endif
