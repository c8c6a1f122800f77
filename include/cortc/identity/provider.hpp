#pragma once

#include "cortc/base/config.hpp"
#include "cortc/error.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

/// Who the peer is, proved by somebody both sides know (webrtc-identity, RFC 8827 section 7). A provider
/// signs the fingerprints of our certificate; the description carries what it signed as a=identity; the
/// peer's side asks the same provider whether it holds. In a browser a provider is a script loaded from its
/// domain; here it is an object of the application.
///
///     auto providers = std::make_shared<cortc::identity_registry>();
///     providers->add(cortc::IdentityProviderDetails("example.org"), provider);
///     cortc::Configuration configuration;
///     configuration.identity_providers = providers;       // who validates the peer's assertion
///     configuration.peerIdentity = "bob@example.org";     // whom it must prove to be
///     cortc::PeerConnection pc(ctx, configuration);
///     pc.setIdentityProvider("example.org");              // who asserts ours
namespace cortc {

namespace asio = boost::asio;

/// RTCIdentityProviderDetails (webrtc-identity).
class IdentityProviderDetails {
  public:
    IdentityProviderDetails() = default;
    /// Its members, in their order.
    explicit IdentityProviderDetails(std::string a_domain, std::string a_protocol = "default")
        : domain(std::move(a_domain)), protocol(std::move(a_protocol)) {}

    friend bool operator==(const IdentityProviderDetails&, const IdentityProviderDetails&) = default;

    std::string domain;               ///< "example.org", perhaps with a port: "example.org:8443"
    std::string protocol = "default"; ///< the provider's own name for how it does it; without / and backslash
};

/// RTCIdentityProviderOptions (webrtc-identity).
class IdentityProviderOptions {
  public:
    IdentityProviderOptions() = default;

    std::string protocol = "default";        ///< of the provider; without / and backslash
    std::optional<std::string> usernameHint; ///< for whom to assert, as far as the provider needs to be told
    /// For a provider that binds its assertions to a pair. Absent: the target identity, if there is one.
    std::optional<std::string> peerIdentity;
};

/// RTCIdentityAssertionResult (webrtc-identity).
class IdentityAssertionResult {
  public:
    IdentityAssertionResult() = default;
    /// Its members, in their order.
    IdentityAssertionResult(IdentityProviderDetails an_idp, std::string an_assertion)
        : idp(std::move(an_idp)), assertion(std::move(an_assertion)) {}

    IdentityProviderDetails idp; ///< who can validate it; need not be who made it
    /// UTF-8, and opaque to all but that provider. As base64 of JSON with `idp` it must fit into 16000 bytes.
    std::string assertion;
};

/// RTCIdentityValidationResult (webrtc-identity).
class IdentityValidationResult {
  public:
    IdentityValidationResult() = default;
    /// Its members, in their order.
    IdentityValidationResult(std::string an_identity, std::string the_contents)
        : identity(std::move(an_identity)), contents(std::move(the_contents)) {}

    /// "user@domain" (RFC 8827 8.1). In `user`, @ is written %40 and % is written %25, nothing else is
    /// escaped. `domain` must be the provider's, unless identity_resolver::trusts() says otherwise.
    std::string identity;
    std::string contents; ///< exactly the text that generateAssertion() was given on the other side
};

/// RTCIdentityAssertion (webrtc-identity): who the peer is.
class IdentityAssertion {
  public:
    IdentityAssertion() = default;
    /// Its members, in their order.
    IdentityAssertion(std::string an_idp, std::string a_name)
        : idp(std::move(an_idp)), name(std::move(a_name)) {}

    friend bool operator==(const IdentityAssertion&, const IdentityAssertion&) = default;

    std::string idp;  ///< the domain of the provider that validated it
    std::string name; ///< "user@domain"
};

/// RTCIdentityProvider (webrtc-identity). An object may serve any number of connections, of its own domain or
/// of several.
///
/// @par Errors
/// - IdentityProviderError: says why it failed.
/// - Any other exception: errorDetail "idp-execution-failure" for those who wait.
/// - Neither after 15 seconds of the context's time: "idp-timeout".
///
/// @par Cancellation
/// Nobody waits any more when the time is up, the operation that needs the provider is cancelled, or the
/// connection is closed. Whoever waited goes on at once, and the coroutine gets terminal cancellation, on the
/// context's executor.
/// - A coroutine that does not listen just ends later, and what it returns is dropped.
/// - One that has moved to another executor must not listen to it there: co_spawn what runs elsewhere with a
///   token without a cancellation slot, or bind one that is never signaled.
///
/// @par Thread safety
/// Both coroutines are started on the executor of the connection's context and may go on wherever they like;
/// their outcome is taken back to it.
class IdentityProvider {
  public:
    IdentityProvider() = default;
    IdentityProvider(const IdentityProvider&) = delete;
    IdentityProvider& operator=(const IdentityProvider&) = delete;
    virtual ~IdentityProvider() = default;

    /// `contents` is what to assert: an opaque text, the fingerprints of the connection's certificate as RFC
    /// 8827 7.4 writes them. `origin` is Configuration::identity_origin.
    virtual asio::awaitable<IdentityAssertionResult>
    generateAssertion(std::string contents, std::string origin, IdentityProviderOptions options) = 0;
    /// `assertion` is what generateAssertion() returned on the other side, if the peer and whoever carried
    /// the description are honest: it is not to be trusted before it is validated.
    virtual asio::awaitable<IdentityValidationResult> validateAssertion(std::string assertion,
                                                                        std::string origin) = 0;
};

/// What a provider throws to say why it failed. The operation fails with this errorDetail and HTTP status;
/// PeerConnection::idpLoginUrl() and idpErrorInfo() return the rest.
class IdentityProviderError : public Error {
  public:
    /// `detail` is one of error_detail::idp_...; any other counts as idp_execution_failure.
    IdentityProviderError(error_detail detail, std::string message);

    std::optional<std::string> idpLoginUrl;  ///< with idp_need_login: where the user can log in
    std::optional<std::string> idpErrorInfo; ///< whatever the provider has to say, perhaps JSON
};

/// Finds the provider that an assertion names: what the well-known URI of a domain is to a browser (RFC 8827
/// 7.5). Given as Configuration::identity_providers. Without one, and where it finds nobody, validation fails
/// with errorDetail "idp-load-failure".
///
/// @par Thread safety
/// It is called on the executor of the connection's context.
class identity_resolver {
  public:
    identity_resolver() = default;
    identity_resolver(const identity_resolver&) = delete;
    identity_resolver& operator=(const identity_resolver&) = delete;
    virtual ~identity_resolver() = default;

    /// `who` comes from the peer. An empty pointer, or an exception: nobody. Must not block; a provider that
    /// has to be fetched first does that in its coroutines.
    virtual std::shared_ptr<IdentityProvider> find(const IdentityProviderDetails& who) = 0;
    /// RFC 8827 8.1: whether the provider of `idp_domain` may speak for identities of another domain.
    virtual bool trusts(std::string_view idp_domain, std::string_view identity_domain) const;
};

/// A resolver that is a table. Domains are compared without regard to ASCII case (RFC 5890 2.3.2.4; convert
/// U-labels and A-labels to one form).
///
/// @par Thread safety
/// It belongs to one executor; connections of several contexts may share it once nothing is added any more.
class identity_registry final : public identity_resolver {
  public:
    /// Replaces whoever was there.
    void add(const IdentityProviderDetails& who, std::shared_ptr<IdentityProvider> provider);
    /// `idp_domain` may validate identities of `identity_domain`.
    void trust(std::string_view idp_domain, std::string_view identity_domain);

    std::shared_ptr<IdentityProvider> find(const IdentityProviderDetails& who) override;
    bool trusts(std::string_view idp_domain, std::string_view identity_domain) const override;

  private:
    std::map<std::pair<std::string, std::string>, std::shared_ptr<IdentityProvider>> providers_;
    std::set<std::pair<std::string, std::string>> trusted_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/identity/impl/provider.ipp"
#endif
