#include "test/unit/transport/engine_world.hpp"

using namespace cortc;
using namespace cortc::transport_test;
using words = std::vector<std::string>;

TEST_CASE("transport engine: the first byte tells the protocol") {
    for (unsigned first = 0; first < 256; ++first) {
        bytes data(20);
        data[0] = static_cast<std::byte>(first);
        auto expected = protocol::unknown;
        if (first >= 20 && first <= 63) expected = protocol::dtls;
        if (first >= 128 && first <= 191) expected = protocol::srtp;
        INFO(first);
        CHECK(protocol_of(data) == expected); // without its cookie nothing is STUN
        byte_writer cookie(byte_span(data).subspan(4));
        cookie.u32(stun::magic_cookie);
        CHECK(protocol_of(data) == (first <= 3 ? protocol::stun : expected));
    }
    CHECK(protocol_of({}) == protocol::unknown);
}

TEST_CASE("transport engine: what no part takes is dropped and counted") {
    two world;
    auto& engine = world.a.engine;
    auto receive = [&](bytes data) { world.a.receive(data, world.now, world.b.where); };
    receive({});
    CHECK(engine.dropped(demux_drop::empty) == 1);
    receive(bytes(20, std::byte{64})); // a TURN channel
    receive(bytes(20, std::byte{16})); // ZRTP
    CHECK(engine.dropped(demux_drop::unknown_protocol) == 2);
    receive(plain_dtls::record(22));
    CHECK(engine.dropped(demux_drop::no_dtls_yet) == 1);
    receive(bytes(20, std::byte{0x80}));
    CHECK(engine.dropped(demux_drop::no_media) == 1);
    engine.expect_media();
    receive(bytes(20, std::byte{0x80}));
    CHECK(engine.dropped(demux_drop::no_srtp_keys) == 1);
    world.a.set_dtls(world.now);
    receive(plain_dtls::record(22)); // no check has come from there
    CHECK(engine.dropped(demux_drop::invalid_source) == 1);
    CHECK(world.a.dtls->started == 0);
    CHECK(engine.data().packets_received == 0);
}

TEST_CASE("transport engine: the phases follow each other") {
    two world;
    auto &a = world.a, &b = world.b;
    for (auto* each : {&a, &b}) each->attach(world.now);
    SECTION("DTLS known first") {
        for (auto* each : {&a, &b}) each->set_dtls(world.now);
        CHECK(a.transmit(world.now).empty());
        world.begin();
        CHECK(b.dtls->started == 0); // there is no path
        world.run_for(1s);
    }
    SECTION("ICE first") {
        world.begin();
        world.run_for(1s);
        CHECK(b.reported("ice completed"));
        CHECK_FALSE(b.reported("dtls connecting"));
        for (auto* each : {&a, &b}) each->set_dtls(world.now);
        CHECK(b.dtls->started == 1);
        world.run_for(1s);
    }
    CHECK(a.dtls->started == 1);
    CHECK(b.dtls->started == 1);
    CHECK(a.channels.up());
    const auto place = [&](const char* what) { return std::ranges::find(b.log, what) - b.log.begin(); };
    CHECK(place("ice connected") < place("dtls connecting"));
    CHECK(place("dtls connecting") < place("dtls connected"));
    CHECK(place("dtls connected") < place("channel 0"));
    CHECK(std::ranges::count(b.log, "dtls connected") == 1);
}

TEST_CASE("transport engine: the association follows whichever of DTLS and channels comes last") {
    two world;
    world.begin();
    for (auto* each : {&world.a, &world.b}) each->set_dtls(world.now);
    world.run_for(1s);
    CHECK(world.a.reported("dtls connected"));
    CHECK_FALSE(world.a.channels.up());
    for (auto* each : {&world.a, &world.b}) each->attach(world.now);
    world.run_for(1s);
    CHECK(world.a.channels.up());
}

TEST_CASE("transport engine: the DTLS server answers before its own checks were answered") {
    two world;
    world.begin();
    for (auto* each : {&world.a, &world.b}) each->set_dtls(world.now);
    // b's checks come through, a's are lost.
    for (int i = 0; i < 10 && !world.a.reported("dtls connected"); ++i) {
        world.b.transmit(world.now);
        for (const auto& each : std::exchange(world.b.sent.all, {}))
            world.a.receive(each.data, world.now, world.b.where);
        world.a.transmit(world.now);
        for (const auto& each : std::exchange(world.a.sent.all, {}))
            if (protocol_of(each.data) != protocol::stun || stun::message::parse(each.data)->is_response())
                world.b.receive(each.data, world.now, world.a.where);
        world.a.drain();
        world.now += 50ms;
        for (auto* each : {&world.a, &world.b}) each->engine.handle_timeout(world.now);
    }
    CHECK(world.a.reported("dtls connected"));
    CHECK_FALSE(world.a.reported("ice connected"));
}

TEST_CASE("transport engine: a sealed record proves its sender, wherever it comes from") {
    two world;
    world.connect();
    const auto channel = world.open();
    const auto elsewhere = at("192.0.2.9", 9);
    world.send(channel, "over a pair whose check has yet to come");
    (void)world.a.transmit(world.now);
    for (const auto& each : std::exchange(world.a.sent.all, {}))
        world.b.receive(each.data, world.now, elsewhere);
    world.b.drain();
    CHECK(world.b.reported("message over a pair whose check has yet to come"));
    CHECK(world.b.engine.dropped(demux_drop::invalid_source) == 0);
    // Handshakes, alerts and records without keys do not.
    const bytes no_epoch{std::byte{23}, std::byte{0xfe}, std::byte{0xfd},
                         std::byte{0},  std::byte{0},    std::byte{0}};
    world.b.receive(no_epoch, world.now, elsewhere);
    world.b.receive(byte_view(no_epoch).first(4), world.now, elsewhere);
    world.b.receive(plain_dtls::record(22), world.now, elsewhere);
    world.b.receive(plain_dtls::record(21), world.now, elsewhere);
    CHECK(world.b.engine.dropped(demux_drop::invalid_source) == 4);
    CHECK(world.b.engine.dtls_state() == dtls_transport_state::connected);
}

TEST_CASE("transport engine: the answer to a message carries its acknowledgement") {
    two world;
    world.connect();
    const auto channel = world.open();
    world.b.on_note = [&](const std::string& what) {
        if (what == "message ping")
            (void)world.b.channels.send(world.b.incoming, datachannel::message_kind::text, as_bytes("pong"),
                                        world.now);
    };
    world.send(channel, "ping");
    CHECK(world.a.transmit(world.now) == words{"DATA"});
    for (const auto& each : world.a.sent.all) world.b.receive(each.data, world.now, world.a.where);
    world.b.drain(); // events before datagrams: the application answers in this turn
    REQUIRE(world.b.reported("message ping"));
    CHECK(world.b.transmit(world.now) == words{"SACK DATA"});
    CHECK(world.b.transmit(world.now).empty());
}

TEST_CASE("transport engine: ICE goes out before DTLS, and DTLS before messages") {
    two world;
    world.connect();
    const auto channel = world.open();
    world.now += 7s; // a consent check is due (RFC 7675 5.1)
    world.a.engine.handle_timeout(world.now);
    world.a.dtls->out.push_back(plain_dtls::record(22));
    world.send(channel, "text");
    CHECK(world.a.transmit(world.now) == words{"stun", "hello", "DATA"});
}

TEST_CASE("transport engine: data in the datagram that ends the handshake is not lost") {
    two world;
    world.begin();
    for (auto* each : {&world.a, &world.b}) {
        each->attach(world.now);
        each->set_dtls(world.now);
    }
    while (!world.a.dtls->connected) REQUIRE(world.turn(world.b, world.a) | world.turn(world.a, world.b));
    // a's answer is still on its way to b with the INIT behind it, in one datagram.
    bytes both = plain_dtls::record(22);
    world.a.transmit(world.now);
    for (const auto& each : world.a.sent.all)
        if (word(each.data) == "INIT") both.insert(both.end(), each.data.begin(), each.data.end());
    REQUIRE(both.size() > 1);
    world.b.receive(both, world.now, world.a.where);
    world.b.drain();
    CHECK(world.b.reported("dtls connected"));
    const auto said = world.b.transmit(world.now);
    CHECK(std::ranges::find(said, "INIT-ACK") != said.end());
}

TEST_CASE("transport engine: close tells the peer in order, and then there is nothing") {
    two world;
    world.connect();
    const auto channel = world.open();
    world.send(channel, "last words");
    world.a.sent.all.clear();
    world.a.engine.close(world.a.sent, world.now);
    words said;
    for (const auto& each : world.a.sent.all) said.push_back(word(each.data));
    CHECK(said == words{"DATA", "ABORT", "close"});
    CHECK(world.a.engine.closed());
    CHECK(world.a.dtls->closed == 1);
    CHECK_FALSE(world.a.channels.up());

    world.a.log.clear();
    world.a.receive(bytes(20, std::byte{64}), world.now, world.b.where);
    world.a.receive(plain_dtls::record(21), world.now, world.b.where);
    world.a.engine.dtls_returned(world.now);
    world.a.engine.handle_timeout(world.now + 1h);
    world.a.engine.add_generation("more", "and a password of its own", world.now);
    CHECK_FALSE(world.a.engine.has_generation("more"));
    world.a.set_dtls(world.now); // a second one
    CHECK(world.a.engine.next_timeout() == never);
    CHECK(world.a.transmit(world.now).empty());
    world.a.drain();
    CHECK(world.a.log.empty());
    CHECK(world.a.engine.dropped(demux_drop::unknown_protocol) == 0);
    world.a.sent.all.clear();
    world.a.engine.close(world.a.sent, world.now);
    CHECK(world.a.sent.all.empty());
}

TEST_CASE("transport engine: the end of DTLS ends what runs over it") {
    two world;
    world.connect();
    const auto channel = world.open();
    world.send(channel, "last words");
    world.a.sent.all.clear();
    world.a.engine.close(world.a.sent, world.now);
    SECTION("the ABORT comes first") {
        for (const auto& each : world.a.sent.all) world.b.receive(each.data, world.now, world.a.where);
    }
    SECTION("only close_notify comes, and twice") {
        for (const auto* which : {"DATA", "close", "close"})
            for (const auto& each : world.a.sent.all)
                if (word(each.data) == which) world.b.receive(each.data, world.now, world.a.where);
    }
    world.b.drain();
    CHECK(world.b.reported("message last words")); // what came before the end counts
    CHECK_FALSE(world.b.channels.up());
    CHECK(std::ranges::count(world.b.log, "dtls closed") == 1);
    CHECK(world.b.engine.dtls_state() == dtls_transport_state::closed);
    const auto said = world.b.transmit(world.now);
    CHECK(std::ranges::find(said, "ABORT") == said.end()); // no DTLS, no SCTP
}

TEST_CASE("transport engine: close within an event") {
    two world;
    world.b.on_note = [&](const std::string& what) {
        if (what == "ice connected") world.b.engine.close(world.b.sent, world.now);
    };
    world.begin();
    for (auto* each : {&world.a, &world.b}) {
        each->set_dtls(world.now);
        each->attach(world.now);
    }
    world.run_for(1s);
    CHECK(world.b.engine.closed());
    CHECK(world.b.log.back() == "ice connected"); // and not a word after it
    CHECK_FALSE(world.b.reported("dtls connecting"));
}

TEST_CASE("transport engine: while a step of DTLS runs elsewhere the rest goes on") {
    two world;
    world.connect();
    const auto channel = world.open();
    world.a.dtls->elsewhere = true;
    world.send(channel, "waits");
    CHECK(world.a.transmit(world.now).empty());
    world.b.dtls->elsewhere = true; // what comes meanwhile is queued
    world.a.dtls->back(world.now);
    world.a.engine.dtls_returned(world.now);
    CHECK(world.turn(world.a, world.b));
    CHECK_FALSE(world.b.reported("message waits"));
    world.b.dtls->back(world.now);
    world.b.engine.dtls_returned(world.now);
    world.b.drain();
    CHECK(world.b.reported("message waits"));

    world.a.dtls->elsewhere = true; // nothing can be said then
    world.a.sent.all.clear();
    world.a.engine.close(world.a.sent, world.now);
    CHECK(world.a.sent.all.empty());
    CHECK(world.a.dtls->closed == 1);
}

TEST_CASE("transport engine: DTLS that cannot start fails, and ICE goes on") {
    two world;
    world.b.before_dtls = [](plain_dtls& it) { it.fails_to_start = true; };
    world.begin();
    world.b.attach(world.now);
    world.b.set_dtls(world.now);
    world.run_for(1s);
    CHECK(world.b.reported("dtls failed"));
    CHECK(world.b.engine.dtls_failure() == crypto::dtls_failure::internal);
    CHECK(world.b.reported("ice completed"));
    world.run_for(1min);
    CHECK_FALSE(world.b.reported("ice failed"));
}

TEST_CASE("transport engine: timeouts that come early do nothing, and late ones are made up for") {
    two world;
    world.connect();
    world.run_for(1s);
    const auto due = world.a.engine.next_timeout();
    REQUIRE(due != never);
    for (int i = 0; i < 100; ++i) world.a.engine.handle_timeout(world.now);
    CHECK(world.a.engine.next_timeout() == due);
    CHECK(world.a.transmit(world.now).empty());
    world.a.dtls->deadline = world.now + 1s;
    world.a.engine.handle_timeout(world.now + 999ms);
    CHECK(world.a.dtls->timeouts == 0);
    world.a.engine.handle_timeout(world.now + 1s);
    CHECK(world.a.dtls->timeouts == 1);

    world.now += 1h; // the process was stopped
    world.a.engine.handle_timeout(world.now);
    world.a.drain();
    CHECK(world.a.reported("ice failed")); // there is no consent any more
    CHECK(world.a.engine.next_timeout() > world.now);
}

TEST_CASE("transport engine: the association is told when the path is back") {
    two world;
    world.connect();
    const auto channel = world.open();
    // Nothing passes for ten seconds.
    const auto until = world.now + 10s;
    world.send(channel, "late");
    while (world.next_timeout() <= until) {
        world.now = std::max(world.now, world.next_timeout());
        for (auto* each : {&world.a, &world.b}) {
            each->engine.handle_timeout(world.now);
            each->transmit(world.now);
            each->drain();
        }
    }
    REQUIRE(world.a.reported("ice disconnected"));
    world.a.log.clear();
    world.run_for(1500ms); // the association's own timer would take longer
    CHECK(world.a.reported("ice connected") != world.a.reported("ice completed"));
    CHECK(world.b.reported("message late"));
}

TEST_CASE("transport engine: a generation that is taken back or replaced is gone") {
    two world;
    world.connect();
    world.a.log.clear();
    world.a.engine.add_generation("later", "a-password-that-is-long-enough", world.now);
    CHECK(world.a.engine.has_generation("later"));
    world.a.engine.drop_generation("later", world.now);
    world.a.engine.drop_generation("later", world.now);
    world.a.engine.drop_generation("never", world.now);
    world.a.drain();
    CHECK(world.a.log == words{"gone later"});
    CHECK_FALSE(world.a.engine.has_generation("later"));
    CHECK(world.a.channels.up());
}

TEST_CASE("transport engine: the pair is told before the state that stands for it") {
    two world;
    world.begin();
    world.run_for(1s);
    for (const auto* each : {&world.a, &world.b}) {
        const auto place = [&](const std::string& what) {
            return std::ranges::find(each->log, what) - each->log.begin();
        };
        CHECK(place("selected " + each->ufrag()) < place("ice connected"));
        CHECK(std::ranges::count(each->log, "selected " + each->ufrag()) == 1);
    }
}

TEST_CASE("transport engine: SCTP that comes before the channels waits for them, a few packets of it") {
    two world;
    world.begin();
    for (auto* each : {&world.a, &world.b}) each->set_dtls(world.now);
    world.run_for(1s);
    world.b.attach(world.now);
    world.settle(); // b's INIT is lost on nobody
    world.a.attach(world.now);
    world.settle();
    CHECK(world.a.channels.up());
    CHECK(world.b.channels.up());

    two other;
    other.begin();
    for (auto* each : {&other.a, &other.b}) each->set_dtls(other.now);
    other.run_for(1s);
    for (int i = 0; i < 10; ++i) other.a.receive(plain_dtls::record(23, bytes(20)), other.now, other.b.where);
    CHECK(other.a.engine.dropped(demux_drop::no_channels) == 2);
}

TEST_CASE("transport engine: channels that are over make room for others") {
    two world;
    world.connect();
    datachannel::data_channels next_a({}, world.a.random, world.a.pool),
        next_b({}, world.b.random, world.b.pool);
    world.a.channels.abort("over");
    world.a.sent.all.clear();
    world.a.engine.detach_channels(world.a.sent, world.now);
    REQUIRE(world.a.sent.all.size() == 1);
    CHECK(word(world.a.sent.all[0].data) == "ABORT");
    world.b.channels.abort("over");
    world.b.engine.detach_channels(world.b.sent, world.now);
    next_a.set_role(world.a.role, world.now);
    next_b.set_role(world.b.role, world.now);
    world.a.engine.attach(next_a, world.now);
    world.b.engine.attach(next_b, world.now);
    world.settle();
    CHECK(next_a.up());
    CHECK(next_b.up());
    for (auto* each : {&world.a, &world.b}) each->engine.close(each->sent, world.now);
}

TEST_CASE("transport engine: close ends the channels also while a step of DTLS runs elsewhere") {
    two world;
    world.connect();
    (void)world.open();
    world.a.dtls->elsewhere = true;
    world.a.engine.close(world.a.sent, world.now);
    bool over = false;
    while (auto event = world.a.channels.poll_event())
        over = over || std::holds_alternative<sctp::closed>(*event);
    CHECK(over);
}

TEST_CASE("transport engine: nothing is sent without consent, though no timer has run") {
    two world;
    world.connect();
    const auto channel = world.open();
    world.now += 40s; // and nobody calls handle_timeout()
    world.send(channel, "late");
    CHECK(std::ranges::count_if(world.a.transmit(world.now),
                                [](const auto& each) { return each != "stun"; }) == 0);
}

TEST_CASE("transport engine: a failure from outside is one of DTLS, and ICE goes on") {
    two world;
    world.connect();
    world.a.engine.fail("no memory");
    world.a.drain();
    CHECK(world.a.log.back() != "dtls connected");
    CHECK(world.a.reported("dtls failed"));
    CHECK(world.a.engine.dtls_state() == dtls_transport_state::failed);
    CHECK(world.a.engine.next_timeout() != never);
    world.run_for(60s);
}
