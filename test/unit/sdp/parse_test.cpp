#include "test/unit/sdp/texts.hpp"

#include "test/support/catch.hpp"

#include <array>

using namespace cortc;
using namespace cortc::sdp::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

TEST_CASE("the mandatory lines") {
    CHECK(refusal(head) == "");
    CHECK_THAT(refusal(""), StartsWith("1: "));
    CHECK_THAT(refusal("\r\n"), StartsWith("1: "));
    CHECK_THAT(refusal("v=1\r\n"), StartsWith("1: ") && ContainsSubstring("v=0"));
    CHECK_THAT(refusal("o=- 1 2 IN IP4 127.0.0.1\r\n"), StartsWith("1: "));
    CHECK_THAT(refusal("v=0\r\n"), StartsWith("2: ") && ContainsSubstring("o="));
    CHECK_THAT(refusal("v=0\r\ns=-\r\n"), StartsWith("2: ") && ContainsSubstring("o="));
    CHECK_THAT(refusal("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nt=0 0\r\n"),
               StartsWith("3: ") && ContainsSubstring("s="));
    CHECK_THAT(refusal("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\n"),
               StartsWith("3: ") && ContainsSubstring("t="));
    CHECK_THAT(refusal("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nm=audio 9 RTP/AVP 0\r\nt=0 0\r\n"),
               StartsWith("4: ") && ContainsSubstring("t="));
}

TEST_CASE("a broken line is refused with its number") {
    const std::vector<std::pair<std::string, std::string>> in_session{
        {"", "small letter"},
        {"a", "small letter"},
        {"A=x", "small letter"},
        {" a=x", "small letter"},
        {"v=0", "kind"},
        {"o=x", "kind"},
        {"x=1", "kind"},
        {"t=0", "two numbers"},
        {"t=0 0 0", "two numbers"},
        {"b=AS", "AS:128"},
        {"b=AS:-1", "AS:128"},
        {"b=AS:1x", "AS:128"},
        {"t=-1 0", "two numbers"},
        {"c=IN IP4", "address"},
        {"a=", "name"},
        {"a=:x", "name"},
        {"a=group:", "a=group"},
        {"a=group", "needs a value"},
        {"a=ice-lite:x", "takes no value"},
        {"a=ice-pacing:4294967296", "milliseconds"},
        {"a=setup:up", "holdconn"},
        {"a=ice-ufrag:abc", "4 to 256"},
        {"a=ice-pwd:short", "22 to 256"},
        {"a=ice-options:", "trickle"},
        {"a=fingerprint:sha-256 00", "32 bytes"},
        {"a=extmap:0 urn:x", "1 to 255"},
        {"a=extmap:256 urn:x", "1 to 255"},
        {"a=extmap:70000 urn:x", "1 to 255"},
        {"a=extmap:1/up urn:x", "direction"},
        {"a=extmap:1", "URI"},
        {"m=", "kind"},
        {"m=audio", "port"},
        {"m=audio 65536 RTP/AVP 0", "port"},
        {"m=audio 9/0 RTP/AVP 0", "port"},
        {"m=audio 9/ RTP/AVP 0", "port"},
        {"m=audio 9", "protocol"},
        {"m=audio 9 RTP//AVP 0", "protocol"},
        {"m=audio 9 RTP/AVP", "format"},
        {"m=audio 9 RTP/AVP 128", "0 to 127"},
        {"m=audio 9 RTP/AVP x", "0 to 127"},
    };
    for (const auto& [line, message] : in_session) {
        CAPTURE(line);
        CHECK_THAT(refusal(head + line + "\r\na=x\r\n"), StartsWith("5: ") && ContainsSubstring(message));
    }
    const std::vector<std::pair<std::string, std::string>> in_section{
        {"t=0 0", "in a section"},
        {"s=-", "in a section"},
        {"c=x", "address"},
        {"a=mid:", "one word"},
        {"a=mid:a b", "one word"},
        {"a=mid", "needs a value"},
        {"a=candidate:x", "component"},
        {"a=rtcp:x", "port"},
        {"a=rtcp:9 IN", "address"},
        {"a=rtcp-mux:x", "takes no value"},
        {"a=sendrecv:x", "takes no value"},
        {"a=msid:", "a=msid"},
        {"a=msid:a b c", "a=msid"},
        {"a=rtpmap:111", "opus/48000"},
        {"a=rtpmap:128 a/1", "opus/48000"},
        {"a=rtpmap:111 opus", "opus/48000"},
        {"a=rtpmap:111 opus/0", "opus/48000"},
        {"a=rtpmap:111 opus/4294967296", "opus/48000"},
        {"a=rtpmap:111 opus/1/", "opus/48000"},
        {"a=rtpmap:111 opus/1/2/3", "opus/48000"},
        {"a=rtpmap:111 /8000", "opus/48000"},
        {"a=fmtp:111", "apt=96"},
        {"a=rtcp-fb:111", "nack pli"},
        {"a=rtcp-fb:x nack", "nack pli"},
        {"a=ssrc:x cname:a", "32 bits"},
        {"a=ssrc:4294967296 cname:a", "32 bits"},
        {"a=ssrc:1", "32 bits"},
        {"a=ssrc-group:FID x", "32 bits"},
        {"a=rid:x", "a=rid"},
        {"a=simulcast:x", "a=simulcast"},
        {"a=sctp-port:65536", "65535"},
        {"a=max-message-size:", "number of bytes"},
        {"a=max-message-size:-1", "number of bytes"},
        {"a=sctpmap:5000", "a=sctpmap"},
        {"a=sctpmap:5000 x y", "a=sctpmap"},
    };
    for (const auto& [line, message] : in_section) {
        CAPTURE(line);
        CHECK_THAT(refusal(audio + line + "\n"), StartsWith("6: ") && ContainsSubstring(message));
    }
}

TEST_CASE("a password does not get into a message") {
    const std::string secret = "0123456789012345678901!";
    CHECK_THAT(refusal(audio + "a=ice-pwd:" + secret + "\r\n"), !ContainsSubstring("01234"));
}

TEST_CASE("what has one value may be repeated with the same, not with another") {
    const auto twice = [](const std::string& before, const std::string& name, std::string_view one,
                          std::string_view other) {
        const auto line = [&](std::string_view value) { return name + std::string(value) + "\r\n"; };
        CAPTURE(name);
        CHECK(refusal(before + line(one)) == "");
        CHECK(refusal(before + line(one) + line(one)) == "");
        CHECK(sdp::parse(before + line(one) + line(one)).value() == sdp::parse(before + line(one)).value());
        return refusal(before + line(one) + line(other));
    };
    using row = std::array<std::string, 3>;
    for (const auto& [name, one, other] :
         std::vector<row>{{"a=mid:", "a", "b"},
                          {"a=ice-ufrag:", "abcd", "abce"},
                          {"a=ice-pwd:", "0123456789012345678901", "0123456789012345678902"},
                          {"a=setup:", "active", "passive"},
                          {"a=tls-id:", "x", "y"},
                          {"a=rtcp:", "9", "9 IN IP4 0.0.0.0"},
                          {"a=simulcast:", "send 1", "recv 1"},
                          {"a=sctp-port:", "5000", "5001"},
                          {"a=max-message-size:", "1", "2"},
                          {"a=sctpmap:", "1 x", "1 y"},
                          {"i=", "x", "y"},
                          {"k=", "x", "y"}})
        CHECK_THAT(twice(audio, name, one, other),
                   StartsWith("7: ") && ContainsSubstring("only one value in a section"));
    for (const auto& [name, one, other] : std::vector<row>{{"u=", "x", "y"},
                                                           {"c=IN IP4 ", "a", "b"},
                                                           {"z=", "0", "1"},
                                                           {"a=ice-pacing:", "1", "2"},
                                                           {"a=identity:", "x", "y"},
                                                           {"a=msid-semantic:", "x", "y"}})
        CHECK_THAT(twice(head, name, one, other), StartsWith("6: ") && ContainsSubstring("only one value"));
    CHECK_THAT(refusal(audio + "a=sendonly\r\na=inactive\r\n"), StartsWith("7: "));
    CHECK_THAT(twice(audio, "a=rtpmap:0 ", "a/1", "a/2"),
               StartsWith("7: ") && ContainsSubstring("only one a=rtpmap"));
    for (std::string line :
         {"a=sendonly", "a=rtcp-mux", "a=rtcp-rsize", "a=bundle-only", "a=end-of-candidates"})
        CHECK(refusal(audio + line + "\r\n" + line + "\r\n") == "");
    CHECK_THAT(refusal(audio + "a=mid:x\r\nm=video 9 RTP/AVP 0\r\na=mid:x\r\n"),
               StartsWith("8: ") && ContainsSubstring("mid"));
    CHECK(refusal(head + "a=setup:active\r\nm=video 9 RTP/AVP 0\r\na=setup:passive\r\n") == "");
}

TEST_CASE("numbers that the grammar does not bound may have any length") {
    const std::string huge(50, '9');
    const auto text = "v=0\r\no=- " + huge + " 1" + huge + " IN IP4 127.0.0.1\r\ns=-\r\nt=" + huge + " 0\r\n";
    auto parsed = sdp::parse(text);
    REQUIRE(parsed.has_value());
    CHECK(sdp::print(*parsed) == text);
    parsed = sdp::parse(data + "b=AS:" + huge + "\r\na=max-message-size:" + huge + "\r\n");
    REQUIRE(parsed.has_value());
    CHECK(parsed->media[0].bandwidths[0].value == 18446744073709551615u);
    CHECK(parsed->media[0].max_message_size == 18446744073709551615u);
    CHECK(sdp::parse(sdp::print(*parsed)).value() == *parsed);
}

TEST_CASE("sizes are bounded") {
    const sdp::limits bounds{.size = 400, .line_length = 80, .lines = 12, .sections = 2, .attributes = 4};
    CHECK(refusal(head, bounds) == "");
    CHECK_THAT(refusal(head + std::string(400, '\n'), bounds), ContainsSubstring("400 bytes"));
    CHECK(refusal(head + "i=" + std::string(78, 'x'), bounds) == "");
    CHECK_THAT(refusal(head + "i=" + std::string(79, 'x'), bounds),
               StartsWith("5: ") && ContainsSubstring("80 bytes"));
    std::string lines = head;
    for (int i = 0; i < 8; ++i) lines += "e=x\n";
    CHECK(refusal(lines, bounds) == "");
    CHECK_THAT(refusal(lines + "e=x\n", bounds), StartsWith("13: ") && ContainsSubstring("12 lines"));
    const std::string section = "m=x 9 y z\na=1\na=2\n";
    CHECK(refusal(head + section + section, bounds) == "");
    CHECK_THAT(refusal(head + section + section + "m=x 9 y z\n", bounds),
               StartsWith("11: ") && ContainsSubstring("2 sections"));
    CHECK(refusal(head + section + "a=3\na=4\n", bounds) == "");
    CHECK_THAT(refusal(head + section + "a=3\na=4\na=5\n", bounds),
               StartsWith("10: ") && ContainsSubstring("4 attributes"));
    CHECK_THAT(refusal(head + std::string(2 << 20, 'x')), ContainsSubstring("1048576 bytes"));
    std::string options = "a=ice-options:";
    for (int i = 0; i < 65; ++i) options += "x ";
    CHECK_THAT(refusal(head + options), StartsWith("5: ") && ContainsSubstring("64"));
}

TEST_CASE("NUL and CR inside a line are refused, other bytes are kept") {
    CHECK_THAT(refusal(head + std::string("a=x:\0y\r\n", 8)), StartsWith("5: ") && ContainsSubstring("NUL"));
    CHECK_THAT(refusal(head + "a=x:y\ra=ice-lite\r\n"), StartsWith("5: ") && ContainsSubstring("CR"));
    const auto parsed = sdp::parse(head + "a=x:\xff\xfe\x80 \x01\r\n");
    REQUIRE(parsed.has_value());
    CHECK(find_attribute(parsed->attributes, "x") == "\xff\xfe\x80 \x01");
    CHECK(sdp::print(*parsed) == head + "a=x:\xff\xfe\x80 \x01\r\n");
}

TEST_CASE("a peer's text in a message is short and clean") {
    const auto message = refusal(audio + "a=setup:\x1b[31m" + std::string(1000, 'x') + "\r\n");
    CHECK(message.size() < 200);
    CHECK(std::all_of(message.begin(), message.end(), [](char c) { return c >= ' ' && c < 0x7f; }));
    CHECK_THROWS_WITH(sdp::parse("").value(), StartsWith("SDP line 1: "));
}
