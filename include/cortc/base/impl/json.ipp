#pragma once

#include "cortc/base/json.hpp"
#include "cortc/base/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace cortc::json {

CORTC_DECL const value* value::find(std::string_view name) const noexcept {
    const auto at = std::find(names_.begin(), names_.end(), name);
    return at == names_.end() ? nullptr : &items_[static_cast<std::size_t>(at - names_.begin())];
}

/// Recursive descent over RFC 8259 2. Every function says whether it found what it is named after.
class reader {
  public:
    reader(std::string_view text, const limits& bounds) : rest_(text), bounds_(bounds) {}

    bool document(value& out) { return element(out, 0) && rest_.empty(); }

  private:
    [[nodiscard]] bool next_is(char c) const noexcept { return !rest_.empty() && rest_.front() == c; }
    bool take(char c) noexcept {
        if (!next_is(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void space() noexcept {
        const auto end = rest_.find_first_not_of(" \t\r\n");
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
    }
    bool word(std::string_view expected) noexcept {
        if (!rest_.starts_with(expected)) return false;
        rest_.remove_prefix(expected.size());
        return true;
    }
    std::size_t digits() noexcept {
        auto end = rest_.find_first_not_of("0123456789");
        if (end == std::string_view::npos) end = rest_.size();
        rest_.remove_prefix(end);
        return end;
    }

    bool element(value& out, std::size_t depth);
    bool number(value& out);
    bool string(std::string& out);
    bool escape(std::string& out);
    bool hex4(std::uint32_t& out) noexcept;
    bool array(value& out, std::size_t depth);
    bool object(value& out, std::size_t depth);
    [[nodiscard]] static bool has_double(const std::vector<std::string>& names);

    std::string_view rest_;
    const limits& bounds_;
    std::size_t values_ = 0;
};

CORTC_DECL bool reader::element(value& out, std::size_t depth) {
    if (depth > bounds_.depth || ++values_ > bounds_.values) return false;
    space();
    bool found = false;
    if (next_is('"')) {
        out.kind_ = kind::string;
        found = string(out.text_);
    } else if (take('[')) {
        out.kind_ = kind::array;
        found = array(out, depth);
    } else if (take('{')) {
        out.kind_ = kind::object;
        found = object(out, depth);
    } else if (word("null")) {
        found = true;
    } else if (next_is('t') || next_is('f')) {
        out.kind_ = kind::boolean;
        out.text_ = next_is('t') ? "true" : "false";
        found = word(out.text_);
    } else {
        out.kind_ = kind::number;
        found = number(out);
    }
    space();
    return found;
}

CORTC_DECL bool reader::number(value& out) {
    const auto begin = rest_;
    take('-');
    const bool zero = next_is('0');
    const auto whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (take('.') && digits() == 0) return false;
    if (take('e') || take('E')) {
        if (!take('+')) take('-');
        if (digits() == 0) return false;
    }
    out.text_ = begin.substr(0, begin.size() - rest_.size());
    return true;
}

CORTC_DECL bool reader::string(std::string& out) {
    if (!take('"')) return false;
    while (!rest_.empty()) {
        if (take('"')) return true;
        if (take('\\')) {
            if (!escape(out)) return false;
            continue;
        }
        const auto size = utf8_sequence(rest_);
        if (size == 0 || static_cast<unsigned char>(rest_.front()) < 0x20) return false;
        out += rest_.substr(0, size);
        rest_.remove_prefix(size);
    }
    return false;
}

CORTC_DECL bool reader::hex4(std::uint32_t& out) noexcept {
    if (rest_.size() < 4) return false;
    out = 0;
    for (char c : rest_.substr(0, 4)) {
        const auto lower = static_cast<char>(c | 0x20);
        if (c >= '0' && c <= '9')
            out = out << 4 | static_cast<std::uint32_t>(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            out = out << 4 | static_cast<std::uint32_t>(lower - 'a' + 10);
        else
            return false;
    }
    rest_.remove_prefix(4);
    return true;
}

/// What follows a backslash. A surrogate stands for a character only in a pair (RFC 8259 8.2).
CORTC_DECL bool reader::escape(std::string& out) {
    constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    if (!rest_.empty()) {
        if (const auto which = letters.find(rest_.front()); which != std::string_view::npos) {
            out += meant[which];
            rest_.remove_prefix(1);
            return true;
        }
    }
    std::uint32_t code = 0;
    if (!take('u') || !hex4(code)) return false;
    if (code >= 0xdc00 && code <= 0xdfff) return false;
    if (code >= 0xd800 && code <= 0xdbff) {
        std::uint32_t low = 0;
        if (!word("\\u") || !hex4(low) || low < 0xdc00 || low > 0xdfff) return false;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    const auto tail = [&](unsigned shift) { return static_cast<char>(0x80 | (code >> shift & 0x3f)); };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | code >> 6);
        out += tail(0);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xe0 | code >> 12);
        out += tail(6);
        out += tail(0);
    } else {
        out += static_cast<char>(0xf0 | code >> 18);
        out += tail(12);
        out += tail(6);
        out += tail(0);
    }
    return true;
}

CORTC_DECL bool reader::array(value& out, std::size_t depth) {
    space();
    if (take(']')) return true;
    do {
        if (!element(out.items_.emplace_back(), depth + 1)) return false;
    } while (take(','));
    return take(']');
}

CORTC_DECL bool reader::object(value& out, std::size_t depth) {
    space();
    if (take('}')) return true;
    do {
        space();
        std::string name;
        if (!string(name)) return false;
        space();
        if (!take(':')) return false;
        out.names_.push_back(std::move(name));
        if (!element(out.items_.emplace_back(), depth + 1)) return false;
    } while (take(','));
    return take('}') && !has_double(out.names_);
}

/// Sorted, because a search for each name would make many names cost the square of their number.
CORTC_DECL bool reader::has_double(const std::vector<std::string>& names) {
    std::vector<std::string_view> sorted(names.begin(), names.end());
    std::sort(sorted.begin(), sorted.end());
    return std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
}

CORTC_DECL std::optional<value> parse(std::string_view text, const limits& bounds) {
    if (text.size() > bounds.size) return std::nullopt;
    value out;
    if (!reader(text, bounds).document(out)) return std::nullopt;
    return out;
}

CORTC_DECL void append_quoted(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    while (!text.empty()) {
        const char c = text.front();
        auto length = utf8_sequence(text);
        if (length == 0) {
            out += "\xef\xbf\xbd"; // U+FFFD
            length = 1;
        } else if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += "\\u00";
            out += digits[static_cast<unsigned char>(c) >> 4];
            out += digits[static_cast<unsigned char>(c) & 15];
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    out += '"';
}

} // namespace cortc::json
