#pragma once

#include "test/support/call.hpp"
#include "test/support/catch.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>

#include <functional>
#include <memory>
#include <optional>

/// Disturbs a program of the library's operations at one of them: the program runs each as a step, and the
/// test runs the program again and again until no step is left to disturb.
namespace cortc::test {

/// What steps throw once injector::stop() was called: the program is to unwind.
struct interrupted {};

class injector {
  public:
    static constexpr std::size_t never_fires = static_cast<std::size_t>(-1);

    /// Disturbs step `at` (from 0), `turns` rounds of the executor and then `delay` after it suspended.
    explicit injector(std::size_t at = never_fires, unsigned turns = 0, duration delay = {})
        : at_(at), turns_(turns), delay_(delay) {}
    injector(const injector&) = delete;
    injector& operator=(const injector&) = delete;

    /// What happens then. Without it the operation is cancelled (terminal).
    std::function<void()> act;
    /// And what happens a second after act, to end what it left.
    std::function<void()> finish;

    [[nodiscard]] std::size_t steps() const noexcept { return steps_; }
    [[nodiscard]] bool fired() const noexcept { return fired_; }
    [[nodiscard]] bool cancelled() const noexcept { return cancelled_; } ///< it ended so, and was repeated
    [[nodiscard]] bool hanging() const noexcept { return hanging_; }     ///< act did not end it in a second
    void stop() noexcept { stopped_ = true; }

    /// Runs the operation that `make` makes, and once more if it was the one that was cancelled. `unchanged`
    /// is called in between, to check that nothing was done. Call with lambdas that capture references only.
    template <class Make, class Unchanged>
    std::invoke_result_t<Make&> step(Make make, Unchanged unchanged) {
        using result = typename std::invoke_result_t<Make&>::value_type;
        std::optional<detail::value_or_nothing<result>> value;
        if (stopped_) throw interrupted();
        const bool chosen = steps_++ == at_;
        bool again = false;
        try {
            if (chosen)
                co_await disturbed(make, value);
            else
                co_await run(make(), value);
        } catch (const boost::system::system_error& error) {
            again = !stopped_ && chosen && fired_ && error.code() == asio::error::operation_aborted;
            if (!again && !stopped_) throw;
        }
        if (again) {
            cancelled_ = true;
            unchanged();
            co_await run(make(), value);
        }
        if (stopped_) throw interrupted();
        if constexpr (!std::is_void_v<result>) co_return std::move(*value);
    }
    template <class Make>
    std::invoke_result_t<Make&> step(Make make) {
        return step(std::move(make), [] {});
    }

  private:
    struct running {
        asio::cancellation_signal signal;
        bool over = false;
    };

    template <class T>
    static asio::awaitable<void> run(asio::awaitable<T> operation,
                                     std::optional<detail::value_or_nothing<T>>& value) {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(operation);
            value.emplace();
        } else {
            value.emplace(co_await std::move(operation));
        }
    }
    template <class Make, class Value>
    asio::awaitable<void> disturbed(Make& make, std::optional<Value>& value) {
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        auto state = std::make_shared<running>();
        asio::co_spawn(executor, disturb(state), asio::detached);
        auto token = asio::bind_cancellation_slot(state->signal.slot(), asio::use_awaitable);
        try {
            co_await asio::co_spawn(executor, run(make(), value), token);
        } catch (...) {
            state->over = true;
            throw;
        }
        state->over = true;
    }
    asio::awaitable<void> disturb(std::shared_ptr<running> state) {
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        for (unsigned i = 0; i <= turns_; ++i) co_await asio::post(executor, asio::use_awaitable);
        if (delay_ > duration()) co_await detail::pause(context::of(executor), delay_);
        if (state->over) co_return;
        fired_ = true;
        if (!act) {
            state->signal.emit(asio::cancellation_type::terminal);
            co_return;
        }
        act();
        co_await detail::pause(context::of(executor), std::chrono::seconds(1));
        hanging_ = !state->over;
        if (finish) finish();
    }

    std::size_t at_;
    unsigned turns_;
    duration delay_;
    std::size_t steps_ = 0;
    bool fired_ = false, cancelled_ = false, hanging_ = false, stopped_ = false;
};

} // namespace cortc::test
