#pragma once

#include "cortc/sctp/rx/receiver.hpp"

#include <algorithm>
#include <limits>

namespace cortc::sctp {

CORTC_DECL receiver::receiver(const association_config& config, inbox& into, association_timers& timers,
                              buffer_pool& pool, association_stats& stats)
    : config_(&config)
    , inbox_(&into)
    , timers_(&timers)
    , stats_(&stats)
    , pool_(&pool)
    , tracker_(config.limits.max_gap_blocks)
    , fragments_(pool, config.max_message_size)
    , streams_(pool)
    , advertised_(window())
    , allowed_(advertised_) {}

CORTC_DECL std::size_t receiver::waiting_cost() const noexcept {
    const auto messages = fragments_.runs() + streams_.waiting();
    return fragments_.bytes() + streams_.bytes() + messages * config_->limits.message_overhead;
}

/// A message that has begun can be finished whatever else waits, or the application could wait for it for
/// ever while it leaves others unread; and it may be larger than the window.
CORTC_DECL std::uint32_t receiver::window() const noexcept {
    const auto window = config_->receive_window;
    auto free = unused();
    if (free < window / 4)
        if (const auto begun = fragments_.unfinished_at(tracker_.cumulative()))
            free = std::max(free, std::min(window / 4, config_->max_message_size - *begun + config_->mtu));
    return free < config_->mtu ? 0 : static_cast<std::uint32_t>(free);
}

/// The sender counts user data only (RFC 9260 3.3.2): our overhead per message makes the window smaller, but
/// what was on the way then had been allowed. Bounded, for messages of a few bytes cost much more than they
/// count.
CORTC_DECL bool receiver::was_allowed(const data_chunk& data) const noexcept {
    constexpr std::size_t most = 12; // windows
    const auto size = data.payload.size();
    return received_ + size <= allowed_ && used() + size <= most * config_->receive_window;
}

/// New data beyond what was allowed gets a quarter more than the window, for a SACK may have been lost. What
/// fills a hole gets more: without it, nothing of what waits could ever be delivered. So does what comes
/// while a message is unfinished, for the same reason.
CORTC_DECL bool receiver::has_room(const data_chunk& data) const noexcept {
    const auto window = config_->receive_window;
    const bool fills_hole = data.number < tracker_.highest() ||
                            (data.number == tracker_.cumulative().next() && waiting_cost() != 0);
    const auto wanted = used() + data.payload.size();
    if (wanted > window + window / 4 && !was_allowed(data)) {
        if (!fills_hole && !fragments_.unfinished_at(tracker_.cumulative())) return false;
        if (wanted > window + window / 4 + config_->max_message_size + 65536) return false;
    }
    const auto waiting = fragments_.runs() + streams_.waiting();
    const auto most = config_->limits.max_waiting_messages;
    if (waiting < most) return true;
    const bool whole = data.begin && data.end;
    if (!whole && !fragments_.begins_run(data)) return true;
    return data.number == tracker_.cumulative().next() && waiting < 2 * most;
}

CORTC_DECL receiver::verdict receiver::handle_data(const data_chunk& data) {
    switch (tracker_.classify(data.number)) {
    case tsn_tracker::verdict::duplicate:
        note_duplicate(data.number);
        return verdict::ok;
    case tsn_tracker::verdict::too_far:
        drop(drop_reason::window_overrun);
        sack_now_ = true;
        return verdict::ok;
    case tsn_tracker::verdict::fresh:
        break;
    }
    // A probe of our closed window is answered, not taken (RFC 9260 6.2).
    const bool closed = advertised_ == 0 && window() == 0 && waiting_cost() == 0 && !was_allowed(data);
    if (closed || !has_room(data)) {
        drop(drop_reason::window_overrun);
        sack_now_ = true;
        return verdict::ok;
    }
    tracker_.record(data.number);
    received_ += data.payload.size();
    if (data.immediate) sack_now_ = true;
    return take(data);
}

CORTC_DECL receiver::verdict receiver::take(const data_chunk& data) {
    if (data.begin && data.end) {
        if (data.payload.size() > config_->max_message_size) return verdict::too_large;
        auto copy = pool_->acquire(data.payload.size());
        copy.append(data.payload);
        place({data.stream, data.sequence, data.protocol, data.unordered, std::move(copy)});
        return verdict::ok;
    }
    whole_message message;
    switch (fragments_.add(data, message)) {
    case fragment_store::outcome::too_large:
        return verdict::too_large;
    case fragment_store::outcome::complete:
        place(std::move(message));
        break;
    case fragment_store::outcome::stored:
        break;
    }
    return verdict::ok;
}

CORTC_DECL void receiver::place(whole_message&& message) {
    if (!streams_.accept(std::move(message), inbox_->messages())) drop(drop_reason::bad_fragment);
    inbox_->account();
}

CORTC_DECL void receiver::discard_data(tsn number) {
    switch (tracker_.classify(number)) {
    case tsn_tracker::verdict::fresh:
        tracker_.record(number);
        break;
    case tsn_tracker::verdict::duplicate:
        note_duplicate(number);
        break;
    case tsn_tracker::verdict::too_far:
        drop(drop_reason::window_overrun);
        break;
    }
    sack_now_ = true;
}

CORTC_DECL void receiver::note_duplicate(tsn number) noexcept {
    drop(drop_reason::duplicate_data);
    if (duplicate_count_ < duplicates_.size()) duplicates_[duplicate_count_++] = number;
    sack_now_ = true; // RFC 9260 6.2: our SACK may have been lost
}

CORTC_DECL void receiver::handle_forward_tsn(const forward_tsn_chunk& forward) {
    if (forward.cumulative <= tracker_.cumulative()) {
        sack_now_ = true; // RFC 3758 3.6: out of date, our SACK may have been lost
        return;
    }
    fragments_.forward(forward.cumulative);
    for (std::size_t i = 0; i < forward.count; ++i) {
        const auto skipped = forward.skipped(i);
        if (skipped.stream.value() >= config_->max_incoming_streams) {
            drop(drop_reason::bad_forward_tsn);
            continue;
        }
        streams_.skip(skipped.stream, skipped.sequence, inbox_->messages());
    }
    inbox_->account();
    tracker_.forward(forward.cumulative);
    sack_now_ = true; // the sender waits for it to let go of the abandoned messages
}

CORTC_DECL void receiver::packet_done(time_point now) {
    ++packets_since_sack_;
    const bool gaps = !tracker_.ranges().empty();
    // RFC 9260 6.2: every second packet, and at once while something is missing or a gap has closed. Also at
    // once the very first: the sender learns the round trip time before it has much in flight.
    if (packets_since_sack_ >= 2 || gaps || had_gaps_ || first_packet_) sack_now_ = true;
    first_packet_ = false;
    had_gaps_ = gaps;
    if (!timers_->armed(association_timer::delayed_sack))
        timers_->arm(association_timer::delayed_sack, now + config_->timings.sack_delay);
}

CORTC_DECL void receiver::write_sack(packet_builder& out) {
    const auto space = out.room();
    if (space < sack_fields_size) return;
    const auto ranges = tracker_.ranges();
    const auto gaps = std::min(ranges.size(), (space - sack_fields_size) / 4);
    const auto duplicates = std::min(duplicate_count_, (space - sack_fields_size) / 4 - gaps);
    advertised_ = window();
    allowed_ = std::max<std::uint64_t>(allowed_, received_ + unused());
    auto value = out.add(chunk_type::sack, 0, sack_fields_size + 4 * (gaps + duplicates));
    value.u32(tracker_.cumulative().value());
    value.u32(advertised_);
    value.u16(static_cast<std::uint16_t>(gaps));
    value.u16(static_cast<std::uint16_t>(duplicates));
    for (const auto& block : ranges.first(gaps)) {
        value.u16(static_cast<std::uint16_t>(distance(tracker_.cumulative(), block.first)));
        value.u16(static_cast<std::uint16_t>(distance(tracker_.cumulative(), block.last)));
    }
    for (std::size_t i = 0; i < duplicates; ++i) value.u32(duplicates_[i].value());
    duplicate_count_ = 0;
    packets_since_sack_ = 0;
    sack_now_ = false;
    timers_->disarm(association_timer::delayed_sack);
}

CORTC_DECL void receiver::consumed() noexcept {
    // Every SACK carries the window; one of its own is due when the sender may have stopped for want of it.
    const std::size_t now_open = window();
    const auto worth = std::min(4 * config_->mtu, config_->receive_window / 2);
    if (advertised_ < worth && now_open >= worth) sack_now_ = true;
    if (now_open > advertised_ && now_open - advertised_ >= config_->receive_window / 4) sack_now_ = true;
}

} // namespace cortc::sctp
