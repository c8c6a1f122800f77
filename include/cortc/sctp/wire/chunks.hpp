#pragma once

#include "cortc/sctp/types.hpp"
#include "cortc/sctp/wire/packet.hpp"

#include <optional>

namespace cortc::sctp {

/// The chunks with fields of their own. A parse function gives nullopt when the value is too short or
/// contradicts itself; a write function does nothing when there is no room (ask room() before).

/// RFC 9260 3.3.1.
struct data_chunk {
    tsn number;
    stream_id stream;
    ssn sequence; ///< means nothing when unordered
    ppid protocol;
    bool begin = false;
    bool end = false;
    bool unordered = false;
    bool immediate = false; ///< RFC 7053: acknowledge at once
    byte_view payload;      ///< never empty
};
inline constexpr std::size_t data_fields_size = 12;
[[nodiscard]] std::optional<data_chunk> parse_data(const chunk& from) noexcept;
void write_data(packet_builder& out, const data_chunk& data) noexcept;

/// RFC 9260 3.3.2 and 3.3.3: INIT and INIT-ACK.
struct init_chunk {
    std::uint32_t tag = 0;
    std::uint32_t window = 0;
    std::uint16_t outgoing_streams = 0;
    std::uint16_t incoming_streams = 0;
    tsn initial_tsn;
    byte_view parameters;
};
inline constexpr std::size_t init_fields_size = 16;
/// The least window an INIT may advertise.
inline constexpr std::uint32_t min_window = 1500;
/// Also nullopt for a tag or a number of streams of zero, and for less than the least window (3.3.2).
[[nodiscard]] std::optional<init_chunk> parse_init(const chunk& from) noexcept;
void write_init(packet_builder& out, chunk_type type, const init_chunk& init) noexcept;

/// Offsets from the cumulative TSN, both inclusive (RFC 9260 3.3.4).
struct gap_block {
    std::uint16_t start = 0;
    std::uint16_t end = 0;
    friend bool operator==(const gap_block&, const gap_block&) = default;
};
struct sack_chunk {
    tsn cumulative;
    std::uint32_t window = 0;
    std::size_t gaps = 0;
    std::size_t duplicates = 0;
    byte_view lists; ///< gap blocks, then duplicate TSNs

    [[nodiscard]] gap_block gap(std::size_t index) const noexcept;
    [[nodiscard]] tsn duplicate(std::size_t index) const noexcept;
};
inline constexpr std::size_t sack_fields_size = 12;
/// Also nullopt when the gap blocks are not in ascending order, overlap, or touch the cumulative TSN.
[[nodiscard]] std::optional<sack_chunk> parse_sack(const chunk& from) noexcept;

/// RFC 3758 3.2.
struct skipped_stream {
    stream_id stream;
    ssn sequence;
};
struct forward_tsn_chunk {
    tsn cumulative;
    std::size_t count = 0;
    byte_view list;

    [[nodiscard]] skipped_stream skipped(std::size_t index) const noexcept;
};
[[nodiscard]] std::optional<forward_tsn_chunk> parse_forward_tsn(const chunk& from) noexcept;

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/wire/impl/chunks.ipp"
#endif
