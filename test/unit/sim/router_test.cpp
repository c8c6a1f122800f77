#include "cortc/sim/world.hpp"
#include "test/support/stream_peer.hpp"

#include <boost/asio/error.hpp>

#include <set>
#include <stdexcept>

using namespace cortc;
using namespace std::chrono_literals;
using sim::dependence;
using sim::fate;
using sim::router_options;

namespace {

ip_address address(std::string_view literal) { return boost::asio::ip::make_address(std::string(literal)); }
endpoint at(std::string_view literal, std::uint16_t port) { return {address(literal), port}; }

/// A socket that remembers who sent what.
struct peer final : net::datagram_handler {
    peer(sim::host& on, std::string_view literal, std::uint16_t port)
        : socket(on.open_udp(at(literal, port), *this).value()) {}

    void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
        for (const auto& one : batch) {
            texts += as_text(one.data);
            sources.push_back(one.source);
        }
    }
    void send(const endpoint& to, std::string_view text) {
        const net::outgoing one{as_bytes(text), to};
        socket->send({&one, 1});
    }
    void send(const peer& to, std::string_view text) { send(to.socket->local(), text); }
    [[nodiscard]] const endpoint& last() const { return sources.at(sources.size() - 1); }

    std::unique_ptr<net::udp_socket> socket;
    std::string texts;
    std::vector<endpoint> sources;
};

constexpr auto all = {dependence::endpoint_independent, dependence::address_dependent,
                      dependence::address_and_port_dependent};

/// Two hosts behind a router, and two outside; the first of these has two sockets.
struct behind_nat {
    explicit behind_nat(const router_options& options = {}, std::uint64_t seed = 1)
        : world(io, seed), nat(world.router("nat", {"203.0.113.1"}, options)) {
        nat.attach(inside);
        nat.attach(other);
    }
    void settle() { REQUIRE(world.run_until_idle(1s)); }
    /// Where `from` seems to be, to one whom it sends something.
    endpoint seen(peer& from, peer& by) {
        const auto before = by.sources.size();
        from.send(by, ".");
        settle();
        REQUIRE(by.sources.size() == before + 1);
        return by.last();
    }

    boost::asio::io_context io;
    sim::world world;
    sim::router& nat;
    sim::host& inside = world.host("inside", {"192.168.1.2"});
    sim::host& other = world.host("other", {"192.168.1.3"});
    sim::host& x = world.host("x", {"198.51.100.1"});
    sim::host& y = world.host("y", {"198.51.100.2"});
    peer a{inside, "192.168.1.2", 5000}, b{other, "192.168.1.3", 5000};
    peer x1{x, "198.51.100.1", 1111}, x2{x, "198.51.100.1", 2222}, y1{y, "198.51.100.2", 1111};
};

} // namespace

TEST_CASE("router: mappings depend on what RFC 4787 4.1 says, and last while they are used") {
    for (auto mapping : all) {
        behind_nat net({.mapping = mapping});
        std::set<endpoint> seen;
        for (auto* each : {&net.x1, &net.x2, &net.y1}) seen.insert(net.seen(net.a, *each));
        CHECK(seen.size() == (mapping == dependence::endpoint_independent ? 1
                              : mapping == dependence::address_dependent  ? 2
                                                                          : 3));
        for (auto* each : {&net.x1, &net.x2, &net.y1}) seen.insert(net.seen(net.a, *each));
        for (const auto& each : seen) CHECK(each.address == address("203.0.113.1"));
        CHECK(seen.size() <= 3); // nothing new
    }
}

TEST_CASE("router: filters let in whom RFC 4787 5 says") {
    for (auto filtering : all) {
        behind_nat net({.filtering = filtering});
        const auto outside = net.seen(net.a, net.x1);
        net.x1.send(outside, "x");
        net.x2.send(outside, "X");
        net.y1.send(outside, "y");
        net.settle();
        const auto filtered = net.world.stats().count(fate::filtered);
        if (filtering == dependence::endpoint_independent) {
            CHECK(net.a.texts == "xXy");
            CHECK(filtered == 0);
        } else if (filtering == dependence::address_dependent) {
            CHECK(net.a.texts == "xX");
            CHECK(filtered == 1);
        } else {
            CHECK(net.a.texts == "x");
            CHECK(filtered == 2);
        }
        CHECK(net.a.sources[0] == net.x1.socket->local());
        CHECK(net.nat.stats().filtered == filtered);
        CHECK(net.nat.stats().inward == 3 - filtered);
        CHECK(net.nat.stats().outward == 1);
    }
}

TEST_CASE("router: a filter belongs to a mapping, not to the host") {
    behind_nat net(
        {.mapping = dependence::address_and_port_dependent, .filtering = dependence::address_dependent});
    const auto to_x = net.seen(net.a, net.x1);
    net.seen(net.a, net.y1);
    net.y1.send(to_x, "y");
    net.x2.send(to_x, "X");
    net.settle();
    CHECK(net.a.texts == "X");
}

TEST_CASE("router: nobody is let in where nothing was sent from") {
    behind_nat net({.filtering = dependence::endpoint_independent});
    net.x1.send(at("203.0.113.1", 5000), "x");
    net.x1.send(at("192.168.1.2", 5000), "x"); // not an address of the open network
    net.settle();
    CHECK(net.a.texts.empty());
    CHECK(net.world.stats().count(fate::filtered) == 1);
    CHECK(net.world.stats().count(fate::no_route) == 1);
}

TEST_CASE("router: ports are preserved where they are free") {
    behind_nat net;
    CHECK(net.seen(net.a, net.x1) == at("203.0.113.1", 5000));
    const auto second = net.seen(net.b, net.x1);
    CHECK(second.port != 5000);
    CHECK(second.port >= 1024);
    net.x1.send(second, "b");
    net.settle();
    CHECK(net.b.texts == "b");
    CHECK(net.a.texts.empty());
}

TEST_CASE("router: without preservation a port is any, the same for one seed") {
    std::set<std::uint16_t> ports;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        behind_nat net({.preserves_ports = false}, seed), again({.preserves_ports = false}, seed);
        const auto outside = net.seen(net.a, net.x1);
        CHECK(outside == again.seen(again.a, again.x1));
        CHECK(outside == net.seen(net.a, net.y1));
        CHECK(outside.port != 5000);
        CHECK(outside.port >= 1024);
        ports.insert(outside.port);
    }
    CHECK(ports.size() > 15);
}

TEST_CASE("router: hairpins, which show the sender's outside end and pass the filter") {
    for (auto filtering : all) {
        behind_nat net({.filtering = filtering});
        const auto of_a = net.seen(net.a, net.x1), of_b = net.seen(net.b, net.x1);
        net.a.send(of_b, "a");
        net.settle();
        const bool open = filtering == dependence::endpoint_independent;
        CHECK(net.b.texts == (open ? "a" : ""));
        net.b.send(of_a, "b");
        net.settle();
        CHECK(net.a.texts == "b");
        CHECK(net.a.last() == of_b);
        net.a.send(of_b, "A");
        net.settle();
        CHECK(net.b.texts == (open ? "aA" : "A"));
        CHECK(net.b.last() == of_a);
    }
    behind_nat net({.filtering = dependence::endpoint_independent, .hairpins = false});
    const auto of_b = net.seen(net.b, net.x1);
    net.a.send(of_b, "a");
    net.a.send(net.b, "direct");
    net.settle();
    CHECK(net.b.texts == "direct");
    CHECK(net.world.stats().count(fate::filtered) == 1);
}

TEST_CASE("router: what is sent from inside keeps a mapping, what comes only where it is told so") {
    for (bool inbound : {false, true}) {
        behind_nat net({.preserves_ports = false, .lifetime = 30s, .inbound_refreshes = inbound});
        const auto outside = net.seen(net.a, net.x1);
        for (int i = 0; i < 5; ++i) {
            net.world.run_for(29s);
            CHECK(net.seen(net.a, net.x1) == outside);
        }
        for (int i = 0; i < 5; ++i) {
            net.world.run_for(29s);
            net.x1.send(outside, "x");
            net.settle();
        }
        CHECK(net.a.texts == (inbound ? "xxxxx" : "x"));
        net.world.run_for(inbound ? 31s : 0s);
        net.x1.send(outside, "y");
        net.settle();
        CHECK(net.a.texts == (inbound ? "xxxxx" : "x"));
        CHECK(net.seen(net.a, net.x1) != outside);
    }
}

TEST_CASE("router: entries of a filter end by themselves, while others keep the mapping") {
    behind_nat net({.lifetime = 30s});
    const auto outside = net.seen(net.a, net.x1);
    net.seen(net.a, net.y1);
    for (int i = 0; i < 3; ++i) {
        net.world.run_for(20s);
        CHECK(net.seen(net.a, net.y1) == outside);
    }
    net.x1.send(outside, "x");
    net.y1.send(outside, "y");
    net.settle();
    CHECK(net.a.texts == "y");
}

TEST_CASE("router: its table is bounded, and there is room again when what was in it has expired") {
    behind_nat net({.mapping = dependence::address_and_port_dependent, .lifetime = 30s, .most_entries = 4});
    net.seen(net.a, net.x1); // a mapping and an entry of its filter each
    net.seen(net.a, net.x2);
    net.a.send(net.y1, "y");
    net.settle();
    CHECK(net.y1.texts.empty());
    CHECK(net.world.stats().count(fate::table_full) == 1);
    CHECK(net.nat.stats().table_full == 1);
    CHECK(net.nat.stats().entries == 4);
    net.seen(net.a, net.x1); // goes on
    net.world.run_for(31s);
    net.seen(net.a, net.y1);
    CHECK(net.nat.stats().entries == 2);
    // A flood to many ports costs no more than what there is room for.
    for (std::uint16_t port = 1; port < 10'000; ++port) net.a.send(at("198.51.100.1", port), "f");
    net.settle();
    CHECK(net.nat.stats().entries == 4);
    CHECK(net.nat.stats().table_full > 9'990);
}

TEST_CASE("router: a router behind a router, each with a mapping and a filter") {
    behind_nat net;
    auto& home = net.world.router("home", {"192.168.1.9"}, {.filtering = dependence::endpoint_independent});
    net.nat.attach(home);
    auto& deep = net.world.host("deep", {"10.0.0.2"});
    home.attach(deep);
    peer d(deep, "10.0.0.2", 7000);
    CHECK(net.seen(d, net.b) == at("192.168.1.9", 7000)); // one hop
    const auto outside = net.seen(d, net.x1);
    CHECK(outside.address == address("203.0.113.1"));
    net.x1.send(outside, "x");
    net.y1.send(outside, "y"); // the outer one filters
    net.b.send(at("192.168.1.9", 7000), "b");
    net.settle();
    CHECK(d.texts.find('x') != std::string::npos);
    CHECK(d.texts.find('b') != std::string::npos);
    CHECK(d.texts.find('y') == std::string::npos);
    d.send(net.a, "deep"); // what is between the routers is no farther than the world
    net.settle();
    CHECK(net.a.texts == "deep");
}

TEST_CASE("router: two networks may have the same addresses inside") {
    behind_nat net({.filtering = dependence::endpoint_independent});
    auto& second =
        net.world.router("second", {"203.0.113.2"}, {.filtering = dependence::endpoint_independent});
    auto& twin = net.world.host("twin", {"192.168.1.2"});
    second.attach(twin);
    peer t(twin, "192.168.1.2", 5000);
    const auto of_a = net.seen(net.a, net.x1), of_t = net.seen(t, net.x1);
    CHECK(of_t == at("203.0.113.2", 5000));
    t.send(of_a, "t");
    net.a.send(of_t, "a");
    net.b.send(at("192.168.1.2", 5000), "b"); // its neighbour, not the other one
    net.settle();
    CHECK(std::set<char>(net.a.texts.begin(), net.a.texts.end()) == std::set<char>{'t', 'b'});
    CHECK(t.texts == "a");
}

TEST_CASE("router: a firewall leaves addresses as they are, and filters") {
    for (auto filtering : all) {
        behind_nat net;
        auto& wall = net.world.router("wall", {}, {.filtering = filtering});
        auto& safe = net.world.host("safe", {"198.51.100.77", "2001:db8::77"});
        auto& far = net.world.host("far", {"2001:db8::1"});
        wall.attach(safe);
        peer s(safe, "198.51.100.77", 6000), s6(safe, "2001:db8::77", 6000), f(far, "2001:db8::1", 1);
        net.x1.send(s, "early");
        net.settle();
        CHECK(s.texts.empty());
        CHECK(net.seen(s, net.x1) == s.socket->local());
        CHECK(net.seen(s6, f) == s6.socket->local());
        net.x1.send(s, "x");
        net.x2.send(s, "X");
        net.y1.send(s, "y");
        f.send(s6, "f");
        net.settle();
        CHECK(s.texts == (filtering == dependence::endpoint_independent ? "xXy"
                          : filtering == dependence::address_dependent  ? "xX"
                                                                        : "x"));
        CHECK(s6.texts == "f");
    }
}

TEST_CASE("router: IPv6 passes a NAT that has no IPv6 outside, filtered") {
    behind_nat net;
    auto& dual = net.world.host("dual", {"192.168.1.4", "2001:db8::4"});
    auto& far = net.world.host("far", {"2001:db8::1"});
    net.nat.attach(dual);
    peer d(dual, "2001:db8::4", 6000), f(far, "2001:db8::1", 1);
    f.send(d, "early");
    net.settle();
    CHECK(net.seen(d, f) == d.socket->local());
    f.send(d, "late");
    net.settle();
    CHECK(d.texts == "late");
}

TEST_CASE("router: IPv6 hosts reach IPv4 ones through NAT64, and IPv6 ones as they are") {
    behind_nat net;
    auto& nat64 = net.world.router("nat64", {"203.0.113.64"}, {.nat64 = true});
    auto& six = net.world.host("six", {"2001:db8::6"});
    auto& far = net.world.host("far", {"2001:db8::1"});
    nat64.attach(six);
    peer s(six, "2001:db8::6", 6000), f(far, "2001:db8::1", 1);
    const auto of_x = at("64:ff9b::198.51.100.1", 1111);
    s.send(of_x, "hello");
    net.settle();
    CHECK(net.x1.texts == "hello");
    CHECK(net.x1.last() == at("203.0.113.64", 6000));
    net.x1.send(net.x1.last(), "x");
    net.y1.send(net.x1.last(), "y");
    net.settle();
    CHECK(s.texts == "x");
    CHECK(s.last() == of_x);
    CHECK(net.seen(s, f) == s.socket->local());
    s.send(of_x, "again"); // one socket, both ways
    net.settle();
    CHECK(net.x1.last() == at("203.0.113.64", 6000));
    net.a.send(of_x, "no IPv4 host"); // not sent at all
    // The same prefix without NAT64 is an address that nobody has.
    nat64.set_options({});
    const auto before = net.world.stats().count(fate::no_route);
    s.send(of_x, "x");
    net.settle();
    CHECK(net.world.stats().count(fate::no_route) == before + 1);
    CHECK(net.a.socket->stats().send_dropped == 1);
}

TEST_CASE("router: UDP or TCP alone may pass") {
    behind_nat net({.udp = false});
    test::stream_server server(net.x, "198.51.100.1", 80);
    test::stream_peer client;
    connect(client, net.inside, "192.168.1.2", server.where());
    net.a.send(net.x1, "a");
    REQUIRE(net.world.run_until([&] { return client.connected(); }, 1s));
    CHECK(net.x1.texts.empty());
    CHECK(net.world.stats().count(fate::filtered) == 1);
    client.stream.reset();
    net.nat.set_options({.tcp = false});
    test::stream_peer none;
    connect(none, net.inside, "192.168.1.2", server.where());
    net.a.send(net.x1, "a");
    net.world.run_for(5s);
    CHECK_FALSE(none.connected());
    CHECK_FALSE(none.ended()); // nobody says anything
    CHECK(net.x1.texts == "a");
}

TEST_CASE("router: streams from inside are translated, those from outside refused") {
    behind_nat net({.preserves_ports = false});
    test::stream_server server(net.x, "198.51.100.1", 80);
    std::array<test::stream_peer, 2> clients;
    const std::array<std::pair<sim::host*, std::string_view>, 2> from{
        {{&net.inside, "192.168.1.2"}, {&net.other, "192.168.1.3"}}};
    for (std::size_t i = 0; i < 2; ++i) {
        clients[i].stream =
            from[i].first->connect(at(from[i].second, 4000), server.where(), clients[i]).value();
        REQUIRE(net.world.run_until([&] { return clients[i].connected() && server.peers.size() > i; }, 1s));
        CHECK(server.sources[i].address == address("203.0.113.1"));
        CHECK(clients[i].send(test::numbered_text(100'000)));
        CHECK(server.peers[i]->send("back"));
    }
    CHECK(server.sources[0].port != server.sources[1].port);
    REQUIRE(net.world.run_until(
        [&] {
            return server.peers[0]->text.size() == 100'000 && server.peers[1]->text.size() == 100'000 &&
                   clients[0].text == "back" && clients[1].text == "back";
        },
        10s));
    CHECK(server.peers[1]->text == test::numbered_text(100'000));

    test::stream_server inner(net.inside, "192.168.1.2", 80);
    for (auto port : {std::uint16_t{80}, server.sources[0].port}) {
        test::stream_peer stranger;
        connect(stranger, net.y, "198.51.100.2", at("203.0.113.1", port));
        REQUIRE(net.world.run_until([&] { return stranger.ended(); }, 1s));
        CHECK(stranger.error == boost::asio::error::connection_refused);
    }
    test::stream_peer neighbour; // does not pass the router
    connect(neighbour, net.other, "192.168.1.3", inner.where());
    REQUIRE(net.world.run_until([&] { return neighbour.connected(); }, 1s));
    clients[0].stream.reset();
    REQUIRE(net.world.run_until([&] { return server.peers[0]->ended(); }, 1s));
    CHECK(server.peers[0]->error == boost::asio::error::eof);
}

TEST_CASE("router: a stream's mapping outlives hours of silence, and a reboot ends what is translated anew") {
    behind_nat net({.preserves_ports = false});
    test::stream_server server(net.x, "198.51.100.1", 80);
    test::stream_peer client;
    connect(client, net.inside, "192.168.1.2", server.where());
    REQUIRE(net.world.run_until([&] { return client.connected() && !server.peers.empty(); }, 1s));
    net.world.run_for(2h);
    CHECK(server.first().send("still"));
    REQUIRE(net.world.run_until([&] { return client.text == "still"; }, 1s));
    net.nat.reboot();
    CHECK(net.nat.stats().entries == 0);
    CHECK(client.send("who am I"));
    REQUIRE(net.world.run_until([&] { return client.ended(); }, 10s));
    CHECK(client.error == boost::asio::error::connection_reset);
}

TEST_CASE("router: a reboot forgets mappings and filters") {
    behind_nat net({.preserves_ports = false});
    const auto before = net.seen(net.a, net.x1);
    net.nat.reboot();
    net.x1.send(before, "x");
    net.settle();
    CHECK(net.a.texts.empty());
    const auto after = net.seen(net.a, net.x1);
    CHECK(after != before);
    net.x1.send(after, "x");
    net.settle();
    CHECK(net.a.texts == "x");
}

TEST_CASE("router: hosts move behind it and away, with their sockets") {
    behind_nat net;
    net.nat.release(net.inside);
    CHECK(net.seen(net.a, net.x1) == net.a.socket->local());
    net.nat.attach(net.inside);
    CHECK(net.seen(net.a, net.x1) == at("203.0.113.1", 5000));
    auto& mobile = net.world.router("mobile", {"203.0.113.9"});
    mobile.attach(net.inside); // roams
    CHECK(net.seen(net.a, net.x1) == at("203.0.113.9", 5000));
    net.nat.attach(mobile);
    CHECK(net.seen(net.a, net.x1).address == address("203.0.113.1"));
    CHECK_THROWS_AS(mobile.attach(net.nat), std::invalid_argument);
    CHECK_THROWS_AS(mobile.attach(mobile), std::invalid_argument);
    CHECK(net.seen(net.a, net.x1).address == address("203.0.113.1")); // as before
    net.nat.release(mobile);
    CHECK(net.seen(net.a, net.x1).address == address("203.0.113.9"));
}

TEST_CASE("router: each hop is a link") {
    behind_nat net;
    const auto took = [&] {
        const auto begin = net.world.now();
        const auto before = net.x1.texts.size();
        net.a.send(net.x1, ".");
        REQUIRE(net.world.run_until([&] { return net.x1.texts.size() > before; }, 1s));
        return net.world.now() - begin;
    };
    CHECK(took() == sim::router::inside_delay + 1ms); // the default link
    net.world.set_link(net.inside, net.nat.outside(), {.delay = 20ms});
    net.world.set_link(net.nat.outside(), net.x, {.delay = 3ms, .mtu = 100});
    CHECK(took() == 23ms);
    net.a.send(net.x1, std::string(200, 'x'));
    net.settle();
    CHECK(net.world.stats().count(fate::too_long) == 1);
    CHECK(net.a.socket->stats().send_dropped == 0); // the sender cannot know
    net.world.partition(net.nat.outside(), net.x);
    net.a.send(net.x1, ".");
    net.settle();
    CHECK(net.world.stats().count(fate::link_down) == 1);
}
