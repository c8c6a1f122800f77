#pragma once

#include "cortc/base/log.hpp"
#include "cortc/base/strong.hpp"
#include "cortc/ice/consent.hpp"
#include "cortc/ice/statistics.hpp"
#include "cortc/ice/types.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cortc::ice {

using pair_id = strong<struct pair_id_tag, std::uint32_t>;

/// A local and a remote candidate (RFC 8445 6.1.2). Datagrams know a socket and an address only, so a
/// checklist holds one pair for each such path: what pruning (6.1.2.4) leaves.
struct candidate_pair {
    pair_id id;
    path route;
    std::uint16_t local = 0;                  ///< index in the generation's candidates
    std::uint16_t remote = 0;                 //
    std::optional<std::uint16_t> valid_local; ///< of the valid pair that the check made (7.2.5.3.2)
    std::uint32_t foundation = 0;             ///< equal for pairs whose two foundations are equal
    std::uint64_t priority = 0;
    pair_state state = pair_state::frozen;
    bool valid = false;
    bool slow = false;             ///< in progress, and its first transmission went unanswered
    bool requested = false;        ///< the peer's own check came this way
    bool nominate = false;         ///< controlling: the next check carries USE-CANDIDATE
    bool nominated = false;        ///< controlling: such a check succeeded; controlled: such a check came
    time_point nominated_at{};     ///< controlled: when such a check came last
    std::uint32_t nomination = 0;  ///< the greatest number that it was nominated with; 0: with none
    time_point restart_at = never; ///< when to start a check in progress over (RFC 8445 7.3.1.4)
    ice::consent consent;

    std::uint64_t requests_sent = 0, requests_received = 0;
    std::uint64_t responses_sent = 0, responses_received = 0;
    std::uint64_t retransmissions = 0, consent_requests_sent = 0;
    duration round_trip{};
    duration total_round_trip{};
    std::uint64_t round_trips = 0;
    traffic data;
};

/// The pairs of one generation by descending priority, and the queue of triggered checks (RFC 8445 6.1.4.1).
/// Pointers and references to pairs last until the next insert() or sort().
class checklist {
  public:
    checklist(std::size_t limit, logger log) : limit_(limit), log_(log) {}

    [[nodiscard]] std::span<const candidate_pair> pairs() const noexcept { return pairs_; }
    [[nodiscard]] std::span<candidate_pair> pairs() noexcept { return pairs_; }
    [[nodiscard]] candidate_pair* find(pair_id id) noexcept;
    [[nodiscard]] const candidate_pair* find(pair_id id) const noexcept;
    [[nodiscard]] candidate_pair* find(const path& route) noexcept;
    [[nodiscard]] const candidate_pair* find(const path& route) const noexcept;

    /// Adds a pair, in the state that RFC 8838 12 gives it, and numbers it. A full list loses its least pair
    /// that is not valid (RFC 8445 6.1.2.5), which may be the new one: then null.
    candidate_pair* insert(candidate_pair pair);
    /// After priorities were changed.
    void sort();
    void clear();
    /// The pairs of this socket.
    void erase(socket_id socket);

    void set_state(candidate_pair& pair, pair_state next);
    /// RFC 8445 7.3.1.4: at the end of the queue, once. `first` is for nominations, which somebody waits for.
    void trigger(candidate_pair& pair, bool first = false);
    void untrigger(pair_id id);

    /// RFC 8445 7.2.5.3.3: a success thaws its foundation.
    void unfreeze(std::uint32_t foundation);
    /// RFC 8445 6.1.4.2: when no pair waits, each foundation that is not being checked gets one. Beyond the
    /// RFC, a check that had to be retransmitted no longer holds back its foundation: a dead pair would hold
    /// back the others for 39.5 s.
    void thaw();

    /// The pair to check next: triggered ones first, then the best waiting one above `least_priority`.
    [[nodiscard]] candidate_pair* next_check(std::uint64_t least_priority) noexcept;
    /// Its check goes out.
    void take(const candidate_pair& pair) noexcept;
    [[nodiscard]] bool has_check(std::uint64_t least_priority) const noexcept;
    /// Whether a pair above `least_priority` has yet to succeed or fail.
    [[nodiscard]] bool unresolved(std::uint64_t least_priority) const noexcept;
    /// Pairs waiting or in progress (RFC 8445 14.3).
    [[nodiscard]] std::size_t active() const noexcept;

  private:
    [[nodiscard]] pair_state initial_state(std::uint32_t foundation) const noexcept;
    bool make_room(std::uint64_t priority);

    std::size_t limit_;
    logger log_;
    std::vector<candidate_pair> pairs_;
    std::vector<pair_id> triggered_;
    std::uint32_t last_id_ = 0;
};

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/checklist.ipp"
#endif
