#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/handle_hash.hpp"
#include "cortc/media_stream.hpp"
#include "cortc/rtp_parameters.hpp"
#include "cortc/rtp_receiver.hpp"
#include "cortc/rtp_sender.hpp"
#include "cortc/track.hpp"

#include <compare>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cortc {

class transceiver_impl;

/// RTCRtpTransceiverInit (webrtc-pc 5.1).
class RtpTransceiverInit {
  public:
    RtpTransceiverInit() = default;
    /// Its members, in their order.
    RtpTransceiverInit(RtpTransceiverDirection the_direction, std::vector<MediaStream> the_streams = {},
                       std::vector<RtpEncodingParameters> send_encodings = {})
        : direction(the_direction)
        , streams(std::move(the_streams))
        , sendEncodings(std::move(send_encodings)) {}

    RtpTransceiverDirection direction = RtpTransceiverDirection::sendrecv; ///< not `stopped`
    std::vector<MediaStream> streams;                 ///< that the peer is to find the track in; at most 32
    std::vector<RtpEncodingParameters> sendEncodings; ///< more than one: simulcast, the smallest first
    /// Beyond the W3C: the layers to offer to receive (RFC 8853), by their rids, the smallest first. Video
    /// only, at most 16.
    std::vector<std::string> receive_rids;
};

/// RTCRtpTransceiver (webrtc-pc 5.4): one audio or video section of the descriptions. A handle: copies refer
/// to the same transceiver, which the connection owns; after the connection is gone it is stopped.
///
/// @par Errors
/// A default-constructed handle refers to none and throws errc::invalid_state when used.
///
/// @par Thread safety
/// Only the context's executor.
class RtpTransceiver {
  public:
    RtpTransceiver() = default;
    /// @private
    explicit RtpTransceiver(std::shared_ptr<transceiver_impl> impl) noexcept : impl_(std::move(impl)) {}

    /// It refers to a transceiver.
    explicit operator bool() const noexcept { return impl_ != nullptr; }
    friend bool operator==(const RtpTransceiver&, const RtpTransceiver&) = default;
    /// Any order, the same as long as both exist; for maps.
    friend std::strong_ordering operator<=>(const RtpTransceiver& a, const RtpTransceiver& b) noexcept {
        return std::compare_three_way()(a.identity(), b.identity());
    }
    /// What it refers to, as a number: copies have the same, an empty handle null. Nothing is at that address
    /// for others.
    [[nodiscard]] const void* identity() const noexcept { return impl_.get(); }

    /// Audio or video, for good.
    [[nodiscard]] MediaKind kind() const;
    /// None before a description has given it a section.
    [[nodiscard]] std::optional<std::string> mid() const;
    ///@{
    /// The same for the whole life of the transceiver, whatever its direction.
    [[nodiscard]] RtpSender sender() const;
    [[nodiscard]] RtpReceiver receiver() const;
    ///@}
    /// What we wish; recvonly for one that the peer's offer brought.
    [[nodiscard]] RtpTransceiverDirection direction() const;
    /// Negotiation becomes needed when it differs from what was negotiated.
    ///
    /// @par Errors, in this order
    /// - errc::invalid_state: stopping or stopped.
    /// - errc::type: RtpTransceiverDirection::stopped.
    void direction(RtpTransceiverDirection wish);
    /// What was negotiated; none before the first answer.
    [[nodiscard]] std::optional<RtpTransceiverDirection> currentDirection() const;
    /// For good: the peer or an answer rejected its section, the offer that made it was rolled back, or the
    /// connection is closed.
    [[nodiscard]] bool stopped() const;
    /// Sending and receiving end, and with it the receiver's track; the next offer rejects the section.
    /// Idempotent. One that no description gave a section is stopped() at once. (In the W3C it would need
    /// negotiation for ever.)
    ///
    /// Do not stop the first one of a BUNDLE group with Chromium, which gives up the transport of all of them
    /// with it, whoever stopped it. Set its direction to `inactive` instead.
    ///
    /// @par Errors
    /// - errc::invalid_state: the connection is closed.
    void stop();
    /// What the next descriptions list, the preferred first, of getCapabilities(); empty: all of that again.
    /// Doubles are dropped. A codec without `channels` is mono.
    ///
    /// @par Errors
    /// - errc::invalid_modification: one is not in the capabilities, or there is none but for retransmission,
    ///   redundancy, events and comfort noise.
    void setCodecPreferences(const std::vector<RtpCodec>& codecs);

    /// @private
    [[nodiscard]] const std::shared_ptr<transceiver_impl>& inner() const noexcept { return impl_; }

  private:
    transceiver_impl& impl() const;

    std::shared_ptr<transceiver_impl> impl_;
};

/// RTCTrackEvent (webrtc-pc 5.7): a track became receivable, or joined a stream.
class TrackEvent {
  public:
    TrackEvent() = default;

    RtpReceiver receiver;             ///< of `transceiver`
    MediaStreamTrack track;           ///< of `receiver`
    std::vector<MediaStream> streams; ///< all that it is in; may be none
    RtpTransceiver transceiver;       ///< it has its mid already
};

} // namespace cortc

template <>
struct std::hash<cortc::RtpTransceiver> : cortc::detail::handle_hash<cortc::RtpTransceiver> {};

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/rtp_transceiver.ipp"
#endif
