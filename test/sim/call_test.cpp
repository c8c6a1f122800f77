#include "test/support/two_hosts.hpp"

using namespace cortc;
using namespace std::chrono_literals;

namespace {

asio::awaitable<void> echo_call(context a, context b) {
    auto executor = co_await asio::this_coro::executor;
    PeerConnection offerer(a), answerer(b);
    auto channel = offerer.createDataChannel("chat");
    co_await test::negotiate(offerer, answerer);
    test::spawned there(executor, test::trickle(offerer, answerer)),
        back(executor, test::trickle(answerer, offerer));
    co_await offerer.connected();
    co_await channel.opened();
    auto accepted = co_await answerer.nextDataChannel();
    CHECK(accepted.label() == "chat");
    for (int i = 0; i < 100; ++i) {
        auto text = std::to_string(i);
        co_await channel.send(text);
        auto there_message = co_await accepted.receive();
        CHECK(there_message.is_text());
        CHECK(there_message.text() == text);
        co_await accepted.send(there_message);
        auto back_message = co_await channel.receive();
        CHECK(back_message.text() == text);
    }
    offerer.close();
    answerer.close();
    co_await offerer.closed();
    co_await answerer.closed();
}

} // namespace

TEST_CASE("offer, answer, a channel opens and messages go both ways") {
    test::two_hosts net;
    net.run(echo_call(net.a, net.b), 10s);
    CHECK(net.world.run_dry());
}
