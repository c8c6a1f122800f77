#pragma once

#include "cortc/base/buffer.hpp"

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace cortc {

/// A first-in first-out queue in blocks of a buffer_pool: it costs nothing while it is empty, little while it
/// is short, and a steady flow allocates nothing. Queues of one pool share its idle blocks, so that a burst
/// on one leaves nothing behind there.
template <class T>
class block_queue {
  public:
    block_queue() noexcept = default;
    block_queue(const block_queue&) = delete;
    block_queue& operator=(const block_queue&) = delete;
    /// Frees the blocks, on any thread.
    ~block_queue() {
        while (first_) {
            for (; begin_ < end_of(*first_); ++begin_) std::destroy_at(slot(*first_, begin_));
            drop_first();
        }
    }

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    void push_back(T value, buffer_pool& pool) {
        if (!first_ || end_ == last_->slots) add_block(pool);
        ::new (slot(*last_, end_)) T(std::move(value));
        ++end_;
        ++size_;
    }
    T pop_front(buffer_pool& pool) {
        auto* front = slot(*first_, begin_);
        T value(std::move(*front));
        std::destroy_at(front);
        ++begin_;
        --size_;
        if (begin_ == end_of(*first_)) pool.release(drop_first());
        return value;
    }

  private:
    struct block {
        buffer storage; // the block itself lies in it
        block* next = nullptr;
        std::size_t slots = 0;
    };
    static constexpr std::size_t first_size = 256, next_size = 4096;
    static constexpr std::size_t header_size = (sizeof(block) + alignof(T) - 1) / alignof(T) * alignof(T);
    static_assert(first_size >= header_size + 2 * sizeof(T) && alignof(T) <= alignof(std::max_align_t));

    static T* slot(block& in, std::size_t index) noexcept {
        return std::launder(reinterpret_cast<T*>(reinterpret_cast<std::byte*>(&in) + header_size) + index);
    }
    [[nodiscard]] std::size_t end_of(const block& which) const noexcept {
        return which.next ? which.slots : end_;
    }
    void add_block(buffer_pool& pool) {
        const auto size = first_ ? next_size : first_size;
        if (!first_) pool.prepare(next_size); // a queue that is short for long may still grow at once
        auto storage = pool.acquire(size);
        auto* added = ::new (storage.data()) block;
        added->slots = (size - header_size) / sizeof(T);
        added->storage = std::move(storage);
        if (first_) {
            last_->next = added;
        } else {
            first_ = added;
            begin_ = 0;
        }
        last_ = added;
        end_ = 0;
    }
    buffer drop_first() noexcept {
        auto* gone = first_;
        first_ = gone->next;
        begin_ = 0;
        auto storage = std::move(gone->storage);
        std::destroy_at(gone);
        return storage;
    }

    block* first_ = nullptr;
    block* last_ = nullptr;
    std::size_t begin_ = 0; // in the first block
    std::size_t end_ = 0;   // in the last one
    std::size_t size_ = 0;
};

} // namespace cortc
