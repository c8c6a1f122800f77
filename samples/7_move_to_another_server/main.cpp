// Moves a live connection from one TURN server to another: the example of setConfiguration() in the W3C's
// documentation, as a server's author writes it.
#include "arguments.hpp"
#include "cortc/cortc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <cstdio>

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;

// The offer with its candidates, and the answer with its own.
awaitable<void> signal(cortc::PeerConnection& pc, cortc::PeerConnection& peer) {
    co_await pc.gatheringComplete();
    auto answer = co_await cortc::answer(peer, *pc.localDescription());
    co_await pc.setRemoteDescription(answer);
}

// JavaScript:
//     pc.setConfiguration({ iceServers: [{ urls, username, credential }], iceTransportPolicy: "relay" });
//     const offer = await pc.createOffer({ iceRestart: true });
//     await pc.setLocalDescription(offer);
//     sendOfferToPeer(pc.localDescription);       // and what it answers goes to setRemoteDescription()
// Here the peer is at hand, so that what signaling carries is a function call. A server that has many
// connections calls this for each, when it takes a TURN server out of service.
awaitable<void> move_to(const cortc::IceServer& server, cortc::PeerConnection& pc,
                        cortc::PeerConnection& peer) {
    for (auto* each : {&pc, &peer}) {
        auto configuration = each->getConfiguration();
        configuration.iceServers = {server};
        configuration.iceTransportPolicy = cortc::IceTransportPolicy::relay;
        each->setConfiguration(configuration); // for candidates that are gathered from now on
    }
    co_await pc.setLocalDescription(co_await pc.createOffer({.iceRestart = true}));
    co_await signal(pc, peer);
    // Until then everything goes the old way, and afterwards the old server is given its relay back.
    co_await cortc::timeout(10s, pc.restarted());
    co_await cortc::timeout(10s, peer.restarted());
}

std::string relay_of(const cortc::PeerConnection& pc) {
    const auto pair = pc.selectedPair();
    return pair ? pair->local.candidate : "nothing";
}

awaitable<void> talk(cortc::context context, cortc::IceServer first, cortc::IceServer second) {
    cortc::Configuration configuration;
    configuration.iceServers = {first};
    configuration.iceTransportPolicy = cortc::IceTransportPolicy::relay;
    cortc::PeerConnection pc(context, configuration), peer(context, configuration);
    auto channel = pc.createDataChannel("talk");
    co_await pc.setLocalDescription(co_await pc.createOffer());
    co_await signal(pc, peer);
    co_await cortc::timeout(10s, channel.opened());
    auto other = co_await peer.nextDataChannel();
    fmt::print("connected over {}\n", relay_of(pc));
    co_await channel.send("sent before the move");
    co_await move_to(second, pc, peer);
    fmt::print("moved to {}\n", relay_of(pc));
    co_await channel.send("sent after it");
    for (int i = 0; i < 2; ++i) {
        auto message = co_await other.receive();
        fmt::print("received: {}\n", message.text());
    }
    for (auto* each : {&pc, &peer}) each->close();
    for (auto* each : {&pc, &peer}) co_await each->closed();
}

int main(int argc, char** argv) try {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    arguments given(argc, argv);
    const auto username = given.text("--username", "user"), credential = given.text("--credential", "secret");
    const cortc::IceServer first(given.text("--first", "turn:127.0.0.1:3478"), username, credential);
    const cortc::IceServer second(given.text("--second", "turn:127.0.0.1:3479"), username, credential);
    given.end();
    asio::io_context io;
    cortc::context_options options;
    options.interface_filter = [](const auto& local) { return local.address.is_v4(); };
    cortc::context context(io.get_executor(), options);
    int code = 1;
    asio::co_spawn(io, talk(context, first, second), [&](std::exception_ptr error) {
        try {
            if (error) std::rethrow_exception(error);
            code = 0;
        } catch (const std::exception& why) {
            fmt::print(stderr, "{}\n", why.what());
        }
    });
    io.run();
    return code;
} catch (const std::exception& error) {
    fmt::print(stderr,
               "{}\nusage: {} [--first URL] [--second URL] [--username NAME] [--credential PASSWORD]\n",
               error.what(), argv[0]);
    return 1;
}
