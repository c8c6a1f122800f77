#include "cortc/sim/world.hpp"

#include "test/support/catch.hpp"

using namespace cortc;
using namespace std::chrono_literals;

namespace {

struct silent final : net::datagram_handler {
    void handle_batch(net::udp_socket&, std::span<const net::datagram>) override {}
};

} // namespace

TEST_CASE("timers run in the order of their deadlines, equal ones in the order they were armed") {
    boost::asio::io_context io;
    sim::world world(io);
    auto& host = world.host("a", {"10.0.0.1"});
    std::string order;
    std::vector<std::unique_ptr<net::timer>> timers;
    const auto start = host.now();
    const auto at = [&](char name, duration after) {
        timers.push_back(host.make_timer([&order, name] { order += name; }));
        timers.back()->arm(start + after);
    };
    at('c', 20ms);
    at('a', 10ms);
    at('b', 10ms);
    at('p', -5s); // already past
    CHECK(order.empty());
    CHECK(world.armed_timers() == 4);
    world.run_for(15ms);
    CHECK(order == "pab");
    CHECK(host.now() == start + 15ms);
    REQUIRE(world.run_until_idle(1min));
    CHECK(order == "pabc");
    CHECK(host.now() == start + 20ms); // idle: the clock stands
    CHECK(world.armed_timers() == 0);
}

TEST_CASE("arming again replaces the deadline, whichever way it moves") {
    boost::asio::io_context io;
    sim::world world(io);
    auto& host = world.host("a", {"10.0.0.1"});
    std::vector<duration> ran;
    const auto start = host.now();
    auto timer = host.make_timer([&] { ran.push_back(host.now() - start); });
    timer->arm(start + 10ms);
    timer->arm(start + 30ms); // later
    timer->arm(start + 20ms); // earlier, but later than what is scheduled
    timer->arm(start + 5ms);  // earlier
    REQUIRE(world.run_until_idle(1s));
    CHECK(ran == std::vector<duration>{5ms});
    timer->arm(start + 50ms);
    timer->cancel();
    CHECK(world.run_until_idle(0s));
    timer->arm(start + 40ms);
    timer->arm(never);
    CHECK(world.run_until_idle(0s));
    timer->arm(start + 60ms);
    REQUIRE(world.run_until_idle(1s));
    CHECK(ran == std::vector<duration>{5ms, 60ms});
}

TEST_CASE("a timer that is due is still cancelled, replaced or destroyed by what runs before it") {
    boost::asio::io_context io;
    sim::world world(io);
    auto& host = world.host("a", {"10.0.0.1"});
    std::string order;
    std::unique_ptr<net::timer> first, cancelled, moved, destroyed;
    const auto due = host.now() + 1ms;
    first = host.make_timer([&] {
        order += 'f';
        cancelled->cancel();
        moved->arm(due + 1ms);
        destroyed.reset();
        first.reset(); // and itself
    });
    cancelled = host.make_timer([&] { order += 'c'; });
    moved = host.make_timer([&] {
        CHECK(host.now() == due + 1ms);
        order += 'm';
    });
    destroyed = host.make_timer([&] { order += 'd'; });
    for (auto* timer : {first.get(), cancelled.get(), moved.get(), destroyed.get()}) timer->arm(due);
    REQUIRE(world.run_until_idle(1s));
    CHECK(order == "fm");
}

TEST_CASE("the calendar follows virtual time") {
    boost::asio::io_context io;
    sim::world world(io);
    auto& host = world.host("a", {"10.0.0.1"});
    const auto before = host.calendar();
    CHECK(before >= std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));
    world.run_for(24h);
    CHECK(host.calendar() - before == 24h);
    world.run_for(1ms);
    CHECK(host.calendar() - before == 24h + 1ms);
}

TEST_CASE("run_until asks when the io_context is idle, and stops at once") {
    boost::asio::io_context io;
    sim::world world(io);
    auto& host = world.host("a", {"10.0.0.1"});
    const auto start = host.now();
    int ticks = 0;
    std::unique_ptr<net::timer> timer;
    timer = host.make_timer([&] {
        ++ticks;
        timer->arm(host.now() + 10ms);
    });
    timer->arm(start + 10ms);
    CHECK(world.run_until([&] { return ticks == 3; }, 1h));
    CHECK(host.now() == start + 30ms);
    CHECK_FALSE(world.run_until([&] { return false; }, 1h));
    CHECK(host.now() == start + 30ms + 1h);
    CHECK(ticks == 3 + 360000);
    CHECK_FALSE(world.run_until_idle(1s));
}

TEST_CASE("an exception of a handler leaves run_for, and the world goes on") {
    boost::asio::io_context io;
    sim::world world(io);
    auto& host = world.host("a", {"10.0.0.1"});
    auto thrower = host.make_timer([] { throw std::runtime_error("seen"); });
    bool ran = false;
    auto later = host.make_timer([&] { ran = true; });
    thrower->arm(host.now() + 1ms);
    later->arm(host.now() + 2ms);
    CHECK_THROWS_AS(world.run_for(1s), std::runtime_error);
    world.run_for(1s);
    CHECK(ran);
}

TEST_CASE("run_dry tells whether anything remains") {
    boost::asio::io_context io;
    sim::world world(io);
    auto& host = world.host("a", {"10.0.0.1"});
    silent handler;
    CHECK(world.run_dry());

    auto socket = host.open_udp({boost::asio::ip::make_address("10.0.0.1"), 0}, handler).value();
    CHECK_FALSE(world.run_dry());
    socket.reset();
    CHECK(world.run_dry());

    auto timer = host.make_timer([] {});
    CHECK(world.run_dry());
    timer->arm(host.now() + 1s);
    CHECK_FALSE(world.run_dry());
    CHECK(world.run_dry(1s)); // it ran meanwhile

    auto work = boost::asio::make_work_guard(io); // a task that never ends
    CHECK_FALSE(world.run_dry(1h));
    work.reset();
    CHECK(world.run_dry());

    bool ran = false; // and the world can be used again
    timer = host.make_timer([&] { ran = true; });
    timer->arm(host.now() + 1s);
    world.run_for(1s);
    CHECK(ran);
}

TEST_CASE("sockets, timers and posted work may outlive the world") {
    boost::asio::io_context io;
    silent handler;
    std::unique_ptr<net::udp_socket> socket;
    std::unique_ptr<net::timer> timer;
    bool ran = false;
    {
        sim::world world(io);
        auto& host = world.host("a", {"10.0.0.1"});
        socket = host.open_udp({boost::asio::ip::make_address("10.0.0.1"), 0}, handler).value();
        timer = host.make_timer([&] { ran = true; });
        auto stopper = host.make_timer([] { throw std::runtime_error("stop"); });
        stopper->arm(host.now());
        timer->arm(host.now());
        CHECK_THROWS(world.run_for(0s)); // leaves the expiry of `timer` posted
    }
    const net::outgoing one{as_bytes("x"), socket->local()};
    socket->send({&one, 1});
    timer->arm(time_point{} + 5s);
    io.restart();
    io.run();
    CHECK_FALSE(ran);
}
