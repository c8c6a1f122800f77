#pragma once

#include "cortc/base/dtls_role.hpp"
#include "cortc/crypto/certificate.hpp"
#include "cortc/crypto/mbedtls/backend.hpp"
#include "cortc/crypto/mbedtls/compat.hpp"
#include "cortc/crypto/srtp_keys.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cortc::crypto::mbedtls {

/// The generator of one certificate and its sessions: CTR_DRBG seeded by the operating system.
class key_random {
  public:
    key_random();
    key_random(const key_random&) = delete;
    key_random& operator=(const key_random&) = delete;
    ~key_random();

    [[nodiscard]] bool seed();
    static int fill(void* self, unsigned char* out, std::size_t size) noexcept;

  private:
    mbedtls_entropy_context entropy_;
    mbedtls_ctr_drbg_context generator_;
};

class certificate final : public crypto::certificate {
  public:
    certificate();
    ~certificate() override;

    /// 0, or mbedTLS's error.
    int generate(key_type type, unix_time not_before, unix_time not_after);
    /// Nothing, or why the PEM blocks are not a certificate and its key (certificate_pem.ipp).
    std::optional<certificate_error> load(std::string_view certificate_block, std::string_view key_block);

    [[nodiscard]] const crypto::backend& made_by() const noexcept override { return backend(); }
    [[nodiscard]] byte_view der() const noexcept override { return der_; }
    [[nodiscard]] unix_time expires() const noexcept override { return expires_; }
    [[nodiscard]] std::optional<hash_algorithm> signature_hash() const noexcept override;
    [[nodiscard]] result<std::string> pem() const override;

    struct configuration {
        configuration();
        configuration(const configuration&) = delete;
        configuration& operator=(const configuration&) = delete;
        ~configuration();
        mbedtls_ssl_config value;
        bool made = false;
    };
    using others = std::vector<std::shared_ptr<const certificate>>;

    /// The configuration that all sessions of this role share; null when it cannot be made.
    [[nodiscard]] const mbedtls_ssl_config* config(dtls_role role) const;
    /// One of a session that may present others instead; these must outlive it. Null when it cannot be made.
    [[nodiscard]] std::unique_ptr<configuration> config(dtls_role role, const others& instead) const;
    [[nodiscard]] bool is_rsa() const noexcept { return mbedtls_pk_can_do(&key_, MBEDTLS_PK_RSA) != 0; }
    /// Held during a session's step unless mbedTLS itself locks what sessions share.
    [[nodiscard]] std::unique_lock<std::mutex> step_lock() const;

  private:
    int make_key(key_type type);
    std::optional<certificate_error> load_key(std::string_view block);
    std::optional<certificate_error> load_certificate(std::string_view block);
    int write(unix_time not_before, unix_time not_after); // certificate_write.ipp
    int configure(mbedtls_ssl_config& config, dtls_role role) const;

    mutable key_random random_;
    mutable mbedtls_pk_context key_;
    mutable mbedtls_x509_crt parsed_;
    bytes der_;
    unix_time expires_{};
    mutable std::mutex mutex_, step_mutex_;
    mutable configuration client_, server_;
};

// AEAD before CBC (RFC 8827 6.5, RFC 8446 dropped the latter), AES-128 first: it is the one that all WebRTC
// peers have.
inline constexpr int cipher_suites[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                                        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                                        MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                                        MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                                        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                                        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                                        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
                                        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
                                        0};
/// The same for a server whose RSA certificate is preferred to one with ECDSA: mbedTLS takes the first suite
/// that some certificate fits.
inline constexpr int rsa_first[] = {MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                                    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                                    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                                    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
                                    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                                    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                                    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                                    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
                                    0};
inline constexpr int ecdsa_first[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                                      MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                                      MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                                      MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
                                      MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                                      MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                                      MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                                      MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
                                      0};
#if defined(CORTC_MBEDTLS_SRTP)
inline constexpr std::array offered{srtp_profile::aes128_cm_sha1_80, srtp_profile::aes128_cm_sha1_32};
inline constexpr mbedtls_ssl_srtp_profile offered_numbers[] = {
    static_cast<mbedtls_ssl_srtp_profile>(offered[0]), static_cast<mbedtls_ssl_srtp_profile>(offered[1]),
    MBEDTLS_TLS_SRTP_UNSET};
#else
inline constexpr std::array<srtp_profile, 0> offered{};
#endif

// The session caps each wait itself, so that a lossy path is tried on until the handshake's own deadline;
// mbedTLS would give up as soon as the wait reached its maximum.
inline constexpr std::uint32_t first_wait_ms = 50;
inline constexpr std::uint32_t no_maximum_ms = 0x7fffffff;

namespace detail {

CORTC_DECL byte_view view_of(const unsigned char* data, std::size_t size) noexcept {
    return std::as_bytes(std::span(data, size));
}

CORTC_DECL std::string describe(int status) {
    std::array<char, 160> text{};
    mbedtls_strerror(status, text.data(), text.size());
    return fmt::format("{} (-0x{:04x})", text.data(), static_cast<unsigned>(-status));
}

} // namespace detail

CORTC_DECL key_random::key_random() {
    mbedtls_entropy_init(&entropy_);
    mbedtls_ctr_drbg_init(&generator_);
}

CORTC_DECL key_random::~key_random() {
    mbedtls_ctr_drbg_free(&generator_);
    mbedtls_entropy_free(&entropy_);
}

CORTC_DECL bool key_random::seed() {
    return mbedtls_ctr_drbg_seed(&generator_, mbedtls_entropy_func, &entropy_, nullptr, 0) == 0;
}

CORTC_DECL int key_random::fill(void* self, unsigned char* out, std::size_t size) noexcept {
    return mbedtls_ctr_drbg_random(&static_cast<key_random*>(self)->generator_, out, size);
}

CORTC_DECL certificate::configuration::configuration() {
    if (srtp_as_in_headers()) mbedtls_ssl_config_init(&value);
}
CORTC_DECL certificate::configuration::~configuration() {
    if (srtp_as_in_headers()) mbedtls_ssl_config_free(&value);
}

CORTC_DECL certificate::certificate() {
    mbedtls_pk_init(&key_);
    mbedtls_x509_crt_init(&parsed_);
}

CORTC_DECL certificate::~certificate() {
    mbedtls_x509_crt_free(&parsed_);
    mbedtls_pk_free(&key_);
}

CORTC_DECL int certificate::generate(key_type type, unix_time not_before, unix_time not_after) {
    if (!start_library() || !random_.seed()) return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
    auto status = make_key(type);
    if (status == 0) status = write(not_before, not_after);
    if (status == 0)
        status = mbedtls_x509_crt_parse_der(&parsed_, reinterpret_cast<const unsigned char*>(der_.data()),
                                            der_.size());
    expires_ = not_after;
    return status;
}

CORTC_DECL int certificate::make_key(key_type type) {
    if (type == key_type::rsa_2048) {
        const auto prepared = mbedtls_pk_setup(&key_, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA));
        if (prepared != 0) return prepared;
        return mbedtls_rsa_gen_key(mbedtls_pk_rsa(key_), &key_random::fill, &random_, 2048, 65537);
    }
    auto status = mbedtls_pk_setup(&key_, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    if (status == 0)
        status =
            mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key_), &key_random::fill, &random_);
    return status;
}

CORTC_DECL const mbedtls_ssl_config* certificate::config(dtls_role role) const {
    if (!srtp_as_in_headers()) return nullptr; // the library would write beyond the configuration
    const std::lock_guard lock(mutex_);
    auto& chosen = role == dtls_role::client ? client_ : server_;
    if (!chosen.made) {
        if (configure(chosen.value, role) != 0) {
            mbedtls_ssl_config_free(&chosen.value);
            mbedtls_ssl_config_init(&chosen.value);
            return nullptr;
        }
        chosen.made = true;
    }
    return &chosen.value;
}

CORTC_DECL std::unique_ptr<certificate::configuration> certificate::config(dtls_role role,
                                                                           const others& instead) const {
    if (!srtp_as_in_headers()) return nullptr;
    auto made = std::make_unique<configuration>();
    const std::lock_guard lock(mutex_);
    if (configure(made->value, role) != 0) return nullptr;
    if (role == dtls_role::server)
        mbedtls_ssl_conf_ciphersuites(&made->value, is_rsa() ? rsa_first : ecdsa_first);
    for (const auto& each : instead)
        if (mbedtls_ssl_conf_own_cert(&made->value, &each->parsed_, &each->key_) != 0) return nullptr;
    return made;
}

CORTC_DECL std::unique_lock<std::mutex> certificate::step_lock() const {
#if defined(MBEDTLS_THREADING_C)
    return {};
#else
    return std::unique_lock(step_mutex_);
#endif
}

CORTC_DECL int certificate::configure(mbedtls_ssl_config& config, dtls_role role) const {
    auto status = mbedtls_ssl_config_defaults(
        &config, role == dtls_role::client ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
        MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (status != 0) return status;
    only_dtls_1_2(config);
    set_groups(config);
    mbedtls_ssl_conf_ciphersuites(&config, cipher_suites);
    mbedtls_ssl_conf_rng(&config, &key_random::fill, &random_);
    mbedtls_ssl_conf_handshake_timeout(&config, first_wait_ms, no_maximum_ms);
    // Certificates are signed by nobody: the session's callback compares fingerprints. "Required" would
    // insist on an authority, and therefore the session also checks that a certificate came.
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_OPTIONAL);
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(&config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
#if defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_CLI_C)
    mbedtls_ssl_conf_session_tickets(&config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#endif
    if (role == dtls_role::server) {
        mbedtls_ssl_conf_cert_req_ca_list(&config, MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
#if defined(MBEDTLS_SSL_DTLS_HELLO_VERIFY)
        mbedtls_ssl_conf_dtls_cookies(&config, nullptr, nullptr, nullptr);
#endif
    }
#if defined(CORTC_MBEDTLS_SRTP)
    status = mbedtls_ssl_conf_dtls_srtp_protection_profiles(&config, offered_numbers);
    if (status != 0) return status;
#endif
    return mbedtls_ssl_conf_own_cert(&config, &parsed_, &key_);
}

} // namespace cortc::crypto::mbedtls
