#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/time.hpp"

namespace cortc::turn {

/// What a server grants for a time and has to be asked for again: a permission (RFC 8656 9) or a channel
/// (RFC 8656 12). One that nobody uses lapses.
class grant {
  public:
    /// The server is asked; until granted() or refused() it is not asked again.
    void asked() noexcept { asked_ = true; }
    void granted(time_point now, duration lifetime) noexcept {
        asked_ = false;
        since_ = now;
        ends_ = now + lifetime;
        renew_ = ends_ - margin;
    }
    /// It is not asked for again before `pause` is over. What was granted before stays until its end.
    void refused(time_point now, duration pause) noexcept {
        asked_ = false;
        renew_ = now + pause;
    }
    void use(time_point now) noexcept { used_ = now; }

    [[nodiscard]] bool waiting() const noexcept { return asked_; }
    [[nodiscard]] bool holds(time_point now) const noexcept { return now < ends_; }
    /// Whether who uses it should ask now: it was never granted, is about to end, or was refused long ago.
    [[nodiscard]] bool due(time_point now) const noexcept { return !asked_ && now >= renew_; }
    /// When it is to be renewed, if it was used since it was granted; `never` otherwise.
    [[nodiscard]] time_point renewal() const noexcept {
        return !asked_ && ends_ > since_ && used_ > since_ ? renew_ : never;
    }
    [[nodiscard]] time_point used() const noexcept { return used_; }

  private:
    static constexpr duration margin = std::chrono::seconds(60); // a request may be lost, and asked again

    bool asked_ = false;
    time_point since_ = time_point::min(), ends_ = time_point::min(), renew_ = time_point::min(),
               used_ = time_point::min();
};

} // namespace cortc::turn
