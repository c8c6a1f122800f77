// A browser offers, we answer, and echo whatever comes on any data channel.
#include "cortc/base/quoted.hpp"
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
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>

namespace asio = boost::asio;
using asio::awaitable;
using namespace asio::experimental::awaitable_operators;

// A browser and our end of the connection to it.
class guest {
  public:
    guest(const cortc::context& context, cortc::signaling::session from)
        : pc(context), browser(std::move(from)) {}

    cortc::PeerConnection pc;
    cortc::signaling::session browser;
};
using guests = std::set<std::shared_ptr<guest>>; // who is here now

awaitable<void> negotiate(guest& who) {
    for (;;) {
        auto message = co_await who.browser.receive();
        if (auto* candidate = std::get_if<cortc::IceCandidate>(&message)) {
            co_await who.pc.addIceCandidate(*candidate);
        } else if (auto* offer = std::get_if<cortc::SessionDescription>(&message)) {
            co_await who.pc.setRemoteDescription(*offer);
            auto answer = co_await who.pc.createAnswer();
            co_await who.browser.send(answer); // before the candidates that the next line makes
            co_await who.pc.setLocalDescription(answer);
        }
    }
}

awaitable<void> until_it_leaves(guest& who) {
    try {
        co_await negotiate(who);
    } catch (const boost::system::system_error& end) {
        fmt::print("a browser is gone: {}\n", end.what());
    }
}

awaitable<void> trickle(guest& who) {
    for (;;) {
        auto candidate = co_await who.pc.nextIceCandidate();
        if (candidate) co_await who.browser.send(*candidate);
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
            fmt::print("channel {} is open\n", cortc::in_quotes(channel->label()));
            asio::co_spawn(pc.get_context().get_executor(), echo(*channel), asio::detached);
        }
    }
}

awaitable<void> talk(std::shared_ptr<guest> who, guests& here) {
    here.insert(who);
    co_await (until_it_leaves(*who) || trickle(*who) || echo_channels(who->pc));
    here.erase(who);
}

awaitable<void> serve(cortc::context context, cortc::signaling::server& server, guests& here) {
    for (;;) {
        auto browser = co_await server.accept();
        auto who = std::make_shared<guest>(context, std::move(browser));
        asio::co_spawn(context.get_executor(), talk(who, here), asio::detached);
    }
}

awaitable<void> say_goodbye(std::shared_ptr<guest> who) {
    who->pc.close();
    const cortc::signaling::close_reason why(1001, "the server ends");
    co_await who->browser.close(why);
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

    guests here;
    asio::co_spawn(io, serve(context, server, here), asio::detached);
    asio::signal_set stop(io, SIGINT, SIGTERM);
    stop.async_wait([&](auto, int) { io.stop(); });
    io.run();

    // A signal came. Nobody is let in any more, and everybody gets a goodbye; when the last one is gone
    // nothing is left to do, and run_for() returns. Who is not gone after five seconds is dropped.
    fmt::print("ending\n");
    server.close();
    for (const auto& who : here) asio::co_spawn(io, say_goodbye(who), asio::detached);
    io.restart();
    io.run_for(std::chrono::seconds(5));
} catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
