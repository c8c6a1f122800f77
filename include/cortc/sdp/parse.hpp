#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sdp/error.hpp"
#include "cortc/sdp/limits.hpp"
#include "cortc/sdp/session_description.hpp"

#include <string_view>

namespace cortc::sdp {

/// Parses a description (RFC 8866, and the attributes of the members of session_description). Lines end in
/// CRLF or LF; empty lines at the end are ignored. Linear in the size of the text. Strict where a value has a
/// typed place; attributes, kinds and protocols it does not know are kept. Bytes need not be UTF-8. An
/// attribute that has one value may be repeated with the same, not with another.
[[nodiscard]] result<session_description, error> parse(std::string_view text, const limits& bounds = {});

} // namespace cortc::sdp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sdp/impl/parse.ipp"
#include "cortc/sdp/impl/parse_attributes.ipp"
#endif
