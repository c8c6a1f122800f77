#pragma once

#include "cortc/base/buffer.hpp"
#include "cortc/base/bytes.hpp"

#include <cstring>
#include <optional>

namespace cortc::crypto {

/// A first-in first-out queue of datagrams (at most 65535 bytes each) in one block of memory, bounded in
/// bytes. It keeps a small block when it runs empty, so that a queue drained after every datagram allocates
/// nothing.
class datagram_queue {
  public:
    static constexpr std::size_t kept_when_empty = 2048;

    explicit datagram_queue(std::size_t limit) noexcept : limit_(limit) {}

    [[nodiscard]] bool empty() const noexcept { return head_ == data_.size(); }
    [[nodiscard]] bool has_room(std::size_t size) const noexcept {
        return size <= 0xffff && data_.size() - head_ + header + size <= limit_;
    }
    /// Room for a datagram of exactly `size` bytes at the end of the queue; the caller fills it. Empty when
    /// the queue is full.
    [[nodiscard]] byte_span prepare(std::size_t size) {
        if (!has_room(size)) return {};
        compact(header + size);
        const auto at = data_.size();
        data_.resize(at + header + size);
        data_.data()[at] = static_cast<std::byte>(size >> 8);
        data_.data()[at + 1] = static_cast<std::byte>(size & 0xff);
        return data_.span().subspan(at + header, size);
    }
    bool push(byte_view datagram) {
        if (!has_room(datagram.size())) return false;
        auto place = prepare(datagram.size());
        if (!datagram.empty()) std::memcpy(place.data(), datagram.data(), datagram.size());
        return true;
    }
    /// The oldest datagram; valid until the next call that changes the queue.
    [[nodiscard]] byte_view front() const noexcept {
        if (empty()) return {};
        const auto rest = data_.view().subspan(head_);
        return rest.subspan(header, size_of(rest));
    }
    void pop() {
        if (empty()) return;
        head_ += header + size_of(data_.view().subspan(head_));
        if (empty()) clear();
    }
    void clear() {
        head_ = 0;
        data_.clear();
        if (data_.capacity() > kept_when_empty) data_ = buffer();
    }

  private:
    static constexpr std::size_t header = 2; // the size, big-endian

    static std::size_t size_of(byte_view entry) noexcept {
        return std::to_integer<std::size_t>(entry[0]) << 8 | std::to_integer<std::size_t>(entry[1]);
    }
    // Moves what is left to the front when the block would have to grow otherwise.
    void compact(std::size_t extra) noexcept {
        if (head_ == 0 || data_.size() + extra <= data_.capacity()) return;
        const auto left = data_.size() - head_;
        std::memmove(data_.data(), data_.data() + head_, left);
        data_.resize(left);
        head_ = 0;
    }

    buffer data_;
    std::size_t head_ = 0;
    std::size_t limit_;
};

} // namespace cortc::crypto
