#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/result.hpp"
#include "cortc/base/time.hpp"
#include "cortc/crypto/hash.hpp"

#include <chrono>
#include <memory>
#include <span>

namespace cortc::crypto {

/// A hash over a certificate's DER form, as `a=fingerprint` carries it (RFC 8122 5).
struct fingerprint {
    hash_algorithm algorithm = hash_algorithm::sha256;
    bytes value;

    friend bool operator==(const fingerprint&, const fingerprint&) = default;
};

/// Whether a certificate is one of those that a description promised. Of the algorithms given only the
/// strongest counts (RFC 8122 5: any other would let an attacker choose the weakest hash); MD5 never does. No
/// fingerprint matches nothing.
[[nodiscard]] bool matches(std::span<const fingerprint> promised, byte_view der);

/// How a generated certificate's key is made. RSA will be another member.
enum class key_type : std::uint8_t { ecdsa_p256 };

/// An X.509 certificate with its private key. Immutable, and shared by all connections that present it; the
/// backend also keeps in it what all their DTLS sessions have in common. May be used from several threads at
/// a time, see dtls_session.hpp.
class certificate {
  public:
    certificate() = default;
    certificate(const certificate&) = delete;
    certificate& operator=(const certificate&) = delete;
    virtual ~certificate() = default;

    [[nodiscard]] virtual byte_view der() const noexcept = 0;
    /// The end of its validity.
    [[nodiscard]] virtual unix_time expires() const noexcept = 0;
    /// Digest of der().
    [[nodiscard]] bytes fingerprint(hash_algorithm algorithm) const;
};

/// Makes a key and a certificate signed by itself: subject CN=cortc, a random serial, valid from a day before
/// `now` (peers' clocks differ) until `now + validity`. Takes a few milliseconds. Fails with
/// errc::invalid_argument when the validity is not positive or ends after the year 9999, and with
/// errc::io_error when the operating system gives no entropy.
[[nodiscard]] result<std::shared_ptr<const certificate>>
generate_certificate(key_type type, unix_time now, std::chrono::seconds validity = std::chrono::days(30));

} // namespace cortc::crypto

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/impl/certificate.ipp"
#include "cortc/crypto/mbedtls/impl/certificate.ipp"
#endif
