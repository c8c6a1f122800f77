#pragma once

#include "cortc/ice/rate.hpp"
#include "cortc/ice/statistics.hpp"
#include "cortc/ice/types.hpp"
#include "cortc/stun/message.hpp"
#include "cortc/stun/types.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace cortc::ice {

/// A response that waits to be written.
struct response {
    path to;
    stun::transaction_id id{};
    std::optional<stun::error> error; ///< none: success, with the mapped address `to.remote`
    /// Whose password keys MESSAGE-INTEGRITY; none: the request was not authentic.
    std::optional<generation_id> authentic;
    stun::message::attribute_list unknown{};
};

/// Responses on their way out: bounded, and slow to answer strangers (RFC 8489 9.1.3 asks for 400 and 401,
/// which must not serve to flood a third party).
class response_queue {
  public:
    explicit response_queue(const limits& limit)
        : limit_(limit.pending_responses)
        , strangers_(duration(std::chrono::seconds(1)) / std::max(1U, limit.unauthenticated_errors),
                     limit.unauthenticated_errors) {}

    /// Nothing, or why it was dropped.
    std::optional<drop_reason> push(response next, time_point now);
    [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
    /// The oldest. Neither these to be called when empty.
    [[nodiscard]] const response& front() const noexcept { return waiting_.front(); }
    void pop() noexcept { waiting_.erase(waiting_.begin()); }
    /// Writes the oldest; size 0 when `out` is too small for it. `key`: of its generation, if it has one.
    transmit write(byte_span out, std::string_view key);
    void clear() noexcept { waiting_.clear(); }

  private:
    std::size_t limit_;
    rate strangers_;
    std::vector<response> waiting_; // few, and mostly one
};

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/responses.ipp"
#endif
