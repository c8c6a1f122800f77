#pragma once

#include "cortc/ice/consent.hpp"

namespace cortc::ice {

CORTC_DECL void consent::confirm(time_point now, duration interval) noexcept {
    confirmed_ = now;
    heard(now);
    unanswered_ = never;
    next_check_ = now + interval;
}

CORTC_DECL void consent::sent(time_point now, duration retry) noexcept {
    if (unanswered_ == never) unanswered_ = now;
    next_check_ = now + retry;
}

CORTC_DECL void consent::consented(time_point now, const timings& t) noexcept {
    confirmed_ = now;
    heard(now);
    unanswered_ = now + t.consent_interval * 6 / 5 + t.consent_retry * 6 / 5;
}

CORTC_DECL time_point consent::expires(const timings& t) const noexcept {
    return confirmed_ == time_point::min() ? confirmed_ : confirmed_ + t.consent_expiry;
}

CORTC_DECL time_point consent::disconnects(const timings& t) const noexcept {
    if (unanswered_ == never) return never;
    // One lost check is no sign of anything: wait for the answers to those that follow it, too.
    auto silent = heard_ == time_point::min() ? heard_ : heard_ + t.silence;
    return std::max(silent, unanswered_ + t.unanswered);
}

CORTC_DECL duration spread(duration middle, std::uint32_t random) noexcept {
    const auto fraction = static_cast<double>(random) / 4294967296.0;
    return duration(static_cast<duration::rep>(static_cast<double>(middle.count()) * (0.8 + 0.4 * fraction)));
}

} // namespace cortc::ice
