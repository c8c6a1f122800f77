#pragma once

#include "test/support/call.hpp"
#include "test/support/catch.hpp"

/// Contexts on the real network of this machine, loopback addresses only.
namespace cortc::test {

inline context_options loopback_options() {
    context_options options;
    options.interface_filter = [](const net::interface_address& each) { return each.address.is_loopback(); };
    return options;
}

/// Runs one coroutine to its end on `io`, and then until `io` is out of work. The limit is a guard against a
/// hang: it decides nothing else.
inline void run_dry(asio::io_context& io, asio::awaitable<void> body,
                    std::chrono::seconds guard = std::chrono::seconds(60)) {
    spawned task(io.get_executor(), std::move(body));
    io.run_for(guard);
    REQUIRE(task.done());
    task.rethrow();
    CHECK(io.stopped()); // nothing is left: no socket, no timer, no operation
}

} // namespace cortc::test
