#pragma once

#include "cortc/jsep/apply.hpp"
#include "cortc/jsep/match.hpp"
#include "cortc/jsep/validate.hpp"

#include <algorithm>

namespace cortc::jsep {

namespace detail {

void place_owners(model& next, const std::vector<std::optional<transceiver_id>>& owners);
void associate(model& next, const model* pending, const sdp::session_description& offer,
               const bundle_layout& layout, issued& ids);
void settle_transceivers(model& next, const sdp::session_description& local,
                         const sdp::session_description& remote, const sdp::session_description& answer,
                         bool final_answer, const issued& ids);

CORTC_DECL section section_of(const sdp::media_description& media) {
    section made;
    made.mid_given = media.mid.has_value();
    made.mid = media.mid.value_or("");
    made.media = media.media;
    made.protocol = media.protocol;
    made.formats = media.formats;
    return made;
}

/// A section without a=mid keeps the one that it has among us, or gets a number.
CORTC_DECL void take_sections(model& next, const sdp::session_description& offer) {
    next.sections.resize(offer.media.size());
    std::size_t number = 0;
    for (std::size_t i = 0; i < offer.media.size(); ++i) {
        auto made = section_of(offer.media[i]);
        made.bundled = next.sections[i].bundled;
        if (!made.mid_given) made.mid = next.sections[i].mid;
        if (made.mid.empty()) {
            number = next.unused_mid(&offer, number);
            made.mid = std::to_string(number);
        }
        next.sections[i] = std::move(made);
    }
}

/// The transport of the sections that `tag` stands for: the one in use, else the provisional one of the offer
/// that this replaces, else a new one.
CORTC_DECL transport_id offered_transport(model& next, const model& base, const model& now,
                                          const bundle_layout& layout, const section_tags& tags,
                                          std::size_t tag, bool replaces, issued& ids) {
    for (auto index : layout.members(tag))
        if (tags[index] == tag && index < base.sections.size() && base.sections[index].transport)
            return *base.sections[index].transport;
    transport_state made;
    made.mid = next.sections[tag].mid;
    for (auto index : layout.members(tag)) {
        if (!replaces || tags[index] != tag || index >= now.sections.size()) continue;
        const auto& before = now.sections[index];
        auto taken = !before.transport || before.mid != next.sections[index].mid ||
                     base.find(*before.transport) || next.find(*before.transport);
        if (taken) continue;
        made.id = *before.transport;
        made.mid = now.find(made.id)->mid;
        next.transports.push_back(std::move(made));
        return next.transports.back().id;
    }
    made.id = transport_id(ids.transport++);
    next.transports.push_back(std::move(made));
    return next.transports.back().id;
}

CORTC_DECL void offer_transports(model& next, const model& base, const model& now,
                                 const bundle_layout& layout, const section_tags& tags, bool replaces,
                                 issued& ids) {
    std::vector<std::optional<transport_id>> of_tag(tags.size());
    for (std::size_t i = 0; i < tags.size(); ++i) {
        if (tags[i] == bundle_layout::none) continue;
        auto& id = of_tag[tags[i]];
        if (!id) {
            id = offered_transport(next, base, now, layout, tags, tags[i], replaces, ids);
            next.find(*id)->section = tags[i];
        }
        next.sections[i].transport = next.sections[i].offered = id;
    }
}

CORTC_DECL sctp_settings remote_sctp(const sdp::media_description& media) {
    // RFC 8841 6.1: without the attribute the peer takes 64 KiB.
    return {media.effective_sctp_port().value_or(5000), media.max_message_size.value_or(65536)};
}

/// Pairs the generations of an accepted transport and fixes what only an answer can fix.
CORTC_DECL void settle_transport(transport_state& transport, const sdp::session_description& local,
                                 const sdp::session_description& remote, const bundle_layout& remote_layout,
                                 bool ours) {
    const auto own = transport_of(local, bundle_layout(local), transport.section);
    auto theirs = transport_of(remote, remote_layout, transport.section);
    transport.local = {*own.ice_ufrag, *own.ice_pwd};
    transport.remote = remote_generation{
        {*theirs.ice_ufrag, *theirs.ice_pwd}, *own.ice_ufrag, remote.ice_lite, theirs.ice_options};
    if (transport.role) return;
    auto role_in_answer = *own.setup == sdp::setup_role::active ? dtls_role::client : dtls_role::server;
    transport.role = ours ? role_in_answer : role_from_answer(*theirs.setup);
    transport.fingerprints = usable_fingerprints(theirs.fingerprints);
}

CORTC_DECL applied received(sdp_type type, content_ptr content) {
    return {type, std::move(content), std::make_shared<trickled_candidates>(), {}};
}

CORTC_DECL transport_bearers bearers(const model& next, const section_tags& tags) {
    transport_bearers all(tags.size());
    for (std::size_t i = 0; i < tags.size(); ++i)
        if (tags[i] == i) all[i] = next.sections[i].transport;
    return all;
}

CORTC_DECL void drop_unreferenced(model& next) {
    std::erase_if(next.transports, [&](const auto& transport) {
        return std::none_of(next.sections.begin(), next.sections.end(),
                            [&](const auto& each) { return each.transport == transport.id; });
    });
}

/// Section by section what an answer accepts, then what that says about the transports. A section that the
/// answer bundles goes over to the transport of the one that leads its group.
CORTC_DECL void accept_or_reject(model& next, const sdp::session_description& local,
                                 const sdp::session_description& remote,
                                 const sdp::session_description& answer, bool final_answer) {
    const bundle_layout answer_layout(answer), remote_layout(remote);
    const auto ours = &answer == &local;
    const auto tags = tags_of(answer, answer_layout);
    if (final_answer)
        for (auto& transport : next.transports) transport.sctp.reset();
    for (std::size_t i = 0; i < answer.media.size(); ++i) {
        auto& each = next.sections[i];
        if (answer.media[i].port == 0) {
            if (final_answer) each.transport.reset();
            continue;
        }
        if (!each.offered) continue;
        each.transport = next.sections[tags[i]].offered;
        each.bundled = answer_layout.grouped(i);
        auto& transport = *next.find(*each.transport);
        transport.section = tags[i];
        if (tags[i] == i) settle_transport(transport, local, remote, remote_layout, ours);
        if (each.media == "application") transport.sctp = remote_sctp(remote.media[i]);
    }
    if (final_answer)
        for (auto& each : next.sections) each.offered.reset();
}

} // namespace detail

CORTC_DECL model apply_local_offer(const model& base, const model& now, content_ptr offer,
                                   const offer_places& places, issued& ids) {
    auto next = base;
    auto replaces = now.state == signaling_state::have_local_offer;
    const bundle_layout layout(*offer);
    next.sections.resize(offer->media.size());
    for (std::size_t i = 0; i < offer->media.size(); ++i) {
        auto bundled = next.sections[i].bundled && !next.sections[i].rejected();
        next.sections[i] = detail::section_of(offer->media[i]);
        next.sections[i].bundled = bundled;
    }
    detail::offer_transports(next, base, now, layout, places.tags, replaces, ids);
    for (auto& transport : next.transports) {
        if (next.sections[transport.section].transport != transport.id) continue; // the offer ends it
        auto lines = transport_of(*offer, layout, transport.section);
        transport.local = {*lines.ice_ufrag, *lines.ice_pwd};
    }
    detail::place_owners(next, places.owners);
    // webrtc-pc "set a description": who offers first controls.
    if (!next.controlling) next.controlling = true;
    next.pending_local = applied{sdp_type::offer, std::move(offer), {}, detail::bearers(next, places.tags)};
    next.state = signaling_state::have_local_offer;
    return next;
}

CORTC_DECL model apply_remote_offer(const model& base, const model& now, content_ptr offer,
                                    const section_tags& tags, bool we_are_lite, issued& ids) {
    auto next = base;
    auto replaces = now.state == signaling_state::have_remote_offer;
    const bundle_layout layout(*offer);
    detail::take_sections(next, *offer);
    detail::offer_transports(next, base, now, layout, tags, replaces, ids);
    detail::associate(next, replaces ? &now : nullptr, *offer, layout, ids);
    // A lite peer never controls a full one (RFC 8445 6.1.1).
    if (!next.controlling) next.controlling = offer->ice_lite && !we_are_lite;
    next.pending_remote = detail::received(sdp_type::offer, std::move(offer));
    next.state = signaling_state::have_remote_offer;
    return next;
}

CORTC_DECL model apply_answer(const model& now, content_ptr answer, sdp_type type, bool ours,
                              bool we_are_lite, const issued& ids) {
    auto next = now;
    auto final_answer = type == sdp_type::answer;
    auto offer = ours ? now.pending_remote->content : now.pending_local->content;
    const auto& local = ours ? *answer : *offer;
    const auto& remote = ours ? *offer : *answer;
    detail::accept_or_reject(next, local, remote, *answer, final_answer);
    detail::settle_transceivers(next, local, remote, *answer, final_answer, ids);
    if (we_are_lite && !remote.ice_lite) next.controlling = false; // RFC 8445 6.1.1, whoever offered
    auto bearers =
        ours ? detail::bearers(next, tags_of(*answer, bundle_layout(*answer))) : transport_bearers{};
    if (!final_answer) {
        if (ours)
            next.pending_local = applied{type, std::move(answer), {}, std::move(bearers)};
        else
            next.pending_remote = detail::received(type, std::move(answer));
        next.state = ours ? signaling_state::have_local_pranswer : signaling_state::have_remote_pranswer;
        return next;
    }
    detail::drop_unreferenced(next);
    next.current_local = ours ? applied{type, answer, {}, std::move(bearers)} : *now.pending_local;
    next.current_remote = ours ? *now.pending_remote : detail::received(type, answer);
    next.pending_local.reset();
    next.pending_remote.reset();
    next.state = signaling_state::stable;
    return next;
}

} // namespace cortc::jsep
