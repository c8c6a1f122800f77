#pragma once

#include "cortc/base/hash_algorithm.hpp"
#include "cortc/sdp/detail/text.hpp"
#include "cortc/sdp/fingerprint.hpp"

#include <optional>
#include <utility>

namespace cortc::sdp {

namespace detail {

inline constexpr std::size_t max_hash_size = 128;

CORTC_DECL std::optional<std::byte> to_byte(char high, char low) noexcept {
    const auto digit = [](char c) {
        if (is_digit(c)) return c - '0';
        const char lower = to_lower(c);
        return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    };
    const int h = digit(high), l = digit(low);
    if (h < 0 || l < 0) return std::nullopt;
    return static_cast<std::byte>(h << 4 | l);
}

/// "AB:CD:EF": two digits each, colons between.
CORTC_DECL std::optional<bytes> parse_colon_hex(std::string_view text) {
    if (text.size() % 3 != 2 || text.size() / 3 >= max_hash_size) return std::nullopt;
    bytes out;
    out.reserve(text.size() / 3 + 1);
    for (std::size_t i = 0; i < text.size(); i += 3) {
        const auto value = to_byte(text[i], text[i + 1]);
        if (!value || (i + 2 < text.size() && text[i + 2] != ':')) return std::nullopt;
        out.push_back(*value);
    }
    return out;
}

} // namespace detail

CORTC_DECL result<fingerprint, error> parse_fingerprint(std::string_view text) {
    detail::words in(text);
    fingerprint out;
    const auto algorithm = in.next();
    if (!detail::is_token(algorithm))
        return detail::failure("a fingerprint is a hash like sha-256 and its value, not " +
                               detail::in_quotes(text));
    for (char c : algorithm) out.algorithm += detail::to_lower(c);
    const auto hex = in.next();
    auto value = detail::parse_colon_hex(hex);
    if (!value || !in.at_end())
        return detail::failure(
            "a fingerprint's value is pairs of hexadecimal digits with colons between, not " +
            detail::in_quotes(hex));
    for (const auto& known : registered_hashes)
        if (out.algorithm == known.name && value->size() != known.size)
            return detail::failure("a " + out.algorithm + " fingerprint has " + std::to_string(known.size) +
                                   " bytes, not " + std::to_string(value->size()));
    out.value = std::move(*value);
    return out;
}

CORTC_DECL std::string print_fingerprint(const fingerprint& value) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out = value.algorithm;
    out.reserve(out.size() + 3 * value.value.size());
    char separator = ' ';
    for (auto each : value.value) {
        const auto number = std::to_integer<unsigned>(each);
        out += separator;
        out += digits[number >> 4];
        out += digits[number & 15];
        separator = ':';
    }
    return out;
}

} // namespace cortc::sdp
