#pragma once

#include "cortc/sctp/wire/packet.hpp"

#include "cortc/sctp/wire/crc32c.hpp"

#include <algorithm>

namespace cortc::sctp {

CORTC_DECL result<common_header, packet_error> parse_common_header(byte_view packet) noexcept {
    if (packet.size() < common_header_size + chunk_header_size) return packet_error::too_short;
    byte_reader in(packet);
    common_header header;
    header.source_port = in.u16();
    header.destination_port = in.u16();
    header.tag = in.u32();
    // The CRC travels least significant byte first (RFC 9260 appendix A).
    std::uint32_t sum = in.u8();
    sum |= static_cast<std::uint32_t>(in.u8()) << 8;
    sum |= static_cast<std::uint32_t>(in.u8()) << 16;
    sum |= static_cast<std::uint32_t>(in.u8()) << 24;
    if (sum != packet_checksum(packet)) return packet_error::bad_checksum;
    return header;
}

CORTC_DECL std::optional<chunk> chunk_reader::next() noexcept {
    if (rest_.empty() || !ok_) return std::nullopt;
    byte_reader in(rest_);
    chunk found;
    found.type = static_cast<chunk_type>(in.u8());
    found.flags = in.u8();
    const std::size_t length = in.u16();
    if (!in.ok() || length < chunk_header_size || length > rest_.size()) {
        ok_ = false;
        return std::nullopt;
    }
    found.whole = rest_.first(length);
    found.value = found.whole.subspan(chunk_header_size);
    rest_ = rest_.subspan(std::min(padded(length), rest_.size()));
    return found;
}

CORTC_DECL std::optional<tlv> tlv_reader::next() noexcept {
    if (rest_.empty() || !ok_) return std::nullopt;
    byte_reader in(rest_);
    tlv found;
    found.type = in.u16();
    const std::size_t length = in.u16();
    if (!in.ok() || length < 4 || length > rest_.size()) {
        ok_ = false;
        return std::nullopt;
    }
    found.whole = rest_.first(length);
    found.value = found.whole.subspan(4);
    rest_ = rest_.subspan(std::min(padded(length), rest_.size()));
    return found;
}

CORTC_DECL packet_builder::packet_builder(byte_span out, const common_header& header) noexcept
    : out_(out.first(out.size() & ~std::size_t{3})) {
    byte_writer writer(out_);
    writer.u16(header.source_port);
    writer.u16(header.destination_port);
    writer.u32(header.tag);
    writer.u32(0);
    size_ = writer.position();
}

CORTC_DECL std::size_t packet_builder::room() const noexcept {
    const auto left = out_.size() - size_;
    return left > chunk_header_size ? left - chunk_header_size : 0;
}

CORTC_DECL byte_writer packet_builder::add(chunk_type type, std::uint8_t flags,
                                           std::size_t value_size) noexcept {
    const auto length = chunk_header_size + value_size;
    if (length > 0xffff || padded(length) > out_.size() - size_) return byte_writer(byte_span{});
    byte_writer writer(out_.subspan(size_, padded(length)));
    writer.u8(static_cast<std::uint8_t>(type));
    writer.u8(flags);
    writer.u16(static_cast<std::uint16_t>(length));
    for (auto at = length; at < padded(length); ++at) out_[size_ + at] = std::byte{0};
    byte_writer value(out_.subspan(size_ + chunk_header_size, value_size));
    size_ += padded(length);
    return value;
}

CORTC_DECL void packet_builder::add(chunk_type type, std::uint8_t flags, byte_view value) noexcept {
    add(type, flags, value.size()).put(value);
}

CORTC_DECL std::size_t packet_builder::finish() noexcept {
    const auto sum = packet_checksum(out_.first(size_));
    for (std::size_t i = 0; i < 4; ++i) out_[8 + i] = static_cast<std::byte>(sum >> (8 * i) & 0xff);
    return size_;
}

} // namespace cortc::sctp
