#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sdp/session_description.hpp"

#include <string>

namespace cortc::sdp {

/// Writes a description, lines ended by CRLF, attributes in the order of the members of session_description.
/// parse(print(x)) is x, for every x that parse() made.
[[nodiscard]] std::string print(const session_description& description);

} // namespace cortc::sdp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sdp/impl/print.ipp"
#endif
