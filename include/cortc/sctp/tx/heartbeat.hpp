#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/random.hpp"
#include "cortc/sctp/config.hpp"
#include "cortc/sctp/timers.hpp"
#include "cortc/sctp/wire/packet.hpp"

#include <optional>

namespace cortc::sctp {

/// Tests the path while no data does (RFC 9260 8.3).
class heartbeat {
  public:
    /// What the expiration of the timer means.
    enum class verdict {
        not_needed, ///< data tests the path
        idle,       ///< nothing has tested the path for the interval
        unanswered, ///< the last HEARTBEAT
    };

    heartbeat(const association_config& config, random_source& random, association_timers& timers)
        : interval_(config.timings.heartbeat_interval), random_(&random), timers_(&timers) {}

    /// The path is known to work: the next HEARTBEAT is due after the interval.
    void schedule(time_point now, duration rto);
    /// Data was acknowledged.
    void heard() noexcept { heard_ = true; }
    /// `busy`: data is on the way. After `not_needed` schedule() follows, else send().
    [[nodiscard]] verdict handle_timeout(bool busy) const noexcept;
    /// A HEARTBEAT goes with the next packet; the answer is due after the RTO.
    void send(time_point now, duration rto);
    /// Adds the HEARTBEAT that is due; whether one was.
    bool write(packet_builder& out, time_point now);
    /// The round trip time; nullopt: not the answer to the last HEARTBEAT.
    [[nodiscard]] std::optional<duration> handle_ack(const chunk& from, time_point now);

  private:
    duration interval_;
    random_source* random_;
    association_timers* timers_;
    std::uint64_t nonce_ = 0;
    time_point sent_at_{};
    bool due_ = false;
    bool waiting_ = false; // for the answer
    bool heard_ = false;   // data was acknowledged since the timer was set
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/tx/impl/heartbeat.ipp"
#endif
