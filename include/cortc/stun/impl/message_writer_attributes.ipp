#pragma once

// The typed attributes of message_writer.

#include "cortc/stun/message_writer.hpp"

namespace cortc::stun {

CORTC_DECL void message_writer::add_mapped_address(const endpoint& where) noexcept {
    address(attribute_type::mapped_address, where);
}

CORTC_DECL void message_writer::add_xor_mapped_address(const endpoint& where) noexcept {
    xor_address(attribute_type::xor_mapped_address, where);
}

CORTC_DECL void message_writer::add_username(std::string_view name) noexcept {
    text(attribute_type::username, name, 508);
}

CORTC_DECL void message_writer::add_username(std::string_view remote, std::string_view local) noexcept {
    const auto size = remote.size() + 1 + local.size();
    // RFC 8839 5.4 has fragments of up to 256 characters: more together than the 508 bytes of RFC 8489 14.3.
    if (size > 513) return fail();
    if (!begin(attribute_type::username, size)) return;
    out_.put(as_bytes(remote));
    out_.u8(':');
    out_.put(as_bytes(local));
    end();
}

CORTC_DECL void message_writer::add_userhash(byte_view hash) noexcept {
    if (hash.size() != 32) return fail();
    add(attribute_type::userhash, hash);
}

CORTC_DECL void message_writer::add_realm(std::string_view value) noexcept {
    text(attribute_type::realm, value, 763);
}

CORTC_DECL void message_writer::add_nonce(std::string_view value) noexcept {
    text(attribute_type::nonce, value, 763);
}

CORTC_DECL void message_writer::add_software(std::string_view value) noexcept {
    text(attribute_type::software, value, 763);
}

CORTC_DECL void message_writer::add_error_code(error code, std::string_view reason) noexcept {
    const auto number = static_cast<unsigned>(code);
    if (number < 300 || number > 699 || reason.size() > 763) return fail();
    if (!begin(attribute_type::error_code, 4 + reason.size())) return;
    out_.u16(0);
    out_.u8(static_cast<std::uint8_t>(number / 100));
    out_.u8(static_cast<std::uint8_t>(number % 100));
    out_.put(as_bytes(reason));
    end();
}

CORTC_DECL void message_writer::add_error_code(error code) noexcept {
    add_error_code(code, reason_phrase(code));
}

CORTC_DECL void message_writer::add_unknown_attributes(std::span<const attribute_type> types) noexcept {
    if (!begin(attribute_type::unknown_attributes, 2 * types.size())) return;
    for (auto type : types) out_.u16(static_cast<std::uint16_t>(type));
    end();
}

CORTC_DECL void message_writer::add_password_algorithm(password_algorithm algorithm) noexcept {
    // Neither MD5 nor SHA-256 has parameters: the lower half, their length, is 0.
    number32(attribute_type::password_algorithm, static_cast<std::uint32_t>(algorithm) << 16);
}

CORTC_DECL void
message_writer::add_password_algorithms(std::span<const password_algorithm> algorithms) noexcept {
    if (!begin(attribute_type::password_algorithms, 4 * algorithms.size())) return;
    for (auto algorithm : algorithms) out_.u32(static_cast<std::uint32_t>(algorithm) << 16);
    end();
}

CORTC_DECL void message_writer::add_alternate_server(const endpoint& where) noexcept {
    address(attribute_type::alternate_server, where);
}

CORTC_DECL void message_writer::add_alternate_domain(std::string_view name) noexcept {
    text(attribute_type::alternate_domain, name, 255);
}

CORTC_DECL void message_writer::add_priority(std::uint32_t priority) noexcept {
    number32(attribute_type::priority, priority);
}

CORTC_DECL void message_writer::add_use_candidate() noexcept { add(attribute_type::use_candidate, {}); }

CORTC_DECL void message_writer::add_ice_controlled(std::uint64_t tie_breaker) noexcept {
    number64(attribute_type::ice_controlled, tie_breaker);
}

CORTC_DECL void message_writer::add_ice_controlling(std::uint64_t tie_breaker) noexcept {
    number64(attribute_type::ice_controlling, tie_breaker);
}

CORTC_DECL void message_writer::add_nomination(std::uint32_t value) noexcept {
    number32(attribute_type::nomination, value);
}

CORTC_DECL void message_writer::add_network_info(network_info info) noexcept {
    number32(attribute_type::goog_network_info, std::uint32_t{info.network_id} << 16 | info.cost);
}

CORTC_DECL void message_writer::add_channel_number(std::uint16_t channel) noexcept {
    if (channel < 0x4000 || channel > 0x4fff) return fail();
    number32(attribute_type::channel_number, std::uint32_t{channel} << 16);
}

CORTC_DECL void message_writer::add_lifetime(std::chrono::seconds lifetime) noexcept {
    seconds(attribute_type::lifetime, lifetime);
}

CORTC_DECL void message_writer::add_xor_peer_address(const endpoint& where) noexcept {
    xor_address(attribute_type::xor_peer_address, where);
}

CORTC_DECL void message_writer::add_xor_relayed_address(const endpoint& where) noexcept {
    xor_address(attribute_type::xor_relayed_address, where);
}

CORTC_DECL void message_writer::add_data(byte_view payload) noexcept { add(attribute_type::data, payload); }

CORTC_DECL void message_writer::add_requested_address_family(address_family family) noexcept {
    number32(attribute_type::requested_address_family, static_cast<std::uint32_t>(family) << 24);
}

CORTC_DECL void message_writer::add_additional_address_family() noexcept {
    number32(attribute_type::additional_address_family, static_cast<std::uint32_t>(address_family::ipv6)
                                                            << 24);
}

CORTC_DECL void message_writer::add_even_port(bool reserve_next) noexcept {
    const auto flags = reserve_next ? std::byte{0x80} : std::byte{0};
    add(attribute_type::even_port, {&flags, 1});
}

CORTC_DECL void message_writer::add_requested_transport(transport_protocol protocol) noexcept {
    number32(attribute_type::requested_transport, static_cast<std::uint32_t>(protocol) << 24);
}

CORTC_DECL void message_writer::add_dont_fragment() noexcept { add(attribute_type::dont_fragment, {}); }

CORTC_DECL void message_writer::add_reservation_token(byte_view token) noexcept {
    if (token.size() != 8) return fail();
    add(attribute_type::reservation_token, token);
}

CORTC_DECL void message_writer::add_address_error_code(address_family family, error code,
                                                       std::string_view reason) noexcept {
    const auto number = static_cast<unsigned>(code);
    if (number < 300 || number > 699 || reason.size() > 763) return fail();
    if (!begin(attribute_type::address_error_code, 4 + reason.size())) return;
    out_.u8(static_cast<std::uint8_t>(family));
    out_.u8(0);
    out_.u8(static_cast<std::uint8_t>(number / 100));
    out_.u8(static_cast<std::uint8_t>(number % 100));
    out_.put(as_bytes(reason));
    end();
}

CORTC_DECL void message_writer::add_icmp(icmp_error error) noexcept {
    if (error.type > 0x7f || error.code > 0x1ff) return fail();
    number64(attribute_type::icmp,
             std::uint64_t{error.type} << 41 | std::uint64_t{error.code} << 32 | error.data);
}

CORTC_DECL void message_writer::add_connection_id(std::uint32_t id) noexcept {
    number32(attribute_type::connection_id, id);
}

CORTC_DECL void message_writer::add_mobility_ticket(byte_view ticket) noexcept {
    add(attribute_type::mobility_ticket, ticket);
}

CORTC_DECL void message_writer::add_change_request(change_request what) noexcept {
    number32(attribute_type::change_request, (what.ip ? 4U : 0U) | (what.port ? 2U : 0U));
}

CORTC_DECL void message_writer::add_response_port(std::uint16_t port) noexcept {
    number32(attribute_type::response_port, std::uint32_t{port} << 16);
}

CORTC_DECL void message_writer::add_cache_timeout(std::chrono::seconds timeout) noexcept {
    seconds(attribute_type::cache_timeout, timeout);
}

CORTC_DECL void message_writer::add_response_origin(const endpoint& where) noexcept {
    address(attribute_type::response_origin, where);
}

CORTC_DECL void message_writer::add_other_address(const endpoint& where) noexcept {
    address(attribute_type::other_address, where);
}

CORTC_DECL void message_writer::add_padding(std::size_t size) noexcept {
    if (!begin(attribute_type::padding, size)) return;
    out_.zero(size);
    end();
}

} // namespace cortc::stun
