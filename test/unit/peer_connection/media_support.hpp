#pragma once

#include "test/support/two_hosts.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <functional>

/// Parts of the tests about tracks, streams and transceivers.
namespace cortc::test {

/// "SyntaxError: what it says", or empty.
inline std::string thrown(const std::function<void()>& body) {
    try {
        body();
    } catch (const Error& error) {
        return error.name() + std::string(": ") + error.what();
    }
    return {};
}

/// Lets everything that is ready run.
inline asio::awaitable<void> turns(int count = 8) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    for (int i = 0; i < count; ++i) co_await asio::post(executor, asio::use_awaitable);
}

/// Starts an operation that waits, cancels it, and says whether it ended as cancelled operations do.
/// `start` takes the completion token.
template <class Start>
asio::awaitable<bool> cancels(Start start) {
    asio::cancellation_signal signal;
    std::optional<std::exception_ptr> outcome;
    start(asio::bind_cancellation_slot(
        signal.slot(), [&](std::exception_ptr error, auto&&...) { outcome = std::move(error); }));
    co_await turns();
    if (outcome) co_return false; // it did not wait
    signal.emit(asio::cancellation_type::terminal);
    co_await turns();
    if (!outcome || !*outcome) co_return false;
    try {
        std::rethrow_exception(*outcome);
    } catch (const boost::system::system_error& error) {
        co_return error.code() == asio::error::operation_aborted;
    }
}

/// One that is started and not awaited: its outcome.
struct pending {
    std::shared_ptr<std::optional<std::exception_ptr>> outcome =
        std::make_shared<std::optional<std::exception_ptr>>();

    auto token() const {
        return [outcome = outcome](std::exception_ptr error, auto&&...) { *outcome = std::move(error); };
    }
    [[nodiscard]] bool done() const { return outcome->has_value(); }
    /// "AbortError" ..., empty when it succeeded.
    [[nodiscard]] std::string failure() const {
        return thrown_name([this] {
            if (**outcome) std::rethrow_exception(**outcome);
        });
    }
};

/// The lines of a section that begin with `prefix`, without it; sections are counted from 0.
inline std::vector<std::string> lines_of(const std::string& sdp, std::size_t section,
                                         const std::string& prefix) {
    std::vector<std::string> found;
    std::size_t begun = 0;
    for (std::size_t at = 0; at < sdp.size();) {
        const auto end = std::min(sdp.find("\r\n", at), sdp.size());
        const auto line = sdp.substr(at, end - at);
        if (line.rfind("m=", 0) == 0) ++begun;
        if (begun == section + 1 && line.rfind(prefix, 0) == 0) found.push_back(line.substr(prefix.size()));
        at = end + 2;
    }
    return found;
}

} // namespace cortc::test
