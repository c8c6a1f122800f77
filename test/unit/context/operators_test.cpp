// What README.md says of Asio's || and &&, which is none of ours: it must stay true.
#include "cortc/error.hpp"
#include "cortc/timeout.hpp"
#include "test/support/catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>

using namespace cortc;
using namespace boost::asio::experimental::awaitable_operators;

namespace {

asio::awaitable<void> fails(errc code) {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    throw Error(code, "as it should");
}
asio::awaitable<void> succeeds_later(int turns, bool& did) {
    for (int i = 0; i < turns; ++i)
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    did = true;
}
asio::awaitable<void> waits() {
    asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await never.async_wait(asio::use_awaitable);
}

/// What it threw; none when it returned.
std::exception_ptr outcome(asio::awaitable<void> body) {
    asio::io_context io;
    std::optional<std::exception_ptr> ended;
    asio::co_spawn(io, std::move(body), [&](std::exception_ptr error) { ended = error; });
    io.run();
    REQUIRE(ended);
    return *ended;
}
/// The first exception of a multiple_exceptions.
std::error_code first_of(const std::exception_ptr& thrown) {
    REQUIRE(thrown);
    try {
        std::rethrow_exception(thrown);
    } catch (const asio::multiple_exceptions& several) {
        try {
            std::rethrow_exception(several.first_exception());
        } catch (const boost::system::system_error& first) {
            return first.code();
        }
    }
    return {};
}

} // namespace

TEST_CASE("asio: what one side of || throws is lost when the other succeeds, and waits for it") {
    bool did = false;
    const auto either = [&]() -> asio::awaitable<void> {
        co_await (fails(errc::network) || succeeds_later(10, did));
    };
    CHECK_FALSE(outcome(either()));
    CHECK(did);
}

TEST_CASE("asio: when both sides of || throw, it is no system_error that comes out") {
    const auto either = [&]() -> asio::awaitable<void> {
        co_await (fails(errc::network) || fails(errc::syntax));
    };
    const auto thrown = outcome(either());
    CHECK_THROWS_AS(std::rethrow_exception(thrown), asio::multiple_exceptions);
    CHECK(first_of(thrown) == std::error_code(make_error_code(errc::network)));
}

TEST_CASE("asio: && throws of the left side first, though it was only cancelled") {
    const auto both = [&](bool left) -> asio::awaitable<void> {
        if (left)
            co_await (fails(errc::network) && waits());
        else
            co_await (waits() && fails(errc::network));
    };
    CHECK(first_of(outcome(both(true))) == std::error_code(make_error_code(errc::network)));
    CHECK(first_of(outcome(both(false))) ==
          std::error_code(asio::error::make_error_code(asio::error::operation_aborted)));
}

TEST_CASE("timeout: what its operation throws comes out as it is, and at once") {
    const auto limited = []() -> asio::awaitable<void> {
        co_await timeout(std::chrono::hours(1), fails(errc::network));
    };
    const auto thrown = outcome(limited());
    REQUIRE(thrown);
    try {
        std::rethrow_exception(thrown);
    } catch (const Error& error) {
        CHECK(error.code() == errc::network);
    }
}
