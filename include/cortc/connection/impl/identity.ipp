#pragma once

#include "cortc/connection/identity.hpp"
#include "cortc/identity/text.hpp"
#include "cortc/sdp/parse.hpp"

#include <fmt/format.h>

#include <utility>

namespace cortc {

namespace detail {

/// createOffer, createAnswer and setLocalDescription name a provider's failure otherwise than
/// getIdentityAssertion does (webrtc-identity, "Creating an Offer").
CORTC_DECL std::exception_ptr not_readable(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const Error& error) {
        Error made(errc::not_readable, error.what(), error.detail());
        if (auto status = error.httpRequestStatusCode()) made.http_request_status_code(*status);
        return std::make_exception_ptr(std::move(made));
    } catch (...) {
        return failure;
    }
}

CORTC_DECL relying_party::claim claim_of(const sdp::session_description& description) {
    return {description.identity, fingerprints_of(description)};
}

CORTC_DECL std::exception_ptr no_identity_provider() {
    return make_error(errc::invalid_state,
                      "getIdentityAssertion: no identity provider is set; see setIdentityProvider");
}

} // namespace detail

CORTC_DECL connection_identity::connection_identity(part_owner& owner, const Configuration& configuration)
    : owner_(owner)
    , configuration_(configuration)
    , ours_(std::make_shared<authenticating_party>(owner.core(), report_))
    , theirs_(std::make_shared<relying_party>(owner.core(), report_, configuration.peerIdentity,
                                              owner.log("identity"))) {}

CORTC_DECL void connection_identity::set_provider(std::shared_ptr<IdentityProvider> provider,
                                                  std::string domain, IdentityProviderOptions options) {
    if (owner_.is_closed()) throw Error(errc::invalid_state, "setIdentityProvider: the connection is closed");
    if (!detail::is_protocol(options.protocol))
        throw Error(errc::syntax, fmt::format("setIdentityProvider: the protocol \"{}\" has / or a backslash",
                                              options.protocol));
    std::optional<authenticating_party::source> next;
    if (provider || !domain.empty()) next = {std::move(provider), std::move(domain), std::move(options)};
    ours_->set(std::move(next));
}

CORTC_DECL provider_context connection_identity::context() const {
    return {configuration_.identity_providers, configuration_.identity_origin};
}

CORTC_DECL authenticating_party::input connection_identity::input(const fingerprints& of) const {
    return {detail::print_contents(of), context(), theirs_->target()};
}

CORTC_DECL void connection_identity::assertion(
    waiter_ptr<std::string> operation,
    const std::function<void(std::function<void(std::exception_ptr, const fingerprints&)>)>&
        with_fingerprints) {
    if (!ours_->configured()) return void(operation->fail(detail::no_identity_provider()));
    assertions_.add(operation);
    with_fingerprints([this, operation](std::exception_ptr error, const fingerprints& of) {
        if (error) return void(operation->fail(std::move(error)));
        if (operation->done()) return;
        auto ticket = ours_->request(
            input(of), [operation](std::exception_ptr failed, const std::optional<std::string>& made) {
                if (failed || !made)
                    operation->fail(failed ? failed : detail::no_identity_provider());
                else
                    operation->succeed(std::string(*made));
            });
        operation->on_cancel([ticket] {}); // goes with the operation, however that ends
    });
}

CORTC_DECL provider_ticket_ptr connection_identity::assert_for(const fingerprints& of, asserted then) {
    return ours_->request(input(of), [then = std::move(then)](std::exception_ptr error,
                                                              const std::optional<std::string>& assertion) {
        then(error ? detail::not_readable(error) : nullptr, assertion);
    });
}

CORTC_DECL provider_ticket_ptr connection_identity::validate(const SessionDescription& description,
                                                             validated then) {
    if (theirs_->target())
        if (const auto parsed = sdp::parse(description.sdp))
            return theirs_->check(detail::claim_of(*parsed), context(), std::move(then));
    then(nullptr); // who applies a description that is none says what is wrong with it
    return nullptr;
}

/// webrtc-identity, "Setting a Remote Description": without a target identity, validation must not hold up
/// what was applied.
CORTC_DECL void connection_identity::observe(const SessionDescription& description) {
    if (theirs_->target() || description.type == SdpType::rollback) return;
    if (!theirs_->validating() && description.sdp.find("a=identity:") == std::string::npos) return;
    if (const auto parsed = sdp::parse(description.sdp))
        theirs_->observe(detail::claim_of(*parsed), context());
}

CORTC_DECL void connection_identity::peer_identity(waiter_ptr<IdentityAssertion> operation) {
    theirs_->peer_identity(std::move(operation));
}

CORTC_DECL void connection_identity::close(const std::exception_ptr& why) {
    ours_->close();
    theirs_->close(why);
    assertions_.fail_all(why);
}

} // namespace cortc
