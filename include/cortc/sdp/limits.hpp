#pragma once

#include <cstddef>

namespace cortc::sdp {

/// What a peer may make us hold.
struct limits {
    std::size_t size = 1 << 20;          ///< bytes of the whole text
    std::size_t line_length = 16 * 1024; ///< bytes
    std::size_t lines = 20'000;
    std::size_t sections = 512;
    std::size_t attributes = 2'000; ///< in one section, or at session level
};

} // namespace cortc::sdp
