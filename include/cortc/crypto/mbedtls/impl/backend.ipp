#pragma once

#include "cortc/crypto/backend.hpp"
#include "cortc/crypto/mbedtls/backend.hpp"
#include "cortc/crypto/mbedtls/hash.hpp"
#include "cortc/crypto/mbedtls/impl/certificate.ipp"
#include "cortc/crypto/mbedtls/impl/certificate_pem.ipp"
#include "cortc/crypto/mbedtls/impl/certificate_write.ipp"
#include "cortc/crypto/mbedtls/impl/dtls_session.ipp"
#include "cortc/crypto/mbedtls/impl/tls_credentials.ipp"
#include "cortc/crypto/mbedtls/impl/tls_session.ipp"

#include <utility>

namespace cortc::crypto::mbedtls {

class library final : public crypto::backend {
  public:
    std::string_view name() const noexcept override { return "mbedTLS"; }
    std::span<const srtp_profile> srtp_profiles() const noexcept override { return offered; }
    std::string_view dtls_srtp_remedy() const noexcept override {
        return "build both with MBEDTLS_SSL_DTLS_SRTP defined";
    }
    std::string_view headers_mismatch() const noexcept override { return mbedtls::headers_mismatch(); }

    void hash(hash_algorithm algorithm, std::span<const byte_view> parts, byte_span out) const override {
        mbedtls::hash(algorithm, parts, out);
    }
    void hmac(hash_algorithm algorithm, byte_view key, std::span<const byte_view> parts,
              byte_span out) const override {
        mbedtls::hmac(algorithm, key, parts, out);
    }

    result<std::shared_ptr<const tls_roots>, certificate_error>
    load_roots(std::string_view pem) const override;
    result<std::shared_ptr<const tls_identity>, certificate_error>
    load_identity(std::string_view chain_pem, std::string_view key_pem) const override;

  private:
    std::unique_ptr<tls_session> new_tls_session(tls_options options) const override {
        return std::make_unique<tls_end>(std::move(options));
    }
    result<certificate_ptr> new_certificate(key_type type, unix_time not_before,
                                            unix_time not_after) const override;
    result<certificate_ptr, certificate_error> load_certificate(std::string_view certificate_block,
                                                                std::string_view key_block) const override;
    std::unique_ptr<dtls_session> new_dtls_session(dtls_options options) const override;
};

CORTC_DECL result<certificate_ptr> library::new_certificate(key_type type, unix_time not_before,
                                                            unix_time not_after) const {
    auto made = std::make_shared<certificate>();
    if (made->generate(type, not_before, not_after) != 0)
        return boost::system::errc::make_error_code(boost::system::errc::io_error);
    return certificate_ptr(std::move(made));
}

CORTC_DECL result<certificate_ptr, certificate_error>
library::load_certificate(std::string_view certificate_block, std::string_view key_block) const {
    auto made = std::make_shared<certificate>();
    if (auto failed = made->load(certificate_block, key_block)) return std::move(*failed);
    return certificate_ptr(std::move(made));
}

CORTC_DECL result<std::shared_ptr<const tls_roots>, certificate_error>
library::load_roots(std::string_view pem) const {
    auto made = std::make_shared<root_certificates>();
    if (auto failed = made->load(pem)) return std::move(*failed);
    return std::shared_ptr<const tls_roots>(std::move(made));
}

CORTC_DECL result<std::shared_ptr<const tls_identity>, certificate_error>
library::load_identity(std::string_view chain_pem, std::string_view key_pem) const {
    const auto key = find_key(key_pem);
    if (key.has_error()) return key.error();
    auto made = std::make_shared<server_identity>();
    if (auto failed = made->load(chain_pem, *key)) return std::move(*failed);
    return std::shared_ptr<const tls_identity>(std::move(made));
}

CORTC_DECL std::unique_ptr<dtls_session> library::new_dtls_session(dtls_options options) const {
    std::vector own{std::static_pointer_cast<const certificate>(options.cert)};
    for (const auto& each : options.more_certs)
        own.push_back(std::static_pointer_cast<const certificate>(each));
    return std::make_unique<session>(std::move(options), std::move(own));
}

CORTC_DECL const crypto::backend& backend() noexcept {
    static const library only{};
    return only;
}

} // namespace cortc::crypto::mbedtls
