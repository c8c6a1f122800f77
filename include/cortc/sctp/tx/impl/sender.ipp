#pragma once

#include "cortc/sctp/tx/sender.hpp"

#include <algorithm>

namespace cortc::sctp {

CORTC_DECL sender::sender(const association_config& config, tsn initial, association_timers& timers,
                          buffer_pool& pool, association_stats& stats)
    : config_(&config)
    , timers_(&timers)
    , stats_(&stats)
    , queue_(pool)
    , outstanding_(queue_, config.mtu)
    , congestion_(config.mtu)
    , rto_(config.timings)
    , packet_size_(config, timers)
    , max_fragment_(largest_fragment(config.mtu))
    , burst_limit_(max_burst * config.mtu) {
    outstanding_.start(initial);
}

CORTC_DECL void sender::set_peer(std::uint32_t window, bool partial_reliability) noexcept {
    peer_window_ = window;
    partial_reliability_ = partial_reliability;
}

CORTC_DECL void sender::clear() {
    outstanding_.clear();
    queue_.clear();
    congestion_ = congestion_control(config_->mtu);
    rto_ = retransmission_timeout(config_->timings);
}

CORTC_DECL bool sender::push(stream_id stream, ppid protocol, byte_view message, const send_options& options,
                             time_point now) {
    const auto limit = config_->send_buffer;
    const auto held = queue_.held();
    if (held >= limit || queue_.held_messages() >= config_->limits.max_queued_messages)
        return refuse(stream, limit - limit / 8);
    // A buffer full of one stream's messages would have no room for more important ones.
    if (!queue_.has_share(stream, limit)) return refuse(stream, held - std::min(held, limit / 16));
    queue_.push(stream, protocol, message, options, now);
    return true;
}

/// `resume_at`: when so few bytes are held it is worth to try again. Waking the application has its price, so
/// that is not at the first free byte.
CORTC_DECL bool sender::refuse(stream_id stream, std::size_t resume_at) {
    queue_.refused(stream);
    resume_at_ = blocked_ ? std::max(resume_at_, resume_at) : resume_at;
    blocked_ = true;
    return false;
}

CORTC_DECL bool sender::poll_writable() noexcept {
    if (!blocked_) return false;
    const auto most = config_->limits.max_queued_messages;
    if (queue_.held() > resume_at_ || queue_.held_messages() > most - most / 8) return false;
    blocked_ = false;
    queue_.next_period();
    return true;
}

/// Control chunks precede DATA in a packet (RFC 9260 6.10): what is abandoned on the way goes with the next.
CORTC_DECL void sender::fill(packet_builder& out, time_point now, bool arm, std::optional<tsn> reset_at) {
    acked_since_drain_ = 0;
    flight_before_ = outstanding_.flight();
    give_up_hopeless(now);
    write_forward_tsn(out, now, reset_at);
    const auto before = out.room();
    resend(out, now);
    if (outstanding_.lost() == 0) send_new(out, now);
    if (out.room() == before) write_forward_tsn(out, now, reset_at);
    if (arm) arm_timer(now);
}

CORTC_DECL void sender::give_up_hopeless(time_point now) {
    while (const auto index = outstanding_.first_lost()) {
        if (!hopeless(outstanding_[*index], now)) return;
        abandon(outstanding_[*index].message, *index);
    }
}

CORTC_DECL void sender::write_forward_tsn(packet_builder& out, time_point now, std::optional<tsn> reset_at) {
    if (!forward_due_ || !outstanding_.first_abandoned() || !out.fits(8)) return;
    outstanding_.write_forward_tsn(out, reset_at);
    forward_due_ = false;
    forward_sent_ = now;
}

CORTC_DECL void sender::arm_timer(time_point now) {
    if (t3() == never && !outstanding_.empty()) start_t3(now);
}

CORTC_DECL bool sender::ready() const noexcept {
    if (outstanding_.lost() != 0 || forward_due_) return true;
    return !queue_.empty() && outstanding_.flight() < send_window() && peer_window_ != 0;
}

CORTC_DECL bool sender::hopeless(const sent_chunk& chunk, time_point now) noexcept {
    const auto& message = queue_[chunk.message];
    return partial_reliability_ && (chunk.transmissions > message.max_retransmits || message.expires <= now);
}

CORTC_DECL void sender::abandon(message_index message, std::size_t near) {
    outstanding_.abandon(message, near);
    ++stats_->messages_abandoned;
    forward_due_ = true;
}

CORTC_DECL void sender::resend(packet_builder& out, time_point now) {
    bool any = false;
    while (auto index = outstanding_.first_lost()) {
        const auto& chunk = outstanding_[*index];
        if (hopeless(chunk, now)) {
            abandon(chunk.message, *index);
            continue;
        }
        // What was sent again is lost, too: small packets may get through where large ones do not.
        if (chunk.transmissions > 1) packet_size_.doubt();
        if (!out.fits(data_fields_size + chunk.size)) break;
        // Into a closed window only what the receiver waits for, or one chunk as a probe.
        if (window_closed_ && *index != 0 && outstanding_.flight() != 0) break;
        if (!fast_retransmit_ && window_full()) {
            limited_ = true;
            break;
        }
        const auto& message = queue_[chunk.message];
        data_chunk data;
        data.number = outstanding_.number(*index);
        data.stream = message.stream->id;
        data.sequence = message.sequence;
        data.protocol = message.protocol;
        data.begin = chunk.offset == 0;
        data.end = chunk.offset + chunk.size == message.size;
        data.unordered = message.unordered;
        data.immediate = true; // RFC 7053: the sender waits for just this
        data.payload = message.data.view().subspan(chunk.offset, chunk.size);
        write_data(out, data);
        outstanding_.sent_again(*index, now);
        if (*index == 0) start_t3(now); // 7.2.4: the first outstanding chunk gets its full time
        ++stats_->chunks_retransmitted;
        last_sent_ = now;
        any = true;
    }
    if (any) fast_retransmit_ = false;
}

CORTC_DECL void sender::send_new(packet_builder& out, time_point now) {
    limited_ = false;
    if (outstanding_.flight() == 0) after_idle(now);
    while (auto* message = queue_.current()) {
        if (message->expires <= now && (message->sent == 0 || partial_reliability_)) {
            expire_current();
            continue;
        }
        if (outstanding_.size() >= max_chunks) return;
        const auto size = fragment_size(*message, out);
        if (size == 0) return;
        if (window_full()) {
            limited_ = true;
            return;
        }
        if (!window_allows(size, now)) return;
        send_fragment(out, *message, size, now);
    }
}

CORTC_DECL void sender::expire_current() {
    if (queue_.current()->sent == 0) {
        queue_.drop_current();
        ++stats_->messages_abandoned;
    } else {
        abandon(queue_.current_index(), outstanding_.empty() ? 0 : outstanding_.size() - 1);
    }
}

/// A message that fits one packet is not spread over two; a larger one also fills what is left of a packet,
/// unless that is too little to be worth a chunk.
CORTC_DECL std::size_t sender::fragment_size(const outgoing_message& message,
                                             const packet_builder& out) const noexcept {
    const auto worthwhile = std::min<std::size_t>(128, max_fragment_);
    constexpr std::size_t headers = chunk_header_size + data_fields_size;
    if (out.room() <= data_fields_size) return 0;
    const auto room = out.room() - data_fields_size;
    const std::size_t left = message.size - message.sent;
    const auto most = std::min(room, max_fragment_);
    if (left <= most) return left;
    const auto whole = left + (left + max_fragment_ - 1) / max_fragment_ * headers;
    const bool fits_next = padded(whole) <= out.capacity() - common_header_size;
    if (message.sent == 0 && fits_next && whole > out.room() + chunk_header_size) return 0;
    return most >= worthwhile ? most & ~std::size_t{3} : 0;
}

/// RFC 9260 6.1 A. A chunk that does not fit the peer's window waits for what is in flight; when nothing is,
/// it is sent all the same, into a closed window after an RTO, so that a lost window update cannot stop us
/// for good.
CORTC_DECL bool sender::window_allows(std::size_t size, time_point now) {
    if (size <= peer_window_) return true;
    if (outstanding_.flight() != 0) return false;
    if (peer_window_ == 0) {
        if (!probe_now_) {
            if (!timers_->armed(association_timer::window_probe))
                timers_->arm(association_timer::window_probe, now + rto_.value());
            return false;
        }
        probe_now_ = false;
        probing_ = true;
    }
    return true;
}

CORTC_DECL void sender::send_fragment(packet_builder& out, outgoing_message& message, std::size_t size,
                                      time_point now) {
    const auto offset = message.sent;
    const auto index = queue_.current_index();
    data_chunk data;
    data.number = outstanding_.next_tsn();
    data.stream = message.stream->id;
    data.protocol = message.protocol;
    data.begin = offset == 0;
    data.end = offset + size == message.size;
    data.unordered = message.unordered;
    data.payload = message.data.view().subspan(offset, size);
    // RFC 7053: a lone packet that fills our window would have to wait for a delayed acknowledgement.
    const auto flight = outstanding_.flight() + size;
    data.immediate = hurry_ || (flight >= send_window() && flight <= 2 * config_->mtu);
    queue_.advance(size); // assigns the sequence number
    data.sequence = message.sequence;
    write_data(out, data);
    outstanding_.append(index, offset, static_cast<std::uint16_t>(size), now);
    peer_window_ -= std::min(peer_window_, size);
    last_sent_ = now;
    stats_->bytes_sent += size;
    if (data.end) ++stats_->messages_sent;
}

/// Nothing is in flight. If that has lasted, what we knew of the path is old (RFC 9260 7.2.1).
CORTC_DECL void sender::after_idle(time_point now) noexcept {
    const auto pauses = (now - last_sent_) / rto_.value();
    if (pauses == 0) return;
    burst_limit_ = max_burst * config_->mtu;
    congestion_.idle(pauses);
}

CORTC_DECL sender::verdict sender::handle_cumulative(tsn cumulative, time_point now) {
    sack_chunk sack;
    sack.cumulative = cumulative;
    sack.window = static_cast<std::uint32_t>(peer_window_ + outstanding_.flight()); // not told: as it was
    return handle_sack(sack, now);
}

CORTC_DECL sender::verdict sender::handle_sack(const sack_chunk& sack, time_point now) {
    const auto effect = outstanding_.acknowledge(sack, congestion_.recovering());
    if (effect.result != sack_effect::verdict::good) {
        const bool stale = effect.result == sack_effect::verdict::stale;
        ++stats_->drops[static_cast<std::size_t>(stale ? drop_reason::stale_sack : drop_reason::bad_sack)];
        return verdict::nothing;
    }
    if (effect.sent) rto_.sample(now - *effect.sent, effect.late);
    // Whatever is newly acknowledged, out of order too, shows that the path works: the doubled time-out is
    // void, also for the chunk that is being waited for.
    if (effect.acked_bytes != 0) {
        packet_size_.works();
        rto_.clear_back_off();
        timers_->arm(association_timer::t3, std::min(t3(), now + rto_.value()));
    }
    react(effect);
    update_window(sack.window, now);
    // What SACKs since the last drain have acknowledged may be replaced at once, and a burst more; or as much
    // more, for slow start: the path has just taken that at once.
    acked_since_drain_ += effect.acked_bytes;
    burst_limit_ =
        outstanding_.flight() + acked_since_drain_ + std::max(max_burst * config_->mtu, acked_since_drain_);
    if (outstanding_.empty()) {
        timers_->disarm(association_timer::t3);
    } else if (effect.advanced) {
        start_t3(now);
    }
    // RFC 3758 3.5 C3: the peer has not moved on yet; once per round trip is enough.
    if (outstanding_.first_abandoned() && now - forward_sent_ >= rto_.smoothed()) forward_due_ = true;
    // A peer that keeps its window closed is alive (RFC 9260 6.1 A).
    return effect.acked_bytes != 0 || effect.advanced || sack.window == 0 ? verdict::progress
                                                                          : verdict::nothing;
}

CORTC_DECL void sender::react(const sack_effect& effect) {
    congestion_.cumulative_reached(outstanding_.cumulative());
    if (!effect.loss_detected) {
        congestion_.acknowledged(effect.acked_bytes, effect.advanced, limited_, outstanding_.flight() == 0);
        return;
    }
    // One reduction for the losses of one window. A retransmission that was lost, though everything of that
    // window has been left behind, is a new loss.
    const bool again = effect.lost_again && effect.highest_newly_acked > congestion_.recovery_exit();
    if (congestion_.recovering() && !again) return;
    congestion_.enter_recovery(last_assigned());
    fast_retransmit_ = true;
    ++stats_->fast_retransmits;
}

CORTC_DECL void sender::update_window(std::uint32_t advertised, time_point now) {
    peer_window_ = advertised > outstanding_.flight() ? advertised - outstanding_.flight() : 0;
    window_closed_ = advertised == 0;
    if (window_closed_) return;
    timers_->disarm(association_timer::window_probe);
    probe_now_ = false;
    if (!probing_) return;
    // The window has opened. The probe was most likely dropped: do not wait for a timer that has backed off.
    probing_ = false;
    rto_.clear_back_off();
    if (outstanding_.empty()) return;
    outstanding_.lose_all();
    peer_window_ = advertised;
    start_t3(now);
}

CORTC_DECL bool sender::t3_timeout(time_point now) {
    if (outstanding_.empty()) return false;
    ++stats_->timeouts;
    // RFC 9260 7.2.3; a closed window is no sign of congestion: what is in flight was dropped for want of
    // room.
    probing_ = probing_ || window_closed_;
    if (!probing_ && outstanding_.flight() + outstanding_.lost() != 0) {
        congestion_.timed_out();
        packet_size_.doubt();
    }
    rto_.back_off();
    outstanding_.lose_all();
    fast_retransmit_ = false;
    forward_due_ = outstanding_.first_abandoned();
    start_t3(now);
    return true;
}

CORTC_DECL void sender::report(association_stats& into) const noexcept {
    into.smoothed_rtt = rto_.smoothed();
    into.rto = rto_.value();
    into.cwnd = congestion_.window();
    into.bytes_in_flight = outstanding_.flight();
    into.peer_window = peer_window_;
}

CORTC_DECL void sender::shrink() {
    queue_.shrink();
    outstanding_.shrink();
}

} // namespace cortc::sctp
