#pragma once

#include "cortc/datachannel/dcep.hpp"

namespace cortc::datachannel::dcep {

CORTC_DECL std::string_view to_string(parse_error error) noexcept {
    switch (error) {
    case parse_error::truncated:
        return "truncated";
    case parse_error::trailing_bytes:
        return "trailing bytes";
    case parse_error::wrong_message_type:
        return "wrong message type";
    case parse_error::unknown_channel_type:
        return "unknown channel type";
    }
    return "?";
}

CORTC_DECL std::optional<message_type> type_of(byte_view message) noexcept {
    if (message.empty()) return std::nullopt;
    auto type = static_cast<message_type>(message.front());
    if (type != message_type::ack && type != message_type::open) return std::nullopt;
    return type;
}

CORTC_DECL result<open_message, parse_error> parse_open(byte_view message) {
    byte_reader in(message);
    auto type = in.u8();
    open_message open;
    open.type = static_cast<channel_type>(in.u8());
    open.priority = in.u16();
    open.reliability = in.u32();
    auto label_size = in.u16();
    auto protocol_size = in.u16();
    open.label = as_text(in.take(label_size));
    open.protocol = as_text(in.take(protocol_size));
    if (!in.ok()) return parse_error::truncated;
    if (type != static_cast<std::uint8_t>(message_type::open)) return parse_error::wrong_message_type;
    if (in.remaining() != 0) return parse_error::trailing_bytes;
    switch (open.type) {
    case channel_type::reliable:
    case channel_type::partial_reliable_rexmit:
    case channel_type::partial_reliable_timed:
    case channel_type::reliable_unordered:
    case channel_type::partial_reliable_rexmit_unordered:
    case channel_type::partial_reliable_timed_unordered:
        return open;
    }
    return parse_error::unknown_channel_type;
}

CORTC_DECL std::size_t size_of(const open_message& message) noexcept {
    return open_header_size + message.label.size() + message.protocol.size();
}

CORTC_DECL std::size_t write(const open_message& message, byte_span out) noexcept {
    if (message.label.size() > max_label_size || message.protocol.size() > max_label_size) return 0;
    byte_writer to(out);
    to.u8(static_cast<std::uint8_t>(message_type::open));
    to.u8(static_cast<std::uint8_t>(message.type));
    to.u16(message.priority);
    to.u32(message.reliability);
    to.u16(static_cast<std::uint16_t>(message.label.size()));
    to.u16(static_cast<std::uint16_t>(message.protocol.size()));
    to.put(as_bytes(message.label));
    to.put(as_bytes(message.protocol));
    return to.ok() ? to.position() : 0;
}

} // namespace cortc::datachannel::dcep
