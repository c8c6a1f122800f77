#pragma once

#include "cortc/stun/credentials.hpp"

#include <algorithm>
#include <array>

namespace cortc::stun {
namespace detail {

/// RFC 8489 9.2.
inline constexpr std::string_view nonce_cookie = "obMatJos2";
inline constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

} // namespace detail

CORTC_DECL std::optional<std::string_view> opaque_string(std::string_view text) noexcept {
    auto plain = [](char c) { return c >= 0x20 && c <= 0x7e; };
    if (text.empty() || !std::all_of(text.begin(), text.end(), plain)) return std::nullopt;
    return text;
}

CORTC_DECL crypto::md5_digest long_term_key_md5(std::string_view username, std::string_view realm,
                                                std::string_view password) {
    const auto colon = as_bytes(":");
    return crypto::md5(as_bytes(username), colon, as_bytes(realm), colon, as_bytes(password));
}

CORTC_DECL crypto::sha256_digest long_term_key_sha256(std::string_view username, std::string_view realm,
                                                      std::string_view password) {
    const auto colon = as_bytes(":");
    return crypto::sha256(as_bytes(username), colon, as_bytes(realm), colon, as_bytes(password));
}

CORTC_DECL crypto::sha256_digest userhash(std::string_view username, std::string_view realm) {
    return crypto::sha256(as_bytes(username), as_bytes(":"), as_bytes(realm));
}

CORTC_DECL std::optional<security_features> nonce_features(std::string_view nonce) noexcept {
    if (!nonce.starts_with(detail::nonce_cookie)) return std::nullopt;
    auto coded = nonce.substr(detail::nonce_cookie.size());
    if (coded.size() < 4) return std::nullopt;
    std::uint32_t bits = 0;
    for (auto c : coded.substr(0, 4)) {
        auto digit = detail::base64_alphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
    }
    return security_features{(bits & 1) != 0, (bits & 2) != 0};
}

CORTC_DECL std::string make_nonce(security_features features, std::string_view unique) {
    auto bits = (features.password_algorithms ? 1U : 0U) | (features.username_anonymity ? 2U : 0U);
    std::string nonce(detail::nonce_cookie);
    nonce += "AAA"; // the 18 more significant bits have no meaning yet
    nonce += detail::base64_alphabet[bits];
    nonce += unique;
    return nonce;
}

} // namespace cortc::stun
