#include "cortc/base/base64.hpp"
#include "cortc/base/json.hpp"
#include "cortc/base/utf8.hpp"

#include "test/support/catch.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

using namespace cortc;

TEST_CASE("base64: the vectors of RFC 4648 10, both ways") {
    const std::vector<std::pair<std::string, std::string>> vectors{{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
    for (const auto& [data, text] : vectors) {
        CHECK(base64_encode(data) == text);
        CHECK(base64_decode(text) == data);
    }
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    CHECK(base64_decode(base64_encode(all)) == all);
}

TEST_CASE("base64: nothing but what the encoder would write is read") {
    for (const char* bad : {"Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zm9v\n", "Zm 9v", "Zm9-", "Zm9_",
                            "Zh==", "Zm9=", "Zg==Zg==", "Z=g=", "Zm9v="})
        CHECK_FALSE(base64_decode(bad));
}

TEST_CASE("json: values of every kind, and what is in them") {
    const auto read = json::parse(
        R"( {"a" : [1, -0.5e+3, true, false, null, "x"], "b":{"c":"\u0041\u00e9\ud83d\ude00\n\"\/"}, "d":[], "e":{}} )");
    REQUIRE(read);
    REQUIRE(read->type() == json::kind::object);
    const auto* a = read->find("a");
    REQUIRE(a);
    REQUIRE(a->as_array());
    REQUIRE(a->as_array()->size() == 6);
    CHECK((*a->as_array())[1].type() == json::kind::number);
    CHECK((*a->as_array())[3].type() == json::kind::boolean);
    CHECK((*a->as_array())[4].type() == json::kind::null);
    CHECK(*(*a->as_array())[5].as_string() == "x");
    CHECK_FALSE((*a->as_array())[0].as_string());
    REQUIRE(read->find("b"));
    REQUIRE(read->find("b")->find("c"));
    CHECK(*read->find("b")->find("c")->as_string() == "A\u00e9\U0001F600\n\"/");
    CHECK(read->find("d")->as_array()->empty());
    CHECK(read->find("e")->type() == json::kind::object);
    CHECK_FALSE(read->find("f"));
    CHECK_FALSE(a->find("f"));
}

TEST_CASE("json: what is quoted is read back") {
    std::string all;
    for (int i = 0; i < 128; ++i) all += static_cast<char>(i);
    all += "\u00e9\u20ac\U0001F600";
    std::string quoted;
    json::append_quoted(quoted, all);
    const auto read = json::parse(quoted);
    REQUIRE(read);
    REQUIRE(read->as_string());
    CHECK(*read->as_string() == all);
}

TEST_CASE("json: malformed texts are refused") {
    for (const char* bad : {"",
                            " ",
                            "nul",
                            "truth",
                            "{",
                            "}",
                            "[",
                            "]",
                            "[1,]",
                            "[,1]",
                            "[1 2]",
                            "{\"a\"}",
                            "{\"a\":}",
                            "{\"a\":1,}",
                            "{a:1}",
                            "{\"a\":1 \"b\":2}",
                            "\"",
                            "\"\\",
                            "\"\\x\"",
                            "\"\\u12\"",
                            "\"\\u12g4\"",
                            "\"\\ud800\"",
                            "\"\\ud800\\u0041\"",
                            "\"\\udc00\"",
                            "\"\n\"",
                            "\"\xff\"",
                            "\"\xc0\x80\"",
                            "\"\xed\xa0\x80\"",
                            "01",
                            "-",
                            "1.",
                            ".5",
                            "1e",
                            "+1",
                            "0x1",
                            "1 1",
                            "'a'",
                            "{\"a\":1,\"a\":2}",
                            "{\"a\":1,\"\\u0061\":2}"}) {
        INFO(bad);
        CHECK_FALSE(json::parse(bad));
    }
}

TEST_CASE("json: many names cost no more than they are many") {
    json::limits bounds;
    bounds.size = 4 << 20;
    bounds.values = 200'000;
    std::string text = "{";
    for (int i = 0; i < 100'000; ++i) text += "\"" + std::to_string(1'000'000 + i) + "\":0,";
    const auto began = std::chrono::steady_clock::now();
    CHECK(json::parse(text + "\"last\":0}", bounds));
    CHECK_FALSE(json::parse(text + "\"1000000\":0}", bounds));
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5)); // each with each: a minute
}

TEST_CASE("json: size, depth and number of values are bounded") {
    json::limits bounds;
    bounds.size = 20;
    CHECK(json::parse("\"" + std::string(18, 'x') + "\"", bounds));
    CHECK_FALSE(json::parse("\"" + std::string(19, 'x') + "\"", bounds));
    bounds = {};
    bounds.depth = 3;
    CHECK(json::parse("[[[1]]]", bounds));
    CHECK_FALSE(json::parse("[[[[1]]]]", bounds));
    CHECK_FALSE(json::parse(std::string(60'000, '[')));
    bounds = {};
    bounds.values = 4;
    CHECK(json::parse("[1,2,3]", bounds));
    CHECK_FALSE(json::parse("[1,2,3,4]", bounds));
}

TEST_CASE("utf8: only what RFC 3629 allows") {
    CHECK(is_utf8(""));
    CHECK(is_utf8("a\u00e9\u20ac\U0001F600"));
    for (const char* bad : {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                            "\xf4\x90\x80\x80", "\xc3", "\xe2\x82", "a\xff"})
        CHECK_FALSE(is_utf8(bad));
}
