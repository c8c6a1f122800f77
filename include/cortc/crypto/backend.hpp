#pragma once

#include "cortc/base/config.hpp"
#include "cortc/crypto/certificate.hpp"
#include "cortc/crypto/dtls_session.hpp"
#include "cortc/crypto/hash.hpp"
#include "cortc/crypto/srtp_keys.hpp"
#include "cortc/crypto/tls_session.hpp"

#include <chrono>
#include <memory>
#include <span>
#include <string_view>

namespace cortc::crypto {

/// A library of cryptography, as cortc uses one. Several can be linked, and each is one object that lives as
/// long as the program; any thread may use it. Certificates belong to the backend that made them, and so do
/// the sessions that present them; two backends' sessions talk to each other.
///
/// What is fixed by a protocol (hash(), hmac_sha1(), ... of hash.hpp) takes the default backend.
class backend {
  public:
    backend() = default;
    backend(const backend&) = delete;
    backend& operator=(const backend&) = delete;
    virtual ~backend() = default;

    /// "mbedTLS".
    [[nodiscard]] virtual std::string_view name() const noexcept = 0;
    /// The SRTP profiles that its sessions offer and accept, the first one first. None: the library is built
    /// without use_srtp (RFC 5764), and there are no SRTP keys.
    [[nodiscard]] virtual std::span<const srtp_profile> srtp_profiles() const noexcept = 0;
    [[nodiscard]] bool dtls_srtp_available() const noexcept { return !srtp_profiles().empty(); }
    /// What to build otherwise where there are no SRTP profiles, as a part of a sentence.
    [[nodiscard]] virtual std::string_view dtls_srtp_remedy() const noexcept = 0;
    /// Why the library's headers, as they were compiled here, do not fit the library that was linked; empty
    /// when they do. Where they do not, no session starts: structures have another layout in the library.
    [[nodiscard]] virtual std::string_view headers_mismatch() const noexcept = 0;

    ///@{
    /// The hash, or the HMAC (RFC 2104), of the concatenation of `parts` into the first
    /// digest_size(algorithm) bytes of `out`, which must be that large. They work on the stack and allocate
    /// nothing. They throw std::runtime_error when the library was built without the algorithm, or its
    /// hardware failed: no peer can bring that about.
    virtual void hash(hash_algorithm algorithm, std::span<const byte_view> parts, byte_span out) const = 0;
    virtual void hmac(hash_algorithm algorithm, byte_view key, std::span<const byte_view> parts,
                      byte_span out) const = 0;
    ///@}

    /// Makes a key and a certificate signed by itself: subject CN=cortc, a random serial, valid from a day
    /// before `now` (peers' clocks differ) until `now + validity`, signed with SHA-256, without extensions.
    /// Takes a few milliseconds for ECDSA; for RSA, which searches for primes, half a second on average and
    /// sometimes several. Fails with errc::invalid_argument when the validity is not positive or ends after
    /// the year 9999, and with errc::io_error when the operating system gives no entropy.
    [[nodiscard]] result<certificate_ptr>
    generate_certificate(key_type type, unix_time now,
                         std::chrono::seconds validity = std::chrono::days(30)) const;

    /// A certificate and its key from PEM: the first certificate and the first private key (PKCS #8, SEC 1 or
    /// PKCS #1) of each text, whatever else these hold; both texts may be the same. Neither the validity nor
    /// who signed matters here, for peers go by the fingerprint.
    [[nodiscard]] result<certificate_ptr, certificate_error>
    parse_certificate(std::string_view certificate_pem, std::string_view key_pem) const;

    /// One end of an association. Fails, as the session itself would, when there is no certificate or it is
    /// another backend's.
    [[nodiscard]] result<std::unique_ptr<dtls_session>, dtls_failed>
    make_dtls_session(dtls_options options) const;

    /// Every certificate of a PEM text that can be read. Fails, with a message for a person, when there is
    /// none.
    [[nodiscard]] virtual result<std::shared_ptr<const tls_roots>, certificate_error>
    load_roots(std::string_view pem) const;
    /// A server's certificate and key, the certificate first in its text, and the authorities' behind it.
    [[nodiscard]] virtual result<std::shared_ptr<const tls_identity>, certificate_error>
    load_identity(std::string_view chain_pem, std::string_view key_pem) const;
    /// One end of a TLS connection. Fails when roots or identity are another backend's, a server has no
    /// identity, or a client that verifies has no name to compare.
    [[nodiscard]] result<std::unique_ptr<tls_session>, tls_failed>
    make_tls_session(tls_options options) const;

  private:
    /// Roots and identity are this backend's. Null: it has no TLS.
    [[nodiscard]] virtual std::unique_ptr<tls_session> new_tls_session(tls_options options) const;
    /// errc::io_error for want of entropy.
    [[nodiscard]] virtual result<certificate_ptr> new_certificate(key_type type, unix_time not_before,
                                                                  unix_time not_after) const = 0;
    /// Both are one PEM block, borders included; the key is not encrypted.
    [[nodiscard]] virtual result<certificate_ptr, certificate_error>
    load_certificate(std::string_view certificate_block, std::string_view key_block) const = 0;
    /// The certificate is this backend's.
    [[nodiscard]] virtual std::unique_ptr<dtls_session> new_dtls_session(dtls_options options) const = 0;
};

/// The one that is taken where nobody chose.
[[nodiscard]] const backend& default_backend() noexcept;

/// Those that are linked, the default one first.
[[nodiscard]] std::span<const backend* const> backends() noexcept;

} // namespace cortc::crypto

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/impl/backend.ipp"
#endif
