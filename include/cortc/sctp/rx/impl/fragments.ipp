#pragma once

#include "cortc/sctp/rx/fragments.hpp"

#include <algorithm>

namespace cortc::sctp {

CORTC_DECL std::size_t fragment_store::first_beyond(tsn number) const noexcept {
    const auto found = std::partition_point(order_.begin(), order_.end(),
                                            [&](std::uint32_t slot) { return runs_[slot].first <= number; });
    return static_cast<std::size_t>(found - order_.begin());
}

CORTC_DECL bool fragment_store::continues(const run& before, const data_chunk& fragment) noexcept {
    return !before.end && !fragment.begin && before.last.next() == fragment.number &&
           before.stream == fragment.stream && before.unordered == fragment.unordered &&
           (before.unordered || before.sequence == fragment.sequence);
}

CORTC_DECL bool fragment_store::continues(const run& before, const run& after) noexcept {
    return !before.end && !after.begin && before.last.next() == after.first &&
           before.stream == after.stream && before.unordered == after.unordered &&
           (before.unordered || before.sequence == after.sequence);
}

CORTC_DECL bool fragment_store::begins_run(const data_chunk& fragment) const noexcept {
    const auto next = first_beyond(fragment.number);
    return next == 0 || !continues(at(next - 1), fragment);
}

CORTC_DECL std::optional<std::size_t> fragment_store::unfinished_at(tsn cumulative) const noexcept {
    const auto next = first_beyond(cumulative);
    if (next == 0) return std::nullopt;
    const auto& last = at(next - 1);
    if (!last.begin || last.end || last.last < cumulative) return std::nullopt;
    return last.data.size();
}

CORTC_DECL fragment_store::outcome fragment_store::add(const data_chunk& fragment, whole_message& out) {
    auto index = first_beyond(fragment.number);
    if (index > 0 && continues(at(index - 1), fragment)) {
        --index;
        append(at(index).data, fragment.payload);
        at(index).last = fragment.number;
        at(index).end = fragment.end;
    } else {
        insert(index, fragment);
    }
    bytes_ += fragment.payload.size();
    while (at(index).begin && index + 1 < order_.size() && continues(at(index), at(index + 1))) {
        auto& next = at(index + 1);
        append(at(index).data, next.data.view());
        at(index).last = next.last;
        at(index).end = next.end;
        erase(index + 1);
    }
    auto& found = at(index);
    if (found.data.size() > max_message_) return outcome::too_large;
    if (!found.begin || !found.end) return outcome::stored;
    bytes_ -= found.data.size();
    last_size_ = found.data.size();
    out = {found.stream, found.sequence, found.protocol, found.unordered, fitted(std::move(found.data))};
    erase(index);
    return outcome::complete;
}

CORTC_DECL void fragment_store::insert(std::size_t index, const data_chunk& fragment) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(runs_.size()));
        runs_.emplace_back();
    }
    const auto slot = free_.back();
    free_.pop_back();
    auto& added = runs_[slot];
    // Only a lone run is given room in advance: many unfinished messages must not cost more than they hold.
    const auto expected =
        order_.empty() ? std::max(last_size_, fragment.payload.size()) : fragment.payload.size();
    added = {fragment.number,   fragment.number,    fragment.begin,
             fragment.end,      fragment.stream,    fragment.sequence,
             fragment.protocol, fragment.unordered, pool_->acquire(expected)};
    added.data.append(fragment.payload);
    order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(index), slot);
}

CORTC_DECL void fragment_store::erase(std::size_t index) {
    const auto slot = order_[index];
    if (runs_[slot].data.capacity() != 0) pool_->release(std::move(runs_[slot].data));
    order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(index));
    free_.push_back(slot);
}

/// Growing by doubling, with blocks of the pool.
CORTC_DECL void fragment_store::append(buffer& to, byte_view data) {
    const auto needed = to.size() + data.size();
    if (needed > to.capacity()) {
        auto larger = pool_->acquire(std::max(needed, 2 * to.capacity()));
        larger.append(to.view());
        pool_->release(std::exchange(to, std::move(larger)));
    }
    to.append(data);
}

/// A block taken for a larger message does not go out with a small one: what waits for the application must
/// not cost much more than it is charged.
CORTC_DECL buffer fragment_store::fitted(buffer&& data) {
    if (data.capacity() <= 2 * data.size() + 64) return std::move(data);
    auto smaller = pool_->acquire(data.size());
    smaller.append(data.view());
    pool_->release(std::move(data));
    return smaller;
}

CORTC_DECL void fragment_store::forward(tsn cumulative) {
    while (!order_.empty() && at(0).first <= cumulative) {
        bytes_ -= at(0).data.size();
        erase(0);
    }
}

} // namespace cortc::sctp
