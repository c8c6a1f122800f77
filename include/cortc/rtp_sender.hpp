#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/handle_hash.hpp"
#include "cortc/dtls_transport.hpp"
#include "cortc/media_stream.hpp"
#include "cortc/rtp_parameters.hpp"
#include "cortc/track.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <compare>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace cortc {

class transceiver_impl;

/// RTCRtpSender (webrtc-pc 5.2): what a transceiver sends. A handle: copies refer to the same sender, which
/// the connection owns. There is no `dtmf`. Asynchronous members take a completion token, default
/// use_awaitable, and complete where PeerConnection says.
///
/// @par Errors
/// A default-constructed handle refers to none and throws errc::invalid_state when used.
///
/// @par Cancellation
/// As with PeerConnection.
///
/// @par Thread safety
/// - Asynchronous members: any thread.
/// - Plain members: only the context's executor.
class RtpSender {
  public:
    RtpSender() = default;
    /// @private
    explicit RtpSender(std::shared_ptr<transceiver_impl> impl) noexcept : impl_(std::move(impl)) {}

    /// It refers to a sender.
    explicit operator bool() const noexcept { return impl_ != nullptr; }
    friend bool operator==(const RtpSender&, const RtpSender&) = default;
    /// Any order, the same as long as both exist; for maps.
    friend std::strong_ordering operator<=>(const RtpSender& a, const RtpSender& b) noexcept {
        return std::compare_three_way()(a.identity(), b.identity());
    }
    /// What it refers to, as a number: copies have the same, an empty handle null. Nothing is at that address
    /// for others.
    [[nodiscard]] const void* identity() const noexcept { return impl_.get(); }

    /// What can be sent; nothing is reserved. Empty without DTLS-SRTP (PeerConnection::addTransceiver).
    [[nodiscard]] static RtpCapabilities getCapabilities(MediaKind kind);
    /// None when `kind` is neither "audio" nor "video".
    [[nodiscard]] static std::optional<RtpCapabilities> getCapabilities(std::string_view kind);

    /// What it sends over, shared by the sections that are bundled. None before our offer, or the answer
    /// to one of the peer, gave it one, and when it is stopped.
    [[nodiscard]] std::optional<DtlsTransport> transport() const;
    /// None: nothing is sent.
    [[nodiscard]] std::optional<MediaStreamTrack> track() const;
    /// The same until setParameters() succeeds or a negotiation changes it. (The W3C lets it expire with the
    /// task, which makes no sense where setParameters() may come from another thread.) Never fails; after the
    /// transceiver is gone it is what was last, without transactionId and cname.
    [[nodiscard]] RtpSendParameters getParameters() const;
    /// What getParameters() returned, with other encodings (webrtc-pc 5.2 setParameters). Needs no
    /// negotiation. maxFramerate and scaleResolutionDownBy do not exist for audio, where they are dropped.
    ///
    /// @par Errors, in this order
    /// - errc::invalid_state: the transceiver is stopping or stopped, or getParameters() was not called since
    ///   the last success or negotiation. (Success comes in a task: two that begin before it are both good,
    ///   and the later one is what remains.)
    /// - errc::invalid_modification: something read-only differs, there are more, fewer or reordered
    ///   encodings, or the codec of one is not negotiated.
    /// - errc::range: a scaleResolutionDownBy is below 1, or a maxFramerate below 0.
    ///
    /// @par Cancellation
    /// Nothing was set.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto setParameters(RtpSendParameters parameters, Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_, parameters = std::move(parameters)](auto op) mutable {
                                  set_parameters(*impl, std::move(parameters), std::move(op));
                              });
    }
    /// Sends another track, or none, without negotiation (webrtc-pc 5.2 replaceTrack). An operation of the
    /// chain.
    ///
    /// @par Errors, in this order
    /// - errc::type: the track is of another kind, or an empty handle. (std::nullopt is the way to have
    ///   none.)
    /// - errc::invalid_state: the connection is closed, or the transceiver is stopping.
    ///
    /// @par Cancellation
    /// The track is as it was.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto replaceTrack(std::optional<MediaStreamTrack> track, Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_, track = std::move(track)](auto op) mutable {
            replace_track(impl, std::move(track), std::move(op));
        });
    }
    ///@{
    /// The streams that the peer is to find the track in, by their ids. Negotiation becomes needed. Does
    /// nothing once the transceiver is stopped.
    ///
    /// @par Errors
    /// - errc::invalid_state: closed.
    /// - errc::type: an empty handle, or more than 32 streams.
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

template <>
struct std::hash<cortc::RtpSender> : cortc::detail::handle_hash<cortc::RtpSender> {};

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/rtp_sender.ipp"
#endif
