#pragma once

#include "cortc/crypto/certificate.hpp"

#include <algorithm>
#include <utility>

namespace cortc::crypto {

CORTC_DECL bytes certificate::fingerprint(hash_algorithm algorithm) const { return hash(algorithm, der()); }

CORTC_DECL std::vector<crypto::fingerprint> certificate::promised_fingerprints() const {
    constexpr auto usual = hash_algorithm::sha256;
    std::vector<crypto::fingerprint> made{{usual, fingerprint(usual)}};
    if (const auto signed_with = signature_hash(); signed_with && *signed_with > usual)
        made.push_back({*signed_with, fingerprint(*signed_with)});
    return made;
}

CORTC_DECL std::vector<crypto::fingerprint>
promised_fingerprints(const std::vector<certificate_ptr>& certificates) {
    std::vector<hash_algorithm> algorithms;
    for (const auto& each : certificates)
        for (const auto& promised : each->promised_fingerprints())
            if (std::find(algorithms.begin(), algorithms.end(), promised.algorithm) == algorithms.end())
                algorithms.push_back(promised.algorithm);
    std::vector<crypto::fingerprint> made;
    for (const auto& each : certificates)
        for (const auto algorithm : algorithms) {
            crypto::fingerprint next{algorithm, each->fingerprint(algorithm)};
            if (std::find(made.begin(), made.end(), next) == made.end()) made.push_back(std::move(next));
        }
    return made;
}

} // namespace cortc::crypto
