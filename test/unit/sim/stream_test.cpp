#include "cortc/sim/world.hpp"
#include "test/support/stream_peer.hpp"

#include <boost/asio/error.hpp>

using namespace cortc;
using namespace cortc::test;
using namespace std::chrono_literals;

namespace {

/// A client on host a and a server on host b.
struct two_ends {
    explicit two_ends(const sim::link_options& options = {}, std::uint64_t seed = 1)
        : world(io, seed)
        , a(world.host("a", {"10.0.0.1", "2001:db8::1"}))
        , b(world.host("b", {"10.0.0.2", "2001:db8::2"}))
        , server(b, "10.0.0.2", 80) {
        world.set_default_link(options);
    }
    /// Both ends are there.
    void open() {
        connect(client, a, "10.0.0.1", server.where());
        REQUIRE(world.run_until([&] { return client.connected() && !server.peers.empty(); }, 10s));
    }

    boost::asio::io_context io;
    sim::world world;
    sim::host& a;
    sim::host& b;
    stream_server server;
    stream_peer client;
};

} // namespace

TEST_CASE("a simulated stream connects, carries bytes both ways in order, and ends after its data") {
    two_ends net(sim::link_options{.delay = 50ms});
    const auto start = net.world.now();
    connect(net.client, net.a, "10.0.0.1", {boost::asio::ip::make_address("10.0.0.2"), 80});
    CHECK(net.client.heard.empty());
    CHECK_FALSE(net.client.send("too early"));
    CHECK(net.client.stream->stats().send_refused == 1);
    REQUIRE(net.world.run_until([&] { return net.client.connected(); }, 10s));
    CHECK(net.world.now() == start + 100ms); // a round trip
    CHECK(net.client.send("hello "));
    const std::array<byte_view, 3> parts{as_bytes("in"), as_bytes(""), as_bytes(" parts")};
    CHECK(net.client.stream->send(parts));
    REQUIRE(net.world.run_until(
        [&] { return !net.server.peers.empty() && net.server.first().text.size() == 14; }, 10s));
    CHECK(net.world.now() == start + 150ms);
    auto& accepted = net.server.first();
    CHECK(accepted.text == "hello in parts");
    CHECK(accepted.stream->local() == net.server.where());
    CHECK(accepted.stream->remote() == net.client.stream->local());
    CHECK(net.server.sources.front() == net.client.stream->local());
    CHECK(accepted.stream->stats().bytes_received == 14);
    CHECK(net.client.stream->stats().bytes_sent == 14);
    CHECK(accepted.send("last words"));
    accepted.stream.reset();
    REQUIRE(net.world.run_until([&] { return net.client.ended(); }, 10s));
    CHECK(net.client.text == "last words");
    CHECK(net.client.error == boost::asio::error::eof);
    CHECK_FALSE(net.client.send("nobody"));
    CHECK(net.client.heard == "cwde");
    net.client.stream.reset();
    net.server.at.reset();
    CHECK(net.world.run_dry());
}

TEST_CASE("much data passes a simulated stream whole, over loss, jitter, reordering and little bandwidth") {
    sim::link_options link{.delay = 10ms};
    SECTION("a clean link") {}
    SECTION("loss") { link.loss = 0.05; }
    SECTION("bursts") { link.burst_start = 0.01; }
    SECTION("jitter and reordering") {
        link.jitter = 20ms;
        link.reordering = 0.1;
    }
    SECTION("little bandwidth, a short queue") {
        link.bandwidth = 2'000'000;
        link.queue_limit = 20'000;
    }
    two_ends net(link, 7);
    net.open();
    auto& accepted = net.server.first();
    const auto text = numbered_text(400'000);
    std::size_t sent = 0, back = 0;
    const auto push = [](stream_peer& from, std::string_view all, std::size_t& at) {
        while (at < all.size() && from.send(all.substr(at, 7777))) at = std::min(all.size(), at + 7777);
    };
    net.client.on = [&](char what) { what == 'w' ? push(net.client, text, sent) : void(); };
    accepted.on = [&](char what) { what == 'w' ? push(accepted, text, back) : void(); };
    push(net.client, text, sent);
    push(accepted, text, back);
    CHECK(sent < text.size()); // it was held up
    CHECK(net.client.stream->waiting() <= net::stream::send_limit);
    REQUIRE(net.world.run_until(
        [&] { return accepted.text.size() == text.size() && net.client.text.size() == text.size(); }, 10min));
    CHECK(accepted.text == text);
    CHECK(net.client.text == text);
    CHECK(net.client.stream->waiting() == 0);
}

TEST_CASE("a held stream receives nothing, and its sender is slowed down") {
    two_ends net;
    net.open();
    auto& accepted = net.server.first();
    accepted.stream->hold(true);
    const auto text = numbered_text(1 << 20);
    std::size_t at = 0;
    while (net.client.send(std::string_view(text).substr(at, 1000))) at += 1000;
    CHECK(at < text.size());
    net.world.run_for(10min); // far longer than tcp_timeout: the peer answers, it only has no room
    CHECK(accepted.text.empty());
    CHECK_FALSE(net.client.ended());
    CHECK_FALSE(net.client.send(std::string_view(text).substr(0, net::stream::send_limit)));
    accepted.stream->hold(false);
    REQUIRE(net.world.run_until([&] { return accepted.text.size() == at; }, 1min));
    CHECK(accepted.text == text.substr(0, at));
    CHECK(net.client.heard == "cw");
}

TEST_CASE("all of a send or nothing is taken") {
    two_ends net;
    net.open();
    const std::string big(net::stream::send_limit, 'x');
    CHECK(net.client.send(big));
    CHECK(net.client.stream->waiting() + sim::tcp_send_buffer == big.size());
    const auto before = net.client.stream->waiting();
    const std::string more(sim::tcp_send_buffer + 1, 'y');
    const std::array<byte_view, 2> parts{as_bytes("a"), as_bytes(more)};
    CHECK_FALSE(net.client.stream->send(parts));
    CHECK(net.client.stream->waiting() == before);
    REQUIRE(net.world.run_until([&] { return net.server.first().text.size() == big.size(); }, 10s));
    CHECK(net.server.first().text == big);
}

TEST_CASE("nobody listens, or nobody answers") {
    two_ends net(sim::link_options{.delay = 10ms});
    const auto to = boost::asio::ip::make_address("10.0.0.2");
    SECTION("a port without a listener refuses") {
        connect(net.client, net.a, "0.0.0.0", {to, 81});
        REQUIRE(net.world.run_until([&] { return net.client.ended(); }, 1s));
        CHECK(net.client.error == boost::asio::error::connection_refused);
    }
    SECTION("an address that nobody has is silent") {
        connect(net.client, net.a, "10.0.0.1", {boost::asio::ip::make_address("10.9.9.9"), 80});
        REQUIRE(net.world.run_until([&] { return net.client.ended(); }, 10min));
        CHECK(net.client.error == boost::asio::error::timed_out);
        CHECK(net.world.now().time_since_epoch() > sim::tcp_timeout);
    }
    SECTION("a firewall against TCP is silent, and lets UDP pass") {
        net.world.set_default_link({.tcp = false});
        connect(net.client, net.a, "10.0.0.1", {to, 80});
        REQUIRE(net.world.run_until([&] { return net.client.ended(); }, 10min));
        CHECK(net.client.error == boost::asio::error::timed_out);
        CHECK(net.server.sources.empty());
    }
    SECTION("a first segment that is lost is sent again") {
        net.world.partition(net.a, net.b);
        connect(net.client, net.a, "10.0.0.1", {to, 80});
        net.world.run_for(3s);
        net.world.partition(net.a, net.b, false);
        REQUIRE(net.world.run_until([&] { return net.client.connected(); }, 20s));
    }
    SECTION("a listener that goes while somebody comes") {
        connect(net.client, net.a, "10.0.0.1", {to, 80});
        net.world.run_for(15ms);
        net.server.at.reset();
        REQUIRE(net.world.run_until([&] { return net.client.ended(); }, 1s));
    }
    SECTION("a connection that the server lets go") {
        net.server.refuse = true;
        connect(net.client, net.a, "10.0.0.1", {to, 80});
        REQUIRE(net.world.run_until([&] { return net.client.ended(); }, 1s));
        CHECK(net.client.error == boost::asio::error::eof);
        CHECK(net.server.sources.size() == 1);
    }
    net.client.stream.reset();
    net.server.at.reset();
    CHECK(net.world.open_sockets() == 0);
    CHECK(net.world.run_dry());
}

TEST_CASE("what cannot be connected or listened at is an error at once") {
    two_ends net;
    stream_peer peer;
    const auto v4 = boost::asio::ip::make_address("10.0.0.1"),
               v6 = boost::asio::ip::make_address("2001:db8::2");
    using boost::system::errc::errc_t;
    CHECK(net.a.connect({v4, 0}, {v6, 80}, peer).error() == errc_t::address_family_not_supported);
    CHECK(net.a.connect({boost::asio::ip::make_address("10.0.0.9"), 0}, net.server.where(), peer).error() ==
          errc_t::address_not_available);
    CHECK(net.b.listen(net.server.where(), net.server).error() == errc_t::address_in_use);
    CHECK(net.b.listen({v4, 80}, net.server).error() == errc_t::address_not_available);
    stream_server six(net.b, "::", 443);
    connect(peer, net.a, "::", {v6, 443});
    REQUIRE(net.world.run_until([&] { return peer.connected(); }, 1s));
    CHECK(peer.stream->local().address == boost::asio::ip::make_address("2001:db8::1"));
}

TEST_CASE("a partition leaves a connection half open, and healing it brings what was sent") {
    two_ends net;
    net.open();
    auto& accepted = net.server.first();
    net.world.partition(net.a, net.b);
    SECTION("who only listens does not notice") {
        net.world.run_for(1h);
        CHECK_FALSE(net.client.ended());
        CHECK_FALSE(accepted.ended());
    }
    SECTION("who sends ends with TCP's own time-out") {
        CHECK(net.client.send("hello?"));
        const auto start = net.world.now();
        REQUIRE(net.world.run_until([&] { return net.client.ended(); }, 10min));
        CHECK(net.client.error == boost::asio::error::timed_out);
        CHECK(net.world.now() - start >= sim::tcp_timeout);
        CHECK_FALSE(accepted.ended());
        net.world.partition(net.a, net.b, false); // and its peer learns it when it speaks
        CHECK(accepted.send("still there?"));
        REQUIRE(net.world.run_until([&] { return accepted.ended(); }, 1s));
        CHECK(accepted.error == boost::asio::error::connection_reset);
    }
    SECTION("healed in time, everything arrives") {
        CHECK(net.client.send("one "));
        net.world.run_for(30s);
        CHECK(net.client.send("two"));
        net.world.partition(net.a, net.b, false);
        REQUIRE(net.world.run_until([&] { return accepted.text == "one two"; }, 20s));
    }
    SECTION("a stream that goes meanwhile leaves the world nothing to wait for") {
        CHECK(net.client.send("last words"));
        net.client.stream.reset();
        accepted.stream.reset();
        net.server.at.reset();
        CHECK(net.world.run_dry());
        net.world.run_for(10min);
    }
}

TEST_CASE("what is not read when a stream goes resets the peer") {
    two_ends net;
    net.open();
    auto& accepted = net.server.first();
    accepted.stream->hold(true);
    CHECK(net.client.send("unread"));
    net.world.run_for(1s);
    accepted.stream.reset();
    REQUIRE(net.world.run_until([&] { return net.client.ended(); }, 1s));
    CHECK(net.client.error == boost::asio::error::connection_reset);
}

TEST_CASE("a simulated stream may go in every call of its handler") {
    for (char when : {'c', 'd', 'w', 'e'}) {
        CAPTURE(when);
        two_ends net;
        net.client.on = [&](char what) {
            if (what == when) net.client.stream.reset();
        };
        connect(net.client, net.a, "10.0.0.1", net.server.where());
        net.world.run_for(100ms);
        auto& accepted = net.server.first();
        if (when != 'c') {
            const std::string big(net::stream::send_limit, 'x');
            CHECK(net.client.send(big));
            CHECK_FALSE(net.client.send(big));
            net.world.run_for(1s);
        }
        accepted.send("and back");
        net.world.run_for(100ms);
        accepted.stream.reset();
        net.world.run_for(1s);
        CHECK_FALSE(net.client.stream);
        CHECK(net.client.heard.back() == when);
    }
}

TEST_CASE("an exception of a stream's handler leaves run_for, and the stream goes on") {
    two_ends net;
    net.open();
    auto& accepted = net.server.first();
    accepted.on = [](char) { throw std::runtime_error("seen"); };
    CHECK(net.client.send("one"));
    CHECK_THROWS_AS(net.world.run_for(1s), std::runtime_error);
    accepted.on = nullptr;
    CHECK(net.client.send(" two"));
    net.client.stream.reset();
    net.world.run_for(1s);
    CHECK(accepted.text == "one two");
    CHECK(accepted.error == boost::asio::error::eof);
}

TEST_CASE("a tap sees every segment, and can lose it") {
    two_ends net;
    std::string log;
    bool lose = true;
    net.world.on_stream([&](sim::stream_transit& seen) {
        const bool from_client = seen.destination == net.server.where();
        if (seen.opens) log += from_client ? "S" : "s";
        if (!seen.data.empty()) log += std::string(as_text(seen.data));
        if (seen.ends) log += from_client ? "F" : "f";
        if (!seen.data.empty()) seen.drop = std::exchange(lose, false);
    });
    net.open();
    CHECK(net.client.send("x"));
    net.world.run_for(1s);
    net.client.stream.reset();
    net.world.run_for(1s);
    CHECK(log == "SsxxF");
    CHECK(net.server.first().text == "x");
    CHECK(net.world.stats().segments > 6);
    CHECK(net.world.stats().sent == 0); // datagrams
}

TEST_CASE("streams may outlive their world") {
    boost::asio::io_context io;
    stream_peer peer;
    {
        sim::world world(io);
        auto& a = world.host("a", {"10.0.0.1"});
        auto& b = world.host("b", {"10.0.0.2"});
        stream_server server(b, "10.0.0.2");
        connect(peer, a, "10.0.0.1", server.where());
        world.run_for(1s);
        CHECK(peer.send("on its way"));
        server.first().stream.reset();
    }
    CHECK_FALSE(peer.send("nowhere"));
    peer.stream->hold(false);
    io.restart();
    io.run();
    CHECK(peer.heard == "c");
    peer.stream.reset();
}
