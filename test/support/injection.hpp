#pragma once

#include "test/support/catch.hpp"
#include "test/support/two_hosts.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Disturbs a program of the library's operations at any turn of the executor. The program runs each
/// operation as a step, and the test runs the program again and again until no turn is left to disturb.
namespace cortc::test {

/// What steps throw once injector::stop() was called: the program is to unwind.
struct interrupted {};

/// What came of the operations of one name that were told to stop while they were under way.
struct verdict {
    std::size_t cancelled = 0; ///< ended so, had changed nothing, and were repeated
    std::size_t completed = 0; ///< had succeeded already
};
using verdicts = std::map<std::string, verdict, std::less<>>;

/// An operation that the program awaits.
struct pending_step {
    std::string_view name;
    char end;           ///< whose it is: 'a' or 'b'
    std::size_t number; ///< of the step, from 0; a repetition has it again
    bool begun = false; ///< the operation was started: before, a signal finds its coroutine only
    bool told = false;  ///< to stop
    bool told_under_way = false;
    bool over = false;
    std::exception_ptr error{}; ///< once it is over
    asio::cancellation_signal signal{};
};
using pending_steps = std::vector<std::shared_ptr<pending_step>>;

class injector {
  public:
    injector() = default;
    injector(const injector&) = delete;
    injector& operator=(const injector&) = delete;

    [[nodiscard]] const pending_steps& waiting() const noexcept { return waiting_; }
    [[nodiscard]] const verdicts& seen() const noexcept { return seen_; }
    [[nodiscard]] std::size_t steps() const noexcept { return steps_; }
    void stop() noexcept { stopped_ = true; }

    /// Tells them to stop; call it on the executor.
    static void cancel(const pending_steps& which) {
        for (const auto& each : which) {
            each->told = true;
            each->told_under_way = each->begun;
            each->signal.emit(asio::cancellation_type::terminal);
        }
    }

    /// Runs the operation that `make` makes, and again if it was cancelled: then `state` is what it was
    /// before. One that was told to stop and completed has changed it if `changes`. Call with lambdas that
    /// capture references only.
    template <class Make, class State>
    std::invoke_result_t<Make&> step(std::string_view name, char end, Make make, State state,
                                     bool changes = false) {
        using result = typename std::invoke_result_t<Make&>::value_type;
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        const auto number = steps_++;
        for (;;) {
            if (stopped_) throw interrupted();
            const auto before = state();
            std::optional<detail::value_or_nothing<result>> value;
            auto self = begin(name, end, number);
            auto token = asio::bind_cancellation_slot(self->signal.slot(), asio::use_awaitable);
            try {
                co_await asio::co_spawn(executor, run(self, make(), value), token);
            } catch (...) {
                self->error = std::current_exception();
            }
            finish(*self);
            if (stopped_) throw interrupted();
            INFO(name << " of " << end << ", step " << number);
            if (!self->error) {
                if (self->told_under_way) {
                    ++seen_[std::string(name)].completed;
                    if (changes) CHECK(state() != before);
                }
                if constexpr (std::is_void_v<result>)
                    co_return;
                else
                    co_return std::move(*value);
            }
            if (!self->told || !detail::is_cancellation(self->error)) std::rethrow_exception(self->error);
            if (self->told_under_way) ++seen_[std::string(name)].cancelled;
            CHECK(state() == before);
        }
    }
    template <class Make>
    std::invoke_result_t<Make&> step(std::string_view name, char end, Make make) {
        return step(name, end, std::move(make), [] { return 0; });
    }

  private:
    template <class T>
    static asio::awaitable<void> run(std::shared_ptr<pending_step> self, asio::awaitable<T> operation,
                                     std::optional<detail::value_or_nothing<T>>& value) {
        self->begun = true;
        if constexpr (std::is_void_v<T>) {
            co_await std::move(operation);
            value.emplace();
        } else {
            value.emplace(co_await std::move(operation));
        }
    }
    std::shared_ptr<pending_step> begin(std::string_view name, char end, std::size_t number) {
        auto made = std::make_shared<pending_step>();
        made->name = name;
        made->end = end;
        made->number = number;
        waiting_.push_back(made);
        return made;
    }
    void finish(pending_step& which) {
        which.over = true;
        std::erase_if(waiting_, [&](const auto& each) { return each.get() == &which; });
    }

    pending_steps waiting_;
    verdicts seen_;
    std::size_t steps_ = 0;
    bool stopped_ = false;
};

/// Runs a simulated world one turn of the executor at a time: all that was ready when the turn began.
class turns {
  public:
    /// What `shelf` holds is work for other threads: it is done when nothing else is to do and before time
    /// passes, one piece at a time.
    turns(two_hosts& net, asio::io_context& shelf) : net_(net), shelf_(shelf) {}

    /// One turn, and `then` at its end, on the executor. False when nothing was ready.
    bool turn(const std::function<void()>& then = {}) {
        bool over = false;
        asio::post(net_.io, [&] {
            over = true;
            if (then) then();
        });
        if (net_.io.stopped()) net_.io.restart();
        std::size_t handlers = 0;
        while (!over) handlers += net_.io.poll_one();
        return handlers > 1;
    }
    /// When nothing is ready: does a piece of work of the shelf, or goes to the next moment of virtual time.
    /// False when there is none before `deadline`.
    bool go_on(time_point deadline) {
        if (shelf_.stopped()) shelf_.restart();
        return shelf_.poll_one() != 0 || next_moment(deadline);
    }

  private:
    /// run_until asks when nothing is ready, moves on, and runs what is due then: that is left to turn().
    bool next_moment(time_point deadline) {
        bool asked = false, moved = false;
        auto halt = [&] {
            if (std::exchange(asked, true)) return true;
            asio::post(net_.io, [&] {
                moved = true;
                net_.io.stop();
            });
            return false;
        };
        net_.world.run_until(halt, deadline - net_.world.now());
        const bool more = moved;
        if (!more) net_.io.poll_one(); // nothing came before the deadline: our own handler is left
        net_.io.restart();
        return more;
    }

    two_hosts& net_;
    asio::io_context& shelf_;
};

} // namespace cortc::test
