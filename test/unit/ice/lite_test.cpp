#include "test/unit/ice/harness.hpp"

using namespace cortc;
using namespace cortc::ice;
using namespace cortc::ice::test;

// We as an ICE-lite agent (RFC 8445 2.5, 7.3.2).

namespace {

void be_lite(agent_config& config) { config.lite = true; }

struct full_and_lite {
    node full{1, role::controlling}, lite{2, role::controlling, {}, {}, be_lite};
    wire net{full, lite};
    std::size_t requests_of_lite = 0;

    full_and_lite() {
        full.open(at("192.0.2.1", 1000));
        lite.open(at("192.0.2.2", 2000));
        net.delay = 10ms;
        net.rewrites = [this](flying& packet) {
            const auto message = stun::message::parse(packet.data).value();
            if (message.is_request() && packet.from.port == 2000) ++requests_of_lite;
        };
    }
    void negotiate(bool candidates_of_full = true) {
        full.begin(net.now);
        lite.begin(net.now);
        signal(full, lite, net.now, candidates_of_full);
        remote_options options;
        options.lite = true;
        signal(lite, full, net.now, true, options);
    }
};

} // namespace

TEST_CASE("lite: it answers, takes the nomination, and sends no check ever") {
    full_and_lite t;
    CHECK(t.lite.engine.role() == role::controlled); // whatever was said
    t.negotiate(GENERATE(false, true));              // the candidates of the full one are not needed
    REQUIRE(t.net.run_until([&] { return t.full.selected() && t.lite.selected(); }, 1s));
    CHECK(t.lite.engine.send_path()->remote == at("192.0.2.1", 1000));
    CHECK(t.lite.usable());
    t.net.run_for(300s);
    CHECK(t.lite.usable());
    CHECK(t.full.usable());
    CHECK(t.requests_of_lite == 0);
    CHECK(t.lite.engine.stats().requests_sent == 0);
}

TEST_CASE("lite: consent is what the peer's checks show") {
    full_and_lite t;
    t.negotiate();
    REQUIRE(t.net.run_until([&] { return t.full.selected() && t.lite.selected(); }, 1s));
    t.net.run_for(1s);
    t.net.drops = [](const flying&) { return true; };
    const auto broken = t.net.now;
    REQUIRE(t.net.run_until([&] { return t.lite.engine.state() == transport_state::disconnected; }, 30s));
    CHECK(t.net.now - broken <= 10s);
    REQUIRE(t.lite.engine.send_path());
    SECTION("the path comes back") {
        t.net.drops = nullptr;
        REQUIRE(t.net.run_until([&] { return t.lite.usable(); }, 5s));
    }
    SECTION("it does not") {
        REQUIRE(t.net.run_until([&] { return t.lite.engine.state() == transport_state::failed; }, 60s));
        CHECK(t.net.now - broken <= 30s);
        CHECK_FALSE(t.lite.engine.send_path());
        CHECK(t.lite.engine.next_timeout() == never);
        t.net.drops = nullptr; // a restart helps
        t.full.engine.handle_timeout(t.net.now);
        t.negotiate();
        REQUIRE(t.net.run_until([&] { return t.lite.usable() && t.full.usable(); }, 5s));
    }
}

TEST_CASE("lite: a restart, of which the old path carries until the new one is nominated") {
    full_and_lite t;
    t.negotiate();
    REQUIRE(t.net.run_until([&] { return t.full.selected() && t.lite.selected(); }, 1s));
    t.net.run_for(1s);
    for (int i = 0; i < 20; ++i) {
        t.negotiate();
        CHECK(t.lite.usable());
        REQUIRE(
            t.net.run_until([&] { return t.lite.engine.selected_pair()->generation == t.lite.latest; }, 1s));
    }
    t.net.run_for(5s);
    CHECK(t.lite.engine.pairs().size() == 1);
}

TEST_CASE("lite: checks that come before the description, and a peer that claims our role") {
    full_and_lite t;
    t.lite.begin(t.net.now);
    t.full.begin(t.net.now);
    remote_options options;
    options.lite = true;
    signal(t.lite, t.full, t.net.now, true, options); // it has our offer, and its answer is on its way
    t.net.run_for(500ms);
    CHECK_FALSE(t.lite.engine.send_path());
    signal(t.full, t.lite, t.net.now);
    CHECK(t.lite.engine.send_path());
    REQUIRE(t.net.run_until([&] { return t.lite.selected(); }, 1s));

    const auto request =
        make_request(t.lite.local.ufrag + ":" + t.full.local.ufrag, t.lite.local.pwd, {.controlling = false});
    t.lite.engine.handle_packet(socket_id(1), at("192.0.2.1", 1000), request, t.net.now);
    const auto out = drain(t.lite.engine, t.net.now);
    REQUIRE(out.size() == 1);
    REQUIRE(out[0].read().error_code());
    CHECK(out[0].read().error_code()->code == stun::error::role_conflict);
    CHECK(t.lite.engine.role() == role::controlled);
}

TEST_CASE("lite: a peer that moves is followed; of those who nominate all at once, the best pair") {
    node lite(2, role::controlled, {}, {}, be_lite);
    lite.open(at("192.0.2.2", 2000));
    lite.begin(start);
    lite.engine.set_remote(lite.latest, {"peer", "password-of-the-peer-which-is-long"}, {}, start);
    auto now = start;
    auto nominate = [&](std::uint16_t port) {
        bytes out(600);
        stun::transaction_id id{};
        lite.random.fill(id);
        stun::message_writer writer(out, stun::message_class::request, stun::method::binding, id);
        writer.add_username(lite.local.ufrag + ":peer");
        writer.add_priority(0x6e000000u + port);
        writer.add_ice_controlling(1);
        writer.add_use_candidate();
        writer.add_integrity(as_bytes(lite.local.pwd));
        writer.add_fingerprint();
        out.resize(writer.size());
        lite.engine.handle_packet(socket_id(1), at("192.0.2.9", port), out, now);
        drain(lite.engine, now);
        return lite.engine.send_path().value().remote.port;
    };
    CHECK(nominate(5000) == 5000);
    now += 10ms;
    CHECK(nominate(6000) == 6000);
    now += 10ms;
    CHECK(nominate(4000) == 6000); // RFC 5245 8.1.1.2
    now += 2s;
    CHECK(nominate(4000) == 4000); // not a word of the other for two seconds
}

TEST_CASE("lite: nobody comes, or the peer is lite, too: it fails") {
    full_and_lite t;
    SECTION("nobody comes") {
        const bool said_all = GENERATE(false, true);
        t.lite.begin(t.net.now);
        t.lite.engine.set_remote(t.lite.latest, {"peer", "password-of-the-peer-which-is-long"}, {},
                                 t.net.now);
        if (said_all) t.lite.engine.remote_candidates_done(t.lite.latest, t.net.now);
        t.net.run_for(39s);
        CHECK(t.lite.engine.state() != transport_state::failed);
        t.net.run_for(said_all ? 1s : 61s);
        CHECK(t.lite.engine.state() == transport_state::failed);
    }
    SECTION("two lite agents") {
        t.lite.begin(t.net.now);
        remote_options options;
        options.lite = true;
        t.lite.engine.set_remote(t.lite.latest, {"peer", "password-of-the-peer-which-is-long"}, options,
                                 t.net.now);
        CHECK(t.lite.engine.state() == transport_state::failed);
        CHECK(t.lite.engine.role() == role::controlled);
    }
    CHECK(t.requests_of_lite == 0);
}
