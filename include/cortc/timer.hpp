#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/time.hpp"
#include "cortc/transport/context.hpp"
#include "cortc/transport/waiter.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <optional>

namespace cortc {

class timer_impl;

namespace detail {
/// Waits on the clock of `where`, or on the system's without a context; may be awaited on any executor.
asio::awaitable<void> pause(std::optional<context> where, duration delay);
} // namespace detail

/// A timer on a context's clock, so that it runs in virtual time when the context does. Move-only; destroying
/// it cancels.
class timer {
  public:
    explicit timer(const context& where);
    timer(timer&&) noexcept = default;
    timer& operator=(timer&& other) noexcept;
    ~timer();

    /// Completes after `delay` (at once for a negative one). One wait at a time: a new one cancels the old,
    /// which completes with asio::error::operation_aborted, as it does when cancelled.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto wait(duration delay, Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_, delay](auto operation) {
            wait(*impl, delay, std::move(operation));
        });
    }
    void cancel();
    /// The context's time.
    [[nodiscard]] time_point now() const;

  private:
    std::shared_ptr<waiter_home> home() const;
    static void wait(timer_impl&, duration, waiter_ptr<void>);

    std::shared_ptr<timer_impl> impl_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/timer.ipp"
#endif
