#pragma once

#include "cortc/jsep/session.hpp"

#include <algorithm>
#include <charconv>

namespace cortc::jsep {

namespace detail {

CORTC_DECL bool same_set(const std::vector<sdp::msid>& a, const std::vector<sdp::msid>& b) {
    return std::is_permutation(a.begin(), a.end(), b.begin(), b.end());
}

} // namespace detail

/// webrtc-pc 4.7.3 "check if negotiation is needed", 5.
CORTC_DECL bool transceiver_needs_negotiation(const model& stable, const transceiver& which) {
    // Nothing can be negotiated about one that stops without a section: it would ask for ever (an addition).
    if (which.stopping && !which.stopped) return which.section.has_value();
    if (which.stopped) return which.section && !stable.sections[*which.section].rejected();
    if (!which.section || !stable.current_local) return true;
    const auto& local = *stable.current_local->content;
    const auto& media = local.media[*which.section];
    if (auto sent = sent_msids(which); !sent.empty() && !detail::same_set(sent, media.msids)) return true;
    const auto& remote = *stable.current_remote->content;
    auto ours = sdp::effective_direction(local, media);
    auto theirs = sdp::reverse(sdp::effective_direction(remote, remote.media[*which.section]));
    if (stable.current_local->type == sdp_type::offer)
        return ours != which.direction && theirs != which.direction;
    return ours != (theirs & which.direction);
}

CORTC_DECL const std::vector<transceiver>& session::transceivers() const noexcept {
    return model_.transceivers;
}

CORTC_DECL const transceiver* session::find(transceiver_id which) const noexcept {
    return model_.find(which);
}

/// What the application decides holds in the last stable state, too: a rollback does not take it back.
template <class Change>
void session::change_transceiver(transceiver_id which, Change change) {
    if (auto* found = model_.find(which)) change(*found);
    if (auto* found = stable_ ? stable_->find(which) : nullptr) change(*found);
    ++revision_;
}

/// A transceiver that stopped is stopped for good, whatever is rolled back (webrtc-pc 5.4).
CORTC_DECL void session::keep_stopped() {
    if (!stable_) return;
    for (const auto& each : model_.transceivers)
        if (auto* known = stable_->find(each.id); known && each.stopped && !known->stopped)
            stop_for_good(*known);
}

CORTC_DECL void session::name_senders() {
    for (auto& each : model_.transceivers)
        if (each.sender_id.empty()) each.sender_id = detail::make_uuid(random_);
}

/// A mid that named one section never names another, even when its place is used again: packets that carry
/// it may still be under way.
CORTC_DECL void session::remember_mids() {
    for (const auto& each : model_.sections) {
        std::size_t number = 0;
        auto end = each.mid.data() + each.mid.size();
        auto [at, failure] = std::from_chars(each.mid.data(), end, number);
        if (at == end && failure == std::errc{} && number < 10'000)
            first_mid_ = std::max(first_mid_, number + 1);
    }
}

} // namespace cortc::jsep
