#pragma once

#include "cortc/sctp/association.hpp"

#include <algorithm>

namespace cortc::sctp {

CORTC_DECL common_header association::header_for(std::uint32_t tag) const noexcept {
    return {config_.local_port, config_.remote_port, tag};
}

CORTC_DECL std::optional<std::size_t> association::poll_transmit(byte_span out, time_point now) {
    if (out.size() < config_.mtu) return std::nullopt;
    out = out.first(config_.mtu);
    if (auto size = transmit_alone(out)) return size;
    if (state_ == association_state::closed) return std::nullopt;
    auto& sizes = tcb_->sender.packet_size();
    if (up() && sizes.probe_due()) {
        packet_builder probe(out, header_for(tcb_->peer_tag));
        sizes.write_probe(probe, now, tcb_->rto().value());
        ++stats_.packets_sent;
        return probe.finish();
    }
    packet_builder packet(out.first(packet_limit()), header_for(tcb_->peer_tag));
    if (up()) {
        fill_established(packet, now);
    } else {
        fill_setup(packet, now);
    }
    if (packet.empty()) return std::nullopt;
    ++stats_.packets_sent;
    const auto size = packet.finish();
    sizes.sent(size);
    return size;
}

/// A cookie cannot be cut (RFC 9260 3.3.11).
CORTC_DECL std::size_t association::packet_limit() noexcept {
    const auto limit = tcb_->sender.packet_size().limit();
    const auto cookie = common_header_size + chunk_header_size + padded(tcb_->cookie.size());
    return cookie <= limit ? limit : config_.mtu;
}

/// Answers that are packets of their own, or too large for others to go with them.
CORTC_DECL std::optional<std::size_t> association::transmit_alone(byte_span out) {
    if (replies_.empty()) return std::nullopt;
    const auto size = common_header_size + chunk_header_size + padded(replies_.front().value.size());
    const bool alone = replies_.front().alone || size > tcb_->sender.packet_size().smallest();
    if (!alone && state_ != association_state::closed) return std::nullopt;
    auto first = replies_.pop_front();
    packet_builder packet(out, header_for(first.tag));
    packet.add(first.type, first.flags, first.value.view());
    pool_.release(std::move(first.value));
    ++stats_.packets_sent;
    return packet.finish();
}

CORTC_DECL void association::fill_setup(packet_builder& out, time_point now) {
    if (!tcb_->setup_due) return;
    tcb_->setup_due = false;
    tcb_->setup_sent = now;
    tcb_->timers.arm(association_timer::t1, now + tcb_->rto().value());
    if (state_ == association_state::cookie_echoed) {
        out.add(chunk_type::cookie_echo, 0, tcb_->cookie.view());
        add_replies(out);
        tcb_->sender.fill(out, now, false); // RFC 9260 5.1 C; T1 guards it until COOKIE-ACK
        return;
    }
    std::array<std::byte, 64> storage;
    byte_writer parameters(storage);
    write_setup_parameters(parameters, {});
    write_init(out, chunk_type::init,
               {tcb_->local_tag, static_cast<std::uint32_t>(config_.receive_window), config_.outgoing_streams,
                config_.max_incoming_streams, tcb_->initial_tsn, parameters.written()});
}

CORTC_DECL void association::fill_established(packet_builder& out, time_point now) {
    if (tcb_->cookie_ack_due) out.add(chunk_type::cookie_ack, 0, byte_view{});
    tcb_->cookie_ack_due = false;
    if (tcb_->receiver.sack_due() || (tcb_->receiver.sack_pending() && tcb_->sender.ready()))
        tcb_->receiver.write_sack(out);
    add_replies(out);
    add_shutdown(out, now);
    // One that asks why data does not arrive must not share its fate.
    if (tcb_->heartbeat.write(out, now) && tcb_->data_timeouts != 0) return;
    const bool sending = state_ == association_state::established ||
                         state_ == association_state::shutdown_pending ||
                         state_ == association_state::shutdown_received;
    if (!sending) return;
    add_reset_request(out, now);
    tcb_->sender.fill(out, now, true, tcb_->reset_requester.last_assigned());
    advance_shutdown(); // messages may have expired; there was no DATA then
    add_shutdown(out, now);
}

/// A stream is reset when its last message has been sent, in a packet before: control chunks precede DATA
/// (RFC 9260 6.10), and a request with the DATA it is about would be early.
CORTC_DECL void association::add_reset_request(packet_builder& out, time_point now) {
    auto& requester = tcb_->reset_requester;
    const auto most = (tcb_->sender.packet_size().smallest() - 64) / 2;
    requester.prepare(tcb_->sender.queue(), tcb_->sender.last_assigned(), most);
    if (requester.due())
        requester.write(out, tcb_->reset_responder.last_answered(), now, tcb_->rto().value());
}

CORTC_DECL void association::add_replies(packet_builder& out) {
    while (!replies_.empty() && !replies_.front().alone && out.fits(replies_.front().value.size())) {
        auto first = replies_.pop_front();
        out.add(first.type, first.flags, first.value.view());
        pool_.release(std::move(first.value));
    }
}

CORTC_DECL void association::add_shutdown(packet_builder& out, time_point now) {
    if (!tcb_->shutdown_due) return;
    if (state_ == association_state::shutdown_sent && out.fits(4)) {
        out.add(chunk_type::shutdown, 0, 4).u32(tcb_->receiver.cumulative().value());
    } else if (state_ == association_state::shutdown_ack_sent && out.fits(0)) {
        out.add(chunk_type::shutdown_ack, 0, byte_view{});
    } else {
        return;
    }
    tcb_->shutdown_due = false;
    tcb_->timers.arm(association_timer::t2, now + tcb_->rto().value());
}

CORTC_DECL time_point association::next_timeout() const noexcept {
    if (state_ == association_state::closed) return never;
    const auto& timers = tcb_->timers;
    if (up()) return timers.next();
    return std::min(timers.at(association_timer::t1), timers.at(association_timer::t2));
}

CORTC_DECL void association::handle_timeout(time_point now) {
    if (state_ == association_state::closed) return;
    auto& timers = tcb_->timers;
    if (timers.expire(association_timer::t1, now)) setup_timeout();
    if (!up()) return;
    if (timers.expire(association_timer::delayed_sack, now)) tcb_->receiver.request_sack();
    if (timers.expire(association_timer::window_probe, now)) tcb_->sender.probe_timeout();
    if (timers.expire(association_timer::size_probe, now)) tcb_->sender.packet_size().probe_timeout();
    // Data and a reset that expire together are one sign of loss, not two (RFC 6525 5.1.1 shares the RTO).
    const bool data_lost = timers.expire(association_timer::t3, now) && tcb_->sender.t3_timeout(now);
    const bool reset_lost =
        timers.expire(association_timer::re_config, now) && tcb_->reset_requester.handle_timeout();
    if ((data_lost || reset_lost) && path_error()) return;
    if (data_lost && data_error(now)) return;
    if (reset_lost && !data_lost) tcb_->rto().back_off();
    if (timers.expire(association_timer::t2, now)) shutdown_timeout();
    if (up() && timers.expire(association_timer::heartbeat, now)) heartbeat_timeout(now);
}

CORTC_DECL void association::heartbeat_timeout(time_point now) {
    auto& beat = tcb_->heartbeat;
    auto& rto = tcb_->rto();
    switch (beat.handle_timeout(!tcb_->sender.all_acknowledged())) {
    case heartbeat::verdict::not_needed:
        return beat.schedule(now, rto.value());
    case heartbeat::verdict::idle:
        tcb_->sender.shrink();
        inbox_.shrink();
        break;
    case heartbeat::verdict::unanswered:
        // What data has found out already counts once.
        if (tcb_->sender.outstanding()) return beat.schedule(now, rto.value());
        if (path_error()) return;
        rto.back_off();
        break;
    }
    beat.send(now, rto.value());
}

} // namespace cortc::sctp
