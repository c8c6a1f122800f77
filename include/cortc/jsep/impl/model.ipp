#pragma once

#include "cortc/base/hash_algorithm.hpp"
#include "cortc/jsep/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

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

CORTC_DECL transceiver* model::find(transceiver_id id) noexcept {
    return const_cast<transceiver*>(std::as_const(*this).find(id));
}

CORTC_DECL const transceiver* model::find(transceiver_id id) const noexcept {
    auto found =
        std::find_if(transceivers.begin(), transceivers.end(), [id](const auto& t) { return t.id == id; });
    return found == transceivers.end() ? nullptr : &*found;
}

CORTC_DECL transceiver* model::transceiver_of(std::size_t section) noexcept {
    return const_cast<transceiver*>(std::as_const(*this).transceiver_of(section));
}

CORTC_DECL const transceiver* model::transceiver_of(std::size_t section) const noexcept {
    auto found = std::find_if(transceivers.begin(), transceivers.end(),
                              [section](const auto& t) { return t.section == section; });
    return found == transceivers.end() ? nullptr : &*found;
}

CORTC_DECL std::optional<std::size_t> model::data_section() const noexcept {
    for (std::size_t i = 0; i < sections.size(); ++i)
        if (sections[i].media == "application" && !sections[i].rejected()) return i;
    return {};
}

CORTC_DECL std::size_t model::unused_mid(const sdp::session_description* extra, std::size_t from) const {
    for (auto number = from;; ++number) {
        auto mid = std::to_string(number);
        auto taken =
            std::any_of(sections.begin(), sections.end(), [&](const auto& s) { return s.mid == mid; });
        if (!taken && !(extra && extra->find_mid(mid))) return number;
    }
}

namespace detail {

CORTC_DECL std::string make_uuid(random_source& random) {
    std::array<std::uint8_t, 16> value{};
    random.fill(std::as_writable_bytes(std::span(value)));
    value[6] = static_cast<std::uint8_t>((value[6] & 0x0f) | 0x40);
    value[8] = static_cast<std::uint8_t>((value[8] & 0x3f) | 0x80);
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += fmt::format("{:02x}", value[i]);
    }
    return text;
}

CORTC_DECL std::string section_name(const sdp::session_description& content, std::size_t index) {
    const auto& mid = content.media[index].mid;
    return mid ? fmt::format("section {} (mid {})", index, in_quotes(*mid))
               : fmt::format("section {}", index);
}

CORTC_DECL std::optional<media_kind> rtp_kind(const sdp::media_description& media) noexcept {
    if (!media.is_rtp()) return {};
    if (media.kind() == sdp::media_kind::audio) return media_kind::audio;
    if (media.kind() == sdp::media_kind::video) return media_kind::video;
    return {};
}

CORTC_DECL std::vector<sdp::fingerprint> usable_fingerprints(const std::vector<sdp::fingerprint>& given) {
    const auto strongest =
        strongest_hash(given, [](const auto& f) { return hash_algorithm_of(f.algorithm); });
    std::vector<sdp::fingerprint> usable;
    if (!strongest) return usable;
    std::copy_if(given.begin(), given.end(), std::back_inserter(usable),
                 [&](const auto& f) { return f.algorithm == to_string(*strongest); });
    std::sort(usable.begin(), usable.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
    usable.erase(std::unique(usable.begin(), usable.end()), usable.end());
    return usable;
}

CORTC_DECL std::optional<std::size_t>
choose_data_section(const model& base, const sdp::session_description& offer, const bundle_layout& layout) {
    auto fits = [&](std::size_t index) {
        return !layout.rejected(index) && offer.media[index].is_data_channel();
    };
    auto in_use = base.data_section();
    if (in_use && *in_use < offer.media.size() && fits(*in_use)) return in_use;
    for (std::size_t i = 0; i < offer.media.size(); ++i)
        if (fits(i)) return i;
    return {};
}

} // namespace detail

} // namespace cortc::jsep
