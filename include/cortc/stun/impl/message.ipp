#pragma once

#include "cortc/stun/message.hpp"

#include "cortc/crypto/hash.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace cortc::stun {

CORTC_DECL std::string_view to_string(parse_error error) noexcept {
    switch (error) {
    case parse_error::too_short:
        return "too short";
    case parse_error::not_stun:
        return "not STUN";
    case parse_error::bad_length:
        return "bad length";
    case parse_error::truncated_attribute:
        return "truncated attribute";
    case parse_error::too_many_attributes:
        return "too many attributes";
    case parse_error::bad_integrity:
        return "bad integrity attribute";
    case parse_error::bad_fingerprint:
        return "bad fingerprint attribute";
    }
    return "unknown";
}

CORTC_DECL void throw_exception_from_error(parse_error error, const boost::source_location&) {
    throw std::runtime_error(std::string("STUN: ").append(to_string(error)));
}

namespace detail {

CORTC_DECL std::optional<endpoint> read_address(byte_view value) noexcept {
    byte_reader in(value);
    in.skip(1); // reserved
    auto family = static_cast<address_family>(in.u8());
    auto port = in.u16();
    if (family == address_family::ipv4 && value.size() == 8)
        return endpoint{boost::asio::ip::address_v4(in.u32()), port};
    if (family != address_family::ipv6 || value.size() != 20) return std::nullopt;
    boost::asio::ip::address_v6::bytes_type octets;
    for (auto& octet : octets) octet = in.u8();
    return endpoint{boost::asio::ip::address_v6(octets), port};
}

CORTC_DECL endpoint xor_endpoint(const endpoint& where, const transaction_id& id) noexcept {
    const auto port = static_cast<std::uint16_t>(where.port ^ (magic_cookie >> 16));
    if (where.address.is_v4())
        return {boost::asio::ip::address_v4(where.address.to_v4().to_uint() ^ magic_cookie), port};
    auto octets = where.address.to_v6().to_bytes();
    for (std::size_t i = 0; i < 4; ++i) octets[i] ^= static_cast<unsigned char>(magic_cookie >> (24 - 8 * i));
    for (std::size_t i = 0; i < id.size(); ++i) octets[4 + i] ^= std::to_integer<unsigned char>(id[i]);
    return {boost::asio::ip::address_v6(octets), port};
}

} // namespace detail

CORTC_DECL result<message, parse_error> message::parse(byte_view packet) noexcept {
    message parsed(packet);
    if (auto error = parsed.read_header()) return *error;
    if (auto error = parsed.read_attributes()) return *error;
    return parsed;
}

CORTC_DECL std::optional<parse_error> message::read_header() noexcept {
    if (packet_.size() < header_size) return parse_error::too_short;
    byte_reader in(packet_);
    auto type = in.u16();
    std::size_t length = in.u16();
    if (type > 0x3fff || in.u32() != magic_cookie) return parse_error::not_stun;
    if (length % 4 != 0 || length != packet_.size() - header_size) return parse_error::bad_length;
    // RFC 8489 5, figure 3: the bits of the class stand between those of the method.
    method_ = static_cast<stun::method>((type & 0x000f) | (type & 0x00e0) >> 1 | (type & 0x3e00) >> 2);
    class_ = static_cast<message_class>((type & 0x0010) >> 4 | (type & 0x0100) >> 7);
    auto id = in.take(id_.size());
    std::copy(id.begin(), id.end(), id_.begin());
    return std::nullopt;
}

CORTC_DECL std::optional<parse_error> message::read_attributes() noexcept {
    byte_reader in(packet_.subspan(header_size));
    while (in.remaining() != 0) { // the body is a multiple of four, and so is every step
        position found;
        found.type = in.u16();
        found.length = in.u16();
        found.offset = static_cast<std::uint16_t>(in.position());
        in.skip(found.length + (4U - found.length % 4U) % 4U); // RFC 8489 14: the padding may hold anything
        if (!in.ok()) return parse_error::truncated_attribute;
        if (auto error = note(found)) return error;
    }
    return std::nullopt;
}

CORTC_DECL std::optional<parse_error> message::note(position found) noexcept {
    if (has_fingerprint()) return parse_error::bad_fingerprint;
    const auto type = static_cast<attribute_type>(found.type);
    if (type == attribute_type::fingerprint) {
        if (found.length != 4) return parse_error::bad_fingerprint;
        fingerprint_ = found;
        return std::nullopt;
    }
    // RFC 8489 14.5, 14.6: nothing vouches for what follows these, so it is as if it were not there.
    if (has_integrity_sha256()) return std::nullopt;
    if (type == attribute_type::message_integrity_sha256) {
        if (found.length < 16 || found.length > 32 || found.length % 4 != 0)
            return parse_error::bad_integrity;
        integrity_sha256_ = found;
        return std::nullopt;
    }
    if (has_integrity()) return std::nullopt;
    if (type == attribute_type::message_integrity) {
        if (found.length != 20) return parse_error::bad_integrity;
        integrity_ = found;
        return std::nullopt;
    }
    if (count_ == max_attributes) return parse_error::too_many_attributes;
    positions_[count_++] = found;
    return std::nullopt;
}

CORTC_DECL byte_view message::value(position where) const noexcept {
    return packet_.subspan(header_size + where.offset, where.length);
}

CORTC_DECL std::optional<byte_view> message::find(attribute_type type) const noexcept {
    if (type == attribute_type::message_integrity && has_integrity()) return value(integrity_);
    if (type == attribute_type::message_integrity_sha256 && has_integrity_sha256())
        return value(integrity_sha256_);
    if (type == attribute_type::fingerprint && has_fingerprint()) return value(fingerprint_);
    for (auto& where : positions())
        if (where.type == static_cast<std::uint16_t>(type)) return value(where);
    return std::nullopt;
}

CORTC_DECL message::attribute_list message::attributes() const noexcept {
    attribute_list list;
    for (auto& where : positions()) list.push_back(static_cast<attribute_type>(where.type));
    return list;
}

CORTC_DECL message::attribute_list
message::unknown_comprehension_required(std::span<const attribute_type> unsupported) const noexcept {
    auto among = [](auto& list, attribute_type type) {
        return std::find(list.begin(), list.end(), type) != list.end();
    };
    attribute_list unknown;
    for (auto& where : positions()) {
        auto type = static_cast<attribute_type>(where.type);
        if (!comprehension_required(type) || (is_known(type) && !among(unsupported, type))) continue;
        if (!among(unknown, type)) unknown.push_back(type);
    }
    return unknown;
}

CORTC_DECL std::optional<byte_view> message::sized(attribute_type type, std::size_t size) const noexcept {
    auto found = find(type);
    return found && found->size() == size ? found : std::nullopt;
}

CORTC_DECL std::optional<std::string_view> message::text(attribute_type type,
                                                         std::size_t limit) const noexcept {
    auto found = find(type);
    if (!found || found->size() > limit) return std::nullopt;
    return as_text(*found);
}

CORTC_DECL std::optional<std::uint32_t> message::number32(attribute_type type) const noexcept {
    auto found = sized(type, 4);
    if (!found) return std::nullopt;
    return byte_reader(*found).u32();
}

CORTC_DECL std::optional<std::uint64_t> message::number64(attribute_type type) const noexcept {
    auto found = sized(type, 8);
    if (!found) return std::nullopt;
    return byte_reader(*found).u64();
}

CORTC_DECL std::optional<endpoint> message::address(attribute_type type) const noexcept {
    auto found = find(type);
    return found ? detail::read_address(*found) : std::nullopt;
}

CORTC_DECL std::optional<endpoint> message::xor_address(attribute_type type) const noexcept {
    auto covered = address(type);
    if (!covered) return std::nullopt;
    return detail::xor_endpoint(*covered, id_);
}

CORTC_DECL std::optional<address_family> message::family(attribute_type type) const noexcept {
    auto found = sized(type, 4);
    if (!found) return std::nullopt;
    auto family = static_cast<address_family>(byte_reader(*found).u8());
    if (family != address_family::ipv4 && family != address_family::ipv6) return std::nullopt;
    return family;
}

CORTC_DECL std::array<std::byte, header_size> message::header_up_to(position last) const noexcept {
    std::array<std::byte, header_size> header;
    std::copy_n(packet_.begin(), header_size, header.begin());
    const auto length = last.offset + last.length; // both codes' lengths are multiples of four: no padding
    header[2] = static_cast<std::byte>(length >> 8);
    header[3] = static_cast<std::byte>(length & 0xff);
    return header;
}

CORTC_DECL byte_view message::body_before(position which) const noexcept {
    return packet_.subspan(header_size, which.offset - 4U);
}

// RFC 8489 14.5, 14.6: the code covers what is before it, with the length field as if the message ended with
// it.

CORTC_DECL bool message::verify_integrity(byte_view key) const {
    if (!has_integrity()) return false;
    auto code = crypto::hmac_sha1(key, header_up_to(integrity_), body_before(integrity_));
    return crypto::equal(code, value(integrity_));
}

CORTC_DECL bool message::verify_integrity_sha256(byte_view key, std::size_t least) const {
    if (!has_integrity_sha256() || integrity_sha256_.length < least) return false;
    auto code = crypto::hmac_sha256(key, header_up_to(integrity_sha256_), body_before(integrity_sha256_));
    return crypto::equal(byte_view(code).first(integrity_sha256_.length), value(integrity_sha256_));
}

CORTC_DECL bool message::verify_fingerprint() const noexcept {
    if (!has_fingerprint()) return false;
    // It is the last attribute, so the length field already says what the sender computed with.
    return detail::fingerprint(packet_.first(packet_.size() - 8)) == byte_reader(value(fingerprint_)).u32();
}

} // namespace cortc::stun
