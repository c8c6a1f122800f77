#include "test/unit/sdp/texts.hpp"

#include "test/support/catch.hpp"

using namespace cortc;
using namespace cortc::sdp::test;

namespace {

/// The section that these lines make after an m= line; every one must come back as it was.
sdp::media_description section(const std::string& before, const std::vector<std::string>& lines) {
    std::string text = before;
    for (const auto& line : lines) text += line + "\r\n";
    const auto parsed = sdp::parse(text);
    REQUIRE(refusal(text) == "");
    CHECK(sections(sdp::print(*parsed)) == sections(text));
    CHECK(sdp::parse(sdp::print(*parsed)).value() == *parsed);
    return parsed->media.at(0);
}

sdp::session_description session(const std::vector<std::string>& lines) {
    std::string text = head;
    for (const auto& line : lines) text += line + "\r\n";
    const auto parsed = sdp::parse(text);
    REQUIRE(refusal(text) == "");
    CHECK(sections(sdp::print(*parsed)) == sections(text));
    CHECK(sdp::parse(sdp::print(*parsed)).value() == *parsed);
    return *parsed;
}

} // namespace

TEST_CASE("all lines of the session part") {
    const auto x = session({"i=a talk", "u=https://example.com/", "e=a@example.com", "e=b@example.com",
                            "p=+44 1", "c=IN IP6 ::1", "b=AS:128", "b=X-YZ:18446744073709551615", "t=1 2",
                            "r=7d 1h 0 25h", "z=2882844526 -1h", "k=prompt"});
    CHECK(x.information == "a talk");
    CHECK(x.emails.size() == 2);
    CHECK(x.connection->address == "::1");
    CHECK(x.bandwidths.at(1).value == 18446744073709551615u);
    REQUIRE(x.timings.size() == 2);
    CHECK(x.timings[1].repeats == std::vector<std::string>{"7d 1h 0 25h"});
}

TEST_CASE("attributes of the session part") {
    const auto x =
        session({"a=group:BUNDLE a b", "a=group:LS a b", "a=ice-lite", "a=ice-pacing:50", "a=ice-ufrag:abcd",
                 "a=ice-pwd:0123456789012345678901", "a=ice-options:trickle ice2",
                 "a=fingerprint:md5 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F", "a=tls-id:abc",
                 "a=setup:active", "a=end-of-candidates", "a=extmap:4096 urn:x", "a=inactive",
                 "a=identity:eyJpZHAi== x=y", "a=msid-semantic: WMS *", "a=tool:x", "a=mid:no place here"});
    CHECK(x.groups.at(1).semantics == "LS");
    CHECK(x.ice_lite);
    CHECK(x.ice_pacing == 50u);
    CHECK(x.transport.ice_options == std::vector<std::string>{"trickle", "ice2"});
    CHECK(x.transport.tls_id == "abc");
    CHECK(x.transport.setup == sdp::setup_role::active);
    CHECK(x.end_of_candidates);
    CHECK(x.extmaps.at(0).id == 4096);
    CHECK(x.direction == sdp::direction::inactive);
    CHECK(x.identity == "eyJpZHAi== x=y");
    CHECK(find_attribute(x.attributes, "tool") == "x");
    CHECK(find_attribute(x.attributes, "mid") == "no place here");
    CHECK_FALSE(find_attribute(x.attributes, "nothing"));
}

TEST_CASE("RTP attributes of a section") {
    const auto x = section(audio, {"i=voice",
                                   "c=IN IP4 192.0.2.1",
                                   "c=IN IP6 ::",
                                   "b=TIAS:64000",
                                   "k=clear:x",
                                   "a=rtcp:65535",
                                   "a=mid:a1",
                                   "a=extmap:15/sendonly urn:x some attributes here",
                                   "a=extmap-allow-mixed",
                                   "a=sendonly",
                                   "a=msid:s t",
                                   "a=msid:s2",
                                   "a=rtcp-mux",
                                   "a=rtcp-mux-only",
                                   "a=rtcp-rsize",
                                   "a=rtcp-xr:rcvr-rtt=all:10000",
                                   "a=rtpmap:111 opus/48000/2",
                                   "a=rtcp-fb:* trr-int 100",
                                   "a=rtcp-fb:111 nack rpsi",
                                   "a=rtpmap:99 telephone-event/8000",
                                   "a=ssrc-group:FEC-FR 1 4294967295",
                                   "a=ssrc-group:X",
                                   "a=ssrc:1 cname:a b:c",
                                   "a=ssrc:1 flag",
                                   "a=ptime:20",
                                   "a=imageattr:96 send [x=1,y=2]",
                                   "a=crypto",
                                   "a=x:"});
    CHECK(x.connections.size() == 2);
    CHECK(x.key == "clear:x");
    CHECK(x.rtcp == sdp::rtcp_port{65535, {}});
    CHECK(x.extmaps.at(0).way == sdp::direction::sendonly);
    CHECK(x.extmaps.at(0).attributes == "some attributes here");
    CHECK(x.extmap_allow_mixed);
    CHECK(x.msids.at(1) == sdp::msid{"s2", ""});
    CHECK(x.rtcp_mux_only);
    CHECK(x.rtcp_xr.at(0) == "rcvr-rtt=all:10000");
    CHECK(x.rtcp_fb.at(0) == sdp::rtcp_feedback{"trr-int", "100"});
    REQUIRE(x.codecs.size() == 3); // 0 has no line; 99 is not in the m= line
    CHECK(x.codecs[1].payload_type == 0);
    CHECK(x.codecs[1].name.empty());
    CHECK(x.codecs[2].is("Telephone-Event"));
    CHECK(x.ssrc_groups.at(0).ssrcs.at(1) == 4294967295u);
    CHECK(x.ssrcs.at(0) == sdp::ssrc_attribute{1, "cname", "a b:c"});
    CHECK(x.ssrcs.at(1) == sdp::ssrc_attribute{1, "flag", ""});
    CHECK(x.attributes ==
          std::vector<sdp::attribute>{
              {"ptime", "20"}, {"imageattr", "96 send [x=1,y=2]"}, {"crypto", std::nullopt}, {"x", ""}});
}

TEST_CASE("rid and simulcast") {
    const auto x =
        section(audio, {"a=rid:1 send pt=96,97;max-width=1280;max-height=720", "a=rid:h-i_2 recv",
                        "a=rid:3 send max-fps=15;depend=1,2;flag", "a=simulcast:send 1,~4;2 recv h-i_2"});
    CHECK(x.rids.at(0).formats == std::vector<std::string>{"96", "97"});
    CHECK(x.rids.at(0).restrictions.at(1) == sdp::rid_restriction{"max-height", "720"});
    CHECK_FALSE(x.rids.at(1).send);
    CHECK(x.rids.at(2).restrictions.at(2) == sdp::rid_restriction{"flag", std::nullopt});
    REQUIRE(x.simulcast);
    CHECK(x.simulcast->send.at(0).at(1) == sdp::simulcast_alternative{"4", true});
    CHECK(x.simulcast->recv.size() == 1);
    CHECK(sdp::print_simulcast(*sdp::parse_simulcast(" recv 1 send 2")) == "send 2 recv 1");
    for (auto bad :
         {"", "send", "send ;", "send 1,", "send 1 send 2", "both 1", "send ~", "send 1 recv", "send a!b"}) {
        CAPTURE(bad);
        CHECK_FALSE(sdp::parse_simulcast(bad).has_value());
    }
    for (auto bad : {"", "1", "1 up", "a.b send", "1 send pt=", "1 send pt=1;pt=2", "1 send ;",
                     "1 send a=b c", "1 send =b"}) {
        CAPTURE(bad);
        CHECK_FALSE(sdp::parse_rid(bad).has_value());
    }
}

TEST_CASE("data sections, new and old") {
    const auto now = section(data, {"a=sctp-port:0", "a=max-message-size:18446744073709551615",
                                    "a=rtpmap:any text", "a=fmtp:webrtc-datachannel x=1", "a=rtcp-fb:y"});
    CHECK(now.is_data_channel());
    CHECK(now.effective_sctp_port() == 0);
    CHECK(now.max_message_size == 18446744073709551615u);
    CHECK(now.attributes.size() == 3); // no RTP, so these mean nothing

    const auto old =
        section(head + "m=application 9 DTLS/SCTP 5001\r\n", {"a=sctpmap:5001 webrtc-datachannel 1024"});
    CHECK(old.is_data_channel());
    CHECK(old.effective_sctp_port() == 5001);
    CHECK(old.sctpmap->streams == 1024u);
    CHECK(section(head + "m=application 9 DTLS/SCTP 5001\r\n", {"a=mid:0"}).effective_sctp_port() == 5001);
    CHECK_FALSE(section(head + "m=application 9 DTLS/SCTP 5001\r\n", {"a=mid:0"}).is_data_channel());
    CHECK_FALSE(section(head + "m=application 9 UDP/BFCP *\r\n", {}).effective_sctp_port());
}

TEST_CASE("unknown kinds and protocols are kept") {
    const auto x = section(head + "m=hologram 49170/2 QUIC/X format-1 format-2\r\n", {"a=shape:round"});
    CHECK(x.kind() == sdp::media_kind::other);
    CHECK(x.media == "hologram");
    CHECK(x.port_count == 2u);
    CHECK_FALSE(x.is_rtp());
    CHECK(x.formats.at(1) == "format-2");
    CHECK(section(head + "m=audio 9 TCP/DTLS/RTP/SAVPF 0\r\n", {}).is_rtp());
    CHECK_FALSE(section(head + "m=audio 9 SRTPX/Y 0\r\n", {}).is_rtp());
}

TEST_CASE("several a=fmtp lines of one payload type become one") {
    const auto parsed = sdp::parse(audio + "a=fmtp:111 a=1; b=2 ;\r\na=fmtp:111 c\r\n");
    REQUIRE(parsed.has_value());
    const auto& opus = parsed->media[0].codecs[0];
    CHECK(opus.parameters() == std::vector<sdp::format_parameter>{{"a", "1"}, {"b", "2"}, {"", "c"}});
    CHECK(sdp::parse(sdp::print(*parsed)).value() == *parsed);
}

TEST_CASE("a section's own values come before the session's") {
    sdp::session_description x;
    x.transport.ice_ufrag = "sess";
    x.transport.ice_pwd = "p";
    x.transport.ice_options = {"trickle", "ice2"};
    x.transport.fingerprints = {{"sha-1", {}}, {"sha-256", {}}};
    x.transport.setup = sdp::setup_role::actpass;
    x.transport.tls_id = "s";
    x.extmaps = {{1, {}, "urn:a", ""}};
    auto& own = x.media.emplace_back();
    own.transport.ice_ufrag = "mine";
    own.transport.ice_options = {"trickle"};
    own.transport.fingerprints = {{"md5", {}}};
    own.transport.setup = sdp::setup_role::passive;
    own.extmaps = {{2, {}, "urn:b", ""}};
    const auto transport = effective_transport(x, own);
    CHECK(transport.ice_ufrag == "mine");
    CHECK(transport.ice_pwd == "p");
    CHECK(transport.ice_options == std::vector<std::string>{"trickle", "ice2"});
    CHECK(transport.fingerprints == own.transport.fingerprints);
    CHECK(transport.setup == sdp::setup_role::passive);
    CHECK(transport.tls_id == "s");
    CHECK(effective_extmaps(x, own).size() == 2);
    CHECK(effective_direction(x, own) == sdp::direction::sendrecv);
    CHECK_FALSE(effective_end_of_candidates(x, own));
    x.end_of_candidates = true;
    CHECK(effective_end_of_candidates(x, own));
}

TEST_CASE("directions") {
    using enum sdp::direction;
    CHECK(sdp::reverse(sendonly) == recvonly);
    CHECK(sdp::reverse(recvonly) == sendonly);
    CHECK(sdp::reverse(sendrecv) == sendrecv);
    CHECK(sdp::reverse(inactive) == inactive);
    CHECK((sendonly & recvonly) == inactive);
    CHECK((sendrecv & recvonly) == recvonly);
}

TEST_CASE("a description built from nothing prints and parses") {
    sdp::session_description x;
    x.origin.session_id = "42";
    x.origin.session_version = "1";
    x.groups = {{"BUNDLE", {"d"}}};
    auto& section = x.media.emplace_back();
    section.media = "application";
    section.protocol = "UDP/DTLS/SCTP";
    section.formats = {"webrtc-datachannel"};
    section.connections.emplace_back();
    section.mid = "d";
    section.transport.ice_ufrag = "abcd";
    section.transport.setup = sdp::setup_role::active;
    section.sctp_port = 5000;
    section.max_message_size = 262144;
    const auto text = sdp::print(x);
    CHECK(text ==
          "v=0\r\no=- 42 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE d\r\n"
          "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n"
          "a=setup:active\r\na=mid:d\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n");
    CHECK(sdp::parse(text).value() == x);
}
