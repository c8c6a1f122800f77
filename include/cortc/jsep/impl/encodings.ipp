#pragma once

#include "cortc/jsep/encodings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cortc::jsep {

namespace detail {

CORTC_DECL error refused(error_kind kind, std::string message) { return {kind, std::move(message), {}, {}}; }

/// "name=value" of a codec's parameters, in one order whatever the text's.
CORTC_DECL std::vector<std::string> sorted_parameters(std::string_view fmtp) {
    sdp::codec parsed;
    parsed.fmtp = fmtp;
    std::vector<std::string> all;
    for (const auto& each : parsed.parameters()) {
        std::string key(each.key);
        std::transform(key.begin(), key.end(), key.begin(),
                       [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        all.push_back(key + "=" + std::string(each.value));
    }
    std::sort(all.begin(), all.end());
    return all;
}

CORTC_DECL bool holds(const std::vector<codec_capability>& codecs, const codec_capability& wanted,
                      bool ignore_asymmetric) {
    return std::any_of(codecs.begin(), codecs.end(),
                       [&](const auto& each) { return same_codec(each, wanted, ignore_asymmetric); });
}

CORTC_DECL void remove_video_members(std::vector<encoding>& encodings) {
    for (auto& each : encodings) {
        each.scale_resolution_down_by.reset();
        each.max_framerate.reset();
    }
}

/// `name`: what the application calls them.
CORTC_DECL outcome<void> validate_scales(const std::vector<encoding>& encodings, std::string_view name) {
    for (std::size_t i = 0; i < encodings.size(); ++i) {
        const auto& scale = encodings[i].scale_resolution_down_by;
        if (scale && !(*scale >= 1.0))
            return refused(
                error_kind::range,
                fmt::format("{}[{}].scaleResolutionDownBy is {}; 1 is the least", name, i, *scale));
    }
    return {};
}

CORTC_DECL outcome<void> validate_rids(const std::vector<encoding>& encodings) {
    auto named = encodings.empty() ? false : !encodings.front().rid.empty();
    for (std::size_t i = 0; i < encodings.size(); ++i) {
        const auto& rid = encodings[i].rid;
        if (rid.empty() == named)
            return refused(error_kind::type,
                           "sendEncodings: some have a rid and some have none; all or none may");
        if (!rid.empty() && !is_rid(rid))
            return refused(
                error_kind::type,
                fmt::format("sendEncodings[{}].rid: 1 to 255 letters, digits, '-' and '_' make a rid", i));
        if (named && std::any_of(encodings.begin(), encodings.begin() + static_cast<std::ptrdiff_t>(i),
                                 [&](const auto& other) { return other.rid == rid; }))
            return refused(error_kind::type,
                           fmt::format("sendEncodings[{}].rid: {} stands there twice", i, rid));
    }
    return {};
}

/// Without any scale the layers get 4, 2, 1; beside one that has a scale the others are sent as they are.
CORTC_DECL void scale_layers(std::vector<encoding>& encodings, bool scaled) {
    auto scale = 1.0;
    for (auto each = encodings.rbegin(); each != encodings.rend(); ++each, scale *= 2)
        if (!each->scale_resolution_down_by) each->scale_resolution_down_by = scaled ? 1.0 : scale;
}

} // namespace detail

CORTC_DECL bool is_rid(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
        return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || c == '-' ||
               c == '_';
    });
}

CORTC_DECL bool is_msid(std::string_view text) noexcept {
    constexpr std::string_view no_token = "\"(),/:;<=>?@[\\]";
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [&](char c) {
        return '!' <= c && c <= '~' && no_token.find(c) == std::string_view::npos;
    });
}

CORTC_DECL bool same_rids(const std::vector<encoding>& a, const std::vector<encoding>& b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& one, const auto& other) { return one.rid == other.rid; });
}

CORTC_DECL bool same_codec(const codec_capability& a, const codec_capability& b, bool ignore_asymmetric) {
    sdp::codec other;
    other.name = b.name;
    other.clock_rate = b.clock_rate;
    other.channels = b.channels;
    other.fmtp = b.fmtp;
    return matches_symmetric(a, other) &&
           (ignore_asymmetric || detail::sorted_parameters(a.fmtp) == detail::sorted_parameters(b.fmtp));
}

CORTC_DECL outcome<std::vector<encoding>> first_encodings(media_kind kind, std::vector<encoding> given,
                                                          const std::vector<codec_capability>& codecs) {
    if (auto fits = detail::validate_rids(given); !fits) return fits.error();
    for (std::size_t i = 0; i < given.size(); ++i)
        if (given[i].codec && !detail::holds(codecs, *given[i].codec, false))
            return detail::refused(error_kind::operation,
                                   fmt::format("sendEncodings[{}].codec: {} is none of the capabilities", i,
                                               given[i].codec->name));
    if (kind == media_kind::audio) detail::remove_video_members(given);
    if (auto fits = detail::validate_scales(given, "sendEncodings"); !fits) return fits.error();
    for (std::size_t i = 0; i < given.size(); ++i)
        if (given[i].max_framerate && !(*given[i].max_framerate > 0.0))
            return detail::refused(error_kind::range,
                                   fmt::format("sendEncodings[{}].maxFramerate is {}; it must be above 0", i,
                                               *given[i].max_framerate));
    auto scaled = std::any_of(given.begin(), given.end(),
                              [](const auto& each) { return each.scale_resolution_down_by.has_value(); });
    const std::size_t most = kind == media_kind::audio ? 1 : max_simulcast_layers;
    if (given.size() > most) given.resize(most);
    if (given.empty()) given.emplace_back();
    if (kind == media_kind::video) detail::scale_layers(given, scaled);
    if (given.size() == 1) given.front().rid.clear();
    for (std::size_t i = 0; i < given.size() && given.size() > 1; ++i) // RFC 9429 5.2.1: else we choose
        if (given[i].rid.empty()) given[i].rid = std::to_string(i);
    return given;
}

CORTC_DECL outcome<std::vector<encoding>> next_encodings(media_kind kind, send_parameters given,
                                                         const send_parameters& last,
                                                         const std::vector<codec_capability>& codecs) {
    auto changed = [](std::string what) {
        return detail::refused(error_kind::invalid_modification, std::move(what));
    };
    auto& next = given.encodings;
    if (next.size() != last.encodings.size())
        return changed(fmt::format("parameters.encodings has {} encodings, the sender {}", next.size(),
                                   last.encodings.size()));
    for (std::size_t i = 0; i < next.size(); ++i)
        if (next[i].rid != last.encodings[i].rid)
            return changed(
                fmt::format("parameters.encodings[{}].rid was {}; rids and their order are read-only", i,
                            last.encodings[i].rid));
    if (given.transaction_id != last.transaction_id)
        return changed("parameters.transactionId is not that of the last getParameters");
    if (given.codecs != last.codecs || given.header_extensions != last.header_extensions ||
        given.cname != last.cname || given.rtcp_reduced_size != last.rtcp_reduced_size)
        return changed("parameters: codecs, headerExtensions and rtcp are read-only");
    auto choosable = [&](const codec_capability& wanted) {
        if (last.codecs.empty()) return detail::holds(codecs, wanted, true);
        return std::any_of(last.codecs.begin(), last.codecs.end(),
                           [&](const auto& each) { return matches_symmetric(wanted, each.codec); });
    };
    for (std::size_t i = 0; i < next.size(); ++i)
        if (next[i].codec && !choosable(*next[i].codec))
            return changed(
                fmt::format("parameters.encodings[{}].codec: {} was not negotiated", i, next[i].codec->name));
    if (kind == media_kind::audio) detail::remove_video_members(next);
    if (kind == media_kind::video) detail::scale_layers(next, true);
    if (auto fits = detail::validate_scales(next, "parameters.encodings"); !fits) return fits.error();
    for (std::size_t i = 0; i < next.size(); ++i)
        if (next[i].max_framerate && !(*next[i].max_framerate >= 0.0))
            return detail::refused(error_kind::range,
                                   fmt::format("parameters.encodings[{}].maxFramerate is {}; 0 is the least",
                                               i, *next[i].max_framerate));
    return std::move(next);
}

CORTC_DECL outcome<std::vector<codec_capability>>
codec_preferences(std::vector<codec_capability> given, const std::vector<codec_capability>& codecs) {
    std::vector<codec_capability> preferred;
    auto useful = given.empty();
    for (std::size_t i = 0; i < given.size(); ++i) {
        const auto& each = given[i];
        auto known = std::find_if(codecs.begin(), codecs.end(),
                                  [&](const auto& ours) { return same_codec(ours, each, false); });
        if (known == codecs.end())
            return detail::refused(error_kind::invalid_modification,
                                   fmt::format("codecs[{}]: {}/{} {} is none of the capabilities", i,
                                               each.name, each.clock_rate, each.fmtp));
        if (std::find(preferred.begin(), preferred.end(), *known) != preferred.end()) continue;
        preferred.push_back(*known);
        sdp::codec named;
        named.name = known->name;
        useful = useful || !detail::is_auxiliary(named);
    }
    if (!useful)
        return detail::refused(
            error_kind::invalid_modification,
            "codecs: retransmission, redundancy, events and comfort noise alone carry no media");
    return preferred;
}

} // namespace cortc::jsep
