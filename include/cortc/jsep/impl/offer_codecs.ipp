#pragma once

#include "cortc/jsep/match.hpp"
#include "cortc/jsep/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cortc::jsep {

namespace detail {

CORTC_DECL sdp::codec codec_of(const codec_capability& ours) {
    sdp::codec codec;
    codec.name = ours.name;
    codec.clock_rate = ours.clock_rate;
    codec.channels = ours.channels > 1 ? ours.channels : std::uint16_t{0};
    codec.fmtp = ours.fmtp;
    return codec;
}

CORTC_DECL bool repeats(const sdp::codec& rtx, const sdp::codec& primary) {
    return rtx.is("rtx") && rtx.parameter("apt") == std::to_string(primary.payload_type);
}

/// Puts the list of one offered section together.
class codec_offer {
  public:
    codec_offer(const std::vector<codec_capability>& ours, group_numbers& numbers)
        : ours_(ours), numbers_(numbers) {}

    void keep(const media_parameters& negotiated);
    void add_missing();
    std::vector<sdp::codec> take();

  private:
    void add_codec(const codec_capability& ours);
    void add_accompanying(const codec_capability& ours);
    void add_retransmission(const sdp::codec& primary);
    void number_and_list(sdp::codec codec);
    [[nodiscard]] bool lists(const codec_capability& ours) const;

    const std::vector<codec_capability>& ours_;
    group_numbers& numbers_;
    std::vector<sdp::codec> listed_;
};

/// What was negotiated and is still allowed: as if it was offered to us.
CORTC_DECL void codec_offer::keep(const media_parameters& negotiated) {
    sdp::media_description as_offered;
    for (const auto& each : negotiated.codecs) {
        as_offered.formats.push_back(std::to_string(each.codec.payload_type));
        as_offered.codecs.push_back(each.codec);
    }
    listed_ = answer_codecs(ours_, as_offered);
}

CORTC_DECL void codec_offer::number_and_list(sdp::codec codec) {
    auto number = numbers_.payload_type(codec, listed_.empty());
    auto taken = std::any_of(listed_.begin(), listed_.end(),
                             [&](const auto& each) { return each.payload_type == number; });
    if (!number || taken) return;
    codec.payload_type = *number;
    listed_.push_back(std::move(codec));
}

CORTC_DECL bool codec_offer::lists(const codec_capability& ours) const {
    return std::any_of(listed_.begin(), listed_.end(), [&](const auto& each) { return matches(ours, each); });
}

/// RFC 4588 8.1.
CORTC_DECL void codec_offer::add_retransmission(const sdp::codec& primary) {
    auto known =
        std::any_of(listed_.begin(), listed_.end(), [&](const auto& each) { return repeats(each, primary); });
    for (const auto& ours : ours_) {
        auto made = codec_of(ours);
        if (known || !made.is("rtx") || made.clock_rate != primary.clock_rate) continue;
        made.fmtp = fmt::format("apt={}", primary.payload_type);
        return number_and_list(std::move(made));
    }
}

CORTC_DECL void codec_offer::add_codec(const codec_capability& ours) {
    if (lists(ours)) return;
    auto made = numbers_.find(ours).value_or(codec_of(ours));
    auto before = listed_.size();
    number_and_list(std::move(made));
    if (listed_.size() == before) return;
    const auto primary = listed_.back();
    add_retransmission(primary);
}

CORTC_DECL void codec_offer::add_accompanying(const codec_capability& ours) {
    auto made = codec_of(ours);
    if (made.is("rtx") || lists(ours)) return;
    auto primary = std::find_if(listed_.begin(), listed_.end(), [&](const auto& each) {
        return !is_auxiliary(each) && each.clock_rate == ours.clock_rate;
    });
    if (primary == listed_.end()) return; // RFC 4733 2.1 and the others: the clock of what they go with
    if (made.is("ulpfec") &&
        std::none_of(listed_.begin(), listed_.end(), [](const auto& each) { return each.is("red"); }))
        return; // RFC 5109 14.1: it travels inside
    // RFC 2198 5: what is inside, twice. Video carries whatever the section lists, and names none.
    if (made.is("red") && ours.clock_rate != 90000) made.fmtp = fmt::format("{0}/{0}", primary->payload_type);
    number_and_list(std::move(made));
}

CORTC_DECL void codec_offer::add_missing() {
    const auto kept = listed_;
    for (const auto& each : kept)
        if (!is_auxiliary(each)) add_retransmission(each);
    for (const auto& each : ours_)
        if (!is_auxiliary(codec_of(each))) add_codec(each);
    for (const auto& each : ours_)
        if (is_auxiliary(codec_of(each))) add_accompanying(each);
}

CORTC_DECL std::vector<sdp::codec> codec_offer::take() {
    if (std::all_of(listed_.begin(), listed_.end(), [](const auto& each) { return is_auxiliary(each); }))
        return {};
    for (auto& each : listed_)
        if (const auto* ours = find_capability(ours_, each)) each.rtcp_fb = ours->feedback;
    return std::move(listed_);
}

} // namespace detail

CORTC_DECL std::vector<sdp::codec> offer_codecs(const std::vector<codec_capability>& ours, bool preferred,
                                                const media_parameters* negotiated, group_numbers& numbers) {
    detail::codec_offer list(ours, numbers);
    if (negotiated) list.keep(*negotiated);
    list.add_missing();
    auto codecs = list.take();
    if (preferred) order_codecs(codecs, ours);
    return codecs;
}

CORTC_DECL void order_codecs(std::vector<sdp::codec>& codecs,
                             const std::vector<codec_capability>& preferred) {
    auto place_of = [&](const sdp::codec& codec) {
        const auto* found = detail::find_capability(preferred, codec);
        return found ? static_cast<std::size_t>(found - preferred.data()) : preferred.size();
    };
    std::vector<std::pair<std::size_t, bool>> places; // by payload type; a retransmission has its primary's
    places.resize(128);
    for (const auto& each : codecs) places[each.payload_type] = {place_of(each), false};
    for (const auto& each : codecs)
        for (const auto& primary : codecs)
            if (detail::repeats(each, primary))
                places[each.payload_type] = {places[primary.payload_type].first, true};
    std::stable_sort(codecs.begin(), codecs.end(), [&](const auto& a, const auto& b) {
        return places[a.payload_type] < places[b.payload_type];
    });
}

CORTC_DECL std::vector<sdp::extmap> offer_extensions(const std::vector<std::string>& ours,
                                                     const media_parameters* negotiated,
                                                     group_numbers& numbers) {
    std::vector<sdp::extmap> offered;
    if (negotiated)
        for (const auto& each : negotiated->extensions)
            if (std::find(ours.begin(), ours.end(), each.uri) != ours.end())
                offered.push_back({each.id, {}, each.uri, {}});
    for (const auto& uri : ours) {
        auto known =
            std::any_of(offered.begin(), offered.end(), [&](const auto& each) { return each.uri == uri; });
        if (known) continue;
        auto id = numbers.extension_id(uri);
        auto twice =
            std::any_of(offered.begin(), offered.end(), [&](const auto& each) { return each.id == id; });
        if (id && !twice) offered.push_back({*id, {}, uri, {}});
    }
    return offered;
}

} // namespace cortc::jsep
