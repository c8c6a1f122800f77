#include "test/support/loopback.hpp"
#include "test/support/outcome.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <optional>
#include <thread>

// A context whose io_context nobody runs any more, or yet, and who asks it from elsewhere: nothing hangs.

using namespace cortc;
using namespace std::chrono_literals;

namespace {

/// A closed connection and a channel of it, on a thread that has ended because there was no more to do.
struct left_behind {
    asio::io_context io;
    context where;
    PeerConnection pc;
    DataChannel channel;

    explicit left_behind(bool on_strand)
        : where(on_strand ? asio::any_io_executor(asio::make_strand(io)) : io.get_executor(),
                test::loopback_options())
        , pc(where)
        , channel(pc.createDataChannel("left")) {
        std::thread([this] {
            asio::co_spawn(where.get_executor(), life(), asio::detached);
            io.run();
        }).join();
        REQUIRE(io.stopped());
    }
    asio::awaitable<void> life() {
        co_await pc.setLocalDescription();
        co_await pc.gatheringComplete();
        pc.close();
    }
};

} // namespace

TEST_CASE("a connection whose io_context has run out is closed at once for others, and the rest fails") {
    const bool on_strand = GENERATE(false, true);
    CAPTURE(on_strand);
    left_behind there(on_strand);
    asio::io_context here;
    test::run_dry(here, [](left_behind& it) -> asio::awaitable<void> {
        co_await it.pc.closed();
        co_await it.channel.closed();
        co_await timeout(1h, it.pc.closed());
        CHECK(co_await test::outcome(it.channel.send("late")) == "AbortError");
        CHECK(co_await test::outcome(it.channel.receive()) == "AbortError");
        CHECK(co_await test::outcome(it.pc.createOffer()) == "AbortError");
        CHECK(co_await test::outcome(timeout(1h, it.pc.stateChanged(it.pc.connectionState()))) ==
              "AbortError");
        CHECK(co_await test::outcome(timer(it.where).wait(0s)) == "AbortError");
        // A deadline on its clock is none.
        CHECK(co_await test::outcome(timeout(it.where, 1ms, timer(it.where).wait(1h))) == "AbortError");
    }(there));
}

TEST_CASE("an io_context that has run out may be asked on its own behalf before it runs again") {
    left_behind there(false);
    std::exception_ptr error;
    bool told = false;
    there.pc.createOffer([&](std::exception_ptr why, const SessionDescription&) {
        error = why;
        told = true;
    });
    CHECK_FALSE(told);
    there.io.restart();
    there.io.run();
    CHECK(told);
    CHECK(test::told(error) == "InvalidStateError"); // it is closed, and said so itself
}

TEST_CASE("a deadline ends what waits for an io_context that nobody runs") {
    asio::io_context idle, here; // idle may run yet: it has not stopped
    context where(idle.get_executor(), test::loopback_options());
    std::optional<PeerConnection> pc(std::in_place, where);
    auto channel = pc->createDataChannel("never");
    test::run_dry(here, [](PeerConnection& its, DataChannel& its_channel) -> asio::awaitable<void> {
        CHECK(co_await test::outcome(timeout(1ms, its.createOffer())) == "TimeoutError");
        CHECK(co_await test::outcome(timeout(1ms, its_channel.opened())) == "TimeoutError");
        CHECK(co_await test::outcome(timeout(-1ms, its_channel.closed())) == "TimeoutError");
    }(*pc, channel));
    pc.reset();
    CHECK(idle.run_for(60s) > 0); // what was cancelled is skipped, and nothing is left
    CHECK(idle.stopped());
}

TEST_CASE("a deadline may pass at the moment when an operation arrives") {
    asio::io_context there, here;
    context where(there.get_executor(), test::loopback_options());
    std::optional<PeerConnection> pc(std::in_place, where);
    auto channel = pc->createDataChannel("never opened");
    auto guard = asio::make_work_guard(there);
    std::thread thread([&] { there.run(); });
    int late = 0;
    test::run_dry(here, [](PeerConnection& its, DataChannel& never, int& passed) -> asio::awaitable<void> {
        for (int i = 0; i < 3000; ++i) {
            // What can be done at once is done or is cancelled on its way; what cannot is always cancelled.
            const auto limit = std::chrono::microseconds(i % 60);
            const auto offered = co_await test::outcome(timeout(limit, its.createOffer()));
            if (!offered.empty()) CHECK(offered == "TimeoutError");
            if (!offered.empty()) ++passed;
            CHECK(co_await test::outcome(timeout(limit, never.opened())) == "TimeoutError");
        }
    }(*pc, channel, late));
    asio::post(there, [&] {
        pc.reset();
        guard.reset();
    });
    thread.join();
    CAPTURE(late);
    CHECK(there.stopped());
}
