#pragma once

#include "test/support/call.hpp"
#include "test/support/catch.hpp"

#include <chrono>

/// Contexts on the real network of this machine, loopback addresses only.
namespace cortc::test {

inline context_options loopback_options() {
    context_options options;
    options.interface_filter = [](const net::interface_address& each) { return each.address.is_loopback(); };
    return options;
}

/// Runs one coroutine to its end on `io`, which is then out of work at once: what is ready may run, and there
/// is no socket, no operation and no timer to wait for. The limit is a guard against a hang: it decides
/// nothing else.
inline void run_dry(asio::io_context& io, asio::awaitable<void> body,
                    std::chrono::seconds guard = std::chrono::seconds(60)) {
    spawned task(io.get_executor(), std::move(body));
    const auto limit = std::chrono::steady_clock::now() + guard;
    while (!task.done() && io.run_one_until(limit) != 0) {
    }
    REQUIRE(task.done());
    io.poll();
    CHECK(io.stopped());
    task.rethrow();
}

} // namespace cortc::test
