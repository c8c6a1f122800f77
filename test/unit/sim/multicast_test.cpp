#include "cortc/sim/world.hpp"

#include "test/support/catch.hpp"

#include <string>

using namespace cortc;
using namespace std::chrono_literals;

namespace {

const endpoint group{boost::asio::ip::make_address("224.0.0.251"), 5353};

/// A member of the group that keeps what arrives.
struct member final : net::datagram_handler {
    explicit member(sim::host& on) : socket(on.open_multicast(group, on.interfaces().at(0), *this).value()) {}
    void handle_batch(net::udp_socket& from, std::span<const net::datagram> batch) override {
        CHECK(&from == socket.get());
        for (const auto& one : batch) {
            texts += as_text(one.data);
            sources.push_back(one.source);
        }
    }
    void send(std::string_view text) {
        const net::outgoing one{as_bytes(text), group};
        socket->send({&one, 1});
    }
    std::unique_ptr<net::udp_socket> socket;
    std::string texts;
    std::vector<endpoint> sources;
};

} // namespace

TEST_CASE("sim: what is sent to a group comes to all its members, the sender included") {
    boost::asio::io_context io;
    sim::world world(io);
    auto& of_c = world.host("c", {"10.0.0.3"});
    member a(world.host("a", {"10.0.0.1"})), b(world.host("b", {"10.0.0.2"})), beside(world.host("b"));
    std::size_t seen = 0;
    world.on_datagram([&](sim::transit& what) { seen += what.destination == group; });
    a.send("x");
    CHECK(world.run_until_idle(1s));
    for (auto* each : {&a, &b, &beside}) {
        CHECK(each->texts == "x");
        CHECK(each->sources == std::vector<endpoint>{{boost::asio::ip::make_address("10.0.0.1"), 5353}});
    }
    CHECK(seen == 1);
    CHECK(a.socket->local() == group);
    // Nobody else hears it, and who has left hears nothing more.
    {
        member gone(of_c);
        b.send("y");
    }
    CHECK(world.run_until_idle(1s));
    CHECK(a.texts == "xy");
    world.partition(world.host("a"), world.host("b"));
    b.send("z");
    CHECK(world.run_until_idle(1s));
    CHECK(a.texts == "xy");
    CHECK(beside.texts == "xyz");
    CHECK(world.stats().count(sim::fate::link_down) == 1);
    CHECK(world.stats().count(sim::fate::port_closed) == 1);
    CHECK(world.open_sockets() == 3);
}

TEST_CASE("sim: a group is joined on an address of the host") {
    boost::asio::io_context io;
    sim::world world(io);
    auto& host = world.host("a", {"10.0.0.1"});
    member a(host);
    auto other = host.interfaces().at(0);
    other.address = boost::asio::ip::make_address("10.0.0.9");
    CHECK(host.open_multicast(group, other, a).has_error());
    other.address = boost::asio::ip::make_address("fd00::1");
    CHECK(host.open_multicast(group, other, a).has_error());
    CHECK(host.open_multicast({boost::asio::ip::make_address("10.0.0.1"), 1}, host.interfaces().at(0), a)
              .has_error());
    host.set_address(boost::asio::ip::make_address("10.0.0.1"), false);
    a.send("x");
    CHECK(a.socket->stats().send_dropped == 1);
}
