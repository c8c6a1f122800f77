#pragma once

#include "cortc/ice/checklist.hpp"

#include <algorithm>

namespace cortc::ice {

CORTC_DECL const candidate_pair* checklist::find(pair_id id) const noexcept {
    auto at = std::ranges::find(pairs_, id, &candidate_pair::id);
    return at == pairs_.end() ? nullptr : &*at;
}

CORTC_DECL candidate_pair* checklist::find(pair_id id) noexcept {
    return const_cast<candidate_pair*>(std::as_const(*this).find(id));
}

CORTC_DECL const candidate_pair* checklist::find(const path& route) const noexcept {
    auto at = std::ranges::find(pairs_, route, &candidate_pair::route);
    return at == pairs_.end() ? nullptr : &*at;
}

CORTC_DECL candidate_pair* checklist::find(const path& route) noexcept {
    return const_cast<candidate_pair*>(std::as_const(*this).find(route));
}

CORTC_DECL candidate_pair* checklist::insert(candidate_pair pair) {
    if (pairs_.size() >= limit_ && !make_room(pair.priority)) return nullptr;
    pair.id = pair_id(++last_id_);
    pair.state = initial_state(pair.foundation);
    auto at = std::ranges::upper_bound(pairs_, pair.priority, std::greater{}, &candidate_pair::priority);
    at = pairs_.insert(at, std::move(pair));
    log_.debug("pair {}: socket {} to {}, {}", at->id.value(), at->route.socket.value(),
               to_string(at->route.remote), to_string(at->state));
    return &*at;
}

CORTC_DECL bool checklist::make_room(std::uint64_t priority) {
    auto least = std::ranges::find(pairs_.rbegin(), pairs_.rend(), false, &candidate_pair::valid);
    if (least == pairs_.rend() || least->priority >= priority) return false;
    untrigger(least->id);
    pairs_.erase(std::next(least).base());
    return true;
}

CORTC_DECL pair_state checklist::initial_state(std::uint32_t foundation) const noexcept {
    auto state = pair_state::waiting;
    for (const auto& pair : pairs_) {
        if (pair.foundation != foundation) continue;
        if (pair.state == pair_state::succeeded) return pair_state::waiting;
        if (pair.state == pair_state::waiting || (pair.state == pair_state::in_progress && !pair.slow))
            state = pair_state::frozen;
    }
    return state;
}

CORTC_DECL void checklist::sort() {
    std::ranges::stable_sort(pairs_, std::greater{}, &candidate_pair::priority);
}

CORTC_DECL void checklist::clear() {
    pairs_.clear();
    triggered_.clear();
}

CORTC_DECL void checklist::erase(socket_id socket) {
    const auto over = [socket](const candidate_pair& pair) { return pair.route.socket == socket; };
    for (const auto& pair : pairs_)
        if (over(pair)) untrigger(pair.id);
    std::erase_if(pairs_, over);
}

CORTC_DECL void checklist::set_state(candidate_pair& pair, pair_state next) {
    pair.slow = false;
    pair.restart_at = never;
    if (pair.state == next) return;
    log_.debug("pair {} to {}: {} -> {}", pair.id.value(), to_string(pair.route.remote),
               to_string(pair.state), to_string(next));
    pair.state = next;
}

CORTC_DECL void checklist::trigger(candidate_pair& pair, bool first) {
    auto queued = std::ranges::find(triggered_, pair.id) != triggered_.end();
    if (queued && !first) return;
    if (queued) untrigger(pair.id);
    triggered_.insert(first ? triggered_.begin() : triggered_.end(), pair.id);
}

CORTC_DECL void checklist::untrigger(pair_id id) { std::erase(triggered_, id); }

CORTC_DECL void checklist::unfreeze(std::uint32_t foundation) {
    for (auto& pair : pairs_)
        if (pair.foundation == foundation && pair.state == pair_state::frozen)
            set_state(pair, pair_state::waiting);
}

CORTC_DECL void checklist::thaw() {
    auto is_waiting = [](const candidate_pair& pair) { return pair.state == pair_state::waiting; };
    if (std::ranges::any_of(pairs_, is_waiting)) return;
    for (auto& pair : pairs_) {
        if (pair.state != pair_state::frozen) continue;
        auto busy = std::ranges::any_of(pairs_, [&pair](const candidate_pair& other) {
            return other.foundation == pair.foundation &&
                   (other.state == pair_state::waiting ||
                    (other.state == pair_state::in_progress && !other.slow));
        });
        if (!busy) set_state(pair, pair_state::waiting);
    }
}

CORTC_DECL candidate_pair* checklist::next_check(std::uint64_t least_priority) noexcept {
    if (!triggered_.empty()) return find(triggered_.front());
    for (auto& pair : pairs_) {
        if (pair.priority <= least_priority) break;
        if (pair.state == pair_state::waiting) return &pair;
    }
    return nullptr;
}

CORTC_DECL void checklist::take(const candidate_pair& pair) noexcept {
    if (!triggered_.empty() && triggered_.front() == pair.id) triggered_.erase(triggered_.begin());
}

CORTC_DECL bool checklist::has_check(std::uint64_t least_priority) const noexcept {
    return !triggered_.empty() || std::ranges::any_of(pairs_, [least_priority](const candidate_pair& pair) {
        return pair.priority > least_priority && pair.state == pair_state::waiting;
    });
}

CORTC_DECL bool checklist::unresolved(std::uint64_t least_priority) const noexcept {
    return std::ranges::any_of(pairs_, [least_priority](const candidate_pair& pair) {
        return pair.priority > least_priority && pair.state != pair_state::succeeded &&
               pair.state != pair_state::failed;
    });
}

CORTC_DECL std::size_t checklist::active() const noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(pairs_, [](const candidate_pair& pair) {
        return pair.state == pair_state::waiting || pair.state == pair_state::in_progress;
    }));
}

} // namespace cortc::ice
