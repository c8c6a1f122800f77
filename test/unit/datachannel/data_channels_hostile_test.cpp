#include "test/support/catch.hpp"
#include "test/unit/sctp/channel_world.hpp"

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::channel_test;

namespace {

/// An engine that is the DTLS client (the peer's ids are odd) against a peer that says anything.
struct attacked {
    explicit attacked(data_channels_config config = {}, association_config theirs = {})
        : victim(1, std::move(config)), attacker(2, theirs), way(victim, attacker) {
        victim.engine.set_role(dtls_role::client, way.now);
        victim.engine.connect(way.now);
        attacker.engine.connect(way.now);
        way.run(1s);
    }
    std::uint64_t dropped(channel_drop reason) { return victim.engine.stats().dropped(reason); }
    void say(std::uint16_t stream, ppid protocol, byte_view data) {
        REQUIRE(attacker.say(stream, protocol, data, way.now) == send_result::ok);
        way.run(1s);
    }
    void say_open(std::uint16_t stream, std::string_view label) {
        REQUIRE(attacker.say_open(stream, label, way.now) == send_result::ok);
        way.run(1s);
    }
    peer victim;
    hostile_peer attacker;
    path way;
};

} // namespace

TEST_CASE("hostile DCEP: a second OPEN on a channel's stream ends the channel") {
    attacked scene;
    scene.say_open(1, "one");
    auto id = scene.victim.incoming();
    scene.say_open(1, "two");
    CHECK(scene.dropped(channel_drop::stream_in_use) == 1);
    REQUIRE(scene.victim.count<channel_error>(id) == 1);
    CHECK(scene.victim.all<channel_error>().front().failure == channel_failure::protocol_violation);
    CHECK(scene.victim.engine.state(id) == channel_state::closing);
    CHECK(scene.attacker.resets_of(1) == 1);
    scene.say_open(1, "three"); // the same life still: no more is owed
    CHECK(scene.attacker.resets_of(1) == 1);
    CHECK(scene.victim.count<channel_incoming>() == 1);

    REQUIRE(scene.attacker.engine.reset_stream(stream_id(1)));
    scene.way.run(1s);
    CHECK(scene.victim.count<channel_closed>(id) == 1);
    scene.say_open(1, "four");
    CHECK(scene.victim.count<channel_incoming>() == 2);
}

TEST_CASE("hostile DCEP: an OPEN on one of our own channels' streams") {
    attacked scene;
    auto mine = scene.victim.open({}, scene.way.now);
    scene.say_open(0, "yours");
    CHECK(scene.victim.count<channel_error>(mine) == 1);
    CHECK(scene.attacker.resets_of(0) == 1);

    channel_parameters parameters;
    parameters.negotiated = true;
    parameters.id = stream_id(5);
    auto agreed = scene.victim.open(parameters, scene.way.now);
    scene.say_open(5, "yours");
    CHECK(scene.victim.count<channel_error>(agreed) == 1);
    CHECK(scene.attacker.resets_of(5) == 1);
}

TEST_CASE("hostile DCEP: malformed and misplaced OPENs are answered by a reset") {
    attacked scene;
    bytes cut{std::byte{3}, std::byte{0}, std::byte{0}};
    scene.say(1, dcep::control, cut);
    CHECK(scene.dropped(channel_drop::malformed_open) == 1);
    CHECK(scene.attacker.resets_of(1) == 1);
    scene.say_open(2, "wrong parity");
    CHECK(scene.dropped(channel_drop::wrong_parity) == 1);
    CHECK(scene.attacker.resets_of(2) == 1);
    CHECK(scene.victim.log == std::vector<std::string>{"connected"});

    // The id is not ours to give before the peer has reset its side, too.
    auto a = scene.victim.open({}, scene.way.now);
    auto b = scene.victim.open({}, scene.way.now);
    CHECK(scene.victim.engine.stream(a) == stream_id(0));
    CHECK(scene.victim.engine.stream(b) == stream_id(4));
    REQUIRE(scene.attacker.engine.reset_stream(stream_id(1)));
    REQUIRE(scene.attacker.engine.reset_stream(stream_id(2)));
    scene.way.run(1s);
    auto c = scene.victim.open({}, scene.way.now);
    CHECK(scene.victim.engine.stream(c) == stream_id(2));
    scene.say_open(1, "better");
    CHECK(scene.victim.count<channel_incoming>() == 1);
}

TEST_CASE("hostile DCEP: what is neither OPEN nor an expected ACK is counted and ignored") {
    attacked scene;
    scene.say(1, dcep::control, dcep::ack_message);
    scene.say_open(3, "x");
    scene.say(3, dcep::control, dcep::ack_message);
    CHECK(scene.dropped(channel_drop::unexpected_ack) == 2);
    for (int type : {0, 1, 4, 255}) {
        bytes message{static_cast<std::byte>(type), std::byte{0}};
        scene.say(3, dcep::control, message);
    }
    CHECK(scene.dropped(channel_drop::unknown_control) == 4);
    CHECK(scene.victim.engine.state(scene.victim.incoming()) == channel_state::open);
    CHECK(scene.attacker.reset_by_other.empty());
}

TEST_CASE("hostile DCEP: data without a channel or of no known kind is dropped and the window stays open") {
    data_channels_config small;
    small.association.receive_window = 20000;
    small.association.max_message_size = 20000;
    attacked scene(small);
    bytes data(10000);
    for (int i = 0; i < 10; ++i) scene.say(9, dcep::binary, data);
    CHECK(scene.dropped(channel_drop::unknown_stream) == 10);
    scene.say_open(1, "x");
    for (int i = 0; i < 10; ++i) scene.say(1, ppid(99), data);
    CHECK(scene.dropped(channel_drop::unknown_ppid) == 10);
    scene.say(1, dcep::text, as_bytes("still here"));
    REQUIRE(scene.victim.messages.size() == 1);
    CHECK(scene.attacker.reset_by_other.empty());
}

TEST_CASE(
    "hostile DCEP: deprecated partial messages are whole ones, and an empty one is empty whatever it holds") {
    attacked scene;
    scene.say_open(1, "x");
    scene.say(1, dcep::text_partial, as_bytes("ab"));
    scene.say(1, dcep::binary_partial, as_bytes("abc"));
    scene.say(1, dcep::text_empty, as_bytes("junk"));
    scene.say(1, dcep::binary_empty, bytes(1));
    REQUIRE(scene.victim.messages.size() == 4);
    CHECK(scene.victim.messages[0].kind == message_kind::text);
    CHECK(scene.victim.messages[0].text() == "ab");
    CHECK(scene.victim.messages[1].kind == message_kind::binary);
    CHECK(scene.victim.messages[1].text() == "abc");
    CHECK(scene.victim.messages[2].kind == message_kind::text);
    CHECK(scene.victim.messages[2].data.empty());
    CHECK(scene.victim.messages[3].kind == message_kind::binary);
    CHECK(scene.victim.messages[3].data.empty());
}

TEST_CASE("hostile DCEP: a flood of empty messages stops at a reader that does not consume") {
    data_channels_config small;
    small.association.receive_window = 10000;
    small.association.max_message_size = 10000;
    attacked scene(small);
    scene.say_open(1, "x");
    scene.victim.reading = false;
    bytes zero(1);
    for (int i = 0; i < 5000; ++i) (void)scene.attacker.say(1, dcep::text_empty, zero, scene.way.now);
    scene.way.run(10s);
    CHECK(scene.victim.messages.size() >= 100);
    CHECK(scene.victim.messages.size() < 2000);
    scene.victim.reading = true;
    for (auto size : scene.victim.unread) scene.victim.engine.consume(size);
    REQUIRE(scene.way.run_until([&] { return scene.victim.messages.size() == 5000; }));
}

TEST_CASE("hostile DCEP: an OPEN flood stops at the limits") {
    data_channels_config config;
    config.limits.max_channels = 10;
    config.limits.max_peer_label_bytes = 1000;
    attacked scene(config);
    SECTION("of channels") {
        for (std::uint16_t stream = 1; stream < 101; stream += 2)
            REQUIRE(scene.attacker.say_open(stream, "x", scene.way.now) == send_result::ok);
        scene.way.run(10s);
        CHECK(scene.victim.count<channel_incoming>() == 10);
        CHECK(scene.dropped(channel_drop::too_many) == 40);
        CHECK(scene.attacker.reset_by_other.size() == 40); // every one is answered
        CHECK_FALSE(scene.victim.engine.open({}, scene.way.now).has_value());
        // The peer tidies up: there is room again.
        for (std::uint16_t stream = 1; stream < 101; stream += 2)
            CHECK(scene.attacker.engine.reset_stream(stream_id(stream)));
        scene.way.run(10s);
        CHECK(scene.victim.count<channel_closed>() == 10);
        scene.say_open(1, "y");
        CHECK(scene.victim.count<channel_incoming>() == 11);
    }
    SECTION("of label bytes") {
        scene.say_open(1, std::string(600, 'x'));
        scene.say_open(3, std::string(600, 'x'));
        CHECK(scene.victim.count<channel_incoming>() == 1);
        CHECK(scene.attacker.resets_of(3) == 1);
        REQUIRE(scene.attacker.engine.reset_stream(stream_id(1)));
        scene.way.run(1s);
        scene.say_open(5, std::string(600, 'x'));
        CHECK(scene.victim.count<channel_incoming>() == 2);
    }
}

TEST_CASE("hostile DCEP: an OPEN that cannot be answered for want of an outgoing stream") {
    data_channels_config config;
    config.association.outgoing_streams = 4;
    attacked scene(config);
    scene.say_open(5, "x");
    CHECK(scene.dropped(channel_drop::no_return_stream) == 1);
    scene.say_open(3, "x");
    CHECK(scene.victim.count<channel_incoming>() == 1);
}

TEST_CASE("hostile DCEP: a reset in the place of the ACK is a refusal") {
    attacked scene;
    auto mine = scene.victim.open({}, scene.way.now);
    scene.say(0, ppid(99), as_bytes("not an answer")); // a stream must have been used before it can be reset
    REQUIRE(scene.attacker.engine.reset_stream(stream_id(0)));
    scene.way.run(1s);
    REQUIRE(scene.victim.count<channel_error>(mine) == 1);
    CHECK(scene.victim.all<channel_error>().front().failure == channel_failure::refused);
    CHECK(scene.victim.count<channel_closing>(mine) == 1);
    CHECK(scene.victim.count<channel_closed>(mine) == 1);
    CHECK(scene.attacker.resets_of(0) == 1);
    auto again = scene.victim.open({}, scene.way.now);
    CHECK(scene.victim.engine.stream(again) == stream_id(0));
}

TEST_CASE("hostile DCEP: resets of streams without channels are answered once and forgotten") {
    attacked scene;
    scene.say(9, dcep::text, as_bytes("x"));
    for (int round = 1; round <= 3; ++round) {
        REQUIRE(scene.attacker.engine.reset_stream(stream_id(9)));
        scene.way.run(1s);
        CHECK(scene.attacker.resets_of(9) == static_cast<std::size_t>(round));
        scene.say_open(9, "x");
        CHECK(scene.victim.count<channel_incoming>() == static_cast<std::size_t>(round));
        // and one that ends it
        if (round < 3) {
            REQUIRE(scene.attacker.engine.reset_stream(stream_id(9)));
            scene.way.run(1s);
            scene.attacker.reset_by_other.resize(static_cast<std::size_t>(round));
        }
    }
}

TEST_CASE("hostile DCEP: a peer that never resets its side keeps the channel closing, not the engine busy") {
    attacked scene;
    scene.say_open(1, "x");
    auto id = scene.victim.incoming();
    scene.victim.engine.close(id);
    scene.way.run(60s);
    CHECK(scene.victim.engine.state(id) == channel_state::closing);
    CHECK(scene.attacker.resets_of(1) == 1);
    scene.say(1, dcep::text, as_bytes("x"));
    CHECK(scene.dropped(channel_drop::closing_channel) == 1);
    CHECK(scene.victim.messages.empty());
}

TEST_CASE("hostile DCEP: a name that is no longer, or never was, a channel's") {
    attacked scene;
    auto id = scene.victim.open({}, scene.way.now);
    for (auto name : {channel_id(0), channel_id(id.value() + (std::uint64_t{1} << 32)),
                      channel_id(~std::uint64_t{0}), channel_id(id.value() + 1)}) {
        CHECK(scene.victim.engine.state(name) == channel_state::closed);
        CHECK(scene.victim.engine.send(name, message_kind::text, {}, scene.way.now) ==
              channel_send::not_open);
        scene.victim.engine.close(name);
        scene.victim.engine.set_buffered_amount_low_threshold(name, 5);
        CHECK(scene.victim.engine.buffered_amount(name) == 0);
        CHECK(scene.victim.engine.counters(name).messages_sent == 0);
    }
    CHECK(scene.victim.engine.state(id) == channel_state::open);
}
