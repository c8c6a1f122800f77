#pragma once

#include "cortc/sctp/association.hpp"

#include <algorithm>
#include <utility>

namespace cortc::sctp {

CORTC_DECL association_config association::sensible(association_config config) {
    config.mtu = std::clamp<std::size_t>(config.mtu, 256, 65532);
    config.receive_window = std::clamp<std::size_t>(
        config.receive_window, std::max<std::size_t>(4 * config.mtu, min_window), 0x7fffffff);
    config.max_message_size = std::clamp<std::size_t>(config.max_message_size, 1, 0x3fffffff);
    config.outgoing_streams = std::max<std::uint16_t>(config.outgoing_streams, 1);
    config.max_incoming_streams = std::max<std::uint16_t>(config.max_incoming_streams, 1);
    return config;
}

CORTC_DECL association::association(association_config config, random_source& random, buffer_pool& pool,
                                    logger log)
    : config_(sensible(config)), random_(random), pool_(pool), log_(log), inbox_(config_, stats_) {
    // One tag and TSN for the whole set-up: an INIT answered before connect() then names the same association
    // as the one connect() begins.
    const auto tag = random_tag();
    begin(tag, config_.initial_tsn.value_or(tsn(random_.u32())));
    // The key only tells our cookies from others: who could forge one has passed DTLS, and may as well send
    // an INIT.
    random_.fill(cookie_key_);
}

CORTC_DECL association::~association() = default;

CORTC_DECL std::uint32_t association::random_tag() {
    const auto tag = random_.u32();
    return tag != 0 ? tag : 1;
}

/// A new life, in which nothing is known of the peer.
CORTC_DECL void association::begin(std::uint32_t tag, tsn initial) {
    tcb_.emplace(config_, tag, initial, inbox_, random_, pool_, stats_);
}

CORTC_DECL void association::set_state(association_state state) {
    if (state == state_) return;
    log_.debug("{} -> {}", to_string(state_), to_string(state));
    state_ = state;
}

/// Whether data may flow in some direction.
CORTC_DECL bool association::up() const noexcept {
    return state_ != association_state::closed && state_ != association_state::cookie_wait &&
           state_ != association_state::cookie_echoed;
}

CORTC_DECL void association::drop(drop_reason reason) {
    ++stats_.drops[static_cast<std::size_t>(reason)];
    log_.debug("dropped: {}", to_string(reason));
}

CORTC_DECL void association::connect(time_point) {
    if (state_ != association_state::closed || ended_) return;
    set_state(association_state::cookie_wait);
    tcb_->setup_due = true;
}

CORTC_DECL send_result association::send(stream_id stream, ppid protocol, byte_view message,
                                         const send_options& options, time_point now) {
    const bool open = state_ == association_state::established || state_ == association_state::cookie_wait ||
                      state_ == association_state::cookie_echoed;
    if (!open) return send_result::closed;
    if (message.empty()) return send_result::empty;
    if (message.size() > max_send_size()) return send_result::too_large;
    if (stream.value() >= tcb_->outgoing_streams) return send_result::no_stream;
    const auto* known = tcb_->sender.queue().find(stream);
    if (known && known->resetting) return send_result::resetting;
    return tcb_->sender.push(stream, protocol, message, options, now) ? send_result::ok
                                                                      : send_result::would_block;
}

CORTC_DECL void association::consume(std::size_t bytes, std::size_t messages) {
    inbox_.consume(bytes, messages);
    tcb_->receiver.consumed();
}

CORTC_DECL void association::discard_unsent(stream_id stream) {
    stats_.messages_abandoned += tcb_->sender.queue().discard_unsent(stream);
}

CORTC_DECL std::size_t association::buffered_amount(stream_id stream) const noexcept {
    const auto* known = tcb_->sender.queue().find(stream);
    return known ? known->buffered : 0;
}

CORTC_DECL std::size_t association::buffered_amount() const noexcept {
    return tcb_->sender.queue().buffered();
}

CORTC_DECL void association::set_buffered_amount_low_threshold(stream_id stream, std::size_t bytes) {
    tcb_->sender.queue().stream(stream).low_threshold = bytes;
}

CORTC_DECL void association::set_weight(stream_id stream, std::uint8_t weight) {
    tcb_->sender.queue().set_weight(stream, std::clamp<std::uint8_t>(weight, 1, 8));
}

CORTC_DECL void association::set_remote_max_message_size(std::size_t bytes) noexcept {
    config_.remote_max_message_size = bytes;
}

CORTC_DECL std::size_t association::max_send_size() const noexcept {
    constexpr std::size_t largest = 0x7fffffff; // offsets in a message have 32 bits
    const auto limit = config_.remote_max_message_size;
    return limit == 0 ? largest : std::min(limit, largest);
}

CORTC_DECL association_state association::state() const noexcept { return state_; }
CORTC_DECL std::uint16_t association::outgoing_streams() const noexcept { return tcb_->outgoing_streams; }
CORTC_DECL std::uint16_t association::incoming_streams() const noexcept { return tcb_->incoming_streams; }

CORTC_DECL association_stats association::stats() const {
    auto now = stats_;
    tcb_->sender.report(now);
    now.receive_window = tcb_->receiver.window();
    return now;
}

CORTC_DECL std::optional<event> association::poll_event() {
    if (ended_ || inbox_.has_events()) return inbox_.poll_event();
    if (auto stream = tcb_->sender.queue().poll_low()) return buffered_amount_low{*stream};
    if (tcb_->sender.poll_writable()) return writable{};
    return std::nullopt;
}

CORTC_DECL std::optional<received_message> association::poll_message() { return inbox_.poll_message(); }

CORTC_DECL void association::finish(close_reason reason, std::string text,
                                    std::optional<std::uint16_t> cause) {
    if (ended_) return;
    log_.debug("closed: {}{}{}", to_string(reason), text.empty() ? "" : ", ", text);
    set_state(association_state::closed);
    ended_ = true;
    auto unsent = tcb_->sender.queue().unsent();
    tcb_->sender.clear();
    tcb_->cookie = {};
    inbox_.emit(closed{reason, std::move(text), cause, std::move(unsent)}, true);
}

CORTC_DECL void association::violation(std::string_view text) {
    queue_abort(error_cause::protocol_violation, text);
    finish(close_reason::protocol_violation, std::string(text),
           static_cast<std::uint16_t>(error_cause::protocol_violation));
}

/// An ABORT is the last thing that is sent.
CORTC_DECL void association::queue_abort(error_cause cause, std::string_view text) {
    replies_.clear();
    if (tcb_->peer_tag == 0) return;
    std::array<std::byte, 4 + 128> value;
    byte_writer out(value);
    const auto words = as_bytes(text.substr(0, 124));
    write_tlv(out, static_cast<std::uint16_t>(cause), words);
    (void)queue_reply(chunk_type::abort, 0, tcb_->peer_tag, true, out.written().first(4 + words.size()));
}

CORTC_DECL void association::path_restored(time_point now) {
    if (!tcb_->rto().backed_off()) return;
    tcb_->rto().clear_back_off();
    for (auto timer : {association_timer::t1, association_timer::t2})
        if (tcb_->timers.armed(timer)) tcb_->timers.arm(timer, now);
    tcb_->sender.expire(now);
}

CORTC_DECL void association::path_changed() noexcept { tcb_->sender.packet_size().path_changed(); }

/// Something was not acknowledged in time. True: once too often (RFC 9260 8.1).
CORTC_DECL bool association::path_error() {
    if (++tcb_->path_errors <= config_.timings.max_retransmits) return false;
    finish(close_reason::path_failed, {});
    return true;
}

/// Data was not acknowledged in time. True: once too often. A path that answers HEARTBEATs is not lost, which
/// must not hide that it carries no data (RFC 9260 8.1). So the path is asked meanwhile.
CORTC_DECL bool association::data_error(time_point now) {
    if (std::exchange(tcb_->path_answered, false) && ++tcb_->data_refusals == 1) tcb_->refused_since = now;
    if (tcb_->data_refusals > config_.timings.max_data_retransmits &&
        now - tcb_->refused_since >= config_.timings.data_patience) {
        finish(close_reason::path_failed, "data is not acknowledged, though the peer answers");
        return true;
    }
    constexpr int doubtful = 3; // fewer may be chance
    if (++tcb_->data_timeouts >= doubtful) tcb_->heartbeat.send(now, tcb_->rto().value());
    return false;
}

CORTC_DECL void association::data_progress() noexcept {
    tcb_->path_errors = 0;
    tcb_->data_timeouts = 0;
    tcb_->data_refusals = 0;
    tcb_->path_answered = false;
}

} // namespace cortc::sctp
