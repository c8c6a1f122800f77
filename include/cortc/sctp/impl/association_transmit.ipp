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
    packet_builder packet(out, header_for(peer_tag_));
    if (up()) {
        fill_established(packet, now);
    } else {
        fill_setup(packet, now);
    }
    if (packet.empty()) return std::nullopt;
    ++stats_.packets_sent;
    return packet.finish();
}

/// Answers that are packets of their own.
CORTC_DECL std::optional<std::size_t> association::transmit_alone(byte_span out) {
    if (replies_.empty() || (!replies_.front().alone && state_ != association_state::closed))
        return std::nullopt;
    auto first = replies_.pop_front();
    packet_builder packet(out, header_for(first.tag));
    packet.add(first.type, first.flags, first.value.view());
    pool_.release(std::move(first.value));
    ++stats_.packets_sent;
    return packet.finish();
}

CORTC_DECL void association::fill_setup(packet_builder& out, time_point now) {
    if (!setup_due_) return;
    setup_due_ = false;
    setup_sent_ = now;
    t1_at_ = now + sender_.rto().value();
    if (state_ == association_state::cookie_echoed) {
        out.add(chunk_type::cookie_echo, 0, cookie_.view());
        add_replies(out);
        sender_.fill(out, now, false); // RFC 9260 5.1 C; T1 guards it until COOKIE-ACK
        return;
    }
    std::array<std::byte, 64> storage;
    byte_writer parameters(storage);
    write_setup_parameters(parameters, {});
    write_init(out, chunk_type::init,
               {local_tag_, static_cast<std::uint32_t>(config_.receive_window), config_.outgoing_streams,
                config_.max_incoming_streams, initial_tsn_, parameters.written()});
}

CORTC_DECL void association::fill_established(packet_builder& out, time_point now) {
    if (cookie_ack_due_) out.add(chunk_type::cookie_ack, 0, byte_view{});
    cookie_ack_due_ = false;
    if (receiver_.sack_due() || (receiver_.sack_pending() && sender_.ready())) receiver_.write_sack(out);
    add_replies(out);
    add_shutdown(out, now);
    add_heartbeat(out, now);
    const bool sending = state_ == association_state::established ||
                         state_ == association_state::shutdown_pending ||
                         state_ == association_state::shutdown_received;
    if (!sending) return;
    sender_.fill(out, now, true);
    advance_shutdown(); // messages may have expired
    add_shutdown(out, now);
    // After the data: a stream is reset when its last message has been sent.
    const auto most = (config_.mtu - 64) / 2;
    reset_requester_.prepare(sender_.queue(), sender_.last_assigned(), most);
    if (reset_requester_.due())
        reset_requester_.write(out, reset_responder_.last_answered(), now, sender_.rto().value());
}

CORTC_DECL void association::add_replies(packet_builder& out) {
    while (!replies_.empty() && !replies_.front().alone && out.fits(replies_.front().value.size())) {
        auto first = replies_.pop_front();
        out.add(first.type, first.flags, first.value.view());
        pool_.release(std::move(first.value));
    }
}

CORTC_DECL void association::add_shutdown(packet_builder& out, time_point now) {
    if (!shutdown_due_) return;
    if (state_ == association_state::shutdown_sent && out.fits(4)) {
        out.add(chunk_type::shutdown, 0, 4).u32(receiver_.cumulative().value());
    } else if (state_ == association_state::shutdown_ack_sent && out.fits(0)) {
        out.add(chunk_type::shutdown_ack, 0, byte_view{});
    } else {
        return;
    }
    shutdown_due_ = false;
    t2_at_ = now + sender_.rto().value();
}

CORTC_DECL void association::add_heartbeat(packet_builder& out, time_point now) {
    if (!heartbeat_due_ || !out.fits(12)) return;
    heartbeat_due_ = false;
    heartbeat_nonce_ = random_.u64();
    heartbeat_sent_ = now;
    auto value = out.add(chunk_type::heartbeat, 0, 12);
    value.u16(1); // Heartbeat Info
    value.u16(12);
    value.u64(heartbeat_nonce_);
}

CORTC_DECL time_point association::next_timeout() const noexcept {
    if (state_ == association_state::closed) return never;
    auto next = std::min({t1_at_, t2_at_});
    if (!up()) return next;
    return std::min({next, heartbeat_at_, receiver_.next_timeout(), sender_.next_timeout(),
                     reset_requester_.next_timeout()});
}

CORTC_DECL void association::handle_timeout(time_point now) {
    if (state_ == association_state::closed) return;
    if (now >= t1_at_) setup_timeout();
    if (!up()) return;
    receiver_.handle_timeout(now);
    // Data and a reset that expire together are one sign of loss, not two (RFC 6525 5.1.1 shares the RTO).
    const bool data_lost = sender_.handle_timeout(now);
    const bool reset_lost = reset_requester_.handle_timeout(now);
    if ((data_lost || reset_lost) && path_error()) return;
    if (reset_lost && !data_lost) sender_.rto().back_off();
    if (now >= t2_at_) shutdown_timeout();
    if (up() && now >= heartbeat_at_) heartbeat_timeout(now);
}

/// RFC 9260 8.3, spread by half of the interval so that many associations do not beat together.
CORTC_DECL void association::schedule_heartbeat(time_point now) {
    const auto interval = config_.timings.heartbeat_interval;
    const auto spread = interval.count() > 1
                            ? static_cast<duration::rep>(random_.u32() % 1000) * (interval / 2000).count()
                            : 0;
    heartbeat_at_ = now + interval + sender_.rto().value() + duration(spread);
    heard_ = false;
}

CORTC_DECL void association::heartbeat_timeout(time_point now) {
    const bool idle = sender_.all_acknowledged();
    if (!heartbeat_waiting_ && (heard_ || !idle)) return schedule_heartbeat(now); // data tests the path, too
    if (heartbeat_waiting_) {
        if (path_error()) return;
        sender_.rto().back_off();
    } else {
        sender_.shrink();
        receiver_.shrink();
    }
    heartbeat_waiting_ = true;
    heartbeat_due_ = true;
    heartbeat_at_ = now + sender_.rto().value();
}

} // namespace cortc::sctp
