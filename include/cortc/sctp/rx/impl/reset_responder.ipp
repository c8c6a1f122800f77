#pragma once

#include "cortc/sctp/rx/reset_responder.hpp"

#include <utility>

namespace cortc::sctp {

CORTC_DECL void reset_responder::start(reset_sequence initial) {
    *this = {};
    expected_ = initial;
}

CORTC_DECL reset_result reset_responder::handle(const outgoing_reset_request& request, tsn cumulative) {
    const bool repeated = request.sequence == expected_.previous();
    if (repeated && last_result_ != reset_result::in_progress) return last_result_; // our answer was lost
    if (!repeated && request.sequence != expected_) return reset_result::bad_sequence;
    if (!repeated) ++expected_;
    if (request.last_assigned > cumulative) return last_result_ = reset_result::in_progress;
    reset asked;
    asked.sequence = request.sequence;
    asked.last_assigned = request.last_assigned;
    asked.all = request.count() == 0;
    for (std::size_t i = 0; i < request.count(); ++i) asked.streams.push_back(request.stream(i));
    ready_ = std::move(asked);
    return last_result_ = reset_result::performed;
}

CORTC_DECL reset_result reset_responder::refuse(reset_sequence sequence) {
    if (sequence == expected_.previous()) return last_result_;
    if (sequence != expected_) return reset_result::bad_sequence;
    ++expected_;
    return last_result_ = reset_result::denied;
}

} // namespace cortc::sctp
