#include "test/sim/nat_calls.hpp"

#include "cortc/ice/gatherer.hpp"
#include "cortc/ice/local_transports.hpp"
#include "cortc/ice/types.hpp"

// Gathering and checking where names, servers, networks and peers do their worst: bounded in time, sockets
// and packets, and nothing good is lost by it.

using namespace cortc;
using namespace std::chrono_literals;
using test::behind;

namespace {

/// One end, and what it gathers.
struct gathering : test::nat_call {
    explicit gathering(behind how = behind::port_restricted) : nat_call(how, behind::open) {}

    std::vector<std::string> gather(std::vector<IceServer> servers, duration limit) {
        Configuration next = offerer->getConfiguration();
        next.iceServers = std::move(servers);
        offerer->setConfiguration(next);
        std::vector<std::string> found;
        const auto begin = world.now();
        auto body = [&]() -> asio::awaitable<void> {
            auto channel = offerer->createDataChannel("x");
            co_await offerer->setLocalDescription(co_await offerer->createOffer());
            while (auto candidate = co_await offerer->nextIceCandidate()) {
                if (candidate->candidate.empty()) continue;
                found.push_back(candidate->candidate);
                told.push_back(world.now() - begin);
            }
        };
        run(body(), limit);
        took = world.now() - begin;
        return found;
    }
    /// When the first candidate of a type came.
    [[nodiscard]] std::optional<duration> when(const std::vector<std::string>& found,
                                               std::string_view typ) const {
        for (std::size_t i = 0; i < found.size(); ++i)
            if (found[i].find(typ) != std::string::npos) return told[i];
        return {};
    }
    std::size_t errors(std::string_view url) {
        std::size_t count = 0;
        while (auto next = offerer->tryNextIceCandidateError()) count += next->url == url;
        return count;
    }

    std::vector<duration> told;
    duration took{};
};

} // namespace

TEST_CASE("gathering: a server that is dead delays a good one by nothing, and the end by its own time") {
    gathering call;
    call.world.set_name("dead.example.org", {"198.51.100.99"});
    const auto found = call.gather(
        {IceServer("stun:dead.example.org"), IceServer("turn:dead.example.org", "user", "secret"),
         IceServer("turn:dead.example.org?transport=tcp", "user", "secret"),
         IceServer("stun:turn.example.org"), IceServer("turn:turn.example.org", "user", "secret")},
        20s);
    // A name takes 20 ms; STUN a round trip of 20, TURN two.
    REQUIRE(call.when(found, "typ srflx"));
    CHECK(*call.when(found, "typ srflx") <= 45ms);
    REQUIRE(call.when(found, "typ relay"));
    CHECK(*call.when(found, "typ relay") <= 65ms);
    CHECK(call.took <= ice::gathering_limit);
    CHECK(call.errors("stun:dead.example.org") == 1);
    CHECK(call.world.stats().sent < 40);
    call.finish();
}

TEST_CASE("gathering: a name that is blocked (0.0.0.0, ::) is an error at once") {
    gathering call;
    call.world.set_name("blocked.example.org", {"0.0.0.0", "::"});
    const auto found = call.gather({IceServer("stun:blocked.example.org"),
                                    IceServer("turn:blocked.example.org?transport=tcp", "user", "secret"),
                                    IceServer("stun:turn.example.org")},
                                   5s);
    CHECK(call.when(found, "typ srflx"));
    CHECK(call.took < 100ms);
    CHECK(call.errors("stun:blocked.example.org") == 1);
    call.finish();
}

TEST_CASE("gathering: a name with a thousand addresses costs no more than a few") {
    gathering call;
    std::vector<std::string> texts;
    for (int i = 0; i < 1000; ++i) texts.push_back(fmt::format("198.18.{}.{}", i / 250, 1 + i % 250));
    std::vector<ip_address> many;
    for (const auto& each : texts) many.push_back(boost::asio::ip::make_address(each));
    call.world.set_name("many.example.org", many);
    const auto found =
        call.gather({IceServer("stun:many.example.org"), IceServer("turn:many.example.org", "user", "secret"),
                     IceServer("turn:many.example.org?transport=tcp", "user", "secret"),
                     IceServer("stun:turn.example.org")},
                    20s);
    CHECK(call.when(found, "typ srflx"));
    CHECK(call.took <= ice::gathering_limit);
    CHECK(call.errors("stun:many.example.org") == 1);
    CHECK(call.world.stats().sent < 60);
    CHECK(call.world.stats().segments < 60);
    call.finish();
}

TEST_CASE("gathering: many addresses times many servers are bounded, the first of each taken") {
    gathering call(behind::open);
    auto& host = call.world.host("a");
    for (int i = 0; i < 200; ++i)
        host.add_address({fmt::format("veth{}", i),
                          boost::asio::ip::make_address(fmt::format("203.0.114.{}", i)),
                          net::interface_kind::ethernet_or_unknown});
    std::vector<IceServer> servers{IceServer("stun:turn.example.org"),
                                   IceServer("turn:turn.example.org", "user", "secret")};
    for (int i = 0; i < 60; ++i)
        servers.emplace_back(fmt::format("turn:198.51.100.{}", 100 + i), "user", "secret"); // dead
    const auto before = call.world.open_sockets();
    std::size_t most = 0;
    call.world.on_datagram([&](sim::transit&) { most = std::max(most, call.world.open_sockets()); });
    const auto found = call.gather(servers, 20s);
    CHECK(call.took <= ice::gathering_limit);
    CHECK(call.when(found, "typ relay"));
    // The good server's relayed addresses have sockets, too, which are the server's.
    CHECK(most - before <= ice::local_transport_options().limit + ice::most_gathering_addresses);
    CHECK(std::ranges::count_if(found, [](const auto& each) { return each.find("typ host") != each.npos; }) ==
          ice::most_gathering_addresses);
    CHECK(found.size() <= ice::limits().local_candidates);
    CHECK(call.errors("turn:198.51.100.159") >= 1);
    test::figure("200 addresses, 62 servers: {} sockets, {} candidates, {} datagrams", most - before,
                 found.size(), call.world.stats().sent);
    CHECK(call.world.stats().sent <= 10 * ice::most_gathering_questions);
    call.finish();
}

TEST_CASE("gathering: IPv6 that leads nowhere delays nothing") {
    test::sim_call call(1, test::link_of(10ms), context_options(),
                        test::addresses{"10.0.0.1", "2001:db8:1::1"},
                        test::addresses{"10.0.0.2", "2001:db8:2::1"});
    for (const auto& [from, to] :
         {std::pair{"2001:db8:1::1", "2001:db8:2::1"}, std::pair{"2001:db8:2::1", "2001:db8:1::1"}})
        call.world.set_link(boost::asio::ip::make_address(from), boost::asio::ip::make_address(to),
                            {.up = false});
    auto body = [&]() -> asio::awaitable<void> {
        auto channel = call.offerer->createDataChannel("x");
        co_await call.set_up();
        co_await channel.opened();
    };
    call.run(body(), 400ms); // ten round trips, and the grace for the better pair
    call.finish();
}

TEST_CASE("checks: ten thousand remote candidates are bounded") {
    // Behind good ones they harm nobody; before them they harm their own connection alone.
    const bool good_first = GENERATE(true, false);
    CAPTURE(good_first);
    test::sim_call call(1, test::link_of(10ms), context_options(), test::addresses{"10.0.0.1"},
                        test::addresses{"10.0.0.2"});
    std::size_t strangers = 0;
    call.world.on_datagram([&](sim::transit& packet) {
        strangers += packet.destination.address.to_string().starts_with("198.18.");
    });
    const auto trickle = [&] {
        call.trickling.emplace_back(call.io.get_executor(), call.trickle(*call.offerer, *call.answerer));
        call.trickling.emplace_back(call.io.get_executor(), call.trickle(*call.answerer, *call.offerer));
    };
    std::size_t accepted = 0;
    auto channel = call.offerer->createDataChannel("x");
    auto body = [&]() -> asio::awaitable<void> {
        co_await call.negotiate(*call.offerer, *call.answerer);
        if (good_first) trickle();
        if (good_first) co_await call.pause(15ms); // they are known, and being checked
        for (int i = 0; i < 10'000; ++i) {
            const IceCandidate candidate(fmt::format("candidate:{} 1 udp {} 198.18.{}.{} 9999 typ host", i,
                                                     2'130'706'431 - i, i / 250, 1 + i % 250),
                                         "0");
            const auto thrown = co_await test::failure_of(call.offerer->addIceCandidate(candidate));
            accepted += thrown.empty();
        }
        if (!good_first)
            trickle();
        else
            co_await channel.opened();
    };
    call.run(body(), 5s);
    call.world.run_for(120s);
    CHECK(call.offerer->connectionState() ==
          (good_first ? PeerConnectionState::connected : PeerConnectionState::failed));
    // Each has RFC 8489's transmissions at most.
    CHECK(strangers <= ice::limits().remote_candidates * ice::timings().transmissions);
    test::figure("ten thousand remote candidates: {} accepted, {} datagrams to strangers", accepted,
                 strangers);
    call.finish();
}

TEST_CASE("checks: a flood of them from strangers costs answers without end neither in number nor in state") {
    test::sim_call call(1, test::link_of(10ms), context_options(), test::addresses{"10.0.0.1"},
                        test::addresses{"10.0.0.2"});
    struct silent final : net::datagram_handler {
        std::size_t heard = 0;
        void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
            heard += batch.size();
        }
    } stranger;
    auto& host = call.world.host("stranger", {"10.0.0.66"});
    auto socket = host.open_udp({boost::asio::ip::make_address("10.0.0.66"), 0}, stranger).value();
    endpoint target;
    bytes check;
    call.world.on_datagram([&](sim::transit& packet) {
        if (packet.source.address.to_string() == "10.0.0.1" && check.empty()) {
            check = packet.data; // a real one, with real names
            target = packet.destination;
        }
    });
    DataChannel channel, other;
    auto body = [&]() -> asio::awaitable<void> {
        channel = call.offerer->createDataChannel("x");
        co_await call.set_up();
        co_await channel.opened();
        other = co_await call.answerer->nextDataChannel();
    };
    call.run(body(), 2s);
    REQUIRE_FALSE(check.empty());
    constexpr std::size_t flood = 20'000;
    for (std::size_t i = 0; i < flood; ++i) {
        check[8 + i % 12] ^=
            std::byte{static_cast<unsigned char>(1 + i % 251)}; // no two are one, none is signed
        const net::outgoing one{check, target};
        socket->send({&one, 1});
        if (i % 100 == 0) call.world.run_for(5ms); // 20,000 a second
    }
    auto talk = [&]() -> asio::awaitable<void> {
        co_await channel.send("still");
        auto message = co_await other.receive();
        CHECK(message.text() == "still");
    };
    call.run(talk(), 1s);
    const ice::limits limits; // errors a second
    CHECK(stranger.heard <= 3 * limits.unauthenticated_errors);
    CHECK(call.answerer->connectionState() == PeerConnectionState::connected);
    socket.reset();
    call.finish();
}
