#pragma once

#include "cortc/sctp/association.hpp"

#include <algorithm>

namespace cortc::sctp {

namespace detail {
CORTC_DECL peer_parameters peer_of(const init_chunk& init, const setup_parameters& parameters) noexcept;
} // namespace detail

CORTC_DECL peer_parameters detail::peer_of(const init_chunk& init,
                                           const setup_parameters& parameters) noexcept {
    peer_parameters peer;
    peer.tag = init.tag;
    peer.initial_tsn = init.initial_tsn;
    peer.window = init.window;
    peer.outgoing_streams = init.outgoing_streams;
    peer.incoming_streams = init.incoming_streams;
    peer.forward_tsn = parameters.forward_tsn;
    peer.re_config = parameters.re_config;
    return peer;
}

CORTC_DECL void association::handle_init(const chunk& from, const arrival& in) {
    const auto init = parse_init(from);
    const auto parameters = init ? parse_setup_parameters(init->parameters) : std::nullopt;
    if (!parameters || in.index != 0 || !in.last || in.tag != 0) return drop(drop_reason::malformed_chunk);
    if (state_ == association_state::shutdown_ack_sent) {
        tcb_->shutdown_due = true; // RFC 9260 9.2: it has missed our SHUTDOWN-ACK
        return;
    }
    if (!inits_.allows(config_.limits.max_inits_per_second, in.now)) return drop(drop_reason::reply_limit);
    answer_init(*init, *parameters, in.now);
}

CORTC_DECL bool association::per_second::allows(int most, time_point now) noexcept {
    if (now - begin >= std::chrono::seconds(1)) {
        begin = now;
        count = 0;
    }
    return ++count <= most;
}

/// RFC 9260 5.1, 5.2.1, 5.2.2: nothing is kept for an INIT; everything travels in the cookie.
CORTC_DECL void association::answer_init(const init_chunk& init, const setup_parameters& parameters,
                                         time_point now) {
    state_cookie cookie;
    cookie.created = now;
    cookie.local_tag = up() ? random_tag() : tcb_->local_tag;
    cookie.local_initial_tsn = up() ? tsn(random_.u32()) : tcb_->initial_tsn;
    if (up() || state_ == association_state::cookie_echoed) {
        cookie.local_tie_tag = tcb_->local_tag;
        cookie.peer_tie_tag = tcb_->peer_tag;
    }
    cookie.peer = detail::peer_of(init, parameters);

    std::array<std::byte, 64 + cookie_size + 2 * sizeof(parameters.unrecognized)> storage;
    byte_writer list(storage);
    write_setup_parameters(list, seal_cookie(cookie, cookie_key_));
    tlv_reader unknown(byte_view(parameters.unrecognized).first(parameters.unrecognized_size));
    while (auto parameter = unknown.next())
        write_tlv(list, static_cast<std::uint16_t>(parameter_type::unrecognized), parameter->whole);

    std::array<std::byte, common_header_size + chunk_header_size + init_fields_size + sizeof(storage)>
        scratch;
    packet_builder packet(scratch, {});
    init_chunk ack{cookie.local_tag,         std::max(tcb_->receiver.window(), min_window),
                   config_.outgoing_streams, config_.max_incoming_streams,
                   cookie.local_initial_tsn, list.written()};
    write_init(packet, chunk_type::init_ack, ack);
    const auto value = byte_view(scratch).subspan(common_header_size + chunk_header_size,
                                                  init_fields_size + list.position());
    (void)queue_reply(chunk_type::init_ack, 0, init.tag, true, value);
}

CORTC_DECL void association::handle_init_ack(const chunk& from, time_point now) {
    if (state_ != association_state::cookie_wait) return drop(drop_reason::out_of_the_blue);
    const auto ack = parse_init(from);
    const auto parameters = ack ? parse_setup_parameters(ack->parameters) : std::nullopt;
    if (!parameters) return drop(drop_reason::malformed_chunk);
    if (parameters->cookie.empty() || parameters->cookie.size() > config_.limits.max_cookie)
        return drop(drop_reason::bad_cookie);
    if (tcb_->timer_count == 0 && !tcb_->setup_due) tcb_->rto().sample(now - tcb_->setup_sent);
    tcb_->rto().clear_back_off(); // the path works: COOKIE-ECHO does not wait for what INIT met with
    tcb_->adopt(detail::peer_of(*ack, *parameters));
    tcb_->cookie.assign(parameters->cookie);
    if (parameters->unrecognized_size != 0)
        queue_error(error_cause::unrecognized_parameters,
                    byte_view(parameters->unrecognized).first(parameters->unrecognized_size));
    set_state(association_state::cookie_echoed);
    tcb_->timer_count = 0;
    tcb_->timers.disarm(association_timer::t1);
    tcb_->setup_due = true;
}

CORTC_DECL void association::handle_cookie_echo(const chunk& from, const arrival& in) {
    const auto cookie = open_cookie(from.value, cookie_key_);
    if (!cookie || in.index != 0 || in.tag != cookie->local_tag) return drop(drop_reason::bad_cookie);
    const bool current = up() && cookie->local_tag == tcb_->local_tag && cookie->peer.tag == tcb_->peer_tag;
    const auto age = in.now - cookie->created;
    if (!current && age > config_.timings.cookie_life) {
        drop(drop_reason::stale_cookie);
        std::array<std::byte, 8> value; // RFC 9260 3.3.10.3: by how many microseconds
        byte_writer out(value);
        const auto late =
            std::chrono::duration_cast<std::chrono::microseconds>(age - config_.timings.cookie_life);
        std::array<std::byte, 4> staleness;
        byte_writer(staleness).u32(
            static_cast<std::uint32_t>(std::min<std::int64_t>(late.count(), 0xffffffff)));
        write_tlv(out, static_cast<std::uint16_t>(error_cause::stale_cookie), staleness);
        (void)queue_reply(chunk_type::error, 0, cookie->peer.tag, true, value);
        return;
    }
    if (state_ == association_state::closed) {
        tcb_->adopt(cookie->peer);
        tcb_->cookie_ack_due = true;
        establish(in.now);
        return;
    }
    handle_known_cookie(*cookie, in.now);
}

/// RFC 9260 5.2.4, table 12: an association exists, or is being set up.
CORTC_DECL void association::handle_known_cookie(const state_cookie& cookie, time_point now) {
    const bool local = cookie.local_tag == tcb_->local_tag;
    const bool peer = cookie.peer.tag == tcb_->peer_tag;
    const bool ties = cookie.local_tie_tag == tcb_->local_tag && cookie.peer_tie_tag == tcb_->peer_tag;
    if (local && peer) { // D: our COOKIE-ACK was lost, or both ends have set up
        tcb_->cookie_ack_due = true;
        if (!up()) establish(now);
    } else if (local) { // B: both ends have sent INIT
        tcb_->cookie_ack_due = true;
        if (up()) {
            tcb_->peer_tag = cookie.peer.tag;
        } else {
            tcb_->adopt(cookie.peer);
            establish(now);
        }
    } else if (!peer && ties && up()) { // A: the peer has started again
        if (state_ == association_state::shutdown_ack_sent) {
            tcb_->shutdown_due = true;
        } else {
            restart(cookie, now);
        }
    } else { // C: late, from an attempt that was given up
        drop(drop_reason::bad_cookie);
    }
}

CORTC_DECL void association::handle_cookie_ack(time_point now) {
    if (state_ != association_state::cookie_echoed) return drop(drop_reason::out_of_the_blue);
    if (tcb_->timer_count == 0 && !tcb_->setup_due) tcb_->rto().sample(now - tcb_->setup_sent);
    establish(now);
}

/// RFC 9260 5.2.6: our COOKIE-ECHO came too late; begin again, as often as T1 allows.
CORTC_DECL void association::handle_stale_cookie() {
    if (state_ != association_state::cookie_echoed) return;
    if (++tcb_->timer_count > config_.timings.max_init_retransmits)
        return finish(close_reason::setup_timeout, "stale cookie");
    set_state(association_state::cookie_wait);
    tcb_->sender.lose_all();
    tcb_->cookie = {};
    tcb_->peer_tag = 0;
    tcb_->timers.disarm(association_timer::t1);
    tcb_->setup_due = true;
}

CORTC_DECL void association::establish(time_point now) {
    set_state(association_state::established);
    tcb_->timers.disarm(association_timer::t1);
    tcb_->timer_count = 0;
    tcb_->setup_due = false;
    tcb_->cookie = {};
    tcb_->path_errors = 0;
    tcb_->rto().clear_back_off();
    tcb_->sender.arm_timer(now);
    tcb_->heartbeat.schedule(now, tcb_->rto().value());
    inbox_.emit(connected{tcb_->outgoing_streams, tcb_->incoming_streams}, false);
}

CORTC_DECL void association::restart(const state_cookie& cookie, time_point now) {
    log_.debug("the peer has restarted");
    const bool refused = tcb_->sender.blocked();
    begin(cookie.local_tag, cookie.local_initial_tsn);
    tcb_->adopt(cookie.peer);
    tcb_->cookie_ack_due = true;
    set_state(association_state::established);
    tcb_->heartbeat.schedule(now, tcb_->rto().value());
    inbox_.emit(restarted{}, true);
    if (refused) inbox_.emit(writable{}, false); // what was queued is gone
}

CORTC_DECL void association::setup_timeout() {
    if (++tcb_->timer_count > config_.timings.max_init_retransmits)
        return finish(close_reason::setup_timeout, {});
    tcb_->rto().back_off();
    tcb_->sender.packet_size().doubt();
    tcb_->sender.lose_all(); // what was bundled with COOKIE-ECHO goes with it again
    tcb_->setup_due = true;
}

} // namespace cortc::sctp
