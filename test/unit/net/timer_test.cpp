#include "cortc/net/asio_network.hpp"

#include "test/support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

using namespace cortc;
using namespace std::chrono_literals;

namespace {

struct fixture {
    boost::asio::io_context io;
    net::asio_network over{io.get_executor()};

    void run() {
        io.restart();
        io.run_for(10s); // a guard
        CHECK(io.stopped());
    }
};

} // namespace

TEST_CASE("a timer runs once, at or after its deadline, and never inside arm") {
    fixture f;
    int ran = 0;
    const auto deadline = f.over.now() + 2ms;
    auto timer = f.over.make_timer([&] {
        ++ran;
        CHECK(f.over.now() >= deadline);
    });
    timer->arm(deadline);
    f.run();
    CHECK(ran == 1);
    const auto past = f.over.make_timer([&] { ++ran; });
    past->arm(f.over.now() - 1h);
    CHECK(ran == 1);
    f.run();
    CHECK(ran == 2);
}

TEST_CASE("a timer's deadline may move either way") {
    fixture f;
    std::string order;
    auto a = f.over.make_timer([&] { order += 'a'; });
    auto b = f.over.make_timer([&] { order += 'b'; });
    auto c = f.over.make_timer([&] { order += 'c'; });
    const auto now = f.over.now();
    a->arm(now + 1h);
    a->arm(now + 20ms); // earlier
    b->arm(now + 10ms);
    b->arm(now + 40ms); // later: the first wait is kept
    c->arm(now);
    c->arm(now + 30ms);
    f.run();
    CHECK(order == "acb");
}

TEST_CASE("cancelling, never and destroying leave no work and call nothing") {
    fixture f;
    int ran = 0;
    auto timer = f.over.make_timer([&] { ++ran; });
    timer->arm(f.over.now() + 1h);
    timer->cancel();
    f.run();
    timer->arm(f.over.now() + 1h);
    timer->arm(never);
    f.run();
    timer->arm(f.over.now() + 1h);
    timer.reset();
    f.run();
    CHECK(ran == 0);
}

TEST_CASE("a timer that is due is cancelled, moved or destroyed by what runs before it") {
    fixture f;
    std::string order;
    std::unique_ptr<net::timer> first, cancelled, moved, destroyed;
    first = f.over.make_timer([&] {
        order += 'f';
        cancelled->cancel();
        destroyed.reset();
        moved->arm(f.over.now() + 1ms);
        first.reset(); // and itself
    });
    cancelled = f.over.make_timer([&] { order += 'c'; });
    destroyed = f.over.make_timer([&] { order += 'd'; });
    moved = f.over.make_timer([&] { order += 'm'; });
    const auto due = f.over.now();
    first->arm(due - 1s); // the heap's first, so the others wait behind it
    for (auto* timer : {cancelled.get(), destroyed.get(), moved.get()}) timer->arm(due);
    f.run();
    CHECK(order == "fm");
}

TEST_CASE("timers and sockets of a strand") {
    struct counter final : net::datagram_handler {
        std::size_t count = 0;
        void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
            count += batch.size();
        }
    } handler;
    boost::asio::io_context io;
    net::asio_network over(boost::asio::make_strand(io));
    auto socket = over.open_udp({boost::asio::ip::make_address("127.0.0.1"), 0}, handler).value();
    auto timer = over.make_timer([&] {
        const net::outgoing self{as_bytes("x"), socket->local()};
        socket->send({&self, 1});
    });
    timer->arm(over.now() + 1ms);
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (handler.count == 0 && std::chrono::steady_clock::now() < end) io.run_one_for(100ms);
    CHECK(handler.count == 1);
}

TEST_CASE("the calendar is the system's") {
    fixture f;
    const auto difference = std::chrono::system_clock::now() - f.over.calendar();
    CHECK(difference >= 0s);
    CHECK(difference < 5s);
    // It has milliseconds.
    bool fraction = false;
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!fraction && std::chrono::steady_clock::now() < end)
        fraction = f.over.calendar().time_since_epoch() % 1s != 0ms;
    CHECK(fraction);
}
