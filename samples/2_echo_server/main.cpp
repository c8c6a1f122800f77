// Answers the offers that are POSTed to /offer, and echoes whatever comes on any data channel.
#include "arguments.hpp"
#include "cortc/cortc.hpp"
#include "cortc/signaling/http.hpp"
#include "prometheus.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <set>

namespace asio = boost::asio;
using asio::awaitable;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

// A stranger who is connected, or about to be.
class guest {
  public:
    explicit guest(const cortc::context& context) : pc(context), clock(context) {}

    cortc::PeerConnection pc;
    cortc::timer clock;
    bool heard = false; // of lately
};

awaitable<void> echo(cortc::DataChannel channel, std::shared_ptr<guest> from) {
    for (;;) {
        auto message = co_await channel.receive();
        from->heard = true;
        co_await channel.send(message); // waits while the peer does not read
    }
}

awaitable<void> echo_channels(std::shared_ptr<guest> from) {
    for (;;) {
        co_await from->pc.dataChannelReadable(); // takes nothing, so that it may stand under ||, as below
        while (auto channel = from->pc.tryNextDataChannel())
            asio::co_spawn(from->pc.get_context().get_executor(), echo(*channel, from), asio::detached);
    }
}

// It closed, or vanished.
awaitable<void> until_it_leaves(cortc::PeerConnection& pc) {
    using enum cortc::PeerConnectionState;
    for (auto state = connected; state != failed && state != closed;) state = co_await pc.stateChanged(state);
}

awaitable<void> until_it_is_silent(guest& who, std::chrono::seconds limit) {
    do {
        who.heard = false;
        co_await who.clock.wait(limit);
    } while (who.heard);
}

class echo_server {
  public:
    echo_server(cortc::context context, std::size_t at_most, std::chrono::seconds idle)
        : context_(std::move(context)), at_most_(at_most), idle_(idle) {}

    // What is thrown here, for instance by an offer that does not fit, the client gets as JSON.
    awaitable<cortc::SessionDescription> answer(cortc::SessionDescription offer) {
        if (guests_.size() >= at_most_) throw cortc::Error(cortc::errc::limit, "no connection is free");
        auto who = std::make_shared<guest>(context_);
        guests_.insert(who);
        try {
            auto answer = co_await cortc::answer(who->pc, std::move(offer));
            asio::co_spawn(context_.get_executor(), talk(who), asio::detached);
            co_return answer;
        } catch (...) {
            guests_.erase(who);
            throw;
        }
    }
    // For Prometheus. The counters know no guest, and last longer than they do.
    awaitable<cortc::signaling::http_response> metrics() {
        const prometheus_text now(context_.totals());
        co_return cortc::signaling::http_response("text/plain; version=0.0.4", now.text());
    }
    void close() {
        for (auto& each : guests_) each->pc.close();
    }

  private:
    awaitable<void> talk(std::shared_ptr<guest> who) {
        try {
            co_await cortc::timeout(30s, who->pc.connected());
            co_await (until_it_leaves(who->pc) || until_it_is_silent(*who, idle_) || echo_channels(who));
        } catch (const std::exception& error) {
            fmt::print("a connection failed: {}\n", error.what());
        }
        who->pc.close(); // ends what echoes its channels
        guests_.erase(who);
        fmt::print("a connection has ended; there are {}\n", guests_.size());
    }

    cortc::context context_;
    std::size_t at_most_;
    std::chrono::seconds idle_;
    std::set<std::shared_ptr<guest>> guests_;
};

int main(int argc, char** argv) try {
    arguments given(argc, argv);
    const auto address = asio::ip::make_address(given.text("--host", "127.0.0.1"));
    const auto port = given.number<std::uint16_t>("--port", 8080, 0, 65535);
    const auto count = given.number<std::size_t>("--count", 1000, 1, 65535);
    const auto idle = std::chrono::seconds(given.number("--idle", 300, 1, 86400));
    cortc::context_options options;
    options.limits.max_message_size = given.number<std::size_t>("--size", 262144, 1, 1 << 20);
    options.limits.data_channels = 16; // of one connection; each may have a message under way
    given.end();
    std::setvbuf(stdout, nullptr, _IOLBF, 0); // each line at once, into a pipe too

    asio::io_context io;
    if (address.is_loopback()) // for programs on this machine: nothing is to be reached from the network
        options.interface_filter = [](const auto& local) { return local.address.is_loopback(); };
    echo_server echoes(cortc::context(io.get_executor(), options), count, idle);

    cortc::signaling::http_options http;
    http.posts["/offer"] =
        cortc::signaling::answer_offers([&](auto offer) { return echoes.answer(std::move(offer)); });
    http.gets["/metrics"] = [&](auto) { return echoes.metrics(); };
    cortc::signaling::http_server server(io.get_executor(), {address, port}, http);
    fmt::print("POST offers to {}offer (Ctrl-C ends)\n", server.url());

    asio::signal_set stop(io, SIGINT, SIGTERM);
    stop.async_wait([&](auto, int) {
        server.close();
        echoes.close();
    });
    io.run(); // ends by itself when everything is closed
} catch (const std::exception& error) {
    fmt::print(stderr,
               "{}\nusage: {} [--host ADDRESS] [--port PORT] [--count CONNECTIONS] [--size BYTES]\n"
               "       [--idle SECONDS]\n",
               error.what(), argv[0]);
    return 1;
}
