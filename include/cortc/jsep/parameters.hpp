#pragma once

#include "cortc/jsep/capabilities.hpp"
#include "cortc/jsep/types.hpp"
#include "cortc/sdp/attributes.hpp"
#include "cortc/sdp/codec.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a transceiver sends and receives, as the application sees and changes it (webrtc-pc 5.2).
namespace cortc::jsep {

/// A codec that both ends have, under the payload type that both use.
struct negotiated_codec {
    sdp::codec codec;        // fmtp: what we said, so what we may be sent; feedback: what both have
    std::string remote_fmtp; // what the peer said, so what it may be sent

    friend bool operator==(const negotiated_codec&, const negotiated_codec&) = default;
};

/// What an answer, in either direction, settled for a section.
struct media_parameters {
    std::vector<negotiated_codec> codecs; // the answerer's preference first
    std::vector<sdp::extmap> extensions;  // the direction as we see it
    bool rtcp_reduced_size = false;
    /// As we wrote them: "send" for the layers of ours that the peer takes, "recv" for those that it sends.
    std::vector<sdp::rid> rids;
    std::optional<sdp::simulcast> simulcast;

    friend bool operator==(const media_parameters&, const media_parameters&) = default;
};

/// RTCRtpEncodingParameters.
struct encoding {
    std::string rid; // empty: none. Read-only once negotiated
    bool active = true;
    std::optional<codec_capability> codec;          // its feedback does not count
    std::optional<std::uint32_t> max_bitrate;       // bits per second
    std::optional<double> max_framerate;            // video: frames per second, from 0 on
    std::optional<double> scale_resolution_down_by; // video: from 1 on

    friend bool operator==(const encoding&, const encoding&) = default;
};

/// RTCRtpSendParameters. All but `encodings` is read-only.
struct send_parameters {
    std::string transaction_id;
    std::vector<encoding> encodings;
    std::vector<negotiated_codec> codecs; // empty before the first answer
    std::vector<sdp::extmap> header_extensions;
    std::string cname;
    bool rtcp_reduced_size = false;

    friend bool operator==(const send_parameters&, const send_parameters&) = default;
};

/// Layers of one section, in either direction.
inline constexpr std::size_t max_simulcast_layers = 16;
/// Streams of one transceiver: those of a peer beyond it are ignored.
inline constexpr std::size_t max_streams = 32;

/// RTCRtpTransceiverInit.
struct transceiver_init {
    sdp::direction direction = sdp::direction::sendrecv;
    std::vector<std::string> streams;     // ids: tokens of at most 64 characters (RFC 8830), not "-"
    std::vector<encoding> send_encodings; // more than one: simulcast, smallest first
    std::optional<std::string> track;     // the id of a track to send; none: only the kind is known
    /// Beyond the W3C: layers to offer to receive (RFC 8853), smallest first; video only.
    std::vector<std::string> receive_rids;
};

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
#include "cortc/jsep/impl/parameters.ipp"
#endif
