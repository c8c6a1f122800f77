#include "test/support/sim_call.hpp"
#include "test/support/turn_server.hpp"

#include <algorithm>

// STUN and TURN servers over UDP: gathering, relayed connections, and the move from one server to another.

using namespace cortc;
using namespace std::chrono_literals;

namespace {

constexpr auto way = 10ms; // each link's delay

struct served_call : test::sim_call {
    explicit served_call(std::uint64_t seed = 1) : sim_call(seed, test::link_of(way)) {
        world.set_name("first.example.org", {"10.0.1.1"});
        world.set_name("second.example.org", {"10.0.1.2"});
    }
    static sim::host& host(sim::world& world, std::string name, std::string_view address) {
        return world.host(std::move(name), {address});
    }
    test::turn_server first{host(world, "first", "10.0.1.1"), boost::asio::ip::make_address("10.0.1.1")};
    test::turn_server second{host(world, "second", "10.0.1.2"), boost::asio::ip::make_address("10.0.1.2")};

    void configure(PeerConnection& which, std::vector<IceServer> servers,
                   IceTransportPolicy policy = IceTransportPolicy::all) {
        Configuration next = which.getConfiguration();
        next.iceServers = std::move(servers);
        next.iceTransportPolicy = policy;
        which.setConfiguration(next);
    }
    /// Neither end knows the other's address.
    void relay_only(const std::string& name) {
        for (auto* each : {&*offerer, &*answerer})
            configure(*each, {IceServer("turn:" + name, "user", "secret")}, IceTransportPolicy::relay);
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
    /// The candidates of an offer of the offerer, up to the end of gathering.
    std::vector<std::string> gather(duration limit) {
        std::vector<std::string> found;
        auto body = [&]() -> asio::awaitable<void> {
            auto channel = offerer->createDataChannel("x");
            co_await offerer->setLocalDescription(co_await offerer->createOffer());
            while (auto next = co_await offerer->nextIceCandidate())
                if (!next->candidate.empty()) found.push_back(next->candidate);
        };
        run(body(), limit);
        return found;
    }
    std::vector<IceCandidateError> errors() {
        std::vector<IceCandidateError> all;
        while (auto next = offerer->tryNextIceCandidateError()) all.push_back(std::move(*next));
        return all;
    }
    /// Servers have their sockets open for good.
    void finish_with_servers() {
        offerer->close();
        answerer->close();
        CHECK(world.run_until([&] { return world.armed_timers() == 0 && world.open_sockets() == 2; }, 3s));
        CHECK(first.allocations() == 0);
        CHECK(second.allocations() == 0);
    }
};

std::size_t count(const std::vector<std::string>& all, std::string_view part) {
    return static_cast<std::size_t>(
        std::ranges::count_if(all, [&](const std::string& each) { return each.find(part) != each.npos; }));
}

asio::awaitable<void> talk(DataChannel from, DataChannel to, int messages, int begin = 0) {
    for (int i = begin; i < begin + messages; ++i) {
        co_await from.send(std::to_string(i));
        auto message = co_await to.receive();
        CHECK(message.text() == std::to_string(i));
    }
}

} // namespace

TEST_CASE("servers: what a STUN server sees becomes a server-reflexive candidate") {
    served_call run;
    run.first.mapped = endpoint{boost::asio::ip::make_address("198.51.100.7"), 4000};
    run.configure(*run.offerer, {IceServer("stun:first.example.org")});
    const auto found = run.gather(2s);
    CHECK(count(found, "typ host") == 2);
    REQUIRE(count(found, "typ srflx") == 1); // nothing of IPv6 is known of the server
    const auto& text =
        *std::ranges::find_if(found, [](const auto& each) { return each.find("srflx") != each.npos; });
    CHECK(text.find(" 198.51.100.7 4000 typ srflx raddr 10.0.0.1 rport ") != text.npos);
    CHECK(run.first.bindings == 1);
    const auto errors = run.errors();
    CHECK(errors.empty());
    run.finish_with_servers();
}

TEST_CASE("servers: a reflexive address that is the host's own is no candidate") {
    served_call run;
    run.configure(*run.offerer, {IceServer("stun:10.0.1.1"), IceServer("stun:first.example.org")});
    const auto found = run.gather(2s);
    CHECK(found.size() == 2);
    CHECK(count(found, "typ host") == 2);
    run.finish_with_servers();
}

TEST_CASE("servers: a slow name delays no host candidate, and the end by its own time alone") {
    served_call run;
    run.world.set_name("slow.example.org", {"10.0.1.1"}, 3s);
    run.world.set_name("away.example.org", {}, duration::max());
    const bool away = GENERATE(false, true);
    run.configure(*run.offerer, {IceServer(away ? "stun:away.example.org" : "stun:slow.example.org")});
    const auto begin = run.world.now();
    std::vector<duration> hosts;
    std::optional<duration> end;
    auto body = [&]() -> asio::awaitable<void> {
        auto channel = run.offerer->createDataChannel("x");
        co_await run.offerer->setLocalDescription(co_await run.offerer->createOffer());
        while (auto next = co_await run.offerer->nextIceCandidate())
            if (next->candidate.find("typ host") != std::string::npos)
                hosts.push_back(run.world.now() - begin);
        end = run.world.now() - begin;
    };
    run.run(body(), 20s);
    CHECK(hosts == std::vector<duration>{0s, 0s});
    CHECK(*end == (away ? duration(10s) : 3s + 2 * way));
    const auto errors = run.errors();
    REQUIRE(errors.size() == (away ? 1 : 0));
    if (away) {
        CHECK(errors[0].errorCode == 701);
        CHECK(errors[0].url == "stun:away.example.org");
        CHECK(errors[0].address.empty());
    }
    run.finish_with_servers();
}

TEST_CASE("servers: each that gives no candidate is told, with its reason") {
    served_call run;
    std::vector<IceServer> servers{
        IceServer("stun:nowhere.example.org"),
        IceServer("stun:10.0.9.9"), // nobody has it
        IceServer("turn:first.example.org", "user", "wrong"),
        IceServer("turn:second.example.org", "user", "secret"),
        IceServer("turn:second.example.org?transport=tcp", "user", "secret"),
        IceServer("turns:second.example.org", "user", "secret"),
        IceServer("stun:0.0.0.0"),
    };
    run.second.refusing = stun::error::allocation_quota_reached;
    run.configure(*run.offerer, servers);
    const auto begin = run.world.now();
    const auto found = run.gather(11s);
    CHECK(run.world.now() - begin <= 10s);
    CHECK(found.size() == 2); // hosts
    auto errors = run.errors();
    const auto of = [&](std::string_view url) {
        std::vector<IceCandidateError> some;
        for (const auto& each : errors)
            if (each.url == url) some.push_back(each);
        return some;
    };
    for (const auto& [url, code] : std::vector<std::pair<std::string, std::uint16_t>>{
             {"stun:nowhere.example.org", 701},
             {"stun:10.0.9.9", 701},
             {"turn:first.example.org", 401},
             {"turn:second.example.org", 486},
             {"turn:second.example.org?transport=tcp", 701},
             {"turns:second.example.org", 701},
             {"stun:0.0.0.0", 701},
         }) {
        CAPTURE(url);
        const auto some = of(url);
        REQUIRE_FALSE(some.empty());
        CHECK(some[0].errorCode == code);
        CHECK_FALSE(some[0].errorText.empty());
    }
    CHECK(of("stun:10.0.9.9")[0].address == "10.0.0.1");
    CHECK(of("stun:10.0.9.9")[0].port != 0);
    run.finish_with_servers();
}

TEST_CASE("servers: with the policy relay two ends meet over their relays alone") {
    const auto seed = static_cast<std::uint64_t>(GENERATE(range(1, 6)));
    served_call run(seed);
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
    CHECK(run.first.made == 2);
    CHECK(run.first.relayed > 100);
    const auto pair = run.offerer->selectedPair();
    REQUIRE(pair);
    CHECK(pair->local.candidate.find("typ relay") != std::string::npos);
    CHECK(pair->local.candidate.find(" 10.0.1.1 ") != std::string::npos);
    run.finish_with_servers();
    CHECK(run.first.released == 2);
}

TEST_CASE("servers: a relay carries a connection for an hour, renewing what it needs") {
    served_call run;
    run.relay_only("first.example.org");
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        auto in = co_await run.answerer->nextDataChannel();
        for (int i = 0; i < 60; ++i) {
            if (i % 10 == 5) run.first.nonce = "n" + std::to_string(i);
            co_await run.pause(1min);
            co_await talk(out, in, 1, i);
        }
    };
    run.run(body(), 2h);
    CHECK(run.offerer->connectionState() == PeerConnectionState::connected);
    CHECK(run.first.made == 2);
    run.finish_with_servers();
}

TEST_CASE("servers: setConfiguration moves a live connection to another server, and nothing is lost") {
    const auto seed = static_cast<std::uint64_t>(GENERATE(range(1, 11)));
    served_call run(seed);
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
    CHECK(run.second.made == 4);
    CHECK(run.second.released == 4);
    CHECK(run.direct == 0);
    const auto pair = run.offerer->selectedPair();
    REQUIRE(pair);
    CHECK(pair->local.candidate.find(" 10.0.1.1 ") != std::string::npos);
    run.finish_with_servers();
}

TEST_CASE("servers: one that names another is followed, in circles it is not") {
    served_call run;
    const bool circle = GENERATE(false, true);
    run.first.alternate = endpoint{boost::asio::ip::make_address("10.0.1.2"), 3478};
    if (circle) run.second.alternate = endpoint{boost::asio::ip::make_address("10.0.1.1"), 3478};
    run.configure(*run.offerer, {IceServer("turn:10.0.1.1", "user", "secret")});
    const auto found = run.gather(11s);
    const auto errors = run.errors();
    if (circle) {
        CHECK(count(found, "typ relay") == 0);
        REQUIRE(errors.size() == 1);
        CHECK(errors[0].errorCode == 300);
    } else {
        CHECK(count(found, " 10.0.1.2 ") == 1);
        CHECK(errors.empty());
    }
    run.finish_with_servers();
}

TEST_CASE("servers: a port that a server remembers is left for another one, a few times") {
    served_call run;
    const std::size_t mismatches = GENERATE(1, 3, 4);
    run.first.mismatches = mismatches;
    run.configure(*run.offerer, {IceServer("turn:first.example.org", "user", "secret")});
    const auto found = run.gather(11s);
    const auto errors = run.errors();
    CHECK(count(found, "typ relay") == (mismatches < 4 ? 1 : 0));
    REQUIRE(errors.size() == (mismatches < 4 ? 0 : 1));
    if (!errors.empty()) CHECK(errors[0].errorCode == 437);
    run.finish_with_servers();
}

TEST_CASE("servers: the next address of a name is asked when one is silent") {
    served_call run;
    run.first.silent = true;
    run.world.set_name("both.example.org", {"10.0.1.1", "10.0.1.2"});
    run.second.mapped = endpoint{boost::asio::ip::make_address("198.51.100.7"), 4000};
    run.configure(*run.offerer, {IceServer("stun:both.example.org")});
    const auto found = run.gather(30s);
    CHECK(count(found, "typ srflx") == 1);
    run.finish_with_servers();
}

TEST_CASE("servers: closed at any moment of gathering, nothing remains, and no allocation") {
    // Names take 20 ms, an allocation two round trips of 20 ms.
    for (auto after = 0ms; after <= 100ms; after += 2ms) {
        CAPTURE(after.count());
        served_call run(static_cast<std::uint64_t>(after.count()));
        run.configure(*run.offerer, {IceServer("turn:first.example.org", "user", "secret"),
                                     IceServer("stun:second.example.org")});
        auto body = [&]() -> asio::awaitable<void> {
            auto channel = run.offerer->createDataChannel("x");
            co_await run.offerer->setLocalDescription(co_await run.offerer->createOffer());
        };
        run.run(body(), 1s);
        run.world.run_for(after);
        run.finish_with_servers();
        CHECK(run.first.made == run.first.released);
    }
}

TEST_CASE("servers: the io_context may go while allocations are given back") {
    for (int stage = 0; stage < 2; ++stage) {
        served_call run;
        run.configure(*run.offerer, {IceServer("turn:first.example.org", "user", "secret")});
        run.gather(2s);
        CHECK(run.first.allocations() == 1);
        run.offerer->close();
        if (stage == 1) run.world.run_for(way / 2);
    }
}
