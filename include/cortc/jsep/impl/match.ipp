#pragma once

#include "cortc/jsep/match.hpp"
#include "cortc/sdp/detail/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace cortc::jsep {

namespace detail {

struct format_parameter_rule {
    std::string_view key;
    std::string_view fallback; // what an absent one means
    bool must_agree = false;   // with the capability, as text
    bool symmetric = true;     // for both sides of a negotiation the same
};
/// The parameters of a codec that an answer takes over from the offer, in the order in which it writes them.
struct format_rules {
    std::string_view codec;
    std::array<format_parameter_rule, 4> parameters;
};
inline constexpr std::array<format_rules, 5> format_table{{
    {"VP9", {{{"profile-id", "0", true}}}},
    {"AV1", {{{"level-idx", ""}, {"profile", "0", true, false}, {"tier", ""}}}},
    {"H264",
     {{{"level-asymmetry-allowed", "0"}, {"packetization-mode", "0", true}, {"profile-level-id", ""}}}},
    {"H265",
     {{{"level-id", ""}, {"profile-id", "1", true}, {"tier-flag", "0", true}, {"tx-mode", "SRST", true}}}},
    {"flexfec-03", {{{"repair-window", ""}}}},
}};

CORTC_DECL const format_rules* rules_of(const sdp::codec& codec) noexcept {
    for (const auto& each : format_table)
        if (codec.is(each.codec)) return &each;
    return nullptr;
}

/// With the accessors of a codec for the parameters.
CORTC_DECL sdp::codec parameters_of(const codec_capability& ours) {
    sdp::codec codec;
    codec.fmtp = ours.fmtp;
    return codec;
}

/// RFC 8866 6.6: one if it was not written.
CORTC_DECL std::uint16_t channels_of(const sdp::codec& codec) noexcept {
    return std::max<std::uint16_t>(codec.channels, 1);
}

CORTC_DECL bool is_auxiliary(const sdp::codec& codec) noexcept {
    constexpr std::array<std::string_view, 6> names{"rtx", "red", "ulpfec", "flexfec-03", "telephone-event",
                                                    "CN"};
    return std::any_of(names.begin(), names.end(), [&](auto name) { return codec.is(name); });
}

CORTC_DECL const codec_capability* find_capability(const std::vector<codec_capability>& ours,
                                                   const sdp::codec& offered) {
    for (const auto& each : ours)
        if (matches(each, offered)) return &each;
    return nullptr;
}

struct static_payload {
    std::uint8_t payload_type;
    std::string_view name;
    std::uint32_t clock_rate;
};
/// RFC 3551 6: these need no a=rtpmap.
inline constexpr std::array<static_payload, 4> static_payloads{
    {{0, "PCMU", 8000}, {8, "PCMA", 8000}, {9, "G722", 8000}, {13, "CN", 8000}}};

CORTC_DECL void name_static(sdp::codec& codec) {
    for (const auto& each : static_payloads) {
        if (each.payload_type != codec.payload_type || !codec.name.empty()) continue;
        codec.name = each.name;
        codec.clock_rate = each.clock_rate;
    }
}

CORTC_DECL std::vector<sdp::rtcp_feedback> common_feedback(const std::vector<sdp::rtcp_feedback>& ours,
                                                           const sdp::media_description& media,
                                                           const sdp::codec& codec) {
    std::vector<sdp::rtcp_feedback> common;
    auto holds = [](const auto& list, const auto& what) {
        return std::find(list.begin(), list.end(), what) != list.end();
    };
    for (const auto* list : {&codec.rtcp_fb, &media.rtcp_fb})
        for (const auto& each : *list)
            if (holds(ours, each) && !holds(common, each)) common.push_back(each);
    return common;
}

/// RFC 6184 8.2.2: the lower of both levels; our capability's is an upper bound.
CORTC_DECL std::string lower_h264_level(std::string_view offered, const sdp::codec& ours) {
    auto theirs = parse_h264_format(offered);
    auto limit = parse_h264_format(ours.parameter("profile-level-id"));
    std::string answered(offered);
    if (theirs && limit && theirs->level > limit->level) {
        constexpr std::string_view digits = "0123456789abcdef";
        answered[4] = digits[limit->level >> 4];
        answered[5] = digits[limit->level & 15];
    }
    return answered;
}

CORTC_DECL std::string answer_fmtp(const codec_capability& ours, const sdp::codec& offered) {
    const auto* rules = rules_of(offered);
    if (!rules) return ours.fmtp; // declarative: each side says what it receives (RFC 7587 7)
    const auto own = parameters_of(ours);
    std::string fmtp;
    for (const auto& rule : rules->parameters) {
        auto value = rule.key.empty() ? std::nullopt : offered.parameter(rule.key);
        if (!value) continue;
        std::string answered(*value);
        if (rule.key == "profile-level-id") answered = lower_h264_level(*value, own);
        if (rule.key == "level-asymmetry-allowed" && own.parameter(rule.key) != "1") continue;
        if (!fmtp.empty()) fmtp += ';';
        fmtp.append(rule.key).append("=").append(answered);
    }
    return fmtp;
}

CORTC_DECL bool parameters_agree(const sdp::codec& own, const sdp::codec& offered, bool absent_agrees,
                                 bool asymmetric_counts = true) {
    const auto* rules = rules_of(offered);
    if (!rules) return true;
    for (const auto& rule : rules->parameters) {
        if (!rule.must_agree || !(rule.symmetric || asymmetric_counts)) continue;
        const auto written = offered.parameter(rule.key);
        if (!written && absent_agrees) continue;
        if (written.value_or(rule.fallback) != own.parameter(rule.key).value_or(rule.fallback)) return false;
    }
    if (!offered.is("H264")) return true;
    const auto written = offered.parameter("profile-level-id");
    if (!written && absent_agrees) return true;
    auto theirs = parse_h264_format(written);
    auto limit = parse_h264_format(own.parameter("profile-level-id"));
    return theirs && limit && theirs->profile == limit->profile;
}

/// Decides codec by codec whether an offered section's list is answered; those that refer to others come
/// after them.
class codec_answer {
  public:
    codec_answer(const std::vector<codec_capability>& ours, const sdp::media_description& offered)
        : ours_(ours), offered_(offered), listed_(listed_codecs(offered)), taken_(listed_.size()) {}

    std::vector<sdp::codec> run();

  private:
    [[nodiscard]] bool takes(std::uint8_t payload_type) const;
    [[nodiscard]] bool takes_clock(std::uint32_t rate) const;
    [[nodiscard]] bool takes_name(std::string_view name) const;
    [[nodiscard]] bool redundancy_fits(const sdp::codec& red) const;
    [[nodiscard]] bool association_fits(const sdp::codec& codec) const;
    template <class Fits>
    void take(Fits fits) {
        for (std::size_t i = 0; i < listed_.size(); ++i)
            if (!taken_[i] && fits(listed_[i])) taken_[i] = find_capability(ours_, listed_[i]);
    }

    const std::vector<codec_capability>& ours_;
    const sdp::media_description& offered_;
    std::vector<sdp::codec> listed_;
    std::vector<const codec_capability*> taken_;
};

CORTC_DECL bool codec_answer::takes(std::uint8_t payload_type) const {
    for (std::size_t i = 0; i < listed_.size(); ++i)
        if (listed_[i].payload_type == payload_type) return taken_[i] != nullptr;
    return false;
}

CORTC_DECL bool codec_answer::takes_clock(std::uint32_t rate) const {
    for (std::size_t i = 0; i < listed_.size(); ++i)
        if (taken_[i] && listed_[i].clock_rate == rate && !is_auxiliary(listed_[i])) return true;
    return false;
}

CORTC_DECL bool codec_answer::takes_name(std::string_view name) const {
    for (std::size_t i = 0; i < listed_.size(); ++i)
        if (taken_[i] && listed_[i].is(name)) return true;
    return false;
}

/// RFC 2198 5: a=fmtp lists the payload types inside, each of which must be one that stays. Video writes
/// none.
CORTC_DECL bool codec_answer::redundancy_fits(const sdp::codec& red) const {
    return red.fmtp.empty() || sdp::detail::split(red.fmtp, '/', [this](std::string_view part) {
               auto inner = sdp::detail::to_number<std::uint8_t>(part, 0, 127);
               return inner && takes(*inner);
           });
}

CORTC_DECL bool codec_answer::association_fits(const sdp::codec& codec) const {
    if (codec.is("telephone-event") || codec.is("CN")) return takes_clock(codec.clock_rate); // RFC 4733 2.1
    if (codec.is("ulpfec")) return takes_name("red"); // it travels inside (RFC 5109 14.1)
    return codec.is("flexfec-03");
}

CORTC_DECL std::vector<sdp::codec> codec_answer::run() {
    take([](const auto& codec) { return !is_auxiliary(codec); });
    if (std::none_of(taken_.begin(), taken_.end(), [](auto* each) { return each != nullptr; })) return {};
    take([this](const auto& codec) { return codec.is("red") && redundancy_fits(codec); });
    take([this](const auto& codec) { return association_fits(codec); });
    take([this](const auto& codec) { // RFC 4588 8.1
        auto primary = sdp::detail::to_number<std::uint8_t>(codec.parameter("apt").value_or(""), 0, 127);
        return codec.is("rtx") && primary && takes(*primary);
    });
    std::vector<sdp::codec> answer;
    for (std::size_t i = 0; i < listed_.size(); ++i) {
        if (!taken_[i]) continue;
        auto codec = listed_[i];
        codec.rtcp_fb = common_feedback(taken_[i]->feedback, offered_, listed_[i]);
        if (codec.is("rtx"))
            codec.fmtp = "apt=" + std::string(*codec.parameter("apt"));
        else if (!codec.is("red")) // whose list of payload types is the same for both
            codec.fmtp = answer_fmtp(*taken_[i], listed_[i]);
        answer.push_back(std::move(codec));
    }
    return answer;
}

} // namespace detail

CORTC_DECL std::optional<h264_format> parse_h264_format(std::optional<std::string_view> profile_level_id) {
    if (!profile_level_id) return h264_format{};
    std::uint32_t value = 0;
    const auto& text = *profile_level_id;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (text.size() != 6 || failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    struct row {
        std::uint8_t idc, mask, flags;
        h264_profile profile;
    };
    using enum h264_profile;
    constexpr std::array<row, 9> table{{{0x42, 0x4f, 0x40, constrained_baseline},
                                        {0x4d, 0x8f, 0x80, constrained_baseline},
                                        {0x58, 0xcf, 0xc0, constrained_baseline},
                                        {0x42, 0x4f, 0x00, baseline},
                                        {0x58, 0xcf, 0x80, baseline},
                                        {0x4d, 0xaf, 0x00, main},
                                        {0x64, 0xff, 0x00, high},
                                        {0x64, 0xff, 0x0c, constrained_high},
                                        {0xf4, 0xff, 0x00, predictive_high_444}}};
    const auto idc = static_cast<std::uint8_t>(value >> 16);
    const auto flags = static_cast<std::uint8_t>(value >> 8);
    for (const auto& each : table)
        if (each.idc == idc && (flags & each.mask) == each.flags)
            return h264_format{each.profile, static_cast<std::uint8_t>(value)};
    return std::nullopt;
}

CORTC_DECL bool same_encoding(const sdp::codec& a, const sdp::codec& b) noexcept {
    return a.is(b.name) && a.clock_rate == b.clock_rate && detail::channels_of(a) == detail::channels_of(b);
}

CORTC_DECL bool matches(const codec_capability& ours, const sdp::codec& offered) {
    return offered.is(ours.name) && offered.clock_rate == ours.clock_rate &&
           detail::channels_of(offered) == ours.channels && offered.fmtp.size() <= max_format_parameters &&
           detail::parameters_agree(detail::parameters_of(ours), offered, false);
}

CORTC_DECL bool matches_symmetric(const codec_capability& one, const sdp::codec& other) {
    return other.is(one.name) && other.clock_rate == one.clock_rate &&
           detail::channels_of(other) == one.channels && other.fmtp.size() <= max_format_parameters &&
           detail::parameters_agree(detail::parameters_of(one), other, false, false);
}

CORTC_DECL bool same_format(const sdp::codec& a, const sdp::codec& b, bool absent_agrees) {
    return same_encoding(a, b) && detail::parameters_agree(a, b, absent_agrees);
}

CORTC_DECL std::vector<sdp::codec> listed_codecs(const sdp::media_description& media) {
    std::vector<sdp::codec> listed;
    for (auto codec : media.codecs) {
        auto format = std::to_string(codec.payload_type);
        if (std::find(media.formats.begin(), media.formats.end(), format) == media.formats.end()) continue;
        detail::name_static(codec);
        listed.push_back(std::move(codec));
    }
    return listed;
}

CORTC_DECL std::vector<sdp::codec> answer_codecs(const std::vector<codec_capability>& ours,
                                                 const sdp::media_description& offered) {
    return detail::codec_answer(ours, offered).run();
}

CORTC_DECL std::vector<sdp::extmap> answer_extensions(const std::vector<std::string>& ours,
                                                      const std::vector<sdp::extmap>& offered) {
    std::vector<sdp::extmap> answer;
    for (const auto& each : offered) {
        auto known = std::find(ours.begin(), ours.end(), each.uri) != ours.end();
        // RFC 8285 4.2: 15 is no id; 6: from 4096 on stand those that the answerer may number.
        if (!known || each.id == 0 || each.id == 15 || each.id > 255) continue;
        if (each.way == sdp::direction::inactive) continue;
        if (std::any_of(answer.begin(), answer.end(),
                        [&](const auto& other) { return other.uri == each.uri || other.id == each.id; }))
            continue;
        sdp::extmap accepted{each.id, each.way, each.uri, {}};
        if (accepted.way) accepted.way = sdp::reverse(*accepted.way);
        answer.push_back(std::move(accepted));
    }
    return answer;
}

} // namespace cortc::jsep
