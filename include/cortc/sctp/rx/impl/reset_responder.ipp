#pragma once

#include "cortc/sctp/rx/reset_responder.hpp"

#include <utility>

namespace cortc::sctp {

CORTC_DECL void reset_responder::start(reset_sequence initial) {
    *this = {};
    expected_ = initial;
}

CORTC_DECL reset_result reset_responder::handle(const outgoing_reset_request& request, tsn cumulative) {
    if (request.sequence == expected_.previous()) return last_result_; // our answer was lost
    if (request.sequence != expected_) return reset_result::bad_sequence;
    ++expected_;
    reset asked;
    asked.sequence = request.sequence;
    asked.last_assigned = request.last_assigned;
    asked.all = request.count() == 0;
    for (std::size_t i = 0; i < request.count(); ++i) asked.streams.push_back(request.stream(i));
    // The same again after "in progress", but we have carried it out meanwhile.
    if (last_done_ == asked) {
        last_done_.reset();
        return last_result_ = reset_result::performed;
    }
    last_done_.reset();
    deferred_ = asked.last_assigned > cumulative;
    waiting_ = std::move(asked);
    return last_result_ = deferred_ ? reset_result::in_progress : reset_result::performed;
}

CORTC_DECL reset_result reset_responder::refuse(reset_sequence sequence) {
    if (sequence == expected_.previous()) return last_result_;
    if (sequence != expected_) return reset_result::bad_sequence;
    ++expected_;
    return last_result_ = reset_result::denied;
}

CORTC_DECL std::optional<reset_responder::reset> reset_responder::take_ready(tsn cumulative, bool& deferred) {
    if (!waiting_ || waiting_->last_assigned > cumulative) return std::nullopt;
    deferred = std::exchange(deferred_, false);
    if (waiting_->sequence == expected_.previous()) last_result_ = reset_result::performed;
    if (deferred) last_done_ = waiting_;
    return std::exchange(waiting_, std::nullopt);
}

} // namespace cortc::sctp
