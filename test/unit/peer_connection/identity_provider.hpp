#pragma once

#include "test/support/outcome.hpp"
#include "test/support/two_hosts.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace cortc::test {

/// Asserts one identity, in the clear, and validates what it or another of its domain asserted.
class provider final : public IdentityProvider {
  public:
    provider(context where, std::string identity, std::string domain = "example.org")
        : where_(std::move(where)), identity_(std::move(identity)), details(std::move(domain)) {}

    asio::awaitable<IdentityAssertionResult> generateAssertion(std::string the_contents,
                                                               std::string the_origin,
                                                               IdentityProviderOptions the_options) override {
        ++generated;
        contents = the_contents;
        origin = the_origin;
        options = the_options;
        co_await work();
        co_return IdentityAssertionResult(details, identity_ + '|' + the_contents);
    }
    asio::awaitable<IdentityValidationResult> validateAssertion(std::string assertion,
                                                                std::string the_origin) override {
        ++validated;
        origin = the_origin;
        co_await work();
        const auto bar = assertion.find('|');
        if (bar == std::string::npos) throw std::runtime_error("not signed");
        co_return IdentityValidationResult(assertion.substr(0, bar), assertion.substr(bar + 1));
    }

  private:
    asio::awaitable<void> work() {
        if (failure) std::rethrow_exception(failure);
        if (delay == duration::zero()) co_return;
        timer pause(where_);
        try {
            co_await pause.wait(delay);
        } catch (...) {
            ++cancelled;
            throw;
        }
    }

    context where_;
    std::string identity_;

  public:
    IdentityProviderDetails details;
    duration delay{};
    std::exception_ptr failure;
    int generated = 0, validated = 0, cancelled = 0;
    std::string contents, origin;
    IdentityProviderOptions options;
};

inline std::shared_ptr<provider> make_provider(const context& where,
                                               std::string identity = "alice@example.org",
                                               std::string domain = "example.org") {
    return std::make_shared<provider>(where, std::move(identity), std::move(domain));
}

/// A registry that knows this one.
inline std::shared_ptr<identity_registry> registry_of(const std::shared_ptr<provider>& who) {
    auto made = std::make_shared<identity_registry>();
    made->add(who->details, who);
    return made;
}

inline Configuration validating(std::shared_ptr<identity_resolver> providers,
                                std::optional<std::string> target = {}) {
    Configuration made;
    made.identity_providers = std::move(providers);
    made.peerIdentity = std::move(target);
    return made;
}

/// The value of the first line that begins so; empty when there is none.
inline std::string value_of(const std::string& sdp, const std::string& prefix) {
    const auto at = sdp.find("\r\n" + prefix);
    if (at == std::string::npos) return {};
    const auto begin = at + 2 + prefix.size();
    return sdp.substr(begin, sdp.find("\r\n", begin) - begin);
}
inline std::string identity_of(const SessionDescription& description) {
    return value_of(description.sdp, "a=identity:");
}
/// The same description with another a=identity; none when `value` is empty.
inline SessionDescription with_identity(SessionDescription description, const std::string& value) {
    const std::string prefix = "a=identity:";
    auto& sdp = description.sdp;
    if (const auto at = sdp.find(prefix); at != std::string::npos)
        sdp.erase(at, sdp.find("\r\n", at) + 2 - at);
    if (!value.empty()) sdp.insert(sdp.find("m="), prefix + value + "\r\n");
    return description;
}
/// The same description with other fingerprints.
inline SessionDescription with_other_fingerprints(SessionDescription description) {
    const std::string prefix = "a=fingerprint:sha-256 ";
    auto& sdp = description.sdp;
    for (auto at = sdp.find(prefix); at != std::string::npos; at = sdp.find(prefix, at + 1))
        sdp.replace(at + prefix.size(), 5,
                    sdp.compare(at + prefix.size(), 5, "00:00") == 0 ? "11:11" : "00:00");
    return description;
}

/// An operation with a callback: what became of it, and a way to cancel it.
template <class T>
class cancellable {
  public:
    /// `begin(token)` starts it.
    template <class Begin>
    explicit cancellable(Begin begin) : state_(std::make_shared<state>()) {
        begin(asio::bind_cancellation_slot(state_->signal.slot(),
                                           [state = state_](std::exception_ptr error, T value) {
                                               state->done = true;
                                               state->outcome = told(error);
                                               state->value = std::move(value);
                                           }));
    }
    void cancel() { state_->signal.emit(asio::cancellation_type::terminal); }
    [[nodiscard]] bool done() const { return state_->done; }
    [[nodiscard]] const std::string& outcome() const { return state_->outcome; }
    [[nodiscard]] const T& value() const { return state_->value; }

  private:
    struct state {
        asio::cancellation_signal signal;
        bool done = false;
        std::string outcome;
        T value{};
    };
    std::shared_ptr<state> state_;
};
inline cancellable<SessionDescription> offering(PeerConnection& pc) {
    return cancellable<SessionDescription>(
        [&](auto token) { pc.createOffer(OfferOptions{}, std::move(token)); });
}
inline cancellable<std::string> asserting(PeerConnection& pc) {
    return cancellable<std::string>([&](auto token) { pc.getIdentityAssertion(std::move(token)); });
}
inline cancellable<IdentityAssertion> identifying(PeerConnection& pc) {
    return cancellable<IdentityAssertion>([&](auto token) { pc.peerIdentity(std::move(token)); });
}

} // namespace cortc::test
