#pragma once

#include "cortc/jsep/bundle.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace cortc::jsep {

CORTC_DECL void bundle_layout::find_groups(const sdp::session_description& content) {
    std::vector<std::pair<std::string_view, std::size_t>> by_mid; // sorted; of several the first counts
    by_mid.reserve(content.media.size());
    for (std::size_t i = 0; i < content.media.size(); ++i)
        if (content.media[i].mid) by_mid.emplace_back(*content.media[i].mid, i);
    std::sort(by_mid.begin(), by_mid.end());
    for (const auto& group : content.groups) {
        if (group.semantics != "BUNDLE") continue;
        auto& members = groups_.emplace_back();
        for (const auto& mid : group.mids) {
            const auto found = std::ranges::lower_bound(by_mid, std::string_view(mid), {},
                                                        &std::pair<std::string_view, std::size_t>::first);
            if (found == by_mid.end() || found->first != mid || places_[found->second].group != none)
                continue;
            places_[found->second].group = groups_.size() - 1;
            members.push_back(found->second);
        }
    }
}

CORTC_DECL bundle_layout::bundle_layout(const sdp::session_description& content)
    : places_(content.media.size()) {
    find_groups(content);
    std::vector<std::size_t> with_port(groups_.size(), none);
    for (std::size_t group = 0; group < groups_.size(); ++group)
        for (auto index : groups_[group])
            if (content.media[index].port != 0 && with_port[group] == none) with_port[group] = index;
    const auto& session = content.transport;
    for (std::size_t i = 0; i < places_.size(); ++i) {
        const auto& media = content.media[i];
        auto& place = places_[i];
        auto bundled_only = media.port == 0 && media.bundle_only;
        auto has_ice = media.transport.ice_ufrag || session.ice_ufrag;
        auto has_dtls = !media.transport.fingerprints.empty() || !session.fingerprints.empty();
        place.self = place.source = i;
        place.rejected = media.port == 0 && !(bundled_only && place.group != none);
        if (place.group != none && with_port[place.group] != none && (bundled_only || !has_ice || !has_dtls))
            place.source = with_port[place.group];
    }
}

CORTC_DECL std::span<const std::size_t> bundle_layout::members(std::size_t index) const noexcept {
    const auto& place = places_[index];
    if (place.group == none) return {&place.self, 1};
    return groups_[place.group];
}

CORTC_DECL std::vector<std::size_t> bundle_layout::tags(const std::vector<bool>& accepted) const {
    std::vector<std::size_t> of_group(groups_.size(), none);
    for (std::size_t group = 0; group < groups_.size(); ++group)
        for (auto index : groups_[group])
            if (accepted[index] && of_group[group] == none) of_group[group] = index;
    std::vector<std::size_t> tags(places_.size(), none);
    for (std::size_t i = 0; i < places_.size(); ++i)
        if (accepted[i]) tags[i] = grouped(i) ? of_group[places_[i].group] : i;
    return tags;
}

CORTC_DECL const std::optional<std::string>& ufrag_of(const sdp::session_description& content,
                                                      const bundle_layout& layout, std::size_t index) {
    const auto& own = content.media[layout.source(index)].transport.ice_ufrag;
    return own ? own : content.transport.ice_ufrag;
}

CORTC_DECL sdp::transport_attributes transport_of(const sdp::session_description& content,
                                                  const bundle_layout& layout, std::size_t index) {
    return sdp::effective_transport(content, content.media[layout.source(index)]);
}

CORTC_DECL std::vector<std::size_t> candidate_sections(const sdp::session_description& content,
                                                       const bundle_layout& layout, std::size_t tag) {
    const auto members = layout.members(tag);
    const auto source = layout.source(tag);
    auto first = std::find_if(members.begin(), members.end(),
                              [&](auto index) { return content.media[index].port != 0; });
    auto before_tag = first != members.end() && first < std::find(members.begin(), members.end(), tag);
    auto also = source;
    if (before_tag && ufrag_of(content, layout, *first) == ufrag_of(content, layout, source)) also = *first;
    std::vector<std::size_t> sections;
    for (auto index : members)
        if (index == source || index == also || layout.source(index) == source) sections.push_back(index);
    return sections;
}

} // namespace cortc::jsep
