// named_peer PAGE: serves the page (relayed.html) to a browser that gives its host candidates names ending in
// `.local`, as we do, and looks whether each end finds the other's address. Prints the URL of the page. Exit
// 0: all well.
#include "cortc/cortc.hpp"
#include "cortc/signaling/websocket.hpp"
#include "judge.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <string>

namespace asio = boost::asio;
using asio::awaitable;
using namespace cortc;
using namespace std::chrono_literals;

namespace {

/// Of the remote candidate of the pair in use, as it is signaled: the event of the selection may have been
/// earlier.
awaitable<std::string> type_of_remote(PeerConnection& pc) {
    auto report = co_await pc.getStats();
    for (const auto* transport : report.all<TransportStats>()) {
        const auto* pair = transport->selectedCandidatePairId
                               ? report.get<IceCandidatePairStats>(*transport->selectedCandidatePairId)
                               : nullptr;
        const auto* remote = pair ? report.get<IceCandidateStats>(pair->remoteCandidateId) : nullptr;
        if (remote) co_return to_json(*remote);
    }
    co_return "none";
}

/// Whether there are host candidates, each with a name.
bool named(const std::string& sdp) {
    std::size_t hosts = 0;
    for (auto at = sdp.find("a=candidate:"); at != std::string::npos; at = sdp.find("a=candidate:", at + 1)) {
        const auto line = sdp.substr(at, sdp.find("\r\n", at) - at);
        if (line.find(" typ host") == std::string::npos) continue;
        if (line.find(".local ") == std::string::npos) return false;
        ++hosts;
    }
    return hosts != 0;
}

awaitable<void> serve(asio::io_context& io, std::string page) {
    static standard_error log;
    context_options options;
    options.mdns.publish = true;
    options.log = &log;
    options.least_level = standard_error::least();
    context where(io.get_executor(), options);
    signaling::server_options pages;
    pages.pages["/"] = signaling::page("text/html; charset=utf-8", std::move(page));
    const asio::ip::tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
    signaling::server server(io.get_executor(), any, pages);
    fmt::print("{}\n", server.url());
    std::fflush(stdout);
    auto browser = co_await timeout(20s, server.accept());
    server.close();
    PeerConnection pc(where);
    auto channel = pc.createDataChannel("main");
    std::string broken;
    asio::co_spawn(
        io,
        perfect_negotiation(pc, browser, false, [&](const std::exception& error) { broken += error.what(); }),
        [](std::exception_ptr, negotiation_end) {});
    co_await timeout(20s, channel.opened());
    timer clock(where);
    // A check of the browser may have been faster: then what is found takes its place.
    std::string found;
    for (int i = 0; i < 600 && found.find("\"candidateType\":\"host\"") == std::string::npos; ++i) {
        found = co_await type_of_remote(pc);
        co_await clock.wait(10ms);
    }
    check(found.find("\"candidateType\":\"host\"") != std::string::npos,
          "the browser's name was found: " + found);
    check(named(pc.localDescription()->sdp) && named(pc.remoteDescription()->sdp),
          "the descriptions have names alone");
    std::string remote;
    for (int i = 0; i < 100 && !remote.starts_with("host"); ++i) {
        co_await channel.send(std::string_view("!remote"));
        auto told = co_await timeout(10s, channel.receive());
        remote = std::string(told.text());
        co_await clock.wait(50ms);
    }
    check(remote.starts_with("host"), "the browser has found ours: " + remote);
    pc.close();
    co_await pc.closed();
    co_await browser.close();
    check(broken.empty(), "closed " + broken);
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    asio::io_context io;
    return judged(io, serve(io, text_of_file(argv[1])), 60s);
}
