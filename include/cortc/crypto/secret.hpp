#pragma once

#include "cortc/base/bytes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string.h>

namespace cortc::crypto {

/// Overwrites key material with zeros. The compiler may not leave this out, although nobody reads the zeros.
inline void wipe(byte_span what) noexcept { ::explicit_bzero(what.data(), what.size()); }

/// Up to `Capacity` bytes of key material, in place. It overwrites itself with zeros when it ends and when it
/// is moved from, so that every copy is gone with its owner.
template <std::size_t Capacity>
class secret {
  public:
    secret() = default; ///< no bytes
    /// A copy of the first Capacity bytes of `from`.
    explicit secret(byte_view from) noexcept : size_(std::min(from.size(), Capacity)) {
        std::ranges::copy(from.first(size_), bytes_.begin());
    }
    /// So many zeros to write over; at most Capacity.
    explicit secret(std::size_t size) noexcept : size_(std::min(size, Capacity)) {}
    secret(const secret&) = default;
    secret& operator=(const secret&) = default;
    secret(secret&& other) noexcept : secret(static_cast<const secret&>(other)) { other.clear(); }
    secret& operator=(secret&& other) noexcept {
        if (this == &other) return *this;
        *this = static_cast<const secret&>(other);
        other.clear();
        return *this;
    }
    ~secret() { clear(); }

    [[nodiscard]] byte_view view() const noexcept { return {bytes_.data(), size_}; }
    [[nodiscard]] byte_span span() noexcept { return {bytes_.data(), size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// No bytes any more, and zeros where they were.
    void clear() noexcept {
        wipe(bytes_);
        size_ = 0;
    }

    /// Takes as long for unequal ones as for equal ones of that size.
    friend bool operator==(const secret& a, const secret& b) noexcept {
        auto difference = static_cast<std::byte>(a.size_ != b.size_);
        for (std::size_t i = 0; i < Capacity; ++i) difference |= a.bytes_[i] ^ b.bytes_[i];
        return difference == std::byte{0};
    }

  private:
    std::array<std::byte, Capacity> bytes_{}; // zero beyond size_
    std::size_t size_ = 0;
};

} // namespace cortc::crypto
