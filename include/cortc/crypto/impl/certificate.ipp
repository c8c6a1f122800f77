#pragma once

#include "cortc/crypto/certificate.hpp"

namespace cortc::crypto {

CORTC_DECL bytes certificate::fingerprint(hash_algorithm algorithm) const { return hash(algorithm, der()); }

CORTC_DECL std::vector<crypto::fingerprint> certificate::promised_fingerprints() const {
    constexpr auto usual = hash_algorithm::sha256;
    std::vector<crypto::fingerprint> made{{usual, fingerprint(usual)}};
    if (const auto signed_with = signature_hash(); signed_with && *signed_with > usual)
        made.push_back({*signed_with, fingerprint(*signed_with)});
    return made;
}

} // namespace cortc::crypto
