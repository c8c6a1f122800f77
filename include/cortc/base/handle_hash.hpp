#pragma once

#include <cstddef>
#include <functional>

namespace cortc::detail {

/// std::hash of a handle: copies have one, as they compare equal.
template <class Handle>
struct handle_hash {
    [[nodiscard]] std::size_t operator()(const Handle& of) const noexcept {
        return std::hash<const void*>()(of.identity());
    }
};

} // namespace cortc::detail
