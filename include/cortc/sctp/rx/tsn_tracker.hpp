#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sctp/types.hpp"

#include <span>
#include <vector>

namespace cortc::sctp {

/// Which TSNs have arrived: everything up to the cumulative TSN, and ranges beyond it (RFC 9260 6.2).
class tsn_tracker {
  public:
    struct range {
        tsn first;
        tsn last;
    };
    enum class verdict {
        fresh,
        duplicate,
        too_far, ///< a gap block cannot express it, or it would make one more than we keep
    };

    explicit tsn_tracker(std::size_t max_ranges) : max_ranges_(max_ranges) {}
    /// The peer's first DATA chunk will have this TSN; forgets everything.
    void start(tsn initial);

    [[nodiscard]] verdict classify(tsn number) const noexcept;
    /// Only for what classify() calls fresh.
    void record(tsn number);
    /// Everything up to `number` counts as received (RFC 3758 3.6).
    void forward(tsn number);

    [[nodiscard]] tsn cumulative() const noexcept { return cumulative_; }
    /// The highest TSN that has arrived; the cumulative one when there are no gaps.
    [[nodiscard]] tsn highest() const noexcept { return ranges_.empty() ? cumulative_ : ranges_.back().last; }
    /// Ascending; neither touching each other nor the cumulative TSN.
    [[nodiscard]] std::span<const range> ranges() const noexcept { return ranges_; }

  private:
    [[nodiscard]] std::size_t first_beyond(tsn number) const noexcept;
    void absorb();

    std::size_t max_ranges_;
    tsn cumulative_;
    std::vector<range> ranges_;
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/rx/impl/tsn_tracker.ipp"
#endif
