#pragma once

#include "cortc/sctp/tx/heartbeat.hpp"

#include "cortc/sctp/wire/parameters.hpp"

namespace cortc::sctp {

/// Spread by half of the interval, so that many associations do not beat together.
CORTC_DECL void heartbeat::schedule(time_point now, duration rto) {
    const auto spread = interval_.count() > 1
                            ? static_cast<duration::rep>(random_->u32() % 1000) * (interval_ / 2000).count()
                            : 0;
    timers_->arm(association_timer::heartbeat, now + interval_ + rto + duration(spread));
    heard_ = waiting_ = false;
}

CORTC_DECL heartbeat::verdict heartbeat::handle_timeout(bool busy) const noexcept {
    if (waiting_) return verdict::unanswered;
    return heard_ || busy ? verdict::not_needed : verdict::idle;
}

CORTC_DECL void heartbeat::send(time_point now, duration rto) {
    waiting_ = true;
    due_ = true;
    timers_->arm(association_timer::heartbeat, now + rto);
}

CORTC_DECL bool heartbeat::write(packet_builder& out, time_point now) {
    if (!due_ || !out.fits(12)) return false;
    due_ = false;
    nonce_ = random_->u64();
    sent_at_ = now;
    auto value = out.add(chunk_type::heartbeat, 0, 12);
    value.u16(1); // Heartbeat Info
    value.u16(12);
    value.u64(nonce_);
    return true;
}

CORTC_DECL std::optional<duration> heartbeat::handle_ack(const chunk& from, time_point now) {
    const auto info = tlv_reader(from.value).next();
    const bool ours = waiting_ && info && info->type == 1 && info->value.size() == 8 &&
                      byte_reader(info->value).u64() == nonce_;
    if (!ours) return std::nullopt;
    waiting_ = false;
    return now - sent_at_;
}

} // namespace cortc::sctp
