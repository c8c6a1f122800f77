#pragma once

#include "cortc/base/config.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace cortc::jsep {

/// webrtc-pc 4.4.1.2 "chain an operation", as an engine over the owner's operation ids. The first in the
/// queue is the one that runs; ids must be unique among the queued.
class operations_chain {
  public:
    using operation_id = std::uint64_t;

    enum class pushed {
        runs_now, // alone: start it at once
        waits,    // a later settle() or remove() hands it out
        closed,   // not queued: invalid_state
    };
    struct step {
        std::optional<operation_id> next;       // start this one now
        bool update_negotiation_needed = false; // the chain ran empty and an update was deferred: do it now
    };

    pushed push(operation_id id);
    /// The running operation (`id`) succeeded or failed. After close() nothing follows.
    step settle(operation_id id);
    /// Cancellation. A waiting operation just disappears; removing the running one lets the next start.
    /// Unknown ids are ignored.
    step remove(operation_id id);
    /// True: do the update now. False: deferred until the chain is empty (or the chain is closed).
    [[nodiscard]] bool update_negotiation_needed();
    /// Forgets every operation; their owners complete them with `aborted`.
    void close();

    [[nodiscard]] bool empty() const noexcept { return queue_.empty(); }
    [[nodiscard]] bool closed() const noexcept { return closed_; }
    [[nodiscard]] std::optional<operation_id> running() const;

  private:
    step advance();

    std::vector<operation_id> queue_;
    bool update_deferred_ = false;
    bool closed_ = false;
};

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/operations_chain.ipp"
#endif
