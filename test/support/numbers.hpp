#pragma once

#include "cortc/data_channel.hpp"
#include "cortc/timer.hpp"
#include "test/support/catch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace cortc::test {

/// Numbered messages at a steady rate over a channel that may repeat nothing, and who missed what.
struct numbers {
    context where;
    DataChannel out, in;
    duration every = std::chrono::milliseconds(3);
    bool stop = false;
    int sent = 0;
    std::vector<int> received{};

    boost::asio::awaitable<void> send() {
        timer clock(where);
        while (!stop) {
            const auto text = fmt::format("{:06}", sent);
            CHECK(out.trySend(text));
            ++sent;
            co_await clock.wait(every);
        }
    }
    boost::asio::awaitable<void> receive() {
        try {
            for (;;) {
                auto message = co_await in.receive();
                received.push_back(std::stoi(std::string(message.text())));
            }
        } catch (const Error&) { // the channel is closed
        }
    }
    void check_all() {
        std::ranges::sort(received);
        REQUIRE(received.size() == static_cast<std::size_t>(sent));
        for (int i = 0; i < sent; ++i)
            if (received[static_cast<std::size_t>(i)] != i)
                FAIL("number " << i << " is missing or came twice");
    }
};

} // namespace cortc::test
