#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/log.hpp"
#include "cortc/connection/configuration.hpp"
#include "cortc/connection/conversions.hpp"
#include "cortc/connection/identity.hpp"
#include "cortc/connection/negotiation.hpp"
#include "cortc/connection/operations.hpp"
#include "cortc/connection/part_owner.hpp"
#include "cortc/crypto/certificate.hpp"
#include "cortc/ice_candidate.hpp"
#include "cortc/jsep/session.hpp"
#include "cortc/session_description.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cortc {

/// Offers and answers: the operations chain, the jsep session and the certificates that it describes.
class negotiator final : public negotiation {
  public:
    /// Who does what the session decided.
    class listener {
      public:
        /// Drain session().poll_event().
        virtual void apply_session() = 0;

      protected:
        ~listener() = default;
    };

    negotiator(part_owner& owner, listener& to, connection_settings& settings, connection_identity& identity);

    // Operations.
    void create_offer(OfferOptions options, waiter_ptr<SessionDescription> operation);
    void create_answer(waiter_ptr<SessionDescription> operation);
    void set_local(std::optional<SessionDescription> description, waiter_ptr<void> operation);
    void set_remote(SessionDescription description, waiter_ptr<void> operation);
    void add_candidate(IceCandidate candidate, waiter_ptr<void> operation);
    void chain(waiter_ptr<void> operation, std::function<void(const waiter_ptr<void>&)> body) override;
    void restart_ice();
    /// getIdentityAssertion: it names the certificate, which may have to be made first.
    void identity_assertion(waiter_ptr<std::string> operation);

    void update_negotiation_needed() override;
    /// The state was told.
    void signaling_changed(jsep::signaling_state now);
    void session_changed() override { listener_.apply_session(); }
    [[nodiscard]] event_stream<void>& negotiation_events() noexcept { return negotiation_events_; }

    [[nodiscard]] jsep::session& session() noexcept { return session_; }
    [[nodiscard]] const jsep::session& session() const noexcept { return session_; }
    /// That the connection may show its peer, the preferred one first. None until the first description was
    /// created.
    [[nodiscard]] const std::vector<crypto::certificate_ptr>& certificates() const noexcept {
        return certificates_;
    }
    /// Operations fail, nothing is needed any more.
    void close(const std::exception_ptr& why);

  private:
    using prepared = operations::prepared;
    using preparation = operations::preparation;

    void use_certificates(std::vector<crypto::certificate_ptr> certificates);
    /// `then` may be called before it returns, and is not called when the connection is gone.
    void make_certificate(prepared then);
    void with_certificate(std::uint64_t id, prepared then);
    /// What creates a description (of no type: of the one that fits) waits for certificate and assertion.
    [[nodiscard]] preparation to_create(std::optional<SdpType> type);
    void with_assertion(std::uint64_t id, prepared then);
    void after_rollback(std::uint64_t id, const SessionDescription& description, prepared then);
    void with_validation(std::uint64_t id, const SessionDescription& description, prepared then);
    void check_negotiation_needed();

    part_owner& owner_;
    listener& listener_;
    connection_settings& settings_;
    connection_identity& identity_;
    jsep::session session_;
    operations operations_;
    std::vector<crypto::certificate_ptr> certificates_;
    event_stream<void> negotiation_events_{1}; // one that was fired and not yet taken says it all
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/negotiator.ipp"
#endif
