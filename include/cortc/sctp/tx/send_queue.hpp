#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/ring.hpp"
#include "cortc/sctp/events.hpp"
#include "cortc/sctp/types.hpp"

#include <limits>
#include <unordered_map>
#include <vector>

namespace cortc::sctp {

using message_index = std::uint32_t;
inline constexpr message_index no_message = std::numeric_limits<message_index>::max();

/// A message from send() until the peer has all of it or it is abandoned.
struct outgoing_message {
    buffer data;
    struct outgoing_stream* stream = nullptr;
    ppid protocol;
    ssn sequence;           ///< assigned with the first fragment
    std::uint32_t life = 0; ///< of its stream
    bool unordered = false;
    bool abandoned = false;
    bool uncounted = false;
    std::uint32_t size = 0;   ///< data is given back before the message when it is abandoned
    std::uint32_t sent = 0;   ///< bytes that have a TSN
    std::uint32_t chunks = 0; ///< with a TSN and not covered by the cumulative acknowledgement
    std::uint32_t max_retransmits = std::numeric_limits<std::uint32_t>::max();
    time_point expires = never;
    message_index next = no_message; ///< in the stream
};

inline constexpr std::uint8_t default_weight = 2;

struct outgoing_stream {
    stream_id id;
    ssn next_sequence;
    message_index head = no_message; ///< messages not sent completely
    message_index tail = no_message;
    std::size_t buffered = 0; ///< bytes without a TSN, of messages that count
    std::size_t held = 0;     ///< bytes kept, acknowledged ones excepted
    std::size_t messages = 0; ///< that refer to it: waiting, or abandoned and not passed by the peer
    std::size_t low_threshold = 0;
    std::uint64_t turn = 0; ///< in virtual time: the earliest start of its next message
    std::uint8_t weight = default_weight;
    bool ready = false;   ///< waits for its turn
    bool wanting = false; ///< was refused room in this period or the one before
    std::uint32_t refused_in = 0;
    std::uint32_t life = 0; ///< how many resets have been completed
    bool resetting = false; ///< takes no more messages until the reset is answered
};

/// Messages waiting to be sent, by stream, and the choice of the next one: streams share the association by
/// their weights in bytes, a message at a time (fragments of different messages cannot be interleaved: their
/// TSNs are consecutive, RFC 9260 6.9). This is weighted fair queueing (RFC 8260 3.6, RFC 8831 6.4) by start
/// times: a message starts, in virtual time, when the one before it in its stream has been paid for, or now
/// if that is later; the message with the earliest start is sent next, and costs its size over the weight.
class send_queue {
  public:
    explicit send_queue(buffer_pool& pool) : pool_(&pool) {}

    void push(stream_id stream, ppid protocol, byte_view message, const send_options& options,
              time_point now);

    /// The message whose next fragment is to be sent; it stays until it has been sent or dropped. Null: none.
    [[nodiscard]] outgoing_message* current();
    [[nodiscard]] message_index current_index() const noexcept { return current_; }
    [[nodiscard]] outgoing_message& operator[](message_index index) noexcept { return messages_[index]; }
    /// The next `size` bytes of the current message have got a TSN.
    void advance(std::size_t size);
    /// One chunk of the message is covered by the cumulative acknowledgement.
    void chunk_done(message_index index);
    /// The message will not be sent on: gives its storage back, takes the rest out of its stream.
    void abandon(message_index index);
    /// The current message, of which nothing has been sent, is dropped.
    void drop_current();
    /// The stream's messages of which nothing has been sent; how many.
    std::size_t discard_unsent(stream_id stream);
    /// Everything waiting on streams that do not exist.
    std::size_t discard_streams_from(std::uint16_t count);
    void clear();

    /// 1 to 8: the stream's share of the association relative to others that have something to send.
    /// Forgotten by end_life().
    void set_weight(stream_id stream, std::uint8_t weight);
    /// The stream begins a new life (RFC 6525).
    void end_life(stream_id stream);
    /// Whether the stream holds less than its share of `limit` bytes: by weight, among itself and the streams
    /// that want more than they have. One that holds nothing has room.
    [[nodiscard]] bool has_share(stream_id stream, std::size_t limit) const noexcept;
    /// The stream was refused room. It counts as wanting more until it has not been refused for a period.
    void refused(stream_id stream);
    /// There is room again: a new period begins.
    void next_period();

    [[nodiscard]] outgoing_stream& stream(stream_id id);
    [[nodiscard]] const outgoing_stream* find(stream_id id) const noexcept;
    /// What is still buffered of each stream, in no order.
    [[nodiscard]] std::vector<unsent_bytes> unsent() const;
    /// Streams that have been used in this life, in no order.
    [[nodiscard]] std::vector<stream_id> known() const;
    [[nodiscard]] bool drained(stream_id id) const noexcept;
    /// Messages that have not been sent completely.
    [[nodiscard]] bool empty() const noexcept { return current_ == no_message && ready_.empty(); }
    [[nodiscard]] std::size_t buffered() const noexcept { return buffered_; }
    /// Bytes and messages that are kept, acknowledged ones excepted.
    [[nodiscard]] std::size_t held() const noexcept { return held_; }
    [[nodiscard]] std::size_t held_messages() const noexcept { return messages_.size() - free_.size(); }
    /// Streams whose buffered amount fell to their threshold.
    [[nodiscard]] std::optional<stream_id> poll_low();
    void shrink();

  private:
    static constexpr std::uint64_t max_weight = 8;
    static constexpr std::uint64_t chunk_cost = 16; // of a DATA chunk without its data

    [[nodiscard]] message_index allocate();
    void release(message_index index);
    void unlink(outgoing_stream& stream, message_index previous, message_index index);
    /// So many bytes of a message do not wait any more.
    void lower(const outgoing_message& message, std::size_t bytes);
    void make_ready(outgoing_stream& stream);
    void hold(outgoing_stream& stream, std::size_t bytes) noexcept;
    void let_go(outgoing_message& message);

    /// A stream that waits for its turn.
    struct candidate {
        std::uint64_t turn;
        std::uint64_t order; // among equals: first come, first served
        outgoing_stream* stream;
        friend bool operator<(const candidate& a, const candidate& b) noexcept { // std::push_heap: last first
            return a.turn != b.turn ? a.turn > b.turn : a.order > b.order;
        }
    };

    buffer_pool* pool_;
    std::vector<outgoing_message> messages_; // slots, used again
    std::vector<message_index> free_;
    std::unordered_map<stream_id, outgoing_stream> streams_;
    std::vector<candidate> ready_; // a heap
    std::uint64_t order_ = 0;
    std::uint64_t clock_ = 0; // virtual time: the start of the message chosen last
    message_index current_ = no_message;
    std::size_t buffered_ = 0;
    std::size_t held_ = 0;
    std::vector<outgoing_stream*> wanting_;
    std::size_t wanting_weight_ = 0;
    std::uint32_t period_ = 0;
    ring<stream_id> low_;
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/tx/impl/send_queue.ipp"
#endif
