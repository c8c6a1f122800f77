#include "test/support/sim_call.hpp"
#include "test/support/turn_server.hpp"

#include <algorithm>

// Gathering from STUN and TURN servers over UDP, and from some that err. The real server:
// turn_server_test.cpp.

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
