#pragma once

#include "cortc/jsep/validate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cortc::jsep {

namespace detail {

CORTC_DECL error does_not_fit(std::string message) {
    return {error_kind::invalid_access, std::move(message), {}, {}};
}

/// What a data section cannot do without, in an offer or an answer.
CORTC_DECL outcome<void> validate_transport(const sdp::session_description& content, std::size_t index) {
    auto transport = transport_of(content, index);
    auto name = section_name(content, index);
    if (!transport.ice_ufrag)
        return does_not_fit(name + ": a=ice-ufrag is missing, here and at session level");
    if (!transport.ice_pwd) return does_not_fit(name + ": a=ice-pwd is missing, here and at session level");
    if (transport.fingerprints.empty())
        return does_not_fit(name + ": a=fingerprint is missing, here and at session level");
    if (usable_fingerprints(transport.fingerprints).empty())
        return does_not_fit(
            fmt::format("{}: a=fingerprint:{} is not supported; sha-256, sha-384, sha-512 and sha-1 are",
                        name, transport.fingerprints.front().algorithm));
    if (!transport.setup) return does_not_fit(name + ": a=setup is missing, here and at session level");
    if (content.media[index].effective_sctp_port() == std::uint16_t{0})
        return does_not_fit(name + ": a=sctp-port:0 is no port; 1 to 65535 are");
    return {};
}

/// RFC 8842 4: a new fingerprint, or the opposite role, asks for a new DTLS association; this one cannot be
/// replaced.
CORTC_DECL outcome<void> validate_association(const transport_state& in_use,
                                              const sdp::session_description& content, std::size_t index,
                                              dtls_role our_role) {
    auto name = section_name(content, index);
    if (!in_use.role) return {};
    if (usable_fingerprints(transport_of(content, index).fingerprints) != in_use.fingerprints)
        return does_not_fit(
            name +
            ": a=fingerprint changed, but the DTLS association stays the one that was negotiated first");
    if (our_role != *in_use.role)
        return does_not_fit(
            fmt::format("{}: a=setup would turn the DTLS roles around; the peer is {} since the first answer",
                        name, *in_use.role == dtls_role::client ? "passive" : "active"));
    if (in_use.sctp && content.media[index].effective_sctp_port().value_or(5000) != in_use.sctp->remote_port)
        return does_not_fit(fmt::format("{}: a=sctp-port changed from {}; the SCTP association stays", name,
                                        in_use.sctp->remote_port));
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
                                            before.media, media.media));
        // RFC 9429 5.10 lets a peer leave mids out; the place says which section it is.
        if (before.mid_given && media.mid && *media.mid != before.mid)
            return does_not_fit(fmt::format("section {}: a=mid:{} was negotiated here, not a=mid:{}", i,
                                            before.mid, *media.mid));
    }
    return {};
}

CORTC_DECL outcome<void> validate_answered_section(const model& now, const sdp::session_description& answer,
                                                   std::size_t index) {
    const auto& offer = *now.pending_local->content;
    const auto& ours = offer.media[index];
    const auto& theirs = answer.media[index];
    auto name = section_name(offer, index);
    if (theirs.media != ours.media)
        return does_not_fit(
            fmt::format("{}: m={} was offered here, not m={}", name, ours.media, theirs.media));
    if (theirs.mid && ours.mid && *theirs.mid != *ours.mid)
        return does_not_fit(fmt::format("section {}: a=mid:{} was offered here, not a=mid:{}", index,
                                        *ours.mid, *theirs.mid));
    if (theirs.port == 0) return {};
    if (is_rejected(offer, index))
        return does_not_fit(name + ": was offered with port 0 and cannot be accepted");
    if (theirs.protocol != ours.protocol || !theirs.is_data_channel())
        return does_not_fit(fmt::format("{}: m={} {} was offered here, not {}", name, ours.media,
                                        ours.protocol, theirs.protocol));
    if (auto fits = validate_transport(answer, index); !fits) return fits;
    auto attributes = transport_of(answer, index);
    if (*attributes.setup != sdp::setup_role::active && *attributes.setup != sdp::setup_role::passive)
        return does_not_fit(fmt::format("{}: a=setup:{} in an answer; active or passive would be right", name,
                                        sdp::to_string(*attributes.setup)));
    const auto* transport = now.find(*now.sections[index].transport);
    // RFC 8839 4.4.1.1.1: only an offer restarts ICE.
    if (transport->remote && transport->remote->local_ufrag == transport->local.ufrag &&
        transport->remote->credentials != ice_credentials{*attributes.ice_ufrag, *attributes.ice_pwd})
        return does_not_fit(name + ": the answer has new ICE credentials, but the offer did not restart ICE");
    return validate_association(*transport, answer, index, role_from_answer(*attributes.setup));
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
                return detail::does_not_fit(
                    fmt::format("a=group:BUNDLE names the mid {}, which no section has", mid));
            if (content.bundle_of(mid) != &group)
                return detail::does_not_fit(
                    fmt::format("the mid {} stands in two a=group:BUNDLE lines", mid));
        }
    }
    return {};
}

CORTC_DECL dtls_role role_from_answer(sdp::setup_role remote_setup) noexcept {
    return remote_setup == sdp::setup_role::active ? dtls_role::server : dtls_role::client;
}

CORTC_DECL outcome<void> validate_rtcp_mux(const sdp::session_description& content) {
    for (std::size_t i = 0; i < content.media.size(); ++i) {
        const auto& media = content.media[i];
        if (!media.is_rtp() || media.rtcp_mux || detail::is_rejected(content, i)) continue;
        const auto* group = media.mid ? content.bundle_of(*media.mid) : nullptr;
        if (group && group->mids.front() != *media.mid)
            continue; // RFC 9143 7.1.3: the first one speaks for it
        return detail::does_not_fit(detail::section_name(content, i) +
                                    ": a=rtcp-mux is missing, and rtcpMuxPolicy is require");
    }
    return {};
}

CORTC_DECL outcome<void> validate_remote_offer(const model& base, const sdp::session_description& offer) {
    if (auto fits = detail::validate_order(base, offer); !fits) return fits;
    auto data = detail::choose_data_section(base, offer);
    if (!data) return {};
    if (auto fits = detail::validate_transport(offer, *data); !fits) return fits;
    auto setup = *detail::transport_of(offer, *data).setup;
    if (setup == sdp::setup_role::holdconn)
        return detail::does_not_fit(detail::section_name(offer, *data) +
                                    ": a=setup:holdconn in an offer; actpass would be right");
    const auto* in_use = *data < base.sections.size() && !base.sections[*data].rejected()
                             ? base.find(*base.sections[*data].transport)
                             : nullptr;
    if (!in_use || !in_use->role) return {};
    // RFC 8842 5.5: actpass in a later offer keeps the roles as they are.
    auto role = setup == sdp::setup_role::actpass ? *in_use->role : role_from_answer(setup);
    return detail::validate_association(*in_use, offer, *data, role);
}

CORTC_DECL outcome<void> validate_remote_answer(const model& now, const sdp::session_description& answer) {
    const auto& offer = *now.pending_local->content;
    if (answer.media.size() != offer.media.size())
        return detail::does_not_fit(
            fmt::format("the answer has {} sections, the offer {}; each needs its answer, in order",
                        answer.media.size(), offer.media.size()));
    for (std::size_t i = 0; i < answer.media.size(); ++i)
        if (auto fits = detail::validate_answered_section(now, answer, i); !fits) return fits;
    for (const auto& group : answer.groups) {
        if (group.semantics != "BUNDLE") continue;
        for (const auto& mid : group.mids) // RFC 9143 7.3: an answerer adds no section to a group
            if (!offer.bundle_of(mid))
                return detail::does_not_fit(fmt::format(
                    "a=group:BUNDLE in the answer names the mid {}, which the offer did not bundle", mid));
    }
    return {};
}

} // namespace cortc::jsep
