#include "cortc/mdns/message.hpp"
#include "test/support/catch.hpp"
#include "test/support/seeded_random.hpp"

#include <array>
#include <set>
#include <string>

using namespace cortc;
using namespace cortc::mdns;

namespace {

const std::string name = "0b1c2d3e-0000-4000-8000-1234567890ab.local";

ip_address address(std::string_view text) { return boost::asio::ip::make_address(text); }

/// A message from its bytes.
bytes raw(std::initializer_list<int> values) {
    bytes made;
    for (int each : values) made.push_back(static_cast<std::byte>(each));
    return made;
}
bytes header(int flags, int questions, int answers) {
    return raw({0, 0, flags >> 8, flags & 0xff, 0, questions, 0, answers, 0, 0, 0, 0});
}
bytes operator+(bytes a, const bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}
const bytes local = raw({5, 'l', 'o', 'c', 'a', 'l', 0});
const bytes type_a = raw({0, 1, 0, 1});
/// A record of type A behind its name: class IN, 120 seconds, four bytes.
const bytes record_a = raw({0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4, 192, 0, 2, 1});

} // namespace

TEST_CASE("mdns: a query and an answer are read as they are written") {
    std::array<std::byte, 1024> room;
    const auto query = write_query(room, name, record_type::aaaa);
    auto read = parse(byte_view(room).first(query));
    REQUIRE(read.has_value());
    CHECK_FALSE(read->response);
    CHECK(read->questions == std::vector<question>{{name, 28}});
    for (const auto* text : {"192.0.2.1", "2001:db8::1"}) {
        const auto size = write_answer(room, name, address(text), false);
        read = parse(byte_view(room).first(size));
        REQUIRE(read.has_value());
        CHECK(read->response);
        CHECK(read->addresses == std::vector<address_record>{{name, address(text), false}});
        read = parse(byte_view(room).first(write_answer(room, name, address(text), true)));
        REQUIRE(read.has_value());
        CHECK(read->addresses.empty());
        read = parse(byte_view(room).first(write_goodbye(room, name, address(text))));
        REQUIRE(read.has_value());
        CHECK(read->addresses == std::vector<address_record>{{name, address(text), true}});
    }
    CHECK(write_answer(byte_span(room).first(50), name, address("192.0.2.1"), false) == 0);
}

TEST_CASE("mdns: an answer has the bytes of RFC 6762") {
    std::array<std::byte, 1024> room;
    const auto size = write_answer(room, "a.local", address("192.0.2.1"), false);
    const auto a_local = raw({1, 'a'}) + local;
    const auto nothing_else = raw({0, 47, 0x80, 1, 0, 0, 0, 120, 0, 12}) + a_local + raw({0, 1, 0x40});
    const auto expected =
        raw({0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 1}) + a_local + record_a + a_local + nothing_else;
    CHECK(bytes(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(size)) == expected);
}

TEST_CASE("mdns: names are compressed, and their letters small") {
    // Two questions: "A.local", and "B" that goes on in the first.
    const auto message = header(0, 2, 0) + raw({1, 'A'}) + local + type_a + raw({1, 'B', 0xc0, 14}) + type_a;
    const auto read = parse(message);
    REQUIRE(read.has_value());
    CHECK(read->questions == std::vector<question>{{"a.local", 1}, {"b.local", 1}});
}

TEST_CASE("mdns: what is no message has no effect") {
    const auto why = [](const bytes& message) {
        const auto read = parse(message);
        return read ? drop_reason::count : read.error();
    };
    CHECK(why({}) == drop_reason::malformed);
    CHECK(why(bytes(11)) == drop_reason::malformed);
    CHECK(why(bytes(12)) == drop_reason::count); // empty, and well
    CHECK(why(bytes(max_message + 1)) == drop_reason::too_long);
    CHECK(why(header(0x2800, 0, 0)) == drop_reason::unexpected); // a dynamic update
    CHECK(why(header(0x8403, 0, 0)) == drop_reason::unexpected); // an error
    CHECK(why(header(0, 1, 0)) == drop_reason::malformed);       // less than it says
    CHECK(why(header(0, static_cast<int>(max_questions) + 1, 0)) == drop_reason::malformed);
    CHECK(why(raw({0, 0, 0x84, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})) == drop_reason::malformed);

    SECTION("names") {
        const auto question = [&](const bytes& text) { return why(header(0, 1, 0) + text + type_a); };
        CHECK(question(raw({0xc0, 12})) == drop_reason::malformed);           // points to itself
        CHECK(question(raw({0xc0, 14, 0xc0, 12})) == drop_reason::malformed); // forward, and back
        CHECK(question(raw({1, 'a', 0xc0, 12})) == drop_reason::malformed);   // to its own beginning
        CHECK(question(raw({0xc0})) == drop_reason::malformed);
        CHECK(question(raw({0x80, 1})) == drop_reason::malformed); // no such kind of label
        CHECK(question(raw({63, 'a'})) == drop_reason::malformed); // cut short
        bytes long_name;
        for (int i = 0; i < 5; ++i) long_name = long_name + raw({62}) + bytes(62, std::byte{'a'});
        CHECK(question(long_name + raw({0})) == drop_reason::malformed);
        // A chain of pointers, each to the one before: bounded by what they lead to.
        auto chain = header(0, 1, 0) + raw({1, 'a', 0});
        CHECK(why(chain + type_a) == drop_reason::count);
    }
    SECTION("records") {
        const auto record = [&](const bytes& behind) {
            return why(header(0x8400, 0, 1) + raw({1, 'a'}) + local + behind);
        };
        CHECK(record(record_a) == drop_reason::count);
        CHECK(record(raw({0, 1, 0, 1, 0, 0, 0, 9, 0, 16, 1, 2, 3, 4})) ==
              drop_reason::malformed);                                                         // too short
        CHECK(record(raw({0, 1, 0, 1, 0, 0, 0, 9, 0, 3, 1, 2, 3})) == drop_reason::malformed); // no address
        CHECK(record(raw({0, 28, 0, 1, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4})) == drop_reason::malformed);
        CHECK(record(raw({0, 16, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 1})) == drop_reason::malformed);
        CHECK(record(raw({0, 16, 0, 1, 0, 0, 0, 9, 0, 1, 0})) == drop_reason::count); // TXT is passed over
        CHECK(record(raw({0, 1, 0, 3, 0, 0, 0, 9, 0, 1, 0})) == drop_reason::count);  // and class CHAOS
    }
}

TEST_CASE("mdns: whatever comes is read within its bounds") {
    support::seeded_random random(7);
    std::array<std::byte, 1024> room;
    const auto size = write_answer(room, name, address("192.0.2.1"), false);
    for (int i = 0; i < 20'000; ++i) {
        bytes changed(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(size));
        for (auto n = random.below(4); n < 4; ++n)
            changed[random.below(changed.size())] = static_cast<std::byte>(random.below(256));
        changed.resize(random.below(changed.size() + 1));
        (void)parse(changed);
    }
    for (int i = 0; i < 20'000; ++i) {
        bytes any(random.below(64));
        random.fill(any);
        (void)parse(any);
    }
}

TEST_CASE("mdns: a dot in a label separates nothing") {
    const auto read = parse(header(0, 1, 0) + raw({7, 'a', '.', 'l', 'o', 'c', 'a', 'l', 0}) + type_a);
    REQUIRE(read.has_value());
    CHECK(read->questions.at(0).name == "a\\.local");
}

TEST_CASE("mdns: names are new, and of the form that is asked for") {
    support::seeded_random random(1);
    std::set<std::string> all;
    for (int i = 0; i < 100; ++i) all.insert(make_candidate_name(random));
    CHECK(all.size() == 100);
    for (const auto& each : all) {
        CHECK(is_candidate_name(each));
        CHECK(each[14] == '4'); // RFC 9562 5.4
        CHECK(std::string("89ab").find(each[19]) != std::string::npos);
    }
    CHECK(is_candidate_name("0B1C2D3E-0000-4000-8000-1234567890AB.LOCAL"));
    for (const std::string other :
         {"", "local", ".local", "printer.local", "0b1c2d3e-0000-4000-8000-1234567890ab.local.",
          "0b1c2d3e-0000-4000-8000-1234567890ab.lokal", "0b1c2d3e.0000-4000-8000-1234567890ab.local",
          "0b1c2d3g-0000-4000-8000-1234567890ab.local", "x0b1c2d3e-0000-4000-8000-1234567890ab.local"})
        CHECK_FALSE(is_candidate_name(other));
}
