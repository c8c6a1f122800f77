#pragma once

#include "cortc/cortc.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <optional>
#include <utility>

/// Two connections and the signaling between them, for tests: descriptions and candidates go by function
/// call.
namespace cortc::test {

/// Offer from one, answer from the other, without candidates.
inline asio::awaitable<void> negotiate(PeerConnection& offerer, PeerConnection& answerer,
                                       OfferOptions options = {}) {
    auto offer = co_await offerer.createOffer(options);
    co_await offerer.setLocalDescription(offer);
    co_await answerer.setRemoteDescription(offer);
    auto answer = co_await answerer.createAnswer();
    co_await answerer.setLocalDescription(answer);
    co_await offerer.setRemoteDescription(answer);
}

/// Passes candidates on until the sender closes. Run it beside negotiate(); candidates that come before the
/// description they belong to are the application's to hold back, so it is spawned after it.
inline asio::awaitable<void> trickle(PeerConnection& from, PeerConnection& to) {
    try {
        for (;;) {
            auto candidate = co_await from.nextIceCandidate();
            if (candidate) co_await to.addIceCandidate(*candidate);
        }
    } catch (const boost::system::system_error& end) {
        if (end.code() != errc::aborted) throw;
    }
}

/// The outcome of a coroutine that was spawned: rethrows what it threw.
class spawned {
  public:
    template <class Executor>
    spawned(const Executor& executor, asio::awaitable<void> body)
        : state_(std::make_shared<std::optional<std::exception_ptr>>()) {
        asio::co_spawn(executor, std::move(body),
                       [state = state_](std::exception_ptr error) { *state = error; });
    }
    [[nodiscard]] bool done() const noexcept { return state_->has_value(); }
    /// Throws what the coroutine threw; requires done().
    void rethrow() const {
        if (**state_) std::rethrow_exception(**state_);
    }

  private:
    std::shared_ptr<std::optional<std::exception_ptr>> state_;
};

} // namespace cortc::test
