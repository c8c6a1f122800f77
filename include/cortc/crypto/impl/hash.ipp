#pragma once

#include "cortc/crypto/hash.hpp"
#include "cortc/crypto/mbedtls/hash.hpp"

namespace cortc::crypto {

// The default backend's, without the way through its object: every STUN message takes one.
CORTC_DECL void detail::hash_parts(hash_algorithm algorithm, std::span<const byte_view> parts,
                                   byte_span out) {
    mbedtls::hash(algorithm, parts, out);
}
CORTC_DECL void detail::hmac_parts(hash_algorithm algorithm, byte_view key, std::span<const byte_view> parts,
                                   byte_span out) {
    mbedtls::hmac(algorithm, key, parts, out);
}

CORTC_DECL bool equal(byte_view a, byte_view b) noexcept {
    if (a.size() != b.size()) return false;
    volatile unsigned char difference = 0; // volatile: the loop must not end at the first difference
    for (std::size_t i = 0; i < a.size(); ++i)
        difference = difference | std::to_integer<unsigned char>(a[i] ^ b[i]);
    return difference == 0;
}

} // namespace cortc::crypto
