#include "test/support/catch.hpp"
#include "test/unit/sctp/channel_world.hpp"

#include <set>

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::channel_test;

namespace {

channel_parameters labelled(std::string label) {
    channel_parameters parameters;
    parameters.label = std::move(label);
    return parameters;
}

channel_parameters agreed(std::uint16_t id) {
    channel_parameters parameters;
    parameters.negotiated = true;
    parameters.id = stream_id(id);
    return parameters;
}

} // namespace

TEST_CASE("data channels: one opens and the other end is told what it is") {
    two_peers pair;
    REQUIRE(pair.connected());
    auto parameters = labelled("chat");
    parameters.protocol = "v1";
    auto mine = pair.open(pair.left, parameters);
    CHECK(pair.left.engine.state(mine) == channel_state::open); // RFC 8832 6: no waiting for the ACK
    REQUIRE(pair.way.run_until([&] { return pair.right.count<channel_incoming>() == 1; }));

    auto told = pair.right.all<channel_incoming>().front();
    CHECK(told.parameters.label == "chat");
    CHECK(told.parameters.protocol == "v1");
    CHECK(told.parameters.ordered);
    CHECK(told.parameters.priority == 256);
    CHECK_FALSE(told.parameters.negotiated);
    CHECK(told.parameters.id == stream_id(0));
    CHECK(pair.right.engine.state(told.channel) == channel_state::open);
    CHECK(pair.right.count<channel_open>() == 0);
    CHECK(pair.left.all<channel_open>().front().stream == stream_id(0));

    CHECK(pair.say(pair.right, told.channel, "hello") == channel_send::ok);
    REQUIRE(pair.way.run_until([&] { return pair.left.messages.size() == 1; }));
    CHECK(pair.left.messages.front().channel == mine);
    CHECK(pair.left.messages.front().kind == message_kind::text);
    CHECK(pair.left.messages.front().text() == "hello");
}

TEST_CASE("data channels: reliability, order and priority reach the other end") {
    two_peers pair;
    REQUIRE(pair.connected());
    channel_parameters rexmit;
    rexmit.ordered = false;
    rexmit.max_retransmits = 3;
    rexmit.priority = 1024;
    channel_parameters timed;
    timed.max_packet_life_time = 1500ms;
    pair.open(pair.left, rexmit);
    pair.open(pair.left, timed);
    REQUIRE(pair.way.run_until([&] { return pair.right.count<channel_incoming>() == 2; }));
    auto first = pair.right.all<channel_incoming>()[0].parameters;
    CHECK_FALSE(first.ordered);
    CHECK(first.max_retransmits == 3u);
    CHECK_FALSE(first.max_packet_life_time);
    CHECK(first.priority == 1024);
    auto second = pair.right.all<channel_incoming>()[1].parameters;
    CHECK(second.ordered);
    CHECK_FALSE(second.max_retransmits);
    CHECK(second.max_packet_life_time == 1500ms);
}

TEST_CASE(
    "data channels: those made before the role is known get their ids in order, and open once connected") {
    two_peers pair;
    auto a = pair.open(pair.right, labelled("a"));
    auto b = pair.open(pair.right, agreed(1));
    auto c = pair.open(pair.right, labelled("c"));
    CHECK_FALSE(pair.right.engine.stream(a));
    CHECK(pair.right.engine.stream(b) == stream_id(1));
    pair.right.engine.set_role(dtls_role::server, pair.way.now);
    CHECK(pair.right.engine.stream(a) == stream_id(3)); // 1 is taken
    CHECK(pair.right.engine.stream(c) == stream_id(5));
    CHECK(pair.right.engine.state(a) == channel_state::connecting);
    CHECK(pair.say(pair.right, a, "early") == channel_send::not_open);

    REQUIRE(pair.connected());
    for (auto id : {a, b, c}) CHECK(pair.right.engine.state(id) == channel_state::open);
    CHECK(pair.right.log.front() == "connected");
    REQUIRE(pair.way.run_until([&] { return pair.left.count<channel_incoming>() == 2; }));
    CHECK(pair.left.all<channel_incoming>()[0].parameters.label == "a");
    CHECK(pair.left.all<channel_incoming>()[1].parameters.label == "c");
}

TEST_CASE("data channels: the role may come after the association") {
    two_peers pair;
    auto early = pair.open(pair.left);
    pair.left.engine.connect(pair.way.now);
    pair.right.engine.connect(pair.way.now);
    REQUIRE(pair.way.run_until([&] { return pair.left.count<connected>() == 1; }));
    CHECK(pair.left.engine.state(early) == channel_state::connecting);
    pair.left.engine.set_role(dtls_role::client, pair.way.now);
    CHECK(pair.left.engine.state(early) == channel_state::open);
}

TEST_CASE("data channels: both ends open at once, client even, server odd") {
    two_peers pair;
    for (int i = 0; i < 5; ++i) {
        pair.open(pair.left);
        pair.open(pair.right);
    }
    REQUIRE(pair.connected());
    REQUIRE(pair.way.run_until([&] {
        return pair.left.count<channel_incoming>() == 5 && pair.right.count<channel_incoming>() == 5;
    }));
    std::set<int> left, right;
    for (const auto& one : pair.left.all<channel_open>()) left.insert(one.stream.value());
    for (const auto& one : pair.right.all<channel_open>()) right.insert(one.stream.value());
    CHECK(left == std::set<int>{0, 2, 4, 6, 8});
    CHECK(right == std::set<int>{1, 3, 5, 7, 9});
    CHECK(pair.left.count<channel_error>() == 0);
    CHECK(pair.right.count<channel_error>() == 0);
}

TEST_CASE("data channels: a negotiated channel needs no DCEP") {
    two_peers pair;
    auto left = pair.open(pair.left, agreed(7));
    auto right = pair.open(pair.right, agreed(7));
    REQUIRE(pair.connected());
    CHECK(pair.left.count<channel_open>(left) == 1);
    CHECK(pair.right.count<channel_open>(right) == 1);
    CHECK(pair.say(pair.left, left, "x") == channel_send::ok);
    CHECK(pair.say(pair.right, right, "y") == channel_send::ok);
    REQUIRE(pair.way.run_until(
        [&] { return pair.left.messages.size() == 1 && pair.right.messages.size() == 1; }));
    CHECK(pair.left.engine.stats().opened_by_peer == 0);
    CHECK(pair.right.engine.stats().opened_by_peer == 0);
    CHECK(pair.left.engine.transport()->stats().messages_sent == 1);

    auto later = pair.open(pair.left, agreed(65534)); // made when the association is up
    CHECK(pair.left.engine.state(later) == channel_state::open);
}

TEST_CASE("data channels: data may follow the OPEN at once, and comes after it") {
    two_peers pair;
    REQUIRE(pair.connected());
    pair.right.forget();
    auto mine = pair.open(pair.left);
    CHECK(pair.say(pair.left, mine, "1") == channel_send::ok);
    CHECK(pair.say(pair.left, mine, "22") == channel_send::ok);
    REQUIRE(pair.way.run_until([&] { return pair.right.messages.size() == 2; }));
    CHECK(pair.right.log == std::vector<std::string>{"incoming", "message 1", "message 2"});
}

TEST_CASE("data channels: an unordered channel sends in order until the peer has answered (RFC 8832 6)") {
    peer client(1);
    hostile_peer server(2);
    path way(client, server);
    client.engine.set_role(dtls_role::client, way.now);
    client.engine.connect(way.now);
    server.engine.connect(way.now);
    REQUIRE(way.run_until([&] { return client.count<connected>() == 1; }));
    channel_parameters parameters;
    parameters.ordered = false;
    auto mine = client.open(parameters, way.now);
    auto settled = agreed(100);
    settled.ordered = false;
    auto other = client.open(settled, way.now);

    auto send = [&](channel_id id) {
        return client.engine.send(id, message_kind::text, as_bytes("x"), way.now);
    };
    CHECK(send(mine) == channel_send::ok);
    REQUIRE(way.run_until([&] { return server.messages.size() == 2; }));
    CHECK(server.messages[0].protocol == dcep::control);
    CHECK_FALSE(server.messages[1].unordered);

    SECTION("by an ACK") {
        CHECK(server.say(0, dcep::control, dcep::ack_message, way.now) == send_result::ok);
    }
    SECTION("by anything else") {
        CHECK(server.say(0, dcep::text, as_bytes("y"), way.now) == send_result::ok);
    }
    way.run(1s);
    CHECK(send(mine) == channel_send::ok);
    CHECK(send(other) == channel_send::ok); // a negotiated channel need not wait
    REQUIRE(way.run_until([&] { return server.messages.size() == 4; }));
    CHECK(server.messages[2].unordered);
    CHECK(server.messages[3].unordered);
}

TEST_CASE("data channels: messages of every size, text and binary, arrive as they were") {
    two_peers pair;
    REQUIRE(pair.connected());
    auto mine = pair.open(pair.left);
    std::vector<std::size_t> sizes{0, 1, 2, 1100, 1200, 5000, 65535, 65536};
    for (auto kind : {message_kind::text, message_kind::binary})
        for (auto size : sizes) {
            bytes data(size);
            for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<std::byte>(i * 7);
            REQUIRE(pair.left.engine.send(mine, kind, data, pair.way.now) == channel_send::ok);
        }
    REQUIRE(pair.way.run_until([&] { return pair.right.messages.size() == 2 * sizes.size(); }));
    for (std::size_t n = 0; n < pair.right.messages.size(); ++n) {
        const auto& message = pair.right.messages[n];
        CHECK(message.kind == (n < sizes.size() ? message_kind::text : message_kind::binary));
        REQUIRE(message.data.size() == sizes[n % sizes.size()]);
        bool same = true;
        for (std::size_t i = 0; i < message.data.size(); ++i)
            same &= message.data[i] == static_cast<std::byte>(i * 7);
        CHECK(same);
    }
    auto counted = pair.right.engine.counters(pair.right.incoming());
    CHECK(counted.messages_received == 16);
    CHECK(counted.bytes_received == pair.left.engine.counters(mine).bytes_sent);
}

TEST_CASE("data channels: a thousand of them, each with a message, at once and through loss") {
    two_peers pair;
    for (int i = 0; i < 1000; ++i)
        pair.open(i % 2 == 0 ? pair.left : pair.right, labelled(std::to_string(i)));
    std::mt19937 dice(7);
    pair.way.lose = [&](int, std::size_t) { return dice() % 20 == 0; };
    REQUIRE(pair.connected());
    for (auto* end : {&pair.left, &pair.right})
        for (const auto& one : end->all<channel_open>())
            CHECK(pair.say(*end, one.channel, std::string(end->engine.parameters(one.channel)->label)) ==
                  channel_send::ok);
    REQUIRE(pair.way.run_until(
        [&] { return pair.left.messages.size() == 500 && pair.right.messages.size() == 500; }, 600s));
    for (auto* end : {&pair.left, &pair.right})
        for (const auto& message : end->messages)
            CHECK(end->engine.parameters(message.channel)->label == message.text());
}

TEST_CASE("data channels: a full send buffer blocks, and says when there is room") {
    data_channels_config small;
    small.association.send_buffer = 20000;
    two_peers pair(small);
    REQUIRE(pair.connected());
    auto a = pair.open(pair.left), b = pair.open(pair.left);
    bytes data(5000);
    std::size_t taken = 0;
    while (pair.left.engine.send(a, message_kind::binary, data, pair.way.now) == channel_send::ok) ++taken;
    CHECK(taken >= 3);
    CHECK(pair.left.engine.send(b, message_kind::binary, data, pair.way.now) == channel_send::would_block);
    CHECK(pair.left.engine.send(b, message_kind::binary, data, pair.way.now) == channel_send::would_block);
    pair.left.forget();
    REQUIRE(pair.way.run_until([&] { return pair.left.count<channel_writable>() >= 2; }));
    CHECK(pair.left.count<channel_writable>(a) == 1);
    CHECK(pair.left.count<channel_writable>(b) == 1);
    CHECK(pair.left.engine.send(b, message_kind::binary, data, pair.way.now) == channel_send::ok);
    REQUIRE(pair.way.run_until([&] { return pair.right.messages.size() == taken + 1; }));
}

TEST_CASE("data channels: an OPEN waits for room in the send buffer") {
    data_channels_config small;
    small.association.send_buffer = 20000;
    two_peers pair(small);
    REQUIRE(pair.connected());
    auto first = pair.open(pair.left);
    bytes data(5000);
    while (pair.left.engine.send(first, message_kind::binary, data, pair.way.now) == channel_send::ok)
        continue;
    auto second = pair.open(pair.left, labelled("patient"));
    CHECK(pair.left.engine.state(second) == channel_state::connecting);
    auto third = pair.open(pair.left, labelled("gone"));
    pair.left.engine.close(third);
    REQUIRE(pair.way.run_until([&] { return pair.left.count<channel_open>(second) == 1; }));
    REQUIRE(pair.way.run_until([&] { return pair.right.count<channel_incoming>() == 2; }));
    pair.way.run(1s);
    CHECK(pair.right.count<channel_incoming>() == 2);
    CHECK(pair.left.count<channel_closed>(third) == 1);
}

TEST_CASE("data channels: buffered_amount counts payload, and its low level is reported") {
    two_peers pair;
    REQUIRE(pair.connected());
    auto mine = pair.open(pair.left, labelled("a label that is not payload"));
    CHECK(pair.left.engine.buffered_amount(mine) == 0);
    pair.left.engine.set_buffered_amount_low_threshold(mine, 10000);
    bytes data(30000);
    for (int i = 0; i < 3; ++i)
        CHECK(pair.left.engine.send(mine, message_kind::binary, data, pair.way.now) == channel_send::ok);
    CHECK(pair.left.engine.buffered_amount(mine) == 90000);
    CHECK(pair.left.count<channel_buffered_amount_low>() == 0);
    REQUIRE(pair.way.run_until([&] { return pair.left.count<channel_buffered_amount_low>(mine) == 1; }));
    CHECK(pair.left.engine.buffered_amount(mine) <= 10000);
    REQUIRE(pair.way.run_until([&] { return pair.right.messages.size() == 3; }));
    CHECK(pair.left.engine.buffered_amount(mine) == 0);
    CHECK(pair.left.count<channel_buffered_amount_low>() == 1);

    // An OPEN alone, or a message below the threshold, is no reason to report anything.
    pair.open(pair.left);
    CHECK(pair.say(pair.left, mine, "small") == channel_send::ok);
    pair.way.run(1s);
    CHECK(pair.left.count<channel_buffered_amount_low>() == 1);
}

TEST_CASE("data channels: an empty message is no bytes, and what was never sent is known at the end") {
    for (int way = 0; way < 3; ++way) { // the association ends, the peer closes, we close
        CAPTURE(way);
        two_peers pair;
        REQUIRE(pair.connected());
        auto mine = pair.open(pair.left, labelled("x"));
        pair.way.run(1s);
        auto send = [&](byte_view data) {
            return pair.left.engine.send(mine, message_kind::binary, data, pair.way.now);
        };
        for (int i = 0; i < 10; ++i) CHECK(send({}) == channel_send::ok);
        CHECK(pair.left.engine.buffered_amount(mine) == 0);
        bytes data(50'000);
        for (int i = 0; i < 4; ++i) CHECK(send(data) == channel_send::ok);
        CHECK(send({}) == channel_send::ok);
        CHECK(pair.left.engine.buffered_amount(mine) == 200'000);
        pair.left.log.clear();
        if (way == 0) pair.left.engine.abort("enough");
        if (way == 1) pair.right.engine.close(pair.right.incoming());
        if (way == 2) pair.left.engine.close(mine);
        REQUIRE(pair.way.run_until([&] { return pair.left.count<channel_closed>(mine) == 1; }, 60s));
        std::size_t unsent = 0;
        for (const auto& each : pair.left.events)
            if (const auto* closed = std::get_if<channel_closed>(&each)) unsent = closed->unsent;
        if (way == 0) CHECK(unsent == 200'000);
        if (way == 1) CHECK(unsent <= 200'000); // a message is sent to its end
        if (way == 2) CHECK(unsent == 0);
        CHECK(pair.left.engine.buffered_amount(mine) == 0);
    }
}

TEST_CASE("data channels: the peer's largest message is respected") {
    data_channels_config config;
    config.association.remote_max_message_size = 1000;
    two_peers pair(config);
    REQUIRE(pair.connected());
    auto mine = pair.open(pair.left);
    bytes data(1001);
    CHECK(pair.left.engine.max_message_size() == 1000);
    CHECK(pair.left.engine.send(mine, message_kind::binary, data, pair.way.now) == channel_send::too_large);
    CHECK(pair.left.engine.send(mine, message_kind::binary, byte_view(data).first(1000), pair.way.now) ==
          channel_send::ok);
    auto long_label = pair.open(pair.left, labelled(std::string(1000, 'x')));
    pair.way.run(1s);
    REQUIRE(pair.left.count<channel_error>(long_label) == 1);
    CHECK(pair.left.all<channel_error>().front().failure == channel_failure::open_too_large);
    CHECK(pair.left.count<channel_closed>(long_label) == 1);
    CHECK(pair.right.count<channel_incoming>() == 1);

    pair.left.engine.set_remote(5000, 0); // no limit
    bytes large(100000);
    CHECK(pair.left.engine.send(mine, message_kind::binary, large, pair.way.now) == channel_send::ok);
    REQUIRE(pair.way.run_until([&] { return pair.right.messages.size() == 2; }));
}

TEST_CASE("data channels: a reader that does not consume stops the sender") {
    data_channels_config small;
    small.association.receive_window = 20000;
    small.association.max_message_size = 20000;
    two_peers pair({}, small);
    REQUIRE(pair.connected());
    auto mine = pair.open(pair.left);
    pair.right.reading = false;
    bytes data(1000);
    for (int i = 0; i < 100; ++i)
        CHECK(pair.left.engine.send(mine, message_kind::binary, data, pair.way.now) == channel_send::ok);
    pair.way.run(5s);
    auto got = pair.right.messages.size();
    CHECK(got >= 10);
    CHECK(got <= 21);
    pair.right.reading = true;
    for (auto size : pair.right.unread) pair.right.engine.consume(size);
    REQUIRE(pair.way.run_until([&] { return pair.right.messages.size() == 100; }));
}

TEST_CASE("data channels: what is wrong with open() is said at once when it can be known") {
    data_channels_config config;
    config.limits.max_channels = 4;
    config.association.outgoing_streams = 100;
    two_peers pair(config);
    auto error = [&](channel_parameters parameters) {
        auto made = pair.left.engine.open(std::move(parameters), pair.way.now);
        return made ? std::nullopt : std::optional(made.error());
    };
    channel_parameters both;
    both.max_retransmits = 1;
    both.max_packet_life_time = 1ms;
    CHECK(error(both) == open_error::invalid_parameters);
    channel_parameters without_id;
    without_id.negotiated = true;
    CHECK(error(without_id) == open_error::invalid_parameters);
    CHECK(error(labelled(std::string(65536, 'x'))) == open_error::invalid_parameters);
    CHECK(error(agreed(100)) == open_error::id_out_of_range);
    CHECK_FALSE(error(agreed(99)));
    CHECK(error(agreed(99)) == open_error::id_taken);
    for (int i = 0; i < 3; ++i) CHECK_FALSE(error({}));
    CHECK(error({}) == open_error::too_many_channels);
    pair.left.engine.abort();
    CHECK(error({}) == open_error::closed);
}

TEST_CASE("data channels: ids beyond what both ends have are refused") {
    data_channels_config few;
    few.association.max_incoming_streams = 5;
    two_peers pair({}, few);
    std::vector<channel_id> mine;
    for (int i = 0; i < 5; ++i) mine.push_back(pair.open(pair.left)); // 0 2 4 | 6 8
    REQUIRE(pair.connected());
    CHECK(pair.left.engine.max_channels() == 5);
    for (int i : {0, 1, 2}) CHECK(pair.left.engine.state(mine[i]) == channel_state::open);
    for (int i : {3, 4}) {
        CHECK(pair.left.count<channel_error>(mine[i]) == 1);
        CHECK(pair.left.count<channel_closed>(mine[i]) == 1);
    }
    auto another = pair.left.engine.open({}, pair.way.now);
    REQUIRE_FALSE(another.has_value());
    CHECK(another.error() == open_error::no_id_free);

    // A role that comes with too few ids for the channels that wait.
    data_channels_config one;
    one.association.outgoing_streams = 1;
    peer alone(3, one);
    auto first = alone.open({}, time_point{});
    auto second = alone.open({}, time_point{});
    alone.engine.set_role(dtls_role::client, time_point{});
    alone.drain();
    CHECK(alone.engine.stream(first) == stream_id(0));
    CHECK(alone.log == std::vector<std::string>{"error", "channel closed"});
    CHECK(alone.count<channel_closed>(second) == 1);
}

TEST_CASE("data channels: a partially reliable channel gives a lost message up and goes on") {
    two_peers pair;
    channel_parameters parameters;
    parameters.max_retransmits = 0;
    auto mine = pair.open(pair.left, parameters);
    REQUIRE(pair.connected());
    REQUIRE(pair.way.run_until([&] { return pair.right.count<channel_incoming>() == 1; }));
    pair.way.run(1s);
    pair.way.lose = [](int from, std::size_t) { return from == 0; };
    CHECK(pair.say(pair.left, mine, "lost") == channel_send::ok);
    pair.way.run(50ms);
    pair.way.lose = {};
    CHECK(pair.say(pair.left, mine, "kept") == channel_send::ok);
    REQUIRE(pair.way.run_until([&] { return pair.right.messages.size() == 1; }));
    pair.way.run(5s);
    REQUIRE(pair.right.messages.size() == 1);
    CHECK(pair.right.messages.front().text() == "kept");
}
