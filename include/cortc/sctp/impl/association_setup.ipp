#pragma once

#include "cortc/sctp/association.hpp"

#include <algorithm>

namespace cortc::sctp {

CORTC_DECL void association::handle_init(const chunk& from, const arrival& in) {
    const auto init = parse_init(from);
    const auto parameters = init ? parse_setup_parameters(init->parameters) : std::nullopt;
    if (!parameters || in.index != 0 || !in.last || in.tag != 0) return drop(drop_reason::malformed_chunk);
    if (state_ == association_state::shutdown_ack_sent) {
        shutdown_due_ = true; // RFC 9260 9.2: it has missed our SHUTDOWN-ACK
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
    cookie.local_tag = up() ? random_tag() : local_tag_;
    cookie.local_initial_tsn = up() ? tsn(random_.u32()) : initial_tsn_;
    if (up() || state_ == association_state::cookie_echoed) {
        cookie.local_tie_tag = local_tag_;
        cookie.peer_tie_tag = peer_tag_;
    }
    cookie.peer_tag = init.tag;
    cookie.peer_initial_tsn = init.initial_tsn;
    cookie.peer_window = init.window;
    cookie.peer_outgoing_streams = init.outgoing_streams;
    cookie.peer_incoming_streams = init.incoming_streams;
    cookie.forward_tsn = parameters.forward_tsn;
    cookie.re_config = parameters.re_config;

    std::array<std::byte, 64 + cookie_size + 2 * sizeof(parameters.unrecognized)> storage;
    byte_writer list(storage);
    write_setup_parameters(list, seal_cookie(cookie, cookie_key_));
    tlv_reader unknown(byte_view(parameters.unrecognized).first(parameters.unrecognized_size));
    while (auto parameter = unknown.next())
        write_tlv(list, static_cast<std::uint16_t>(parameter_type::unrecognized), parameter->whole);

    std::array<std::byte, common_header_size + chunk_header_size + init_fields_size + sizeof(storage)>
        scratch;
    packet_builder packet(scratch, {});
    init_chunk ack{cookie.local_tag,         std::max(receiver_.window(), min_window),
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
    if (timer_count_ == 0 && !setup_due_) sender_.rto().sample(now - setup_sent_);
    sender_.rto().clear_back_off(); // the path works: COOKIE-ECHO does not wait for what INIT met with
    adopt_peer(ack->tag, ack->initial_tsn, ack->window, ack->outgoing_streams, ack->incoming_streams,
               parameters->forward_tsn, parameters->re_config);
    cookie_.assign(parameters->cookie);
    if (parameters->unrecognized_size != 0)
        queue_error(error_cause::unrecognized_parameters,
                    byte_view(parameters->unrecognized).first(parameters->unrecognized_size));
    set_state(association_state::cookie_echoed);
    timer_count_ = 0;
    t1_at_ = never;
    setup_due_ = true;
}

CORTC_DECL void association::adopt_peer(std::uint32_t tag, tsn initial, std::uint32_t window,
                                        std::uint16_t outgoing, std::uint16_t incoming, bool forward_tsn,
                                        bool re_config) {
    peer_tag_ = tag;
    receiver_.start(initial);
    reset_responder_.start(reset_sequence(initial.value()));
    reset_requester_.start(reset_sequence(initial_tsn_.value()));
    sender_.set_peer(window, forward_tsn);
    outgoing_streams_ = std::min(config_.outgoing_streams, incoming);
    incoming_streams_ = std::min(config_.max_incoming_streams, outgoing);
    peer_resets_ = re_config;
    stats_.messages_abandoned += sender_.queue().discard_streams_from(outgoing_streams_);
}

CORTC_DECL void association::adopt(const state_cookie& cookie) {
    adopt_peer(cookie.peer_tag, cookie.peer_initial_tsn, cookie.peer_window, cookie.peer_outgoing_streams,
               cookie.peer_incoming_streams, cookie.forward_tsn, cookie.re_config);
}

CORTC_DECL void association::handle_cookie_echo(const chunk& from, const arrival& in) {
    const auto cookie = open_cookie(from.value, cookie_key_);
    if (!cookie || in.index != 0 || in.tag != cookie->local_tag) return drop(drop_reason::bad_cookie);
    const bool current = up() && cookie->local_tag == local_tag_ && cookie->peer_tag == peer_tag_;
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
        (void)queue_reply(chunk_type::error, 0, cookie->peer_tag, true, value);
        return;
    }
    if (state_ == association_state::closed) {
        adopt(*cookie);
        cookie_ack_due_ = true;
        establish(in.now);
        return;
    }
    handle_known_cookie(*cookie, in.now);
}

/// RFC 9260 5.2.4, table 12: an association exists, or is being set up.
CORTC_DECL void association::handle_known_cookie(const state_cookie& cookie, time_point now) {
    const bool local = cookie.local_tag == local_tag_;
    const bool peer = cookie.peer_tag == peer_tag_;
    const bool ties = cookie.local_tie_tag == local_tag_ && cookie.peer_tie_tag == peer_tag_;
    if (local && peer) { // D: our COOKIE-ACK was lost, or both ends have set up
        cookie_ack_due_ = true;
        if (!up()) establish(now);
    } else if (local) { // B: both ends have sent INIT
        cookie_ack_due_ = true;
        if (up()) {
            peer_tag_ = cookie.peer_tag;
        } else {
            adopt(cookie);
            establish(now);
        }
    } else if (!peer && ties && up()) { // A: the peer has started again
        if (state_ == association_state::shutdown_ack_sent) {
            shutdown_due_ = true;
        } else {
            restart(cookie, now);
        }
    } else { // C: late, from an attempt that was given up
        drop(drop_reason::bad_cookie);
    }
}

CORTC_DECL void association::handle_cookie_ack(time_point now) {
    if (state_ != association_state::cookie_echoed) return drop(drop_reason::out_of_the_blue);
    if (timer_count_ == 0 && !setup_due_) sender_.rto().sample(now - setup_sent_);
    establish(now);
}

/// RFC 9260 5.2.6: our COOKIE-ECHO came too late; begin again, as often as T1 allows.
CORTC_DECL void association::handle_stale_cookie() {
    if (state_ != association_state::cookie_echoed) return;
    if (++timer_count_ > config_.timings.max_init_retransmits)
        return finish(close_reason::setup_timeout, "stale cookie");
    set_state(association_state::cookie_wait);
    sender_.lose_all();
    cookie_ = {};
    peer_tag_ = 0;
    t1_at_ = never;
    setup_due_ = true;
}

CORTC_DECL void association::establish(time_point now) {
    set_state(association_state::established);
    t1_at_ = never;
    timer_count_ = 0;
    setup_due_ = false;
    cookie_ = {};
    path_errors_ = 0;
    sender_.rto().clear_back_off();
    sender_.arm_timer(now);
    schedule_heartbeat(now);
    emit(connected{outgoing_streams_, incoming_streams_}, false);
}

CORTC_DECL void association::restart(const state_cookie& cookie, time_point now) {
    log_.debug("the peer has restarted");
    local_tag_ = cookie.local_tag;
    initial_tsn_ = cookie.local_initial_tsn;
    sender_.clear();
    sender_.start(initial_tsn_);
    (void)reset_requester_.take_all();
    adopt(cookie);
    cookie_ack_due_ = true;
    shutdown_due_ = false;
    t2_at_ = never;
    timer_count_ = 0;
    path_errors_ = 0;
    heartbeat_waiting_ = false;
    set_state(association_state::established);
    schedule_heartbeat(now);
    emit(restarted{}, true);
}

CORTC_DECL void association::setup_timeout() {
    t1_at_ = never;
    if (++timer_count_ > config_.timings.max_init_retransmits) return finish(close_reason::setup_timeout, {});
    sender_.rto().back_off();
    sender_.lose_all(); // what was bundled with COOKIE-ECHO goes with it again
    setup_due_ = true;
}

} // namespace cortc::sctp
