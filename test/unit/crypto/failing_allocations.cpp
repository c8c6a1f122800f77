#include "test/unit/crypto/failing_allocations.hpp"

#include <cstdlib>
#include <new>

namespace cortc::test {

thread_local failing_allocation* failing_allocation::current = nullptr;

} // namespace cortc::test

void* operator new(std::size_t size) {
    if (cortc::test::failing_allocation::now()) throw std::bad_alloc();
    if (void* made = std::malloc(size == 0 ? 1 : size)) return made;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
