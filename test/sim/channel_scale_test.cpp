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

asio::awaitable<void> send_blocks(DataChannel out, std::size_t count, std::size_t& sent) {
    const auto block = pattern(16384, 5);
    try {
        for (; sent < count; ++sent) co_await out.send(byte_view(block));
    } catch (const Error&) {
    }
}
asio::awaitable<void> read_blocks(DataChannel in, std::size_t& received) {
    try {
        for (;; ++received) (void)co_await in.receive();
    } catch (const Error&) {
    }
}

/// Six connections of two contexts; the reader of one sleeps.
asio::awaitable<void> a_slow_reader(context a, context b) {
    auto executor = co_await asio::this_coro::executor;
    constexpr std::size_t count = 6, blocks = 500;
    std::vector<std::unique_ptr<channel_pair>> pairs;
    std::array<std::size_t, count> sent{}, received{};
    std::vector<test::spawned> tasks;
    for (std::size_t i = 0; i < count; ++i) {
        pairs.push_back(std::make_unique<channel_pair>(a, b));
        co_await pairs[i]->connect(DataChannelInit{});
        if (i != 0) tasks.emplace_back(executor, read_blocks(pairs[i]->in, received[i]));
        tasks.emplace_back(executor, send_blocks(pairs[i]->out, blocks, sent[i]));
    }
    timer clock(a);
    co_await clock.wait(10s);
    for (std::size_t i = 1; i < count; ++i) CHECK(received[i] == blocks); // 8 MB each
    CHECK(sent[0] * 16384 <= 3 << 20);                                    // the window and the send buffer
    CHECK(sent[0] * 16384 >= 2 << 20);
    CHECK(pairs[0]->left.connectionState() == PeerConnectionState::connected);
    co_await clock.wait(300s); // a closed window is no failure
    CHECK(pairs[0]->left.connectionState() == PeerConnectionState::connected);
    tasks.emplace_back(executor, read_blocks(pairs[0]->in, received[0]));
    co_await clock.wait(30s);
    CHECK(received[0] == blocks);
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
    test::two_hosts net;
    net.run(a_slow_reader(net.a, net.b), 600s);
}
