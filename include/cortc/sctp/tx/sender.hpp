#pragma once

#include "cortc/sctp/config.hpp"
#include "cortc/sctp/stats.hpp"
#include "cortc/sctp/timers.hpp"
#include "cortc/sctp/tx/congestion.hpp"
#include "cortc/sctp/tx/outstanding.hpp"
#include "cortc/sctp/tx/packet_size.hpp"
#include "cortc/sctp/tx/rto.hpp"
#include "cortc/sctp/tx/send_queue.hpp"

#include <algorithm>

namespace cortc::sctp {

/// The sending half: from messages to DATA chunks and their acknowledgement.
class sender {
  public:
    /// What a SACK meant for the association.
    enum class verdict {
        progress, ///< the peer is alive
        nothing,  ///< nothing new, or dropped and counted
    };

    /// `initial`: the TSN of the first DATA chunk.
    sender(const association_config& config, tsn initial, association_timers& timers, buffer_pool& pool,
           association_stats& stats);
    /// What INIT or INIT-ACK of the peer said.
    void set_peer(std::uint32_t window, bool partial_reliability) noexcept;
    /// Nothing will be sent any more: gives everything back.
    void clear();

    /// Only refuses for want of room.
    [[nodiscard]] bool push(stream_id stream, ppid protocol, byte_view message, const send_options& options,
                            time_point now);
    /// Adds FORWARD-TSN and DATA that may be sent now, as far as they fit. `arm`: start T3-rtx with it.
    /// `reset_at`: see outstanding_queue::write_forward_tsn().
    void fill(packet_builder& out, time_point now, bool arm, std::optional<tsn> reset_at = {});
    [[nodiscard]] verdict handle_sack(const sack_chunk& sack, time_point now);
    /// SHUTDOWN carries an acknowledgement, too (RFC 9260 9.2).
    [[nodiscard]] verdict handle_cumulative(tsn cumulative, time_point now);
    /// Starts T3-rtx for what was bundled with COOKIE-ECHO.
    void arm_timer(time_point now);
    /// What is in flight was in a packet that will be sent again (COOKIE-ECHO).
    void lose_all() { outstanding_.lose_all(); }

    /// A SACK that is owed may as well go out now: data probably will.
    [[nodiscard]] bool ready() const noexcept;
    void probe_timeout() noexcept { probe_now_ = true; } // fill() sends it
    /// T3-rtx expired. True: which counts as an error of the path.
    [[nodiscard]] bool t3_timeout(time_point now);

    /// push() has refused, and poll_writable() not said yet that there is room again.
    [[nodiscard]] bool blocked() const noexcept { return blocked_; }
    /// Once after push() has refused: there is room again.
    [[nodiscard]] bool poll_writable() noexcept;
    /// Something was sent and is not acknowledged.
    [[nodiscard]] bool outstanding() const noexcept { return !outstanding_.empty(); }
    [[nodiscard]] bool all_acknowledged() const noexcept { return outstanding_.empty() && queue_.empty(); }
    /// T3 does not wait any longer.
    void expire(time_point now) noexcept {
        if (!outstanding_.empty()) timers_->arm(association_timer::t3, std::min(t3(), now));
    }
    /// Data should be acknowledged without delay: we wait for it.
    void hurry() noexcept { hurry_ = true; }
    [[nodiscard]] tsn last_assigned() const noexcept { return outstanding_.next_tsn().previous(); }
    [[nodiscard]] send_queue& queue() noexcept { return queue_; }
    [[nodiscard]] const send_queue& queue() const noexcept { return queue_; }
    [[nodiscard]] sctp::packet_size& packet_size() noexcept { return packet_size_; }
    [[nodiscard]] retransmission_timeout& rto() noexcept { return rto_; }
    void report(association_stats& into) const noexcept;
    void shrink();

  private:
    static constexpr std::size_t max_chunks = 32768; // half of what a gap block can express
    /// RFC 9260 6.1 D proposes four packets; one GSO batch keeps a fast path busy and still bounds a burst.
    static constexpr std::size_t max_burst = 64;

    bool refuse(stream_id stream, std::size_t resume_at);
    void give_up_hopeless(time_point now);
    void write_forward_tsn(packet_builder& out, time_point now, std::optional<tsn> reset_at);
    void resend(packet_builder& out, time_point now);
    void send_new(packet_builder& out, time_point now);
    void send_fragment(packet_builder& out, outgoing_message& message, std::size_t size, time_point now);
    void expire_current();
    void abandon(message_index message, std::size_t near);
    [[nodiscard]] bool hopeless(const sent_chunk& chunk, time_point now) noexcept;
    [[nodiscard]] std::size_t fragment_size(const outgoing_message& message,
                                            const packet_builder& out) const noexcept;
    [[nodiscard]] bool window_allows(std::size_t size, time_point now);
    [[nodiscard]] std::size_t send_window() const noexcept {
        return std::min(congestion_.window(), burst_limit_);
    }
    /// RFC 9260 6.1 B: a packet may exceed the window with its last bytes. One that has begun is filled, or
    /// the acknowledgements of half a packet would bring out halves for ever.
    [[nodiscard]] bool window_full() const noexcept { return flight_before_ >= send_window(); }
    void after_idle(time_point now) noexcept;
    void react(const sack_effect& effect);
    void update_window(std::uint32_t advertised, time_point now);
    [[nodiscard]] time_point t3() const noexcept { return timers_->at(association_timer::t3); }
    void start_t3(time_point now) noexcept { timers_->arm(association_timer::t3, now + rto_.value()); }

    const association_config* config_;
    association_timers* timers_;
    association_stats* stats_;
    send_queue queue_;
    outstanding_queue outstanding_;
    congestion_control congestion_;
    retransmission_timeout rto_;

    sctp::packet_size packet_size_;
    std::size_t max_fragment_; // of a message, in a DATA chunk
    std::size_t peer_window_ = 0;
    std::size_t burst_limit_;
    std::size_t flight_before_ = 0; // the packet that is being filled
    std::size_t acked_since_drain_ = 0;
    time_point last_sent_{};
    time_point forward_sent_{};
    bool partial_reliability_ = false;
    bool probe_now_ = false;
    bool window_closed_ = false;   // as the last SACK said
    bool probing_ = false;         // what is in flight is beyond the peer's window
    bool fast_retransmit_ = false; // one packet regardless of the congestion window (RFC 9260 7.2.4)
    bool forward_due_ = false;
    bool limited_ = false; // the congestion window was what stopped us last
    bool blocked_ = false; // push() has refused
    std::size_t resume_at_ = 0;
    bool hurry_ = false;
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/tx/impl/sender.ipp"
#endif
