#pragma once

#include "cortc/ice/agent.hpp"
#include "cortc/stun/message_writer.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

// Our checks: RFC 8445 7.2, RFC 7675.
namespace cortc::ice {

CORTC_DECL std::optional<transmit> agent::transmit_retransmission(byte_span out, time_point now) {
    auto* request = transactions_.due(now);
    if (!request) return {};
    auto* in = find(request->generation);
    auto* pair = in ? in->checks().find(request->pair) : nullptr;
    if (!pair) { // pushed out of a full checklist
        transactions_.take(request->id);
        return transmit_retransmission(out, now);
    }
    transactions_.transmitted(*request, now);
    ++env_.count.requests_sent;
    ++env_.count.retransmissions;
    ++pair->requests_sent;
    ++pair->retransmissions;
    pair->slow = pair->state == pair_state::in_progress;
    in->checks().thaw();
    return write(*request, *in, out);
}

CORTC_DECL std::optional<transmit> agent::transmit_consent(byte_span out, time_point now) {
    for (auto& in : generations_) {
        if (in->retiring()) continue;
        auto* pair = in->active();
        if (pair && pair->consent.next_check() <= now && pair->consent.granted(now, env_.time))
            return send(*in, *pair, check_kind::consent, out, now);
    }
    return {};
}

CORTC_DECL std::optional<transmit> agent::transmit_check(byte_span out, time_point now) {
    const auto ready = pacing_->ready(now);
    for (auto& in : std::views::reverse(generations_)) {
        if (in->retiring() || in->failed || !in->remote()) continue;
        auto* pair = in->checks().next_check(in->floor());
        if (!pair) continue;
        const auto unpaced = need_not_wait(*pair, now);
        if (!ready && !unpaced) continue;
        in->checks().take(*pair);
        if (!unpaced) pacing_->take(now);
        return send(*in, *pair, check_kind::connectivity, out, now);
    }
    return {};
}

/// RFC 8445 14.2 paces checks for the sake of networks that may be congested, translators that have to make a
/// binding, and strangers that never asked for them. A path with consent, of this generation or of one that
/// it replaces, is none of these; the check and the nomination go out at once, what is repeated waits.
CORTC_DECL bool agent::need_not_wait(const candidate_pair& pair, time_point now) const noexcept {
    if (pair.requests_sent >= 2) return false;
    return std::ranges::any_of(generations_, [&](const auto& in) {
        const auto* known = std::as_const(in->checks()).find(pair.route);
        return known && known->valid && known->consent.granted(now, env_.time);
    });
}

/// A restart that stays on the path it has: consent says already what the first check would find out. A pair
/// that carried the data of the generation before, and answers; any other is nominated after its success.
CORTC_DECL bool agent::nominates_early(const generation& in, const candidate_pair& pair,
                                       time_point now) const noexcept {
    if (!early_nomination_ || !in.restarts || in.selection || in.nominating) return false;
    const auto* carrying = carrier();
    const auto* used = carrying && carrying != &in ? carrying->active() : nullptr;
    return used && used->route == pair.route && used->consent.granted(now, env_.time) &&
           used->consent.alive(now, env_.time);
}

CORTC_DECL transmit agent::send(generation& in, candidate_pair& pair, check_kind kind, byte_span out,
                                time_point now) {
    transaction request;
    env_.random.fill(request.id);
    request.ticket = requests_.add(request.id, *this);
    request.generation = in.id();
    request.pair = pair.id;
    request.route = pair.route;
    request.kind = kind;
    request.sent_as = env_.role;
    request.priority = in.check_priority(pair);
    in.when.first_check = std::min(in.when.first_check, now);
    ++env_.count.requests_sent;
    ++pair.requests_sent;
    if (kind == check_kind::consent) {
        ++env_.count.consent_requests_sent;
        ++pair.consent_requests_sent;
        pair.consent.sent(now, spread(env_.time.consent_retry, env_.random.u32()));
        request.rto = 2 * env_.time.consent_interval / env_.time.last_wait; // a response may be so late
    } else {
        transactions_.cancel(in.id(), pair.id, now);
        request.use_candidate =
            env_.role == role::controlling && (pair.nominate || nominates_early(in, pair, now));
        // A nomination that does not count upwards may not be known to be the later one.
        if (request.use_candidate && in.renomination) request.nomination = ++in.nominations;
        request.rto = first_rto(in, pair);
        if (request.use_candidate) in.when.nominated = std::min(in.when.nominated, now);
        if (!pair.valid) in.checks().set_state(pair, pair_state::in_progress);
    }
    return write(transactions_.start(std::move(request), now), in, out);
}

CORTC_DECL transmit agent::write(const transaction& request, const generation& in, byte_span out) const {
    stun::message_writer writer(out, stun::message_class::request, stun::method::binding, request.id);
    writer.add_username(in.remote()->ufrag, in.local().ufrag);
    writer.add_priority(request.priority);
    if (request.sent_as == role::controlling) {
        writer.add_ice_controlling(env_.tie_breaker);
    } else {
        writer.add_ice_controlled(env_.tie_breaker);
    }
    if (request.use_candidate) writer.add_use_candidate();
    if (request.nomination != 0) writer.add_nomination(request.nomination);
    writer.add_integrity(as_bytes(in.remote()->pwd));
    writer.add_fingerprint();
    return {request.route.socket, request.route.remote, writer.size()};
}

/// RFC 8445 14.3: long enough for the checks that compete; shorter where the round trip is known, be it from
/// the generation before (RFC 8489 6.2.1 keeps what is known of a path).
CORTC_DECL duration agent::first_rto(const generation& in, const candidate_pair& pair) const noexcept {
    for (const auto& each : std::views::reverse(generations_)) {
        const auto* known = std::as_const(each->checks()).find(pair.route);
        if (known && known->round_trips > 0)
            return std::clamp(2 * known->round_trip, std::min(env_.time.least_rto, env_.time.rto),
                              env_.time.rto);
    }
    return std::max(env_.time.rto, env_.time.pacing * static_cast<int>(in.checks().active()));
}

CORTC_DECL void agent::handle_response(const path& from, const stun::message& response, time_point now) {
    auto* known = transactions_.find(response.id());
    auto* in = known ? find(known->generation) : nullptr;
    auto* pair = in ? in->checks().find(known->pair) : nullptr;
    if (!pair) return env_.drop(drop_reason::response_unknown);
    if (!response.verify_integrity(as_bytes(in->remote()->pwd))) // RFC 8489 9.1.4: as if never received
        return env_.drop(drop_reason::response_integrity);
    const auto taken = transactions_.take(response.id());
    const auto& request = *taken;
    // A pair that carries data is judged by its consent, not by one odd answer.
    auto spoiled = [&](drop_reason reason) {
        env_.drop(reason);
        end_nomination(*in, *pair, request);
        env_.log.debug("response from {}: {}", to_string(from.remote), to_string(reason));
        if (request.kind == check_kind::connectivity && !pair->valid) fail(*in, *pair);
    };
    if (from != request.route) return spoiled(drop_reason::response_wrong_address); // RFC 8445 7.2.5.2.1
    ++env_.count.responses_received;
    ++pair->responses_received;
    if (response.cls() == stun::message_class::error_response) {
        auto error = response.error_code();
        if (error && error->code == stun::error::role_conflict)
            return handle_role_conflict(*in, *pair, request, now);
        return spoiled(drop_reason::response_error);
    }
    auto mapped = response.xor_mapped_address();
    if (!mapped || !response.unknown_comprehension_required().empty())
        return spoiled(drop_reason::response_malformed);
    handle_success(*in, *pair, request, *mapped, now);
}

/// RFC 8445 7.2.5.3.
CORTC_DECL void agent::handle_success(generation& in, candidate_pair& pair, const transaction& request,
                                      const endpoint& mapped, time_point now) {
    measure(pair, request, now);
    pair.consent.confirm(now, spread(env_.time.consent_interval, env_.random.u32()));
    if (request.kind == check_kind::consent) return;
    pair.valid_local = in.learn_local(pair, mapped, request.priority);
    pair.valid = true;
    in.when.first_valid = std::min(in.when.first_valid, now);
    in.checks().set_state(pair, pair_state::succeeded);
    in.checks().unfreeze(pair.foundation);
    if (!pair.nominate) { // nothing more to ask: neither by the queue nor by another transmission
        in.checks().untrigger(pair.id);
        transactions_.cancel(in.id(), pair.id, now);
    }
    if (request.use_candidate && env_.role == role::controlling) {
        end_nomination(in, pair, request);
        pair.nominated = true;
        pair.nomination = std::max(pair.nomination, request.nomination);
    }
    if (pair.nominated && should_select(in, pair, now)) select(in, pair, now);
}

/// RFC 8445 7.2.5.1: the peer found that both of us have this role, and that it keeps it.
CORTC_DECL void agent::handle_role_conflict(generation& in, candidate_pair& pair, const transaction& request,
                                            time_point now) {
    end_nomination(in, pair, request);
    if (++role_repairs_ > env_.limit.role_switches) {
        env_.drop(drop_reason::role_switch_limit);
        if (!pair.valid) fail(in, pair);
        return;
    }
    if (request.sent_as == env_.role) switch_role();
    if (!pair.valid) trigger(in, pair, now);
}

CORTC_DECL void agent::handle_expired(const transaction& request) {
    auto* in = find(request.generation);
    auto* pair = in ? in->checks().find(request.pair) : nullptr;
    if (!pair || request.kind == check_kind::consent) return;
    if (!request.cancelled) end_nomination(*in, *pair, request);
    if (transactions_.checking(in->id(), pair->id)) return; // another check has taken over
    // A pair that carries data is judged by its consent.
    if (request.cancelled ? pair->state == pair_state::in_progress : in->active() != pair) fail(*in, *pair);
}

CORTC_DECL void agent::end_nomination(generation& in, candidate_pair& pair, const transaction& request) {
    if (!request.use_candidate) return;
    pair.nominate = false;
    if (in.nominating == pair.id) in.nominating.reset();
}

CORTC_DECL void agent::fail(generation& in, candidate_pair& pair) {
    pair.valid = pair.nominate = pair.nominated = false;
    in.checks().set_state(pair, pair_state::failed);
    in.checks().untrigger(pair.id);
    if (in.nominating == pair.id) in.nominating.reset();
    if (in.selection == pair.id) {
        if (carrier() == &in) ++env_.count.selected_pair_changes;
        in.selection.reset();
    }
}

CORTC_DECL void agent::measure(candidate_pair& pair, const transaction& request, time_point now) {
    if (request.transmissions != 1) return; // which one was answered is unknown (Karn)
    pair.round_trip = now - request.sent;
    pair.total_round_trip += pair.round_trip;
    ++pair.round_trips;
}

} // namespace cortc::ice
