#pragma once

#include "cortc/connection/connection.hpp"

#include <algorithm>
#include <utility>

namespace cortc {

namespace detail {

CORTC_DECL SignalingState to_w3c(jsep::signaling_state state) noexcept {
    switch (state) {
    case jsep::signaling_state::stable:
        return SignalingState::stable;
    case jsep::signaling_state::have_local_offer:
        return SignalingState::have_local_offer;
    case jsep::signaling_state::have_remote_offer:
        return SignalingState::have_remote_offer;
    case jsep::signaling_state::have_local_pranswer:
        return SignalingState::have_local_pranswer;
    case jsep::signaling_state::have_remote_pranswer:
        return SignalingState::have_remote_pranswer;
    case jsep::signaling_state::closed:
        return SignalingState::closed;
    }
    return SignalingState::closed;
}

} // namespace detail

// ---- what the transports report

CORTC_DECL void connection::on_ice_state(transport& which, ice::transport_state state) {
    if (auto at = find(which); at != transports_.end()) show_ice_state(at->second, state);
    update_states();
}

CORTC_DECL void connection::on_dtls_state(transport& which, dtls_transport_state state,
                                          const std::string& why) {
    if (auto at = find(which); at != transports_.end()) show_dtls_state(at->second, state, why);
    if (state == dtls_transport_state::failed || state == dtls_transport_state::closed) failure_text_ = why;
    update_states();
}

CORTC_DECL void connection::on_local_candidate(transport& which, const std::string& ufrag,
                                               const sdp::candidate& candidate) {
    auto at = find(which);
    if (at == transports_.end()) return;
    session_.add_local_candidate(at->first, ufrag, candidate);
    const auto place = session_.place_of(at->first);
    if (!place) return;
    if (!local_candidates_.push(
            IceCandidate(sdp::print_candidate(candidate), place->mid, place->mline_index, ufrag)))
        log_.debug("nobody reads nextIceCandidate(): a candidate is only in the local description");
}

CORTC_DECL void connection::on_gathering_done(transport& which, const std::string& ufrag) {
    auto at = find(which);
    if (at == transports_.end()) return;
    session_.end_of_local_candidates(at->first, ufrag);
    std::erase(at->second.gathering, ufrag);
    if (const auto place = session_.place_of(at->first))
        local_candidates_.push(IceCandidate({}, place->mid, place->mline_index, ufrag));
    update_gathering();
}

CORTC_DECL void connection::on_selected_pair(transport& which, const std::string& local_ufrag) {
    auto at = find(which);
    if (at == transports_.end()) return;
    at->second.selected_ufrag = local_ufrag;
    at->second.view->pair.set(pair_of(at->first, at->second));
    if (auto pair = selected_pair()) pair_changed_.succeed_all(*pair);
    update_states();
    settle_restarted();
}

// ---- states

// webrtc-pc 4.3.2.
CORTC_DECL void connection::update_gathering() {
    for (const auto& [id, entry] : transports_) show_gathering(entry);
    auto next = IceGatheringState::new_;
    for (const auto& [id, entry] : transports_) {
        if (!entry.gathering.empty()) {
            next = IceGatheringState::gathering;
            break;
        }
        if (!entry.local_ufrag.empty()) next = IceGatheringState::complete;
    }
    if (next == gathering_state_) return;
    gathering_state_ = next;
    gathering_changed_.succeed_all(next);
    if (next != IceGatheringState::complete) return;
    gathered_.succeed_all();
    local_candidates_.push(std::nullopt);
}

CORTC_DECL void connection::gathering_complete(waiter_ptr<void> operation) {
    if (closed_)
        operation->fail(errc::aborted, "the connection was closed");
    else if (gathering_state_ == IceGatheringState::complete)
        operation->succeed();
    else
        gathered_.add(std::move(operation));
}

// webrtc-pc 4.3.3, the first that holds; besides, a peer that closed DTLS is gone for good: failed.
CORTC_DECL PeerConnectionState connection::derive_state() const {
    if (closed_) return PeerConnectionState::closed;
    using ice_state = ice::transport_state;
    auto any = [this](auto&& holds) {
        return std::any_of(transports_.begin(), transports_.end(), [&](const auto& each) {
            return holds(each.second.where->ice_state(), each.second.where->dtls_state());
        });
    };
    if (any([](auto ice, auto dtls) {
            return ice == ice_state::failed || dtls == dtls_transport_state::failed ||
                   dtls == dtls_transport_state::closed;
        }))
        return PeerConnectionState::failed;
    if (any([](auto ice, auto) { return ice == ice_state::disconnected; }))
        return PeerConnectionState::disconnected;
    if (!any([](auto ice, auto dtls) {
            return ice != ice_state::fresh || dtls != dtls_transport_state::fresh;
        }))
        return PeerConnectionState::new_;
    if (any([](auto ice, auto dtls) {
            return ice == ice_state::fresh || ice == ice_state::checking ||
                   dtls == dtls_transport_state::fresh || dtls == dtls_transport_state::connecting;
        }))
        return PeerConnectionState::connecting;
    return PeerConnectionState::connected;
}

// webrtc-pc 4.3.4.
CORTC_DECL IceConnectionState connection::derive_ice_state() const {
    using ice_state = ice::transport_state;
    auto any = [this](ice_state wanted) {
        return std::any_of(transports_.begin(), transports_.end(),
                           [&](const auto& each) { return each.second.where->ice_state() == wanted; });
    };
    auto all = [this](std::initializer_list<ice_state> allowed) {
        return std::all_of(transports_.begin(), transports_.end(), [&](const auto& each) {
            return std::find(allowed.begin(), allowed.end(), each.second.where->ice_state()) != allowed.end();
        });
    };
    if (closed_) return IceConnectionState::closed;
    if (any(ice_state::failed)) return IceConnectionState::failed;
    if (any(ice_state::disconnected)) return IceConnectionState::disconnected;
    if (all({ice_state::fresh, ice_state::closed})) return IceConnectionState::new_;
    if (any(ice_state::fresh) || any(ice_state::checking)) return IceConnectionState::checking;
    if (all({ice_state::completed, ice_state::closed})) return IceConnectionState::completed;
    return IceConnectionState::connected;
}

/// webrtc-pc 5.6: both states have changed before iceconnectionstatechange is told, then
/// connectionstatechange.
CORTC_DECL void connection::update_states() {
    const auto ice = std::exchange(ice_state_, derive_ice_state());
    const auto before = std::exchange(state_, derive_state());
    if (ice_state_ != ice) ice_changed_.succeed_all(ice_state_);
    if (state_ != before) tell_state();
}

CORTC_DECL void connection::tell_state() {
    log_.info("connection is {}", to_string(state_));
    if (state_ == PeerConnectionState::connected) {
        connected_.succeed_all();
    } else if (state_ == PeerConnectionState::failed || state_ == PeerConnectionState::closed) {
        connected_.fail_all(failure());
        settle_restarted();
    }
    state_changed_.succeed_all(state_);
}

CORTC_DECL std::exception_ptr connection::failure() const {
    if (closed_) return make_error(errc::aborted, "the connection was closed");
    return make_error(errc::network, failure_text_.empty() ? "ICE failed: no candidate pair works (any more)"
                                                           : failure_text_);
}

CORTC_DECL SignalingState connection::signaling_state() const noexcept {
    return detail::to_w3c(session_.state());
}

// ---- levels

CORTC_DECL void connection::connected(waiter_ptr<void> operation) {
    if (state_ == PeerConnectionState::connected)
        operation->succeed();
    else if (state_ == PeerConnectionState::failed || closed_)
        operation->fail(failure());
    else
        connected_.add(std::move(operation));
}

CORTC_DECL bool connection::selection_is_current() const {
    return !transports_.empty() && std::all_of(transports_.begin(), transports_.end(), [](const auto& each) {
        return !each.second.local_ufrag.empty() && each.second.local_ufrag == each.second.selected_ufrag;
    });
}

/// What failed may be saved by the restart that is being negotiated.
CORTC_DECL bool connection::restart_failed() const {
    return closed_ || (state_ == PeerConnectionState::failed && signaling_state() == SignalingState::stable);
}

CORTC_DECL void connection::restarted(waiter_ptr<void> operation) {
    if (restart_failed())
        operation->fail(failure());
    else if (selection_is_current())
        operation->succeed();
    else
        restarted_.add(std::move(operation));
}

CORTC_DECL void connection::settle_restarted() {
    if (restart_failed())
        restarted_.fail_all(failure());
    else if (selection_is_current())
        restarted_.succeed_all();
}

CORTC_DECL void connection::state_changed(PeerConnectionState from,
                                          waiter_ptr<PeerConnectionState> operation) {
    if (state_ != from) {
        auto now = state_;
        operation->succeed(std::move(now));
    } else if (closed_) {
        operation->fail(errc::aborted, "the connection was closed");
    } else {
        state_changed_.add(std::move(operation));
    }
}

CORTC_DECL void connection::ice_state_changed(IceConnectionState from,
                                              waiter_ptr<IceConnectionState> operation) {
    if (auto now = ice_state_; now != from)
        operation->succeed(std::move(now));
    else if (closed_)
        operation->fail(errc::aborted, "the connection was closed");
    else
        ice_changed_.add(std::move(operation));
}

CORTC_DECL void connection::gathering_state_changed(IceGatheringState from,
                                                    waiter_ptr<IceGatheringState> operation) {
    if (auto now = gathering_state_; now != from)
        operation->succeed(std::move(now));
    else if (closed_)
        operation->fail(errc::aborted, "the connection was closed");
    else
        gathering_changed_.add(std::move(operation));
}

CORTC_DECL void connection::signaling_state_changed(SignalingState from,
                                                    waiter_ptr<SignalingState> operation) {
    if (auto now = signaling_state(); now != from)
        operation->succeed(std::move(now));
    else if (closed_)
        operation->fail(errc::aborted, "the connection was closed");
    else
        signaling_changed_.add(std::move(operation));
}

CORTC_DECL std::optional<SelectedPair> connection::selected_pair() const {
    for (const auto& [id, entry] : transports_)
        if (auto pair = pair_of(id, entry)) return pair;
    return std::nullopt;
}

CORTC_DECL void connection::selected_pair_changed(waiter_ptr<SelectedPair> operation) {
    if (closed_)
        operation->fail(failure());
    else
        pair_changed_.add(std::move(operation));
}

} // namespace cortc
