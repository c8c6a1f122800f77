#pragma once

#include "cortc/stun/message_writer.hpp"

#include "cortc/crypto/hash.hpp"

namespace cortc::stun {

CORTC_DECL message_writer::message_writer(byte_span out, message_class cls, method which,
                                          const transaction_id& id) noexcept
    : out_(out), id_(id) {
    // RFC 8489 5, figure 3: the bits of the class stand between those of the method.
    const auto m = static_cast<unsigned>(which);
    const auto c = static_cast<unsigned>(cls);
    if (m > 0xfff) fail();
    out_.u16(static_cast<std::uint16_t>((m & 0x00f) | (m & 0x070) << 1 | (m & 0xf80) << 2 | (c & 1) << 4 |
                                        (c & 2) << 7));
    out_.u16(0);
    out_.u32(magic_cookie);
    out_.put(id);
}

/// Writes an attribute's head; its value of `size` bytes and end() follow. False when there is no point in
/// going on.
CORTC_DECL bool message_writer::begin(attribute_type type, std::size_t size) noexcept {
    if (stage_ != stage::attributes || size > 0xffff) fail();
    if (!ok()) return false;
    out_.u16(static_cast<std::uint16_t>(type));
    out_.u16(static_cast<std::uint16_t>(size));
    return ok();
}

CORTC_DECL void message_writer::end() noexcept {
    out_.zero((4 - out_.position() % 4) % 4);
    if (ok()) update_length(out_.position());
}

/// Makes the length field say that the message is `size` bytes long.
CORTC_DECL void message_writer::update_length(std::size_t size) noexcept {
    if (size - header_size > 0xffff) return fail();
    out_.patch_u16(2, static_cast<std::uint16_t>(size - header_size));
}

CORTC_DECL void message_writer::add(attribute_type type, byte_view value) noexcept {
    // These three are computed, and their place is checked, below.
    if (type == attribute_type::message_integrity || type == attribute_type::message_integrity_sha256 ||
        type == attribute_type::fingerprint)
        fail();
    if (!begin(type, value.size())) return;
    out_.put(value);
    end();
}

CORTC_DECL void message_writer::text(attribute_type type, std::string_view value,
                                     std::size_t limit) noexcept {
    if (value.size() > limit) return fail();
    add(type, as_bytes(value));
}

CORTC_DECL void message_writer::number32(attribute_type type, std::uint32_t value) noexcept {
    if (!begin(type, 4)) return;
    out_.u32(value);
    end();
}

CORTC_DECL void message_writer::number64(attribute_type type, std::uint64_t value) noexcept {
    if (!begin(type, 8)) return;
    out_.u64(value);
    end();
}

CORTC_DECL void message_writer::seconds(attribute_type type, std::chrono::seconds value) noexcept {
    if (value.count() < 0 || value.count() > 0xffffffff) return fail();
    number32(type, static_cast<std::uint32_t>(value.count()));
}

CORTC_DECL void message_writer::address(attribute_type type, const endpoint& where) noexcept {
    const bool v4 = where.address.is_v4();
    if (!begin(type, v4 ? 8 : 20)) return;
    out_.u8(0);
    out_.u8(static_cast<std::uint8_t>(v4 ? address_family::ipv4 : address_family::ipv6));
    out_.u16(where.port);
    if (v4) {
        out_.u32(where.address.to_v4().to_uint());
    } else {
        for (auto octet : where.address.to_v6().to_bytes()) out_.u8(octet);
    }
    end();
}

CORTC_DECL void message_writer::xor_address(attribute_type type, const endpoint& where) noexcept {
    address(type, detail::xor_endpoint(where, id_));
}

/// Before one of the attributes that end a message: checks its place, and makes the length field count it
/// already.
CORTC_DECL bool message_writer::enter(stage next, std::size_t value_size) noexcept {
    if (stage_ >= next) fail();
    if (out_.remaining() < 4 + value_size) fail();
    if (!ok()) return false;
    stage_ = next;
    update_length(out_.position() + 4 + value_size);
    return ok();
}

CORTC_DECL void message_writer::add_integrity(byte_view key) {
    if (!enter(stage::integrity, 20)) return;
    const auto code = crypto::hmac_sha1(key, out_.written());
    out_.u16(static_cast<std::uint16_t>(attribute_type::message_integrity));
    out_.u16(20);
    out_.put(code);
}

CORTC_DECL void message_writer::add_integrity_sha256(byte_view key, std::size_t size) {
    if (size < 16 || size > 32 || size % 4 != 0) return fail();
    if (!enter(stage::integrity_sha256, size)) return;
    const auto code = crypto::hmac_sha256(key, out_.written());
    out_.u16(static_cast<std::uint16_t>(attribute_type::message_integrity_sha256));
    out_.u16(static_cast<std::uint16_t>(size));
    out_.put(byte_view(code).first(size));
}

CORTC_DECL void message_writer::add_fingerprint() noexcept {
    if (!enter(stage::fingerprint, 4)) return;
    const auto value = detail::fingerprint(out_.written());
    out_.u16(static_cast<std::uint16_t>(attribute_type::fingerprint));
    out_.u16(4);
    out_.u32(value);
}

} // namespace cortc::stun
