#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/certificate.hpp"
#include "cortc/configuration.hpp"
#include "cortc/context.hpp"
#include "cortc/data_channel.hpp"
#include "cortc/error.hpp"
#include "cortc/ice_candidate.hpp"
#include "cortc/identity.hpp"
#include "cortc/media_stream.hpp"
#include "cortc/rtp_transceiver.hpp"
#include "cortc/sctp_transport.hpp"
#include "cortc/session_description.hpp"
#include "cortc/states.hpp"
#include "cortc/stats.hpp"
#include "cortc/track.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cortc {

class connection;
struct AnswerOptions;

/// RTCPeerConnection (webrtc-pc 4.4). Move-only, and the owner: destroying it closes the connection.
///
/// Asynchronous members take a completion token, default use_awaitable; callbacks (the W3C's old form, see
/// createOffer()), use_future and as_tuple work:
///
///     auto answer = co_await pc.createAnswer();
///     pc.createAnswer([](std::exception_ptr error, cortc::SessionDescription answer) { ... });
///
/// With use_awaitable an operation starts, and takes its place on the operations chain, when it is awaited;
/// with other tokens when the member is called. They may be called from any thread; plain members, the
/// destructor among them, belong to the context's executor. What fails throws cortc::Error, whose what()
/// names the argument that is wrong; close() completes operations with errc::aborted (in the W3C they never
/// settle). They complete on the executor of their handler (a coroutine's own, a callback's associated one),
/// else on the context's, never inside the call. A moved-from connection throws errc::invalid_state.
/// cortc/events.md lists the W3C's events and what to await for each.
///
/// Every operation can be cancelled through its token's slot, on the executor of its handler and whatever
/// thread the context runs on: terminal, partial and total cancellation mean the same, because nothing is
/// ever half done. It then completes with asio::error::operation_aborted and has changed nothing, or it was
/// complete already and succeeds. (What reaches an operation is another matter: a coroutine lets only
/// terminal cancellation through unless it calls asio::this_coro::reset_cancellation_state, and `||` cancels
/// the loser with all three.)
///
/// - **Chain** (webrtc-pc 4.4.1.2): createOffer(), createAnswer(), setLocalDescription(),
///   setRemoteDescription(), addIceCandidate() and RtpSender::replaceTrack() run one after another in the
///   order they start. Closed: errc::invalid_state. A cancelled one leaves its place to the next; it is
///   applied and succeeds, or not applied and cancelled.
/// - **Levels**, connected() to iceGatheringStateChanged(): true already means done at once; any number may
///   wait. They consume nothing: cancelling one, or racing it under `||`, changes nothing. They fail with
///   errc::aborted when the connection is closed, but for those that this makes true.
/// - **Streams**, nextIceCandidate() to negotiationNeeded(): buffered from construction, one reader each (a
///   second: errc::invalid_state); after close() what is buffered can be read, then errc::aborted.
///   Cancelled: nothing was taken. A read consumes, and so must not stand under `||`, which discards the
///   value of the loser: use cortc::timeout, or the ...Readable() level, which completes when a read would
///   not wait (at the end of the stream, too), and try...(), which takes what is there, or nothing, or throws
///   what the read would.
class PeerConnection {
  public:
    /// Errors, in this order: iceCandidatePoolSize not in 0 to 255, or an empty certificate: errc::type;
    /// mbedTLS's headers are not its library's (MBEDTLS_SSL_DTLS_SRTP): errc::not_supported; an expired
    /// certificate: errc::invalid_access; then those of setConfiguration() about servers.
    explicit PeerConnection(const context& where, Configuration configuration = {});
    /// With a context of its own. The same errors.
    explicit PeerConnection(asio::any_io_executor executor, Configuration configuration = {});
    /// What waits on the other one goes on: it belongs to the connection.
    PeerConnection(PeerConnection&&) noexcept = default;
    /// Closes the connection that was here.
    PeerConnection& operator=(PeerConnection&& other) noexcept;
    ~PeerConnection(); ///< close()

    /// Replaces the whole configuration: members left out take their defaults. Servers and transport policy
    /// count from the next gathering phase on, which an ICE restart begins. Errors, in this order, each
    /// before anything is changed:
    /// - closed: errc::invalid_state
    /// - iceCandidatePoolSize not in 0 to 255, or an empty certificate: errc::type
    /// - peerIdentity set and not the target identity; certificates, bundlePolicy or rtcpMuxPolicy others
    /// than
    ///   before; iceCandidatePoolSize another than before, after setLocalDescription was called:
    ///   errc::invalid_modification
    /// - rtcpMuxPolicy `negotiate`: errc::not_supported
    /// - a server without URL, or a URL that RFC 7064 and RFC 7065 do not allow: errc::syntax. A TURN server
    ///   whose username or credential is missing, empty, not UTF-8, holds control characters, or, the name,
    ///   has more than 508 bytes: errc::invalid_access. Server by server, URL by URL.
    void setConfiguration(Configuration configuration);
    /// What was set last; a certificate that the context made is not in it. Does not fail after close().
    [[nodiscard]] Configuration getConfiguration() const;
    /// The W3C's static member; see cortc::generateCertificate.
    template <class... Arguments>
    [[nodiscard]] static auto generateCertificate(const context& where, Arguments&&... arguments) {
        return cortc::generateCertificate(where, std::forward<Arguments>(arguments)...);
    }

    // The operations of the chain.

    ///@{
    /// An offer for the channels and sections there are (webrtc-pc 4.4.2 createOffer). With an identity
    /// provider it waits for the assertion. Errors: closed, or a remote offer is pending:
    /// errc::invalid_state; the provider failed: errc::not_readable, with its errorDetail; no certificate
    /// could be made: errc::operation. Cancelled: no offer was made, and the provider is cancelled.
    ///
    /// The same with a callback, as the W3C's old form had two, or with any other completion token:
    ///
    ///     auto offer = co_await pc.createOffer({.iceRestart = true});
    ///     pc.createOffer(options, [](std::exception_ptr error, SessionDescription offer) { ... });
    ///     std::future<SessionDescription> later = pc.createOffer(asio::use_future);
    ///
    /// `error` is null when it succeeded, and `offer` is empty when it failed. What a callback throws comes
    /// out of run().
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto createOffer(OfferOptions options, Token&& token = {}) {
        return initiate<SessionDescription>(
            home(), token, [impl = impl_, options](auto op) { create_offer(*impl, options, std::move(op)); });
    }
    template <class Token = asio::use_awaitable_t<>>
    requires(!std::convertible_to<Token, OfferOptions>) [[nodiscard]] auto createOffer(Token&& token = {}) {
        return createOffer(OfferOptions{}, std::forward<Token>(token));
    }
    ///@}
    /// The answer to the pending remote offer. Errors: there is none: errc::invalid_state; an identity
    /// provider, cancellation and callbacks: as for createOffer().
    ///
    ///     auto answer = co_await pc.createAnswer();
    ///     pc.createAnswer([](std::exception_ptr error, SessionDescription answer) { ... });
    ///
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto createAnswer(Token&& token = {}) {
        return initiate<SessionDescription>(home(), token,
                                            [impl = impl_](auto op) { create_answer(*impl, std::move(op)); });
    }
    /// Applies what createOffer or createAnswer returned last; an empty sdp means it (created if need be).
    /// `rollback` withdraws the pending offer. Starts gathering before it completes. Errors:
    /// errc::invalid_modification when the sdp is another; errc::invalid_state when the type does not fit the
    /// signaling state; for what is to be created, those of createOffer(). Cancelled: nothing was applied.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto setLocalDescription(SessionDescription description, Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_, description = std::move(description)](auto op) mutable {
                                  set_local(*impl, std::move(description), std::move(op));
                              });
    }
    /// The same with the type that the signaling state asks for, created if need be.
    template <class Token = asio::use_awaitable_t<>>
    requires(!std::convertible_to<Token, SessionDescription>)
        [[nodiscard]] auto setLocalDescription(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { set_local(*impl, std::nullopt, std::move(op)); });
    }
    /// Applies the peer's description; an offer during our own rolls ours back first. Errors: errc::operation
    /// with errorDetail "sdp-syntax-error" and the line; errc::invalid_access when the content does not fit;
    /// errc::invalid_state when the type does not. A failure changes nothing, but for the offer of ours that
    /// it has rolled back first; so does a cancellation.
    ///
    /// With a target identity (Configuration::peerIdentity, or the one validated first) it waits until the
    /// description's a=identity is validated, and fails with errc::operation and errorDetail "idp-..." when
    /// it is not: "idp-token-invalid" for one that is missing, malformed, of somebody else, or does not cover
    /// every a=fingerprint; "idp-load-failure" when nobody can validate it; else what the provider threw.
    /// Without a=identity, fingerprints that the last assertion covered are good. Cancelled: the provider is,
    /// too. Without a target identity it neither waits nor fails for it: see peerIdentity().
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto setRemoteDescription(SessionDescription description, Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_, description = std::move(description)](auto op) mutable {
                                  set_remote(*impl, std::move(description), std::move(op));
                              });
    }
    /// Adds a candidate of the peer, or its end-of-candidates (webrtc-pc 4.4.2 addIceCandidate). Errors:
    /// errc::type without sdpMid and sdpMLineIndex; errc::invalid_state without a remote description;
    /// errc::operation when the section, the generation or the line is not to be understood. Cancelled: it
    /// was not added. No port is refused as browsers refuse those of other protocols (Fetch 2.9): a server
    /// has its own firewall.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto addIceCandidate(IceCandidate candidate, Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_, candidate = std::move(candidate)](auto op) mutable {
                                  add_candidate(*impl, std::move(candidate), std::move(op));
                              });
    }

    // Identity (webrtc-identity; cortc/identity.hpp).

    /// Offers and answers created from now on carry an assertion of this provider. It is asked when the first
    /// is needed; what it returns is kept until this is called again. An empty pointer: none from now on.
    /// Operations that wait for the provider before wait for the new one. Errors: closed
    /// errc::invalid_state; a protocol with / or backslash errc::syntax.
    void setIdentityProvider(std::shared_ptr<IdentityProvider> provider,
                             IdentityProviderOptions options = {});
    /// The W3C's form: the provider that Configuration::identity_providers finds for this domain and
    /// options.protocol when an assertion is needed ("idp-load-failure" when it finds none). An empty domain:
    /// none from now on. The same errors.
    void setIdentityProvider(std::string domain, IdentityProviderOptions options = {});
    /// The value of a=identity: what createOffer() will wait for. Need not be called; it lets the provider
    /// begin early. Errors: closed, or no provider is set: errc::invalid_state; the provider failed:
    /// errc::operation with errorDetail "idp-..."; no certificate could be made: errc::operation. Cancelled:
    /// the provider is, unless somebody else waits.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto getIdentityAssertion(Token&& token = {}) {
        return initiate<std::string>(home(), token,
                                     [impl = impl_](auto op) { identity_assertion(*impl, std::move(op)); });
    }
    /// A level: who the peer is, once its assertion is validated; it then never changes. A validation that
    /// fails fails those who wait (errc::operation, errorDetail "idp-..."). After that it waits for the
    /// next one; with a target identity it fails at once until a validation succeeds (a promise of the W3C's
    /// could not succeed any more). Cancelled: the validation goes on.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto peerIdentity(Token&& token = {}) {
        return initiate<IdentityAssertion>(home(), token,
                                           [impl = impl_](auto op) { peer_identity(*impl, std::move(op)); });
    }
    ///@{
    /// What the IdentityProviderError said that came last, of either side's provider.
    [[nodiscard]] std::optional<std::string> idpLoginUrl() const;
    [[nodiscard]] std::optional<std::string> idpErrorInfo() const;
    ///@}

    /// The next offer carries new ICE credentials; negotiation becomes needed. Never fails; after close() it
    /// does nothing.
    void restartIce();
    /// A channel, usable when opened() completes: at once over an association that is up (the W3C's connects
    /// for a task). Errors, in this order: closed errc::invalid_state; label or protocol over 65535 bytes,
    /// negotiated without id, both limits, or id 65535: errc::type; id in use, none free, or one not below
    /// maxChannels(): errc::operation. So is, beyond the W3C, one channel more than context_options::limits
    /// allow, and one over an SCTP association that has ended (the W3C's is made, and closes).
    [[nodiscard]] DataChannel createDataChannel(std::string label, DataChannelInit init = {});

    // Media (webrtc-pc 5.1). What is added or removed makes negotiation needed, and takes effect with it.
    // An mbedTLS that was built without MBEDTLS_SSL_DTLS_SRTP has no keys for it: addTrack and addTransceiver
    // then fail with errc::not_supported, audio and video in a remote offer is answered as rejected (port 0),
    // and data channels work all the same.

    ///@{
    /// Sends `track`, as a part of `streams`: through a transceiver of its kind that has no track and never
    /// sent, else a new one (sendrecv), which the next remote offer with a section of its kind may take.
    /// Errors, in this order: an empty handle: errc::type; closed: errc::invalid_state; no DTLS-SRTP:
    /// errc::not_supported; a sender has this track already: errc::invalid_access; more than 32 streams:
    /// errc::type.
    RtpSender addTrack(const MediaStreamTrack& track, const std::vector<MediaStream>& streams);
    template <std::same_as<MediaStream>... Streams>
    RtpSender addTrack(const MediaStreamTrack& track, const Streams&... streams) {
        return addTrack(track, std::vector<MediaStream>{streams...});
    }
    ///@}
    /// Its sender sends nothing any more and its transceiver's direction loses the half that sends. Does
    /// nothing to one that is stopping or gone, or has no track. Errors, in this order: an empty handle:
    /// errc::type; closed: errc::invalid_state; of another connection: errc::invalid_access.
    void removeTrack(const RtpSender& sender);
    ///@{
    /// A new transceiver, which our next offer gives a section. Errors, in this order:
    /// - a kind that is neither "audio" nor "video", an empty handle, direction `stopped`: errc::type
    /// - closed: errc::invalid_state; no DTLS-SRTP: errc::not_supported
    /// - sendEncodings: rids malformed, doubled, or with some only: errc::type; a codec that is not in
    ///   getCapabilities(): errc::operation; scaleResolutionDownBy below 1, maxFramerate not above 0:
    ///   errc::range. (Rids are the only read-only member there is, so nothing is errc::invalid_access.)
    /// - more than 32 streams, receive_rids malformed or of audio: errc::type
    /// Audio has one encoding, without the two members of video, video at most 16; others are dropped.
    RtpTransceiver addTransceiver(MediaKind kind, const RtpTransceiverInit& init = {});
    RtpTransceiver addTransceiver(const MediaStreamTrack& track, const RtpTransceiverInit& init = {});
    RtpTransceiver addTransceiver(std::string_view kind, const RtpTransceiverInit& init = {});
    ///@}
    ///@{
    /// Those of the transceivers that are not stopped.
    [[nodiscard]] std::vector<RtpSender> getSenders() const;
    [[nodiscard]] std::vector<RtpReceiver> getReceivers() const;
    ///@}
    /// One for each audio or video section, in the order in which they appeared. addTrack, addTransceiver and
    /// remote offers bring them (these receiving only); those that stopped are gone with the answer that
    /// rejects their section.
    [[nodiscard]] std::vector<RtpTransceiver> getTransceivers() const;

    /// Ends everything at once: operations complete with errc::aborted, the peer is told. Idempotent. The W3C
    /// fires no event for it; here whoever awaits a change to `closed`, or a level that this makes true, goes
    /// on.
    void close();

    /// Whose offer is pending (webrtc-pc 4.3.1).
    [[nodiscard]] SignalingState signalingState() const;
    /// Of all transports together (webrtc-pc 4.3.2). close() leaves it as it was.
    [[nodiscard]] IceGatheringState iceGatheringState() const;
    /// Of all transports together (webrtc-pc 4.3.4).
    [[nodiscard]] IceConnectionState iceConnectionState() const;
    /// As webrtc-pc 4.3.3 has it, and beyond that: failed when the peer ended DTLS, which nothing brings
    /// back.
    [[nodiscard]] PeerConnectionState connectionState() const;
    ///@{
    /// With the candidates gathered, or received, so far. `pending` ones wait for the answer, `current` ones
    /// have been agreed on; `localDescription` and `remoteDescription` are the pending one if there is one,
    /// else the current one. They stay after close().
    [[nodiscard]] std::optional<SessionDescription> localDescription() const;
    [[nodiscard]] std::optional<SessionDescription> currentLocalDescription() const;
    [[nodiscard]] std::optional<SessionDescription> pendingLocalDescription() const;
    [[nodiscard]] std::optional<SessionDescription> remoteDescription() const;
    [[nodiscard]] std::optional<SessionDescription> currentRemoteDescription() const;
    [[nodiscard]] std::optional<SessionDescription> pendingRemoteDescription() const;
    ///@}
    /// Whether remoteDescription() says that its sender takes candidates later (a=ice-options:trickle).
    /// None before there is one.
    [[nodiscard]] std::optional<bool> canTrickleIceCandidates() const;
    /// The transport of the data channels. None before an offer with data channels was applied, and after an
    /// answer has rejected them.
    [[nodiscard]] std::optional<SctpTransport> sctp() const;
    /// RTCSctpTransport.maxChannels: stream ids are below it. None before the SCTP association is up.
    [[nodiscard]] std::optional<std::uint16_t> maxChannels() const;
    /// RTCSctpTransport.maxMessageSize: the largest message the peer takes. None before an answer has agreed
    /// on data channels; 2^31 - 1 when it sets no limit.
    [[nodiscard]] std::optional<std::size_t> maxMessageSize() const;
    /// Of the first transport that has one. None before a pair is selected, and after close(); it stays while
    /// the pair has lost its consent (IceTransport::getSelectedCandidatePair() is none then).
    [[nodiscard]] std::optional<SelectedPair> selectedPair() const;

    // Levels.

    /// connectionState() is connected. Fails with errc::network when it failed, errc::aborted when it closed.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto connected(Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_](auto op) { connected(*impl, std::move(op)); });
    }
    /// Every candidate of the current local description's ICE generation is known (and in
    /// localDescription()). Before setLocalDescription() it waits for that. Fails with errc::aborted when the
    /// connection is closed, also when it was true before.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto gatheringComplete(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { gathering_complete(*impl, std::move(op)); });
    }
    /// Every transport has selected a pair of the ICE generation of localDescription(), the pending one if
    /// there is one. So after setLocalDescription with a restarting offer it waits for the answer and the
    /// nomination; after a rollback it means the generation before again. True at once when nothing was
    /// restarted since. Fails with errc::network in the state failed, unless an offer is pending, whose
    /// restart may help; with errc::aborted when closed. Cancelled: nothing has happened. When each step took
    /// place: IceRestartStats.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto restarted(Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_](auto op) { restarted(*impl, std::move(op)); });
    }
    /// Every task of the connection has ended and every socket is closed. Never fails; it is the one
    /// operation that outlives the connection: `auto done = pc.closed(asio::deferred)` may be awaited after
    /// close().
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto closed(Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_](auto op) { closed(*impl, std::move(op)); });
    }
    /// connectionState() is another than `from`; returns it. States that were passed through meanwhile are
    /// left out, here and in the next three.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto stateChanged(PeerConnectionState from, Token&& token = {}) {
        return initiate<PeerConnectionState>(
            home(), token, [impl = impl_, from](auto op) { state_changed(*impl, from, std::move(op)); });
    }
    /// signalingState() is another than `from`; returns it. What a description changes has changed before.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto signalingStateChanged(SignalingState from, Token&& token = {}) {
        return initiate<SignalingState>(
            home(), token, [impl = impl_, from](auto op) { signaling_changed(*impl, from, std::move(op)); });
    }
    /// iceConnectionState() is another than `from`; returns it. Told before connectionState()'s change.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto iceConnectionStateChanged(IceConnectionState from, Token&& token = {}) {
        return initiate<IceConnectionState>(
            home(), token, [impl = impl_, from](auto op) { ice_state_changed(*impl, from, std::move(op)); });
    }
    /// iceGatheringState() is another than `from`; returns it. Fails with errc::aborted after close(), which
    /// leaves it as it was.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto iceGatheringStateChanged(IceGatheringState from, Token&& token = {}) {
        return initiate<IceGatheringState>(home(), token, [impl = impl_, from](auto op) {
            gathering_state_changed(*impl, from, std::move(op));
        });
    }
    /// The next change of the selected pair; returns the new one. No level: what changes between two calls is
    /// missed, but not by IceTransport::selectedCandidatePairChanged(). Fails with errc::aborted when closed.
    /// Cancelled: nothing has happened.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto selectedPairChanged(Token&& token = {}) {
        return initiate<SelectedPair>(
            home(), token, [impl = impl_](auto op) { selected_pair_changed(*impl, std::move(op)); });
    }

    /// Everything that is known in figures about the connection now (webrtc-pc 8.2 getStats without a
    /// selector). It waits for nothing but the context's executor: cancelled on its way there it has done
    /// nothing, afterwards it succeeds. After close() it reports what was last, with its states closed; it
    /// fails, with errc::aborted, only when the connection was destroyed before it began. Costs microseconds
    /// for each candidate pair and channel, and nothing while it is not called.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto getStats(Token&& token = {}) {
        return initiate<StatsReport>(home(), token,
                                     [impl = impl_](auto op) { get_stats(*impl, std::move(op)); });
    }

    // Streams.

    /// The next local candidate, to be sent to the peer. One with empty text ends its generation (send it
    /// too); nullopt: gathering is complete (nothing to send); a restart goes on after it.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto nextIceCandidate(Token&& token = {}) {
        return initiate<std::optional<IceCandidate>>(
            home(), token, [impl = impl_](auto op) { next_candidate(*impl, std::move(op)); });
    }
    /// The inner optional is nextIceCandidate()'s; the outer one is empty when nothing is there.
    [[nodiscard]] std::optional<std::optional<IceCandidate>> tryNextIceCandidate();
    /// nextIceCandidate() would not wait.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto iceCandidateReadable(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { candidate_readable(*impl, std::move(op)); });
    }
    /// The next channel that the peer opened; it is open. At most limits::unread_channels wait; further ones
    /// are closed.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto nextDataChannel(Token&& token = {}) {
        return initiate<DataChannel>(home(), token,
                                     [impl = impl_](auto op) { next_channel(*impl, std::move(op)); });
    }
    /// One that is there, or none.
    [[nodiscard]] std::optional<DataChannel> tryNextDataChannel();
    /// nextDataChannel() would not wait.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto dataChannelReadable(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { channel_readable(*impl, std::move(op)); });
    }
    /// The next track that a description of the peer lets us receive, or adds to a stream. At most 1024 wait;
    /// further ones are only in getReceivers().
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto nextTrack(Token&& token = {}) {
        return initiate<TrackEvent>(home(), token,
                                    [impl = impl_](auto op) { next_track(*impl, std::move(op)); });
    }
    /// One that is there, or none.
    [[nodiscard]] std::optional<TrackEvent> tryNextTrack();
    /// nextTrack() would not wait.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto trackReadable(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { track_readable(*impl, std::move(op)); });
    }
    /// Negotiation is needed (the W3C's negotiationneeded): once for each time it becomes so. At most one
    /// waits.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto negotiationNeeded(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { negotiation_needed(*impl, std::move(op)); });
    }
    /// True when it is, and takes the event.
    [[nodiscard]] bool tryNegotiationNeeded();
    /// negotiationNeeded() would not wait.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto negotiationNeededReadable(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { negotiation_readable(*impl, std::move(op)); });
    }

    /// The context it was made on, or the one of its own.
    [[nodiscard]] context get_context() const;

  private:
    friend asio::awaitable<SessionDescription> answer(PeerConnection&, SessionDescription, AnswerOptions);

    connection& impl() const;
    std::shared_ptr<waiter_home> home() const;
    static void create_offer(connection&, OfferOptions, waiter_ptr<SessionDescription>);
    static void create_answer(connection&, waiter_ptr<SessionDescription>);
    static void set_local(connection&, std::optional<SessionDescription>, waiter_ptr<void>);
    static void set_remote(connection&, SessionDescription, waiter_ptr<void>);
    static void add_candidate(connection&, IceCandidate, waiter_ptr<void>);
    static void identity_assertion(connection&, waiter_ptr<std::string>);
    static void peer_identity(connection&, waiter_ptr<IdentityAssertion>);
    static void connected(connection&, waiter_ptr<void>);
    static void gathering_complete(connection&, waiter_ptr<void>);
    static void restarted(connection&, waiter_ptr<void>);
    static void closed(connection&, waiter_ptr<void>);
    static void state_changed(connection&, PeerConnectionState, waiter_ptr<PeerConnectionState>);
    static void ice_state_changed(connection&, IceConnectionState, waiter_ptr<IceConnectionState>);
    static void gathering_state_changed(connection&, IceGatheringState, waiter_ptr<IceGatheringState>);
    static void selected_pair_changed(connection&, waiter_ptr<SelectedPair>);
    static void get_stats(connection&, waiter_ptr<StatsReport>);
    static void signaling_changed(connection&, SignalingState, waiter_ptr<SignalingState>);
    static void next_track(connection&, waiter_ptr<TrackEvent>);
    static void track_readable(connection&, waiter_ptr<void>);
    static void negotiation_needed(connection&, waiter_ptr<void>);
    static void next_candidate(connection&, waiter_ptr<std::optional<IceCandidate>>);
    static void next_channel(connection&, waiter_ptr<DataChannel>);
    static void channel_readable(connection&, waiter_ptr<void>);
    static void candidate_readable(connection&, waiter_ptr<void>);
    static void negotiation_readable(connection&, waiter_ptr<void>);

    std::shared_ptr<connection> impl_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/peer_connection.ipp"
#include "cortc/impl/peer_connection_media.ipp"
#endif
