#pragma once

#include "cortc/jsep/apply.hpp"
#include "cortc/jsep/validate.hpp"

#include <algorithm>

namespace cortc::jsep {

namespace detail {

CORTC_DECL section section_of(const sdp::media_description& media) {
    section made;
    made.mid_given = media.mid.has_value();
    made.mid = media.mid.value_or("");
    made.media = media.media;
    made.protocol = media.protocol;
    made.formats = media.formats;
    return made;
}

/// The transport of section `index` in an offer: the one in use, else the provisional one of the offer that
/// this replaces, else a new one.
CORTC_DECL transport_id offered_transport(model& next, const model& base, const model& now, std::size_t index,
                                          bool replaces, std::uint32_t& next_id) {
    const auto& mid = next.sections[index].mid;
    if (index < base.sections.size() && base.sections[index].transport)
        return *base.sections[index].transport;
    if (replaces && index < now.sections.size() && now.sections[index].mid == mid &&
        now.sections[index].transport) {
        auto provisional = *now.sections[index].transport;
        transport_state kept;
        kept.id = provisional;
        kept.mid = mid;
        next.transports.push_back(std::move(kept));
        return provisional;
    }
    transport_state made;
    made.id = transport_id(next_id++);
    made.mid = mid;
    next.transports.push_back(std::move(made));
    return next.transports.back().id;
}

CORTC_DECL sctp_settings remote_sctp(const sdp::media_description& media) {
    // RFC 8841 6.1: without the attribute the peer takes 64 KiB.
    return {media.effective_sctp_port().value_or(5000), media.max_message_size.value_or(65536)};
}

/// An accepted section: pairs the generations and fixes what only an answer can fix.
CORTC_DECL void settle_transport(transport_state& transport, const sdp::session_description& local,
                                 const sdp::session_description& remote, std::size_t index, bool ours) {
    const auto& own = local.media[index].transport;
    auto theirs = transport_of(remote, index);
    transport.local = {*own.ice_ufrag, *own.ice_pwd};
    transport.remote = remote_generation{
        {*theirs.ice_ufrag, *theirs.ice_pwd}, *own.ice_ufrag, remote.ice_lite, theirs.ice_options};
    if (!transport.role) {
        auto role_in_answer = *own.setup == sdp::setup_role::active ? dtls_role::client : dtls_role::server;
        transport.role = ours ? role_in_answer : role_from_answer(*theirs.setup);
        transport.fingerprints = usable_fingerprints(theirs.fingerprints);
    }
    transport.sctp = remote_sctp(remote.media[index]);
}

CORTC_DECL void drop_unreferenced(model& next) {
    std::erase_if(next.transports, [&](const auto& transport) {
        return std::none_of(next.sections.begin(), next.sections.end(),
                            [&](const auto& each) { return each.transport == transport.id; });
    });
}

CORTC_DECL void accept_or_reject(model& next, const sdp::session_description& local,
                                 const sdp::session_description& remote,
                                 const sdp::session_description& answer, bool final_answer, bool ours) {
    for (std::size_t i = 0; i < answer.media.size(); ++i) {
        auto& each = next.sections[i];
        if (each.rejected()) continue;
        if (answer.media[i].port != 0)
            settle_transport(*next.find(*each.transport), local, remote, i, ours);
        else if (final_answer)
            each.transport.reset();
    }
}

} // namespace detail

CORTC_DECL model apply_local_offer(const model& base, const model& now, content_ptr offer,
                                   std::uint32_t& next_id) {
    auto next = base;
    auto replaces = now.state == signaling_state::have_local_offer;
    for (std::size_t i = 0; i < offer->media.size(); ++i) {
        const auto& media = offer->media[i];
        auto made = detail::section_of(media);
        if (i < next.sections.size())
            next.sections[i] = std::move(made);
        else
            next.sections.push_back(std::move(made));
        if (media.port == 0) continue;
        auto id = detail::offered_transport(next, base, now, i, replaces, next_id);
        next.sections[i].transport = id;
        next.find(id)->local = {*media.transport.ice_ufrag, *media.transport.ice_pwd};
    }
    // webrtc-pc "set a description": who offers first controls.
    if (!next.controlling) next.controlling = true;
    next.pending_local = applied{sdp_type::offer, std::move(offer)};
    next.state = signaling_state::have_local_offer;
    return next;
}

CORTC_DECL model apply_remote_offer(const model& base, const model& now, content_ptr offer, bool we_are_lite,
                                    std::uint32_t& next_id) {
    auto next = base;
    auto replaces = now.state == signaling_state::have_remote_offer;
    auto data = detail::choose_data_section(base, *offer);
    next.sections.resize(offer->media.size());
    for (std::size_t i = 0; i < offer->media.size(); ++i) {
        auto made = detail::section_of(offer->media[i]);
        if (!made.mid_given)
            made.mid = !next.sections[i].mid.empty() ? next.sections[i].mid : next.unused_mid(offer.get());
        next.sections[i] = std::move(made);
        if (i == data)
            next.sections[i].transport = detail::offered_transport(next, base, now, i, replaces, next_id);
    }
    // A lite peer never controls a full one (RFC 8445 6.1.1).
    if (!next.controlling) next.controlling = offer->ice_lite && !we_are_lite;
    next.pending_remote = applied{sdp_type::offer, std::move(offer)};
    next.state = signaling_state::have_remote_offer;
    return next;
}

CORTC_DECL model apply_answer(const model& now, content_ptr answer, sdp_type type, bool ours,
                              bool we_are_lite) {
    auto next = now;
    auto final_answer = type == sdp_type::answer;
    auto offer = ours ? now.pending_remote->content : now.pending_local->content;
    const auto& local = ours ? *answer : *offer;
    const auto& remote = ours ? *offer : *answer;
    detail::accept_or_reject(next, local, remote, *answer, final_answer, ours);
    if (we_are_lite && !remote.ice_lite) next.controlling = false; // RFC 8445 6.1.1, whoever offered
    if (!final_answer) {
        (ours ? next.pending_local : next.pending_remote) = applied{type, std::move(answer)};
        next.state = ours ? signaling_state::have_local_pranswer : signaling_state::have_remote_pranswer;
        return next;
    }
    detail::drop_unreferenced(next);
    next.current_local = applied{ours ? type : sdp_type::offer, ours ? answer : offer};
    next.current_remote = applied{ours ? sdp_type::offer : type, ours ? offer : answer};
    next.pending_local.reset();
    next.pending_remote.reset();
    next.state = signaling_state::stable;
    return next;
}

CORTC_DECL changes compare(const model& base, const model& before, const model& after,
                           std::uint16_t sctp_port) {
    changes out;
    if (after.controlling && after.controlling != before.controlling)
        out.begun.push_back(ice_role{*after.controlling});
    for (const auto& now : after.transports) {
        const auto* was = before.find(now.id);
        const auto* stable = base.find(now.id);
        if (!was) out.begun.push_back(transport_added{now.id, now.mid});
        auto returns = stable && stable->local == now.local; // a rollback: that generation never stopped
        if (!now.local.ufrag.empty() && !returns && !(was && was->local == now.local))
            out.begun.push_back(local_ice{now.id, now.local.ufrag, now.local.pwd});
        if (now.role && !(was && was->role))
            out.begun.push_back(dtls_parameters{now.id, *now.role, now.fingerprints});
        if (now.sctp && !(was && was->sctp == now.sctp))
            out.begun.push_back(
                sctp_parameters{now.id, sctp_port, now.sctp->remote_port, now.sctp->max_message_size});
        auto paired = was && was->remote && now.remote &&
                      was->remote->credentials == now.remote->credentials &&
                      was->remote->local_ufrag == now.remote->local_ufrag;
        if (now.remote && !paired)
            out.begun.push_back(remote_ice{now.id, now.remote->local_ufrag, now.remote->credentials.ufrag,
                                           now.remote->credentials.pwd, now.remote->lite,
                                           now.remote->options});
    }
    for (const auto& was : before.transports) {
        const auto* now = after.find(was.id);
        const auto* stable = base.find(was.id);
        if (!now)
            out.ended.push_back(transport_removed{was.id});
        else if (now->local != was.local && !was.local.ufrag.empty() &&
                 !(stable && stable->local == was.local))
            out.ended.push_back(ice_rolled_back{was.id, was.local.ufrag});
    }
    return out;
}

} // namespace cortc::jsep
