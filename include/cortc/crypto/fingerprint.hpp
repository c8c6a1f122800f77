#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/crypto/hash.hpp"

#include <span>

namespace cortc::crypto {

/// A hash over a certificate's DER form, as `a=fingerprint` carries it (RFC 8122 5).
struct fingerprint {
    hash_algorithm algorithm = hash_algorithm::sha256;
    bytes value;

    friend bool operator==(const fingerprint&, const fingerprint&) = default;
};

/// Whether a certificate is one of those that a description promised. Only the fingerprints of the strongest
/// hash count (strongest_hash()); the certificate may be any of these. No fingerprint matches nothing.
[[nodiscard]] bool matches(std::span<const fingerprint> promised, byte_view der);

} // namespace cortc::crypto

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/impl/fingerprint.ipp"
#endif
