#pragma once

#include "test/support/numbers.hpp"
#include "test/support/sim_call.hpp"

/// A call over negotiated channels that restarts ICE while numbered messages flow, in virtual time.
namespace cortc::test {

struct restarting_call {
    sim_call call;
    DataChannel a, b;

    template <class... Args>
    restarting_call(const DataChannelInit& init, Args&&... args) : call(std::forward<Args>(args)...) {
        a = call.offerer->createDataChannel("numbers", init);
        b = call.answerer->createDataChannel("numbers", init);
        auto set_up = [&]() -> asio::awaitable<void> {
            co_await call.set_up();
            co_await a.opened();
            co_await b.opened();
        };
        call.run(set_up(), std::chrono::seconds(60));
    }
    /// `from` asks for a restart, and both have the new pair.
    asio::awaitable<void> restart(PeerConnection& from, PeerConnection& to, bool by_option) {
        // Data may flow before the first nomination; and what has failed is no level to wait for.
        if (from.connectionState() != PeerConnectionState::failed) co_await from.restarted();
        const auto before = from.selectedPair();
        if (by_option) {
            co_await call.negotiate(from, to, OfferOptions{true});
        } else {
            from.restartIce();
            co_await from.negotiationNeeded();
            co_await call.negotiate(from, to);
        }
        co_await from.restarted();
        co_await to.restarted();
        const auto after = from.selectedPair();
        CHECK(before.has_value());
        CHECK(after.has_value());
        if (before && after) CHECK(before->local.usernameFragment != after->local.usernameFragment);
    }
};

} // namespace cortc::test
