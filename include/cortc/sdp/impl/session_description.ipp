#pragma once

#include "cortc/sdp/detail/text.hpp"
#include "cortc/sdp/session_description.hpp"

#include <algorithm>

namespace cortc::sdp {

CORTC_DECL bool transport_attributes::has_ice_option(std::string_view option) const noexcept {
    return std::find(ice_options.begin(), ice_options.end(), option) != ice_options.end();
}

namespace detail {

/// RTP/AVP, UDP/TLS/RTP/SAVPF, TCP/RTP/AVP and so on have "RTP" as one of their layers.
CORTC_DECL bool is_rtp_protocol(std::string_view protocol) noexcept {
    return !split(protocol, '/', [](std::string_view layer) { return layer != "RTP"; });
}

} // namespace detail

CORTC_DECL media_kind media_description::kind() const noexcept {
    if (media == "audio") return media_kind::audio;
    if (media == "video") return media_kind::video;
    return media == "application" ? media_kind::application : media_kind::other;
}

CORTC_DECL bool media_description::is_rtp() const noexcept { return detail::is_rtp_protocol(protocol); }

CORTC_DECL bool media_description::is_data_channel() const noexcept {
    if (media != "application") return false;
    if (protocol == "UDP/DTLS/SCTP" || protocol == "TCP/DTLS/SCTP")
        return std::find(formats.begin(), formats.end(), "webrtc-datachannel") != formats.end();
    // Before RFC 8841 the m= line named the SCTP port, and a=sctpmap what runs over it.
    return protocol == "DTLS/SCTP" && sctpmap && sctpmap->application == "webrtc-datachannel";
}

CORTC_DECL const codec* media_description::find_codec(std::uint8_t payload_type) const noexcept {
    for (const auto& each : codecs)
        if (each.payload_type == payload_type) return &each;
    return nullptr;
}

CORTC_DECL std::optional<std::uint16_t> media_description::effective_sctp_port() const noexcept {
    if (sctp_port) return sctp_port;
    if (sctpmap) return sctpmap->port;
    if (protocol == "DTLS/SCTP" && !formats.empty()) return detail::to_number<std::uint16_t>(formats.front());
    return std::nullopt;
}

CORTC_DECL std::optional<std::size_t> session_description::find_mid(std::string_view mid) const noexcept {
    for (std::size_t i = 0; i < media.size(); ++i)
        if (media[i].mid && *media[i].mid == mid) return i;
    return std::nullopt;
}

CORTC_DECL const group* session_description::bundle_of(std::string_view mid) const noexcept {
    for (const auto& each : groups)
        if (each.semantics == "BUNDLE" &&
            std::find(each.mids.begin(), each.mids.end(), mid) != each.mids.end())
            return &each;
    return nullptr;
}

CORTC_DECL transport_attributes effective_transport(const session_description& session,
                                                    const media_description& section) {
    auto out = section.transport;
    const auto& common = session.transport;
    if (!out.ice_ufrag) out.ice_ufrag = common.ice_ufrag;
    if (!out.ice_pwd) out.ice_pwd = common.ice_pwd;
    for (const auto& option : common.ice_options)
        if (!out.has_ice_option(option)) out.ice_options.push_back(option);
    if (out.fingerprints.empty()) out.fingerprints = common.fingerprints;
    if (!out.tls_id) out.tls_id = common.tls_id;
    if (!out.setup) out.setup = common.setup;
    return out;
}

CORTC_DECL direction effective_direction(const session_description& session,
                                         const media_description& section) {
    return section.direction.value_or(session.direction.value_or(direction::sendrecv));
}

CORTC_DECL std::vector<extmap> effective_extmaps(const session_description& session,
                                                 const media_description& section) {
    auto out = session.extmaps;
    out.insert(out.end(), section.extmaps.begin(), section.extmaps.end());
    return out;
}

CORTC_DECL bool effective_end_of_candidates(const session_description& session,
                                            const media_description& section) {
    return session.end_of_candidates || section.end_of_candidates;
}

CORTC_DECL std::optional<std::string_view> find_attribute(const std::vector<attribute>& attributes,
                                                          std::string_view name) noexcept {
    for (const auto& each : attributes)
        if (each.name == name) return each.value ? std::string_view(*each.value) : std::string_view{};
    return std::nullopt;
}

} // namespace cortc::sdp
