#pragma once

#include "cortc/base/config.hpp"
#include "cortc/crypto/hash.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cortc::stun {

/// RFC 8265 4 (OpaqueString, which RFC 8489 applies to realms and passwords) for texts of ASCII: returns the
/// text unchanged, or nothing when it is empty, holds a control character, or is not ASCII. Beyond ASCII the
/// profile needs Unicode normalisation, which cortc does not carry: a caller with such names prepares them
/// himself (NFC, other spaces to U+0020) and passes the outcome on to the functions below, which take any
/// bytes.
[[nodiscard]] std::optional<std::string_view> opaque_string(std::string_view text) noexcept;

/// RFC 8489 9.2.2: the keys of the long-term mechanism, from texts already prepared. (The short-term
/// mechanism's key is the prepared password itself, RFC 8489 9.1.1.)
[[nodiscard]] crypto::md5_digest long_term_key_md5(std::string_view username, std::string_view realm,
                                                   std::string_view password);
[[nodiscard]] crypto::sha256_digest long_term_key_sha256(std::string_view username, std::string_view realm,
                                                         std::string_view password);

/// RFC 8489 14.4: what USERHASH carries instead of the name.
[[nodiscard]] crypto::sha256_digest userhash(std::string_view username, std::string_view realm);

/// RFC 8489 18.1: the features a server announces in its nonce, safe from an attacker who would bid them
/// down. Bit 0 is the least significant one, as the RFC's erratum 6290 has it.
struct security_features {
    bool password_algorithms = false; // bit 0
    bool username_anonymity = false;  // bit 1

    friend bool operator==(const security_features&, const security_features&) = default;
};

/// RFC 8489 9.2: what a nonce that starts with the nonce cookie ("obMatJos2" and four base64 characters)
/// announces; nothing for another nonce. Bits without a name are ignored.
[[nodiscard]] std::optional<security_features> nonce_features(std::string_view nonce) noexcept;

/// A server's nonce: the cookie with `features`, then `unique`, which must be printable.
[[nodiscard]] std::string make_nonce(security_features features, std::string_view unique);

} // namespace cortc::stun

#if defined(CORTC_HEADER_ONLY)
#include "cortc/stun/impl/credentials.ipp"
#endif
