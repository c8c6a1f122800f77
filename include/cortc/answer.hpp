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
/// Throws what setRemoteDescription and setLocalDescription throw, and errc::aborted when the connection is
/// closed, or destroyed, meanwhile. May be awaited on any executor.
/// When it fails or is cancelled before the answer is applied, the offer is rolled back, and the connection
/// can take another. When it is cancelled while it gathers, the answer is applied: localDescription().
[[nodiscard]] asio::awaitable<SessionDescription> answer(PeerConnection& pc, SessionDescription offer,
                                                         AnswerOptions options = {});

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/answer.ipp"
#endif
