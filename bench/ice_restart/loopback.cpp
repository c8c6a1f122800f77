#include "bench/ice_restart/restart.hpp"

#include "test/support/moving_network.hpp"

#include <algorithm>

using namespace cortc;
using namespace std::chrono_literals;

namespace bench {

namespace {

/// A transport has sixteen sockets at most, and keeps those of the last generation for a second.
constexpr auto between_new_sockets = 80ms;

class loopback_run {
  public:
    loopback_run(test::moving_network& network, const context& where, candidates_go way, bool new_sockets)
        : network_(network), where_(where), way_(way), new_sockets_(new_sockets), clock_(where) {}

    asio::awaitable<void> run(int pairs, int count) {
        for (int i = 0; i < pairs; ++i) {
            pairs_.push_back(std::make_unique<restarting_pair>(where_, where_, way_));
            co_await pairs_.back()->open();
        }
        last_.resize(pairs_.size(), clock_.now());
        co_await in_turn(std::min(20, count)); // warm up
        done_.clear();
        answered_.clear();

        const stopwatch watch;
        co_await in_turn(count);
        double under_way = 0;
        for (auto each : answered_) under_way += each;
        std::printf(
            "restart %s answered_median_ms=%.4f answered_p99_ms=%.4f restarts_per_s=%.1f cpu_ms=%.4f ",
            distribution(done_).c_str(), median(answered_), quantile(answered_, .99), count / under_way * 1e3,
            watch.cpu() / count * 1e3);
        co_await together();
        for (auto& each : pairs_) each->close();
    }

  private:
    asio::awaitable<void> in_turn(int count) {
        for (int i = 0; i < count; ++i) {
            const auto at = static_cast<std::size_t>(i) % pairs_.size();
            if (new_sockets_) {
                co_await clock_.wait(last_[at] + between_new_sockets - clock_.now());
                network_.move();
            }
            co_await restart(*pairs_[at]);
            last_[at] = clock_.now();
        }
    }
    asio::awaitable<void> restart(restarting_pair& which) {
        const auto times = co_await which.restart();
        if (which.new_socket() != new_sockets_)
            throw std::runtime_error(new_sockets_ ? "the socket is the old one" : "the socket is a new one");
        done_.push_back(times.done);
        answered_.push_back(times.answered);
    }

    /// Waves for two seconds, at least three.
    asio::awaitable<void> together() {
        co_await pairs_[0]->start_numbers();
        co_await clock_.wait(100ms);
        done_.clear();
        double took = 0;
        const auto end = clock_.now() + 2s;
        for (int i = 0; i < 3 || clock_.now() < end; ++i) {
            if (new_sockets_) {
                co_await clock_.wait(between_new_sockets);
                network_.move();
            }
            const auto begin = clock_.now();
            co_await wave();
            took += to_ms(clock_.now() - begin);
        }
        co_await clock_.wait(100ms);
        co_await pairs_[0]->stop_numbers(500ms);
        std::printf("together_median_ms=%.4f together_p99_ms=%.4f together_per_s=%.1f sent=%zu lost=%zu\n",
                    median(done_), quantile(done_, .99), static_cast<double>(done_.size()) / took * 1e3,
                    pairs_[0]->sent(), pairs_[0]->lost());
    }
    asio::awaitable<void> wave() {
        timer all_done(where_);
        auto left = pairs_.size();
        for (auto& each : pairs_)
            asio::co_spawn(where_.get_executor(), restart(*each), [&](std::exception_ptr error) {
                if (error) std::rethrow_exception(error);
                if (--left == 0) all_done.cancel();
            });
        try {
            co_await all_done.wait(60s);
            throw std::runtime_error("restarts do not end");
        } catch (const boost::system::system_error&) { // cancelled: they have ended
        }
    }

    test::moving_network& network_;
    context where_;
    candidates_go way_;
    bool new_sockets_;
    timer clock_;
    std::vector<std::unique_ptr<restarting_pair>> pairs_{};
    std::vector<time_point> last_{}; // restart of each pair
    std::vector<double> done_{}, answered_{};
};

} // namespace

void restart_on_loopback(int pairs, int count, candidates_go way, bool new_sockets, bool early) {
    asio::io_context io(1);
    test::moving_network network(io.get_executor());
    auto options = loopback();
    options.early_nomination = early;
    const context where(io.get_executor(), network, options);
    loopback_run all(network, where, way, new_sockets);
    asio::co_spawn(io, all.run(pairs, count), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
    io.run();
}

} // namespace bench
