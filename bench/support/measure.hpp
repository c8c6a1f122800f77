#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

/// Clocks and figures of a benchmark.
namespace bench {

using wall_clock = std::chrono::steady_clock;

inline double seconds_since(wall_clock::time_point start) {
    return std::chrono::duration<double>(wall_clock::now() - start).count();
}

/// User and system time of the process, all threads.
inline double cpu_seconds() {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(use.ru_utime) + seconds(use.ru_stime);
}

inline double resident_kb() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::atof(line.c_str() + 6);
    return 0;
}

/// Wall-clock and CPU time from construction on.
class stopwatch {
  public:
    [[nodiscard]] double wall() const { return seconds_since(start_); }
    [[nodiscard]] double cpu() const { return cpu_seconds() - cpu_; }

  private:
    wall_clock::time_point start_ = wall_clock::now();
    double cpu_ = cpu_seconds();
};

/// -1 without samples.
inline double quantile(std::vector<double> values, double q) {
    if (values.empty()) return -1;
    std::sort(values.begin(), values.end());
    return values[std::min(values.size() - 1,
                           static_cast<std::size_t>(q * static_cast<double>(values.size())))];
}
inline double median(std::vector<double> values) { return quantile(std::move(values), .5); }

} // namespace bench
