#pragma once

// The typed getters of message.

#include "cortc/stun/message.hpp"

#include <algorithm>

namespace cortc::stun {
namespace detail {

/// What these texts may take when decoding (RFC 8489 14.8 to 14.10, 14.14, 14.16). A name is longer than the
/// 508 bytes of RFC 8489 14.3 when it joins two of ICE's longest fragments (RFC 8839 5.4).
inline constexpr std::size_t longest_username = 513;
inline constexpr std::size_t longest_text = 763;
inline constexpr std::size_t longest_domain = 255;

/// ERROR-CODE's last 11 bits: the class (hundreds, 3 to 6) and the number (0 to 99).
CORTC_DECL std::optional<error> read_error(std::uint8_t hundreds, std::uint8_t number) noexcept {
    hundreds &= 7;
    if (hundreds < 3 || hundreds > 6 || number > 99) return std::nullopt;
    return static_cast<error>(hundreds * 100 + number);
}

/// One entry of PASSWORD-ALGORITHMS (RFC 8489 14.11); the parameters' padding may be missing at the very end.
CORTC_DECL std::optional<password_algorithm_entry> read_algorithm(byte_reader& in) noexcept {
    password_algorithm_entry entry;
    entry.algorithm = static_cast<password_algorithm>(in.u16());
    std::size_t size = in.u16();
    entry.parameters = in.take(size);
    if (!in.ok()) return std::nullopt;
    in.skip(std::min((4 - size % 4) % 4, in.remaining()));
    return entry;
}

} // namespace detail

CORTC_DECL std::optional<endpoint> message::mapped_address() const noexcept {
    return address(attribute_type::mapped_address);
}

CORTC_DECL std::optional<endpoint> message::xor_mapped_address() const noexcept {
    return xor_address(attribute_type::xor_mapped_address);
}

CORTC_DECL std::optional<std::string_view> message::username() const noexcept {
    return text(attribute_type::username, detail::longest_username);
}

CORTC_DECL std::optional<byte_view> message::userhash() const noexcept {
    return sized(attribute_type::userhash, 32);
}

CORTC_DECL std::optional<std::string_view> message::realm() const noexcept {
    return text(attribute_type::realm, detail::longest_text);
}

CORTC_DECL std::optional<std::string_view> message::nonce() const noexcept {
    return text(attribute_type::nonce, detail::longest_text);
}

CORTC_DECL std::optional<std::string_view> message::software() const noexcept {
    return text(attribute_type::software, detail::longest_text);
}

CORTC_DECL std::optional<error_code> message::error_code() const noexcept {
    auto found = find(attribute_type::error_code);
    if (!found || found->size() < 4 || found->size() > 4 + detail::longest_text) return std::nullopt;
    byte_reader in(*found);
    in.skip(2); // reserved
    auto hundreds = in.u8();
    auto code = detail::read_error(hundreds, in.u8());
    if (!code) return std::nullopt;
    return stun::error_code{*code, as_text(in.rest())};
}

CORTC_DECL std::optional<message::attribute_list> message::unknown_attributes() const noexcept {
    auto found = find(attribute_type::unknown_attributes);
    if (!found || found->size() % 2 != 0) return std::nullopt;
    byte_reader in(*found);
    attribute_list list;
    while (in.remaining() != 0)
        if (!list.push_back(static_cast<attribute_type>(in.u16()))) break;
    return list;
}

CORTC_DECL std::optional<password_algorithm_entry> message::password_algorithm() const noexcept {
    auto found = find(attribute_type::password_algorithm);
    if (!found) return std::nullopt;
    byte_reader in(*found);
    auto entry = detail::read_algorithm(in);
    return in.remaining() == 0 ? entry : std::nullopt;
}

CORTC_DECL std::optional<message::algorithm_list> message::password_algorithms() const noexcept {
    auto found = find(attribute_type::password_algorithms);
    if (!found) return std::nullopt;
    byte_reader in(*found);
    algorithm_list list;
    while (in.remaining() != 0) {
        auto entry = detail::read_algorithm(in);
        if (!entry) return std::nullopt;
        if (!list.push_back(*entry)) break;
    }
    return list;
}

CORTC_DECL std::optional<endpoint> message::alternate_server() const noexcept {
    return address(attribute_type::alternate_server);
}

CORTC_DECL std::optional<std::string_view> message::alternate_domain() const noexcept {
    return text(attribute_type::alternate_domain, detail::longest_domain);
}

CORTC_DECL std::optional<std::uint32_t> message::priority() const noexcept {
    return number32(attribute_type::priority);
}

CORTC_DECL bool message::use_candidate() const noexcept {
    return sized(attribute_type::use_candidate, 0).has_value();
}

CORTC_DECL std::optional<std::uint64_t> message::ice_controlled() const noexcept {
    return number64(attribute_type::ice_controlled);
}

CORTC_DECL std::optional<std::uint64_t> message::ice_controlling() const noexcept {
    return number64(attribute_type::ice_controlling);
}

CORTC_DECL std::optional<std::uint32_t> message::nomination() const noexcept {
    return number32(attribute_type::nomination);
}

CORTC_DECL std::optional<network_info> message::network_info() const noexcept {
    auto found = sized(attribute_type::goog_network_info, 4);
    if (!found) return std::nullopt;
    byte_reader in(*found);
    auto network_id = in.u16();
    return stun::network_info{network_id, in.u16()};
}

CORTC_DECL std::optional<std::uint16_t> message::channel_number() const noexcept {
    auto found = sized(attribute_type::channel_number, 4);
    if (!found) return std::nullopt;
    auto channel = byte_reader(*found).u16();
    if (channel < 0x4000 || channel > 0x4fff) return std::nullopt; // RFC 8656 12
    return channel;
}

CORTC_DECL std::optional<std::chrono::seconds> message::lifetime() const noexcept {
    auto number = number32(attribute_type::lifetime);
    if (!number) return std::nullopt;
    return std::chrono::seconds(*number);
}

CORTC_DECL std::optional<endpoint> message::xor_peer_address() const noexcept {
    return xor_address(attribute_type::xor_peer_address);
}

CORTC_DECL std::optional<message::address_list> message::xor_peer_addresses() const noexcept {
    address_list list;
    for (auto& where : positions()) {
        if (where.type != static_cast<std::uint16_t>(attribute_type::xor_peer_address)) continue;
        auto covered = detail::read_address(value(where));
        if (!covered) return std::nullopt;
        list.push_back(detail::xor_endpoint(*covered, id_));
    }
    if (list.empty()) return std::nullopt;
    return list;
}

CORTC_DECL std::optional<endpoint> message::xor_relayed_address() const noexcept {
    return xor_address(attribute_type::xor_relayed_address);
}

CORTC_DECL message::address_list message::xor_relayed_addresses() const noexcept {
    address_list list;
    for (auto& where : positions()) {
        if (where.type != static_cast<std::uint16_t>(attribute_type::xor_relayed_address)) continue;
        auto covered = detail::read_address(value(where));
        if (!covered) return {};
        list.push_back(detail::xor_endpoint(*covered, id_));
    }
    return list;
}

CORTC_DECL std::optional<byte_view> message::data() const noexcept { return find(attribute_type::data); }

CORTC_DECL std::optional<address_family> message::requested_address_family() const noexcept {
    return family(attribute_type::requested_address_family);
}

CORTC_DECL std::optional<address_family> message::additional_address_family() const noexcept {
    auto additional = family(attribute_type::additional_address_family);
    return additional == address_family::ipv6 ? additional : std::nullopt; // RFC 8656 18.11
}

CORTC_DECL std::optional<bool> message::even_port() const noexcept {
    auto found = sized(attribute_type::even_port, 1);
    if (!found) return std::nullopt;
    return (byte_reader(*found).u8() & 0x80) != 0;
}

CORTC_DECL std::optional<transport_protocol> message::requested_transport() const noexcept {
    auto found = sized(attribute_type::requested_transport, 4);
    if (!found) return std::nullopt;
    return static_cast<transport_protocol>(byte_reader(*found).u8());
}

CORTC_DECL bool message::dont_fragment() const noexcept {
    return sized(attribute_type::dont_fragment, 0).has_value();
}

CORTC_DECL std::optional<byte_view> message::reservation_token() const noexcept {
    return sized(attribute_type::reservation_token, 8);
}

CORTC_DECL std::optional<address_error_code> message::address_error_code() const noexcept {
    auto found = find(attribute_type::address_error_code);
    if (!found || found->size() < 4 || found->size() > 4 + detail::longest_text) return std::nullopt;
    byte_reader in(*found);
    auto family = static_cast<address_family>(in.u8());
    in.skip(1); // reserved
    auto hundreds = in.u8();
    auto code = detail::read_error(hundreds, in.u8());
    if (!code || (family != address_family::ipv4 && family != address_family::ipv6)) return std::nullopt;
    return stun::address_error_code{family, *code, as_text(in.rest())};
}

CORTC_DECL std::optional<icmp_error> message::icmp() const noexcept {
    auto found = sized(attribute_type::icmp, 8);
    if (!found) return std::nullopt;
    byte_reader in(*found);
    in.skip(2); // reserved
    auto type_and_code = in.u16();
    return icmp_error{static_cast<std::uint8_t>(type_and_code >> 9),
                      static_cast<std::uint16_t>(type_and_code & 0x1ff), in.u32()};
}

CORTC_DECL std::optional<std::uint32_t> message::connection_id() const noexcept {
    return number32(attribute_type::connection_id);
}

CORTC_DECL std::optional<byte_view> message::mobility_ticket() const noexcept {
    return find(attribute_type::mobility_ticket);
}

CORTC_DECL std::optional<change_request> message::change_request() const noexcept {
    auto flags = number32(attribute_type::change_request);
    if (!flags) return std::nullopt;
    return stun::change_request{(*flags & 4) != 0, (*flags & 2) != 0};
}

CORTC_DECL std::optional<std::uint16_t> message::response_port() const noexcept {
    auto found = find(attribute_type::response_port);
    // RFC 5780 7.5 shows two bytes and two of padding; implementations count the padding in or out.
    if (!found || (found->size() != 4 && found->size() != 2)) return std::nullopt;
    return byte_reader(*found).u16();
}

CORTC_DECL std::optional<std::chrono::seconds> message::cache_timeout() const noexcept {
    auto number = number32(attribute_type::cache_timeout);
    if (!number) return std::nullopt;
    return std::chrono::seconds(*number);
}

CORTC_DECL std::optional<endpoint> message::response_origin() const noexcept {
    return address(attribute_type::response_origin);
}

CORTC_DECL std::optional<endpoint> message::other_address() const noexcept {
    return address(attribute_type::other_address);
}

} // namespace cortc::stun
