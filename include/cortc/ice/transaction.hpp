#pragma once

#include "cortc/ice/checklist.hpp"
#include "cortc/ice/requests.hpp"
#include "cortc/ice/types.hpp"
#include "cortc/stun/types.hpp"

#include <optional>
#include <vector>

namespace cortc::ice {

enum class check_kind : std::uint8_t {
    connectivity, ///< RFC 8445 7.2, with or without USE-CANDIDATE: retransmitted
    consent       ///< RFC 7675: sent once; its silence fails nothing by itself
};

/// A Binding request on its way. It can be written again from these fields, byte for byte.
struct transaction {
    stun::transaction_id id{};
    request_ticket ticket{};
    generation_id generation;
    pair_id pair;
    path route;
    check_kind kind = check_kind::connectivity;
    role sent_as = role::controlling;
    bool use_candidate = false;
    std::uint32_t nomination = 0; ///< NOMINATION beside it; 0: none
    bool cancelled = false;       ///< RFC 8445 7.3.1.4: not retransmitted, but a response still counts
    std::uint32_t priority = 0;
    unsigned transmissions = 0;
    duration rto{};
    time_point sent;         ///< last
    time_point next = never; ///< retransmission, or the end
};

/// The requests in flight, and the schedule of RFC 8489 6.2.1.
class transaction_table {
  public:
    explicit transaction_table(const timings& t) noexcept : timings_(t) {}

    transaction& start(transaction request, time_point now);
    /// Counts a transmission and sets when the next is due.
    void transmitted(transaction& request, time_point now) const noexcept;

    [[nodiscard]] transaction* find(const stun::transaction_id& id) noexcept;
    /// Takes it out.
    std::optional<transaction> take(const stun::transaction_id& id) noexcept;
    /// One whose retransmission is due.
    [[nodiscard]] transaction* due(time_point now) noexcept;
    /// Takes one whose time is over.
    [[nodiscard]] std::optional<transaction> take_expired(time_point now);

    /// RFC 8445 7.3.1.4: stops the retransmission of a pair's check. Its response is still waited for, as
    /// long as for that of a last transmission: the round trip may be longer than the time between checks.
    void cancel(generation_id generation, pair_id pair, time_point now) noexcept;
    /// The pair's check that is not cancelled, or null.
    [[nodiscard]] const transaction* checking(generation_id generation, pair_id pair) const noexcept;
    void erase_all(generation_id generation) noexcept;
    void clear() noexcept { requests_.clear(); }

    [[nodiscard]] std::size_t size() const noexcept { return requests_.size(); }
    [[nodiscard]] time_point next_timeout() const noexcept;

  private:
    /// Of one pair: a peer that sets off a check with every request does not fill the memory.
    static constexpr std::size_t most_cancelled = 16;

    [[nodiscard]] bool last(const transaction& request) const noexcept;

    const timings& timings_;
    std::vector<transaction> requests_;
};

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/transaction.ipp"
#endif
