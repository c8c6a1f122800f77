#pragma once

#include "cortc/sctp/rx/receiver.hpp"
#include "cortc/sctp/rx/reset_responder.hpp"
#include "cortc/sctp/timers.hpp"
#include "cortc/sctp/tx/heartbeat.hpp"
#include "cortc/sctp/tx/reset_requester.hpp"
#include "cortc/sctp/tx/sender.hpp"
#include "cortc/sctp/wire/cookie.hpp"

namespace cortc::sctp {

/// The transmission control block (RFC 9260 1.5): what one life of the association consists of. When the peer
/// restarts (5.2.4.1) it is made anew as a whole, so that nothing of the old life is left.
struct control_block {
    /// `tag` and `initial_tsn` are ours. All references must outlive the block.
    control_block(const association_config& config, std::uint32_t tag, tsn initial, inbox& into,
                  random_source& random, buffer_pool& pool, association_stats& stats);
    control_block(const control_block&) = delete;
    control_block& operator=(const control_block&) = delete;

    /// The peer is known, once for each INIT-ACK or cookie that is accepted before data flows.
    void adopt(const peer_parameters& peer);
    /// The path's (RFC 9260 6.3.1): data, set-up, shutdown, resets and HEARTBEATs share it.
    [[nodiscard]] retransmission_timeout& rto() noexcept { return sender.rto(); }

    association_timers timers;
    sctp::receiver receiver;
    sctp::sender sender;
    sctp::reset_requester reset_requester;
    sctp::reset_responder reset_responder;
    sctp::heartbeat heartbeat;

    std::uint32_t local_tag;
    std::uint32_t peer_tag = 0; ///< zero: not known yet
    tsn initial_tsn;
    std::uint16_t outgoing_streams; ///< what is asked for, until the peer is known
    std::uint16_t incoming_streams;
    bool peer_resets = false; ///< it supports RFC 6525

    buffer cookie; ///< the peer's, while it is echoed
    time_point setup_sent{};
    int timer_count = 0;        ///< expirations of T1, of T2
    int path_errors = 0;        ///< consecutive ones (RFC 9260 8.1)
    int data_timeouts = 0;      ///< since data was acknowledged last
    int data_refusals = 0;      ///< those of them before which the peer has answered a HEARTBEAT
    time_point refused_since{}; ///< the first of these
    bool path_answered = false; ///< a HEARTBEAT since the last time-out of data
    bool setup_due = false;
    bool cookie_ack_due = false;
    bool shutdown_due = false; ///< SHUTDOWN or SHUTDOWN-ACK, by the state

  private:
    const association_config* config_;
    association_stats* stats_;
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/impl/control_block.ipp"
#endif
