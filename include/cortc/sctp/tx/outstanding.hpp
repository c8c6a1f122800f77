#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/ring.hpp"
#include "cortc/sctp/tx/send_queue.hpp"
#include "cortc/sctp/wire/chunks.hpp"

namespace cortc::sctp {

/// A DATA chunk that has a TSN: its bytes stay in the message.
struct sent_chunk {
    enum class condition : std::uint8_t {
        in_flight,
        lost,      ///< to be sent again
        acked,     ///< by a gap block
        abandoned, ///< partial reliability
    };
    message_index message = no_message;
    std::uint32_t offset = 0;
    std::uint16_t size = 0;
    condition state = condition::in_flight;
    std::uint8_t missing = 0; ///< miss indications since it was sent last (RFC 9260 7.2.4)
    std::uint32_t transmissions = 1;
    tsn sent_before; ///< the next new TSN when it was sent last: what is not older was sent later
    time_point sent_at{};
};

/// What one SACK did.
struct sack_effect {
    enum class verdict { good, stale, bad };
    verdict result = verdict::good;
    std::size_t acked_bytes = 0;
    bool advanced = false;      ///< the cumulative TSN
    bool loss_detected = false; ///< a chunk was found lost
    bool lost_again = false;    ///< one that had been sent again
    tsn highest_newly_acked;    ///< meaningful when acked_bytes != 0
    tsn lowest_gap_acked;       ///< of those newly acknowledged by gap blocks
    std::size_t gap_acked_bytes = 0;
    std::optional<time_point> sent; ///< when the newest chunk acknowledged now was sent, if only once (Karn)
    bool late = false;              ///< that chunk had been given up on
};

/// DATA chunks between sending and the cumulative acknowledgement.
class outstanding_queue {
  public:
    using condition = sent_chunk::condition;

    outstanding_queue(send_queue& messages, std::size_t mtu) : messages_(&messages), mtu_(mtu) {}
    void start(tsn initial);
    void clear();

    /// A new chunk of the current message; it gets the next TSN.
    void append(message_index message, std::uint32_t offset, std::uint16_t size, time_point now);
    [[nodiscard]] sack_effect acknowledge(const sack_chunk& sack, bool recovering);
    /// T3-rtx expired: whatever is in flight is lost.
    void lose_all();
    /// The chunk to be sent again first.
    [[nodiscard]] std::optional<std::size_t> first_lost() noexcept;
    void sent_again(std::size_t index, time_point now) noexcept;
    /// Gives a whole message up; `near` is the index of one of its chunks, if it has any here. A rest without
    /// TSN gets one TSN, also abandoned, so that the receiver never sees the next message's first fragment
    /// right behind an unfinished one.
    void abandon(message_index message, std::size_t near);

    [[nodiscard]] const sent_chunk& operator[](std::size_t index) const noexcept { return chunks_[index]; }
    [[nodiscard]] tsn number(std::size_t index) const noexcept {
        return cumulative_.plus(static_cast<std::uint32_t>(index + 1));
    }
    [[nodiscard]] tsn next_tsn() const noexcept { return number(chunks_.size()); }
    [[nodiscard]] tsn cumulative() const noexcept { return cumulative_; }
    [[nodiscard]] bool empty() const noexcept { return chunks_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return chunks_.size(); }
    [[nodiscard]] std::size_t flight() const noexcept { return flight_; }
    [[nodiscard]] std::size_t lost() const noexcept { return lost_; }
    [[nodiscard]] bool first_abandoned() const noexcept {
        return !chunks_.empty() && chunks_[0].state == condition::abandoned;
    }
    /// FORWARD-TSN over the abandoned chunks at the front, as far as it fits (RFC 3758 3.5). `reset_at`: the
    /// last TSN before a reset of streams that is under way. What names a stream's old life does not reach
    /// beyond, so that it is out of date once the peer has performed the reset, however late it comes.
    void write_forward_tsn(packet_builder& out, std::optional<tsn> reset_at);
    void shrink();

  private:
    void leave(sent_chunk& chunk) noexcept;
    [[nodiscard]] bool note_skipped(const outgoing_message& message, std::size_t most);
    void acknowledge_chunk(std::size_t index, sack_effect& effect) noexcept;
    void take_cumulative(std::size_t count, sack_effect& effect);
    void detect_losses(const sack_chunk& sack, bool recovering, sack_effect& effect);
    void undo_reneged(const sack_chunk& sack) noexcept;
    [[nodiscard]] std::size_t index_of(tsn number) const noexcept;

    send_queue* messages_;
    std::size_t mtu_;
    ring<sent_chunk> chunks_; // TSN cumulative_ + 1 first
    tsn cumulative_;
    std::size_t flight_ = 0;
    std::size_t lost_ = 0;
    std::size_t first_lost_hint_ = 0;     // no lost chunk before this index
    std::vector<skipped_stream> skipped_; // scratch
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/tx/impl/outstanding.ipp"
#endif
