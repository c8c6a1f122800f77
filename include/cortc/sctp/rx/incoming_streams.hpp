#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/ring.hpp"
#include "cortc/sctp/rx/fragments.hpp"
#include "cortc/sctp/types.hpp"

#include <set>
#include <vector>

namespace cortc::sctp {

/// Gives whole messages out in the order of their streams (RFC 9260 6.5, 6.6).
class incoming_streams {
  public:
    explicit incoming_streams(buffer_pool& pool) : pool_(&pool) {}

    /// Appends what can be delivered now to `out`. False: an ordered message whose turn has passed, dropped.
    bool accept(whole_message&& message, ring<received_message>& out);
    /// The sender has abandoned the stream's messages up to `sequence` (RFC 3758 3.6).
    void skip(stream_id stream, ssn sequence, ring<received_message>& out);
    /// Starts the stream afresh (RFC 6525 5.2.2).
    void reset(stream_id stream);

    /// Streams on which something has arrived, ascending.
    [[nodiscard]] std::vector<stream_id> used() const;
    /// Messages that wait for an earlier one, and their bytes.
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  private:
    struct stream_state {
        ssn expected;
        bool used = false;
    };
    /// By stream, then by sequence number: those of a stream that wait are all within half the number space
    /// after the expected one, so they have an order (RFC 1982).
    struct earlier {
        using is_transparent = void;
        bool operator()(const whole_message& a, const whole_message& b) const noexcept {
            return a.stream != b.stream ? a.stream < b.stream : a.sequence < b.sequence;
        }
        bool operator()(const whole_message& a, stream_id b) const noexcept { return a.stream < b; }
        bool operator()(stream_id a, const whole_message& b) const noexcept { return a < b.stream; }
    };
    // A tree: what a peer lets wait must not make each message that comes before it dear.
    using waiting_messages = std::set<whole_message, earlier>;

    stream_state& touch(stream_id stream);
    [[nodiscard]] whole_message take(waiting_messages::iterator place);
    void deliver_waiting(stream_id stream, stream_state& state, ring<received_message>& out);
    void deliver(whole_message&& message, ring<received_message>& out);

    buffer_pool* pool_;
    std::vector<stream_state> streams_; // by id; ids are used from the bottom, and 65536 take 256 KiB
    waiting_messages waiting_;
    std::size_t bytes_ = 0;
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/rx/impl/incoming_streams.ipp"
#endif
