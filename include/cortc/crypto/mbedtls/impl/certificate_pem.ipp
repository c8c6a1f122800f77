#pragma once

#include "cortc/crypto/mbedtls/impl/certificate.ipp"
#include "cortc/crypto/pem.hpp"

#include <algorithm>
#include <vector>

namespace cortc::crypto::mbedtls {

namespace detail {

/// Text that mbedTLS reads: with a zero at its end, and erased after use.
class secret_text {
  public:
    explicit secret_text(std::string_view text) : value_(text.begin(), text.end()) { value_.push_back(0); }
    explicit secret_text(std::size_t size) : value_(size) {}
    secret_text(const secret_text&) = delete;
    secret_text& operator=(const secret_text&) = delete;
    ~secret_text() { mbedtls_platform_zeroize(value_.data(), value_.size()); }

    [[nodiscard]] std::span<unsigned char> bytes() noexcept { return value_; }

  private:
    std::vector<unsigned char> value_;
};

/// mbedTLS adds the reason of a lower layer to its own.
CORTC_DECL int outermost(int status) noexcept { return -(-status & 0x7f80); }

CORTC_DECL unix_time to_unix_time(const mbedtls_x509_time& when) {
    using namespace std::chrono;
    return sys_days(year(when.year) / when.mon / when.day) + hours(when.hour) + minutes(when.min) +
           seconds(when.sec);
}

} // namespace detail

CORTC_DECL std::optional<hash_algorithm> certificate::signature_hash() const noexcept {
    switch (parsed_.CORTC_MBEDTLS_MEMBER(sig_md)) {
    case MBEDTLS_MD_MD5:
        return hash_algorithm::md5;
    case MBEDTLS_MD_SHA1:
        return hash_algorithm::sha1;
    case MBEDTLS_MD_SHA256:
        return hash_algorithm::sha256;
    case MBEDTLS_MD_SHA384:
        return hash_algorithm::sha384;
    case MBEDTLS_MD_SHA512:
        return hash_algorithm::sha512;
    default:
        return std::nullopt;
    }
}

CORTC_DECL std::optional<certificate_error> certificate::load(std::string_view certificate_block,
                                                              std::string_view key_block) {
    if (!start_library() || !random_.seed())
        return certificate_error{certificate_failure::no_entropy, "the operating system gives no entropy"};
    if (auto failed = load_key(key_block)) return failed;
    if (auto failed = load_certificate(certificate_block)) return failed;
    if (check_pair(parsed_.pk, key_, &key_random::fill, &random_) != 0)
        return certificate_error{certificate_failure::mismatch,
                                 "the private key is not the one that the certificate was made for"};
    // The first use fills what mbedTLS computes once: from now on the key is only read, see write().
    const std::array<unsigned char, 32> digest{};
    std::array<unsigned char, MBEDTLS_PK_SIGNATURE_MAX_SIZE> unused;
    std::size_t size = 0;
    if (const auto status = sign(key_, digest, unused, size, &key_random::fill, &random_); status != 0)
        return certificate_error{certificate_failure::bad_key,
                                 "the private key cannot sign: " + detail::describe(status)};
    return std::nullopt;
}

CORTC_DECL std::optional<certificate_error> certificate::load_key(std::string_view block) {
    detail::secret_text text(block);
    const auto status = parse_key(key_, text.bytes(), &key_random::fill, &random_);
    const auto reason = detail::outermost(status);
    if (reason == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG || reason == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE ||
        reason == MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE)
        return unsupported_key("of another algorithm or curve");
    if (status != 0)
        return certificate_error{certificate_failure::bad_key,
                                 "the private key cannot be read: " + detail::describe(status)};
    const auto bits = mbedtls_pk_get_bitlen(&key_);
    switch (mbedtls_pk_get_type(&key_)) {
    case MBEDTLS_PK_RSA:
        if (bits < 2048 || bits > 4096) return unsupported_key(fmt::format("RSA of {} bits", bits));
        return std::nullopt;
    case MBEDTLS_PK_ECKEY:
        if (mbedtls_pk_ec(key_)->CORTC_MBEDTLS_MEMBER(grp).id != MBEDTLS_ECP_DP_SECP256R1)
            return unsupported_key(fmt::format("on another curve, of {} bits", bits));
        return std::nullopt;
    default:
        return unsupported_key("of another algorithm");
    }
}

CORTC_DECL std::optional<certificate_error> certificate::load_certificate(std::string_view block) {
    detail::secret_text text(block);
    const auto status = mbedtls_x509_crt_parse(&parsed_, text.bytes().data(), text.bytes().size());
    if (status != 0)
        return certificate_error{certificate_failure::bad_certificate,
                                 "the certificate cannot be read: " + detail::describe(std::min(status, 0))};
    // RFC 5280 4.2.1.3: every cipher suite here signs with the key.
    if (mbedtls_x509_crt_check_key_usage(&parsed_, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0)
        return certificate_error{certificate_failure::unsupported_key,
                                 "the certificate's keyUsage lacks digitalSignature, which DTLS needs"};
    const auto raw = std::as_bytes(std::span(parsed_.raw.p, parsed_.raw.len));
    der_.assign(raw.begin(), raw.end());
    expires_ = detail::to_unix_time(parsed_.valid_to);
    return std::nullopt;
}

CORTC_DECL result<std::string> certificate::pem() const {
    constexpr std::size_t enough = 16384;
    const auto no_memory = boost::system::errc::make_error_code(boost::system::errc::not_enough_memory);
    detail::secret_text written(enough), key(enough);
    std::size_t size = 0;
    if (mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n",
                                 reinterpret_cast<const unsigned char*>(der_.data()), der_.size(),
                                 written.bytes().data(), written.bytes().size(), &size) != 0 ||
        mbedtls_pk_write_key_pem(&key_, key.bytes().data(), key.bytes().size()) != 0)
        return no_memory;
    return std::string(reinterpret_cast<const char*>(written.bytes().data())) +
           reinterpret_cast<const char*>(key.bytes().data());
}

} // namespace cortc::crypto::mbedtls
