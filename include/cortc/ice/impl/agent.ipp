#pragma once

#include "cortc/base/quoted.hpp"
#include "cortc/ice/agent.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

namespace cortc::ice {

CORTC_DECL agent::agent(agent_config config)
    : env_{config.random, config.log, config.time, config.limit}
    , requests_(config.requests)
    , transactions_(env_.time)
    , responses_(env_.limit)
    , pacing_(config.pacing ? std::move(config.pacing)
                            : std::make_shared<rate>(env_.time.pacing, env_.time.burst))
    , early_nomination_(config.early_nomination) {
    env_.lite = config.lite;
    env_.tie_breaker = config.tie_breaker ? *config.tie_breaker : env_.random.u64();
}

// --- generations and candidates ---

CORTC_DECL void agent::set_role(ice::role value) {
    if (env_.role == value || env_.lite) return; // RFC 8445 6.1.1: the full agent controls
    env_.log.debug("role: {}", to_string(value));
    env_.role = value;
    for (auto& in : generations_) in->update_priorities();
}

CORTC_DECL generation_id agent::add_generation(credentials local, time_point now) {
    generation_id id(++last_generation_);
    env_.log.debug("generation {}: local ufrag {}", id.value(), local.ufrag);
    if (closed_) return id;
    make_room();
    auto made = std::make_unique<generation>(id, std::move(local), env_, now);
    made->restarts =
        std::ranges::any_of(generations_, [](const auto& in) { return in->remote().has_value(); });
    generations_.push_back(std::move(made));
    return id;
}

/// Restarts may follow each other faster than generations retire, or select a pair at all.
CORTC_DECL void agent::make_room() {
    if (generations_.size() < env_.limit.generations) return;
    const auto* carrying = carrier();
    auto at = std::ranges::find_if(generations_, [](const auto& in) { return in->retiring(); });
    if (at == generations_.end())
        at = std::ranges::find_if(generations_, [=](const auto& in) { return in.get() != carrying; });
    if (at == generations_.end()) return;
    env_.log.debug("generation {}: makes room", (*at)->id().value());
    for (const auto& pair : std::as_const(**at).checks().pairs()) // the peer may have selected it
        if (pair.valid || pair.requested) allow(pair.route, {}, true, now_);
    transactions_.erase_all((*at)->id());
    events_.push_back(generation_retired{(*at)->id()});
    generations_.erase(at);
}

CORTC_DECL void agent::set_remote(generation_id id, credentials remote, remote_options options,
                                  time_point now) {
    auto* in = find(id);
    if (!in) return;
    env_.log.debug("generation {}: remote ufrag {}{}", id.value(), in_quotes(remote.ufrag),
                   options.lite ? ", lite" : "");
    role_repairs_ = 0;
    for (auto& each : allowed_)
        if (each.ufrag == remote.ufrag) each.peer = true;
    if (in->remote() && in->remote() != remote) transactions_.erase_all(id);
    // RFC 8489 14.3: no check could be written with so long a USERNAME.
    const auto too_long = remote.ufrag.size() + 1 + in->local().ufrag.size() > 508;
    in->set_remote(std::move(remote), now);
    in->lite = options.lite;
    in->renomination = options.renomination;
    // Two lite agents wait for each other.
    in->failed = in->failed || too_long || (options.lite && env_.lite);
    // RFC 8445 6.1.1: the full agent controls a lite one, which could not even detect the conflict.
    if (options.lite && env_.role == role::controlled && !env_.lite) switch_role();
    if (env_.lite)
        for (auto& pair : in->checks().pairs())
            if (pair.requested) adopt(*in, pair, now);
    settle(now);
}

CORTC_DECL std::optional<sdp::candidate>
agent::add_local_candidate(generation_id id, const local_candidate& init, time_point now) {
    auto* in = find(id);
    if (!in) return {};
    const auto* added = in->add_local(init);
    if (!added) return {};
    auto signaled = to_sdp(*added, init.related, in->local().ufrag);
    settle(now);
    return signaled;
}

CORTC_DECL void agent::remove_socket(socket_id socket, time_point now) {
    for (auto& in : generations_) {
        if (!in->uses(socket)) continue;
        for (auto& pair : in->checks().pairs()) {
            if (pair.route.socket != socket) continue;
            transactions_.cancel(in->id(), pair.id, now);
            fail(*in, pair);
        }
        in->remove_local(socket);
    }
    std::erase_if(allowed_, [socket](const allowance& each) { return each.from.socket == socket; });
    settle(now);
}

CORTC_DECL bool agent::add_remote_candidate(generation_id id, const sdp::candidate& candidate, time_point now,
                                            const std::optional<ip_address>& resolved) {
    auto* in = find(id);
    if (!in || !in->add_remote(candidate, resolved)) return false;
    settle(now);
    return true;
}

CORTC_DECL void agent::local_candidates_done(generation_id id, time_point now) {
    if (auto* in = find(id)) in->local_done = true;
    settle(now);
}

CORTC_DECL void agent::remote_candidates_done(generation_id id, time_point now) {
    if (auto* in = find(id)) in->remote_done = true;
    settle(now);
}

CORTC_DECL void agent::remove_generation(generation_id id, time_point now) {
    transactions_.erase_all(id);
    std::erase_if(generations_, [id](const auto& in) { return in->id() == id; });
    settle(now);
}

CORTC_DECL void agent::close() {
    generations_.clear();
    transactions_.clear();
    responses_.clear();
    allowed_.clear();
    set_state(transport_state::closed);
    closed_ = true;
}

CORTC_DECL generation* agent::find(generation_id id) noexcept {
    auto at = std::ranges::find_if(generations_, [id](const auto& in) { return in->id() == id; });
    return at == generations_.end() ? nullptr : at->get();
}

CORTC_DECL generation* agent::newest_with_remote() noexcept {
    for (auto& in : std::views::reverse(generations_))
        if (in->remote() && !in->retiring()) return in.get();
    return nullptr;
}

CORTC_DECL const generation* agent::carrier() const noexcept {
    const generation* fallback = nullptr;
    for (const auto& in : std::views::reverse(generations_)) {
        if (in->retiring()) continue;
        if (in->selection) return in.get();
        if (!fallback && in->active()) fallback = in.get();
    }
    return fallback;
}

// --- packets, time, events ---

CORTC_DECL void agent::handle_packet(socket_id socket, const endpoint& source, byte_view packet,
                                     time_point now) {
    if (closed_) return;
    auto parsed = stun::message::parse(packet);
    if (!parsed || (parsed->has_fingerprint() && !parsed->verify_fingerprint())) {
        env_.drop(drop_reason::malformed);
        return;
    }
    const path from{socket, source};
    if (parsed->method() != stun::method::binding) {
        env_.drop(drop_reason::unexpected_message);
    } else if (parsed->is_request()) {
        handle_request(from, *parsed, now);
    } else if (parsed->is_response()) {
        if (!requests_.give_out(from, *parsed, now)) env_.drop(drop_reason::response_unknown);
    } // An indication keeps a NAT binding (RFC 8445 11) and wants nothing.
    settle(now);
}

CORTC_DECL void agent::note_received(socket_id socket, const endpoint& source, time_point now) {
    for (auto& in : generations_) {
        auto* pair = in->retiring() ? nullptr : in->active();
        if (pair && pair->route == path{socket, source}) pair->consent.heard(now);
    }
    if (state_ == transport_state::disconnected) settle(now);
}

CORTC_DECL bool agent::accept(socket_id socket, const endpoint& source, std::size_t size,
                              time_point now) noexcept {
    const path from{socket, source};
    for (auto& in : std::views::reverse(generations_)) {
        auto* pair = in->checks().find(from);
        if (!pair || !(pair->valid || pair->requested)) continue;
        pair->data.received(size, now);
        return true;
    }
    return allows(from, now);
}

CORTC_DECL void agent::note_sent(std::uint64_t packets, std::uint64_t bytes, time_point now) noexcept {
    if (auto* in = const_cast<generation*>(carrier())) in->active()->data.sent(packets, bytes, now);
}

CORTC_DECL std::optional<transmit> agent::poll_transmit(byte_span out, time_point now) {
    now_ = std::max(now_, now);
    if (closed_ || out.size() < max_message) return {};
    while (!responses_.empty()) {
        const auto asked = responses_.front().authentic;
        const auto* in = asked ? find(*asked) : nullptr;
        if (asked && !in) { // its generation has gone meanwhile
            responses_.pop();
            continue;
        }
        ++env_.count.responses_sent;
        return responses_.write(out, in ? std::string_view(in->local().pwd) : std::string_view());
    }
    if (env_.lite) return {};
    if (auto sent = transmit_retransmission(out, now)) return sent;
    if (auto sent = transmit_consent(out, now)) return sent;
    return transmit_check(out, now);
}

CORTC_DECL std::optional<event> agent::poll_event() {
    if (events_.empty()) return {};
    return events_.pop_front();
}

CORTC_DECL void agent::handle_timeout(time_point now) {
    if (closed_) return;
    while (auto expired = transactions_.take_expired(now)) handle_expired(*expired);
    settle(now);
}

CORTC_DECL time_point agent::next_timeout() const noexcept {
    if (closed_) return never;
    auto next = transactions_.next_timeout();
    auto at = [&next](time_point when) { next = std::min(next, when); };
    // A level that was passed stays passed: only those still to come are deadlines.
    auto coming = [&](time_point when) {
        if (when > now_) at(when);
    };
    for (const auto& in : generations_) {
        if (in->retiring()) {
            at(in->retires);
            continue;
        }
        if (!in->remote() || in->failed) continue;
        if (!env_.lite && in->checks().has_check(in->floor())) at(pacing_->next());
        at(in->nominate_at);
        for (const auto& pair : std::as_const(*in).checks().pairs()) at(pair.restart_at);
        if (const auto* pair = in->active()) {
            at(pair->consent.next_check());
            at(pair->consent.expires(env_.time));
            coming(pair->consent.disconnects(env_.time));
        } else {
            coming(in->patience_ends);
            coming(in->patience_ends + env_.time.end_of_candidates_wait);
        }
    }
    return next;
}

CORTC_DECL void agent::settle(time_point now) {
    if (closed_) return;
    now_ = std::max(now_, now);
    for (auto& in : generations_) {
        if (in->retiring()) continue;
        expire_consent(*in, now);
        if (!env_.lite) {
            look_for_replacement(*in, now);
            restart_checks(*in, now);
            nominate(*in, now);
            in->checks().thaw();
        }
        if (in->active()) in->was_connected = true;
        detect_failure(*in, now);
    }
    retire(now);
    set_state(derive_state(now));
}

CORTC_DECL void agent::retire(time_point now) {
    // The answerer may select before its answer has arrived: as long as the peer does not check, it knows of
    // no other path than the one before.
    const auto* next = carrier();
    const auto unknown = next && !next->lite && !next->requested();
    auto over = [&](const auto& in) {
        if (in->retires > now) return false;
        // Or it finds out late: what it sent is on its way, or a response was lost.
        auto used = in->last_received();
        if (unknown) used = now;
        const auto until = used == time_point::min() ? used : used + env_.time.retirement;
        in->retires = std::min(std::max(in->retires, until), in->retires_surely);
        if (in->retires > now) return false;
        env_.log.debug("generation {}: retired", in->id().value());
        events_.push_back(generation_retired{in->id()});
        return true;
    };
    if (std::erase_if(generations_, over) == 0 || generations_.empty()) return;
    auto& oldest = *generations_.front();
    if (oldest.when.selected != never && oldest.when.alone == never) oldest.when.alone = now;
}

// --- the W3C's state (RTCIceTransportState) ---

CORTC_DECL transport_state agent::derive_state(time_point now) {
    const auto* current = newest_with_remote();
    const auto* carrying = carrier();
    if (!carrying) return current ? unconnected_state(*current, now) : transport_state::fresh;
    if (!carrying->active()->consent.alive(now, env_.time)) {
        // A restart is what may help: the W3C has disconnected -> checking then.
        auto restarting = current && current != carrying && !current->failed;
        return restarting ? transport_state::checking : transport_state::disconnected;
    }
    // A restart takes completed back to connected.
    return carrying == current && carrying->completed() ? transport_state::completed
                                                        : transport_state::connected;
}

CORTC_DECL transport_state agent::unconnected_state(const generation& current, time_point now) const {
    if (current.failed) return transport_state::failed;
    if (current.was_connected) return transport_state::disconnected;
    if (!current.remotes().empty()) {
        // All known pairs failed, but there may be more to come: the W3C calls this disconnected.
        auto waiting =
            !current.checks().pairs().empty() && current.exhausted() && now >= current.patience_ends;
        return waiting ? transport_state::disconnected : transport_state::checking;
    }
    return state_ == transport_state::fresh ? transport_state::fresh : transport_state::checking;
}

CORTC_DECL void agent::set_state(transport_state next) {
    if (state_ == next || closed_) return;
    env_.log.info("{} -> {}", to_string(state_), to_string(next));
    events_.push_back(state_changed{state_, next});
    state_ = next;
}

// --- what the transport asks ---

CORTC_DECL std::optional<path> agent::send_path(time_point now) const noexcept {
    const auto* in = carrier();
    const auto* pair = in ? in->active() : nullptr;
    if (!pair || !pair->consent.granted(now, env_.time)) return {};
    return pair->route;
}

CORTC_DECL bool agent::is_valid_source(socket_id socket, const endpoint& source) const noexcept {
    const path from{socket, source};
    const auto paired = std::ranges::any_of(generations_, [&from](const auto& in) {
        const auto* pair = std::as_const(in->checks()).find(from);
        return pair && (pair->valid || pair->requested);
    });
    return paired || allows(from, now_);
}

CORTC_DECL bool agent::uses(socket_id socket) const noexcept {
    return std::ranges::any_of(generations_, [socket](const auto& in) { return in->uses(socket); });
}

CORTC_DECL std::optional<pair_statistics> agent::selected_pair() const {
    const auto* in = carrier();
    const auto* pair = in ? std::as_const(*in).selected() : nullptr;
    if (!pair) return {};
    return in->statistics(*pair);
}

CORTC_DECL std::optional<selected_pair_changed> agent::carrying_pair() const {
    const auto* in = carrier();
    const auto* pair = in ? in->active() : nullptr;
    if (!pair) return {};
    auto what = in->statistics(*pair);
    return selected_pair_changed{in->id(), pair->route, std::move(what.local), std::move(what.remote)};
}

CORTC_DECL std::vector<pair_statistics> agent::pairs() const {
    std::vector<pair_statistics> out;
    for (const auto& in : generations_)
        for (const auto& pair : std::as_const(*in).checks().pairs()) out.push_back(in->statistics(pair));
    return out;
}

CORTC_DECL std::optional<restart_statistics> agent::last_restart() const {
    for (const auto& in : std::views::reverse(generations_))
        if (in->restarts) return in->restart();
    return {};
}

CORTC_DECL std::vector<candidate_statistics> agent::candidates() const {
    std::vector<candidate_statistics> out;
    for (const auto& in : generations_) in->append_candidates(out);
    return out;
}

} // namespace cortc::ice
