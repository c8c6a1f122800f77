#pragma once

#include "cortc/sctp/types.hpp"

#include <algorithm>
#include <limits>

namespace cortc::sctp {

/// How many bytes may be in flight (RFC 9260 7.2).
class congestion_control {
  public:
    /// RFC 6928 measured that ten packets are safe to begin with; RFC 9260 allows about four.
    static constexpr std::size_t initial_packets = 10;

    explicit congestion_control(std::size_t mtu) : mtu_(mtu), cwnd_(initial_packets * mtu) {}

    /// `acked` bytes were newly acknowledged while cumulative TSNs advanced or not. `limited`: it was the
    /// window that kept the sender from sending more; a window that is not used must not grow (7.2.1).
    void acknowledged(std::size_t acked, bool advanced, bool limited, bool all_acked) noexcept {
        if (recovering_) return;
        if (cwnd_ < ssthresh_) {
            // Slow start by all that was acknowledged, not at most a packet: a receiver that takes packets in
            // batches sends one SACK for a batch. The sender's burst limit keeps that from becoming a burst.
            if (advanced && limited) cwnd_ += std::min(acked, ssthresh_ - cwnd_);
            return;
        }
        partial_ += acked;
        if (partial_ >= cwnd_ && limited) {
            partial_ -= cwnd_;
            cwnd_ += mtu_;
        }
        partial_ = all_acked ? 0 : std::min(partial_, cwnd_);
    }
    /// RFC 9260 7.2.3, 7.2.4: losses were seen; recovery lasts until `exit` is acknowledged.
    void enter_recovery(tsn exit) noexcept {
        reduce();
        cwnd_ = ssthresh_;
        recovering_ = true;
        exit_ = exit;
    }
    void cumulative_reached(tsn cumulative) noexcept {
        if (recovering_ && cumulative >= exit_) recovering_ = false;
    }
    void timed_out() noexcept {
        reduce();
        cwnd_ = mtu_;
        recovering_ = false;
    }
    /// 7.2.1: nothing was sent for so many RTOs.
    void idle(std::int64_t timeouts) noexcept {
        for (; timeouts > 0 && cwnd_ > initial_packets * mtu_; --timeouts)
            cwnd_ = std::max(cwnd_ / 2, initial_packets * mtu_);
    }

    [[nodiscard]] std::size_t window() const noexcept { return cwnd_; }
    [[nodiscard]] bool recovering() const noexcept { return recovering_; }
    [[nodiscard]] tsn recovery_exit() const noexcept { return exit_; }

  private:
    void reduce() noexcept {
        ssthresh_ = std::max(cwnd_ / 2, 4 * mtu_);
        partial_ = 0;
    }

    std::size_t mtu_;
    std::size_t cwnd_;
    std::size_t ssthresh_ = std::numeric_limits<std::size_t>::max();
    std::size_t partial_ = 0; // partial_bytes_acked
    bool recovering_ = false;
    tsn exit_;
};

} // namespace cortc::sctp
