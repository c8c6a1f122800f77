#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sctp/types.hpp"
#include "cortc/sctp/wire/parameters.hpp"

#include <vector>

namespace cortc::sctp {

/// Answers the peer's requests to reset its outgoing streams (RFC 6525 5.2.2). A reset takes effect when
/// everything the peer has sent before it has arrived.
class reset_responder {
  public:
    /// What a reset applies to.
    struct reset {
        reset_sequence sequence;
        tsn last_assigned;
        bool all = false;
        std::vector<stream_id> streams; ///< when not all
        friend bool operator==(const reset& a, const reset& b) {
            return a.last_assigned == b.last_assigned && a.all == b.all && a.streams == b.streams;
        }
    };

    void start(reset_sequence initial);

    /// The answer to a request. A reset to be carried out is then in take_ready().
    [[nodiscard]] reset_result handle(const outgoing_reset_request& request, tsn cumulative);
    /// The answer to a request of a kind that we do not carry out.
    [[nodiscard]] reset_result refuse(reset_sequence sequence);
    /// A reset for which everything has arrived. `deferred`: "in progress" was the answer when it was asked
    /// for.
    [[nodiscard]] std::optional<reset> take_ready(tsn cumulative, bool& deferred);
    [[nodiscard]] reset_sequence last_answered() const noexcept { return expected_.previous(); }

  private:
    reset_sequence expected_;
    reset_result last_result_ = reset_result::nothing_to_do;
    std::optional<reset> waiting_;
    std::optional<reset> last_done_; // when it had been answered with "in progress"
    bool deferred_ = false;
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/rx/impl/reset_responder.ipp"
#endif
