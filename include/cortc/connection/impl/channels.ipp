#pragma once

#include "cortc/base/overloaded.hpp"
#include "cortc/connection/channels.hpp"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <utility>
#include <variant>

namespace cortc {

namespace detail {

CORTC_DECL datachannel::data_channels_config channels_config(const context_core& core) {
    const auto& limits = core.options().limits;
    datachannel::data_channels_config config;
    // RFC 8831 5: an IP packet of 1200 bytes, less the headers of IPv4 and UDP, of a DTLS record (the longest
    // that a cipher suite here has) and of ChannelData (RFC 8656 12.4). IPv6 may have packets of 1280.
    config.association.mtu = 1200 - 20 - 8 - (13 + 8 + 16) - 4;
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

CORTC_DECL connection_channels::connection_channels(part_owner& owner, negotiation& negotiating,
                                                    jsep::session& session)
    : owner_(owner)
    , negotiation_(negotiating)
    , session_(session)
    , log_(owner.log("connection"))
    , incoming_(owner.core()->options().limits.unread_channels)
    , counts_(owner.core(), *this) {}

// ---- what channels need

CORTC_DECL datachannel::data_channels& connection_channels::engine() {
    auto& core = *owner_.core();
    if (!engine_)
        engine_ = std::make_unique<datachannel::data_channels>(
            detail::channels_config(core), core.network().random(), core.pool(), owner_.log("sctp"));
    return *engine_;
}

CORTC_DECL void connection_channels::touch() {
    if (transport_) return transport_->touch();
    if (engine_)
        engine_->drain(
            [this](datachannel::channel_event&& event) { on_channel_event(std::move(event)); },
            [this](datachannel::incoming_message&& message) { on_channel_message(std::move(message)); });
}

CORTC_DECL void connection_channels::has_output() {
    if (transport_) transport_->wants_turn();
}

CORTC_DECL void connection_channels::consume(std::size_t size, std::uint64_t past_engines) {
    if (owner_.is_closed() || !engine_ || past_engines != past_engines_) return;
    engine_->consume(size);
    has_output(); // a window update may be due
}

CORTC_DECL std::optional<std::uint16_t> connection_channels::max_channels() const {
    if (!engine_ || !engine_->up()) return std::nullopt;
    return engine_->max_channels();
}

CORTC_DECL std::optional<std::size_t> connection_channels::max_message_size() const {
    if (!transport_) return std::nullopt;
    return engine_->max_message_size();
}

CORTC_DECL std::uint64_t connection_channels::opened() const noexcept {
    return past_opened_ + (engine_ ? engine_->stats().channels_opened : 0);
}

CORTC_DECL std::uint64_t connection_channels::closed() const noexcept {
    return past_closed_ + (engine_ ? engine_->stats().channels_closed : 0);
}

CORTC_DECL void connection_channels::append_drops(std::vector<drop_count>& into) const {
    if (!engine_) return;
    if (const auto* association = engine_->transport())
        detail::append_drops<sctp::drop_reason>(into, "sctp", association->stats().drops);
    detail::append_drops<datachannel::channel_drop>(into, "data-channel", engine_->stats().drops);
}

CORTC_DECL void connection_channels::add_to(context_totals& all) const {
    all += past_;
    if (!engine_) return;
    const auto& counted = engine_->stats();
    all.channels_opened += counted.channels_opened;
    all.messages_sent += counted.messages.messages_sent;
    all.messages_received += counted.messages.messages_received;
    all.message_bytes_sent += counted.messages.bytes_sent;
    all.message_bytes_received += counted.messages.bytes_received;
    std::vector<drop_count> drops;
    append_drops(drops);
    all.add_drops(drops);
}

// ---- what the application does

CORTC_DECL std::shared_ptr<channel_impl> connection_channels::create(std::string label,
                                                                     DataChannelInit init) {
    if (owner_.is_closed()) throw Error(errc::invalid_state, "createDataChannel: the connection is closed");
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
    auto id = engine().open(parameters, owner_.core()->network().now());
    if (!id)
        throw Error(errc::operation, detail::why_no_channel(id.error(), init.id, engine_->max_channels()));
    auto made = std::make_shared<channel_impl>(owner_.core(), owner_.weak(static_cast<channel_owner&>(*this)),
                                               *id, std::move(parameters), DataChannelState::connecting);
    channels_.emplace(*id, made);
    session_.add_data_section();
    negotiation_.update_negotiation_needed();
    // webrtc-pc 6.2: where the association is up, too, that it is open is told in a task.
    if (transport_)
        transport_->wants_turn();
    else
        touch();
    return made;
}

// ---- what descriptions do

CORTC_DECL void connection_channels::attach(const std::shared_ptr<transport>& where,
                                            std::optional<dtls_role> role,
                                            const jsep::sctp_parameters& parameters) {
    auto& channels = engine();
    channels.set_remote(parameters.remote_port, parameters.max_message_size);
    if (transport_ == where) return; // a later answer: only the message size may have changed
    transport_ = where;
    if (role) channels.set_role(*role, owner_.core()->network().now());
    where->attach(channels);
    touch();
}

/// The transport may go on with other sections, and the data section come back: then with another engine.
CORTC_DECL void connection_channels::end() {
    if (!engine_) return;
    keep_buffered();
    engine_->abort("the data section was rejected");
    touch();
    if (const auto from = std::exchange(transport_, nullptr)) from->detach_channels();
    drop_engine();
}

CORTC_DECL void connection_channels::transport_removed(const std::shared_ptr<transport>& gone) {
    if (transport_ != gone) return;
    transport_ = nullptr;
    keep_buffered();
    engine_->abort("the transport is gone"); // if nobody has said it before
    drop_engine();
}

/// No channel is left without it, whoever drains meanwhile.
CORTC_DECL void connection_channels::drop_engine() {
    touch();
    for (auto& [id, each] : std::exchange(channels_, {})) {
        auto why = make_error(errc::closed, "the data channel is closed");
        if (auto error = errors_.extract(id)) why = std::move(error.mapped());
        each->on_closed(std::move(why), unsent_[id]);
    }
    unsent_.clear();
    errors_.clear();
    context_totals with_engine;
    add_to(with_engine);
    past_ = std::move(with_engine);
    past_opened_ += engine_->stats().channels_opened;
    past_closed_ += engine_->stats().channels_opened;
    engine_.reset();
    ++past_engines_;
}

CORTC_DECL void connection_channels::sync(const std::shared_ptr<transport_impl>& over) {
    if (!over) {
        end_view();
        view_ = nullptr;
        return;
    }
    if (!view_) view_ = std::make_shared<sctp_impl>(over);
    view_->over = over;
    if (auto size = max_message_size()) view_->max_message_size = size;
}

CORTC_DECL void connection_channels::begin_close() {
    end_view();
    if (engine_) keep_buffered();
}

CORTC_DECL void connection_channels::keep_buffered() {
    for (const auto& [id, each] : channels_)
        if (const auto left = engine_->buffered_amount(id)) unsent_.emplace(id, left);
}

CORTC_DECL void connection_channels::end_view() {
    if (view_) view_->end();
}

CORTC_DECL void connection_channels::close(const std::exception_ptr& why) {
    transport_ = nullptr;
    for (auto& [id, each] : std::exchange(channels_, {})) each->on_closed(why, unsent_[id]);
    unsent_.clear();
    errors_.clear();
}

// ---- what the engine reports

CORTC_DECL std::shared_ptr<channel_impl> connection_channels::find(datachannel::channel_id id) const {
    const auto at = channels_.find(id);
    return at == channels_.end() ? nullptr : at->second;
}

CORTC_DECL void connection_channels::on_channel_message(datachannel::incoming_message&& message) {
    if (auto target = find(message.channel))
        target->on_message(Message(message.kind == datachannel::message_kind::text, std::move(message.data)));
    else
        engine_->consume(message.data.size());
}

CORTC_DECL void connection_channels::on_channel_event(datachannel::channel_event&& event) {
    std::visit(overloaded{
                   [&](const sctp::connected&) {
                       if (!view_) return;
                       view_->max_channels = max_channels();
                       view_->state.set(SctpTransportState::connected);
                   },
                   [&](datachannel::channel_incoming& incoming) { adopt(std::move(incoming)); },
                   [&](const datachannel::channel_open& open) {
                       if (auto target = find(open.channel)) target->on_open(open.stream);
                   },
                   [&](const datachannel::channel_closing& closing) {
                       if (auto target = find(closing.channel)) target->on_closing();
                   },
                   [&](datachannel::channel_error& error) {
                       const auto which = error.channel;
                       errors_[which] = std::make_exception_ptr(detail::channel_failed(std::move(error)));
                   },
                   [&](const datachannel::channel_closed& closed) { end_channel(closed); },
                   [&](const datachannel::channel_buffered_amount_low& low) {
                       if (auto target = find(low.channel)) target->on_buffered_amount_low();
                   },
                   [&](const datachannel::channel_writable& writable) {
                       if (auto target = find(writable.channel)) target->on_writable();
                   },
                   [&](const sctp::closed& over) {
                       log_.info("SCTP association over: {} {}", sctp::to_string(over.reason), over.text);
                       if (view_) view_->end();
                   },
               },
               event);
}

CORTC_DECL void connection_channels::on_dtls_over(const std::shared_ptr<transport_impl>& view) {
    if (view_ && view_->over == view) view_->end();
}

CORTC_DECL void connection_channels::adopt(datachannel::channel_incoming&& incoming) {
    auto made = std::make_shared<channel_impl>(owner_.core(), owner_.weak(static_cast<channel_owner&>(*this)),
                                               incoming.channel, std::move(incoming.parameters),
                                               DataChannelState::open);
    if (!incoming_.push(DataChannel(made))) {
        log_.debug("a channel of the peer is closed: {} wait for nextDataChannel() already",
                   incoming_.size());
        engine_->close(incoming.channel);
        return;
    }
    channels_.emplace(incoming.channel, std::move(made));
}

CORTC_DECL void connection_channels::end_channel(const datachannel::channel_closed& closed) {
    auto why = make_error(errc::closed, "the data channel is closed");
    if (auto error = errors_.extract(closed.channel)) why = std::move(error.mapped());
    if (auto gone = channels_.extract(closed.channel))
        gone.mapped()->on_closed(std::move(why), closed.unsent);
}

} // namespace cortc
