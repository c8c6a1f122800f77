#pragma once

#include "cortc/sctp/tx/reset_requester.hpp"

#include <algorithm>

namespace cortc::sctp {

CORTC_DECL void reset_requester::prepare(const send_queue& queue, tsn last_assigned,
                                         std::size_t max_streams) {
    if (!requested_.empty() || pending_.empty()) return;
    std::erase_if(pending_, [&](stream_id stream) {
        if (requested_.size() == max_streams || !queue.drained(stream)) return false;
        requested_.push_back(stream);
        return true;
    });
    if (requested_.empty()) return;
    last_assigned_ = last_assigned;
    sequence_ = next_;
    ++next_;
    due_ = true;
}

CORTC_DECL void reset_requester::write(packet_builder& out, reset_sequence answered, time_point now,
                                       duration rto) {
    const auto length = 4 + 12 + 2 * requested_.size(); // parameter header, fixed fields, streams
    if (!out.fits(padded(length))) return;
    if (deferred_) {
        // After "in progress" peers expect the next number (dcSCTP answers a repeated one as before).
        sequence_ = next_;
        ++next_;
        deferred_ = false;
    }
    auto value = out.add(chunk_type::re_config, 0, length);
    value.u16(static_cast<std::uint16_t>(parameter_type::outgoing_reset_request));
    value.u16(static_cast<std::uint16_t>(length));
    value.u32(sequence_.value());
    value.u32(answered.value());
    value.u32(last_assigned_.value());
    for (const auto stream : requested_) value.u16(stream.value());
    due_ = false;
    timers_->arm(association_timer::re_config, now + rto);
}

CORTC_DECL bool reset_requester::handle_timeout() noexcept {
    due_ = true;
    return !deferred_;
}

CORTC_DECL std::optional<reset_requester::outcome>
reset_requester::handle_response(const reset_response& response, bool& expected, time_point now,
                                 duration rto) {
    expected = !requested_.empty() && response.sequence == sequence_;
    if (!expected) return std::nullopt;
    if (response.result == reset_result::in_progress ||
        response.result == reset_result::request_in_progress) {
        deferred_ = true;
        due_ = false;
        timers_->arm(association_timer::re_config, now + rto);
        return std::nullopt;
    }
    outcome ended;
    ended.done = response.result == reset_result::performed || response.result == reset_result::nothing_to_do;
    ended.streams = std::exchange(requested_, {});
    due_ = false;
    deferred_ = false;
    timers_->disarm(association_timer::re_config);
    return ended;
}

} // namespace cortc::sctp
