#include "test/memory/heap.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

// As in sanitizer/allocator_interface.h, which g++ does not come with everywhere.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();

namespace cortc::test::heap {
bool counts_calls() noexcept { return false; }
std::uint64_t calls() noexcept { return 0; }
std::uint64_t allocations() noexcept { return 0; }
std::size_t live() noexcept { return __sanitizer_get_current_allocated_bytes(); }
std::size_t peak() noexcept { return live(); }
void reset_peak() noexcept {}
} // namespace cortc::test::heap

#else

#include <atomic>
#include <cerrno>

#include <malloc.h>

// glibc's own names of the functions that are replaced below.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* block);
}

namespace {

std::atomic<std::uint64_t> allocation_count{0}, free_count{0};
std::atomic<std::size_t> live_bytes{0};
std::atomic<std::size_t> peak_bytes{0};

void* taken(void* block) noexcept {
    allocation_count.fetch_add(1, std::memory_order_relaxed);
    if (!block) return nullptr;
    const auto size = malloc_usable_size(block);
    const auto now = live_bytes.fetch_add(size, std::memory_order_relaxed) + size;
    if (now > peak_bytes.load(std::memory_order_relaxed)) peak_bytes.store(now, std::memory_order_relaxed);
    return block;
}
void given(void* block) noexcept {
    if (!block) return;
    free_count.fetch_add(1, std::memory_order_relaxed);
    live_bytes.fetch_sub(malloc_usable_size(block), std::memory_order_relaxed);
}

} // namespace

extern "C" {
void* malloc(std::size_t size) { return taken(__libc_malloc(size)); }
void* calloc(std::size_t count, std::size_t size) { return taken(__libc_calloc(count, size)); }
void* realloc(void* block, std::size_t size) {
    const auto before = block ? malloc_usable_size(block) : 0;
    auto* moved = __libc_realloc(block, size);
    if (moved || size == 0) live_bytes.fetch_sub(before, std::memory_order_relaxed);
    return taken(moved);
}
void free(void* block) {
    given(block);
    __libc_free(block);
}
void* memalign(std::size_t alignment, std::size_t size) { return taken(__libc_memalign(alignment, size)); }
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    *block = memalign(alignment, size);
    return *block || size == 0 ? 0 : ENOMEM;
}
}

namespace cortc::test::heap {
bool counts_calls() noexcept { return true; }
std::uint64_t allocations() noexcept { return allocation_count.load(std::memory_order_relaxed); }
std::uint64_t calls() noexcept { return allocations() + free_count.load(std::memory_order_relaxed); }
std::size_t live() noexcept { return live_bytes.load(std::memory_order_relaxed); }
std::size_t peak() noexcept { return peak_bytes.load(std::memory_order_relaxed); }
void reset_peak() noexcept { peak_bytes.store(live(), std::memory_order_relaxed); }
} // namespace cortc::test::heap

#endif
