#pragma once

#include "cortc/jsep/session.hpp"

#include <algorithm>
#include <utility>

namespace cortc::jsep {

CORTC_DECL bool session::add_local_candidate(transport_id transport, std::string_view ufrag,
                                             sdp::candidate candidate) {
    for (auto& each : gathered_) {
        if (each.transport != transport || each.ufrag != ufrag) continue;
        each.candidates.push_back(std::move(candidate));
        return true;
    }
    return false;
}

CORTC_DECL bool session::end_of_local_candidates(transport_id transport, std::string_view ufrag) {
    for (auto& each : gathered_) {
        if (each.transport != transport || each.ufrag != ufrag) continue;
        each.done = true;
        return true;
    }
    return false;
}

/// One list for each generation of ours that an applied description names; the others are forgotten.
CORTC_DECL void session::keep_gathered() {
    std::vector<gathered> kept;
    auto keep = [&](const transport_state& transport) {
        const auto& ufrag = transport.local.ufrag;
        auto there = [&](const gathered& each) { return each.ufrag == ufrag; };
        if (ufrag.empty() || std::any_of(kept.begin(), kept.end(), there)) return;
        auto known = std::find_if(gathered_.begin(), gathered_.end(), there);
        kept.push_back(known != gathered_.end() ? std::move(*known)
                                                : gathered{transport.id, ufrag, {}, false});
    };
    for (const auto& transport : model_.transports) keep(transport);
    for (const auto& transport : base().transports) keep(transport);
    gathered_ = std::move(kept);
}

CORTC_DECL void session::keep_told() {
    std::erase_if(told_, [this](const told& each) {
        auto uses = [&](const transport_state& transport) {
            return transport.id == each.transport && transport.remote &&
                   transport.remote->credentials.ufrag == each.ufrag;
        };
        const auto& now = model_.transports;
        const auto& stable = base().transports;
        return std::none_of(now.begin(), now.end(), uses) && std::none_of(stable.begin(), stable.end(), uses);
    });
}

/// Reports what the applied remote descriptions hold for the paired generations and was not reported yet.
CORTC_DECL void session::tell_candidates() {
    for (const auto& transport : model_.transports) {
        if (!transport.remote) continue;
        const auto* stable = base().find(transport.id);
        if (model_.current_remote)
            tell_candidates(transport, *model_.current_remote, (stable ? stable : &transport)->section);
        if (model_.pending_remote) tell_candidates(transport, *model_.pending_remote, transport.section);
    }
}

CORTC_DECL void session::tell_candidates(const transport_state& transport, const applied& remote,
                                         std::size_t tag) {
    const auto& content = *remote.content;
    const auto& ufrag = transport.remote->credentials.ufrag;
    if (tag >= content.media.size()) return;
    const bundle_layout layout(content);
    if (transport_of(content, layout, tag).ice_ufrag != ufrag) return;
    auto known = std::find_if(told_.begin(), told_.end(), [&](const auto& each) {
        return each.transport == transport.id && each.ufrag == ufrag;
    });
    if (known == told_.end()) known = told_.insert(told_.end(), told{transport.id, ufrag, {}, false});
    auto ended = false;
    for (auto index : candidate_sections(content, layout, tag)) {
        const auto& media = content.media[index];
        tell_section(*known, media);
        if (layout.source(index) == layout.source(tag))
            ended = ended || sdp::effective_end_of_candidates(content, media);
    }
    if (!ended || std::exchange(known->done, true)) return;
    events_.push_back(remote_end_of_candidates{transport.id, ufrag});
}

CORTC_DECL void session::tell_section(told& known, const sdp::media_description& media) {
    for (const auto& candidate : media.candidates) {
        // RFC 8838 13: a candidate may name its generation. RTCP is multiplexed, so component 2 has no use.
        if (candidate.component != 1 || candidate.ufrag().value_or(known.ufrag) != known.ufrag) continue;
        auto text = sdp::print_candidate(candidate);
        auto& before = known.candidates;
        if (std::find(before.begin(), before.end(), text) != before.end()) continue;
        if (before.size() >= options_.max_remote_candidates) {
            log_.debug("more than {} remote candidates for ufrag {}: the rest is ignored", before.size(),
                       known.ufrag);
            return;
        }
        before.push_back(std::move(text));
        events_.push_back(remote_candidate{known.transport, known.ufrag, candidate});
    }
}

/// The sections that take candidates: those that are accepted, and those that serve the transport of one.
CORTC_DECL std::vector<bool> session::candidate_takers(const sdp::session_description& content) const {
    std::vector<bool> takes(content.media.size());
    for (std::size_t i = 0; i < takes.size() && i < model_.sections.size(); ++i)
        takes[i] = !model_.sections[i].rejected();
    const bundle_layout layout(content);
    for (const auto& transport : model_.transports)
        if (transport.section < takes.size())
            for (auto index : candidate_sections(content, layout, transport.section)) takes[index] = true;
    return takes;
}

/// The sections that a candidate is for: by mid, else by index; an end-of-candidates that names none is for
/// all.
CORTC_DECL outcome<std::vector<std::size_t>> session::sections_of(const candidate_init& init) const {
    const auto& content = *(model_.pending_remote ? model_.pending_remote : model_.current_remote)->content;
    std::vector<std::size_t> indexes;
    if (init.sdp_mid) {
        auto index = content.find_mid(*init.sdp_mid);
        if (!index)
            return error{error_kind::operation,
                         fmt::format("sdpMid {}: the remote description has no such section", *init.sdp_mid),
                         {},
                         {}};
        indexes.push_back(*index);
    } else if (init.sdp_mline_index) {
        if (*init.sdp_mline_index >= content.media.size())
            return error{error_kind::operation,
                         fmt::format("sdpMLineIndex {}: the remote description has {} sections",
                                     *init.sdp_mline_index, content.media.size()),
                         {},
                         {}};
        indexes.push_back(*init.sdp_mline_index);
    } else {
        for (std::size_t i = 0; i < content.media.size(); ++i) indexes.push_back(i);
    }
    const auto takes = candidate_takers(content);
    std::erase_if(indexes, [&](auto index) { return !takes[index]; });
    return indexes;
}

/// Every applied remote description whose section has the generation `ufrag`; none: the latest one's.
CORTC_DECL std::vector<session::candidate_place>
session::places_of(const std::vector<std::size_t>& indexes, std::optional<std::string_view> ufrag) const {
    auto ufrags_in = [&](const applied& remote) {
        const bundle_layout layout(*remote.content);
        std::vector<std::optional<std::string>> ufrags;
        for (auto index : indexes)
            ufrags.push_back(index < remote.content->media.size()
                                 ? transport_of(*remote.content, layout, index).ice_ufrag
                                 : std::nullopt);
        return ufrags;
    };
    const auto latest = ufrags_in(model_.pending_remote ? *model_.pending_remote : *model_.current_remote);
    std::vector<candidate_place> places;
    for (auto which : {&model::current_remote, &model::pending_remote}) {
        const auto& remote = model_.*which;
        if (!remote) continue;
        const auto there = ufrags_in(*remote);
        for (std::size_t i = 0; i < indexes.size(); ++i) {
            auto wanted = ufrag ? std::optional<std::string>(*ufrag) : latest[i];
            if (indexes[i] < remote->content->media.size() && there[i] == wanted)
                places.push_back({which, indexes[i]});
        }
    }
    return places;
}

CORTC_DECL void session::replace_remote(slot which, content_ptr content) {
    if (stable_ && (*stable_).*which) ((*stable_).*which)->content = content;
    (model_.*which)->content = std::move(content);
}

CORTC_DECL outcome<void> session::add_remote_candidate(const candidate_init& init) {
    if (!init.candidate.empty() && !init.sdp_mid && !init.sdp_mline_index)
        return error{
            error_kind::type,
            "the candidate has neither sdpMid nor sdpMLineIndex; one must say which section it is for",
            {},
            {}};
    if (state() == signaling_state::closed)
        return error{error_kind::invalid_state, "the connection is closed", {}, {}};
    if (!model_.pending_remote && !model_.current_remote)
        return error{error_kind::invalid_state,
                     "there is no remote description yet; a candidate comes after it",
                     {},
                     {}};
    auto indexes = sections_of(init);
    if (!indexes) return indexes.error();
    if (indexes->empty()) return {}; // a rejected section: nothing to add it to, and no error
    std::optional<std::string_view> ufrag;
    if (init.username_fragment) ufrag = *init.username_fragment;
    if (ufrag && places_of(*indexes, ufrag).empty()) return unknown_generation(*ufrag);
    if (init.candidate.empty()) {
        for (const auto& place : places_of(*indexes, ufrag))
            replace_remote(place.description,
                           with_end_of_candidates(*(model_.*place.description)->content, place.index));
        tell_candidates();
        return {};
    }
    auto candidate = sdp::parse_candidate(init.candidate);
    if (!candidate)
        return error{
            error_kind::operation,
            fmt::format("candidate \"{}\": {}", init.candidate.substr(0, 200), candidate.error().message),
            {},
            {}};
    if (!ufrag) ufrag = candidate->ufrag();
    auto places = places_of(*indexes, ufrag);
    if (places.empty()) return unknown_generation(ufrag.value_or(""));
    return add_candidate_at(places, *candidate);
}

CORTC_DECL error session::unknown_generation(std::string_view ufrag) {
    return {error_kind::operation,
            fmt::format("usernameFragment {}: no applied remote description has it in this section",
                        ufrag.substr(0, 256)),
            {},
            {}};
}

CORTC_DECL outcome<void> session::add_candidate_at(const std::vector<candidate_place>& places,
                                                   const sdp::candidate& candidate) {
    for (const auto& place : places) {
        const auto& known = (model_.*place.description)->content->media[place.index].candidates;
        auto is_new = std::find(known.begin(), known.end(), candidate) == known.end();
        if (is_new && known.size() >= options_.max_remote_candidates)
            return error{error_kind::operation,
                         fmt::format("the section has {} remote candidates already, the limit", known.size()),
                         {},
                         {}};
    }
    for (const auto& place : places)
        replace_remote(place.description,
                       with_candidate(*(model_.*place.description)->content, place.index, candidate));
    tell_candidates();
    return {};
}

} // namespace cortc::jsep
