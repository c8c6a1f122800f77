#include "test/support/channel_pair.hpp"
#include "test/support/two_hosts.hpp"

using namespace cortc;
using namespace std::chrono_literals;
using test::channel_pair;

namespace {

bytes pattern(std::size_t size, unsigned seed) {
    bytes made(size);
    std::uint32_t x = seed;
    for (auto& each : made) {
        x = x * 1664525u + 1013904223u;
        each = static_cast<std::byte>(x >> 24);
    }
    return made;
}

bool same(byte_view a, byte_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

asio::awaitable<void> large_messages(context a, context b, std::size_t limit) {
    channel_pair pair(a, b);
    co_await pair.connect(DataChannelInit{});
    CHECK(pair.left.maxMessageSize() == limit);
    const auto largest = pattern(limit, 1);
    co_await pair.out.send(byte_view(largest));
    auto there = co_await pair.in.receive();
    CHECK(same(there.data(), largest));
    co_await pair.in.send(there);
    auto back = co_await pair.out.receive();
    CHECK(same(back.data(), largest));
    const auto larger = pattern(limit + 1, 2);
    CHECK(co_await test::failure_of(pair.out.send(byte_view(larger))) == "TypeError");
    co_await pair.close();
}

/// A message larger than the window is wanted while the window is full of others.
asio::awaitable<void> large_beside_unread(context a, context b) {
    channel_pair pair(a, b);
    co_await pair.connect(DataChannelInit{});
    auto second = pair.left.createDataChannel("large");
    auto second_in = co_await pair.right.nextDataChannel();
    const auto block = pattern(60000, 3);
    for (int i = 0; i < 12; ++i) CHECK(pair.out.trySend(byte_view(block)));
    timer clock(a);
    co_await clock.wait(1s);
    const auto large = pattern(4 << 20, 4);
    co_await second.send(byte_view(large));
    const auto start = clock.now();
    auto message = co_await second_in.receive();
    CHECK(same(message.data(), large));
    CHECK(clock.now() - start < 5s);
    for (int i = 0; i < 12; ++i) {
        auto small = co_await pair.in.receive();
        CHECK(same(small.data(), block));
    }
    co_await pair.close();
}

asio::awaitable<void> one_message_each(context a, context b, int count) {
    channel_pair pair(a, b);
    std::vector<DataChannel> out, in;
    for (int i = 0; i < count; ++i) out.push_back(pair.left.createDataChannel(std::to_string(i)));
    co_await pair.connect();
    for (auto& each : out) co_await each.opened();
    timer clock(a);
    co_await clock.wait(2s); // nobody takes them meanwhile
    for (int i = 0; i < count; ++i) in.push_back(co_await pair.right.nextDataChannel());
    for (int i = 0; i < count; ++i) co_await out[static_cast<std::size_t>(i)].send(std::to_string(i));
    for (auto& each : in) {
        auto message = co_await each.receive();
        REQUIRE(message.text() == each.label());
        co_await each.send(message);
    }
    for (auto& each : out) {
        auto message = co_await each.receive();
        REQUIRE(message.text() == each.label());
    }
    for (auto& each : out) each.close();
    for (auto& each : out) co_await each.closed();
    for (auto& each : in) co_await each.closed();
    // The connection is as good as new.
    auto last = pair.right.createDataChannel("last");
    auto last_in = co_await pair.left.nextDataChannel();
    co_await last.send("x");
    auto message = co_await last_in.receive();
    CHECK(message.text() == "x");
    co_await pair.close();
}

constexpr std::size_t pair_count = 6, block_count = 500, block_size = 16384; // 8 MB for each pair

struct transfer {
    std::size_t sent = 0, received = 0;
    time_point last{}; ///< when a block came
};

asio::awaitable<void> send_blocks(DataChannel out, transfer& progress) {
    const auto block = pattern(block_size, 5);
    try {
        for (; progress.sent < block_count; ++progress.sent) co_await out.send(byte_view(block));
    } catch (const Error&) {
    }
}
asio::awaitable<void> read_blocks(DataChannel in, const timer& clock, transfer& progress) {
    try {
        for (;; ++progress.received, progress.last = clock.now()) (void)co_await in.receive();
    } catch (const Error&) {
    }
}

/// Of the connection's own association and, as it knows it, of the peer's.
struct windows {
    std::uint64_t own = 0, of_peer = 0;
};
asio::awaitable<windows> windows_of(PeerConnection& which) {
    const auto report = co_await which.getStats();
    const auto found = report.all<SctpStats>();
    REQUIRE(found.size() == 1);
    co_return windows{found[0]->localReceiverWindow, found[0]->receiverWindow};
}

/// The reader of this pair wakes up after five minutes.
asio::awaitable<void> wake_slow_reader(context a, channel_pair& slow, transfer& progress) {
    auto executor = co_await asio::this_coro::executor;
    CHECK(progress.sent * block_size <= 3 << 20); // the window and the send buffer
    CHECK(progress.sent * block_size >= 2 << 20);
    CHECK(slow.left.connectionState() == PeerConnectionState::connected);
    timer clock(a);
    co_await clock.wait(300s); // a closed window is no failure
    CHECK(slow.left.connectionState() == PeerConnectionState::connected);
    const auto left = co_await windows_of(slow.left), right = co_await windows_of(slow.right);
    CHECK(right.own == 0);
    CHECK(left.of_peer == 0);
    test::spawned reader(executor, read_blocks(slow.in, clock, progress));
    co_await clock.wait(30s);
    CHECK(progress.received == block_count);
    const auto left_after = co_await windows_of(slow.left), right_after = co_await windows_of(slow.right);
    CHECK(right_after.own == 1 << 20);
    CHECK(left_after.of_peer > 3 << 18); // the last quarter is not worth a SACK of its own
    co_await slow.close();
    co_await clock.wait(1s);
}

/// Six connections of two contexts. Of the first nothing is sent, or it is `slow`: its reader sleeps. How
/// long the others took.
asio::awaitable<void> others_transfer(context a, context b, bool slow, std::vector<duration>& took) {
    auto executor = co_await asio::this_coro::executor;
    std::vector<std::unique_ptr<channel_pair>> pairs;
    std::array<transfer, pair_count> progress;
    for (std::size_t i = 0; i < pair_count; ++i) {
        pairs.push_back(std::make_unique<channel_pair>(a, b));
        co_await pairs[i]->connect(DataChannelInit{});
    }
    timer clock(a);
    std::vector<test::spawned> tasks;
    const auto begin = clock.now();
    for (std::size_t i = slow ? 0 : 1; i < pair_count; ++i)
        tasks.emplace_back(executor, send_blocks(pairs[i]->out, progress[i]));
    for (std::size_t i = 1; i < pair_count; ++i)
        tasks.emplace_back(executor, read_blocks(pairs[i]->in, clock, progress[i]));
    co_await clock.wait(10s);
    for (std::size_t i = 1; i < pair_count; ++i) {
        CHECK(progress[i].received == block_count);
        took.push_back(progress[i].last - begin);
    }
    if (slow) co_await wake_slow_reader(a, *pairs[0], progress[0]);
    for (auto& each : pairs) co_await each->close();
    co_await clock.wait(1s);
}

} // namespace

TEST_CASE("messages of 256 KiB and of 16 MiB, larger than the window") {
    context_options options;
    options.limits.max_message_size = GENERATE(262144u, 16u << 20);
    sim::link_options link;
    link.delay = 5ms;
    test::two_hosts net(1, link, options);
    net.run(large_messages(net.a, net.b, options.limits.max_message_size), 60s);
}

TEST_CASE("a message larger than the window comes through while others are not read") {
    context_options options;
    options.limits.max_message_size = 4 << 20;
    sim::link_options link;
    link.delay = 5ms;
    test::two_hosts net(1, link, options);
    net.run(large_beside_unread(net.a, net.b), 60s);
}

TEST_CASE("5000 channels of one connection, a message each way on each") {
    sim::link_options link;
    link.delay = 5ms;
    test::two_hosts net(1, link);
    net.run(one_message_each(net.a, net.b, 5000), 60s);
    CHECK(net.world.run_dry(10s));
}

TEST_CASE("a slow reader closes its own connection's window and holds up no other") {
    std::vector<duration> without, with;
    {
        test::two_hosts net;
        net.run(others_transfer(net.a, net.b, false, without), 600s);
    }
    test::two_hosts net;
    net.run(others_transfer(net.a, net.b, true, with), 600s);
    REQUIRE(without.size() == pair_count - 1);
    REQUIRE(with.size() == pair_count - 1);
    // The link takes any amount at once, so the slow pair's data costs the others nothing either.
    for (std::size_t i = 0; i < with.size(); ++i) CHECK(with[i] == without[i]);
}
