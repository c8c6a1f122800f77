#pragma once

#include "cortc/ice/agent.hpp"

#include <algorithm>
#include <utility>

// Nomination, selection, retirement: RFC 8445 8 and 9. Consent and failure: RFC 7675, RFC 8863.
namespace cortc::ice {

/// RFC 8445 8.1.1: the controlling agent nominates the best valid pair, at once when nothing better is being
/// checked, otherwise after a short grace; again when a better pair turns valid or the selected one falls
/// silent.
CORTC_DECL void agent::nominate(generation& in, time_point now) {
    if (env_.role != role::controlling || !in.remote() || in.failed) return;
    if (in.nominating && in.checks().find(*in.nominating)) return; // one at a time
    const auto* best = in.best_valid(now);
    const auto* current = in.selected();
    auto alive = current && current->consent.alive(now, env_.time);
    if (!best || best == current || (alive && best->priority <= current->priority)) {
        in.nominate_at = never;
        return;
    }
    if (!current && in.checks().unresolved(best->priority)) {
        if (in.nominate_at == never)
            in.nominate_at = now + std::min(env_.time.nomination_grace, best->round_trip);
        if (now < in.nominate_at) return;
    }
    in.nominate_at = never;
    auto& pair = *in.checks().find(best->id);
    env_.log.debug("pair {}: nominate", pair.id.value());
    in.nominating = pair.id;
    pair.nominate = true;
    in.checks().trigger(pair, true);
}

/// Among nominated pairs the one of the greatest number counts (draft-thatcher-ice-renomination), and among
/// equal ones (all of a peer that does not number them) the best (as with those that nominate aggressively,
/// RFC 5245 8.1.1.2); unless it has fallen silent.
CORTC_DECL bool agent::should_select(const generation& in, const candidate_pair& pair, time_point now) const {
    const auto* current = in.selected();
    if (!current) return true;
    if (current == &pair) return false;
    // A lite agent has no checks to find out with: where the peer has not said so for a while it has moved.
    if (env_.lite && now - current->nominated_at >= env_.time.retirement) return true;
    if (!current->consent.alive(now, env_.time)) return true;
    return std::pair(pair.nomination, pair.priority) > std::pair(current->nomination, current->priority);
}

CORTC_DECL void agent::select(generation& in, candidate_pair& pair, time_point now) {
    env_.log.info("generation {}: selected socket {} to {}", in.id().value(), pair.route.socket.value(),
                  to_string(pair.route.remote));
    in.selection = pair.id;
    // RFC 8445 8.1.2: lesser pairs are not pursued (those waiting: see generation::floor).
    for (auto& other : in.checks().pairs())
        if (other.priority < pair.priority && other.state == pair_state::in_progress)
            transactions_.cancel(in.id(), other.id, now);
    if (in.when.selected == never) {
        in.when.selected = now;
        if (in.restarts) ++env_.count.restarts;
    }
    retire_before(in.id(), std::max(env_.time.retirement, 3 * pair.round_trip), now);
    if (carrier() != &in) return;
    ++env_.count.selected_pair_changes;
    auto what = in.statistics(pair);
    events_.push_back(
        selected_pair_changed{in.id(), pair.route, std::move(what.local), std::move(what.remote)});
}

/// RFC 8445 9: the restart is over; the peer may need a moment to find that out.
CORTC_DECL void agent::retire_before(generation_id id, duration after, time_point now) {
    for (auto& in : generations_) {
        if (in->id() >= id || in->retiring()) continue;
        in->retires = now + after;
        in->retires_surely = now + std::max(after, env_.time.consent_expiry);
        transactions_.erase_all(in->id());
    }
}

/// RFC 7675 5.1: no sending without consent.
CORTC_DECL void agent::expire_consent(generation& in, time_point now) {
    while (auto* pair = in.active()) {
        if (pair->consent.granted(now, env_.time)) return;
        env_.log.info("pair {} to {}: consent expired", pair->id.value(), to_string(pair->route.remote));
        transactions_.cancel(in.id(), pair->id, now);
        fail(in, *pair);
    }
}

/// The path in use went silent: check all others again. The first to answer may replace it.
CORTC_DECL void agent::look_for_replacement(generation& in, time_point now) {
    const auto* silent = std::as_const(in).active();
    if (!silent || silent->consent.alive(now, env_.time)) {
        if (silent) in.fresh_since = time_point::min();
        return;
    }
    if (in.fresh_since != time_point::min()) return;
    in.fresh_since = now;
    if (in.nominating == silent->id) in.nominating.reset();
    const auto keep = silent->id;
    for (auto& pair : in.checks().pairs())
        if (pair.id != keep) trigger(in, pair, now);
}

/// RFC 8445 6.1.4.3 and 7.2.5.4 with the patience of RFC 8863.
CORTC_DECL void agent::detect_failure(generation& in, time_point now) {
    if (in.failed || !in.remote() || in.active() || !in.exhausted()) return;
    if (!in.was_connected) { // what lost its consent needs no patience
        if (now < in.patience_ends) return;
        auto all_known = in.local_done && in.remote_done;
        auto waited = now >= in.patience_ends + env_.time.end_of_candidates_wait;
        auto none = in.checks().pairs().empty() && !in.lost_pairs && !env_.lite;
        if (!all_known && (!waited || none)) return;
    }
    in.failed = true;
    env_.log.info("generation {}: failed", in.id().value());
}

} // namespace cortc::ice
