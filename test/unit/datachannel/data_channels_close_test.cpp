#include "test/support/catch.hpp"
#include "test/unit/sctp/channel_world.hpp"

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::channel_test;

namespace {

/// Two peers with one channel that both ends have open.
struct opened : two_peers {
    explicit opened(channel_parameters parameters = {}) {
        connected();
        left_id = open(left, std::move(parameters));
        way.run_until([&] { return right.count<channel_incoming>() == 1; });
        right_id = right.incoming();
        way.run(200ms); // the ACK
        left.forget();
        right.forget();
    }
    bool both_closed() {
        return way.run_until([&] {
            return left.count<channel_closed>(left_id) == 1 && right.count<channel_closed>(right_id) == 1;
        });
    }
    channel_id left_id, right_id;
};

channel_parameters agreed(std::uint16_t id) {
    channel_parameters parameters;
    parameters.negotiated = true;
    parameters.id = stream_id(id);
    return parameters;
}

} // namespace

TEST_CASE("data channel close: from either side, both ends see it and forget the stream") {
    opened pair;
    bool left_first = GENERATE(true, false);
    auto& closer = left_first ? pair.left : pair.right;
    auto& other = left_first ? pair.right : pair.left;
    closer.engine.close(left_first ? pair.left_id : pair.right_id);
    CHECK(closer.engine.state(left_first ? pair.left_id : pair.right_id) == channel_state::closing);
    REQUIRE(pair.both_closed());
    CHECK(closer.log == std::vector<std::string>{"channel closed"});
    CHECK(other.log == std::vector<std::string>{"closing", "channel closed"});
    CHECK(pair.left.engine.state(pair.left_id) == channel_state::closed);
    CHECK_FALSE(pair.left.engine.stream(pair.left_id));
    CHECK(pair.left.engine.parameters(pair.left_id) == nullptr);
    CHECK(pair.say(pair.left, pair.left_id, "late") == channel_send::not_open);
    CHECK(pair.left.engine.stats().channels_closed == 1);
    CHECK(pair.right.engine.stats().channels_closed == 1);
}

TEST_CASE("data channel close: both at once") {
    opened pair;
    pair.left.engine.close(pair.left_id);
    pair.right.engine.close(pair.right_id);
    REQUIRE(pair.both_closed());
    pair.way.run(5s);
    CHECK(pair.left.log == std::vector<std::string>{"channel closed"});
    CHECK(pair.right.log == std::vector<std::string>{"channel closed"});
}

TEST_CASE("data channel close: what was sent before arrives before") {
    opened pair;
    bytes data(60000);
    for (int i = 0; i < 5; ++i)
        REQUIRE(pair.left.engine.send(pair.left_id, message_kind::binary, data, pair.way.now) ==
                channel_send::ok);
    pair.left.engine.close(pair.left_id);
    CHECK(pair.say(pair.left, pair.left_id, "too late") == channel_send::not_open);
    REQUIRE(pair.both_closed());
    std::vector<std::string> expected(5, "message 60000");
    expected.insert(expected.end(), {"closing", "channel closed"});
    CHECK(pair.right.log == expected);
}

TEST_CASE("data channel close: what the peer still sends to a closing channel is dropped") {
    opened pair;
    pair.left.engine.close(pair.left_id);
    CHECK(pair.say(pair.right, pair.right_id, "crossing") == channel_send::ok);
    REQUIRE(pair.both_closed());
    CHECK(pair.left.messages.empty());
    CHECK(pair.left.engine.stats().dropped(channel_drop::closing_channel) == 1);
}

TEST_CASE("data channel close: the id serves again, with a new name and a new beginning") {
    opened pair;
    std::vector<channel_id> names{pair.left_id};
    for (int round = 0; round < 5; ++round) {
        (round % 2 == 0 ? pair.left : pair.right).engine.close(round % 2 == 0 ? pair.left_id : pair.right_id);
        REQUIRE(pair.both_closed());
        pair.right.forget();
        pair.left_id = pair.open(pair.left);
        CHECK(pair.left.engine.stream(pair.left_id) == stream_id(0));
        CHECK(std::count(names.begin(), names.end(), pair.left_id) == 0);
        names.push_back(pair.left_id);
        CHECK(pair.say(pair.left, pair.left_id, std::to_string(round)) == channel_send::ok);
        REQUIRE(pair.way.run_until([&] { return pair.right.messages.size() == 1; }));
        pair.right_id = pair.right.incoming();
        CHECK(pair.right.messages.front().channel == pair.right_id);
        CHECK(pair.right.messages.front().text() == std::to_string(round));
    }
}

TEST_CASE("data channel close: after a crowd has left, names and ids begin anew without mixing") {
    two_peers pair;
    REQUIRE(pair.connected());
    std::vector<channel_id> crowd;
    for (int i = 0; i < 300; ++i) crowd.push_back(pair.open(pair.left));
    for (auto id : crowd) pair.left.engine.close(id);
    REQUIRE(pair.way.run_until([&] { return pair.left.count<channel_closed>() == 300; }));
    auto next = pair.open(pair.left);
    CHECK(pair.left.engine.stream(next) == stream_id(0));
    CHECK(std::count(crowd.begin(), crowd.end(), next) == 0);
    for (auto id : crowd) CHECK(pair.left.engine.state(id) == channel_state::closed);
    CHECK(pair.left.engine.state(next) == channel_state::open);
}

TEST_CASE("data channel close: right after open, and before the association is up") {
    two_peers pair;
    auto never_sent = pair.open(pair.left);
    pair.left.engine.close(never_sent);
    REQUIRE(pair.connected());
    CHECK(pair.left.count<channel_closed>(never_sent) == 1);
    CHECK(pair.left.count<channel_open>() == 0);

    auto brief = pair.open(pair.left);
    CHECK(pair.say(pair.left, brief, "last words") == channel_send::ok);
    pair.left.engine.close(brief);
    REQUIRE(pair.way.run_until([&] {
        return pair.left.count<channel_closed>(brief) == 1 && pair.right.count<channel_closed>() == 1;
    }));
    CHECK(pair.right.log ==
          std::vector<std::string>{"connected", "incoming", "message 10", "closing", "channel closed"});
    CHECK(pair.left.count<channel_error>() == 0);
}

TEST_CASE("data channel close: negotiated channels, also when the peer never opened its end") {
    two_peers pair;
    auto both = pair.open(pair.left, agreed(8));
    auto theirs = pair.open(pair.right, agreed(8));
    auto lonely = pair.open(pair.left, agreed(9));
    REQUIRE(pair.connected());
    pair.left.engine.close(both);
    pair.left.engine.close(lonely);
    REQUIRE(pair.way.run_until([&] {
        return pair.left.count<channel_closed>(both) == 1 && pair.left.count<channel_closed>(lonely) == 1 &&
               pair.right.count<channel_closed>(theirs) == 1;
    }));
    // Both ids are free again at both ends.
    for (std::uint16_t id : {8, 9}) {
        CHECK(pair.left.engine.open(agreed(id), pair.way.now).has_value());
        CHECK(pair.right.engine.open(agreed(id), pair.way.now).has_value());
    }
}

TEST_CASE("data channel close: open and close without end through heavy loss leaves nothing behind") {
    two_peers pair;
    REQUIRE(pair.connected());
    std::mt19937 dice(11);
    pair.way.lose = [&](int, std::size_t) { return dice() % 5 == 0; };
    for (int round = 0; round < 100; ++round) {
        auto& opener = round % 3 == 0 ? pair.right : pair.left;
        auto& other = round % 3 == 0 ? pair.left : pair.right;
        other.forget();
        auto mine = pair.open(opener);
        REQUIRE(pair.say(opener, mine, "hello") == channel_send::ok);
        REQUIRE(pair.way.run_until([&] { return other.messages.size() == 1; }, 300s));
        auto theirs = other.incoming();
        if (round % 2 == 0) opener.engine.close(mine);
        if (round % 5 < 3) other.engine.close(theirs);
        if (round % 2 != 0 && round % 5 >= 3) opener.engine.close(mine);
        // The opener goes on as soon as it may; the other end may not have its confirmation yet.
        REQUIRE(pair.way.run_until([&] { return opener.count<channel_closed>(mine) == 1; }, 300s));
        CHECK(opener.engine.stats().channels_opened == opener.engine.stats().channels_closed);
        opener.forget();
    }
    pair.way.run(60s);
    for (auto* end : {&pair.left, &pair.right}) {
        CHECK(end->count<channel_error>() == 0);
        CHECK(end->engine.stats().channels_opened == 100);
        CHECK(end->engine.stats().channels_closed == 100);
        CHECK(end->engine.stats().dropped(channel_drop::stream_in_use) == 0);
    }
}

TEST_CASE("data channel close: the peer may open anew before we know that our reset is done") {
    hostile_peer server(5);
    peer client(6);
    path way(client, server);
    client.engine.set_role(dtls_role::client, way.now);
    client.engine.connect(way.now);
    server.engine.connect(way.now);
    REQUIRE(way.run_until([&] { return client.count<connected>() == 1; }));
    server.say_open(1, "first", way.now);
    REQUIRE(way.run_until([&] { return client.count<channel_incoming>() == 1; }));
    way.run(1s);
    auto first = client.incoming();

    // The server does our reset, but its confirmation is lost. Then it resets its side, has that confirmed,
    // and for it the stream is free.
    way.lose = [](int from, std::size_t) { return from == 1; };
    client.engine.close(first);
    way.run(15ms);
    REQUIRE(server.resets_of(1) == 1);
    way.lose = {};
    REQUIRE(server.engine.reset_stream(stream_id(1)));
    way.run(30ms);
    REQUIRE(client.engine.state(first) == channel_state::closing);
    REQUIRE(server.say_open(1, "second", way.now) == send_result::ok);
    REQUIRE(server.say(1, dcep::text, as_bytes("hello"), way.now) == send_result::ok);
    REQUIRE(way.run_until([&] { return client.messages.size() == 1; }));
    CHECK(client.log ==
          std::vector<std::string>{"connected", "incoming", "channel closed", "incoming", "message 5"});
    auto second = client.incoming(1);
    CHECK(client.messages.front().channel == second);

    // Its stream is not ours to send on before the old reset is over; the request goes again and is answered.
    auto send = [&] { return client.engine.send(second, message_kind::text, as_bytes("answer"), way.now); };
    CHECK(send() == channel_send::would_block);
    REQUIRE(way.run_until([&] { return client.count<channel_writable>(second) == 1; }));
    CHECK(send() == channel_send::ok);
    auto before = server.messages.size();
    REQUIRE(way.run_until([&] { return server.messages.size() >= before + 2; }));
    CHECK(server.messages[before].protocol == dcep::control);
    CHECK(as_text(server.messages[before + 1].data.view()) == "answer");
    client.engine.close(second);
    REQUIRE(way.run_until([&] { return server.resets_of(1) == 2; }));
}

TEST_CASE("data channels: the end of the association closes every channel") {
    opened pair;
    auto second = pair.open(pair.left);
    auto third = pair.open(pair.left, agreed(33));
    pair.left.engine.close(second);
    pair.way.run(5ms);
    pair.left.forget();

    SECTION("our own abort is no error here, but one for the peer") {
        pair.left.engine.abort("enough");
        REQUIRE(pair.way.run_until([&] { return pair.right.count<closed>() == 1; }));
        CHECK(pair.left.log ==
              std::vector<std::string>{"closed", "channel closed", "channel closed", "channel closed"});
        CHECK(pair.right.log.back() == "channel closed");
        CHECK(pair.right.count<channel_error>(pair.right_id) == 1);
        CHECK(pair.right.all<closed>().front().reason == close_reason::aborted_by_peer);
        CHECK(pair.right.count<channel_closed>(pair.right_id) == 1);
    }
    SECTION("a shutdown delivers what was sent") {
        CHECK(pair.say(pair.left, pair.left_id, "good bye") == channel_send::ok);
        pair.left.engine.shutdown(pair.way.now);
        REQUIRE(pair.way.run_until(
            [&] { return pair.right.count<closed>() == 1 && pair.left.count<closed>() == 1; }));
        REQUIRE(pair.right.messages.size() == 1);
        CHECK(pair.right.count<channel_error>() == 0);
        CHECK(pair.left.count<channel_closed>(third) == 1);
    }
    SECTION("a path that fails") {
        pair.way.lose = [](int, std::size_t) { return true; };
        CHECK(pair.say(pair.left, pair.left_id, "anybody?") == channel_send::ok);
        REQUIRE(pair.way.run_until([&] { return pair.left.count<closed>() == 1; }, 1h));
        CHECK(pair.left.all<closed>().front().reason == close_reason::path_failed);
        CHECK(pair.left.count<channel_error>() == 3);
        CHECK(pair.left.count<channel_closed>() == 3);
    }
    CHECK(pair.say(pair.left, pair.left_id, "x") == channel_send::not_open);
    CHECK(pair.left.engine.next_timeout() == never);
    pair.left.engine.close(pair.left_id);
    pair.left.engine.connect(pair.way.now);
    CHECK_FALSE(pair.left.engine.open({}, pair.way.now).has_value());
}
