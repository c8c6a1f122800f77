#include "test/support/allocation_count.hpp"

#include <cstdlib>
#include <new>

namespace {
std::size_t allocations = 0;
}

std::size_t cortc::support::allocation_count() noexcept { return allocations; }

// A sanitizer wants to see all forms replaced or none.
void* operator new(std::size_t size) {
    ++allocations;
    if (auto* block = std::malloc(size != 0 ? size : 1)) return block;
    throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(size != 0 ? size : 1);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
