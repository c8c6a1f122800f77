#pragma once

#include "cortc/connection/negotiator.hpp"
#include "cortc/crypto/backend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cortc {

namespace detail {

/// `where`: the member, for what the error says.
template <class R, class T>
void complete(waiter<R>& operation, std::string_view where, jsep::outcome<T>&& outcome) {
    if (!outcome) {
        auto why = outcome.error();
        why.message = fmt::format("{}: {}", where, why.message);
        operation.fail(to_exception(why));
    } else if constexpr (std::is_void_v<R>) {
        operation.succeed();
    } else {
        operation.succeed(from_jsep(std::move(*outcome)));
    }
}

CORTC_DECL jsep::session_options session_options(const context_core& core,
                                                 const Configuration& configuration) {
    jsep::session_options options;
    options.bundle = to_jsep(configuration.bundlePolicy);
    options.max_message_size = core.options().limits.max_message_size;
    options.max_remote_candidates = core.options().limits.remote_candidates;
    options.ice_lite = core.options().ice_lite;
    if (core.port_member()) options.ufrag_prefix = net::port_group::prefix_of(*core.port_member());
    options.ice_options.push_back("renomination");
    if (core.options().early_nomination) std::erase(options.ice_options, "ice2"); // RFC 8445 10
    if (!crypto::default_backend().dtls_srtp_available())
        options.media = nullptr; // offered audio and video are rejected
    return options;
}

/// a=fingerprint of each of the certificates.
CORTC_DECL std::vector<sdp::fingerprint> sdp_fingerprints(const std::vector<crypto::certificate_ptr>& of) {
    std::vector<sdp::fingerprint> fingerprints;
    for (auto& each : crypto::promised_fingerprints(of))
        fingerprints.push_back({std::string(to_string(each.algorithm)), std::move(each.value)});
    return fingerprints;
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

} // namespace detail

CORTC_DECL negotiator::negotiator(part_owner& owner, listener& to, connection_settings& settings,
                                  connection_identity& identity)
    : owner_(owner)
    , listener_(to)
    , settings_(settings)
    , identity_(identity)
    , session_(owner.core()->network().random(), owner.log("jsep"),
               detail::session_options(*owner.core(), settings.get()))
    , operations_(owner, [this] { update_negotiation_needed(); }) {
    std::vector<crypto::certificate_ptr> given;
    for (const auto& each : settings.get().certificates) given.push_back(each.inner());
    if (!given.empty()) use_certificates(std::move(given));
}

// ---- certificate and identity: what operations wait for

CORTC_DECL void negotiator::use_certificates(std::vector<crypto::certificate_ptr> certificates) {
    certificates_ = std::move(certificates);
    session_.set_fingerprints(detail::sdp_fingerprints(certificates_));
}

CORTC_DECL void negotiator::make_certificate(prepared then) {
    if (!certificates_.empty()) return then(nullptr);
    owner_.core()->with_certificate([weak = owner_.weak_from_this(), this,
                                     then = std::move(then)](std::exception_ptr error, auto certificate) {
        const auto self = weak.lock();
        if (!self) return then(make_error(errc::aborted, "the connection was destroyed"));
        if (error) return then(make_error(errc::operation, "no certificate could be generated"));
        if (certificates_.empty()) use_certificates({std::move(certificate)});
        then(nullptr);
    });
}

CORTC_DECL void negotiator::with_certificate(std::uint64_t id, prepared then) {
    make_certificate(
        [weak = owner_.weak_from_this(), this, id, then = std::move(then)](std::exception_ptr error) {
            const auto self = weak.lock();
            if (self && operations_.pending(id)) then(std::move(error)); // else closed or cancelled meanwhile
        });
}

CORTC_DECL negotiator::preparation negotiator::to_create(std::optional<SdpType> type) {
    return [this, type](std::uint64_t id, prepared then) {
        with_certificate(id, [this, type, id, then = std::move(then)](std::exception_ptr error) {
            if (error || !detail::can_create(session_.state(), type)) return then(std::move(error));
            with_assertion(id, then);
        });
    };
}

CORTC_DECL void negotiator::with_assertion(std::uint64_t id, prepared then) {
    auto join = [this](const std::optional<std::string>& assertion) -> std::exception_ptr {
        const auto joined = session_.set_identity_assertion(assertion);
        return joined ? nullptr : detail::to_exception(joined.error());
    };
    if (!identity_.configured()) return then(join(std::nullopt));
    operations_.hold(
        id, identity_.assert_for(detail::sdp_fingerprints(certificates_),
                                 [weak = owner_.weak_from_this(), this, id, join, then = std::move(then)](
                                     std::exception_ptr error, const std::optional<std::string>& assertion) {
                                     const auto self = weak.lock();
                                     if (!self || !operations_.pending(id)) return;
                                     then(error ? std::move(error) : join(assertion));
                                 }));
}

CORTC_DECL void negotiator::with_validation(std::uint64_t id, const SessionDescription& description,
                                            prepared then) {
    if (!detail::may_follow(session_.state(), description.type)) return then(nullptr);
    operations_.hold(id, identity_.validate(description, [weak = owner_.weak_from_this(), this, id,
                                                          then = std::move(then)](std::exception_ptr error) {
        const auto self = weak.lock();
        if (self && operations_.pending(id)) then(std::move(error));
    }));
}

CORTC_DECL void negotiator::identity_assertion(waiter_ptr<std::string> operation) {
    if (owner_.is_closed())
        throw Error(errc::invalid_state, "getIdentityAssertion: the connection is closed");
    identity_.assertion(std::move(operation), [this](auto then) {
        make_certificate([this, then = std::move(then)](std::exception_ptr error) {
            if (error)
                then(std::move(error), {});
            else
                then(nullptr, detail::sdp_fingerprints(certificates_));
        });
    });
}

// ---- the operations

CORTC_DECL void negotiator::create_offer(OfferOptions options, waiter_ptr<SessionDescription> operation) {
    operations_.chain<SessionDescription>(
        std::move(operation), to_create(SdpType::offer), [this, options](const auto& op) {
            detail::complete(*op, "createOffer", session_.create_offer({options.iceRestart}));
        });
}

CORTC_DECL void negotiator::create_answer(waiter_ptr<SessionDescription> operation) {
    operations_.chain<SessionDescription>(
        std::move(operation), to_create(SdpType::answer),
        [this](const auto& op) { detail::complete(*op, "createAnswer", session_.create_answer()); });
}

CORTC_DECL void negotiator::set_local(std::optional<SessionDescription> description,
                                      waiter_ptr<void> operation) {
    settings_.local_description_asked();
    std::optional<SdpType> wanted;
    if (description) wanted = description->type;
    // Only what it is to create waits for an assertion.
    const bool creates = !description || description->sdp.empty();
    preparation prepare = [this](auto id, auto then) { with_certificate(id, std::move(then)); };
    if (creates) prepare = to_create(wanted);
    operations_.chain<void>(std::move(operation), std::move(prepare),
                            [this, description = std::move(description)](const auto& op) {
                                std::optional<jsep::sdp_type> type;
                                if (description) type = detail::to_jsep(description->type);
                                auto outcome = session_.set_local_description(
                                    type, description ? description->sdp : std::string());
                                session_changed();
                                detail::complete(*op, "setLocalDescription", std::move(outcome));
                            });
}

CORTC_DECL void negotiator::set_remote(SessionDescription description, waiter_ptr<void> operation) {
    auto given = std::make_shared<const SessionDescription>(std::move(description));
    auto prepare = [this, given](auto id, auto then) {
        with_validation(id, *given, [this, id, given, then = std::move(then)](std::exception_ptr error) {
            if (error) return then(std::move(error));
            after_rollback(id, *given, then);
        });
    };
    operations_.chain<void>(std::move(operation), std::move(prepare), [this, given](const auto& op) {
        auto outcome = session_.set_remote_description(detail::to_jsep(given->type), given->sdp);
        if (outcome) identity_.observe(*given);
        session_changed();
        detail::complete(*op, "setRemoteDescription", std::move(outcome));
    });
}

/// webrtc-pc 4.4.1.5: an offer that meets one of ours takes it back first. That is a description of its own:
/// `stable` is told, and seen, before the offer is set.
CORTC_DECL void negotiator::after_rollback(std::uint64_t id, const SessionDescription& description,
                                           prepared then) {
    if (description.type != SdpType::offer || session_.state() != jsep::signaling_state::have_local_offer)
        return then(nullptr);
    const auto outcome = session_.set_remote_description(jsep::sdp_type::rollback, {});
    session_changed();
    if (!outcome) return then(detail::to_exception(outcome.error()));
    owner_.post([this, id, then = std::move(then)] {
        if (operations_.pending(id)) then(nullptr);
    });
}

CORTC_DECL void negotiator::add_candidate(IceCandidate candidate, waiter_ptr<void> operation) {
    // webrtc-pc 4.4.2 addIceCandidate 2: before anything else, the chain included.
    if (!candidate.candidate.empty() && !candidate.sdpMid && !candidate.sdpMLineIndex)
        throw Error(errc::type,
                    "addIceCandidate: a candidate needs sdpMid or sdpMLineIndex to name its section");
    chain(std::move(operation), [this, candidate = std::move(candidate)](const auto& op) {
        auto outcome = session_.add_remote_candidate(
            {candidate.candidate, candidate.sdpMid, candidate.sdpMLineIndex, candidate.usernameFragment});
        session_changed();
        detail::complete(*op, "addIceCandidate", std::move(outcome));
    });
}

CORTC_DECL void negotiator::chain(waiter_ptr<void> operation,
                                  std::function<void(const waiter_ptr<void>&)> body) {
    operations_.chain<void>(std::move(operation), nullptr, std::move(body));
}

CORTC_DECL void negotiator::restart_ice() {
    if (owner_.is_closed()) return;
    session_.restart_ice();
    update_negotiation_needed();
}

// ---- negotiation needed (webrtc-pc 4.7.3)

CORTC_DECL void negotiator::update_negotiation_needed() {
    if (owner_.is_closed() || !operations_.may_update_negotiation_needed()) return;
    owner_.post([this] { check_negotiation_needed(); });
}

CORTC_DECL void negotiator::check_negotiation_needed() {
    if (owner_.is_closed()) return;
    if (!operations_.empty()) return update_negotiation_needed(); // deferred until it is
    if (!session_.update_negotiation_needed()) return;
    negotiation_events_.push();
    operations_.hold_back(); // who waits resumes while the state is the one that was checked
}

CORTC_DECL void negotiator::signaling_changed(jsep::signaling_state now) {
    if (now == jsep::signaling_state::stable)
        update_negotiation_needed();
    else
        negotiation_events_.clear(); // not taken in time: it comes again with stable, if it still holds
}

CORTC_DECL void negotiator::close(const std::exception_ptr& why) {
    session_.close();
    operations_.close(why);
}

} // namespace cortc
