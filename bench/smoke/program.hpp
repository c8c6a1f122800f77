#pragma once

#include "test/support/catch.hpp"
#include "test/support/process.hpp"

#include <regex>
#include <string>
#include <utility>

/// The benchmarks as programs, in small: they must not rot between the runs that somebody looks at.
namespace bench {

inline void check_prints(cortc::test::process program, const std::string& pattern) {
    const auto code = program.exits();
    INFO(program.output());
    CHECK(code == 0);
    CHECK(std::regex_search(program.output(), std::regex(pattern)));
}
inline void check_fails(cortc::test::process program, const std::string& pattern, int code = 1) {
    const auto ended = program.exits();
    INFO(program.output());
    CHECK(ended == code);
    CHECK(std::regex_search(program.output(), std::regex(pattern)));
}

} // namespace bench
