#pragma once

#include "cortc/sctp/rx/inbox.hpp"

#include <algorithm>

namespace cortc::sctp {

CORTC_DECL void inbox::account() {
    for (; accounted_ < messages_.size(); ++accounted_) {
        const auto size = messages_[accounted_].data.size();
        cost_ += size + config_->limits.message_overhead;
        ++delivered_;
        ++stats_->messages_received;
        stats_->bytes_received += size;
    }
}

CORTC_DECL void inbox::emit(event what, bool in_order) {
    const auto after = in_order ? delivered_ : 0;
    if (in_order) barriers_.push_back(after);
    events_.push_back({std::move(what), after, in_order});
}

CORTC_DECL std::optional<event> inbox::poll_event() {
    if (events_.empty() || events_.front().after > polled()) return std::nullopt;
    if (events_.front().in_order) (void)barriers_.pop_front();
    return events_.pop_front().what;
}

CORTC_DECL std::optional<received_message> inbox::poll_message() {
    if (!barriers_.empty() && barriers_.front() <= polled()) return std::nullopt;
    if (messages_.empty()) return std::nullopt;
    --accounted_;
    return messages_.pop_front();
}

CORTC_DECL void inbox::consume(std::size_t bytes, std::size_t messages) noexcept {
    cost_ -= std::min(cost_, bytes + messages * config_->limits.message_overhead);
}

} // namespace cortc::sctp
