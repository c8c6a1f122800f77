#include "cortc/datachannel/dcep.hpp"

#include "test/support/catch.hpp"

#include <initializer_list>
#include <string>
#include <vector>

using namespace cortc;
using namespace cortc::datachannel;

namespace {

bytes raw(std::initializer_list<int> values) {
    bytes out;
    for (int value : values) out.push_back(static_cast<std::byte>(value));
    return out;
}

} // namespace

TEST_CASE("DCEP: an OPEN is read field by field (RFC 8832 5.1)") {
    auto message = raw({0x03, 0x81, 0x02, 0x00, 0x00, 0x00, 0x00, 0x07, 0x00, 0x04, 0x00, 0x02, 'c', 'h', 'a',
                        't', 'v', '1'});
    auto open = dcep::parse_open(message);
    REQUIRE(open.has_value());
    CHECK(open->type == dcep::channel_type::partial_reliable_rexmit_unordered);
    CHECK(open->priority == 512);
    CHECK(open->reliability == 7);
    CHECK(open->label == "chat");
    CHECK(open->protocol == "v1");

    bytes written(dcep::size_of(*open));
    REQUIRE(dcep::write(*open, written) == message.size());
    CHECK(written == message);
}

TEST_CASE("DCEP: label and protocol may be empty, and as long as their length fields allow") {
    auto empty = dcep::parse_open(raw({3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
    REQUIRE(empty.has_value());
    CHECK(empty->label.empty());
    CHECK(empty->protocol.empty());
    CHECK(empty->priority == 256);

    std::string label(65535, 'l'), protocol(65535, 'p');
    dcep::open_message longest;
    longest.label = label;
    longest.protocol = protocol;
    bytes out(dcep::size_of(longest));
    REQUIRE(dcep::write(longest, out) == 12 + 2 * 65535);
    auto read = dcep::parse_open(out);
    REQUIRE(read.has_value());
    CHECK(*read == longest);

    label += 'l';
    longest.label = label;
    out.resize(out.size() + 1);
    CHECK(dcep::write(longest, out) == 0);
}

TEST_CASE("DCEP: every channel type goes both ways") {
    for (int type : {0x00, 0x01, 0x02, 0x80, 0x81, 0x82}) {
        auto open = dcep::parse_open(raw({3, type, 0, 128, 1, 2, 3, 4, 0, 0, 0, 0}));
        REQUIRE(open.has_value());
        CHECK(static_cast<int>(open->type) == type);
        CHECK(open->reliability == 0x01020304);
        bytes out(12);
        CHECK(dcep::write(*open, out) == 12);
        CHECK(std::to_integer<int>(out[1]) == type);
    }
    for (int type : {0x03, 0x04, 0x7f, 0x83, 0xff}) {
        auto open = dcep::parse_open(raw({3, type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
        REQUIRE_FALSE(open.has_value());
        CHECK(open.error() == dcep::parse_error::unknown_channel_type);
    }
}

TEST_CASE("DCEP: an OPEN cut off anywhere, or with something behind it, is refused") {
    auto message = raw({3, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0, 2, 'a', 'b', 'c', 'd', 'e'});
    REQUIRE(dcep::parse_open(message).has_value());
    for (std::size_t size = 0; size < message.size(); ++size) {
        auto open = dcep::parse_open(byte_view(message).first(size));
        REQUIRE_FALSE(open.has_value());
        CHECK(open.error() == dcep::parse_error::truncated);
    }
    message.push_back(std::byte{0});
    auto open = dcep::parse_open(message);
    REQUIRE_FALSE(open.has_value());
    CHECK(open.error() == dcep::parse_error::trailing_bytes);

    auto lying = raw({3, 0, 1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 'a'});
    CHECK_FALSE(dcep::parse_open(lying).has_value());
    auto ack_with_body = raw({2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    REQUIRE_FALSE(dcep::parse_open(ack_with_body).has_value());
    CHECK(dcep::parse_open(ack_with_body).error() == dcep::parse_error::wrong_message_type);
}

TEST_CASE("DCEP: writing never leaves its buffer") {
    dcep::open_message open;
    open.label = "label";
    open.protocol = "protocol";
    bytes out(dcep::size_of(open));
    for (std::size_t size = 0; size < out.size(); ++size)
        CHECK(dcep::write(open, byte_span(out).first(size)) == 0);
    CHECK(dcep::write(open, out) == out.size());
}

TEST_CASE("DCEP: the type byte tells the messages apart") {
    CHECK(dcep::type_of(dcep::ack_message) == dcep::message_type::ack);
    CHECK(dcep::type_of(raw({3})) == dcep::message_type::open);
    CHECK(dcep::type_of(raw({2, 9})) == dcep::message_type::ack);
    CHECK_FALSE(dcep::type_of({}));
    // 0x00 and 0x01 belonged to drafts, 0x04 is unassigned.
    for (int type : {0, 1, 4, 255}) CHECK_FALSE(dcep::type_of(raw({type})));
}
