#pragma once

#include "cortc/base/config.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cortc {

class transceiver_impl;

/// webrtc-pc 5.4.
enum class RtpTransceiverDirection { sendrecv, sendonly, recvonly, inactive, stopped };
/// MediaStreamTrack's kind.
enum class MediaKind { audio, video };

/// "sendrecv", "sendonly", "recvonly", "inactive", "stopped".
std::string_view to_string(RtpTransceiverDirection direction) noexcept;
/// "audio", "video".
std::string_view to_string(MediaKind kind) noexcept;

/// RTCRtpTransceiver (webrtc-pc 5.4): one audio or video section of the descriptions. A handle: copies refer
/// to the same transceiver, which the connection owns; after the connection is gone it is stopped. A
/// default-constructed handle refers to none and throws errc::invalid_state when used. Its members belong to
/// the context's executor.
class RtpTransceiver {
  public:
    RtpTransceiver() = default;
    explicit RtpTransceiver(std::shared_ptr<transceiver_impl> impl) noexcept : impl_(std::move(impl)) {}

    explicit operator bool() const noexcept { return impl_ != nullptr; }
    friend bool operator==(const RtpTransceiver&, const RtpTransceiver&) = default;

    [[nodiscard]] MediaKind kind() const;
    /// None before a description has given it a section.
    [[nodiscard]] std::optional<std::string> mid() const;
    /// What we wish; recvonly for one that the peer's offer brought.
    [[nodiscard]] RtpTransceiverDirection direction() const;
    /// Negotiation becomes needed when it differs from what was negotiated. Errors, in this order: stopping
    /// or stopped: errc::invalid_state; RtpTransceiverDirection::stopped: errc::type.
    void direction(RtpTransceiverDirection wish);
    /// What was negotiated; none before the first answer.
    [[nodiscard]] std::optional<RtpTransceiverDirection> currentDirection() const;
    /// For good: the peer or an answer rejected its section, the offer that made it was rolled back, or the
    /// connection is closed.
    [[nodiscard]] bool stopped() const;
    /// The next offer rejects its section. Idempotent; errc::invalid_state after close().
    void stop();

  private:
    transceiver_impl& impl() const;

    std::shared_ptr<transceiver_impl> impl_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/rtp_transceiver.ipp"
#include "cortc/impl/transceiver.ipp"
#endif
