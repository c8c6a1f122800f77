#pragma once

#include "test/support/sim_call.hpp"

#include <algorithm>

/// A call over negotiated channels that restarts ICE while numbered messages flow, in virtual time.
namespace cortc::test {

/// Numbered messages at a steady rate over a channel that may repeat nothing, and who missed what.
struct numbers {
    sim_call& call;
    DataChannel out, in;
    duration every = std::chrono::milliseconds(3);
    bool stop = false;
    int sent = 0;
    std::vector<int> received{};

    asio::awaitable<void> send() {
        timer clock(call.a);
        while (!stop) {
            const auto text = fmt::format("{:06}", sent);
            CHECK(out.trySend(text));
            ++sent;
            co_await clock.wait(every);
        }
    }
    asio::awaitable<void> receive() {
        try {
            for (;;) {
                auto message = co_await in.receive();
                received.push_back(std::stoi(std::string(message.text())));
            }
        } catch (const Error&) {
        }
    }
    void check_all() {
        std::ranges::sort(received);
        REQUIRE(received.size() == static_cast<std::size_t>(sent));
        for (int i = 0; i < sent; ++i)
            if (received[static_cast<std::size_t>(i)] != i)
                FAIL("number " << i << " is missing or came twice");
    }
};

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
