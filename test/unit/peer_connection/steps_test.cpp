#include "test/unit/peer_connection/observed.hpp"

using namespace cortc;
using namespace std::chrono_literals;
using direction = RtpTransceiverDirection;
using test::failure_of;
using test::thrown_name;

// Sentences of webrtc-pc that no other test holds by itself.

// ---- Constructor

TEST_CASE("Constructor step 3: every state is new or stable, and there is no description") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    CHECK(pc.signalingState() == SignalingState::stable);
    CHECK(pc.iceGatheringState() == IceGatheringState::new_);
    CHECK(pc.iceConnectionState() == IceConnectionState::new_);
    CHECK(pc.connectionState() == PeerConnectionState::new_);
    CHECK_FALSE(pc.localDescription());
    CHECK_FALSE(pc.currentLocalDescription());
    CHECK_FALSE(pc.pendingLocalDescription());
    CHECK_FALSE(pc.remoteDescription());
    CHECK_FALSE(pc.currentRemoteDescription());
    CHECK_FALSE(pc.pendingRemoteDescription());
    CHECK_FALSE(pc.canTrickleIceCandidates());
    CHECK_FALSE(pc.sctp());
    CHECK_FALSE(pc.maxChannels());
    CHECK_FALSE(pc.maxMessageSize());
    CHECK_FALSE(pc.selectedPair());
    CHECK_FALSE(pc.idpLoginUrl());
    CHECK_FALSE(pc.idpErrorInfo());
    CHECK(pc.getTransceivers().empty());
    CHECK(pc.getSenders().empty());
    CHECK(pc.getReceivers().empty());
    net.world.run_for(1s);
    CHECK_FALSE(pc.tryNegotiationNeeded());
    CHECK_FALSE(pc.tryNextIceCandidate());
    CHECK_FALSE(pc.tryNextDataChannel());
    CHECK_FALSE(pc.tryNextTrack());
    CHECK(net.world.open_sockets() == 0);
}

// ---- Set a description

namespace {

std::string changed(std::string text, const std::string& what, const std::string& with) {
    auto at = text.find(what);
    REQUIRE(at != std::string::npos);
    for (; at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
    return text;
}

asio::awaitable<void> failures_change_nothing(context a, context b) {
    PeerConnection one(a), other(b);
    MediaStream stream(a);
    one.addTrack(MediaStreamTrack(a, MediaKind::audio), stream);
    one.addTransceiver("video");
    auto channel = one.createDataChannel("x");
    auto early = other.createDataChannel("y");
    struct {
        const char* what;
        const char* with;
        const char* name;
    } const spoilt[] = {
        {"v=0\r\n", "v=1\r\n", "OperationError"},
        {"a=setup:actpass", "a=setup:nonsense", "OperationError"},
        {"a=rtcp-mux", "a=x-mux", "InvalidAccessError"},
        {"a=group:BUNDLE 0", "a=group:BUNDLE 9", "InvalidAccessError"},
        {"a=mid:1", "a=mid:0", "OperationError"},
        {"a=ice-pwd:", "a=x-pwd:", "InvalidAccessError"},
        {"a=fingerprint:", "a=x-print:", "InvalidAccessError"},
    };
    for (int round = 0; round < 2; ++round) { // before and after a negotiation
        auto offer = co_await one.createOffer();
        (void)co_await other.createOffer();
        co_await test::turns(20);
        while (other.tryNegotiationNeeded()) {
        }
        const auto before = test::observed(other);
        for (const auto& each : spoilt) {
            CAPTURE(each.what, round);
            auto bad = SessionDescription(SdpType::offer, changed(offer.sdp, each.what, each.with));
            CHECK(co_await failure_of(other.setRemoteDescription(bad)) == each.name);
            co_await test::turns(20);
            CHECK(test::observed(other) == before);
            CHECK_FALSE(other.tryNextTrack());
            CHECK_FALSE(other.tryNegotiationNeeded());
        }
        for (auto type : {SdpType::answer, SdpType::pranswer, SdpType::rollback}) {
            auto bad = SessionDescription(type, offer.sdp);
            CHECK(co_await failure_of(other.setRemoteDescription(bad)) == "InvalidStateError");
            CHECK(test::observed(other) == before);
        }
        if (round > 0) break;
        co_await test::negotiate(one, other);
        while (other.tryNextTrack()) {
        }
    }
    // An answer that does not fit its offer.
    auto offer = co_await one.createOffer();
    co_await one.setLocalDescription(offer);
    co_await other.setRemoteDescription(offer);
    auto answer = co_await other.createAnswer();
    const auto before = test::observed(one);
    for (const auto* line : {"a=ice-ufrag:", "m=video "}) {
        auto bad = SessionDescription(SdpType::answer,
                                      changed(answer.sdp, line, line[0] == 'm' ? "m=audio " : "a=x-ufrag:"));
        CHECK(co_await failure_of(one.setRemoteDescription(bad)) == "InvalidAccessError");
        co_await test::turns(20);
        CHECK(test::observed(one) == before);
    }
    co_await one.setRemoteDescription(answer); // and after all of that the right one
    CHECK(one.signalingState() == SignalingState::stable);
    one.close();
    other.close();
}

} // namespace

TEST_CASE("Set a description step 2: SDP that does not fit changes nothing that can be seen") {
    test::two_hosts net;
    net.run(failures_change_nothing(net.a, net.b), 5s);
}

TEST_CASE("Set a description step 3: what addTrack makes while a remote offer waits takes its section") {
    test::two_hosts net;
    auto alice = test::make_provider(net.a);
    PeerConnection one(net.a);
    one.setIdentityProvider(alice);
    one.addTransceiver("audio");
    auto offer = test::offering(one);
    net.world.run_for(1ms);
    REQUIRE(offer.done());
    alice->delay = 1s;
    PeerConnection other(net.b, test::validating(test::registry_of(alice), "alice@example.org"));
    bool applied = false;
    other.setRemoteDescription(offer.value(), [&](std::exception_ptr error) { applied = !error; });
    net.world.run_for(500ms);
    CHECK_FALSE(applied);
    auto sender = other.addTrack(MediaStreamTrack(net.b, MediaKind::audio));
    net.world.run_for(1s);
    REQUIRE(applied);
    REQUIRE(other.getTransceivers().size() == 1);
    CHECK(other.getTransceivers()[0].sender() == sender);
    CHECK(other.getTransceivers()[0].mid() == "0");
}

namespace {

asio::awaitable<void> parameters_beside_a_description(context a) {
    PeerConnection pc(a);
    auto sender = pc.addTransceiver("video").sender();
    auto parameters = sender.getParameters();
    parameters.encodings[0].maxBitrate = 100'000;
    test::pending set, local;
    pc.setLocalDescription(local.token());
    sender.setParameters(parameters, set.token());
    CHECK_FALSE(sender.getParameters().encodings[0].maxBitrate); // in a task
    co_await test::turns(30);
    CHECK(set.failure().empty());
    CHECK(local.failure().empty());
    CHECK(sender.getParameters().encodings[0].maxBitrate == 100'000u);
}

} // namespace

TEST_CASE("Set a description step 3: the parameters set while an offer is applied are in force behind it") {
    // The W3C starts over while setParameters is pending. Here what it sets comes to the same, whichever is
    // first.
    test::two_hosts net;
    net.run(parameters_beside_a_description(net.a), 1s);
}

TEST_CASE("Set a description step 3: local candidates come when setLocalDescription has completed") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    auto channel = pc.createDataChannel("x");
    std::vector<std::string> order;
    pc.nextIceCandidate(test::noting(order, "candidate"));
    pc.createOffer(test::noting(order, "offer"));
    net.world.run_for(1s);
    CHECK(order == std::vector<std::string>{"offer"}); // none is gathered ahead of it
    pc.setLocalDescription(test::noting(order, "set"));
    net.world.run_for(1s);
    CHECK(order == std::vector<std::string>{"offer", "set", "candidate"});
    CHECK(pc.iceGatheringState() == IceGatheringState::complete);
}

namespace {

/// What an application sees of gathering when it follows everything, as texts: what was told, and what the
/// connection shows at that moment.
class gathering_seen {
  public:
    explicit gathering_seen(PeerConnection& of) : pc_(of) {
        next_state(pc_.iceGatheringState());
        next_candidate();
    }

    [[nodiscard]] auto set(const char* what) {
        return [this, what](std::exception_ptr error) { note(error ? "failed" : what); };
    }
    [[nodiscard]] std::vector<std::string> take() { return std::exchange(seen_, {}); }

  private:
    void note(const std::string& what) {
        const auto local = pc_.localDescription();
        const auto text = local ? local->sdp : std::string();
        int candidates = 0;
        for (auto at = text.find("a=candidate"); at != std::string::npos;
             at = text.find("a=candidate", at + 1))
            ++candidates;
        const bool over = text.find("a=end-of-candidates") != std::string::npos;
        seen_.push_back(fmt::format("{}: {} {}{}", what, to_string(pc_.iceGatheringState()), candidates,
                                    over ? " end" : ""));
    }
    void next_state(IceGatheringState from) {
        pc_.iceGatheringStateChanged(from, [this](std::exception_ptr error, IceGatheringState now) {
            if (error) return;
            note("state");
            next_state(now);
        });
    }
    void next_candidate() {
        pc_.nextIceCandidate([this](std::exception_ptr error, std::optional<IceCandidate> next) {
            if (error) return;
            note(!next ? "null" : next->candidate.empty() ? "end" : "candidate");
            next_candidate();
        });
    }

    PeerConnection& pc_;
    std::vector<std::string> seen_;
};

using texts = std::vector<std::string>;

const texts one_generation{"state: gathering 0",   "candidate: gathering 1", "candidate: gathering 2",
                           "end: gathering 2 end", "state: complete 2 end",  "null: complete 2 end"};

texts after(texts first, const texts& then) {
    first.insert(first.end(), then.begin(), then.end());
    return first;
}

struct gathering_host {
    asio::io_context io;
    sim::world world{io, 1};
    context where{io.get_executor(), world.host("a", test::interfaces_of({"10.0.0.1", "10.0.1.1"}))};
    PeerConnection pc{where};
    DataChannel channel = pc.createDataChannel("x");
    gathering_seen seen{pc};
};

} // namespace

TEST_CASE("Gathering: setLocalDescription completes first, then each thing is told in a task of its own") {
    gathering_host host;
    host.pc.setLocalDescription(host.seen.set("set"));
    host.world.run_for(1s);
    CHECK(host.seen.take() == after({"set: new 0"}, one_generation));
    auto again = SessionDescription(SdpType::rollback, "");
    host.pc.setLocalDescription(again, host.seen.set("rollback"));
    host.world.run_for(1s);
    CHECK(host.seen.take() == texts{"rollback: complete 0", "state: new 0"});
    host.pc.setLocalDescription(host.seen.set("set"));
    host.world.run_for(1s);
    CHECK(host.seen.take() == after({"set: new 0"}, one_generation));
}

TEST_CASE("Gathering: what a rollback takes back is not told, and the state is again what it was") {
    gathering_host host;
    auto back = SessionDescription(SdpType::rollback, "");
    host.pc.setLocalDescription(host.seen.set("set"));
    host.pc.setLocalDescription(back, host.seen.set("rollback"));
    host.world.run_for(1s);
    const auto seen = host.seen.take();
    REQUIRE(seen.size() >= 2);
    CHECK(seen.front() == "set: new 0");
    CHECK(std::find(seen.begin(), seen.end(), "null: complete 2 end") == seen.end());
    CHECK(host.pc.iceGatheringState() == IceGatheringState::new_);
    test::pending gathered;
    host.pc.gatheringComplete(gathered.token());
    host.world.run_for(1s);
    CHECK_FALSE(gathered.done());
    host.pc.setLocalDescription(host.seen.set("set"));
    host.world.run_for(1s);
    CHECK(gathered.done());
    CHECK(host.seen.take() == after({"set: new 0"}, one_generation));
}

namespace {

asio::awaitable<void> gathering_of_a_restart(context a, context b) {
    PeerConnection one(a), other(b);
    auto channel = one.createDataChannel("x");
    co_await test::negotiate(one, other);
    co_await one.gatheringComplete();
    while (one.tryNextIceCandidate()) {
    }
    one.restartIce();
    co_await one.setLocalDescription();
    CHECK(one.iceGatheringState() == IceGatheringState::complete);
    CHECK(one.localDescription()->sdp.find("a=candidate") == std::string::npos);
    co_await one.gatheringComplete(); // of the new generation
    CHECK(one.iceGatheringState() == IceGatheringState::complete);
    CHECK(one.localDescription()->sdp.find("a=end-of-candidates") != std::string::npos);
    auto back = SessionDescription(SdpType::rollback, "");
    co_await one.setLocalDescription(back);
    co_await one.gatheringComplete(); // of the one before
    CHECK(one.localDescription()->sdp.find("a=end-of-candidates") != std::string::npos);
    one.restartIce();
    co_await one.setLocalDescription();
    test::pending gathered;
    one.gatheringComplete(gathered.token());
    co_await one.setLocalDescription(back); // while it gathers
    co_await test::turns(30);
    CHECK(gathered.failure().empty());
    CHECK(one.iceGatheringState() == IceGatheringState::complete);
    one.close();
    other.close();
}

} // namespace

TEST_CASE("Gathering: gatheringComplete() is about the generations that are described now") {
    test::two_hosts net;
    net.run(gathering_of_a_restart(net.a, net.b), 5s);
    CHECK(net.world.run_dry());
}

// ---- addIceCandidate

namespace {

asio::awaitable<void> names_under_relay(context a, context b) {
    Configuration relay;
    relay.iceTransportPolicy = IceTransportPolicy::relay;
    PeerConnection one(a), other(b, relay);
    auto channel = one.createDataChannel("x");
    co_await test::negotiate(one, other);
    for (const auto* address : {"0b0f2d1c-7d3b-4d6e-9d33-000000000000.local", "host.example"}) {
        IceCandidate named(fmt::format("candidate:1 1 udp 1 {} 5000 typ host", address), "0");
        co_await other.addIceCandidate(named);
        CHECK(other.remoteDescription()->sdp.find(address) != std::string::npos); // it joins the text
    }
    const auto transport = other.sctp()->transport().iceTransport();
    CHECK(transport.getRemoteCandidates().size() == 2);
    timer clock(b);
    co_await clock.wait(1s);
    auto report = co_await other.getStats();
    CHECK(report.all<IceCandidatePairStats>().empty()); // and is not used
    one.close();
    other.close();
}

} // namespace

TEST_CASE("addIceCandidate step 4: under policy relay names succeed and are not used") {
    test::two_hosts net;
    net.run(names_under_relay(net.a, net.b), 5s);
    CHECK(net.world.run_dry());
}

// ---- restartIce, negotiationneeded

namespace {

asio::awaitable<void> restarts(context a, context b) {
    PeerConnection one(a), other(b);
    one.restartIce(); // nothing is there to be restarted
    co_await test::turns();
    CHECK_FALSE(one.tryNegotiationNeeded());
    auto channel = one.createDataChannel("x");
    co_await test::negotiate(one, other);
    co_await test::turns();
    (void)one.tryNegotiationNeeded();
    const auto before = test::observed(one);
    one.restartIce();
    CHECK(test::observed(one) == before); // the next offer says so, nothing else does
    co_await test::turns();
    CHECK(one.tryNegotiationNeeded());
    one.restartIce();
    co_await test::turns();
    CHECK_FALSE(one.tryNegotiationNeeded()); // it was told already
    auto offer = co_await one.createOffer();
    CHECK(offer.sdp.find(one.sctp()->transport().iceTransport().getLocalParameters()->usernameFragment) ==
          std::string::npos);
    one.close();
    one.restartIce(); // never fails
    other.close();
}

asio::awaitable<void> negotiation_needed_waits(context a) {
    test::waiting_context waiting(a);
    PeerConnection pc(waiting.where);
    pc.addTransceiver("audio");
    test::pending offer;
    pc.createOffer(offer.token()); // before the queued step
    co_await test::turns(30);
    CHECK_FALSE(pc.tryNegotiationNeeded());
    waiting.release();
    co_await test::turns(30);
    CHECK(offer.failure().empty());
    CHECK(pc.tryNegotiationNeeded());
    pc.addTransceiver("video"); // still needed: not told twice
    co_await test::turns(30);
    CHECK_FALSE(pc.tryNegotiationNeeded());

    PeerConnection closing(a);
    closing.addTransceiver("audio");
    test::pending needed;
    closing.negotiationNeeded(needed.token());
    closing.close(); // before the queued step
    co_await test::turns(30);
    CHECK(needed.failure() == "AbortError");
}

} // namespace

TEST_CASE("restartIce: negotiation becomes needed, once, and nothing else changes; it never fails") {
    test::two_hosts net;
    net.run(restarts(net.a, net.b), 5s);
    CHECK(net.world.run_dry());
}

TEST_CASE("negotiationneeded: not before the chain is empty, not twice, not after close()") {
    test::two_hosts net;
    net.run(negotiation_needed_waits(net.a), 5s);
}

// ---- close

TEST_CASE("close: the states at once, idempotent, and nothing can be made any more") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    auto transceiver = pc.addTransceiver("audio");
    auto channel = pc.createDataChannel("x");
    test::pending set;
    pc.setLocalDescription(set.token());
    net.world.run_for(1s);
    const auto sctp = *pc.sctp();
    const auto local = pc.localDescription();
    pc.close();
    const auto check = [&] {
        CHECK(pc.signalingState() == SignalingState::closed);
        CHECK(pc.connectionState() == PeerConnectionState::closed);
        CHECK(pc.iceConnectionState() == IceConnectionState::closed);
        CHECK(pc.iceGatheringState() == IceGatheringState::complete); // stays, as in the W3C
        CHECK(pc.localDescription() == local);
        CHECK(transceiver.stopped());
        CHECK(transceiver.direction() == direction::stopped);
        CHECK(channel.readyState() == DataChannelState::closed);
        CHECK(sctp.state() == SctpTransportState::closed);
        CHECK(sctp.transport().state() == DtlsTransportState::closed);
        CHECK(sctp.transport().iceTransport().state() == IceTransportState::closed);
        CHECK(thrown_name([&] { (void)pc.createDataChannel("y"); }) == "InvalidStateError");
        CHECK(thrown_name([&] { pc.addTransceiver("audio"); }) == "InvalidStateError");
        CHECK(thrown_name([&] { pc.setConfiguration({}); }) == "InvalidStateError");
        CHECK(thrown_name([&] { pc.setIdentityProvider("example.org"); }) == "InvalidStateError");
    };
    check();
    pc.close();
    check();
    CHECK(net.world.run_dry());
    check();
    CHECK(net.world.open_sockets() == 0);
}

// ---- createDataChannel

namespace {

/// Offends against every check from `first` on.
DataChannelInit wrong_channel(int first) {
    DataChannelInit init;
    if (first <= 1) init.protocol = std::string(65536, 'x');
    init.negotiated = true;
    if (first != 2) init.id = 65535;
    if (first <= 3) init.maxPacketLifeTime = init.maxRetransmits = 1;
    if (first == 5) init.id = 7; // which is taken
    return init;
}

} // namespace

TEST_CASE("createDataChannel: closed, label, protocol, id missing, both limits, id 65535, id taken, in this "
          "order") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    DataChannelInit taken;
    taken.negotiated = true;
    taken.id = 7;
    auto channel = pc.createDataChannel("x", taken);
    const std::string long_label(65536, 'x'), label(65535, 'x');
    const char* expected[] = {"TypeError: createDataChannel: the label",
                              "TypeError: createDataChannel: the protocol",
                              "TypeError: createDataChannel: a negotiated channel needs an id",
                              "TypeError: createDataChannel: maxPacketLifeTime and maxRetransmits",
                              "TypeError: createDataChannel: id 65535",
                              "OperationError: createDataChannel: id 7 is taken"};
    for (int first = 0; first < 6; ++first) {
        const auto said = test::thrown(
            [&] { (void)pc.createDataChannel(first == 0 ? long_label : label, wrong_channel(first)); });
        INFO(said);
        CHECK(said.starts_with(expected[first]));
    }
    net.world.run_for(1s);
    CHECK(pc.tryNegotiationNeeded()); // by the first channel
    auto longest = pc.createDataChannel(label);
    CHECK(longest.label().size() == 65535);
    DataChannelInit ignored;
    ignored.id = 65535; // not negotiated: not even looked at
    CHECK_FALSE(pc.createDataChannel("y", ignored).id());
    net.world.run_for(1s);
    CHECK_FALSE(pc.tryNegotiationNeeded()); // only the first one needs it
    pc.close();
    CHECK(test::thrown_name([&] { (void)pc.createDataChannel(long_label, wrong_channel(0)); }) ==
          "InvalidStateError");
}

namespace {

asio::awaitable<void> more_channels_than_ids(context a, context b) {
    context_options options;
    options.limits.data_channels = 40'000;
    PeerConnection one(context(a.get_executor(), a.network(), options)), other(b);
    std::vector<DataChannel> all;
    for (int i = 0; i < 32'768; ++i)
        all.push_back(one.createDataChannel("x")); // the server's ids: 1 to 65533
    auto offer = co_await one.createOffer();
    co_await one.setLocalDescription(offer);
    co_await other.setRemoteDescription(offer);
    auto answer = co_await other.createAnswer();
    std::vector<std::string> order;
    one.signalingStateChanged(SignalingState::have_local_offer, test::noting(order, "stable"));
    all.back().opened(test::noting(order, "error"));
    all.back().closed(test::noting(order, "closed"));
    one.setRemoteDescription(answer, test::noting(order, "done"));
    co_await test::turns(30);
    CHECK(order ==
          std::vector<std::string>{"stable", "error OperationError data-channel-failure", "closed", "done"});
    CHECK(all.back().readyState() == DataChannelState::closed);
    CHECK_FALSE(all.back().id());
    CHECK(all.front().id() == 1);
    CHECK(all[32'766].id() == 65533);
    CHECK(test::thrown([&] { (void)one.createDataChannel("y"); }) ==
          "OperationError: createDataChannel: no id is free");
    one.close();
    other.close();
}

} // namespace

TEST_CASE("Set a description step 3: a channel for which no id is left closes, with data-channel-failure") {
    test::two_hosts net;
    net.run(more_channels_than_ids(net.a, net.b), 5s);
}
