#include "test/support/two_hosts.hpp"

#include <boost/asio/detached.hpp>

using namespace cortc;
using namespace std::chrono_literals;

namespace {

/// `shelf` runs when the test says so, and not before.
context with_worker(test::two_hosts& net, std::string_view host, asio::io_context& shelf) {
    context_options options;
    options.worker = shelf.get_executor();
    return context(net.io.get_executor(), net.world.host(host), options);
}
/// All of its work, and what follows from that without time passing.
void run(test::two_hosts& net, asio::io_context& shelf) {
    for (shelf.restart(); shelf.poll() > 0; shelf.restart()) net.io.poll();
}

asio::awaitable<void> connect(PeerConnection& from, PeerConnection& to) {
    co_await from.setLocalDescription();
    co_await from.gatheringComplete();
    auto offer = from.localDescription().value();
    auto reply = co_await answer(to, offer);
    co_await from.setRemoteDescription(reply);
}
asio::awaitable<void> echo(PeerConnection& pc) {
    auto channel = co_await pc.nextDataChannel();
    for (;;) {
        auto message = co_await channel.receive();
        co_await channel.send(message);
    }
}
asio::awaitable<void> send_and_receive(DataChannel channel, int count) {
    for (int i = 0; i < count; ++i) {
        const auto text = std::to_string(i);
        co_await channel.send(text);
        auto back = co_await channel.receive();
        CHECK(back.text() == text);
    }
}

} // namespace

TEST_CASE(
    "worker: a handshake waits for it, and the context's other connections do not wait for the handshake") {
    test::two_hosts net(1, test::link_of(10ms));
    asio::io_context shelf;
    const std::string has_worker = GENERATE("a", "b"); // the DTLS server, the DTLS client
    CAPTURE(has_worker);
    (has_worker == "a" ? net.a : net.b) = with_worker(net, has_worker, shelf);
    PeerConnection a(net.a), b(net.b), late_a(net.a), late_b(net.b);
    auto channel = a.createDataChannel("x"), late_channel = late_a.createDataChannel("y");
    asio::co_spawn(net.io, echo(b), asio::detached);

    test::spawned first(net.io.get_executor(), connect(a, b));
    const auto opens = [&](const DataChannel& which) {
        run(net, shelf);
        return which.readyState() == DataChannelState::open;
    };
    REQUIRE(net.world.run_until([&] { return opens(channel); }, 10s));

    test::spawned second(net.io.get_executor(), connect(late_a, late_b));
    REQUIRE(net.world.run_until([&] { return second.done(); }, 1s));
    second.rethrow();
    const auto begun = net.world.now();
    net.run(send_and_receive(channel, 100), 10s);
    CHECK(net.world.now() - begun ==
          100 * 20ms); // a hundred round trips, thirty times what a handshake takes
    for (const auto* each : {&late_a, &late_b}) {
        CHECK(each->connectionState() == PeerConnectionState::connecting);
        CHECK(each->iceConnectionState() != IceConnectionState::checking); // it is DTLS that waits
    }

    REQUIRE(net.world.run_until([&] { return opens(late_channel); }, 10s));
    for (const auto* each : {&late_a, &late_b})
        CHECK(each->connectionState() == PeerConnectionState::connected);
    for (auto* each : {&a, &b, &late_a, &late_b}) each->close();
    run(net, shelf);
    CHECK(net.world.run_dry(1s));
}
