#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sdp/error.hpp"
#include "cortc/sdp/session_description.hpp"

#include <cstddef>
#include <string_view>

namespace cortc::sdp {

/// What a peer may make us hold. The defaults are several times what the largest conferences send.
struct limits {
    std::size_t size = 1 << 20;          ///< bytes of the whole text
    std::size_t line_length = 16 * 1024; ///< bytes
    std::size_t lines = 20'000;
    std::size_t sections = 512;
    std::size_t attributes = 2'000; ///< in one section, or at session level
};

/// Parses a description (RFC 8866, and the attributes of the members of session_description). Lines end in
/// CRLF or LF; empty lines at the end are ignored. Linear in the size of the text. Strict where a value has a
/// typed place; attributes, kinds and protocols it does not know are kept. Bytes need not be UTF-8. A flag
/// may be repeated, an attribute with one value may not.
[[nodiscard]] result<session_description, error> parse(std::string_view text, const limits& bounds = {});

} // namespace cortc::sdp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sdp/impl/parse.ipp"
#include "cortc/sdp/impl/parse_attributes.ipp"
#endif
