#pragma once

#include "cortc/connection/states.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace cortc {

namespace detail {

// The first that holds; besides, a peer that closed DTLS is gone for good: failed.
CORTC_DECL PeerConnectionState derive_state(std::span<const transport_summary> from) noexcept {
    using ice = ice::transport_state;
    using dtls = dtls_transport_state;
    const auto any = [from](auto&& holds) { return std::any_of(from.begin(), from.end(), holds); };
    if (any([](const auto& each) {
            return each.ice == ice::failed || each.dtls == dtls::failed || each.dtls == dtls::closed;
        }))
        return PeerConnectionState::failed;
    if (any([](const auto& each) { return each.ice == ice::disconnected; }))
        return PeerConnectionState::disconnected;
    if (!any([](const auto& each) { return each.ice != ice::fresh || each.dtls != dtls::fresh; }))
        return PeerConnectionState::new_;
    if (any([](const auto& each) {
            return each.ice == ice::fresh || each.ice == ice::checking || each.dtls == dtls::fresh ||
                   each.dtls == dtls::connecting;
        }))
        return PeerConnectionState::connecting;
    return PeerConnectionState::connected;
}

CORTC_DECL error_detail derive_failure(std::span<const transport_summary> from) noexcept {
    const auto any = [from](auto&& holds) { return std::any_of(from.begin(), from.end(), holds); };
    if (any([](const auto& each) { return each.mismatch; })) return error_detail::fingerprint_failure;
    if (any([](const auto& each) { return each.dtls == dtls_transport_state::failed; }))
        return error_detail::dtls_failure;
    if (any([](const auto& each) { return each.dtls == dtls_transport_state::closed; }))
        return error_detail::peer_closed;
    return error_detail::ice_failure;
}

CORTC_DECL IceConnectionState derive_ice_state(std::span<const transport_summary> from) noexcept {
    using state = ice::transport_state;
    const auto is = [](std::initializer_list<state> wanted) {
        return [wanted](const transport_summary& each) {
            return std::find(wanted.begin(), wanted.end(), each.ice) != wanted.end();
        };
    };
    const auto any = [&](std::initializer_list<state> wanted) {
        return std::any_of(from.begin(), from.end(), is(wanted));
    };
    const auto all = [&](std::initializer_list<state> wanted) {
        return std::all_of(from.begin(), from.end(), is(wanted));
    };
    if (any({state::failed})) return IceConnectionState::failed;
    if (any({state::disconnected})) return IceConnectionState::disconnected;
    if (all({state::fresh, state::closed})) return IceConnectionState::new_;
    if (any({state::fresh, state::checking})) return IceConnectionState::checking;
    if (all({state::completed, state::closed})) return IceConnectionState::completed;
    return IceConnectionState::connected;
}

CORTC_DECL IceGatheringState derive_gathering(std::span<const transport_summary> from) noexcept {
    // The W3C has no transport before a description of ours has one.
    bool any = false, complete = true;
    for (const auto& each : from) {
        if (each.gathering == IceGathererState::gathering) return IceGatheringState::gathering;
        if (!each.described) continue;
        any = true;
        complete = complete && each.gathering == IceGathererState::complete;
    }
    return any && complete ? IceGatheringState::complete : IceGatheringState::new_;
}

CORTC_DECL bool all_gathered(std::span<const transport_summary> from) noexcept {
    return derive_gathering(from) == IceGatheringState::complete &&
           std::none_of(from.begin(), from.end(), [](const auto& each) { return each.untold; });
}

[[nodiscard]] CORTC_DECL bool all_up_to_date(std::span<const transport_summary> from) noexcept {
    return !from.empty() &&
           std::all_of(from.begin(), from.end(), [](const auto& each) { return each.up_to_date; });
}

} // namespace detail

CORTC_DECL connection_states::connection_states(part_owner& owner)
    : owner_(owner), log_(owner.log("connection")) {}

// ---- what has changed

CORTC_DECL void connection_states::set_signaling(SignalingState now) {
    signaling_ = now;
    signaling_changed_.succeed_all(now);
}

CORTC_DECL bool connection_states::update_gathering(std::span<const transport_summary> from) {
    const auto next = detail::derive_gathering(from);
    const auto before = std::exchange(gathering_, next);
    expect_gathering(from);
    if (next != before) gathering_changed_.succeed_all(next);
    if (all_gathered_) gathered_.succeed_all();
    return next != before && next == IceGatheringState::complete;
}

CORTC_DECL void connection_states::update(std::span<const transport_summary> from) {
    const bool closed = owner_.is_closed();
    const auto ice =
        std::exchange(ice_, closed ? IceConnectionState::closed : detail::derive_ice_state(from));
    const auto before =
        std::exchange(state_, closed ? PeerConnectionState::closed : detail::derive_state(from));
    up_to_date_ = detail::all_up_to_date(from);
    if (!closed) // then it stays what it was
        failure_ = state_ == PeerConnectionState::failed ? detail::derive_failure(from) : error_detail::none;
    if (ice_ != ice) ice_changed_.succeed_all(ice_);
    if (state_ != before) tell_state();
}

CORTC_DECL void connection_states::tell_state() {
    log_.info("connection is {}", to_string(state_));
    if (state_ == PeerConnectionState::connected) {
        if (!std::exchange(was_connected_, true)) ++owner_.core()->counted().connections_connected;
        connected_.succeed_all();
    } else if (state_ == PeerConnectionState::failed || state_ == PeerConnectionState::closed) {
        connected_.fail_all(failure());
        settle_restarted();
    }
    state_changed_.succeed_all(state_);
}

CORTC_DECL void connection_states::update_selection(std::span<const transport_summary> from) {
    up_to_date_ = detail::all_up_to_date(from);
    settle_restarted();
}

CORTC_DECL void connection_states::settle_restarted() {
    if (restart_failed())
        restarted_.fail_all(failure());
    else if (up_to_date_)
        restarted_.succeed_all();
}

/// What failed may be saved by the restart that is being negotiated.
CORTC_DECL bool connection_states::restart_failed() const noexcept {
    return owner_.is_closed() ||
           (state_ == PeerConnectionState::failed && signaling_ == SignalingState::stable);
}

CORTC_DECL std::exception_ptr connection_states::failure() const {
    if (owner_.is_closed()) return make_error(errc::aborted, "the connection was closed");
    return std::make_exception_ptr(failed().value());
}

CORTC_DECL std::optional<Error> connection_states::failed() const {
    if (failure_ == error_detail::none) return std::nullopt;
    const bool ice = failure_ == error_detail::ice_failure || failure_text_.empty();
    return Error(errc::network, ice ? "ICE failed: no candidate pair works (any more)" : failure_text_,
                 failure_);
}

CORTC_DECL std::string_view connection_states::end() const {
    if (const auto why = failed()) return why->errorDetail();
    return was_connected_ ? "closed" : "unconnected";
}

CORTC_DECL void connection_states::close(const std::exception_ptr& why) {
    gathered_.fail_all(why);
    gathering_changed_.fail_all(why);
    restarted_.fail_all(why);
    pair_changed_.fail_all(why);
    set_signaling(SignalingState::closed);
}

// ---- what waits

CORTC_DECL void connection_states::connected(waiter_ptr<void> operation) {
    if (state_ == PeerConnectionState::connected)
        operation->succeed();
    else if (state_ == PeerConnectionState::failed || owner_.is_closed())
        operation->fail(failure());
    else
        connected_.add(std::move(operation));
}

CORTC_DECL void connection_states::gathering_complete(waiter_ptr<void> operation) {
    if (owner_.is_closed())
        operation->fail(errc::aborted, "the connection was closed");
    else if (all_gathered_)
        operation->succeed();
    else
        gathered_.add(std::move(operation));
}

CORTC_DECL void connection_states::restarted(waiter_ptr<void> operation) {
    if (restart_failed())
        operation->fail(failure());
    else if (up_to_date_)
        operation->succeed();
    else
        restarted_.add(std::move(operation));
}

template <class State>
void connection_states::wait(State now, State from, waiter_list<State>& waiting,
                             waiter_ptr<State>&& operation) {
    if (now != from)
        operation->succeed(std::move(now));
    else if (owner_.is_closed())
        operation->fail(errc::aborted, "the connection was closed");
    else
        waiting.add(std::move(operation));
}

CORTC_DECL void connection_states::changed(PeerConnectionState from,
                                           waiter_ptr<PeerConnectionState> operation) {
    wait(state_, from, state_changed_, std::move(operation));
}

CORTC_DECL void connection_states::ice_changed(IceConnectionState from,
                                               waiter_ptr<IceConnectionState> operation) {
    wait(ice_, from, ice_changed_, std::move(operation));
}

CORTC_DECL void connection_states::gathering_changed(IceGatheringState from,
                                                     waiter_ptr<IceGatheringState> operation) {
    wait(gathering_, from, gathering_changed_, std::move(operation));
}

CORTC_DECL void connection_states::signaling_changed(SignalingState from,
                                                     waiter_ptr<SignalingState> operation) {
    wait(signaling_, from, signaling_changed_, std::move(operation));
}

CORTC_DECL void connection_states::pair_changed(waiter_ptr<SelectedPair> operation) {
    if (owner_.is_closed())
        operation->fail(failure());
    else
        pair_changed_.add(std::move(operation));
}

} // namespace cortc
