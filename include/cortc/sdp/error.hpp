#pragma once

#include "cortc/base/result.hpp"

#include <boost/assert/source_location.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>

namespace cortc::sdp {

/// Why a text was refused, and what would have been right.
struct error {
    std::size_t line = 0; ///< 1-based; 0 when the text is no whole description (a candidate by itself)
    std::string message;

    friend bool operator==(const error&, const error&) = default;
};

/// Lets `result<T, error>::value()` throw; found by argument-dependent lookup.
[[noreturn]] inline void throw_exception_from_error(const error& why, const boost::source_location&) {
    throw std::invalid_argument("SDP line " + std::to_string(why.line) + ": " + why.message);
}

} // namespace cortc::sdp
