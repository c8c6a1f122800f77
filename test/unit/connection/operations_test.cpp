#include "cortc/connection/operations.hpp"
#include "test/unit/connection/support.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>

#include <string>
#include <vector>

using namespace cortc;

namespace {

struct chain_bench : test::part_bench {
    std::vector<std::string> log;
    operations chained{*owner, [this] { log.push_back("update"); }};

    auto push(std::string name, operations::preparation prepare = nullptr) {
        return test::begin(*this, [this, name, prepare](auto op) {
            chained.chain<void>(std::move(op), prepare, [this, name](const auto& operation) {
                log.push_back(name);
                if (name == "throws") throw Error(errc::operation, "no");
                operation->succeed();
            });
        });
    }
};

} // namespace

TEST_CASE("operations: one after the other, and the next one only when the last was delivered") {
    chain_bench bench;
    std::shared_ptr<test::observed_operation<>> second;
    bool first_was_seen = false, update_deferred = false;
    auto first = bench.push("first");
    second = bench.push("second", [&](std::uint64_t, operations::prepared then) {
        first_was_seen = first->done;
        update_deferred = !bench.chained.may_update_negotiation_needed();
        then(nullptr);
    });
    bench.run();
    CHECK(update_deferred);
    CHECK(first_was_seen);
    CHECK(second->done);
    CHECK(bench.log == std::vector<std::string>{"first", "second", "update"}); // put off until it was empty
    CHECK(bench.chained.empty());
}

TEST_CASE("operations: what throws fails, what is unprepared is not begun, and the chain goes on") {
    chain_bench bench;
    auto bad = bench.push("throws");
    auto unprepared = bench.push("unprepared", [](std::uint64_t, operations::prepared then) {
        then(make_error(errc::not_readable, "nobody is there"));
    });
    auto last = bench.push("last");
    bench.run();
    CHECK(bad->failure() == "OperationError");
    CHECK(unprepared->failure() == "NotReadableError");
    CHECK(last->done);
    CHECK(bench.log == std::vector<std::string>{"throws", "last"});
}

TEST_CASE(
    "operations: a preparation that answers later holds the chain, and one that was cancelled does not") {
    chain_bench bench;
    operations::prepared go_on;
    std::uint64_t id = 0;
    asio::cancellation_signal stop;
    bool ended = false;
    initiate<void>(std::static_pointer_cast<waiter_home>(bench.where.core()),
                   asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr) { ended = true; }),
                   [&](auto op) {
                       bench.chained.chain<void>(
                           std::move(op),
                           [&](std::uint64_t which, operations::prepared then) {
                               id = which;
                               go_on = std::move(then);
                           },
                           [&](const auto& operation) { operation->succeed(); });
                   });
    auto next = bench.push("next");
    bench.run();
    REQUIRE(go_on);
    CHECK(bench.chained.pending(id));
    CHECK_FALSE(next->done);
    stop.emit(asio::cancellation_type::terminal);
    bench.run();
    CHECK(ended);
    CHECK_FALSE(bench.chained.pending(id));
    CHECK(next->done);
}

TEST_CASE("operations: close() fails those that wait, and later ones are refused") {
    chain_bench bench;
    operations::prepared running_ends;
    auto running =
        bench.push("running", [&](std::uint64_t, operations::prepared then) { running_ends = then; });
    auto waiting = bench.push("waiting");
    bench.run();
    bench.owner->close();
    bench.chained.close(make_error(errc::aborted, "closed"));
    auto late = bench.push("late");
    bench.run();
    CHECK(running->failure() == "AbortError");
    CHECK(waiting->failure() == "AbortError");
    CHECK(late->failure() == "InvalidStateError");
    CHECK(bench.log.empty());
}
