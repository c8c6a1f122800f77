#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/endpoint.hpp"
#include "cortc/base/result.hpp"
#include "cortc/stun/types.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace cortc::stun {

/// Why bytes are not a STUN message.
enum class parse_error {
    too_short,           // fewer than 20 bytes
    not_stun,            // the first two bits are not zero, or no magic cookie (RFC 3489 messages have none)
    bad_length,          // the length field is not a multiple of four or not the size of the packet
    truncated_attribute, // an attribute runs over the end
    too_many_attributes, // more than message::max_attributes
    bad_integrity,       // a MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256 of impossible length
    bad_fingerprint,     // a FINGERPRINT of impossible length, or not the last attribute (RFC 8489 14.7)
};
[[nodiscard]] std::string_view to_string(parse_error error) noexcept;
[[noreturn]] void throw_exception_from_error(parse_error error, const boost::source_location& where);

/// ERROR-CODE.
struct error_code {
    error code{};
    std::string_view reason; // UTF-8 by the RFC, unchecked; may be empty
};

/// ADDRESS-ERROR-CODE (RFC 8656 18.12): the family a TURN server could not serve.
struct address_error_code {
    address_family family{};
    error code{};
    std::string_view reason;
};

/// ICMP (RFC 8656 18.13).
struct icmp_error {
    std::uint8_t type = 0;  // 7 bits
    std::uint16_t code = 0; // 9 bits
    std::uint32_t data = 0;
};

/// CHANGE-REQUEST (RFC 5780 7.2).
struct change_request {
    bool ip = false;
    bool port = false;
};

/// GOOG-NETWORK-INFO (libwebrtc): how a peer rates its network interface.
struct network_info {
    std::uint16_t network_id = 0;
    std::uint16_t cost = 0;
};

/// PASSWORD-ALGORITHM, or one entry of PASSWORD-ALGORITHMS. The value may be one that has no name.
struct password_algorithm_entry {
    password_algorithm algorithm{};
    byte_view parameters; // empty for MD5 and SHA-256
};

/// A short list inside a message object, without allocation.
template <class T, std::size_t Capacity>
class inline_list {
  public:
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] const T& operator[](std::size_t index) const noexcept { return items_[index]; }
    [[nodiscard]] const T* begin() const noexcept { return items_.data(); }
    [[nodiscard]] const T* end() const noexcept { return items_.data() + size_; }
    operator std::span<const T>() const noexcept { return {items_.data(), size_}; }
    /// False, with nothing changed, when the list is full.
    bool push_back(const T& item) noexcept {
        if (size_ == Capacity) return false;
        items_[size_++] = item;
        return true;
    }

  private:
    std::array<T, Capacity> items_{};
    std::size_t size_ = 0;
};

namespace detail {

/// RFC 8489 14.1: family, port and address; nothing for another family or size.
[[nodiscard]] std::optional<endpoint> read_address(byte_view value) noexcept;
/// RFC 8489 14.2: hides an address from middleboxes that rewrite what looks like one, or uncovers it.
[[nodiscard]] endpoint xor_endpoint(const endpoint& where, const transaction_id& id) noexcept;

} // namespace detail

/// A received STUN message (RFC 8489 5): a view of the packet's bytes, which must outlive it and everything
/// its getters return. parse() checks the framing once and notes where each attribute is; the getters look
/// there, allocate nothing, and return nothing when the attribute is absent or its value is malformed (wrong
/// length, wrong address family, number out of range). Of an attribute that occurs twice the first counts
/// (RFC 8489 14). Attributes that follow MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256 are not protected and
/// therefore ignored, except the second of these two and FINGERPRINT (RFC 8489 14.5, 14.6).
class message {
  public:
    /// More than any message in use has; a bound on the work one packet can cause.
    static constexpr std::size_t max_attributes = 32;

    using attribute_list = inline_list<attribute_type, max_attributes>;
    using address_list = inline_list<endpoint, max_attributes>;
    using algorithm_list = inline_list<password_algorithm_entry, 8>;

    /// `packet` is exactly one message.
    [[nodiscard]] static result<message, parse_error> parse(byte_view packet) noexcept;

    [[nodiscard]] message_class cls() const noexcept { return class_; }
    [[nodiscard]] stun::method method() const noexcept { return method_; }
    [[nodiscard]] const transaction_id& id() const noexcept { return id_; }
    [[nodiscard]] byte_view packet() const noexcept { return packet_; }
    [[nodiscard]] bool is(message_class cls, stun::method which) const noexcept {
        return class_ == cls && method_ == which;
    }
    [[nodiscard]] bool is_request() const noexcept { return class_ == message_class::request; }
    [[nodiscard]] bool is_response() const noexcept { return class_ >= message_class::success_response; }

    /// Any attribute's value, without its padding.
    [[nodiscard]] std::optional<byte_view> find(attribute_type type) const noexcept;
    [[nodiscard]] bool has(attribute_type type) const noexcept { return find(type).has_value(); }
    /// The types in the order of the packet, repetitions included, integrity and fingerprint not.
    [[nodiscard]] attribute_list attributes() const noexcept;

    /// The comprehension-required types of this message that the codec does not know or that are among
    /// `unsupported` (known, but not to the caller's usage), each once: a request that has any is answered
    /// with 420 and this list, a response fails, an indication is dropped (RFC 8489 6.3).
    [[nodiscard]] attribute_list
    unknown_comprehension_required(std::span<const attribute_type> unsupported = {}) const noexcept;

    // RFC 8489. Texts are as received: UTF-8 by the RFC, unchecked, never zero-terminated.
    [[nodiscard]] std::optional<endpoint> mapped_address() const noexcept;
    [[nodiscard]] std::optional<endpoint> xor_mapped_address() const noexcept;
    [[nodiscard]] std::optional<std::string_view> username() const noexcept; // at most 513 bytes
    [[nodiscard]] std::optional<byte_view> userhash() const noexcept;        // 32 bytes
    [[nodiscard]] std::optional<std::string_view>
    realm() const noexcept; // at most 763 bytes, as the next three
    [[nodiscard]] std::optional<std::string_view> nonce() const noexcept;
    [[nodiscard]] std::optional<std::string_view> software() const noexcept;
    [[nodiscard]] std::optional<stun::error_code> error_code() const noexcept;
    [[nodiscard]] std::optional<attribute_list>
    unknown_attributes() const noexcept; // the first 32 of the list
    [[nodiscard]] std::optional<password_algorithm_entry> password_algorithm() const noexcept;
    [[nodiscard]] std::optional<algorithm_list> password_algorithms() const noexcept; // the first 8
    [[nodiscard]] std::optional<endpoint> alternate_server() const noexcept;
    [[nodiscard]] std::optional<std::string_view> alternate_domain() const noexcept; // at most 255 bytes

    // RFC 8445 (ICE) and libwebrtc's additions
    [[nodiscard]] std::optional<std::uint32_t> priority() const noexcept;
    [[nodiscard]] bool use_candidate() const noexcept;
    [[nodiscard]] std::optional<std::uint64_t>
    ice_controlled() const noexcept; // the tie-breaker, as the next
    [[nodiscard]] std::optional<std::uint64_t> ice_controlling() const noexcept;
    [[nodiscard]] std::optional<std::uint32_t>
    nomination() const noexcept; // renomination: the greatest counts
    [[nodiscard]] std::optional<stun::network_info> network_info() const noexcept;

    // RFC 8656 (TURN), RFC 6062, RFC 8016
    [[nodiscard]] std::optional<std::uint16_t> channel_number() const noexcept; // 0x4000 to 0x4fff
    [[nodiscard]] std::optional<std::chrono::seconds> lifetime() const noexcept;
    [[nodiscard]] std::optional<endpoint> xor_peer_address() const noexcept;
    /// CreatePermission may carry several. Nothing when there is none or when any is malformed.
    [[nodiscard]] std::optional<address_list> xor_peer_addresses() const noexcept;
    [[nodiscard]] std::optional<endpoint> xor_relayed_address() const noexcept;
    /// A dual allocation has two. Empty when any is malformed.
    [[nodiscard]] address_list xor_relayed_addresses() const noexcept;
    [[nodiscard]] std::optional<byte_view> data() const noexcept;
    [[nodiscard]] std::optional<address_family> requested_address_family() const noexcept;
    [[nodiscard]] std::optional<address_family> additional_address_family() const noexcept; // only ever IPv6
    [[nodiscard]] std::optional<bool>
    even_port() const noexcept; // whether to reserve the next higher port, too
    [[nodiscard]] std::optional<transport_protocol> requested_transport() const noexcept;
    [[nodiscard]] bool dont_fragment() const noexcept;
    [[nodiscard]] std::optional<byte_view> reservation_token() const noexcept; // 8 bytes
    [[nodiscard]] std::optional<stun::address_error_code> address_error_code() const noexcept;
    [[nodiscard]] std::optional<icmp_error> icmp() const noexcept;
    [[nodiscard]] std::optional<std::uint32_t> connection_id() const noexcept;
    [[nodiscard]] std::optional<byte_view>
    mobility_ticket() const noexcept; // may be empty: a client asks for one

    // RFC 5780 (NAT behaviour discovery)
    [[nodiscard]] std::optional<stun::change_request> change_request() const noexcept;
    [[nodiscard]] std::optional<std::uint16_t> response_port() const noexcept;
    [[nodiscard]] std::optional<std::chrono::seconds> cache_timeout() const noexcept;
    [[nodiscard]] std::optional<endpoint> response_origin() const noexcept;
    [[nodiscard]] std::optional<endpoint> other_address() const noexcept;

    // Integrity. `key` is the password of the short-term mechanism, or a key from credentials.hpp.
    [[nodiscard]] bool has_integrity() const noexcept { return integrity_.offset != 0; }
    [[nodiscard]] bool has_integrity_sha256() const noexcept { return integrity_sha256_.offset != 0; }
    [[nodiscard]] bool has_fingerprint() const noexcept { return fingerprint_.offset != 0; }
    /// False when the attribute is absent, too. One HMAC over the message; compared in constant time.
    [[nodiscard]] bool verify_integrity(byte_view key) const;
    /// RFC 8489 14.6: the code may be cut to 16, 20, 24 or 28 bytes only where the usage says so: `least` is
    /// the shortest the caller's usage allows (ICE and TURN: the whole 32).
    [[nodiscard]] bool verify_integrity_sha256(byte_view key, std::size_t least = 32) const;
    [[nodiscard]] bool verify_fingerprint() const noexcept;

  private:
    struct position {
        std::uint16_t type = 0;
        std::uint16_t offset = 0; // of the value, from the end of the header; never 0 for one that exists
        std::uint16_t length = 0;
    };

    explicit message(byte_view packet) noexcept : packet_(packet) {}
    [[nodiscard]] std::optional<parse_error> read_header() noexcept;
    [[nodiscard]] std::optional<parse_error> read_attributes() noexcept;
    [[nodiscard]] std::optional<parse_error> note(position found) noexcept;
    [[nodiscard]] byte_view value(position where) const noexcept;
    [[nodiscard]] std::span<const position> positions() const noexcept { return {positions_.data(), count_}; }
    [[nodiscard]] std::optional<byte_view> sized(attribute_type type, std::size_t size) const noexcept;
    [[nodiscard]] std::optional<std::string_view> text(attribute_type type, std::size_t limit) const noexcept;
    [[nodiscard]] std::optional<std::uint32_t> number32(attribute_type type) const noexcept;
    [[nodiscard]] std::optional<std::uint64_t> number64(attribute_type type) const noexcept;
    [[nodiscard]] std::optional<address_family> family(attribute_type type) const noexcept;
    [[nodiscard]] std::optional<endpoint> address(attribute_type type) const noexcept;
    [[nodiscard]] std::optional<endpoint> xor_address(attribute_type type) const noexcept;
    [[nodiscard]] std::array<std::byte, header_size> header_up_to(position last) const noexcept;
    [[nodiscard]] byte_view body_before(position which) const noexcept;

    byte_view packet_;
    transaction_id id_{};
    stun::method method_{};
    message_class class_{};
    std::uint8_t count_ = 0;
    std::array<position, max_attributes> positions_; // the first count_ are set
    position integrity_;
    position integrity_sha256_;
    position fingerprint_;
};

} // namespace cortc::stun

#if defined(CORTC_HEADER_ONLY)
#include "cortc/stun/impl/message.ipp"
#include "cortc/stun/impl/message_attributes.ipp"
#endif
