#include "test/support/catch.hpp"
#include "test/unit/sctp/pair.hpp"

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::test;

namespace {

/// Sends `count` numbered messages over `streams` streams and checks that they come in order, once each.
void transfer(pair& net, std::uint32_t count, std::uint16_t streams, std::size_t largest, duration limit) {
    std::map<std::uint16_t, std::uint32_t> expected;
    std::uint32_t received = 0;
    net.b.on_message = [&](received_message&& message) {
        const auto number = number_of(message.data.view());
        const auto stream = message.stream.value();
        REQUIRE(number % streams == stream);
        REQUIRE(number == expected[stream] * streams + stream);
        const auto sent = numbered(number, message.data.size());
        REQUIRE(std::equal(sent.begin(), sent.end(), message.data.view().begin()));
        ++expected[stream];
        ++received;
        net.b.end.recycle(std::move(message.data));
    };
    std::uint32_t next = 0;
    const bool done = net.run(
        [&] {
            while (next < count) {
                const auto size = 4 + (next * 7919) % largest;
                if (net.send(net.a, static_cast<std::uint16_t>(next % streams), numbered(next, size)) !=
                    send_result::ok)
                    break;
                ++next;
            }
            net.pump();
            return received == count;
        },
        limit);
    CHECK(done);
    CHECK(received == count);
}

} // namespace

TEST_CASE("every message arrives once and in order over a bad link") {
    for (const double loss : {0.0, 0.01, 0.05, 0.15, 0.3}) {
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            INFO("loss " << loss << " seed " << seed);
            pair net({loss, 0.05, 0.1, 20ms, 10ms}, {}, {}, seed);
            REQUIRE(net.connect());
            transfer(net, 300, 3, 3000, 600s);
            CHECK(net.a.end.state() == association_state::established);
        }
    }
}

TEST_CASE("TSNs and SSNs wrap around") {
    association_config left;
    left.initial_tsn = tsn(0xffffff00);
    association_config right;
    right.initial_tsn = tsn(0xfffffffe);
    pair net({0.02, 0.02, 0.05, 2ms}, left, right, 3);
    REQUIRE(net.connect());
    transfer(net, 70000, 1, 4, 6000s);
    CHECK(net.a.end.stats().messages_sent == 70000);
}

TEST_CASE("messages of every size arrive, the largest too") {
    association_config config;
    config.remote_max_message_size = 262144;
    pair net({}, config, config);
    REQUIRE(net.connect());
    for (const std::size_t size : {1u, 2u, 3u, 4u, 1139u, 1140u, 1141u, 2280u, 65536u, 262143u, 262144u}) {
        net.b.messages.clear();
        REQUIRE(net.send(net.a, 0, pattern(size)) == send_result::ok);
        REQUIRE(net.run([&] { return net.b.messages.size() == 1; }));
        const auto sent = pattern(size);
        const auto got = net.b.messages[0].data.view();
        CHECK(std::equal(sent.begin(), sent.end(), got.begin(), got.end()));
        CHECK(net.b.messages[0].protocol == ppid(53));
    }
    CHECK(net.send(net.a, 0, pattern(262145)) == send_result::too_large);
    CHECK(net.send(net.a, 0, {}) == send_result::empty);
}

TEST_CASE("without loss nothing is sent twice, and a window is used") {
    pair net({0, 0, 0, 5ms});
    REQUIRE(net.connect());
    const auto begun = net.now;
    transfer(net, 400, 2, 65000, 60s);
    const auto stats = net.a.end.stats();
    CHECK(stats.chunks_retransmitted == 0);
    CHECK(stats.timeouts == 0);
    CHECK(stats.fast_retransmits == 0);
    CHECK(net.b.end.stats().dropped(drop_reason::duplicate_data) == 0);
    // 13 MB with a round trip of 10 ms and a window of 1 MiB: slow start, then some 100 MB/s.
    const auto rate =
        static_cast<double>(stats.bytes_sent) / std::chrono::duration<double>(net.now - begun).count();
    CHECK(rate > 40e6);
}

TEST_CASE("goodput at 1 % loss and 50 ms is what NewReno's should be") {
    double total = 0;
    constexpr int seeds = 5;
    for (int seed = 1; seed <= seeds; ++seed) {
        pair net({0.01, 0, 0, 25ms}, {}, {}, static_cast<std::uint64_t>(seed));
        REQUIRE(net.connect());
        net.link.loss = 0.01;
        std::uint64_t received = 0;
        net.b.on_message = [&](received_message&& message) { received += message.data.size(); };
        const auto block = pattern(16000);
        (void)net.run(
            [&] {
                while (net.send(net.a, 0, block) == send_result::ok) {
                }
                net.pump();
                return false;
            },
            60s);
        total += static_cast<double>(received) / 60;
    }
    const double mathis = 1140 / 0.05 * 1.22 / std::sqrt(0.01);
    INFO("goodput " << total / seeds << " of " << mathis);
    CHECK(total / seeds > 0.7 * mathis);
}

TEST_CASE("a busy sender is never silent for longer than two RTOs") {
    for (const double loss : {0.02, 0.1}) {
        pair net({loss, 0, 0, 25ms}, {}, {}, 7);
        REQUIRE(net.connect());
        net.a.sent_at.clear();
        const auto block = pattern(4000);
        duration longest_rto{};
        (void)net.run(
            [&] {
                while (net.send(net.a, 0, block) == send_result::ok) {
                }
                net.pump();
                longest_rto = std::max(longest_rto, net.a.end.stats().rto);
                return false;
            },
            30s);
        duration longest{};
        for (std::size_t i = 1; i < net.a.sent_at.size(); ++i)
            longest = std::max(longest, net.a.sent_at[i] - net.a.sent_at[i - 1]);
        const auto stats = net.a.end.stats();
        INFO("timeouts " << stats.timeouts << " fast " << stats.fast_retransmits << " again "
                         << stats.chunks_retransmitted << " cwnd " << stats.cwnd << " rto "
                         << stats.rto.count() / 1000000);
        CHECK(longest <= 2 * longest_rto);
        CHECK(net.a.sent_at.size() > 500);
    }
}

TEST_CASE("slow start doubles, though a whole window arrives and is acknowledged at once") {
    association_config config;
    config.send_buffer = config.receive_window = 16 << 20;
    pair net({0, 0, 0, 50ms}, config, config);
    REQUIRE(net.connect());
    std::uint64_t received = 0;
    net.b.on_message = [&](received_message&& message) { received += message.data.size(); };
    const auto block = pattern(16000);
    (void)net.run(
        [&] {
            while (net.send(net.a, 0, block) == send_result::ok) {
            }
            net.pump();
            return false;
        },
        850ms); // eight round trips: 11 KB doubles to 1.4 MB
    CHECK(received > 2'000'000);
}

TEST_CASE("a long path that does not vary causes no time-outs") {
    for (const auto delay : {50ms, 110ms, 200ms, 240ms}) {
        pair net({0, 0, 0, delay});
        REQUIRE(net.connect());
        transfer(net, 60, 2, 20000, 60s);
        net.b.on_message = nullptr;
        for (std::uint32_t i = 0; i < 20; ++i) { // single packets, some acknowledged late
            REQUIRE(net.send(net.a, 0, numbered(i)) == send_result::ok);
            net.run_for(delay / 3);
        }
        net.run_for(5s);
        const auto stats = net.a.end.stats();
        CHECK(stats.timeouts == 0);
        CHECK(stats.chunks_retransmitted == 0);
        CHECK(stats.rto >= 2 * delay + 200ms);
    }
}

TEST_CASE("after an outage nothing waits for a time-out that was doubled") {
    pair net;
    REQUIRE(net.connect());
    net.a.end.path_restored(net.now); // without an outage nothing happens
    net.link.loss = 1;
    REQUIRE(net.send(net.a, 0, numbered(1)) == send_result::ok);
    net.run_for(8s);
    CHECK(net.a.end.stats().rto > 3s);
    net.link.loss = 0;
    net.a.end.path_restored(net.now);
    net.run_for(3 * net.link.delay);
    CHECK(net.b.messages.size() == 1);
    CHECK(net.a.end.stats().rto < 1s);
}

TEST_CASE("unordered messages do not wait for each other") {
    pair net;
    REQUIRE(net.connect());
    send_options unordered;
    unordered.unordered = true;
    int packets = 0;
    net.a.tamper = [&](bytes& packet) {
        if (++packets == 1) packet.clear(); // the first message is lost
    };
    for (std::uint32_t i = 0; i < 4; ++i) {
        REQUIRE(net.send(net.a, 1, numbered(i, 1000), unordered) == send_result::ok);
        net.pump();
    }
    REQUIRE(net.run([&] { return net.b.messages.size() == 4; }));
    CHECK(number_of(net.b.messages[0].data.view()) == 1);
    CHECK(number_of(net.b.messages[3].data.view()) == 0);
    CHECK(net.b.messages[0].unordered);
}

TEST_CASE("streams take turns, and small messages share a packet") {
    pair net;
    REQUIRE(net.connect());
    for (std::uint32_t i = 0; i < 10; ++i) REQUIRE(net.send(net.a, 1, numbered(i)) == send_result::ok);
    for (std::uint32_t i = 10; i < 15; ++i) REQUIRE(net.send(net.a, 2, numbered(i)) == send_result::ok);
    CHECK(net.a.end.buffered_amount(stream_id(1)) == 80);
    CHECK(net.a.end.buffered_amount() == 120);
    const auto before = net.a.end.stats().packets_sent;
    net.pump();
    CHECK(net.a.end.stats().packets_sent == before + 1);
    CHECK(net.a.end.buffered_amount() == 0);
    REQUIRE(net.run([&] { return net.b.messages.size() == 15; }));
    CHECK(net.b.messages[0].stream == stream_id(1));
    CHECK(net.b.messages[1].stream == stream_id(2));
    CHECK(net.b.messages[2].stream == stream_id(1));
    CHECK(net.b.messages[9].stream == stream_id(2));
    CHECK(net.b.messages[10].stream == stream_id(1));
}

TEST_CASE("send pushes back, and says when there is room and when a stream has run low") {
    association_config config;
    config.send_buffer = 100000;
    pair net({}, config);
    REQUIRE(net.connect());
    net.a.end.set_buffered_amount_low_threshold(stream_id(0), 20000);
    const auto block = pattern(10000);
    int sent = 0;
    while (net.send(net.a, 0, block) == send_result::ok) ++sent;
    CHECK(sent == 10);
    CHECK(net.send(net.a, 0, block) == send_result::would_block);
    CHECK(net.send(net.a, 0, {}) == send_result::empty);
    CHECK(net.a.count<writable>() == 0);
    REQUIRE(net.run([&] { return net.b.messages.size() == 10; }));
    net.run_for(1s);
    CHECK(net.a.count<writable>() == 1);
    CHECK(net.a.count<buffered_amount_low>() == 1);
    CHECK(net.send(net.a, 0, block) == send_result::ok);
}

TEST_CASE("a slow reader closes the window, and nothing is lost when it reads on") {
    association_config reader;
    reader.receive_window = 65536;
    reader.max_message_size = 65536;
    for (const std::size_t size : {20u, 1000u, 20000u}) {
        pair net({}, {}, reader);
        REQUIRE(net.connect());
        net.b.reads = false;
        std::uint32_t next = 0;
        (void)net.run(
            [&] {
                while (next < 20000 && net.send(net.a, 0, numbered(next, size)) == send_result::ok) ++next;
                net.pump();
                return false;
            },
            20s);
        const auto held = net.b.end.stats().bytes_received;
        CHECK(held <= 65536 * 5 / 4 + size); // what has begun is finished
        CHECK(held + 64 * net.b.end.stats().messages_received > 40000);
        CHECK(net.b.end.stats().receive_window == 0);
        CHECK(net.a.end.state() == association_state::established);
        net.run_for(300s); // a closed window is not a failed path
        CHECK(net.a.end.state() == association_state::established);
        net.b.reads = true;
        const auto resumed = net.now;
        REQUIRE(net.run([&] { return net.b.messages.size() == next; }, 60s));
        CHECK(net.now - resumed < 30s);
        for (std::uint32_t i = 0; i < next; ++i) REQUIRE(number_of(net.b.messages[i].data.view()) == i);
    }
}

TEST_CASE("a lost window update is found out by a probe") {
    association_config reader;
    reader.receive_window = 65536;
    pair net({}, {}, reader);
    REQUIRE(net.connect());
    net.b.reads = false;
    for (std::uint32_t i = 0; i < 100; ++i) REQUIRE(net.send(net.a, 0, numbered(i, 1000)) == send_result::ok);
    net.run_for(5s);
    net.b.reads = true;
    net.b.tamper = [](bytes& packet) { packet.clear(); };
    net.run_for(10ms);
    net.b.tamper = nullptr;
    CHECK(net.run([&] { return net.b.messages.size() == 100; }, 30s));
}

TEST_CASE("an idle association sends heartbeats and notices a dead path") {
    pair net;
    REQUIRE(net.connect());
    net.a.sent_at.clear();
    net.run_for(100s);
    CHECK(net.a.sent_at.size() >= 2);
    CHECK(net.a.sent_at.size() <= 12);
    CHECK(net.a.end.stats().smoothed_rtt >= 10ms);
    net.link.loss = 1;
    CHECK(net.run([&] { return net.a.count<closed>() && net.b.count<closed>(); }, 300s));
    CHECK(net.a.last<closed>()->reason == close_reason::path_failed);
}

TEST_CASE("a dead path is noticed by data") {
    pair net;
    REQUIRE(net.connect());
    net.link.loss = 1;
    REQUIRE(net.send(net.a, 0, numbered(1)) == send_result::ok);
    CHECK(net.run([&] { return net.a.count<closed>(); }, 100s));
    CHECK(net.a.last<closed>()->reason == close_reason::path_failed);
    CHECK(net.a.end.stats().timeouts == 11);
    CHECK(net.a.end.next_timeout() == never);
}

TEST_CASE("a steady flow allocates nothing") {
    seeded_random random(1);
    buffer_pool pool;
    association a({}, random, pool);
    association b({}, random, pool);
    time_point now{1s};
    std::array<std::byte, 1200> packet;
    auto exchange = [&] {
        for (bool more = true; more;) {
            more = false;
            for (auto* from : {&a, &b}) {
                auto* to = from == &a ? &b : &a;
                while (const auto size = from->poll_transmit(packet, now)) {
                    to->handle_packet(byte_view(packet).first(*size), now);
                    more = true;
                }
                while (auto message = from->poll_message()) {
                    from->consume(message->data.size());
                    from->recycle(std::move(message->data));
                }
                while (from->poll_event()) {
                }
            }
            now += 1ms;
        }
    };
    a.connect(now);
    exchange();
    const auto small = pattern(100);
    const auto large = pattern(30000);
    auto burst = [&] {
        for (std::uint16_t stream = 0; stream < 4; ++stream) {
            for (int i = 0; i < 10; ++i) (void)a.send(stream_id(stream), ppid(53), small, {}, now);
            (void)a.send(stream_id(stream), ppid(53), large, {}, now);
        }
        exchange();
    };
    for (int i = 0; i < 200; ++i) burst();
    const auto before = allocation_count();
    for (int i = 0; i < 200; ++i) burst();
    CHECK(allocation_count() == before);
    CHECK(b.stats().messages_received == 400 * 44);
}
