#pragma once

#include "cortc/connection/part_owner.hpp"
#include "cortc/context/context.hpp"
#include "cortc/sim/world.hpp"
#include "test/support/catch.hpp"
#include "test/support/two_hosts.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What the tests of a connection's parts put in the place of the connection.
namespace cortc::test {

class lone_owner final : public part_owner {
  public:
    using part_owner::part_owner;
    void close() { (void)close_once(); }
};

/// A context on a simulated host and an owner for parts that are tested alone. Parts must go before it.
struct part_bench {
    explicit part_bench(std::uint64_t seed = 1) : world(io, seed) {}

    asio::io_context io;
    sim::world world;
    context where{io.get_executor(), world.host("a", interfaces_of({"10.0.0.1"}))};
    std::shared_ptr<lone_owner> owner = std::make_shared<lone_owner>(where.core());

    /// Everything that is ready runs.
    void run() {
        io.restart();
        while (io.poll() != 0) io.restart();
    }
};

/// How an operation ended.
template <class R = void>
struct observed_operation {
    bool done = false;
    std::exception_ptr error;
    std::optional<detail::value_or_nothing<R>> value;

    [[nodiscard]] std::string failure() const {
        if (!error) return {};
        try {
            std::rethrow_exception(error);
        } catch (const Error& why) {
            return why.name();
        } catch (const boost::system::system_error& why) {
            return why.code().message();
        }
    }
};

/// Starts an operation on a part, as a member of the W3C surface would.
template <class R = void, class Start>
std::shared_ptr<observed_operation<R>> begin(part_bench& bench, Start start) {
    auto seen = std::make_shared<observed_operation<R>>();
    auto done = [seen](std::exception_ptr error, auto... value) {
        seen->done = true;
        seen->error = std::move(error);
        if constexpr (sizeof...(value) != 0) seen->value.emplace(std::move(value)...);
    };
    initiate<R>(std::static_pointer_cast<waiter_home>(bench.where.core()), std::move(done), std::move(start));
    return seen;
}

} // namespace cortc::test
