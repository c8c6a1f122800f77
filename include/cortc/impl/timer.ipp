#pragma once

#include "cortc/timer.hpp"
#include "cortc/transport/context_core.hpp"

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
