#pragma once

#include "cortc/base/time.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace cortc {

/// The deadlines of an engine by name. `Timer` is an enumeration from 0 on whose last enumerator is `count_`.
template <class Timer>
class timer_table {
  public:
    timer_table() noexcept { disarm_all(); }

    /// An armed timer is set to the new time.
    void arm(Timer which, time_point at) noexcept { deadlines_[index(which)] = at; }
    void disarm(Timer which) noexcept { arm(which, never); }
    void disarm_all() noexcept { deadlines_.fill(never); }

    /// `never` when it is not armed.
    [[nodiscard]] time_point at(Timer which) const noexcept { return deadlines_[index(which)]; }
    [[nodiscard]] bool armed(Timer which) const noexcept { return at(which) != never; }
    /// Whether the time has come; then the timer is disarmed.
    [[nodiscard]] bool expire(Timer which, time_point now) noexcept {
        if (now < at(which)) return false;
        disarm(which);
        return true;
    }
    /// The earliest deadline; `never` when no timer is armed.
    [[nodiscard]] time_point next() const noexcept { return *std::ranges::min_element(deadlines_); }

  private:
    static constexpr std::size_t index(Timer which) noexcept { return static_cast<std::size_t>(which); }

    std::array<time_point, static_cast<std::size_t>(Timer::count_)> deadlines_;
};

} // namespace cortc
