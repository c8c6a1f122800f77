#pragma once

#include "cortc/base/endpoint.hpp"
#include "cortc/jsep/remote_candidates.hpp"
#include "cortc/sdp/candidate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cortc::jsep {

namespace detail {

error refused(error_kind kind, std::string message);

CORTC_DECL bool holds(const std::vector<sdp::candidate>& list, const sdp::candidate& candidate) {
    return std::find(list.begin(), list.end(), candidate) != list.end();
}

CORTC_DECL error unknown_generation(std::string_view ufrag) {
    return refused(error_kind::operation,
                   fmt::format("usernameFragment {}: no applied remote description has it in this section",
                               in_quotes(ufrag)));
}

CORTC_DECL bool is_host_name(std::string_view text) noexcept {
    return text.size() <= 255 && !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
               return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') ||
                      c == '.' || c == '-' || c == '_';
           });
}

} // namespace detail

CORTC_DECL candidate_use use_of(const sdp::candidate& candidate) {
    using enum sdp::candidate_transport;
    const auto carried = candidate.transport == udp || (candidate.transport == tcp && candidate.tcptype);
    if (!carried || candidate.component != 1 || candidate.type == sdp::candidate_type::other)
        return candidate_use::none;
    boost::system::error_code not_literal;
    const auto address = boost::asio::ip::make_address(candidate.address, not_literal);
    if (not_literal)
        return detail::is_host_name(candidate.address) ? candidate_use::name : candidate_use::none;
    // A zone would mean nothing on this side.
    const auto good =
        candidate.address.find('%') == std::string::npos && is_reachable({address, candidate.port});
    return good ? candidate_use::address : candidate_use::none;
}

// ---- after a change of the model

CORTC_DECL void remote_candidates::follow(const model& now, const model& base, fifo<event>& events) {
    forget(now, base);
    for (std::size_t slot = 0; slot < slots.size(); ++slot) {
        places_[slot].clear();
        const auto& remote = now.*slots[slot];
        if (!remote) continue;
        const bundle_layout layout(*remote->content);
        find_places(now, slot, layout);
        for (const auto& transport : now.transports) {
            if (!transport.remote) continue;
            const auto* stable = slot == 0 ? base.find(transport.id) : nullptr;
            connect(transport, *remote, slot, layout, (stable ? *stable : transport).section, events);
        }
    }
}

CORTC_DECL void remote_candidates::forget(const model& now, const model& base) {
    std::erase_if(told_, [&](const told& each) {
        auto uses = [&](const transport_state& transport) {
            return transport.id == each.transport && transport.remote &&
                   transport.remote->credentials.ufrag == each.ufrag;
        };
        return std::none_of(now.transports.begin(), now.transports.end(), uses) &&
               std::none_of(base.transports.begin(), base.transports.end(), uses);
    });
}

CORTC_DECL void remote_candidates::find_places(const model& now, std::size_t slot,
                                               const bundle_layout& layout) {
    const auto& content = *(now.*slots[slot])->content;
    auto& places = places_[slot];
    places.resize(content.media.size());
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (const auto& ufrag = ufrag_of(content, layout, i)) places[i].ufrag = *ufrag;
        places[i].takes = i < now.sections.size() && !now.sections[i].rejected();
    }
    for (const auto& transport : now.transports) {
        if (transport.section >= places.size()) continue;
        for (auto index : candidate_sections(content, layout, transport.section)) places[index].takes = true;
    }
}

CORTC_DECL void remote_candidates::connect(const transport_state& transport, const applied& remote,
                                           std::size_t slot, const bundle_layout& layout, std::size_t tag,
                                           fifo<event>& events) {
    const auto& content = *remote.content;
    if (tag >= content.media.size() || places_[slot][tag].ufrag != transport.remote->credentials.ufrag)
        return;
    const auto at = told_of(transport);
    auto ended = false;
    std::vector<const sdp::candidate*> offered;
    const auto take = [&](const std::vector<sdp::candidate>& list) {
        for (const auto& each : list)
            if (use_of(each) != candidate_use::none) offered.push_back(&each);
    };
    for (auto index : candidate_sections(content, layout, tag)) {
        const feed way{at, layout.source(index) == layout.source(tag)};
        places_[slot][index].feeds.push_back(way);
        take(content.media[index].candidates);
        ended = ended || (way.ends && sdp::effective_end_of_candidates(content, content.media[index]));
        const auto* later = remote.trickled->find(index);
        if (!later) continue;
        take(later->candidates);
        ended = ended || (way.ends && later->done);
    }
    if (offered.size() > limit_) // then the best of them
        std::stable_sort(offered.begin(), offered.end(),
                         [](const auto* a, const auto* b) { return a->priority > b->priority; });
    for (const auto* each : offered) tell(told_[at], *each, events);
    if (ended) tell_end(told_[at], events);
}

CORTC_DECL std::size_t remote_candidates::told_of(const transport_state& transport) {
    const auto& ufrag = transport.remote->credentials.ufrag;
    auto known = std::find_if(told_.begin(), told_.end(), [&](const auto& each) {
        return each.transport == transport.id && each.ufrag == ufrag;
    });
    if (known == told_.end()) {
        known = told_.emplace(told_.end());
        known->transport = transport.id;
        known->ufrag = ufrag;
    }
    return static_cast<std::size_t>(known - told_.begin());
}

CORTC_DECL void remote_candidates::tell(told& known, const sdp::candidate& candidate, fifo<event>& events) {
    const auto use = use_of(candidate);
    // RFC 8838 13: a candidate may name its generation.
    if (use == candidate_use::none || candidate.ufrag().value_or(known.ufrag) != known.ufrag) return;
    auto text = sdp::print_candidate(candidate);
    auto& before = known.candidates;
    if (std::find(before.begin(), before.end(), text) != before.end()) return;
    auto& count = known.count[static_cast<std::size_t>(use)];
    if (count >= limit_) {
        log_.debug("more than {} remote candidates for ufrag {}: the rest is ignored", count,
                   in_quotes(known.ufrag));
        return;
    }
    ++count;
    before.push_back(std::move(text));
    events.push_back(remote_candidate{known.transport, known.ufrag, candidate});
}

CORTC_DECL void remote_candidates::tell_end(told& known, fifo<event>& events) {
    if (!std::exchange(known.done, true))
        events.push_back(remote_end_of_candidates{known.transport, known.ufrag});
}

// ---- addIceCandidate

/// By mid, else by index; an end of candidates that names none is for all. Rejected ones take none.
CORTC_DECL outcome<std::vector<std::size_t>>
remote_candidates::sections_of(const model& now, const candidate_init& init) const {
    const auto& content = *(now.*slots[latest(now)])->content;
    const auto& places = places_[latest(now)];
    std::vector<std::size_t> sections;
    if (init.sdp_mid) {
        auto index = content.find_mid(*init.sdp_mid);
        if (!index)
            return detail::refused(error_kind::operation,
                                   fmt::format("sdpMid {}: the remote description has no such section",
                                               detail::in_quotes(*init.sdp_mid)));
        sections.push_back(*index);
    } else if (init.sdp_mline_index) {
        if (*init.sdp_mline_index >= content.media.size())
            return detail::refused(error_kind::operation,
                                   fmt::format("sdpMLineIndex {}: the remote description has {} sections",
                                               *init.sdp_mline_index, content.media.size()));
        sections.push_back(*init.sdp_mline_index);
    } else {
        for (std::size_t i = 0; i < content.media.size(); ++i) sections.push_back(i);
    }
    std::erase_if(sections, [&](auto index) { return !places[index].takes; });
    return sections;
}

/// In every applied remote description whose section has the generation `ufrag`; none: the latest one's.
CORTC_DECL std::vector<remote_candidates::target>
remote_candidates::targets(const model& now, const std::vector<std::size_t>& sections,
                           std::optional<std::string_view> ufrag) const {
    std::vector<target> found;
    for (std::size_t slot = 0; slot < slots.size(); ++slot)
        for (auto index : sections) {
            const auto& wanted = ufrag ? ufrag : places_[latest(now)][index].ufrag;
            if (index < places_[slot].size() && places_[slot][index].ufrag == wanted)
                found.push_back({slot, index});
        }
    return found;
}

CORTC_DECL outcome<void> remote_candidates::add(const model& now, const candidate_init& init,
                                                fifo<event>& events) {
    auto sections = sections_of(now, init);
    if (!sections) return sections.error();
    if (sections->empty()) return {}; // a rejected section: nothing to add it to, and no error
    std::optional<std::string_view> ufrag;
    if (init.username_fragment) ufrag = *init.username_fragment;
    auto where = targets(now, *sections, ufrag);
    if (ufrag && where.empty()) return detail::unknown_generation(*ufrag);
    if (init.candidate.empty()) {
        end_at(now, where, events);
        return {};
    }
    auto candidate = sdp::parse_candidate(init.candidate);
    if (!candidate)
        return detail::refused(
            error_kind::operation,
            fmt::format("candidate {}: {}", detail::in_quotes(init.candidate), candidate.error().message));
    if (!ufrag && candidate->ufrag()) where = targets(now, *sections, candidate->ufrag());
    if (where.empty()) return detail::unknown_generation(candidate->ufrag().value_or(""));
    for (const auto& each : where) add_at(now, each, *candidate, events);
    return {};
}

CORTC_DECL void remote_candidates::add_at(const model& now, const target& where,
                                          const sdp::candidate& candidate, fifo<event>& events) {
    keep(*(now.*slots[where.slot]), where.section, candidate);
    for (const auto& way : places_[where.slot][where.section].feeds)
        tell(told_[way.known], candidate, events);
}

CORTC_DECL void remote_candidates::keep(const applied& remote, std::size_t section,
                                        const sdp::candidate& candidate) const {
    auto& all = *remote.trickled;
    auto& later = all.sections[section];
    if (detail::holds(remote.content->media[section].candidates, candidate) ||
        detail::holds(later.candidates, candidate))
        return;
    const auto use = static_cast<std::size_t>(use_of(candidate));
    if (later.held[use] >= limit_ || all.held[use] >= limit_ * sections_of_limit) return;
    ++later.held[use];
    ++all.held[use];
    later.candidates.push_back(candidate);
}

CORTC_DECL void remote_candidates::end_at(const model& now, const std::vector<target>& where,
                                          fifo<event>& events) {
    for (const auto& each : where) {
        (now.*slots[each.slot])->trickled->sections[each.section].done = true;
        for (const auto& way : places_[each.slot][each.section].feeds)
            if (way.ends) tell_end(told_[way.known], events);
    }
}

} // namespace cortc::jsep
