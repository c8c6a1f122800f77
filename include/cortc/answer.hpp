#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/time.hpp"
#include "cortc/peer_connection.hpp"
#include "cortc/session_description.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>

namespace cortc {

/// Trivially destructible: `cortc::answer(pc, offer, {.trickle = true})` is safe under co_await.
struct AnswerOptions {
    duration timeout = std::chrono::seconds(5); ///< of gathering; what was found by then is in the answer
    bool trickle = false;                       ///< do not wait for candidates: nextIceCandidate() has them
};

/// What most servers want in one call: applies the offer, answers it, gathers. Returns the answer to send,
/// with the candidates inside.
///
///     auto answer = co_await cortc::answer(pc, offer);
///
/// @par Errors
/// - Those of setRemoteDescription() and setLocalDescription().
/// - errc::aborted: the connection was closed, or destroyed, meanwhile.
///
/// When it fails before the answer is applied, the offer is rolled back, and the connection can take another.
///
/// @par Cancellation
/// - Before the answer is applied: as a failure.
/// - While it gathers: the answer is applied, and is localDescription().
///
/// @par Thread safety
/// May be awaited on any executor.
[[nodiscard]] asio::awaitable<SessionDescription> answer(PeerConnection& pc, SessionDescription offer,
                                                         AnswerOptions options = {});

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/answer.ipp"
#endif
