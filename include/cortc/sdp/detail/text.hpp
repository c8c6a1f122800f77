#pragma once

#include "cortc/base/quoted.hpp"
#include "cortc/sdp/error.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

/// The smallest pieces of the grammar, shared by all parsers of the folder.
namespace cortc::sdp::detail {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alphanumeric(char c) noexcept {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// RFC 8839 5.1.
constexpr bool is_ice_char(char c) noexcept { return is_alphanumeric(c) || c == '+' || c == '/'; }

/// RFC 8866 9, token-char: visible ASCII without the separators.
constexpr bool is_token_char(char c) noexcept {
    return c > ' ' && c < 0x7f && std::string_view("\"(),/:;<=>?@[\\]").find(c) == std::string_view::npos;
}

template <class Predicate>
constexpr bool consists_of(std::string_view text, Predicate allowed) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}
constexpr bool is_token(std::string_view text) noexcept { return consists_of(text, is_token_char); }

constexpr bool equal_without_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

/// A decimal number without sign that fits T and lies in [low, high].
template <class T>
std::optional<T> to_number(std::string_view text, T low = 0, T high = static_cast<T>(-1)) noexcept {
    T value{};
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (value < low || value > high) return std::nullopt;
    return value;
}

/// RFC 8866 9: 1*DIGIT has no bound. What does not fit is the largest number.
template <class T>
std::optional<T> to_number_or_more(std::string_view text) noexcept {
    if (!consists_of(text, is_digit)) return std::nullopt;
    return to_number<T>(text).value_or(static_cast<T>(-1));
}

/// Takes a text apart at runs of spaces.
class words {
  public:
    explicit constexpr words(std::string_view text) noexcept : rest_(text) {}

    /// The next word; empty at the end.
    constexpr std::string_view next() noexcept {
        skip_spaces();
        auto word = rest_.substr(0, rest_.find(' '));
        rest_.remove_prefix(word.size());
        return word;
    }
    /// What stands after one space, up to the next; it may be empty.
    constexpr std::string_view next_or_empty() noexcept {
        rest_.remove_prefix(rest_.empty() ? 0 : 1);
        auto word = rest_.substr(0, rest_.find(' '));
        rest_.remove_prefix(word.size());
        return word;
    }
    /// Everything that is left, without spaces in front.
    constexpr std::string_view rest() noexcept {
        skip_spaces();
        return rest_;
    }
    [[nodiscard]] constexpr bool at_end() noexcept { return rest().empty(); }

  private:
    constexpr void skip_spaces() noexcept {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    }

    std::string_view rest_;
};

/// Calls `take(part)` for each part between separators, empty parts included, until it returns false.
template <class Take>
constexpr bool split(std::string_view text, char separator, Take take) {
    for (;;) {
        const auto end = text.find(separator);
        if (!take(text.substr(0, end))) return false;
        if (end == std::string_view::npos) return true;
        text.remove_prefix(end + 1);
    }
}

using cortc::in_quotes;

inline error failure(std::string message) { return error{0, std::move(message)}; }

} // namespace cortc::sdp::detail
