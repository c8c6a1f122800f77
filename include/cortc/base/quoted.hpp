#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cortc {

/// What somebody else wrote, inside an error or a log line of ours: in quotation marks, in printable ASCII
/// whatever it holds (the rest escaped as C's string literals have it), and cut ("...") where it takes more
/// than `longest` characters. So it can neither fill a log, nor end the quotation, nor speak to a terminal.
inline std::string in_quotes(std::string_view text, std::size_t longest = 64) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        const bool plain = code >= 0x20 && code < 0x7f, escaped = c == '"' || c == '\\';
        if (out.size() + (escaped ? 2 : plain ? 1 : 4) > 1 + longest) return out += "...\"";
        if (escaped)
            (out += '\\') += c;
        else if (plain)
            out += c;
        else
            (((out += "\\x") += digits[code >> 4]) += digits[code & 15]);
    }
    return out += '"';
}

} // namespace cortc
