#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sctp/types.hpp"
#include "cortc/sctp/wire/parameters.hpp"

#include <optional>
#include <utility>
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
    };

    void start(reset_sequence initial);

    /// The answer to a request. A reset to be carried out is then in take_ready(). A request that came too
    /// early is carried out when it comes again, not before: the peer repeats it under its number or the next
    /// one, and with that number a repetition could not be told from the stream's next reset.
    [[nodiscard]] reset_result handle(const outgoing_reset_request& request, tsn cumulative);
    /// The answer to a request of a kind that we do not carry out.
    [[nodiscard]] reset_result refuse(reset_sequence sequence);
    /// The reset that was answered with "performed", once.
    [[nodiscard]] std::optional<reset> take_ready() noexcept { return std::exchange(ready_, std::nullopt); }
    [[nodiscard]] reset_sequence last_answered() const noexcept { return expected_.previous(); }

  private:
    reset_sequence expected_;
    reset_result last_result_ = reset_result::nothing_to_do;
    std::optional<reset> ready_;
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/rx/impl/reset_responder.ipp"
#endif
