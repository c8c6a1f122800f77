#include "cortc/context/context_core.hpp"
#include "test/support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

using namespace cortc;
using asio::ip::udp;

TEST_CASE("pieces of work take turns with what else is ready") {
    asio::io_context io(1);
    auto core = std::make_shared<context_core>(io.get_executor(), nullptr, context_options{});
    std::string order;
    auto piece = [&](char name) { core->take_turns([&order, name] { order += name; }); };

    piece('a');
    CHECK(order == "a"); // at once: no other ran in this turn
    piece('b');
    piece('c');
    asio::post(io, [&] { order += '1'; });
    asio::post(io, [&] { order += '2'; });
    CHECK(order == "a");
    io.run();
    CHECK(order == "ab12c");

    order.clear();
    piece('d'); // the turn is over
    CHECK(order == "d");
    io.restart();
    io.run();
    CHECK(order == "d");
}

TEST_CASE("a datagram does not wait for a crowd of pieces") {
    asio::io_context io(1);
    auto core = std::make_shared<context_core>(io.get_executor(), nullptr, context_options{});
    const udp::endpoint anywhere(asio::ip::address_v4::loopback(), 0);
    udp::socket from(io, anywhere), to(io, anywhere);
    std::string order;
    std::array<char, 10> received{};
    to.async_receive(asio::buffer(received), [&](boost::system::error_code error, std::size_t) {
        REQUIRE(!error);
        order += '!';
    });
    for (int i = 0; i < 50; ++i) core->take_turns([&] { order += '.'; });
    from.send_to(asio::buffer("x", 1), to.local_endpoint());
    io.run();
    CHECK(std::ranges::count(order, '.') == 50);
    CHECK(order.find('!') <= 4); // of the first look at the sockets
}

TEST_CASE("a piece may ask for another, which waits for its turn") {
    asio::io_context io(1);
    auto core = std::make_shared<context_core>(io.get_executor(), nullptr, context_options{});
    std::string order;
    core->take_turns([&] {
        order += 'a';
        core->take_turns([&] { order += 'c'; });
        order += 'b';
    });
    CHECK(order == "ab");
    io.run();
    CHECK(order == "abc");
}

TEST_CASE("who throws at the end of a turn takes nobody else's") {
    struct client final : end_of_turn_client {
        void end_of_turn() override {
            ++turns;
            if (throws) throw std::runtime_error("no mood");
        }
        bool throws = false;
        int turns = 0;
    } first, second;
    asio::io_context io(1);
    auto core = std::make_shared<context_core>(io.get_executor(), nullptr, context_options{});
    first.throws = true;
    core->at_end_of_turn(first);
    core->at_end_of_turn(second);
    CHECK_THROWS(io.run());
    CHECK(first.turns == 1);
    io.restart();
    io.run();
    CHECK(first.turns == 1);
    CHECK(second.turns == 1);
}
