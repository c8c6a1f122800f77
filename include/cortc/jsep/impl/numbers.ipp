#pragma once

#include "cortc/jsep/encodings.hpp"
#include "cortc/jsep/match.hpp"
#include "cortc/jsep/numbers.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cortc::jsep {

namespace detail {

std::vector<std::string> sorted_parameters(std::string_view fmtp);

/// RFC 8285 4.3 and 6: a peer that may mix the short and the long form knows the long one, and so does one
/// that uses its ids. Firefox refuses an offer with an id above 14.
CORTC_DECL bool takes_long_extensions(const sdp::session_description& remote) {
    const auto is_long = [](const auto& each) { return each.id > 14 && each.id < 256; };
    const auto any_long = [&](const auto& list) { return std::any_of(list.begin(), list.end(), is_long); };
    return remote.extmap_allow_mixed || any_long(remote.extmaps) ||
           std::any_of(remote.media.begin(), remote.media.end(), [&](const auto& media) {
               return media.extmap_allow_mixed || any_long(media.extmaps);
           });
}

CORTC_DECL bool same_meaning(const sdp::codec& a, const sdp::codec& b) {
    return same_encoding(a, b) && sorted_parameters(a.fmtp) == sorted_parameters(b.fmtp);
}

} // namespace detail

CORTC_DECL void number_history::note(const sdp::session_description& ours) {
    for (const auto& media : ours.media) {
        if (media.port == 0 && !media.bundle_only) continue;
        for (auto codec : media.codecs) {
            detail::name_static(codec);
            codec.rtcp_fb.clear();
            codecs_.try_emplace(codec.payload_type, std::move(codec));
        }
        for (const auto& each : media.extmaps) extensions_.try_emplace(each.id, each.uri);
    }
}

CORTC_DECL group_numbers::group_numbers(const number_history& history, const sdp::session_description* remote)
    : history_(history) {
    if (!remote) return;
    for (const auto& media : remote->media) {
        if (!media.is_rtp()) continue;
        for (const auto& codec : media.codecs) remote_codecs_.set(codec.payload_type);
        for (const auto& each : sdp::effective_extmaps(*remote, media))
            if (each.id < remote_extensions_.size()) remote_extensions_.set(each.id);
    }
    if (detail::takes_long_extensions(*remote)) last_extension_ = 255;
}

CORTC_DECL void group_numbers::take(const media_parameters& negotiated) {
    for (const auto& each : negotiated.codecs) codecs_.try_emplace(each.codec.payload_type, each.codec);
    for (const auto& each : negotiated.extensions) extensions_.try_emplace(each.id, each.uri);
}

CORTC_DECL std::optional<sdp::codec> group_numbers::find(const codec_capability& ours) const {
    for (const auto& [number, codec] : codecs_)
        if (matches(ours, codec)) return codec;
    return {};
}

CORTC_DECL std::optional<std::uint8_t> group_numbers::known_payload_type(const sdp::codec& wanted) const {
    for (const auto& [number, codec] : codecs_)
        if (detail::same_meaning(codec, wanted)) return number;
    for (const auto& [number, codec] : history_.codecs())
        if (!codecs_.contains(number) && detail::same_meaning(codec, wanted)) return number;
    return {};
}

namespace detail {

/// The numbers that browsers give the codecs of audio. Chromium takes them for granted: its offer fails when
/// a video codec that we brought into the group has one, or one of audio has a number that it gives to video.
struct customary_number {
    std::string_view name;
    std::uint32_t clock_rate;
    std::uint8_t number;
};
inline constexpr std::array<customary_number, 4> customary_numbers{{
    {"opus", 48000, 111},
    {"red", 48000, 63},
    {"telephone-event", 48000, 110},
    {"telephone-event", 8000, 126},
}};

CORTC_DECL bool is_customary(std::uint8_t number) {
    return std::ranges::any_of(customary_numbers, [=](const auto& each) { return each.number == number; });
}

} // namespace detail

CORTC_DECL std::optional<std::uint8_t> group_numbers::free_payload_type(const sdp::codec& wanted,
                                                                        bool urgent) const {
    auto unused = [this](std::uint8_t number) {
        return !codecs_.contains(number) && !history_.codecs().contains(number);
    };
    constexpr std::array ranges{std::pair{96, 127}, std::pair{35, 63}};
    for (std::uint8_t number = 0; number < 35; ++number) { // those that RFC 3551 names
        sdp::codec standard;
        standard.payload_type = number;
        detail::name_static(standard);
        if (!standard.name.empty() && same_encoding(standard, wanted) && unused(number)) return number;
    }
    for (const auto& [name, clock_rate, number] : detail::customary_numbers)
        if (wanted.is(name) && wanted.clock_rate == clock_rate && unused(number) &&
            !remote_codecs_.test(number))
            return number;
    // The dynamic ones, then those that RFC 3551 left unassigned; 64 to 95 look like RTCP (RFC 5761 4).
    for (auto [first, last] : ranges)
        for (auto i = first; i <= last; ++i) {
            auto number = static_cast<std::uint8_t>(i);
            if (unused(number) && !remote_codecs_.test(number) && !detail::is_customary(number))
                return number;
        }
    if (!urgent) return {};
    for (auto [first, last] : ranges)
        for (auto i = first; i <= last; ++i)
            if (!codecs_.contains(static_cast<std::uint8_t>(i))) return static_cast<std::uint8_t>(i);
    return {};
}

CORTC_DECL std::optional<std::uint8_t> group_numbers::payload_type(const sdp::codec& wanted, bool urgent) {
    auto number = known_payload_type(wanted);
    if (!number) number = free_payload_type(wanted, urgent);
    if (number) codecs_.try_emplace(*number, wanted);
    return number;
}

CORTC_DECL std::optional<std::uint16_t> group_numbers::free_extension_id() const {
    // RFC 8285 4.2: 1 to 14 fit the short form, 15 is none, the long form goes on to 255.
    for (std::uint16_t id = 1; id <= last_extension_; ++id) {
        auto unused = id != 15 && !extensions_.contains(id) && !history_.extensions().contains(id);
        if (unused && !remote_extensions_.test(id)) return id;
    }
    return {};
}

CORTC_DECL std::optional<std::uint16_t> group_numbers::extension_id(std::string_view uri) {
    for (const auto& [id, known] : extensions_)
        if (known == uri) return id;
    std::optional<std::uint16_t> found;
    for (const auto& [id, known] : history_.extensions())
        if (!found && known == uri && !extensions_.contains(id)) found = id;
    if (!found) found = free_extension_id();
    if (found) extensions_.emplace(*found, uri);
    return found;
}

} // namespace cortc::jsep
