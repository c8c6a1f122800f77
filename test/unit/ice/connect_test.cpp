#include "test/unit/ice/harness.hpp"

using namespace cortc;
using namespace cortc::ice;
using namespace cortc::ice::test;

namespace {

struct pair_of_nodes {
    node a{1, role::controlling}, b{2, role::controlled};
    wire net{a, b};
    bool both_selected() const { return a.selected() && b.selected(); }
};

} // namespace

TEST_CASE("one pair connects at once, with the fewest datagrams") {
    pair_of_nodes t;
    t.a.open(at("192.0.2.1", 1000));
    t.b.open(at("192.0.2.2", 2000));
    negotiate(t.a, t.b, t.net.now);
    REQUIRE(t.net.run_until([&] { return t.both_selected(); }, 0s));
    t.net.run_for(0s);
    CHECK(t.net.now == start);
    // Each side's check, the nomination, and their responses: fewer there cannot be.
    CHECK(t.net.datagrams == 6);
    CHECK(t.a.engine.state() == transport_state::completed);
    CHECK(t.b.engine.state() == transport_state::completed);
    REQUIRE(t.a.engine.send_path());
    CHECK(t.a.engine.send_path()->remote == at("192.0.2.2", 2000));
    CHECK(t.a.engine.is_valid_source(socket_id(1), at("192.0.2.2", 2000)));
    CHECK_FALSE(t.a.engine.is_valid_source(socket_id(1), at("192.0.2.2", 2001)));
    CHECK_FALSE(t.a.engine.is_valid_source(socket_id(2), at("192.0.2.2", 2000)));
    CHECK(t.a.all<selected_pair_changed>().size() == 1);
    CHECK(t.a.all<state_changed>().front().to == transport_state::checking);
    for (const auto* each : {&t.a, &t.b}) CHECK(each->engine.stats().drops == counters().drops);
}

TEST_CASE("the answerer may connect before the offerer knows it: early checks") {
    pair_of_nodes t;
    t.a.open(at("192.0.2.1", 1000));
    t.b.open(at("192.0.2.2", 2000));
    t.a.begin(t.net.now);
    t.b.begin(t.net.now);
    signal(t.a, t.b, t.net.now); // b knows a; a knows nothing yet
    t.net.delay = 10ms;
    t.net.run_for(200ms);
    CHECK(t.a.engine.stats().requests_received == 1);
    CHECK(t.a.engine.stats().responses_sent == 1);
    CHECK(t.a.engine.stats().requests_sent == 0);
    CHECK(t.a.engine.state() == transport_state::fresh);
    CHECK(t.b.usable()); // valid for b: it may send already
    CHECK(t.a.engine.is_valid_source(socket_id(1), at("192.0.2.2", 2000)));

    signal(t.b, t.a, t.net.now, false); // credentials only: the candidate is known as peer-reflexive
    auto before = t.net.now;
    REQUIRE(t.net.run_until([&] { return t.both_selected(); }));
    CHECK(t.net.now - before <= 40ms);
    CHECK(t.a.engine.selected_pair()->remote.type == candidate_type::prflx);
    for (const auto& each : t.b.signaled) CHECK(t.a.engine.add_remote_candidate(t.a.latest, each, t.net.now));
    CHECK(t.a.engine.selected_pair()->remote.type == candidate_type::host);
    CHECK(t.a.engine.pairs().size() == 1);
}

TEST_CASE("many candidates: the best working pair is selected soon") {
    pair_of_nodes t;
    for (int i = 0; i < 5; ++i) {
        t.a.open(at("10.0.0." + std::to_string(i + 1), 1000));
        t.b.open(at("10.0.1." + std::to_string(i + 1), 2000));
    }
    t.net.delay = 10ms;
    SECTION("all work") {
        negotiate(t.a, t.b, t.net.now);
        REQUIRE(t.net.run_until([&] { return t.both_selected(); }));
        CHECK(t.a.engine.send_path()->remote == at("10.0.1.1", 2000));
        CHECK(t.net.now - start <= 100ms);
    }
    SECTION("only the worst works") {
        t.net.drops = [](const flying& p) {
            return !(p.from.address.to_string().back() == '5' && p.to.address.to_string().back() == '5');
        };
        negotiate(t.a, t.b, t.net.now);
        REQUIRE(t.net.run_until([&] { return t.both_selected(); }));
        CHECK(t.a.engine.send_path()->remote == at("10.0.1.5", 2000));
        CHECK(t.net.now - start <= 300ms);
        // The others are still being tried, so this is not "completed" until they have failed.
        CHECK(t.a.engine.state() == transport_state::connected);
        t.net.run_for(60s);
        CHECK(t.a.engine.state() == transport_state::completed);
    }
    SECTION("the best is slower: it is taken later") {
        t.net.drops = [&](const flying& p) {
            return t.net.now < start + 1s && p.from.address.to_string().back() == '1';
        };
        negotiate(t.a, t.b, t.net.now);
        REQUIRE(t.net.run_until([&] { return t.both_selected(); }));
        CHECK(t.net.now - start <= 200ms);
        CHECK(t.a.engine.send_path()->remote != at("10.0.1.1", 2000));
        REQUIRE(t.net.run_until([&] {
            return t.a.engine.send_path()->remote == at("10.0.1.1", 2000) &&
                   t.b.engine.send_path()->remote == at("10.0.0.1", 1000);
        }));
        CHECK(t.net.now - start <= 4s);
    }
    for (auto* each : {&t.a, &t.b}) CHECK(each->engine.pairs().size() <= 100);
}

TEST_CASE("checks are paced: one each Ta after the burst") {
    node a(1, role::controlling);
    a.open(at("192.0.2.1", 1));
    auto id = a.begin(start);
    a.engine.set_remote(id, {"peer", "peer-password-of-22-chars"}, {}, start);
    for (int i = 0; i < 20; ++i) {
        sdp::candidate c;
        c.foundation = std::to_string(i);
        c.priority = 1000 - static_cast<std::uint32_t>(i);
        c.address = "192.0.2.2";
        c.port = static_cast<std::uint16_t>(100 + i);
        REQUIRE(a.engine.add_remote_candidate(id, c, start));
    }
    auto first = drain(a.engine, start);
    REQUIRE(first.size() == 5);
    CHECK(first[0].where.destination.port == 100);
    CHECK(first[4].where.destination.port == 104);
    CHECK(a.engine.next_timeout() == start + 5ms);
    auto now = start;
    for (int i = 5; i < 20; ++i) {
        now = a.engine.next_timeout();
        a.engine.handle_timeout(now);
        auto sent = drain(a.engine, now);
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].where.destination.port == 100 + i);
        CHECK(now == start + (i - 4) * 5ms);
    }
}

TEST_CASE("a check says what RFC 8445 7.1 and 7.2.2 ask for") {
    node a(1, role::controlling);
    a.open(at("192.0.2.1", 1));
    auto id = a.begin(start);
    a.engine.set_remote(id, {"peer", "peer-password-of-22-chars"}, {}, start);
    auto host = a.signaled.at(0);
    host.address = "192.0.2.2";
    REQUIRE(a.engine.add_remote_candidate(id, host, start));
    auto sent = drain(a.engine, start);
    REQUIRE(sent.size() == 1);
    auto m = sent[0].read();
    CHECK(m.is(stun::message_class::request, stun::method::binding));
    CHECK(m.username() == "peer:" + a.local.ufrag);
    CHECK(m.priority() == candidate_priority(candidate_type::prflx, 65535));
    CHECK(m.ice_controlling());
    CHECK_FALSE(m.ice_controlled());
    CHECK_FALSE(m.use_candidate());
    CHECK(m.verify_integrity(as_bytes("peer-password-of-22-chars")));
    CHECK(m.verify_fingerprint());
    // The retransmission is the same message.
    auto again_at = a.engine.next_timeout();
    CHECK(again_at == start + 500ms);
    auto again = drain(a.engine, again_at);
    REQUIRE(again.size() == 1);
    CHECK(again[0].data == sent[0].data);
    CHECK(a.engine.stats().retransmissions == 1);
}

TEST_CASE("both in one role: the conflict is repaired") {
    auto as = GENERATE(role::controlling, role::controlled);
    auto seeds = GENERATE(std::pair(1, 2), std::pair(2, 1));
    auto crossing = GENERATE(false, true);
    node a(static_cast<std::uint64_t>(seeds.first), as), b(static_cast<std::uint64_t>(seeds.second), as);
    wire net(a, b);
    a.open(at("192.0.2.1", 1000));
    b.open(at("192.0.2.2", 2000));
    if (crossing) net.delay = 10ms;
    negotiate(a, b, net.now);
    REQUIRE(net.run_until([&] { return a.selected() && b.selected(); }, 1s));
    CHECK(a.engine.role() != b.engine.role());
    CHECK(a.all<role_changed>().size() + b.all<role_changed>().size() == 1);
    net.run_for(20s);
    CHECK(a.engine.stats().role_switches + b.engine.stats().role_switches == 1);
}

TEST_CASE("behind an address translator: peer-reflexive on both sides") {
    pair_of_nodes t;
    t.a.open(at("10.0.0.1", 1000));
    t.b.open(at("192.0.2.2", 2000));
    auto outside = at("203.0.113.7", 4444);
    t.net.rewrites = [&](flying& p) {
        if (p.from == at("10.0.0.1", 1000)) p.from = outside;
    };
    t.net.drops = [&](const flying& p) { return p.to == at("10.0.0.1", 1000); };
    t.net.finds = [&](const endpoint& to) { return to == outside ? at("10.0.0.1", 1000) : to; };
    t.net.delay = 5ms;
    negotiate(t.a, t.b, t.net.now);
    REQUIRE(t.net.run_until([&] { return t.both_selected(); }));
    CHECK(t.net.now - start <= 100ms);
    CHECK(t.b.engine.send_path()->remote == outside);
    CHECK(t.b.engine.selected_pair()->remote.type == candidate_type::prflx);
    CHECK(t.a.engine.selected_pair()->local.type == candidate_type::prflx);
    CHECK(t.a.engine.selected_pair()->local.address == outside);
    CHECK(t.a.engine.selected_pair()->local.base == at("10.0.0.1", 1000));
}

TEST_CASE("trickled candidates, late ones after the credentials") {
    pair_of_nodes t;
    t.a.open(at("192.0.2.1", 1000));
    t.b.open(at("192.0.2.2", 2000));
    t.a.begin(t.net.now);
    t.b.begin(t.net.now);
    signal(t.a, t.b, t.net.now, false);
    signal(t.b, t.a, t.net.now, false);
    t.net.run_for(80s);
    CHECK(t.a.engine.state() == transport_state::fresh); // nothing to check, nothing that could fail
    for (const auto& each : t.b.signaled) t.a.engine.add_remote_candidate(t.a.latest, each, t.net.now);
    auto before = t.net.now;
    REQUIRE(t.net.run_until([&] { return t.both_selected(); }, 1s));
    CHECK(t.net.now == before);
    CHECK(t.a.engine.state() == transport_state::connected); // no end-of-candidates yet
    t.a.engine.remote_candidates_done(t.a.latest, t.net.now);
    CHECK(t.a.engine.state() == transport_state::completed);
}

TEST_CASE("failure waits for the patience of RFC 8863") {
    pair_of_nodes t;
    t.a.open(at("192.0.2.1", 1000));
    t.b.open(at("192.0.2.2", 2000));
    SECTION("pairs that never answer") {
        t.net.drops = [](const flying&) { return true; };
        negotiate(t.a, t.b, t.net.now);
        t.net.run_for(39s);
        CHECK(t.a.engine.state() == transport_state::checking);
        t.net.run_for(1s);
        CHECK(t.a.engine.state() == transport_state::failed);
        CHECK(t.b.engine.state() == transport_state::failed);
        CHECK(t.a.engine.stats().requests_sent == 7);
        CHECK(t.a.engine.next_timeout() == never);
    }
    SECTION("no pairs at all") {
        negotiate(t.a, t.b, t.net.now);
        t.a.engine.remove_generation(t.a.latest, t.net.now);
        auto id = t.a.begin(t.net.now);
        t.a.engine.set_remote(id, {"peer", "x"}, {}, t.net.now);
        t.a.engine.remote_candidates_done(id, t.net.now);
        CHECK(t.a.engine.state() != transport_state::failed);
        t.net.run_for(39500ms);
        CHECK(t.a.engine.state() == transport_state::failed);
    }
    SECTION("no end-of-candidates: disconnected first, and a late candidate still helps") {
        bool broken = true;
        t.net.drops = [&](const flying&) { return broken; };
        negotiate(t.b, t.a, t.net.now); // a's view of b is complete: forget it, and do it by hand
        t.a.engine.remove_generation(t.a.latest, t.net.now);
        t.b.engine.remove_generation(t.b.latest, t.net.now);
        t.a.begin(t.net.now);
        t.b.begin(t.net.now);
        signal(t.b, t.a, t.net.now, false);
        t.a.engine.add_remote_candidate(t.a.latest, t.b.signaled.at(0), t.net.now);
        t.net.run_for(45s);
        CHECK(t.a.engine.state() == transport_state::disconnected);
        auto other = t.b.signaled.at(0);
        other.port = 2001;
        SECTION("it comes") {
            broken = false;
            t.b.open(at("192.0.2.2", 2001));
            signal(t.a, t.b, t.net.now);
            t.a.engine.add_remote_candidate(t.a.latest, other, t.net.now);
            REQUIRE(t.net.run_until([&] { return t.a.usable(); }, 1s));
        }
        SECTION("it does not") {
            t.net.run_for(60s);
            CHECK(t.a.engine.state() == transport_state::failed);
        }
    }
}

TEST_CASE("a lite peer is controlled by us and answers only") {
    node a(1, role::controlled);
    auto local = a.open(at("192.0.2.1", 1000));
    auto id = a.begin(start);
    credentials peer{"lite", "lite-password-of-22-chars"};
    a.engine.set_remote(id, peer, {.lite = true}, start);
    CHECK(a.engine.role() == role::controlling);
    auto host = a.signaled.at(0);
    host.address = "192.0.2.9";
    a.engine.add_remote_candidate(id, host, start);
    a.engine.remote_candidates_done(id, start);
    for (int round = 0; round < 2; ++round) {
        auto sent = drain(a.engine, start);
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].read().use_candidate() == (round == 1));
        a.engine.handle_packet(local, sent[0].where.destination,
                               make_success(sent[0].read().id(), at("192.0.2.1", 1000), peer.pwd), start);
    }
    CHECK(a.engine.state() == transport_state::completed);
    CHECK(drain(a.engine, start).empty());
}

TEST_CASE("USE-CANDIDATE before our own check succeeded is remembered") {
    node b(2, role::controlled);
    auto local = b.open(at("192.0.2.2", 2000));
    auto id = b.begin(start);
    credentials peer{"peer", "peer-password-of-22-chars"};
    b.engine.handle_packet(local, at("192.0.2.1", 1000),
                           make_request(b.local.ufrag + ":peer", b.local.pwd, {.use_candidate = true}),
                           start);
    REQUIRE(drain(b.engine, start).size() == 1); // the response
    b.engine.set_remote(id, peer, {}, start);
    auto sent = drain(b.engine, start);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].where.destination == at("192.0.2.1", 1000));
    CHECK(sent[0].read().ice_controlled());
    CHECK_FALSE(b.selected());
    b.engine.handle_packet(local, at("192.0.2.1", 1000),
                           make_success(sent[0].read().id(), at("192.0.2.2", 2000), peer.pwd), start);
    CHECK(b.selected());
}

TEST_CASE("IPv6, and both families together") {
    pair_of_nodes t;
    t.a.open(at("2001:db8::1", 1000));
    t.b.open(at("2001:db8::2", 2000));
    SECTION("alone") {}
    SECTION("with IPv4, never mixed") {
        t.a.open(at("192.0.2.1", 1000));
        t.b.open(at("192.0.2.2", 2000));
    }
    negotiate(t.a, t.b, t.net.now);
    CHECK(t.a.engine.pairs().size() == t.a.sockets.size());
    REQUIRE(t.net.run_until([&] { return t.both_selected(); }, 0s));
    CHECK(t.a.engine.send_path()->remote == at("2001:db8::2", 2000));
}

TEST_CASE("loss: every seed connects within seconds") {
    auto loss = GENERATE(0.1, 0.3);
    duration worst{}, sum{};
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        node a(seed, role::controlling), b(seed + 100, role::controlled);
        wire net(a, b);
        net.dice.seed(seed);
        net.loss = loss;
        net.delay = 20ms;
        a.open(at("192.0.2.1", 1000));
        b.open(at("192.0.2.2", 2000));
        negotiate(a, b, net.now);
        INFO("seed " << seed << ", loss " << loss);
        REQUIRE(net.run_until([&] { return a.selected() && b.selected(); }, 30s));
        worst = std::max(worst, net.now - start);
        sum += net.now - start;
        auto connected = net.now;
        REQUIRE_FALSE(net.run_until([&] { return a.engine.state() == transport_state::failed; }, 120s));
        CHECK(net.now == connected + 120s);
    }
    INFO("worst ms " << worst / 1ms << ", mean " << sum / 20 / 1ms);
    CHECK(worst <= 5s);
    CHECK(sum / 20 <= 800ms);
}

TEST_CASE("the same seed gives the same datagrams") {
    auto record = [] {
        std::vector<bytes> out;
        node a(5, role::controlling), b(6, role::controlled);
        wire net(a, b);
        net.loss = 0.2;
        net.delay = 3ms;
        net.rewrites = [&](flying& p) { out.push_back(p.data); };
        a.open(at("192.0.2.1", 1000));
        a.open(at("192.0.2.3", 1000));
        b.open(at("192.0.2.2", 2000));
        negotiate(a, b, net.now);
        net.run_for(30s);
        return out;
    };
    auto first = record();
    CHECK(first.size() > 10);
    CHECK(first == record());
}

TEST_CASE("there is no path without consent, whether or not a timer has run") {
    pair_of_nodes t;
    t.a.open(at("192.0.2.1", 1000));
    t.b.open(at("192.0.2.2", 2000));
    negotiate(t.a, t.b, t.net.now);
    REQUIRE(t.net.run_until([&] { return t.both_selected(); }));
    CHECK(t.a.engine.send_path(t.net.now + 29s));
    CHECK_FALSE(t.a.engine.send_path(t.net.now + 31s));
    CHECK(t.a.engine.send_path());
}

TEST_CASE("agents that share their pacing check together no faster than one") {
    const timings time;
    auto pacing = std::make_shared<rate>(time.pacing, time.burst);
    std::vector<std::unique_ptr<request_table>> tables;
    std::vector<std::unique_ptr<agent>> agents;
    seeded_random random(1);
    for (int i = 0; i < 3; ++i) {
        tables.push_back(std::make_unique<request_table>());
        agent_config config(random, *tables.back());
        config.pacing = pacing;
        agents.push_back(std::make_unique<agent>(config));
        auto& each = *agents.back();
        each.set_role(role::controlling);
        const auto id = each.add_generation({"ufrag", "a-password-of-22-and-more"}, start);
        local_candidate host;
        host.socket = socket_id(1);
        host.base = at("192.0.2.1", static_cast<std::uint16_t>(1000 + i));
        REQUIRE(each.add_local_candidate(id, host, start));
        each.set_remote(id, {"other", "a-password-of-22-and-more"}, {}, start);
        for (std::uint16_t port = 2000; port < 2020; ++port) {
            sdp::candidate remote;
            remote.foundation = std::to_string(port);
            remote.address = "192.0.2.2";
            remote.port = port;
            remote.priority = port;
            remote.component = 1;
            REQUIRE(each.add_remote_candidate(id, remote, start));
        }
    }
    std::size_t sent = 0;
    bytes out(max_message);
    for (auto now = start; now < start + 100ms; now += 1ms)
        for (auto& each : agents)
            while (each->poll_transmit(out, now)) ++sent;
    CHECK(sent > 20);
    CHECK(sent <= time.burst + 20);
}
