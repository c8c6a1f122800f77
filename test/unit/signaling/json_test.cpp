#include "cortc/signaling/json.hpp"

#include "cortc/error.hpp"
#include "test/support/catch.hpp"

#include <string>

using namespace cortc;
using namespace cortc::signaling;

namespace {

std::string complaint(std::string_view text) {
    auto parsed = parse_json(text);
    return parsed ? "accepted" : parsed.error().what;
}

SessionDescription description(std::string_view text) {
    return std::get<SessionDescription>(parse_json(text).value());
}
IceCandidate candidate(std::string_view text) { return std::get<IceCandidate>(parse_json(text).value()); }

} // namespace

TEST_CASE("descriptions and candidates as browsers write them") {
    const auto offer = description(R"({"type":"offer","sdp":"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n"})");
    CHECK(offer.type == SdpType::offer);
    CHECK(offer.sdp == "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n");
    CHECK(description(R"({"sdp":"x","type":"answer"})").type == SdpType::answer);
    CHECK(description(R"({"type":"pranswer","sdp":""})").type == SdpType::pranswer);
    CHECK(description(R"({"type":"rollback"})") == SessionDescription(SdpType::rollback, ""));
    CHECK(description(R"({"type":"rollback","sdp":""})") == SessionDescription(SdpType::rollback, ""));

    const auto text = "candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host generation 0 ufrag a/b+";
    CHECK(candidate(R"({"candidate":")" + std::string(text) +
                    R"(","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"a/b+"})") ==
          IceCandidate(text, "0", std::uint16_t{0}, "a/b+"));
    CHECK(candidate(R"({"candidate":"","sdpMid":null,"sdpMLineIndex":null,"usernameFragment":null})") ==
          IceCandidate(""));
    CHECK(candidate(R"({"sdpMLineIndex":65535,"candidate":""})") ==
          IceCandidate("", {}, std::uint16_t{65535}));
}

TEST_CASE("members of other names are passed over, whatever they hold") {
    CHECK(candidate(
              R"({"relayProtocol":null,"deep":[{"type":"offer","sdp":1},[1e99,-5,true]],"candidate":"c"})") ==
          IceCandidate("c"));
    CHECK(candidate(R"({"x":1,"x":2,"candidate":"c","x":{"candidate":7}})") == IceCandidate("c"));
    CHECK(candidate("{\"" + std::string(100000, 'k') + "\":\"" + std::string(100000, 'v') +
                    R"(","candidate":"c"})") == IceCandidate("c"));
}

TEST_CASE("what is written is read again") {
    const SessionDescription answer(SdpType::answer, "v=0\r\na=x:\"\\\t\x01 \xc3\xa4\r\n");
    CHECK(description(to_json(answer)) == answer);
    const IceCandidate full("candidate:x", "mid \"1\"", std::uint16_t{3}, "uf/+");
    CHECK(candidate(to_json(full)) == full);
    CHECK(candidate(to_json(IceCandidate())) == IceCandidate());
    CHECK(to_json(IceCandidate("c", "0")) == R"({"candidate":"c","sdpMid":"0"})");
    CHECK(to_json(message(SessionDescription(SdpType::offer, "v"))) == R"({"type":"offer","sdp":"v"})");
}

TEST_CASE("a text that is no message says why") {
    CHECK(complaint("{}") == "type or candidate: neither is there");
    CHECK(complaint(R"({"type":"offer","candidate":"c","sdp":""})") ==
          "type and candidate: only one of them may be there");
    CHECK(complaint(R"({"type":"offer"})") == "sdp: is missing");
    CHECK(complaint(R"({"type":"offer","sdp":null})") == "sdp: is not a string");
    CHECK(complaint(R"({"type":"rollback","sdp":5})") == "sdp: is not a string");
    CHECK(complaint(R"({"type":["offer"],"sdp":""})") == "type: is not a string");
    CHECK(complaint(R"({"type":null,"sdp":""})") == "type: is not a string");
    CHECK(complaint(R"({"candidate":{}})") == "candidate: is not a string");
    CHECK(complaint(R"({"candidate":null})") == "candidate: is not a string");
    CHECK(complaint(R"({"candidate":"","sdpMid":0})") == "sdpMid: is not a string");
    CHECK(complaint(R"({"candidate":"","usernameFragment":[]})") == "usernameFragment: is not a string");
}

TEST_CASE("an object whose type is none of ours is the application's, and comes as it was sent") {
    for (const std::string text :
         {R"({"type":"chat","text":"hello"})", R"( { "a" : [1, {"type":"offer"}], "type" : "j\u006fin" } )",
          R"({"type":"Offer","sdp":{"not":"ours"}})", R"({"type":"candidate","candidate":"c"})",
          R"({"type":"x","sdpMLineIndex":-1,"y":1,"y":2})"}) {
        INFO(text);
        const auto read = parse_json(text).value();
        REQUIRE(std::holds_alternative<application_message>(read));
        const auto& own = std::get<application_message>(read);
        CHECK(own.json() == text);
        CHECK(own == application_message(text));
        CHECK(to_json(read) == text);
    }
    CHECK(application_message(R"({"type":"j\u006fin"})").type() == "join");
    CHECK(
        application_message("{\"type\":\"" + std::string(max_application_type, 't') + "\"}").type().size() ==
        max_application_type);
}

TEST_CASE("an application's message has bounds") {
    const auto code = [](const std::string& text) {
        try {
            application_message made(text);
            return cortc::errc{};
        } catch (const Error& error) {
            return static_cast<cortc::errc>(error.code().value());
        }
    };
    const auto wrong_type = "type: has not 1 to 64 bytes";
    CHECK(complaint(R"({"type":""})") == wrong_type);
    const auto long_type = "{\"type\":\"" + std::string(max_application_type + 1, 't') + "\"}";
    CHECK(complaint(long_type) == wrong_type);
    const auto of_size = [](std::size_t size) {
        const std::string head = R"({"type":"\n","x":")", tail = "\"}";
        return head + std::string(size - head.size() - tail.size(), 'x') + tail;
    };
    CHECK(complaint(of_size(max_application_message)) == "accepted");
    CHECK(complaint(of_size(max_application_message + 1)) ==
          R"(a message of type "\x0a" has more than 262144 bytes)");
    CHECK(code(of_size(max_application_message)) == cortc::errc{});
    CHECK(code(of_size(max_application_message + 1)) == cortc::errc::limit);
    for (const char* text : {"", "[]", "{}", R"({"type":7})", R"({"type":""})", R"({"type":"a","type":"b"})",
                             R"({"type":"offer"})", "{\"type\":\"\xff\"}"})
        CHECK(code(text) == cortc::errc::syntax);
    CHECK(code(long_type) == cortc::errc::syntax);
    for (const char* text : {R"({"type":"offer","sdp":""})", R"({"type":"rollback"})", R"({"candidate":""})"})
        CHECK(code(text) == cortc::errc::type);
}

TEST_CASE("a line index is an integer of sixteen bits") {
    for (const char* number : {"65536", "-1", "1.5", "1e0", "18446744073709551615", "18446744073709551616",
                               "1e999", "\"0\"", "true", "[0]", "{}"}) {
        INFO(number);
        CHECK(complaint(R"({"candidate":"","sdpMLineIndex":)" + std::string(number) + "}") ==
              "sdpMLineIndex: is not an integer of 0..65535");
    }
}

TEST_CASE("a member given twice is refused, neither first nor last is taken") {
    CHECK(complaint(R"({"type":"offer","sdp":"a","sdp":"b"})") == "sdp: appears twice");
    CHECK(complaint(R"({"type":"offer","sdp":"a","t\u0079pe":"answer"})") == "type: appears twice");
    CHECK(complaint(R"({"candidate":"a","sdpMid":null,"sdpMid":"0"})") == "sdpMid: appears twice");
}

TEST_CASE("a body that refuses is told in one line, and one with a member twice as it came") {
    using signaling::detail::response_text;
    CHECK(response_text(signaling::detail::error_json("SyntaxError", "sdp: is \x1b[2J missing\n")) ==
          R"(SyntaxError: "sdp: is \x1b[2J missing\x0a")");
    CHECK(response_text(R"({"name":"A","message":"b","name":"C"})") ==
          R"("{\"name\":\"A\",\"message\":\"b\",\"name\":\"C\"}")");
    CHECK(response_text(R"({"name":"\u001b[2J","message":"b"})") ==
          R"("{\"name\":\"\\u001b[2J\",\"message\":\"b\"}")");
    CHECK(response_text("no JSON\r\n") == "\"no JSON\"");
    CHECK(response_text(" \r\n").empty());
    CHECK(response_text(std::string(1000, 'x')) == "\"" + std::string(300, 'x') + "...\"");
    std::string many = "{";
    for (int i = 0; i < 100'000; ++i) many += "\"" + std::to_string(i) + "\":0,";
    CHECK(response_text(many + "\"name\":0}").size() < 310); // more values than anybody needs
}

TEST_CASE("texts that are not JSON") {
    CHECK(complaint("") != "accepted");
    CHECK(complaint("null") == "the text is not a JSON object");
    CHECK(complaint("[]") == "the text is not a JSON object");
    CHECK(complaint("\"type\"") == "the text is not a JSON object");
    CHECK(complaint(R"({"candidate":"c"} {"candidate":"c"})").starts_with("byte 18: "));
    CHECK(complaint(R"({"candidate":"c")").starts_with("byte 16: "));
    CHECK(complaint(R"({"candidate":"c",})").starts_with("byte "));
    CHECK(complaint(R"({candidate:"c"})").starts_with("byte 1: "));
    CHECK(complaint("{\"candidate\":\"\xff\"}").starts_with("byte "));
    CHECK(complaint(std::string_view("{\"candidate\":\"\0\"}", 17)).starts_with("byte "));
    CHECK(complaint(R"({"candidate":"\ud800"})").starts_with("byte "));
    CHECK(complaint("/* */ {\"candidate\":\"c\"}").starts_with("byte 0: "));
    CHECK_THROWS_AS(parse_json("{}").value(), Error);
    try {
        (void)parse_json("{}").value();
    } catch (const Error& error) {
        CHECK(error.code() == cortc::errc::syntax);
    }
}

TEST_CASE("nesting has a bound") {
    const auto nested = [](std::size_t depth) {
        return R"({"candidate":"c","x":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    CHECK(complaint(nested(max_json_depth - 1)) == "accepted");
    CHECK(complaint(nested(max_json_depth)).starts_with("byte "));
    CHECK(complaint(std::string(1000000, '[')) == "the text is not a JSON object");
    CHECK(complaint(R"({"x":)" + std::string(1000000, '[')).starts_with("byte "));
}

TEST_CASE("every damaged byte and every cut is either read or refused") {
    const std::string text =
        R"({"candidate":"candidate:1 1 udp 1 192.0.2.1 5 typ host","sdpMid":"0","sdpMLineIndex":12})";
    for (std::size_t i = 0; i < text.size(); ++i) {
        CHECK(complaint(text.substr(0, i)) != "accepted");
        for (int flip : {0x01, 0x20, 0x80}) {
            auto damaged = text;
            damaged[i] = static_cast<char>(damaged[i] ^ flip);
            (void)parse_json(damaged);
        }
    }
}
