#pragma once

#include "cortc/base/buffer.hpp"
#include "cortc/base/strong.hpp"
#include "cortc/base/time.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace cortc::sctp {

/// A number that wraps around: comparison and distance as RFC 1982 defines them, meaningful only between
/// numbers less than half the number space apart.
template <class Tag, class T, class Signed>
class serial {
  public:
    using value_type = T;

    constexpr serial() noexcept = default;
    constexpr explicit serial(T value) noexcept : value_(value) {}
    [[nodiscard]] constexpr T value() const noexcept { return value_; }
    [[nodiscard]] constexpr serial next() const noexcept { return plus(1); }
    [[nodiscard]] constexpr serial previous() const noexcept { return plus(static_cast<T>(-1)); }
    [[nodiscard]] constexpr serial plus(T count) const noexcept {
        return serial(static_cast<T>(value_ + count));
    }
    constexpr serial& operator++() noexcept {
        ++value_;
        return *this;
    }

    /// How far `to` is ahead of `from`; negative when it is behind.
    friend constexpr Signed distance(serial from, serial to) noexcept {
        return static_cast<Signed>(static_cast<T>(to.value_ - from.value_));
    }
    friend constexpr bool operator==(serial, serial) noexcept = default;
    friend constexpr bool operator<(serial a, serial b) noexcept { return distance(a, b) > 0; }
    friend constexpr bool operator>(serial a, serial b) noexcept { return b < a; }
    friend constexpr bool operator<=(serial a, serial b) noexcept { return !(b < a); }
    friend constexpr bool operator>=(serial a, serial b) noexcept { return !(a < b); }

  private:
    T value_{};
};

using stream_id = strong<struct stream_id_tag, std::uint16_t>;
/// Payload protocol identifier: says what a message is, opaque to SCTP.
using ppid = strong<struct ppid_tag, std::uint32_t>;
/// Transmission sequence number of a DATA chunk.
using tsn = serial<struct tsn_tag, std::uint32_t, std::int32_t>;
/// Stream sequence number of an ordered message.
using ssn = serial<struct ssn_tag, std::uint16_t, std::int16_t>;
/// Re-configuration request sequence number (RFC 6525 4.1).
using reset_sequence = serial<struct reset_sequence_tag, std::uint32_t, std::int32_t>;

/// How one message is to be sent. Both limits may be given; the first that is reached abandons the message.
struct send_options {
    bool unordered = false;
    /// How often a fragment is sent again before the message is abandoned (RFC 7496 4.1 calls it the limited
    /// retransmission policy); 0: never again.
    std::optional<std::uint32_t> max_retransmits;
    /// How long after send() the message is still worth sending (RFC 7496, timed reliability).
    std::optional<duration> lifetime;
    /// Its bytes are none of the application's: buffered_amount() leaves them out.
    bool uncounted = false;
};

enum class send_result {
    ok,
    would_block, ///< The send buffer is full; the event `writable` follows when there is room.
    closed,      ///< Never connected, shutting down or closed.
    empty,       ///< SCTP has no empty messages (RFC 9260 6.1); DCEP sends one byte instead.
    too_large,   ///< Larger than the peer's (or our own) maximum message size.
    no_stream,   ///< The stream is beyond what was negotiated.
    resetting,   ///< reset_stream() was called and has not been answered.
};

/// A whole message of the peer. Its bytes count against the receive window until association::consume().
struct received_message {
    stream_id stream;
    ppid protocol;
    bool unordered = false;
    buffer data; ///< never empty
};

} // namespace cortc::sctp
