#include "test/unit/jsep/media_support.hpp"

using namespace cortc;
using namespace cortc::jsep;

namespace {

/// As Firefox ESR writes it with max-bundle: fingerprint and a direction at session level, a=fmtp before
/// a=rtpmap, a direction in a=extmap, and bundle-only sections with port 0.
const std::string offer =
    "v=0\r\n"
    "o=mozilla...THIS_IS_SDPARTA-153.0 3918462073526138463 0 IN IP4 0.0.0.0\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=sendrecv\r\n"
    "a=fingerprint:sha-256 "
    "94:21:A1:59:51:8C:7C:1C:5D:D0:D6:19:1F:65:F8:FA:31:0D:FC:C6:77:3B:65:23:4F:66:6A:66:20:68:AB:06\r\n"
    "a=group:BUNDLE 0 1 2\r\n"
    "a=ice-options:trickle\r\n"
    "a=msid-semantic:WMS *\r\n"
    "m=audio 40123 UDP/TLS/RTP/SAVPF 109 9 0 8 101\r\n"
    "c=IN IP4 0b1c2d3e-0000-4000-8000-1234567890ab.local\r\n"
    "a=candidate:0 1 UDP 2122252543 0b1c2d3e-0000-4000-8000-1234567890ab.local 40123 typ host\r\n"
    "a=candidate:0 2 UDP 2122252542 0b1c2d3e-0000-4000-8000-1234567890ab.local 40124 typ host\r\n"
    "a=recvonly\r\n"
    "a=end-of-candidates\r\n"
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    "a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level\r\n"
    "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
    "a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1\r\n"
    "a=fmtp:101 0-15\r\n"
    "a=ice-pwd:c2f5/d1f7e30b7f0c6e4b1e7d9c5b3a1\r\n"
    "a=ice-ufrag:ab/12+cd\r\n"
    "a=mid:0\r\n"
    "a=msid:- {b2c7f7e1-5d9b-4b8c-b6de-6f3f4e9f9a11}\r\n"
    "a=rtcp-mux\r\n"
    "a=rtpmap:109 opus/48000/2\r\n"
    "a=rtpmap:9 G722/8000/1\r\n"
    "a=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:101 telephone-event/8000/1\r\n"
    "a=setup:actpass\r\n"
    "m=video 0 UDP/TLS/RTP/SAVPF 120 124 126 127\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=bundle-only\r\n"
    "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
    "a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
    "a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1\r\n"
    "a=fmtp:120 max-fs=12288;max-fr=60\r\n"
    "a=fmtp:124 apt=120\r\n"
    "a=fmtp:127 apt=126\r\n"
    "a=ice-pwd:c2f5/d1f7e30b7f0c6e4b1e7d9c5b3a1\r\n"
    "a=ice-ufrag:ab/12+cd\r\n"
    "a=mid:1\r\n"
    "a=msid:{0b1c2d3e} {b2c7f7e1}\r\n"
    "a=rtcp-fb:120 nack\r\n"
    "a=rtcp-fb:120 nack pli\r\n"
    "a=rtcp-fb:120 ccm fir\r\n"
    "a=rtcp-fb:126 goog-remb\r\n"
    "a=rtcp-mux\r\n"
    "a=rtcp-rsize\r\n"
    "a=rtpmap:120 VP8/90000\r\n"
    "a=rtpmap:124 rtx/90000\r\n"
    "a=rtpmap:126 H264/90000\r\n"
    "a=rtpmap:127 rtx/90000\r\n"
    "a=setup:actpass\r\n"
    "a=ssrc:3735928559 cname:{735484ea}\r\n"
    "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=bundle-only\r\n"
    "a=ice-pwd:c2f5/d1f7e30b7f0c6e4b1e7d9c5b3a1\r\n"
    "a=ice-ufrag:ab/12+cd\r\n"
    "a=mid:2\r\n"
    "a=setup:actpass\r\n"
    "a=sctp-port:5000\r\n"
    "a=max-message-size:1073741823\r\n";

} // namespace

TEST_CASE("Firefox's offer of audio, video and data with bundle-only") {
    peer bob(2);
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    auto text = bob.set_local();
    auto answer = sections_of(text);
    REQUIRE(answer.size() == 3);
    CHECK(lines_with(text, "a=group:") == strings{"a=group:BUNDLE 0 1 2"});
    CHECK_FALSE(contains(text, "bundle-only"));
    CHECK_FALSE(contains(text, "extmap-allow-mixed"));

    CHECK(lines_with(answer[0], "m=") == strings{"m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101"});
    CHECK(contains(answer[0], "\r\na=inactive\r\n")); // its own direction, not the session's
    CHECK(lines_with(answer[0], "a=extmap:") ==
          strings{"a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
                  "a=extmap:2/sendonly urn:ietf:params:rtp-hdrext:csrc-audio-level",
                  "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid"});
    CHECK(lines_with(answer[0], "a=fmtp:") == strings{"a=fmtp:109 minptime=10;useinbandfec=1"});
    CHECK(contains(answer[0], "\r\na=rtcp-mux\r\n"));
    CHECK_FALSE(contains(answer[0], "rtcp-rsize"));

    CHECK(lines_with(answer[1], "m=") == strings{"m=video 9 UDP/TLS/RTP/SAVPF 120 124 126 127"});
    CHECK(contains(answer[1], "\r\na=recvonly\r\n")); // the session's sendrecv
    CHECK(lines_with(answer[1], "a=fmtp:") ==
          strings{"a=fmtp:124 apt=120",
                  "a=fmtp:126 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
                  "a=fmtp:127 apt=126"});
    CHECK(lines_with(answer[1], "a=rtcp-fb:") == strings{"a=rtcp-fb:120 nack", "a=rtcp-fb:120 nack pli",
                                                         "a=rtcp-fb:120 ccm fir", "a=rtcp-fb:126 goog-remb"});
    CHECK(contains(answer[1], "\r\na=rtcp-rsize\r\n"));
    CHECK(contains(answer[2], "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"));

    auto told = bob.events();
    std::size_t transports = 0, candidates = 0, ends = 0;
    for (const auto& each : told) {
        transports += std::holds_alternative<transport_added>(each);
        candidates += std::holds_alternative<remote_candidate>(each);
        ends += std::holds_alternative<remote_end_of_candidates>(each);
        if (auto* sctp = std::get_if<sctp_parameters>(&each)) CHECK(sctp->max_message_size == 1073741823);
    }
    CHECK(transports == 1);
    CHECK(candidates == 1); // component 2 has no use
    CHECK(ends == 1);
    CHECK(only_of(bob, media_kind::audio).remote_msids.empty()); // it only receives
    CHECK(only_of(bob, media_kind::video).remote_msids ==
          std::vector<sdp::msid>{{"{0b1c2d3e}", "{b2c7f7e1}"}});
    CHECK(only_of(bob, media_kind::video).negotiated->codecs[0].remote_fmtp == "max-fs=12288;max-fr=60");
}

TEST_CASE("with Firefox's audio alone refused, the group goes on over its transport") {
    peer bob(2);
    auto refused = replaced(replaced(offer, "SAVPF 109 9 0 8 101", "SAVPF 109"), "opus/48000/2", "x/8000");
    bob.jsep.set_remote_description(sdp_type::offer, refused).value();
    auto text = bob.set_local();
    CHECK(lines_with(text, "a=group:") == strings{"a=group:BUNDLE 1 2"});
    CHECK(contains(text, "m=audio 0 UDP/TLS/RTP/SAVPF 109\r\n"));
    auto told = bob.events();
    std::size_t candidates = 0;
    for (const auto& each : told) {
        candidates += std::holds_alternative<remote_candidate>(each);
        if (auto* ice = std::get_if<remote_ice>(&each)) CHECK(ice->ufrag == "ab/12+cd");
    }
    CHECK(candidates == 1);
}
