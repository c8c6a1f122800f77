#pragma once

#include "cortc/base/bytes.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace cortc {

/// A block of bytes that somebody owns: move-only, not cleared when made, growing keeps the contents.
class buffer {
  public:
    buffer() noexcept = default;
    /// Empty, with room for so many bytes.
    explicit buffer(std::size_t capacity) { reserve(capacity); }
    ///@{
    /// The other one is empty afterwards, and without room.
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
    ///@}

    /// Bytes that it holds.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; } ///< size() is 0
    /// Bytes that there is room for without another allocation.
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    ///@{
    /// The bytes; valid until the buffer grows, moves or goes.
    [[nodiscard]] std::byte* data() noexcept { return data_.get(); }
    [[nodiscard]] const std::byte* data() const noexcept { return data_.get(); }
    [[nodiscard]] byte_span span() noexcept { return {data_.get(), size_}; }
    [[nodiscard]] byte_view view() const noexcept { return {data_.get(), size_}; }
    ///@}

    void clear() noexcept { size_ = 0; } ///< keeps the room
    /// Makes room for so many bytes in all; never less than there is.
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
    /// Adds a copy of `data`, which must not be a part of this buffer.
    void append(byte_view data) {
        auto at = size_;
        resize(size_ + data.size());
        if (!data.empty()) std::memcpy(data_.get() + at, data.data(), data.size());
    }
    /// Replaces the contents by a copy of `data`, which must not be a part of this buffer.
    void assign(byte_view data) {
        clear();
        append(data);
    }

  private:
    std::unique_ptr<std::byte[]> data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

/// Keeps buffers for the next use, and makes some ahead for a flow, so that a steady one allocates nothing.
/// Belongs to one context (one thread). Buffers do not know their pool: what is not given back is simply
/// freed, on any thread.
class buffer_pool {
  public:
    /// Keeps at most `limit` bytes of idle buffers. The default is what two ends of one transfer take and
    /// give back at most.
    explicit buffer_pool(std::size_t limit = 8 << 20) : limit_(limit) {}

    /// An empty buffer with room for `capacity` bytes; capacities are powers of two from 64.
    [[nodiscard]] buffer acquire(std::size_t capacity) {
        const auto index = index_of(capacity);
        const auto size = std::size_t{64} << index;
        auto& mine = of(index);
        ++acquired_;
        ++mine.used;
        if (mine.idle.empty() || mine.used == many(size)) expect_more(mine, size);
        if (mine.used + mine.idle.size() < mine.wanted) make_ahead(mine, size);
        if (mine.idle.empty()) return buffer(size);
        auto reused = std::move(mine.idle.back());
        mine.idle.pop_back();
        held_ -= reused.capacity();
        return reused;
    }
    /// Such buffers may be needed soon: a few more are made, up to what is made ahead for a flow.
    void prepare(std::size_t capacity) {
        const auto index = index_of(capacity);
        auto& mine = of(index);
        mine.wanted = std::max(mine.wanted, few);
        if (mine.used + mine.idle.size() < mine.wanted) make_ahead(mine, std::size_t{64} << index);
    }
    /// Takes a buffer back; one too many is freed.
    void release(buffer&& used) {
        auto gone = std::move(used); // freed here unless it is kept
        const auto capacity = gone.capacity();
        if (capacity < 64) return;
        auto index = index_of(capacity);
        if ((std::size_t{64} << index) != capacity) --index; // grown by hand: serves the class below
        auto& mine = of(index);
        if (mine.used != 0) --mine.used;
        if (held_ + capacity > limit_) return;
        gone.clear();
        held_ += capacity;
        mine.idle.push_back(std::move(gone));
    }
    /// Bytes of idle buffers.
    [[nodiscard]] std::size_t held() const noexcept { return held_; }
    /// To be called every few seconds: frees what is idle if hardly any buffer was taken since the last call.
    void age() noexcept {
        if (std::exchange(acquired_, 0) >= few) return;
        std::vector<size_class>().swap(classes_);
        held_ = 0;
    }

  private:
    struct size_class {
        std::vector<buffer> idle;
        std::size_t used = 0;   // taken and not given back
        std::size_t wanted = 0; // used and idle ones together
    };
    static constexpr std::size_t few = 128; // made ahead as soon as two are used at once

    /// As many used at once are of a flow that fills its window, or soon will.
    static std::size_t many(std::size_t size) noexcept { return std::max<std::size_t>(64, 65536 / size); }
    static std::size_t index_of(std::size_t capacity) noexcept {
        std::size_t index = 0;
        while ((std::size_t{64} << index) < capacity) ++index;
        return index;
    }
    size_class& of(std::size_t index) {
        if (classes_.size() <= index) classes_.resize(index + 1);
        return classes_[index];
    }
    /// More are used than were made ahead. How many a flow needs at once is known late, for its window opens
    /// over thousands of messages. So a large one gets at once what the windows of two ends can take, a
    /// megabyte each of messages that fill their buffers by half.
    void expect_more(size_class& mine, std::size_t size) noexcept {
        if (mine.used * size > 2 * limit_) mine.used = mine.wanted = 0; // they do not come back
        if (mine.used < 2) return;
        mine.wanted = std::max(mine.used < many(size) ? few : most_ahead() / size, 2 * mine.used);
    }
    [[nodiscard]] std::size_t most_ahead() const noexcept { return limit_ / 4 * 3; }
    /// A few at a time: who uses few does not get many.
    void make_ahead(size_class& mine, std::size_t size) {
        mine.idle.reserve(mine.wanted); // giving back allocates nothing
        for (int left = 8; left > 0 && held_ + size <= most_ahead(); --left) {
            mine.idle.emplace_back(size);
            held_ += size;
        }
    }

    std::vector<size_class> classes_; // by size
    std::size_t held_ = 0;
    std::size_t acquired_ = 0; // since age()
    std::size_t limit_;
};

} // namespace cortc
