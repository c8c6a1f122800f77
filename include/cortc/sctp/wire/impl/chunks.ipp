#pragma once

#include "cortc/sctp/wire/chunks.hpp"

namespace cortc::sctp {

CORTC_DECL std::optional<data_chunk> parse_data(const chunk& from) noexcept {
    byte_reader in(from.value);
    data_chunk data;
    data.end = (from.flags & 1) != 0;
    data.begin = (from.flags & 2) != 0;
    data.unordered = (from.flags & 4) != 0;
    data.immediate = (from.flags & 8) != 0;
    data.number = tsn(in.u32());
    data.stream = stream_id(in.u16());
    data.sequence = ssn(in.u16());
    data.protocol = ppid(in.u32());
    data.payload = in.rest();
    if (!in.ok() || data.payload.empty()) return std::nullopt;
    return data;
}

CORTC_DECL void write_data(packet_builder& out, const data_chunk& data) noexcept {
    const auto flags =
        (data.end ? 1 : 0) | (data.begin ? 2 : 0) | (data.unordered ? 4 : 0) | (data.immediate ? 8 : 0);
    auto value =
        out.add(chunk_type::data, static_cast<std::uint8_t>(flags), data_fields_size + data.payload.size());
    value.u32(data.number.value());
    value.u16(data.stream.value());
    value.u16(data.sequence.value());
    value.u32(data.protocol.value());
    value.put(data.payload);
}

CORTC_DECL std::optional<init_chunk> parse_init(const chunk& from) noexcept {
    byte_reader in(from.value);
    init_chunk init;
    init.tag = in.u32();
    init.window = in.u32();
    init.outgoing_streams = in.u16();
    init.incoming_streams = in.u16();
    init.initial_tsn = tsn(in.u32());
    init.parameters = in.rest();
    const bool sensible = init.tag != 0 && init.outgoing_streams != 0 && init.incoming_streams != 0 &&
                          init.window >= min_window;
    if (!in.ok() || !sensible) return std::nullopt;
    return init;
}

CORTC_DECL void write_init(packet_builder& out, chunk_type type, const init_chunk& init) noexcept {
    auto value = out.add(type, 0, init_fields_size + init.parameters.size());
    value.u32(init.tag);
    value.u32(init.window);
    value.u16(init.outgoing_streams);
    value.u16(init.incoming_streams);
    value.u32(init.initial_tsn.value());
    value.put(init.parameters);
}

CORTC_DECL gap_block sack_chunk::gap(std::size_t index) const noexcept {
    byte_reader in(lists.subspan(4 * index, 4));
    gap_block block;
    block.start = in.u16();
    block.end = in.u16();
    return block;
}

CORTC_DECL tsn sack_chunk::duplicate(std::size_t index) const noexcept {
    return tsn(byte_reader(lists.subspan(4 * (gaps + index), 4)).u32());
}

CORTC_DECL std::optional<sack_chunk> parse_sack(const chunk& from) noexcept {
    byte_reader in(from.value);
    sack_chunk sack;
    sack.cumulative = tsn(in.u32());
    sack.window = in.u32();
    sack.gaps = in.u16();
    sack.duplicates = in.u16();
    sack.lists = in.take(4 * (sack.gaps + sack.duplicates));
    if (!in.ok()) return std::nullopt;
    std::uint32_t least = 2; // offset 1 would have been covered by the cumulative TSN
    for (std::size_t i = 0; i < sack.gaps; ++i) {
        const auto block = sack.gap(i);
        if (block.start < least || block.end < block.start) return std::nullopt;
        least = block.end + 1u;
    }
    return sack;
}

CORTC_DECL skipped_stream forward_tsn_chunk::skipped(std::size_t index) const noexcept {
    byte_reader in(list.subspan(4 * index, 4));
    skipped_stream skipped;
    skipped.stream = stream_id(in.u16());
    skipped.sequence = ssn(in.u16());
    return skipped;
}

CORTC_DECL std::optional<forward_tsn_chunk> parse_forward_tsn(const chunk& from) noexcept {
    byte_reader in(from.value);
    forward_tsn_chunk forward;
    forward.cumulative = tsn(in.u32());
    if (!in.ok() || in.remaining() % 4 != 0) return std::nullopt;
    forward.count = in.remaining() / 4;
    forward.list = in.rest();
    return forward;
}

} // namespace cortc::sctp
