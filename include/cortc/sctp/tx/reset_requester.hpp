#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sctp/timers.hpp"
#include "cortc/sctp/tx/send_queue.hpp"
#include "cortc/sctp/wire/parameters.hpp"

#include <optional>
#include <vector>

namespace cortc::sctp {

/// Asks the peer to reset outgoing streams of ours (RFC 6525 5.1.2): one request at a time, for all streams
/// that have nothing left to send.
class reset_requester {
  public:
    struct outcome {
        bool done = false; ///< or refused
        std::vector<stream_id> streams;
    };

    reset_requester(reset_sequence initial, association_timers& timers) : timers_(&timers), next_(initial) {}

    void add(stream_id stream) { pending_.push_back(stream); }

    /// Makes a request of the streams that are ready, when none is under way.
    void prepare(const send_queue& queue, tsn last_assigned, std::size_t max_streams);
    /// The last TSN before the reset that is under way; nullopt: none is.
    [[nodiscard]] std::optional<tsn> last_assigned() const noexcept {
        return requested_.empty() ? std::nullopt : std::optional(last_assigned_);
    }
    [[nodiscard]] bool due() const noexcept { return due_; }
    /// The RE-CONFIG chunk; does nothing when it does not fit. `answered`: the peer's request answered last.
    void write(packet_builder& out, reset_sequence answered, time_point now, duration rto);
    /// True: the request was not answered.
    [[nodiscard]] bool handle_timeout() noexcept;
    /// nullopt: does not end anything; `expected` tells whether it was an answer to our request at all.
    [[nodiscard]] std::optional<outcome> handle_response(const reset_response& response, bool& expected,
                                                         time_point now, duration rto);

  private:
    association_timers* timers_;
    reset_sequence next_;     // of a new request
    reset_sequence sequence_; // of the request under way
    tsn last_assigned_;
    std::vector<stream_id> pending_;
    std::vector<stream_id> requested_;
    bool due_ = false;
    bool deferred_ = false; // "in progress": to be asked again under a new number
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/tx/impl/reset_requester.ipp"
#endif
