// cortc's part of the data channel benchmark (bench/README.md): both ends in one process over loopback.
// Prints one line of key=value for a command.
#include "bench/support/pair.hpp"

#include <atomic>
#include <cstdio>
#include <memory>

using namespace bench;
using namespace cortc;

namespace {

/// Where the two ends live: on one context, or each on its own.
struct places {
    context a, b;
};

// ---- bulk

struct counters {
    std::atomic<std::uint64_t> bytes = 0, messages = 0;
};

asio::awaitable<void> pump(DataChannel out, std::size_t size) {
    const bytes message(size, std::byte{7});
    for (;;)
        if (!out.trySend(byte_view(message))) co_await out.send(byte_view(message));
}

// Shares the counters: what is buffered is read even after the connection has closed.
asio::awaitable<void> drain(DataChannel in, std::shared_ptr<counters> count) {
    std::vector<Message> batch(256);
    for (;;) {
        const auto n = co_await in.receive(std::span<Message>(batch));
        std::uint64_t size = 0;
        for (std::size_t i = 0; i < n; ++i) size += batch[i].size();
        count->bytes += size;
        count->messages += n;
    }
}

asio::awaitable<void> bulk(places where, std::size_t size, double seconds) {
    pair p(where.a, where.b);
    auto count = std::make_shared<counters>();
    co_await connect(p);
    spawn(where.b, drain(p.b.channel, count));
    spawn(where.a, pump(p.a.channel, size));
    timer clock(where.a);
    co_await clock.wait(to_duration(1.5)); // warm up
    const std::uint64_t bytes_before = count->bytes, messages_before = count->messages;
    const stopwatch watch;
    co_await clock.wait(to_duration(seconds));
    const auto took = watch.wall(), cpu = watch.cpu();
    const auto got = static_cast<double>(count->bytes - bytes_before);
    const auto messages = static_cast<double>(count->messages - messages_before);
    std::printf("bulk MBps=%.1f cpu_s_per_GB=%.3f msgs_per_s=%.0f cpu_us_per_msg=%.3f\n", got / 1e6 / took,
                cpu / (got / 1e9), messages / took, cpu * 1e6 / messages);
    co_await disconnect(p);
}

// ---- ping

asio::awaitable<void> reflect(DataChannel in) {
    for (;;) {
        auto message = co_await in.receive();
        co_await in.send(message);
    }
}

asio::awaitable<void> ping(places where, int rounds) {
    pair p(where.a, where.b);
    co_await connect(p);
    spawn(where.b, reflect(p.b.channel));
    const bytes message(100, std::byte{7});
    std::vector<double> samples;
    constexpr int warm_up = 500;
    const stopwatch all;
    for (int i = 0; i < rounds + warm_up; ++i) {
        const auto sent = wall_clock::now();
        co_await p.a.channel.send(byte_view(message));
        (void)co_await p.a.channel.receive();
        if (i >= warm_up) samples.push_back(seconds_since(sent) * 1e6);
    }
    std::printf("ping median_us=%.1f p99_us=%.1f cpu_us=%.1f\n", median(samples), quantile(samples, .99),
                all.cpu() / (rounds + warm_up) * 1e6);
    co_await disconnect(p);
}

// ---- setup

struct setup_run {
    int left;
    int running;
    std::vector<double> samples{};
};

asio::awaitable<void> set_up_some(places where, setup_run& run) {
    while (run.left-- > 0) {
        pair p(where.a, where.b);
        co_await connect(p);
        run.samples.push_back(p.offer_to_open_ms);
        co_await disconnect(p);
    }
    --run.running;
}

asio::awaitable<void> setup(places where, int count, int concurrency) {
    setup_run warm_up{1, 1};
    co_await set_up_some(where, warm_up);
    setup_run run{count, concurrency};
    const stopwatch watch;
    for (int i = 0; i < concurrency; ++i)
        asio::co_spawn(where.a.get_executor(), set_up_some(where, run), [](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
        });
    timer clock(where.a);
    while (run.running > 0) co_await clock.wait(std::chrono::milliseconds(1));
    std::printf("setup median_ms=%.2f p90_ms=%.2f per_s=%.1f cpu_ms=%.2f\n", median(run.samples),
                quantile(run.samples, .9), count / watch.wall(), watch.cpu() / count * 1e3);
}

// ---- idle

asio::awaitable<void> idle(places where, int connections, double seconds) {
    setup_run warm_up{1, 1};
    co_await set_up_some(where, warm_up);
    timer clock(where.a);
    const auto before = resident_kb();
    std::vector<std::unique_ptr<pair>> pairs;
    for (int i = 0; i < connections / 2; ++i) {
        pairs.push_back(std::make_unique<pair>(where.a, where.b));
        co_await connect(*pairs.back());
    }
    const auto each = [&] { return (resident_kb() - before) / 2 / static_cast<double>(pairs.size()); };
    co_await clock.wait(to_duration(1));
    const auto fresh = each();
    const stopwatch watch;
    co_await clock.wait(to_duration(seconds));
    const auto later = each();
    std::printf("idle fresh_kB=%.1f later_kB=%.1f cpu_percent=%.2f\n", fresh, later,
                watch.cpu() / watch.wall() * 100);
    for (auto& each_pair : pairs) co_await disconnect(*each_pair);
}

int usage() {
    std::fputs("usage: datachannel_cortc [--threads 2] bulk SIZE SECONDS | ping N | setup N CONCURRENCY | "
               "idle CONNECTIONS SECONDS [mux]\n",
               stderr);
    return 2;
}

} // namespace

int main(int argc, char** argv) {
    std::vector<std::string> arguments(argv + 1, argv + argc);
    bool two_threads = false;
    if (arguments.size() >= 2 && arguments[0] == "--threads") {
        two_threads = arguments[1] == "2";
        arguments.erase(arguments.begin(), arguments.begin() + 2);
    }
    if (arguments.size() < 2) return usage();
    const auto number = [&](std::size_t i) {
        return i < arguments.size() ? std::atof(arguments[i].c_str()) : 1;
    };
    const auto whole = [&](std::size_t i) { return static_cast<int>(number(i)); };

    asio::io_context one(1);
    std::optional<loop> two;
    if (two_threads) two.emplace();
    auto of_b = loopback();
    if (arguments[0] == "idle" && arguments.back() == "mux") of_b.udp_mux.emplace();
    places where{context(one.get_executor(), loopback()),
                 context(two ? two->executor() : one.get_executor(), of_b)};
    asio::awaitable<void> work;
    if (arguments[0] == "bulk")
        work = bulk(where, static_cast<std::size_t>(whole(1)), number(2));
    else if (arguments[0] == "ping")
        work = ping(where, whole(1));
    else if (arguments[0] == "setup")
        work = setup(where, whole(1), whole(2));
    else if (arguments[0] == "idle")
        work = idle(where, whole(1), number(2));
    else
        return usage();
    asio::co_spawn(one, std::move(work), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
    one.run();
    if (two) two->join();
}
