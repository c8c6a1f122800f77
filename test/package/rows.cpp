// The right-hand columns of include/cortc/from_javascript.md and from_libdatachannel.md: readme.sh looks for
// each piece of code in here, and it must compile.
#include "cortc/cortc.hpp"
#include "cortc/signaling/json.hpp"
#include "cortc/signaling/websocket.hpp"

#include <string>
#include <utility>

namespace asio = boost::asio;
using namespace std::chrono_literals;

asio::awaitable<void> negotiation(cortc::context context, cortc::Configuration configuration,
                                  cortc::SessionDescription d, cortc::SessionDescription offer,
                                  cortc::IceCandidate c) {
    configuration.iceServers.push_back(
        cortc::IceServer({.urls = "turn:example.org", .username = "user", .credential = "secret"}));
    cortc::PeerConnection pc(context, configuration);
    auto cursor = pc.createDataChannel("cursor", {.ordered = false, .maxRetransmits = 0});
    auto created = co_await pc.createOffer({.iceRestart = true});
    co_await pc.setLocalDescription();
    co_await pc.setRemoteDescription(d);
    co_await pc.addIceCandidate(c);
    auto candidate = co_await pc.nextIceCandidate();
    auto answer = co_await cortc::answer(pc, offer);
    co_await pc.negotiationNeeded();
    co_await pc.gatheringComplete();
    co_await pc.connected();
    auto state = pc.connectionState();
    state = co_await pc.stateChanged(state);
    auto from = pc.signalingState();
    from = co_await pc.signalingStateChanged(from);
    {
        auto from = pc.connectionState();
        from = co_await pc.stateChanged(from);
    }
    pc.restartIce();
    auto ice = pc.sctp()->transport().iceTransport();
    auto certificate = co_await cortc::generateCertificate(context, cortc::KeygenAlgorithm::ecdsa());
    auto text = cortc::signaling::to_json(*pc.localDescription());
    auto report = co_await pc.getStats();
    text = to_json(report);
    try {
        pc.close();
    } catch (const cortc::Error& error) {
        text = error.name();
    }
}

asio::awaitable<void> channels(cortc::PeerConnection& pc, std::string data, std::string x, std::size_t n) {
    auto channel = co_await pc.nextDataChannel();
    co_await channel.opened();
    auto message = co_await channel.receive();
    if (message.is_text())
        x = message.text();
    else
        x.resize(message.data().size());
    co_await channel.send(data);
    co_await channel.send(x);
    (void)channel.trySend(data);
    channel.bufferedAmountLowThreshold(n);
    co_await channel.bufferedAmountLow();
    message = co_await cortc::timeout(5s, channel.receive());
    co_await channel.closed();
    auto event = co_await pc.nextTrack();
    auto track = event.track;
    auto streams = event.streams;
    auto from = track.muted();
    from = co_await track.mutedChanged(from);
    co_await track.ended();
}

asio::awaitable<void> settings(asio::any_io_executor executor, std::string url, cortc::log_sink& sink) {
    cortc::DataChannelInit init;
    init.ordered = false;
    init.maxRetransmits = 0;
    init.maxRetransmits.reset();
    init.maxPacketLifeTime = 100;
    cortc::context_options options;
    options.log = &sink;
    options.least_level = cortc::log_level::debug;
    options.port_range = {50000, 50100};
    options.udp_mux.emplace().port = 3478;
    options.interface_filter = [](const auto& local) { return !local.address.is_loopback(); };
    options.server_trust = cortc::crypto::server_trust::pem("-----BEGIN CERTIFICATE-----...");
    options.limits.max_message_size = 65536;
    cortc::context context(executor, options);
    cortc::timer timer(context);
    auto browser = co_await cortc::signaling::connect(executor, url);
    cortc::PeerConnection pc(context);
    auto end = co_await cortc::perfect_negotiation(pc, browser, true);
    cortc::signaling::server server(executor, {asio::ip::address_v4::loopback(), 0}, {});
}
