#pragma once

#include "cortc/crypto/mbedtls/impl/certificate.ipp"

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

/// The first block of that label, borders included; empty when there is none (RFC 7468 2).
CORTC_DECL std::string_view pem_block(std::string_view text, std::string_view label) {
    const auto first = fmt::format("-----BEGIN {}-----", label),
               last = fmt::format("-----END {}-----", label);
    const auto begin = text.find(first);
    if (begin == std::string_view::npos) return {};
    const auto end = text.find(last, begin);
    if (end == std::string_view::npos) return {};
    return text.substr(begin, end + last.size() - begin);
}

CORTC_DECL bool is_pem(std::string_view text) noexcept {
    return text.find("-----BEGIN ") != std::string_view::npos;
}

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

CORTC_DECL std::optional<certificate_error> certificate::load(std::string_view certificate_pem,
                                                              std::string_view key_pem) {
    if (!start_library() || !random_.seed())
        return certificate_error{certificate_failure::no_entropy, "the operating system gives no entropy"};
    if (auto failed = load_key(key_pem)) return failed;
    if (auto failed = load_certificate(certificate_pem)) return failed;
    if (check_pair(parsed_.pk, key_, &key_random::fill, &random_) != 0)
        return certificate_error{certificate_failure::mismatch,
                                 "the private key is not the one that the certificate was made for"};
    // The first use fills what mbedTLS computes once: from now on the key is only read, see write().
    const std::array<unsigned char, 32> digest{};
    if (const auto status = sign(key_, digest, &key_random::fill, &random_); status != 0)
        return certificate_error{certificate_failure::bad_key,
                                 "the private key cannot sign: " + detail::describe(status)};
    return std::nullopt;
}

CORTC_DECL std::optional<certificate_error> certificate::load_key(std::string_view pem) {
    using enum certificate_failure;
    if (!detail::is_pem(pem))
        return certificate_error{not_pem, "the key is not PEM: no \"-----BEGIN PRIVATE KEY-----\" in it"};
    if (!detail::pem_block(pem, "ENCRYPTED PRIVATE KEY").empty())
        return certificate_error{encrypted_key, "the private key is encrypted; give it in the clear"};
    std::string_view found;
    for (const auto* label : {"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "DSA PRIVATE KEY"})
        if (found.empty()) found = detail::pem_block(pem, label);
    if (found.empty()) return certificate_error{no_key, "there is no private key in the PEM text"};
    if (found.find("ENCRYPTED") != std::string_view::npos) // RFC 1421's header of the older forms
        return certificate_error{encrypted_key, "the private key is encrypted; give it in the clear"};

    detail::secret_text text(found);
    const auto status = parse_key(key_, text.bytes(), &key_random::fill, &random_);
    const auto unsupported = [](std::string_view what) {
        return certificate_error{unsupported_key,
                                 fmt::format("the private key is {}; ECDSA on P-256 and RSA of 2048 to 4096 "
                                             "bits are supported",
                                             what)};
    };
    const auto reason = detail::outermost(status);
    if (reason == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG || reason == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE ||
        reason == MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE || found.starts_with("-----BEGIN DSA"))
        return unsupported("of another algorithm or curve");
    if (status != 0)
        return certificate_error{bad_key, "the private key cannot be read: " + detail::describe(status)};
    const auto bits = mbedtls_pk_get_bitlen(&key_);
    switch (mbedtls_pk_get_type(&key_)) {
    case MBEDTLS_PK_RSA:
        if (bits < 2048 || bits > 4096) return unsupported(fmt::format("RSA of {} bits", bits));
        return std::nullopt;
    case MBEDTLS_PK_ECKEY:
        if (mbedtls_pk_ec(key_)->CORTC_MBEDTLS_MEMBER(grp).id != MBEDTLS_ECP_DP_SECP256R1)
            return unsupported(fmt::format("on another curve, of {} bits", bits));
        return std::nullopt;
    default:
        return unsupported("of another algorithm");
    }
}

CORTC_DECL std::optional<certificate_error> certificate::load_certificate(std::string_view pem) {
    using enum certificate_failure;
    if (!detail::is_pem(pem))
        return certificate_error{not_pem,
                                 "the certificate is not PEM: no \"-----BEGIN CERTIFICATE-----\" in it"};
    const auto found = detail::pem_block(pem, "CERTIFICATE");
    if (found.empty()) return certificate_error{no_certificate, "there is no certificate in the PEM text"};
    detail::secret_text text(found);
    const auto status = mbedtls_x509_crt_parse(&parsed_, text.bytes().data(), text.bytes().size());
    if (status != 0)
        return certificate_error{bad_certificate,
                                 "the certificate cannot be read: " + detail::describe(std::min(status, 0))};
    // RFC 5280 4.2.1.3: every cipher suite here signs with the key.
    if (mbedtls_x509_crt_check_key_usage(&parsed_, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0)
        return certificate_error{unsupported_key,
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

namespace cortc::crypto {

CORTC_DECL result<std::shared_ptr<const certificate>, certificate_error>
parse_certificate(std::string_view certificate_pem, std::string_view key_pem) {
    auto made = std::make_shared<mbedtls::certificate>();
    if (auto failed = made->load(certificate_pem, key_pem)) return std::move(*failed);
    return std::shared_ptr<const certificate>(std::move(made));
}

} // namespace cortc::crypto
