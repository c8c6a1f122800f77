#pragma once

#include "cortc/base/time.hpp"

#include <cstddef>
#include <cstdint>

namespace cortc::sim {

/// One direction of a path between two hosts (or two addresses). Probabilities are 0 to 1, per datagram or
/// TCP segment; of what reorders and duplicates, TCP has only the delay.
struct link_options {
    duration delay = std::chrono::milliseconds(1); ///< one way
    duration jitter{};                             ///< adds 0 to this, evenly; never reorders by itself
    double loss = 0;                               ///< lost by itself, apart from bursts
    double burst_start = 0;   ///< a burst begins with this datagram: it and those after it are lost
    double burst_length = 10; ///< mean length of a burst, in datagrams, at least 1
    double reordering = 0;    ///< held back by reordering_delay while later ones pass
    duration reordering_delay = std::chrono::milliseconds(10); ///< see reordering
    double duplication = 0;                                    ///< arrives twice, at the same time
    std::uint64_t bandwidth = 0;                               ///< bits per second of IP packets; 0: no limit
    std::size_t queue_limit = 1 << 18; ///< bytes that may wait for the bandwidth; more are dropped
    std::size_t mtu = 1500;            ///< of an IP packet; longer ones are refused when sent
    bool up = true;                    ///< false: nothing passes
    bool udp = true;                   ///< false: a firewall drops every datagram (fate::link_down)
    bool tcp = true;                   ///< false: a firewall drops every segment
};

} // namespace cortc::sim
