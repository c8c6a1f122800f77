#pragma once

#include "cortc/error.hpp"
#include "cortc/timeout.hpp"

#include <boost/asio/error.hpp>

#include <fmt/format.h>

namespace cortc::detail {

CORTC_DECL bool is_cancellation(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& failure) {
        return failure.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

CORTC_DECL void throw_outcome(bool late, const std::exception_ptr& error,
                              const std::exception_ptr& clock_error, duration limit) {
    if (!late || !is_cancellation(error)) std::rethrow_exception(error);
    if (clock_error) std::rethrow_exception(clock_error); // both were cancelled, or there is no clock
    const auto milliseconds = std::chrono::duration<double, std::milli>(limit).count();
    throw Error(errc::timed_out, fmt::format("the operation did not complete within {} ms", milliseconds));
}

} // namespace cortc::detail
