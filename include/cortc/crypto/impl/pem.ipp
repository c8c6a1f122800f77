#pragma once

#include "cortc/crypto/pem.hpp"

#include <fmt/format.h>

namespace cortc::crypto {

namespace detail {

CORTC_DECL bool is_pem(std::string_view text) noexcept {
    return text.find("-----BEGIN ") != std::string_view::npos;
}

} // namespace detail

CORTC_DECL std::string_view pem_block(std::string_view text, std::string_view label) {
    const auto first = fmt::format("-----BEGIN {}-----", label),
               last = fmt::format("-----END {}-----", label);
    const auto begin = text.find(first);
    if (begin == std::string_view::npos) return {};
    const auto end = text.find(last, begin);
    if (end == std::string_view::npos) return {};
    return text.substr(begin, end + last.size() - begin);
}

CORTC_DECL result<std::string_view, certificate_error> find_key(std::string_view pem) {
    using enum certificate_failure;
    if (!detail::is_pem(pem))
        return certificate_error{not_pem, "the key is not PEM: no \"-----BEGIN PRIVATE KEY-----\" in it"};
    const certificate_error encrypted{encrypted_key, "the private key is encrypted; give it in the clear"};
    if (!pem_block(pem, "ENCRYPTED PRIVATE KEY").empty()) return encrypted;
    std::string_view found;
    for (const auto* label : {"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "DSA PRIVATE KEY"})
        if (found.empty()) found = pem_block(pem, label);
    if (found.empty()) return certificate_error{no_key, "there is no private key in the PEM text"};
    if (found.find("ENCRYPTED") != std::string_view::npos) return encrypted; // RFC 1421's header
    if (found.starts_with("-----BEGIN DSA")) return crypto::unsupported_key("of another algorithm or curve");
    return found;
}

CORTC_DECL result<std::string_view, certificate_error> find_certificate(std::string_view pem) {
    using enum certificate_failure;
    if (!detail::is_pem(pem))
        return certificate_error{not_pem,
                                 "the certificate is not PEM: no \"-----BEGIN CERTIFICATE-----\" in it"};
    const auto found = pem_block(pem, "CERTIFICATE");
    if (found.empty()) return certificate_error{no_certificate, "there is no certificate in the PEM text"};
    return found;
}

CORTC_DECL certificate_error unsupported_key(std::string_view what) {
    return {certificate_failure::unsupported_key,
            fmt::format("the private key is {}; ECDSA on P-256 and RSA of 2048 to 4096 bits are supported",
                        what)};
}

} // namespace cortc::crypto
