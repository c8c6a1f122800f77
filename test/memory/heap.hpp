#pragma once

#include <cstddef>
#include <cstdint>

/// What this program does with the heap: every malloc, calloc, realloc, memalign and free of it and of its
/// libraries (Mbed TLS and libsrtp do not use operator new).
namespace cortc::test::heap {

/// False under a sanitizer, which has an allocator of its own: then calls() says nothing, live() still does.
[[nodiscard]] bool counts_calls() noexcept;
/// Calls since the program began, of whatever function.
[[nodiscard]] std::uint64_t calls() noexcept;
/// Those of them that asked for memory.
[[nodiscard]] std::uint64_t allocations() noexcept;
/// Bytes that are allocated now.
[[nodiscard]] std::size_t live() noexcept;
/// The most that live() has been since reset_peak(); under a sanitizer just live().
[[nodiscard]] std::size_t peak() noexcept;
void reset_peak() noexcept;

} // namespace cortc::test::heap
