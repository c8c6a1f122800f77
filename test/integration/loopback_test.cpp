#include "test/support/loopback.hpp"

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <thread>

using namespace cortc;
using namespace std::chrono_literals;

namespace {

bytes pattern(std::size_t size, unsigned seed) {
    bytes made(size);
    for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<std::byte>((i * 31 + i / 251 + seed) & 0xff);
    return made;
}

asio::awaitable<void> every_size(context where) {
    auto executor = co_await asio::this_coro::executor;
    PeerConnection offerer(where), answerer(where);
    auto out = offerer.createDataChannel("sizes");
    co_await test::negotiate(offerer, answerer);
    test::spawned one(executor, test::trickle(offerer, answerer)),
        other(executor, test::trickle(answerer, offerer));
    auto in = co_await answerer.nextDataChannel();
    for (std::size_t size : {0, 1, 2, 1000, 1163, 1164, 65535, 65536, 200000, 262144}) {
        const auto sent = pattern(size, 7);
        co_await out.send(byte_view(sent));
        auto there = co_await in.receive();
        CHECK_FALSE(there.is_text());
        CHECK(std::equal(sent.begin(), sent.end(), there.data().begin(), there.data().end()));
        const auto text = std::string(size, 'x');
        co_await in.send(text);
        auto back = co_await out.receive();
        CHECK(back.is_text());
        CHECK(back.text() == text);
    }
    bool refused = false;
    const auto too_large = pattern(262145, 1);
    try {
        co_await out.send(byte_view(too_large));
    } catch (const Error& error) {
        refused = error.code() == errc::type;
    }
    CHECK(refused);
    out.close();
    co_await out.closed();
    co_await in.closed();
    offerer.close();
    answerer.close();
    co_await offerer.closed();
    co_await answerer.closed();
}

asio::awaitable<void> the_peer_notices_the_end(context where) {
    auto executor = co_await asio::this_coro::executor;
    auto offerer = std::make_unique<PeerConnection>(where);
    PeerConnection answerer(where);
    auto out = offerer->createDataChannel("end");
    co_await test::negotiate(*offerer, answerer);
    co_await offerer->gatheringComplete();
    co_await answerer.gatheringComplete();
    // Candidates all at once, from the descriptions.
    while (true) {
        auto candidate = co_await offerer->nextIceCandidate();
        if (!candidate) break;
        co_await answerer.addIceCandidate(*candidate);
    }
    auto in = co_await answerer.nextDataChannel();
    CHECK(in.readyState() == DataChannelState::open);
    offerer.reset(); // destroying is closing
    co_await in.closed();
    bool ended = false;
    try {
        co_await in.receive();
    } catch (const Error&) {
        ended = true;
    }
    CHECK(ended);
    auto state = PeerConnectionState::connected;
    while (state == PeerConnectionState::connected) state = co_await answerer.stateChanged(state);
    CHECK(state == PeerConnectionState::failed);
    answerer.close();
    co_await answerer.closed();
    (void)executor;
    (void)out;
}

asio::awaitable<void> restart_while_messages_flow(context where) {
    auto executor = co_await asio::this_coro::executor;
    PeerConnection offerer(where), answerer(where);
    DataChannelInit unreliable;
    unreliable.ordered = false;
    unreliable.maxRetransmits = 0;
    auto out = offerer.createDataChannel("numbers", unreliable);
    co_await test::negotiate(offerer, answerer);
    test::spawned one(executor, test::trickle(offerer, answerer)),
        other(executor, test::trickle(answerer, offerer));
    auto in = co_await answerer.nextDataChannel();
    CHECK(in.maxRetransmits() == 0);
    CHECK_FALSE(in.ordered());
    int sent = 0;
    std::vector<int> received;
    const auto before = offerer.selectedPair();
    for (int restart = 0; restart < 5; ++restart) {
        auto send_one = [&] {
            const auto number = std::to_string(sent++);
            CHECK(out.trySend(number));
        };
        for (int i = 0; i < 10; ++i) send_one();
        OfferOptions options;
        options.iceRestart = true;
        auto offer = co_await offerer.createOffer(options);
        send_one();
        co_await offerer.setLocalDescription(offer);
        send_one();
        co_await answerer.setRemoteDescription(offer);
        auto answer = co_await answerer.createAnswer();
        send_one();
        co_await answerer.setLocalDescription(answer);
        send_one();
        co_await offerer.setRemoteDescription(answer);
        send_one();
        co_await offerer.restarted();
        send_one();
        co_await answerer.restarted();
        send_one();
        while (received.size() < static_cast<std::size_t>(sent)) {
            auto message = co_await in.receive();
            received.push_back(std::stoi(std::string(message.text())));
        }
    }
    std::sort(received.begin(), received.end());
    for (int i = 0; i < sent; ++i) CHECK(received[static_cast<std::size_t>(i)] == i);
    const auto after = offerer.selectedPair();
    REQUIRE(before);
    REQUIRE(after);
    CHECK(before->local.usernameFragment != after->local.usernameFragment);
    CHECK(offerer.connectionState() == PeerConnectionState::connected);
    offerer.close();
    answerer.close();
    co_await offerer.closed();
    co_await answerer.closed();
}

} // namespace

TEST_CASE("messages of every size over real sockets, both kinds, both ways") {
    asio::io_context io;
    test::run_dry(io, every_size(context(io.get_executor(), test::loopback_options())));
}

TEST_CASE("the same with handshakes on a worker") {
    asio::io_context io;
    asio::thread_pool workers(1);
    auto options = test::loopback_options();
    options.worker = workers.get_executor();
    test::run_dry(io, every_size(context(io.get_executor(), options)));
    workers.join();
}

TEST_CASE("the peer notices the end of a connection at once") {
    asio::io_context io;
    test::run_dry(io, the_peer_notices_the_end(context(io.get_executor(), test::loopback_options())));
}

TEST_CASE("an ICE restart loses nothing") {
    asio::io_context io;
    test::run_dry(io, restart_while_messages_flow(context(io.get_executor(), test::loopback_options())));
}

TEST_CASE("operations take callbacks and futures, from another thread too") {
    asio::io_context io;
    auto guard = asio::make_work_guard(io);
    std::thread thread([&] { io.run(); });
    {
        context where(io.get_executor(), test::loopback_options());
        PeerConnection pc(where);
        auto offer = pc.createOffer(asio::use_future).get();
        CHECK(offer.type == SdpType::offer);
        CHECK_THROWS_AS(pc.createAnswer(asio::use_future).get(), Error);
        std::promise<std::string> called;
        pc.createOffer([&](std::exception_ptr error, SessionDescription description) {
            called.set_value(error ? "error" : description.sdp);
        });
        CHECK(called.get_future().get().starts_with("v=0"));
        std::promise<void> ended;
        asio::post(io, [&] { // plain members belong to the context's executor
            pc.close();
            ended.set_value();
        });
        ended.get_future().get();
        pc.closed(asio::use_future).get();
    }
    guard.reset();
    thread.join();
    CHECK(io.stopped());
}

TEST_CASE("an io_context that is destroyed with operations pending takes them with it") {
    auto io = std::make_unique<asio::io_context>();
    bool destroyed = false;
    struct flag {
        bool& set;
        ~flag() { set = true; }
    };
    auto body = [](context where, bool& gone) -> asio::awaitable<void> {
        flag on_exit{gone};
        PeerConnection pc(where);
        auto channel = pc.createDataChannel("x");
        co_await pc.setLocalDescription();
        co_await channel.opened();
    };
    asio::co_spawn(*io, body(context(io->get_executor(), test::loopback_options()), destroyed),
                   [](std::exception_ptr) {});
    io->run_for(200ms);
    CHECK_FALSE(destroyed);
    io.reset();
    CHECK(destroyed);
}
