#include "test/unit/turn/server_script.hpp"

#include "test/support/catch.hpp"

using namespace cortc;
using namespace cortc::turn;
using namespace cortc::turn::test;

namespace {

const auto bob = at("192.0.2.9", 7000);
const std::string stun_check("\x00\x01\x00\x00\x21\x12\xa4\x42"
                             "abcdefghijkl",
                             20);

unsigned count(const script& with, stun::method which) {
    unsigned found = 0;
    for (const auto& each : with.sent) {
        auto parsed = stun::message::parse(each);
        found += parsed && parsed->method() == which && parsed->is_request();
    }
    return found;
}

} // namespace

TEST_CASE("turn: an allocation is asked for without credentials, challenged, and signed") {
    script with;
    with.sha256 = GENERATE(false, true);
    if (with.sha256) with.nonce = stun::make_nonce({.password_algorithms = true}, "abc");
    with.client.start(with.now);
    auto first = with.take(stun::method::allocate);
    auto parsed = stun::message::parse(first).value();
    CHECK_FALSE(parsed.has_integrity());
    CHECK(parsed.requested_transport() == stun::transport_protocol::udp);
    CHECK(parsed.verify_fingerprint());
    with.give(with.challenge(first));
    auto second = with.take(stun::method::allocate);
    auto again = stun::message::parse(second).value();
    CHECK(again.id() != parsed.id());
    CHECK(again.username() == "user");
    CHECK(with.is_signed(second));
    CHECK(again.has_integrity() == !with.sha256);
    if (with.sha256) CHECK(again.password_algorithm()->algorithm == stun::password_algorithm::sha256);
    CHECK(with.events.empty());
    with.give(with.allocation(second));
    REQUIRE(with.events.size() == 1);
    auto& got = std::get<allocated>(with.events[0]);
    CHECK(got.relayed == with.relay);
    CHECK(got.mapped == at("198.51.100.7", 4000));
    CHECK(got.lifetime == 600s);
    CHECK(with.client.relayed_address() == with.relay);
}

TEST_CASE("turn: the nonce decides over a user hash, and a challenge that was bid down is refused") {
    script with;
    with.nonce = stun::make_nonce({.password_algorithms = true, .username_anonymity = true}, "abc");
    SECTION("hash") {
        with.sha256 = true;
        with.client.start(with.now);
        with.give(with.challenge(with.take(stun::method::allocate)));
        auto second = with.take(stun::method::allocate);
        auto parsed = stun::message::parse(second).value();
        CHECK_FALSE(parsed.username());
        CHECK(parsed.userhash().has_value());
        CHECK(with.is_signed(second));
    }
    SECTION("no algorithms, though the nonce says that there are") {
        with.client.start(with.now);
        with.give(with.challenge(with.take(stun::method::allocate)));
        REQUIRE(with.last_event<failed>());
        CHECK(with.last_event<failed>()->code == 401);
        CHECK(with.sent.empty());
    }
}

TEST_CASE("turn: a server that wants no credentials gets none") {
    script with;
    with.client.start(with.now);
    auto first = with.take(stun::method::allocate);
    with.give(with.success(
        first, [&](stun::message_writer& out) { out.add_xor_relayed_address(with.relay); },
        script::integrity::none));
    CHECK(with.last_event<allocated>());
}

TEST_CASE("turn: over datagrams a request is repeated on RFC 8489's schedule, over a stream it is not") {
    seeded_random random(1);
    auto config = script::with(random);
    config.stream = GENERATE(false, true);
    script with(std::move(config));
    const auto begin = with.now;
    with.client.start(with.now);
    std::vector<duration> at;
    packet first;
    while (with.client.state() == client_state::allocating) {
        with.drain();
        for (; !with.sent.empty(); with.sent.clear()) {
            at.push_back(with.now - begin);
            if (first.empty()) first = with.sent.front();
            CHECK(with.sent.front() == first); // byte for byte
        }
        with.now = std::max(with.now, with.client.next_timeout());
        with.client.handle_timeout(with.now);
    }
    with.drain();
    if (config.stream)
        CHECK(at == std::vector<duration>{0s});
    else
        CHECK(at == std::vector<duration>{0ms, 500ms, 1500ms, 3500ms, 7500ms, 15500ms, 31500ms});
    CHECK(with.now - begin == 39500ms);
    REQUIRE(with.last_event<failed>());
    CHECK(with.last_event<failed>()->code == 0);
    CHECK(with.client.next_timeout() == never);
}

TEST_CASE("turn: an allocation that is refused fails with the server's code and words") {
    const std::uint16_t code = GENERATE(400, 403, 420, 437, 440, 441, 442, 486, 500, 508, 699);
    for (auto how : {script::integrity::right, script::integrity::none}) {
        script with;
        with.client.start(with.now);
        with.give(with.challenge(with.take(stun::method::allocate)));
        with.give(with.error(with.take(stun::method::allocate), code, how));
        // Unsigned, an authentic answer may still follow, for a round trip.
        if (how == script::integrity::none) {
            CHECK(with.events.empty());
            with.pass(500ms);
        }
        REQUIRE(with.events.size() == 1);
        REQUIRE(with.last_event<failed>());
        CHECK(with.last_event<failed>()->code == code);
        CHECK(with.last_event<failed>()->reason == "because");
        CHECK(with.client.state() == client_state::closed);
        with.pass(1h);
        CHECK(with.sent.empty());
    }
}

TEST_CASE("turn: who forges answers delays nothing and ends nothing") {
    script with;
    with.client.start(with.now);
    with.give(with.challenge(with.take(stun::method::allocate)));
    auto request = with.take(stun::method::allocate);
    with.give(with.error(request, 437, script::integrity::none));
    with.give(with.error(request, 437, script::integrity::wrong));
    with.give(with.error(request, 300, script::integrity::none));
    with.give(with.success(
        request, [&](stun::message_writer& out) { out.add_xor_relayed_address(at("192.0.2.66", 6)); },
        script::integrity::wrong));
    CHECK(with.events.empty());
    with.pass(400ms);
    with.give(with.allocation(request));
    CHECK(with.last_event<allocated>());
    CHECK(with.client.statistics().received_unauthentic == 4);
}

TEST_CASE("turn: wrong credentials are tried once, a nonce that changed meanwhile once more") {
    script with;
    with.client.start(with.now);
    with.give(with.challenge(with.take(stun::method::allocate)));
    SECTION("the same nonce") { with.give(with.challenge(with.take(stun::method::allocate))); }
    SECTION("another each time") {
        with.nonce = "n2";
        with.give(with.challenge(with.take(stun::method::allocate)));
        with.nonce = "n3";
        with.give(with.challenge(with.take(stun::method::allocate)));
    }
    REQUIRE(with.last_event<failed>());
    CHECK(with.last_event<failed>()->code == 401);
    CHECK(with.sent.empty());
}

TEST_CASE("turn: every request takes a new nonce, and a server that always has one is left") {
    script with;
    with.allocate();
    SECTION("refresh") {
        for (int i = 0; i < 20; ++i) { // several times a session
            with.pass(5min);
            with.nonce = "r" + std::to_string(i);
            with.give(with.challenge(with.take(stun::method::refresh), 438));
            auto again = with.take(stun::method::refresh);
            CHECK(with.is_signed(again));
            with.give(with.plain_success(again));
        }
        CHECK(with.events.empty());
    }
    SECTION("permission and channel") {
        CHECK(with.wrap(bob, "hello").empty());
        with.nonce = "n2";
        with.give(with.challenge(with.take(stun::method::create_permission), 438));
        auto again = with.take(stun::method::create_permission);
        CHECK(with.is_signed(again));
        with.give(with.plain_success(again));
        with.nonce = "n3";
        with.give(with.challenge(with.take(stun::method::channel_bind), 438));
        auto bind = with.take(stun::method::channel_bind);
        CHECK(with.is_signed(bind));
        with.give(with.plain_success(bind));
        CHECK(with.wrap(bob, "data").size() == 8);
    }
    SECTION("for ever") {
        with.pass(5min);
        for (int i = 0; !with.sent.empty(); ++i) {
            REQUIRE(i < 10);
            with.nonce = "r" + std::to_string(i);
            with.give(with.challenge(with.take(stun::method::refresh), 438));
        }
        REQUIRE(with.last_event<failed>());
        CHECK(with.last_event<failed>()->code == 438);
    }
}

TEST_CASE("turn: another server is named to the owner") {
    script with;
    with.client.start(with.now);
    auto first = with.take(stun::method::allocate);
    auto where = GENERATE(at("192.0.2.3", 3479), at("0.0.0.0", 3478), at("192.0.2.3", 0));
    with.give(with.answer(first, stun::message_class::error_response, script::integrity::none,
                          [&](stun::message_writer& out) {
                              out.add_error_code(stun::error::try_alternate);
                              out.add_alternate_server(where);
                              out.add_alternate_domain("turn.example.org");
                          }));
    CHECK(with.client.state() == client_state::closed);
    if (where == at("192.0.2.3", 3479)) {
        REQUIRE(with.last_event<redirected>());
        CHECK(with.last_event<redirected>()->server == where);
        CHECK(with.last_event<redirected>()->domain == "turn.example.org");
    } else {
        REQUIRE(with.last_event<failed>());
        CHECK(with.last_event<failed>()->code == 300);
    }
}

TEST_CASE("turn: the first payload waits for its permission, then comes a channel") {
    script with;
    with.allocate();
    CHECK(with.wrap(bob, "hello").empty());
    CHECK(with.wrap(bob, "world!").empty());
    auto request = with.take(stun::method::create_permission);
    CHECK(with.is_signed(request));
    CHECK(stun::message::parse(request)->xor_peer_address()->address == bob.address);
    CHECK(with.sent.empty()); // one request for both
    with.give(with.plain_success(request));
    auto bind = with.take(stun::method::channel_bind);
    auto parsed = stun::message::parse(bind).value();
    CHECK(parsed.xor_peer_address() == bob);
    auto number = parsed.channel_number().value();
    for (auto* expected : {"hello", "world!"}) {
        auto indication = with.take();
        auto message = stun::message::parse(indication).value();
        CHECK(message.is(stun::message_class::indication, stun::method::send));
        CHECK(message.xor_peer_address() == bob);
        CHECK(text_of(message.data().value()) == expected);
    }
    CHECK(stun::message::parse(with.wrap(bob, "before it is bound")).has_value());
    with.give(with.plain_success(bind));
    auto data = with.wrap(bob, "12345");
    CHECK(data == bytes_of(std::string{char(number >> 8), char(number & 0xff), 0, 5} + "12345"));
    CHECK(with.sent.empty());
    auto reply = with.give(data);
    REQUIRE(reply);
    CHECK(reply->peer == bob);
    CHECK(text_of(reply->payload) == "12345");
}

TEST_CASE("turn: payloads of every length are padded as their framing asks") {
    seeded_random random(1);
    auto config = script::with(random);
    config.stream = GENERATE(false, true);
    script with(std::move(config));
    const auto peer = GENERATE(at("192.0.2.9", 7000), at("2001:db8::9", 7000));
    if (peer.address.is_v6()) with.relay = at("2001:db8::1", 50000);
    with.allocate();
    with.permit(peer);
    with.take(stun::method::channel_bind);
    with.sent.clear();
    for (std::size_t size = 0; size <= 70; ++size) {
        auto indication = with.wrap(peer, std::string(size, 'x'));
        auto message = stun::message::parse(indication);
        REQUIRE(message.has_value());
        CHECK(indication.size() <= max_header + size + max_padding);
        CHECK(message->data()->size() == size);
        for (auto i = indication.size() - (4 - size % 4) % 4; i < indication.size(); ++i)
            CHECK(indication[i] == std::byte{0});
    }
}

TEST_CASE("turn: over a stream channel data is padded to four bytes") {
    seeded_random random(1);
    auto config = script::with(random);
    config.stream = true;
    script with(std::move(config));
    with.allocate();
    with.permit(bob);
    with.give(with.plain_success(with.take(stun::method::channel_bind)));
    for (std::size_t size = 0; size <= 9; ++size) {
        auto data = with.wrap(bob, std::string(size, 'x'));
        CHECK(data.size() == 4 + (size + 3) / 4 * 4);
        auto back = with.give(data);
        REQUIRE(back);
        CHECK(back->payload.size() == size);
    }
}

TEST_CASE("turn: connectivity checks ask for no channel, and use one that is there") {
    script with;
    with.allocate();
    CHECK(with.wrap(bob, stun_check).empty());
    with.give(with.plain_success(with.take(stun::method::create_permission)));
    CHECK(stun::message::parse(with.take())->data()->size() == 20);
    CHECK(with.sent.empty());
    CHECK_FALSE(with.wrap(bob, "data").empty());
    with.give(with.plain_success(with.take(stun::method::channel_bind)));
    CHECK(with.wrap(bob, stun_check).size() == 24);
}

TEST_CASE("turn: what is used is renewed in time, what is not lapses") {
    script with;
    with.allocate(1200s);
    with.permit(bob);
    with.give(with.plain_success(with.take(stun::method::channel_bind)));
    const auto carol = at("192.0.2.10", 1);
    with.permit(carol);
    with.give(with.plain_success(with.take(stun::method::channel_bind)));
    with.sent.clear();
    unsigned refreshes = 0, permissions = 0, channels = 0;
    for (int second = 0; second < 3600; ++second) {
        CHECK(with.wrap(bob, "x").size() == 5); // always over the channel
        with.pass(1s);
        for (auto& each : std::exchange(with.sent, {})) {
            auto parsed = stun::message::parse(each).value();
            refreshes += parsed.method() == stun::method::refresh;
            channels += parsed.method() == stun::method::channel_bind;
            permissions += parsed.method() == stun::method::create_permission;
            CHECK((parsed.method() == stun::method::refresh ||
                   parsed.xor_peer_address()->address == bob.address));
            with.give(with.plain_success(each));
        }
    }
    CHECK(refreshes == 12);                          // each five minutes, though half the lifetime is ten
    CHECK(channels >= 6);                            // each nine
    CHECK(permissions + channels >= 3600 / 240 - 1); // each four, by one or the other
    CHECK(with.events.empty());
    CHECK(with.wrap(carol, "late").empty()); // has to ask again
    CHECK(count(with, stun::method::create_permission) == 1);
}

TEST_CASE("turn: what a peer sends keeps its permission, too") {
    script with;
    with.allocate();
    with.permit(bob);
    with.sent.clear();
    packet indication(100);
    stun::message_writer out(indication, stun::message_class::indication, stun::method::data, {});
    out.add_xor_peer_address(bob);
    out.add_data(bytes_of("hi"));
    indication.resize(out.size());
    with.pass(200s);
    auto got = with.give(indication);
    REQUIRE(got);
    CHECK(got->peer == bob);
    CHECK(text_of(got->payload) == "hi");
    with.pass(50s);
    CHECK(count(with, stun::method::create_permission) > 0);
}

TEST_CASE("turn: a lifetime that the server shortens is followed, and absurd ones spin nothing") {
    script with;
    with.allocate();
    for (auto lifetime : {60s, 1s, 4294967295s, 2s}) {
        with.pass(5min);
        if (with.client.state() != client_state::allocated) break;
        REQUIRE(count(with, stun::method::refresh) >= 1);
        auto request = with.take(stun::method::refresh);
        with.sent.clear();
        with.give(with.success(request, [&](stun::message_writer& out) { out.add_lifetime(lifetime); }));
        const auto before = with.now;
        CHECK(with.client.next_timeout() >= before + 1s);
        CHECK(with.client.next_timeout() <= before + 5min);
    }
    script zero;
    zero.client.start(zero.now);
    zero.give(zero.challenge(zero.take(stun::method::allocate)));
    zero.give(zero.allocation(zero.take(stun::method::allocate), 0s));
    CHECK(zero.last_event<failed>());
}

TEST_CASE("turn: a refresh is tried until the allocation's end, and what the server has forgotten is over") {
    script with;
    with.allocate();
    SECTION("silence") {
        with.pass(600s);
        CHECK(with.sent.size() > 7);
        REQUIRE(with.last_event<failed>());
    }
    SECTION("trouble") {
        with.pass(300s);
        with.give(with.error(with.take(stun::method::refresh), 508));
        CHECK(with.events.empty());
        with.pass(5s);
        with.give(with.plain_success(with.take(stun::method::refresh)));
        with.pass(299s);
        CHECK(with.events.empty());
    }
    SECTION("forgotten, by each request") {
        const std::uint16_t code = GENERATE(437, 400);
        with.pass(300s);
        with.give(with.error(with.take(stun::method::refresh), code));
        REQUIRE(with.last_event<failed>());
        CHECK(with.last_event<failed>()->code == code);
    }
    SECTION("forgotten, seen by a permission") {
        with.wrap(bob, "x");
        with.give(with.error(with.take(stun::method::create_permission), 437));
        REQUIRE(with.last_event<failed>());
    }
    SECTION("a bad permission asks how the allocation is") {
        with.wrap(bob, "x");
        with.give(with.error(with.take(stun::method::create_permission), 400));
        with.pass(0s);
        with.give(with.error(with.take(stun::method::refresh), 437));
        REQUIRE(with.last_event<failed>());
    }
}

TEST_CASE("turn: a peer that the server forbids spoils nobody else") {
    script with;
    with.allocate();
    with.wrap(bob, "x");
    with.give(with.error(with.take(stun::method::create_permission), 403));
    REQUIRE(with.last_event<peer_refused>());
    CHECK(with.last_event<peer_refused>()->peer == bob.address);
    CHECK(with.last_event<peer_refused>()->code == 403);
    const auto carol = at("192.0.2.10", 1);
    with.permit(carol);
    with.sent.clear();
    CHECK_FALSE(with.wrap(carol, stun_check).empty());
    CHECK(with.wrap(bob, "x").empty());
    CHECK(with.sent.empty()); // not at once again
    CHECK(with.client.statistics().dropped_refused == 2);
    with.pass(60s);
    with.wrap(bob, "x");
    CHECK(count(with, stun::method::create_permission) == 1);
}

TEST_CASE("turn: without a channel data goes on in indications") {
    script with;
    with.allocate();
    with.permit(bob);
    auto bind = with.take(stun::method::channel_bind);
    with.sent.clear();
    SECTION("refused") { with.give(with.error(bind, GENERATE(400, 403, 508))); }
    SECTION("lost") { with.pass(40s); }
    with.sent.clear();
    auto sent = stun::message::parse(with.wrap(bob, "data"));
    REQUIRE(sent.has_value());
    CHECK(sent->method() == stun::method::send);
    CHECK(count(with, stun::method::channel_bind) == 0);
    CHECK(with.client.state() == client_state::allocated);
    // Another peer never gets the number that was refused.
    const auto carol = at("192.0.2.10", 1);
    with.permit(carol);
    auto other = with.take(stun::method::channel_bind);
    CHECK(stun::message::parse(other)->channel_number() != stun::message::parse(bind)->channel_number());
}

TEST_CASE("turn: an allocation is given back") {
    script with;
    SECTION("and the server says so") {
        with.allocate();
        with.client.close(with.now);
        auto request = with.take(stun::method::refresh);
        CHECK(stun::message::parse(request)->lifetime() == 0s);
        with.give(with.success(request, [](stun::message_writer& out) { out.add_lifetime(0s); }));
    }
    SECTION("with a nonce that became stale") {
        with.allocate();
        with.client.close(with.now);
        with.nonce = "n2";
        with.give(with.challenge(with.take(stun::method::refresh), 438));
        auto request = with.take(stun::method::refresh);
        CHECK(stun::message::parse(request)->lifetime() == 0s);
        with.give(with.plain_success(request));
    }
    SECTION("and the server says nothing") {
        with.allocate();
        with.client.close(with.now);
        with.pass(1999ms);
        CHECK(with.sent.size() == 3);
        CHECK(with.events.empty());
        with.pass(1ms);
    }
    SECTION("that comes only now") {
        with.client.start(with.now);
        with.give(with.challenge(with.take(stun::method::allocate)));
        auto request = with.take(stun::method::allocate);
        with.client.close(with.now);
        CHECK(with.client.next_timeout() == with.now + 2s);
        with.pass(1s);
        CHECK(with.sent.empty()); // it is not repeated
        with.give(with.allocation(request));
        auto refresh = with.take(stun::method::refresh);
        CHECK(stun::message::parse(refresh)->lifetime() == 0s);
        with.give(with.plain_success(refresh));
    }
    SECTION("that was never asked for") { with.client.close(with.now); }
    SECTION("that was about to be asked for") {
        with.client.start(with.now);
        with.client.close(with.now);
    }
    with.drain();
    REQUIRE(with.events.size() == 1);
    CHECK(with.last_event<released>());
    CHECK(with.client.state() == client_state::closed);
    CHECK(with.client.next_timeout() == never);
    CHECK(with.wrap(bob, "x").empty());
    CHECK(with.client.statistics().dropped_not_allocated == 1);
}

TEST_CASE("turn: limits hold, and peers come and go within them") {
    seeded_random random(1);
    auto config = script::with(random);
    config.limit = {.permissions = 4, .channels = 3, .held = 2};
    script with(std::move(config));
    with.allocate();
    for (int i = 0; i < 5; ++i) CHECK(with.wrap(bob, "x").empty());
    CHECK(with.client.statistics().dropped_over_limit == 3);
    with.give(with.plain_success(with.take(stun::method::create_permission)));
    with.sent.clear();
    auto peer = [](int i) { return at("192.0.2." + std::to_string(20 + i), 1); };
    for (int i = 0; i < 3; ++i) with.permit(peer(i));
    CHECK(with.wrap(peer(3), "x").empty());
    CHECK(with.client.statistics().dropped_over_limit == 4);
    with.pass(301s);
    with.sent.clear();
    CHECK(with.wrap(peer(3), "x").empty()); // the others have lapsed
    CHECK(count(with, stun::method::create_permission) == 1);
}

TEST_CASE("turn: a payload to a family that the relay has not is dropped") {
    script with;
    with.allocate();
    CHECK(with.wrap(at("2001:db8::1", 1), "x").empty());
    CHECK(with.sent.empty());
    CHECK(with.client.statistics().dropped_wrong_family == 1);
}

TEST_CASE("turn: a family that was asked for is what counts") {
    seeded_random random(1);
    auto config = script::with(random);
    config.family = stun::address_family::ipv6;
    script with(std::move(config));
    with.client.start(with.now);
    auto first = with.take(stun::method::allocate);
    CHECK(stun::message::parse(first)->requested_address_family() == stun::address_family::ipv6);
    with.give(with.challenge(first));
    with.give(with.allocation(with.take(stun::method::allocate)));
    CHECK(with.last_event<failed>()); // the script relays from IPv4
}

TEST_CASE("turn: names and challenges of any length are sent or refused, never cut") {
    const std::size_t size = GENERATE(1, 64, 508, 509, 763);
    seeded_random random(1);
    auto config = script::with(random);
    config.username = std::string(size, 'u');
    script with(std::move(config));
    with.username = std::string(size, 'u');
    with.realm = std::string(size, 'r');
    with.nonce = std::string(size, 'n');
    with.client.start(with.now);
    with.give(with.challenge(with.take(stun::method::allocate)));
    if (size <= 508) {
        CHECK(with.is_signed(with.take(stun::method::allocate)));
    } else {
        REQUIRE(with.last_event<failed>());
        CHECK(with.sent.empty());
    }
}

TEST_CASE("turn: lies and noise are counted and change nothing") {
    script with;
    with.allocate();
    with.permit(bob);
    auto bind = with.take(stun::method::channel_bind);
    with.give(with.plain_success(bind));
    with.sent.clear();
    const auto number = stun::message::parse(bind)->channel_number().value();
    const std::string head{char(number >> 8), char(number & 0xff)};
    const auto before = with.client.statistics();
    CHECK_FALSE(with.give(bytes_of(head)));
    CHECK_FALSE(with.give(bytes_of(head + std::string("\0", 1))));
    CHECK_FALSE(with.give(bytes_of(head + std::string("\0\5abcd", 6))));
    CHECK_FALSE(with.give(bytes_of(head + std::string("\xff\xff", 2))));
    CHECK_FALSE(with.give({}));
    CHECK(with.client.statistics().received_malformed == before.received_malformed + 5);
    CHECK_FALSE(with.give(bytes_of(std::string("\x4f\xff\0\0", 4))));
    CHECK_FALSE(with.give(with.plain_success(bind))); // again
    CHECK(with.client.statistics().received_unexpected == before.received_unexpected + 2);
    auto empty = with.give(bytes_of(head + std::string("\0\0", 2)));
    REQUIRE(empty);
    CHECK(empty->payload.empty());

    seeded_random dice(7);
    for (int round = 0; round < 20000; ++round) {
        packet noise = round % 3 == 0 ? packet(dice.below(80)) : with.plain_success(bind);
        if (round % 3 == 0) {
            dice.fill(noise);
        } else {
            for (auto i = dice.below(4) + 1; i > 0; --i)
                noise[dice.below(noise.size())] = static_cast<std::byte>(dice.below(256));
            if (round % 3 == 2) noise.resize(dice.below(noise.size()));
        }
        with.give(noise);
    }
    CHECK(with.client.state() == client_state::allocated);
    CHECK(with.events.empty());
    CHECK(with.sent.empty());
    CHECK(with.wrap(bob, "still here").size() == 14);
}

TEST_CASE("turn: a dual allocation has two addresses, and reaches peers of both families") {
    seeded_random random(1);
    auto config = script::with(random);
    config.dual = true;
    script with(std::move(config));
    with.client.start(with.now);
    const auto first = with.take(stun::method::allocate);
    CHECK(stun::message::parse(first)->additional_address_family() == stun::address_family::ipv6);
    CHECK_FALSE(stun::message::parse(first)->requested_address_family());
    with.give(with.challenge(first));
    const auto again = with.take(stun::method::allocate);
    enum class answer { both, one, refused, twice };
    using enum answer;
    const auto what = GENERATE(both, one, refused, twice);
    with.give(with.success(again, [&](stun::message_writer& out) {
        out.add_xor_relayed_address(with.relay);
        if (what == both) out.add_xor_relayed_address(at("2001:db8::1", 50000));
        if (what == twice) out.add_xor_relayed_address(at("203.0.113.1", 50001));
        if (what == refused)
            out.add_address_error_code(stun::address_family::ipv6, stun::error::address_family_not_supported,
                                       "no");
        out.add_lifetime(600s);
    }));
    const auto* got = with.last_event<allocated>();
    REQUIRE(got);
    CHECK(got->relayed == with.relay);
    CHECK(got->relayed_too.has_value() == (what == both));
    CHECK(got->knows_no_dual == (what == one || what == twice));
    with.permit(bob);
    if (what == both) {
        with.permit(at("2001:db8::9", 7000));
        CHECK_FALSE(with.wrap(at("2001:db8::9", 7000), "more").empty());
    } else {
        CHECK(with.wrap(at("2001:db8::9", 7000), "lost").empty());
        CHECK(with.client.statistics().dropped_wrong_family == 1);
    }
}

TEST_CASE("turn: whether the server still has the allocation can be asked") {
    script with;
    with.client.confirm(with.now); // of none
    CHECK(with.client.next_timeout() == never);
    with.allocate();
    with.client.confirm(with.now);
    with.client.confirm(with.now);
    const auto asked = with.take(stun::method::refresh);
    CHECK(count(with, stun::method::refresh) == 0);
    SECTION("it has") {
        with.give(with.success(asked, [](stun::message_writer& out) { out.add_lifetime(600s); }));
        REQUIRE(with.last_event<confirmed>());
        CHECK_FALSE(with.last_event<confirmed>()->elsewhere);
        with.pass(20min); // other Refreshes say nothing
        CHECK(std::ranges::count_if(with.events, [](const auto& each) {
                  return std::holds_alternative<confirmed>(each);
              }) == 1);
    }
    SECTION("it has, and names another server") {
        with.give(with.success(asked, [](stun::message_writer& out) {
            out.add_lifetime(600s);
            out.add_alternate_server(at("192.0.2.2", 3478));
        }));
        REQUIRE(with.last_event<confirmed>());
        CHECK(with.last_event<confirmed>()->elsewhere);
    }
    SECTION("it has not") {
        with.give(with.error(asked, 437));
        REQUIRE(with.last_event<failed>());
        CHECK(with.last_event<failed>()->code == 437);
    }
    SECTION("it does not answer") {
        with.pass(30s);
        CHECK(with.events.empty());
        CHECK(with.client.state() == client_state::allocated);
    }
}
