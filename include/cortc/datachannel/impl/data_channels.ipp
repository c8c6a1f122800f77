#pragma once

#include "cortc/datachannel/data_channels.hpp"

#include "cortc/base/overloaded.hpp"

#include <algorithm>
#include <unordered_map>

namespace cortc::datachannel {

CORTC_DECL data_channels::data_channels(data_channels_config config, random_source& random, buffer_pool& pool,
                                        logger log)
    : config_(std::move(config)), random_(random), pool_(pool), log_(log) {}

CORTC_DECL void data_channels::set_role(dtls_role role, time_point now) {
    if (role_ || ended_) return;
    role_ = role;
    for (auto id : std::exchange(waiting_, {})) {
        assign_stream(id);
        if (up_) start(id);
    }
    settle(now);
}

CORTC_DECL void data_channels::set_remote(std::uint16_t port, std::size_t max_message_size) {
    config_.association.remote_port = port;
    config_.association.remote_max_message_size = max_message_size;
    if (association_) association_->set_remote_max_message_size(max_message_size);
}

CORTC_DECL void data_channels::connect(time_point now) {
    if (association_ || ended_) return;
    association_.emplace(config_.association, random_, pool_, log_);
    association_->connect(now);
    settle(now);
}

CORTC_DECL void data_channels::handle_packet(byte_view packet, time_point now) {
    if (!association_) return;
    association_->handle_packet(packet, now);
    settle(now);
}

CORTC_DECL std::optional<std::size_t> data_channels::poll_transmit(byte_span out, time_point now) {
    if (!association_) return std::nullopt;
    auto size = association_->poll_transmit(out, now);
    settle(now);
    if (!size) {
        size = association_->poll_transmit(out, now); // what settling queued
        settle(now);
    }
    return size;
}

CORTC_DECL time_point data_channels::next_timeout() const noexcept {
    return association_ ? association_->next_timeout() : never;
}

CORTC_DECL void data_channels::handle_timeout(time_point now) {
    if (!association_) return;
    association_->handle_timeout(now);
    settle(now);
    shrink_if_idle(now);
}

/// Bursts come in series: their queues are given back when the last one is long over. Timers always run, if
/// only for the HEARTBEAT.
CORTC_DECL void data_channels::shrink_if_idle(time_point now) {
    constexpr auto long_over = std::chrono::seconds(10);
    const auto seen = messages_queued_ + events_queued_;
    if (std::exchange(seen_, seen) != seen) seen_at_ = now;
    if (now - seen_at_ < long_over) return;
    events_.shrink();
    messages_.shrink();
    control_.shrink();
}

CORTC_DECL void data_channels::shutdown(time_point now) {
    if (!association_) return on_closed({sctp::close_reason::shutdown, {}});
    association_->shutdown(now);
    settle(now);
}

CORTC_DECL void data_channels::abort(std::string_view text) {
    if (!association_) return on_closed({sctp::close_reason::aborted_locally, std::string(text)});
    association_->abort(text);
    collect();
}

CORTC_DECL std::optional<channel_event> data_channels::poll_event() {
    if (events_.empty() || events_.front().after > messages_polled_) return std::nullopt;
    return events_.pop_front().what;
}

CORTC_DECL std::optional<incoming_message> data_channels::poll_message() {
    if (messages_.empty() || (!events_.empty() && events_.front().after <= messages_polled_))
        return std::nullopt;
    ++messages_polled_;
    return messages_.pop_front();
}

CORTC_DECL void data_channels::emit(channel_event what) {
    ++events_queued_;
    events_.push_back({messages_queued_, std::move(what)});
}

CORTC_DECL void data_channels::consume(std::size_t size) {
    // An empty message came as one byte (RFC 8831 6.6).
    if (association_) association_->consume(std::max<std::size_t>(size, 1));
}

CORTC_DECL std::uint16_t data_channels::max_channels() const noexcept {
    const auto& wanted = config_.association;
    return association_ ? std::min(association_->outgoing_streams(), association_->incoming_streams())
                        : std::min(wanted.outgoing_streams, wanted.max_incoming_streams);
}

CORTC_DECL std::size_t data_channels::max_message_size() const noexcept {
    if (association_) return association_->max_send_size();
    constexpr std::size_t largest = 0x7fffffff; // as the association has it
    const auto limit = config_.association.remote_max_message_size;
    return limit == 0 ? largest : std::min(limit, largest);
}

/// Takes what the association has to report, in its order: events first, because the peer's first messages
/// may come in the packet that brings the association up.
CORTC_DECL void data_channels::collect() {
    for (bool more = true; more;) {
        more = false;
        while (auto what = association_->poll_event()) {
            more = true;
            handle_event(std::move(*what));
        }
        while (auto message = association_->poll_message()) {
            more = true;
            handle_message(std::move(*message));
        }
    }
}

/// What every mutation ends with.
CORTC_DECL void data_channels::settle(time_point now) {
    if (!association_) return;
    collect();
    flush_control(now);
    if (writable_ && !control_blocked_) announce_writable();
    writable_ = false;
}

CORTC_DECL void data_channels::handle_event(sctp::event&& what) {
    std::visit(overloaded{
                   [this](const sctp::connected& up) { on_connected(up); },
                   [this](sctp::closed& down) { on_closed(std::move(down)); },
                   [this](const sctp::restarted&) { on_restarted(); },
                   [this](const sctp::incoming_streams_reset& reset) {
                       for (auto stream : reset.streams) on_incoming_reset(stream);
                   },
                   [this](const sctp::outgoing_streams_reset& reset) {
                       for (auto stream : reset.streams) on_outgoing_reset(stream);
                   },
                   [this](const sctp::stream_reset_failed& failed) {
                       for (auto stream : failed.streams) on_reset_failed(stream);
                   },
                   [this](const sctp::buffered_amount_low& low) { on_buffered_amount_low(low.stream); },
                   [this](const sctp::writable&) {
                       control_blocked_ = false;
                       writable_ = true;
                   },
               },
               what);
}

CORTC_DECL void data_channels::on_connected(const sctp::connected& what) {
    up_ = true;
    emit(what);
    for (auto id : table_.all()) start(id);
}

CORTC_DECL void data_channels::on_closed(sctp::closed&& what) {
    if (ended_) return;
    ended_ = true;
    up_ = false;
    bool orderly =
        what.reason == sctp::close_reason::shutdown || what.reason == sctp::close_reason::aborted_locally;
    auto text = what.text.empty() ? std::string(to_string(what.reason)) : what.text;
    const auto cause = what.cause;
    std::unordered_map<stream_id, std::size_t> unsent;
    for (const auto& each : what.unsent) unsent.emplace(each.stream, each.bytes);
    emit(std::move(what));
    for (auto id : table_.all()) {
        if (!orderly && !table_.find(id)->silent)
            emit(channel_error{id, channel_failure::association_lost, text, cause});
        const auto& which = *table_.find(id);
        const auto left = which.was_open ? unsent.find(*which.parameters.id) : unsent.end();
        finish(id, which.discarded + (left == unsent.end() ? 0 : left->second));
    }
    waiting_.clear();
    control_.clear();
    blocked_.clear();
}

/// RFC 9260 5.2.4.1: the peer knows nothing of the streams any more. Channels that have not begun yet go on.
CORTC_DECL void data_channels::on_restarted() {
    for (auto id : table_.all()) {
        const auto& which = *table_.find(id);
        if (which.state == channel_state::connecting) continue;
        if (!which.silent)
            emit(channel_error{id, channel_failure::association_lost, "the peer has restarted", {}});
        finish(id);
    }
    control_blocked_ = false; // the send buffer is empty
}

CORTC_DECL void data_channels::on_incoming_reset(stream_id stream) {
    auto id = table_.on_stream(stream);
    if (!id) id = watch_stream(stream); // answered by ours (RFC 8831 6.7)
    if (!id) {
        (void)association_->reset_stream(stream); // nothing can be kept of it
        return;
    }
    auto& which = *table_.find(*id);
    if (which.state == channel_state::connecting)
        return; // our OPEN is not sent: it is not about this channel
    which.incoming_reset = true;
    if (which.outgoing == detail::outgoing_state::failed) which.outgoing = detail::outgoing_state::usable;
    if (which.state == channel_state::open) {
        // RFC 8832 6: a reset in the place of the ACK means that the set-up failed.
        if (!which.confirmed)
            emit(channel_error{*id, channel_failure::refused, "the peer reset the stream", {}});
        close_from_outside(*id);
    } else {
        begin_reset(*id);
    }
    finish_if_reset(*id);
}

CORTC_DECL void data_channels::on_outgoing_reset(stream_id stream) {
    auto id = table_.on_stream(stream);
    if (!id) return;
    auto& which = *table_.find(*id);
    if (which.outgoing == detail::outgoing_state::held) return resume(*id);
    if (which.outgoing != detail::outgoing_state::resetting) return;
    which.outgoing = detail::outgoing_state::reset;
    finish_if_reset(*id);
}

/// RFC 6525 is not the peer's, or it refuses. The channel is over for the application, but the peer still has
/// the stream: it stays taken until the peer resets it.
CORTC_DECL void data_channels::on_reset_failed(stream_id stream) {
    auto id = table_.on_stream(stream);
    if (!id) return;
    auto& which = *table_.find(*id);
    if (which.outgoing == detail::outgoing_state::held) return resume(*id);
    if (which.outgoing != detail::outgoing_state::resetting) return;
    log_.debug("the reset of stream {} failed", stream.value());
    auto peer_done = which.incoming_reset;
    if (!which.silent || peer_done) finish(*id);
    if (peer_done) return;
    if (!table_.on_stream(stream)) watch_stream(stream);
    if (auto watched = table_.on_stream(stream))
        table_.find(*watched)->outgoing = detail::outgoing_state::failed;
}

CORTC_DECL void data_channels::on_buffered_amount_low(stream_id stream) {
    auto id = table_.on_stream(stream);
    if (!id) return;
    auto& which = *table_.find(*id);
    if (!which.above_threshold) return; // only DCEP was queued
    which.above_threshold = false;
    emit(channel_buffered_amount_low{*id});
}

/// Who was served last comes last, or a channel with a long queue could take the room every time.
CORTC_DECL void data_channels::announce_writable() {
    std::sort(blocked_.begin(), blocked_.end(), [this](channel_id a, channel_id b) {
        const auto* left = table_.find(a);
        const auto* right = table_.find(b);
        return (left ? left->served : 0) < (right ? right->served : 0);
    });
    for (auto id : blocked_) {
        auto* which = table_.find(id);
        if (!which || !which->blocked) continue;
        which->blocked = false;
        if (which->state == channel_state::open) emit(channel_writable{id});
    }
    blocked_.clear();
}

} // namespace cortc::datachannel
