#pragma once

#include "cortc/connection/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cortc {

namespace detail {

CORTC_DECL std::exception_ptr to_exception(const jsep::error& error) {
    auto code = errc::operation;
    switch (error.kind) {
    case jsep::error_kind::invalid_state:
        code = errc::invalid_state;
        break;
    case jsep::error_kind::invalid_access:
        code = errc::invalid_access;
        break;
    case jsep::error_kind::invalid_modification:
        code = errc::invalid_modification;
        break;
    case jsep::error_kind::operation:
        code = errc::operation;
        break;
    case jsep::error_kind::type:
        code = errc::type;
        break;
    case jsep::error_kind::range:
        code = errc::range;
        break;
    case jsep::error_kind::not_supported:
        code = errc::not_supported;
        break;
    }
    Error made(code, error.message,
               error.detail == "sdp-syntax-error" ? error_detail::sdp_syntax_error : error_detail::none);
    if (error.line) made.sdp_line_number(static_cast<int>(*error.line));
    return std::make_exception_ptr(std::move(made));
}

CORTC_DECL jsep::sdp_type to_jsep(SdpType type) noexcept {
    switch (type) {
    case SdpType::offer:
        return jsep::sdp_type::offer;
    case SdpType::pranswer:
        return jsep::sdp_type::pranswer;
    case SdpType::answer:
        return jsep::sdp_type::answer;
    case SdpType::rollback:
        return jsep::sdp_type::rollback;
    }
    return jsep::sdp_type::offer;
}

CORTC_DECL SessionDescription from_jsep(jsep::description&& description) {
    auto type = SdpType::offer;
    switch (description.type) {
    case jsep::sdp_type::offer:
        type = SdpType::offer;
        break;
    case jsep::sdp_type::pranswer:
        type = SdpType::pranswer;
        break;
    case jsep::sdp_type::answer:
        type = SdpType::answer;
        break;
    case jsep::sdp_type::rollback:
        type = SdpType::rollback;
        break;
    }
    return {type, std::move(description.sdp)};
}

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

} // namespace detail

// ---- the operations chain (webrtc-pc 4.4.1.2)

template <class R>
void connection::chain(waiter_ptr<R> operation, preparation prepare,
                       std::function<void(const waiter_ptr<R>&)> body) {
    const auto id = ++last_operation_;
    const auto pushed = chain_.push(id);
    if (pushed == jsep::operations_chain::pushed::closed) {
        operation->fail(errc::invalid_state, "the connection is closed");
        return;
    }
    operation->on_cancel([weak = weak_from_this(), id] {
        auto self = weak.lock();
        if (!self || self->closed_) return;
        self->chained_.erase(id);
        self->follow(self->chain_.remove(id));
    });
    auto run = [this, id, operation, prepare = std::move(prepare), body = std::move(body)] {
        auto proceed = [this, id, operation, body](std::exception_ptr unprepared) {
            try { // whatever happens to one operation, the chain goes on
                if (unprepared) std::rethrow_exception(unprepared);
                body(operation);
            } catch (...) {
                operation->fail(std::current_exception());
            }
            chained_.erase(id); // it holds the operation, whose handler may hold this connection
            // The operation stays in the chain until its completion was delivered, so that who awaited it
            // sees what it left, and not what the next one made of it.
            asio::post(core_->executor(), [weak = weak_from_this(), id] {
                if (auto self = weak.lock()) self->settle(id);
            });
        };
        if (prepare)
            prepare(id, std::move(proceed));
        else
            proceed(nullptr);
    };
    auto fail = [operation](std::exception_ptr why) { operation->fail(std::move(why)); };
    chained_.emplace(id, chained_operation{std::move(run), std::move(fail)});
    if (pushed == jsep::operations_chain::pushed::runs_now) begin(id);
}

CORTC_DECL void connection::begin(std::uint64_t id) {
    core_->take_turns([weak = weak_from_this(), id] {
        if (auto self = weak.lock()) self->run_chained(id);
    });
}

CORTC_DECL void connection::run_chained(std::uint64_t id) {
    auto at = chained_.find(id);
    if (at == chained_.end()) return; // cancelled, or the connection was closed
    auto self = shared_from_this();
    auto run = std::exchange(at->second.run, nullptr);
    run();
}

CORTC_DECL void connection::settle(std::uint64_t id) {
    if (!closed_) follow(chain_.settle(id));
}

CORTC_DECL void connection::follow(const jsep::operations_chain::step& step) {
    if (step.next) begin(*step.next);
    if (step.update_negotiation_needed) update_negotiation_needed();
}

CORTC_DECL void connection::with_certificate(std::uint64_t id, prepared then) {
    if (certificate_) return then(nullptr);
    core_->with_certificate(
        [weak = weak_from_this(), id, then = std::move(then)](std::exception_ptr error, auto certificate) {
            auto self = weak.lock();
            if (!self || !self->chained_.contains(id)) return; // closed or cancelled meanwhile
            if (error) {
                then(make_error(errc::operation, "no certificate could be generated"));
                return;
            }
            self->use_certificate(std::move(certificate));
            then(nullptr);
        });
}

// ---- the operations

CORTC_DECL void connection::create_offer(OfferOptions options, waiter_ptr<SessionDescription> operation) {
    chain<SessionDescription>(
        std::move(operation), to_create(SdpType::offer), [this, options](const auto& op) {
            detail::complete(*op, "createOffer", session_.create_offer({options.iceRestart}));
        });
}

CORTC_DECL void connection::create_answer(waiter_ptr<SessionDescription> operation) {
    chain<SessionDescription>(std::move(operation), to_create(SdpType::answer), [this](const auto& op) {
        detail::complete(*op, "createAnswer", session_.create_answer());
    });
}

CORTC_DECL void connection::set_local(std::optional<SessionDescription> description,
                                      waiter_ptr<void> operation) {
    local_description_asked_ = true;
    std::optional<SdpType> wanted;
    if (description) wanted = description->type;
    // Only what it is to create waits for an assertion.
    const bool creates = !description || description->sdp.empty();
    preparation prepare = [this](auto id, auto then) { with_certificate(id, std::move(then)); };
    if (creates) prepare = to_create(wanted);
    chain<void>(std::move(operation), std::move(prepare),
                [this, description = std::move(description)](const auto& op) {
                    std::optional<jsep::sdp_type> type;
                    if (description) type = detail::to_jsep(description->type);
                    auto outcome =
                        session_.set_local_description(type, description ? description->sdp : std::string());
                    drain_session();
                    detail::complete(*op, "setLocalDescription", std::move(outcome));
                });
}

CORTC_DECL void connection::set_remote(SessionDescription description, waiter_ptr<void> operation) {
    auto given = std::make_shared<const SessionDescription>(std::move(description));
    auto validated = [this, given](auto id, auto then) { with_validation(id, *given, std::move(then)); };
    chain<void>(std::move(operation), std::move(validated), [this, given](const auto& op) {
        auto outcome = session_.set_remote_description(detail::to_jsep(given->type), given->sdp);
        if (outcome) observe_identity(*given);
        drain_session();
        detail::complete(*op, "setRemoteDescription", std::move(outcome));
    });
}

CORTC_DECL void connection::add_candidate(IceCandidate candidate, waiter_ptr<void> operation) {
    // webrtc-pc 4.4.2 addIceCandidate 2: before anything else, the chain included.
    if (!candidate.candidate.empty() && !candidate.sdpMid && !candidate.sdpMLineIndex)
        throw Error(errc::type,
                    "addIceCandidate: a candidate needs sdpMid or sdpMLineIndex to name its section");
    chain<void>(std::move(operation), nullptr, [this, candidate = std::move(candidate)](const auto& op) {
        auto outcome = session_.add_remote_candidate(
            {candidate.candidate, candidate.sdpMid, candidate.sdpMLineIndex, candidate.usernameFragment});
        drain_session();
        detail::complete(*op, "addIceCandidate", std::move(outcome));
    });
}

CORTC_DECL void connection::restart_ice() {
    if (closed_) return;
    session_.restart_ice();
    update_negotiation_needed();
}

// ---- negotiation needed (webrtc-pc 4.7.3)

CORTC_DECL void connection::update_negotiation_needed() {
    if (closed_ || !chain_.update_negotiation_needed()) return;
    asio::post(core_->executor(), [weak = weak_from_this()] {
        if (auto self = weak.lock()) self->check_negotiation_needed();
    });
}

CORTC_DECL void connection::check_negotiation_needed() {
    if (closed_) return;
    if (!chain_.empty()) return update_negotiation_needed(); // deferred until it is
    if (session_.update_negotiation_needed()) negotiation_events_.push();
}

// ---- what the session decided

/// webrtc-pc 4.4.1.5, its last steps: everything has changed before anybody is told, and then come
/// signalingstatechange, what happens to data channels, muted tracks, removed tracks, added tracks, and the
/// track events. (Who is told runs later, in the order in which the waiters complete here.) A rolled back
/// offer and the one that replaces it come one after the other.
CORTC_DECL void connection::drain_session() {
    auto news = sync_transceivers();
    std::vector<jsep::event> held; // what closes data channels, or tells them something
    auto release = [&] {
        for (auto& each : std::exchange(held, {})) apply(std::move(each));
        mute(news);
    };
    while (auto event = session_.poll_event()) {
        if (std::holds_alternative<jsep::sctp_parameters>(*event) ||
            std::holds_alternative<jsep::sctp_ended>(*event) ||
            std::holds_alternative<jsep::transport_removed>(*event)) {
            held.push_back(std::move(*event));
        } else if (std::holds_alternative<jsep::remote_track_left>(*event) ||
                   std::holds_alternative<jsep::remote_track_joined>(*event) ||
                   std::holds_alternative<jsep::remote_track>(*event)) {
            release();
            tell_track(*event, news);
        } else {
            const auto changed = std::holds_alternative<jsep::signaling_state_changed>(*event);
            apply(std::move(*event));
            if (changed) release();
        }
    }
    release();
    sync_media_transports();
    sync_sctp();
    update_gathering();
    update_states();
    settle_restarted(); // a rollback may have gone back to a generation that is selected, or has failed
}

CORTC_DECL void connection::apply(jsep::event&& event) {
    auto at = [this](jsep::transport_id id) -> transport& { return *transports_.at(id).where; };
    if (auto* added = std::get_if<jsep::transport_added>(&event)) {
        add_transport(added->transport, added->mid);
    } else if (auto* removed = std::get_if<jsep::transport_removed>(&event)) {
        remove_transport(removed->transport);
    } else if (auto* role = std::get_if<jsep::ice_role>(&event)) {
        for (auto& [id, entry] : transports_)
            entry.where->set_role(role->controlling ? ice::role::controlling : ice::role::controlled);
    } else if (auto* local = std::get_if<jsep::local_ice>(&event)) {
        start_generation(*local);
    } else if (auto* remote = std::get_if<jsep::remote_ice>(&event)) {
        at(remote->transport).pair_generation(remote->local_ufrag, remote->ufrag, remote->pwd, remote->lite);
    } else if (auto* candidate = std::get_if<jsep::remote_candidate>(&event)) {
        at(candidate->transport).add_remote_candidate(candidate->ufrag, candidate->candidate);
    } else if (auto* end = std::get_if<jsep::remote_end_of_candidates>(&event)) {
        at(end->transport).end_remote_candidates(end->ufrag);
    } else if (auto* dtls = std::get_if<jsep::dtls_parameters>(&event)) {
        transports_.at(dtls->transport).role = dtls->role;
        at(dtls->transport)
            .set_dtls(dtls->role == jsep::dtls_role::client ? crypto::dtls_role::client
                                                            : crypto::dtls_role::server,
                      certificate_, dtls->fingerprints);
    } else if (auto* sctp = std::get_if<jsep::sctp_parameters>(&event)) {
        attach_sctp(*sctp);
    } else if (std::holds_alternative<jsep::sctp_ended>(event)) {
        end_sctp();
    } else if (auto* back = std::get_if<jsep::ice_rolled_back>(&event)) {
        auto& entry = transports_.at(back->transport);
        std::erase(entry.gathering, back->local_ufrag);
        entry.where->drop_generation(back->local_ufrag);
        if (entry.local_ufrag == back->local_ufrag) entry.local_ufrag = back->back_to;
    } else if (auto* state = std::get_if<jsep::signaling_state_changed>(&event)) {
        signaling_changed_.succeed_all(detail::to_w3c(state->state));
        if (state->state == jsep::signaling_state::stable) update_negotiation_needed();
    }
}

CORTC_DECL void connection::start_generation(const jsep::local_ice& local) {
    auto& entry = transports_.at(local.transport);
    entry.local_ufrag = local.ufrag;
    entry.gathering.push_back(local.ufrag);
    entry.where->add_generation(local.ufrag, local.pwd);
    // Candidates come after the operation that applied the description has completed, so that the application
    // can send the description first.
    asio::post(core_->executor(), [weak = weak_from_this(), where = entry.where, ufrag = local.ufrag,
                                   settings = gather_settings_] {
        auto self = weak.lock();
        if (self && !self->closed_) where->gather(ufrag, *settings);
    });
}

CORTC_DECL void connection::attach_sctp(const jsep::sctp_parameters& parameters) {
    auto& entry = transports_.at(parameters.transport);
    auto& channels = need_sctp();
    channels.set_remote(parameters.remote_port, parameters.max_message_size);
    if (sctp_transport_ == entry.where) return; // a later answer: only the message size may have changed
    sctp_transport_ = entry.where;
    if (entry.role)
        channels.set_role(*entry.role == jsep::dtls_role::client ? datachannel::channel_role::dtls_client
                                                                 : datachannel::channel_role::dtls_server,
                          now());
    entry.where->attach(channels);
    touch_sctp();
}

} // namespace cortc
