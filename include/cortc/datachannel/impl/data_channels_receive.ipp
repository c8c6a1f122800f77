#pragma once

#include "cortc/datachannel/data_channels.hpp"

namespace cortc::datachannel {

namespace detail {
CORTC_DECL std::optional<message_kind> kind_of(sctp::ppid protocol) noexcept;
CORTC_DECL channel_parameters to_parameters(const dcep::open_message& open, stream_id stream);
} // namespace detail

CORTC_DECL channel_parameters detail::to_parameters(const dcep::open_message& open, stream_id stream) {
    channel_parameters parameters;
    parameters.label = std::string(open.label);
    parameters.protocol = std::string(open.protocol);
    parameters.priority = open.priority;
    parameters.id = stream;
    auto bits = static_cast<std::uint8_t>(open.type);
    parameters.ordered = (bits & 0x80) == 0;
    switch (static_cast<dcep::channel_type>(bits & 0x7f)) {
    case dcep::channel_type::partial_reliable_rexmit:
        parameters.max_retransmits = open.reliability;
        break;
    case dcep::channel_type::partial_reliable_timed:
        parameters.max_packet_life_time = std::chrono::milliseconds(open.reliability);
        break;
    default:
        break;
    }
    return parameters;
}

CORTC_DECL std::optional<message_kind> detail::kind_of(sctp::ppid protocol) noexcept {
    if (protocol == dcep::text || protocol == dcep::text_empty || protocol == dcep::text_partial)
        return message_kind::text;
    if (protocol == dcep::binary || protocol == dcep::binary_empty || protocol == dcep::binary_partial)
        return message_kind::binary;
    return std::nullopt;
}

CORTC_DECL void data_channels::drop(channel_drop reason, stream_id stream) {
    ++stats_.drops[static_cast<std::size_t>(reason)];
    log_.debug("stream {}: dropped: {}", stream.value(), to_string(reason));
}

CORTC_DECL void data_channels::discard(sctp::received_message&& message) {
    association_->consume(message.data.size());
    pool_.release(std::move(message.data));
}

CORTC_DECL void data_channels::handle_message(sctp::received_message&& message) {
    if (message.protocol != dcep::control) return handle_data(std::move(message));
    handle_control(message.stream, message.data.view());
    discard(std::move(message));
}

CORTC_DECL void data_channels::handle_data(sctp::received_message&& message) {
    auto id = table_.on_stream(message.stream);
    auto* which = id ? table_.find(*id) : nullptr;
    auto kind = detail::kind_of(message.protocol);
    std::optional<channel_drop> reason;
    if (!which || which->state == channel_state::connecting)
        reason = channel_drop::unknown_stream;
    else if (which->state == channel_state::closing)
        reason = channel_drop::closing_channel;
    else if (!kind)
        reason = channel_drop::unknown_ppid;
    if (reason) {
        drop(*reason, message.stream);
        return discard(std::move(message));
    }
    which->confirmed = true;
    // RFC 8831 6.6: whatever an empty message carries is ignored.
    if (message.protocol == dcep::text_empty || message.protocol == dcep::binary_empty) {
        if (message.data.size() > 1) association_->consume(message.data.size() - 1, 0);
        message.data.clear();
    }
    for (auto* counters : {&which->counters, &stats_.messages}) {
        ++counters->messages_received;
        counters->bytes_received += message.data.size();
    }
    ++messages_queued_;
    messages_.push_back({*id, *kind, std::move(message.data)});
}

CORTC_DECL void data_channels::handle_control(stream_id stream, byte_view message) {
    auto type = dcep::type_of(message);
    if (type == dcep::message_type::open) return handle_open(stream, message);
    if (type == dcep::message_type::ack) return handle_ack(stream);
    drop(channel_drop::unknown_control, stream);
}

CORTC_DECL void data_channels::handle_ack(stream_id stream) {
    auto id = table_.on_stream(stream);
    auto* which = id ? table_.find(*id) : nullptr;
    bool expected =
        which && !which->silent && !which->opened_by_peer && !which->parameters.negotiated && which->was_open;
    if (!expected) return drop(channel_drop::unexpected_ack, stream);
    which->confirmed = true; // once more than once does no harm
}

/// RFC 8832 6: what makes an OPEN on a free stream unacceptable.
CORTC_DECL std::optional<channel_drop> data_channels::refusal(stream_id stream,
                                                              const dcep::open_message& message) const {
    if (role_ && (stream.value() & 1) != (role_ == dtls_role::client ? 1 : 0))
        return channel_drop::wrong_parity;
    if (table_.size() - silent_ >= config_.limits.max_channels ||
        peer_label_bytes_ + message.label.size() + message.protocol.size() >
            config_.limits.max_peer_label_bytes)
        return channel_drop::too_many;
    return std::nullopt;
}

CORTC_DECL void data_channels::handle_open(stream_id stream, byte_view message) {
    if (stream.value() >= association_->outgoing_streams())
        return drop(channel_drop::no_return_stream, stream);
    auto open = dcep::parse_open(message);
    auto id = table_.on_stream(stream);
    bool held = false;
    if (id) {
        const auto& which = *table_.find(*id);
        if (which.state != channel_state::closing) {
            drop(channel_drop::stream_in_use, stream);
            return fail(*id, channel_failure::protocol_violation, "the peer sent an OPEN on a stream in use");
        }
        if (!which.incoming_reset) return drop(channel_drop::stream_in_use, stream); // its reset is under way
        // The peer has reset its stream and seen our reset, whose confirmation we have not: for it the id is
        // free.
        finish(*id);
        held = true;
    }
    auto reason = open ? refusal(stream, *open) : channel_drop::malformed_open;
    if (!reason) return accept(stream, *open, held);
    drop(*reason, stream);
    auto watched = watch_stream(stream);
    if (!watched) { // answered all the same, though nothing can be kept of it
        (void)association_->reset_stream(stream);
        return;
    }
    if (held) table_.find(*watched)->outgoing = detail::outgoing_state::held;
    begin_reset(*watched);
}

CORTC_DECL void data_channels::accept(stream_id stream, const dcep::open_message& message, bool held) {
    auto parameters = detail::to_parameters(message, stream);
    auto id = table_.add(parameters, channel_state::connecting);
    table_.bind(id, stream);
    auto& made = *table_.find(id);
    made.opened_by_peer = true;
    made.confirmed = true;
    made.control = detail::pending_control::ack;
    peer_label_bytes_ += message.label.size() + message.protocol.size();
    ++stats_.opened_by_peer;
    set_open(id, made);
    if (held)
        made.outgoing = detail::outgoing_state::held;
    else
        control_.push_back(id);
    emit(channel_incoming{id, std::move(parameters)});
}

} // namespace cortc::datachannel
