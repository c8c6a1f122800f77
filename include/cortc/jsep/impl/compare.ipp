#pragma once

#include "cortc/jsep/apply.hpp"

#include <algorithm>
#include <iterator>

namespace cortc::jsep {

namespace detail {

CORTC_DECL void compare_ice(const transport_state& now, const transport_state* was,
                            const transport_state* stable, std::vector<event>& begun) {
    auto returns = stable && stable->local == now.local; // a rollback: that generation never stopped
    if (!now.local.ufrag.empty() && !returns && !(was && was->local == now.local))
        begun.push_back(local_ice{now.id, now.local.ufrag, now.local.pwd});
}

CORTC_DECL void compare_answered(const transport_state& now, const transport_state* was,
                                 std::uint16_t sctp_port, std::vector<event>& begun) {
    if (now.role && !(was && was->role))
        begun.push_back(dtls_parameters{now.id, *now.role, now.fingerprints});
    if (now.sctp && !(was && was->sctp == now.sctp))
        begun.push_back(
            sctp_parameters{now.id, sctp_port, now.sctp->remote_port, now.sctp->max_message_size});
    auto paired = was && was->remote && now.remote && was->remote->credentials == now.remote->credentials &&
                  was->remote->local_ufrag == now.remote->local_ufrag;
    if (now.remote && !paired)
        begun.push_back(remote_ice{now.id, now.remote->local_ufrag, now.remote->credentials.ufrag,
                                   now.remote->credentials.pwd, now.remote->lite, now.remote->options});
}

CORTC_DECL bool holds_stream(const transceiver* which, const std::string& stream) {
    return which && std::find(which->remote_streams.begin(), which->remote_streams.end(), stream) !=
                        which->remote_streams.end();
}

/// webrtc-pc "process remote tracks": removals of all, then additions of all, then the tracks.
CORTC_DECL void compare_tracks(const model& before, const model& after, std::vector<event>& tracks) {
    for (const auto& was : before.transceivers)
        for (const auto& stream : was.remote_streams)
            if (!holds_stream(after.find(was.id), stream))
                tracks.push_back(remote_track_left{was.id, stream});
    std::vector<event> surfaced;
    for (const auto& now : after.transceivers) {
        const auto* was = before.find(now.id);
        auto received = [](const transceiver* which) {
            return which && which->fired_direction &&
                   (*which->fired_direction & sdp::direction::recvonly) == sdp::direction::recvonly;
        };
        auto surfaces = received(&now) && !received(was);
        for (const auto& stream : now.remote_streams) {
            if (holds_stream(was, stream)) continue;
            tracks.push_back(remote_track_joined{now.id, stream});
            surfaces = true;
        }
        if (surfaces) surfaced.push_back(remote_track{now.id, now.remote_streams});
    }
    std::move(surfaced.begin(), surfaced.end(), std::back_inserter(tracks));
}

} // namespace detail

CORTC_DECL changes compare(const model& base, const model& before, const model& after,
                           std::uint16_t sctp_port) {
    changes out;
    if (after.controlling && after.controlling != before.controlling)
        out.begun.push_back(ice_role{*after.controlling});
    for (const auto& now : after.transports) {
        const auto* was = before.find(now.id);
        if (!was) out.begun.push_back(transport_added{now.id, now.mid});
        detail::compare_ice(now, was, base.find(now.id), out.begun);
        detail::compare_answered(now, was, sctp_port, out.begun);
    }
    for (const auto& was : before.transports) {
        const auto* now = after.find(was.id);
        const auto* stable = base.find(was.id);
        if (!now)
            out.ended.push_back(transport_removed{was.id});
        else if (now->local != was.local && !was.local.ufrag.empty() &&
                 !(stable && stable->local == was.local))
            out.ended.push_back(ice_rolled_back{was.id, was.local.ufrag, now->local.ufrag});
        if (now && was.sctp && !now->sctp) out.ended.push_back(sctp_ended{was.id});
    }
    detail::compare_tracks(before, after, out.tracks);
    return out;
}

} // namespace cortc::jsep
