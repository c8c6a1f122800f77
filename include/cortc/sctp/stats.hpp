#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sctp/types.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace cortc::sctp {

/// Why something of the peer was not used.
enum class drop_reason : std::size_t {
    short_packet,    ///< shorter than the common header
    bad_checksum,    ///<
    wrong_port,      ///<
    wrong_tag,       ///< verification tag
    malformed_chunk, ///< its length or its fields do not fit
    too_many_chunks, ///<
    out_of_the_blue, ///< a chunk that makes no sense in this state
    unknown_chunk,   ///<
    duplicate_data,  ///<
    window_overrun,  ///< DATA beyond the window we advertised, or that would need a gap block too many
    bad_stream,      ///< DATA for a stream that does not exist
    bad_fragment,    ///< a fragment that contradicts its neighbours
    bad_sack,        ///< acknowledges what was never sent, or is the second of a packet
    stale_sack,      ///< older than one before
    bad_cookie,      ///< forged
    stale_cookie,    ///<
    bad_reset,       ///< re-configuration request or response that does not fit, or "all streams" too often
    bad_forward_tsn, ///<
    reply_limit,     ///< an answer was not given because too many were waiting
    count_           ///< not a reason
};
std::string_view to_string(drop_reason reason) noexcept;

struct association_stats {
    std::uint64_t packets_sent = 0;
    std::uint64_t packets_received = 0;
    std::uint64_t bytes_sent = 0;     ///< of messages, without retransmissions
    std::uint64_t bytes_received = 0; ///< of complete messages
    std::uint64_t messages_sent = 0;  ///< completely put into packets
    std::uint64_t messages_received = 0;
    std::uint64_t messages_abandoned = 0; ///< partial reliability
    std::uint64_t chunks_retransmitted = 0;
    std::uint64_t fast_retransmits = 0; ///< times fast recovery was entered
    std::uint64_t timeouts = 0;         ///< times T3-rtx expired
    std::array<std::uint64_t, static_cast<std::size_t>(drop_reason::count_)> drops{};
    // Levels, as of the call.
    duration smoothed_rtt{}; ///< zero before the first measurement
    duration rto{};
    std::size_t cwnd = 0;
    std::size_t bytes_in_flight = 0;
    std::size_t peer_window = 0;
    std::size_t receive_window = 0; ///< what we advertise

    [[nodiscard]] std::uint64_t dropped(drop_reason reason) const noexcept {
        return drops[static_cast<std::size_t>(reason)];
    }
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/impl/stats.ipp"
#endif
