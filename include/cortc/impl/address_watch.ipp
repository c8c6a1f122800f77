#pragma once

#include "cortc/address_watch.hpp"
#include "cortc/context/context_core.hpp"

#include <algorithm>
#include <utility>

namespace cortc {

class address_watch_impl : public std::enable_shared_from_this<address_watch_impl> {
  public:
    explicit address_watch_impl(std::shared_ptr<context_core> core)
        : core_(std::move(core)), known_(core_->usable_interfaces()) {}

    [[nodiscard]] const std::shared_ptr<context_core>& core() const noexcept { return core_; }

    void wait(waiter_ptr<void> operation) {
        cancel();
        if (changed()) {
            operation->succeed();
            return;
        }
        if (!clock_)
            clock_ = core_->network().make_timer([weak = weak_from_this()] {
                if (auto self = weak.lock()) self->look();
            });
        waiting_ = std::move(operation);
        waiting_->on_cancel([weak = weak_from_this()] {
            if (auto self = weak.lock()) self->clock_->cancel();
        });
        arm();
    }
    void cancel() {
        if (clock_) clock_->cancel();
        if (auto old = std::exchange(waiting_, nullptr))
            old->fail(std::make_exception_ptr(
                boost::system::system_error(asio::error::make_error_code(asio::error::operation_aborted))));
    }

  private:
    void arm() { clock_->arm(core_->network().now() + std::chrono::seconds(1)); }

    /// The system announces changes, so that it costs next to nothing while there are none.
    void look() {
        if (!waiting_) return;
        try {
            if (!changed()) return arm();
        } catch (...) { // of the application's filter
            std::exchange(waiting_, nullptr)->fail(std::current_exception());
            return;
        }
        std::exchange(waiting_, nullptr)->succeed();
    }
    [[nodiscard]] bool changed() {
        auto now = core_->usable_interfaces();
        const auto same = [](const net::interface_address& a, const net::interface_address& b) {
            return a.name == b.name && a.address == b.address && a.kind == b.kind;
        };
        if (std::ranges::equal(now, known_, same)) return false;
        known_ = std::move(now);
        return true;
    }

    std::shared_ptr<context_core> core_;
    std::vector<net::interface_address> known_;
    std::unique_ptr<net::timer> clock_;
    waiter_ptr<void> waiting_;
};

CORTC_DECL address_watch::address_watch(const context& where)
    : impl_(std::make_shared<address_watch_impl>(where.core())) {}

CORTC_DECL address_watch& address_watch::operator=(address_watch&& other) noexcept {
    if (this != &other) {
        if (impl_) impl_->cancel();
        impl_ = std::move(other.impl_);
    }
    return *this;
}

CORTC_DECL address_watch::~address_watch() {
    if (impl_) impl_->cancel();
}

CORTC_DECL std::shared_ptr<waiter_home> address_watch::home() const { return impl_->core(); }

CORTC_DECL void address_watch::wait(address_watch_impl& impl, waiter_ptr<void> operation) {
    impl.wait(std::move(operation));
}

} // namespace cortc
