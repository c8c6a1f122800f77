#pragma once

#include "cortc/connection/operations.hpp"

#include <utility>

namespace cortc {

CORTC_DECL jsep::operations_chain::pushed operations::push(chained made, std::uint64_t id) {
    const auto pushed = chain_.push(id);
    if (pushed != jsep::operations_chain::pushed::closed) chained_.emplace(id, std::move(made));
    return pushed;
}

CORTC_DECL void operations::hold(std::uint64_t id, provider_ticket_ptr ticket) {
    if (auto at = chained_.find(id); at != chained_.end()) at->second.provider = std::move(ticket);
}

CORTC_DECL void operations::cancelled(std::uint64_t id) {
    if (owner_.is_closed()) return;
    chained_.erase(id);
    follow(chain_.remove(id));
}

CORTC_DECL void operations::done(std::uint64_t id) {
    chained_.erase(id); // it holds the operation, whose handler may hold the connection
    owner_.post([this, id] {
        if (!owner_.is_closed()) follow(chain_.settle(id));
    });
}

CORTC_DECL void operations::hold_back() {
    if (std::exchange(held_back_, true)) return;
    owner_.post([this] {
        held_back_ = false;
        if (const auto id = std::exchange(to_begin_, std::nullopt)) begin(*id);
    });
}

CORTC_DECL void operations::begin(std::uint64_t id) {
    if (held_back_) {
        to_begin_ = id;
        return;
    }
    owner_.core()->take_turns([weak = owner_.weak_from_this(), this, id] {
        if (const auto self = weak.lock()) run(id);
    });
}

CORTC_DECL void operations::run(std::uint64_t id) {
    const auto at = chained_.find(id);
    if (at == chained_.end()) return; // cancelled, or the connection was closed
    const auto run = std::exchange(at->second.run, nullptr);
    run();
}

CORTC_DECL void operations::follow(const jsep::operations_chain::step& step) {
    if (step.next) begin(*step.next);
    if (step.update_negotiation_needed) update_negotiation_needed_();
}

CORTC_DECL void operations::close(const std::exception_ptr& why) {
    chain_.close();
    for (auto& [id, operation] : std::exchange(chained_, {})) operation.fail(why);
}

} // namespace cortc
