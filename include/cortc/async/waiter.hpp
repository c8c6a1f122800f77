#pragma once

#include "cortc/async/operation_memory.hpp"
#include "cortc/base/config.hpp"
#include "cortc/error.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

/// The only place that stores completion handlers. Every asynchronous member of the library suspends as a
/// waiter.
namespace cortc {

namespace asio = boost::asio;

namespace detail {
template <class R>
struct completion {
    using signature = void(std::exception_ptr, R);
};
template <>
struct completion<void> {
    using signature = void(std::exception_ptr);
};
struct nothing {};
template <class R>
using value_or_nothing = std::conditional_t<std::is_void_v<R>, nothing, R>;
} // namespace detail

template <class R>
using completion_signature = typename detail::completion<R>::signature;

class waiter_registry;

/// A suspended operation, whatever its result.
class waiter_base {
  public:
    waiter_base() = default;
    waiter_base(const waiter_base&) = delete;
    waiter_base& operator=(const waiter_base&) = delete;

    /// Destroys the handler without calling it: the io_context is being destroyed.
    virtual void abandon() noexcept = 0;

  protected:
    ~waiter_base() = default;

  private:
    friend class waiter_registry;
    waiter_base* previous_ = nullptr;
    waiter_base* next_ = nullptr;
    waiter_registry* registry_ = nullptr;
};

/// Every operation suspended on one context. When its io_context is destroyed with operations pending, their
/// handlers (and the coroutine frames these own) are destroyed, as Asio's own operations are.
class waiter_registry {
  public:
    waiter_registry() = default;
    waiter_registry(const waiter_registry&) = delete;
    waiter_registry& operator=(const waiter_registry&) = delete;
    ~waiter_registry() { abandon(); }

    void add(waiter_base& waiter) noexcept {
        waiter.registry_ = this;
        waiter.previous_ = nullptr;
        waiter.next_ = first_;
        if (first_) first_->previous_ = &waiter;
        first_ = &waiter;
        ++size_;
    }
    static void remove(waiter_base& waiter) noexcept {
        auto* home = std::exchange(waiter.registry_, nullptr);
        if (!home) return;
        (waiter.previous_ ? waiter.previous_->next_ : home->first_) = waiter.next_;
        if (waiter.next_) waiter.next_->previous_ = waiter.previous_;
        --home->size_;
    }
    void abandon() noexcept {
        while (first_) {
            auto* waiter = first_;
            remove(*waiter);
            waiter->abandon();
        }
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

  private:
    waiter_base* first_ = nullptr;
    std::size_t size_ = 0;
};

/// Where operations run and are registered while suspended: the part of a context that asynchronous members
/// need.
class waiter_home {
  public:
    explicit waiter_home(asio::any_io_executor executor)
        : executor_(std::move(executor)), waiters_(std::make_shared<waiter_registry>()) {}

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] const std::shared_ptr<waiter_registry>& waiters() const noexcept { return waiters_; }

  protected:
    ~waiter_home() = default;

  private:
    asio::any_io_executor executor_;
    std::shared_ptr<waiter_registry> waiters_;
};

/// One suspended operation with a result of type R. It is completed at most once, on the context's executor;
/// the handler runs on its own executor, never from inside the call that started or completed it.
/// Cancellation through the handler's slot (terminal, partial and total alike: no operation is ever half
/// done) completes it with asio::error::operation_aborted, and only if it is not complete already: what was
/// completed is never lost.
/// While it is suspended it is work of both executors; once it is complete it is of neither, however long
/// whoever it waited for still keeps it.
template <class R>
class waiter final : public waiter_base, public std::enable_shared_from_this<waiter<R>> {
  public:
    using handler_type = asio::any_completion_handler<completion_signature<R>>;
    using value_type = detail::value_or_nothing<R>;

    template <class Handler>
    waiter(const asio::any_io_executor& context, Handler&& handler)
        : context_(context)
        , context_work_(asio::prefer(context, asio::execution::outstanding_work.tracked))
        , handler_work_(asio::prefer(asio::any_io_executor(asio::get_associated_executor(handler, context)),
                                     asio::execution::outstanding_work.tracked))
        , slot_(asio::get_associated_cancellation_slot(handler)) {
        // Boost 1.81: neither moving into an existing any_completion_handler nor copying one works; swapping
        // does.
        handler_type(detail::with_memory(std::forward<Handler>(handler))).swap(handler_);
    }
    ~waiter() { waiter_registry::remove(*this); }

    /// Listens to the slot. Called once, before the operation starts.
    void listen() {
        if (!slot_.is_connected()) return;
        // The slot may outlive the io_context: what it holds must not touch that when it is destroyed.
        slot_.assign([weak = this->weak_from_this()](asio::cancellation_type type) {
            auto self = weak.lock();
            if (!self || type == asio::cancellation_type::none) return;
            // The signal may come from any thread: what it asks for, and the end of the waiter if this holds
            // the last reference, happen on the context.
            const auto context = self->context_;
            asio::dispatch(context, [self = std::move(self)] { self->cancel(); });
        });
    }

    [[nodiscard]] bool done() const noexcept { return done_; }
    /// `withdrawn` runs on the context when the operation is cancelled, before it completes.
    void on_cancel(std::function<void()> withdrawn) { withdrawn_ = std::move(withdrawn); }

    bool fail(std::exception_ptr error) { return finish(std::move(error), value_type{}); }
    bool fail(errc code, std::string message) { return !done_ && fail(make_error(code, std::move(message))); }
    /// False if it was complete already; `value` is then left alone.
    bool succeed(value_type&& value = {}) { return finish(nullptr, std::move(value)); }

    void abandon() noexcept override {
        done_ = true;
        const auto withdrawn = std::exchange(withdrawn_, nullptr);
        const auto context_work = std::exchange(context_work_, {});
        const auto handler_work = std::exchange(handler_work_, {});
        handler_type dropped;
        dropped.swap(handler_); // destroys it, and perhaps this
    }

  private:
    bool finish(std::exception_ptr error, value_type&& value) {
        if (done_) return false;
        done_ = true;
        const auto withdrawn = std::exchange(withdrawn_, nullptr); // may own what this is a part of
        waiter_registry::remove(*this);
        const auto context_work = std::exchange(context_work_, {});
        const auto executor = std::exchange(handler_work_, {});
        detail::post(executor, [self = this->shared_from_this(), error = std::move(error),
                                value = std::move(value)]() mutable {
            if (self->slot_.is_connected()) self->slot_.clear();
            handler_type handler;
            handler.swap(self->handler_);
            self.reset();
            if constexpr (std::is_void_v<R>) {
                (void)value;
                std::move(handler)(std::move(error));
            } else {
                std::move(handler)(std::move(error), std::move(value));
            }
        });
        return true;
    }
    void cancel() {
        if (done_) return;
        auto keep = this->shared_from_this();
        if (auto withdrawn = std::exchange(withdrawn_, nullptr)) withdrawn();
        fail(std::make_exception_ptr(
            boost::system::system_error(asio::error::make_error_code(asio::error::operation_aborted))));
    }

    const asio::any_io_executor context_;
    asio::any_io_executor context_work_; // tracked; both empty once complete
    asio::any_io_executor handler_work_;
    asio::cancellation_slot slot_;
    handler_type handler_;
    std::function<void()> withdrawn_;
    bool done_ = false;
};

template <class R>
using waiter_ptr = std::shared_ptr<waiter<R>>;

/// Starts an operation from any thread: `start(waiter_ptr<R>)` runs on the context's executor, at once when
/// the caller is there already. What it throws the operation fails with.
template <class R, class Token, class Start>
auto initiate(std::shared_ptr<waiter_home> home, Token&& token, Start start) {
    return asio::async_initiate<Token, completion_signature<R>>(
        [home = std::move(home), start = std::move(start)](auto&& handler) mutable {
            auto executor = home->executor();
            auto operation = std::allocate_shared<waiter<R>>(detail::operation_allocator<void>(), executor,
                                                             std::forward<decltype(handler)>(handler));
            operation->listen();
            detail::dispatch(executor, [home = std::move(home), start = std::move(start),
                                        operation = std::move(operation)]() mutable {
                if (operation->done()) return; // cancelled on its way here
                home->waiters()->add(*operation);
                try {
                    start(operation);
                } catch (...) {
                    operation->fail(std::current_exception());
                }
            });
        },
        token);
}

/// Operations that wait for the same thing, any number of them.
template <class R>
class waiter_list {
  public:
    void add(waiter_ptr<R> operation) {
        if (waiting_.size() >= purge_at_) {
            std::erase_if(waiting_, [](const auto& w) { return w->done(); });
            purge_at_ = waiting_.size() * 2 + 8;
        }
        waiting_.push_back(std::move(operation));
    }
    void succeed_all(const typename waiter<R>::value_type& value = {}) {
        auto all = std::exchange(waiting_, {});
        for (auto& operation : all) operation->succeed(typename waiter<R>::value_type(value));
        keep(std::move(all));
    }
    void fail_all(const std::exception_ptr& error) {
        auto all = std::exchange(waiting_, {});
        for (auto& operation : all) operation->fail(error);
        keep(std::move(all));
    }
    [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }

  private:
    /// A small block serves the next ones: who waits once usually waits again.
    void keep(std::vector<waiter_ptr<R>>&& used) noexcept {
        used.clear();
        if (waiting_.empty() && used.capacity() <= 4) waiting_ = std::move(used);
    }

    std::vector<waiter_ptr<R>> waiting_;
    std::size_t purge_at_ = 8;
};

/// A stream of events that one reader pulls; of plain signals when T is void. Bounded: `push` refuses when
/// `limit` events wait. `end` lets what is buffered be read, then fails every read with the error given.
template <class T>
class event_stream {
  public:
    using value_type = detail::value_or_nothing<T>;

    explicit event_stream(std::size_t limit = 1024) : limit_(limit) {}

    bool push(value_type event = {}) {
        if (ended_) return false;
        if (queue_.empty() && reader_ && std::exchange(reader_, nullptr)->succeed(std::move(event)))
            return true;
        if (queue_.size() >= limit_) return false;
        queue_.push_back(std::move(event));
        readable_.succeed_all();
        return true;
    }
    void end(std::exception_ptr error) {
        if (ended_) return;
        ended_ = std::move(error);
        if (reader_) std::exchange(reader_, nullptr)->fail(ended_);
        readable_.succeed_all();
    }
    void clear() noexcept { queue_.clear(); }

    void read(waiter_ptr<T> operation) {
        if (!queue_.empty()) {
            operation->succeed(take());
        } else if (ended_) {
            operation->fail(ended_);
        } else if (reader_ && !reader_->done()) {
            operation->fail(errc::invalid_state,
                            "another operation already waits for this stream; a stream has one reader");
        } else {
            reader_ = std::move(operation);
        }
    }
    /// None when nothing is buffered; throws what ended the stream once everything was read.
    std::optional<value_type> try_read() {
        if (!queue_.empty()) return take();
        if (ended_) std::rethrow_exception(ended_);
        return std::nullopt;
    }
    /// Completes when a read would not wait: something is buffered or the stream has ended.
    void readable(waiter_ptr<void> operation) {
        if (!queue_.empty() || ended_)
            operation->succeed();
        else
            readable_.add(std::move(operation));
    }
    [[nodiscard]] std::size_t size() const noexcept { return queue_.size(); }
    [[nodiscard]] bool ended() const noexcept { return ended_ != nullptr; }

  private:
    value_type take() {
        value_type first = std::move(queue_.front());
        queue_.pop_front();
        return first;
    }

    std::deque<value_type> queue_;
    waiter_ptr<T> reader_;
    waiter_list<void> readable_;
    std::exception_ptr ended_;
    std::size_t limit_;
};

} // namespace cortc
