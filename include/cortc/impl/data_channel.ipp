#pragma once

#include "cortc/connection/channel.hpp"
#include "cortc/context/context_core.hpp"
#include "cortc/data_channel.hpp"

#include <algorithm>

namespace cortc {

CORTC_DECL std::string_view to_string(PriorityType priority) noexcept {
    switch (priority) {
    case PriorityType::very_low:
        return "very-low";
    case PriorityType::low:
        return "low";
    case PriorityType::medium:
        return "medium";
    case PriorityType::high:
        return "high";
    }
    return "low";
}

CORTC_DECL channel_impl& DataChannel::impl() const {
    if (!impl_) throw Error(errc::invalid_state, "this DataChannel handle refers to no channel");
    return *impl_;
}

CORTC_DECL std::shared_ptr<waiter_home> DataChannel::home() const { return impl().core(); }

CORTC_DECL std::string DataChannel::label() const { return impl().parameters().label; }
CORTC_DECL std::string DataChannel::protocol() const { return impl().parameters().protocol; }
CORTC_DECL bool DataChannel::ordered() const { return impl().parameters().ordered; }
CORTC_DECL bool DataChannel::negotiated() const { return impl().parameters().negotiated; }
CORTC_DECL DataChannelState DataChannel::readyState() const { return impl().state(); }
CORTC_DECL std::optional<Error> DataChannel::error() const { return impl().error(); }
CORTC_DECL std::size_t DataChannel::bufferedAmount() const { return impl().buffered_amount(); }
CORTC_DECL std::size_t DataChannel::bufferedAmountLowThreshold() const { return impl().low_threshold(); }
CORTC_DECL void DataChannel::bufferedAmountLowThreshold(std::size_t size) { impl().low_threshold(size); }

CORTC_DECL std::optional<std::uint16_t> DataChannel::maxPacketLifeTime() const {
    const auto& limit = impl().parameters().max_packet_life_time;
    if (!limit) return std::nullopt;
    return static_cast<std::uint16_t>(std::clamp<std::int64_t>(limit->count(), 0, 65535));
}

CORTC_DECL std::optional<std::uint16_t> DataChannel::maxRetransmits() const {
    const auto& limit = impl().parameters().max_retransmits;
    if (!limit) return std::nullopt;
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(*limit, 65535));
}

CORTC_DECL std::optional<std::uint16_t> DataChannel::id() const {
    const auto id = impl().stream();
    if (!id) return std::nullopt;
    return id->value();
}

// webrtc-priority 4.3: what the peer's OPEN says.
CORTC_DECL PriorityType DataChannel::priority() const {
    const auto value = impl().parameters().priority;
    if (value <= 128) return PriorityType::very_low;
    if (value <= 256) return PriorityType::low;
    return value <= 512 ? PriorityType::medium : PriorityType::high;
}

CORTC_DECL bool DataChannel::trySend(std::string_view text) { return impl().try_send(true, as_bytes(text)); }
CORTC_DECL bool DataChannel::trySend(byte_view data) { return impl().try_send(false, data); }
CORTC_DECL bool DataChannel::trySend(const Message& message) {
    return impl().try_send(message.is_text(), message.data());
}
CORTC_DECL std::optional<Message> DataChannel::tryReceive() { return impl().try_receive(); }
CORTC_DECL void DataChannel::close() { impl().close(); }

CORTC_DECL bool DataChannel::over(const channel_impl& impl) noexcept { return impl.over(); }
CORTC_DECL void DataChannel::opened(channel_impl& impl, waiter_ptr<void> operation) {
    impl.opened(std::move(operation));
}
CORTC_DECL void DataChannel::closed(channel_impl& impl, waiter_ptr<void> operation) {
    impl.closed(std::move(operation));
}
CORTC_DECL void DataChannel::state_changed(channel_impl& impl, DataChannelState from,
                                           waiter_ptr<DataChannelState> operation) {
    impl.state_changed(from, std::move(operation));
}
CORTC_DECL void DataChannel::buffered_amount_low(channel_impl& impl, waiter_ptr<void> operation) {
    impl.buffered_amount_low(std::move(operation));
}
CORTC_DECL void DataChannel::send(channel_impl& impl, bool text, byte_view data, waiter_ptr<void> operation) {
    impl.send(text, data, std::move(operation));
}
CORTC_DECL void DataChannel::writable(channel_impl& impl, waiter_ptr<void> operation) {
    impl.writable(std::move(operation));
}
CORTC_DECL void DataChannel::receive(channel_impl& impl, waiter_ptr<Message> operation) {
    impl.receive(std::move(operation));
}
CORTC_DECL void DataChannel::receive(channel_impl& impl, std::span<Message> batch,
                                     waiter_ptr<std::size_t> operation) {
    impl.receive(batch, std::move(operation));
}
CORTC_DECL void DataChannel::readable(channel_impl& impl, waiter_ptr<void> operation) {
    impl.readable(std::move(operation));
}

CORTC_AWAIT(DataChannelState);
CORTC_AWAIT(Message);

} // namespace cortc
