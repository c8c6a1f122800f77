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
    content.origin.session_id = settings.session_id;
    content.origin.session_version = settings.session_version;
    content.transport.ice_options = {"trickle", "ice2"};
    content.ice_lite = settings.ice_lite;
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

/// A section for data channels, in the form of RFC 8841 or in the older one that the peer began with.
CORTC_DECL sdp::media_description data_media(const section& from, const ice_credentials& ice,
                                             sdp::setup_role setup, const build_settings& settings) {
    sdp::media_description media;
    media.media = from.media;
    media.protocol = from.protocol;
    media.connections = {sdp::connection{}};
    media.transport.ice_ufrag = ice.ufrag;
    media.transport.ice_pwd = ice.pwd;
    media.transport.fingerprints = settings.fingerprints;
    media.transport.setup = setup;
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

CORTC_DECL section new_data_section(std::string mid) {
    section added;
    added.mid = std::move(mid);
    added.media = "application";
    added.protocol = "UDP/DTLS/SCTP";
    return added;
}

/// RFC 9143 7.2: every section that is not rejected is offered in one group.
CORTC_DECL void offer_bundle(sdp::session_description& offer) {
    sdp::group bundle{"BUNDLE", {}};
    for (const auto& media : offer.media)
        if (media.port != 0) bundle.mids.push_back(*media.mid);
    if (!bundle.mids.empty()) offer.groups.push_back(std::move(bundle));
}

/// RFC 9143 7.3: the answer's groups are the offered ones without the sections that it rejects.
CORTC_DECL void answer_bundle(sdp::session_description& answer, const sdp::session_description& offer) {
    for (const auto& offered : offer.groups) {
        if (offered.semantics != "BUNDLE") continue;
        sdp::group bundle{"BUNDLE", {}};
        for (const auto& mid : offered.mids) {
            auto index = offer.find_mid(mid);
            if (index && answer.media[*index].port != 0) bundle.mids.push_back(mid);
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

CORTC_DECL sdp::session_description build_offer(const model& now, const offer_plan& plan,
                                                const build_settings& settings, random_source& random) {
    auto offer = detail::empty_description(settings);
    auto needs_data = plan.data_wanted && !now.data_section();
    auto fresh = [&] { return make_credentials(random, settings.ufrag_prefix); };
    auto add_data = [&] {
        auto added = detail::new_data_section(now.unused_mid());
        needs_data = false;
        return detail::data_media(added, fresh(), sdp::setup_role::actpass, settings);
    };
    for (auto each : now.sections) {
        each.mid_given = true; // RFC 9429 5.2.1: in our offers every section has one
        if (each.rejected()) {
            // RFC 9429 5.2.2: a rejected section is used again, under a new mid, before one is added.
            offer.media.push_back(needs_data ? add_data() : detail::rejected_media(each));
            continue;
        }
        const auto& in_use = now.find(*each.transport)->local;
        auto replaced = plan.restart || in_use.ufrag.empty() ||
                        std::find(plan.replace.begin(), plan.replace.end(), in_use) != plan.replace.end();
        // RFC 8842 5.5: actpass in every offer; after the first answer it keeps the roles.
        offer.media.push_back(
            detail::data_media(each, replaced ? fresh() : in_use, sdp::setup_role::actpass, settings));
    }
    if (needs_data) offer.media.push_back(add_data());
    detail::offer_bundle(offer);
    return offer;
}

CORTC_DECL sdp::session_description build_answer(const model& now, const build_settings& settings,
                                                 random_source& random) {
    const auto& offer = *now.pending_remote->content;
    auto answer = detail::empty_description(settings);
    for (std::size_t i = 0; i < offer.media.size(); ++i) {
        const auto& each = now.sections[i];
        if (each.rejected()) {
            answer.media.push_back(detail::rejected_media(each));
            continue;
        }
        const auto& transport = *now.find(*each.transport);
        auto offered = detail::transport_of(offer, i);
        auto ice = detail::answered_credentials(transport, offered, settings.ufrag_prefix, random);
        answer.media.push_back(
            detail::data_media(each, ice, detail::answered_setup(transport, *offered.setup), settings));
    }
    detail::answer_bundle(answer, offer);
    return answer;
}

} // namespace cortc::jsep
