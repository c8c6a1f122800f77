#pragma once

#include "cortc/base/base64.hpp"

#include <cstddef>
#include <cstdint>

namespace cortc {

namespace detail {

inline constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// 0 to 63, or 64 for what is no digit.
CORTC_DECL std::uint32_t base64_value(char c) noexcept {
    if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
    if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a' + 26);
    if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0' + 52);
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

} // namespace detail

CORTC_DECL std::string base64_encode(std::string_view data) {
    std::string out;
    out.reserve((data.size() + 2) / 3 * 4);
    const auto byte = [&](std::size_t i) {
        return i < data.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(data[i])) : 0U;
    };
    for (std::size_t i = 0; i < data.size(); i += 3) {
        const auto group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
        out += detail::base64_digits[group >> 18];
        out += detail::base64_digits[group >> 12 & 63];
        out += i + 1 < data.size() ? detail::base64_digits[group >> 6 & 63] : '=';
        out += i + 2 < data.size() ? detail::base64_digits[group & 63] : '=';
    }
    return out;
}

CORTC_DECL std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && !text.empty() && text.back() == '=') {
        text.remove_suffix(1);
        ++padding;
    }
    std::string out;
    out.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (char c : text) {
        const auto value = detail::base64_value(c);
        if (value == 64) return std::nullopt;
        bits = (bits << 6 | value) & 0xffff;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out += static_cast<char>(bits >> count & 0xff);
    }
    if ((bits & ((1U << count) - 1)) != 0) return std::nullopt;
    return out;
}

} // namespace cortc
