#pragma once

#include "cortc/async/operation_memory.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/fifo.hpp"
#include "cortc/error.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
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

/// A suspended operation, whatever its result. It is completed at most once, on the context's executor; the
/// handler runs on its own executor, never from inside the call that started or completed it.
/// Cancellation through the handler's slot (terminal, partial and total alike: no operation is ever half
/// done) completes it with asio::error::operation_aborted, and only if it is not complete already: what was
/// completed is never lost.
/// While it is suspended it is work of both executors; once it is complete it is of neither, however long
/// whoever it waited for still keeps it.
/// Until it has come to the context, whose executor may have no thread any more, nothing has been done: it is
/// then cancelled wherever that is asked for.
/// What does not depend on the result is compiled once, in impl/waiter.ipp: every await would bring it into
/// its translation unit otherwise.
class waiter_base : public std::enable_shared_from_this<waiter_base> {
  public:
    waiter_base(const waiter_base&) = delete;
    waiter_base& operator=(const waiter_base&) = delete;

    /// Listens to the slot. Called once, before the operation starts.
    void listen();
    [[nodiscard]] bool done() const noexcept { return stage_.load(std::memory_order_acquire) == stage::done; }
    /// It has come to where it runs. False: it was complete before.
    [[nodiscard]] bool arrive() noexcept { return leave_start(stage::suspended); }
    /// Nobody runs the context: its io_context has stopped, and is another than the handler's. (One's own may
    /// be asked before it is run again.) Asked before listen().
    [[nodiscard]] bool homeless() const;
    /// Fails it on any thread, if it has not arrived.
    void fail_here(std::exception_ptr error);
    /// `withdrawn` runs on the context when the operation is cancelled, before it completes.
    void on_cancel(std::function<void()> withdrawn) { withdrawn_ = std::move(withdrawn); }
    /// False if it was complete already.
    bool fail(std::exception_ptr error) { return finish(std::move(error)); }
    bool fail(errc code, std::string message);
    /// Destroys the handler without calling it: the io_context is being destroyed.
    void abandon() noexcept;

  protected:
    waiter_base(const asio::any_io_executor& context, const asio::any_io_executor& handler,
                asio::cancellation_slot slot);
    ~waiter_base();
    bool finish(std::exception_ptr error);

  private:
    friend class waiter_registry;

    /// While it starts, any thread may complete it; from then on the context alone.
    enum class stage : std::uint8_t { starting, suspended, done };

    bool leave_start(stage next) noexcept {
        auto expected = stage::starting;
        return stage_.compare_exchange_strong(expected, next, std::memory_order_acq_rel);
    }
    /// It is complete: the handler is called.
    void hand_over(std::exception_ptr error);

    /// Calls the handler, and no more refers to `self`, which may be the last to do so, when it does.
    virtual void complete(std::shared_ptr<waiter_base> self, std::exception_ptr error) = 0;
    virtual void drop_handler() noexcept = 0;
    void cancel();

    waiter_base* previous_ = nullptr;
    waiter_base* next_ = nullptr;
    waiter_registry* registry_ = nullptr;
    const asio::any_io_executor context_;
    asio::any_io_executor context_work_; // tracked; both empty once complete
    asio::any_io_executor handler_work_;
    asio::cancellation_slot slot_;
    std::function<void()> withdrawn_;
    std::atomic<stage> stage_ = stage::starting;
};

/// Every operation suspended on one context. When its io_context is destroyed with operations pending, their
/// handlers (and the coroutine frames these own) are destroyed, as Asio's own operations are.
class waiter_registry {
  public:
    waiter_registry() = default;
    waiter_registry(const waiter_registry&) = delete;
    waiter_registry& operator=(const waiter_registry&) = delete;
    ~waiter_registry() { abandon(); }

    void add(waiter_base& waiter) noexcept;
    static void remove(waiter_base& waiter) noexcept;
    void abandon() noexcept;
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

/// One suspended operation with a result of type R.
template <class R>
class waiter final : public waiter_base {
  public:
    using handler_type = asio::any_completion_handler<completion_signature<R>>;
    using value_type = detail::value_or_nothing<R>;

    template <class Handler>
    waiter(const asio::any_io_executor& context, Handler&& handler)
        : waiter_base(context, asio::get_associated_executor(handler, context),
                      asio::get_associated_cancellation_slot(handler)) {
        // Boost 1.81: neither moving into an existing any_completion_handler nor copying one works; swapping
        // does.
        handler_type(detail::with_memory(std::forward<Handler>(handler))).swap(handler_);
    }

    /// False if it was complete already; `value` is then left alone.
    bool succeed(value_type&& value = {}) {
        if (done()) return false;
        value_ = std::move(value);
        return finish(nullptr);
    }

  private:
    void complete(std::shared_ptr<waiter_base> self, std::exception_ptr error) override {
        handler_type handler;
        handler.swap(handler_);
        auto value = std::move(value_);
        self.reset();
        if constexpr (std::is_void_v<R>) {
            (void)value;
            std::move(handler)(std::move(error));
        } else {
            std::move(handler)(std::move(error), std::move(value));
        }
    }
    void drop_handler() noexcept override {
        handler_type dropped;
        dropped.swap(handler_); // destroys it, and perhaps this
    }

    handler_type handler_;
    value_type value_{};
};

template <class R>
using waiter_ptr = std::shared_ptr<waiter<R>>;

namespace detail {

/// How an operation begins, whatever that captures.
class operation_start {
  public:
    virtual ~operation_start() = default;
    virtual void begin(std::shared_ptr<waiter_base> operation) = 0;
    /// On any thread: what it waits for is over, and it may begin wherever it is.
    [[nodiscard]] virtual bool over() const { return false; }

    static void* operator new(std::size_t size) { return operation_memory::allocate(size); }
    static void operator delete(void* block, std::size_t size) noexcept {
        operation_memory::deallocate(block, size);
    }
};
template <class R, class Start>
class operation_start_by final : public operation_start {
  public:
    explicit operation_start_by(Start&& start) : start_(std::move(start)) {}
    void begin(std::shared_ptr<waiter_base> operation) override {
        start_(std::static_pointer_cast<waiter<R>>(std::move(operation)));
    }

  private:
    [[nodiscard]] bool over() const override {
        if constexpr (requires { start_.over(); })
            return start_.over();
        else
            return false;
    }

    Start start_;
};
template <class R, class Start>
std::unique_ptr<operation_start> start_by(Start&& start) {
    return std::unique_ptr<operation_start>(new operation_start_by<R, Start>(std::move(start)));
}

/// Goes to the context's executor and begins there, at once when the caller is there already. What is over
/// begins here.
void begin(std::shared_ptr<waiter_home> home, std::unique_ptr<operation_start> start,
           std::shared_ptr<waiter_base> operation);

/// An operation and its handler, together at last.
template <class R>
struct launch {
    std::shared_ptr<waiter_home> home;
    std::unique_ptr<operation_start> start;

    template <class Handler>
    void operator()(Handler&& handler) {
        auto operation = std::allocate_shared<waiter<R>>(operation_allocator<void>(), home->executor(),
                                                         std::forward<Handler>(handler));
        begin(std::move(home), std::move(start), std::move(operation));
    }
};

/// An operation with the default token. Compiled in the library for each of its results (CORTC_EXTERN_AWAIT),
/// so that who awaits it instantiates nothing of what a suspended operation needs.
template <class R>
asio::awaitable<R> await(std::shared_ptr<waiter_home> home, std::unique_ptr<operation_start> start) {
    return asio::async_initiate<const asio::use_awaitable_t<>, completion_signature<R>>(
        launch<R>{std::move(home), std::move(start)}, asio::use_awaitable);
}

} // namespace detail

/// After a class whose members return R, and in its .ipp.
#if defined(CORTC_HEADER_ONLY)
#define CORTC_EXTERN_AWAIT(R) static_assert(true)
#define CORTC_AWAIT(R) static_assert(true)
#else
#define CORTC_EXTERN_AWAIT(R)                                                                                \
    extern template asio::awaitable<R> detail::await<R>(std::shared_ptr<waiter_home>,                        \
                                                        std::unique_ptr<detail::operation_start>)
#define CORTC_AWAIT(R)                                                                                       \
    template asio::awaitable<R> detail::await<R>(std::shared_ptr<waiter_home>,                               \
                                                 std::unique_ptr<detail::operation_start>)
#endif

CORTC_EXTERN_AWAIT(void);
CORTC_EXTERN_AWAIT(bool);
CORTC_EXTERN_AWAIT(std::size_t);
CORTC_EXTERN_AWAIT(std::string);

/// Starts an operation from any thread: `start(waiter_ptr<R>)` runs on the context's executor, at once when
/// the caller is there already. What it throws the operation fails with.
template <class R, class Token, class Start>
auto initiate(std::shared_ptr<waiter_home> home, Token&& token, Start start) {
    if constexpr (std::is_same_v<std::decay_t<Token>, asio::use_awaitable_t<>>) {
        (void)token;
        return detail::await<R>(std::move(home), detail::start_by<R>(std::move(start)));
    } else {
        return asio::async_initiate<Token, completion_signature<R>>(
            [home = std::move(home), start = std::move(start)](auto&& handler) mutable {
                detail::launch<R>{std::move(home), detail::start_by<R>(std::move(start))}(
                    std::forward<decltype(handler)>(handler));
            },
            token);
    }
}

/// The start of an operation that waits for the end of something. `ended`, which any thread may ask, tells
/// that it is over for good: `start` may then run on any thread, for who ended it may run no more.
template <class Ended, class Start>
class at_the_end {
  public:
    at_the_end(Ended ended, Start start) : ended_(std::move(ended)), start_(std::move(start)) {}
    [[nodiscard]] bool over() const { return ended_(); }
    void operator()(waiter_ptr<void> operation) { start_(std::move(operation)); }

  private:
    Ended ended_;
    Start start_;
};

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
    value_type take() { return queue_.pop_front(); }

    fifo<value_type> queue_;
    waiter_ptr<T> reader_;
    waiter_list<void> readable_;
    std::exception_ptr ended_;
    std::size_t limit_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/async/impl/waiter.ipp"
#endif
