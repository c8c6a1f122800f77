// A browser offers, we answer, and echo whatever comes on any data channel.
#include "cortc/cortc.hpp"
#include "cortc/signaling/websocket.hpp"
#include "index_html.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cstdio>

namespace asio = boost::asio;
using asio::awaitable;
using namespace asio::experimental::awaitable_operators;

awaitable<void> negotiate(cortc::PeerConnection& pc, cortc::signaling::session& browser) {
    for (;;) {
        auto message = co_await browser.receive();
        if (auto* candidate = std::get_if<cortc::IceCandidate>(&message)) {
            co_await pc.addIceCandidate(*candidate);
        } else {
            co_await pc.setRemoteDescription(std::get<cortc::SessionDescription>(message));
            auto answer = co_await pc.createAnswer();
            co_await browser.send(answer); // before the candidates that the next line makes
            co_await pc.setLocalDescription(answer);
        }
    }
}

awaitable<void> until_it_leaves(cortc::PeerConnection& pc, cortc::signaling::session& browser) {
    try {
        co_await negotiate(pc, browser);
    } catch (const boost::system::system_error& end) {
        fmt::print("a browser is gone: {}\n", end.what());
    }
}

awaitable<void> trickle(cortc::PeerConnection& pc, cortc::signaling::session& browser) {
    for (;;) {
        auto candidate = co_await pc.nextIceCandidate();
        if (candidate) co_await browser.send(*candidate);
    }
}

awaitable<void> echo(cortc::DataChannel channel) {
    for (;;) {
        auto message = co_await channel.receive();
        co_await channel.send(message);
    }
}

awaitable<void> echo_channels(cortc::PeerConnection& pc) {
    for (;;) {
        co_await pc.dataChannelReadable(); // takes nothing, so that it may stand under ||, as below
        while (auto channel = pc.tryNextDataChannel()) {
            fmt::print("channel \"{}\" is open\n", channel->label());
            asio::co_spawn(pc.get_context().get_executor(), echo(*channel), asio::detached);
        }
    }
}

awaitable<void> talk(cortc::context context, cortc::signaling::session browser) {
    cortc::PeerConnection pc(context);
    co_await (until_it_leaves(pc, browser) || trickle(pc, browser) || echo_channels(pc));
}

awaitable<void> serve(cortc::context context, cortc::signaling::server& server) {
    for (;;) {
        auto browser = co_await server.accept();
        asio::co_spawn(context.get_executor(), talk(context, std::move(browser)), asio::detached);
    }
}

int main(int argc, char** argv) try {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;
    for (int i = 1; i < argc; i += 2) {
        const std::string_view option = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), port);
        if (option == "--host" && !value.empty()) {
            host = value;
        } else if (option != "--port" || error != std::errc() || end != value.data() + value.size()) {
            fmt::print(stderr, "usage: {} [--host ADDRESS] [--port PORT]   (port 0: any)\n", argv[0]);
            return 2;
        }
    }
    const auto address = asio::ip::make_address(host);
    std::setvbuf(stdout, nullptr, _IOLBF, 0); // each line at once, into a pipe too

    asio::io_context io;
    cortc::context_options options;
    if (address.is_loopback()) // for a browser on this machine: nothing is to be reached from the network
        options.interface_filter = [](const auto& local) { return local.address.is_loopback(); };
    cortc::context context(io.get_executor(), options);

    cortc::signaling::server_options pages;
    pages.pages["/"] = cortc::signaling::page("text/html; charset=utf-8", std::string(index_html));
    cortc::signaling::server server(io.get_executor(), {address, port}, pages);
    fmt::print("open {} in a browser; Ctrl-C ends\n", server.url());

    asio::signal_set stop(io, SIGINT, SIGTERM);
    stop.async_wait([&](auto, int) { io.stop(); });
    asio::co_spawn(io, serve(context, server), asio::detached);
    io.run();
} catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
