#pragma once

#include "cortc/certificate.hpp"
#include "cortc/context/context_core.hpp"
#include "cortc/crypto/backend.hpp"
#include "cortc/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cortc {

namespace detail {

CORTC_DECL bool same_name(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

/// webrtc-pc 4.9.1 asks for these two; the names of algorithms have no case (WebCryptoAPI 18.4.4).
CORTC_DECL crypto::key_type key_type(const KeygenAlgorithm& wanted) {
    if (same_name(wanted.name, "ECDSA")) {
        if (wanted.namedCurve == "P-256") return crypto::key_type::ecdsa_p256;
        throw Error(
            errc::not_supported,
            fmt::format("generateCertificate: algorithm.namedCurve is \"{}\"; ECDSA is supported on P-256",
                        wanted.namedCurve));
    }
    if (same_name(wanted.name, "RSASSA-PKCS1-v1_5")) {
        if (wanted.modulusLength == 2048 && wanted.publicExponent == 65537 &&
            same_name(wanted.hash, "SHA-256"))
            return crypto::key_type::rsa_2048;
        throw Error(
            errc::not_supported,
            fmt::format(
                "generateCertificate: algorithm: RSA of {} bits with exponent {} and {} is not supported; "
                "2048 bits with 65537 and SHA-256 are",
                wanted.modulusLength, wanted.publicExponent, wanted.hash));
    }
    throw Error(errc::not_supported,
                fmt::format("generateCertificate: algorithm.name is \"{}\"; supported are \"ECDSA\" and "
                            "\"RSASSA-PKCS1-v1_5\"",
                            wanted.name));
}

CORTC_DECL errc code_of(crypto::certificate_failure reason) noexcept {
    switch (reason) {
    case crypto::certificate_failure::not_pem:
    case crypto::certificate_failure::no_certificate:
    case crypto::certificate_failure::no_key:
    case crypto::certificate_failure::bad_key:
    case crypto::certificate_failure::bad_certificate:
        return errc::syntax;
    case crypto::certificate_failure::encrypted_key:
    case crypto::certificate_failure::unsupported_key:
        return errc::not_supported;
    case crypto::certificate_failure::mismatch:
        return errc::invalid_access;
    case crypto::certificate_failure::no_entropy:
        return errc::operation;
    }
    return errc::operation;
}

CORTC_DECL DtlsFingerprint dtls_fingerprint(const crypto::certificate& of, crypto::hash_algorithm algorithm) {
    std::string value;
    for (auto each : of.fingerprint(algorithm))
        value += fmt::format("{}{:02x}", value.empty() ? "" : ":", std::to_integer<unsigned>(each));
    return {std::string(to_string(algorithm)), std::move(value)};
}

CORTC_DECL const crypto::certificate& need(const std::shared_ptr<const crypto::certificate>& inner) {
    if (!inner) throw Error(errc::invalid_state, "this Certificate is empty");
    return *inner;
}

} // namespace detail

CORTC_DECL Certificate::Certificate(std::shared_ptr<const crypto::certificate> inner)
    : inner_(std::move(inner)) {
    if (inner_) expires_ = inner_->expires();
}

CORTC_DECL Certificate Certificate::from_pem(std::string_view pem) { return from_pem(pem, pem); }

CORTC_DECL Certificate Certificate::from_pem(std::string_view certificate, std::string_view key) {
    auto read = crypto::default_backend().parse_certificate(certificate, key);
    if (read.has_error())
        throw Error(detail::code_of(read.error().reason), "Certificate::from_pem: " + read.error().message);
    return Certificate(std::move(*read));
}

CORTC_DECL std::string Certificate::to_pem() const {
    auto written = detail::need(inner_).pem();
    if (written.has_error())
        throw Error(errc::operation, "Certificate::to_pem: the certificate cannot be written");
    return std::move(*written);
}

CORTC_DECL Certificate::time Certificate::expires() const {
    detail::need(inner_);
    return expires_;
}

CORTC_DECL std::vector<DtlsFingerprint> Certificate::getFingerprints() const {
    const auto& of = detail::need(inner_);
    std::vector<DtlsFingerprint> all{detail::dtls_fingerprint(of, crypto::hash_algorithm::sha256)};
    const auto signed_with = of.signature_hash();
    if (signed_with && *signed_with != crypto::hash_algorithm::sha256)
        all.push_back(detail::dtls_fingerprint(of, *signed_with));
    return all;
}

CORTC_DECL std::shared_ptr<waiter_home> detail::home_of(const context& where) { return where.core(); }

// webrtc-pc 4.9.1 generateCertificate, in its order.
CORTC_DECL void detail::generate_certificate(const context& where, const KeygenAlgorithm& algorithm,
                                             waiter_ptr<Certificate> operation) {
    using namespace std::chrono;
    constexpr milliseconds usual = days(30), longest = days(365);
    const auto life = std::min(algorithm.expires.value_or(usual), longest);
    if (life < milliseconds::zero())
        throw Error(errc::type,
                    fmt::format("generateCertificate: algorithm.expires is {} ms; it cannot be negative",
                                life.count()));
    const auto type = detail::key_type(algorithm);
    const Certificate::time expires = where.network().calendar() + life;
    // The certificate itself counts in seconds, and cannot end when it begins.
    const auto validity = std::max(ceil<seconds>(life), seconds(1));
    where.core()->make_certificate(type, validity,
                                   [operation = std::move(operation), expires](auto error, auto made) {
                                       if (made)
                                           operation->succeed(Certificate(std::move(made), expires));
                                       else
                                           operation->fail(error);
                                   });
}

CORTC_AWAIT(Certificate);

} // namespace cortc
