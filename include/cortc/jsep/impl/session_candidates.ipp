#pragma once

#include "cortc/jsep/session.hpp"

#include <algorithm>
#include <utility>

namespace cortc::jsep {

CORTC_DECL bool session::add_local_candidate(transport_id transport, std::string_view ufrag,
                                             sdp::candidate candidate) {
    for (auto& each : gathered_) {
        if (each.transport != transport || each.ufrag != ufrag) continue;
        each.candidates.push_back(std::move(candidate));
        return true;
    }
    return false;
}

CORTC_DECL bool session::end_of_local_candidates(transport_id transport, std::string_view ufrag) {
    for (auto& each : gathered_) {
        if (each.transport != transport || each.ufrag != ufrag) continue;
        each.done = true;
        return true;
    }
    return false;
}

/// One list for each generation of ours that an applied description names; the others are forgotten.
CORTC_DECL void session::keep_gathered() {
    std::vector<gathered> kept;
    auto keep = [&](const transport_state& transport) {
        const auto& ufrag = transport.local.ufrag;
        auto there = [&](const gathered& each) {
            return each.transport == transport.id && each.ufrag == ufrag;
        };
        if (ufrag.empty() || std::any_of(kept.begin(), kept.end(), there)) return;
        auto known = std::find_if(gathered_.begin(), gathered_.end(), there);
        kept.push_back(known != gathered_.end() ? std::move(*known)
                                                : gathered{transport.id, ufrag, {}, false});
    };
    for (const auto& transport : model_.transports) keep(transport);
    for (const auto& transport : base().transports) keep(transport);
    gathered_ = std::move(kept);
}

CORTC_DECL outcome<void> session::add_remote_candidate(const candidate_init& init) {
    if (!init.candidate.empty() && !init.sdp_mid && !init.sdp_mline_index)
        return error{
            error_kind::type,
            "the candidate has neither sdpMid nor sdpMLineIndex; one must say which section it is for",
            {},
            {}};
    if (state() == signaling_state::closed)
        return error{error_kind::invalid_state, "the connection is closed", {}, {}};
    if (!model_.pending_remote && !model_.current_remote)
        return error{error_kind::invalid_state,
                     "there is no remote description yet; a candidate comes after it",
                     {},
                     {}};
    return remote_candidates_.add(model_, init, events_);
}

} // namespace cortc::jsep
