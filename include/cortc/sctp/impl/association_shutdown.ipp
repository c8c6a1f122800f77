#pragma once

#include "cortc/sctp/association.hpp"

namespace cortc::sctp {

CORTC_DECL void association::shutdown(time_point) {
    if (ended_) return;
    if (state_ == association_state::closed) return finish(close_reason::shutdown, {});
    if (!up()) return abort();
    if (state_ != association_state::established) return;
    set_state(association_state::shutdown_pending);
    tcb_->sender.hurry();
    advance_shutdown();
}

CORTC_DECL void association::abort(std::string_view text) {
    if (ended_) return;
    queue_abort(error_cause::user_initiated_abort, text);
    finish(close_reason::aborted_locally, std::string(text));
}

/// RFC 9260 9.2: once everything is acknowledged, the next step.
CORTC_DECL void association::advance_shutdown() {
    const bool ours = state_ == association_state::shutdown_pending;
    const bool theirs = state_ == association_state::shutdown_received;
    if ((!ours && !theirs) || !tcb_->sender.all_acknowledged()) return;
    set_state(ours ? association_state::shutdown_sent : association_state::shutdown_ack_sent);
    tcb_->shutdown_due = true;
    tcb_->timer_count = 0;
}

CORTC_DECL void association::handle_abort(const chunk& from) {
    if (state_ == association_state::closed) return drop(drop_reason::out_of_the_blue);
    replies_.clear();
    finish(close_reason::aborted_by_peer, describe_causes(from.value), first_cause(from.value));
}

CORTC_DECL void association::handle_shutdown(const chunk& from, time_point now) {
    byte_reader in(from.value);
    const tsn cumulative(in.u32());
    if (!in.ok() || !up()) return drop(in.ok() ? drop_reason::out_of_the_blue : drop_reason::malformed_chunk);
    if (tcb_->sender.handle_cumulative(cumulative, now) == sender::verdict::progress) data_progress();
    switch (state_) {
    case association_state::established:
    case association_state::shutdown_pending:
        set_state(association_state::shutdown_received);
        tcb_->sender.hurry();
        break;
    case association_state::shutdown_sent: // both ends at once: answer
        set_state(association_state::shutdown_ack_sent);
        tcb_->shutdown_due = true;
        tcb_->timer_count = 0;
        break;
    case association_state::shutdown_ack_sent:
        tcb_->shutdown_due = true;
        break;
    default:
        break;
    }
    advance_shutdown();
}

CORTC_DECL void association::handle_shutdown_ack(const arrival& in) {
    if (state_ == association_state::shutdown_sent || state_ == association_state::shutdown_ack_sent) {
        (void)queue_reply(chunk_type::shutdown_complete, 0, tcb_->peer_tag, true, {});
        return finish(close_reason::shutdown, {});
    }
    drop(drop_reason::out_of_the_blue);
    // RFC 9260 8.5.1 E: it belongs to an association before this one.
    if (!up()) (void)queue_reply(chunk_type::shutdown_complete, 1, in.tag, true, {});
}

CORTC_DECL void association::handle_shutdown_complete() {
    if (state_ != association_state::shutdown_ack_sent) return drop(drop_reason::out_of_the_blue);
    finish(close_reason::shutdown, {});
}

CORTC_DECL void association::shutdown_timeout() {
    if (path_error()) return;
    tcb_->rto().back_off();
    tcb_->shutdown_due = true;
}

} // namespace cortc::sctp
