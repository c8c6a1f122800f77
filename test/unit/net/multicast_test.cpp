#include "cortc/net/asio_network.hpp"
#include "test/support/catch.hpp"

#include <boost/asio/io_context.hpp>

#include <string>
#include <vector>

using namespace cortc;
using namespace std::chrono_literals;

namespace {

/// A member of a group on loopback that keeps what arrives.
struct member final : net::datagram_handler {
    member(net::network& over, const endpoint& at, const net::interface_address& on)
        : group(at), socket(over.open_multicast(at, on, *this).value()) {}
    void handle_batch(net::udp_socket& from, std::span<const net::datagram> batch) override {
        CHECK(&from == socket.get());
        for (const auto& one : batch) {
            texts.emplace_back(as_text(one.data));
            ports.push_back(one.source.port);
        }
    }
    void send(std::string_view text) {
        const net::outgoing one{as_bytes(text), group};
        socket->send({&one, 1});
    }
    endpoint group;
    std::unique_ptr<net::udp_socket> socket;
    std::vector<std::string> texts;
    std::vector<std::uint16_t> ports;
};

template <class Done>
bool run(boost::asio::io_context& io, Done done) {
    const auto end = std::chrono::steady_clock::now() + 10s; // a guard
    while (!done() && std::chrono::steady_clock::now() < end) {
        if (io.stopped()) io.restart();
        io.run_one_for(100ms);
    }
    return done();
}

net::interface_address loopback(std::string_view address) {
    return {"lo", boost::asio::ip::make_address(address), net::interface_kind::loopback};
}

} // namespace

TEST_CASE("multicast: all members of a group on an interface hear each other, and nobody else") {
    boost::asio::io_context io;
    net::asio_network one(io.get_executor()), other(io.get_executor());
    const auto v6 = GENERATE(false, true);
    const auto on = loopback(v6 ? "::1" : "127.0.0.1");
    // A group of this test's own, mDNS's own may have neighbours that talk.
    member probe(one, {boost::asio::ip::make_address(v6 ? "ff02::c0:57c" : "224.0.0.199"), 5353}, on);
    member a(one, probe.group, on), b(other, probe.group, on);
    auto away = probe.group;
    away.address = boost::asio::ip::make_address(v6 ? "ff02::c0:57d" : "224.0.0.198");
    member stranger(one, away, on);
    a.send("x");
    REQUIRE(run(io, [&] { return !a.texts.empty() && !b.texts.empty() && !probe.texts.empty(); }));
    for (const auto* each : {&a, &b, &probe}) {
        CHECK(each->texts == std::vector<std::string>{"x"});
        CHECK(each->ports == std::vector<std::uint16_t>{5353});
        CHECK(each->socket->local() == probe.group);
    }
    stranger.send("y");
    REQUIRE(run(io, [&] { return !stranger.texts.empty(); }));
    b.socket.reset();
    a.send("z");
    REQUIRE(run(io, [&] { return a.texts.size() == 2; }));
    CHECK(b.texts.size() == 1);
}

TEST_CASE("multicast: an interface that is not there, or no group, is an error") {
    boost::asio::io_context io;
    net::asio_network network(io.get_executor());
    struct deaf final : net::datagram_handler {
        void handle_batch(net::udp_socket&, std::span<const net::datagram>) override {}
    } handler;
    auto on = loopback("127.0.0.1");
    on.name = "nowhere9";
    const endpoint group{boost::asio::ip::make_address("224.0.0.199"), 5353};
    CHECK(network.open_multicast(group, on, handler).has_error());
    on.name = "lo";
    const endpoint single{boost::asio::ip::make_address("127.0.0.1"), 5353};
    CHECK(network.open_multicast(single, on, handler).has_error());
    CHECK(network.open_multicast(group, on, handler).has_value());
}
