#include "test/sim/transfer.hpp"

using namespace cortc;
using namespace std::chrono_literals;
using sim::link_options;

// Whole connections over bad networks: every set-up completes and every message arrives exactly once, in a
// stated virtual time and without silences.

namespace {

/// Most of what such a link costs in virtual time. Set-up takes ten times the delay (ICE 2, DTLS 4, SCTP 4)
/// and loss some time-outs; the messages of a run (some 100 KB each way) are limited by NewReno's window,
/// which loss and delay make small.
duration set_up_limit(duration delay, double loss) {
    return 12 * delay + 200ms + std::chrono::duration_cast<duration>(loss > 0 ? 2s + loss * 200s : 0. * 1s);
}
duration transfer_limit(duration delay, double loss) {
    return 3s + std::chrono::duration_cast<duration>(loss * 200s + delay * (100 + 2000 * loss));
}

struct cell {
    std::string name;
    link_options there, back;
    std::size_t messages = 24; ///< each way, ordered; half as many unordered
    bool huge = false;         ///< and one of 256 KiB

    [[nodiscard]] duration delay() const { return std::max(worst(there), worst(back)); }
    [[nodiscard]] double loss() const { return std::max(there.loss, back.loss); }

  private:
    static duration worst(const link_options& link) {
        return link.delay + link.jitter + (link.reordering > 0 ? link.reordering_delay : 0ms);
    }
};

struct measured {
    duration set_up{}, transfer{};
    double silence = 0;
    duration longest_silence{};
};

class run {
  public:
    run(const cell& where, std::uint64_t seed) : where_(where), seed_(seed), call_(seed) {
        call_.links(where.there, where.back);
    }
    measured operator()() {
        test::silence_watch watch(call_.world);
        const auto began = call_.world.now();
        test::spawned whole(call_.io.get_executor(), set_up());
        REQUIRE(
            call_.world.run_until([&] { return whole.done(); }, set_up_limit(where_.delay(), where_.loss())));
        whole.rethrow();
        measured result;
        result.set_up = call_.world.now() - began;
        watch.begin();
        transfer();
        watch.end();
        result.transfer = call_.world.now() - began - result.set_up;
        result.silence = watch.worst();
        result.longest_silence = watch.longest();
        call_.world.run_for(8s); // what may still come twice: more than two of the longest RTO
        for (auto& each : {ordered_a_, ordered_b_, unordered_a_, unordered_b_}) {
            auto channel = each;
            CHECK_FALSE(channel.tryReceive());
        }
        for (auto* each : {&call_.offerer, &call_.answerer}) {
            const auto state = (*each)->connectionState();
            // Two consent checks in a row may be lost.
            if (state != PeerConnectionState::disconnected || where_.loss() == 0)
                CHECK(state == PeerConnectionState::connected);
        }
        call_.finish();
        return result;
    }

  private:
    asio::awaitable<void> set_up() {
        ordered_a_ = call_.offerer->createDataChannel("ordered");
        unordered_a_ = call_.offerer->createDataChannel("unordered", test::channel_init(false));
        co_await call_.set_up();
        co_await ordered_a_.opened();
        for (int i = 0; i < 2; ++i) {
            auto accepted = co_await call_.answerer->nextDataChannel();
            (accepted.ordered() ? ordered_b_ : unordered_b_) = accepted;
        }
    }
    void transfer() {
        const auto executor = call_.io.get_executor();
        std::vector<test::spawned> all;
        std::uint64_t part = seed_ * 4;
        for (auto [from, to] : {std::pair{ordered_a_, ordered_b_}, std::pair{ordered_b_, ordered_a_}}) {
            const auto messages = test::script(part++, where_.messages, where_.huge);
            all.emplace_back(executor, test::send_all(from, messages));
            all.emplace_back(executor, test::receive_in_order(to, messages));
        }
        for (auto [from, to] :
             {std::pair{unordered_a_, unordered_b_}, std::pair{unordered_b_, unordered_a_}}) {
            const auto messages = test::script(part++, where_.messages / 2, false);
            all.emplace_back(executor, test::send_all(from, messages));
            all.emplace_back(executor, test::receive_each(to, messages));
        }
        const auto done = [&] {
            return std::ranges::all_of(all, [](const auto& one) { return one.done(); });
        };
        const bool in_time = call_.world.run_until(done, transfer_limit(where_.delay(), where_.loss()));
        for (const auto& each : all)
            if (each.done()) each.rethrow();
        REQUIRE(in_time);
    }

    const cell& where_;
    std::uint64_t seed_;
    test::sim_call call_;
    DataChannel ordered_a_, ordered_b_, unordered_a_, unordered_b_;
};

void run_cell(const cell& where, int seeds = 20) {
    std::vector<measured> all;
    for (int seed = 1; seed <= seeds; ++seed) {
        CAPTURE(where.name, seed);
        all.push_back(run(where, static_cast<std::uint64_t>(seed))());
        CHECK(all.back().silence <= 1);
    }
    const auto count = all.size();
    auto nth = [&](auto member, std::size_t n) {
        std::ranges::sort(all, {}, member);
        return test::milliseconds(all[n].*member);
    };
    const auto silence = std::ranges::max(all, {}, &measured::silence).silence;
    test::figure(
        "{:34} set-up ms: median {:7.1f} worst {:8.1f}; transfer ms: median {:8.0f} worst {:8.0f}; silence "
        "worst {:.2f} of the bound, {:.0f} ms",
        where.name, nth(&measured::set_up, count / 2), nth(&measured::set_up, count - 1),
        nth(&measured::transfer, count / 2), nth(&measured::transfer, count - 1), silence,
        nth(&measured::longest_silence, count - 1));
}

link_options path(duration delay, double loss, std::uint64_t bandwidth = 20'000'000) {
    link_options link;
    link.delay = delay;
    link.loss = loss;
    link.bandwidth = bandwidth;
    return link;
}
link_options shaky(duration delay, double loss) {
    auto link = path(delay, loss);
    link.jitter = delay / 4;
    link.reordering = 0.05;
    link.duplication = 0.05;
    return link;
}
void lossy(double loss) {
    for (auto delay : {1ms, 25ms, 200ms}) {
        const auto name = fmt::format("loss {:.0f} %, delay {} ms", loss * 100, delay.count());
        run_cell({name, path(delay, loss), path(delay, loss)});
        run_cell({name + ", shaky", shaky(delay, loss), shaky(delay, loss)});
    }
}

} // namespace

TEST_CASE("matrix: no loss") {
    for (auto delay : {0ms, 1ms, 25ms, 100ms, 200ms}) {
        const auto name = fmt::format("no loss, delay {} ms", delay.count());
        const auto unlimited = path(delay, 0, 0);
        run_cell({name, unlimited, unlimited, 40, true}, 5);
        run_cell({name + ", shaky", shaky(delay, 0), shaky(delay, 0)});
    }
}
TEST_CASE("matrix: loss of 1 %") { lossy(0.01); }
TEST_CASE("matrix: loss of 5 %") { lossy(0.05); }
TEST_CASE("matrix: loss of 10 %") { lossy(0.1); }
TEST_CASE("matrix: loss of 20 %") { lossy(0.2); }
TEST_CASE("matrix: loss of 30 %") { lossy(0.3); }

TEST_CASE("matrix: asymmetric links") {
    run_cell({"slow and lossy back", path(5ms, 0, 100'000'000), path(150ms, 0.1, 2'000'000)});
    run_cell({"slow and lossy there", path(100ms, 0.2, 2'000'000), path(10ms, 0, 100'000'000)});
    run_cell({"narrow there", path(1ms, 0, 512'000), path(1ms, 0, 100'000'000), 16});
    run_cell({"shaky back", path(20ms, 0), shaky(60ms, 0.05)});
    auto bursts = path(20ms, 0);
    bursts.burst_start = 0.005;
    bursts.burst_length = 8;
    auto judged = bursts; // as loss, for the limits
    judged.loss = 0.02;
    run_cell({"bursts there", judged, path(20ms, 0)});
    auto shallow = path(20ms, 0, 5'000'000);
    shallow.queue_limit = 20'000;
    run_cell({"shallow queues", shallow, shallow, 24, true}, 5);
}
