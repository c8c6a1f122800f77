#include "allocations.hpp"

#include <atomic>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)

std::size_t allocations() noexcept { return 0; }
bool counts_allocations() noexcept { return false; }

#else

namespace {
std::atomic<std::size_t> count{0};
}

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
    ++count;
    return __libc_malloc(size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    ++count;
    return __libc_memalign(alignment, size);
}
}

std::size_t allocations() noexcept { return count; }
bool counts_allocations() noexcept { return true; }

#endif
