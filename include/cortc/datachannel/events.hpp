#pragma once

#include "cortc/base/config.hpp"
#include "cortc/datachannel/channel_types.hpp"
#include "cortc/sctp/events.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace cortc::datachannel {

/// The peer has opened a channel: it is open.
struct channel_incoming {
    channel_id channel;
    channel_parameters parameters; ///< Its `id` is set.
};
/// A channel of open() can send. Its stream id is known.
struct channel_open {
    channel_id channel;
    stream_id stream;
};
/// The peer has closed the channel, or an error did; `channel_closed` follows. (Not for our own close().)
struct channel_closing {
    channel_id channel;
};
/// The last event of a channel.
struct channel_closed {
    channel_id channel;
    std::size_t unsent = 0; ///< bytes of payload that were never put into a packet
};

enum class channel_failure {
    no_id,   ///< No stream id was free when the role became known, or it lies beyond what was negotiated.
    refused, ///< The peer reset the stream instead of acknowledging the OPEN (RFC 8832 6).
    protocol_violation, ///< The peer sent a second OPEN on the channel's stream (RFC 8832 6).
    open_too_large,     ///< The OPEN is larger than the peer's largest message.
    association_lost,   ///< The association ended with an error, or the peer restarted it.
};
std::string_view to_string(channel_failure failure) noexcept;

/// Precedes `channel_closed` of a channel that did not end by a close() of either side.
struct channel_error {
    channel_id channel;
    channel_failure failure = channel_failure::association_lost;
    std::string text;
    std::optional<std::uint16_t> cause{}; ///< The association's, see `closed`.
};
/// buffered_amount() fell from above the channel's threshold to it or below.
struct channel_buffered_amount_low {
    channel_id channel;
};
/// After send() returned would_block on this channel: there is room again.
struct channel_writable {
    channel_id channel;
};

/// `connected` and `closed` are the association's; `closed` precedes the end of every channel.
using channel_event =
    std::variant<sctp::connected, sctp::closed, channel_incoming, channel_open, channel_closing,
                 channel_closed, channel_error, channel_buffered_amount_low, channel_writable>;

} // namespace cortc::datachannel

#if defined(CORTC_HEADER_ONLY)
#include "cortc/datachannel/impl/events.ipp"
#endif
