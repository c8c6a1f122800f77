#pragma once

#include "cortc/error.hpp"
#include "cortc/signaling/http.hpp"
#include "test/support/catch.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <optional>
#include <string>

/// What tests of servers say to them byte by byte.
namespace cortc::test {

using asio::ip::tcp;
inline constexpr auto tuple = asio::as_tuple(asio::use_awaitable);
inline const tcp::endpoint loopback(asio::ip::address_v4::loopback(), 0);

/// Runs a coroutine until it has ended and nothing is left to do: an io_context that does not run dry fails.
template <class Body>
void play(Body body) {
    asio::io_context io;
    std::optional<std::exception_ptr> outcome;
    asio::co_spawn(io, body(io), [&](std::exception_ptr error) { outcome = error; });
    io.run_for(std::chrono::seconds(30));
    REQUIRE(outcome);
    if (*outcome) std::rethrow_exception(*outcome);
    CHECK(io.stopped());
}

/// errc{} for none.
inline errc code_of(const std::exception_ptr& error) {
    if (!error) return {};
    try {
        std::rethrow_exception(error);
    } catch (const Error& known) {
        return static_cast<errc>(known.code().value());
    }
}

/// What an error says; empty for none.
inline std::string text_of(const std::exception_ptr& error) {
    try {
        if (error) std::rethrow_exception(error);
    } catch (const std::exception& known) {
        return known.what();
    }
    return {};
}

inline asio::awaitable<tcp::socket> dial_tcp(const signaling::http_server& where) {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect(where.local_endpoint(), asio::use_awaitable);
    co_return socket;
}

/// Sends bytes and returns all that comes until the server closes.
inline asio::awaitable<std::string> http(const signaling::http_server& where, std::string request) {
    auto socket = co_await dial_tcp(where);
    co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
    std::string response;
    co_await asio::async_read(socket, asio::dynamic_buffer(response), tuple);
    co_return response;
}

} // namespace cortc::test
