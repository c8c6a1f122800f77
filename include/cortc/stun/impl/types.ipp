#pragma once

#include "cortc/stun/types.hpp"

namespace cortc::stun {
namespace detail {

using crc32_tables = std::array<std::array<std::uint32_t, 256>, 4>;

/// The CRC-32 of ISO 3309 (reflected polynomial 0xedb88320), four bytes a step.
constexpr crc32_tables make_crc32_tables() {
    crc32_tables tables{};
    for (std::uint32_t octet = 0; octet < 256; ++octet) {
        auto crc = octet;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320U : 0U);
        tables[0][octet] = crc;
    }
    for (std::size_t octet = 0; octet < 256; ++octet)
        for (std::size_t step = 1; step < 4; ++step)
            tables[step][octet] = (tables[step - 1][octet] >> 8) ^ tables[0][tables[step - 1][octet] & 0xff];
    return tables;
}

inline constexpr crc32_tables crc32_table = make_crc32_tables();

CORTC_DECL std::uint32_t fingerprint(byte_view data) noexcept {
    auto octet = [&](std::size_t at) { return std::to_integer<std::uint32_t>(data[at]); };
    std::uint32_t crc = 0xffffffff;
    std::size_t i = 0;
    for (; i + 4 <= data.size(); i += 4) {
        crc ^= octet(i) | octet(i + 1) << 8 | octet(i + 2) << 16 | octet(i + 3) << 24;
        crc = crc32_table[3][crc & 0xff] ^ crc32_table[2][crc >> 8 & 0xff] ^
              crc32_table[1][crc >> 16 & 0xff] ^ crc32_table[0][crc >> 24];
    }
    for (; i < data.size(); ++i) crc = (crc >> 8) ^ crc32_table[0][(crc ^ octet(i)) & 0xff];
    return ~crc ^ fingerprint_xor;
}

} // namespace detail

CORTC_DECL bool is_known(attribute_type type) noexcept {
    switch (type) {
    case attribute_type::mapped_address:
    case attribute_type::username:
    case attribute_type::message_integrity:
    case attribute_type::error_code:
    case attribute_type::unknown_attributes:
    case attribute_type::realm:
    case attribute_type::nonce:
    case attribute_type::message_integrity_sha256:
    case attribute_type::password_algorithm:
    case attribute_type::userhash:
    case attribute_type::xor_mapped_address:
    case attribute_type::password_algorithms:
    case attribute_type::alternate_domain:
    case attribute_type::software:
    case attribute_type::alternate_server:
    case attribute_type::fingerprint:
    case attribute_type::source_address:
    case attribute_type::changed_address:
    case attribute_type::priority:
    case attribute_type::use_candidate:
    case attribute_type::ice_controlled:
    case attribute_type::ice_controlling:
    case attribute_type::channel_number:
    case attribute_type::lifetime:
    case attribute_type::xor_peer_address:
    case attribute_type::data:
    case attribute_type::xor_relayed_address:
    case attribute_type::requested_address_family:
    case attribute_type::even_port:
    case attribute_type::requested_transport:
    case attribute_type::dont_fragment:
    case attribute_type::reservation_token:
    case attribute_type::additional_address_family:
    case attribute_type::address_error_code:
    case attribute_type::icmp:
    case attribute_type::connection_id:
    case attribute_type::mobility_ticket:
    case attribute_type::change_request:
    case attribute_type::padding:
    case attribute_type::response_port:
    case attribute_type::cache_timeout:
    case attribute_type::response_origin:
    case attribute_type::other_address:
    case attribute_type::access_token:
    case attribute_type::third_party_authorization:
    case attribute_type::transaction_transmit_counter:
    case attribute_type::nomination:
    case attribute_type::goog_network_info:
    case attribute_type::goog_last_ice_check_received:
    case attribute_type::goog_misc_info:
    case attribute_type::goog_message_integrity_32:
        return true;
    }
    return false;
}

CORTC_DECL std::string_view reason_phrase(error code) noexcept {
    switch (code) {
    case error::try_alternate:
        return "Try Alternate";
    case error::bad_request:
        return "Bad Request";
    case error::unauthenticated:
        return "Unauthenticated";
    case error::forbidden:
        return "Forbidden";
    case error::mobility_forbidden:
        return "Mobility Forbidden";
    case error::unknown_attribute:
        return "Unknown Attribute";
    case error::allocation_mismatch:
        return "Allocation Mismatch";
    case error::stale_nonce:
        return "Stale Nonce";
    case error::address_family_not_supported:
        return "Address Family not Supported";
    case error::wrong_credentials:
        return "Wrong Credentials";
    case error::unsupported_transport_protocol:
        return "Unsupported Transport Protocol";
    case error::peer_address_family_mismatch:
        return "Peer Address Family Mismatch";
    case error::connection_already_exists:
        return "Connection Already Exists";
    case error::connection_timeout_or_failure:
        return "Connection Timeout or Failure";
    case error::allocation_quota_reached:
        return "Allocation Quota Reached";
    case error::role_conflict:
        return "Role Conflict";
    case error::server_error:
        return "Server Error";
    case error::insufficient_capacity:
        return "Insufficient Capacity";
    }
    return "";
}

CORTC_DECL std::string_view to_string(message_class cls) noexcept {
    switch (cls) {
    case message_class::request:
        return "request";
    case message_class::indication:
        return "indication";
    case message_class::success_response:
        return "success response";
    case message_class::error_response:
        return "error response";
    }
    return "unknown";
}

CORTC_DECL std::string_view to_string(method which) noexcept {
    switch (which) {
    case method::binding:
        return "Binding";
    case method::allocate:
        return "Allocate";
    case method::refresh:
        return "Refresh";
    case method::send:
        return "Send";
    case method::data:
        return "Data";
    case method::create_permission:
        return "CreatePermission";
    case method::channel_bind:
        return "ChannelBind";
    case method::connect:
        return "Connect";
    case method::connection_bind:
        return "ConnectionBind";
    case method::connection_attempt:
        return "ConnectionAttempt";
    case method::goog_ping:
        return "GOOG-PING";
    }
    return "unknown";
}

CORTC_DECL bool is_stun(byte_view datagram) noexcept {
    byte_reader in(datagram);
    auto type = in.u16();
    auto length = in.u16();
    auto cookie = in.u32();
    return datagram.size() >= header_size && type <= 0x03ff && cookie == magic_cookie && length % 4 == 0 &&
           length <= datagram.size() - header_size;
}

CORTC_DECL std::optional<std::size_t> framed_size(byte_view start) noexcept {
    byte_reader in(start);
    auto type = in.u16();
    auto length = in.u16();
    if (!in.ok() || type > 0x3fff || length % 4 != 0) return std::nullopt;
    return header_size + length;
}

} // namespace cortc::stun
