#pragma once

#include "cortc/jsep/operations_chain.hpp"

#include <algorithm>
#include <utility>

namespace cortc::jsep {

CORTC_DECL operations_chain::pushed operations_chain::push(operation_id id) {
    if (closed_) return pushed::closed;
    queue_.push_back(id);
    return queue_.size() == 1 ? pushed::runs_now : pushed::waits;
}

CORTC_DECL operations_chain::step operations_chain::settle(operation_id id) {
    // A running operation that was removed settles late: the next one runs already.
    if (queue_.empty() || queue_.front() != id) return {};
    return advance();
}

CORTC_DECL operations_chain::step operations_chain::remove(operation_id id) {
    if (!queue_.empty() && queue_.front() == id) return advance();
    if (auto waiting = std::find(queue_.begin(), queue_.end(), id); waiting != queue_.end())
        queue_.erase(waiting);
    return {};
}

CORTC_DECL operations_chain::step operations_chain::advance() {
    queue_.erase(queue_.begin());
    if (!queue_.empty()) return {queue_.front(), false};
    return {std::nullopt, std::exchange(update_deferred_, false)};
}

CORTC_DECL bool operations_chain::update_negotiation_needed() {
    if (closed_) return false;
    if (queue_.empty()) return true;
    update_deferred_ = true;
    return false;
}

CORTC_DECL void operations_chain::close() {
    closed_ = true;
    queue_.clear();
    update_deferred_ = false;
}

CORTC_DECL std::optional<operations_chain::operation_id> operations_chain::running() const {
    if (queue_.empty()) return {};
    return queue_.front();
}

} // namespace cortc::jsep
