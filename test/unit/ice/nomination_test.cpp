#include "test/unit/ice/harness.hpp"

using namespace cortc;
using namespace cortc::ice;
using namespace cortc::ice::test;

// Nomination beyond RFC 8445 8.1.1: by the first check, and numbered.

namespace {

void early(agent_config& config) { config.early_nomination = true; }

struct early_nodes {
    node a{1, role::controlling, {}, {}, early}, b{2, role::controlled, {}, {}, early};
    wire net{a, b};
    std::vector<bool> nominations; ///< of each check of a's

    early_nodes() {
        a.open(at("192.0.2.1", 1000));
        b.open(at("192.0.2.2", 2000));
        net.delay = 10ms;
        net.rewrites = [this](flying& packet) {
            const auto message = stun::message::parse(packet.data).value();
            if (message.is_request() && packet.from.port == 1000)
                nominations.push_back(message.use_candidate());
        };
        negotiate(a, b, net.now);
        REQUIRE(net.run_until([&] { return a.selected() && b.selected(); }));
        net.run_for(1s);
    }
    bool restarted() const {
        return a.engine.selected_pair()->generation == a.latest &&
               b.engine.selected_pair()->generation == b.latest;
    }
};

} // namespace

TEST_CASE("early nomination: a restart over the path in use takes one round trip of checks") {
    early_nodes t;
    CHECK(t.nominations == std::vector<bool>{false, true}); // what is new is checked first
    t.nominations.clear();
    const auto began = t.net.now;
    negotiate(t.a, t.b, t.net.now);
    REQUIRE(t.net.run_until([&] { return t.restarted(); }, 1s));
    CHECK(t.net.now - began == 20ms);
    CHECK(t.nominations == std::vector<bool>{true});
    t.net.run_for(100ms);
    CHECK(t.nominations.size() == 1);
    t.net.run_for(60s);
    CHECK(t.a.engine.state() == transport_state::completed);
    CHECK(t.b.engine.state() == transport_state::completed);
}

TEST_CASE("early nomination: a peer that does not do it takes it") {
    node a(1, role::controlling, {}, {}, early), b(2, role::controlled);
    wire net(a, b);
    net.delay = 10ms;
    a.open(at("192.0.2.1", 1000));
    b.open(at("192.0.2.2", 2000));
    negotiate(a, b, net.now);
    REQUIRE(net.run_until([&] { return a.selected() && b.selected(); }));
    net.run_for(1s);
    const auto began = net.now;
    negotiate(a, b, net.now);
    REQUIRE(net.run_until([&] {
        return a.engine.selected_pair()->generation == a.latest &&
               b.engine.selected_pair()->generation == b.latest;
    }));
    CHECK(net.now - began == 20ms);
}

TEST_CASE("early nomination: not where the path is silent, and not of another one") {
    early_nodes t;
    t.a.open(at("198.51.100.1", 1000));
    SECTION("a path that is silent") {
        t.net.drops = [](const flying& packet) {
            return packet.from == at("192.0.2.1", 1000) || packet.to == at("192.0.2.1", 1000);
        };
        REQUIRE(t.net.run_until([&] { return t.a.engine.state() == transport_state::disconnected; }, 30s));
        t.nominations.clear();
        negotiate(t.a, t.b, t.net.now);
        REQUIRE(t.net.run_until([&] { return t.restarted(); }, 5s));
        REQUIRE(t.nominations.size() >= 3);
        CHECK_FALSE(t.nominations[0]);
        CHECK_FALSE(t.nominations[1]);
        CHECK(t.a.engine.send_path()->socket == socket_id(2));
    }
    SECTION("the path in use is nominated first, a better one afterwards") {
        t.a.begin(t.net.now, false);
        t.b.begin(t.net.now);
        local_candidate better;
        better.socket = socket_id(2);
        better.base = t.a.sockets[1];
        // Of a generation where the new address comes first.
        t.a.local = {"ufbetter", "better-password-of-22-characters"};
        t.a.latest = t.a.engine.add_generation(t.a.local, t.net.now);
        t.a.signaled = {*t.a.engine.add_local_candidate(t.a.latest, better, t.net.now)};
        local_candidate known;
        known.socket = socket_id(1);
        known.base = t.a.sockets[0];
        known.local_preference = 1;
        t.a.signaled.push_back(*t.a.engine.add_local_candidate(t.a.latest, known, t.net.now));
        t.a.engine.local_candidates_done(t.a.latest, t.net.now);
        signal(t.a, t.b, t.net.now);
        signal(t.b, t.a, t.net.now);
        REQUIRE(t.net.run_until([&] { return t.restarted(); }, 1s));
        t.net.run_for(1s);
        CHECK(t.a.engine.send_path()->socket == socket_id(2));
        CHECK(t.b.engine.send_path()->remote == at("198.51.100.1", 1000));
    }
}

TEST_CASE("early nomination: lost, it is repeated, and restarts in sequence take one round trip each") {
    early_nodes t;
    bool lost = false;
    t.net.drops = [&](const flying&) { return !std::exchange(lost, true); };
    negotiate(t.a, t.b, t.net.now);
    REQUIRE(t.net.run_until([&] { return t.restarted(); }, 1s));
    const auto began = t.net.now;
    for (int i = 0; i < 100; ++i) {
        negotiate(t.a, t.b, t.net.now);
        REQUIRE(t.net.run_until([&] { return t.restarted(); }, 1s));
    }
    CHECK(t.net.now - began == 100 * 20ms);
    CHECK(t.a.engine.stats().restarts == 101);
}

namespace {

/// The controlling end has two sockets; the better one works only when it is told to.
struct late_nodes {
    node a{1, role::controlling}, b{2, role::controlled};
    wire net{a, b};
    bool better_works = false;
    std::vector<std::optional<std::uint32_t>> numbers; ///< of the nominations

    explicit late_nodes(bool announced) {
        a.open(at("192.0.2.1", 1000));
        a.open(at("198.51.100.1", 1000));
        b.open(at("192.0.2.2", 2000));
        net.delay = 10ms;
        net.drops = [this](const flying& packet) {
            return !better_works &&
                   (packet.from == at("192.0.2.1", 1000) || packet.to == at("192.0.2.1", 1000));
        };
        net.rewrites = [this](flying& packet) {
            const auto message = stun::message::parse(packet.data).value();
            if (message.is_request() && message.use_candidate()) numbers.push_back(message.nomination());
        };
        remote_options options;
        options.renomination = announced;
        a.begin(net.now);
        b.begin(net.now);
        signal(a, b, net.now, true, options);
        signal(b, a, net.now, true, options);
        REQUIRE(net.run_until([&] { return a.selected() && b.selected(); }));
        CHECK(a.engine.send_path()->socket == socket_id(2));
        CHECK(b.engine.send_path()->remote == at("198.51.100.1", 1000));
    }
    bool moved() const {
        return a.engine.send_path()->socket == socket_id(1) &&
               b.engine.send_path()->remote == at("192.0.2.1", 1000);
    }
};

} // namespace

TEST_CASE("renomination: a better pair that turns valid later takes over, by the next number") {
    const bool announced = GENERATE(false, true);
    late_nodes t(announced);
    t.net.run_for(3s);
    t.better_works = true;
    REQUIRE(t.net.run_until([&] { return t.moved(); }, 40s));
    t.net.run_for(60s);
    CHECK(t.moved());
    REQUIRE(t.numbers.size() == 2);
    if (announced) {
        CHECK(t.numbers[0] == 1);
        CHECK(t.numbers[1] == 2);
    } else { // comprehension-required: not to a peer that did not say so
        CHECK_FALSE(t.numbers[0]);
        CHECK_FALSE(t.numbers[1]);
    }
    CHECK(t.a.all<selected_pair_changed>().size() == 2);
    CHECK(t.b.all<selected_pair_changed>().size() == 2);
}

TEST_CASE("renomination: controlled, the greatest number counts, whatever the priority and the order") {
    node a(1, role::controlled);
    a.open(at("192.0.2.1", 1000));
    a.begin(start);
    remote_options options;
    options.renomination = true;
    a.engine.set_remote(a.latest, {"peer", "password-of-the-peer-which-is-long"}, options, start);
    auto now = start;
    std::uint8_t id = 0;
    // A check of the peer's from this port, and an answer to each of ours.
    auto check = [&](std::uint16_t port, std::optional<std::uint32_t> number, bool use_candidate) {
        bytes out(600);
        stun::transaction_id transaction{};
        transaction.fill(static_cast<std::byte>(++id));
        stun::message_writer writer(out, stun::message_class::request, stun::method::binding, transaction);
        writer.add_username(a.local.ufrag + ":peer");
        writer.add_priority(0x6e000000u + port); // more for a greater port
        writer.add_ice_controlling(~0ULL);
        if (use_candidate) writer.add_use_candidate();
        if (number) writer.add_nomination(*number);
        writer.add_integrity(as_bytes(a.local.pwd));
        writer.add_fingerprint();
        out.resize(writer.size());
        a.engine.handle_packet(socket_id(1), at("192.0.2.9", port), out, now);
        for (int i = 0; i < 20; ++i, now += 10ms) {
            a.engine.handle_timeout(now);
            for (const auto& each : drain(a.engine, now))
                if (each.read().is_request())
                    a.engine.handle_packet(each.where.socket, each.where.destination,
                                           make_success(each.read().id(), at("192.0.2.1", 1000),
                                                        "password-of-the-peer-which-is-long"),
                                           now);
        }
    };
    auto port = [&] { return a.engine.selected_pair()->route.remote.port; };
    check(5000, 1, false); // as libwebrtc: the number stands for USE-CANDIDATE
    REQUIRE(a.selected());
    CHECK(port() == 5000);
    check(4000, 2, true); // of lesser priority
    CHECK(port() == 4000);
    check(5000, 1, false); // late
    CHECK(port() == 4000);
    check(6000, 0, false); // no nomination
    CHECK(port() == 4000);
    check(6000, {}, true); // a plain one is older than every numbered one
    CHECK(port() == 4000);
    check(5000, ~0U, false);
    CHECK(port() == 5000);
}
