#pragma once

#include "cortc/sctp/rx/tsn_tracker.hpp"

#include <algorithm>

namespace cortc::sctp {

CORTC_DECL void tsn_tracker::start(tsn initial) {
    cumulative_ = initial.previous();
    ranges_.clear();
}

/// The index of the first range that begins after `number`.
CORTC_DECL std::size_t tsn_tracker::first_beyond(tsn number) const noexcept {
    const auto at = std::partition_point(ranges_.begin(), ranges_.end(),
                                         [&](const range& r) { return r.first <= number; });
    return static_cast<std::size_t>(at - ranges_.begin());
}

CORTC_DECL tsn_tracker::verdict tsn_tracker::classify(tsn number) const noexcept {
    const auto ahead = distance(cumulative_, number);
    if (ahead <= 0) return verdict::duplicate;
    if (ahead == 1) return verdict::fresh;
    if (ahead > 0xffff) return verdict::too_far;
    const auto next = first_beyond(number);
    if (next > 0 && number <= ranges_[next - 1].last) return verdict::duplicate;
    const bool touches = (next > 0 && ranges_[next - 1].last.next() == number) ||
                         (next < ranges_.size() && number.next() == ranges_[next].first);
    return touches || ranges_.size() < max_ranges_ ? verdict::fresh : verdict::too_far;
}

CORTC_DECL void tsn_tracker::record(tsn number) {
    if (number == cumulative_.next()) {
        cumulative_ = number;
        absorb();
        return;
    }
    const auto next = first_beyond(number);
    const bool joins_previous = next > 0 && ranges_[next - 1].last.next() == number;
    const bool joins_next = next < ranges_.size() && number.next() == ranges_[next].first;
    const auto at = ranges_.begin() + static_cast<std::ptrdiff_t>(next);
    if (joins_previous && joins_next) {
        ranges_[next - 1].last = ranges_[next].last;
        ranges_.erase(at);
    } else if (joins_previous) {
        ranges_[next - 1].last = number;
    } else if (joins_next) {
        ranges_[next].first = number;
    } else {
        ranges_.insert(at, range{number, number});
    }
}

CORTC_DECL void tsn_tracker::forward(tsn number) {
    if (number <= cumulative_) return;
    cumulative_ = number;
    absorb();
}

/// Ranges that the cumulative TSN has reached become part of it.
CORTC_DECL void tsn_tracker::absorb() {
    std::size_t reached = 0;
    while (reached < ranges_.size() && ranges_[reached].first <= cumulative_.next()) {
        cumulative_ = std::max(cumulative_, ranges_[reached].last, [](tsn a, tsn b) { return a < b; });
        ++reached;
    }
    ranges_.erase(ranges_.begin(), ranges_.begin() + static_cast<std::ptrdiff_t>(reached));
}

} // namespace cortc::sctp
