#pragma once

#include "cortc/ice/types.hpp"

#include <algorithm>
#include <cstdint>

namespace cortc::ice {

/// Consent to send on one path (RFC 7675), and whether the path seems alive. A Binding response renews
/// consent; anything authentic from the peer shows life, which is not consent (RFC 7675 5.1 and 6).
class consent {
  public:
    /// A response arrived. The next check goes out after `interval`, which the caller has made random.
    void confirm(time_point now, duration interval) noexcept;
    /// A check went out; without a response the next one follows after `retry`.
    void sent(time_point now, duration retry) noexcept;
    /// A lite agent's: the peer's own check arrived, and the next is due within so long as consent checks and
    /// a repetition take.
    void consented(time_point now, const timings& t) noexcept;
    void heard(time_point now) noexcept { heard_ = std::max(heard_, now); }

    [[nodiscard]] time_point next_check() const noexcept { return next_check_; }
    [[nodiscard]] time_point confirmed() const noexcept { return confirmed_; }
    [[nodiscard]] time_point expires(const timings& t) const noexcept;
    [[nodiscard]] bool granted(time_point now, const timings& t) const noexcept { return now < expires(t); }
    /// When the path is to be called disconnected; `never` while no check is unanswered.
    [[nodiscard]] time_point disconnects(const timings& t) const noexcept;
    [[nodiscard]] bool alive(time_point now, const timings& t) const noexcept { return now < disconnects(t); }

  private:
    time_point confirmed_ = time_point::min();
    time_point heard_ = time_point::min();
    time_point unanswered_ = never; // since when
    time_point next_check_ = never;
};

/// `middle` times 0.8 to 1.2 (RFC 7675 5.1), by 32 random bits.
duration spread(duration middle, std::uint32_t random) noexcept;

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/consent.ipp"
#endif
