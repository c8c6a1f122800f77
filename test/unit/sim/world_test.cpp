#include "cortc/sim/world.hpp"

#include "test/support/catch.hpp"

#include <set>

using namespace cortc;
using namespace std::chrono_literals;

namespace {

struct received {
    time_point at;
    std::string text;
    endpoint source;
    net::ecn mark;
};

/// A host with one socket that keeps what arrives.
struct peer final : net::datagram_handler {
    peer(sim::host& on, const endpoint& local) : at(on), socket(at.open_udp(local, *this).value()) {}
    peer(sim::host& on, std::string_view address) : peer(on, {boost::asio::ip::make_address(address), 0}) {}

    void handle_batch(net::udp_socket& from, std::span<const net::datagram> batch) override {
        CHECK(&from == socket.get());
        CHECK_FALSE(batch.empty());
        ++batches;
        for (const auto& one : batch)
            log.push_back({at.now(), std::string(as_text(one.data)), one.source, one.mark});
    }
    void send(const endpoint& to, std::string_view text, net::ecn mark = net::ecn::not_ect) {
        const net::outgoing one{as_bytes(text), to, mark};
        socket->send({&one, 1});
    }
    std::string texts() const {
        std::string all;
        for (const auto& one : log) all += one.text;
        return all;
    }

    sim::host& at;
    std::unique_ptr<net::udp_socket> socket;
    std::vector<received> log;
    std::size_t batches = 0;
};

/// Two hosts, a and b, with one socket each.
struct pair_of_hosts {
    explicit pair_of_hosts(std::uint64_t seed = 1, const sim::link_options& options = {})
        : world(io, seed)
        , host_a(world.host("a", {"10.0.0.1"}))
        , host_b(world.host("b", {"10.0.0.2"}))
        , a(host_a, "10.0.0.1")
        , b(host_b, "10.0.0.2") {
        world.set_default_link(options);
    }
    boost::asio::io_context io;
    sim::world world;
    sim::host& host_a;
    sim::host& host_b;
    peer a, b;
};

} // namespace

TEST_CASE("a datagram arrives after the link's delay, with its source and its mark") {
    pair_of_hosts net(1, {.delay = 25ms});
    const auto start = net.world.now();
    net.a.send(net.b.socket->local(), "hello", net::ecn::ect1);
    CHECK_FALSE(net.world.run_until([&] { return !net.b.log.empty(); }, 24ms));
    CHECK(net.world.now() == start + 24ms);
    REQUIRE(net.world.run_until([&] { return !net.b.log.empty(); }, 10ms));
    CHECK(net.b.log[0].at == start + 25ms);
    CHECK(net.b.log[0].text == "hello");
    CHECK(net.b.log[0].source == net.a.socket->local());
    CHECK(net.b.log[0].mark == net::ecn::ect1);
    CHECK(net.a.socket->stats().datagrams_sent == 1);
    CHECK(net.b.socket->stats().bytes_received == 5);
}

TEST_CASE("nothing is delivered inside send, and what arrives together is one batch") {
    pair_of_hosts net(1, {.delay = 0ms});
    for (auto text : {"1", "2", "3"}) net.a.send(net.b.socket->local(), text);
    CHECK(net.b.log.empty());
    net.world.run_for(0ms);
    CHECK(net.b.texts() == "123");
    CHECK(net.b.batches == 1);
}

TEST_CASE("directions and address pairs have links of their own, which may change while running") {
    boost::asio::io_context io;
    sim::world world(io);
    auto& first = world.host("first", {"10.0.0.1", "2001:db8::1"});
    auto& second = world.host("second", {"10.0.0.2", "2001:db8::2"});
    peer a4(first, "10.0.0.1"), b4(second, "10.0.0.2"), a6(first, "2001:db8::1"), b6(second, "2001:db8::2");
    world.set_link(first, second, {.delay = 30ms});
    world.set_link(second, first, {.delay = 5ms});
    world.set_link(a6.socket->local().address, b6.socket->local().address, {.delay = 2ms});
    const auto start = world.now();
    a4.send(b4.socket->local(), "x");
    b4.send(a4.socket->local(), "x");
    a6.send(b6.socket->local(), "x");
    b6.send(a6.socket->local(), "x");
    world.set_link(first, second, {.delay = 1ms}); // overtakes what is under way
    a4.send(b4.socket->local(), "y");
    REQUIRE(world.run_until_idle(1s));
    CHECK(a4.log.at(0).at == start + 5ms);
    CHECK(a6.log.at(0).at == start + 5ms);
    CHECK(b6.log.at(0).at == start + 2ms);
    CHECK(b4.texts() == "yx");
    CHECK(b4.log.at(1).at == start + 30ms);
    CHECK(&world.host("second") == &second);
    CHECK_THROWS_AS(world.host("third"), std::out_of_range);
}

TEST_CASE("loss is as frequent as it was asked for") {
    pair_of_hosts net(7, {.loss = 0.1});
    for (int i = 0; i < 10000; ++i) net.a.send(net.b.socket->local(), "x");
    REQUIRE(net.world.run_until_idle(1s));
    const auto lost = net.world.stats().count(sim::fate::lost);
    CHECK(lost > 850); // 5 standard deviations
    CHECK(lost < 1150);
    CHECK(net.b.log.size() + lost == 10000);
    CHECK(net.a.socket->stats().send_dropped == 0); // a sender does not see it
}

TEST_CASE("burst losses come in runs") {
    pair_of_hosts net(3, {.burst_start = 0.01, .burst_length = 20});
    std::size_t runs = 0, lost = 0;
    bool in_run = false;
    net.world.on_outcome([&](const sim::outcome& end) {
        const bool now = end.how == sim::fate::lost;
        if (now) ++lost, runs += in_run ? 0 : 1;
        in_run = now;
    });
    for (int i = 0; i < 20000; ++i) {
        net.a.send(net.b.socket->local(), "x");
        net.world.run_for(1ms);
    }
    const auto mean = static_cast<double>(lost) / static_cast<double>(runs);
    CHECK(runs > 100);
    CHECK(mean > 14);
    CHECK(mean < 28);
}

TEST_CASE("jitter varies the delay but keeps the order, reordering does not") {
    pair_of_hosts net(5, {.delay = 10ms, .jitter = 20ms});
    const auto start = net.world.now();
    std::string sent;
    for (char c = 'a'; c <= 'z'; ++c) {
        sent += c;
        net.a.send(net.b.socket->local(), {&c, 1});
    }
    REQUIRE(net.world.run_until_idle(1s));
    CHECK(net.b.texts() == sent);
    CHECK(net.b.log.front().at >= start + 10ms);
    CHECK(net.b.log.back().at <= start + 30ms);
    CHECK(net.b.log.front().at < net.b.log.back().at);

    net.b.log.clear();
    net.world.set_default_link({.delay = 1ms, .reordering = 0.3, .reordering_delay = 5ms});
    const auto again = net.world.now();
    for (char c : sent) net.a.send(net.b.socket->local(), {&c, 1});
    REQUIRE(net.world.run_until_idle(1s));
    CHECK(net.b.log.size() == sent.size());
    CHECK(net.b.texts() != sent);
    for (const auto& one : net.b.log) CHECK((one.at == again + 1ms || one.at == again + 6ms));
}

TEST_CASE("bandwidth spaces datagrams out and the queue is bounded") {
    // 1,000-byte IP packets (972 + 28) at 8 Mbit/s take 1 ms each; four fit into the queue.
    pair_of_hosts net(1, {.delay = 10ms, .bandwidth = 8'000'000, .queue_limit = 4000});
    const auto start = net.world.now();
    const std::string text(972, 'x');
    for (int i = 0; i < 6; ++i) net.a.send(net.b.socket->local(), text);
    REQUIRE(net.world.run_until_idle(1s));
    REQUIRE(net.b.log.size() == 4);
    for (int i = 0; i < 4; ++i) CHECK(net.b.log[static_cast<std::size_t>(i)].at == start + 11ms + i * 1ms);
    CHECK(net.world.stats().count(sim::fate::queue_full) == 2);
    net.a.send(net.b.socket->local(), text); // the queue is empty again
    REQUIRE(net.world.run_until_idle(1s));
    CHECK(net.b.log.size() == 5);
}

TEST_CASE("duplication delivers twice") {
    pair_of_hosts net(1, {.duplication = 0.25});
    for (int i = 0; i < 4000; ++i) net.a.send(net.b.socket->local(), "x");
    REQUIRE(net.world.run_until_idle(1s));
    CHECK(net.b.log.size() > 4850);
    CHECK(net.b.log.size() < 5150);
    CHECK(net.world.stats().count(sim::fate::delivered) == net.b.log.size());
}

TEST_CASE("what cannot be sent is counted at the sender, what nobody takes is not") {
    pair_of_hosts net;
    net.a.send(net.b.socket->local(), std::string(1473, 'x')); // 1473 + 28 > 1500
    net.a.send({boost::asio::ip::make_address("2001:db8::1"), 5}, "wrong family");
    CHECK(net.a.socket->stats().send_dropped == 2);
    net.a.send(net.b.socket->local(), std::string(1472, 'x'));
    net.a.send({boost::asio::ip::make_address("192.0.2.9"), 5}, "nobody");
    net.a.send({net.b.socket->local().address, 5}, "closed");
    REQUIRE(net.world.run_until_idle(1s));
    CHECK(net.a.socket->stats().datagrams_sent == 3);
    CHECK(net.world.stats().count(sim::fate::too_long) == 1);
    CHECK(net.world.stats().count(sim::fate::no_route) == 2);
    CHECK(net.world.stats().count(sim::fate::port_closed) == 1);
    CHECK(net.world.stats().count(sim::fate::delivered) == 1);
}

TEST_CASE("a partition cuts both directions, an address may go down at either end") {
    pair_of_hosts net;
    auto both = [&] {
        net.a.send(net.b.socket->local(), "x");
        net.b.send(net.a.socket->local(), "x");
        REQUIRE(net.world.run_until_idle(1s));
        const auto arrived = std::pair(net.a.log.size(), net.b.log.size());
        net.a.log.clear(), net.b.log.clear();
        return arrived;
    };
    const auto none = std::pair<std::size_t, std::size_t>(0, 0),
               all = std::pair<std::size_t, std::size_t>(1, 1);
    net.world.partition(net.host_a, net.host_b);
    CHECK(both() == none);
    net.world.partition(net.host_a, net.host_b, false);
    CHECK(both() == all);
    net.host_b.set_address(net.b.socket->local().address, false);
    CHECK(net.host_b.interfaces().empty());
    CHECK(both() == none);
    CHECK(net.b.socket->stats().send_dropped == 1);
    CHECK_FALSE(net.host_b.open_udp({net.b.socket->local().address, 0}, net.b));
    net.host_b.set_address(net.b.socket->local().address, true);
    CHECK(both() == all);
    net.a.send(net.b.socket->local(), "in flight");
    net.host_b.set_address(net.b.socket->local().address, false);
    CHECK(both() == none);
}

TEST_CASE("the tap drops, changes, delays and multiplies single datagrams") {
    pair_of_hosts net;
    net.world.on_datagram([](sim::transit& seen) {
        switch (seen.number) {
        case 1:
            seen.copies = 0;
            break;
        case 2:
            seen.data.at(0) = std::byte{'C'};
            break;
        case 3:
            seen.extra_delay = 1s;
            break;
        case 4:
            seen.copies = 2;
            break;
        default:
            break;
        }
    });
    for (auto text : {"a", "b", "c", "d", "e", "f"}) net.a.send(net.b.socket->local(), text);
    REQUIRE(net.world.run_until_idle(5s));
    CHECK(net.b.texts() == "aCeefd");
    CHECK(net.world.stats().count(sim::fate::refused) == 1);
}

TEST_CASE("ports are given out in order, and errors are a kernel's") {
    pair_of_hosts net;
    CHECK(net.a.socket->local().port == 49152);
    auto other = net.host_a.open_udp({boost::asio::ip::make_address("10.0.0.1"), 0}, net.a);
    CHECK(other.value()->local().port == 49153);
    auto taken = net.host_a.open_udp(net.a.socket->local(), net.a);
    CHECK(taken.error() == boost::system::errc::address_in_use);
    auto foreign = net.host_a.open_udp({boost::asio::ip::make_address("10.0.0.2"), 0}, net.a);
    CHECK(foreign.error() == boost::system::errc::address_not_available);
}

TEST_CASE("a socket on the unspecified address serves every address, loopback stays inside a host") {
    boost::asio::io_context io;
    sim::world world(io);
    auto& first = world.host("first", {"127.0.0.1", "10.0.0.1", "2001:db8::1"});
    auto& second = world.host("second", {"127.0.0.1", "10.0.0.2"});
    peer any(first, endpoint{boost::asio::ip::make_address("0.0.0.0"), 3478}), b(second, "10.0.0.2");
    peer own(first, "127.0.0.1"), foreign(second, "127.0.0.1");
    b.send({boost::asio::ip::make_address("10.0.0.1"), 3478}, "x");
    own.send({boost::asio::ip::make_address("127.0.0.1"), 3478}, "y");
    foreign.send({boost::asio::ip::make_address("127.0.0.1"), 3478}, "z");
    REQUIRE(world.run_until_idle(1s));
    CHECK(any.texts() == "yx"); // inside a host it takes 10 us
    any.send(b.socket->local(), "back");
    REQUIRE(world.run_until_idle(1s));
    CHECK(b.log.at(0).source == endpoint{boost::asio::ip::make_address("10.0.0.1"), 3478});
    CHECK(first.interfaces().at(0).kind == net::interface_kind::loopback);
    CHECK(first.interfaces().at(2).name == "eth1");
}

TEST_CASE("a handler may destroy its socket and others, and what waited for them is dropped") {
    struct breaker final : net::datagram_handler {
        std::vector<std::unique_ptr<net::udp_socket>> sockets;
        std::size_t calls = 0;
        void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
            ++calls;
            sockets.clear();
            CHECK(as_text(batch[0].data) == "x"); // still the ring's until we return
        }
    } handler;
    pair_of_hosts net;
    for (int i = 0; i < 3; ++i)
        handler.sockets.push_back(net.host_b.open_udp({net.b.socket->local().address, 0}, handler).value());
    for (const auto& socket : handler.sockets) net.a.send(socket->local(), "x");
    REQUIRE(net.world.run_until_idle(1s));
    CHECK(handler.calls == 1);
    CHECK(net.world.stats().count(sim::fate::port_closed) == 2);
    CHECK(net.world.open_sockets() == 2);
}

TEST_CASE("the same seed gives the same trace, another seed another") {
    const auto run = [](std::uint64_t seed) {
        pair_of_hosts net(seed,
                          {.delay = 5ms, .jitter = 3ms, .loss = 0.1, .reordering = 0.1, .duplication = 0.1});
        auto timer_a = net.host_a.make_timer([] {});
        std::unique_ptr<net::timer> ticking;
        int left = 200;
        ticking = net.host_a.make_timer([&] {
            net.a.send(net.b.socket->local(), std::string(net.host_a.random().u16() % 1000, 'x'));
            if (--left > 0) ticking->arm(net.host_a.now() + duration(net.host_a.random().u16()));
        });
        ticking->arm(net.host_a.now());
        REQUIRE(net.world.run_until_idle(1min));
        CHECK(net.world.stats().sent == 200);
        return net.world.trace();
    };
    CHECK(run(1) == run(1));
    CHECK(run(1) != run(2));
}

TEST_CASE("each host has random numbers of its own, the same in every run") {
    boost::asio::io_context io;
    sim::world one(io, 1), again(io, 1), other(io, 2);
    const auto first = one.host("a", {"10.0.0.1"}).random().u64();
    CHECK(first == again.host("a", {"10.0.0.1"}).random().u64());
    CHECK(first != one.host("b", {"10.0.0.2"}).random().u64());
    CHECK(first != other.host("a", {"10.0.0.1"}).random().u64());
}

TEST_CASE("thousands of sockets in one world") {
    boost::asio::io_context io;
    sim::world world(io);
    auto& server = world.host("server", {"10.0.0.1"});
    auto& clients = world.host("clients", {"10.0.0.2"});
    peer hub(server, "10.0.0.1");
    std::vector<std::unique_ptr<peer>> many;
    for (int i = 0; i < 3000; ++i) many.push_back(std::make_unique<peer>(clients, "10.0.0.2"));
    for (int round = 0; round < 5; ++round)
        for (auto& one : many) one->send(hub.socket->local(), "ping");
    REQUIRE(world.run_until_idle(1s));
    CHECK(hub.log.size() == 15000);
    CHECK(hub.batches == 1);
    std::set<endpoint> sources;
    for (const auto& one : hub.log) sources.insert(one.source);
    CHECK(sources.size() == 3000);
}
