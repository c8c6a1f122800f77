#include "test/unit/sdp/texts.hpp"

#include "test/support/catch.hpp"

using namespace cortc;
using namespace cortc::sdp::test;

namespace {

/// The forms that only Firefox writes, as measured with ESR 153.
constexpr std::string_view offer =
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
    "m=audio 40123 UDP/TLS/RTP/SAVPF 109 9 101\r\n"
    "c=IN IP4 0b1c2d3e-0000-4000-8000-1234567890ab.local\r\n"
    "a=candidate:0 1 UDP 2122252543 0b1c2d3e-0000-4000-8000-1234567890ab.local 40123 typ host\r\n"
    "a=candidate:2 1 TCP 2105524479 0b1c2d3e-0000-4000-8000-1234567890ab.local 9 typ host tcptype active\r\n"
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
    "a=rtcp:40124 IN IP4 0b1c2d3e-0000-4000-8000-1234567890ab.local\r\n"
    "a=rtcp-mux\r\n"
    "a=rtpmap:109 opus/48000/2\r\n"
    "a=rtpmap:9 G722/8000/1\r\n"
    "a=rtpmap:101 telephone-event/8000/1\r\n"
    "a=setup:actpass\r\n"
    "a=ssrc:2655508255 cname:{735484ea-4f6c-f74a-bd66-7425f8476c2e}\r\n"
    "m=video 0 UDP/TLS/RTP/SAVPF 120 124\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=bundle-only\r\n"
    "a=fmtp:120 max-fs=12288;max-fr=60\r\n"
    "a=fmtp:124 apt=120\r\n"
    "a=ice-pwd:c2f5/d1f7e30b7f0c6e4b1e7d9c5b3a1\r\n"
    "a=ice-ufrag:ab/12+cd\r\n"
    "a=mid:1\r\n"
    "a=rtcp-fb:120 nack\r\n"
    "a=rtcp-fb:120 ccm fir\r\n"
    "a=rtcp-mux\r\n"
    "a=rtcp-rsize\r\n"
    "a=rtpmap:120 VP8/90000\r\n"
    "a=rtpmap:124 rtx/90000\r\n"
    "a=setup:actpass\r\n"
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

TEST_CASE("a Firefox offer keeps every line") {
    const auto parsed = sdp::parse(offer);
    REQUIRE(parsed.has_value());
    CHECK(parsed->attributes.empty());
    for (const auto& section : parsed->media) CHECK(section.attributes.empty());
    const auto printed = sdp::print(*parsed);
    CHECK(sections(printed) == sections(offer));
    REQUIRE(sdp::parse(printed).has_value());
    CHECK(*sdp::parse(printed) == *parsed);
}

TEST_CASE("a Firefox offer: what stands at session level applies to sections") {
    const auto parsed = sdp::parse(offer);
    REQUIRE(parsed.has_value());
    const auto& x = *parsed;
    CHECK(x.direction == sdp::direction::sendrecv);
    CHECK(x.msid_semantic == "WMS *");
    for (const auto& section : x.media) {
        const auto transport = effective_transport(x, section);
        CHECK(transport.ice_ufrag == "ab/12+cd");
        CHECK(transport.ice_pwd == "c2f5/d1f7e30b7f0c6e4b1e7d9c5b3a1");
        CHECK(transport.has_ice_option("trickle"));
        CHECK(transport.fingerprints == x.transport.fingerprints);
        CHECK(transport.setup == sdp::setup_role::actpass);
    }
    CHECK(effective_direction(x, x.media[0]) == sdp::direction::recvonly);
    CHECK(effective_direction(x, x.media[1]) == sdp::direction::sendrecv);
}

TEST_CASE("a Firefox offer: codecs, candidates, bundle-only") {
    const auto parsed = sdp::parse(offer);
    REQUIRE(parsed.has_value());
    const auto& sound = parsed->media[0];
    REQUIRE(sound.codecs.size() == 3);
    CHECK(sound.codecs[0].name == "opus"); // although a=fmtp came first
    CHECK(sound.codecs[0].parameter("STEREO") == "1");
    CHECK(sound.codecs[1].channels == 1);
    CHECK(sound.codecs[2].parameters() == std::vector<sdp::format_parameter>{{"", "0-15"}});
    CHECK(sound.extmaps[1] ==
          sdp::extmap{2, sdp::direction::recvonly, "urn:ietf:params:rtp-hdrext:csrc-audio-level", ""});
    CHECK(sound.end_of_candidates);
    REQUIRE(sound.candidates.size() == 3);
    CHECK(sound.candidates[0].transport == sdp::candidate_transport::udp);
    CHECK(sound.candidates[1].tcptype == sdp::tcp_type::active);
    CHECK(sound.candidates[2].component == 2);
    CHECK(sound.rtcp ==
          sdp::rtcp_port{40124, sdp::connection{"IN", "IP4", "0b1c2d3e-0000-4000-8000-1234567890ab.local"}});
    for (std::size_t i : {1u, 2u}) {
        CHECK(parsed->media[i].bundle_only);
        CHECK_FALSE(parsed->media[i].is_rejected());
    }
    CHECK(parsed->media[2].max_message_size == 1073741823u);
}
