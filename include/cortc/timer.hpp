#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/time.hpp"
#include "cortc/context/context.hpp"

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
///
/// @par Thread safety
/// - wait(): any thread.
/// - Other members: only the context's executor.
class timer {
  public:
    /// Waits for nothing yet.
    explicit timer(const context& where);
    /// A wait goes on. The other one may then only be assigned to, or destroyed.
    timer(timer&&) noexcept = default;
    /// Cancels the wait that was here.
    timer& operator=(timer&& other) noexcept;
    ~timer();

    /// Completes after `delay`, at once for a negative one. One wait at a time: a new one cancels the old.
    /// Takes a completion token, default use_awaitable, and completes where PeerConnection says.
    ///
    /// @par Cancellation
    /// asio::error::operation_aborted, whether by the token's slot, cancel(), another wait() or the
    /// destructor.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto wait(duration delay, Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_, delay](auto operation) {
            wait(*impl, delay, std::move(operation));
        });
    }
    /// wait() completes with asio::error::operation_aborted. Does nothing when none is pending.
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
