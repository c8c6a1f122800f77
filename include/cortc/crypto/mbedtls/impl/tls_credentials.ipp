#pragma once

#include "cortc/crypto/mbedtls/compat.hpp"
#include "cortc/crypto/mbedtls/impl/certificate.ipp"
#include "cortc/crypto/tls_session.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace cortc::crypto::mbedtls {

/// Those that a client trusts.
class root_certificates final : public tls_roots {
  public:
    root_certificates() { mbedtls_x509_crt_init(&chain_); }
    ~root_certificates() override { mbedtls_x509_crt_free(&chain_); }

    std::optional<certificate_error> load(std::string_view pem);
    [[nodiscard]] const crypto::backend& made_by() const noexcept override { return backend(); }
    [[nodiscard]] std::size_t size() const noexcept override { return size_; }
    /// mbedTLS takes no const.
    [[nodiscard]] mbedtls_x509_crt* chain() const noexcept { return &chain_; }

  private:
    mutable mbedtls_x509_crt chain_;
    std::size_t size_ = 0;
};

/// What a server presents.
class server_identity final : public tls_identity {
  public:
    server_identity() {
        mbedtls_x509_crt_init(&chain_);
        mbedtls_pk_init(&key_);
    }
    ~server_identity() override {
        mbedtls_x509_crt_free(&chain_);
        mbedtls_pk_free(&key_);
    }

    std::optional<certificate_error> load(std::string_view chain_pem, std::string_view key_block);
    [[nodiscard]] const crypto::backend& made_by() const noexcept override { return backend(); }
    [[nodiscard]] mbedtls_x509_crt* chain() const noexcept { return &chain_; }
    [[nodiscard]] mbedtls_pk_context* key() const noexcept { return &key_; }

  private:
    mutable mbedtls_x509_crt chain_;
    mutable mbedtls_pk_context key_;
    key_random random_;
};

namespace detail {

/// All certificates of a PEM text; those that cannot be read are left out. 0, or mbedTLS's error.
CORTC_DECL int parse_all(mbedtls_x509_crt& chain, std::string_view pem) {
    const std::string text(pem); // ends with a zero
    return std::min(0, mbedtls_x509_crt_parse(&chain, reinterpret_cast<const unsigned char*>(text.c_str()),
                                              text.size() + 1));
}

} // namespace detail

CORTC_DECL std::optional<certificate_error> root_certificates::load(std::string_view pem) {
    const auto found = find_certificate(pem);
    if (found.has_error()) return found.error();
    if (!start_library()) return certificate_error{certificate_failure::no_entropy, "mbedTLS does not start"};
    if (const auto status = detail::parse_all(chain_, pem); status != 0)
        return certificate_error{certificate_failure::bad_certificate,
                                 "no certificate of the text can be read: " + detail::describe(status)};
    for (const auto* each = &chain_; each && each->raw.p; each = each->next) ++size_;
    return std::nullopt;
}

CORTC_DECL std::optional<certificate_error> server_identity::load(std::string_view chain_pem,
                                                                  std::string_view key_block) {
    const auto found = find_certificate(chain_pem);
    if (found.has_error()) return found.error();
    if (!start_library() || !random_.seed())
        return certificate_error{certificate_failure::no_entropy, "the operating system gives no entropy"};
    if (const auto status = detail::parse_all(chain_, chain_pem); status != 0)
        return certificate_error{certificate_failure::bad_certificate,
                                 "the certificate cannot be read: " + detail::describe(status)};
    detail::secret_text text(key_block);
    if (const auto status = parse_key(key_, text.bytes(), &key_random::fill, &random_); status != 0)
        return certificate_error{certificate_failure::bad_key,
                                 "the private key cannot be read: " + detail::describe(status)};
    if (check_pair(chain_.pk, key_, &key_random::fill, &random_) != 0)
        return certificate_error{certificate_failure::mismatch,
                                 "the private key is not the one that the first certificate was made for"};
    return std::nullopt;
}

} // namespace cortc::crypto::mbedtls
