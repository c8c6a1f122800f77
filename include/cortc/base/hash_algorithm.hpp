#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace cortc {

/// The hash functions that cortc computes, the weakest first.
enum class hash_algorithm { md5, sha1, sha256, sha384, sha512 };

/// A row of the registry of hash functions (RFC 8122 5): the name that a=fingerprint has for it, the bytes
/// of its digest, and which one it is, if it is one that cortc computes.
struct registered_hash {
    std::string_view name;
    std::size_t size = 0;
    std::optional<hash_algorithm> algorithm;
};
inline constexpr std::array<registered_hash, 7> registered_hashes{{{"md2", 16, std::nullopt},
                                                                   {"md5", 16, hash_algorithm::md5},
                                                                   {"sha-1", 20, hash_algorithm::sha1},
                                                                   {"sha-224", 28, std::nullopt},
                                                                   {"sha-256", 32, hash_algorithm::sha256},
                                                                   {"sha-384", 48, hash_algorithm::sha384},
                                                                   {"sha-512", 64, hash_algorithm::sha512}}};

/// Of the longest digest.
inline constexpr std::size_t max_digest_size = 64;

/// The row of `algorithm`.
[[nodiscard]] constexpr const registered_hash& registered(hash_algorithm algorithm) noexcept {
    for (const auto& each : registered_hashes)
        if (each.algorithm == algorithm) return each;
    return registered_hashes.back();
}
/// Bytes in a digest of `algorithm`.
[[nodiscard]] constexpr std::size_t digest_size(hash_algorithm algorithm) noexcept {
    return registered(algorithm).size;
}
/// "sha-256".
[[nodiscard]] constexpr std::string_view to_string(hash_algorithm algorithm) noexcept {
    return registered(algorithm).name;
}
/// The one with that name, in lower case; none when cortc does not compute it.
[[nodiscard]] constexpr std::optional<hash_algorithm> hash_algorithm_of(std::string_view name) noexcept {
    for (const auto& each : registered_hashes)
        if (each.name == name) return each.algorithm;
    return std::nullopt;
}

/// Of several fingerprints of one certificate only those of the strongest hash count (RFC 8122 5: any other
/// rule would let an attacker choose the weakest), and MD5 never does. `algorithm_of` gives the hash of one
/// of `fingerprints`, or none. None when nothing counts.
template <class Fingerprints, class Projection>
[[nodiscard]] std::optional<hash_algorithm> strongest_hash(const Fingerprints& fingerprints,
                                                           Projection algorithm_of) {
    std::optional<hash_algorithm> strongest;
    for (const auto& each : fingerprints) {
        const std::optional<hash_algorithm> its = algorithm_of(each);
        if (its && *its != hash_algorithm::md5 && (!strongest || *strongest < *its)) strongest = its;
    }
    return strongest;
}

} // namespace cortc
