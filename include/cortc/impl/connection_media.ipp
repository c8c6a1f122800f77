#pragma once

#include "cortc/impl/connection.hpp"

#include <algorithm>

namespace cortc {

/// Brings the application's transceivers to what the session has now.
CORTC_DECL void connection::sync_transceivers() {
    for (const auto& each : transceivers_)
        if (!session_.find(each->id())) each->end();
    std::erase_if(transceivers_, [this](const auto& each) { return !session_.find(each->id()); });
    for (const auto& now : session_.transceivers()) {
        auto known = std::find_if(transceivers_.begin(), transceivers_.end(),
                                  [&](const auto& each) { return each->id() == now.id; });
        if (known != transceivers_.end())
            (*known)->update(now);
        else
            transceivers_.push_back(std::make_shared<transceiver_impl>(shared_from_this(), now));
    }
}

CORTC_DECL void connection::set_direction(transceiver_impl& which, sdp::direction wish) {
    if (!session_.set_direction(which.id(), wish)) return;
    sync_transceivers();
    update_negotiation_needed();
}

CORTC_DECL void connection::stop(transceiver_impl& which) {
    session_.stop(which.id());
    sync_transceivers();
    update_negotiation_needed();
}

/// The data section is gone, its transport goes on with the others: the channels close.
CORTC_DECL void connection::end_sctp() {
    if (!sctp_) return;
    sctp_->abort("the data section was rejected");
    touch_sctp();
}

} // namespace cortc
