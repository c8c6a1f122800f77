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

#include <chrono>
#include <cstdio>
#include <memory>
#include <set>

namespace asio = boost::asio;
using asio::awaitable;

struct peer {
    cortc::PeerConnection pc;
    cortc::signaling::session browser;
};
using peers = std::set<std::shared_ptr<peer>>; // who is here now

// Whatever comes goes back; at "change" our transceiver changes its direction, as the page's does in the same
// moment.
awaitable<void> echo(std::shared_ptr<peer> self) {
    using enum cortc::RtpTransceiverDirection;
    auto channel = co_await self->pc.nextDataChannel();
    cortc::RtpTransceiverInit init(sendonly);
    auto ours = self->pc.addTransceiver(cortc::MediaKind::audio, init);
    for (;;) {
        auto message = co_await channel.receive();
        if (message.is_text() && message.text() == "change")
            ours.direction(ours.direction() == sendonly ? inactive : sendonly);
        else
            co_await channel.send(message);
    }
}

void tell(const std::exception& error) { fmt::print("negotiation: {}\n", error.what()); }

awaitable<void> talk(cortc::context context, cortc::signaling::session browser, peers& here) {
    const bool polite = browser.target() == "/?polite"; // exactly one end is
    auto self = std::make_shared<peer>(cortc::PeerConnection(context), std::move(browser));
    here.insert(self);
    asio::co_spawn(context.get_executor(), echo(self), asio::detached);
    auto end = co_await cortc::perfect_negotiation(self->pc, self->browser, polite, tell);
    self->pc.close();
    here.erase(self);
    fmt::print("a browser is gone ({}): {}\n", to_string(end.outcome), end.text);
}

awaitable<void> say_goodbye(std::shared_ptr<peer> to) {
    to->pc.close();
    const cortc::signaling::close_reason why(1001, "the server ends");
    co_await to->browser.close(why);
}

awaitable<void> serve(cortc::context context, cortc::signaling::server& server, peers& here) {
    for (;;) {
        auto browser = co_await server.accept();
        asio::co_spawn(context.get_executor(), talk(context, std::move(browser), here), asio::detached);
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

    peers here;
    asio::co_spawn(io, serve(context, server, here), asio::detached);
    asio::signal_set stop(io, SIGINT, SIGTERM);
    stop.async_wait([&](auto, int) { io.stop(); });
    io.run();

    // A signal came: nobody is let in any more, everybody gets a goodbye, and run_for() returns when the last
    // one is gone. Who is not gone after five seconds is dropped.
    fmt::print("ending\n");
    server.close();
    for (const auto& each : here) asio::co_spawn(io, say_goodbye(each), asio::detached);
    io.restart();
    io.run_for(std::chrono::seconds(5));
} catch (const std::exception& error) {
    fmt::print(stderr, "{}\nusage: {} [--host ADDRESS] [--port PORT]\n", error.what(), argv[0]);
    return 1;
}
