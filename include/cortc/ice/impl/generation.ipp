#pragma once

#include "cortc/ice/generation.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <utility>

namespace cortc::ice {

CORTC_DECL generation::generation(generation_id id, credentials local, environment& env, time_point now)
    : id_(id), local_(std::move(local)), env_(env), checks_(env.limit.pairs, env.log) {
    when.begun = now;
}

CORTC_DECL void generation::set_remote(credentials remote, time_point now) {
    if (remote_ == remote) return;
    if (remote_) {
        checks_.clear();
        remotes_.clear();
        peer_reflexive_ = 0;
        selection.reset();
        nominating.reset();
        nominations = 0;
        nominate_at = never;
        remote_done = lost_pairs = failed = was_connected = false;
        const auto begun = when.begun;
        when = {};
        when.begun = begun;
    }
    remote_ = std::move(remote);
    when.paired = now;
    patience_ends = now + env_.time.patience;
}

CORTC_DECL bool generation::uses(socket_id socket) const noexcept {
    return std::ranges::any_of(
        locals_, [socket](const candidate& each) { return each.socket == socket && !each.gone; });
}

// --- candidates ---

CORTC_DECL const candidate* generation::add_local(const local_candidate& init) {
    candidate next;
    next.type = init.type;
    next.base = init.base;
    next.address = init.address.value_or(init.base);
    next.socket = init.socket;
    next.local_preference = init.local_preference;
    next.priority = candidate_priority(init.type, init.local_preference);
    next.foundation = candidate_foundation(init.type, init.base.address, init.server);
    next.url = init.url;
    next.name = init.name;
    next.relayed_over = init.relayed_over;
    // RFC 8445 5.1.3: same address and base; the one of higher priority came first (host before
    // server-reflexive).
    auto known = std::ranges::find_if(locals_, [&next](const candidate& other) {
        return other.socket == next.socket && other.address == next.address && other.base == next.base;
    });
    if (known != locals_.end()) {
        // A check may be faster than a server: what it has learned is told all the same.
        if (known->type != candidate_type::prflx || next.type == candidate_type::prflx) return nullptr;
        *known = std::move(next);
    } else {
        if (locals_.size() >= env_.limit.local_candidates) {
            env_.drop(drop_reason::local_candidate_limit);
            return nullptr;
        }
        known = locals_.insert(known, std::move(next));
    }
    if (env_.lite) return &*known; // it has the pairs that the peer checks
    const auto index = static_cast<std::uint16_t>(known - locals_.begin());
    for (std::uint16_t remote = 0; remote < remotes_.size(); ++remote) pair_up(index, remote);
    return &locals_[index];
}

CORTC_DECL void generation::remove_local(socket_id socket) {
    for (auto& each : locals_) each.gone = each.gone || each.socket == socket;
    const auto before = checks_.pairs().size();
    checks_.erase(socket);
    lost_pairs = lost_pairs || checks_.pairs().size() != before;
}

CORTC_DECL std::optional<candidate> generation::usable(const sdp::candidate& signaled,
                                                       const std::optional<ip_address>& resolved) {
    auto refuse = [this](drop_reason reason) {
        env_.drop(reason);
        return std::nullopt;
    };
    if (signaled.transport != sdp::candidate_transport::udp || signaled.type == candidate_type::other)
        return refuse(drop_reason::candidate_transport);
    if (signaled.component != 1) return refuse(drop_reason::candidate_component);
    boost::system::error_code error;
    candidate next;
    next.address = {resolved ? *resolved : boost::asio::ip::make_address(signaled.address, error),
                    signaled.port};
    if (resolved) next.name = signaled.address;
    if (error || !is_reachable(next.address)) return refuse(drop_reason::candidate_address);
    next.type = signaled.type;
    next.base = next.address;
    next.priority = signaled.priority;
    next.foundation = signaled.foundation;
    return next;
}

CORTC_DECL bool generation::add_remote(const sdp::candidate& signaled,
                                       const std::optional<ip_address>& resolved) {
    auto next = usable(signaled, resolved);
    if (!next) return false;
    if (auto known = find_remote(next->address)) {
        auto& old = remotes_[*known];
        if (old.type != candidate_type::prflx || next->type == candidate_type::prflx) {
            env_.drop(drop_reason::candidate_duplicate);
            return false;
        }
        // RFC 8838 11.4: a check was faster than the signaling; the candidate takes its signaled place.
        old = std::move(*next);
        --peer_reflexive_;
        update_priorities();
        return true;
    }
    if (remotes_.size() >= env_.limit.remote_candidates) {
        env_.drop(drop_reason::remote_candidate_limit);
        return false;
    }
    remotes_.push_back(std::move(*next));
    if (env_.lite) return true;
    auto index = static_cast<std::uint16_t>(remotes_.size() - 1);
    for (std::uint16_t local = 0; local < locals_.size(); ++local) pair_up(local, index);
    return true;
}

CORTC_DECL std::optional<std::uint16_t> generation::find_local(const path& to) const noexcept {
    auto at = std::ranges::find_if(locals_, [&](const candidate& each) {
        return each.socket == to.socket && !each.gone &&
               each.base.address.is_v6() == to.remote.address.is_v6();
    });
    if (at == locals_.end()) return {};
    return static_cast<std::uint16_t>(at - locals_.begin());
}

CORTC_DECL std::optional<std::uint16_t> generation::find_remote(const endpoint& address) const noexcept {
    auto at = std::ranges::find(remotes_, address, &candidate::address);
    if (at == remotes_.end()) return {};
    return static_cast<std::uint16_t>(at - remotes_.begin());
}

CORTC_DECL std::optional<std::uint16_t> generation::learn_remote(const endpoint& source,
                                                                 std::uint32_t priority) {
    if (auto known = find_remote(source)) return known;
    if (!remote_ && peer_reflexive_ >= env_.limit.early_candidates) {
        env_.drop(drop_reason::early_candidate_limit);
        return {};
    }
    if (remotes_.size() >= env_.limit.remote_candidates) {
        env_.drop(drop_reason::remote_candidate_limit);
        return {};
    }
    candidate learned;
    learned.type = candidate_type::prflx;
    learned.address = learned.base = source;
    learned.priority = priority;
    // RFC 8445 7.3.1.3: different from all others; a space cannot come from a peer.
    learned.foundation = "prflx " + std::to_string(remotes_.size());
    remotes_.push_back(std::move(learned));
    ++peer_reflexive_;
    return static_cast<std::uint16_t>(remotes_.size() - 1);
}

// --- pairs ---

CORTC_DECL void generation::rate(candidate_pair& pair) const noexcept {
    auto first_with = [](const std::vector<candidate>& list, std::uint16_t index) {
        auto at = std::ranges::find(list, list[index].foundation, &candidate::foundation);
        return static_cast<std::uint32_t>(at - list.begin());
    };
    pair.foundation = first_with(locals_, pair.local) << 16 | first_with(remotes_, pair.remote);
    auto ours = locals_[pair.local].priority, theirs = remotes_[pair.remote].priority;
    pair.priority =
        env_.role == role::controlling ? pair_priority(ours, theirs) : pair_priority(theirs, ours);
}

CORTC_DECL candidate_pair* generation::pair_up(std::uint16_t local, std::uint16_t remote) {
    const auto& ours = locals_[local];
    const auto& theirs = remotes_[remote];
    // RFC 8445 7.2.5.3.1: a peer-reflexive local candidate is not paired.
    if (ours.gone || ours.type == candidate_type::prflx || !can_pair(ours.base, theirs.address))
        return nullptr;
    candidate_pair pair;
    pair.route = {ours.socket, theirs.address};
    pair.local = local;
    pair.remote = remote;
    rate(pair);
    // RFC 8445 6.1.2.4: a server-reflexive candidate stands for its base; the better pair stays.
    if (auto* twin = checks_.find(pair.route)) {
        auto untried = twin->state == pair_state::frozen || twin->state == pair_state::waiting;
        if (pair.priority <= twin->priority || !untried) return nullptr;
        twin->local = local;
        twin->priority = pair.priority;
        twin->foundation = pair.foundation;
        checks_.sort();
        return nullptr;
    }
    auto* added = checks_.insert(std::move(pair));
    if (!added) env_.drop(drop_reason::pair_limit);
    return added;
}

CORTC_DECL candidate_pair* generation::learn_pair(const path& from, std::uint32_t priority) {
    if (auto* known = checks_.find(from)) return known;
    auto local = find_local(from);
    if (!local) {
        env_.drop(drop_reason::unknown_socket);
        return nullptr;
    }
    auto remote = learn_remote(from.remote, priority);
    return remote ? pair_up(*local, *remote) : nullptr;
}

CORTC_DECL std::uint16_t generation::learn_local(const candidate_pair& checked, const endpoint& mapped,
                                                 std::uint32_t priority) {
    const auto& ours = locals_[checked.local];
    auto at = std::ranges::find_if(locals_, [&](const candidate& other) {
        return other.socket == ours.socket && other.address == mapped;
    });
    if (at != locals_.end()) return static_cast<std::uint16_t>(at - locals_.begin());
    if (locals_.size() >= env_.limit.local_candidates) {
        env_.drop(drop_reason::local_candidate_limit);
        return checked.local;
    }
    candidate learned;
    learned.type = candidate_type::prflx;
    learned.address = mapped;
    learned.base = ours.base;
    learned.socket = ours.socket;
    learned.local_preference = ours.local_preference;
    learned.priority = priority;
    learned.foundation = candidate_foundation(candidate_type::prflx, ours.base.address, {});
    locals_.push_back(std::move(learned));
    return static_cast<std::uint16_t>(locals_.size() - 1);
}

CORTC_DECL std::uint32_t generation::check_priority(const candidate_pair& pair) const noexcept {
    return candidate_priority(candidate_type::prflx, locals_[pair.local].local_preference);
}

CORTC_DECL void generation::update_priorities() {
    for (auto& pair : checks_.pairs()) rate(pair);
    checks_.sort();
}

CORTC_DECL candidate_pair* generation::selected() noexcept {
    return selection ? checks_.find(*selection) : nullptr;
}

CORTC_DECL const candidate_pair* generation::selected() const noexcept {
    return selection ? checks_.find(*selection) : nullptr;
}

CORTC_DECL const candidate_pair* generation::best_valid(time_point now) const noexcept {
    for (const auto& pair : checks_.pairs())
        if (pair.valid && pair.consent.granted(now, env_.time) && pair.consent.confirmed() >= fresh_since)
            return &pair;
    return nullptr;
}

CORTC_DECL const candidate_pair* generation::active() const noexcept {
    if (const auto* pair = selected()) return pair;
    auto pairs = checks_.pairs();
    auto at = std::ranges::find(pairs, true, &candidate_pair::valid);
    return at == pairs.end() ? nullptr : &*at;
}

CORTC_DECL candidate_pair* generation::active() noexcept {
    return const_cast<candidate_pair*>(std::as_const(*this).active());
}

CORTC_DECL std::uint64_t generation::floor() const noexcept {
    const auto* pair = selected();
    return pair ? pair->priority : 0;
}

CORTC_DECL bool generation::completed() const noexcept {
    return selection && local_done && remote_done && !checks_.unresolved(floor());
}

CORTC_DECL bool generation::exhausted() const noexcept {
    return std::ranges::all_of(checks_.pairs(), [](const candidate_pair& pair) {
        return pair.state == pair_state::failed && !pair.valid;
    });
}

CORTC_DECL pair_statistics generation::statistics(const candidate_pair& pair) const {
    pair_statistics out;
    out.generation = id_;
    out.id = pair.id.value();
    out.local_index = pair.valid_local.value_or(pair.local);
    out.remote_index = pair.remote;
    out.route = pair.route;
    out.local = locals_[out.local_index];
    out.remote = remotes_[out.remote_index];
    out.state = pair.state;
    out.valid = pair.valid;
    out.nominated = pair.nominated;
    out.selected = selection == pair.id;
    out.priority = pair.priority;
    out.requests_sent = pair.requests_sent;
    out.requests_received = pair.requests_received;
    out.responses_sent = pair.responses_sent;
    out.responses_received = pair.responses_received;
    out.retransmissions = pair.retransmissions;
    out.consent_requests_sent = pair.consent_requests_sent;
    out.round_trip = pair.round_trip;
    out.total_round_trip = pair.total_round_trip;
    out.round_trips = pair.round_trips;
    out.data = pair.data;
    return out;
}

CORTC_DECL time_point generation::last_received() const noexcept {
    auto last = time_point::min();
    for (const auto& pair : checks_.pairs())
        if (pair.data.packets_received != 0) last = std::max(last, pair.data.last_received);
    return last;
}

CORTC_DECL bool generation::requested() const noexcept {
    return std::ranges::any_of(checks_.pairs(), &candidate_pair::requested);
}

CORTC_DECL restart_statistics generation::restart() const {
    restart_statistics out{id_, local_.ufrag, when};
    for (const auto& pair : checks_.pairs())
        out.when.first_received = std::min(out.when.first_received, pair.data.first_received);
    return out;
}

CORTC_DECL void generation::append_candidates(std::vector<candidate_statistics>& out) const {
    const auto theirs = remote_ ? remote_->ufrag : std::string();
    for (std::uint16_t i = 0; i < locals_.size(); ++i)
        if (!locals_[i].gone) out.push_back({id_, false, i, locals_[i], local_.ufrag});
    for (std::uint16_t i = 0; i < remotes_.size(); ++i) out.push_back({id_, true, i, remotes_[i], theirs});
}

} // namespace cortc::ice
