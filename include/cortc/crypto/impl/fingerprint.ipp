#pragma once

#include "cortc/crypto/fingerprint.hpp"

#include <algorithm>

namespace cortc::crypto {

CORTC_DECL bool matches(std::span<const fingerprint> promised, byte_view der) {
    const auto strongest = strongest_hash(promised, [](const auto& one) { return one.algorithm; });
    if (!strongest) return false;
    const auto actual = hash(*strongest, der);
    return std::any_of(promised.begin(), promised.end(), [&](const auto& one) {
        return one.algorithm == *strongest && equal(one.value, actual);
    });
}

} // namespace cortc::crypto
