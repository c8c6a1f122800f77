#pragma once

#include "cortc/async/waiter.hpp"

#include <functional>

namespace cortc {

/// What the parts of a connection ask of its negotiation.
class negotiation {
  public:
    /// webrtc-pc 4.7.3 "update the negotiation-needed flag".
    virtual void update_negotiation_needed() = 0;
    /// The session was changed by a call that is no operation: what it decided is to be done.
    virtual void session_changed() = 0;
    /// Chains an operation that needs no preparation.
    virtual void chain(waiter_ptr<void> operation, std::function<void(const waiter_ptr<void>&)> body) = 0;

  protected:
    ~negotiation() = default;
};

} // namespace cortc
