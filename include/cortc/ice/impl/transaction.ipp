#pragma once

#include "cortc/ice/transaction.hpp"

#include <algorithm>

namespace cortc::ice {

CORTC_DECL transaction& transaction_table::start(transaction request, time_point now) {
    auto& started = requests_.emplace_back(std::move(request));
    transmitted(started, now);
    return started;
}

CORTC_DECL bool transaction_table::last(const transaction& request) const noexcept {
    return request.kind == check_kind::consent || request.transmissions >= timings_.transmissions;
}

CORTC_DECL void transaction_table::transmitted(transaction& request, time_point now) const noexcept {
    ++request.transmissions;
    request.sent = now;
    auto wait =
        request.rto * (last(request) ? timings_.last_wait : 1U << std::min(request.transmissions - 1, 16U));
    // A nomination goes over a path with consent, and the connection waits for it: it need not be shy.
    if (request.use_candidate) wait = std::min(wait, timings_.rto);
    request.next = now + wait;
}

CORTC_DECL transaction* transaction_table::find(const stun::transaction_id& id) noexcept {
    auto at = std::ranges::find(requests_, id, &transaction::id);
    return at == requests_.end() ? nullptr : &*at;
}

CORTC_DECL std::optional<transaction> transaction_table::take(const stun::transaction_id& id) noexcept {
    auto at = std::ranges::find(requests_, id, &transaction::id);
    if (at == requests_.end()) return {};
    auto taken = std::move(*at);
    requests_.erase(at);
    return taken;
}

CORTC_DECL transaction* transaction_table::due(time_point now) noexcept {
    auto at = std::ranges::find_if(requests_, [this, now](const transaction& request) {
        return request.next <= now && !request.cancelled && !last(request);
    });
    return at == requests_.end() ? nullptr : &*at;
}

CORTC_DECL std::optional<transaction> transaction_table::take_expired(time_point now) {
    auto at = std::ranges::find_if(requests_, [this, now](const transaction& request) {
        return request.next <= now && (request.cancelled || last(request));
    });
    if (at == requests_.end()) return {};
    auto expired = std::move(*at);
    requests_.erase(at);
    return expired;
}

CORTC_DECL void transaction_table::cancel(generation_id generation, pair_id pair, time_point now) noexcept {
    auto of_pair = [=](const transaction& request) {
        return request.generation == generation && request.pair == pair &&
               request.kind == check_kind::connectivity;
    };
    std::size_t cancelled = 0;
    for (auto& request : requests_) {
        if (!of_pair(request)) continue;
        ++cancelled;
        if (request.cancelled) continue;
        request.cancelled = true;
        request.next = now + request.rto * timings_.last_wait;
    }
    if (cancelled <= most_cancelled) return;
    auto oldest = std::ranges::find_if(requests_, of_pair);
    requests_.erase(oldest);
}

CORTC_DECL const transaction* transaction_table::checking(generation_id generation,
                                                          pair_id pair) const noexcept {
    auto at = std::ranges::find_if(requests_, [=](const transaction& request) {
        return request.generation == generation && request.pair == pair && !request.cancelled &&
               request.kind == check_kind::connectivity;
    });
    return at == requests_.end() ? nullptr : &*at;
}

CORTC_DECL void transaction_table::erase_all(generation_id generation) noexcept {
    std::erase_if(requests_, [=](const transaction& request) { return request.generation == generation; });
}

CORTC_DECL time_point transaction_table::next_timeout() const noexcept {
    auto next = never;
    for (const auto& request : requests_) next = std::min(next, request.next);
    return next;
}

} // namespace cortc::ice
