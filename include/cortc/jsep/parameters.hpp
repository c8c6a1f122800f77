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

/// A codec that both ends have.
struct negotiated_codec {
    sdp::codec codec;        // number and fmtp as we said, so what we may be sent; feedback: what both have
    std::string remote_fmtp; // what the peer said, so what it may be sent
    std::uint8_t remote_payload_type = 0; // ... and under which number; mostly the same

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

} // namespace cortc::jsep
