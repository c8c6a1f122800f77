#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/handle_hash.hpp"
#include "cortc/dtls_transport.hpp"
#include "cortc/rtp_parameters.hpp"
#include "cortc/track.hpp"

#include <compare>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace cortc {

class transceiver_impl;

/// RTCRtpReceiver (webrtc-pc 5.3): what a transceiver receives. A handle: copies refer to the same receiver,
/// which the connection owns.
///
/// @par Errors
/// A default-constructed handle refers to none and throws errc::invalid_state when used.
///
/// @par Thread safety
/// Only the context's executor.
class RtpReceiver {
  public:
    RtpReceiver() = default;
    /// @private
    explicit RtpReceiver(std::shared_ptr<transceiver_impl> impl) noexcept : impl_(std::move(impl)) {}

    /// It refers to a receiver.
    explicit operator bool() const noexcept { return impl_ != nullptr; }
    friend bool operator==(const RtpReceiver&, const RtpReceiver&) = default;
    /// Any order, the same as long as both exist; for maps.
    friend std::strong_ordering operator<=>(const RtpReceiver& a, const RtpReceiver& b) noexcept {
        return std::compare_three_way()(a.identity(), b.identity());
    }
    /// What it refers to, as a number: copies have the same, an empty handle null. Nothing is at that address
    /// for others.
    [[nodiscard]] const void* identity() const noexcept { return impl_.get(); }

    /// What can be received; nothing is reserved. Empty without DTLS-SRTP (PeerConnection::addTransceiver).
    [[nodiscard]] static RtpCapabilities getCapabilities(MediaKind kind);
    /// None when `kind` is neither "audio" nor "video".
    [[nodiscard]] static std::optional<RtpCapabilities> getCapabilities(std::string_view kind);

    /// What it receives over, shared by the sections that are bundled. None before our offer, or the answer
    /// to one of the peer, gave it one, and when it is stopped.
    [[nodiscard]] std::optional<DtlsTransport> transport() const;
    /// The same for the whole life of the transceiver, whether it receives or not.
    [[nodiscard]] MediaStreamTrack track() const;
    /// What the last answer, in either direction, settled (in the W3C an offer shows in it already). Never
    /// fails.
    [[nodiscard]] RtpReceiveParameters getParameters() const;

    /// @private
    [[nodiscard]] const std::shared_ptr<transceiver_impl>& inner() const noexcept { return impl_; }

  private:
    transceiver_impl& impl() const;

    std::shared_ptr<transceiver_impl> impl_;
};

} // namespace cortc

template <>
struct std::hash<cortc::RtpReceiver> : cortc::detail::handle_hash<cortc::RtpReceiver> {};

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/rtp_receiver.ipp"
#endif
