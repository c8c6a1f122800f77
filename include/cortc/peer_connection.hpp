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
#include <cstdint>
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
/// With use_awaitable an operation starts when it is awaited, with other tokens when the member is called.
/// cortc/events.md lists the W3C's events and what to await for each.
///
/// What holds for all members, and is not repeated below:
///
/// @par Errors
/// - Thrown is cortc::Error; its what() names the argument that is wrong.
/// - close() completes what waits with errc::aborted. (In the W3C it would never settle.)
/// - A moved-from connection throws errc::invalid_state.
///
/// @par Cancellation
/// - Through the token's slot, on the executor of the handler, whatever thread the context runs on.
/// - Terminal, partial and total cancellation mean the same, because nothing is ever half done: the operation
///   completes with asio::error::operation_aborted and has changed nothing, or it was complete already and
///   succeeds.
/// - Which of the three reaches an operation is Asio's matter: a coroutine lets only terminal cancellation
///   through unless it calls asio::this_coro::reset_cancellation_state; `||` cancels the loser with all.
///
/// @par Thread safety
/// - Asynchronous members: any thread. On the context's executor (a handler, a coroutine of its) they begin
/// at
///   once, as in the W3C; elsewhere (before run(), say) when they get there, in the order of the calls, and
///   behind plain members that are called meanwhile.
/// - Plain members, and the destructor: only the context's executor.
/// - The io_context must outlive connections and handles. From elsewhere, what is asked of a context whose
///   io_context has stopped, or is out of work, fails with errc::aborted; cancelled, or under a deadline, an
///   operation that the context has not begun ends at once, though nobody runs that. One that has begun keeps
///   its io_context at work; stop() suspends it until run() goes on, or the io_context is destroyed.
///
/// @par Completion
/// On the executor of the handler (a coroutine's own, a callback's associated one), else on the context's.
/// Never inside the call.
///
/// Most asynchronous members are of one of three kinds:
///
/// - **Operations of the chain** (webrtc-pc 4.4.1.2): createOffer(), createAnswer(), setLocalDescription(),
///   setRemoteDescription(), addIceCandidate() and RtpSender::replaceTrack(). They run one after another, in
///   the order in which they start. After close(): errc::invalid_state. A cancelled one leaves its place to
///   the next.
/// - **Levels**: connected() to iceGatheringStateChanged(). They complete when something is so, at once if it
///   is; any number may wait. They consume nothing: cancelling one, or racing it under `||`, changes nothing.
///   close() completes those with success that it makes true, the others with errc::aborted.
/// - **Streams**: nextIceCandidate() to negotiationNeeded(). They are buffered from construction and have one
///   reader each; a second: errc::invalid_state. After close() what is buffered can still be read, then
///   errc::aborted. Cancelled: nothing was taken.
///
/// A read of a stream consumes, so it must not stand under `||`, which discards the value of the loser. Use
/// cortc::timeout, or the two that each stream has beside it: the level ...Readable(), which completes when a
/// read would not wait (at the end of the stream, too), and try...(), which takes what is there, or nothing,
/// or throws what the read would.
class PeerConnection {
  public:
    /// A connection of this context, which may have any number.
    ///
    /// @par Errors, in this order
    /// - errc::type: iceCandidatePoolSize is not in 0 to 255, or a certificate is empty.
    /// - errc::not_supported: mbedTLS's headers are not its library's (MBEDTLS_SSL_DTLS_SRTP).
    /// - errc::invalid_access: a certificate has expired.
    /// - Those of setConfiguration() about rtcpMuxPolicy and servers.
    explicit PeerConnection(const context& where, Configuration configuration = {});
    /// With a context of its own, on the operating system's network and with default options. The same
    /// errors.
    explicit PeerConnection(asio::any_io_executor executor, Configuration configuration = {});
    /// What waits on the other one goes on: it belongs to the connection.
    PeerConnection(PeerConnection&&) noexcept = default;
    /// Closes the connection that was here.
    PeerConnection& operator=(PeerConnection&& other) noexcept;
    ~PeerConnection(); ///< close()

    /// Replaces the whole configuration: members left out take their defaults (webrtc-pc 4.4.2
    /// setConfiguration). Servers and transport policy count from the next gathering phase on, which an ICE
    /// restart begins. It is checked before anything is changed.
    ///
    /// @par Errors, in this order
    /// - errc::invalid_state: closed.
    /// - errc::type: iceCandidatePoolSize is not in 0 to 255, or a certificate is empty.
    /// - errc::invalid_modification: peerIdentity is set and not the target identity; certificates,
    ///   bundlePolicy or rtcpMuxPolicy differ from before; so does iceCandidatePoolSize after
    ///   setLocalDescription().
    /// - errc::not_supported: rtcpMuxPolicy is `negotiate`.
    /// - errc::syntax: a server has no URL, or one that RFC 7064 and RFC 7065 do not allow.
    /// - errc::invalid_access: a TURN server's username or credential is missing, empty, not UTF-8 or holds
    ///   control characters, or the username has more than 508 bytes.
    ///
    /// The last two are looked for server by server, URL by URL.
    void setConfiguration(Configuration configuration);
    /// What was set last. A certificate that the context made is not in it. Never fails, nor after close().
    [[nodiscard]] Configuration getConfiguration() const;
    /// The W3C's static member; see cortc::generateCertificate.
    template <class... Arguments>
    [[nodiscard]] static auto generateCertificate(const context& where, Arguments&&... arguments) {
        return cortc::generateCertificate(where, std::forward<Arguments>(arguments)...);
    }

    // The operations of the chain.

    ///@{
    /// An offer for the channels and sections that there are (webrtc-pc 4.4.2 createOffer). With an identity
    /// provider it waits for the assertion.
    ///
    /// @par Errors
    /// - errc::invalid_state: closed, or a remote offer is pending.
    /// - errc::not_readable: the identity provider failed; errorDetail() says how.
    /// - errc::operation: no certificate could be made.
    ///
    /// @par Cancellation
    /// No offer was made; the identity provider is cancelled.
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
    /// The answer to the pending remote offer (webrtc-pc 4.4.2 createAnswer). Identity provider and callbacks
    /// as with createOffer().
    ///
    ///     auto answer = co_await pc.createAnswer();
    ///     pc.createAnswer([](std::exception_ptr error, SessionDescription answer) { ... });
    ///
    /// @par Errors
    /// - errc::invalid_state: closed, or no remote offer is pending.
    /// - errc::not_readable, errc::operation: as createOffer().
    ///
    /// @par Cancellation
    /// No answer was made; the identity provider is cancelled.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto createAnswer(Token&& token = {}) {
        return initiate<SessionDescription>(home(), token,
                                            [impl = impl_](auto op) { create_answer(*impl, std::move(op)); });
    }
    /// Applies what createOffer() or createAnswer() returned last (webrtc-pc 4.4.2 setLocalDescription). An
    /// empty sdp stands for that; it is created if need be. `rollback` withdraws the pending offer. Gathering
    /// begins at once, and what it does is told after this has completed: iceGatheringState() is still what
    /// it was, and no candidate is in the description yet.
    ///
    /// @par Errors
    /// - errc::invalid_modification: the sdp is another one.
    /// - errc::invalid_state: closed, or the type does not fit the signaling state.
    /// - Those of createOffer() and createAnswer(), for what is to be created.
    ///
    /// @par Cancellation
    /// Nothing was applied.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto setLocalDescription(SessionDescription description, Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_, description = std::move(description)](auto op) mutable {
                                  set_local(*impl, std::move(description), std::move(op));
                              });
    }
    /// The same with the type that the signaling state asks for: an answer to a pending remote offer, else an
    /// offer.
    template <class Token = asio::use_awaitable_t<>>
    requires(!std::convertible_to<Token, SessionDescription>)
        [[nodiscard]] auto setLocalDescription(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { set_local(*impl, std::nullopt, std::move(op)); });
    }
    /// Applies the peer's description (webrtc-pc 4.4.2 setRemoteDescription). An offer that comes while ours
    /// is pending rolls ours back first.
    ///
    /// @par Errors
    /// - errc::operation with errorDetail "sdp-syntax-error" and sdpLineNumber(): it does not parse.
    /// - errc::invalid_access: what it says does not fit.
    /// - errc::invalid_state: closed, or the type does not fit the signaling state.
    /// - errc::operation with errorDetail "idp-...": the target identity, see below.
    ///
    /// A failure changes nothing, but for the offer of ours that was rolled back first.
    ///
    /// @par Cancellation
    /// As a failure. An identity provider that is asked is cancelled.
    ///
    /// @par Target identity
    /// With one (Configuration::peerIdentity, or the identity that was validated first) this waits until the
    /// description's a=identity is validated (RFC 8827 7.5). errorDetail says why it was not:
    /// - "idp-token-invalid": it is missing, malformed, somebody else's, or does not cover every
    ///   a=fingerprint.
    /// - "idp-load-failure": nobody can validate it.
    /// - Any other: what the provider threw.
    ///
    /// A description without a=identity is good when the last assertion covered its fingerprints. Without a
    /// target identity this neither waits nor fails for it: see peerIdentity().
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto setRemoteDescription(SessionDescription description, Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_, description = std::move(description)](auto op) mutable {
                                  set_remote(*impl, std::move(description), std::move(op));
                              });
    }
    /// Adds a candidate of the peer, or its end-of-candidates (webrtc-pc 4.4.2 addIceCandidate). No port is
    /// refused as browsers refuse those of other protocols (Fetch 2.9): a server has its own firewall.
    ///
    /// @par Errors
    /// - errc::type: neither sdpMid nor sdpMLineIndex is given.
    /// - errc::invalid_state: closed, or there is no remote description.
    /// - errc::operation: there is no such section or generation, or the line does not parse.
    ///
    /// @par Cancellation
    /// It was not added.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto addIceCandidate(IceCandidate candidate, Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_, candidate = std::move(candidate)](auto op) mutable {
                                  add_candidate(*impl, std::move(candidate), std::move(op));
                              });
    }

    // Identity (webrtc-identity; cortc/identity.hpp).

    /// Offers and answers created from now on carry an assertion of this provider. It is asked when the first
    /// one is needed, and what it returns is kept until this is called again. An empty pointer: none from now
    /// on. Operations that wait for the provider before wait for the new one.
    ///
    /// @par Errors
    /// - errc::invalid_state: closed.
    /// - errc::syntax: the protocol has / or backslash in it.
    void setIdentityProvider(std::shared_ptr<IdentityProvider> provider,
                             IdentityProviderOptions options = {});
    /// The W3C's form: when an assertion is needed, Configuration::identity_providers is asked for the
    /// provider of this domain and options.protocol ("idp-load-failure" when it finds none). An empty domain:
    /// none from now on. The same errors.
    void setIdentityProvider(std::string domain, IdentityProviderOptions options = {});
    /// The value of a=identity: what createOffer() will wait for. Need not be called; it lets the provider
    /// begin early.
    ///
    /// @par Errors
    /// - errc::invalid_state: closed, or no provider is set.
    /// - errc::operation: no certificate could be made; with errorDetail "idp-...": the provider failed.
    ///
    /// @par Cancellation
    /// The provider is cancelled, unless somebody else waits for it.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto getIdentityAssertion(Token&& token = {}) {
        return initiate<std::string>(home(), token,
                                     [impl = impl_](auto op) { identity_assertion(*impl, std::move(op)); });
    }
    /// A level: who the peer is, once its assertion is validated. After that it never changes.
    ///
    /// @par Errors
    /// - errc::operation with errorDetail "idp-...": a validation failed while this waited. What is called
    ///   later waits for the next validation. With a target identity it fails at once, until a validation
    ///   succeeds. (A promise of the W3C's could not succeed any more.)
    /// - errc::aborted: closed.
    ///
    /// @par Cancellation
    /// The validation goes on.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto peerIdentity(Token&& token = {}) {
        return initiate<IdentityAssertion>(home(), token,
                                           [impl = impl_](auto op) { peer_identity(*impl, std::move(op)); });
    }
    ///@{
    /// What the last IdentityProviderError said, whichever side's provider threw it.
    [[nodiscard]] std::optional<std::string> idpLoginUrl() const;
    [[nodiscard]] std::optional<std::string> idpErrorInfo() const;
    ///@}

    /// The next offer carries new ICE credentials, and negotiation becomes needed. Never fails; does nothing
    /// after close().
    void restartIce();
    ///@{
    /// A channel, to be used when its opened() completes (webrtc-pc 6.1 createDataChannel): over an
    /// association that is up, in the next task.
    ///
    ///     auto cursor = pc.createDataChannel("cursor", {.ordered = false, .maxRetransmits = 0});
    ///
    /// @par Errors, in this order
    /// - errc::invalid_state: closed.
    /// - errc::type: label or protocol has more than 65535 bytes; `negotiated` without id; both limits are
    ///   given; the id is 65535.
    /// - errc::operation: the id is in use, or not below maxChannels(); no id is free; beyond the W3C, it
    ///   would be one channel more than limits::data_channels, or the SCTP association has ended. (The W3C
    ///   makes that one, and it closes.)
    [[nodiscard]] DataChannel createDataChannel(std::string label, DataChannelInit init = {});
    /// A template, so that `{}` means the other one.
    template <class Named = NamedDataChannelInit>
    requires std::same_as<Named, NamedDataChannelInit>
    [[nodiscard]] DataChannel createDataChannel(std::string label, Named init) {
        return createDataChannel(std::move(label), DataChannelInit(init));
    }
    ///@}

    // Media (webrtc-pc 5.1). What is added or removed makes negotiation needed, and takes effect with it.
    // An mbedTLS that was built without MBEDTLS_SSL_DTLS_SRTP has no keys for it: addTrack and addTransceiver
    // then fail with errc::not_supported, audio and video in a remote offer is answered as rejected (port 0),
    // and data channels work all the same.

    ///@{
    /// Sends `track`, as a part of `streams`: through a transceiver of its kind that has no track and never
    /// sent, else through a new one (sendrecv), which the next remote offer with a section of its kind may
    /// take.
    ///
    /// @par Errors, in this order
    /// - errc::type: an empty handle.
    /// - errc::invalid_state: closed.
    /// - errc::not_supported: mbedTLS was built without MBEDTLS_SSL_DTLS_SRTP.
    /// - errc::invalid_access: a sender has this track already.
    /// - errc::type: more than 32 streams.
    RtpSender addTrack(const MediaStreamTrack& track, const std::vector<MediaStream>& streams);
    template <std::same_as<MediaStream>... Streams>
    RtpSender addTrack(const MediaStreamTrack& track, const Streams&... streams) {
        return addTrack(track, std::vector<MediaStream>{streams...});
    }
    ///@}
    /// The sender sends nothing any more, and the direction of its transceiver loses the half that sends.
    /// Does nothing when the transceiver is stopping or gone, or there is no track.
    ///
    /// @par Errors, in this order
    /// - errc::type: an empty handle.
    /// - errc::invalid_state: closed.
    /// - errc::invalid_access: it is another connection's.
    void removeTrack(const RtpSender& sender);
    ///@{
    /// A new transceiver, which our next offer gives a section. Audio has one encoding, without maxFramerate
    /// and scaleResolutionDownBy, video at most 16; what is beyond that is dropped.
    ///
    /// @par Errors, in this order
    /// - errc::type: a kind that is neither "audio" nor "video", an empty handle, direction `stopped`.
    /// - errc::invalid_state: closed.
    /// - errc::not_supported: mbedTLS was built without MBEDTLS_SSL_DTLS_SRTP.
    /// - sendEncodings. errc::type: rids are malformed, doubled, or some lack one; errc::operation: a codec
    ///   is not in getCapabilities(); errc::range: scaleResolutionDownBy is below 1, or maxFramerate not
    ///   above 0. (Rids are the only read-only member there is, so nothing is errc::invalid_access.)
    /// - errc::type: more than 32 streams; receive_rids are malformed, or of audio.
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

    /// Ends everything at once: operations complete with errc::aborted, and the peer is told. Idempotent. The
    /// W3C fires no event for it; here whoever awaits a change to `closed`, or a level that this makes true,
    /// goes on.
    void close();

    ///@{
    /// What this connection's log lines are marked with (log_origin): its number in its context, and what the
    /// application calls it, empty at first. May be set at any time, also after close(); counts for lines to
    /// come.
    [[nodiscard]] std::uint64_t log_number() const;
    [[nodiscard]] std::string log_label() const;
    void log_label(std::string label);
    ///@}

    /// Whose offer is pending (webrtc-pc 4.3.1).
    [[nodiscard]] SignalingState signalingState() const;
    /// Of all transports together (webrtc-pc 4.3.2). close() leaves it as it was.
    [[nodiscard]] IceGatheringState iceGatheringState() const;
    /// Of all transports together (webrtc-pc 4.3.4).
    [[nodiscard]] IceConnectionState iceConnectionState() const;
    /// As webrtc-pc 4.3.3 has it, and beyond that: failed when the peer ended DTLS, which nothing brings
    /// back.
    [[nodiscard]] PeerConnectionState connectionState() const;
    /// Why connectionState() is `failed`, or was when the connection was closed: what connected() fails with.
    /// None otherwise. Its detail(), and errorDetail() as text, is one of
    /// - peer_closed, "peer-closed": the peer has ended the connection in order. Nothing brings it back.
    /// - ice_failure, "ice-failure": no way to the peer works, or none any more. A restart may find another.
    /// - dtls_failure, fingerprint_failure: there was no handshake, or with a stranger.
    [[nodiscard]] std::optional<Error> failure() const;
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

    /// Completes when connectionState() is `connected`.
    ///
    /// @par Errors
    /// - errc::network: the connection failed; failure() says how.
    /// - errc::aborted: closed.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto connected(Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_](auto op) { connected(*impl, std::move(op)); });
    }
    /// Completes when every candidate of the current local description's ICE generation is known, and in
    /// localDescription(). Before setLocalDescription() it waits for that.
    ///
    /// @par Errors
    /// - errc::aborted: closed, even if it was true before.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto gatheringComplete(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { gathering_complete(*impl, std::move(op)); });
    }
    /// Completes when every transport has selected a pair of the ICE generation of localDescription(), the
    /// pending one if there is one. IceRestartStats says when each step took place.
    /// - After setLocalDescription() with a restarting offer it waits for the answer and the nomination.
    /// - After a rollback it means the generation before again.
    /// - When nothing was restarted since, it is true at once.
    ///
    /// @par Errors
    /// - errc::network: the connection failed, and no offer is pending whose restart may help.
    /// - errc::aborted: closed.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto restarted(Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_](auto op) { restarted(*impl, std::move(op)); });
    }
    /// Completes when every task of the connection has ended and every socket is closed; at once, on any
    /// thread, whether or not the context still runs, when that is so. Never fails. It is the one operation
    /// that outlives the connection: `auto done = pc.closed(asio::deferred)` may be awaited after close().
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto closed(Token&& token = {}) {
        return initiate<void>(home(), token,
                              at_the_end([impl = impl_] { return over(*impl); },
                                         [impl = impl_](auto op) { closed(*impl, std::move(op)); }));
    }
    /// Completes when connectionState() is another than `from`, and returns it. States that were passed
    /// through meanwhile are left out, here and in the next three. All fail with errc::aborted after close()
    /// when nothing can change any more.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto stateChanged(PeerConnectionState from, Token&& token = {}) {
        return initiate<PeerConnectionState>(
            home(), token, [impl = impl_, from](auto op) { state_changed(*impl, from, std::move(op)); });
    }
    /// Completes when signalingState() is another than `from`, and returns it. Whatever the description
    /// changes has changed by then.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto signalingStateChanged(SignalingState from, Token&& token = {}) {
        return initiate<SignalingState>(
            home(), token, [impl = impl_, from](auto op) { signaling_changed(*impl, from, std::move(op)); });
    }
    /// Completes when iceConnectionState() is another than `from`, and returns it. It is told before the
    /// change of connectionState().
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto iceConnectionStateChanged(IceConnectionState from, Token&& token = {}) {
        return initiate<IceConnectionState>(
            home(), token, [impl = impl_, from](auto op) { ice_state_changed(*impl, from, std::move(op)); });
    }
    /// Completes when iceGatheringState() is another than `from`, and returns it. close() leaves the state as
    /// it was.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto iceGatheringStateChanged(IceGatheringState from, Token&& token = {}) {
        return initiate<IceGatheringState>(home(), token, [impl = impl_, from](auto op) {
            gathering_state_changed(*impl, from, std::move(op));
        });
    }
    /// The next change of the selected pair; returns the new one. No level: a change between two calls is
    /// missed. IceTransport::selectedCandidatePairChanged() misses none.
    ///
    /// @par Errors
    /// - errc::aborted: closed.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto selectedPairChanged(Token&& token = {}) {
        return initiate<SelectedPair>(
            home(), token, [impl = impl_](auto op) { selected_pair_changed(*impl, std::move(op)); });
    }

    /// Everything that is known in figures about the connection now (webrtc-pc 8.2 getStats without a
    /// selector). After close() it reports what was last, with its states closed. Costs microseconds for each
    /// candidate pair and channel, and nothing while it is not called.
    ///
    /// @par Errors
    /// - errc::aborted: the connection was destroyed before this began.
    ///
    /// @par Cancellation
    /// It waits for nothing but the context's executor. Cancelled on its way there it has done nothing,
    /// afterwards it succeeds.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto getStats(Token&& token = {}) {
        return initiate<StatsReport>(home(), token,
                                     [impl = impl_](auto op) { get_stats(*impl, std::move(op)); });
    }

    // Streams.

    /// The next local candidate, to be sent to the peer (webrtc-pc icecandidate).
    /// - One with empty text ends its generation; send it, too.
    /// - nullopt: gathering is complete; nothing to send. After an ICE restart more follow.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto nextIceCandidate(Token&& token = {}) {
        return initiate<std::optional<IceCandidate>>(
            home(), token, [impl = impl_](auto op) { next_candidate(*impl, std::move(op)); });
    }
    /// What is there. The inner optional is nextIceCandidate()'s, the outer one is empty when nothing is
    /// there.
    [[nodiscard]] std::optional<std::optional<IceCandidate>> tryNextIceCandidate();
    /// Completes when nextIceCandidate() would not wait.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto iceCandidateReadable(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { candidate_readable(*impl, std::move(op)); });
    }
    /// Why the next STUN or TURN server gave no candidate (webrtc-pc icecandidateerror). The others go on.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto nextIceCandidateError(Token&& token = {}) {
        return initiate<IceCandidateError>(
            home(), token, [impl = impl_](auto op) { next_candidate_error(*impl, std::move(op)); });
    }
    /// One that is there, or none.
    [[nodiscard]] std::optional<IceCandidateError> tryNextIceCandidateError();
    /// Completes when nextIceCandidateError() would not wait.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto iceCandidateErrorReadable(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { candidate_error_readable(*impl, std::move(op)); });
    }
    /// The next channel that the peer opened; it is open. At most limits::unread_channels wait to be taken;
    /// further ones are closed.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto nextDataChannel(Token&& token = {}) {
        return initiate<DataChannel>(home(), token,
                                     [impl = impl_](auto op) { next_channel(*impl, std::move(op)); });
    }
    /// One that is there, or none.
    [[nodiscard]] std::optional<DataChannel> tryNextDataChannel();
    /// Completes when nextDataChannel() would not wait.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto dataChannelReadable(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { channel_readable(*impl, std::move(op)); });
    }
    /// The next track that a description of the peer lets us receive, or adds to a stream. At most 1024 wait
    /// to be taken; further ones are only in getReceivers().
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto nextTrack(Token&& token = {}) {
        return initiate<TrackEvent>(home(), token,
                                    [impl = impl_](auto op) { next_track(*impl, std::move(op)); });
    }
    /// One that is there, or none.
    [[nodiscard]] std::optional<TrackEvent> tryNextTrack();
    /// Completes when nextTrack() would not wait.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto trackReadable(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { track_readable(*impl, std::move(op)); });
    }
    /// Completes when negotiation is needed (the W3C's negotiationneeded), once for each time it becomes so.
    /// At most one event waits to be taken.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto negotiationNeeded(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { negotiation_needed(*impl, std::move(op)); });
    }
    /// True when negotiation is needed; takes the event.
    [[nodiscard]] bool tryNegotiationNeeded();
    /// Completes when negotiationNeeded() would not wait.
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
    static bool over(const connection&) noexcept;
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
    static void next_candidate_error(connection&, waiter_ptr<IceCandidateError>);
    static void candidate_error_readable(connection&, waiter_ptr<void>);
    static void negotiation_readable(connection&, waiter_ptr<void>);

    std::shared_ptr<connection> impl_;
};

CORTC_EXTERN_AWAIT(SessionDescription);
CORTC_EXTERN_AWAIT(IdentityAssertion);
CORTC_EXTERN_AWAIT(PeerConnectionState);
CORTC_EXTERN_AWAIT(SignalingState);
CORTC_EXTERN_AWAIT(SelectedPair);
CORTC_EXTERN_AWAIT(StatsReport);
CORTC_EXTERN_AWAIT(std::optional<IceCandidate>);
CORTC_EXTERN_AWAIT(DataChannel);
CORTC_EXTERN_AWAIT(TrackEvent);

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/peer_connection.ipp"
#include "cortc/impl/peer_connection_media.ipp"
#endif
