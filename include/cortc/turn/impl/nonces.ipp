#pragma once

#include "cortc/base/base64.hpp"
#include "cortc/base/bytes.hpp"
#include "cortc/crypto/hash.hpp"
#include "cortc/turn/nonces.hpp"

#include <array>
#include <chrono>

namespace cortc::turn {

namespace detail {

inline constexpr std::size_t nonce_time = 6, nonce_code = 15; // bytes; together 28 letters of base64
inline constexpr std::size_t nonce_cookie = 13;               // RFC 8489 9.2: "obMatJos2" and the features

CORTC_DECL std::uint64_t second_of(time_point when) noexcept {
    const auto since = std::chrono::floor<std::chrono::seconds>(when.time_since_epoch()).count();
    return static_cast<std::uint64_t>(since) & 0xffffffffffff;
}

} // namespace detail

CORTC_DECL nonces::nonces(random_source& random, stun::security_features features, duration lifetime)
    : key_(std::size_t(32)), features_(features), lifetime_(lifetime) {
    random.fill(key_.span());
}

CORTC_DECL std::string nonces::made_at(std::uint64_t second, const ip_address& client) const {
    std::array<std::byte, detail::nonce_time + detail::nonce_code> unique;
    byte_writer out(unique);
    out.u48(second);
    const auto code = [&](const auto& address) {
        return crypto::hmac_sha256(key_.view(), byte_view(unique).first(detail::nonce_time),
                                   std::as_bytes(std::span(address)));
    };
    const auto whole = client.is_v4() ? code(client.to_v4().to_bytes()) : code(client.to_v6().to_bytes());
    out.put(byte_view(whole).first(detail::nonce_code));
    return stun::make_nonce(features_, base64_encode(as_text(unique)));
}

CORTC_DECL std::string nonces::make(const ip_address& client, time_point now) const {
    return made_at(detail::second_of(now), client);
}

CORTC_DECL bool nonces::valid(std::string_view nonce, const ip_address& client, time_point now) const {
    constexpr auto letters = (detail::nonce_time + detail::nonce_code) / 3 * 4;
    if (nonce.size() != detail::nonce_cookie + letters) return false;
    const auto unique = base64_decode(nonce.substr(detail::nonce_cookie));
    if (!unique) return false;
    byte_reader in(as_bytes(*unique));
    const auto second = in.u48();
    if (!crypto::equal(as_bytes(made_at(second, client)), as_bytes(nonce))) return false;
    const auto age = detail::second_of(now) - second;
    return age <= static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(lifetime_).count());
}

} // namespace cortc::turn
