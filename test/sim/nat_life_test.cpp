#include "cortc/ice/types.hpp"
#include "test/sim/nat_calls.hpp"

// What becomes of calls when routers do what routers do: hairpins, time-outs, reboots, other ports.

using namespace cortc;
using namespace std::chrono_literals;
using test::behind;
using test::served;
using type = IceCandidateType;
using pair_types = std::pair<type, type>;

namespace {

/// A call with a channel, and what tells that it works.
struct talking_call : test::nat_call {
    using nat_call::nat_call;

    void open(served by = served::stun, duration limit = 15s) {
        use(by);
        out = offerer->createDataChannel("x");
        auto body = [this]() -> asio::awaitable<void> {
            co_await set_up();
            co_await out.opened();
            in = co_await answerer->nextDataChannel();
        };
        run(body(), limit);
    }
    /// A message each way, in time.
    bool talks(duration limit = 5s) {
        const auto text = std::to_string(++said);
        CHECK(out.trySend(text));
        CHECK(in.trySend(text));
        bool there = false, back = false;
        const auto hear = [&](DataChannel& at, bool& heard) { // what was said before may come late
            while (auto message = at.tryReceive()) heard = heard || message->text() == text;
        };
        return world.run_until(
            [&] {
                hear(in, there);
                hear(out, back);
                return there && back;
            },
            limit);
    }
    void restart() {
        auto body = [this]() -> asio::awaitable<void> {
            OfferOptions options;
            options.iceRestart = true;
            co_await negotiate(*offerer, *answerer, options);
            co_await timeout(10s, offerer->restarted());
            co_await timeout(10s, answerer->restarted());
        };
        run(body(), 30s);
    }
    [[nodiscard]] bool is(PeerConnectionState state) const {
        return offerer->connectionState() == state && answerer->connectionState() == state;
    }

    DataChannel out, in;
    int said = 0;
};

/// Both ends behind routers of their own that stand behind one other.
struct one_carrier : talking_call {
    one_carrier(behind of_a, behind of_b, const sim::router_options& options)
        : talking_call(of_a, of_b), carrier(world.router("carrier", {"203.0.113.200"}, options)) {
        carrier.attach(*near_a);
        carrier.attach(*near_b);
    }
    sim::router& carrier;
};

constexpr auto connected = PeerConnectionState::connected;
constexpr auto failed = PeerConnectionState::failed;

} // namespace

TEST_CASE("NAT: two behind one carrier's router meet by its hairpin, and not without it") {
    for (auto how : {behind::full_cone, behind::port_restricted}) {
        one_carrier call(how, how, {});
        call.open();
        CHECK(call.talks());
        CHECK(call.types(*call.offerer) == pair_types(type::srflx, type::srflx));
        CHECK(call.types(*call.answerer) == pair_types(type::srflx, type::srflx));
        call.finish();
    }
    one_carrier call(behind::port_restricted, behind::port_restricted, {.hairpins = false});
    call.use(served::stun);
    auto channel = call.offerer->createDataChannel("x");
    call.run(call.set_up(), 5s);
    CHECK(call.both(failed, 60s));
    call.finish();
    one_carrier relayed(behind::port_restricted, behind::port_restricted, {.hairpins = false});
    relayed.open(served::turn_udp);
    CHECK(relayed.talks());
    const auto types = relayed.types(*relayed.offerer);
    CHECK((types.first == type::relay) != (types.second == type::relay));
    relayed.finish();
}

TEST_CASE("NAT: two in one network meet in it, whatever its router does") {
    for (bool hairpins : {false, true}) {
        talking_call call(behind::port_restricted, behind::open);
        auto& inner = call.world.host("inner", {"192.168.1.3"}); // somebody else
        call.near_a->set_options({.hairpins = hairpins});
        call.near_a->attach(inner);
        call.near_a->attach(call.world.host("b")); // with an address of its own choice
        call.open();
        CHECK(call.talks());
        CHECK(call.types(*call.offerer) == pair_types(type::host, type::host));
        call.finish();
    }
}

TEST_CASE("NAT: two ends with one private address meet") {
    // Each one's checks to the other's host candidate come to itself.
    talking_call call(behind::open, behind::open);
    for (auto name : {"a", "b"}) {
        auto& host = call.world.host(name);
        for (const auto& each : host.interfaces()) host.set_address(each.address, false);
        auto& nat = *call.stand(behind::port_restricted, *name == 'a' ? '1' : '2', name);
        host.add_address(
            {"eth9", boost::asio::ip::make_address("192.168.1.2"), net::interface_kind::ethernet_or_unknown});
        CHECK(nat.stats().entries == 0);
    }
    call.open();
    CHECK(call.talks());
    CHECK(call.types(*call.offerer) == pair_types(type::srflx, type::srflx));
    call.finish();
}

TEST_CASE("NAT: consent keeps mappings that are short") {
    // RFC 7675 5.1: a check every 5 s at most, times 1.2; ports that change would tell.
    for (auto lifetime : {10s, 30s}) {
        talking_call call(behind::port_restricted, behind::symmetric_random);
        for (auto* each : {call.near_a, call.near_b}) {
            auto options = each->options();
            options.lifetime = lifetime;
            options.preserves_ports = false;
            options.filtering = sim::dependence::address_dependent;
            each->set_options(options);
        }
        call.open();
        std::size_t changes = 0;
        for (int i = 0; i < 600; ++i) {
            call.world.run_for(1s);
            changes += !call.is(connected);
        }
        CHECK(changes == 0);
        CHECK(call.talks());
        call.finish();
    }
}

TEST_CASE("NAT: a router that reboots and preserves ports is passed again by the next checks") {
    for (auto how : {behind::full_cone, behind::port_restricted}) {
        CAPTURE(to_string(how));
        talking_call call(how, behind::address_restricted);
        call.open();
        call.near_a->reboot();
        CHECK(call.talks(10s));
        call.near_b->reboot();
        CHECK(call.talks(10s));
        call.world.run_for(40s);
        CHECK(call.is(connected));
        call.finish();
    }
}

TEST_CASE("NAT: a router that reboots and gives other ports cuts the call, and a restart heals it") {
    for (bool offerer_moves : {true, false}) {
        CAPTURE(offerer_moves);
        talking_call call(behind::port_restricted, behind::port_restricted);
        auto* moving = offerer_moves ? call.near_a : call.near_b;
        auto options = moving->options();
        options.preserves_ports = false;
        moving->set_options(options);
        call.open();
        moving->reboot();
        CHECK_FALSE(call.talks());
        REQUIRE(call.both(PeerConnectionState::disconnected, 15s));
        call.restart();
        CHECK(call.is(connected));
        CHECK(call.talks(20s)); // what was lost waits for SCTP's timer, at most
        CHECK(call.types(*call.offerer) == pair_types(type::srflx, type::srflx));
        call.finish();
    }
}

TEST_CASE("NAT: another port outside, and the peer lets everybody in: the call mends itself") {
    for (bool offerer_moves : {true, false}) {
        CAPTURE(offerer_moves);
        talking_call call(offerer_moves ? behind::symmetric_random : behind::open,
                          offerer_moves ? behind::open : behind::symmetric_random);
        call.open();
        (offerer_moves ? call.near_a : call.near_b)->reboot();
        const auto begin = call.world.now();
        // The peer that does not control has to wait until consent for the old port ends (RFC 7675 5.1).
        const auto limit = offerer_moves ? ice::timings().consent_expiry + 5s : duration(10s);
        CHECK(call.talks(limit));
        test::figure("NAT, another port of the {}: mended after {:.0f} ms",
                     offerer_moves ? "offerer" : "answerer", test::milliseconds(call.world.now() - begin));
        call.world.run_for(10s);
        CHECK(call.is(connected));
        call.finish();
    }
}
