#pragma once

#include "cortc/datachannel/data_channels.hpp"

#include <algorithm>
#include <limits>

namespace cortc::datachannel {

namespace detail {
CORTC_DECL dcep::open_message to_open(const channel_parameters& parameters);
CORTC_DECL std::uint8_t weight_of(std::uint16_t priority) noexcept;
CORTC_DECL sctp::send_options control_options();
} // namespace detail

/// RFC 8832 6: ordered and reliable. The application did not send it.
CORTC_DECL sctp::send_options detail::control_options() {
    sctp::send_options options;
    options.uncounted = true;
    return options;
}

CORTC_DECL std::uint8_t detail::weight_of(std::uint16_t priority) noexcept {
    if (priority <= 128) return 1;
    if (priority <= 256) return 2;
    return priority <= 512 ? 4 : 8;
}

CORTC_DECL dcep::open_message detail::to_open(const channel_parameters& parameters) {
    dcep::open_message open;
    open.priority = parameters.priority;
    open.label = parameters.label;
    open.protocol = parameters.protocol;
    auto type = dcep::channel_type::reliable;
    if (parameters.max_retransmits) {
        type = dcep::channel_type::partial_reliable_rexmit;
        open.reliability = *parameters.max_retransmits;
    } else if (parameters.max_packet_life_time) {
        type = dcep::channel_type::partial_reliable_timed;
        open.reliability = static_cast<std::uint32_t>(std::clamp<std::int64_t>(
            parameters.max_packet_life_time->count(), 0, std::numeric_limits<std::uint32_t>::max()));
    }
    auto bits = static_cast<std::uint8_t>(type);
    open.type = static_cast<dcep::channel_type>(parameters.ordered ? bits : bits | 0x80);
    return open;
}

CORTC_DECL std::optional<open_error> data_channels::check(const channel_parameters& parameters) {
    if (ended_) return open_error::closed;
    if (parameters.label.size() > dcep::max_label_size || parameters.protocol.size() > dcep::max_label_size ||
        (parameters.max_retransmits && parameters.max_packet_life_time) ||
        (parameters.negotiated && !parameters.id))
        return open_error::invalid_parameters;
    if (parameters.negotiated) {
        if (table_.on_stream(*parameters.id)) return open_error::id_taken;
        if (parameters.id->value() >= max_channels()) return open_error::id_out_of_range;
    } else if (role_ && !table_.free_stream(*role_, max_channels())) {
        return open_error::no_id_free;
    }
    if (table_.size() - silent_ >= config_.limits.max_channels) return open_error::too_many_channels;
    return std::nullopt;
}

CORTC_DECL result<channel_id, open_error> data_channels::open(channel_parameters parameters, time_point now) {
    if (auto wrong = check(parameters)) return *wrong;
    auto agreed = parameters.negotiated ? std::exchange(parameters.id, {}) : std::nullopt;
    parameters.id.reset();
    auto id = table_.add(std::move(parameters), channel_state::connecting);
    if (agreed)
        table_.bind(id, *agreed);
    else if (role_)
        assign_stream(id);
    else
        waiting_.push_back(id);
    if (up_) start(id);
    settle(now);
    return id;
}

CORTC_DECL void data_channels::assign_stream(channel_id id) {
    if (!table_.find(id)) return;
    if (auto stream = table_.free_stream(*role_, max_channels()))
        table_.bind(id, *stream);
    else
        fail(id, channel_failure::no_id, "no stream id is free");
}

/// The association is up: a channel that has its stream can begin.
CORTC_DECL void data_channels::start(channel_id id) {
    auto* which = table_.find(id);
    if (!which || which->state != channel_state::connecting || !which->parameters.id) return;
    if (which->parameters.id->value() >= max_channels())
        return fail(id, channel_failure::no_id, "the stream id is beyond what the peer allows");
    if (which->parameters.negotiated) {
        which->confirmed = true; // RFC 8832 6 restricts channels opened by DCEP only
        return set_open(id, *which);
    }
    which->control = detail::pending_control::open;
    control_.push_back(id);
}

CORTC_DECL void data_channels::flush_control(time_point now) {
    while (up_ && !control_blocked_ && !control_.empty()) {
        if (send_control(control_.front(), now))
            (void)control_.pop_front();
        else
            control_blocked_ = true;
    }
}

/// False when there is no room.
CORTC_DECL bool data_channels::send_control(channel_id id, time_point now) {
    auto* which = table_.find(id);
    if (!which || which->control == detail::pending_control::none || which->state == channel_state::closing ||
        which->outgoing == detail::outgoing_state::held) // resume() queues it again
        return true;
    bool opening = which->control == detail::pending_control::open;
    auto sent = opening ? send_open(*which, now)
                        : association_->send(*which->parameters.id, dcep::control, dcep::ack_message,
                                             detail::control_options(), now);
    if (sent == sctp::send_result::would_block) return false;
    which->control = detail::pending_control::none;
    if (sent == sctp::send_result::ok) {
        if (opening) set_open(id, *which);
    } else if (opening && sent == sctp::send_result::too_large) {
        fail(id, channel_failure::open_too_large, "label and protocol exceed the peer's largest message");
    } else if (opening && sent == sctp::send_result::no_stream) {
        fail(id, channel_failure::no_id, "the stream id is beyond what the peer allows");
    }
    return true;
}

CORTC_DECL sctp::send_result data_channels::send_open(channel& which, time_point now) {
    const auto open = detail::to_open(which.parameters);
    const auto size = dcep::size_of(open);
    auto storage = pool_.acquire(size);
    storage.resize(size);
    dcep::write(open, storage.span());
    auto sent = association_->send(*which.parameters.id, dcep::control, storage.view(),
                                   detail::control_options(), now);
    pool_.release(std::move(storage));
    return sent;
}

CORTC_DECL void data_channels::set_open(channel_id id, channel& which) {
    set_state(id, which, channel_state::open);
    which.was_open = true;
    ++stats_.channels_opened;
    configure_stream(which);
    if (!which.opened_by_peer) emit(channel_open{id, *which.parameters.id});
}

/// What a stream's reset makes the association forget.
CORTC_DECL void data_channels::configure_stream(const channel& which) {
    const auto stream = *which.parameters.id;
    association_->set_buffered_amount_low_threshold(stream, which.threshold);
    association_->set_weight(stream, detail::weight_of(which.parameters.priority));
}

CORTC_DECL void data_channels::set_state(channel_id id, channel& which, channel_state state) {
    if (which.state == state) return;
    log_.debug("channel {}: {} -> {}", id.value(), to_string(which.state), to_string(state));
    if (which.state == channel_state::open) ++stats_.channels_closed;
    which.state = state;
}

CORTC_DECL channel_send data_channels::send(channel_id id, message_kind kind, byte_view message,
                                            time_point now) {
    static constexpr std::array<std::byte, 1> zero{};
    auto* which = table_.find(id);
    if (!which || which->state != channel_state::open) return channel_send::not_open;
    auto type = kind == message_kind::text ? (message.empty() ? dcep::text_empty : dcep::text)
                                           : (message.empty() ? dcep::binary_empty : dcep::binary);
    auto payload = message.empty() ? byte_view(zero) : message;
    const auto& agreed = which->parameters;
    sctp::send_options options{
        !agreed.ordered && which->confirmed, agreed.max_retransmits,
        agreed.max_packet_life_time ? std::optional<duration>(*agreed.max_packet_life_time) : std::nullopt,
        message.empty()}; // the one byte that stands for it
    // The ACK goes first on its stream.
    bool ready = which->control == detail::pending_control::none;
    auto sent = payload.size() > association_->max_send_size() ? sctp::send_result::too_large
                : ready ? association_->send(*agreed.id, type, payload, options, now)
                        : sctp::send_result::would_block;
    switch (sent) {
    case sctp::send_result::ok:
        break;
    case sctp::send_result::too_large:
        return channel_send::too_large;
    case sctp::send_result::would_block:
        if (!std::exchange(which->blocked, true)) blocked_.push_back(id);
        return channel_send::would_block;
    case sctp::send_result::closed:
    case sctp::send_result::empty:
    case sctp::send_result::no_stream:
    case sctp::send_result::resetting:
        return channel_send::not_open;
    }
    which->served = ++served_;
    for (auto* counters : {&which->counters, &stats_.messages}) {
        ++counters->messages_sent;
        counters->bytes_sent += message.size();
    }
    if (!which->above_threshold) which->above_threshold = buffered(*which) > which->threshold;
    return channel_send::ok;
}

CORTC_DECL void data_channels::close(channel_id id) {
    auto* which = table_.find(id);
    if (!which || which->silent) return;
    if (which->state == channel_state::connecting) return finish(id); // nothing was sent
    if (which->state != channel_state::open) return;
    set_state(id, *which, channel_state::closing);
    begin_reset(id);
}

CORTC_DECL void data_channels::fail(channel_id id, channel_failure failure, std::string text) {
    auto* which = table_.find(id);
    if (!which) return;
    log_.debug("channel {}: {}: {}", id.value(), to_string(failure), text);
    emit(channel_error{id, failure, std::move(text), {}});
    if (which->state == channel_state::connecting && failure != channel_failure::protocol_violation)
        finish(id); // neither side has used the stream
    else
        close_from_outside(id);
}

/// The peer or an error ends the channel: what was not sent yet has nobody to go to (the W3C's closing
/// procedure drains only what the application itself closes).
CORTC_DECL void data_channels::close_from_outside(channel_id id) {
    auto& which = *table_.find(id);
    set_state(id, which, channel_state::closing);
    emit(channel_closing{id});
    which.discarded = buffered(which);
    association_->discard_unsent(*which.parameters.id);
    which.discarded -= association_->buffered_amount(*which.parameters.id);
    begin_reset(id);
}

/// RFC 8831 6.7: a channel is closed by resetting the outgoing stream.
CORTC_DECL void data_channels::begin_reset(channel_id id) {
    auto* which = table_.find(id);
    if (!which || which->outgoing != detail::outgoing_state::usable) return;
    if (association_->reset_stream(*which->parameters.id))
        which->outgoing = detail::outgoing_state::resetting;
    else
        finish(id); // the association is going down
}

/// The reset of the stream's previous life is over: the channel that waited for it may use the stream.
CORTC_DECL void data_channels::resume(channel_id id) {
    auto& which = *table_.find(id);
    which.outgoing = detail::outgoing_state::usable;
    if (which.state == channel_state::closing) return begin_reset(id);
    configure_stream(which);
    if (which.control != detail::pending_control::none) control_.push_back(id);
    if (std::exchange(which.blocked, false)) emit(channel_writable{id});
}

CORTC_DECL void data_channels::finish_if_reset(channel_id id) {
    auto* which = table_.find(id);
    if (which && which->incoming_reset && which->outgoing == detail::outgoing_state::reset) finish(id);
}

CORTC_DECL void data_channels::finish(channel_id id) { finish(id, buffered(*table_.find(id))); }

CORTC_DECL void data_channels::finish(channel_id id, std::size_t unsent) {
    auto& which = *table_.find(id);
    if (which.silent) {
        --silent_;
    } else {
        log_.debug("channel {}: {} -> closed", id.value(), to_string(which.state));
        if (which.state == channel_state::open) ++stats_.channels_closed;
        if (which.opened_by_peer)
            peer_label_bytes_ -= which.parameters.label.size() + which.parameters.protocol.size();
        if (!which.parameters.id) std::erase(waiting_, id);
        emit(channel_closed{id, unsent});
    }
    table_.remove(id);
}

/// An entry for a stream without a channel, which is to be reset or is being reset; nullopt at the limit or
/// when we have no such outgoing stream.
CORTC_DECL std::optional<channel_id> data_channels::watch_stream(stream_id stream) {
    if (silent_ >= config_.limits.max_channels || stream.value() >= association_->outgoing_streams())
        return std::nullopt;
    auto id = table_.add({}, channel_state::closing);
    table_.bind(id, stream);
    table_.find(id)->silent = true;
    ++silent_;
    return id;
}

CORTC_DECL std::size_t data_channels::buffered(const channel& which) const noexcept {
    if (!association_ || !which.parameters.id || !which.was_open) return 0;
    return which.discarded + association_->buffered_amount(*which.parameters.id);
}

CORTC_DECL std::size_t data_channels::buffered_amount(channel_id id) const noexcept {
    const auto* which = table_.find(id);
    return which ? buffered(*which) : 0;
}

CORTC_DECL void data_channels::set_buffered_amount_low_threshold(channel_id id, std::size_t bytes) {
    auto* which = table_.find(id);
    if (!which) return;
    which->threshold = bytes;
    which->above_threshold = buffered(*which) > bytes;
    if (which->was_open && association_)
        association_->set_buffered_amount_low_threshold(*which->parameters.id, bytes);
}

CORTC_DECL channel_state data_channels::state(channel_id id) const noexcept {
    const auto* which = table_.find(id);
    return which ? which->state : channel_state::closed;
}

CORTC_DECL std::optional<stream_id> data_channels::stream(channel_id id) const noexcept {
    const auto* which = table_.find(id);
    return which ? which->parameters.id : std::nullopt;
}

CORTC_DECL const channel_parameters* data_channels::parameters(channel_id id) const noexcept {
    const auto* which = table_.find(id);
    return which ? &which->parameters : nullptr;
}

CORTC_DECL channel_counters data_channels::counters(channel_id id) const noexcept {
    const auto* which = table_.find(id);
    return which ? which->counters : channel_counters{};
}

} // namespace cortc::datachannel
