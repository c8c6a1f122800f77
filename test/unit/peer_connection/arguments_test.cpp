#include "test/unit/peer_connection/observed.hpp"

#include <limits>

using namespace cortc;
using namespace std::chrono_literals;
using direction = RtpTransceiverDirection;
using test::thrown;

// Every wrong argument has its DOM error, and the message names it.

namespace {

/// "TypeError: what it says", or empty.
template <class T>
asio::awaitable<std::string> said(asio::awaitable<T> operation) {
    const auto error = co_await test::error_of(std::move(operation));
    co_return thrown([&] {
        if (error) std::rethrow_exception(error);
    });
}

/// Both at the beginning of the name and anywhere in the message.
void names(const std::string& all, const std::string& error, const std::string& member,
           const std::string& argument) {
    INFO(all);
    CHECK(all.starts_with(error + ": " + member));
    CHECK(all.find(argument, error.size()) != std::string::npos);
}

Configuration with_servers(std::vector<IceServer> servers) {
    Configuration made;
    made.iceServers = std::move(servers);
    return made;
}

RtpTransceiverInit encoded(std::function<void(RtpEncodingParameters&)> change, std::size_t count = 1) {
    RtpTransceiverInit init;
    for (std::size_t i = 0; i < count; ++i) init.sendEncodings.emplace_back();
    change(init.sendEncodings.back());
    return init;
}

asio::awaitable<void> descriptions(context a) {
    PeerConnection pc(a);
    auto channel = pc.createDataChannel("x");
    auto offer = co_await pc.createOffer();
    std::string all;
    const auto other_text = SessionDescription(SdpType::offer, "v=0\r\n");
    all = co_await said(pc.setLocalDescription(other_text));
    names(all, "InvalidModificationError", "setLocalDescription: ", "description.sdp");
    for (auto type : {SdpType::answer, SdpType::pranswer, SdpType::rollback}) {
        const auto misfit = SessionDescription(type, "");
        all = co_await said(pc.setLocalDescription(misfit));
        names(all, "InvalidStateError", "setLocalDescription: ", "description.type");
        all = co_await said(pc.setRemoteDescription(misfit));
        names(all, "InvalidStateError", "setRemoteDescription: ", "description.type");
    }
    const auto broken = SessionDescription(SdpType::offer, "v=0\r\nnonsense\r\n");
    all = co_await said(pc.setRemoteDescription(broken));
    names(all, "OperationError", "setRemoteDescription: ", "description.sdp, line 2");
    auto incomplete = offer;
    incomplete.sdp.replace(incomplete.sdp.find("a=ice-pwd:"), 5, "a=x-i");
    all = co_await said(pc.setRemoteDescription(incomplete));
    names(all, "InvalidAccessError",
          "setRemoteDescription: ", "description.sdp: section 0 (mid \"0\"): a=ice-pwd");
    all = co_await said(pc.createAnswer());
    CHECK(all.starts_with("InvalidStateError: createAnswer"));
}

asio::awaitable<void> candidates(context a, context b) {
    PeerConnection one(a), other(b);
    auto channel = one.createDataChannel("x");
    auto offer = co_await one.createOffer();
    co_await other.setRemoteDescription(offer);
    const std::string good = "candidate:1 1 udp 1 192.0.2.1 9 typ host";
    std::string all;
    const IceCandidate nowhere(good), unknown_mid(good, "9"), beyond(good, {}, 7), malformed("nonsense", "0"),
        unknown_ufrag(good, "0", {}, "none");
    all = co_await said(other.addIceCandidate(nowhere));
    names(all, "TypeError", "addIceCandidate: ", "sdpMid or sdpMLineIndex");
    all = co_await said(other.addIceCandidate(unknown_mid));
    names(all, "OperationError", "addIceCandidate: ", "sdpMid \"9\"");
    all = co_await said(other.addIceCandidate(beyond));
    names(all, "OperationError", "addIceCandidate: ", "sdpMLineIndex 7");
    all = co_await said(other.addIceCandidate(malformed));
    names(all, "OperationError", "addIceCandidate: ", "candidate \"nonsense\"");
    all = co_await said(other.addIceCandidate(unknown_ufrag));
    names(all, "OperationError", "addIceCandidate: ", "usernameFragment \"none\"");
    CHECK(other.remoteDescription()->sdp.find("a=candidate") == std::string::npos);
}

asio::awaitable<void> sender_parameters(context a) {
    PeerConnection pc(a);
    RtpTransceiverInit init;
    init.sendEncodings.emplace_back("q");
    init.sendEncodings.emplace_back("f");
    auto sender = pc.addTransceiver("video", init).sender();
    const auto good = sender.getParameters();
    struct {
        std::function<void(RtpSendParameters&)> change;
        const char* error;
        const char* argument;
    } const wrong[] = {
        {[](auto& p) { p.encodings.pop_back(); }, "InvalidModificationError", "parameters.encodings"},
        {[](auto& p) { std::swap(p.encodings[0], p.encodings[1]); }, "InvalidModificationError",
         "parameters.encodings[0].rid"},
        {[](auto& p) { p.encodings[1].rid = "x"; }, "InvalidModificationError",
         "parameters.encodings[1].rid"},
        {[](auto& p) { p.transactionId += "x"; }, "InvalidModificationError", "parameters.transactionId"},
        {[](auto& p) { p.rtcp.cname = "x"; }, "InvalidModificationError", "parameters.rtcp"},
        {[](auto& p) { p.codecs.emplace_back(); }, "InvalidModificationError", "parameters.codecs"},
        {[](auto& p) { p.headerExtensions.emplace_back(); }, "InvalidModificationError",
         "parameters.headerExtensions"},
        {[](auto& p) { p.encodings[1].codec = RtpCodec("video/x", 1); }, "InvalidModificationError",
         "parameters.encodings[1].codec"},
        {[](auto& p) { p.encodings[1].scaleResolutionDownBy = 0.5; }, "RangeError",
         "parameters.encodings[1].scaleResolutionDownBy"},
        {[](auto& p) { p.encodings[1].maxFramerate = -1; }, "RangeError",
         "parameters.encodings[1].maxFramerate"},
        {[](auto& p) { p.encodings[1].maxFramerate = std::numeric_limits<double>::quiet_NaN(); },
         "RangeError", "parameters.encodings[1].maxFramerate"},
    };
    std::string all;
    for (const auto& each : wrong) {
        auto changed = good;
        each.change(changed);
        all = co_await said(sender.setParameters(changed));
        names(all, each.error, "setParameters: ", each.argument);
    }
    CHECK(sender.getParameters() == good);
    std::optional<MediaStreamTrack> audio(MediaStreamTrack(a, MediaKind::audio)), empty((MediaStreamTrack()));
    all = co_await said(sender.replaceTrack(audio));
    names(all, "TypeError", "replaceTrack: ", "track");
    all = co_await said(sender.replaceTrack(empty));
    names(all, "TypeError", "replaceTrack: ", "track");
    std::vector<Message> none;
    const std::span<Message> room(none);
    auto channel = pc.createDataChannel("x");
    all = co_await said(channel.receive(room));
    names(all, "TypeError", "receive", "batch");
    all = co_await said(channel.send("x"));
    names(all, "InvalidStateError", "send: ", "connecting");
    CHECK(thrown([&] { (void)channel.trySend("x"); }).starts_with("InvalidStateError: trySend: "));
    all = co_await said(channel.writable());
    names(all, "InvalidStateError", "writable: ", "connecting");
}

asio::awaitable<void> algorithms(context a) {
    struct {
        std::function<void(KeygenAlgorithm&)> change;
        const char* error;
        const char* argument;
    } const wrong[] = {
        {[](auto& it) { it.name = "DSA"; }, "NotSupportedError", "algorithm.name"},
        {[](auto& it) { it.namedCurve = "P-521"; }, "NotSupportedError", "algorithm.namedCurve"},
        {[](auto& it) { it = KeygenAlgorithm::rsa(), it.modulusLength = 1; }, "NotSupportedError",
         "algorithm: RSA"},
        {[](auto& it) { it.expires = -1ms; }, "TypeError", "algorithm.expires"},
    };
    std::string all;
    for (const auto& each : wrong) {
        KeygenAlgorithm algorithm;
        each.change(algorithm);
        all = co_await said(generateCertificate(a, algorithm));
        names(all, each.error, "generateCertificate: ", each.argument);
    }
}

} // namespace

TEST_CASE("Wrong arguments: setLocalDescription, setRemoteDescription") {
    test::two_hosts net;
    net.run(descriptions(net.a), 1s);
}

TEST_CASE("Wrong arguments: addIceCandidate") {
    test::two_hosts net;
    net.run(candidates(net.a, net.b), 1s);
}

TEST_CASE("Wrong arguments: setParameters, replaceTrack, receive, send") {
    test::two_hosts net;
    net.run(sender_parameters(net.a), 1s);
}

TEST_CASE("Wrong arguments: generateCertificate, Certificate::from_pem") {
    test::two_hosts net;
    net.run(algorithms(net.a), 1s);
    names(thrown([] { (void)Certificate::from_pem("nonsense"); }), "SyntaxError",
          "Certificate::from_pem: ", "is not PEM");
    names(thrown([] { (void)Certificate::from_pem("-----BEGIN CERTIFICATE-----\n", "nonsense"); }),
          "SyntaxError", "Certificate::from_pem: ", "key");
}

TEST_CASE("Wrong arguments: the constructor and setConfiguration") {
    test::two_hosts net;
    auto refused = [&](const Configuration& wanted) {
        const auto all = thrown([&] { PeerConnection pc(net.a, wanted); });
        PeerConnection pc(net.a);
        if (wanted.certificates.empty()) CHECK(thrown([&] { pc.setConfiguration(wanted); }) == all);
        return all;
    };
    Configuration pool, certificates, mux;
    pool.iceCandidatePoolSize = 256;
    certificates.certificates.resize(1);
    names(refused(pool), "TypeError", "", "iceCandidatePoolSize");
    names(refused(certificates), "TypeError", "", "certificates[0]");
    names(refused(with_servers({IceServer("stun:a"), IceServer()})), "SyntaxError", "", "iceServers[1].urls");
    names(refused(with_servers({IceServer("stun:a:b")})), "SyntaxError", "", "iceServers[0].urls[0]");
    names(refused(with_servers({IceServer("turn:a")})), "InvalidAccessError", "", "username");
    names(refused(with_servers({IceServer("turn:a", "u")})), "InvalidAccessError", "", "credential");
    mux.rtcpMuxPolicy = RtcpMuxPolicy::negotiate;
    names(thrown([&] { PeerConnection pc(net.a, mux); }), "NotSupportedError", "", "rtcpMuxPolicy");
    PeerConnection pc(net.a);
    Configuration other;
    other.bundlePolicy = BundlePolicy::max_bundle;
    names(thrown([&] { pc.setConfiguration(other); }), "InvalidModificationError", "", "bundlePolicy");
    names(thrown([&] { pc.setConfiguration(mux); }), "InvalidModificationError", "", "rtcpMuxPolicy");
    other = {};
    other.peerIdentity = "x@y";
    names(thrown([&] { pc.setConfiguration(other); }), "InvalidModificationError", "", "peerIdentity");
    IdentityProviderOptions options;
    options.protocol = "a/b";
    names(thrown([&] { pc.setIdentityProvider("example.org", options); }), "SyntaxError",
          "setIdentityProvider: ", "protocol");
    CHECK(pc.getConfiguration() == Configuration());
}

TEST_CASE("Wrong arguments: createDataChannel") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    const auto refused = [&](const std::string& label, std::function<void(DataChannelInit&)> change) {
        DataChannelInit init;
        change(init);
        return thrown([&] { (void)pc.createDataChannel(label, init); });
    };
    const std::string member = "createDataChannel: ";
    names(refused(std::string(65536, 'x'), [](auto&) {}), "TypeError", member, "label");
    names(refused("", [](auto& it) { it.protocol = std::string(65536, 'x'); }), "TypeError", member,
          "protocol");
    names(refused("", [](auto& it) { it.negotiated = true; }), "TypeError", member, "id");
    names(refused("", [](auto& it) { it.maxRetransmits = it.maxPacketLifeTime = 0; }), "TypeError", member,
          "maxPacketLifeTime and maxRetransmits");
    names(refused("", [](auto& it) { it.negotiated = true, it.id = 65535; }), "TypeError", member,
          "id 65535");
    net.world.run_for(1s);
    CHECK_FALSE(pc.tryNegotiationNeeded()); // none was made
}

TEST_CASE(
    "Wrong arguments: addTrack, removeTrack, addTransceiver, setStreams, setCodecPreferences, direction") {
    test::two_hosts net;
    PeerConnection pc(net.a), foreign(net.a);
    MediaStreamTrack track(net.a, MediaKind::audio);
    const std::vector<MediaStream> streams(1);
    std::vector<MediaStream> many;
    for (int i = 0; i < 33; ++i) many.emplace_back(net.a);
    names(thrown([&] { pc.addTrack(MediaStreamTrack()); }), "TypeError", "addTrack: ", "track");
    names(thrown([&] { pc.addTrack(track, streams); }), "TypeError", "addTrack: ", "streams[0]");
    names(thrown([&] { pc.addTrack(track, many); }), "TypeError", "addTrack: ", "streams");
    CHECK(pc.getTransceivers().empty());
    auto sender = pc.addTrack(track);
    auto transceiver = pc.getTransceivers()[0];
    const auto before = test::observed(pc);
    names(thrown([&] { pc.addTrack(track); }), "InvalidAccessError", "addTrack: ", "track");
    names(thrown([&] { pc.removeTrack(RtpSender()); }), "TypeError", "removeTrack: ", "sender");
    names(thrown([&] { foreign.removeTrack(sender); }), "InvalidAccessError", "removeTrack: ", "sender");
    names(thrown([&] { pc.addTransceiver("text"); }), "TypeError", "addTransceiver: ", "kind");
    names(thrown([&] { pc.addTransceiver(MediaStreamTrack()); }), "TypeError", "addTransceiver: ", "track");
    names(thrown([&] { pc.addTransceiver("audio", direction::stopped); }), "TypeError",
          "addTransceiver: ", "direction");
    names(thrown([&] { pc.addTransceiver("audio", RtpTransceiverInit(direction::sendrecv, streams)); }),
          "TypeError", "addTransceiver: ", "streams[0]");
    struct {
        RtpTransceiverInit init;
        const char* error;
        const char* argument;
    } const wrong[] = {
        {encoded([](auto& it) { it.rid = ""; }), "TypeError", "sendEncodings[0].rid"},
        {encoded([](auto& it) { it.rid = "a b"; }), "TypeError", "sendEncodings[0].rid"},
        {encoded([](auto& it) { it.rid = "a"; }, 2), "TypeError", "sendEncodings"},
        {encoded([](auto& it) { it.codec = RtpCodec("video/x", 1); }, 2), "OperationError",
         "sendEncodings[1].codec"},
        {encoded([](auto& it) { it.scaleResolutionDownBy = 0.9; }, 2), "RangeError",
         "sendEncodings[1].scaleResolutionDownBy"},
        {encoded([](auto& it) { it.maxFramerate = 0; }, 2), "RangeError", "sendEncodings[1].maxFramerate"},
    };
    for (const auto& each : wrong)
        names(thrown([&] { pc.addTransceiver("video", each.init); }), each.error,
              "addTransceiver: ", each.argument);
    auto rids = RtpTransceiverInit();
    rids.receive_rids = {"a", "a"};
    names(thrown([&] { pc.addTransceiver("video", rids); }), "TypeError",
          "addTransceiver: ", "receive_rids[0]");
    names(thrown([&] { sender.setStreams(streams); }), "TypeError", "setStreams: ", "streams[0]");
    names(thrown([&] { sender.setStreams(many); }), "TypeError", "setStreams: ", "streams");
    const auto opus = RtpSender::getCapabilities(MediaKind::audio).codecs.at(0);
    names(thrown([&] {
              transceiver.setCodecPreferences({opus, RtpCodec("audio/x", 1)});
          }),
          "InvalidModificationError", "setCodecPreferences: ", "codecs[1]");
    names(thrown([&] { transceiver.direction(direction::stopped); }), "TypeError",
          "RtpTransceiver::direction: ", "direction");
    names(thrown([&] { MediaStream stream(net.a, std::vector<MediaStreamTrack>(1)); }), "TypeError",
          "MediaStream", "track");
    CHECK(test::observed(pc) == before);
}
