#pragma once

#include "cortc/sctp/config.hpp"
#include "cortc/sctp/rx/fragments.hpp"
#include "cortc/sctp/rx/inbox.hpp"
#include "cortc/sctp/rx/incoming_streams.hpp"
#include "cortc/sctp/rx/tsn_tracker.hpp"
#include "cortc/sctp/stats.hpp"
#include "cortc/sctp/timers.hpp"
#include "cortc/sctp/wire/chunks.hpp"

#include <algorithm>
#include <array>

namespace cortc::sctp {

/// The receiving half: from DATA and FORWARD-TSN chunks to messages, and the SACKs that answer them.
class receiver {
  public:
    enum class verdict {
        ok,        ///< taken, or dropped and counted
        too_large, ///< the message exceeds what we said we accept
    };

    receiver(const association_config& config, inbox& into, association_timers& timers, buffer_pool& pool,
             association_stats& stats);
    /// The TSN of the peer's first DATA chunk, before that comes.
    void start(tsn peer_initial) { tracker_.start(peer_initial); }

    [[nodiscard]] verdict handle_data(const data_chunk& data);
    /// A chunk for a stream that does not exist: its TSN counts as received, its data is dropped (RFC
    /// 9260 6.5).
    void discard_data(tsn number);
    void handle_forward_tsn(const forward_tsn_chunk& forward);
    /// Ends a packet that had DATA or FORWARD-TSN: decides when to acknowledge (RFC 9260 6.2).
    void packet_done(time_point now);

    [[nodiscard]] bool sack_due() const noexcept { return sack_now_; }
    /// A SACK is owed, if not now: it may ride along with data.
    [[nodiscard]] bool sack_pending() const noexcept {
        return sack_now_ || timers_->armed(association_timer::delayed_sack);
    }
    void request_sack() noexcept { sack_now_ = true; }
    void write_sack(packet_builder& out);

    /// Messages of the inbox were consumed.
    void consumed() noexcept;
    /// What we advertise: RFC 9260 6.2.1, with silly windows shown as closed.
    [[nodiscard]] std::uint32_t window() const noexcept;

    [[nodiscard]] tsn cumulative() const noexcept { return tracker_.cumulative(); }
    void reset_stream(stream_id stream) { streams_.reset(stream); }
    [[nodiscard]] std::vector<stream_id> used_streams() const { return streams_.used(); }

  private:
    static constexpr std::size_t max_duplicates = 32;

    [[nodiscard]] bool has_room(const data_chunk& data) const noexcept;
    [[nodiscard]] bool was_allowed(const data_chunk& data) const noexcept;
    [[nodiscard]] std::size_t waiting_cost() const noexcept;
    [[nodiscard]] std::size_t used() const noexcept { return inbox_->cost() + waiting_cost(); }
    [[nodiscard]] std::size_t unused() const noexcept {
        return config_->receive_window - std::min(config_->receive_window, used());
    }
    [[nodiscard]] verdict take(const data_chunk& data);
    void place(whole_message&& message);
    void drop(drop_reason reason) noexcept { ++stats_->drops[static_cast<std::size_t>(reason)]; }
    void note_duplicate(tsn number) noexcept;

    const association_config* config_;
    inbox* inbox_;
    association_timers* timers_;
    association_stats* stats_;
    buffer_pool* pool_;
    tsn_tracker tracker_;
    fragment_store fragments_;
    incoming_streams streams_;

    std::array<tsn, max_duplicates> duplicates_{};
    std::size_t duplicate_count_ = 0;
    std::size_t packets_since_sack_ = 0;
    bool first_packet_ = true;
    bool had_gaps_ = false;
    bool sack_now_ = false;
    std::uint32_t advertised_;
    std::uint64_t received_ = 0; ///< bytes of user data taken, ever
    std::uint64_t allowed_;      ///< how many the windows advertised so far have let the peer send
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/rx/impl/receiver.ipp"
#endif
