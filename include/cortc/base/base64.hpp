#pragma once

#include "cortc/base/config.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cortc {

/// RFC 4648 4, with padding and without line breaks.
[[nodiscard]] std::string base64_encode(std::string_view data);
/// Strict: padded, nothing but the alphabet, and the bits that say nothing are zero (RFC 4648 3.5), so that
/// every data has one text. None for anything else.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/base/impl/base64.ipp"
#endif
