#pragma once

/// mbedTLS 2.28 and 3.x behind one set of names. Only crypto/mbedtls/ includes this.

#include <mbedtls/version.h>

// Before anything that another version does not have. The build reads these sentences, too.
#if MBEDTLS_VERSION_NUMBER < 0x021c0000 || MBEDTLS_VERSION_NUMBER >= 0x04000000
#error "cortc needs mbedTLS 2.28 or 3"
#endif

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/rsa.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/x509_crt.h>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_PSA_CRYPTO_C)
#include <psa/crypto.h>
#endif

#include <cstddef>
#include <cstdint>
#include <span>

#if !defined(MBEDTLS_SSL_PROTO_DTLS) || !defined(MBEDTLS_SSL_PROTO_TLS1_2)
#error "cortc needs an mbedTLS with DTLS 1.2 (MBEDTLS_SSL_PROTO_DTLS, MBEDTLS_SSL_PROTO_TLS1_2)"
#endif
#if !defined(MBEDTLS_PEM_PARSE_C) || !defined(MBEDTLS_PEM_WRITE_C) || !defined(MBEDTLS_PK_WRITE_C) ||        \
    !defined(MBEDTLS_RSA_C) || !defined(MBEDTLS_GENPRIME)
#error                                                                                                       \
    "cortc needs an mbedTLS with RSA (MBEDTLS_RSA_C, MBEDTLS_GENPRIME) and PEM (MBEDTLS_PEM_PARSE_C, ..._WRITE_C)"
#endif

// Version 3 hides structure members behind this macro; version 2.28 does not know it.
#if defined(MBEDTLS_PRIVATE)
#define CORTC_MBEDTLS_MEMBER(member) MBEDTLS_PRIVATE(member)
#else
#define CORTC_MBEDTLS_MEMBER(member) member
#endif

#if MBEDTLS_VERSION_NUMBER >= 0x03000000 || defined(MBEDTLS_SSL_EXPORT_KEYS)
#define CORTC_MBEDTLS_EXPORT_KEYS
#endif
#if defined(MBEDTLS_SSL_DTLS_SRTP) && defined(CORTC_MBEDTLS_EXPORT_KEYS)
#define CORTC_MBEDTLS_SRTP
#endif

namespace cortc::crypto::mbedtls {

/// Whether the library was built with MBEDTLS_SSL_DTLS_SRTP if its headers say so here, and only then: the
/// structures that both write have other sizes with it. A library that cannot tell is believed.
inline bool srtp_as_in_headers() noexcept {
#if defined(MBEDTLS_VERSION_FEATURES)
    static const int told = mbedtls_version_check_feature("MBEDTLS_SSL_DTLS_SRTP"); // 0: yes, -1: no
#if defined(MBEDTLS_SSL_DTLS_SRTP)
    return told != -1;
#else
    return told != 0;
#endif
#else
    return true;
#endif
}

/// Version 3.6 with TLS 1.3 wants the PSA core started before a session; more than once is harmless.
inline bool start_library() noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_PSA_CRYPTO_C)
    return psa_crypto_init() == PSA_SUCCESS;
#else
    return true;
#endif
}

using random_function = int (*)(void*, unsigned char*, std::size_t);

/// `pem` ends with a zero, which counts.
inline int parse_key(mbedtls_pk_context& key, std::span<const unsigned char> pem,
                     [[maybe_unused]] random_function random, [[maybe_unused]] void* state) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_parse_key(&key, pem.data(), pem.size(), nullptr, 0, random, state);
#else
    return mbedtls_pk_parse_key(&key, pem.data(), pem.size(), nullptr, 0);
#endif
}

/// 0 when the private key is the public one's.
inline int check_pair(const mbedtls_pk_context& open, const mbedtls_pk_context& secret,
                      [[maybe_unused]] random_function random, [[maybe_unused]] void* state) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_check_pair(&open, &secret, random, state);
#else
    return mbedtls_pk_check_pair(&open, &secret);
#endif
}

/// Signs a SHA-256 digest: `size` bytes of `signature`.
inline int sign(mbedtls_pk_context& key, std::span<const unsigned char, 32> digest,
                std::span<unsigned char, MBEDTLS_PK_SIGNATURE_MAX_SIZE> signature, std::size_t& size,
                random_function random, void* state) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_sign(&key, MBEDTLS_MD_SHA256, digest.data(), digest.size(), signature.data(),
                           signature.size(), &size, random, state);
#else
    return mbedtls_pk_sign(&key, MBEDTLS_MD_SHA256, digest.data(), digest.size(), signature.data(), &size,
                           random, state);
#endif
}

/// Of an RSA key's public exponent; more than any when it cannot be told.
inline std::size_t exponent_bits(const mbedtls_pk_context& key) noexcept {
    mbedtls_mpi exponent;
    mbedtls_mpi_init(&exponent);
    const auto status =
        mbedtls_rsa_export(mbedtls_pk_rsa(key), nullptr, nullptr, nullptr, nullptr, &exponent);
    const auto bits = status == 0 ? mbedtls_mpi_bitlen(&exponent) : SIZE_MAX;
    mbedtls_mpi_free(&exponent);
    return bits;
}

///@{
/// What a handshake failed for.
inline bool is_version_mismatch(int status) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return status == MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION;
#else
    return status == MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION;
#endif
}
inline bool is_nothing_in_common(int status) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return status == MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE;
#else
    return status == MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN || status == MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE;
#endif
}
inline bool is_bad_certificate(int status) noexcept {
    const auto outermost = -status & 0x7f80; // the reason of a lower layer is added
    if (outermost >= -MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE && outermost <= -MBEDTLS_ERR_X509_FATAL_ERROR)
        return true;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return status == MBEDTLS_ERR_SSL_BAD_CERTIFICATE;
#else
    return status == MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE;
#endif
}
inline bool is_bad_signature(int status) noexcept {
    return status == MBEDTLS_ERR_ECP_VERIFY_FAILED || status == MBEDTLS_ERR_RSA_VERIFY_FAILED;
}
///@}

inline void only_dtls_1_2(mbedtls_ssl_config& config) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
    mbedtls_ssl_conf_min_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_max_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
}

inline void tls_1_2_or_later(mbedtls_ssl_config& config) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
    mbedtls_ssl_conf_min_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
}

/// What mbedtls_ssl_read() says of something that was no application data, and no reason to stop.
inline bool is_passing(int status) noexcept {
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
    return status == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
#else
    return status == 0;
#endif
}

// RFC 8827 6.5 wants P-256; X25519 is the faster key agreement. P-384 is there for peers that may use nothing
// less. The other default curves cost two to three times as much.
inline constexpr std::uint16_t group_numbers[] = {29, 23, 24}; // of RFC 8422 5.1.1, in the same order
#if MBEDTLS_VERSION_NUMBER >= 0x03010000
inline constexpr std::uint16_t groups[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_X25519, MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
#else
inline constexpr mbedtls_ecp_group_id groups[] = {MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1,
                                                  MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_NONE};
#endif
inline void set_groups(mbedtls_ssl_config& config) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03010000
    mbedtls_ssl_conf_groups(&config, groups);
#else
    mbedtls_ssl_conf_curves(&config, groups);
#endif
}

#if defined(CORTC_MBEDTLS_EXPORT_KEYS)
/// Calls `receive(self, master secret, client random, server random, prf)` when the keys are made.
/// Version 2.28 keeps the callback in the configuration, so there a session needs a copy of its own: `config`
/// is that copy.
template <auto receive>
void on_keys([[maybe_unused]] mbedtls_ssl_context& ssl, [[maybe_unused]] mbedtls_ssl_config& config,
             void* self) noexcept {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    mbedtls_ssl_set_export_keys_cb(
        &ssl,
        [](void* to, mbedtls_ssl_key_export_type type, const unsigned char* secret, std::size_t size,
           const unsigned char client_random[32], const unsigned char server_random[32],
           mbedtls_tls_prf_types prf) {
            if (type == MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET && size == 48)
                receive(to, secret, client_random, server_random, prf);
        },
        self);
#else
    mbedtls_ssl_conf_export_keys_ext_cb(
        &config,
        [](void* to, const unsigned char* secret, const unsigned char*, std::size_t, std::size_t, std::size_t,
           const unsigned char client_random[32], const unsigned char server_random[32],
           mbedtls_tls_prf_types prf) {
            receive(to, secret, client_random, server_random, prf);
            return 0;
        },
        self);
#endif
}
#endif

} // namespace cortc::crypto::mbedtls
