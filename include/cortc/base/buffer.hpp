#pragma once

#include "cortc/base/bytes.hpp"

#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace cortc {

/// A block of bytes that somebody owns: move-only, not cleared when made, growing keeps the contents.
class buffer {
  public:
    buffer() noexcept = default;
    explicit buffer(std::size_t capacity) { reserve(capacity); }
    buffer(buffer&& other) noexcept
        : data_(std::move(other.data_))
        , size_(std::exchange(other.size_, 0))
        , capacity_(std::exchange(other.capacity_, 0)) {}
    buffer& operator=(buffer&& other) noexcept {
        data_ = std::move(other.data_);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, 0);
        return *this;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::byte* data() noexcept { return data_.get(); }
    [[nodiscard]] const std::byte* data() const noexcept { return data_.get(); }
    [[nodiscard]] byte_span span() noexcept { return {data_.get(), size_}; }
    [[nodiscard]] byte_view view() const noexcept { return {data_.get(), size_}; }

    void clear() noexcept { size_ = 0; }
    void reserve(std::size_t capacity) {
        if (capacity <= capacity_) return;
        auto grown = std::make_unique_for_overwrite<std::byte[]>(capacity);
        if (size_ != 0) std::memcpy(grown.get(), data_.get(), size_);
        data_ = std::move(grown);
        capacity_ = capacity;
    }
    /// New bytes are indeterminate.
    void resize(std::size_t size) {
        if (size > capacity_) reserve(size > 2 * capacity_ ? size : 2 * capacity_);
        size_ = size;
    }
    void append(byte_view data) {
        auto at = size_;
        resize(size_ + data.size());
        if (!data.empty()) std::memcpy(data_.get() + at, data.data(), data.size());
    }
    void assign(byte_view data) {
        clear();
        append(data);
    }

  private:
    std::unique_ptr<std::byte[]> data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

/// Keeps buffers for the next use, so that a steady flow allocates nothing. Belongs to one context (one
/// thread). Buffers do not know their pool: what is not given back is simply freed, on any thread.
class buffer_pool {
  public:
    /// Keeps at most `limit` bytes of idle buffers.
    explicit buffer_pool(std::size_t limit = 1 << 20) : limit_(limit) {}

    /// An empty buffer with room for `capacity` bytes; capacities are powers of two from 64.
    [[nodiscard]] buffer acquire(std::size_t capacity) {
        auto index = size_class(capacity);
        if (index < free_.size() && !free_[index].empty()) {
            auto reused = std::move(free_[index].back());
            free_[index].pop_back();
            held_ -= reused.capacity();
            return reused;
        }
        return buffer(std::size_t{64} << index);
    }
    void release(buffer&& used) {
        auto capacity = used.capacity();
        if (capacity < 64 || held_ + capacity > limit_) {
            buffer(std::move(used));
            return;
        }
        auto index = size_class(capacity);
        if ((std::size_t{64} << index) != capacity) --index; // grown by hand: serves the class below
        if (free_.size() <= index) free_.resize(index + 1);
        used.clear();
        held_ += capacity;
        free_[index].push_back(std::move(used));
    }
    [[nodiscard]] std::size_t held() const noexcept { return held_; }
    /// Frees every idle buffer.
    void shrink() noexcept {
        free_.clear();
        held_ = 0;
    }

  private:
    static std::size_t size_class(std::size_t capacity) noexcept {
        std::size_t index = 0;
        while ((std::size_t{64} << index) < capacity) ++index;
        return index;
    }

    std::vector<std::vector<buffer>> free_; // by size class
    std::size_t held_ = 0;
    std::size_t limit_;
};

} // namespace cortc
