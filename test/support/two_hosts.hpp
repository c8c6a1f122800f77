#pragma once

#include "cortc/sim/world.hpp"
#include "test/support/call.hpp"
#include "test/support/catch.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

/// Two contexts on two simulated hosts, in virtual time.
namespace cortc::test {

/// Log lines go to stderr, with the virtual time, when CORTC_LOG is set.
class stderr_log final : public log_sink {
  public:
    explicit stderr_log(const sim::world& world, char name) : world_(world), name_(name) {}
    void write(log_level, std::string_view component, std::string_view message) noexcept override {
        std::fprintf(stderr, "%12.6f %c %.*s: %.*s\n",
                     std::chrono::duration<double>(world_.now().time_since_epoch()).count(), name_,
                     static_cast<int>(component.size()), component.data(), static_cast<int>(message.size()),
                     message.data());
    }

  private:
    const sim::world& world_;
    char name_;
};

using addresses = std::vector<std::string>;

inline std::vector<net::interface_address> interfaces_of(const addresses& literals) {
    std::vector<net::interface_address> made;
    for (const auto& literal : literals)
        made.push_back({"eth" + std::to_string(made.size()), boost::asio::ip::make_address(literal),
                        net::interface_kind::ethernet_or_unknown});
    return made;
}

/// A link with this delay one way, this loss, and this many bits a second (0: no limit).
inline sim::link_options link_of(duration delay, double loss = 0, std::uint64_t bandwidth = 0) {
    sim::link_options link;
    link.delay = delay;
    link.loss = loss;
    link.bandwidth = bandwidth;
    return link;
}

struct two_hosts {
    asio::io_context io;
    sim::world world;
    stderr_log log_a{world, 'a'}, log_b{world, 'b'};
    context a, b;

    explicit two_hosts(std::uint64_t seed = 1, const sim::link_options& link = {},
                       context_options options = {}, const addresses& of_a = {"10.0.0.1", "fd00::1"},
                       const addresses& of_b = {"10.0.0.2", "fd00::2"})
        : world(io, seed)
        , a(io.get_executor(), world.host("a", interfaces_of(of_a)), logged(options, log_a))
        , b(io.get_executor(), world.host("b", interfaces_of(of_b)), logged(options, log_b)) {
        world.set_default_link(link);
    }
    static context_options logged(context_options options, stderr_log& log) {
        if (!options.log && std::getenv("CORTC_LOG")) {
            options.log = &log;
            options.least_level = log_level::debug;
        }
        return options;
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
