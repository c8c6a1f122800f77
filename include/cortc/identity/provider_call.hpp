#pragma once

#include "cortc/context/context_core.hpp"
#include "cortc/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

namespace cortc {

/// webrtc-identity, "IdP Error Handling": what an identity provider may take.
inline constexpr auto provider_time = std::chrono::seconds(15);

/// One coroutine of an identity provider, under way. `done` is called once, on the context's executor and
/// never from inside start(), with the outcome or with idp-timeout; not at all after stop().
template <class R>
class provider_call : public std::enable_shared_from_this<provider_call<R>> {
  public:
    using done_type = std::function<void(std::exception_ptr, R&&)>;

    provider_call(std::shared_ptr<context_core> core, done_type done)
        : core_(std::move(core)), done_(std::move(done)) {}

    void start(asio::awaitable<R> work) {
        clock_ = core_->network().make_timer([weak = this->weak_from_this()] {
            if (auto self = weak.lock()) self->expired();
        });
        clock_->arm(core_->network().now() + provider_time);
        // Code of the application runs in there: not in the middle of an operation.
        asio::post(core_->executor(), [self = this->shared_from_this(), work = std::move(work)]() mutable {
            self->run(std::move(work));
        });
    }
    /// Nobody waits any more: the coroutine is cancelled, once whoever says so has returned.
    void stop() {
        if (!done_) return;
        done_ = nullptr;
        clock_->cancel();
        cancel();
    }

  private:
    void run(asio::awaitable<R> work) {
        if (!done_) return; // stopped before it began
        running_ = true;
        auto ended = [self = this->shared_from_this()](std::exception_ptr error, R value) {
            self->running_ = false;
            self->finish(std::move(error), std::move(value));
        };
        // Wherever the coroutine ends, its outcome comes back to the context.
        asio::co_spawn(core_->executor(), std::move(work),
                       asio::bind_cancellation_slot(
                           signal_.slot(), asio::bind_executor(core_->executor(), std::move(ended))));
    }
    void finish(std::exception_ptr error, R&& value) {
        if (!done_) return;
        clock_->cancel();
        std::exchange(done_, nullptr)(std::move(error), std::move(value));
    }
    void expired() {
        cancel();
        finish(std::make_exception_ptr(
                   Error(errc::operation, "it did not answer within 15 s", error_detail::idp_timeout)),
               R());
    }
    void cancel() {
        asio::post(core_->executor(), [self = this->shared_from_this()] {
            if (self->running_) self->signal_.emit(asio::cancellation_type::terminal);
        });
    }

    std::shared_ptr<context_core> core_;
    done_type done_;
    std::unique_ptr<net::timer> clock_;
    asio::cancellation_signal signal_;
    bool running_ = false;
};

/// Whoever holds it waits for a provider; destroying it stops that.
class provider_ticket {
  public:
    explicit provider_ticket(std::function<void()> stop) : stop_(std::move(stop)) {}
    provider_ticket(const provider_ticket&) = delete;
    provider_ticket& operator=(const provider_ticket&) = delete;
    ~provider_ticket() { stop_(); }

  private:
    std::function<void()> stop_;
};
using provider_ticket_ptr = std::shared_ptr<provider_ticket>;

} // namespace cortc
