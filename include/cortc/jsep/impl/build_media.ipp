#pragma once

#include "cortc/jsep/build.hpp"
#include "cortc/jsep/match.hpp"
#include "cortc/jsep/simulcast.hpp"

#include <algorithm>

namespace cortc::jsep {

namespace detail {

/// What every accepted audio or video section of ours begins with.
CORTC_DECL sdp::media_description rtp_media(const section& from, const transceiver& which) {
    sdp::media_description media;
    media.media = from.media;
    media.protocol = from.protocol;
    media.connections = {sdp::connection{}};
    if (from.mid_given) media.mid = from.mid;
    media.msids = sent_msids(which);
    return media;
}

CORTC_DECL void write_codecs(sdp::media_description& media, std::vector<sdp::codec> codecs) {
    for (const auto& codec : codecs) media.formats.push_back(std::to_string(codec.payload_type));
    media.codecs = std::move(codecs);
}

CORTC_DECL const std::vector<codec_capability>& allowed_codecs(const transceiver& which,
                                                               const build_settings& settings) {
    return which.preferred_codecs.empty() ? settings.media->codecs(which.kind) : which.preferred_codecs;
}

CORTC_DECL bool has_extension(const sdp::media_description& media, std::string_view uri) {
    return std::any_of(media.extmaps.begin(), media.extmaps.end(),
                       [uri](const auto& each) { return each.uri == uri; });
}

} // namespace detail

CORTC_DECL std::vector<sdp::msid> sent_msids(const transceiver& which) {
    std::vector<sdp::msid> msids;
    // webrtc-pc checks these against the transceiver's wish, whatever the peer lets us send.
    if (which.ended() || (which.direction & sdp::direction::sendonly) != sdp::direction::sendonly)
        return msids;
    for (const auto& stream : which.streams) msids.push_back({stream, which.sender_id});
    if (msids.empty()) msids.push_back({"-", which.sender_id});
    return msids;
}

CORTC_DECL sdp::media_description media_offer(const section& from, const transceiver& which,
                                              const build_settings& settings, group_numbers& numbers) {
    const auto* negotiated = which.negotiated.get();
    auto media = detail::rtp_media(from, which);
    media.direction = which.direction;
    media.rtcp_mux = true; // in bundle-only sections, too: browsers look for it
    media.rtcp_rsize = !negotiated || negotiated->rtcp_reduced_size;
    media.extmaps = offer_extensions(settings.media->extensions(which.kind), negotiated, numbers);
    detail::write_codecs(media, offer_codecs(detail::allowed_codecs(which, settings),
                                             !which.preferred_codecs.empty(), negotiated, numbers));
    auto layers = offer_layers(which.direction, which.encodings, negotiated, which.receive_rids);
    media.rids = std::move(layers.rids);
    media.simulcast = std::move(layers.simulcast);
    return media;
}

CORTC_DECL sdp::media_description media_answer(const section& from, const transceiver& which,
                                               const sdp::session_description& offer, std::size_t index,
                                               const build_settings& settings) {
    const auto& offered = offer.media[index];
    auto media = detail::rtp_media(from, which);
    auto wanted = which.ended() ? sdp::direction::inactive : which.direction;
    media.direction = sdp::reverse(sdp::effective_direction(offer, offered)) & wanted;
    media.rtcp_mux = offered.rtcp_mux || offered.rtcp_mux_only;
    media.rtcp_rsize = offered.rtcp_rsize;
    media.extmap_allow_mixed = offered.extmap_allow_mixed;
    media.extmaps =
        answer_extensions(settings.media->extensions(which.kind), sdp::effective_extmaps(offer, offered));
    auto codecs = answer_codecs(detail::allowed_codecs(which, settings), offered);
    if (!which.preferred_codecs.empty()) order_codecs(codecs, which.preferred_codecs);
    if (detail::has_extension(media, extension_uri::rid)) { // else the layers could not be told apart
        auto layers = answer_simulcast(offered, codecs);
        if ((*media.direction & sdp::direction::sendonly) == sdp::direction::sendonly)
            answer_sent_layers(layers, offered, codecs, which.encodings);
        media.rids = std::move(layers.rids);
        media.simulcast = std::move(layers.simulcast);
    }
    detail::write_codecs(media, std::move(codecs));
    return media;
}

} // namespace cortc::jsep
