#include "cortc/sim/impl/link_state.hpp"

#include <algorithm>

namespace cortc::sim::detail {

CORTC_DECL bool link_state::loses(const link_options& options, seeded_random& random) {
    // Gilbert's model: bursts end with probability 1 / length after each datagram they took.
    if (!in_burst) in_burst = random.chance(options.burst_start);
    if (in_burst) {
        in_burst = !random.chance(1 / std::max(options.burst_length, 1.0));
        return true;
    }
    return random.chance(options.loss);
}

CORTC_DECL bool link_state::enqueue(const link_options& options, time_point now, std::size_t size) {
    busy_until = std::max(busy_until, now);
    if (options.bandwidth == 0) return true;
    constexpr double nanoseconds = 1e9;
    const auto rate = static_cast<double>(options.bandwidth) / 8; // bytes per second
    const auto waiting = static_cast<double>((busy_until - now).count()) * rate / nanoseconds;
    if (waiting + static_cast<double>(size) > static_cast<double>(options.queue_limit)) return false;
    busy_until += duration(static_cast<duration::rep>(static_cast<double>(size) / rate * nanoseconds));
    return true;
}

CORTC_DECL passage link_state::pass(const link_options& options, time_point now, std::size_t size,
                                    duration extra_delay, seeded_random& random) {
    if (size > options.mtu) return {.how = fate::too_long};
    if (!options.up) return {.how = fate::link_down};
    if (loses(options, random)) return {.how = fate::lost};
    if (!enqueue(options, now, size)) return {.how = fate::queue_full};
    passage end{.how = fate::delivered, .arrival = busy_until + options.delay};
    if (options.jitter > duration::zero())
        end.arrival +=
            duration(static_cast<duration::rep>(static_cast<double>(options.jitter.count()) * random.unit()));
    end.arrival = std::max(end.arrival, last_arrival);
    if (random.chance(options.reordering)) extra_delay += options.reordering_delay;
    if (extra_delay > duration::zero())
        end.arrival += extra_delay; // and later ones pass
    else
        last_arrival = end.arrival;
    end.duplicated = random.chance(options.duplication);
    return end;
}

} // namespace cortc::sim::detail
