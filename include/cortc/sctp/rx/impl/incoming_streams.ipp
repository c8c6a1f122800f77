#pragma once

#include "cortc/sctp/rx/incoming_streams.hpp"

#include <utility>

namespace cortc::sctp {

CORTC_DECL incoming_streams::stream_state& incoming_streams::touch(stream_id stream) {
    if (stream.value() >= streams_.size()) streams_.resize(std::size_t{stream.value()} + 1);
    auto& state = streams_[stream.value()];
    state.used = true;
    return state;
}

CORTC_DECL whole_message incoming_streams::take(waiting_messages::iterator place) {
    auto taken = std::move(waiting_.extract(place).value());
    bytes_ -= taken.data.size();
    return taken;
}

CORTC_DECL void incoming_streams::deliver(whole_message&& message, ring<received_message>& out) {
    out.push_back({message.stream, message.protocol, message.unordered, std::move(message.data)});
}

CORTC_DECL bool incoming_streams::accept(whole_message&& message, ring<received_message>& out) {
    auto& state = touch(message.stream);
    if (message.unordered) {
        deliver(std::move(message), out);
        return true;
    }
    if (message.sequence == state.expected) {
        const auto stream = message.stream;
        deliver(std::move(message), out);
        ++state.expected;
        deliver_waiting(stream, state, out);
        return true;
    }
    if (!(message.sequence > state.expected) || waiting_.contains(message)) {
        pool_->release(std::move(message.data));
        return false;
    }
    bytes_ += message.data.size();
    waiting_.insert(std::move(message));
    return true;
}

/// Delivers the stream's consecutive messages, if the expected one is there.
CORTC_DECL void incoming_streams::deliver_waiting(stream_id stream, stream_state& state,
                                                  ring<received_message>& out) {
    if (waiting_.empty()) return;
    auto next = waiting_.lower_bound(stream);
    while (next != waiting_.end() && next->stream == stream && next->sequence == state.expected) {
        deliver(take(next++), out);
        ++state.expected;
    }
}

CORTC_DECL void incoming_streams::skip(stream_id stream, ssn sequence, ring<received_message>& out) {
    auto& state = touch(stream);
    if (sequence < state.expected) return;
    // Complete messages among the skipped ones lost only their predecessors.
    auto next = waiting_.lower_bound(stream);
    while (next != waiting_.end() && next->stream == stream && next->sequence <= sequence)
        deliver(take(next++), out);
    state.expected = sequence.next();
    deliver_waiting(stream, state, out);
}

CORTC_DECL void incoming_streams::reset(stream_id stream) {
    if (stream.value() >= streams_.size()) return;
    streams_[stream.value()] = {};
    auto next = waiting_.lower_bound(stream);
    while (next != waiting_.end() && next->stream == stream) pool_->release(take(next++).data);
}

CORTC_DECL std::vector<stream_id> incoming_streams::used() const {
    std::vector<stream_id> ids;
    for (std::size_t id = 0; id < streams_.size(); ++id)
        if (streams_[id].used) ids.emplace_back(static_cast<std::uint16_t>(id));
    return ids;
}

} // namespace cortc::sctp
