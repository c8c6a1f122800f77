#pragma once

#include "cortc/sctp/tx/send_queue.hpp"

#include <algorithm>
#include <utility>

namespace cortc::sctp {

CORTC_DECL outgoing_stream& send_queue::stream(stream_id id) {
    auto& found = streams_[id];
    found.id = id;
    return found;
}

CORTC_DECL const outgoing_stream* send_queue::find(stream_id id) const noexcept {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : &found->second;
}

CORTC_DECL bool send_queue::drained(stream_id id) const noexcept {
    const auto* found = find(id);
    return !found || found->head == no_message;
}

CORTC_DECL message_index send_queue::allocate() {
    if (free_.empty()) {
        free_.push_back(static_cast<message_index>(messages_.size()));
        messages_.emplace_back();
        free_.reserve(messages_.capacity()); // giving back allocates nothing
    }
    const auto index = free_.back();
    free_.pop_back();
    return index;
}

CORTC_DECL void send_queue::push(stream_id id, ppid protocol, byte_view message, const send_options& options,
                                 time_point now) {
    auto& owner = stream(id);
    const auto index = allocate();
    auto& added = messages_[index];
    added = {};
    added.data = pool_->acquire(message.size());
    added.data.append(message);
    added.stream = &owner;
    added.life = owner.life;
    ++owner.messages;
    added.protocol = protocol;
    added.unordered = options.unordered;
    added.uncounted = options.uncounted;
    added.size = static_cast<std::uint32_t>(message.size());
    if (options.max_retransmits) added.max_retransmits = *options.max_retransmits;
    if (options.lifetime) added.expires = now + *options.lifetime;
    if (owner.tail == no_message) {
        owner.head = index;
    } else {
        messages_[owner.tail].next = index;
    }
    owner.tail = index;
    if (!options.uncounted) owner.buffered += message.size();
    buffered_ += message.size();
    hold(owner, message.size());
    make_ready(owner);
}

CORTC_DECL void send_queue::hold(outgoing_stream& stream, std::size_t bytes) noexcept {
    stream.held += bytes;
    held_ += bytes;
}

/// Gives a message's storage back.
CORTC_DECL void send_queue::let_go(outgoing_message& message) {
    auto& owner = *message.stream;
    held_ -= message.size;
    owner.held -= message.size;
    pool_->release(std::move(message.data));
}

CORTC_DECL void send_queue::set_weight(stream_id id, std::uint8_t weight) {
    auto& changed = stream(id);
    if (changed.wanting) wanting_weight_ += std::size_t{weight} - changed.weight;
    changed.weight = weight;
}

CORTC_DECL void send_queue::refused(stream_id id) {
    auto& asking = stream(id);
    asking.refused_in = period_;
    if (std::exchange(asking.wanting, true)) return;
    wanting_weight_ += asking.weight;
    wanting_.push_back(&asking);
}

CORTC_DECL void send_queue::next_period() {
    std::erase_if(wanting_, [this](outgoing_stream* asking) {
        if (asking->refused_in == period_) return false;
        asking->wanting = false;
        wanting_weight_ -= asking->weight;
        return true;
    });
    ++period_;
}

CORTC_DECL void send_queue::end_life(stream_id id) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    auto& ended = found->second;
    if (ended.messages == 0 && !ended.ready && !ended.wanting) {
        streams_.erase(found);
        return;
    }
    set_weight(id, default_weight);
    ended.next_sequence = {};
    ++ended.life;
    ended.low_threshold = 0;
}

CORTC_DECL bool send_queue::has_share(stream_id id, std::size_t limit) const noexcept {
    const auto* known = find(id);
    if (!known || known->held == 0) return true;
    const auto others = wanting_weight_ - (known->wanting ? known->weight : 0);
    return known->held < limit * known->weight / (others + known->weight);
}

CORTC_DECL void send_queue::make_ready(outgoing_stream& stream) {
    const bool in_progress = current_ != no_message && messages_[current_].stream == &stream;
    if (stream.ready || in_progress || stream.head == no_message) return;
    stream.ready = true;
    stream.turn = std::max(stream.turn, clock_);
    ready_.push_back({stream.turn, order_++, &stream});
    std::push_heap(ready_.begin(), ready_.end());
}

CORTC_DECL outgoing_message* send_queue::current() {
    while (current_ == no_message && !ready_.empty()) {
        std::pop_heap(ready_.begin(), ready_.end());
        auto* next = ready_.back().stream;
        ready_.pop_back();
        next->ready = false;
        current_ = next->head; // none when its messages were discarded meanwhile
        if (current_ == no_message) continue;
        clock_ = next->turn;
        next->turn += (messages_[current_].size + chunk_cost) * (max_weight / next->weight);
    }
    return current_ == no_message ? nullptr : &messages_[current_];
}

CORTC_DECL void send_queue::lower(const outgoing_message& message, std::size_t bytes) {
    buffered_ -= bytes;
    if (message.uncounted) return;
    auto& stream = *message.stream;
    const bool above = stream.buffered > stream.low_threshold;
    stream.buffered -= bytes;
    if (above && stream.buffered <= stream.low_threshold) low_.push_back(stream.id);
}

CORTC_DECL void send_queue::advance(std::size_t size) {
    auto& message = messages_[current_];
    auto& owner = *message.stream;
    if (message.sent == 0 && !message.unordered) {
        message.sequence = owner.next_sequence;
        ++owner.next_sequence;
    }
    message.sent += static_cast<std::uint32_t>(size);
    ++message.chunks;
    lower(message, size);
    if (message.sent < message.size) return;
    unlink(owner, no_message, current_);
    current_ = no_message;
    make_ready(owner);
}

/// Takes a message out of its stream's list.
CORTC_DECL void send_queue::unlink(outgoing_stream& stream, message_index previous, message_index index) {
    const auto next = messages_[index].next;
    if (previous == no_message) {
        stream.head = next;
    } else {
        messages_[previous].next = next;
    }
    if (stream.tail == index) stream.tail = previous;
}

CORTC_DECL void send_queue::release(message_index index) {
    auto& message = messages_[index];
    if (message.data.capacity() != 0) let_go(message);
    --message.stream->messages;
    free_.push_back(index);
}

CORTC_DECL void send_queue::chunk_done(message_index index) {
    auto& message = messages_[index];
    if (--message.chunks == 0 && (message.abandoned || message.sent == message.size)) release(index);
}

CORTC_DECL void send_queue::abandon(message_index index) {
    auto& message = messages_[index];
    if (message.abandoned) return;
    message.abandoned = true;
    let_go(message);
    if (message.sent == message.size) return;
    auto& owner = *message.stream; // partly sent: it is the current one, the first of its stream
    lower(message, message.size - message.sent);
    unlink(owner, no_message, index);
    current_ = no_message;
    make_ready(owner);
}

CORTC_DECL void send_queue::drop_current() {
    auto& owner = *messages_[current_].stream;
    owner.turn = clock_; // it has cost nothing
    lower(messages_[current_], messages_[current_].size);
    unlink(owner, no_message, current_);
    release(std::exchange(current_, no_message));
    make_ready(owner);
}

CORTC_DECL std::size_t send_queue::discard_unsent(stream_id id) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return 0;
    auto& owner = found->second;
    std::size_t count = 0;
    auto previous = no_message;
    for (auto index = owner.head; index != no_message;) {
        const auto next = messages_[index].next;
        if (messages_[index].sent != 0) {
            previous = index;
        } else {
            lower(messages_[index], messages_[index].size);
            unlink(owner, previous, index);
            release(index);
            if (current_ == index) current_ = no_message;
            ++count;
        }
        index = next;
    }
    return count;
}

CORTC_DECL std::size_t send_queue::discard_streams_from(std::uint16_t count) {
    std::size_t discarded = 0;
    for (auto& [id, owner] : streams_)
        if (id.value() >= count) discarded += discard_unsent(id);
    return discarded;
}

CORTC_DECL void send_queue::clear() {
    for (auto& message : messages_)
        if (message.data.capacity() != 0) pool_->release(std::move(message.data));
    messages_.clear();
    free_.clear();
    streams_.clear();
    ready_.clear();
    low_.clear();
    current_ = no_message;
    buffered_ = 0;
    held_ = 0;
    wanting_.clear();
    wanting_weight_ = 0;
}

CORTC_DECL std::vector<unsent_bytes> send_queue::unsent() const {
    std::vector<unsent_bytes> left;
    for (const auto& [id, owner] : streams_)
        if (owner.buffered != 0) left.push_back({id, owner.buffered});
    return left;
}

CORTC_DECL std::vector<stream_id> send_queue::known() const {
    std::vector<stream_id> ids;
    for (const auto& [id, owner] : streams_) ids.push_back(id);
    return ids;
}

CORTC_DECL std::optional<stream_id> send_queue::poll_low() {
    if (low_.empty()) return std::nullopt;
    return low_.pop_front();
}

CORTC_DECL void send_queue::shrink() {
    if (ready_.empty()) std::vector<candidate>().swap(ready_);
    if (wanting_.empty()) std::vector<outgoing_stream*>().swap(wanting_);
    low_.shrink();
    if (held_messages() != 0) return;
    std::vector<outgoing_message>().swap(messages_);
    std::vector<message_index>().swap(free_);
}

} // namespace cortc::sctp
