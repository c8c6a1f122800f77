#include "test/support/catch.hpp"
#include "test/unit/sctp/pair.hpp"

#include "cortc/sctp/rx/fragments.hpp"

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::test;

namespace {

association_config window_of(std::size_t bytes) {
    association_config config;
    config.receive_window = bytes;
    return config;
}

/// Reads one stream as its messages come and leaves the others lying.
struct picky_reader {
    explicit picky_reader(pair& on, std::uint16_t wanted) : net(on), stream(wanted) { net.b.reads = false; }
    bool operator()() {
        while (auto message = net.b.end.poll_message()) {
            if (message->stream == stream_id(stream)) {
                ++count;
                size += message->data.size();
                net.b.end.consume(message->data.size());
            } else {
                unread.push_back(std::move(*message));
            }
        }
        return false;
    }
    pair& net;
    std::uint16_t stream;
    std::size_t count = 0;
    std::size_t size = 0;
    std::vector<received_message> unread;
};

} // namespace

TEST_CASE("a message that nobody reads takes its own share of the window and no more") {
    pair net({}, {}, window_of(65536));
    REQUIRE(net.connect());
    picky_reader reader(net, 1);
    REQUIRE(net.send(net.a, 0, pattern(40000)) == send_result::ok);
    std::uint32_t sent = 0;
    const bool done = net.run(
        [&] {
            reader();
            while (sent < 5000 && net.send(net.a, 1, numbered(sent)) == send_result::ok) ++sent;
            net.pump();
            return reader.count == 5000;
        },
        60s);
    CHECK(done);
    CHECK(reader.unread.size() == 1);
}

TEST_CASE("a small message after a large one does not keep a large block") {
    buffer_pool pool;
    fragment_store store(pool, 1 << 20);
    whole_message whole;
    std::uint32_t number = 1;
    auto add = [&](std::size_t size) {
        const auto half = pattern(size / 2);
        data_chunk chunk;
        chunk.payload = half;
        chunk.number = tsn(number++);
        chunk.begin = true;
        REQUIRE(store.add(chunk, whole) == fragment_store::outcome::stored);
        chunk.number = tsn(number++);
        chunk.begin = false;
        chunk.end = true;
        REQUIRE(store.add(chunk, whole) == fragment_store::outcome::complete);
        return std::move(whole.data);
    };
    CHECK(add(1 << 19).size() == 1 << 19);
    std::vector<buffer> waiting;
    std::size_t held = 0;
    for (int i = 0; i < 10; ++i) {
        waiting.push_back(add(2400));
        CHECK(waiting.back().size() == 2400);
        held += waiting.back().capacity();
    }
    CHECK(held <= 10 * 4096);
}

TEST_CASE("a message may be larger than the window") {
    auto config = window_of(65536);
    config.max_message_size = 4 << 20;
    association_config sender;
    sender.remote_max_message_size = 4 << 20;
    for (const double loss : {0.0, 0.02}) {
        pair net({loss, 0, 0, 10ms}, sender, config);
        REQUIRE(net.connect());
        const auto message = pattern(4 << 20);
        REQUIRE(net.send(net.a, 0, message) == send_result::ok);
        // A window of 64 KiB for a round trip of 20 ms, a quarter of it when the message has filled it.
        REQUIRE(net.run([&] { return net.b.messages.size() == 1; }, loss == 0 ? 10s : 100s));
        CHECK(std::equal(message.begin(), message.end(), net.b.messages[0].data.data()));
        CHECK(net.b.end.stats().dropped(drop_reason::window_overrun) == 0);
    }
}

TEST_CASE("a message that has begun is finished although others are not read") {
    auto config = window_of(262144);
    config.max_message_size = 262144;
    association_config sender;
    sender.remote_max_message_size = 262144;
    pair net({0, 0, 0, 10ms}, sender, config);
    REQUIRE(net.connect());
    picky_reader reader(net, 1);
    for (int i = 0; i < 15; ++i) REQUIRE(net.send(net.a, 0, pattern(16000)) == send_result::ok);
    net.run(
        [&] {
            reader();
            return reader.unread.size() == 15;
        },
        2s);
    REQUIRE(net.send(net.a, 1, pattern(262144)) == send_result::ok);
    CHECK(net.run(
        [&] {
            reader();
            return reader.count == 1;
        },
        2s));
    CHECK(reader.unread.size() == 15);
    // What follows waits, within the bound.
    for (int i = 0; i < 50; ++i) REQUIRE(net.send(net.a, 0, pattern(16000)) == send_result::ok);
    net.run_for(30s);
    std::size_t held = 0;
    for (const auto& message : reader.unread) held += message.data.size();
    while (auto message = net.b.end.poll_message()) held += message->data.size();
    CHECK(held <= 262144 * 5 / 4 + 65536);
}

TEST_CASE("sctp window: what it allows is taken, however small the messages are") {
    pair net;
    REQUIRE(net.connect());
    net.b.reads = GENERATE(true, false);
    constexpr std::size_t total = 40000;
    send_options lossy;
    lossy.max_retransmits = 0;
    lossy.unordered = true;
    std::size_t sent = 0;
    const auto more = [&] {
        while (sent < total && net.send(net.a, 1, pattern(6), lossy) == send_result::ok) ++sent;
        net.pump();
        return sent == total && net.a.end.buffered_amount() == 0;
    };
    (void)net.run(more, 60s);
    net.run_for(5s);
    net.b.reads = true;
    net.pump();
    REQUIRE(net.run(more, 60s));
    net.run_for(5s);
    CHECK(net.b.messages.size() == total);
    CHECK(net.b.end.stats().dropped(drop_reason::window_overrun) == 0);
}
