#pragma once

#include "cortc/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>

#include <exception>
#include <string>

namespace cortc::test {

/// How an operation failed: "OperationError sctp-failure 12" (name, errorDetail, sctpCauseCode), "cancelled";
/// empty when it did not.
inline std::string told(const std::exception_ptr& error) {
    if (!error) return {};
    try {
        std::rethrow_exception(error);
    } catch (const Error& why) {
        std::string all = why.name();
        if (*why.errorDetail()) all += std::string(" ") + why.errorDetail();
        if (why.sctpCauseCode()) all += ' ' + std::to_string(*why.sctpCauseCode());
        return all;
    } catch (const boost::system::system_error& why) {
        return why.code() == boost::asio::error::operation_aborted ? "cancelled" : why.what();
    }
}

/// What the operation failed with; null when it did not.
template <class T>
boost::asio::awaitable<std::exception_ptr> error_of(boost::asio::awaitable<T> operation) {
    std::exception_ptr error;
    try {
        co_await std::move(operation);
    } catch (...) {
        error = std::current_exception();
    }
    co_return error;
}
template <class T>
boost::asio::awaitable<std::string> outcome(boost::asio::awaitable<T> operation) {
    const auto error = co_await error_of(std::move(operation));
    co_return told(error);
}

} // namespace cortc::test
