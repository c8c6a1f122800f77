#pragma once

#include "cortc/jsep/capabilities.hpp"
#include "cortc/jsep/parameters.hpp"
#include "cortc/sdp/session_description.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What an offered section and our capabilities have in common (RFC 9429 5.3.1, RFC 3264 6.1). Pure.
namespace cortc::jsep {

/// RFC 6184 8.1, table 5: the profiles that profile-level-id can name.
enum class h264_profile {
    constrained_baseline,
    baseline,
    main,
    constrained_high,
    high,
    predictive_high_444,
};
struct h264_format {
    h264_profile profile = h264_profile::baseline;
    std::uint8_t level = 10; // level_idc: 31 is 3.1
};
/// "42e01f"; an absent one means Baseline at level 1. None: unreadable, or a profile of no use here.
[[nodiscard]] std::optional<h264_format> parse_h264_format(std::optional<std::string_view> profile_level_id);

/// No codec needs longer ones; what has them matches nothing.
inline constexpr std::size_t max_format_parameters = 2048;

/// webrtc-pc 5.4 "codec dictionary match" with ignoreAsymmetricalParameters: as matches(), but what an
/// offerer and an answerer may have differently (AV1's profile) does not count.
[[nodiscard]] bool matches_symmetric(const codec_capability& one, const sdp::codec& other);
/// Name, clock rate, channels, and the parameters that a codec must agree on.
[[nodiscard]] bool matches(const codec_capability& ours, const sdp::codec& offered);
/// The same encoding without a look at parameters: name, clock rate, channels.
[[nodiscard]] bool same_encoding(const sdp::codec& a, const sdp::codec& b) noexcept;
/// The same encoding, and the parameters that must agree do: what one side calls by this number is what the
/// other calls by its own. `absent_agrees`: so does what `b` leaves out.
[[nodiscard]] bool same_format(const sdp::codec& a, const sdp::codec& b, bool absent_agrees = false);

/// The codecs of a section in the order of its m= line; RFC 3551's static payload types get their names. What
/// is described but not on the m= line is not offered.
[[nodiscard]] std::vector<sdp::codec> listed_codecs(const sdp::media_description& media);

/// What the answer lists, with the offer's payload types and order. Empty when no codec is in common:
/// retransmission, redundancy, comfort noise and events alone are nothing.
[[nodiscard]] std::vector<sdp::codec> answer_codecs(const std::vector<codec_capability>& ours,
                                                    const sdp::media_description& offered);
/// RFC 8285 6: by URI, with the offer's ids; ids that the answerer would have to choose are left out.
[[nodiscard]] std::vector<sdp::extmap> answer_extensions(const std::vector<std::string>& ours,
                                                         const std::vector<sdp::extmap>& offered);
namespace detail {

/// What is sent besides a codec, and is worth nothing without one.
bool is_auxiliary(const sdp::codec& codec) noexcept;
/// The first that matches; nullptr if none does.
const codec_capability* find_capability(const std::vector<codec_capability>& ours, const sdp::codec& offered);
/// RFC 3551 6: some payload types have a name without a=rtpmap.
void name_static(sdp::codec& codec);
/// The feedback that the peer offered for a codec, a=rtcp-fb:* included, as far as we understand it.
std::vector<sdp::rtcp_feedback> common_feedback(const std::vector<sdp::rtcp_feedback>& ours,
                                                const sdp::media_description& media, const sdp::codec& codec);

} // namespace detail

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/match.ipp"
#endif
