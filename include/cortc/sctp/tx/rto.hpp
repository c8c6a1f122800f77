#pragma once

#include "cortc/sctp/config.hpp"

#include <algorithm>

namespace cortc::sctp {

/// The retransmission time-out from round trip times (RFC 9260 6.3.1).
class retransmission_timeout {
  public:
    explicit retransmission_timeout(const association_timings& timings)
        : timings_(timings), base_(timings.rto_initial) {}

    /// `late`: the time-out had passed. Either the path has become slow, or an acknowledgement was lost and
    /// the next one, for a retransmission, tells how long the time-out was. Such a sample counts for two
    /// round trips at most: enough to follow the path, too little for time-outs to feed on themselves.
    void sample(duration rtt, bool late = false) noexcept {
        if (late && srtt_ != duration::zero()) rtt = std::min(rtt, 2 * srtt_);
        if (srtt_ == duration::zero()) {
            srtt_ = rtt;
            variance_ = rtt / 2;
        } else {
            const auto error = srtt_ > rtt ? srtt_ - rtt : rtt - srtt_;
            variance_ = (3 * variance_ + error) / 4;
            srtt_ = (7 * srtt_ + rtt) / 8;
        }
        base_ = std::min(srtt_ + std::max(4 * variance_, timings_.rto_margin), timings_.rto_max);
    }
    /// RFC 9260 6.3.3 E2: the timer expired.
    void back_off() noexcept { backoff_ = std::min(backoff_ + 1, 16); }
    /// Something new was acknowledged: the path works, and the doubled value says nothing any more.
    void clear_back_off() noexcept { backoff_ = 0; }
    [[nodiscard]] bool backed_off() const noexcept { return backoff_ != 0; }

    [[nodiscard]] duration value() const noexcept {
        return std::min(base_ * (std::int64_t{1} << backoff_), timings_.rto_max);
    }
    /// Zero before the first sample.
    [[nodiscard]] duration smoothed() const noexcept { return srtt_; }

  private:
    association_timings timings_;
    duration srtt_{};
    duration variance_{};
    duration base_;
    int backoff_ = 0;
};

} // namespace cortc::sctp
