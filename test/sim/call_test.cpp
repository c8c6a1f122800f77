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

asio::awaitable<void> the_data_section_ends(context a, context b) {
    auto executor = co_await asio::this_coro::executor;
    PeerConnection offerer(a), answerer(b);
    auto channel = offerer.createDataChannel("first");
    co_await test::negotiate(offerer, answerer);
    test::spawned there(executor, test::trickle(offerer, answerer)),
        back(executor, test::trickle(answerer, offerer));
    auto accepted = co_await answerer.nextDataChannel();
    auto offer = co_await offerer.createOffer();
    const auto line = offer.sdp.find("m=application ");
    const auto port_end = offer.sdp.find(' ', line + 14);
    offer.sdp.replace(line + 14, port_end - line - 14, "0");
    co_await answerer.setRemoteDescription(offer);
    auto answer = co_await answerer.createAnswer();
    CHECK(answer.sdp.find("m=application 0 ") != std::string::npos);
    co_await answerer.setLocalDescription(answer);
    co_await accepted.closed();
    CHECK(answerer.connectionState() != PeerConnectionState::failed);
    CHECK_FALSE(answerer.selectedPair());
    CHECK_FALSE(answerer.tryNextDataChannel());
    // Another data section starts afresh.
    auto again = answerer.createDataChannel("second");
    CHECK(again.readyState() == DataChannelState::connecting);
    offerer.close();
    answerer.close();
    co_await offerer.closed();
    co_await answerer.closed();
    CHECK(again.readyState() == DataChannelState::closed);
}

} // namespace

TEST_CASE("a data section that the peer ends closes its channels and its transport") {
    test::two_hosts net;
    net.run(the_data_section_ends(net.a, net.b), 10s);
    CHECK(net.world.run_dry());
}

TEST_CASE("offer, answer, a channel opens and messages go both ways") {
    test::two_hosts net;
    net.run(echo_call(net.a, net.b), 10s);
    CHECK(net.world.run_dry());
}
