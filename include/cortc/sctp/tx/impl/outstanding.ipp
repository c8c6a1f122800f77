#pragma once

#include "cortc/sctp/tx/outstanding.hpp"

#include <algorithm>

namespace cortc::sctp {

CORTC_DECL void outstanding_queue::start(tsn initial) { cumulative_ = initial.previous(); }

CORTC_DECL void outstanding_queue::clear() {
    chunks_.clear();
    flight_ = 0;
    lost_ = 0;
    first_lost_hint_ = 0;
}

CORTC_DECL std::size_t outstanding_queue::index_of(tsn number) const noexcept {
    return static_cast<std::size_t>(distance(cumulative_, number) - 1);
}

CORTC_DECL void outstanding_queue::append(message_index message, std::uint32_t offset, std::uint16_t size,
                                          time_point now) {
    sent_chunk added;
    added.message = message;
    added.offset = offset;
    added.size = size;
    added.sent_at = now;
    chunks_.push_back(added);
    chunks_.back().sent_before = next_tsn();
    flight_ += size;
}

/// The chunk's bytes are not in flight, nor waiting to be sent again, any more.
CORTC_DECL void outstanding_queue::leave(sent_chunk& chunk) noexcept {
    if (chunk.state == condition::in_flight) flight_ -= chunk.size;
    if (chunk.state == condition::lost) --lost_;
}

CORTC_DECL void outstanding_queue::acknowledge_chunk(std::size_t index, sack_effect& effect) noexcept {
    auto& chunk = chunks_[index];
    if (chunk.state != condition::in_flight && chunk.state != condition::lost) return;
    effect.late = chunk.state == condition::lost;
    leave(chunk);
    chunk.state = condition::acked;
    effect.acked_bytes += chunk.size;
    effect.highest_newly_acked = number(index);
    if (chunk.transmissions == 1)
        effect.sent = chunk.sent_at;
    else
        effect.sent.reset();
}

CORTC_DECL void outstanding_queue::take_cumulative(std::size_t count, sack_effect& effect) {
    for (std::size_t i = 0; i < count; ++i) acknowledge_chunk(i, effect);
    for (std::size_t i = 0; i < count; ++i) {
        auto& chunk = chunks_.front();
        leave(chunk);
        messages_->chunk_done(chunk.message);
        (void)chunks_.pop_front();
        ++cumulative_;
    }
    first_lost_hint_ = first_lost_hint_ > count ? first_lost_hint_ - count : 0;
    effect.advanced = count != 0;
}

CORTC_DECL sack_effect outstanding_queue::acknowledge(const sack_chunk& sack, bool recovering) {
    sack_effect effect;
    const auto ahead = distance(cumulative_, sack.cumulative);
    if (ahead < 0) {
        effect.result = sack_effect::verdict::stale;
        return effect;
    }
    const auto count = static_cast<std::size_t>(ahead);
    const std::size_t last = sack.gaps == 0 ? 0 : sack.gap(sack.gaps - 1).end;
    if (count + last > chunks_.size()) {
        effect.result = sack_effect::verdict::bad;
        return effect;
    }
    take_cumulative(count, effect);
    for (std::size_t i = 0; i < sack.gaps; ++i) {
        const auto block = sack.gap(i);
        for (std::size_t offset = block.start; offset <= block.end; ++offset) {
            const auto before = effect.acked_bytes;
            acknowledge_chunk(offset - 1, effect);
            if (effect.acked_bytes == before) continue;
            if (effect.gap_acked_bytes == 0) effect.lowest_gap_acked = number(offset - 1);
            effect.gap_acked_bytes += effect.acked_bytes - before;
        }
    }
    // A chunk next to the cumulative TSN cannot stay acknowledged: the receiver has dropped it again (6.2.1).
    if (!chunks_.empty() && chunks_[0].state == condition::acked) undo_reneged(sack);
    if (sack.gaps != 0) detect_losses(sack, recovering, effect);
    return effect;
}

CORTC_DECL void outstanding_queue::undo_reneged(const sack_chunk& sack) noexcept {
    std::size_t block = 0;
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
        while (block < sack.gaps && sack.gap(block).end < i + 1) ++block;
        const bool covered = block < sack.gaps && sack.gap(block).start <= i + 1;
        if (covered || chunks_[i].state != condition::acked) continue;
        chunks_[i].state = condition::lost;
        ++lost_;
        first_lost_hint_ = std::min(first_lost_hint_, i);
    }
}

/// RFC 9260 7.2.4, with two differences. A receiver that takes packets in batches sends one SACK for many, so
/// what counts is not SACKs but packets' worth of newly acknowledged bytes (as in RFC 6675). And a chunk that
/// was sent again is judged anew, but only by chunks sent after it: this repairs a lost retransmission
/// without waiting for T3, and cannot mistake an old acknowledgement for a loss.
CORTC_DECL void outstanding_queue::detect_losses(const sack_chunk& sack, bool recovering,
                                                 sack_effect& effect) {
    if (effect.acked_bytes == 0) return;
    const auto reported = cumulative_.plus(sack.gap(sack.gaps - 1).end);
    const auto limit = recovering && effect.advanced ? reported : effect.highest_newly_acked;
    if (limit <= cumulative_) return;
    const auto batch = std::clamp<std::size_t>(effect.gap_acked_bytes / mtu_, 1, 3);
    const auto end = std::min(index_of(limit), chunks_.size());
    for (std::size_t i = 0; i < end; ++i) {
        auto& chunk = chunks_[i];
        if (chunk.state != condition::in_flight) continue;
        const auto older_than = chunk.transmissions > 1 ? chunk.sent_before : number(i);
        if (limit < older_than) continue;
        const bool all_above = effect.gap_acked_bytes != 0 && effect.lowest_gap_acked >= older_than;
        chunk.missing = static_cast<std::uint8_t>(chunk.missing + (all_above ? batch : 1));
        if (chunk.missing < 3) continue;
        leave(chunk);
        chunk.state = condition::lost;
        ++lost_;
        first_lost_hint_ = std::min(first_lost_hint_, i);
        effect.loss_detected = true;
        if (chunk.transmissions > 1) effect.lost_again = true;
    }
}

CORTC_DECL void outstanding_queue::lose_all() {
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
        auto& chunk = chunks_[i];
        if (chunk.state != condition::in_flight) continue;
        leave(chunk);
        chunk.state = condition::lost;
        ++lost_;
    }
    first_lost_hint_ = 0;
}

CORTC_DECL std::optional<std::size_t> outstanding_queue::first_lost() noexcept {
    if (lost_ == 0) return std::nullopt;
    while (chunks_[first_lost_hint_].state != condition::lost) ++first_lost_hint_;
    return first_lost_hint_;
}

CORTC_DECL void outstanding_queue::sent_again(std::size_t index, time_point now) noexcept {
    auto& chunk = chunks_[index];
    leave(chunk);
    chunk.state = condition::in_flight;
    chunk.missing = 0;
    ++chunk.transmissions;
    chunk.sent_before = next_tsn();
    chunk.sent_at = now;
    flight_ += chunk.size;
}

CORTC_DECL void outstanding_queue::abandon(message_index message, std::size_t near) {
    auto give_up = [&](std::size_t i) {
        if (chunks_[i].message != message) return false;
        leave(chunks_[i]);
        chunks_[i].state = condition::abandoned;
        return true;
    };
    for (auto i = near + 1; i < chunks_.size() && give_up(i);) ++i;
    for (auto i = std::min(near + 1, chunks_.size()); i > 0 && give_up(i - 1);) --i;
    auto& given_up = (*messages_)[message];
    const bool has_rest = given_up.sent < given_up.size;
    messages_->abandon(message);
    if (!has_rest) return;
    sent_chunk rest;
    rest.message = message;
    rest.state = condition::abandoned;
    chunks_.push_back(rest);
    ++given_up.chunks;
}

/// RFC 3758 3.5 stops at the first chunk that is not abandoned. We also pass chunks that gap blocks have
/// acknowledged, if an abandoned one follows: what lies between two abandoned chunks are then whole messages
/// that have arrived, and many holes take one round trip instead of one each.
CORTC_DECL void outstanding_queue::write_forward_tsn(packet_builder& out, std::optional<tsn> reset_at) {
    if (!out.fits(4)) return;
    const auto most = (out.room() - 4) / 4;
    skipped_.clear();
    std::size_t count = 0;
    auto end = chunks_.size();
    if (reset_at && *reset_at > cumulative_) end = std::min(end, index_of(*reset_at) + 1);
    for (std::size_t i = 0; i < end; ++i) {
        if (chunks_[i].state == condition::acked) continue;
        if (chunks_[i].state != condition::abandoned || !note_skipped((*messages_)[chunks_[i].message], most))
            break;
        count = i + 1;
    }
    if (count == 0) return;
    auto value = out.add(chunk_type::forward_tsn, 0, 4 + 4 * skipped_.size());
    value.u32(number(count - 1).value());
    for (const auto& skipped : skipped_) {
        value.u16(skipped.stream.value());
        value.u16(skipped.sequence.value());
    }
}

/// The highest abandoned sequence number of each stream. False: no room for one more.
CORTC_DECL bool outstanding_queue::note_skipped(const outgoing_message& message, std::size_t most) {
    // The sequence numbers of a life that a reset has ended mean other messages now (RFC 6525 5.2.2).
    if (message.unordered || message.life != message.stream->life) return true;
    const auto known = std::find_if(skipped_.rbegin(), skipped_.rend(),
                                    [&](const skipped_stream& s) { return s.stream == message.stream->id; });
    if (known != skipped_.rend()) {
        known->sequence = message.sequence;
        return true;
    }
    if (skipped_.size() == most) return false;
    skipped_.push_back({message.stream->id, message.sequence});
    return true;
}

CORTC_DECL void outstanding_queue::shrink() {
    chunks_.shrink();
    std::vector<skipped_stream>().swap(skipped_);
}

} // namespace cortc::sctp
