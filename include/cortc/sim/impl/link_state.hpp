#pragma once

#include "cortc/sim/world.hpp"

namespace cortc::sim::detail {

/// What a link decides about one datagram.
struct passage {
    fate how = fate::delivered; ///< or why it does not arrive
    time_point arrival{};
    bool duplicated = false;
};

/// One direction of a link while it is used.
struct link_state {
    std::optional<link_options> own; ///< none: the world's default applies
    bool cut = false;                ///< a partition of two hosts, whatever addresses they use
    bool in_burst = false;
    time_point busy_until{};   ///< when what has been accepted is sent (bandwidth)
    time_point last_arrival{}; ///< jitter does not let a later datagram overtake

    /// `size` is that of the IP packet.
    passage pass(const link_options& options, time_point now, std::size_t size, duration extra_delay,
                 seeded_random& random);

  private:
    bool loses(const link_options& options, seeded_random& random);
    /// Waits for the bandwidth; false when the queue is full.
    bool enqueue(const link_options& options, time_point now, std::size_t size);
};

} // namespace cortc::sim::detail
