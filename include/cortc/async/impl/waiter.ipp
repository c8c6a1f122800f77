#pragma once

#include "cortc/async/waiter.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/strand.hpp>

#include <utility>

namespace cortc {

namespace detail {

/// The io_context of the executor, if it is one's, has run out of work or was stopped.
CORTC_DECL bool has_stopped(const asio::any_io_executor& executor) {
    using strand = asio::strand<asio::io_context::executor_type>;
    if (const auto* on = executor.target<asio::strand<asio::any_io_executor>>())
        return has_stopped(on->get_inner_executor());
    if (const auto* on = executor.target<strand>()) return has_stopped(on->get_inner_executor());
    bool stopped = false;
    with_concrete(executor, [&](const auto& to) {
        if constexpr (requires { to.context().stopped(); }) stopped = to.context().stopped();
    });
    return stopped;
}

CORTC_DECL std::exception_ptr cancelled() {
    return std::make_exception_ptr(
        boost::system::system_error(asio::error::make_error_code(asio::error::operation_aborted)));
}

} // namespace detail

CORTC_DECL waiter_base::waiter_base(const asio::any_io_executor& context,
                                    const asio::any_io_executor& handler, asio::cancellation_slot slot)
    : context_(context)
    , context_work_(asio::prefer(context, asio::execution::outstanding_work.tracked))
    , handler_work_(asio::prefer(handler, asio::execution::outstanding_work.tracked))
    , slot_(std::move(slot)) {}

CORTC_DECL waiter_base::~waiter_base() { waiter_registry::remove(*this); }

CORTC_DECL void waiter_base::listen() {
    if (!slot_.is_connected()) return;
    // The slot may outlive the io_context: what it holds must not touch that when it is destroyed.
    slot_.assign([weak = weak_from_this()](asio::cancellation_type type) {
        auto self = weak.lock();
        if (!self || type == asio::cancellation_type::none) return;
        self->fail_here(detail::cancelled());
        // The signal may come from any thread: what it asks for, and the end of the waiter if this holds
        // the last reference, happen on the context.
        const auto context = self->context_;
        if (!self->done()) asio::dispatch(context, [self = std::move(self)] { self->cancel(); });
    });
}

CORTC_DECL bool waiter_base::fail(errc code, std::string message) {
    return !done() && fail(make_error(code, std::move(message)));
}

CORTC_DECL bool waiter_base::homeless() const {
    return &asio::query(handler_work_, asio::execution::context) !=
               &asio::query(context_, asio::execution::context) &&
           detail::has_stopped(context_);
}

CORTC_DECL void waiter_base::fail_here(std::exception_ptr error) {
    if (leave_start(stage::done)) hand_over(std::move(error));
}

CORTC_DECL void waiter_base::abandon() noexcept {
    stage_.store(stage::done, std::memory_order_release);
    const auto withdrawn = std::exchange(withdrawn_, nullptr);
    const auto context_work = std::exchange(context_work_, {});
    const auto handler_work = std::exchange(handler_work_, {});
    drop_handler();
}

CORTC_DECL bool waiter_base::finish(std::exception_ptr error) {
    if (done()) return false;
    stage_.store(stage::done, std::memory_order_release);
    hand_over(std::move(error));
    return true;
}

CORTC_DECL void waiter_base::hand_over(std::exception_ptr error) {
    const auto withdrawn = std::exchange(withdrawn_, nullptr); // may own what this is a part of
    waiter_registry::remove(*this);
    const auto context_work = std::exchange(context_work_, {});
    const auto executor = std::exchange(handler_work_, {});
    detail::post(executor, [self = shared_from_this(), error = std::move(error)]() mutable {
        if (self->slot_.is_connected()) self->slot_.clear();
        auto& operation = *self;
        operation.complete(std::move(self), std::move(error));
    });
}

CORTC_DECL void waiter_base::cancel() {
    if (done()) return;
    auto keep = shared_from_this();
    if (auto withdrawn = std::exchange(withdrawn_, nullptr)) withdrawn();
    fail(detail::cancelled());
}

CORTC_DECL void waiter_registry::add(waiter_base& waiter) noexcept {
    waiter.registry_ = this;
    waiter.previous_ = nullptr;
    waiter.next_ = first_;
    if (first_) first_->previous_ = &waiter;
    first_ = &waiter;
    ++size_;
}

CORTC_DECL void waiter_registry::remove(waiter_base& waiter) noexcept {
    auto* home = std::exchange(waiter.registry_, nullptr);
    if (!home) return;
    (waiter.previous_ ? waiter.previous_->next_ : home->first_) = waiter.next_;
    if (waiter.next_) waiter.next_->previous_ = waiter.previous_;
    --home->size_;
}

CORTC_DECL void waiter_registry::abandon() noexcept {
    while (first_) {
        auto* waiter = first_;
        remove(*waiter);
        waiter->abandon();
    }
}

CORTC_DECL void detail::begin(std::shared_ptr<waiter_home> home, std::unique_ptr<operation_start> start,
                              std::shared_ptr<waiter_base> operation) {
    const bool over = start->over();
    const bool homeless = !over && operation->homeless();
    operation->listen();
    if (over) {
        if (operation->arrive()) start->begin(std::move(operation));
        return;
    }
    if (homeless)
        return operation->fail_here(make_error(errc::aborted, "the io_context of what this was asked of runs "
                                                              "no more: it is out of work, or was stopped"));
    const auto executor = home->executor();
    detail::dispatch(executor, [home = std::move(home), start = std::move(start),
                                operation = std::move(operation)]() mutable {
        if (!operation->arrive()) return; // cancelled on its way here
        home->waiters()->add(*operation);
        try {
            start->begin(operation);
        } catch (...) {
            operation->fail(std::current_exception());
        }
    });
}

CORTC_AWAIT(void);
CORTC_AWAIT(bool);
CORTC_AWAIT(std::size_t);
CORTC_AWAIT(std::string);

} // namespace cortc
