#include "cortc/base/quoted.hpp"

#include "test/support/catch.hpp"

#include <algorithm>
#include <random>

using cortc::in_quotes;

TEST_CASE("quoted: what can be printed stays as it is") {
    CHECK(in_quotes("") == "\"\"");
    CHECK(in_quotes("candidate:1 1 udp 5") == "\"candidate:1 1 udp 5\"");
    CHECK(in_quotes(std::string(64, 'x')) == "\"" + std::string(64, 'x') + "\"");
}

TEST_CASE("quoted: hostile texts stay in their quotation marks, in one short line") {
    CHECK(in_quotes(std::string(65, 'x')) == "\"" + std::string(64, 'x') + "...\"");
    CHECK(in_quotes("a\" b\\") == R"("a\" b\\")");
    CHECK(in_quotes("\x1b[2J\r\n\t\x7f") == R"("\x1b[2J\x0d\x0a\x09\x7f")");
    CHECK(in_quotes(std::string_view("\0", 1)) == R"("\x00")");
    CHECK(in_quotes("\xe2\x80\xae\xff") == R"("\xe2\x80\xae\xff")"); // right-to-left override, and no UTF-8
    // An escape is whole, or not there.
    const auto behind = [](std::size_t letters, const char* rest) {
        std::string text(letters, 'x');
        text.append(rest);
        return text;
    };
    CHECK(in_quotes(behind(62, "\n")) == in_quotes(behind(62, "\n\n\n")));
    CHECK(in_quotes(behind(62, "\n")).ends_with("xx...\""));
    CHECK(in_quotes(behind(63, "\"")).ends_with("xx...\""));
    CHECK(in_quotes(behind(62, "\"")).ends_with("xx\\\"\""));
}

TEST_CASE("quoted: whatever the bytes are") {
    std::mt19937 random(1);
    for (int i = 0; i < 2000; ++i) {
        std::string text(random() % 200, '\0');
        for (auto& c : text) c = static_cast<char>(random());
        const auto shown = in_quotes(text);
        CAPTURE(shown);
        REQUIRE(shown.size() <= 1 + 64 + 3 + 1);
        REQUIRE(shown.front() == '"');
        REQUIRE(std::all_of(shown.begin(), shown.end(), [](char c) { return c >= ' ' && c < 0x7f; }));
        // The first quotation mark without a backslash before it is the last character.
        std::size_t at = 1;
        while (shown[at] != '"') at += shown[at] == '\\' ? 2 : 1;
        REQUIRE(at == shown.size() - 1);
    }
}
