#pragma once

#include "cortc/jsep/parameters.hpp"
#include "cortc/sdp/session_description.hpp"

#include <cstddef>

/// What an answer settles for a section (RFC 3264 6.1). Pure.
namespace cortc::jsep {

/// What both sides of a section have in common once one of them, `ours` or the peer's, was the answer to the
/// other. Codecs are matched by what they are: an answer may have payload types of its own. No codecs: the
/// answer fits none of what was offered.
[[nodiscard]] media_parameters settle_media(const sdp::session_description& local,
                                            const sdp::session_description& remote, std::size_t index,
                                            bool ours);

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/settle.ipp"
#endif
