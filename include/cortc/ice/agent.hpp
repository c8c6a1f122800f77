#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/fifo.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/random.hpp"
#include "cortc/ice/candidate.hpp"
#include "cortc/ice/generation.hpp"
#include "cortc/ice/rate.hpp"
#include "cortc/ice/requests.hpp"
#include "cortc/ice/responses.hpp"
#include "cortc/ice/statistics.hpp"
#include "cortc/ice/transaction.hpp"
#include "cortc/ice/types.hpp"
#include "cortc/stun/message.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cortc::ice {

/// Room that every message fits in: a USERNAME of the longest (RFC 8489 14.3) makes 588 bytes.
inline constexpr std::size_t max_message = 600;

struct state_changed {
    transport_state from, to;
};
/// Of the newest generation that has one; data goes this way from now on.
struct selected_pair_changed {
    generation_id generation;
    path route;
    candidate local;
    candidate remote;
};
/// A role conflict was repaired (RFC 8445 7.3.1.1), or the peer is lite.
struct role_changed {
    ice::role now;
};
/// A replaced generation is gone; its sockets may go where no other one uses() them.
struct generation_retired {
    generation_id generation;
};
using event = std::variant<state_changed, selected_pair_changed, role_changed, generation_retired>;

struct agent_config {
    agent_config(random_source& source, request_table& table) : random(source), requests(table) {}

    ///@{
    /// Must outlive the agent. Transaction ids, the tie-breaker and jitter come from `random`; `requests` is
    /// shared with others who send requests over the same sockets.
    random_source& random;
    request_table& requests;
    ///@}
    logger log;
    timings time;
    limits limit;
    /// RFC 8445 16.1. The agents of a connection share one, so that every conflict ends the same way. None:
    /// at random.
    std::optional<std::uint64_t> tie_breaker;
    /// RFC 8445 14: one Ta for all that a connection checks. None: the agent's own.
    std::shared_ptr<rate> pacing = {};
    /// Controlling: a restart over the path that carries the data nominates it by its first check, a round
    /// trip earlier. RFC 8445 8.1.1 wants a success before, as `ice2` promises (RFC 8445 10).
    bool early_nomination = false;
    /// An ICE-lite agent (RFC 8445 2.5), for an address that everybody reaches: it answers the checks of a
    /// full agent, which controls, and sends none. A pair is valid by the peer's check; consent is what the
    /// peer's checks show.
    bool lite = false;
};

/// A full ICE agent (RFC 8445), or a lite one, for one component, trickling (RFC 8838), patient (RFC 8863),
/// with consent (RFC 7675). Sans-IO: after each call that takes `now`, drain poll_transmit() and
/// poll_event(), and ask next_timeout().
///
/// A generation is one pair of credentials. The newest one is being checked while the one before still
/// carries the data; once the new one selects a pair the old one is retired. Requests find their generation
/// by the local ufrag, responses their transaction by its id.
class agent final : private requester {
  public:
    explicit agent(agent_config config);
    agent(const agent&) = delete;
    agent& operator=(const agent&) = delete;

    /// Before the first generation gets its remote credentials; afterwards conflicts are repaired, not
    /// decreed.
    void set_role(ice::role value);
    [[nodiscard]] ice::role role() const noexcept { return env_.role; }
    [[nodiscard]] transport_state state() const noexcept { return state_; }

    /// From here on checks with this ufrag are answered, and where they come from is remembered until
    /// set_remote().
    generation_id add_generation(credentials local, time_point now);
    /// Checks begin as soon as there are pairs. A call with other credentials starts the generation over.
    void set_remote(generation_id id, credentials remote, remote_options options, time_point now);
    /// What to signal; nothing when the candidate is redundant (RFC 8445 5.1.3), the limit is met (counted)
    /// or there is no such generation.
    std::optional<sdp::candidate> add_local_candidate(generation_id id, const local_candidate& init,
                                                      time_point now);
    /// The transport was lost: its pairs fail and are gone, and so are its candidates, of every generation.
    void remove_socket(socket_id socket, time_point now);
    /// False (counted) when it is not used: TCP, component 2, a name instead of an address, a duplicate, too
    /// many.
    /// `resolved`: what the name in it stands for.
    bool add_remote_candidate(generation_id id, const sdp::candidate& candidate, time_point now,
                              const std::optional<ip_address>& resolved = {});
    void local_candidates_done(generation_id id, time_point now);
    void remote_candidates_done(generation_id id, time_point now);
    /// Rollback: as if it had never been. No generation_retired follows.
    void remove_generation(generation_id id, time_point now);
    void close();

    /// A datagram for which stun::is_stun() holds. What answers another's request is given to him.
    void handle_packet(socket_id socket, const endpoint& source, byte_view packet, time_point now);
    /// The transport received something authentic (a DTLS record, an SRTP packet): a sign of life, though not
    /// consent.
    void note_received(socket_id socket, const endpoint& source, time_point now);

    /// The transport is about to take a datagram that is no STUN message: false when is_valid_source() is;
    /// else it is counted.
    [[nodiscard]] bool accept(socket_id socket, const endpoint& source, std::size_t size,
                              time_point now) noexcept;
    /// The transport has sent so much along send_path().
    void note_sent(std::uint64_t packets, std::uint64_t bytes, time_point now) noexcept;

    /// Writes the next datagram; `out` has room for at least `max_message` bytes.
    std::optional<transmit> poll_transmit(byte_span out, time_point now);
    std::optional<event> poll_event();
    [[nodiscard]] time_point next_timeout() const noexcept;
    void handle_timeout(time_point now);

    /// Where data goes: the selected pair of the newest generation that has one; while none has, the best
    /// valid pair. Nothing without consent, whether or not a timer has run since it ended (RFC 7675 5.1).
    [[nodiscard]] std::optional<path> send_path(time_point now) const noexcept;
    /// As of the latest call that took a time.
    [[nodiscard]] std::optional<path> send_path() const noexcept { return send_path(now_); }
    /// Whether data may come from there: the path of a valid pair, or one by which the peer's authentic check
    /// came (the peer may find the pair valid before we do), in any generation that is not gone;
    /// or where a check came from with credentials that the peer has in another generation, for 30 s.
    [[nodiscard]] bool is_valid_source(socket_id socket, const endpoint& source) const noexcept;
    /// Whether a generation has a candidate on this socket.
    [[nodiscard]] bool uses(socket_id socket) const noexcept;

    [[nodiscard]] std::optional<pair_statistics> selected_pair() const;
    /// The pair of send_path(), selected or not yet.
    [[nodiscard]] std::optional<selected_pair_changed> carrying_pair() const;
    [[nodiscard]] std::vector<pair_statistics> pairs() const;
    /// Of every generation that is not gone, the oldest first.
    [[nodiscard]] std::vector<candidate_statistics> candidates() const;
    /// Nothing before the first one, and after the rollback of it.
    [[nodiscard]] std::optional<restart_statistics> last_restart() const;
    [[nodiscard]] const counters& stats() const noexcept { return env_.count; }

  private:
    // agent.ipp: generations, candidates, states
    [[nodiscard]] generation* find(generation_id id) noexcept;
    [[nodiscard]] generation* newest_with_remote() noexcept;
    [[nodiscard]] const generation* carrier() const noexcept;
    void make_room();
    void settle(time_point now);
    void retire(time_point now);
    [[nodiscard]] transport_state derive_state(time_point now);
    [[nodiscard]] transport_state unconnected_state(const generation& current, time_point now) const;
    void set_state(transport_state next);
    void switch_role();

    // agent_requests.ipp: the peer's checks (RFC 8445 7.3)
    void handle_request(const path& from, const stun::message& request, time_point now);
    [[nodiscard]] generation* authenticate(const path& from, const stun::message& request, time_point now);
    [[nodiscard]] bool acceptable(const generation& in, const path& from, const stun::message& request,
                                  time_point now);
    [[nodiscard]] bool repair_role_conflict(const generation& in, const path& from,
                                            const stun::message& request, time_point now);
    void learn(generation& in, const path& from, const stun::message& request, time_point now);
    void adopt(generation& in, candidate_pair& pair, time_point now);
    [[nodiscard]] bool is_peer(std::string_view ufrag) const noexcept;
    void allow(const path& from, std::string_view ufrag, bool peer, time_point now);
    [[nodiscard]] bool allows(const path& from, time_point now) const noexcept;
    void check_again(generation& in, candidate_pair& pair, bool first_request, time_point now);
    void restart_checks(generation& in, time_point now);
    void trigger(generation& in, candidate_pair& pair, time_point now);
    void respond(const path& to, const stun::message& request, const generation* in,
                 std::optional<stun::error> error, time_point now);

    // agent_checks.ipp: our checks (RFC 8445 7.2)
    std::optional<transmit> transmit_retransmission(byte_span out, time_point now);
    std::optional<transmit> transmit_consent(byte_span out, time_point now);
    std::optional<transmit> transmit_check(byte_span out, time_point now);
    [[nodiscard]] bool need_not_wait(const candidate_pair& pair, time_point now) const noexcept;
    [[nodiscard]] bool nominates_early(const generation& in, const candidate_pair& pair,
                                       time_point now) const noexcept;
    transmit send(generation& in, candidate_pair& pair, check_kind kind, byte_span out, time_point now);
    [[nodiscard]] transmit write(const transaction& request, const generation& in, byte_span out) const;
    [[nodiscard]] duration first_rto(const generation& in, const candidate_pair& pair) const noexcept;
    void handle_response(const path& from, const stun::message& response, time_point now) override;
    void handle_success(generation& in, candidate_pair& pair, const transaction& request,
                        const endpoint& mapped, time_point now);
    void handle_role_conflict(generation& in, candidate_pair& pair, const transaction& request,
                              time_point now);
    void handle_expired(const transaction& request);
    void end_nomination(generation& in, candidate_pair& pair, const transaction& request);
    void fail(generation& in, candidate_pair& pair);
    void measure(candidate_pair& pair, const transaction& request, time_point now);

    // agent_nomination.ipp: nomination, selection, consent, retirement (RFC 8445 8 and 9, RFC 7675)
    void nominate(generation& in, time_point now);
    void select(generation& in, candidate_pair& pair, time_point now);
    [[nodiscard]] bool should_select(const generation& in, const candidate_pair& pair, time_point now) const;
    void retire_before(generation_id id, duration after, time_point now);
    void expire_consent(generation& in, time_point now);
    void look_for_replacement(generation& in, time_point now);
    void detect_failure(generation& in, time_point now);

    environment env_;
    request_table& requests_;
    std::vector<std::unique_ptr<generation>> generations_; // oldest first
    transaction_table transactions_;
    response_queue responses_;
    struct allowance {
        path from;
        std::string ufrag;
        bool peer; // else somebody's whose description may come yet
        time_point until;
    };
    std::vector<allowance> allowed_; // the latest last
    std::shared_ptr<rate> pacing_;
    bool early_nomination_;
    fifo<event> events_;
    transport_state state_ = transport_state::fresh;
    std::uint32_t last_generation_ = 0;
    unsigned role_repairs_ = 0;          // since the last set_remote()
    time_point now_ = time_point::min(); // the latest we were told
    bool closed_ = false;
};

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/agent.ipp"
#include "cortc/ice/impl/agent_checks.ipp"
#include "cortc/ice/impl/agent_nomination.ipp"
#include "cortc/ice/impl/agent_requests.ipp"
#endif
