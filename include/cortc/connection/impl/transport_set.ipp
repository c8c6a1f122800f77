#pragma once

#include "cortc/connection/conversions.hpp"
#include "cortc/connection/transport_set.hpp"
#include "cortc/sdp/parse.hpp"

#include <algorithm>
#include <utility>

namespace cortc {

namespace detail {

CORTC_DECL std::optional<sdp::session_description>
parsed(const std::optional<jsep::description>& description) {
    if (!description) return std::nullopt;
    auto read = sdp::parse(description->sdp);
    if (!read) return std::nullopt;
    return std::move(*read);
}

} // namespace detail

CORTC_DECL transport_set::transport_set(part_owner& owner, jsep::session& session, listener& to,
                                        channel_events& channels)
    : owner_(owner), log_(owner.log("connection")), session_(session), listener_(to), channels_(channels) {}

// ---- what the session decided

CORTC_DECL std::shared_ptr<transport> transport_set::make() {
    if (!tie_breaker_) tie_breaker_ = owner_.core()->network().random().u64();
    if (!pacing_) {
        const ice::timings usual;
        pacing_ = std::make_shared<ice::rate>(usual.pacing, usual.burst);
    }
    auto made = std::make_shared<transport>(owner_.core(), static_cast<transport_observer&>(*this),
                                            tie_breaker_, owner_.origin(), pacing_);
    made->start();
    return made;
}

CORTC_DECL void transport_set::pool(std::size_t wanted,
                                    const std::shared_ptr<const ice::gather_settings>& settings) {
    wanted = std::min(wanted, pool_limit);
    const bool others = pool_settings_ && *pool_settings_ != *settings;
    pool_settings_ = settings;
    while (pool_.size() > (others ? 0 : wanted)) {
        const auto unused = std::move(pool_.back());
        pool_.pop_back();
        end(unused);
    }
    while (pool_.size() < wanted) {
        pool_.push_back(make());
        pool_.back()->gather_ahead(*settings);
    }
}

CORTC_DECL void transport_set::add(const jsep::transport_added& added) {
    std::shared_ptr<transport> made;
    if (pool_.empty()) {
        made = make();
    } else {
        made = std::move(pool_.front());
        pool_.pop_front();
    }
    if (auto role = session_.controlling())
        made->set_role(*role ? ice::role::controlling : ice::role::controlled);
    entry next;
    next.where = std::move(made);
    next.mid = added.mid;
    next.view = std::make_shared<transport_impl>(
        owner_.core(), owner_.weak(static_cast<transport_owner&>(*this)), added.transport);
    entries_.insert_or_assign(added.transport, std::move(next));
}

CORTC_DECL std::shared_ptr<transport> transport_set::remove(jsep::transport_id id) {
    const auto at = entries_.find(id);
    if (at == entries_.end()) return nullptr;
    auto gone = at->second.where;
    at->second.view->end();
    entries_.erase(at);
    end(gone);
    settle_gathering();
    return gone;
}

CORTC_DECL void transport_set::set_role(bool controlling) {
    for (auto& [id, each] : entries_)
        each.where->set_role(controlling ? ice::role::controlling : ice::role::controlled);
}

CORTC_DECL void transport_set::start_generation(const jsep::local_ice& local,
                                                std::shared_ptr<const ice::gather_settings> settings) {
    auto& into = entries_.at(local.transport);
    into.local_ufrag = local.ufrag;
    into.untold.push_back(local.ufrag);
    into.where->resolve_names(settings->policy != ice::transport_policy::relay); // it would tell the network
    into.where->add_generation(local.ufrag, local.pwd);
    owner_.post([this, id = local.transport, ufrag = local.ufrag, settings = std::move(settings)] {
        if (!owner_.is_closed()) begin_gathering(id, ufrag, *settings);
    });
}

CORTC_DECL void transport_set::roll_back(const jsep::ice_rolled_back& back) {
    auto& from = entries_.at(back.transport);
    std::erase(from.untold, back.local_ufrag);
    std::erase(from.gathering, back.local_ufrag);
    from.where->drop_generation(back.local_ufrag);
    if (from.local_ufrag == back.local_ufrag) from.local_ufrag = back.back_to;
    settle_gathering();
}

CORTC_DECL void transport_set::pair(const jsep::remote_ice& remote) {
    ice::remote_options options;
    options.lite = remote.lite;
    options.renomination =
        std::find(remote.options.begin(), remote.options.end(), "renomination") != remote.options.end();
    entries_.at(remote.transport)
        .where->pair_generation(remote.local_ufrag, remote.ufrag, remote.pwd, options);
}

CORTC_DECL void transport_set::add_candidate(const jsep::remote_candidate& candidate) {
    entries_.at(candidate.transport).where->add_remote_candidate(candidate.ufrag, candidate.candidate);
}

CORTC_DECL void transport_set::end_candidates(const jsep::remote_end_of_candidates& end) {
    entries_.at(end.transport).where->end_remote_candidates(end.ufrag);
}

CORTC_DECL void transport_set::set_dtls(const jsep::dtls_parameters& parameters,
                                        std::vector<crypto::certificate_ptr> certificates) {
    auto& into = entries_.at(parameters.transport);
    into.role = parameters.role;
    into.where->set_dtls(parameters.role, std::move(certificates), parameters.fingerprints);
}

CORTC_DECL void transport_set::expect_media(jsep::transport_id id) {
    if (const auto* known = find(id)) known->where->expect_media();
}

// ---- gathering (webrtc-pc 5.6): all that is told of it is told in tasks, one for each thing

CORTC_DECL void transport_set::tell(std::function<void()> what) {
    to_tell_.push_back(std::move(what));
    if (!std::exchange(telling_, true)) owner_.post([this] { tell_next(); });
}

CORTC_DECL void transport_set::tell(jsep::transport_id about, std::function<void(entry&)> what) {
    tell([this, about, what = std::move(what)] {
        if (const auto at = entries_.find(about); at != entries_.end()) what(at->second);
    });
}

CORTC_DECL void transport_set::tell_next() {
    const auto what = to_tell_.pop_front();
    if (!owner_.is_closed()) what();
    telling_ = !to_tell_.empty();
    if (telling_) owner_.post([this] { tell_next(); });
}

/// Candidates of hosts are found, and may be checked, at once; only telling them takes its time.
CORTC_DECL void transport_set::begin_gathering(jsep::transport_id id, const std::string& ufrag,
                                               const ice::gather_settings& settings) {
    const auto at = entries_.find(id);
    if (at == entries_.end()) return;
    auto& of = at->second;
    if (std::find(of.untold.begin(), of.untold.end(), ufrag) == of.untold.end()) return; // rolled back
    of.gathering.push_back(ufrag);
    tell(id, [this](entry& began) {
        began.view->gathering.set(IceGathererState::gathering);
        listener_.on_gathering();
    });
    const auto where = of.where;
    where->gather(ufrag, settings);
}

CORTC_DECL void transport_set::tell_candidate(jsep::transport_id id, const std::string& ufrag,
                                              const ice::local_candidate& from,
                                              const sdp::candidate& candidate) {
    if (!session_.add_local_candidate(id, ufrag, candidate)) return; // rolled back meanwhile
    const auto place = session_.place_of(id);
    if (!place) return;
    IceCandidate told(sdp::print_candidate(candidate), place->mid, place->mline_index, ufrag);
    if (!from.url.empty()) told.url = from.url;
    if (from.relayed_over) told.relayProtocol = ice::relay_protocol(*from.relayed_over);
    if (!candidates_.push(std::move(told)))
        log_.debug("nobody reads nextIceCandidate(): a candidate is only in the local description");
}

CORTC_DECL void transport_set::tell_end_of_candidates(jsep::transport_id id, entry& of,
                                                      const std::string& ufrag) {
    std::erase(of.untold, ufrag);
    if (!session_.end_of_local_candidates(id, ufrag)) return; // rolled back meanwhile
    if (const auto place = session_.place_of(id))
        candidates_.push(IceCandidate({}, place->mid, place->mline_index, ufrag));
}

CORTC_DECL void transport_set::tell_complete(entry& of) {
    of.view->gathering.set(of.local_ufrag.empty() ? IceGathererState::new_ : IceGathererState::complete);
}

CORTC_DECL void transport_set::settle_gathering() {
    auto settle = [this] {
        for (auto& [id, each] : entries_)
            if (each.untold.empty() && each.view->gathering.get() == IceGathererState::gathering)
                tell_complete(each);
        listener_.on_gathering();
    };
    owner_.post([this, settle] { tell(settle); }); // behind the operation that took them away
}

CORTC_DECL void transport_set::end(const std::shared_ptr<transport>& which) {
    ++ending_;
    which->close(owner_.shared_from_this());
}

CORTC_DECL void transport_set::close() {
    for (auto& [id, each] : entries_) each.view->end();
    for (auto& [id, each] : std::exchange(entries_, {})) end(each.where);
    for (const auto& each : std::exchange(pool_, {})) end(each);
}

// ---- what they report

CORTC_DECL transport_set::position transport_set::find(const transport& which) {
    return std::find_if(entries_.begin(), entries_.end(),
                        [&](const auto& each) { return each.second.where.get() == &which; });
}

CORTC_DECL void transport_set::on_ice_state(transport& which, ice::transport_state state) {
    if (const auto at = find(which); at != entries_.end()) {
        auto& view = *at->second.view;
        if (!which.agent().carrying_pair()) view.pair.set(std::nullopt); // it lost its consent
        view.ice.set(detail::to_w3c(state));
    }
    listener_.on_transport_state({});
}

/// RFC 8445 7.3.1.1: the role is the connection's, and all agents have the same tie-breaker.
CORTC_DECL void transport_set::on_role_changed(transport& which, ice::role now) {
    for (auto& [id, each] : entries_)
        if (each.where.get() != &which) each.where->set_role(now);
}

CORTC_DECL void transport_set::on_dtls_state(transport& which, dtls_transport_state state,
                                             const std::string& why) {
    const bool over = state == dtls_transport_state::failed || state == dtls_transport_state::closed;
    if (const auto at = find(which); at != entries_.end()) {
        const auto& view = at->second.view;
        if (state == dtls_transport_state::failed) {
            const auto mismatch = which.dtls_failure() == crypto::dtls_failure::fingerprint_mismatch;
            view->dtls_error.emplace(errc::operation, why,
                                     mismatch ? error_detail::fingerprint_failure
                                              : error_detail::dtls_failure);
        }
        view->dtls.set(detail::to_w3c(state));
        if (over) channels_.on_dtls_over(view);
    }
    listener_.on_transport_state(over ? std::string_view(why) : std::string_view());
}

CORTC_DECL void transport_set::on_local_candidate(transport& which, const std::string& ufrag,
                                                  const ice::local_candidate& from,
                                                  const sdp::candidate& candidate) {
    if (const auto at = find(which); at != entries_.end())
        tell(at->first, [this, id = at->first, ufrag, from, candidate](entry&) {
            tell_candidate(id, ufrag, from, candidate);
        });
}

CORTC_DECL void transport_set::on_gathering_error(transport& which, const std::string& ufrag,
                                                  const ice::gathering_error& error) {
    log_.info("gathering for {}: {} {} {} {:?}", ufrag, error.address, error.url, error.code, error.text);
    const auto at = find(which);
    if (error.code == 0 || at == entries_.end()) return;
    IceCandidateError told{error.address, error.port, error.url, error.code, error.text};
    tell(at->first, [this, told = std::move(told)](entry&) { candidate_errors_.push(told); });
}

CORTC_DECL void transport_set::on_gathering_done(transport& which, const std::string& ufrag) {
    const auto at = find(which);
    if (at == entries_.end()) return;
    const auto id = at->first;
    tell(id, [this, id, ufrag](entry& of) { tell_end_of_candidates(id, of, ufrag); });
    std::erase(at->second.gathering, ufrag);
    if (!at->second.gathering.empty()) return;
    tell(id, [this](entry& of) {
        tell_complete(of);
        listener_.on_gathering();
    });
}

CORTC_DECL void transport_set::on_selected_pair(transport& which, const std::string& local_ufrag) {
    const auto at = find(which);
    if (at == entries_.end()) return;
    at->second.selected_ufrag = local_ufrag;
    const auto pair = pair_of(at->first, at->second);
    at->second.view->pair.set(pair);
    listener_.on_selected_pair(at == entries_.begin() ? pair : selected_pair());
}

CORTC_DECL void transport_set::on_channel_event(datachannel::channel_event&& event) {
    channels_.on_channel_event(std::move(event));
}

CORTC_DECL void transport_set::on_channel_message(datachannel::incoming_message&& message) {
    channels_.on_channel_message(std::move(message));
}

CORTC_DECL void transport_set::on_transport_ended(transport&) {
    if (--ending_ == 0) listener_.on_transports_ended();
}

// ---- what can be asked

CORTC_DECL const transport_set::entry* transport_set::find(jsep::transport_id id) const {
    const auto at = entries_.find(id);
    return at == entries_.end() ? nullptr : &at->second;
}

CORTC_DECL std::shared_ptr<transport_impl> transport_set::view(jsep::transport_id id) const {
    const auto* known = find(id);
    return known ? known->view : nullptr;
}

CORTC_DECL std::vector<transport_summary> transport_set::summary() const {
    std::vector<transport_summary> all;
    all.reserve(entries_.size());
    for (const auto& [id, each] : entries_) {
        const bool described = !each.local_ufrag.empty();
        all.push_back({each.where->ice_state(), each.where->dtls_state(), each.view->gathering.get(),
                       !each.untold.empty(), described, described && each.local_ufrag == each.selected_ufrag,
                       each.where->dtls_failure() == crypto::dtls_failure::fingerprint_mismatch});
    }
    return all;
}

CORTC_DECL std::optional<SelectedPair> transport_set::selected_pair() const {
    for (const auto& [id, each] : entries_)
        if (auto pair = pair_of(id, each)) return pair;
    return std::nullopt;
}

CORTC_DECL std::optional<SelectedPair> transport_set::pair_of(jsep::transport_id id, const entry& of) const {
    const auto& selected = of.where->selected_pair();
    if (!selected) return std::nullopt;
    const auto place = session_.place_of(id);
    const auto mid = place ? place->mid : of.mid;
    std::optional<std::uint16_t> index;
    if (place) index = place->mline_index;
    std::optional<std::string> remote_ufrag;
    if (auto ufrag = selected->remote.ufrag(); ufrag && !ufrag->empty()) remote_ufrag = *ufrag;
    return SelectedPair(
        IceCandidate(sdp::print_candidate(selected->local), mid, index, selected->local_ufrag),
        IceCandidate(sdp::print_candidate(selected->remote), mid, index, remote_ufrag));
}

/// The descriptions hold every candidate that was signaled.
CORTC_DECL std::vector<IceCandidate> transport_set::candidates(jsep::transport_id which, side of) const {
    const auto current =
        of == side::local ? session_.current_local_description() : session_.current_remote_description();
    const auto pending =
        of == side::local ? session_.pending_local_description() : session_.pending_remote_description();
    std::vector<IceCandidate> all;
    for (const auto* description : {&current, &pending}) {
        const auto read = detail::parsed(*description);
        if (!read) continue;
        for (auto index : session_.sections_on(which)) {
            if (index >= read->media.size()) continue;
            const auto& section = read->media[index];
            const auto ufrag = sdp::effective_transport(*read, section).ice_ufrag;
            for (const auto& each : section.candidates) {
                auto text = sdp::print_candidate(each);
                // The sections of a bundle may repeat one, and so may the pending description.
                if (std::any_of(all.begin(), all.end(), [&](const auto& known) {
                        return known.candidate == text && known.usernameFragment == ufrag;
                    }))
                    continue;
                all.emplace_back(std::move(text), section.mid, static_cast<std::uint16_t>(index), ufrag);
            }
        }
    }
    return all;
}

CORTC_DECL std::optional<IceParameters> transport_set::ice_parameters(jsep::transport_id which,
                                                                      side of) const {
    const auto read =
        detail::parsed(of == side::local ? session_.local_description() : session_.remote_description());
    const auto place = session_.place_of(which);
    if (!read || !place || place->mline_index >= read->media.size()) return std::nullopt;
    const auto found = sdp::effective_transport(*read, read->media[place->mline_index]);
    if (!found.ice_ufrag || !found.ice_pwd) return std::nullopt;
    return IceParameters(*found.ice_ufrag, *found.ice_pwd);
}

CORTC_DECL IceRole transport_set::ice_role(jsep::transport_id which) const {
    const auto* known = find(which);
    if (!known || !session_.controlling()) return IceRole::unknown;
    return known->where->agent().role() == ice::role::controlling ? IceRole::controlling
                                                                  : IceRole::controlled;
}

CORTC_DECL std::vector<bytes> transport_set::remote_certificates(jsep::transport_id which) const {
    const auto* known = find(which);
    const auto* dtls = known ? known->where->dtls() : nullptr;
    if (!dtls || dtls->busy() || dtls->state() == crypto::dtls_state::connecting) return {};
    const auto der = dtls->remote_certificate();
    if (der.empty()) return {};
    return {bytes(der.begin(), der.end())};
}

} // namespace cortc
