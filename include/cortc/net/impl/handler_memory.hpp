#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <new>

namespace cortc::net::detail {

/// Memory for the few asynchronous waits one socket or timer has outstanding, so that waiting again allocates
/// nothing. What does not fit comes from the heap.
/// On a strand, Asio gives the memory of a wait back on whichever thread completed it, before it enters the
/// strand: hence the atomics.
template <std::size_t Blocks>
class handler_memory {
  public:
    handler_memory() = default;
    handler_memory(const handler_memory&) = delete;
    handler_memory& operator=(const handler_memory&) = delete;

    void* allocate(std::size_t size) {
        for (auto& one : blocks_)
            if (size <= block_size && !one.used.exchange(true, std::memory_order_acquire))
                return one.storage.data();
        return ::operator new(size);
    }
    void deallocate(void* memory) noexcept {
        for (auto& one : blocks_)
            if (memory == one.storage.data()) {
                one.used.store(false, std::memory_order_release);
                return;
            }
        ::operator delete(memory);
    }

  private:
    static constexpr std::size_t block_size = 208;
    struct block {
        alignas(std::max_align_t) std::array<std::byte, block_size> storage;
        std::atomic<bool> used = false;
    };
    std::array<block, Blocks> blocks_;
};

/// The associated allocator of a handler whose owner holds a handler_memory.
template <class T, std::size_t Blocks>
struct handler_allocator {
    using value_type = T;
    template <class U>
    struct rebind {
        using other = handler_allocator<U, Blocks>;
    };

    handler_memory<Blocks>* memory;

    explicit handler_allocator(handler_memory<Blocks>& from) noexcept : memory(&from) {}
    template <class U>
    handler_allocator(const handler_allocator<U, Blocks>& other) noexcept : memory(other.memory) {}

    T* allocate(std::size_t count) { return static_cast<T*>(memory->allocate(count * sizeof(T))); }
    void deallocate(T* at, std::size_t) noexcept { memory->deallocate(at); }
    friend bool operator==(const handler_allocator& a, const handler_allocator& b) noexcept {
        return a.memory == b.memory;
    }
};

} // namespace cortc::net::detail
