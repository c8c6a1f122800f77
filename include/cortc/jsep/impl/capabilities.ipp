#pragma once

#include "cortc/jsep/capabilities.hpp"

#include <array>

namespace cortc::jsep {

namespace detail {

CORTC_DECL std::vector<codec_capability> default_audio_codecs() {
    const std::vector<sdp::rtcp_feedback> feedback{{"transport-cc", ""}, {"nack", ""}};
    return {
        {"opus", 48000, 2, "minptime=10;useinbandfec=1", feedback},
        {"red", 48000, 2, "", {}},
        {"G722", 8000, 1, "", feedback},
        {"PCMU", 8000, 1, "", feedback},
        {"PCMA", 8000, 1, "", feedback},
        {"telephone-event", 48000, 1, "", {}},
        {"telephone-event", 8000, 1, "", {}},
    };
}

CORTC_DECL std::vector<codec_capability> default_video_codecs() {
    const std::vector<sdp::rtcp_feedback> feedback{
        {"goog-remb", ""}, {"transport-cc", ""}, {"ccm", "fir"}, {"nack", ""}, {"nack", "pli"}};
    std::vector<codec_capability> codecs{
        {"VP8", 90000, 1, "", feedback},
        {"VP9", 90000, 1, "profile-id=0", feedback},
        {"VP9", 90000, 1, "profile-id=2", feedback},
    };
    // Level 5.2: what is only passed on needs no lower bound. Each profile in both packetization modes.
    for (std::string profile : {"42e034", "420034", "4d0034", "640034", "640c34"})
        for (std::string mode : {"1", "0"})
            codecs.push_back(
                {"H264", 90000, 1,
                 "level-asymmetry-allowed=1;packetization-mode=" + mode + ";profile-level-id=" + profile,
                 feedback});
    codecs.push_back({"AV1", 90000, 1, "profile=0", feedback});
    codecs.push_back({"H265", 90000, 1, "profile-id=1;tier-flag=0;tx-mode=SRST", feedback});
    for (std::string name : {"rtx", "red", "ulpfec"}) codecs.push_back({name, 90000, 1, "", {}});
    // FlexFEC is a stream of its own: its packets count for the estimate of the bandwidth, too.
    codecs.push_back(
        {"flexfec-03", 90000, 1, "repair-window=10000000", {{"goog-remb", ""}, {"transport-cc", ""}}});
    return codecs;
}

CORTC_DECL std::vector<std::string> to_strings(std::initializer_list<std::string_view> uris) {
    return {uris.begin(), uris.end()};
}

} // namespace detail

CORTC_DECL media_capabilities default_media_capabilities() {
    namespace uri = extension_uri;
    media_capabilities made;
    made.audio = detail::default_audio_codecs();
    made.video = detail::default_video_codecs();
    made.audio_extensions =
        detail::to_strings({uri::mid, uri::client_audio_level, uri::transport_wide_cc, uri::abs_send_time,
                            uri::abs_capture_time, uri::mixer_audio_level});
    made.video_extensions =
        detail::to_strings({uri::mid, uri::rid, uri::transport_wide_cc, uri::abs_send_time, uri::repaired_rid,
                            uri::dependency_descriptor, uri::video_orientation, uri::transmission_offset,
                            uri::playout_delay, uri::abs_capture_time, uri::video_content_type,
                            uri::video_timing, uri::color_space, uri::video_layers_allocation});
    return made;
}

CORTC_DECL const std::shared_ptr<const media_capabilities>& shared_media_capabilities() {
    static const auto shared = std::make_shared<const media_capabilities>(default_media_capabilities());
    return shared;
}

} // namespace cortc::jsep
