#pragma once

#include "cortc/base/config.hpp"
#include "cortc/datachannel/channel_types.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace cortc::datachannel::detail {

/// What a channel may do with its outgoing stream.
enum class outgoing_state : std::uint8_t {
    usable,    ///<
    held,      ///< The reset of the stream's previous life is not confirmed yet; a new life waits.
    resetting, ///< We asked for a reset.
    reset,     ///< It is done.
    failed,    ///< The peer cannot reset streams.
};

/// A DCEP message that waits for room in the send buffer.
enum class pending_control : std::uint8_t { none, open, ack };

struct channel {
    channel_parameters parameters;
    std::size_t threshold = 0;
    std::uint64_t served = 0; ///< when it last sent, in calls of send()
    std::size_t discarded =
        0; ///< bytes that will not be sent, because the peer or an error closed the channel
    channel_counters counters;
    std::uint32_t generation = 0;
    channel_state state = channel_state::closed; ///< closed: the slot is free
    outgoing_state outgoing = outgoing_state::usable;
    pending_control control = pending_control::none;
    bool opened_by_peer = false;
    bool incoming_reset = false; ///< The peer has reset its outgoing stream.
    bool confirmed = false; ///< RFC 8832 6: an ACK or anything else came, so unordered sending may begin.
    bool blocked = false;   ///< send() said would_block.
    bool above_threshold = false;
    bool was_open = false;
    /// Not a channel of the application (any more): it only sees a stream through its reset.
    bool silent = false;
};

/// The channels of an engine by name and by stream, and the supply of stream ids. Every look-up is O(1); an
/// idle channel costs its `channel`, its texts and a map node.
class channel_table {
  public:
    /// References into the table are valid until the next add().
    channel_id add(channel_parameters parameters, channel_state state);
    void remove(channel_id id);

    [[nodiscard]] channel* find(channel_id id) noexcept;
    [[nodiscard]] const channel* find(channel_id id) const noexcept;
    [[nodiscard]] std::optional<channel_id> on_stream(stream_id stream) const noexcept;
    /// Puts a channel on a free stream, or takes it off its stream.
    void bind(channel_id id, stream_id stream);
    void unbind(channel_id id);

    /// The lowest free id of the role's parity below `limit` (RFC 8832 6).
    [[nodiscard]] std::optional<stream_id> free_stream(dtls_role role, std::uint16_t limit);

    [[nodiscard]] std::size_t size() const noexcept { return slots_.size() - free_.size(); }
    /// Every channel there is, in no particular order.
    [[nodiscard]] std::vector<channel_id> all() const;

  private:
    struct supply {
        std::uint32_t fresh; ///< Where the search goes on: every id below is used, or in `released`.
        std::set<std::uint16_t> released; ///< Free ids below `fresh`.
    };
    [[nodiscard]] channel_id name_of(std::size_t slot) const noexcept;
    void shrink();

    std::vector<channel> slots_;
    std::vector<std::uint32_t> free_;
    std::uint32_t last_generation_ = 0;
    std::unordered_map<stream_id, channel_id> streams_;
    std::array<supply, 2> supplies_{supply{0, {}}, supply{1, {}}}; ///< of even and odd ids
};

} // namespace cortc::datachannel::detail

#if defined(CORTC_HEADER_ONLY)
#include "cortc/datachannel/impl/channel_table.ipp"
#endif
