#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sctp/ring.hpp"
#include "cortc/sctp/rx/fragments.hpp"
#include "cortc/sctp/types.hpp"

#include <span>
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
    void clear();

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
    using position = std::vector<whole_message>::iterator;

    stream_state& touch(stream_id stream);
    [[nodiscard]] position find(stream_id stream, ssn sequence, ssn expected);
    void deliver_from(position first, stream_id stream, stream_state& state, ring<received_message>& out);
    void deliver(whole_message&& message, ring<received_message>& out);

    buffer_pool* pool_;
    std::vector<stream_state> streams_;  // by id; ids are used from the bottom, and 65536 take 256 KiB
    std::vector<whole_message> waiting_; // by stream, then by sequence number
    std::size_t bytes_ = 0;
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/impl/incoming_streams.ipp"
#endif
