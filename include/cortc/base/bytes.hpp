#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cortc {

using byte_view = std::span<const std::byte>; ///< bytes to read, which somebody else owns
using byte_span = std::span<std::byte>;       ///< bytes to write, which somebody else owns
using bytes = std::vector<std::byte>;         ///< bytes of one's own

///@{
/// The same memory, which must stay valid; nothing is copied, and nothing checked.
inline byte_view as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(byte_view data) {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
}
///@}

/// Reads big-endian fields from a peer's bytes. A read past the end returns zero (or an empty view) and makes
/// `ok()` false for good, so a parser may read a whole structure and check once.
class byte_reader {
  public:
    explicit byte_reader(byte_view data) noexcept : data_(data) {} ///< begins with the first byte

    /// No read has gone past the end.
    [[nodiscard]] bool ok() const noexcept { return ok_; }
    /// Bytes that are not read yet.
    [[nodiscard]] std::size_t remaining() const noexcept { return data_.size() - position_; }
    /// Bytes that are read, or were skipped.
    [[nodiscard]] std::size_t position() const noexcept { return position_; }

    ///@{
    /// The next number, of as many bits.
    std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t u24() noexcept { return static_cast<std::uint32_t>(number(3)); }
    std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t u48() noexcept { return number(6); }
    std::uint64_t u64() noexcept { return number(8); }
    ///@}

    /// The next `size` bytes, where they are.
    byte_view take(std::size_t size) noexcept {
        if (!has(size)) return {};
        auto part = data_.subspan(position_, size);
        position_ += size;
        return part;
    }
    byte_view rest() noexcept { return take(remaining()); }    ///< all that are left
    void skip(std::size_t size) noexcept { (void)take(size); } ///< goes on `size` bytes later

  private:
    bool has(std::size_t size) noexcept {
        if (size > remaining()) ok_ = false;
        return ok_;
    }
    std::uint64_t number(std::size_t size) noexcept {
        if (!has(size)) return 0;
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < size; ++i)
            value = value << 8 | std::to_integer<std::uint64_t>(data_[position_ + i]);
        position_ += size;
        return value;
    }

    byte_view data_;
    std::size_t position_ = 0;
    bool ok_ = true;
};

/// Writes big-endian fields into a caller's buffer. A write past the end writes nothing and makes `ok()`
/// false for good.
class byte_writer {
  public:
    explicit byte_writer(byte_span out) noexcept : out_(out) {} ///< begins with the first byte

    /// Everything had room.
    [[nodiscard]] bool ok() const noexcept { return ok_; }
    /// Bytes that are written.
    [[nodiscard]] std::size_t position() const noexcept { return position_; }
    /// Bytes that there is still room for.
    [[nodiscard]] std::size_t remaining() const noexcept { return out_.size() - position_; }
    /// What is written so far.
    [[nodiscard]] byte_span written() const noexcept { return out_.first(position_); }

    ///@{
    /// Writes the number in as many bits; what does not fit into them is cut off.
    void u8(std::uint8_t value) noexcept { number(value, 1); }
    void u16(std::uint16_t value) noexcept { number(value, 2); }
    void u24(std::uint32_t value) noexcept { number(value, 3); }
    void u32(std::uint32_t value) noexcept { number(value, 4); }
    void u48(std::uint64_t value) noexcept { number(value, 6); }
    void u64(std::uint64_t value) noexcept { number(value, 8); }
    ///@}

    /// Writes a copy of `data`.
    void put(byte_view data) noexcept {
        if (!has(data.size())) return;
        if (!data.empty()) std::memcpy(out_.data() + position_, data.data(), data.size());
        position_ += data.size();
    }
    /// Writes `size` zeros.
    void zero(std::size_t size) noexcept {
        if (!has(size)) return;
        if (size != 0) std::memset(out_.data() + position_, 0, size);
        position_ += size;
    }
    /// Overwrites two bytes written before (a length field known only later).
    void patch_u16(std::size_t at, std::uint16_t value) noexcept {
        if (at + 2 > position_) {
            ok_ = false;
            return;
        }
        out_[at] = static_cast<std::byte>(value >> 8);
        out_[at + 1] = static_cast<std::byte>(value & 0xff);
    }

  private:
    bool has(std::size_t size) noexcept {
        if (size > remaining()) ok_ = false;
        return ok_;
    }
    void number(std::uint64_t value, std::size_t size) noexcept {
        if (!has(size)) return;
        for (std::size_t i = 0; i < size; ++i)
            out_[position_ + i] = static_cast<std::byte>(value >> (8 * (size - 1 - i)) & 0xff);
        position_ += size;
    }

    byte_span out_;
    std::size_t position_ = 0;
    bool ok_ = true;
};

} // namespace cortc
