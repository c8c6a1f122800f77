#include "test/unit/crypto/failing_allocations.hpp"

#include <cstdlib>
#include <new>

namespace cortc::test {

thread_local failing_allocation* failing_allocation::current = nullptr;

} // namespace cortc::test

// The forms that do not throw, too: what one of them gives is handed to the same operator delete.
void* operator new(std::size_t size) {
    if (cortc::test::failing_allocation::now()) throw std::bad_alloc();
    if (void* made = std::malloc(size == 0 ? 1 : size)) return made;
    throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
