#pragma once

#include <cstddef>

/// How often this program has asked for memory so far; nothing under a sanitizer, which brings its own
/// malloc.
std::size_t allocations() noexcept;
bool counts_allocations() noexcept;
