#include "cortc/jsep/match.hpp"

#include "cortc/jsep/simulcast.hpp"
#include "test/unit/jsep/media_support.hpp"

using namespace cortc;
using namespace cortc::jsep;

namespace {

/// One section of an offer with these lines after the m= line.
sdp::media_description offered_section(const std::string& formats, const strings& lines,
                                       const std::string& kind = "video") {
    auto text = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=" + kind + " 9 UDP/TLS/RTP/SAVPF " +
                formats + "\r\n";
    for (const auto& line : lines) text += "a=" + line + "\r\n";
    return sdp::parse(text).value().media.front();
}

/// The payload types that are answered, in order.
std::string answered_formats(const sdp::media_description& offered) {
    const auto ours = default_media_capabilities();
    std::string formats;
    const auto& codecs = offered.media == "audio" ? ours.audio : ours.video;
    for (const auto& each : answer_codecs(codecs, offered))
        formats += (formats.empty() ? "" : " ") + std::to_string(each.payload_type);
    return formats;
}

sdp::codec answered_codec(const sdp::media_description& offered, std::uint8_t payload_type) {
    const auto ours = default_media_capabilities();
    for (auto& each : answer_codecs(offered.media == "audio" ? ours.audio : ours.video, offered))
        if (each.payload_type == payload_type) return each;
    FAIL("not answered");
    return {};
}

} // namespace

TEST_CASE("a codec matches by name, clock rate and channels") {
    struct row {
        std::string rtpmap;
        bool audio, video;
    };
    for (const auto& each : std::vector<row>{{"opus/48000/2", true, false},
                                             {"OPUS/48000/2", true, false},
                                             {"opus/48000", false, false},
                                             {"opus/16000/2", false, false},
                                             {"multiopus/48000/6", false, false},
                                             {"G722/8000", true, false},
                                             {"G722/8000/1", true, false}, // Firefox writes the channel
                                             {"PCMU/8000", true, false},
                                             {"PCMA/16000", false, false},
                                             {"VP8/90000", false, true},
                                             {"vp8/90000", false, true},
                                             {"VP8/48000", false, false},
                                             {"ISAC/16000", false, false}}) {
        CAPTURE(each.rtpmap);
        CHECK(answered_formats(offered_section("96", {"rtpmap:96 " + each.rtpmap}, "audio")) ==
              (each.audio ? "96" : ""));
        CHECK(answered_formats(offered_section("96", {"rtpmap:96 " + each.rtpmap})) ==
              (each.video ? "96" : ""));
    }
}

TEST_CASE("a codec matches by the parameters that must agree") {
    struct row {
        std::string rtpmap, fmtp;
        bool fits;
    };
    for (const auto& each :
         std::vector<row>{{"VP9/90000", "", true},
                          {"VP9/90000", "profile-id=0", true},
                          {"VP9/90000", "profile-id=1", false},
                          {"VP9/90000", "profile-id=2", true},
                          {"VP9/90000", "profile-id=3", false},
                          {"AV1/90000", "", true},
                          {"AV1/90000", "level-idx=5;profile=0;tier=0", true},
                          {"AV1/90000", "level-idx=5;profile=1;tier=0", false},
                          {"H264/90000", "profile-level-id=42e01f;packetization-mode=1", true},
                          {"H264/90000", "PROFILE-LEVEL-ID=42E01F;packetization-mode=1", true},
                          {"H264/90000", "profile-level-id=42001f", true},
                          {"H264/90000", "profile-level-id=4d001f;packetization-mode=1", true},
                          {"H264/90000", "profile-level-id=640c1f;packetization-mode=1", true}, // Safari
                          {"H264/90000", "profile-level-id=64001f", true},
                          {"H264/90000", "profile-level-id=f4001f", false},
                          {"H264/90000", "profile-level-id=42e01f;packetization-mode=2", false},
                          {"H264/90000", "", true}, // Baseline, single NAL units
                          {"H264/90000", "profile-level-id=42e01", false},
                          {"H264/90000", "profile-level-id=42e01g", false},
                          {"H264/90000", "profile-level-id=+2e01f", false},
                          {"H264/90000", "profile-level-id=", false},
                          {"H265/90000", "level-id=156;profile-id=1;tier-flag=0;tx-mode=SRST", true},
                          {"H265/90000", "level-id=93;profile-id=2;tier-flag=0;tx-mode=SRST", false},
                          {"H265/90000", "tx-mode=MRST", false}}) {
        CAPTURE(each.rtpmap, each.fmtp);
        strings lines{"rtpmap:96 " + each.rtpmap};
        if (!each.fmtp.empty()) lines.push_back("fmtp:96 " + each.fmtp);
        CHECK(answered_formats(offered_section("96", lines)) == (each.fits ? "96" : ""));
    }
    auto endless = "rtpmap:96 VP9/90000";
    CHECK(answered_formats(offered_section("96", {endless, "fmtp:96 x=" + std::string(3000, 'y')})).empty());
}

TEST_CASE("profile-level-id names a profile by its bits") {
    auto profile = [](const char* text) { return parse_h264_format(std::string_view(text)).value().profile; };
    CHECK(profile("42e01f") == h264_profile::constrained_baseline);
    CHECK(profile("42c01f") == h264_profile::constrained_baseline);
    CHECK(profile("4d801f") == h264_profile::constrained_baseline);
    CHECK(profile("58f01f") == h264_profile::constrained_baseline);
    CHECK(profile("42001f") == h264_profile::baseline);
    CHECK(profile("42a01f") == h264_profile::baseline);
    CHECK(profile("58a01f") == h264_profile::baseline);
    CHECK(profile("4d001f") == h264_profile::main);
    CHECK(profile("4d401f") == h264_profile::main);
    CHECK(profile("64001f") == h264_profile::high);
    CHECK(profile("640c1f") == h264_profile::constrained_high);
    CHECK(profile("f4001f") == h264_profile::predictive_high_444);
    CHECK_FALSE(parse_h264_format("64101f"));
    CHECK_FALSE(parse_h264_format("58001f")); // Extended
    CHECK(parse_h264_format("42e034")->level == 0x34);
    CHECK(parse_h264_format(std::nullopt)->profile == h264_profile::baseline);
}

TEST_CASE("the answer's parameters") {
    auto fmtp = [](const std::string& rtpmap, const std::string& offered) {
        strings lines{"rtpmap:96 " + rtpmap};
        if (!offered.empty()) lines.push_back("fmtp:96 " + offered);
        return answered_codec(offered_section("96", lines), 96).fmtp;
    };
    CHECK(fmtp("VP8/90000", "max-fs=12288;max-fr=60") == ""); // what Firefox can decode, not we
    CHECK(fmtp("VP9/90000", "") == "");
    CHECK(fmtp("VP9/90000", "profile-id=2;x-other=1") == "profile-id=2");
    CHECK(fmtp("AV1/90000", "level-idx=5;profile=0;tier=0") == "level-idx=5;profile=0;tier=0");
    CHECK(fmtp("H264/90000", "profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1") ==
          "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
    CHECK(fmtp("H264/90000", "profile-level-id=42e03e") == "profile-level-id=42e034"); // 6.2 is over ours
    CHECK(fmtp("H265/90000", "level-id=156;profile-id=1;tier-flag=0;tx-mode=SRST") ==
          "level-id=156;profile-id=1;tier-flag=0;tx-mode=SRST");
    auto opus =
        offered_section("111", {"rtpmap:111 opus/48000/2", "fmtp:111 stereo=1;useinbandfec=0"}, "audio");
    CHECK(answered_codec(opus, 111).fmtp == "minptime=10;useinbandfec=1"); // ours: it is declarative
}

TEST_CASE("what accompanies a codec is answered with it, and never alone") {
    auto formats = [](const std::string& offered, const strings& lines) {
        return answered_formats(offered_section(offered, lines));
    };
    strings vp8{"rtpmap:96 VP8/90000", "rtpmap:97 rtx/90000", "fmtp:97 apt=96"};
    CHECK(formats("96 97", vp8) == "96 97");
    CHECK(formats("97 96", vp8) == "97 96"); // the offer's order, whatever refers to what
    CHECK(formats("97", vp8) == "");         // 96 is described, but not offered
    CHECK(formats("96 97", {vp8[0], vp8[1]}) == "96");
    CHECK(formats("96 97", {vp8[0], vp8[1], "fmtp:97 apt=98"}) == "96");
    CHECK(formats("96 97", {vp8[0], vp8[1], "fmtp:97 apt=97"}) == "96"); // of itself
    CHECK(formats("96 97", {vp8[0], vp8[1], "fmtp:97 apt=x"}) == "96");
    CHECK(formats("96 97", {"rtpmap:96 THEORA/90000", vp8[1], vp8[2]}) == "");
    CHECK(formats("96 97 98", {vp8[0], "rtpmap:97 red/90000", "rtpmap:98 ulpfec/90000"}) == "96 97 98");
    CHECK(formats("96 98", {vp8[0], "rtpmap:98 ulpfec/90000"}) == "96"); // nothing to travel in
    CHECK(formats("96 49", {vp8[0], "rtpmap:49 flexfec-03/90000", "fmtp:49 repair-window=10000000"}) ==
          "96 49");
    CHECK(formats("97 98 49",
                  {"rtpmap:97 red/90000", "rtpmap:98 ulpfec/90000", "rtpmap:49 flexfec-03/90000"}) == "");
    auto rtx = offered_section("96 97", {vp8[0], vp8[1], "fmtp:97 rtx-time=3000;apt=96"});
    CHECK(answered_codec(rtx, 97).fmtp == "apt=96");
    auto fec =
        offered_section("96 49", {vp8[0], "rtpmap:49 flexfec-03/90000", "fmtp:49 repair-window=10000000"});
    CHECK(answered_codec(fec, 49).fmtp == "repair-window=10000000");
}

TEST_CASE("audio: redundancy, events and comfort noise") {
    auto formats = [](const std::string& offered, strings lines) {
        lines.push_back("rtpmap:111 opus/48000/2");
        return answered_formats(offered_section(offered, lines, "audio"));
    };
    CHECK(formats("111 63", {"rtpmap:63 red/48000/2", "fmtp:63 111/111"}) == "111 63");
    CHECK(formats("63 111", {"rtpmap:63 red/48000/2", "fmtp:63 111/111"}) == "63 111");
    CHECK(formats("111 63", {"rtpmap:63 red/48000/2"}) == "111 63");
    CHECK(formats("111 63", {"rtpmap:63 red/48000/2", "fmtp:63 111/112"}) == "111");
    CHECK(formats("111 63", {"rtpmap:63 red/48000/2", "fmtp:63 63/111"}) == "111"); // inside itself
    CHECK(formats("111 63", {"rtpmap:63 red/48000/2", "fmtp:63 111/x"}) == "111");
    CHECK(formats("111 110 126", {"rtpmap:110 telephone-event/48000", "rtpmap:126 telephone-event/8000"}) ==
          "111 110"); // no codec of 8 kHz
    CHECK(formats("111 0 126", {"rtpmap:126 telephone-event/8000"}) == "111 0 126");
    CHECK(formats("111 0 13", {"rtpmap:13 CN/8000"}) == "111 0");
    CHECK(answered_formats(offered_section("126", {"rtpmap:126 telephone-event/8000"}, "audio")) == "");

    auto with_noise = default_media_capabilities();
    with_noise.audio.push_back({"CN", 8000, 1, "", {}});
    CHECK(answer_codecs(with_noise.audio, offered_section("0 13", {}, "audio")).size() == 2);
    CHECK(answer_codecs(with_noise.audio, offered_section("13", {}, "audio")).empty());
}

TEST_CASE("static payload types need no a=rtpmap, dynamic ones do") {
    CHECK(answered_formats(offered_section("0 8 9 3 111", {}, "audio")) == "0 8 9");
    CHECK(answered_codec(offered_section("9", {}, "audio"), 9).name == "G722");
    CHECK(answered_formats(offered_section("0", {"rtpmap:0 ISAC/16000"}, "audio")) == "");
}

TEST_CASE("feedback: what both have, for each payload type, '*' included") {
    auto offered =
        offered_section("96 100", {"rtpmap:96 VP8/90000", "rtpmap:100 VP9/90000", "rtcp-fb:96 nack",
                                   "rtcp-fb:96 nack sli", "rtcp-fb:96 goog-lntf", "rtcp-fb:* nack pli",
                                   "rtcp-fb:* nack", "rtcp-fb:100 transport-cc"});
    CHECK(answered_codec(offered, 96).rtcp_fb ==
          std::vector<sdp::rtcp_feedback>{{"nack", ""}, {"nack", "pli"}});
    CHECK(answered_codec(offered, 100).rtcp_fb ==
          std::vector<sdp::rtcp_feedback>{{"transport-cc", ""}, {"nack", "pli"}, {"nack", ""}});
}

TEST_CASE("header extensions: by URI, with the offer's ids") {
    const strings ours{"urn:mid", "urn:level", "urn:third"};
    using list = std::vector<sdp::extmap>;
    auto answer = [&](const list& offered) { return answer_extensions(ours, offered); };
    CHECK(answer({{4, {}, "urn:mid", ""}, {3, {}, "urn:unknown", ""}, {14, {}, "urn:level", ""}}) ==
          list{{4, {}, "urn:mid", ""}, {14, {}, "urn:level", ""}});
    // RFC 8285 5: the direction is seen from the other side.
    CHECK(answer({{2, sdp::direction::recvonly, "urn:mid", ""}}) ==
          list{{2, sdp::direction::sendonly, "urn:mid", ""}});
    CHECK(answer({{2, sdp::direction::inactive, "urn:mid", ""}}).empty());
    CHECK(answer({{200, {}, "urn:mid", ""}}).size() == 1); // a two-byte header
    CHECK(answer({{15, {}, "urn:mid", ""}, {4096, {}, "urn:level", ""}}).empty());
    CHECK(answer({{1, {}, "urn:mid", ""}, {2, {}, "urn:mid", ""}, {1, {}, "urn:level", ""}}) ==
          list{{1, {}, "urn:mid", ""}}); // one number for one URI
    CHECK(answer({{1, {}, "urn:mid", "with attributes"}}) == list{{1, {}, "urn:mid", ""}});
}

TEST_CASE("simulcast: every layer that can be told apart and carry something is received") {
    strings vp8{"rtpmap:96 VP8/90000", "rtpmap:98 X/90000"};
    auto answer = [&](strings lines) {
        lines.insert(lines.end(), vp8.begin(), vp8.end());
        auto offered = offered_section("96 98", lines);
        return answer_simulcast(offered, answer_codecs(default_media_capabilities().video, offered));
    };
    auto layers = [&](const strings& lines) {
        auto made = answer(lines);
        std::string text;
        for (const auto& each : made.rids) text += sdp::print_rid(each) + ", ";
        return text + (made.simulcast ? sdp::print_simulcast(*made.simulcast) : "none");
    };
    CHECK(layers({"rid:q send", "rid:h send", "simulcast:send q;h"}) == "q recv, h recv, recv q;h");
    CHECK(layers({"rid:q send", "rid:h send"}) == "none");
    CHECK(layers({"rid:q send", "simulcast:send q;h"}) == "q recv, recv q"); // h has no a=rid
    CHECK(layers({"rid:q send", "rid:h send", "simulcast:send q,h;h,q"}) == "q recv, h recv, recv q;h");
    CHECK(layers({"rid:q send", "simulcast:send q;q"}) == "q recv, recv q");
    CHECK(layers({"rid:q send", "rid:h send", "simulcast:send ~q;h"}) == "q recv, h recv, recv q;h");
    CHECK(layers({"rid:q recv", "simulcast:recv q"}) == "none");
    CHECK(layers({"rid:q recv", "simulcast:send q"}) == "none");
    CHECK(layers({"rid:q send pt=96,98", "rid:h send pt=98", "simulcast:send q;h"}) ==
          "q recv pt=96, recv q");
    CHECK(layers({"rid:q send max-width=320;max-fps=30", "simulcast:send q"}) ==
          "q recv max-width=320;max-fps=30, recv q");
    strings many;
    std::string list = "simulcast:send ";
    for (int i = 0; i < 100; ++i) {
        many.push_back("rid:r" + std::to_string(i) + " send");
        list += (i ? ";r" : "r") + std::to_string(i);
    }
    many.push_back(list);
    CHECK(answer(many).rids.size() == max_simulcast_layers);
}
