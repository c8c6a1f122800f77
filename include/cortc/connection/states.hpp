#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/log.hpp"
#include "cortc/connection/part_owner.hpp"
#include "cortc/error.hpp"
#include "cortc/states.hpp"
#include "cortc/transport/transport.hpp"

#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cortc {

/// What the states of a connection are derived from, for each of its transports.
struct transport_summary {
    ice::transport_state ice = ice::transport_state::fresh;
    dtls_transport_state dtls = dtls_transport_state::fresh;
    IceGathererState gathering = IceGathererState::new_; ///< as it was told
    bool untold = false;     ///< some generation's end of candidates is to be told yet
    bool described = false;  ///< a local description has given it credentials
    bool up_to_date = false; ///< the selected pair is one of the newest local credentials
    bool mismatch = false;   ///< DTLS failed because the certificate was another one
};

namespace detail {
/// webrtc-pc 4.3.3, 4.3.4 and 4.3.2, of a connection that is not closed.
[[nodiscard]] PeerConnectionState derive_state(std::span<const transport_summary> from) noexcept;
/// Of one that is failed: how.
[[nodiscard]] error_detail derive_failure(std::span<const transport_summary> from) noexcept;
[[nodiscard]] IceConnectionState derive_ice_state(std::span<const transport_summary> from) noexcept;
[[nodiscard]] IceGatheringState derive_gathering(std::span<const transport_summary> from) noexcept;
/// Every generation is gathered, and that was told.
[[nodiscard]] bool all_gathered(std::span<const transport_summary> from) noexcept;
} // namespace detail

/// The states of a connection, and the operations that wait for them: levels, for any number of waiters.
class connection_states {
  public:
    explicit connection_states(part_owner& owner);

    [[nodiscard]] SignalingState signaling() const noexcept { return signaling_; }
    [[nodiscard]] IceGatheringState gathering() const noexcept { return gathering_; }
    [[nodiscard]] IceConnectionState ice() const noexcept { return ice_; }
    [[nodiscard]] PeerConnectionState connection() const noexcept { return state_; }

    /// Why it is failed, or was when it was closed.
    [[nodiscard]] std::optional<Error> failed() const;
    /// Of one that is closed: how that came, for context_totals.
    [[nodiscard]] std::string_view end() const;

    // What has changed.
    void set_signaling(SignalingState now);
    /// The states of the transports. Both have changed before anybody is told (webrtc-pc 5.6).
    void update(std::span<const transport_summary> from);
    /// A description was set: its generations may be to be gathered for. Nothing is told of that yet.
    void expect_gathering(std::span<const transport_summary> from) {
        all_gathered_ = detail::all_gathered(from);
    }
    /// True when gathering has become complete.
    bool update_gathering(std::span<const transport_summary> from);
    /// A pair was selected, or a rollback went back to one.
    void update_selection(std::span<const transport_summary> from);
    void pair_selected(const SelectedPair& pair) { pair_changed_.succeed_all(pair); }
    /// Why the connection is about to fail.
    void note_failure(std::string_view why) { failure_text_ = why; }
    /// The connection is closed: update() comes first, so that who waits is told in the W3C's order.
    void close(const std::exception_ptr& why);

    // What waits.
    void connected(waiter_ptr<void> operation);
    void gathering_complete(waiter_ptr<void> operation);
    void restarted(waiter_ptr<void> operation);
    void changed(PeerConnectionState from, waiter_ptr<PeerConnectionState> operation);
    void ice_changed(IceConnectionState from, waiter_ptr<IceConnectionState> operation);
    void gathering_changed(IceGatheringState from, waiter_ptr<IceGatheringState> operation);
    void signaling_changed(SignalingState from, waiter_ptr<SignalingState> operation);
    void pair_changed(waiter_ptr<SelectedPair> operation);

  private:
    template <class State>
    void wait(State now, State from, waiter_list<State>& waiting, waiter_ptr<State>&& operation);
    void tell_state();
    void settle_restarted();
    [[nodiscard]] bool restart_failed() const noexcept;
    [[nodiscard]] std::exception_ptr failure() const;

    part_owner& owner_;
    logger log_;
    SignalingState signaling_ = SignalingState::stable;
    IceGatheringState gathering_ = IceGatheringState::new_;
    IceConnectionState ice_ = IceConnectionState::new_;
    PeerConnectionState state_ = PeerConnectionState::new_;
    bool was_connected_ = false;
    bool all_gathered_ = false; // of every generation, and that was told
    bool up_to_date_ = false;   // every selected pair is one of the newest credentials
    std::string failure_text_;
    error_detail failure_ = error_detail::none;
    waiter_list<void> connected_, gathered_, restarted_;
    waiter_list<PeerConnectionState> state_changed_;
    waiter_list<IceConnectionState> ice_changed_;
    waiter_list<IceGatheringState> gathering_changed_;
    waiter_list<SelectedPair> pair_changed_;
    waiter_list<SignalingState> signaling_changed_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/states.ipp"
#endif
