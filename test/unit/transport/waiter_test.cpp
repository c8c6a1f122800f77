#include "cortc/async/waiter.hpp"
#include "cortc/async/waiter_service.hpp"
#include "test/support/catch.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <stdexcept>
#include <string>

using namespace cortc;

namespace {

/// What operations of a test wait for.
struct place : waiter_home {
    explicit place(asio::any_io_executor executor) : waiter_home(std::move(executor)) {
        asio::use_service<waiter_service>(asio::query(this->executor(), asio::execution::context))
            .add(waiters());
    }
    waiter_list<int> waiting;
    int started = 0;
};

template <class Token>
auto wait(const std::shared_ptr<place>& where, Token&& token) {
    return initiate<int>(where, std::forward<Token>(token), [where](waiter_ptr<int> operation) {
        ++where->started;
        where->waiting.add(std::move(operation));
    });
}

/// How an operation ended: -1 not yet, -2 cancelled.
struct ending {
    int value = -1;

    auto handler() {
        return [this](std::exception_ptr error, int result) {
            value = result;
            if (error) {
                try {
                    std::rethrow_exception(error);
                } catch (const boost::system::system_error& failure) {
                    value = failure.code() == asio::error::operation_aborted ? -2 : -3;
                }
            }
        };
    }
};

} // namespace

TEST_CASE("every kind of cancellation ends an operation, and none does not") {
    asio::io_context io;
    auto where = std::make_shared<place>(io.get_executor());
    for (auto type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                      asio::cancellation_type::total, asio::cancellation_type::all}) {
        asio::cancellation_signal signal;
        ending end;
        wait(where, asio::bind_cancellation_slot(signal.slot(), end.handler()));
        io.restart();
        io.poll();
        signal.emit(asio::cancellation_type::none);
        io.poll();
        CHECK(end.value == -1);
        signal.emit(type);
        CHECK(end.value == -1); // never from inside
        io.poll();
        CHECK(end.value == -2);
        where->waiting.succeed_all(1);
        io.poll();
        CHECK(end.value == -2);
    }
}

TEST_CASE("what is complete when it is cancelled succeeds") {
    asio::io_context io;
    auto where = std::make_shared<place>(io.get_executor());
    asio::cancellation_signal signal;
    ending end;
    wait(where, asio::bind_cancellation_slot(signal.slot(), end.handler()));
    io.poll();
    where->waiting.succeed_all(7);
    signal.emit(asio::cancellation_type::terminal);
    io.poll();
    CHECK(end.value == 7);
    signal.emit(asio::cancellation_type::terminal); // nobody listens any more
}

TEST_CASE("an operation that is cancelled on its way to the context does not start") {
    asio::io_context io;
    auto where = std::make_shared<place>(io.get_executor());
    asio::cancellation_signal signal;
    ending end;
    asio::post(io, [&] { signal.emit(asio::cancellation_type::terminal); }); // runs before the start
    wait(where, asio::bind_cancellation_slot(signal.slot(), end.handler()));
    io.poll();
    CHECK(end.value == -2);
    CHECK(where->started == 0);
}

TEST_CASE("with the default token an operation starts when it is awaited, and is cancelled like any other") {
    asio::io_context io;
    auto where = std::make_shared<place>(io.get_executor());
    {
        auto never = wait(where, asio::use_awaitable);
        io.poll();
        CHECK(where->started == 0);
    }
    CHECK(where.use_count() == 1);
    asio::cancellation_signal signal;
    ending first, second;
    const auto spawn = [&](auto handler) { asio::co_spawn(io, wait(where, asio::use_awaitable), handler); };
    spawn(first.handler());
    spawn(asio::bind_cancellation_slot(signal.slot(), second.handler()));
    io.restart();
    io.poll();
    CHECK(where->started == 2);
    signal.emit(asio::cancellation_type::terminal);
    io.poll();
    CHECK(first.value == -1);
    CHECK(second.value == -2);
    where->waiting.succeed_all(7);
    io.poll();
    CHECK(first.value == 7);
    CHECK(io.stopped());
}

TEST_CASE("what a start throws the operation fails with, whatever the token") {
    asio::io_context io;
    auto where = std::make_shared<place>(io.get_executor());
    const auto refuse = [](waiter_ptr<int>) { throw std::runtime_error("refused"); };
    std::string said;
    const auto told = [&](std::exception_ptr error, int) {
        try {
            if (error) std::rethrow_exception(error);
        } catch (const std::runtime_error& failure) {
            said += failure.what();
        }
    };
    initiate<int>(where, told, refuse);
    asio::co_spawn(io, initiate<int>(where, asio::use_awaitable, refuse), told);
    io.poll();
    CHECK(said == "refusedrefused");
}

TEST_CASE("an operation is work of its executors until it completes, whoever keeps it then") {
    asio::io_context io, caller;
    auto where = std::make_shared<place>(io.get_executor());
    asio::cancellation_signal signal;
    ending end;
    wait(where, asio::bind_executor(caller.get_executor(),
                                    asio::bind_cancellation_slot(signal.slot(), end.handler())));
    io.poll();
    CHECK_FALSE(io.stopped());
    caller.poll();
    CHECK_FALSE(caller.stopped());
    signal.emit(asio::cancellation_type::terminal);
    io.poll();
    CHECK(io.stopped());
    CHECK(end.value == -1); // its handler runs on its own executor
    caller.poll();
    CHECK(caller.stopped());
    CHECK(end.value == -2);
    CHECK_FALSE(where->waiting.empty()); // still listed
}

TEST_CASE("an io_context takes its operations with it, however long their signals and lists live") {
    asio::cancellation_signal signal, other;
    std::shared_ptr<place> where;
    auto owned = std::make_shared<int>(0);
    {
        asio::io_context io;
        auto strand = asio::make_strand(io);
        where = std::make_shared<place>(io.get_executor());
        auto on_strand = std::make_shared<place>(strand);
        auto handler = [owned, on_strand](std::exception_ptr, int) {};
        wait(where, asio::bind_cancellation_slot(signal.slot(), handler));
        wait(on_strand, asio::bind_cancellation_slot(other.slot(), handler));
        io.poll();
        CHECK(owned.use_count() > 1);
    }
    CHECK(owned.use_count() == 1);
}

TEST_CASE("a stream ends for those who try, too") {
    asio::io_context io;
    auto where = std::make_shared<place>(io.get_executor());
    event_stream<int> numbers(2);
    event_stream<void> signals(1);
    CHECK_FALSE(numbers.try_read());
    CHECK(numbers.push(1));
    CHECK(numbers.push(2));
    CHECK_FALSE(numbers.push(3));
    CHECK(signals.push());
    CHECK_FALSE(signals.push());
    numbers.end(make_error(errc::closed, "over"));
    signals.end(make_error(errc::closed, "over"));
    CHECK_FALSE(numbers.push(4));
    CHECK(numbers.try_read() == 1);
    CHECK(numbers.try_read() == 2);
    CHECK_THROWS_AS(numbers.try_read(), Error);
    CHECK(signals.try_read());
    CHECK_THROWS_AS(signals.try_read(), Error);
}

TEST_CASE("an event goes to a reader that still waits, and stays when there is none") {
    asio::io_context io;
    auto where = std::make_shared<place>(io.get_executor());
    event_stream<int> numbers;
    asio::cancellation_signal signal;
    ending first, second;
    auto read = [&](auto token) {
        initiate<int>(where, token, [&](waiter_ptr<int> operation) { numbers.read(std::move(operation)); });
    };
    read(asio::bind_cancellation_slot(signal.slot(), first.handler()));
    io.poll();
    signal.emit(asio::cancellation_type::terminal);
    io.poll();
    CHECK(first.value == -2);
    CHECK(numbers.push(5));
    CHECK(numbers.size() == 1);
    read(second.handler());
    io.restart();
    io.poll();
    CHECK(second.value == 5);
}
