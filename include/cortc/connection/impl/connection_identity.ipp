#pragma once

#include "cortc/connection/connection.hpp"
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

/// Whether a remote description of this type fits the state: one that does not is refused before anybody
/// validates it.
CORTC_DECL bool may_follow(jsep::signaling_state state, SdpType type) noexcept {
    switch (type) {
    case SdpType::offer:
        return state == jsep::signaling_state::stable || state == jsep::signaling_state::have_local_offer ||
               state == jsep::signaling_state::have_remote_offer;
    case SdpType::answer:
    case SdpType::pranswer:
        return state == jsep::signaling_state::have_local_offer ||
               state == jsep::signaling_state::have_remote_pranswer;
    case SdpType::rollback:
        return false;
    }
    return false;
}

/// Whether a local description of this type (none: of the one that fits) can be created.
CORTC_DECL bool can_create(jsep::signaling_state state, std::optional<SdpType> type) noexcept {
    const bool offer =
        state == jsep::signaling_state::stable || state == jsep::signaling_state::have_local_offer;
    const bool answer = state == jsep::signaling_state::have_remote_offer ||
                        state == jsep::signaling_state::have_local_pranswer;
    if (!type) return offer || answer;
    if (*type == SdpType::offer) return offer;
    return *type != SdpType::rollback && answer;
}

CORTC_DECL relying_party::claim claim_of(const sdp::session_description& description) {
    return {description.identity, fingerprints_of(description)};
}

} // namespace detail

// ---- what the application asks for

CORTC_DECL void connection::set_identity_provider(std::shared_ptr<IdentityProvider> provider,
                                                  std::string domain, IdentityProviderOptions options) {
    if (closed_) throw Error(errc::invalid_state, "setIdentityProvider: the connection is closed");
    if (!detail::is_protocol(options.protocol))
        throw Error(errc::syntax, fmt::format("setIdentityProvider: the protocol \"{}\" has / or a backslash",
                                              options.protocol));
    std::optional<authenticating_party::source> next;
    if (provider || !domain.empty()) next = {std::move(provider), std::move(domain), std::move(options)};
    our_identity_->set(std::move(next));
}

CORTC_DECL void connection::identity_assertion(waiter_ptr<std::string> operation) {
    if (closed_) throw Error(errc::invalid_state, "getIdentityAssertion: the connection is closed");
    const auto no_provider = [] {
        return make_error(errc::invalid_state,
                          "getIdentityAssertion: no identity provider is set; see setIdentityProvider");
    };
    if (!our_identity_->configured()) return void(operation->fail(no_provider()));
    assertions_.add(operation);
    auto ask = [weak = weak_from_this(), operation, no_provider] {
        auto self = weak.lock();
        if (!self || operation->done()) return;
        auto ticket = self->our_identity_->request(
            self->identity_input(),
            [operation, no_provider](std::exception_ptr error, const std::optional<std::string>& assertion) {
                if (error || !assertion)
                    operation->fail(error ? error : no_provider());
                else
                    operation->succeed(std::string(*assertion));
            });
        operation->on_cancel([ticket] {}); // goes with the operation, however that ends
    };
    if (certificate_) return ask();
    core_->with_certificate(
        [weak = weak_from_this(), operation, ask](std::exception_ptr error, auto certificate) {
            auto self = weak.lock();
            if (error || !self)
                return void(operation->fail(errc::operation, "no certificate could be generated"));
            if (!self->certificate_) self->use_certificate(std::move(certificate));
            ask();
        });
}

CORTC_DECL void connection::peer_identity(waiter_ptr<IdentityAssertion> operation) {
    their_identity_->peer_identity(std::move(operation));
}

// ---- what operations of the chain wait for

CORTC_DECL provider_context connection::identity_context() const {
    return {configuration_.identity_providers, configuration_.identity_origin};
}

CORTC_DECL authenticating_party::input connection::identity_input() const {
    return {detail::print_contents(detail::sdp_fingerprints(*certificate_)), identity_context(),
            their_identity_->target()};
}

CORTC_DECL connection::preparation connection::to_create(std::optional<SdpType> type) {
    return [this, type](std::uint64_t id, prepared then) {
        with_certificate(id, [this, type, id, then = std::move(then)](std::exception_ptr error) {
            if (error || !detail::can_create(session_.state(), type)) return then(std::move(error));
            with_assertion(id, then);
        });
    };
}

CORTC_DECL void connection::with_assertion(std::uint64_t id, prepared then) {
    if (!our_identity_->configured()) {
        auto none = session_.set_identity_assertion(std::nullopt);
        return then(none ? nullptr : detail::to_exception(none.error()));
    }
    hold(id, our_identity_->request(identity_input(), [weak = weak_from_this(), id, then = std::move(then)](
                                                          std::exception_ptr error,
                                                          const std::optional<std::string>& assertion) {
        auto self = weak.lock();
        if (!self || !self->chained_.contains(id)) return;
        if (error) return then(detail::not_readable(error));
        auto joined = self->session_.set_identity_assertion(assertion);
        then(joined ? nullptr : detail::to_exception(joined.error()));
    }));
}

CORTC_DECL void connection::with_validation(std::uint64_t id, const SessionDescription& description,
                                            prepared then) {
    if (!their_identity_->target() || !detail::may_follow(session_.state(), description.type))
        return then(nullptr);
    const auto parsed = sdp::parse(description.sdp);
    if (!parsed) return then(nullptr); // the session says what is wrong with it
    hold(id, their_identity_->check(
                 detail::claim_of(*parsed), identity_context(),
                 [weak = weak_from_this(), id, then = std::move(then)](std::exception_ptr error) {
                     auto self = weak.lock();
                     if (self && self->chained_.contains(id)) then(std::move(error));
                 }));
}

/// webrtc-identity, "Setting a Remote Description": without a target identity, validation must not hold up
/// what was applied.
CORTC_DECL void connection::observe_identity(const SessionDescription& description) {
    if (their_identity_->target() || description.type == SdpType::rollback) return;
    if (!their_identity_->validating() && description.sdp.find("a=identity:") == std::string::npos) return;
    if (const auto parsed = sdp::parse(description.sdp))
        their_identity_->observe(detail::claim_of(*parsed), identity_context());
}

/// An operation that is cancelled or ends lets go of the provider.
CORTC_DECL void connection::hold(std::uint64_t id, provider_ticket_ptr ticket) {
    if (auto at = chained_.find(id); at != chained_.end()) at->second.provider = std::move(ticket);
}

CORTC_DECL void connection::close_identity(const std::exception_ptr& why) {
    our_identity_->close();
    their_identity_->close(why);
    assertions_.fail_all(why);
}

} // namespace cortc
