#pragma once

#include "cortc/context/context_core.hpp"
#include "cortc/timer.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <utility>

namespace cortc {

class timer_impl : public std::enable_shared_from_this<timer_impl> {
  public:
    explicit timer_impl(std::shared_ptr<context_core> core) : core_(std::move(core)) {}

    [[nodiscard]] const std::shared_ptr<context_core>& core() const noexcept { return core_; }

    void wait(duration delay, waiter_ptr<void> operation) {
        cancel();
        if (!clock_)
            clock_ = core_->network().make_timer([weak = weak_from_this()] {
                if (auto self = weak.lock()) self->expired();
            });
        waiting_ = std::move(operation);
        // A cancelled wait disarms the clock, or the timer would keep the context busy until its deadline.
        waiting_->on_cancel([weak = weak_from_this()] {
            if (auto self = weak.lock()) self->clock_->cancel();
        });
        clock_->arm(core_->network().now() + delay);
    }
    void cancel() {
        if (clock_) clock_->cancel();
        if (auto old = std::exchange(waiting_, nullptr))
            old->fail(std::make_exception_ptr(
                boost::system::system_error(asio::error::make_error_code(asio::error::operation_aborted))));
    }

  private:
    void expired() {
        if (auto done = std::exchange(waiting_, nullptr)) done->succeed();
    }

    std::shared_ptr<context_core> core_;
    std::unique_ptr<net::timer> clock_;
    waiter_ptr<void> waiting_;
};

namespace detail {

// Not a `timer`: that belongs to the context's executor, and this may be awaited on another.
CORTC_DECL asio::awaitable<void> pause_on(const std::shared_ptr<context_core>& core, duration delay) {
    return initiate<void>(core, asio::use_awaitable, [core, delay](waiter_ptr<void> operation) {
        auto clock = std::make_shared<timer_impl>(core);
        auto& waiting = *operation;
        clock->wait(delay, std::move(operation));
        waiting.on_cancel([clock] { clock->cancel(); }); // keeps it, too
    });
}

CORTC_DECL asio::awaitable<void> pause(std::optional<context> where, duration delay) {
    if (where) {
        co_await pause_on(where->core(), delay);
    } else { // nothing of the library runs here: real time, then
        asio::steady_timer clock(co_await asio::this_coro::executor);
        clock.expires_after(delay);
        co_await clock.async_wait(asio::use_awaitable);
    }
}

} // namespace detail

CORTC_DECL timer::timer(const context& where) : impl_(std::make_shared<timer_impl>(where.core())) {}

CORTC_DECL timer& timer::operator=(timer&& other) noexcept {
    if (this != &other) {
        if (impl_) impl_->cancel();
        impl_ = std::move(other.impl_);
    }
    return *this;
}

CORTC_DECL timer::~timer() {
    if (impl_) impl_->cancel();
}

CORTC_DECL void timer::cancel() {
    if (impl_) impl_->cancel();
}

CORTC_DECL time_point timer::now() const { return impl_->core()->network().now(); }

CORTC_DECL std::shared_ptr<waiter_home> timer::home() const {
    if (!impl_) throw Error(errc::invalid_state, "this timer was moved from");
    return impl_->core();
}

CORTC_DECL void timer::wait(timer_impl& impl, duration delay, waiter_ptr<void> operation) {
    impl.wait(delay, std::move(operation));
}

} // namespace cortc
