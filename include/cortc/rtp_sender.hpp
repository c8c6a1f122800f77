#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/config.hpp"
#include "cortc/dtls_transport.hpp"
#include "cortc/media_stream.hpp"
#include "cortc/rtp_parameters.hpp"
#include "cortc/track.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace cortc {

class transceiver_impl;

/// RTCRtpSender (webrtc-pc 5.2): what a transceiver sends. A handle: copies refer to the same sender, which
/// the connection owns. A default-constructed handle refers to none and throws errc::invalid_state when used.
///
/// Asynchronous members take a completion token (default: use_awaitable), may be called from any thread, and
/// can be cancelled and complete where PeerConnection says; the others belong to the context's executor.
/// There is no `dtmf`.
class RtpSender {
  public:
    RtpSender() = default;
    /// @private
    explicit RtpSender(std::shared_ptr<transceiver_impl> impl) noexcept : impl_(std::move(impl)) {}

    /// It refers to a sender.
    explicit operator bool() const noexcept { return impl_ != nullptr; }
    friend bool operator==(const RtpSender&, const RtpSender&) = default;

    /// What can be sent; nothing is reserved. Empty without DTLS-SRTP (PeerConnection::addTransceiver).
    [[nodiscard]] static RtpCapabilities getCapabilities(MediaKind kind);
    /// None when `kind` is neither "audio" nor "video".
    [[nodiscard]] static std::optional<RtpCapabilities> getCapabilities(std::string_view kind);

    /// What it sends over, shared by the sections that are bundled. None before a description gave it one,
    /// and when it is stopped.
    [[nodiscard]] std::optional<DtlsTransport> transport() const;
    /// None: nothing is sent.
    [[nodiscard]] std::optional<MediaStreamTrack> track() const;
    /// The same until setParameters() succeeds or a negotiation changes it. (The W3C lets it expire with the
    /// task, which makes no sense where setParameters() may come from another thread.) Never fails; after the
    /// transceiver is gone it is what was last, without transactionId and cname.
    [[nodiscard]] RtpSendParameters getParameters() const;
    /// What getParameters() returned, with other encodings. Needs no negotiation. Errors, in this order:
    /// - the transceiver is stopping or stopped, or getParameters() was not called since the last success or
    ///   negotiation: errc::invalid_state
    /// - something read-only differs, there are more, fewer or reordered encodings, or one's codec is not
    ///   negotiated: errc::invalid_modification
    /// - a scaleResolutionDownBy below 1, a maxFramerate below 0: errc::range
    /// Both do not exist for audio, where they are dropped. Cancelled: nothing was set.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto setParameters(RtpSendParameters parameters, Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_, parameters = std::move(parameters)](auto op) mutable {
                                  set_parameters(*impl, std::move(parameters), std::move(op));
                              });
    }
    /// Sends another track, or none, without negotiation. On the operations chain. Errors, in this order: a
    /// track of another kind, or an empty handle (std::nullopt is the way to have none): errc::type; the
    /// connection is closed, or the transceiver stopping: errc::invalid_state. Cancelled: the track is as it
    /// was.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto replaceTrack(std::optional<MediaStreamTrack> track, Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_, track = std::move(track)](auto op) mutable {
            replace_track(impl, std::move(track), std::move(op));
        });
    }
    ///@{
    /// The streams that the peer is to find the track in, by their ids; negotiation becomes needed. Errors:
    /// closed: errc::invalid_state; an empty handle, or more than 32 streams: errc::type. Does nothing once
    /// the transceiver is stopped.
    void setStreams(const std::vector<MediaStream>& streams);
    template <std::same_as<MediaStream>... Streams>
    void setStreams(const Streams&... streams) {
        setStreams(std::vector<MediaStream>{streams...});
    }
    ///@}

    /// @private
    [[nodiscard]] const std::shared_ptr<transceiver_impl>& inner() const noexcept { return impl_; }

  private:
    transceiver_impl& impl() const;
    std::shared_ptr<waiter_home> home() const;
    static void set_parameters(transceiver_impl&, RtpSendParameters, waiter_ptr<void>);
    static void replace_track(const std::shared_ptr<transceiver_impl>&, std::optional<MediaStreamTrack>,
                              waiter_ptr<void>);

    std::shared_ptr<transceiver_impl> impl_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/rtp_sender.ipp"
#endif
