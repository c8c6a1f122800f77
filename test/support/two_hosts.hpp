#pragma once

#include "cortc/sim/world.hpp"
#include "test/support/call.hpp"
#include "test/support/catch.hpp"

/// Two contexts on two simulated hosts, in virtual time.
namespace cortc::test {

struct two_hosts {
    asio::io_context io;
    sim::world world;
    context a, b;

    explicit two_hosts(std::uint64_t seed = 1, const sim::link_options& link = {},
                       context_options options = {})
        : world(io, seed)
        , a(io.get_executor(), world.host("a", {"10.0.0.1", "fd00::1"}), options)
        , b(io.get_executor(), world.host("b", {"10.0.0.2", "fd00::2"}), options) {
        world.set_default_link(link);
    }
    /// Runs one coroutine to its end; fails the test when it takes longer than `limit` of virtual time.
    void run(asio::awaitable<void> body, duration limit) {
        spawned task(io.get_executor(), std::move(body));
        REQUIRE(world.run_until([&] { return task.done(); }, limit));
        task.rethrow();
    }
};

/// What an operation threw: "InvalidStateError", or empty when it threw nothing.
template <class Body>
std::string thrown_name(Body&& body) {
    try {
        body();
    } catch (const Error& error) {
        return error.name();
    }
    return {};
}
template <class T>
asio::awaitable<std::string> failure_of(asio::awaitable<T> operation) {
    try {
        co_await std::move(operation);
    } catch (const Error& error) {
        co_return error.name();
    }
    co_return std::string();
}

} // namespace cortc::test
