#include "test/unit/ice/harness.hpp"

using namespace cortc;
using namespace cortc::ice;
using namespace cortc::ice::test;

namespace {

struct connected_nodes {
    node a{1, role::controlling}, b{2, role::controlled};
    wire net{a, b};
    connected_nodes() {
        a.open(at("192.0.2.1", 1000));
        b.open(at("192.0.2.2", 2000));
        net.delay = 10ms;
        negotiate(a, b, net.now);
        REQUIRE(net.run_until([&] { return a.selected() && b.selected(); }));
        net.run_for(1s);
        a.events.clear();
        b.events.clear();
    }
    bool both_on(generation_id in_a, generation_id in_b) const {
        return a.selected() && b.selected() && a.engine.selected_pair()->generation == in_a &&
               b.engine.selected_pair()->generation == in_b;
    }
};

/// The next generation of `who` is at another address.
void begin_elsewhere(node& who, time_point now) {
    who.open(at("192.0.2.77", 1000));
    who.local = {"ufnew", "new-password-of-22-characters"};
    who.latest = who.engine.add_generation(who.local, now);
    local_candidate init;
    init.socket = socket_id(2);
    init.base = who.sockets[1];
    who.signaled = {*who.engine.add_local_candidate(who.latest, init, now)};
    who.engine.local_candidates_done(who.latest, now);
}

} // namespace

TEST_CASE("a dead wire: disconnected, and back again") {
    connected_nodes t;
    bool broken = true;
    t.net.drops = [&](const flying&) { return broken; };
    auto before = t.net.now;
    REQUIRE(t.net.run_until([&] { return t.a.engine.state() == transport_state::disconnected; }, 30s));
    CHECK(t.net.now - before >= 4s);
    CHECK(t.net.now - before <= 9s);
    CHECK(t.a.engine.send_path()); // consent is still there
    t.net.run_for(10s);
    broken = false;
    REQUIRE(t.net.run_until([&] { return t.a.usable() && t.b.usable(); }, 3s));
    CHECK(t.a.engine.state() == transport_state::completed);
    t.net.run_for(120s);
    CHECK(t.a.usable());
}

TEST_CASE("consent expires after 30 s and the transport fails") {
    connected_nodes t;
    t.net.drops = [&](const flying&) { return true; };
    auto before = t.net.now;
    REQUIRE(t.net.run_until([&] { return t.a.engine.state() == transport_state::failed; }, 60s));
    CHECK(t.net.now - before >= 24s);
    CHECK(t.net.now - before <= 30s);
    CHECK_FALSE(t.a.engine.send_path());
    t.net.run_for(10s);
    auto datagrams = t.net.datagrams;
    t.net.run_for(120s);
    CHECK(t.net.datagrams == datagrams); // RFC 7675: not a word more
    CHECK(t.a.engine.next_timeout() == never);

    SECTION("a restart brings it back") {
        t.net.drops = nullptr;
        negotiate(t.a, t.b, t.net.now);
        CHECK(t.a.engine.state() == transport_state::checking);
        REQUIRE(t.net.run_until([&] { return t.a.usable() && t.b.usable(); }, 1s));
    }
}

TEST_CASE("consent checks come each 4 to 6 s, on one path") {
    connected_nodes t;
    std::vector<time_point> sent;
    t.net.rewrites = [&](flying& p) {
        auto m = stun::message::parse(p.data).value();
        if (p.from == at("192.0.2.1", 1000) && m.is_request()) sent.push_back(t.net.now);
    };
    t.net.run_for(100s);
    REQUIRE(sent.size() >= 16);
    REQUIRE(sent.size() <= 25);
    for (std::size_t i = 1; i < sent.size(); ++i) {
        CHECK(sent[i] - sent[i - 1] >= 4s);
        CHECK(sent[i] - sent[i - 1] <= 6s + 20ms);
    }
    CHECK(t.a.engine.selected_pair()->consent_requests_sent >= sent.size());
}

TEST_CASE("authentic traffic keeps a path alive, but gives no consent") {
    connected_nodes t;
    t.net.drops = [&](const flying&) { return true; };
    for (int i = 0; i < 25; ++i) {
        t.net.run_for(1s);
        t.a.engine.note_received(socket_id(1), at("192.0.2.2", 2000), t.net.now);
        CHECK(t.a.usable());
    }
    t.net.run_for(6s);
    CHECK(t.a.engine.state() == transport_state::failed);
}

TEST_CASE("when the selected path dies another one takes over") {
    node a(1, role::controlling), b(2, role::controlled);
    wire net(a, b);
    net.delay = 10ms;
    a.open(at("192.0.2.1", 1000));
    a.open(at("198.51.100.1", 1000));
    b.open(at("192.0.2.2", 2000));
    negotiate(a, b, net.now);
    REQUIRE(net.run_until([&] { return a.selected() && b.selected(); }));
    CHECK(a.engine.send_path()->socket == socket_id(1));
    net.run_for(2s);
    net.drops = [](const flying& p) {
        return p.from == at("192.0.2.1", 1000) || p.to == at("192.0.2.1", 1000);
    };
    auto before = net.now;
    REQUIRE(net.run_until([&] {
        return a.engine.send_path()->socket == socket_id(2) &&
               b.engine.send_path()->remote == at("198.51.100.1", 1000) && a.usable() && b.usable();
    }));
    CHECK(net.now - before <= 15s);
    net.run_for(60s);
    CHECK(a.usable());
    CHECK(b.usable());
}

TEST_CASE("a transport that is lost takes its pairs and candidates with it, at once") {
    node a(1, role::controlling), b(2, role::controlled);
    wire net(a, b);
    net.delay = 10ms;
    a.open(at("192.0.2.1", 1000));
    const bool another = GENERATE(true, false);
    const bool with_restart = GENERATE(true, false); // the generation before has it, too
    if (another) a.open(at("198.51.100.1", 1000));
    b.open(at("192.0.2.2", 2000));
    negotiate(a, b, net.now);
    REQUIRE(net.run_until([&] { return a.selected() && b.selected(); }));
    net.run_for(2s);
    REQUIRE(a.engine.send_path()->socket == socket_id(1));
    if (with_restart) negotiate(a, b, net.now);
    a.engine.remove_socket(socket_id(1), net.now);
    net.drops = [](const flying& p) {
        return p.from == at("192.0.2.1", 1000) || p.to == at("192.0.2.1", 1000);
    };
    CHECK_FALSE(a.engine.uses(socket_id(1)));
    CHECK_FALSE(a.engine.is_valid_source(socket_id(1), at("192.0.2.2", 2000)));
    for (const auto& each : a.engine.pairs()) CHECK(each.route.socket != socket_id(1));
    for (const auto& each : a.engine.candidates()) CHECK((each.remote || each.what.socket != socket_id(1)));
    if (another) {
        CHECK(a.engine.send_path()->socket == socket_id(2));
        // The peer has lost nothing, and follows when the path that it has falls silent.
        REQUIRE(net.run_until(
            [&] { return a.selected() && b.engine.send_path()->remote == at("198.51.100.1", 1000); }, 15s));
        net.run_for(60s);
        CHECK(a.usable());
        CHECK(b.usable());
    } else {
        CHECK_FALSE(a.engine.send_path());
        if (!with_restart) CHECK(a.engine.state() == transport_state::failed);
        net.run_for(120s);
        CHECK(a.engine.state() == transport_state::failed);
        CHECK(a.engine.next_timeout() == never);
    }
    a.engine.remove_socket(socket_id(1), net.now); // again, and one that nobody knows
    a.engine.remove_socket(socket_id(77), net.now);
}

TEST_CASE("restart by either side: the old path carries until the new one selects") {
    connected_nodes t;
    auto& first = GENERATE(false, true) ? t.b : t.a;
    auto& second = &first == &t.a ? t.b : t.a;
    auto old = t.a.engine.selected_pair()->generation;

    first.begin(t.net.now); // a local offer
    CHECK(first.engine.state() == transport_state::completed);
    t.net.run_for(3s);
    second.begin(t.net.now);
    signal(first, second, t.net.now); // it answers
    CHECK(second.engine.state() == transport_state::connected);
    CHECK(second.engine.send_path());
    CHECK(second.engine.selected_pair()->generation == old);
    t.net.run_for(5ms);
    signal(second, first, t.net.now);
    CHECK(first.engine.state() == transport_state::connected);
    CHECK(first.engine.selected_pair()->generation == old);
    REQUIRE(t.net.run_until([&] { return t.both_on(t.a.latest, t.b.latest); }, 1s));
    CHECK(t.a.all<generation_retired>().empty()); // it lingers, and is still a valid source
    CHECK(t.a.engine.uses(socket_id(1)));
    t.net.run_for(1s);
    for (auto* each : {&t.a, &t.b}) {
        REQUIRE(each->all<generation_retired>().size() == 1);
        CHECK(each->all<generation_retired>()[0].generation == generation_id(1));
        CHECK(each->all<selected_pair_changed>().size() == 1);
        CHECK(each->engine.state() == transport_state::completed);
        CHECK(each->engine.pairs().size() == 1);
    }
    t.net.run_for(60s);
    CHECK(t.a.usable());
    CHECK(t.b.usable());
}

TEST_CASE("a restart repeats a lost check by the round trip of the path, which it knows already") {
    connected_nodes t;
    int passed = 0;
    t.net.drops = [&](const flying&) { return passed++ < 2; }; // the first check of each
    const auto began = t.net.now;
    negotiate(t.a, t.b, t.net.now);
    REQUIRE(t.net.run_until([&] { return t.both_on(t.a.latest, t.b.latest); }, 5s));
    CHECK(passed > 2);
    CHECK(t.net.now - began >= timings().least_rto + 40ms); // a check and a nomination
    CHECK(t.net.now - began <= 2 * timings().least_rto + 40ms);
}

TEST_CASE("restarts by both at once, and many in a row") {
    connected_nodes t;
    for (int round = 0; round < 20; ++round) {
        negotiate(t.a, t.b, t.net.now);
        t.net.run_for(round % 3 == 0 ? 0ms : 15ms);
        CHECK(t.a.usable());
        CHECK(t.b.usable());
    }
    REQUIRE(t.net.run_until([&] { return t.both_on(t.a.latest, t.b.latest); }, 1s));
    t.net.run_for(2s);
    CHECK(t.a.all<generation_retired>().size() == 20);
    CHECK(t.a.engine.pairs().size() == 1);
}

TEST_CASE("a restart to other sockets frees the old ones") {
    connected_nodes t;
    begin_elsewhere(t.a, t.net.now);
    t.b.begin(t.net.now);
    signal(t.a, t.b, t.net.now);
    signal(t.b, t.a, t.net.now);
    REQUIRE(t.net.run_until([&] { return t.both_on(t.a.latest, t.b.latest); }, 1s));
    CHECK(t.a.engine.uses(socket_id(1)));
    CHECK(t.b.engine.is_valid_source(socket_id(1), at("192.0.2.1", 1000)));
    t.net.run_for(2s);
    CHECK_FALSE(t.a.engine.uses(socket_id(1)));
    CHECK_FALSE(t.b.engine.is_valid_source(socket_id(1), at("192.0.2.1", 1000)));
    CHECK(t.b.engine.is_valid_source(socket_id(1), at("192.0.2.77", 1000)));
}

TEST_CASE("rollback drops a pending generation and nothing else") {
    connected_nodes t;
    auto pending = t.a.begin(t.net.now);
    t.b.begin(t.net.now);
    signal(t.a, t.b, t.net.now);
    t.net.run_for(200ms); // b checks already, and learns that the path works
    CHECK(t.a.engine.stats().requests_received > 0);
    t.a.engine.remove_generation(pending, t.net.now);
    t.b.engine.remove_generation(t.b.latest, t.net.now);
    t.net.run_for(60s);
    for (auto* each : {&t.a, &t.b}) {
        CHECK(each->engine.state() == transport_state::completed);
        CHECK(each->engine.selected_pair()->generation == generation_id(1));
        CHECK(each->all<generation_retired>().empty());
    }
}

TEST_CASE("a restart that never works leaves the old path alone") {
    connected_nodes t;
    t.a.begin(t.net.now);
    t.a.engine.set_remote(t.a.latest, {"nobody", "nobody-knows-this-password"}, {}, t.net.now);
    t.a.engine.add_remote_candidate(t.a.latest, t.b.signaled.at(0), t.net.now);
    t.a.engine.remote_candidates_done(t.a.latest, t.net.now);
    t.net.run_for(90s);
    CHECK(t.a.engine.state() == transport_state::connected);
    CHECK(t.a.engine.selected_pair()->generation == generation_id(1));
}

TEST_CASE("other remote credentials start a generation over") {
    connected_nodes t;
    node c(3, role::controlled);
    c.open(at("192.0.2.3", 3000));
    c.begin(t.net.now);
    wire net(t.a, c);
    net.now = t.net.now;
    signal(t.a, c, net.now);
    signal(c, t.a, net.now); // an answer after another one's provisional answer
    REQUIRE(net.run_until([&] { return t.a.selected() && c.selected(); }, 1s));
    CHECK(t.a.engine.send_path()->remote == at("192.0.2.3", 3000));
    CHECK(t.a.engine.pairs().size() == 1);
}

TEST_CASE("close is silent and final") {
    connected_nodes t;
    t.a.engine.close();
    CHECK(t.a.engine.state() == transport_state::closed);
    CHECK_FALSE(t.a.engine.send_path());
    CHECK(t.a.engine.next_timeout() == never);
    t.net.run_for(60s);
    REQUIRE(t.a.events.size() == 1);
    CHECK(std::get<state_changed>(t.a.events[0]).to == transport_state::closed);
    CHECK(t.b.engine.state() == transport_state::failed);
    t.a.engine.close();
    CHECK(drain(t.a.engine, t.net.now).empty());
}

TEST_CASE("a restart tells what happened when") {
    connected_nodes t; // 10 ms each way
    CHECK_FALSE(t.a.engine.last_restart());
    const auto begun = t.net.now;
    t.a.begin(t.net.now); // a offers
    t.b.begin(t.net.now); // b answers; its candidates are still to come
    signal(t.a, t.b, t.net.now);
    t.net.run_for(30ms);
    signal(t.b, t.a, t.net.now); // the answer
    const auto answered = t.net.now;
    REQUIRE(t.net.run_until([&] { return t.both_on(t.a.latest, t.b.latest); }, 1s));
    const auto of_a = *t.a.engine.last_restart(), of_b = *t.b.engine.last_restart();
    CHECK(of_a.generation == t.a.latest);
    CHECK(of_a.ufrag == t.a.local.ufrag);
    CHECK(of_a.when.begun == begun);
    CHECK(of_a.when.paired == answered);
    CHECK(of_a.when.first_check == answered);
    CHECK(of_a.when.first_valid == answered + 20ms);
    CHECK(of_a.when.nominated == answered + 20ms);
    CHECK(of_a.when.selected == answered + 40ms);
    CHECK(of_a.when.first_received == never);
    CHECK(of_a.when.alone == never);
    CHECK(of_b.when.begun == begun);
    CHECK(of_b.when.paired == begun);
    CHECK(of_b.when.first_check == begun);
    CHECK(of_b.when.first_valid == begun + 20ms); // a answers before it has the answer
    CHECK(of_b.when.nominated == answered + 30ms);
    CHECK(of_b.when.selected == answered + 30ms);
    t.net.run_for(5ms);
    CHECK(t.b.engine.accept(socket_id(1), at("192.0.2.1", 1000), 100, t.net.now));
    const auto heard = t.net.now;
    t.net.run_for(5s);
    CHECK(t.b.engine.accept(socket_id(1), at("192.0.2.1", 1000), 100, t.net.now));
    CHECK(t.b.engine.last_restart()->when.first_received == heard);
    CHECK(t.b.engine.last_restart()->when.alone == of_b.when.selected + timings().retirement);
    CHECK(t.a.engine.last_restart()->when.alone == of_a.when.selected + timings().retirement);
    CHECK(t.a.engine.stats().restarts == 1);
    const auto pending = t.a.begin(t.net.now);
    CHECK(t.a.engine.last_restart()->generation == pending);
    t.a.engine.remove_generation(pending, t.net.now); // a rollback
    CHECK(t.a.engine.last_restart()->generation == of_a.generation);
}

TEST_CASE("restarts in sequence do not wait for their turn, and do not pile up") {
    connected_nodes t;
    t.net.delay = 100us;
    const auto began = t.net.now;
    for (int i = 0; i < 1000; ++i) {
        negotiate(t.a, t.b, t.net.now);
        REQUIRE(t.net.run_until([&] { return t.both_on(t.a.latest, t.b.latest); }, 1s));
        const auto when = t.a.engine.last_restart()->when;
        CHECK(when.first_check == when.begun);
        CHECK(when.selected == when.begun + 400us); // two round trips: a check, a nomination
        CHECK(t.a.engine.candidates().size() <= 2 * limits().generations);
    }
    CHECK(t.net.now - began == 400ms);
    t.net.run_for(2s);
    CHECK(t.a.all<generation_retired>().size() == 1000);
    CHECK(t.a.engine.pairs().size() == 1);
}

TEST_CASE("restarts that never select anything do not pile up, and the old path stays") {
    connected_nodes t;
    const auto old = t.a.engine.selected_pair()->generation;
    for (int i = 0; i < 100; ++i) {
        t.a.begin(t.net.now);
        t.a.engine.set_remote(t.a.latest, {"nobody" + std::to_string(i), "nobody-knows-this-password"}, {},
                              t.net.now);
        t.a.engine.add_remote_candidate(t.a.latest, t.b.signaled.at(0), t.net.now);
        t.net.run_for(10ms);
        CHECK(t.a.engine.selected_pair()->generation == old);
        CHECK(t.a.engine.pairs().size() <= limits().generations);
    }
    CHECK(t.a.all<generation_retired>().size() == 101 - limits().generations);
    negotiate(t.a, t.b, t.net.now);
    REQUIRE(t.net.run_until([&] { return t.both_on(t.a.latest, t.b.latest); }, 1s));
}

TEST_CASE("a replaced generation stays while the peer still sends that way, for as long as consent would") {
    connected_nodes t;
    begin_elsewhere(t.a, t.net.now);
    t.b.begin(t.net.now);
    signal(t.a, t.b, t.net.now);
    signal(t.b, t.a, t.net.now);
    REQUIRE(t.net.run_until([&] { return t.both_on(t.a.latest, t.b.latest); }, 1s));
    const auto selected = t.net.now;
    const auto until = GENERATE(5s, 60s); // b is slow to find out; or it means ill
    while (t.net.now < selected + until && t.a.engine.uses(socket_id(1))) {
        CHECK(t.a.engine.accept(socket_id(1), at("192.0.2.2", 2000), 100, t.net.now));
        t.net.run_for(100ms);
    }
    t.net.run_for(timings().retirement);
    CHECK_FALSE(t.a.engine.uses(socket_id(1)));
    CHECK_FALSE(t.a.engine.accept(socket_id(1), at("192.0.2.2", 2000), 100, t.net.now));
    const auto gone = t.a.engine.last_restart()->when.alone;
    CHECK(gone >= selected + std::min<duration>(until, timings().consent_expiry) - 100ms);
    CHECK(gone <= selected + std::min<duration>(until + timings().retirement, timings().consent_expiry));
}

TEST_CASE("a replaced generation stays until the peer has our answer") {
    connected_nodes t; // a controls
    const auto slow = GENERATE(20s, 90s);
    t.b.begin(t.net.now);
    begin_elsewhere(t.a, t.net.now);
    signal(t.b, t.a, t.net.now);
    REQUIRE(t.net.run_until([&] { return t.a.engine.selected_pair()->generation == t.a.latest; }, 1s));
    const auto selected = t.net.now;
    t.net.run_for(slow); // and not a word from b, which has nothing to say
    const auto waits = slow < timings().consent_expiry;
    CHECK(t.a.engine.uses(socket_id(1)) == waits);
    CHECK(t.b.usable() == waits);
    if (!waits) {
        CHECK(t.a.engine.last_restart()->when.alone == selected + timings().consent_expiry);
        return;
    }
    CHECK(t.b.engine.selected_pair()->generation == generation_id(1));
    signal(t.a, t.b, t.net.now);
    REQUIRE(t.net.run_until([&] { return t.b.engine.selected_pair()->generation == t.b.latest; }, 1s));
    t.net.run_for(2s);
    CHECK_FALSE(t.a.engine.uses(socket_id(1)));
}
