#pragma once

#include "cortc/ice/candidate.hpp"
#include "cortc/ice/types.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cortc::ice {

/// Why something a peer (or a stranger) sent had no effect.
enum class drop_reason : std::uint8_t {
    malformed,              ///< not a STUN message, or a bad FINGERPRINT
    unexpected_message,     ///< not a Binding request or response (indications are silently fine)
    missing_credentials,    ///< a request without USERNAME or MESSAGE-INTEGRITY: 400
    unknown_ufrag,          ///< 401
    wrong_integrity,        ///< of a request: 401
    unknown_attributes,     ///< comprehension-required: 420
    bad_request,            ///< authentic, but without PRIORITY or with both roles: 400
    role_switch_limit,      ///< a peer that turns the roles without end
    response_queue_full,    ///< the owner does not drain
    error_rate,             ///< more unauthenticated requests in a second than are answered
    response_unknown,       ///< no such transaction (late, or forged)
    response_integrity,     ///< wrong or missing in a response
    response_wrong_address, ///< RFC 8445 7.2.5.2.1: did not come from where the request went
    response_malformed,     ///< success without XOR-MAPPED-ADDRESS, or with an unknown attribute
    response_error,         ///< an error response that ended a check
    unknown_socket,         ///< authentic, but the generation has no candidate on that socket
    foreign_credentials,    ///< authentic, but from another remote ufrag than the one we know
    early_candidate_limit,
    local_candidate_limit,
    remote_candidate_limit,
    pair_limit,
    candidate_transport, ///< TCP, or a transport or type nobody knows
    candidate_component, ///< not component 1: rtcp-mux is required
    candidate_address,   ///< a name, or an address nobody can be reached at
    candidate_duplicate,
    count
};
std::string_view to_string(drop_reason reason) noexcept;

struct counters {
    std::uint64_t requests_received = 0; ///< authentic ones
    std::uint64_t responses_received = 0;
    std::uint64_t requests_sent = 0; ///< retransmissions and consent checks included
    std::uint64_t retransmissions = 0;
    std::uint64_t consent_requests_sent = 0;
    std::uint64_t responses_sent = 0; ///< error responses included
    std::uint64_t role_switches = 0;
    std::uint64_t selected_pair_changes = 0; ///< to none included; as the W3C counts
    std::uint64_t restarts = 0;              ///< that have selected a pair
    std::array<std::uint64_t, static_cast<std::size_t>(drop_reason::count)> drops{};

    [[nodiscard]] std::uint64_t dropped(drop_reason reason) const noexcept {
        return drops[static_cast<std::size_t>(reason)];
    }
};

/// RFC 8445 6.1.2.6.
enum class pair_state : std::uint8_t { frozen, waiting, in_progress, succeeded, failed };
std::string_view to_string(pair_state value) noexcept;

/// What is not STUN: datagrams and their bytes, as UDP carries them.
struct traffic {
    std::uint64_t packets_sent = 0, packets_received = 0;
    std::uint64_t bytes_sent = 0, bytes_received = 0;
    time_point last_sent{}, last_received{}; ///< of the latest, if there was one
    time_point first_received = never;

    void sent(std::uint64_t packets, std::uint64_t bytes, time_point now) noexcept {
        packets_sent += packets;
        bytes_sent += bytes;
        last_sent = now;
    }
    void received(std::uint64_t bytes, time_point now) noexcept {
        if (packets_received++ == 0) first_received = now;
        bytes_received += bytes;
        last_received = now;
    }
};

/// What a generation came to, and when; `never`: it has not happened.
struct milestones {
    time_point begun = never;          ///< its local credentials came
    time_point paired = never;         ///< its remote ones came: checks may begin
    time_point first_check = never;    ///< one of ours went out
    time_point first_valid = never;    ///< ... and was answered
    time_point nominated = never;      ///< controlling: USE-CANDIDATE went out; controlled: it came
    time_point selected = never;       ///< data goes its way from here on
    time_point first_received = never; ///< data came by one of its pairs
    time_point alone = never;          ///< the generations before it are gone
};

/// The latest ICE restart (RFC 8445 9): a generation that began when another one was in use.
struct restart_statistics {
    generation_id generation;
    std::string ufrag; ///< local
    milestones when;
};

/// One candidate (RTCIceCandidateStats). Generation, side, remote ufrag and index name it for good.
struct candidate_statistics {
    generation_id generation;
    bool remote = false;
    std::uint16_t index = 0;
    candidate what;
    std::string ufrag; ///< empty: a remote one's that is not known yet
};

/// One candidate pair (RTCIceCandidatePairStats).
struct pair_statistics {
    generation_id generation;
    std::uint32_t id = 0; ///< within the generation, and never used again
    std::uint16_t local_index = 0, remote_index = 0;
    path route;
    candidate local; ///< of the valid pair once there is one: possibly peer-reflexive
    candidate remote;
    pair_state state = pair_state::frozen;
    bool valid = false;
    bool nominated = false;
    bool selected = false;
    std::uint64_t priority = 0;
    std::uint64_t requests_sent = 0, requests_received = 0;
    std::uint64_t responses_sent = 0, responses_received = 0;
    std::uint64_t retransmissions = 0, consent_requests_sent = 0;
    duration round_trip{}; ///< the latest; zero before the first
    duration total_round_trip{};
    std::uint64_t round_trips = 0;
    traffic data;
};

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/statistics.ipp"
#endif
