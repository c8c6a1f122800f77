#include "cortc/sdp/candidate.hpp"
#include "cortc/sdp/fingerprint.hpp"

#include "test/support/catch.hpp"

using namespace cortc;

namespace {

sdp::candidate parsed(std::string_view text) {
    CAPTURE(std::string(text));
    auto out = sdp::parse_candidate(text);
    REQUIRE(out.has_value());
    return *out;
}

std::string refusal(std::string_view text) {
    const auto out = sdp::parse_candidate(text);
    return out ? "" : out.error().message;
}

} // namespace

TEST_CASE("candidates survive letter by letter") {
    for (std::string text : {
             "candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host", // RFC 8839 5.1
             "candidate:1 2 udp 1 2001:db8:8101:3a55:4858:a2a9:22ff:99b9 0 typ host",
             "candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998",
             "candidate:abcDEF/+9 256 udp 2147483647 5f0b2c3d-1.local 65535 typ prflx raddr :: rport 0 ufrag "
             "a/b+",
             "candidate:1 1 TCP 2128609279 10.0.1.1 9 typ host tcptype active", // RFC 6544
             "candidate:3 1 tcp 1671430143 192.0.2.3 45687 typ srflx raddr 10.0.1.1 rport 9 tcptype passive",
             "candidate:3 1 tcp 1671430143 192.0.2.3 45687 typ relay tcptype so generation 0 network-cost "
             "999",
             "candidate:1 1 sctp 5 192.0.2.3 1 typ teleport",
             // what no agent here can use
             "candidate:2441 1 udp 659136 fe80::54a9:d238:b2ee:ceb%21 60720 typ host generation 0",
             "candidate:2441 1 udp 659136 fe80::1%eth0 60720 typ host",
             "candidate:1 1 udp 5 [2001:db8::1] 60721 typ host",
             "candidate:1 1 udp 5 \xc3\xa4.example 60721 typ host",
             "candidate:3 1 udp 7 0:0:0:0:0:0:0:0 0 typ relay raddr ::/0 rport 0 network-cost 999",
             "candidate:1 1 udp 7 192.0.2.7 50000 typ srflx raddr fe80::1%eth0 rport 5000",
             "candidate:7 1 tcp 1509957375 192.0.2.7 65389 typ host generation 0",
             "candidate:1 1 udp 7 192.0.2.7 50000 typ host generation 0 ufrag  network-cost 999",
             "candidate:1 1 udp 7 192.0.2.7 50000 typ host generation 0 ufrag ",
             "candidate:1 1 udp 5 192.0.2.3 1 typ host generation 0 ufrag YO1c network-id 1 network-cost 10",
         }) {
        CHECK(sdp::print_candidate(parsed(text)) == text);
        CHECK(sdp::print_candidate(parsed("a=" + text)) == text);
    }
}

TEST_CASE("a candidate's fields") {
    const auto x =
        parsed("candidate:842163049 1 udp 1677729535 198.51.100.7 46154 typ srflx raddr 10.0.0.5 rport 43216 "
               "generation 0 ufrag EsAw network-cost 999");
    CHECK(x.foundation == "842163049");
    CHECK(x.component == 1);
    CHECK(x.transport == sdp::candidate_transport::udp);
    CHECK(x.priority == 1677729535);
    CHECK(x.address == "198.51.100.7");
    CHECK(x.port == 46154);
    CHECK(x.type == sdp::candidate_type::srflx);
    CHECK(x.related_address == "10.0.0.5");
    CHECK(x.related_port == 43216);
    CHECK_FALSE(x.tcptype);
    CHECK(x.ufrag() == "EsAw");
    CHECK(x.extension("generation") == "0");
    CHECK_FALSE(x.extension("network-id"));
    CHECK(x.extensions.size() == 3);
}

TEST_CASE("unknown transports and types are kept, case of a transport does not matter") {
    CHECK(parsed("candidate:1 1 UdP 1 192.0.2.1 1 typ host").transport == sdp::candidate_transport::udp);
    CHECK(parsed("candidate:1 1 ssltcp 1 192.0.2.1 1 typ host").transport == sdp::candidate_transport::other);
    CHECK(parsed("candidate:1 1 udp 1 192.0.2.1 1 typ other").type == sdp::candidate_type::other);
    CHECK(parsed("candidate:1 1 udp 1 192.0.2.1 1 typ host") ==
          parsed("candidate:1  1 udp 1 192.0.2.1 1 typ host "));
}

TEST_CASE("the value of an extension may be empty") {
    const auto x = parsed("candidate:1 1 udp 7 192.0.2.7 5000 typ host generation 0 ufrag  network-cost 9");
    CHECK(x.extension("generation") == "0");
    CHECK(x.extension("ufrag") == "");
    CHECK_FALSE(x.ufrag()); // it names no generation
    CHECK(x.extension("network-cost") == "9");
    CHECK(parsed("candidate:1 1 udp 7 192.0.2.7 5000 typ host ufrag").extension("ufrag") == ""); // trimmed
    CHECK(parsed("candidate:1 1 udp 7 192.0.2.7 5000 typ host  generation 0  ufrag abcd").ufrag() == "abcd");
}

TEST_CASE("a candidate made by hand prints") {
    sdp::candidate x;
    x.foundation = "f1";
    x.priority = 2113937151;
    x.address = "2001:db8::1";
    x.port = 5000;
    x.extensions.push_back({"ufrag", "abcd"});
    CHECK(sdp::print_candidate(x) == "candidate:f1 1 udp 2113937151 2001:db8::1 5000 typ host ufrag abcd");
    CHECK(parsed(sdp::print_candidate(x)) == x);
    x.transport_text = "TCP"; // left over from another transport
    CHECK(parsed(sdp::print_candidate(x)).transport == sdp::candidate_transport::udp);
}

TEST_CASE("a broken candidate is refused with what would be right") {
    using Catch::Matchers::ContainsSubstring;
    CHECK_THAT(refusal(""), ContainsSubstring("starts with \"candidate:\""));
    CHECK_THAT(refusal("1 1 udp 1 192.0.2.1 1 typ host"), ContainsSubstring("starts with \"candidate:\""));
    CHECK_THAT(refusal("candidate:"), ContainsSubstring("foundation"));
    CHECK_THAT(refusal("candidate:a-b 1 udp 1 192.0.2.1 1 typ host"), ContainsSubstring("foundation"));
    CHECK_THAT(refusal("candidate:" + std::string(33, 'a') + " 1 udp 1 192.0.2.1 1 typ host"),
               ContainsSubstring("foundation"));
    CHECK_THAT(refusal("candidate:1 0 udp 1 192.0.2.1 1 typ host"), ContainsSubstring("component"));
    CHECK_THAT(refusal("candidate:1 257 udp 1 192.0.2.1 1 typ host"), ContainsSubstring("component"));
    CHECK_THAT(refusal("candidate:1 -1 udp 1 192.0.2.1 1 typ host"), ContainsSubstring("component"));
    CHECK_THAT(refusal("candidate:1 1 u:p 1 192.0.2.1 1 typ host"), ContainsSubstring("transport"));
    CHECK_THAT(refusal("candidate:1 1 udp 0 192.0.2.1 1 typ host"), ContainsSubstring("priority"));
    CHECK_THAT(refusal("candidate:1 1 udp 2147483648 192.0.2.1 1 typ host"), ContainsSubstring("priority"));
    CHECK_THAT(refusal("candidate:1 1 udp 99999999999999999999 192.0.2.1 1 typ host"),
               ContainsSubstring("priority"));
    CHECK_THAT(refusal("candidate:1 1 udp 1 192.0.2.1\t 1 typ host"), ContainsSubstring("address"));
    CHECK_THAT(refusal("candidate:1 1 udp 1"), ContainsSubstring("address"));
    CHECK_THAT(refusal("candidate:1 1 udp 1 192.0.2.1 65536 typ host"), ContainsSubstring("port"));
    CHECK_THAT(refusal("candidate:1 1 udp 1 192.0.2.1 1"), ContainsSubstring("typ"));
    CHECK_THAT(refusal("candidate:1 1 udp 1 192.0.2.1 1 type host"), ContainsSubstring("typ"));
    CHECK_THAT(refusal("candidate:1 1 udp 1 192.0.2.1 1 typ"), ContainsSubstring("type"));
    CHECK_THAT(refusal("candidate:1 1 udp 1 192.0.2.1 1 typ host raddr"), ContainsSubstring("raddr"));
    CHECK_THAT(refusal("candidate:1 1 udp 1 192.0.2.1 1 typ host raddr  rport 1"),
               ContainsSubstring("raddr"));
    CHECK_THAT(refusal("candidate:1 1 udp 1 192.0.2.1 1 typ host raddr 1 raddr 2"),
               ContainsSubstring("raddr"));
    CHECK_THAT(refusal("candidate:1 1 udp 1 192.0.2.1 1 typ host raddr 1 rport x"),
               ContainsSubstring("rport"));
    CHECK_THAT(refusal("candidate:1 1 tcp 1 192.0.2.1 1 typ host tcptype fast"),
               ContainsSubstring("tcptype"));
    CHECK_THAT(refusal("candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n"), ContainsSubstring("one line"));
    CHECK_THAT(refusal(std::string_view("candidate:1 1 udp 1 192.0.2.1 1 typ host a \0", 44)),
               ContainsSubstring("one line"));
    CHECK_THAT(refusal("candidate:1 1 udp 1 192.0.2.1 1 typ host a " + std::string(5000, 'x')),
               ContainsSubstring("4096"));
}

TEST_CASE("ice-ufrag and ice-pwd: lengths and characters of RFC 8839 5.4") {
    CHECK(sdp::is_ice_ufrag("ab/+"));
    CHECK_FALSE(sdp::is_ice_ufrag("abc"));
    CHECK_FALSE(sdp::is_ice_ufrag("ab-d"));
    CHECK(sdp::is_ice_ufrag(std::string(256, 'a')));
    CHECK_FALSE(sdp::is_ice_ufrag(std::string(257, 'a')));
    CHECK(sdp::is_ice_pwd(std::string(22, '/')));
    CHECK_FALSE(sdp::is_ice_pwd(std::string(21, '/')));
    CHECK_FALSE(sdp::is_ice_pwd(std::string(257, '/')));
    CHECK_FALSE(sdp::is_ice_pwd("012345678901234567890="));
}

TEST_CASE("fingerprints") {
    const std::string sha1 =
        "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB"; // RFC 8122 5
    const auto x = sdp::parse_fingerprint(sha1);
    REQUIRE(x.has_value());
    CHECK(x->algorithm == "sha-1");
    CHECK(x->value.size() == 20);
    CHECK(x->value[0] == std::byte{0x4a});
    CHECK(x->value[19] == std::byte{0xab});
    CHECK(sdp::print_fingerprint(*x) == sha1);
    CHECK(
        sdp::parse_fingerprint("SHA-1 4a:ad:b9:b1:3f:82:18:3b:54:02:12:df:3e:5d:49:6b:19:e5:7c:ab").value() ==
        *x);
    REQUIRE(sdp::parse_fingerprint("sha3-256 01:02").has_value());
    CHECK(sdp::print_fingerprint(*sdp::parse_fingerprint("sha3-256 01:02")) == "sha3-256 01:02");
    for (std::string text :
         {std::string(), std::string("sha-256"), std::string("sha-1 4A:AD"), sha1 + ":00", sha1 + ":",
          sha1 + " x", std::string("x 0"), std::string("x 0g"), std::string("x 01-02"), std::string("x 0102"),
          std::string("x 01::02"), std::string("a:b 01")}) {
        CAPTURE(text);
        CHECK_FALSE(sdp::parse_fingerprint(text).has_value());
    }
    std::string longest = "x 00";
    for (int i = 1; i < 128; ++i) longest += ":00";
    CHECK(sdp::parse_fingerprint(longest).has_value());
    CHECK_FALSE(sdp::parse_fingerprint(longest + ":00").has_value());
}
