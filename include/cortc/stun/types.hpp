#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cortc::stun {

/// RFC 8489 5: every message starts with 20 bytes of type, length, cookie and transaction id.
inline constexpr std::size_t header_size = 20;
inline constexpr std::uint32_t magic_cookie = 0x2112a442;
/// RFC 8489 14.7: what FINGERPRINT XORs its CRC with ("STUN").
inline constexpr std::uint32_t fingerprint_xor = 0x5354554e;

/// 96 random bits that tie a response to its request.
using transaction_id = std::array<std::byte, 12>;

enum class message_class : std::uint8_t { request, indication, success_response, error_response };

/// 12 bits. A received message may hold a value that has no name here.
enum class method : std::uint16_t {
    binding = 0x001,
    // RFC 8656 17 (TURN)
    allocate = 0x003,
    refresh = 0x004,
    send = 0x006,
    data = 0x007,
    create_permission = 0x008,
    channel_bind = 0x009,
    // RFC 6062 6.1 (TURN over TCP)
    connect = 0x00a,
    connection_bind = 0x00b,
    connection_attempt = 0x00c,
    // libwebrtc: a shorter connectivity check
    goog_ping = 0x080,
};

/// A received message may hold a value that has no name here. Types below 0x8000 are comprehension-required.
enum class attribute_type : std::uint16_t {
    // RFC 8489 18.3
    mapped_address = 0x0001,
    username = 0x0006,
    message_integrity = 0x0008,
    error_code = 0x0009,
    unknown_attributes = 0x000a,
    realm = 0x0014,
    nonce = 0x0015,
    message_integrity_sha256 = 0x001c,
    password_algorithm = 0x001d,
    userhash = 0x001e,
    xor_mapped_address = 0x0020,
    password_algorithms = 0x8002,
    alternate_domain = 0x8003,
    software = 0x8022,
    alternate_server = 0x8023,
    fingerprint = 0x8028,
    // RFC 8445 16.1 (ICE)
    priority = 0x0024,
    use_candidate = 0x0025,
    ice_controlled = 0x8029,
    ice_controlling = 0x802a,
    // RFC 8656 18 (TURN)
    channel_number = 0x000c,
    lifetime = 0x000d,
    xor_peer_address = 0x0012,
    data = 0x0013,
    xor_relayed_address = 0x0016,
    requested_address_family = 0x0017,
    even_port = 0x0018,
    requested_transport = 0x0019,
    dont_fragment = 0x001a,
    reservation_token = 0x0022,
    additional_address_family = 0x8000,
    address_error_code = 0x8001,
    icmp = 0x8004,
    // RFC 6062 6.2 (TURN over TCP)
    connection_id = 0x002a,
    // RFC 8016 4 (mobility with TURN)
    mobility_ticket = 0x8030,
    // RFC 5780 7 (NAT behaviour discovery)
    change_request = 0x0003,
    padding = 0x0026,
    response_port = 0x0027,
    cache_timeout = 0x8027,
    response_origin = 0x802b,
    other_address = 0x802c,
    // RFC 3489 11.2.6, 11.2.7: old servers still send them; known, so that their responses count
    source_address = 0x0004,
    changed_address = 0x0005,
    // RFC 7635 6 (third-party authorization)
    access_token = 0x001b,
    third_party_authorization = 0x802e,
    // RFC 7982 3.2 (round-trip times over lossy paths)
    transaction_transmit_counter = 0x8025,
    // libwebrtc
    nomination = 0xc001,
    goog_network_info = 0xc057,
    goog_last_ice_check_received = 0xc058,
    goog_misc_info = 0xc059,
    goog_message_integrity_32 = 0xc060,
};

[[nodiscard]] constexpr bool comprehension_required(attribute_type type) noexcept {
    return static_cast<std::uint16_t>(type) < 0x8000;
}

/// Whether the codec has a name for `type`.
[[nodiscard]] bool is_known(attribute_type type) noexcept;

/// RFC 8489 14.1: the byte that tells an IPv4 address from an IPv6 one, also in REQUESTED-ADDRESS-FAMILY.
enum class address_family : std::uint8_t { ipv4 = 1, ipv6 = 2 };

/// REQUESTED-TRANSPORT: an IANA protocol number (RFC 8656 18.7, RFC 6062 5).
enum class transport_protocol : std::uint8_t { tcp = 6, udp = 17 };

/// RFC 8489 18.5.1: how the key of the long-term mechanism is derived.
enum class password_algorithm : std::uint16_t { md5 = 1, sha256 = 2 };

/// The codes of ERROR-CODE (RFC 8489 14.8, RFC 8445 16.1, RFC 8656 19, RFC 6062 6.3, RFC 8016 3.1). 300 to
/// 699; other values occur.
enum class error : std::uint16_t {
    try_alternate = 300,
    bad_request = 400,
    unauthenticated = 401,
    forbidden = 403,
    mobility_forbidden = 405,
    unknown_attribute = 420,
    allocation_mismatch = 437,
    stale_nonce = 438,
    address_family_not_supported = 440,
    wrong_credentials = 441,
    unsupported_transport_protocol = 442,
    peer_address_family_mismatch = 443,
    connection_already_exists = 446,
    connection_timeout_or_failure = 447,
    allocation_quota_reached = 486,
    role_conflict = 487,
    server_error = 500,
    insufficient_capacity = 508,
};

/// The reason phrase the RFCs recommend, or "" for a code they do not name.
[[nodiscard]] std::string_view reason_phrase(error code) noexcept;

/// Names for the log: "request", "Allocate"; "0x123" style names do not exist, an unknown method is
/// "unknown".
[[nodiscard]] std::string_view to_string(message_class cls) noexcept;
[[nodiscard]] std::string_view to_string(method which) noexcept;

/// Whether a datagram is meant as STUN (RFC 7983 7: first byte 0 to 3; RFC 8489 6.3: cookie, length a
/// multiple of four and inside the datagram). message::parse says whether it is a good one.
[[nodiscard]] bool is_stun(byte_view datagram) noexcept;

/// On a stream (RFC 8489 6.2.2): the size of the message whose first bytes are `start`, from its length
/// field; nothing when there are fewer than four bytes, or when they cannot start a message.
[[nodiscard]] std::optional<std::size_t> framed_size(byte_view start) noexcept;

namespace detail {

/// RFC 8489 14.7: the value of FINGERPRINT over `data`, whose length field already counts the attribute.
[[nodiscard]] std::uint32_t fingerprint(byte_view data) noexcept;

} // namespace detail
} // namespace cortc::stun

#if defined(CORTC_HEADER_ONLY)
#include "cortc/stun/impl/types.ipp"
#endif
