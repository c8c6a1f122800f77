#pragma once

#include "cortc/base/overloaded.hpp"
#include "cortc/connection/connection.hpp"
#include "cortc/connection/conversions.hpp"
#include "cortc/crypto/backend.hpp"

#include <fmt/format.h>

#include <utility>
#include <variant>
#include <vector>

namespace cortc {

namespace detail {

CORTC_DECL void check_certificates(const Configuration& of, net::network& network) {
    const auto now = network.calendar();
    for (std::size_t i = 0; i < of.certificates.size(); ++i)
        if (of.certificates[i].expires() < now)
            throw Error(
                errc::invalid_access,
                fmt::format("certificates[{}] has expired; make another with generateCertificate", i));
}

CORTC_DECL void check_backend() {
    if (const auto why = crypto::default_backend().headers_mismatch(); !why.empty())
        throw Error(errc::not_supported, fmt::format("PeerConnection: {}; compile both the same way", why));
}

} // namespace detail

CORTC_DECL connection::connection(std::shared_ptr<context_core> core, Configuration configuration)
    : part_owner(std::move(core))
    , settings_(std::move(configuration),
                [this](const Configuration& given) {
                    detail::check_backend();
                    detail::check_certificates(given, this->core()->network());
                })
    , identity_(*this, settings_.get())
    , states_(*this)
    , negotiator_(*this, *this, settings_, identity_)
    , channels_(*this, negotiator_, negotiator_.session())
    , transports_(*this, negotiator_.session(), *this, channels_)
    , media_(*this, negotiator_, negotiator_.session())
    , statistics_(*this, negotiator_, transports_, channels_, states_) {
    ++this->core()->counted().connections_made;
}

CORTC_DECL connection::~connection() = default;

CORTC_DECL void connection::set_configuration(Configuration next) {
    if (is_closed()) throw Error(errc::invalid_state, "setConfiguration: the connection is closed");
    const auto before = settings_.gathering();
    settings_.set(std::move(next), identity_.target());
    // RFC 9429 4.1.18: other servers take effect with the next gathering phase, which takes a restart.
    if (*settings_.gathering() != *before) negotiator_.session().set_needs_ice_restart();
    fill_pool();
}

/// RFC 9429 3.5.4. In a task: whoever made the connection, or configured it, may not be done with it.
CORTC_DECL void connection::fill_pool() {
    if (settings_.pool_size() == 0U && transports_.pooled() == 0) return;
    post([this] {
        if (!is_closed())
            transports_.pool(settings_.pool_size().value_or(transports_.pooled()), settings_.gathering());
    });
}

// ---- what the session decided

/// webrtc-pc 4.4.1.5, its last steps: everything has changed before anybody is told, and then come
/// signalingstatechange, what happens to data channels, muted tracks, removed tracks, added tracks, and the
/// track events. (Who is told runs later, in the order in which the waiters complete here.) A rolled back
/// offer and the one that replaces it come one after the other. A candidate that trickles in changes no part
/// but its transport.
CORTC_DECL void connection::apply_session() {
    auto& session = negotiator_.session();
    const bool changed = std::exchange(applied_, session.revision()) != session.revision();
    connection_media::news news;
    if (changed) news = media_.sync();
    std::vector<jsep::event> held; // what closes data channels, or tells them something
    const auto release = [&] {
        for (auto& each : std::exchange(held, {})) apply(std::move(each));
        connection_media::mute(news);
    };
    while (auto event = session.poll_event()) {
        const auto hold = [&](const auto&) { held.push_back(std::move(*event)); };
        const auto tell = [&](const auto& track, const auto&... with) {
            release();
            media_.tell(track, with...);
        };
        std::visit(overloaded{
                       [&](const jsep::sctp_parameters& it) { hold(it); },
                       [&](const jsep::sctp_ended& it) { hold(it); },
                       [&](const jsep::transport_removed& it) { hold(it); },
                       [&](const jsep::remote_track_left& it) { tell(it, news); },
                       [&](const jsep::remote_track_joined& it) { tell(it, news); },
                       [&](const jsep::remote_track& it) { tell(it); },
                       [&](const jsep::signaling_state_changed&) {
                           apply(std::move(*event));
                           release();
                       },
                       [&](const auto&) { apply(std::move(*event)); },
                   },
                   *event);
    }
    if (!changed) return;
    release();
    place_media();
    const auto data = session.data_transport();
    channels_.sync(data ? transports_.view(*data) : nullptr);
    const auto now = transports_.summary();
    states_.expect_gathering(now);
    states_.update(now);
    states_.update_selection(now); // a rollback may have gone back to a generation that is selected
}

CORTC_DECL void connection::apply(jsep::event&& event) {
    std::visit(
        overloaded{
            [&](const jsep::transport_added& it) { transports_.add(it); },
            [&](const jsep::transport_removed& it) { remove_transport(it.transport); },
            [&](const jsep::ice_role& it) { transports_.set_role(it.controlling); },
            [&](const jsep::local_ice& it) { transports_.start_generation(it, settings_.gathering()); },
            [&](const jsep::remote_ice& it) { transports_.pair(it); },
            [&](const jsep::remote_candidate& it) { transports_.add_candidate(it); },
            [&](const jsep::remote_end_of_candidates& it) { transports_.end_candidates(it); },
            [&](const jsep::ice_rolled_back& it) { transports_.roll_back(it); },
            [&](const jsep::dtls_parameters& it) { transports_.set_dtls(it, negotiator_.certificates()); },
            [&](const jsep::sctp_parameters& it) {
                if (const auto* over = transports_.find(it.transport))
                    channels_.attach(over->where, over->role, it);
            },
            [&](const jsep::sctp_ended&) { channels_.end(); },
            [&](const jsep::signaling_state_changed& it) {
                states_.set_signaling(detail::to_w3c(it.state));
                negotiator_.signaling_changed(it.state);
                // RFC 9429 3.5.4: what the first negotiation did not need is freed.
                if (it.state == jsep::signaling_state::stable && transports_.pooled() != 0 &&
                    negotiator_.session().current_local_description())
                    transports_.pool(0, settings_.gathering());
            },
            // apply_session() has seen to these
            [](const jsep::remote_track_left&) {},
            [](const jsep::remote_track_joined&) {},
            [](const jsep::remote_track&) {},
        },
        event);
}

CORTC_DECL void connection::remove_transport(jsep::transport_id id) {
    if (const auto gone = transports_.remove(id)) channels_.transport_removed(gone);
}

CORTC_DECL void connection::place_media() {
    media_.place([this](jsep::transport_id id) {
        transports_.expect_media(id);
        return transports_.view(id);
    });
}

// ---- what the transports report

CORTC_DECL void connection::on_transport_state(std::string_view why) {
    if (!why.empty()) states_.note_failure(why);
    states_.update(transports_.summary());
}

CORTC_DECL void connection::on_gathering() {
    if (states_.update_gathering(transports_.summary())) transports_.tell_gathered();
}

CORTC_DECL void connection::on_selected_pair(const std::optional<SelectedPair>& pair) {
    if (pair) states_.pair_selected(*pair);
    const auto now = transports_.summary();
    states_.update(now);
    states_.update_selection(now);
}

CORTC_DECL void connection::on_transports_ended() {
    if (is_closed()) end();
}

// ---- the end

// webrtc-pc 4.4.1.6 "close the connection", in its order.
CORTC_DECL void connection::close() {
    if (!close_once()) return;
    const auto self = shared_from_this();
    const auto why = make_error(errc::aborted, "the connection was closed");
    negotiator_.close(why);
    identity_.close(why);
    channels_.begin_close();
    transports_.close();
    channels_.close(why);
    media_.close(why);
    states_.update({});
    states_.close(why);
    core()->counted().add_end(states_.end());
    negotiator_.negotiation_events().clear(); // nothing is needed any more
    negotiator_.negotiation_events().end(why);
    transports_.candidates().end(why);
    transports_.candidate_errors().end(why);
    channels_.incoming().end(why);
    media_.track_events().end(why);
    if (transports_.ended()) end();
}

CORTC_DECL void connection::end() {
    until_over_.succeed_all();
    channels_.leave();
    over_.store(true, std::memory_order_release);
}

CORTC_DECL void connection::closed(waiter_ptr<void> operation) {
    if (over())
        operation->succeed();
    else
        until_over_.add(std::move(operation));
}

} // namespace cortc
