#pragma once

#include "cortc/base/config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The dictionaries of webrtc-pc 5.2. They have constructors where they hold text: under co_await a braced
/// aggregate of strings is not safe with every compiler.
///
/// @par Errors
/// None: nothing is checked here. addTransceiver(), setParameters() and setCodecPreferences() check what they
/// are given, and say which member is wrong.
///
/// @par Cancellation
/// Nothing here waits.
///
/// @par Thread safety
/// Everything here is a value, or a function of its arguments alone: any thread.
namespace cortc {

/// RTCRtpTransceiverDirection (webrtc-pc 5.4).
enum class RtpTransceiverDirection { sendrecv, sendonly, recvonly, inactive, stopped };
/// "sendrecv", "sendonly", "recvonly", "inactive", "stopped".
std::string_view to_string(RtpTransceiverDirection direction) noexcept;

/// RTCRtpCodec.
class RtpCodec {
  public:
    RtpCodec() = default;
    /// Its members, in their order.
    explicit RtpCodec(std::string mime_type, std::uint32_t clock_rate = 0,
                      std::optional<std::uint16_t> the_channels = {}, std::optional<std::string> fmtp = {})
        : mimeType(std::move(mime_type))
        , clockRate(clock_rate)
        , channels(the_channels)
        , sdpFmtpLine(std::move(fmtp)) {}

    friend bool operator==(const RtpCodec&, const RtpCodec&) = default;

    std::string mimeType;                  ///< "audio/opus", "video/VP8", "video/rtx"; compared without case
    std::uint32_t clockRate = 0;           ///< Hz
    std::optional<std::uint16_t> channels; ///< of audio: 1 mono, 2 stereo
    /// What a=fmtp has after the payload type. None: there is no such line.
    std::optional<std::string> sdpFmtpLine;
};

/// RTCRtpCodecParameters: one that was negotiated. `sdpFmtpLine` is the peer's for a sender, ours for a
/// receiver.
class RtpCodecParameters : public RtpCodec {
  public:
    RtpCodecParameters() = default;
    /// A codec under a payload type.
    RtpCodecParameters(RtpCodec codec, std::uint8_t payload_type)
        : RtpCodec(std::move(codec)), payloadType(payload_type) {}

    friend bool operator==(const RtpCodecParameters&, const RtpCodecParameters&) = default;

    std::uint8_t payloadType = 0; ///< 0 to 127
};

/// RTCRtpEncodingParameters: one stream of what is sent; several are simulcast, the smallest first.
class RtpEncodingParameters {
  public:
    RtpEncodingParameters() = default;
    /// A layer of simulcast.
    explicit RtpEncodingParameters(std::string the_rid) : rid(std::move(the_rid)) {}

    friend bool operator==(const RtpEncodingParameters&, const RtpEncodingParameters&) = default;

    /// 1 to 255 letters, digits, '-' and '_' (RFC 8851 10). setParameters() does not change it.
    std::optional<std::string> rid;
    bool active = true;                          ///< it is sent
    std::optional<RtpCodec> codec;               ///< none: any that was negotiated
    std::optional<std::uint32_t> maxBitrate;     ///< bits per second, without IP and UDP (RFC 3890 6.2.2)
    std::optional<double> maxFramerate;          ///< frames per second, 0 freezes; video only
    std::optional<double> scaleResolutionDownBy; ///< 1.0 and more; video only
};

/// RTCRtpHeaderExtensionCapability.
class RtpHeaderExtensionCapability {
  public:
    RtpHeaderExtensionCapability() = default;
    /// Its member.
    explicit RtpHeaderExtensionCapability(std::string the_uri) : uri(std::move(the_uri)) {}

    friend bool operator==(const RtpHeaderExtensionCapability&,
                           const RtpHeaderExtensionCapability&) = default;

    std::string uri; ///< "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
};

/// RTCRtpHeaderExtensionParameters.
class RtpHeaderExtensionParameters {
  public:
    RtpHeaderExtensionParameters() = default;
    /// Its members, in their order; not encrypted.
    RtpHeaderExtensionParameters(std::string the_uri, std::uint16_t the_id)
        : uri(std::move(the_uri)), id(the_id) {}

    friend bool operator==(const RtpHeaderExtensionParameters&,
                           const RtpHeaderExtensionParameters&) = default;

    std::string uri;        ///< names it
    std::uint16_t id = 0;   ///< in packets, RFC 8285
    bool encrypted = false; ///< RFC 6904, which is not supported
};

/// RTCRtcpParameters.
class RtcpParameters {
  public:
    RtcpParameters() = default;

    friend bool operator==(const RtcpParameters&, const RtcpParameters&) = default;

    std::optional<std::string> cname; ///< a sender's: the connection's, the same for all its senders
    bool reducedSize = false;         ///< RFC 5506
};

/// RTCRtpParameters.
class RtpParameters {
  public:
    RtpParameters() = default;

    friend bool operator==(const RtpParameters&, const RtpParameters&) = default;

    std::vector<RtpHeaderExtensionParameters> headerExtensions; ///< of this direction, as agreed on
    RtcpParameters rtcp;                                        ///< how RTCP is sent
    std::vector<RtpCodecParameters> codecs;                     ///< empty before the first answer
};

/// RTCRtpSendParameters: what getParameters() returns and setParameters() takes back. Only `encodings` may be
/// changed, and in it all but the rids.
class RtpSendParameters : public RtpParameters {
  public:
    RtpSendParameters() = default;

    friend bool operator==(const RtpSendParameters&, const RtpSendParameters&) = default;

    std::string transactionId;                    ///< of this reading; setParameters() compares it
    std::vector<RtpEncodingParameters> encodings; ///< never empty
};

/// RTCRtpReceiveParameters.
class RtpReceiveParameters : public RtpParameters {
  public:
    RtpReceiveParameters() = default;

    friend bool operator==(const RtpReceiveParameters&, const RtpReceiveParameters&) = default;
};

/// RTCRtpCapabilities.
class RtpCapabilities {
  public:
    RtpCapabilities() = default;

    friend bool operator==(const RtpCapabilities&, const RtpCapabilities&) = default;

    std::vector<RtpCodec> codecs;                               ///< the preferred first
    std::vector<RtpHeaderExtensionCapability> headerExtensions; ///< what our descriptions offer
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/rtp_parameters.ipp"
#endif
