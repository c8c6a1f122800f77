#pragma once

#include <cstddef>

/// What unit tests of engines share. Not cortc::test: many folders have a namespace `test` of their own.
namespace cortc::support {

/// How often this program has called operator new. Programs that ask for it are linked with
/// allocation_count.cpp, which replaces the operator (test/CMakeLists.txt).
std::size_t allocation_count() noexcept;

} // namespace cortc::support
