#include "test/support/sim_call.hpp"

#include <map>
#include <set>

using namespace cortc;
using namespace std::chrono_literals;

// Data channels of whole connections: opening, closing, flow control.

namespace {

/// A connection that is up, with one channel "first" of the offerer.
struct channel_call {
    test::sim_call call;
    DataChannel a, b;

    explicit channel_call(std::uint64_t seed = 1, const sim::link_options& link = test::link_of(5ms),
                          context_options options = {})
        : call(seed, link, std::move(options)) {
        a = call.offerer->createDataChannel("first");
        auto set_up = [&]() -> asio::awaitable<void> {
            co_await call.set_up();
            co_await a.opened();
            b = co_await call.answerer->nextDataChannel();
        };
        call.run(set_up(), 60s);
    }
    PeerConnection& pc(bool offerer) { return offerer ? *call.offerer : *call.answerer; }
};

} // namespace

TEST_CASE("channels: opened by both sides, with every parameter, ids by role") {
    channel_call run(1, test::link_of(5ms, 0.05));
    auto body = [&]() -> asio::awaitable<void> {
        std::set<int> ids{*run.a.id()};
        int parity[2] = {-1, -1};
        for (int i = 0; i < 60; ++i) {
            const bool offerer = i % 2 == 0;
            DataChannelInit init;
            init.ordered = i % 3 != 0;
            init.protocol = i % 5 == 0 ? "" : "prötocol";
            if (i % 4 == 1) init.maxRetransmits = static_cast<std::uint16_t>(i);
            if (i % 4 == 2) init.maxPacketLifeTime = static_cast<std::uint16_t>(10 * i);
            auto mine = run.pc(offerer).createDataChannel("Kanal " + std::to_string(i), init);
            co_await mine.opened();
            auto theirs = co_await run.pc(!offerer).nextDataChannel();
            CHECK(theirs.label() == mine.label());
            CHECK(theirs.protocol() == init.protocol);
            CHECK(theirs.ordered() == init.ordered);
            CHECK(theirs.maxRetransmits() == init.maxRetransmits);
            CHECK(theirs.maxPacketLifeTime() == init.maxPacketLifeTime);
            CHECK_FALSE(theirs.negotiated());
            CHECK(theirs.id() == mine.id());
            CHECK(theirs.readyState() == DataChannelState::open);
            CHECK(ids.insert(*mine.id()).second);
            auto& of_side = parity[offerer ? 1 : 0];
            if (of_side < 0) of_side = *mine.id() % 2;
            CHECK(*mine.id() % 2 == of_side);
        }
        CHECK(parity[0] != parity[1]); // RFC 8832 6
    };
    run.call.run(body(), 60s);
    run.call.finish();
}

TEST_CASE("channels: closed by one side, by the other, by both at once, while opening") {
    for (double loss : {0.0, 0.1})
        for (int way = 0; way < 5; ++way) {
            CAPTURE(loss, way);
            channel_call run(static_cast<std::uint64_t>(way + 1), test::link_of(5ms, loss));
            auto body = [&]() -> asio::awaitable<void> {
                for (int round = 0; round < 10; ++round) {
                    auto mine = run.call.offerer->createDataChannel("round " + std::to_string(round));
                    if (way == 4) mine.close(); // its OPEN is on the way, or not even that
                    if (way != 4) co_await mine.opened();
                    DataChannel theirs;
                    if (way != 4) theirs = co_await run.call.answerer->nextDataChannel();
                    if (way == 0 || way == 2) mine.close();
                    if (way == 1 || way == 2) theirs.close();
                    if (way == 3) {
                        CHECK(mine.trySend("farewell"));
                        mine.close();
                        auto last = co_await theirs.receive();
                        CHECK(last.text() == "farewell");
                    }
                    co_await mine.closed();
                    CHECK(mine.readyState() == DataChannelState::closed);
                    CHECK(co_await test::failure_of(mine.send("x")) == "InvalidStateError");
                    if (way == 4) {
                        (void)run.call.answerer->tryNextDataChannel();
                        continue;
                    }
                    CHECK(mine.id().has_value());
                    CHECK(*mine.id() <= 4); // ids are used again
                    co_await theirs.closed();
                    CHECK(co_await test::failure_of(theirs.receive()) == "InvalidStateError");
                }
                co_await run.a.send("still here");
                auto message = co_await run.b.receive();
                CHECK(message.text() == "still here");
            };
            run.call.run(body(), 60s);
            run.call.finish();
        }
}

TEST_CASE("channels: a thousand at once, opened by both, used, and closed") {
    channel_call run(1, test::link_of(10ms, 0, 50'000'000));
    constexpr int each = 500;
    std::vector<DataChannel> mine[2];
    std::map<std::string, DataChannel> theirs;
    auto body = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < each; ++i)
            for (int side = 0; side < 2; ++side)
                mine[side].push_back(run.pc(side == 0).createDataChannel(fmt::format("{} {}", side, i)));
        for (auto& side : mine)
            for (auto& channel : side) co_await channel.opened();
        for (int i = 0; i < each; ++i)
            for (int side = 0; side < 2; ++side) {
                auto channel = co_await run.pc(side != 0).nextDataChannel();
                CHECK(theirs.emplace(channel.label(), channel).second);
            }
        for (auto& side : mine)
            for (auto& channel : side) {
                const auto label = channel.label();
                co_await channel.send(label);
            }
        for (auto& [label, channel] : theirs) {
            auto message = co_await channel.receive();
            if (message.text() != label) FAIL("a message came by the wrong channel");
        }
        for (auto& side : mine)
            for (auto& channel : side) channel.close();
        for (auto& [label, channel] : theirs) co_await channel.closed();
        for (auto& side : mine)
            for (auto& channel : side) co_await channel.closed();
        auto again = run.call.offerer->createDataChannel("again");
        co_await again.opened();
        CHECK(*again.id() <= 4);
    };
    const auto began = run.call.world.now();
    run.call.run(body(), 20s);
    test::figure("1000 channels opened, used and closed in {:.0f} ms",
                 test::milliseconds(run.call.world.now() - began));
    run.call.finish();
}

TEST_CASE("channels: negotiated ones need no messages, and wait for each other's data") {
    channel_call run;
    auto body = [&]() -> asio::awaitable<void> {
        auto mine = run.call.offerer->createDataChannel("agreed", test::channel_init(true, {}, 100));
        co_await mine.opened();
        CHECK(mine.id() == 100);
        CHECK(mine.negotiated());
        auto theirs = run.call.answerer->createDataChannel("other label", test::channel_init(false, {}, 100));
        co_await theirs.opened();
        co_await mine.send("one");
        auto one = co_await theirs.receive();
        CHECK(one.text() == "one");
        co_await theirs.send("two");
        auto two = co_await mine.receive();
        CHECK(two.text() == "two");
        CHECK_FALSE(run.call.answerer->tryNextDataChannel());
        theirs.close();
        co_await mine.closed();
        co_await theirs.closed();
        // And the same id again.
        mine = run.call.offerer->createDataChannel("agreed", test::channel_init(true, {}, 100));
        theirs = run.call.answerer->createDataChannel("agreed", test::channel_init(true, {}, 100));
        co_await mine.opened();
        co_await theirs.opened();
        co_await mine.send("three");
        auto three = co_await theirs.receive();
        CHECK(three.text() == "three");
    };
    run.call.run(body(), 10s);
    run.call.finish();
}

TEST_CASE("channels: send waits for room, trySend does not, bufferedAmount tells") {
    channel_call run(1, test::link_of(10ms, 0, 8'000'000)); // 1 MB/s
    const std::string block(65536, 'x');
    auto body = [&]() -> asio::awaitable<void> {
        CHECK(run.a.bufferedAmount() == 0);
        std::size_t accepted = 0;
        while (run.a.trySend(block)) accepted += block.size();
        CHECK(accepted >= 1 << 20);
        CHECK(accepted <= (1 << 20) + block.size());
        CHECK(run.a.bufferedAmount() <= accepted);
        CHECK(run.a.bufferedAmount() > accepted / 2);
        const auto began = run.call.world.now();
        co_await run.a.send(block); // waits until an eighth of the buffer is free
        CHECK(run.call.world.now() - began >= 50ms);
        accepted += block.size();
        run.a.bufferedAmountLowThreshold(200'000);
        co_await run.a.bufferedAmountLow();
        CHECK(run.a.bufferedAmount() <= 200'000);
        CHECK(run.a.bufferedAmount() > 100'000);
        CHECK(run.call.world.now() - began >= 500ms);
        std::size_t received = 0;
        while (received < accepted) {
            auto message = co_await run.b.receive();
            received += message.size();
        }
        run.a.bufferedAmountLowThreshold(0);
        co_await run.a.bufferedAmountLow();
        CHECK(run.a.bufferedAmount() == 0);
        CHECK(run.a.trySend("x"));
    };
    run.call.run(body(), 10s);
    run.call.finish();
}

TEST_CASE("channels: a slow reader stops its sender, bounded, and nobody else's connection") {
    test::two_hosts net(1, test::link_of(5ms));
    struct pair {
        PeerConnection a, b;
        DataChannel out{}, in{};
    };
    std::vector<pair> pairs;
    std::vector<test::spawned> trickling;
    pairs.reserve(2);
    auto set_up = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 2; ++i) {
            pairs.push_back(pair{PeerConnection(net.a), PeerConnection(net.b)});
            auto& it = pairs.back();
            it.out = it.a.createDataChannel("bulk");
            co_await test::negotiate(it.a, it.b);
            trickling.emplace_back(net.io.get_executor(), test::trickle(it.a, it.b));
            trickling.emplace_back(net.io.get_executor(), test::trickle(it.b, it.a));
            it.in = co_await it.b.nextDataChannel();
        }
    };
    net.run(set_up(), 5s);
    const auto block = test::pattern(50'000, 1);
    int sent[2] = {0, 0};
    bool stop = false;
    auto pour = [&](DataChannel channel, int& count) -> asio::awaitable<void> {
        while (!stop) {
            co_await channel.send(byte_view(block));
            ++count;
        }
    };
    test::spawned slow(net.io.get_executor(), pour(pairs[0].out, sent[0]));
    test::spawned fast(net.io.get_executor(), pour(pairs[1].out, sent[1]));
    int taken[2] = {0, 0};
    auto drink = [&]() -> asio::awaitable<void> {
        while (taken[1] < 400) {
            (void)co_await pairs[1].in.receive();
            ++taken[1];
        }
        stop = true;
    };
    net.run(drink(), 10s);
    net.world.run_for(5s);
    CHECK(sent[1] >= 400);
    // A receive window at the one end, a send buffer at the other, a message each.
    CHECK(sent[0] * 50'000 <= 2 * (1 << 20) + (1 << 18) + 100'000);
    CHECK(sent[0] * 50'000 >= (1 << 20));
    CHECK_FALSE(slow.done());
    auto late = [&]() -> asio::awaitable<void> {
        while (taken[0] < sent[0]) {
            auto message = co_await pairs[0].in.receive();
            CHECK(std::ranges::equal(message.data(), block));
            ++taken[0];
        }
    };
    net.run(late(), 10s); // the window opens again
    CHECK(slow.done());
    while (taken[1] < sent[1]) {
        REQUIRE(pairs[1].in.tryReceive());
        ++taken[1];
    }
    pairs.clear();
    CHECK(net.world.run_dry(1s));
}

TEST_CASE("channels: one that is not read, and closed, gives its window back to the others") {
    channel_call run;
    const std::string block(50'000, 'x');
    auto body = [&]() -> asio::awaitable<void> {
        for (int round = 0; round < 5; ++round) {
            auto unread = run.call.offerer->createDataChannel("unread");
            co_await unread.opened();
            for (int i = 0; i < 15; ++i) co_await unread.send(block);
            auto theirs = co_await run.call.answerer->nextDataChannel();
            co_await run.call.pause(1s);
            if (round % 2 == 0)
                theirs = DataChannel(); // and nobody holds it any more
            else
                theirs.close();
            unread.close();
            co_await unread.closed();
        }
        for (int i = 0; i < 40; ++i) {
            co_await run.a.send(block);
            auto message = co_await run.b.receive();
            CHECK(message.size() == block.size());
        }
    };
    run.call.run(body(), 60s);
    run.call.finish();
}

TEST_CASE("channels: partial reliability gives up, and says so to the peer") {
    channel_call run(3, test::link_of(10ms, 0.3));
    DataChannelInit timed;
    timed.ordered = true;
    timed.maxPacketLifeTime = 50;
    for (const auto& init :
         {test::channel_init(false, 0), test::channel_init(true, 0), test::channel_init(true, 2), timed}) {
        auto out = run.call.offerer->createDataChannel("lossy", init);
        std::vector<int> got;
        auto body = [&]() -> asio::awaitable<void> {
            co_await out.opened();
            auto in = co_await run.call.answerer->nextDataChannel();
            auto read = [](DataChannel from, std::vector<int>& into) -> asio::awaitable<void> {
                try {
                    for (;;) {
                        auto message = co_await from.receive();
                        into.push_back(std::stoi(std::string(message.text())));
                    }
                } catch (const Error&) {
                }
            };
            auto reading = run.call.spawn(read(in, got));
            for (int i = 0; i < 300; ++i) {
                const auto text = std::to_string(i);
                CHECK(out.trySend(text));
                co_await run.call.pause(10ms);
            }
            co_await run.call.pause(2s);
            out.close();
            co_await out.closed();
            while (!reading.done()) co_await run.call.pause(100ms);
        };
        run.call.run(body(), 60s);
        const auto retransmits = init.maxRetransmits.value_or(0);
        CHECK(got.size() < 300);
        CHECK(got.size() > (retransmits == 0 ? 150 : 230));
        if (init.ordered) CHECK(std::ranges::is_sorted(got));
        CHECK(std::set<int>(got.begin(), got.end()).size() == got.size());
    }
    run.call.finish();
}

TEST_CASE("channels: messages of every size up to the peer's maximum, and not beyond") {
    context_options options;
    options.limits.max_message_size = 100'000;
    channel_call run(1, test::link_of(1ms), options);
    auto body = [&]() -> asio::awaitable<void> {
        for (std::size_t size : {0, 1, 1119, 1120, 1131, 1132, 1133, 2264, 65535, 65536, 99'999, 100'000}) {
            const auto data = test::pattern(size, size);
            co_await run.a.send(byte_view(data));
            auto message = co_await run.b.receive();
            CHECK_FALSE(message.is_text());
            CHECK(std::ranges::equal(message.data(), data));
            const std::string text(size, 'x');
            co_await run.b.send(text);
            auto other = co_await run.a.receive();
            CHECK(other.is_text());
            CHECK(other.text() == text);
        }
        const std::string large(100'001, 'x');
        CHECK(co_await test::failure_of(run.a.send(large)) == "TypeError");
        co_await run.a.send("goes on");
        auto message = co_await run.b.receive();
        CHECK(message.text() == "goes on");
    };
    run.call.run(body(), 10s);
    run.call.finish();
}

TEST_CASE("channels: those nobody takes are bounded, and the rest is closed") {
    context_options options;
    options.limits.unread_channels = 10;
    channel_call run(1, test::link_of(1ms), options);
    auto body = [&]() -> asio::awaitable<void> {
        std::vector<DataChannel> all;
        for (int i = 0; i < 30; ++i) all.push_back(run.call.offerer->createDataChannel(std::to_string(i)));
        co_await run.call.pause(1s);
        CHECK(std::ranges::count_if(
                  all, [](const auto& each) { return each.readyState() == DataChannelState::open; }) == 10);
        int taken = 0;
        while (run.call.answerer->tryNextDataChannel()) ++taken;
        CHECK(taken == 10);
        auto more = run.call.offerer->createDataChannel("more");
        co_await more.opened();
        co_await run.call.answerer->dataChannelReadable();
        auto accepted = co_await run.call.answerer->nextDataChannel();
        CHECK(accepted.label() == "more");
    };
    run.call.run(body(), 10s);
    run.call.finish();
}
