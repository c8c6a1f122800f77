#include "cortc/turn/server.hpp"
#include "test/support/sim_call.hpp"

#include <algorithm>

// The library's own client and server of TURN together: relayed connections, and moves from one server to
// another.

using namespace cortc;
using namespace std::chrono_literals;

namespace {

constexpr auto way = 10ms; // each link's delay

turn::server_options options() {
    turn::server_options made;
    made.realm = "example.org";
    made.users = [](std::string_view name) -> std::optional<turn::user_secret> {
        if (name != "user") return {};
        return turn::user_secret("secret");
    };
    made.allowed_peers = {"10.0.0.0/8", "fd00::/8"};
    made.nonce_lifetime = 5min;
    return made;
}

endpoint at(std::string_view address) { return {boost::asio::ip::make_address(address), 3478}; }

struct relayed_call : test::sim_call {
    explicit relayed_call(std::uint64_t seed = 1) : sim_call(seed, test::link_of(way)) {
        world.set_name("first.example.org", {"10.0.1.1"});
        world.set_name("second.example.org", {"10.0.1.2"});
    }
    turn::server first{
        world.host("first", {"10.0.1.1", "fd00:1::1"}), options(), {at("10.0.1.1"), at("fd00:1::1")}};
    turn::server second{world.host("second", {"10.0.1.2"}), options(), at("10.0.1.2")};

    void configure(PeerConnection& which, std::vector<IceServer> servers,
                   IceTransportPolicy policy = IceTransportPolicy::relay) {
        Configuration next = which.getConfiguration();
        next.iceServers = std::move(servers);
        next.iceTransportPolicy = policy;
        which.setConfiguration(next);
    }
    /// Neither end knows the other's address.
    void relay_only(const std::string& name) {
        for (auto* each : {&*offerer, &*answerer})
            configure(*each, {IceServer("turn:" + name, "user", "secret")});
    }
    /// Datagrams from one end to the other without a relay.
    std::size_t direct = 0;
    void watch() {
        world.on_datagram([this](sim::transit& packet) {
            const auto of_end = [](const endpoint& where) {
                const auto text = where.address.to_string();
                return text.starts_with("10.0.0.") || text.starts_with("fd00::");
            };
            direct += of_end(packet.source) && of_end(packet.destination);
        });
    }
    [[nodiscard]] static std::uint64_t relayed(const turn::server& by) {
        return by.statistics().packets_to_peers + by.statistics().packets_to_clients;
    }
    [[nodiscard]] static std::uint64_t made(const turn::server& by) {
        return by.statistics().allocations_made;
    }
    /// The listening sockets stay, and nothing else.
    void finish_with_servers() {
        offerer->close();
        answerer->close();
        CHECK(world.run_until([&] { return world.armed_timers() <= 2 && world.open_sockets() == 3; }, 3s));
        CHECK(first.allocations() == 0);
        CHECK(second.allocations() == 0);
    }
    void gather(duration limit) {
        auto body = [&]() -> asio::awaitable<void> {
            auto channel = offerer->createDataChannel("x");
            co_await offerer->setLocalDescription(co_await offerer->createOffer());
            co_await offerer->gatheringComplete();
        };
        run(body(), limit);
    }
};

asio::awaitable<void> talk(DataChannel from, DataChannel to, int messages, int begin = 0) {
    for (int i = begin; i < begin + messages; ++i) {
        co_await from.send(std::to_string(i));
        auto message = co_await to.receive();
        CHECK(message.text() == std::to_string(i));
    }
}

} // namespace

TEST_CASE("turn server: with the policy relay two ends meet over their relays alone") {
    const auto seed = static_cast<std::uint64_t>(GENERATE(range(1, 6)));
    relayed_call run(seed);
    run.watch();
    run.relay_only("first.example.org");
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        auto in = co_await run.answerer->nextDataChannel();
        co_await talk(out, in, 50);
        co_await talk(in, out, 50);
        co_await out.send(std::string(100'000, 'x')); // fills packets: the headers fit in front of them
        auto large = co_await in.receive();
        CHECK(large.size() == 100'000);
    };
    run.run(body(), 20s);
    CHECK(run.direct == 0);
    CHECK(run.made(run.first) == 2);
    CHECK(run.relayed(run.first) > 100);
    const auto pair = run.offerer->selectedPair();
    REQUIRE(pair);
    CHECK(pair->local.candidate.find("typ relay") != std::string::npos);
    CHECK(pair->local.candidate.find(" 10.0.1.1 ") != std::string::npos);
    run.finish_with_servers();
    CHECK(run.first.allocations() == 0);
}

TEST_CASE("turn server: a relay carries a connection for an hour, renewing what it needs") {
    relayed_call run;
    run.relay_only("first.example.org");
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        auto in = co_await run.answerer->nextDataChannel();
        for (int i = 0; i < 60; ++i) {
            co_await run.pause(1min);
            co_await talk(out, in, 1, i);
        }
    };
    run.run(body(), 2h);
    CHECK(run.offerer->connectionState() == PeerConnectionState::connected);
    CHECK(run.made(run.first) == 2);
    run.finish_with_servers();
}

TEST_CASE("turn server: setConfiguration moves a live connection to another server, and nothing is lost") {
    const auto seed = static_cast<std::uint64_t>(GENERATE(range(1, 11)));
    relayed_call run(seed);
    run.watch();
    run.relay_only("first.example.org");
    std::optional<test::spawned> talking;
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        auto in = co_await run.answerer->nextDataChannel();
        talking.emplace(run.io.get_executor(), talk(out, in, 300));
        for (int round = 0; round < 4; ++round) {
            co_await run.pause(500ms);
            run.relay_only(round % 2 == 0 ? "second.example.org" : "first.example.org");
            OfferOptions restart;
            restart.iceRestart = true;
            co_await run.negotiate(*run.offerer, *run.answerer, restart);
            co_await timeout(5s, run.offerer->restarted());
            co_await timeout(5s, run.answerer->restarted());
        }
    };
    run.run(body(), 60s);
    REQUIRE(run.world.run_until([&] { return talking->done(); }, 60s));
    talking->rethrow();
    run.world.run_for(5s);               // the old generation has retired
    CHECK(run.first.allocations() == 2); // the last move went back
    CHECK(run.second.allocations() == 0);
    CHECK(run.made(run.second) == 4);
    CHECK(run.direct == 0);
    const auto pair = run.offerer->selectedPair();
    REQUIRE(pair);
    CHECK(pair->local.candidate.find(" 10.0.1.1 ") != std::string::npos);
    run.finish_with_servers();
}

TEST_CASE("turn server: closed at any moment of gathering, nothing remains, and no allocation") {
    // Names take 20 ms, an allocation two round trips of 20 ms.
    for (auto after = 0ms; after <= 100ms; after += 2ms) {
        CAPTURE(after.count());
        relayed_call run(static_cast<std::uint64_t>(after.count()));
        run.configure(
            *run.offerer,
            {IceServer("turn:first.example.org", "user", "secret"), IceServer("stun:second.example.org")},
            IceTransportPolicy::all);
        auto body = [&]() -> asio::awaitable<void> {
            auto channel = run.offerer->createDataChannel("x");
            co_await run.offerer->setLocalDescription(co_await run.offerer->createOffer());
        };
        run.run(body(), 1s);
        run.world.run_for(after);
        run.finish_with_servers();
        CHECK(run.first.allocations() == 0);
    }
}

TEST_CASE("turn server: the io_context may go while allocations are given back") {
    for (int stage = 0; stage < 2; ++stage) {
        relayed_call run;
        run.configure(*run.offerer, {IceServer("turn:first.example.org", "user", "secret")});
        run.gather(2s);
        CHECK(run.first.allocations() == 1);
        run.offerer->close();
        if (stage == 1) run.world.run_for(way / 2);
    }
}

TEST_CASE("turn server: one end behind a relay, and the ends behind two servers") {
    const bool two = GENERATE(false, true);
    relayed_call run;
    run.watch();
    run.configure(*run.offerer, {IceServer("turn:first.example.org", "user", "secret")});
    if (two) run.configure(*run.answerer, {IceServer("turn:second.example.org", "user", "secret")});
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        auto in = co_await run.answerer->nextDataChannel();
        co_await talk(out, in, 50);
        co_await talk(in, out, 50);
        co_await out.send(std::string(100'000, 'x'));
        auto large = co_await in.receive();
        CHECK(large.size() == 100'000);
    };
    run.run(body(), 20s);
    CHECK(run.direct == 0);
    CHECK(run.relayed(run.first) > 100);
    CHECK((run.relayed(run.second) > 100) == two);
    CHECK(run.first.statistics().dropped_too_long == 0);
    run.finish_with_servers();
}

TEST_CASE("turn server: relays of IPv6") {
    relayed_call run;
    run.world.set_name("first.example.org", {"fd00:1::1"});
    run.relay_only("first.example.org");
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
    };
    run.run(body(), 20s);
    const auto pair = run.offerer->selectedPair();
    REQUIRE(pair);
    CHECK(pair->local.candidate.find(" fd00:1::1 ") != std::string::npos);
    run.finish_with_servers();
}

TEST_CASE("turn server: one that stops gently sends clients on, and ends with the last of them") {
    relayed_call run;
    run.relay_only("first.example.org");
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        auto in = co_await run.answerer->nextDataChannel();
        run.first.stop_accepting(at("10.0.1.2"));
        co_await talk(out, in, 10);
        OfferOptions restart;
        restart.iceRestart = true;
        co_await run.negotiate(*run.offerer, *run.answerer, restart);
        co_await timeout(5s, run.offerer->restarted());
        co_await timeout(5s, run.answerer->restarted());
        co_await talk(out, in, 10);
    };
    run.run(body(), 20s);
    run.world.run_for(5s);
    CHECK(run.first.allocations() == 0);
    CHECK(run.second.allocations() == 2);
    run.finish_with_servers();
}

TEST_CASE("turn server: where it cannot listen, or has nothing to relay from, it says so") {
    boost::asio::io_context io;
    sim::world world(io);
    auto& host = world.host("host", {"10.0.1.1", "127.0.0.1"});
    turn::server one(host, options(), at("0.0.0.0")); // each address has a socket
    REQUIRE(one.listening().size() == 2);
    CHECK(one.listening()[0] == at("10.0.1.1"));
    CHECK(world.open_sockets() == 2);
    const auto why = [&](const std::vector<endpoint>& where) -> std::string {
        try {
            turn::server other(host, options(), where);
        } catch (const Error& error) {
            return std::string(error.name()) + ": " + error.what();
        }
        return {};
    };
    CHECK(why({at("10.0.1.1")}).find("NetworkError: a TURN server cannot listen at 10.0.1.1:3478") == 0);
    CHECK(why({}).find("TypeError: relays") == 0);
    CHECK(why({at("::")}).find("TypeError: relays") == 0); // it has no IPv6
    CHECK_THROWS_AS(one.stop_accepting(at("0.0.0.0")), Error);
    CHECK(world.open_sockets() == 2);
}
