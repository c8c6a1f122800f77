#pragma once

#include "cortc/transport/remote_names.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cortc {

CORTC_DECL bool remote_names::is_named(const sdp::candidate& candidate) noexcept {
    return candidate.type == sdp::candidate_type::host &&
           candidate.transport == sdp::candidate_transport::udp && candidate.component == 1 &&
           mdns::is_candidate_name(candidate.address);
}

CORTC_DECL bool remote_names::add(mdns::service& by, const std::string& ufrag,
                                  const sdp::candidate& candidate) {
    if (waiting_.size() >= limit_) return false;
    const auto at = waiting_.insert(waiting_.end(), waiting{ufrag, candidate});
    at->asked = by.resolve(candidate.address, [this, at](const auto& what) { take(at, what); });
    if (at->asked) return true;
    waiting_.erase(at);
    return false;
}

CORTC_DECL bool remote_names::hold_end(const std::string& ufrag) {
    if (!waits(ufrag)) return false;
    if (std::ranges::find(over_, ufrag) == over_.end()) over_.push_back(ufrag);
    return true;
}

CORTC_DECL void remote_names::clear() noexcept {
    over_.clear();
    for (auto& each : waiting_) each.asked.reset();
    waiting_.clear();
}

CORTC_DECL bool remote_names::waits(std::string_view ufrag) const noexcept {
    return std::ranges::any_of(waiting_, [ufrag](const waiting& each) { return each.ufrag == ufrag; });
}

CORTC_DECL void remote_names::take(std::list<waiting>::iterator at,
                                   const result<std::vector<ip_address>>& what) {
    const auto done = std::move(*at);
    waiting_.erase(at);
    const bool end = !waits(done.ufrag) && std::erase(over_, done.ufrag) != 0;
    // Several are one machine's addresses: one of them is enough
    // (draft-ietf-mmusic-mdns-ice-candidates 3.2.1).
    const auto tell_end = ended_; // this may be gone then
    found_(done.ufrag, done.candidate, what ? std::optional(what->front()) : std::nullopt);
    if (end) tell_end(done.ufrag);
}

} // namespace cortc
