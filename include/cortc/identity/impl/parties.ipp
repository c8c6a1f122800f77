#pragma once

#include "cortc/base/quoted.hpp"
#include "cortc/identity/parties.hpp"
#include "cortc/identity/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cortc {

namespace detail {

CORTC_DECL std::exception_ptr provider_error(error_detail detail, std::string message) {
    return std::make_exception_ptr(Error(errc::operation, std::move(message), detail));
}

/// What a provider threw, as the operation fails with it (webrtc-identity, "IdP Error Handling").
CORTC_DECL std::exception_ptr provider_failure(const std::exception_ptr& thrown, provider_report& report) {
    constexpr std::string_view who = "the identity provider failed: ";
    try {
        std::rethrow_exception(thrown);
    } catch (const IdentityProviderError& error) {
        report = {error.idpLoginUrl, error.idpErrorInfo};
        Error made(errc::operation, fmt::format("{}{}", who, error.what()), error.detail());
        if (auto status = error.httpRequestStatusCode()) made.http_request_status_code(*status);
        return std::make_exception_ptr(std::move(made));
    } catch (const Error& error) {
        return provider_error(is_of_provider(error.detail()) ? error.detail()
                                                             : error_detail::idp_execution_failure,
                              fmt::format("{}{}", who, error.what()));
    } catch (const std::exception& error) {
        return provider_error(error_detail::idp_execution_failure, fmt::format("{}{}", who, error.what()));
    } catch (...) {
        return provider_error(error_detail::idp_execution_failure,
                              fmt::format("{}what it threw is no std::exception", who));
    }
}

/// Throws Error with idp_load_failure.
CORTC_DECL std::shared_ptr<IdentityProvider> find_provider(const provider_context& context,
                                                           const IdentityProviderDetails& who) {
    std::string why;
    try {
        if (auto found = context.providers ? context.providers->find(who) : nullptr) return found;
    } catch (const std::exception& error) {
        why = fmt::format(": {}", error.what());
    } catch (...) {
        why = ": what identity_resolver::find threw is no std::exception";
    }
    throw Error(errc::operation,
                fmt::format("there is no identity provider {} with protocol {}{}", in_quotes(who.domain),
                            in_quotes(who.protocol), why),
                error_detail::idp_load_failure);
}

// The frames of these keep the provider while it works.
CORTC_DECL asio::awaitable<IdentityAssertionResult> generate(std::shared_ptr<IdentityProvider> provider,
                                                             std::string contents, std::string origin,
                                                             IdentityProviderOptions options) {
    co_return co_await provider->generateAssertion(std::move(contents), std::move(origin),
                                                   std::move(options));
}
CORTC_DECL asio::awaitable<IdentityValidationResult> validate(std::shared_ptr<IdentityProvider> provider,
                                                              std::string assertion, std::string origin) {
    co_return co_await provider->validateAssertion(std::move(assertion), std::move(origin));
}

} // namespace detail

// ---- the authenticating party

CORTC_DECL void authenticating_party::set(std::optional<source> next) {
    auto keep = shared_from_this();
    stop_call();
    assertion_.reset();
    source_ = std::move(next);
    if (waiting_.empty()) return;
    if (source_)
        begin();
    else
        complete(nullptr);
}

CORTC_DECL provider_ticket_ptr authenticating_party::request(input what, ready then) {
    auto keep = shared_from_this();
    if (!source_ || (assertion_ && input_.contents == what.contents)) {
        then(nullptr, assertion_);
        return nullptr;
    }
    input_ = std::move(what);
    const auto id = ++last_;
    waiting_.emplace(id, std::move(then));
    if (!call_) begin();
    return std::make_shared<provider_ticket>([weak = weak_from_this(), id] {
        if (auto self = weak.lock()) self->withdraw(id);
    });
}

CORTC_DECL void authenticating_party::begin() {
    auto options = source_->options;
    if (!options.peerIdentity) options.peerIdentity = input_.peer;
    auto provider = source_->provider;
    if (!provider) {
        try {
            provider = detail::find_provider(input_.context,
                                             IdentityProviderDetails(source_->domain, options.protocol));
        } catch (...) {
            return complete(std::current_exception());
        }
    }
    call_ = std::make_shared<provider_call<IdentityAssertionResult>>(
        core_, [weak = weak_from_this()](std::exception_ptr error, IdentityAssertionResult&& result) {
            if (auto self = weak.lock()) self->made(std::move(error), std::move(result));
        });
    call_->start(
        detail::generate(std::move(provider), input_.contents, input_.context.origin, std::move(options)));
}

CORTC_DECL void authenticating_party::made(std::exception_ptr error, IdentityAssertionResult&& result) {
    call_ = nullptr;
    try {
        if (error) std::rethrow_exception(error);
        assertion_ = detail::print_assertion(result);
    } catch (...) {
        return complete(detail::provider_failure(std::current_exception(), *report_));
    }
    complete(nullptr);
}

CORTC_DECL void authenticating_party::complete(const std::exception_ptr& error) {
    auto all = std::exchange(waiting_, {});
    const auto assertion = assertion_;
    for (auto& [id, then] : all) then(error, assertion);
}

CORTC_DECL void authenticating_party::withdraw(std::uint64_t id) {
    if (waiting_.erase(id) != 0 && waiting_.empty()) stop_call();
}

CORTC_DECL void authenticating_party::stop_call() {
    if (auto call = std::exchange(call_, nullptr)) call->stop();
}

CORTC_DECL void authenticating_party::close() {
    stop_call();
    waiting_.clear();
    source_.reset();
}

// ---- the relying party

CORTC_DECL provider_ticket_ptr relying_party::check(claim what, provider_context context, verdict then) {
    auto keep = shared_from_this();
    if (!what.identity) {
        // RFC 8827 5.1.4: who was established stays so while the fingerprints do.
        std::exception_ptr error;
        if (what.fingerprints.empty() || !detail::covers(proved_, what.fingerprints))
            error = detail::provider_error(
                error_detail::idp_token_invalid,
                fmt::format("the description has no a=identity, and its peer must prove to be {}",
                            in_quotes(*target_)));
        if (error) refuse(error);
        then(error);
        return nullptr;
    }
    const auto id = ++last_;
    push({id, std::move(what), std::move(context), std::move(then)});
    return std::make_shared<provider_ticket>([weak = weak_from_this(), id] {
        if (auto self = weak.lock()) self->withdraw(id);
    });
}

CORTC_DECL void relying_party::observe(claim what, provider_context context) {
    applied_ = what.fingerprints;
    if (!what.identity) return;
    // Only the newest description that waits its turn still matters.
    if (jobs_.size() > 1 && !jobs_.back().then) jobs_.pop_back();
    push({++last_, std::move(what), std::move(context), nullptr});
}

CORTC_DECL void relying_party::push(job next) {
    jobs_.push_back(std::move(next));
    if (jobs_.size() == 1) begin();
}

/// webrtc-identity, "Verifying Identity Assertions": one validation at a time.
CORTC_DECL void relying_party::begin() {
    const auto& now = jobs_.front();
    try {
        const auto read = detail::parse_assertion(*now.what.identity);
        if (!read) throw Error(errc::operation, "a=identity is malformed", error_detail::idp_token_invalid);
        auto provider = detail::find_provider(now.context, read->idp);
        call_ = std::make_shared<provider_call<IdentityValidationResult>>(
            core_, [weak = weak_from_this(), domain = read->idp.domain](std::exception_ptr error,
                                                                        IdentityValidationResult&& result) {
                if (auto self = weak.lock()) self->validated(domain, std::move(error), std::move(result));
            });
        call_->start(detail::validate(std::move(provider), read->assertion, now.context.origin));
    } catch (...) {
        finish(std::current_exception());
    }
}

CORTC_DECL void relying_party::validated(const std::string& domain, std::exception_ptr error,
                                         IdentityValidationResult&& result) {
    call_ = nullptr;
    if (error) return finish(detail::provider_failure(error, *report_));
    try {
        proved_ = judge(domain, result);
    } catch (...) {
        return finish(std::current_exception());
    }
    if (!target_) target_ = result.identity;
    if (!identity_) identity_ = IdentityAssertion(domain, std::move(result.identity));
    finish(nullptr);
}

/// What remains to be seen once the provider is content (webrtc-identity, "Verifying Identity Assertions";
/// RFC 8827 8.1). Throws Error, or returns the fingerprints that are proved.
CORTC_DECL std::vector<sdp::fingerprint> relying_party::judge(const std::string& domain,
                                                              const IdentityValidationResult& result) const {
    const auto fail = [](std::string message) {
        throw Error(errc::operation, std::move(message), error_detail::idp_token_invalid);
    };
    const auto& now = jobs_.front();
    auto proved = detail::parse_contents(result.contents);
    if (!proved) fail("the contents of the identity assertion are malformed");
    if (now.what.fingerprints.empty()) fail("the description has a=identity and no a=fingerprint");
    // Nobody waited for this description: another may have taken its place, with other fingerprints.
    if (!detail::covers(*proved, now.what.fingerprints) || (!now.then && !detail::covers(*proved, applied_)))
        fail("the identity assertion does not cover every a=fingerprint of the description");
    const auto named = detail::domain_of(result.identity);
    if (!named) fail("the identity that the provider returned is not of the form user@domain");
    const auto host = detail::host_of(domain);
    const auto& providers = now.context.providers;
    if (!detail::same_domain(host, *named) && !(providers && providers->trusts(host, *named)))
        fail(fmt::format("the identity provider of {} does not speak for {}", in_quotes(host),
                         in_quotes(result.identity)));
    if (target_ && !detail::same_identity(*target_, result.identity))
        fail(fmt::format("the peer is {}, and must be {}", in_quotes(result.identity), in_quotes(*target_)));
    return std::move(*proved);
}

CORTC_DECL void relying_party::finish(std::exception_ptr error) {
    auto keep = shared_from_this();
    auto done = std::move(jobs_.front());
    jobs_.pop_front();
    if (error) {
        refuse(error);
    } else {
        failure_ = nullptr;
        waiting_.succeed_all(*identity_);
    }
    if (done.then) done.then(error);
    if (!call_ && !jobs_.empty()) begin();
}

CORTC_DECL void relying_party::refuse(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& why) {
        log_.warning("the peer's identity was not validated: {}", why.what());
    }
    waiting_.fail_all(error);
    if (target_) failure_ = error;
}

CORTC_DECL void relying_party::withdraw(std::uint64_t id) {
    const auto at = std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& each) { return each.id == id; });
    if (at == jobs_.end()) return;
    const bool running = at == jobs_.begin();
    jobs_.erase(at);
    if (!running) return;
    stop_call();
    if (!jobs_.empty()) begin();
}

CORTC_DECL void relying_party::stop_call() {
    if (auto call = std::exchange(call_, nullptr)) call->stop();
}

CORTC_DECL void relying_party::peer_identity(waiter_ptr<IdentityAssertion> operation) {
    if (identity_)
        operation->succeed(IdentityAssertion(*identity_));
    else if (closed_ || failure_)
        operation->fail(closed_ ? closed_ : failure_);
    else
        waiting_.add(std::move(operation));
}

CORTC_DECL void relying_party::close(const std::exception_ptr& why) {
    stop_call();
    jobs_.clear();
    closed_ = why;
    waiting_.fail_all(why);
}

} // namespace cortc
