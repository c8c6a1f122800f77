#pragma once

#include "cortc/base/config.hpp"
#include "cortc/certificate.hpp"

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cortc {

class identity_resolver;

/// RTCIceTransportPolicy (webrtc-pc 4.2.3): which candidates may be used.
enum class IceTransportPolicy { all, relay };
/// RTCBundlePolicy (webrtc-pc 4.2.4): which sections of an offer a peer can have that does not bundle. The
/// first of each kind (balanced), all (max_compat), or the first alone (max_bundle); the others are
/// bundle-only.
enum class BundlePolicy { balanced, max_compat, max_bundle };
/// RTCRtcpMuxPolicy (webrtc-pc 4.2.5). `negotiate`, which the W3C once had, is refused with
/// errc::not_supported: cortc always multiplexes RTCP.
enum class RtcpMuxPolicy { require, negotiate };

///@{
/// The names the W3C gives them: "relay", "max-bundle" ...
std::string_view to_string(IceTransportPolicy policy) noexcept;
std::string_view to_string(BundlePolicy policy) noexcept;
std::string_view to_string(RtcpMuxPolicy policy) noexcept;
///@}

/// The URLs of NamedIceServer: one, or several in braces.
class ice_server_urls {
  public:
    ice_server_urls() = default;
    ///@{
    /// Refers to the texts: `.urls = "stun:example.org"`, or `.urls = {"turn:a.example", "turn:b.example"}`.
    template <std::convertible_to<std::string_view> Url>
    constexpr ice_server_urls(const Url& url) noexcept : one_(url) {}
    constexpr ice_server_urls(std::initializer_list<std::string_view> urls) noexcept : several_(urls) {}
    ///@}

    /// Copies, for the texts are the caller's.
    [[nodiscard]] std::vector<std::string> copies() const {
        std::vector<std::string> made(several_.begin(), several_.end());
        if (several_.size() == 0 && one_.data()) made.emplace_back(one_);
        return made;
    }

  private:
    std::string_view one_{};
    std::initializer_list<std::string_view> several_{};
};

/// The members of an IceServer by their names, for IceServer({.urls = ...}). Nothing in it owns anything: it
/// is to be written in that call, not kept.
struct NamedIceServer {
    ice_server_urls urls{};                       ///< IceServer::urls
    std::optional<std::string_view> username{};   ///< IceServer::username
    std::optional<std::string_view> credential{}; ///< IceServer::credential
};

/// What a TURN server is asked with.
class IceCredentials {
  public:
    IceCredentials() = default;
    /// Both.
    IceCredentials(std::string a_username, std::string a_credential)
        : username(std::move(a_username)), credential(std::move(a_credential)) {}

    std::string username;   ///< as IceServer::username
    std::string credential; ///< as IceServer::credential
};

/// What a gathering phase wants credentials for.
class IceCredentialsRequest {
  public:
    IceCredentialsRequest() = default;
    /// Both.
    explicit IceCredentialsRequest(std::string a_url, bool is_refused = false)
        : url(std::move(a_url)), refused(is_refused) {}

    std::string url;      ///< of IceServer::urls
    bool refused = false; ///< the server has refused what it was told before in this phase (401)
};

/// A coroutine of the application's that makes credentials, or fetches them from who does: anything that is
/// called with an IceCredentialsRequest and returns boost::asio::awaitable<IceCredentials>. Copies are the
/// same provider, and equal.
class ice_credentials_provider {
  public:
    /// What is called; the request is a value, so that a coroutine may keep it.
    using function_type = std::function<boost::asio::awaitable<IceCredentials>(IceCredentialsRequest)>;

    ice_credentials_provider() = default; ///< none
    /// A copy of the function, which lives as long as calls of it do.
    template <class Function>
    requires std::constructible_from<function_type, Function> &&
        (!std::same_as<std::remove_cvref_t<Function>, ice_credentials_provider>)
            ice_credentials_provider(Function&& function)
        : function_(std::make_shared<const function_type>(std::forward<Function>(function))) {
        if (!*function_) function_ = nullptr;
    }

    /// Whether there is one.
    explicit operator bool() const noexcept { return function_ != nullptr; }
    /// Null: none.
    [[nodiscard]] const std::shared_ptr<const function_type>& function() const noexcept { return function_; }

    friend bool operator==(const ice_credentials_provider&, const ice_credentials_provider&) = default;

  private:
    std::shared_ptr<const function_type> function_;
};

/// RTCIceServer (webrtc-pc 4.2.2): a STUN or TURN server, with one URL or several ways to reach it.
///
///     IceServer("stun:stun.example.org")
///     IceServer({"turn:example.org", "turns:example.org"}, "user", "secret")
///     IceServer(std::vector<std::string>{"stun:one.example.org", "stun:two.example.org"})
///     IceServer({.urls = "turn:example.org", .username = "user", .credential = "secret"})
class IceServer {
  public:
    using optional_text = std::optional<std::string>; ///< none is not the same as an empty one

    IceServer() = default;
    ///@{
    /// Its members, in their order. Nothing is checked here: PeerConnection does that.
    template <std::convertible_to<std::string_view> Url>
    explicit IceServer(const Url& url, optional_text a_username = {}, optional_text a_credential = {})
        : urls{std::string(std::string_view(url))}
        , username(std::move(a_username))
        , credential(std::move(a_credential)) {}
    explicit IceServer(std::vector<std::string> the_urls, optional_text a_username = {},
                       optional_text a_credential = {})
        : urls(std::move(the_urls)), username(std::move(a_username)), credential(std::move(a_credential)) {}
    /// A template, so that braces without names mean the others.
    template <class Named = NamedIceServer>
    requires std::same_as<Named, NamedIceServer>
    explicit IceServer(Named members)
        : urls(members.urls.copies()), username(members.username), credential(members.credential) {}
    ///@}

    friend bool operator==(const IceServer&, const IceServer&) = default;

    std::vector<std::string> urls; ///< stun:, stuns:, turn:, turns: (RFC 7064, RFC 7065); at least one
    optional_text username;        ///< TURN needs both; UTF-8, 1 to 508 bytes (RFC 8489 14.3)
    optional_text credential;      ///< the long-term password; UTF-8, not empty (RFC 8265 4.1)
    /// Beyond the W3C: who makes the two, for a TURN server whose credentials are for a time. With it they
    /// are not looked at. It is asked for each TURN URL at the begin of each gathering phase, and once more
    /// if the server refuses what it gave (401).
    ///
    /// @par Errors
    /// What it throws, and credentials that would not do for `username` and `credential`, are an
    /// icecandidateerror of this URL (PeerConnection::nextIceCandidateError()) with the code 701, or 401 when
    /// it was asked again; nothing else is concerned.
    ///
    /// @par Cancellation
    /// It is cancelled when its phase ends without it: by close(), by a restart, or after 10 s.
    ///
    /// @par Thread safety
    /// It runs on the context's executor.
    ice_credentials_provider credentials;
};

/// RTCConfiguration (webrtc-pc 4.2.1), and peerIdentity of webrtc-identity. The constructor of PeerConnection
/// and setConfiguration() say what they refuse.
class Configuration {
  public:
    Configuration() = default;

    friend bool operator==(const Configuration&, const Configuration&) = default;

    /// The best first; those beyond the first 64 are ignored. Each gathering asks those of its time, side by
    /// side and at most 10 s: TURN servers over UDP, TCP, TLS and DTLS (context_options::server_trust), STUN
    /// servers over UDP. One that does not answer, or cannot be trusted, gives an error
    /// (PeerConnection::nextIceCandidateError()), and so does a STUN server over TCP or TLS, which is not
    /// asked: what it sees is no address of a UDP candidate.
    std::vector<IceServer> iceServers;
    /// `relay`: no candidates but relayed ones are gathered, signaled or used.
    IceTransportPolicy iceTransportPolicy = IceTransportPolicy::all;
    BundlePolicy bundlePolicy = BundlePolicy::balanced;   ///< cannot be changed later
    RtcpMuxPolicy rtcpMuxPolicy = RtcpMuxPolicy::require; ///< the only one; cannot be changed later
    /// What the connection may show its peer: the fingerprints of all stand in every description, and the
    /// first that the peer can do with is shown (an RSA one to a peer without ECDSA, say). None: one that the
    /// context makes and all its connections share. Cannot be changed later.
    std::vector<Certificate> certificates;
    /// 0 to 255: for so many transports, and no more than 16, candidates are gathered as soon as the
    /// connection is made, and told with the first local description at once. One transport is what a
    /// connection has whose sections are bundled in the end; an offer whose bundlePolicy is balanced takes
    /// one for data and one for each kind of media. Those that the first negotiation did not need are freed.
    /// Other servers, another policy or other addresses of the machine: gathered again. What STUN servers saw
    /// is not asked for again meanwhile: a NAT may forget it in half a minute. Cannot be changed after
    /// setLocalDescription.
    int iceCandidatePoolSize = 0;
    /// Whom the peer must prove to be (webrtc-identity): "user@domain". No description of another, or of
    /// nobody, is applied. Cannot be changed later; without it the first identity that is validated is what
    /// cannot change.
    std::optional<std::string> peerIdentity;
    /// Who validates the peer's identity assertions: without it, nobody. Counts for descriptions that come
    /// later.
    std::shared_ptr<identity_resolver> identity_providers;
    /// What identity providers are told is our origin, for their policies: "https://app.example.org". In a
    /// browser that is the page's.
    std::string identity_origin;
};

/// RTCOfferOptions. Trivially destructible: `pc.createOffer({.iceRestart = true})` is safe under co_await.
struct OfferOptions {
    bool iceRestart = false; ///< the offer carries new ICE credentials
};

/// RTCPriorityType (webrtc-priority 4.1). Channels that have something to send share the connection as
/// 1 : 2 : 4 : 8.
enum class PriorityType { very_low, low, medium, high };

struct NamedDataChannelInit;

/// RTCDataChannelInit (webrtc-pc 6.2.2, webrtc-priority 4.3).
class DataChannelInit {
  public:
    DataChannelInit() = default;
    explicit DataChannelInit(const NamedDataChannelInit& members); ///< the same

    bool ordered = true; ///< false: a message that was lost does not hold up those behind it
    /// Milliseconds after which a message that did not arrive is given up. At most one of the two limits;
    /// none: every message arrives.
    std::optional<std::uint16_t> maxPacketLifeTime;
    std::optional<std::uint16_t> maxRetransmits; ///< how often a message is sent again before it is given up
    std::string protocol;                        ///< at most 65535 bytes
    bool negotiated = false;         ///< the peer is not told: it makes the same channel, with the same id
    std::optional<std::uint16_t> id; ///< 0..65534; needed and used only with `negotiated`
    PriorityType priority = PriorityType::low; ///< among the channels of the connection
};

/// The members of a DataChannelInit by their names:
///
///     auto cursor = pc.createDataChannel("cursor", {.ordered = false, .maxRetransmits = 0});
///
/// Trivially destructible, and so safe under co_await, where g++ 12 corrupts other braced temporaries. It
/// does not own `protocol`: it is to be written in that call, not kept.
struct NamedDataChannelInit {
    bool ordered = true;                              ///< DataChannelInit::ordered
    std::optional<std::uint16_t> maxPacketLifeTime{}; ///< DataChannelInit::maxPacketLifeTime
    std::optional<std::uint16_t> maxRetransmits{};    ///< DataChannelInit::maxRetransmits
    std::string_view protocol{};                      ///< DataChannelInit::protocol
    bool negotiated = false;                          ///< DataChannelInit::negotiated
    std::optional<std::uint16_t> id{};                ///< DataChannelInit::id
    PriorityType priority = PriorityType::low;        ///< DataChannelInit::priority
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/configuration.ipp"
#endif
