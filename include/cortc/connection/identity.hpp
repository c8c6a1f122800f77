#pragma once

#include "cortc/configuration.hpp"
#include "cortc/connection/part_owner.hpp"
#include "cortc/identity/parties.hpp"
#include "cortc/sdp/fingerprint.hpp"
#include "cortc/session_description.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cortc {

/// Both sides of RFC 8827 for one connection: who we say we are, and who the peer must be.
class connection_identity {
  public:
    using fingerprints = std::vector<sdp::fingerprint>;
    using asserted = std::function<void(std::exception_ptr, const std::optional<std::string>& assertion)>;
    using validated = std::function<void(std::exception_ptr)>;

    /// `configuration` is asked for providers and origin whenever they are needed; it must outlive this.
    connection_identity(part_owner& owner, const Configuration& configuration);

    void set_provider(std::shared_ptr<IdentityProvider> provider, std::string domain,
                      IdentityProviderOptions options);
    [[nodiscard]] bool configured() const noexcept { return ours_->configured(); }
    /// Whom the peer must prove to be.
    [[nodiscard]] const std::optional<std::string>& target() const noexcept { return theirs_->target(); }
    [[nodiscard]] const provider_report& report() const noexcept { return *report_; }

    /// getIdentityAssertion, for a certificate with these fingerprints, as soon as `with_fingerprints` has
    /// called back with them. Fails at once when no provider is set.
    void assertion(waiter_ptr<std::string> operation,
                   const std::function<void(std::function<void(std::exception_ptr, const fingerprints&)>)>&
                       with_fingerprints);
    /// For an offer or an answer, whose failure names the provider's otherwise. May call back before it
    /// returns, and not at all once the ticket is gone.
    [[nodiscard]] provider_ticket_ptr assert_for(const fingerprints& of, asserted then);
    /// Whether the description may be applied; null when nothing has to be validated first, and `then` was
    /// called.
    [[nodiscard]] provider_ticket_ptr validate(const SessionDescription& description, validated then);
    /// Without a target identity: the description was applied, and is validated when its turn comes.
    void observe(const SessionDescription& description);
    void peer_identity(waiter_ptr<IdentityAssertion> operation);
    void close(const std::exception_ptr& why);

  private:
    [[nodiscard]] provider_context context() const;
    [[nodiscard]] authenticating_party::input input(const fingerprints& of) const;

    part_owner& owner_;
    const Configuration& configuration_;
    std::shared_ptr<provider_report> report_ = std::make_shared<provider_report>();
    std::shared_ptr<authenticating_party> ours_;
    std::shared_ptr<relying_party> theirs_;
    waiter_list<std::string> assertions_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/identity.ipp"
#endif
