#include "test/support/loopback.hpp"

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/use_future.hpp>

#include <cstdlib>
#include <future>
#include <thread>

using namespace cortc;
using namespace std::chrono_literals;

// Contexts on several threads that share one UDP port: the system spreads 5-tuples over their sockets as it
// likes. Run it under ThreadSanitizer, too. CORTC_CLIENTS: how many there are in all.

namespace {

constexpr std::size_t threads = 4;

std::uint16_t free_port() {
    asio::io_context io;
    const asio::ip::udp::socket socket(io, {asio::ip::address_v4::loopback(), 0});
    return socket.local_endpoint().port();
}

/// A thread with a server's context, and one of clients that have sockets of their own.
struct place {
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard = asio::make_work_guard(io);
    std::optional<context> server, client;
    std::future<void> done;
    std::thread thread;
};

struct visit {
    visit(const context& client, const context& server) : a(client), b(server) {}

    asio::awaitable<void> open() {
        to_b = a.createDataChannel("x");
        co_await a.setLocalDescription();
        co_await a.gatheringComplete();
        const auto offer = *a.localDescription();
        const auto reply = co_await answer(b, offer);
        co_await a.setRemoteDescription(reply);
        co_await to_b.opened();
        to_a = co_await b.nextDataChannel();
    }
    asio::awaitable<void> echo(std::string text) {
        co_await to_b.send(text);
        const auto there = co_await to_a.receive();
        if (there.text() != text) throw std::runtime_error("another message");
        co_await to_a.send(text);
        const auto back = co_await to_b.receive();
        if (back.text() != text) throw std::runtime_error("another message");
    }
    asio::awaitable<void> restart() {
        OfferOptions options{.iceRestart = true};
        auto offer = co_await a.createOffer(options);
        co_await a.setLocalDescription(offer);
        co_await a.gatheringComplete();
        offer = *a.localDescription();
        const auto reply = co_await answer(b, offer);
        co_await a.setRemoteDescription(reply);
        co_await a.restarted();
        co_await b.restarted();
    }

    PeerConnection a, b;
    DataChannel to_b{}, to_a{};
};

asio::awaitable<void> run(context client, context server, std::size_t count, std::uint16_t port) {
    std::vector<std::unique_ptr<visit>> all;
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back(std::make_unique<visit>(client, server));
        co_await all.back()->open();
    }
    const auto wanted = " " + std::to_string(port) + " typ host";
    for (std::size_t round = 0; round < 3; ++round) {
        for (std::size_t i = 0; i < count; ++i) co_await all[i]->echo(std::to_string(i));
        if (round == 0)
            for (auto& each : all) co_await each->restart();
    }
    for (auto& each : all)
        if (each->b.localDescription()->sdp.find(wanted) == std::string::npos)
            throw std::runtime_error("another port: " + each->b.localDescription()->sdp);
    for (auto& each : all) {
        each->a.close();
        each->b.close();
        co_await each->a.closed();
        co_await each->b.closed();
    }
}

} // namespace

TEST_CASE("one port for contexts on four threads: every client finds its own, and restarts") {
    const auto* wanted = std::getenv("CORTC_CLIENTS");
    const auto each_has = (wanted ? std::stoul(wanted) : 48) / threads;
    auto options = test::loopback_options();
    options.udp_mux.emplace();
    options.udp_mux->port = free_port();
    options.udp_mux->group = std::make_shared<net::port_group>();
    std::array<place, threads> all;
    for (auto& each : all) {
        each.server.emplace(each.io.get_executor(), options);
        each.client.emplace(each.io.get_executor(), test::loopback_options());
        each.done = asio::co_spawn(each.io, run(*each.client, *each.server, each_has, options.udp_mux->port),
                                   asio::use_future);
    }
    for (auto& each : all) each.thread = std::thread([&each] { each.io.run(); });
    for (auto& each : all) CHECK(each.done.wait_for(300s) == std::future_status::ready);
    for (auto& each : all) {
        each.guard.reset();
        each.io.stop();
        each.thread.join();
    }
    std::uint64_t busy = 0;
    for (auto& each : all) {
        CHECK_NOTHROW(each.done.get());
        for (const auto& drop : each.server->totals().drops)
            if (drop.layer == "mux" && drop.reason == "member busy") busy += drop.count;
        each.server.reset();
        each.client.reset();
    }
    CHECK(busy == 0);
}

TEST_CASE("a group of contexts needs a port of one's choice, and has room for so many") {
    asio::io_context io;
    auto options = test::loopback_options();
    options.udp_mux.emplace();
    options.udp_mux->group = std::make_shared<net::port_group>();
    auto why = [&] {
        try {
            const context made(io.get_executor(), options);
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    CHECK(why().find("context_options::udp_mux.port is 0") != std::string::npos);
    options.udp_mux->port = 40000;
    std::vector<context> all;
    for (unsigned i = 0; i < net::port_group::most_members; ++i) all.emplace_back(io.get_executor(), options);
    CHECK(why().find("64 contexts") != std::string::npos);
    all.pop_back();
    CHECK(why().empty());
}
