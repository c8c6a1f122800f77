#pragma once

#include "cortc/ice/agent.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

// The peer's checks: RFC 8445 7.3.
namespace cortc::ice {

namespace detail {

/// The second half of USERNAME (RFC 8445 7.2.2), which a request that was authenticated has.
CORTC_DECL std::string_view sender_ufrag(const stun::message& request) {
    const auto username = *request.username();
    const auto colon = username.find(':');
    return colon == std::string_view::npos ? std::string_view() : username.substr(colon + 1);
}

} // namespace detail

CORTC_DECL void agent::handle_request(const path& from, const stun::message& request, time_point now) {
    auto* in = authenticate(from, request, now);
    if (!in || !acceptable(*in, from, request, now)) return;
    if (!repair_role_conflict(*in, from, request, now)) return;
    ++env_.count.requests_received;
    respond(from, request, in, {}, now);
    const auto theirs = detail::sender_ufrag(request);
    const auto known = in->remote() && in->remote()->ufrag == theirs;
    if (!known) allow(from, theirs, is_peer(theirs), now);
    if (!in->retiring()) learn(*in, from, request, now);
}

/// RFC 8489 9.1.3 with the ufrag of RFC 8445 7.3: the first half of USERNAME names our generation.
CORTC_DECL generation* agent::authenticate(const path& from, const stun::message& request, time_point now) {
    auto refuse = [&](drop_reason reason, stun::error error) -> generation* {
        env_.drop(reason);
        respond(from, request, nullptr, error, now);
        return nullptr;
    };
    auto username = request.username();
    if (!username || !request.has_integrity())
        return refuse(drop_reason::missing_credentials, stun::error::bad_request);
    auto ufrag = username->substr(0, username->find(':'));
    for (auto& in : std::views::reverse(generations_)) {
        if (in->local().ufrag != ufrag) continue;
        if (request.verify_integrity(as_bytes(in->local().pwd))) return in.get();
        env_.log.debug("check from {}: wrong integrity", to_string(from.remote));
        return refuse(drop_reason::wrong_integrity, stun::error::unauthenticated);
    }
    return refuse(drop_reason::unknown_ufrag, stun::error::unauthenticated);
}

CORTC_DECL bool agent::acceptable(const generation& in, const path& from, const stun::message& request,
                                  time_point now) {
    if (!request.unknown_comprehension_required().empty()) {
        env_.drop(drop_reason::unknown_attributes);
        respond(from, request, &in, stun::error::unknown_attribute, now);
        return false;
    }
    // RFC 8445 7.1.1 and 7.1.3. A request with neither role is no conflict.
    if (!request.priority() || (request.ice_controlling() && request.ice_controlled())) {
        env_.drop(drop_reason::bad_request);
        respond(from, request, &in, stun::error::bad_request, now);
        return false;
    }
    return true;
}

/// RFC 8445 7.3.1.1: the greater tie-breaker controls. False when the request is done with.
CORTC_DECL bool agent::repair_role_conflict(const generation& in, const path& from,
                                            const stun::message& request, time_point now) {
    auto controls = env_.role == role::controlling;
    auto theirs = controls ? request.ice_controlling() : request.ice_controlled();
    if (!theirs) return true;
    auto we_control = env_.tie_breaker >= *theirs;
    if (env_.lite) { // RFC 8445 6.1.1: the peer controls, whatever the numbers say
        respond(from, request, &in, stun::error::role_conflict, now);
        return false;
    }
    if (we_control == controls) {
        respond(from, request, &in, stun::error::role_conflict, now);
        return false;
    }
    if (++role_repairs_ > env_.limit.role_switches) {
        env_.drop(drop_reason::role_switch_limit);
        return false;
    }
    switch_role();
    return true;
}

CORTC_DECL void agent::switch_role() {
    env_.role = env_.role == role::controlling ? role::controlled : role::controlling;
    ++env_.count.role_switches;
    env_.log.info("role conflict: we are now {}", to_string(env_.role));
    for (auto& in : generations_) {
        in->nominating.reset();
        in->nominate_at = never;
        for (auto& pair : in->checks().pairs()) {
            pair.nominate = false;
            pair.nominated = in->selection == pair.id;
            pair.nomination = 0;
        }
        in->update_priorities();
    }
    events_.push_back(role_changed{env_.role});
}

/// Another answerer of the same offer learns that it reached us, and is not our peer.
CORTC_DECL bool agent::is_peer(std::string_view ufrag) const noexcept {
    return std::ranges::any_of(
        generations_, [ufrag](const auto& in) { return in->remote() && in->remote()->ufrag == ufrag; });
}

/// While descriptions are on their way libwebrtc checks candidates of ours with credentials of another
/// generation, older or newer, than we have them with, and takes our answer for the consent that it is (RFC
/// 7675 5.1): data comes from there. We could not check back, having no password that goes with ours.
CORTC_DECL void agent::allow(const path& from, std::string_view ufrag, bool peer, time_point now) {
    constexpr std::size_t most = 16;
    std::erase_if(allowed_, [&](const auto& each) { return each.from == from; });
    if (allowed_.size() == most) allowed_.erase(allowed_.begin());
    allowed_.push_back({from, std::string(ufrag), peer, now + env_.time.consent_expiry});
}

CORTC_DECL bool agent::allows(const path& from, time_point now) const noexcept {
    return std::ranges::any_of(
        allowed_, [&](const auto& each) { return each.peer && each.from == from && now < each.until; });
}

/// RFC 8445 7.3.1.3 to 7.3.1.5: peer-reflexive candidates, triggered checks, nomination by the peer.
CORTC_DECL void agent::learn(generation& in, const path& from, const stun::message& request, time_point now) {
    if (in.remote() && in.remote()->ufrag != detail::sender_ufrag(request))
        return env_.drop(drop_reason::foreign_credentials);
    auto* pair = in.learn_pair(from, *request.priority());
    if (!pair) return;
    const auto first = !std::exchange(pair->requested, true);
    ++pair->requests_received;
    ++pair->responses_sent;
    pair->consent.heard(now);
    const auto number = request.nomination().value_or(0);
    if ((request.use_candidate() || number != 0) && env_.role == role::controlled) {
        pair->nominated = true;
        pair->nominated_at = now;
        pair->nomination = std::max(pair->nomination, number);
        in.when.nominated = std::min(in.when.nominated, now);
    }
    if (env_.lite) return in.remote() ? adopt(in, *pair, now) : void();
    if (!pair->valid || !pair->consent.granted(now, env_.time)) return check_again(in, *pair, first, now);
    if (env_.role == role::controlled && pair->nominated && should_select(in, *pair, now))
        select(in, *pair, now);
}

/// RFC 8445 7.3.2: a lite agent takes the pair that a check came by, and what nominates it. The peer, which
/// checks each 5 s (RFC 7675 5.1), consents by that.
CORTC_DECL void agent::adopt(generation& in, candidate_pair& pair, time_point now) {
    pair.valid = true;
    pair.valid_local = pair.local;
    pair.consent.consented(now, env_.time);
    in.when.first_valid = std::min(in.when.first_valid, now);
    in.checks().set_state(pair, pair_state::succeeded);
    if (pair.nominated && should_select(in, pair, now)) select(in, pair, now);
}

/// RFC 8445 7.3.1.4, where every request starts a check in progress over: the peer's translator may be open
/// only now. Here the check is given the time to be answered, or the agents would set each other off as long
/// as messages cross.
CORTC_DECL void agent::check_again(generation& in, candidate_pair& pair, bool first_request, time_point now) {
    const auto* check = transactions_.checking(in.id(), pair.id);
    if (!check) return trigger(in, pair, now);
    auto when = check->sent + (first_request ? env_.time.crossing : env_.time.least_rto);
    if (when <= now) return trigger(in, pair, now);
    pair.restart_at = std::min(pair.restart_at, when);
}

CORTC_DECL void agent::restart_checks(generation& in, time_point now) {
    for (auto& pair : in.checks().pairs())
        if (pair.restart_at <= now) trigger(in, pair, now);
}

CORTC_DECL void agent::trigger(generation& in, candidate_pair& pair, time_point now) {
    transactions_.cancel(in.id(), pair.id, now);
    pair.valid = false;
    in.checks().set_state(pair, pair_state::waiting);
    in.checks().trigger(pair);
}

CORTC_DECL void agent::respond(const path& to, const stun::message& request, const generation* in,
                               std::optional<stun::error> error, time_point now) {
    response next{to, request.id(), error, {}, {}};
    if (in) next.authentic = in->id();
    if (error == stun::error::unknown_attribute) next.unknown = request.unknown_comprehension_required();
    if (auto dropped = responses_.push(std::move(next), now)) env_.drop(*dropped);
}

} // namespace cortc::ice
