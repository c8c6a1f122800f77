#pragma once

#include "cortc/connection/connection.hpp"

#include <chrono>
#include <limits>
#include <utility>

namespace cortc {

namespace detail {

CORTC_DECL datachannel::data_channels_config channels_config(const context_core& core) {
    const auto& limits = core.options().limits;
    datachannel::data_channels_config config;
    config.association.mtu = 1163; // what every DTLS cipher suite here carries in a datagram of 1200 bytes
    config.association.max_message_size = limits.max_message_size;
    config.association.receive_window = limits.receive_window;
    config.association.send_buffer = limits.send_buffer;
    // Whether the peer is still there is for ICE to say (RFC 7675), and an ICE restart may bring it back:
    // here nothing is given up, and what is lost is repeated often enough to go on soon after that.
    constexpr auto unlimited = std::numeric_limits<int>::max();
    config.association.timings.max_init_retransmits = unlimited;
    config.association.timings.max_retransmits = unlimited;
    config.association.timings.rto_max = std::chrono::seconds(3);
    config.limits.max_channels = limits.data_channels;
    return config;
}

// RFC 8831 6.4.
CORTC_DECL std::uint16_t to_sctp(PriorityType priority) noexcept {
    switch (priority) {
    case PriorityType::very_low:
        return 128;
    case PriorityType::low:
        return 256;
    case PriorityType::medium:
        return 512;
    case PriorityType::high:
        return 1024;
    }
    return 256;
}

/// The checks of createDataChannel (webrtc-pc 4.4.2), in its order.
CORTC_DECL void check_channel(const std::string& label, const DataChannelInit& init) {
    constexpr std::size_t longest = 65535;
    if (label.size() > longest)
        throw Error(errc::type,
                    fmt::format("createDataChannel: the label has {} bytes, at most {} are possible",
                                label.size(), longest));
    if (init.protocol.size() > longest)
        throw Error(errc::type,
                    fmt::format("createDataChannel: the protocol has {} bytes, at most {} are possible",
                                init.protocol.size(), longest));
    if (init.negotiated && !init.id)
        throw Error(errc::type, "createDataChannel: a negotiated channel needs an id");
    if (init.maxPacketLifeTime && init.maxRetransmits)
        throw Error(
            errc::type,
            "createDataChannel: maxPacketLifeTime and maxRetransmits exclude each other; give at most one");
    if (init.negotiated && init.id == 65535)
        throw Error(errc::type, "createDataChannel: id 65535 is reserved; ids are 0 to 65534");
}

CORTC_DECL std::string why_no_channel(datachannel::open_error why, std::optional<std::uint16_t> id,
                                      std::uint16_t max_channels) {
    switch (why) {
    case datachannel::open_error::id_taken:
        return fmt::format("createDataChannel: id {} is taken by a channel that exists", id.value_or(0));
    case datachannel::open_error::id_out_of_range:
        return fmt::format("createDataChannel: id {} is out of range; ids are below maxChannels, {}",
                           id.value_or(0), max_channels);
    default:
        return fmt::format("createDataChannel: {}", datachannel::to_string(why));
    }
}

/// RTCErrorDetailType: the transport of a channel that existed was lost ("announcing a data channel as
/// closed"), or there never was one ("error on creating data channels").
CORTC_DECL Error channel_failed(datachannel::channel_error&& why) {
    const auto lost = why.failure == datachannel::channel_failure::association_lost ||
                      why.failure == datachannel::channel_failure::protocol_violation;
    Error made(errc::operation, std::move(why.text),
               lost ? error_detail::sctp_failure : error_detail::data_channel_failure);
    if (why.cause) made.sctp_cause_code(*why.cause);
    return made;
}

} // namespace detail

CORTC_DECL datachannel::data_channels& connection::need_sctp() {
    if (!sctp_)
        sctp_ = std::make_unique<datachannel::data_channels>(
            detail::channels_config(*core_), core_->network().random(), core_->pool(), core_->log("sctp"));
    return *sctp_;
}

CORTC_DECL std::optional<std::uint16_t> connection::max_channels() const {
    if (!sctp_ || !sctp_->up()) return std::nullopt;
    return sctp_->max_channels();
}

CORTC_DECL std::optional<std::size_t> connection::max_message_size() const {
    if (!sctp_transport_) return std::nullopt;
    return sctp_->max_message_size();
}

CORTC_DECL void connection::touch_sctp() {
    if (sctp_transport_) return sctp_transport_->touch();
    if (sctp_)
        sctp_->drain(
            [this](datachannel::channel_event&& event) { on_channel_event(std::move(event)); },
            [this](datachannel::incoming_message&& message) { on_channel_message(std::move(message)); });
}

CORTC_DECL void connection::sctp_has_output() {
    if (sctp_transport_) sctp_transport_->wants_turn();
}

CORTC_DECL void connection::consume(std::size_t size) {
    if (closed_ || !sctp_) return;
    sctp_->consume(size);
    if (sctp_transport_) sctp_transport_->wants_turn(); // a window update may be due
}

CORTC_DECL std::shared_ptr<channel_impl> connection::create_channel(std::string label, DataChannelInit init) {
    if (closed_) throw Error(errc::invalid_state, "createDataChannel: the connection is closed");
    detail::check_channel(label, init);
    datachannel::channel_parameters parameters;
    parameters.label = std::move(label);
    parameters.protocol = std::move(init.protocol);
    parameters.ordered = init.ordered;
    if (init.maxRetransmits) parameters.max_retransmits = *init.maxRetransmits;
    if (init.maxPacketLifeTime)
        parameters.max_packet_life_time = std::chrono::milliseconds(*init.maxPacketLifeTime);
    parameters.priority = detail::to_sctp(init.priority);
    parameters.negotiated = init.negotiated;
    if (init.negotiated) parameters.id = sctp::stream_id(*init.id);
    auto id = need_sctp().open(parameters, now());
    if (!id)
        throw Error(errc::operation, detail::why_no_channel(id.error(), init.id, need_sctp().max_channels()));
    auto made = std::make_shared<channel_impl>(core_, weak_from_this(), *id, std::move(parameters),
                                               DataChannelState::connecting);
    channels_.emplace(*id, made);
    session_.add_data_section();
    update_negotiation_needed();
    touch_sctp();
    return made;
}

CORTC_DECL std::shared_ptr<channel_impl> connection::channel(datachannel::channel_id id) const {
    auto at = channels_.find(id);
    return at == channels_.end() ? nullptr : at->second;
}

CORTC_DECL void connection::on_channel_message(datachannel::incoming_message&& message) {
    if (auto target = channel(message.channel))
        target->on_message(Message(message.kind == datachannel::message_kind::text, std::move(message.data)));
    else
        sctp_->consume(message.data.size());
}

CORTC_DECL void connection::on_channel_event(datachannel::channel_event&& event) {
    if (std::holds_alternative<sctp::connected>(event)) {
        show_sctp_connected();
    } else if (auto* incoming = std::get_if<datachannel::channel_incoming>(&event)) {
        adopt(std::move(*incoming));
    } else if (auto* open = std::get_if<datachannel::channel_open>(&event)) {
        if (auto target = channel(open->channel)) target->on_open(open->stream);
    } else if (auto* closing = std::get_if<datachannel::channel_closing>(&event)) {
        if (auto target = channel(closing->channel)) target->on_closing();
    } else if (auto* error = std::get_if<datachannel::channel_error>(&event)) {
        const auto which = error->channel;
        channel_errors_[which] = std::make_exception_ptr(detail::channel_failed(std::move(*error)));
    } else if (auto* closed = std::get_if<datachannel::channel_closed>(&event)) {
        auto at = channel_errors_.find(closed->channel);
        auto why =
            at == channel_errors_.end() ? make_error(errc::closed, "the data channel is closed") : at->second;
        if (at != channel_errors_.end()) channel_errors_.erase(at);
        close_channel(closed->channel, std::move(why));
    } else if (auto* low = std::get_if<datachannel::channel_buffered_amount_low>(&event)) {
        if (auto target = channel(low->channel)) target->on_buffered_amount_low();
    } else if (auto* writable = std::get_if<datachannel::channel_writable>(&event)) {
        if (auto target = channel(writable->channel)) target->on_writable();
    } else if (auto* over = std::get_if<sctp::closed>(&event)) {
        log_.info("SCTP association over: {} {}", sctp::to_string(over->reason), over->text);
        if (sctp_view_) sctp_view_->end();
    }
}

CORTC_DECL void connection::adopt(datachannel::channel_incoming&& incoming) {
    auto made = std::make_shared<channel_impl>(core_, weak_from_this(), incoming.channel,
                                               std::move(incoming.parameters), DataChannelState::open);
    if (!incoming_channels_.push(DataChannel(made))) {
        log_.debug("a channel of the peer is closed: {} wait for nextDataChannel() already",
                   incoming_channels_.size());
        sctp_->close(incoming.channel);
        return;
    }
    channels_.emplace(incoming.channel, std::move(made));
}

CORTC_DECL void connection::close_channel(datachannel::channel_id id, std::exception_ptr why) {
    auto at = channels_.find(id);
    if (at == channels_.end()) return;
    auto gone = std::move(at->second);
    channels_.erase(at);
    gone->on_closed(std::move(why));
}

} // namespace cortc
