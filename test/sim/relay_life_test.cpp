#include "cortc/ice/gatherer.hpp"
#include "cortc/turn/server.hpp"
#include "test/support/sim_call.hpp"
#include "test/support/turn_server.hpp"

#include <algorithm>

// Which relays there are, how many, and for how long: restarts keep them, both families come of one server.

using namespace cortc;
using namespace std::chrono_literals;

namespace {

constexpr auto way = 10ms; // each link's delay

endpoint at(std::string_view address, std::uint16_t port = 3478) {
    return {boost::asio::ip::make_address(address), port};
}

turn::server_options options() {
    turn::server_options made;
    made.realm = "example.org";
    made.users = [](std::string_view name) -> std::optional<turn::user_secret> {
        if (name != "user") return {};
        return turn::user_secret("secret");
    };
    made.allowed_peers = {"10.0.0.0/8", "fd00::/8"};
    return made;
}

void use(PeerConnection& which, std::vector<IceServer> servers,
         IceTransportPolicy policy = IceTransportPolicy::relay) {
    Configuration next = which.getConfiguration();
    next.iceServers = std::move(servers);
    next.iceTransportPolicy = policy;
    which.setConfiguration(next);
}

asio::awaitable<void> talk(DataChannel from, DataChannel to, int messages) {
    for (int i = 0; i < messages; ++i) {
        co_await from.send(std::to_string(i));
        auto message = co_await to.receive();
        CHECK(message.text() == std::to_string(i));
    }
}

asio::awaitable<void> restart(test::sim_call& run) {
    OfferOptions options;
    options.iceRestart = true;
    co_await run.negotiate(*run.offerer, *run.answerer, options);
    co_await timeout(20s, run.offerer->restarted());
    co_await timeout(20s, run.answerer->restarted());
}

/// The candidates of `which` alone, up to the end of gathering.
std::vector<std::string> gather(test::sim_call& run, PeerConnection& which, duration limit = 11s) {
    std::vector<std::string> found;
    auto body = [&]() -> asio::awaitable<void> {
        auto channel = which.createDataChannel("x");
        auto offer = co_await which.createOffer();
        co_await which.setLocalDescription(offer);
        while (auto next = co_await which.nextIceCandidate())
            if (!next->candidate.empty()) found.push_back(next->candidate);
    };
    run.run(body(), limit);
    return found;
}

std::size_t count(const std::vector<std::string>& all, std::string_view part) {
    return static_cast<std::size_t>(
        std::ranges::count_if(all, [&](const std::string& each) { return each.find(part) != each.npos; }));
}

std::size_t errors(PeerConnection& of) {
    std::size_t all = 0;
    while (of.tryNextIceCandidateError()) ++all;
    return all;
}

} // namespace

TEST_CASE("relays: a restart with the same servers keeps the allocation") {
    test::sim_call run(1, test::link_of(way));
    turn::server server(run.world.host("turn", {"10.0.1.1"}), options(), at("10.0.1.1"));
    for (auto* each : {&*run.offerer, &*run.answerer})
        use(*each, {IceServer("turn:10.0.1.1", "user", "secret")});
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        auto in = co_await run.answerer->nextDataChannel();
        const auto before = run.offerer->selectedPair();
        for (int i = 0; i < 5; ++i) {
            co_await restart(run);
            co_await talk(out, in, 3);
            co_await run.pause(i % 2 == 0 ? 100ms : 5s); // the one before may not be gone
        }
        const auto after = run.offerer->selectedPair();
        REQUIRE(before);
        REQUIRE(after);
        const auto address = [](const SelectedPair& of) {
            const auto begin = of.local.candidate.find("10.0.1.1 ");
            return of.local.candidate.substr(begin, of.local.candidate.find(" typ ") - begin);
        };
        CHECK(address(*before) == address(*after));
        CHECK(run.offerer->connectionState() == PeerConnectionState::connected);
        // Other credentials, though of the same server, are another asker.
        run.offerer->setConfiguration(run.offerer->getConfiguration());
    };
    run.run(body(), 60s);
    CHECK(server.statistics().allocations_made == 2);
    CHECK(server.allocations() == 2);
    CHECK(errors(*run.offerer) == 0);
    run.offerer->close();
    run.answerer->close();
    CHECK(run.world.run_until([&] { return server.allocations() == 0; }, 3s));
}

TEST_CASE("relays: what a server has forgotten is asked for anew by a restart") {
    test::sim_call run(1, test::link_of(way));
    test::turn_server server(run.world.host("turn", {"10.0.1.1"}), boost::asio::ip::make_address("10.0.1.1"));
    for (auto* each : {&*run.offerer, &*run.answerer})
        use(*each, {IceServer("turn:10.0.1.1", "user", "secret")});
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        auto in = co_await run.answerer->nextDataChannel();
        co_await talk(out, in, 3);
        server.forget();
        co_await restart(run);
        co_await talk(out, in, 3);
        co_await run.pause(5s);
        CHECK(server.allocations() == 2);
        CHECK(server.made == 4);
    };
    run.run(body(), 60s);
    run.offerer->close();
    run.answerer->close();
    CHECK(run.world.run_until([&] { return server.allocations() == 0; }, 3s));
}

TEST_CASE("relays: a server that is silent when it is asked again is asked for another one") {
    test::sim_call run(1, test::link_of(way));
    test::turn_server server(run.world.host("turn", {"10.0.1.1"}), boost::asio::ip::make_address("10.0.1.1"));
    use(*run.offerer, {IceServer("turn:10.0.1.1", "user", "secret")}, IceTransportPolicy::all);
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        server.silent = true;
        co_await restart(run);
        co_await run.pause(2s);
        server.silent = false;
        co_await run.offerer->gatheringComplete();
        CHECK(server.made == 2); // asked again after a second, and heard
    };
    run.run(body(), 60s);
    run.offerer->close();
    run.answerer->close();
    CHECK(run.world.run_until([&] { return server.allocations() == 0; }, 5s));
}

TEST_CASE("relays: both families come of one allocation, whichever the server is reached by") {
    const std::string url = GENERATE("turn:10.0.1.1", "turn:[fd00:1::1]");
    test::sim_call run(1, test::link_of(way));
    turn::server server(run.world.host("turn", {"10.0.1.1", "fd00:1::1"}), options(),
                        {at("10.0.1.1"), at("fd00:1::1")});
    use(*run.offerer, {IceServer(url, "user", "secret")});
    const auto found = gather(run, *run.offerer, 1s);
    CHECK(found.size() == 2);
    CHECK(count(found, " 10.0.1.1 ") == 1);
    CHECK(count(found, " fd00:1::1 ") == 1);
    CHECK(server.statistics().allocations_made == 1);
    CHECK(errors(*run.offerer) == 0);
    run.offerer->close();
    CHECK(run.world.run_until([&] { return server.allocations() == 0; }, 3s));
}

TEST_CASE("relays: an end of IPv4 alone meets one of IPv6 alone over a dual relay") {
    test::sim_call run(1, test::link_of(way), context_options(), test::addresses{"10.0.0.1"},
                       test::addresses{"fd00::2"});
    turn::server server(run.world.host("turn", {"10.0.1.1", "fd00:1::1"}), options(),
                        {at("10.0.1.1"), at("fd00:1::1")});
    use(*run.offerer, {IceServer("turn:10.0.1.1", "user", "secret")}, IceTransportPolicy::all);
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        auto in = co_await run.answerer->nextDataChannel();
        co_await talk(out, in, 20);
        co_await talk(in, out, 20);
        co_await restart(run);
        co_await talk(in, out, 20);
    };
    run.run(body(), 20s);
    CHECK(server.statistics().allocations_made == 1);
    run.offerer->close();
    run.answerer->close();
    CHECK(run.world.run_until([&] { return server.allocations() == 0; }, 3s));
}

TEST_CASE("relays: a server without IPv6 is no error, whether it knows of dual allocations or not") {
    const bool knows = GENERATE(true, false);
    test::sim_call run(1, test::link_of(way));
    test::turn_server server(run.world.host("turn", {"10.0.1.1"}), boost::asio::ip::make_address("10.0.1.1"));
    server.knows_dual = knows;
    use(*run.offerer, {IceServer("turn:10.0.1.1", "user", "secret")});
    const auto found = gather(run, *run.offerer, 1s);
    CHECK(found.size() == 1);
    CHECK(server.made == 1);
    CHECK(server.other_family == (knows ? 0 : 1));
    CHECK(errors(*run.offerer) == 0);
    run.offerer->close();
    CHECK(run.world.run_until([&] { return server.allocations() == 0; }, 3s));
}

TEST_CASE("relays: one for each interface and family, few of a server, and bounded over all of them") {
    test::sim_call run(1, test::link_of(way));
    std::vector<net::interface_address> many;
    for (int interface = 0; interface < 6; ++interface)
        for (int address = 0; address < 3; ++address)
            many.push_back(
                {"eth" + std::to_string(interface),
                 boost::asio::ip::make_address("10.0.3." + std::to_string(1 + interface * 3 + address)),
                 net::interface_kind::ethernet_or_unknown});
    const bool one_interface = GENERATE(true, false);
    if (one_interface) many.resize(3);
    context c(run.io.get_executor(), run.world.host("c", many));
    PeerConnection asking(c);
    std::vector<IceServer> servers;
    std::vector<std::unique_ptr<test::turn_server>> all;
    const std::size_t how_many = GENERATE(1U, 20U);
    for (std::size_t i = 0; i < how_many; ++i) {
        const auto address = "10.0.2." + std::to_string(i + 1);
        all.push_back(std::make_unique<test::turn_server>(
            run.world.host("turn" + std::to_string(i), {address}), boost::asio::ip::make_address(address)));
        servers.emplace_back("turn:" + address, "user", "secret");
    }
    use(asking, servers);
    const auto found = gather(run, asking, 2s);
    const std::size_t of_each = one_interface ? 1 : ice::relays_of_server;
    CHECK(found.size() == std::min(of_each * how_many, ice::relay_limit));
    CHECK((errors(asking) == 0) == (of_each * how_many <= ice::relay_limit));
    asking.close();
    CHECK(run.world.run_until(
        [&] { return std::ranges::all_of(all, [](const auto& each) { return each->allocations() == 0; }); },
        5s));
}
