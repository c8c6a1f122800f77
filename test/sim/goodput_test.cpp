#include "test/support/sim_call.hpp"

#include <cmath>

using namespace cortc;
using namespace std::chrono_literals;

// How much a connection carries, in virtual time: by NewReno's estimate under loss, by bandwidth or window
// without.

namespace {

/// Bytes of messages that one packet carries: two fragments, multiples of four, in 1131 of SCTP.
constexpr double payload = 1080;

asio::awaitable<void> pour(DataChannel channel, const bool& stop) {
    const auto data = test::pattern(16384, 1);
    while (!stop) co_await channel.send(byte_view(data));
}
asio::awaitable<void> drink(DataChannel channel, std::uint64_t& received) {
    std::vector<Message> batch(64);
    for (;;) {
        const auto count = co_await channel.receive(std::span(batch));
        for (std::size_t i = 0; i < count; ++i) received += batch[i].size();
    }
}

/// Bytes per second of a saturated channel during `time`, after `warm_up`.
double goodput(std::uint64_t seed, const sim::link_options& link, duration warm_up, duration time,
               context_options options = {}) {
    test::sim_call call(seed, link, std::move(options));
    auto out = call.offerer->createDataChannel("bulk", test::channel_init(true, {}, 0));
    auto in = call.answerer->createDataChannel("bulk", test::channel_init(true, {}, 0));
    auto begin = [&]() -> asio::awaitable<void> {
        co_await call.set_up();
        co_await out.opened();
        co_await in.opened();
    };
    call.run(begin(), 60s);
    bool stop = false;
    std::uint64_t received = 0;
    test::spawned pouring(call.io.get_executor(), pour(out, stop));
    test::spawned drinking(call.io.get_executor(), drink(in, received));
    call.world.run_for(warm_up);
    const auto before = received;
    call.world.run_for(time);
    const auto rate = static_cast<double>(received - before) / test::seconds(time);
    stop = true;
    call.finish();
    return rate;
}

} // namespace

TEST_CASE("goodput: 1 % loss and 50 ms, at least 70 % of NewReno's estimate") {
    // Mathis et al. 1997: MSS / RTT * sqrt(3 / 2) / sqrt(p), for a window that grows by one packet a round
    // trip.
    const double estimate = payload / 0.05 * std::sqrt(1.5) / std::sqrt(0.01);
    auto link = test::link_of(25ms, 0, 100'000'000);
    link.loss = 0.01;
    double total = 0;
    constexpr int seeds = 3;
    for (int seed = 1; seed <= seeds; ++seed) {
        const auto rate = goodput(static_cast<std::uint64_t>(seed), link, 2s, 40s);
        test::figure("1 % loss, 50 ms: {:.0f} kB/s, {:.0f} % of {:.0f}", rate / 1e3, 100 * rate / estimate,
                     estimate / 1e3);
        total += rate;
    }
    CHECK(total / seeds >= 0.7 * estimate);
}

TEST_CASE("goodput: a link of 20 Mbit/s is used by more than 85 %") {
    for (auto delay : {1ms, 10ms, 50ms}) {
        const auto rate = goodput(1, test::link_of(delay, 0, 20'000'000), 3s, 5s);
        test::figure("20 Mbit/s, {} ms round trip: {:.1f} Mbit/s", 2 * delay.count(), rate * 8 / 1e6);
        CHECK(rate * 8 > 0.85 * 20e6); // of at most 92 %: the rest is headers
    }
}

TEST_CASE("goodput: without loss it is the window that limits a long fat link") {
    auto link = test::link_of(50ms, 0, 400'000'000);
    link.queue_limit = 4 << 20; // slow start sends twice as fast as the link
    for (std::size_t window : {1 << 20, 2 << 20}) {
        context_options options;
        options.limits.send_buffer = options.limits.receive_window = window;
        const auto rate = goodput(1, link, 1500ms, 1s, options);
        const auto most = static_cast<double>(window) / 0.1;
        test::figure("400 Mbit/s, 100 ms, window {} KiB: {:.1f} MB/s of {:.1f}", window / 1024, rate / 1e6,
                     most / 1e6);
        CHECK(rate > 0.85 * most);
    }
}
