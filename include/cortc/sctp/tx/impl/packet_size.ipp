#pragma once

#include "cortc/sctp/tx/packet_size.hpp"

#include "cortc/sctp/wire/parameters.hpp"

#include <algorithm>

namespace cortc::sctp {

CORTC_DECL void packet_size::doubt() noexcept {
    if (small_ || !large_used_) return;
    small_ = true;
    due_ = false;
    wait_ = {};
}

CORTC_DECL void packet_size::works() noexcept {
    if (small_ && wait_ == duration::zero()) due_ = true;
}

CORTC_DECL void packet_size::path_changed() noexcept {
    timers_->disarm(association_timer::size_probe);
    small_ = due_ = true;
    wait_ = {};
}

CORTC_DECL void packet_size::write_probe(packet_builder& out, time_point now, duration rto) noexcept {
    due_ = false;
    wait_ = wait_ == duration::zero() ? std::max(rto, first_wait_) : std::min(2 * wait_, longest_wait);
    timers_->arm(association_timer::size_probe, now + wait_);
    ++number_;
    auto info = out.add(chunk_type::heartbeat, 0, 8);
    info.u16(1); // Heartbeat Info
    info.u16(8);
    info.u32(number_);
    const auto rest = out.room();
    out.add(chunk_type::pad, 0, rest).zero(rest);
}

CORTC_DECL bool packet_size::handle_ack(const chunk& from) noexcept {
    const auto info = tlv_reader(from.value).next();
    if (!info || info->type != 1 || info->value.size() != 4) return false;
    if (byte_reader(info->value).u32() != number_ || wait_ == duration::zero()) return true;
    timers_->disarm(association_timer::size_probe);
    small_ = due_ = false;
    wait_ = {};
    return true;
}

} // namespace cortc::sctp
