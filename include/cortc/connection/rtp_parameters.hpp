#pragma once

#include "cortc/error.hpp"
#include "cortc/jsep/parameters.hpp"
#include "cortc/rtp_parameters.hpp"
#include "cortc/track.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Between the W3C's dictionaries and the engine's structures.
namespace cortc::detail {

[[nodiscard]] RtpTransceiverDirection to_w3c(sdp::direction direction) noexcept;
[[nodiscard]] sdp::direction to_sdp(RtpTransceiverDirection direction) noexcept;
[[nodiscard]] jsep::media_kind to_jsep(MediaKind kind) noexcept;
[[nodiscard]] MediaKind to_w3c(jsep::media_kind kind) noexcept;
/// None but for "audio" and "video".
[[nodiscard]] std::optional<MediaKind> to_kind(std::string_view text) noexcept;
/// A MIME type that is not of the kind gets a name that is found nowhere.
[[nodiscard]] jsep::codec_capability to_jsep(MediaKind kind, const RtpCodec& codec);
[[nodiscard]] std::vector<jsep::codec_capability> to_jsep(MediaKind kind,
                                                          const std::vector<RtpCodec>& codecs);
[[nodiscard]] std::vector<jsep::encoding> to_jsep(MediaKind kind,
                                                  const std::vector<RtpEncodingParameters>& encodings);

[[nodiscard]] RtpSendParameters send_parameters(MediaKind kind, const jsep::send_parameters& from);
[[nodiscard]] RtpReceiveParameters receive_parameters(MediaKind kind, const jsep::media_parameters& from);
[[nodiscard]] RtpCapabilities capabilities(MediaKind kind);

/// addTransceiver: throws errc::type for what the engine cannot tell from no rid.
void check_rids(const std::vector<RtpEncodingParameters>& encodings);
/// setParameters: throws errc::invalid_modification when something read-only differs.
void check_read_only(const RtpSendParameters& given, const RtpSendParameters& last);

} // namespace cortc::detail

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/rtp_parameters.ipp"
#endif
