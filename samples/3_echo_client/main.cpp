// Offers a data channel to an echo server, and sees whether what it sends comes back.
#include "arguments.hpp"
#include "cortc/cortc.hpp"
#include "cortc/signaling/http.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <vector>

namespace asio = boost::asio;
using asio::awaitable;

class task {
  public:
    std::string url;
    std::size_t count = 0; // messages
    std::size_t size = 0;  // bytes of each
    std::chrono::milliseconds patience{};
};

// Text that differs from message to message.
std::string message(std::size_t number, std::size_t size) {
    auto text = fmt::format("{} ", number);
    while (text.size() < size) text += static_cast<char>('a' + (number + text.size() * 7) % 26);
    text.resize(size);
    return text;
}

// One connection. Cancelled at any step, it closes and ends. `step` tells what it is at.
awaitable<void> run(cortc::context context, const task& what, std::string_view& step) {
    cortc::PeerConnection pc(context);
    auto channel = pc.createDataChannel("echo");
    step = "offering";
    co_await pc.setLocalDescription();
    co_await cortc::timeout(what.patience, pc.gatheringComplete());
    auto offer = pc.localDescription().value();
    cortc::signaling::post_options options;
    options.timeout = what.patience;
    auto answer = co_await cortc::signaling::post_offer(context.get_executor(), what.url, offer, options);
    step = "taking the answer";
    co_await pc.setRemoteDescription(answer);
    step = "connecting";
    co_await cortc::timeout(what.patience, channel.opened());
    fmt::print("connected\n");
    step = "sending and receiving";
    for (std::size_t i = 0; i < what.count; ++i) {
        const auto text = message(i, what.size);
        co_await channel.send(text);
        auto back = co_await cortc::timeout(what.patience, channel.receive());
        if (!back.is_text() || back.text() != text)
            throw std::runtime_error(fmt::format("message {} came back as another", i));
    }
}

// An IPv6 address stands in brackets (RFC 3986 3.2.2).
std::string url_of(const std::string& host, unsigned port) {
    const bool bare = host.find(':') != host.npos && !host.starts_with('[');
    return fmt::format("http://{}:{}/offer", bare ? "[" + host + "]" : host, port);
}

class attempt {
  public:
    std::string_view step;
    asio::cancellation_signal stop;
};

int main(int argc, char** argv) try {
    arguments given(argc, argv);
    const auto host = given.text("--host", "127.0.0.1");
    const auto port = given.number<unsigned>("--port", 8080, 1, 65535);
    task what;
    what.url = given.word().empty() ? url_of(host, port) : given.word();
    what.count = given.number<std::size_t>("--count", 1, 1, 1000000000);
    what.size = given.number<std::size_t>("--size", 16, 0, 1 << 30);
    what.patience = std::chrono::milliseconds(given.number("--timeout", 10000, 1, 3600000));
    const auto connections = given.number<std::size_t>("--connections", 1, 1, 10000);
    given.end();
    std::setvbuf(stdout, nullptr, _IOLBF, 0); // each line at once, into a pipe too

    asio::io_context io;
    cortc::context_options options;
    options.interface_filter = [](const auto&) { return true; }; // loopback too: the server may be here
    cortc::context context(io.get_executor(), options);
    std::vector<attempt> attempts(connections);
    std::size_t running = connections, failed = 0;

    asio::signal_set interrupted(io, SIGINT, SIGTERM);
    interrupted.async_wait([&](auto error, int) {
        if (error) return;
        for (auto& each : attempts) each.stop.emit(asio::cancellation_type::terminal);
    });
    for (auto& each : attempts) {
        auto ended = [&](std::exception_ptr error) {
            if (--running == 0) interrupted.cancel(); // nothing is left to do: io.run() returns
            try {
                if (error) std::rethrow_exception(error);
            } catch (const std::exception& caught) {
                fmt::print(stderr, "{}: {}\n", each.step, caught.what());
                ++failed;
            }
        };
        asio::co_spawn(io, run(context, what, each.step),
                       asio::bind_cancellation_slot(each.stop.slot(), ended));
    }
    const auto begun = std::chrono::steady_clock::now();
    io.run();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    if (failed > 0) return 1;
    fmt::print("{} messages of {} bytes came back over {} connections in {:.3f} s\n",
               what.count * connections, what.size, connections, took.count());
} catch (const std::exception& error) {
    fmt::print(stderr,
               "{}\nusage: {} [URL] [--host ADDRESS] [--port PORT] [--count MESSAGES] [--size BYTES]\n"
               "       [--connections NUMBER] [--timeout MILLISECONDS]\n",
               error.what(), argv[0]);
    return 1;
}
