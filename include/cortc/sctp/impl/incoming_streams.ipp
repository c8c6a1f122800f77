#pragma once

#include "cortc/sctp/rx/incoming_streams.hpp"

#include <algorithm>

namespace cortc::sctp {

CORTC_DECL incoming_streams::stream_state& incoming_streams::touch(stream_id stream) {
    if (stream.value() >= streams_.size()) streams_.resize(std::size_t{stream.value()} + 1);
    auto& state = streams_[stream.value()];
    state.used = true;
    return state;
}

/// The first waiting message of the stream that is not before `sequence`, or where it would be.
CORTC_DECL incoming_streams::position incoming_streams::find(stream_id stream, ssn sequence, ssn expected) {
    return std::partition_point(waiting_.begin(), waiting_.end(), [&](const whole_message& m) {
        if (m.stream != stream) return m.stream < stream;
        return distance(expected, m.sequence) < distance(expected, sequence);
    });
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
    const auto stream = message.stream;
    if (message.sequence == state.expected) {
        deliver(std::move(message), out);
        ++state.expected;
        if (!waiting_.empty()) deliver_from(find(stream, state.expected, state.expected), stream, state, out);
        return true;
    }
    const auto place = find(stream, message.sequence, state.expected);
    const bool taken =
        place != waiting_.end() && place->stream == stream && place->sequence == message.sequence;
    if (message.sequence < state.expected || taken) {
        pool_->release(std::move(message.data));
        return false;
    }
    bytes_ += message.data.size();
    waiting_.insert(place, std::move(message));
    return true;
}

/// Delivers consecutive messages beginning with `first`, if that is the expected one.
CORTC_DECL void incoming_streams::deliver_from(position first, stream_id stream, stream_state& state,
                                               ring<received_message>& out) {
    auto last = first;
    while (last != waiting_.end() && last->stream == stream && last->sequence == state.expected) {
        bytes_ -= last->data.size();
        deliver(std::move(*last), out);
        ++state.expected;
        ++last;
    }
    waiting_.erase(first, last);
}

CORTC_DECL void incoming_streams::skip(stream_id stream, ssn sequence, ring<received_message>& out) {
    auto& state = touch(stream);
    if (sequence < state.expected) return;
    // Complete messages among the skipped ones lost only their predecessors.
    const auto first = find(stream, state.expected, state.expected);
    auto last = first;
    while (last != waiting_.end() && last->stream == stream && last->sequence <= sequence) {
        bytes_ -= last->data.size();
        deliver(std::move(*last), out);
        ++last;
    }
    state.expected = sequence.next();
    deliver_from(waiting_.erase(first, last), stream, state, out);
}

CORTC_DECL void incoming_streams::reset(stream_id stream) {
    if (stream.value() >= streams_.size()) return;
    streams_[stream.value()] = {};
    std::erase_if(waiting_, [&](whole_message& m) {
        if (m.stream != stream) return false;
        bytes_ -= m.data.size();
        pool_->release(std::move(m.data));
        return true;
    });
}

CORTC_DECL void incoming_streams::clear() {
    streams_.clear();
    waiting_.clear();
    bytes_ = 0;
}

CORTC_DECL std::vector<stream_id> incoming_streams::used() const {
    std::vector<stream_id> ids;
    for (std::size_t id = 0; id < streams_.size(); ++id)
        if (streams_[id].used) ids.emplace_back(static_cast<std::uint16_t>(id));
    return ids;
}

} // namespace cortc::sctp
