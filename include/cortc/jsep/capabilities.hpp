#pragma once

#include "cortc/jsep/types.hpp"
#include "cortc/sdp/codec.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// What a session can negotiate for audio and video. cortc moves packets and encodes nothing, so this is a
/// matter of configuration.
namespace cortc::jsep {

/// RFC 8285 header extensions by their URI.
namespace extension_uri {

inline constexpr std::string_view mid = "urn:ietf:params:rtp-hdrext:sdes:mid";
inline constexpr std::string_view rid = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
inline constexpr std::string_view repaired_rid = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
inline constexpr std::string_view client_audio_level = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
inline constexpr std::string_view mixer_audio_level = "urn:ietf:params:rtp-hdrext:csrc-audio-level";
inline constexpr std::string_view abs_send_time =
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
inline constexpr std::string_view abs_capture_time =
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";
inline constexpr std::string_view transport_wide_cc =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
inline constexpr std::string_view transmission_offset = "urn:ietf:params:rtp-hdrext:toffset";
inline constexpr std::string_view playout_delay =
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
inline constexpr std::string_view video_orientation = "urn:3gpp:video-orientation";
inline constexpr std::string_view video_content_type =
    "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type";
inline constexpr std::string_view video_timing = "http://www.webrtc.org/experiments/rtp-hdrext/video-timing";
inline constexpr std::string_view color_space = "http://www.webrtc.org/experiments/rtp-hdrext/color-space";
inline constexpr std::string_view video_layers_allocation =
    "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00";
inline constexpr std::string_view dependency_descriptor =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

} // namespace extension_uri

/// RTCRtpCodecCapability with the feedback that we understand for it.
struct codec_capability {
    std::string name;             // "opus", "VP8", "rtx"; compared without case
    std::uint32_t clock_rate = 0; // Hz
    std::uint16_t channels = 1;
    /// What must agree with the peer (profile-id, packetization-mode ...), and what we announce for
    /// receiving. profile-level-id bounds the H.264 level that is accepted.
    std::string fmtp;
    std::vector<sdp::rtcp_feedback> feedback;

    friend bool operator==(const codec_capability&, const codec_capability&) = default;
};

/// In order of preference, which counts in our own offers; an answer keeps the offerer's order. Extensions
/// that are wanted least stand last: an offer to a peer of which nothing is known has ids for 14 in each
/// BUNDLE group.
struct media_capabilities {
    std::vector<codec_capability> audio;
    std::vector<codec_capability> video;
    std::vector<std::string> audio_extensions; // URIs
    std::vector<std::string> video_extensions;

    [[nodiscard]] const std::vector<codec_capability>& codecs(media_kind kind) const noexcept {
        return kind == media_kind::audio ? audio : video;
    }
    [[nodiscard]] const std::vector<std::string>& extensions(media_kind kind) const noexcept {
        return kind == media_kind::audio ? audio_extensions : video_extensions;
    }
};

/// Opus, G.722, G.711, telephone-event and RED; VP8, VP9, H.264, AV1 and H.265 with RTX, RED, ULPFEC and
/// FlexFEC; every header extension above that fits the kind. Comfort noise is not in it.
[[nodiscard]] media_capabilities default_media_capabilities();

/// The same, made once and shared by every session that configures nothing else.
[[nodiscard]] const std::shared_ptr<const media_capabilities>& shared_media_capabilities();

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/capabilities.ipp"
#endif
