#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/time.hpp"
#include "cortc/context/context.hpp"
#include "cortc/timer.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace cortc {

namespace detail {

bool is_cancellation(const std::exception_ptr& error);
/// How a race against a deadline ended, when the operation failed: what to throw.
[[noreturn]] void throw_outcome(bool late, const std::exception_ptr& error,
                                const std::exception_ptr& clock_error, duration limit);

template <class T>
asio::awaitable<T> race_deadline(std::optional<context> where, duration limit, asio::awaitable<T> operation) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    if (!where) where = context::of(executor);
    // Unlike `||`, the group hands over the outcome of both.
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, std::move(operation), asio::deferred),
        asio::co_spawn(executor, pause(std::move(where), limit), asio::deferred));
    auto both = co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const bool late = std::get<0>(both)[0] == 1;
    const auto& error = std::get<1>(both);
    const auto& clock_error = std::get<std::tuple_size_v<decltype(both)> - 1>(both);
    if (error) throw_outcome(late, error, clock_error, limit);
    if constexpr (!std::is_void_v<T>) co_return std::move(std::get<2>(both));
}

} // namespace detail

/// `operation` with a deadline:
///
///     auto message = co_await cortc::timeout(5s, channel.receive());
///
/// A value is never lost: an operation that completed while it was being cancelled has won, and its value is
/// returned. A limit of zero or less still lets an operation win that need not wait.
///
/// The time is that of the context on whose executor the coroutine runs (context::of()), so that the deadline
/// is virtual where the context is; where no context runs it is real time. The other overload names the
/// context. T must be default-constructible, as every result of the library is.
///
/// @par Errors
/// - What the operation throws, at once.
/// - errc::timed_out: `limit` has passed. The operation was cancelled, and has ended: one that does not
///   honour cancellation delays this until it is done. One that an io_context is to begin which nobody runs
///   is ended all the same.
///
/// @par Cancellation
/// Cancels the operation, whose outcome this then has.
///
/// @par Thread safety
/// As with `||`, the coroutine's executor must not run handlers concurrently.
template <class T>
[[nodiscard]] asio::awaitable<T> timeout(duration limit, asio::awaitable<T> operation) {
    return detail::race_deadline<T>(std::nullopt, limit, std::move(operation));
}

/// The same on the clock of `where`, whatever the coroutine runs on.
template <class T>
[[nodiscard]] asio::awaitable<T> timeout(const context& where, duration limit, asio::awaitable<T> operation) {
    return detail::race_deadline<T>(where, limit, std::move(operation));
}

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/timeout.ipp"
#endif
