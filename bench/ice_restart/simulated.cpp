#include "bench/ice_restart/restart.hpp"

#include "cortc/sim/world.hpp"

using namespace cortc;
using namespace std::chrono_literals;

namespace bench {

namespace {

asio::awaitable<void> run(restarting_pair& ends, timer clock, int count, bool& ended) {
    co_await ends.open();
    co_await ends.start_numbers();
    co_await clock.wait(100ms);
    std::vector<double> done, answered;
    for (int i = 0; i < count; ++i) {
        const auto times = co_await ends.restart();
        done.push_back(times.done);
        answered.push_back(times.answered);
        co_await clock.wait(200ms);
    }
    co_await ends.stop_numbers(2s);
    std::printf("simulated %s answered_median_ms=%.4f answered_p99_ms=%.4f sent=%zu lost=%zu\n",
                distribution(done).c_str(), median(answered), quantile(answered, .99), ends.sent(),
                ends.lost());
    ended = true;
}

} // namespace

void restart_simulated(duration round_trip, double loss, int count, bool early) {
    asio::io_context io(1);
    sim::world world(io);
    sim::link_options link;
    link.delay = round_trip / 2;
    link.loss = loss;
    world.set_default_link(link);
    context_options options;
    options.early_nomination = early;
    const context a(io.get_executor(), world.host("a", {"192.0.2.1"}), options);
    const context b(io.get_executor(), world.host("b", {"192.0.2.2"}), options);
    restarting_pair ends(a, b, candidates_go::trickle, round_trip / 2);
    bool ended = false;
    asio::co_spawn(io, run(ends, timer(a), count, ended), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
    if (!world.run_until([&] { return ended; }, 60s * count)) throw std::runtime_error("restarts do not end");
    ends.close();
    if (!world.run_dry(10s)) throw std::runtime_error("something remains after close()");
}

} // namespace bench
