#pragma once

#include "cortc/connection/rtp_parameters.hpp"
#include "cortc/crypto/backend.hpp"
#include "cortc/jsep/capabilities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cortc::detail {

CORTC_DECL RtpTransceiverDirection to_w3c(sdp::direction direction) noexcept {
    switch (direction) {
    case sdp::direction::sendrecv:
        return RtpTransceiverDirection::sendrecv;
    case sdp::direction::sendonly:
        return RtpTransceiverDirection::sendonly;
    case sdp::direction::recvonly:
        return RtpTransceiverDirection::recvonly;
    case sdp::direction::inactive:
        break;
    }
    return RtpTransceiverDirection::inactive;
}

CORTC_DECL sdp::direction to_sdp(RtpTransceiverDirection direction) noexcept {
    switch (direction) {
    case RtpTransceiverDirection::sendrecv:
        return sdp::direction::sendrecv;
    case RtpTransceiverDirection::sendonly:
        return sdp::direction::sendonly;
    case RtpTransceiverDirection::recvonly:
        return sdp::direction::recvonly;
    case RtpTransceiverDirection::inactive:
    case RtpTransceiverDirection::stopped:
        break;
    }
    return sdp::direction::inactive;
}

CORTC_DECL jsep::media_kind to_jsep(MediaKind kind) noexcept {
    return kind == MediaKind::audio ? jsep::media_kind::audio : jsep::media_kind::video;
}

CORTC_DECL MediaKind to_w3c(jsep::media_kind kind) noexcept {
    return kind == jsep::media_kind::audio ? MediaKind::audio : MediaKind::video;
}

CORTC_DECL std::optional<MediaKind> to_kind(std::string_view text) noexcept {
    if (text == "audio") return MediaKind::audio;
    if (text == "video") return MediaKind::video;
    return std::nullopt;
}

/// What follows "audio/" or "video/"; a name that is found nowhere when it begins otherwise.
CORTC_DECL std::string subtype_of(MediaKind kind, const std::string& mime_type) {
    const auto type = to_string(kind);
    const auto same = mime_type.size() > type.size() && mime_type[type.size()] == '/' &&
                      std::equal(type.begin(), type.end(), mime_type.begin(),
                                 [](char a, char b) { return a == b || a - 'a' + 'A' == b; });
    return same ? mime_type.substr(type.size() + 1) : fmt::format("{} (not {}/...)", mime_type, type);
}

CORTC_DECL jsep::codec_capability to_jsep(MediaKind kind, const RtpCodec& codec) {
    jsep::codec_capability made;
    made.name = subtype_of(kind, codec.mimeType);
    made.clock_rate = codec.clockRate;
    made.channels = codec.channels.value_or(1);
    made.fmtp = codec.sdpFmtpLine.value_or("");
    return made;
}

CORTC_DECL std::vector<jsep::codec_capability> to_jsep(MediaKind kind, const std::vector<RtpCodec>& codecs) {
    std::vector<jsep::codec_capability> made;
    for (const auto& each : codecs) made.push_back(to_jsep(kind, each));
    return made;
}

CORTC_DECL std::vector<jsep::encoding> to_jsep(MediaKind kind,
                                               const std::vector<RtpEncodingParameters>& encodings) {
    std::vector<jsep::encoding> made;
    for (const auto& each : encodings) {
        jsep::encoding one;
        one.rid = each.rid.value_or("");
        one.active = each.active;
        if (each.codec) one.codec = to_jsep(kind, *each.codec);
        one.max_bitrate = each.maxBitrate;
        one.max_framerate = each.maxFramerate;
        one.scale_resolution_down_by = each.scaleResolutionDownBy;
        made.push_back(std::move(one));
    }
    return made;
}

CORTC_DECL RtpCodec to_codec(MediaKind kind, const std::string& name, std::uint32_t clock_rate,
                             std::uint16_t channels, const std::string& fmtp) {
    RtpCodec made(fmt::format("{}/{}", to_string(kind), name), clock_rate);
    if (kind == MediaKind::audio) made.channels = std::max<std::uint16_t>(channels, 1);
    if (!fmtp.empty()) made.sdpFmtpLine = fmtp;
    return made;
}

CORTC_DECL std::vector<RtpCodecParameters>
codec_parameters(MediaKind kind, const std::vector<jsep::negotiated_codec>& codecs, bool sending) {
    std::vector<RtpCodecParameters> made;
    for (const auto& each : codecs) {
        const auto& codec = each.codec;
        made.emplace_back(to_codec(kind, codec.name, codec.clock_rate, codec.channels,
                                   sending ? each.remote_fmtp : codec.fmtp),
                          sending ? each.remote_payload_type : codec.payload_type);
    }
    return made;
}

CORTC_DECL std::vector<RtpHeaderExtensionParameters>
extension_parameters(const std::vector<sdp::extmap>& extensions, sdp::direction way) {
    std::vector<RtpHeaderExtensionParameters> made;
    for (const auto& each : extensions)
        if ((each.way.value_or(sdp::direction::sendrecv) & way) == way) made.emplace_back(each.uri, each.id);
    return made;
}

CORTC_DECL RtpEncodingParameters to_encoding(MediaKind kind, const jsep::encoding& from) {
    RtpEncodingParameters made;
    if (!from.rid.empty()) made.rid = from.rid;
    made.active = from.active;
    if (from.codec)
        made.codec =
            to_codec(kind, from.codec->name, from.codec->clock_rate, from.codec->channels, from.codec->fmtp);
    made.maxBitrate = from.max_bitrate;
    made.maxFramerate = from.max_framerate;
    made.scaleResolutionDownBy = from.scale_resolution_down_by;
    return made;
}

CORTC_DECL RtpSendParameters send_parameters(MediaKind kind, const jsep::send_parameters& from) {
    RtpSendParameters made;
    made.transactionId = from.transaction_id;
    for (const auto& each : from.encodings) made.encodings.push_back(to_encoding(kind, each));
    made.headerExtensions = extension_parameters(from.header_extensions, sdp::direction::sendonly);
    made.codecs = codec_parameters(kind, from.codecs, true);
    made.rtcp.cname = from.cname;
    made.rtcp.reducedSize = from.rtcp_reduced_size;
    return made;
}

CORTC_DECL RtpReceiveParameters receive_parameters(MediaKind kind, const jsep::media_parameters& from) {
    RtpReceiveParameters made;
    made.headerExtensions = extension_parameters(from.extensions, sdp::direction::recvonly);
    made.codecs = codec_parameters(kind, from.codecs, false);
    made.rtcp.reducedSize = from.rtcp_reduced_size;
    return made;
}

CORTC_DECL RtpCapabilities capabilities(MediaKind kind) {
    RtpCapabilities made;
    if (!crypto::default_backend().dtls_srtp_available()) return made;
    const auto& ours = *jsep::shared_media_capabilities();
    for (const auto& each : ours.codecs(to_jsep(kind)))
        made.codecs.push_back(to_codec(kind, each.name, each.clock_rate, each.channels, each.fmtp));
    for (const auto& each : ours.extensions(to_jsep(kind))) made.headerExtensions.emplace_back(each);
    return made;
}

CORTC_DECL void check_rids(const std::vector<RtpEncodingParameters>& encodings) {
    for (std::size_t i = 0; i < encodings.size(); ++i)
        if (encodings[i].rid && encodings[i].rid->empty())
            throw Error(errc::type, fmt::format("addTransceiver: sendEncodings[{}].rid is empty; leave it "
                                                "out, or give it 1 to 255 letters, digits, '-' and '_'",
                                                i));
}

CORTC_DECL void check_read_only(const RtpSendParameters& given, const RtpSendParameters& last) {
    auto check = [](bool same, std::string_view member) {
        if (!same)
            throw Error(errc::invalid_modification,
                        fmt::format("setParameters: parameters.{} is read-only; leave it as getParameters "
                                    "returned it",
                                    member));
    };
    check(given.headerExtensions == last.headerExtensions, "headerExtensions");
    check(given.rtcp == last.rtcp, "rtcp");
    check(given.codecs == last.codecs, "codecs");
    for (std::size_t i = 0; i < std::min(given.encodings.size(), last.encodings.size()); ++i)
        check(given.encodings[i].rid == last.encodings[i].rid, fmt::format("encodings[{}].rid", i));
}

} // namespace cortc::detail
