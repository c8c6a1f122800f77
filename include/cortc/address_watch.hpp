#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/config.hpp"
#include "cortc/context/context.hpp"

#include <memory>

namespace cortc {

class address_watch_impl;

/// Notices that the addresses which the connections of a context may use are others than before: an interface
/// came or went, or has another address. A connection gathers anew with the next ICE restart, so that
/// restartIce() moves it over. Nothing is asked while nobody waits. Move-only; destroying it cancels.
///
/// @par Thread safety
/// - changed(): any thread.
/// - Other members: only the context's executor.
class address_watch {
  public:
    /// Compares with what they are now.
    explicit address_watch(const context& where);
    /// A wait goes on. The other one may then only be assigned to, or destroyed.
    address_watch(address_watch&&) noexcept = default;
    /// Cancels the wait that was here.
    address_watch& operator=(address_watch&& other) noexcept;
    ~address_watch();

    /// Completes when they have changed since this was made, or since it was told last; within a second of
    /// the change. One wait at a time: a new one cancels the old. Takes a completion token, default
    /// use_awaitable, and completes where PeerConnection says.
    ///
    /// @par Cancellation
    /// asio::error::operation_aborted, whether by the token's slot, another changed() or the destructor.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto changed(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto operation) { wait(*impl, std::move(operation)); });
    }

  private:
    std::shared_ptr<waiter_home> home() const;
    static void wait(address_watch_impl&, waiter_ptr<void>);

    std::shared_ptr<address_watch_impl> impl_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/address_watch.ipp"
#endif
