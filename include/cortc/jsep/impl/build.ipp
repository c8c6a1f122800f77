#pragma once

#include "cortc/jsep/build.hpp"
#include "cortc/jsep/validate.hpp"

#include <algorithm>
#include <array>

namespace cortc::jsep {

namespace detail {

CORTC_DECL std::string random_ice_chars(random_source& random, std::size_t size) {
    constexpr std::string_view ice_chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text(size, ' ');
    random.fill(std::as_writable_bytes(std::span(text.data(), text.size())));
    for (auto& c : text) c = ice_chars[static_cast<unsigned char>(c) % ice_chars.size()];
    return text;
}

/// Everything above the first m= line (RFC 9429 5.2.1).
CORTC_DECL sdp::session_description empty_description(const build_settings& settings) {
    sdp::session_description content;
    content.origin.session_id = std::to_string(settings.session_id);
    content.origin.session_version = std::to_string(settings.session_version);
    content.transport.ice_options = settings.ice_options;
    content.ice_lite = settings.ice_lite;
    content.identity = settings.identity;
    return content;
}

CORTC_DECL sdp::media_description rejected_media(const section& from) {
    sdp::media_description media;
    media.media = from.media;
    media.port = 0;
    media.protocol = from.protocol;
    media.formats = {
        from.formats.empty() ? "0" : from.formats.front()}; // RFC 3264 6: one at least, its value is ignored
    media.connections = {sdp::connection{}};
    if (from.mid_given) media.mid = from.mid;
    if (media.is_rtp()) media.direction = sdp::direction::inactive;
    return media;
}

CORTC_DECL void write_transport(sdp::media_description& media, const transport_lines& lines,
                                const build_settings& settings) {
    media.transport.ice_ufrag = lines.ice.ufrag;
    media.transport.ice_pwd = lines.ice.pwd;
    media.transport.fingerprints = settings.fingerprints;
    media.transport.setup = lines.setup;
}

/// A section for data channels, in the form of RFC 8841 or in the older one that the peer began with.
CORTC_DECL sdp::media_description data_media(const section& from, const build_settings& settings) {
    sdp::media_description media;
    media.media = from.media;
    media.protocol = from.protocol;
    media.connections = {sdp::connection{}};
    if (from.mid_given) media.mid = from.mid;
    if (from.protocol == "DTLS/SCTP") {
        media.formats = {std::to_string(settings.sctp_port)};
        media.sctpmap = sdp::sctpmap{settings.sctp_port, "webrtc-datachannel", 65535};
    } else {
        media.formats = {"webrtc-datachannel"};
        media.sctp_port = settings.sctp_port;
    }
    media.max_message_size = settings.max_message_size;
    return media;
}

/// RFC 9143 7.3: the answer's groups are the offered ones without the sections that it rejects.
CORTC_DECL void answer_bundle(sdp::session_description& answer, const sdp::session_description& offer) {
    for (const auto& offered : offer.groups) {
        if (offered.semantics != "BUNDLE") continue;
        sdp::group bundle{"BUNDLE", {}};
        for (const auto& mid : offered.mids) {
            auto index = offer.find_mid(mid);
            if (index && answer.media[*index].port != 0) bundle.mids.push_back(mid); // none is bundle-only
        }
        if (!bundle.mids.empty()) answer.groups.push_back(std::move(bundle));
    }
}

/// RFC 8842 5.3: the roles stay once negotiated; a free choice makes us the client, which saves a round trip.
CORTC_DECL sdp::setup_role answered_setup(const transport_state& transport, sdp::setup_role offered) {
    auto client = transport.role ? *transport.role == dtls_role::client : offered != sdp::setup_role::active;
    return client ? sdp::setup_role::active : sdp::setup_role::passive;
}

/// RFC 8839 4.4.1.1: an answer to a restart has new credentials, any other keeps those in use.
CORTC_DECL ice_credentials answered_credentials(const transport_state& transport,
                                                const sdp::transport_attributes& offered,
                                                std::string_view ufrag_prefix, random_source& random) {
    auto keeps = transport.remote && !transport.local.ufrag.empty() &&
                 transport.remote->credentials == ice_credentials{*offered.ice_ufrag, *offered.ice_pwd};
    return keeps ? transport.local : make_credentials(random, ufrag_prefix);
}

} // namespace detail

CORTC_DECL ice_credentials make_credentials(random_source& random, std::string_view ufrag_prefix) {
    auto ufrag = std::string(ufrag_prefix) + detail::random_ice_chars(random, 8);
    return {std::move(ufrag), detail::random_ice_chars(random, 24)};
}

namespace detail {

/// RFC 9429 5.3.1: when the section that stands for a transport has no codec left, its group is rejected.
CORTC_DECL std::vector<bool> finally_rejected(const model& now, const std::vector<bool>& without_codecs) {
    auto rejected = without_codecs;
    for (std::size_t i = 0; i < rejected.size(); ++i) {
        const auto& each = now.sections[i];
        rejected[i] = rejected[i] || each.rejected() || without_codecs[now.find(*each.transport)->section];
    }
    return rejected;
}

} // namespace detail

CORTC_DECL sdp::session_description build_answer(const model& now, const build_settings& settings,
                                                 random_source& random) {
    const auto& offer = *now.pending_remote->content;
    const bundle_layout layout(offer);
    auto answer = detail::empty_description(settings);
    answer.extmap_allow_mixed = offer.extmap_allow_mixed;
    std::vector<transport_lines> lines; // of each transport
    for (const auto& transport : now.transports) {
        auto offered = transport_of(offer, layout, transport.section);
        auto& made = lines.emplace_back();
        auto used = now.sections[transport.section].transport == transport.id;
        if (!used) continue; // the offer ends it
        made.ice = detail::answered_credentials(transport, offered, settings.ufrag_prefix, random);
        made.setup = detail::answered_setup(transport, *offered.setup);
    }
    std::vector<bool> without_codecs(offer.media.size());
    for (std::size_t i = 0; i < offer.media.size(); ++i) {
        const auto& each = now.sections[i];
        if (each.rejected()) {
            answer.media.push_back(detail::rejected_media(each));
            continue;
        }
        const auto& own = lines[static_cast<std::size_t>(now.find(*each.transport) - now.transports.data())];
        const auto* which = now.transceiver_of(i);
        answer.media.push_back(which ? media_answer(each, *which, offer, i, settings)
                                     : detail::data_media(each, settings));
        detail::write_transport(answer.media.back(), own, settings);
        without_codecs[i] = which && answer.media.back().codecs.empty();
    }
    const auto rejected = detail::finally_rejected(now, without_codecs);
    for (std::size_t i = 0; i < rejected.size(); ++i)
        if (rejected[i]) answer.media[i] = detail::rejected_media(now.sections[i]);
    detail::answer_bundle(answer, offer);
    return answer;
}

} // namespace cortc::jsep
