#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/hash_algorithm.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <span>

namespace cortc::crypto {

using cortc::digest_size;
using cortc::hash_algorithm;

using md5_digest = std::array<std::byte, 16>;
using sha1_digest = std::array<std::byte, 20>;
using sha256_digest = std::array<std::byte, 32>;

namespace detail {

/// The bodies behind hash() and hmac_*(): the default backend's, see backend::hash().
void hash_parts(hash_algorithm algorithm, std::span<const byte_view> parts, byte_span out);
void hmac_parts(hash_algorithm algorithm, byte_view key, std::span<const byte_view> parts, byte_span out);

} // namespace detail

/// The hash of `parts` read one after another: a vector of digest_size(algorithm) bytes.
template <std::convertible_to<byte_view>... Parts>
[[nodiscard]] bytes hash(hash_algorithm algorithm, const Parts&... parts) {
    const std::array<byte_view, sizeof...(Parts)> list{byte_view(parts)...};
    bytes out(digest_size(algorithm));
    detail::hash_parts(algorithm, list, out);
    return out;
}

/// The same for an algorithm fixed by a protocol; allocates nothing.
template <std::convertible_to<byte_view>... Parts>
[[nodiscard]] md5_digest md5(const Parts&... parts) {
    const std::array<byte_view, sizeof...(Parts)> list{byte_view(parts)...};
    md5_digest out;
    detail::hash_parts(hash_algorithm::md5, list, out);
    return out;
}
template <std::convertible_to<byte_view>... Parts>
[[nodiscard]] sha256_digest sha256(const Parts&... parts) {
    const std::array<byte_view, sizeof...(Parts)> list{byte_view(parts)...};
    sha256_digest out;
    detail::hash_parts(hash_algorithm::sha256, list, out);
    return out;
}

/// HMAC (RFC 2104) with SHA-1 or SHA-256 of `parts` read one after another. Any key length, the empty one
/// included. Allocates nothing.
template <std::convertible_to<byte_view>... Parts>
[[nodiscard]] sha1_digest hmac_sha1(byte_view key, const Parts&... parts) {
    const std::array<byte_view, sizeof...(Parts)> list{byte_view(parts)...};
    sha1_digest out;
    detail::hmac_parts(hash_algorithm::sha1, key, list, out);
    return out;
}
template <std::convertible_to<byte_view>... Parts>
[[nodiscard]] sha256_digest hmac_sha256(byte_view key, const Parts&... parts) {
    const std::array<byte_view, sizeof...(Parts)> list{byte_view(parts)...};
    sha256_digest out;
    detail::hmac_parts(hash_algorithm::sha256, key, list, out);
    return out;
}

/// Whether two byte strings are equal, in a time that depends on their lengths only: for codes and
/// fingerprints an attacker may guess at byte by byte. Strings of different length are not equal.
[[nodiscard]] bool equal(byte_view a, byte_view b) noexcept;

} // namespace cortc::crypto

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/impl/hash.ipp"
#endif
