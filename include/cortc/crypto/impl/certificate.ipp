#pragma once

#include "cortc/crypto/certificate.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace cortc::crypto {

CORTC_DECL bytes certificate::fingerprint(hash_algorithm algorithm) const { return hash(algorithm, der()); }

CORTC_DECL bool matches(std::span<const fingerprint> promised, byte_view der) {
    std::optional<hash_algorithm> strongest; // the enumeration is sorted by strength
    for (const auto& one : promised)
        if (one.algorithm != hash_algorithm::md5 && (!strongest || *strongest < one.algorithm))
            strongest = one.algorithm;
    if (!strongest) return false;
    const auto actual = hash(*strongest, der);
    return std::any_of(promised.begin(), promised.end(), [&](const auto& one) {
        return one.algorithm == *strongest && equal(one.value, actual);
    });
}

} // namespace cortc::crypto
