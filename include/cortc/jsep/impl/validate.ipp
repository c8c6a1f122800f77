#pragma once

#include "cortc/jsep/settle.hpp"
#include "cortc/jsep/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace cortc::jsep {

namespace detail {

outcome<void> validate_tracks(const sdp::session_description& offer, std::size_t index);
outcome<void> validate_bundled_media(const sdp::session_description& content, const section_tags& tags);

CORTC_DECL error does_not_fit(std::string message) {
    return {error_kind::invalid_access, std::move(message), {}, {}};
}

/// What an accepted section that stands for a transport cannot do without, in an offer or an answer.
CORTC_DECL outcome<void> validate_transport(const sdp::session_description& content,
                                            const bundle_layout& layout, std::size_t index) {
    auto transport = transport_of(content, layout, index);
    auto name = section_name(content, index);
    if (!transport.ice_ufrag)
        return does_not_fit(name + ": a=ice-ufrag is missing, here and at session level");
    if (!transport.ice_pwd) return does_not_fit(name + ": a=ice-pwd is missing, here and at session level");
    if (transport.fingerprints.empty())
        return does_not_fit(name + ": a=fingerprint is missing, here and at session level");
    if (usable_fingerprints(transport.fingerprints).empty())
        return does_not_fit(
            fmt::format("{}: a=fingerprint's {} is not supported; sha-256, sha-384, sha-512 and sha-1 are",
                        name, in_quotes(transport.fingerprints.front().algorithm)));
    if (!transport.setup) return does_not_fit(name + ": a=setup is missing, here and at session level");
    return {};
}

/// RFC 8842 4: a new fingerprint asks for a new DTLS association; this one cannot be replaced.
CORTC_DECL outcome<void> validate_association(const transport_state& in_use,
                                              const sdp::session_description& content,
                                              const bundle_layout& layout, std::size_t index) {
    if (!in_use.role) return {};
    if (usable_fingerprints(transport_of(content, layout, index).fingerprints) == in_use.fingerprints)
        return {};
    return does_not_fit(section_name(content, index) +
                        ": a=fingerprint changed, which asks for another DTLS association (RFC 8842 4); this "
                        "one stays, through "
                        "ICE restarts too. A peer with another certificate needs another connection");
}

/// RFC 8842 5.5: actpass in a later offer keeps the roles as they are; active and passive must be what they
/// are.
CORTC_DECL outcome<void> validate_offered_role(const transport_state& in_use,
                                               const sdp::session_description& offer, std::size_t index,
                                               sdp::setup_role setup) {
    if (setup == sdp::setup_role::actpass || role_from_answer(setup) == *in_use.role) return {};
    return does_not_fit(
        fmt::format("{}: a=setup would turn the DTLS roles around; the peer is {} since the first answer",
                    section_name(offer, index), *in_use.role == dtls_role::client ? "passive" : "active"));
}

/// RFC 8839 4.4.1.1.1 and 4.4.2.1: a restart changes both credentials, on both sides; what is no restart
/// changes neither. `before`: those of the last stable state.
CORTC_DECL outcome<void> validate_credentials(const ice_credentials& before,
                                              const sdp::transport_attributes& now, const std::string& name,
                                              std::optional<bool> restarted) {
    const auto same_ufrag = *now.ice_ufrag == before.ufrag, same_pwd = *now.ice_pwd == before.pwd;
    if (restarted == false && !(same_ufrag && same_pwd))
        return does_not_fit(name + ": the answer has new ICE credentials, but the offer did not restart ICE");
    if (restarted == true && (same_ufrag || same_pwd))
        return does_not_fit(fmt::format("{}: the offer restarted ICE, but the answer has the {} of the "
                                        "generation before; both must be new",
                                        name,
                                        !same_ufrag ? "a=ice-pwd"
                                        : !same_pwd ? "a=ice-ufrag"
                                                    : "a=ice-ufrag and a=ice-pwd"));
    if (same_ufrag != same_pwd)
        return does_not_fit(fmt::format(
            "{}: a={} changed, but a={} did not; an ICE restart changes both, everything else neither", name,
            same_ufrag ? "ice-pwd" : "ice-ufrag", same_ufrag ? "ice-ufrag" : "ice-pwd"));
    return {};
}

CORTC_DECL outcome<void> validate_sctp(const model& before, const sdp::session_description& content,
                                       std::size_t index) {
    const auto& media = content.media[index];
    auto name = section_name(content, index);
    if (media.effective_sctp_port() == std::uint16_t{0})
        return does_not_fit(name + ": a=sctp-port:0 is no port; 1 to 65535 are");
    if (index >= before.sections.size() || before.sections[index].rejected()) return {};
    const auto& in_use = before.find(*before.sections[index].transport)->sctp;
    if (in_use && media.effective_sctp_port().value_or(5000) != in_use->remote_port)
        return does_not_fit(fmt::format("{}: a=sctp-port changed from {}; the SCTP association stays", name,
                                        in_use->remote_port));
    return {};
}

/// The transport that each section has stays its own, and is shared by the sections of one group and no
/// other: what runs over it cannot change over.
CORTC_DECL outcome<void> validate_sharing(const std::vector<section>& before,
                                          const sdp::session_description& content, const section_tags& tags) {
    struct pairing {
        transport_id transport;
        std::size_t tag, section;
    };
    std::vector<pairing> known;
    for (std::size_t i = 0; i < tags.size() && i < before.size(); ++i) {
        if (tags[i] == bundle_layout::none || !before[i].transport) continue;
        auto found = std::find_if(known.begin(), known.end(), [&](const auto& each) {
            return each.transport == *before[i].transport || each.tag == tags[i];
        });
        if (found == known.end())
            known.push_back({*before[i].transport, tags[i], i});
        else if (found->transport != *before[i].transport)
            return does_not_fit(fmt::format("{} is bundled with section {}, but has a transport of its own",
                                            section_name(content, i), found->section));
        else if (found->tag != tags[i])
            return does_not_fit(
                fmt::format("{} shares the transport of section {}, but is not bundled with it",
                            section_name(content, i), found->section));
    }
    return {};
}

/// The same for an answer: what was negotiated stays where it is, what is new may be bundled with it, or
/// among itself.
CORTC_DECL outcome<void> validate_answered_sharing(const model& base, const model& now,
                                                   const sdp::session_description& answer,
                                                   const section_tags& tags) {
    std::map<transport_id, std::size_t> tag_of;
    for (std::size_t i = 0; i < tags.size(); ++i) {
        if (tags[i] == bundle_layout::none || !now.sections[i].offered) continue;
        const auto& joined = now.sections[tags[i]].offered;
        auto negotiated = i < base.sections.size() && base.sections[i].transport;
        if (!joined || (negotiated && joined != base.sections[i].transport))
            return does_not_fit(fmt::format("{} is bundled with section {}, but has a transport of its own",
                                            section_name(answer, i), tags[i]));
        if (auto known = tag_of.emplace(*joined, tags[i]).first->second; known != tags[i])
            return does_not_fit(
                fmt::format("{} shares the transport of section {}, but is not bundled with it",
                            section_name(answer, i), known));
    }
    return {};
}

/// RFC 9429 5.10: sections keep their place, kind and mid, unless they were rejected and are used again.
CORTC_DECL outcome<void> validate_order(const model& base, const sdp::session_description& offer) {
    if (offer.media.size() < base.sections.size())
        return does_not_fit(fmt::format(
            "the offer has {} sections, but {} are negotiated; sections that end stay with port 0",
            offer.media.size(), base.sections.size()));
    for (std::size_t i = 0; i < base.sections.size(); ++i) {
        const auto& before = base.sections[i];
        const auto& media = offer.media[i];
        if (before.rejected()) continue;
        if (media.media != before.media)
            return does_not_fit(fmt::format("{}: m={} was negotiated here, not m={}", section_name(offer, i),
                                            in_quotes(before.media), in_quotes(media.media)));
        // RFC 9429 5.10 lets a peer leave mids out; the place says which section it is.
        if (before.mid_given && media.mid && *media.mid != before.mid)
            return does_not_fit(fmt::format("section {}: a=mid:{} was negotiated here, not a=mid:{}", i,
                                            in_quotes(before.mid), in_quotes(*media.mid)));
    }
    return {};
}

/// RFC 3264 6.1. An answer that writes no direction has sendrecv by default: it is taken for what was
/// offered, as far as it goes.
CORTC_DECL outcome<void> validate_answered_direction(const sdp::session_description& offer,
                                                     const sdp::media_description& answered,
                                                     std::size_t index) {
    if (!answered.direction) return {};
    const auto allowed = sdp::reverse(sdp::effective_direction(offer, offer.media[index]));
    if ((*answered.direction & allowed) == *answered.direction) return {};
    return does_not_fit(fmt::format("{}: a={} in the answer; the offer allows {}", section_name(offer, index),
                                    sdp::to_string(*answered.direction),
                                    allowed == sdp::direction::inactive
                                        ? "inactive alone"
                                        : fmt::format("{} and inactive", sdp::to_string(allowed))));
}

CORTC_DECL outcome<void> validate_answered_section(const model& now, const sdp::session_description& answer,
                                                   std::size_t index) {
    const auto& offer = *now.pending_local->content;
    const auto& ours = offer.media[index];
    const auto& theirs = answer.media[index];
    auto name = section_name(offer, index);
    if (theirs.media != ours.media)
        return does_not_fit(fmt::format("{}: m={} was offered here, not m={}", name, in_quotes(ours.media),
                                        in_quotes(theirs.media)));
    if (theirs.mid && ours.mid && *theirs.mid != *ours.mid)
        return does_not_fit(fmt::format("section {}: a=mid:{} was offered here, not a=mid:{}", index,
                                        in_quotes(*ours.mid), in_quotes(*theirs.mid)));
    if (theirs.port == 0) return {};
    if (ours.port == 0 && !ours.bundle_only)
        return does_not_fit(name + ": was offered with port 0 and cannot be accepted");
    auto same_protocol =
        ours.is_rtp() ? theirs.is_rtp() : theirs.protocol == ours.protocol && theirs.is_data_channel();
    if (!same_protocol)
        return does_not_fit(fmt::format("{}: m={} {} was offered here, not {}", name, in_quotes(ours.media),
                                        in_quotes(ours.protocol), in_quotes(theirs.protocol)));
    if (!ours.is_rtp()) return validate_sctp(now, answer, index);
    if (settle_media(offer, answer, index, false).codecs.empty())
        return does_not_fit(name + ": the answer lists none of the codecs that were offered");
    return validate_answered_direction(offer, theirs, index);
}

/// The transport of a section that stands for its group in an answer.
CORTC_DECL outcome<void> validate_answered_transport(const model& base, const model& now,
                                                     const sdp::session_description& answer,
                                                     const bundle_layout& layout, std::size_t index) {
    if (auto fits = validate_transport(answer, layout, index); !fits) return fits;
    auto name = section_name(*now.pending_local->content, index);
    auto attributes = transport_of(answer, layout, index);
    if (*attributes.setup != sdp::setup_role::active && *attributes.setup != sdp::setup_role::passive)
        return does_not_fit(fmt::format("{}: a=setup:{} in an answer; active or passive would be right", name,
                                        sdp::to_string(*attributes.setup)));
    const auto* transport = now.find(*now.sections[index].offered);
    // A provisional answer binds nobody (RFC 9429 4.1.10.1).
    if (const auto* stable = base.find(transport->id); stable && stable->remote) {
        const auto restarted = stable->remote->local_ufrag != transport->local.ufrag;
        if (auto fits = validate_credentials(stable->remote->credentials, attributes, name, restarted); !fits)
            return fits;
    }
    // A role that differs from that of the first answer is not what the peer means: see turned_roles().
    return validate_association(*transport, answer, layout, index);
}

CORTC_DECL outcome<void> validate_offered_transport(const model& base, const sdp::session_description& offer,
                                                    const bundle_layout& layout, const section_tags& tags,
                                                    std::size_t tag) {
    if (auto fits = validate_transport(offer, layout, tag); !fits) return fits;
    auto setup = *transport_of(offer, layout, tag).setup;
    if (setup == sdp::setup_role::holdconn)
        return does_not_fit(section_name(offer, tag) +
                            ": a=setup:holdconn in an offer; actpass would be right");
    const transport_state* in_use = nullptr;
    for (auto index : layout.members(tag))
        if (tags[index] == tag && index < base.sections.size() && base.sections[index].transport)
            in_use = base.find(*base.sections[index].transport);
    if (!in_use || !in_use->role) return {};
    if (in_use->remote) {
        const auto attributes = transport_of(offer, layout, tag);
        auto fits =
            validate_credentials(in_use->remote->credentials, attributes, section_name(offer, tag), {});
        if (!fits) return fits;
    }
    if (auto fits = validate_offered_role(*in_use, offer, tag, setup); !fits) return fits;
    return validate_association(*in_use, offer, layout, tag);
}

} // namespace detail

CORTC_DECL outcome<void> validate_groups(const sdp::session_description& content) {
    std::size_t named = 0;
    for (const auto& group : content.groups)
        if (group.semantics == "BUNDLE") named += group.mids.size();
    if (named > content.media.size()) // bounds the work below, too: the parser keeps the sections few
        return detail::does_not_fit(fmt::format("a=group:BUNDLE names {} mids, but there are {} sections",
                                                named, content.media.size()));
    for (const auto& group : content.groups) {
        if (group.semantics != "BUNDLE") continue;
        for (const auto& mid : group.mids) {
            if (!content.find_mid(mid))
                return detail::does_not_fit(fmt::format(
                    "a=group:BUNDLE names the mid {}, which no section has", detail::in_quotes(mid)));
            if (content.bundle_of(mid) != &group)
                return detail::does_not_fit(
                    fmt::format("the mid {} stands in two a=group:BUNDLE lines", detail::in_quotes(mid)));
        }
    }
    return {};
}

CORTC_DECL dtls_role role_from_answer(sdp::setup_role remote_setup) noexcept {
    return remote_setup == sdp::setup_role::active ? dtls_role::server : dtls_role::client;
}

CORTC_DECL std::vector<std::size_t> turned_roles(const model& now, const sdp::session_description& answer,
                                                 const bundle_layout& layout) {
    std::vector<std::size_t> turned;
    const auto tags = tags_of(answer, layout);
    for (std::size_t i = 0; i < tags.size(); ++i) {
        if (tags[i] != i || !now.sections[i].offered) continue;
        const auto& in_use = *now.find(*now.sections[i].offered);
        if (in_use.role && role_from_answer(*transport_of(answer, layout, i).setup) != *in_use.role)
            turned.push_back(i);
    }
    return turned;
}

CORTC_DECL outcome<void> validate_rtcp_mux(const sdp::session_description& content,
                                           const bundle_layout& layout) {
    for (std::size_t i = 0; i < content.media.size(); ++i) {
        if (!content.media[i].is_rtp() || layout.rejected(i) || multiplexes_rtcp(content, layout, i))
            continue;
        return detail::does_not_fit(detail::section_name(content, i) +
                                    ": a=rtcp-mux is missing, and rtcpMuxPolicy is require");
    }
    return {};
}

CORTC_DECL outcome<void> validate_remote_offer(const model& base, const sdp::session_description& offer,
                                               const bundle_layout& layout, const section_tags& tags) {
    if (auto fits = detail::validate_order(base, offer); !fits) return fits;
    if (auto fits = detail::validate_sharing(base.sections, offer, tags); !fits) return fits;
    for (std::size_t i = 0; i < tags.size(); ++i) {
        if (tags[i] == bundle_layout::none) continue;
        if (tags[i] == i)
            if (auto fits = detail::validate_offered_transport(base, offer, layout, tags, i); !fits)
                return fits;
        auto is_data = !offer.media[i].is_rtp();
        if (auto fits = is_data ? detail::validate_sctp(base, offer, i) : detail::validate_tracks(offer, i);
            !fits)
            return fits;
    }
    return detail::validate_bundled_media(offer, tags);
}

CORTC_DECL outcome<void> validate_remote_answer(const model& base, const model& now,
                                                const sdp::session_description& answer,
                                                const bundle_layout& layout) {
    const auto& offer = *now.pending_local->content;
    if (answer.media.size() != offer.media.size())
        return detail::does_not_fit(
            fmt::format("the answer has {} sections, the offer {}; each needs its answer, in order",
                        answer.media.size(), offer.media.size()));
    const auto tags = tags_of(answer, layout);
    for (std::size_t i = 0; i < answer.media.size(); ++i) {
        if (auto fits = detail::validate_answered_section(now, answer, i); !fits) return fits;
        if (tags[i] != i) continue;
        if (auto fits = detail::validate_answered_transport(base, now, answer, layout, i); !fits) return fits;
    }
    for (const auto& group : answer.groups) {
        if (group.semantics != "BUNDLE") continue;
        for (const auto& mid : group.mids) // RFC 9143 7.3: an answerer adds no section to a group
            if (!offer.bundle_of(mid))
                return detail::does_not_fit(fmt::format(
                    "a=group:BUNDLE in the answer names the mid {}, which the offer did not bundle",
                    detail::in_quotes(mid)));
    }
    if (auto fits = detail::validate_answered_sharing(base, now, answer, tags); !fits) return fits;
    return detail::validate_bundled_media(answer, tags);
}

} // namespace cortc::jsep
