#pragma once

#include "cortc/jsep/match.hpp"
#include "cortc/jsep/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace cortc::jsep::detail {

error does_not_fit(std::string message);

/// Plan B put every track of a kind into one section, told apart by a=ssrc. Nobody sends it any more, and one
/// transceiver cannot hold it.
CORTC_DECL outcome<void> validate_tracks(const sdp::session_description& offer, std::size_t index) {
    std::optional<std::string_view> first;
    for (const auto& each : offer.media[index].ssrcs) {
        if (each.name != "msid") continue;
        if (first && *first != each.value)
            return does_not_fit(section_name(offer, index) +
                                ": a=ssrc lines name several tracks (Plan B); each track needs a section of "
                                "its own (Unified Plan)");
        first = each.value;
    }
    return {};
}

/// What the sections over one transport have said about payload types and extension ids so far.
struct bundle_numbers {
    std::array<std::optional<sdp::codec>, 128> codecs;
    std::map<std::uint16_t, std::string_view> extensions;
};

CORTC_DECL outcome<void> add_numbers(bundle_numbers& known, const sdp::session_description& content,
                                     std::size_t index) {
    for (auto& codec : listed_codecs(content.media[index])) {
        auto& before = known.codecs[codec.payload_type];
        if (before && !same_encoding(*before, codec))
            return does_not_fit(
                fmt::format("{}: payload type {} is {}, but {} in another section of the same BUNDLE group",
                            section_name(content, index), codec.payload_type, in_quotes(codec.name),
                            in_quotes(before->name)));
        before = std::move(codec);
    }
    auto add = [&](const sdp::extmap& each) { return known.extensions.emplace(each.id, each.uri); };
    for (const auto* list : {&content.extmaps, &content.media[index].extmaps})
        for (const auto& each : *list)
            if (each.id < 4096 && add(each).first->second != each.uri)
                return does_not_fit(
                    fmt::format("{}: a=extmap:{} is {}, but {} in another place of the same BUNDLE group",
                                section_name(content, index), each.id, in_quotes(each.uri),
                                in_quotes(known.extensions[each.id])));
    return {};
}

/// RFC 9143 10.1.2, RFC 8285 5: a number means the same in all sections that share a transport.
CORTC_DECL outcome<void> validate_bundled_media(const sdp::session_description& content,
                                                const section_tags& tags) {
    std::map<std::size_t, bundle_numbers> by_tag;
    for (std::size_t i = 0; i < tags.size(); ++i) {
        if (tags[i] == bundle_layout::none || !content.media[i].is_rtp()) continue;
        if (auto fits = add_numbers(by_tag[tags[i]], content, i); !fits) return fits;
    }
    return {};
}

/// An answered layer must have been offered the other way round.
CORTC_DECL outcome<void> validate_answered_rids(const sdp::session_description& offer,
                                                const sdp::session_description& answer, std::size_t index) {
    const auto& ours = offer.media[index].rids;
    const auto& lines = answer.media[index].simulcast;
    if (!lines) return {};
    for (auto sent : {true, false}) {
        auto allowed = [&](const std::string& id) {
            return std::any_of(ours.begin(), ours.end(),
                               [&](const auto& each) { return each.id == id && each.send != sent; });
        };
        for (const auto& alternatives : sent ? lines->send : lines->recv)
            for (const auto& each : alternatives)
                if (!allowed(each.rid))
                    return does_not_fit(fmt::format("{}: a=simulcast: the rid {} was not offered",
                                                    section_name(answer, index), in_quotes(each.rid)));
    }
    return {};
}

/// RFC 8851 4: a rid goes on naming the same stream.
CORTC_DECL outcome<void> validate_turned_rids(const transceiver& which,
                                              const sdp::session_description& content, std::size_t index) {
    if (!which.negotiated) return {};
    for (const auto& known : which.negotiated->rids)
        for (const auto& each : content.media[index].rids)
            if (each.id == known.id && each.send == known.send)
                return does_not_fit(fmt::format("{}: a=rid:{} was negotiated in the other direction",
                                                section_name(content, index), in_quotes(each.id)));
    return {};
}

} // namespace cortc::jsep::detail

namespace cortc::jsep {

CORTC_DECL outcome<void> validate_rids(const model& now, const sdp::session_description& content,
                                       sdp_type type) {
    const auto* offer =
        type == sdp_type::offer || !now.pending_local ? nullptr : now.pending_local->content.get();
    for (std::size_t i = 0; i < content.media.size() && i < now.sections.size(); ++i) {
        if (offer && i < offer->media.size())
            if (auto fits = detail::validate_answered_rids(*offer, content, i); !fits) return fits;
        const auto* which = now.transceiver_of(i);
        if (!which || now.sections[i].rejected()) continue;
        if (auto fits = detail::validate_turned_rids(*which, content, i); !fits) return fits;
    }
    return {};
}

} // namespace cortc::jsep
