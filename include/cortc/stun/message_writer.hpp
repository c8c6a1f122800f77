#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/endpoint.hpp"
#include "cortc/stun/message.hpp"
#include "cortc/stun/types.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cortc::stun {

/// Writes a STUN message straight into the caller's bytes, without allocation; the length field is right
/// after every call. What does not fit, or may not stand where it was added (RFC 8489 14.5 to 14.7: after
/// MESSAGE-INTEGRITY only MESSAGE-INTEGRITY-SHA256 and FINGERPRINT, after FINGERPRINT nothing), or has a
/// value the RFC forbids (a text that is too long), spoils the message for good: ok() is false and size() 0,
/// so a caller writes everything and asks once.
class message_writer {
  public:
    message_writer(byte_span out, message_class cls, method which, const transaction_id& id) noexcept;

    [[nodiscard]] bool ok() const noexcept { return out_.ok() && !failed_; }
    /// Bytes of the finished message at the front of `out`; 0 when it did not fit.
    [[nodiscard]] std::size_t size() const noexcept { return ok() ? out_.position() : 0; }
    [[nodiscard]] byte_view written() const noexcept {
        return ok() ? byte_view(out_.written()) : byte_view();
    }

    /// Any attribute, its value as given.
    void add(attribute_type type, byte_view value) noexcept;

    // RFC 8489. Texts must be what RFC 8265 OpaqueString makes of them (opaque_string() in credentials.hpp).
    void add_mapped_address(const endpoint& where) noexcept;
    void add_xor_mapped_address(const endpoint& where) noexcept;
    void add_username(std::string_view name) noexcept; // at most 508 bytes
    void add_username(std::string_view remote,
                      std::string_view local) noexcept; // ICE: "remote:local" (RFC 8445 7.1.2)
    void add_userhash(byte_view hash) noexcept;         // 32 bytes
    void add_realm(std::string_view text) noexcept;     // at most 763 bytes, as the next three
    void add_nonce(std::string_view text) noexcept;
    void add_software(std::string_view text) noexcept;
    void add_error_code(error code, std::string_view reason) noexcept;
    void add_error_code(error code) noexcept; // with the RFC's reason phrase
    void add_unknown_attributes(std::span<const attribute_type> types) noexcept;
    void add_password_algorithm(password_algorithm algorithm) noexcept;
    void add_password_algorithms(std::span<const password_algorithm> algorithms) noexcept;
    void add_alternate_server(const endpoint& where) noexcept;
    void add_alternate_domain(std::string_view name) noexcept; // at most 255 bytes

    // RFC 8445 (ICE) and libwebrtc's additions
    void add_priority(std::uint32_t priority) noexcept;
    void add_use_candidate() noexcept;
    void add_ice_controlled(std::uint64_t tie_breaker) noexcept;
    void add_ice_controlling(std::uint64_t tie_breaker) noexcept;
    void add_nomination(std::uint32_t value) noexcept;
    void add_network_info(network_info info) noexcept;

    // RFC 8656 (TURN), RFC 6062, RFC 8016
    void add_channel_number(std::uint16_t channel) noexcept;   // 0x4000 to 0x4fff
    void add_lifetime(std::chrono::seconds lifetime) noexcept; // 0 to 2^32 - 1
    void add_xor_peer_address(const endpoint& where) noexcept;
    void add_xor_relayed_address(const endpoint& where) noexcept;
    void add_data(byte_view payload) noexcept;
    void add_requested_address_family(address_family family) noexcept;
    void add_additional_address_family() noexcept; // IPv6 is the only value it may have
    void add_even_port(bool reserve_next) noexcept;
    void add_requested_transport(transport_protocol protocol) noexcept;
    void add_dont_fragment() noexcept;
    void add_reservation_token(byte_view token) noexcept; // 8 bytes
    void add_address_error_code(address_family family, error code, std::string_view reason) noexcept;
    void add_icmp(icmp_error error) noexcept;
    void add_connection_id(std::uint32_t id) noexcept;
    void add_mobility_ticket(byte_view ticket) noexcept;

    // RFC 5780 (NAT behaviour discovery)
    void add_change_request(change_request what) noexcept;
    void add_response_port(std::uint16_t port) noexcept;
    void add_cache_timeout(std::chrono::seconds timeout) noexcept; // 0 to 2^32 - 1
    void add_response_origin(const endpoint& where) noexcept;
    void add_other_address(const endpoint& where) noexcept;
    /// RFC 5780 7.6: `size` zero bytes, to test fragmentation.
    void add_padding(std::size_t size) noexcept;

    // The end of a message, in this order. `key` as for message::verify_integrity.
    void add_integrity(byte_view key);
    /// `size` is 32, or 16, 20, 24 or 28 where a usage allows a shortened code (RFC 8489 14.6).
    void add_integrity_sha256(byte_view key, std::size_t size = 32);
    void add_fingerprint() noexcept;

  private:
    enum class stage { attributes, integrity, integrity_sha256, fingerprint };

    bool begin(attribute_type type, std::size_t size) noexcept;
    void end() noexcept;
    void update_length(std::size_t size) noexcept;
    void fail() noexcept { failed_ = true; }
    [[nodiscard]] bool enter(stage next, std::size_t value_size) noexcept;
    void text(attribute_type type, std::string_view value, std::size_t limit) noexcept;
    void number32(attribute_type type, std::uint32_t value) noexcept;
    void seconds(attribute_type type, std::chrono::seconds value) noexcept;
    void number64(attribute_type type, std::uint64_t value) noexcept;
    void address(attribute_type type, const endpoint& where) noexcept;
    void xor_address(attribute_type type, const endpoint& where) noexcept;

    byte_writer out_;
    transaction_id id_;
    stage stage_ = stage::attributes;
    bool failed_ = false;
};

} // namespace cortc::stun

#if defined(CORTC_HEADER_ONLY)
#include "cortc/stun/impl/message_writer.ipp"
#include "cortc/stun/impl/message_writer_attributes.ipp"
#endif
