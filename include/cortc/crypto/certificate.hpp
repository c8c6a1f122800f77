#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/result.hpp"
#include "cortc/base/time.hpp"
#include "cortc/crypto/fingerprint.hpp"

#include <boost/assert/source_location.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cortc::crypto {

class backend;

/// How a generated certificate's key is made.
enum class key_type : std::uint8_t {
    ecdsa_p256,
    rsa_2048 ///< public exponent 65537
};

/// An X.509 certificate with its private key. Immutable, and shared by all connections that present it; the
/// backend also keeps in it what all their DTLS sessions have in common. May be used from several threads at
/// a time, see dtls_session.hpp.
class certificate {
  public:
    certificate() = default;
    certificate(const certificate&) = delete;
    certificate& operator=(const certificate&) = delete;
    virtual ~certificate() = default;

    /// Only its sessions can present it.
    [[nodiscard]] virtual const backend& made_by() const noexcept = 0;
    [[nodiscard]] virtual byte_view der() const noexcept = 0;
    /// The end of its validity, a whole second.
    [[nodiscard]] virtual unix_time expires() const noexcept = 0;
    /// The hash that its signature was made with; none when it is not one of hash_algorithm's.
    [[nodiscard]] virtual std::optional<hash_algorithm> signature_hash() const noexcept = 0;
    /// Digest of der().
    [[nodiscard]] bytes fingerprint(hash_algorithm algorithm) const;
    /// What a description promises of it: its SHA-256 fingerprint, and that of the hash it was signed with,
    /// if that is a stronger one (RFC 8122 5).
    [[nodiscard]] std::vector<crypto::fingerprint> promised_fingerprints() const;
    /// The certificate and then its private key, unencrypted, in PEM (RFC 7468; the key as PKCS #1 or SEC 1).
    /// backend::parse_certificate() takes it. Fails only for want of memory.
    [[nodiscard]] virtual result<std::string> pem() const = 0;
};

using certificate_ptr = std::shared_ptr<const certificate>;

/// What a description promises when any of these may be presented, in their order: of each the fingerprints
/// by every hash that one of them is promised by (RFC 8122 5), so that a peer that takes the strongest hash
/// alone accepts all.
[[nodiscard]] std::vector<crypto::fingerprint>
promised_fingerprints(const std::vector<certificate_ptr>& certificates);

/// Why a text was not a certificate with its private key.
enum class certificate_failure : std::uint8_t {
    not_pem,         ///< nothing in it begins as PEM does
    no_certificate,  ///< PEM, but no certificate
    no_key,          ///< PEM, but no private key
    encrypted_key,   ///< the key wants a password
    bad_key,         ///< the key cannot be read
    unsupported_key, ///< neither ECDSA on P-256 nor RSA of 2048 to 4096 bits, or not allowed to sign
    bad_certificate, ///< the certificate cannot be read
    mismatch,        ///< the key is not the certificate's
    no_entropy       ///< the operating system gives none
};
struct certificate_error {
    certificate_failure reason = certificate_failure::not_pem;
    std::string message;
};

/// Lets `result<T, certificate_error>::value()` throw; found by argument-dependent lookup.
[[noreturn]] inline void throw_exception_from_error(const certificate_error& why,
                                                    const boost::source_location&) {
    throw std::invalid_argument(why.message);
}

} // namespace cortc::crypto

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/impl/certificate.ipp"
#endif
