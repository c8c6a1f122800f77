#pragma once

#include <exception>
#include <string>

namespace cortc {

/// What an exception says, for a log line or another error's text.
inline std::string what_of(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "an exception of unknown type";
    }
}

} // namespace cortc
