#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/log.hpp"
#include "cortc/identity/provider.hpp"
#include "cortc/identity/provider_call.hpp"
#include "cortc/sdp/fingerprint.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The two parts that a connection plays towards identity providers (RFC 8827 7.1). They belong to the
/// context's executor; their callbacks run there, at most once, and not at all once the ticket is gone.
namespace cortc {

/// What the provider that failed last had to say (webrtc-identity).
struct provider_report {
    std::optional<std::string> login_url;
    std::optional<std::string> error_info;
};

/// Who may be asked, and what the providers are told about us.
struct provider_context {
    std::shared_ptr<identity_resolver> providers;
    std::string origin;
};

/// Has our identity asserted. The assertion is kept, and serves every offer and answer until another provider
/// is set (webrtc-identity, "Requesting Identity Assertions").
class authenticating_party final : public std::enable_shared_from_this<authenticating_party> {
  public:
    struct source {
        std::shared_ptr<IdentityProvider> provider;
        std::string domain; // when there is no provider yet: whom to find
        IdentityProviderOptions options;
    };
    struct input {
        std::string contents;
        provider_context context;
        std::optional<std::string> peer; // for options that name none
    };
    /// The error is an Error with errc::operation. No assertion: there is no provider any more.
    using ready = std::function<void(std::exception_ptr, const std::optional<std::string>&)>;

    authenticating_party(std::shared_ptr<context_core> core, std::shared_ptr<provider_report> report)
        : core_(std::move(core)), report_(std::move(report)) {}

    /// Forgets the assertion; who waits for one gets the new provider's.
    void set(std::optional<source> next);
    [[nodiscard]] bool configured() const noexcept { return source_.has_value(); }
    /// May call back before it returns. All who wait share one request; without any it is cancelled.
    [[nodiscard]] provider_ticket_ptr request(input what, ready then);
    void close();

  private:
    void begin();
    void made(std::exception_ptr error, IdentityAssertionResult&& result);
    void complete(const std::exception_ptr& error);
    void withdraw(std::uint64_t id);
    void stop_call();

    std::shared_ptr<context_core> core_;
    std::shared_ptr<provider_report> report_;
    std::optional<source> source_;
    input input_;
    std::optional<std::string> assertion_; // of input_.contents
    std::shared_ptr<provider_call<IdentityAssertionResult>> call_;
    std::map<std::uint64_t, ready> waiting_;
    std::uint64_t last_ = 0;
};

/// Finds out who the peer is.
class relying_party final : public std::enable_shared_from_this<relying_party> {
  public:
    /// What a description says of its sender.
    struct claim {
        std::optional<std::string> identity; // a=identity
        std::vector<sdp::fingerprint> fingerprints;
    };
    using verdict = std::function<void(std::exception_ptr)>;

    relying_party(std::shared_ptr<context_core> core, std::shared_ptr<provider_report> report,
                  std::optional<std::string> target, logger log)
        : core_(std::move(core))
        , log_(std::move(log))
        , report_(std::move(report))
        , target_(std::move(target)) {}

    /// Whom the peer must prove to be: as configured, or as proved first.
    [[nodiscard]] const std::optional<std::string>& target() const noexcept { return target_; }
    /// With a target: whether a description may be applied. May call back before it returns.
    [[nodiscard]] provider_ticket_ptr check(claim what, provider_context context, verdict then);
    /// Without a target: a description was applied, to be validated when its turn comes.
    void observe(claim what, provider_context context);
    /// Whether observe() must hear of descriptions without a=identity, too.
    [[nodiscard]] bool validating() const noexcept { return !jobs_.empty(); }
    void peer_identity(waiter_ptr<IdentityAssertion> operation);
    void close(const std::exception_ptr& why);

  private:
    struct job {
        std::uint64_t id;
        claim what;
        provider_context context;
        verdict then; // none: nobody waits
    };
    void push(job next);
    void begin();
    void validated(const std::string& domain, std::exception_ptr error, IdentityValidationResult&& result);
    [[nodiscard]] std::vector<sdp::fingerprint> judge(const std::string& domain,
                                                      const IdentityValidationResult& result) const;
    void finish(std::exception_ptr error);
    void refuse(const std::exception_ptr& error);
    void withdraw(std::uint64_t id);
    void stop_call();

    std::shared_ptr<context_core> core_;
    logger log_;
    std::shared_ptr<provider_report> report_;
    std::optional<std::string> target_;
    std::optional<IdentityAssertion> identity_;
    std::vector<sdp::fingerprint> proved_;  // by the assertion validated last
    std::vector<sdp::fingerprint> applied_; // of the description that observe() heard of last
    std::deque<job> jobs_;                  // the first runs
    std::shared_ptr<provider_call<IdentityValidationResult>> call_;
    std::uint64_t last_ = 0;
    waiter_list<IdentityAssertion> waiting_;
    std::exception_ptr failure_; // of the peer that has a target to match
    std::exception_ptr closed_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/identity/impl/parties.ipp"
#endif
