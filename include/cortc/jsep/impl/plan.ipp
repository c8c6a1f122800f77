#pragma once

#include "cortc/jsep/match.hpp"
#include "cortc/jsep/plan.hpp"

#include <algorithm>
#include <map>
#include <string_view>

namespace cortc::jsep {

namespace detail {

CORTC_DECL bool accepts_media(const model& base, const sdp::session_description& offer,
                              const bundle_layout& layout, std::size_t index, const answer_rules& rules) {
    const auto& media = offer.media[index];
    auto kind = rtp_kind(media);
    if (!kind || !rules.media || layout.rejected(index) || !multiplexes_rtcp(offer, layout, index))
        return false;
    const auto* in_use = base.transceiver_of(index);
    if (in_use && in_use->stopped) return false;
    auto preferred = in_use && !in_use->preferred_codecs.empty();
    const auto& ours = preferred ? in_use->preferred_codecs : rules.media->codecs(*kind);
    return !answer_codecs(ours, media).empty();
}

/// RFC 9429 5.3.1: without a common group only the first section of each kind, or the very first one, gets a
/// transport. What is negotiated stays.
CORTC_DECL void apply_policy(std::vector<bool>& accepted, const model& base,
                             const sdp::session_description& offer, const bundle_layout& layout,
                             bundle_policy policy) {
    if (policy == bundle_policy::max_compat) return;
    std::map<std::string_view, std::size_t> first; // by kind; max_bundle knows one kind
    for (std::size_t i = 0; i < accepted.size(); ++i) {
        if (layout.rejected(i)) continue;
        auto kind = policy == bundle_policy::balanced ? std::string_view(offer.media[i].media) : "";
        auto tag = first.emplace(kind, i).first->second;
        auto negotiated = i < base.sections.size() && !base.sections[i].rejected();
        if (!negotiated && !layout.same_group(tag, i)) accepted[i] = false;
    }
}

/// Sections of transports beyond the limit are rejected: each costs sockets and a handshake.
CORTC_DECL void limit_transports(section_tags& tags, std::size_t limit) {
    section_tags counted;
    for (auto& tag : tags) {
        if (tag == bundle_layout::none) continue;
        if (std::find(counted.begin(), counted.end(), tag) != counted.end()) continue;
        if (counted.size() < limit)
            counted.push_back(tag);
        else
            tag = bundle_layout::none;
    }
}

} // namespace detail

CORTC_DECL bool multiplexes_rtcp(const sdp::session_description& content, const bundle_layout& layout,
                                 std::size_t index) {
    auto says_so = [](const auto& media) { return media.rtcp_mux || media.rtcp_mux_only; };
    if (says_so(content.media[index])) return true;
    const auto first = layout.members(index).front();
    return first != index && (!content.media[first].is_rtp() || says_so(content.media[first]));
}

CORTC_DECL section_tags plan_answer(const model& base, const sdp::session_description& offer,
                                    const bundle_layout& layout, const answer_rules& rules) {
    auto data = detail::choose_data_section(base, offer, layout);
    std::vector<bool> accepted(offer.media.size());
    for (std::size_t i = 0; i < offer.media.size(); ++i)
        accepted[i] = i == data || detail::accepts_media(base, offer, layout, i, rules);
    detail::apply_policy(accepted, base, offer, layout, rules.bundle);
    auto tags = layout.tags(accepted);
    detail::limit_transports(tags, rules.max_transports);
    return tags;
}

CORTC_DECL section_tags tags_of(const sdp::session_description& content, const bundle_layout& layout) {
    std::vector<bool> accepted(content.media.size());
    for (std::size_t i = 0; i < content.media.size(); ++i) accepted[i] = content.media[i].port != 0;
    return layout.tags(accepted);
}

} // namespace cortc::jsep
