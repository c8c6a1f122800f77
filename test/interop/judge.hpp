#pragma once

#include "cortc/base/log.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

/// What the programs that judge a peer have in common: they print what holds, and end with 0 when all did.

inline void check(bool condition, std::string_view what) {
    if (!condition) throw std::runtime_error(std::string(what));
    fmt::print("ok  {}\n", what);
    std::fflush(stdout);
}

inline std::string text_of_file(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

/// The library's log, when the environment variable CORTC_TEST_LOG is set.
class standard_error final : public cortc::log_sink {
  public:
    static bool wanted() { return std::getenv("CORTC_TEST_LOG") != nullptr; }
    static cortc::log_level least() { return wanted() ? cortc::log_level::debug : cortc::log_level::off; }

    void write(cortc::log_level, std::string_view component, std::string_view message) noexcept override {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        fmt::print(stderr, "{} {}: {}\n", std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
                   component, message);
    }
};

/// Runs `serve` on `io`. What main() returns: 0 when it has ended well, and nothing runs any more.
inline int judged(boost::asio::io_context& io, boost::asio::awaitable<void> serve,
                  std::chrono::seconds patience) {
    bool well = false;
    boost::asio::co_spawn(io, std::move(serve), [&](std::exception_ptr error) {
        try {
            if (error) std::rethrow_exception(error);
            well = true;
        } catch (const std::exception& caught) {
            fmt::print("FAILED: {}\n", caught.what());
            io.stop();
        }
    });
    io.run_for(patience);
    if (well && !io.stopped()) fmt::print("FAILED: something still runs after everything was closed\n");
    return well && io.stopped() ? 0 : 1;
}
