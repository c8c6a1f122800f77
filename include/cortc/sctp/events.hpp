#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sctp/types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cortc::sctp {

/// RFC 9260 4.
enum class association_state {
    closed,
    cookie_wait,
    cookie_echoed,
    established,
    shutdown_pending,
    shutdown_sent,
    shutdown_received,
    shutdown_ack_sent,
};
std::string_view to_string(association_state state) noexcept;

enum class close_reason {
    shutdown,           ///< SHUTDOWN ran to its end, whoever began it.
    aborted_locally,    ///< abort() was called.
    aborted_by_peer,    ///< An ABORT arrived; the text is its cause.
    setup_timeout,      ///< INIT or COOKIE-ECHO was not answered in time.
    path_failed,        ///< Data or HEARTBEAT were not acknowledged any more.
    protocol_violation, ///< The peer broke the protocol in a way that cannot be skipped; we sent ABORT.
};
std::string_view to_string(close_reason reason) noexcept;

/// The association is up.
struct connected {
    std::uint16_t outgoing_streams = 0; ///< usable ids are 0 .. outgoing_streams - 1
    std::uint16_t incoming_streams = 0;
};
/// Bytes of a stream that never got a TSN.
struct unsent_bytes {
    stream_id stream;
    std::size_t bytes = 0;
};
/// The association is over; the last event. It follows every message that was received completely.
struct closed {
    close_reason reason = close_reason::shutdown;
    std::string text;
    std::optional<std::uint16_t> cause{}; ///< Of the ABORT that was received or sent (RFC 9260 3.3.10).
    std::vector<unsent_bytes> unsent{};   ///< What was buffered then, in no order.
};
/// The peer lost its state and started again (RFC 9260 5.2.4.1): every stream starts afresh, what was queued
/// is gone.
struct restarted {};
/// The peer has reset its outgoing streams (RFC 6525): nothing more of the old life of these streams will
/// come. It follows every message of that life. `streams` is never empty: "all" is spelled out as the
/// incoming streams on which something has arrived or which we are using, in ascending order.
struct incoming_streams_reset {
    std::vector<stream_id> streams;
};
/// reset_stream() is done: the peer has confirmed; the streams may be used again from sequence number 0.
struct outgoing_streams_reset {
    std::vector<stream_id> streams;
};
/// The peer refused to reset or cannot (no RFC 6525 support). The streams may be used on, in their old life.
struct stream_reset_failed {
    std::vector<stream_id> streams;
};
/// After send() returned would_block: there is room again.
struct writable {};
/// buffered_amount(stream) fell from above its threshold to it or below.
struct buffered_amount_low {
    stream_id stream;
};

using event = std::variant<connected, closed, restarted, incoming_streams_reset, outgoing_streams_reset,
                           stream_reset_failed, writable, buffered_amount_low>;

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/impl/events.ipp"
#endif
