#pragma once

#include "cortc/jsep/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cortc::jsep {

CORTC_DECL transport_state* model::find(transport_id id) noexcept {
    auto found =
        std::find_if(transports.begin(), transports.end(), [id](const auto& t) { return t.id == id; });
    return found == transports.end() ? nullptr : &*found;
}

CORTC_DECL const transport_state* model::find(transport_id id) const noexcept {
    auto found =
        std::find_if(transports.begin(), transports.end(), [id](const auto& t) { return t.id == id; });
    return found == transports.end() ? nullptr : &*found;
}

CORTC_DECL std::optional<std::size_t> model::data_section() const noexcept {
    for (std::size_t i = 0; i < sections.size(); ++i)
        if (sections[i].media == "application" && !sections[i].rejected()) return i;
    return {};
}

CORTC_DECL std::string model::unused_mid(const sdp::session_description* extra) const {
    for (std::size_t number = 0;; ++number) {
        auto mid = std::to_string(number);
        auto taken =
            std::any_of(sections.begin(), sections.end(), [&](const auto& s) { return s.mid == mid; });
        if (!taken && !(extra && extra->find_mid(mid))) return mid;
    }
}

namespace detail {

CORTC_DECL std::string section_name(const sdp::session_description& content, std::size_t index) {
    const auto& mid = content.media[index].mid;
    return mid ? fmt::format("section {} (mid {})", index, *mid) : fmt::format("section {}", index);
}

CORTC_DECL bool is_rejected(const sdp::session_description& content, std::size_t index) {
    const auto& media = content.media[index];
    if (media.port != 0) return false;
    return !media.bundle_only || !media.mid || !content.bundle_of(*media.mid);
}

CORTC_DECL bool is_data(const sdp::session_description& content, std::size_t index) {
    return !is_rejected(content, index) && content.media[index].is_data_channel();
}

CORTC_DECL std::size_t transport_source(const sdp::session_description& content, std::size_t index) {
    const auto& media = content.media[index];
    const auto* group = media.mid ? content.bundle_of(*media.mid) : nullptr;
    if (!group) return index;
    auto own = sdp::effective_transport(content, media);
    auto bundled_only = media.port == 0 && media.bundle_only;
    if (!bundled_only && own.ice_ufrag && !own.fingerprints.empty()) return index;
    for (const auto& mid : group->mids) {
        auto first = content.find_mid(mid);
        if (first && content.media[*first].port != 0) return *first;
    }
    return index;
}

CORTC_DECL sdp::transport_attributes transport_of(const sdp::session_description& content,
                                                  std::size_t index) {
    return sdp::effective_transport(content, content.media[transport_source(content, index)]);
}

CORTC_DECL std::vector<sdp::fingerprint> usable_fingerprints(const std::vector<sdp::fingerprint>& given) {
    constexpr std::array<std::string_view, 4> strongest_first{"sha-512", "sha-384", "sha-256", "sha-1"};
    std::vector<sdp::fingerprint> usable;
    for (auto algorithm : strongest_first) {
        std::copy_if(given.begin(), given.end(), std::back_inserter(usable),
                     [&](const auto& f) { return f.algorithm == algorithm; });
        if (!usable.empty()) break;
    }
    std::sort(usable.begin(), usable.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
    usable.erase(std::unique(usable.begin(), usable.end()), usable.end());
    return usable;
}

CORTC_DECL std::optional<std::size_t> choose_data_section(const model& base,
                                                          const sdp::session_description& offer) {
    auto in_use = base.data_section();
    if (in_use && *in_use < offer.media.size() && is_data(offer, *in_use)) return in_use;
    for (std::size_t i = 0; i < offer.media.size(); ++i)
        if (is_data(offer, i)) return i;
    return {};
}

} // namespace detail

} // namespace cortc::jsep
