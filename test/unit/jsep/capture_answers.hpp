#pragma once

#include "test/unit/jsep/media_support.hpp"

#include <map>

/// What the answers to the captured offers must hold, read off the captures by hand.
namespace cortc::jsep {

struct expected_section {
    std::string media, mid, formats, direction;
    strings extmaps, rids;
};
struct expected_answer {
    std::vector<expected_section> sections;
    /// Of the offer: component 1, over the transport that the answer keeps, that of the first section.
    std::size_t candidates;

    [[nodiscard]] std::size_t media() const {
        return static_cast<std::size_t>(
            std::ranges::count_if(sections, [](const auto& each) { return each.media != "application"; }));
    }
};

inline const std::string audio_formats = "111 63 9 0 8 110 126"; // without 13, comfort noise
/// Everything: VP8, three H.264 profiles in two modes, AV1, VP9 profiles 0 and 2, each with its RTX; RED,
/// ULPFEC.
inline const std::string sending_formats =
    "96 97 102 103 104 107 108 109 114 115 116 117 39 40 45 46 98 99 100 101 118 119 120";
/// A receiving Chromium lists more: VP9 profiles 1 (35) and 3 (37), H.264 High 4:4:4 (41, 43) and AV1 profile
/// 1 (47) are not ours, so their RTX (36, 38, 42, 44, 48) goes too. FlexFEC (49) is.
inline const std::string receiving_formats =
    "96 97 98 99 100 101 102 103 104 107 108 109 114 115 116 117 39 40 45 46 118 119 120 49";

inline const strings audio_extmaps{
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"};
inline const strings video_extmaps{
    "a=extmap:14 urn:ietf:params:rtp-hdrext:toffset",
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "a=extmap:13 urn:3gpp:video-orientation",
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    "a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
    "a=extmap:7 http://www.webrtc.org/experiments/rtp-hdrext/video-timing",
    "a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/color-space",
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"};
inline const strings simulcast_extmaps{
    "a=extmap:1 urn:ietf:params:rtp-hdrext:toffset",
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "a=extmap:3 urn:3gpp:video-orientation",
    "a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    "a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
    "a=extmap:7 http://www.webrtc.org/experiments/rtp-hdrext/video-timing",
    "a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/color-space",
    "a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "a=extmap:13 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    "a=extmap:14 http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00"};

inline expected_section audio(const std::string& direction) {
    return {"audio", "0", audio_formats, direction, audio_extmaps, {}};
}
inline expected_section video(const std::string& formats, const std::string& direction) {
    return {"video", "1", formats, direction, video_extmaps, {}};
}
inline expected_section data(const std::string& mid) {
    return {"application", mid, "webrtc-datachannel", "", {}, {}};
}

/// By the part of the file's name behind "chromium_default_".
inline const std::map<std::string, expected_answer>& expected_answers() {
    using sections = std::vector<expected_section>;
    static const sections data_only{data("0")};
    static const sections everything{audio("recvonly"), video(sending_formats, "recvonly"), data("2")};
    static const sections they_send{audio("recvonly"), video(sending_formats, "recvonly")};
    static const sections they_receive{audio("inactive"), video(receiving_formats, "inactive")};
    static const sections simulcast{{"video",
                                     "0",
                                     sending_formats,
                                     "recvonly",
                                     simulcast_extmaps,
                                     {"a=rid:q recv", "a=rid:h recv", "a=rid:f recv"}}};
    static const std::map<std::string, expected_answer> all{
        {"answer_to_avdc", {everything, 4}},
        {"answer_to_dc", {data_only, 2}},
        {"av_recvonly", {they_receive, 4}},
        {"av_recvonly_nogum", {they_receive, 4}},
        {"av_recvonly_nogum_pre", {they_receive, 0}},
        {"av_recvonly_pre", {they_receive, 0}},
        {"av_sendonly", {they_send, 4}},
        {"av_sendonly_pre", {they_send, 0}},
        {"avdc", {everything, 4}},
        {"avdc_pre", {everything, 0}},
        {"dc", {data_only, 4}},
        {"dc_nogum", {data_only, 4}},
        {"dc_nogum_pre", {data_only, 0}},
        {"dc_pre", {data_only, 0}},
        {"maxbundle", {everything, 4}},
        {"maxbundle_pre", {everything, 0}},
        {"maxcompat", {everything, 4}},
        {"maxcompat_pre", {everything, 0}},
        {"restart", {data_only, 0}},
        {"restart_before", {data_only, 4}},
        {"restart_before_pre", {data_only, 0}},
        {"restart_pre", {data_only, 0}},
        {"simulcast", {simulcast, 4}},
        {"simulcast_pre", {simulcast, 0}},
    };
    return all;
}
inline const expected_answer& expected_for(const std::filesystem::path& path) {
    return expected_answers().at(path.stem().string().substr(std::string("chromium_default_").size()));
}

} // namespace cortc::jsep
