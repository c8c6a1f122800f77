#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/dtls_role.hpp"
#include "cortc/base/strong.hpp"
#include "cortc/sctp/config.hpp"
#include "cortc/sctp/types.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace cortc::datachannel {

using sctp::stream_id;

/// Names a data channel within its engine. Not the stream id: a channel has its name from the beginning, the
/// stream id may come later (RFC 8832 6: it depends on the DTLS role), and a name is never used again.
using channel_id = strong<struct channel_id_tag, std::uint64_t>;

/// What both ends of a channel agree on.
struct channel_parameters {
    std::string label; ///< At most 65535 bytes, as is the protocol.
    std::string protocol;
    bool ordered = true;
    /// At most one of the two; none: reliable.
    std::optional<std::uint32_t> max_retransmits{};
    std::optional<std::chrono::milliseconds> max_packet_life_time{};
    /// RFC 8831 6.4: up to 128 below normal, up to 256 normal, up to 512 high, beyond extra high. Told to the
    /// peer; among channels that have something to send, the four share the association as 1 : 2 : 4 : 8.
    std::uint16_t priority = 256;
    /// Agreed on outside of DCEP: both ends open the channel with the same id.
    bool negotiated = false;
    /// The stream: 0 .. 65534. Given for a negotiated channel, otherwise chosen by the engine.
    std::optional<stream_id> id{};
};

/// Why open() made no channel.
enum class open_error {
    closed,             ///< The association is over.
    invalid_parameters, ///< Both reliability limits, a negotiated channel without id, or a text beyond 65535
                        ///< bytes.
    id_taken,           ///< By a channel that exists or has not finished closing.
    id_out_of_range,    ///< At or over the number of streams.
    no_id_free,         ///<
    too_many_channels,  ///< channel_limits::max_channels
};
std::string_view to_string(open_error error) noexcept;

enum class channel_state {
    connecting, ///< No stream id yet, the association is not up, or the OPEN waits for room in the send
                ///< buffer.
    open,       ///<
    closing,    ///< Our stream, the peer's or both are being reset.
    closed,     ///< The engine has forgotten it.
};
std::string_view to_string(channel_state state) noexcept;

enum class message_kind { text, binary };

enum class channel_send {
    ok,
    would_block, ///< No room; `channel_writable` follows.
    not_open,    ///< The channel is connecting, closing or closed.
    too_large,   ///< Larger than max_message_size().
};

/// Bounds for what a peer may make us keep.
struct channel_limits {
    /// Channels that exist at the same time, ours and the peer's.
    std::size_t max_channels = 16384;
    /// Labels and protocols of all channels the peer has open, in bytes.
    std::size_t max_peer_label_bytes = 1 << 20;
};

struct data_channels_config {
    sctp::association_config association{};
    channel_limits limits{};
};

/// A message of the peer. Hand `data.size()` to data_channels::consume() when the application has it. Text is
/// not checked to be UTF-8.
struct incoming_message {
    channel_id channel;
    message_kind kind = message_kind::binary;
    buffer data; ///< May be empty.
};

/// Why a message of the peer was not used.
enum class channel_drop : std::size_t {
    unknown_stream,   ///< data on a stream without a channel
    closing_channel,  ///< data for a channel that is closing (as the W3C has it)
    unknown_ppid,     ///<
    malformed_open,   ///< answered by a reset, as the next four
    wrong_parity,     ///< an OPEN on a stream id that is ours to choose
    stream_in_use,    ///< an OPEN on the stream of a channel
    too_many,         ///< an OPEN beyond the limits
    no_return_stream, ///< an OPEN on a stream we have no outgoing counterpart of; cannot be answered
    unexpected_ack,   ///<
    unknown_control,  ///< a DCEP message that is neither OPEN nor ACK
    count_            ///< not a reason
};
std::string_view to_string(channel_drop reason) noexcept;

struct channel_counters {
    std::uint64_t messages_sent = 0;
    std::uint64_t bytes_sent = 0; ///< Of payload taken by send().
    std::uint64_t messages_received = 0;
    std::uint64_t bytes_received = 0;
};

struct data_channels_stats {
    std::uint64_t channels_opened = 0; ///< Ever open, both ways.
    std::uint64_t channels_closed = 0; ///< Of these, no longer open.
    std::uint64_t opened_by_peer = 0;
    channel_counters messages; ///< Of all channels, those that are closed included.
    std::array<std::uint64_t, static_cast<std::size_t>(channel_drop::count_)> drops{};

    [[nodiscard]] std::uint64_t dropped(channel_drop reason) const noexcept {
        return drops[static_cast<std::size_t>(reason)];
    }
};

} // namespace cortc::datachannel

#if defined(CORTC_HEADER_ONLY)
#include "cortc/datachannel/impl/channel_types.ipp"
#endif
