#pragma once

#include "cortc/crypto/fingerprint.hpp"
#include "test/support/catch.hpp"

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace cortc::test {

/// A file of test/data/certificates.
inline std::string file(const std::string& name) {
    std::ifstream in(CORTC_TEST_DATA "/certificates/" + name, std::ios::binary);
    REQUIRE(in);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The certificates in a PEM text, each in DER.
inline std::vector<bytes> certificates_in(std::string_view pem) {
    constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----", end = "-----END CERTIFICATE-----",
                               digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::vector<bytes> all;
    for (auto at = pem.find(begin); at != pem.npos; at = pem.find(begin, at + 1)) {
        bytes der;
        unsigned value = 0, bits = 0;
        for (char each : pem.substr(at + begin.size(), pem.find(end, at) - at - begin.size())) {
            const auto digit = digits.find(each);
            if (digit == digits.npos) continue;
            value = value << 6 | static_cast<unsigned>(digit);
            if ((bits += 6) < 8) continue;
            bits -= 8;
            der.push_back(static_cast<std::byte>(value >> bits & 0xff));
        }
        all.push_back(std::move(der));
    }
    return all;
}

/// What promises the first one.
inline std::vector<crypto::fingerprint> fingerprints_in(std::string_view pem) {
    using crypto::hash_algorithm;
    return {{hash_algorithm::sha256, crypto::hash(hash_algorithm::sha256, certificates_in(pem).at(0))}};
}

} // namespace cortc::test
