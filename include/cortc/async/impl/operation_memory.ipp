#pragma once

#include "cortc/async/operation_memory.hpp"

#include <new>

namespace cortc::detail {

CORTC_DECL bool& operation_memory::ended() noexcept {
    thread_local bool own = false;
    return own;
}

CORTC_DECL operation_memory::cache::~cache() {
    ended() = true;
    for (auto& each : lists)
        while (each.count != 0) ::operator delete(each.blocks[--each.count]);
}

CORTC_DECL operation_memory::list* operation_memory::mine(std::size_t index) {
#if defined(__SANITIZE_ADDRESS__)
    (void)index; // every use after the end is to be seen
    return nullptr;
#else
    if (index >= classes || ended()) return nullptr;
    thread_local cache own;
    return &own.lists[index];
#endif
}

CORTC_DECL void* operation_memory::allocate(std::size_t size) {
    const auto index = class_of(size);
    auto* kept_ones = mine(index);
    if (kept_ones && kept_ones->count != 0) return kept_ones->blocks[--kept_ones->count];
    return ::operator new(index < classes ? (index + 1) * granularity : size);
}

CORTC_DECL void operation_memory::deallocate(void* block, std::size_t size) noexcept {
    auto* kept_ones = mine(class_of(size));
    if (kept_ones && kept_ones->count != kept)
        kept_ones->blocks[kept_ones->count++] = block;
    else
        ::operator delete(block);
}

} // namespace cortc::detail
