#pragma once

#include "cortc/base/log.hpp"
#include "cortc/base/random.hpp"
#include "cortc/ice/candidate.hpp"
#include "cortc/ice/checklist.hpp"
#include "cortc/ice/statistics.hpp"
#include "cortc/ice/types.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cortc::ice {

/// What an agent's parts share.
struct environment {
    random_source& random;
    logger log;
    timings time;
    limits limit;
    ice::role role = ice::role::controlled;
    std::uint64_t tie_breaker = 0; ///< RFC 8445 16.1
    bool lite = false;             ///< we are (RFC 8445 2.5)
    counters count{};

    void drop(drop_reason reason) noexcept { ++count.drops[static_cast<std::size_t>(reason)]; }
};

/// One pair of local and remote credentials with their candidates and checklist. Knows nothing of messages:
/// the agent sends and receives.
class generation {
  public:
    generation(generation_id id, credentials local, environment& env, time_point now);

    [[nodiscard]] generation_id id() const noexcept { return id_; }
    [[nodiscard]] const credentials& local() const noexcept { return local_; }
    [[nodiscard]] const std::optional<credentials>& remote() const noexcept { return remote_; }
    [[nodiscard]] const std::vector<candidate>& locals() const noexcept { return locals_; }
    [[nodiscard]] const std::vector<candidate>& remotes() const noexcept { return remotes_; }
    [[nodiscard]] checklist& checks() noexcept { return checks_; }
    [[nodiscard]] const checklist& checks() const noexcept { return checks_; }
    [[nodiscard]] bool uses(socket_id socket) const noexcept;

    /// Other credentials than before forget what was learned with the old ones.
    void set_remote(credentials remote, time_point now);
    /// RFC 8445 5.1.3: null when it is redundant or too many.
    const candidate* add_local(const local_candidate& init);
    /// What was sent from there is gone: candidates, and their pairs. Their indices stay theirs.
    void remove_local(socket_id socket);
    /// `resolved`: what the name in it stands for.
    bool add_remote(const sdp::candidate& signaled, const std::optional<ip_address>& resolved = {});
    /// RFC 8445 7.3.1.3 and 7.3.1.4: the pair an authentic request came by, made if need be. Null (counted)
    /// when the socket is not this generation's or a limit is met.
    candidate_pair* learn_pair(const path& from, std::uint32_t priority);
    /// RFC 8445 7.2.5.3.1: which local candidate has this mapped address, made if need be.
    std::uint16_t learn_local(const candidate_pair& checked, const endpoint& mapped, std::uint32_t priority);
    /// RFC 8445 7.1.1: what PRIORITY says in a check of this pair.
    [[nodiscard]] std::uint32_t check_priority(const candidate_pair& pair) const noexcept;
    /// After a change of role (RFC 8445 6.1.2.3).
    void update_priorities();

    [[nodiscard]] candidate_pair* selected() noexcept;
    [[nodiscard]] const candidate_pair* selected() const noexcept;
    /// The best valid pair with consent that answered at or after fresh_since.
    [[nodiscard]] const candidate_pair* best_valid(time_point now) const noexcept;
    /// The pair that carries data: the selected one, or before nomination the best valid one.
    [[nodiscard]] const candidate_pair* active() const noexcept;
    [[nodiscard]] candidate_pair* active() noexcept;
    /// Pairs no better than the selected one are not checked any more (RFC 8445 8.1.2).
    [[nodiscard]] std::uint64_t floor() const noexcept;
    [[nodiscard]] bool retiring() const noexcept { return retires != never; }
    /// Selected, all candidates known, and no better pair left to check: the W3C's "completed".
    [[nodiscard]] bool completed() const noexcept;
    /// Nothing works and nothing is left to try.
    [[nodiscard]] bool exhausted() const noexcept;
    [[nodiscard]] pair_statistics statistics(const candidate_pair& pair) const;
    /// Of the data that came by its pairs; time_point::min(): none.
    [[nodiscard]] time_point last_received() const noexcept;
    [[nodiscard]] restart_statistics restart() const;
    /// The peer sends checks, which shows that it has our credentials.
    [[nodiscard]] bool requested() const noexcept;
    void append_candidates(std::vector<candidate_statistics>& out) const;

    // The agent's notes; each is explained where it is set.
    bool local_done = false;
    bool remote_done = false;
    bool lost_pairs = false; // by remove_local()
    bool failed = false;
    bool was_connected = false;
    std::optional<pair_id> selection;
    std::optional<pair_id> nominating;
    time_point nominate_at = never;
    time_point fresh_since = time_point::min();
    time_point patience_ends = never;
    time_point retires = never;
    time_point retires_surely = never;
    bool restarts = false;
    bool lite = false;             // the peer: it sends no checks
    bool renomination = false;     // the peer follows numbered nominations
    std::uint32_t nominations = 0; // of ours that were numbered
    milestones when;

  private:
    /// Of a dual relay, which has two, the one that can reach `remote`.
    [[nodiscard]] std::optional<std::uint16_t> find_local(const path& to) const noexcept;
    [[nodiscard]] std::optional<std::uint16_t> find_remote(const endpoint& address) const noexcept;
    std::optional<std::uint16_t> learn_remote(const endpoint& source, std::uint32_t priority);
    std::optional<candidate> usable(const sdp::candidate& signaled,
                                    const std::optional<ip_address>& resolved);
    candidate_pair* pair_up(std::uint16_t local, std::uint16_t remote);
    void rate(candidate_pair& pair) const noexcept;

    generation_id id_;
    credentials local_;
    std::optional<credentials> remote_;
    environment& env_;
    std::vector<candidate> locals_;
    std::vector<candidate> remotes_;
    checklist checks_;
    std::size_t peer_reflexive_ = 0;
};

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/generation.ipp"
#endif
