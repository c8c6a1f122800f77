// Both ends of cortc in one process over loopback. Prints one line of key=value for a command:
//   bulk SIZE SECONDS | ping N | setup N CONCURRENCY | idle N
// `--threads 2` gives each end a thread (and a context) of its own.
#include "cortc/cortc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace cortc;
using namespace std::chrono_literals;

namespace {

using wall_clock = std::chrono::steady_clock;

double seconds_since(wall_clock::time_point start) {
    return std::chrono::duration<double>(wall_clock::now() - start).count();
}
double cpu_seconds() {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(use.ru_utime) + seconds(use.ru_stime);
}
long resident_kb() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6);
    return 0;
}
double quantile(std::vector<double> values, double q) {
    if (values.empty()) return -1;
    std::sort(values.begin(), values.end());
    return values[std::min(values.size() - 1,
                           static_cast<std::size_t>(q * static_cast<double>(values.size())))];
}

context_options loopback() {
    context_options options;
    options.interface_filter = [](const net::interface_address& each) {
        return each.address.is_loopback() && each.address.is_v4();
    };
    return options;
}

/// The two ends: on one context, or each on its own.
struct ends {
    context a, b;
};

asio::awaitable<void> pass_candidates(PeerConnection& from, PeerConnection& to) {
    while (auto candidate = co_await from.nextIceCandidate()) co_await to.addIceCandidate(*candidate);
}

struct pair {
    PeerConnection a, b;
    DataChannel out, in;
    double offer_to_open_ms = 0, new_to_open_ms = 0;

    explicit pair(const ends& where) : a(where.a), b(where.b) {}
};

asio::awaitable<void> connect(pair& p) {
    const auto made = wall_clock::now();
    p.out = p.a.createDataChannel("bench");
    const auto start = wall_clock::now();
    auto offer = co_await p.a.createOffer();
    co_await p.a.setLocalDescription(offer);
    co_await p.b.setRemoteDescription(offer);
    auto answer = co_await p.b.createAnswer();
    co_await p.b.setLocalDescription(answer);
    co_await p.a.setRemoteDescription(answer);
    co_await pass_candidates(p.a, p.b);
    co_await pass_candidates(p.b, p.a);
    p.in = co_await p.b.nextDataChannel();
    co_await p.out.opened();
    p.offer_to_open_ms = seconds_since(start) * 1e3;
    p.new_to_open_ms = seconds_since(made) * 1e3;
}

asio::awaitable<void> disconnect(pair& p) {
    p.a.close();
    p.b.close();
    co_await p.a.closed();
    co_await p.b.closed();
}

// ---- bulk

struct counters {
    std::uint64_t bytes = 0, messages = 0;
};

asio::awaitable<void> pump(DataChannel out, std::size_t size, const bool& stop) {
    const bytes message(size, std::byte{7});
    while (!stop) co_await out.send(byte_view(message));
}

asio::awaitable<void> drain(DataChannel in, counters& count) {
    std::vector<Message> batch(64);
    for (;;) {
        const auto n = co_await in.receive(std::span<Message>(batch));
        for (std::size_t i = 0; i < n; ++i) count.bytes += batch[i].size();
        count.messages += n;
    }
}

asio::awaitable<void> bulk(ends where, std::size_t size, double seconds) {
    pair p(where);
    co_await connect(p);
    static bool stop = false;
    static counters count;
    asio::co_spawn(where.a.get_executor(), pump(p.out, size, stop), [](std::exception_ptr) {});
    asio::co_spawn(where.b.get_executor(), drain(p.in, count), [](std::exception_ptr) {});
    timer clock(where.a);
    co_await clock.wait(1500ms);
    const auto start = wall_clock::now();
    const auto cpu = cpu_seconds();
    const auto before = count;
    co_await clock.wait(std::chrono::duration_cast<duration>(std::chrono::duration<double>(seconds)));
    const auto took = seconds_since(start);
    const auto cpu_took = cpu_seconds() - cpu;
    const auto got = static_cast<double>(count.bytes - before.bytes);
    std::printf("bulk size=%zu MBps=%.1f cpu_s_per_GB=%.3f msgs_per_s=%.0f\n", size, got / 1e6 / took,
                cpu_took / (got / 1e9), static_cast<double>(count.messages - before.messages) / took);
    std::fflush(stdout);
    std::_Exit(0); // the spawned coroutines refer to the connections
}

// ---- ping

asio::awaitable<void> reflect(DataChannel in) {
    for (;;) {
        auto message = co_await in.receive();
        co_await in.send(message);
    }
}

asio::awaitable<void> ping(ends where, int rounds) {
    pair p(where);
    co_await connect(p);
    asio::co_spawn(where.b.get_executor(), reflect(p.in), [](std::exception_ptr) {});
    const bytes message(100, std::byte{7});
    std::vector<double> samples;
    constexpr int warm_up = 500;
    const auto start = wall_clock::now();
    const auto cpu = cpu_seconds();
    for (int i = 0; i < rounds + warm_up; ++i) {
        const auto sent = wall_clock::now();
        co_await p.out.send(byte_view(message));
        (void)co_await p.out.receive();
        if (i >= warm_up) samples.push_back(seconds_since(sent) * 1e6);
    }
    const auto all = static_cast<double>(rounds + warm_up);
    std::printf("ping n=%d median_us=%.1f p99_us=%.1f cpu_us_per_rt=%.1f rt_per_s=%.0f\n", rounds,
                quantile(samples, .5), quantile(samples, .99), (cpu_seconds() - cpu) / all * 1e6,
                all / seconds_since(start));
    std::fflush(stdout);
    std::_Exit(0);
}

// ---- setup

asio::awaitable<void> set_up_some(ends where, int& left, std::vector<double>& offer,
                                  std::vector<double>& made, int& running) {
    while (left-- > 0) {
        pair p(where);
        co_await connect(p);
        offer.push_back(p.offer_to_open_ms);
        made.push_back(p.new_to_open_ms);
        co_await disconnect(p);
    }
    --running;
}

asio::awaitable<void> setup(ends where, int count, int concurrency) {
    {
        pair warm(where);
        co_await connect(warm);
        co_await disconnect(warm);
    }
    std::vector<double> offer, made;
    int left = count, running = concurrency;
    const auto start = wall_clock::now();
    const auto cpu = cpu_seconds();
    for (int i = 0; i < concurrency; ++i)
        asio::co_spawn(where.a.get_executor(), set_up_some(where, left, offer, made, running),
                       [](std::exception_ptr error) {
                           if (error) std::rethrow_exception(error);
                       });
    timer clock(where.a);
    while (running > 0) co_await clock.wait(1ms);
    const auto took = seconds_since(start);
    std::printf(
        "setup n=%d conc=%d offer_to_open_med_ms=%.2f p90=%.2f new_to_open_med_ms=%.2f conns_per_s=%.1f "
        "cpu_ms_per_conn=%.2f\n",
        count, concurrency, quantile(offer, .5), quantile(offer, .9), quantile(made, .5),
        static_cast<double>(count) / took, (cpu_seconds() - cpu) / count * 1e3);
    std::fflush(stdout);
}

// ---- idle

asio::awaitable<void> idle(ends where, int count, double seconds) {
    std::vector<std::unique_ptr<pair>> pairs;
    {
        pair warm(where);
        co_await connect(warm);
        co_await disconnect(warm);
    }
    const auto before = resident_kb();
    for (int i = 0; i < count; ++i) {
        pairs.push_back(std::make_unique<pair>(where));
        co_await connect(*pairs.back());
    }
    const auto fresh = resident_kb();
    timer clock(where.a);
    const auto cpu = cpu_seconds();
    const auto start = wall_clock::now();
    co_await clock.wait(std::chrono::duration_cast<duration>(std::chrono::duration<double>(seconds)));
    const auto later = resident_kb();
    // Each pair is two connections.
    std::printf("idle n=%d kB_per_conn_fresh=%.1f kB_per_conn_later=%.1f cpu_percent=%.2f\n", count,
                static_cast<double>(fresh - before) / 2 / count,
                static_cast<double>(later - before) / 2 / count,
                (cpu_seconds() - cpu) / seconds_since(start) * 100);
    std::fflush(stdout);
    std::_Exit(0);
}

} // namespace

int main(int argc, char** argv) {
    std::vector<std::string> arguments(argv + 1, argv + argc);
    bool two_threads = false;
    if (arguments.size() >= 2 && arguments[0] == "--threads") {
        two_threads = arguments[1] == "2";
        arguments.erase(arguments.begin(), arguments.begin() + 2);
    }
    auto number = [&](std::size_t i, double otherwise) {
        return i < arguments.size() ? std::atof(arguments[i].c_str()) : otherwise;
    };
    const auto command = arguments.empty() ? std::string() : arguments[0];
    asio::io_context one(1), two(1);
    auto guard = asio::make_work_guard(two);
    ends where{context(one.get_executor(), loopback()),
               context((two_threads ? two : one).get_executor(), loopback())};
    asio::awaitable<void> work;
    if (command == "bulk")
        work = bulk(where, static_cast<std::size_t>(number(1, 65536)), number(2, 5));
    else if (command == "ping")
        work = ping(where, static_cast<int>(number(1, 10000)));
    else if (command == "setup")
        work = setup(where, static_cast<int>(number(1, 200)), static_cast<int>(number(2, 1)));
    else if (command == "idle")
        work = idle(where, static_cast<int>(number(1, 200)), number(2, 5));
    else {
        std::fprintf(
            stderr,
            "usage: [--threads 2] bulk SIZE SECONDS | ping N | setup N CONCURRENCY | idle N SECONDS\n");
        return 2;
    }
    if (two_threads) {
        std::fprintf(
            stderr,
            "two threads: plain members are called from the first one; only bulk and ping are fit for it\n");
    }
    asio::co_spawn(one, std::move(work), [&](std::exception_ptr error) {
        guard.reset();
        if (error) std::rethrow_exception(error);
    });
    std::thread other([&] { two.run(); });
    one.run();
    other.join();
}
