#pragma once

#include "cortc/base/base64.hpp"
#include "cortc/crypto/hash.hpp"
#include "cortc/turn/rest_credentials.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>

namespace cortc::turn {

namespace detail {

CORTC_DECL std::string rest_password(std::string_view username, std::string_view secret) {
    const auto code = crypto::hmac_sha1(as_bytes(secret), as_bytes(username));
    return base64_encode(as_text(code));
}

} // namespace detail

CORTC_DECL rest_credentials rest_credentials::make(std::string_view user, std::string_view secret,
                                                   unix_time expiry) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(expiry).time_since_epoch().count();
    rest_credentials made;
    made.username = std::to_string(seconds);
    if (!user.empty()) (made.username += ':') += user;
    made.password = detail::rest_password(made.username, secret);
    return made;
}

CORTC_DECL std::optional<unix_time> rest_credentials::expiry_of(std::string_view username) noexcept {
    constexpr std::int64_t latest = 253402300799; // the end of the year 9999
    const auto digits = username.substr(0, username.find(':'));
    std::int64_t seconds = 0;
    const auto* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, seconds);
    if (digits.empty() || read.ec != std::errc() || read.ptr != end || seconds < 0 || seconds > latest)
        return {};
    return unix_time(std::chrono::seconds(seconds));
}

CORTC_DECL std::string_view rest_credentials::user_of(std::string_view username) noexcept {
    const auto colon = username.find(':');
    return colon == username.npos ? username : username.substr(colon + 1);
}

CORTC_DECL std::optional<std::string> rest_credentials::password_of(std::string_view username,
                                                                    std::string_view secret, unix_time now) {
    const auto expiry = expiry_of(username);
    if (!expiry || *expiry <= now) return {};
    return detail::rest_password(username, secret);
}

CORTC_DECL bool rest_credentials::verify(std::string_view username, std::string_view password,
                                         std::string_view secret, unix_time now) {
    const auto right = password_of(username, secret, now);
    return right && crypto::equal(as_bytes(*right), as_bytes(password));
}

} // namespace cortc::turn
