// A browser and we may both change anything at any time: perfect negotiation, on both ends.
#include "arguments.hpp"
#include "cortc/cortc.hpp"
#include "cortc/signaling/websocket.hpp"
#include "index_html.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <memory>

namespace asio = boost::asio;
using asio::awaitable;

// Whatever comes goes back; at "change" our transceiver changes its direction, as the page's does in the same
// moment.
awaitable<void> echo(std::shared_ptr<cortc::PeerConnection> pc) {
    using enum cortc::RtpTransceiverDirection;
    auto channel = co_await pc->nextDataChannel();
    cortc::RtpTransceiverInit init(sendonly);
    auto ours = pc->addTransceiver(cortc::MediaKind::audio, init);
    for (;;) {
        auto message = co_await channel.receive();
        if (message.is_text() && message.text() == "change")
            ours.direction(ours.direction() == sendonly ? inactive : sendonly);
        else
            co_await channel.send(message);
    }
}

void tell(const std::exception& error) { fmt::print("negotiation: {}\n", error.what()); }

awaitable<void> talk(cortc::context context, cortc::signaling::session browser) {
    const bool polite = browser.target() == "/?polite"; // exactly one end is
    auto pc = std::make_shared<cortc::PeerConnection>(context);
    asio::co_spawn(context.get_executor(), echo(pc), asio::detached);
    auto end = co_await cortc::perfect_negotiation(*pc, browser, polite, tell);
    pc->close();
    fmt::print("a browser is gone ({}): {}\n", to_string(end.outcome), end.text);
}

awaitable<void> serve(cortc::context context, cortc::signaling::server& server) {
    for (;;) {
        auto browser = co_await server.accept();
        asio::co_spawn(context.get_executor(), talk(context, std::move(browser)), asio::detached);
    }
}

int main(int argc, char** argv) try {
    arguments given(argc, argv);
    const auto address = asio::ip::make_address(given.text("--host", "127.0.0.1"));
    const auto port = given.number<std::uint16_t>("--port", 8080, 0, 65535);
    given.end();
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
    fmt::print(stderr, "{}\nusage: {} [--host ADDRESS] [--port PORT]\n", error.what(), argv[0]);
    return 1;
}
