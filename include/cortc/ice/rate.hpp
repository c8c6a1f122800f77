#pragma once

#include "cortc/base/time.hpp"

#include <algorithm>

namespace cortc::ice {

/// Events at a mean distance of `interval`, at most `burst` of them back to back (the generic cell rate
/// algorithm).
class rate {
  public:
    rate(duration interval, unsigned burst) noexcept
        : interval_(interval), slack_(interval * (burst > 0 ? burst - 1 : 0)) {}

    [[nodiscard]] bool ready(time_point now) const noexcept { return next() <= now; }
    /// When the next event may be; a time in the past means now.
    [[nodiscard]] time_point next() const noexcept {
        return due_ == time_point::min() ? due_ : due_ - slack_;
    }
    void take(time_point now) noexcept { due_ = std::max(due_, now) + interval_; }

  private:
    duration interval_;
    duration slack_;
    time_point due_ = time_point::min();
};

} // namespace cortc::ice
