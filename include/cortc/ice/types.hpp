#pragma once

#include "cortc/base/endpoint.hpp"
#include "cortc/base/strong.hpp"
#include "cortc/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cortc::ice {

/// One local transport (local_transport.hpp). Its owner numbers them.
using socket_id = strong<struct socket_id_tag, std::uint32_t>;
/// One use of a pair of credentials (RFC 8445 2.4: an ICE restart begins a new one). Numbered by the agent,
/// from 1.
using generation_id = strong<struct generation_id_tag, std::uint32_t>;

enum class role : std::uint8_t { controlling, controlled };

/// RTCIceTransportState (W3C WebRTC 5.6.2).
enum class transport_state : std::uint8_t {
    fresh, ///< "new": no checks yet
    checking,
    connected,
    completed,
    disconnected,
    failed,
    closed
};

/// ice-ufrag and ice-pwd (RFC 8839 5.4).
struct credentials {
    std::string ufrag;
    std::string pwd;

    friend bool operator==(const credentials&, const credentials&) = default;
};

/// What else the peer's description said about its agent.
struct remote_options {
    bool lite = false; ///< a=ice-lite: it answers checks and sends none (RFC 8445 2.5)
    /// a=ice-options:renomination (draft-thatcher-ice-renomination): among nominations it follows the one of
    /// the greatest number.
    bool renomination = false;
};

/// Where a datagram goes: out of a socket, to an address.
struct path {
    socket_id socket;
    endpoint remote;

    friend bool operator==(const path&, const path&) = default;
};

/// A datagram that poll_transmit() wrote.
struct transmit {
    socket_id socket;
    endpoint destination;
    std::size_t size = 0;
};

struct timings {
    /// Ta: the mean distance of new checks (RFC 8445 14.2).
    duration pacing = std::chrono::milliseconds(5);
    /// Checks that may go out back to back after a pause; the mean rate stays one per Ta. It spares a
    /// connection with few pairs the wait between check, triggered check and nomination.
    unsigned burst = 5;
    /// The first retransmission timeout (RFC 8445 14.3). A pair whose round trip is known uses twice that, at
    /// least `least_rto`.
    duration rto = std::chrono::milliseconds(500);
    duration least_rto = std::chrono::milliseconds(50);
    /// A check that is younger than this when the peer's own arrives most likely crossed it: it is started
    /// over (RFC 8445 7.3.1.4) only if no response came by then.
    duration crossing = std::chrono::milliseconds(20);
    /// Rc and Rm (RFC 8489 6.2.1): 7 transmissions, the last one waits 16 times the RTO.
    unsigned transmissions = 7;
    unsigned last_wait = 16;
    /// A nomination waits at most so long for a better pair that is still being checked.
    duration nomination_grace = std::chrono::milliseconds(50);
    /// No generation fails sooner after its remote credentials came (RFC 8863 4).
    duration patience = std::chrono::milliseconds(39500);
    /// All pairs failed and the peer never said that there are no more: how long after `patience` it may
    /// still come.
    duration end_of_candidates_wait = std::chrono::seconds(60);
    /// RFC 7675 5.1: a check every 5 s, times 0.8 to 1.2; consent ends 30 s after the last response.
    duration consent_interval = std::chrono::seconds(5);
    duration consent_expiry = std::chrono::seconds(30);
    /// An unanswered consent check is followed by another (a new transaction) after so long, times 0.8
    /// to 1.2.
    duration consent_retry = std::chrono::seconds(1);
    /// "disconnected": nothing authentic arrived for `silence`, and checks went unanswered for `unanswered`.
    duration silence = std::chrono::seconds(5);
    duration unanswered = std::chrono::seconds(2);
    /// A replaced generation still answers, and its paths are still valid sources, for so long, or three
    /// round trips if that is more; longer while the peer sends data that way, or no check of the new one,
    /// but not beyond `consent_expiry`.
    duration retirement = std::chrono::seconds(1);
};

/// What a peer can make grow. Whatever goes beyond is dropped and counted.
struct limits {
    std::size_t local_candidates = 32;  ///< of a generation
    std::size_t remote_candidates = 64; ///< of a generation, peer-reflexive ones included
    std::size_t pairs = 100;            ///< of a checklist (RFC 8445 6.1.2.5)
    std::size_t generations = 8;        ///< one more makes the oldest go that carries nothing
    std::size_t early_candidates = 16;  ///< peer-reflexive ones learned before the remote credentials
    std::size_t pending_responses = 64;
    unsigned unauthenticated_errors = 32; ///< 400 and 401 responses in a second
    unsigned role_switches = 16;          ///< repairs of a role conflict by one agent (RFC 8445 7.3.1.1)
};

std::string_view to_string(role value) noexcept;
std::string_view to_string(transport_state value) noexcept; ///< the W3C's word

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/types.ipp"
#endif
