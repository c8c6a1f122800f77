#pragma once

#include "cortc/base/config.hpp"

#include <cstddef>
#include <string_view>

namespace cortc {

/// The size of the UTF-8 sequence at the beginning of `text`, which must not be empty; 0 when there is none
/// (RFC 3629 4).
[[nodiscard]] std::size_t utf8_sequence(std::string_view text) noexcept;
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/base/impl/utf8.ipp"
#endif
