#pragma once

#include "cortc/jsep/match.hpp"
#include "cortc/jsep/parameters.hpp"

#include <string_view>
#include <vector>

/// What the application may ask of senders and codecs (webrtc-pc 5.1, 5.2, 5.4). Pure.
namespace cortc::jsep {

/// RFC 8851 10: letters, digits, '-' and '_', at most 255 of them.
[[nodiscard]] bool is_rid(std::string_view text) noexcept;
/// What a=msid can carry as a stream id, or as a track id.
[[nodiscard]] bool is_msid(std::string_view text) noexcept;

[[nodiscard]] bool same_rids(const std::vector<encoding>& a, const std::vector<encoding>& b) noexcept;

/// webrtc-pc "codec dictionary match". Asymmetric parameters are those that each side says for itself, like
/// the H.264 level.
[[nodiscard]] bool same_codec(const codec_capability& a, const codec_capability& b, bool ignore_asymmetric);

/// webrtc-pc 5.1 "addTransceiver sendEncodings validation steps": the encodings as the sender begins with
/// them, never empty. type: rids malformed, doubled, or in some encodings only. operation: a codec that is
/// not in `codecs`. range: a scale below 1 or a frame rate that is not above 0.
[[nodiscard]] outcome<std::vector<encoding>> first_encodings(media_kind kind, std::vector<encoding> given,
                                                             const std::vector<codec_capability>& codecs);

/// webrtc-pc 5.2 "setParameters validation steps": the encodings to go on with. `last` is what
/// getParameters returned. invalid_modification: something read-only changed, or a codec was not negotiated.
/// range: as above, but a frame rate of 0 is allowed.
[[nodiscard]] outcome<std::vector<encoding>> next_encodings(media_kind kind, send_parameters given,
                                                            const send_parameters& last,
                                                            const std::vector<codec_capability>& codecs);

/// webrtc-pc 5.4 setCodecPreferences: without doubles. invalid_modification: one is not in `codecs`, or none
/// of them is a codec by itself.
[[nodiscard]] outcome<std::vector<codec_capability>>
codec_preferences(std::vector<codec_capability> given, const std::vector<codec_capability>& codecs);

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/encodings.ipp"
#endif
