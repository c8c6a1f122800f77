#include "cortc/turn/server.hpp"
#include "test/support/sim_call.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

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

endpoint at(std::string_view address, std::uint16_t port = 3478) {
    return {boost::asio::ip::make_address(address), port};
}

std::string pem(const std::string& name) {
    std::ifstream in(CORTC_TEST_DATA "/certificates/" + name);
    REQUIRE(in);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// For all transports.
turn::server_options all_options() {
    auto made = options();
    made.tcp = {at("10.0.1.1")};
    made.tls = {at("10.0.1.1", 5349)};
    made.certificate_pem = made.key_pem = pem("tls_server.pem"); // of turn.example.org
    return made;
}
context_options trusting() {
    context_options made;
    made.server_trust = crypto::server_trust::pem(pem("tls_root.pem"));
    return made;
}

struct relayed_call : test::sim_call {
    explicit relayed_call(std::uint64_t seed = 1) : sim_call(seed, test::link_of(way), trusting()) {
        world.set_name("turn.example.org", {"10.0.1.1"});
        world.set_name("first.example.org", {"10.0.1.1"});
        world.set_name("second.example.org", {"10.0.1.2"});
    }
    turn::server first{
        world.host("first", {"10.0.1.1", "fd00:1::1"}), all_options(), {at("10.0.1.1"), at("fd00:1::1")}};
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
        CHECK(world.run_until([&] { return world.armed_timers() <= 2 && world.open_sockets() == 5; }, 3s));
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
    CHECK(run.made(run.second) == 2); // what is not gone yet when a connection comes back is taken again
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

TEST_CASE("turn server: two ends meet over relays that they reach over TCP and TLS, and move") {
    const bool tls = GENERATE(false, true);
    relayed_call run;
    run.watch();
    const std::string url = tls ? "turns:turn.example.org" : "turn:turn.example.org?transport=tcp";
    for (auto* each : {&*run.offerer, &*run.answerer})
        run.configure(*each, {IceServer(url, "user", "secret")});
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        auto in = co_await run.answerer->nextDataChannel();
        co_await talk(out, in, 50);
        co_await talk(in, out, 50);
        co_await out.send(std::string(200'000, 'x'));
        auto large = co_await in.receive();
        CHECK(large.size() == 200'000);
        CHECK(run.made(run.first) == 2);
        run.relay_only("second.example.org"); // over UDP
        OfferOptions restart;
        restart.iceRestart = true;
        co_await run.negotiate(*run.offerer, *run.answerer, restart);
        co_await timeout(5s, run.offerer->restarted());
        co_await timeout(5s, run.answerer->restarted());
        co_await talk(out, in, 10);
    };
    run.run(body(), 20s);
    run.world.run_for(5s);
    CHECK(run.direct == 0);
    CHECK(run.first.allocations() == 0);
    CHECK(run.second.allocations() == 2);
    CHECK(run.relayed(run.first) > 100);
    run.finish_with_servers();
}

TEST_CASE("turn server: behind a NAT two of its clients meet, and nothing leaves it between them") {
    test::sim_call run(1, test::link_of(way));
    auto with = options();
    with.relays = {turn::relay_address(at("10.0.1.1").address, at("198.51.100.1").address)};
    turn::server server(run.world.host("server", {"10.0.1.1"}), with, at("10.0.1.1"));
    std::size_t elsewhere = 0; // nobody has the address outside
    run.world.on_datagram([&](sim::transit& packet) {
        elsewhere += packet.source.address == at("10.0.1.1").address && packet.source.port != 3478;
    });
    for (auto* each : {&*run.offerer, &*run.answerer}) {
        Configuration next;
        next.iceServers = {IceServer("turn:10.0.1.1", "user", "secret")};
        next.iceTransportPolicy = IceTransportPolicy::relay;
        each->setConfiguration(next);
    }
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        auto in = co_await run.answerer->nextDataChannel();
        co_await talk(out, in, 20);
    };
    run.run(body(), 20s);
    CHECK(elsewhere == 0);
    const auto pair = run.offerer->selectedPair();
    REQUIRE(pair);
    CHECK(pair->local.candidate.find(" 198.51.100.1 ") != std::string::npos);
    CHECK(pair->remote.candidate.find(" 198.51.100.1 ") != std::string::npos);
    run.offerer->close();
    run.answerer->close();
    CHECK(run.world.run_until([&] { return server.allocations() == 0; }, 3s));
}

TEST_CASE("turn server: answers come from the address that was asked") {
    boost::asio::io_context io;
    sim::world world(io);
    turn::server server(world.host("server", {"10.0.1.1", "10.0.1.2", "10.0.1.3"}), options(), at("0.0.0.0"));
    struct : net::datagram_handler {
        void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
            for (const auto& each : batch) sources.push_back(each.source);
        }
        std::vector<endpoint> sources;
    } client;
    const auto socket = world.host("client", {"10.0.0.1"}).open_udp(at("10.0.0.1"), client).value();
    for (const auto* each : {"10.0.1.2", "10.0.1.3", "10.0.1.1"}) {
        std::array<std::byte, 20> bytes;
        const stun::message_writer request(bytes, stun::message_class::request, stun::method::binding, {});
        const net::outgoing out{request.written(), at(each)};
        socket->send(std::span(&out, 1));
        world.run_for(100ms);
        REQUIRE_FALSE(client.sources.empty());
        CHECK(client.sources.back() == at(each));
    }
    CHECK(client.sources.size() == 3);
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
    auto with = options();
    with.tls = {at("10.0.1.1", 5349)};
    const auto refused = [&] {
        try {
            turn::server other(host, with, at("10.0.1.1", 3479));
        } catch (const Error& error) {
            return std::string(error.name()) + ": " + error.what();
        }
        return std::string();
    };
    CHECK(refused() == "TypeError: tls needs certificate_pem and key_pem");
    with.certificate_pem = with.key_pem = "nonsense";
    CHECK(refused().find("SyntaxError: certificate_pem and key_pem cannot be used: ") == 0);
    with.certificate_pem = with.key_pem = pem("tls_server.pem");
    CHECK(refused().empty());
    CHECK(world.open_sockets() == 2);
}
