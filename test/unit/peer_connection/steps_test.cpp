#include "test/unit/peer_connection/identity_provider.hpp"
#include "test/unit/peer_connection/observed.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/use_future.hpp>

#include <future>

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

// ---- Operations chain

namespace {

asio::awaitable<void> closed_connection(context a) {
    PeerConnection pc(a);
    auto sender = pc.addTransceiver("audio").sender();
    pc.close();
    const auto before = test::observed(pc);
    SessionDescription offer(SdpType::offer, "nonsense"), rollback(SdpType::rollback, "");
    IceCandidate candidate("nonsense", "0"), end;
    CHECK(co_await failure_of(pc.createOffer()) == "InvalidStateError");
    CHECK(co_await failure_of(pc.createAnswer()) == "InvalidStateError");
    CHECK(co_await failure_of(pc.setLocalDescription()) == "InvalidStateError");
    CHECK(co_await failure_of(pc.setLocalDescription(offer)) == "InvalidStateError");
    CHECK(co_await failure_of(pc.setLocalDescription(rollback)) == "InvalidStateError");
    CHECK(co_await failure_of(pc.setRemoteDescription(offer)) == "InvalidStateError");
    CHECK(co_await failure_of(pc.setRemoteDescription(rollback)) == "InvalidStateError");
    CHECK(co_await failure_of(pc.addIceCandidate(candidate)) == "InvalidStateError");
    CHECK(co_await failure_of(pc.addIceCandidate(end)) == "InvalidStateError");
    CHECK(co_await failure_of(sender.replaceTrack(std::nullopt)) == "InvalidStateError");
    CHECK(co_await failure_of(pc.getIdentityAssertion()) == "InvalidStateError");
    CHECK(test::observed(pc) == before);
}

/// Notes in `order` what ended, and how: "offer", "answer InvalidStateError" ...
auto noting(std::vector<std::string>& order, std::string name) {
    return [&order, name](std::exception_ptr error, auto&&...) {
        order.push_back(error ? name + " " + test::told(error) : name);
    };
}

asio::awaitable<void> in_the_order_of_their_calls(context a) {
    test::waiting_context waiting(a);
    PeerConnection pc(waiting.where);
    MediaStreamTrack track(a, MediaKind::audio);
    auto sender = pc.addTransceiver("audio").sender();
    std::vector<std::string> order;
    SessionDescription rollback(SdpType::rollback, ""), answer(SdpType::answer, "x");
    IceCandidate candidate("nonsense", "0");
    pc.createOffer(noting(order, "offer")); // waits for its certificate
    sender.replaceTrack(track, noting(order, "track"));
    pc.createAnswer(noting(order, "answer"));
    pc.setLocalDescription(noting(order, "local"));
    pc.addIceCandidate(candidate, noting(order, "candidate"));
    pc.setRemoteDescription(answer, noting(order, "remote"));
    pc.setLocalDescription(rollback, noting(order, "rollback"));
    pc.createOffer(noting(order, "again"));
    co_await test::turns(30);
    CHECK(order.empty());
    CHECK_FALSE(sender.track());
    CHECK_FALSE(pc.tryNegotiationNeeded()); // not before the chain is empty
    waiting.release();
    co_await test::turns(100);
    const std::vector<std::string> expected{"offer",
                                            "track",
                                            "answer InvalidStateError",
                                            "local",
                                            "candidate InvalidStateError",
                                            "remote OperationError sdp-syntax-error",
                                            "rollback",
                                            "again"};
    CHECK(order == expected);
    CHECK(sender.track() == track);
    CHECK(pc.tryNegotiationNeeded());
    CHECK_FALSE(pc.tryNegotiationNeeded());
}

asio::awaitable<void> when_awaited(context a) {
    PeerConnection pc(a);
    pc.addTransceiver("audio");
    auto later = pc.setLocalDescription(); // not awaited yet: it has no place
    std::vector<std::string> order;
    pc.createOffer(noting(order, "offer"));
    co_await test::turns();
    CHECK(order == std::vector<std::string>{"offer"});
    CHECK(pc.signalingState() == SignalingState::stable);
    co_await std::move(later);
    CHECK(pc.signalingState() == SignalingState::have_local_offer);
}

asio::awaitable<void> each_leaves_what_it_did(context a) {
    // Who awaited an operation sees what that one left, though another was called behind it.
    PeerConnection pc(a);
    pc.addTransceiver("audio");
    std::vector<SignalingState> seen;
    auto see = [&](std::exception_ptr error) {
        CHECK_FALSE(error);
        seen.push_back(pc.signalingState());
    };
    SessionDescription rollback(SdpType::rollback, "");
    pc.setLocalDescription(see);
    pc.setLocalDescription(rollback, see);
    pc.setLocalDescription(see);
    co_await test::turns(30);
    CHECK(seen == std::vector<SignalingState>{SignalingState::have_local_offer, SignalingState::stable,
                                              SignalingState::have_local_offer});
}

} // namespace

TEST_CASE("Operations chain: closed is InvalidStateError for every operation, whatever its arguments") {
    test::two_hosts net;
    net.run(closed_connection(net.a), 1s);
    CHECK(net.world.run_dry());
}

TEST_CASE("Operations chain: operations run one after another in the order of their calls") {
    test::two_hosts net;
    net.run(in_the_order_of_their_calls(net.a), 1s);
}

TEST_CASE("Operations chain: under use_awaitable an operation takes its place when it is awaited") {
    test::two_hosts net;
    net.run(when_awaited(net.a), 1s);
}

TEST_CASE("Operations chain: the next operation begins when the one before it was seen") {
    test::two_hosts net;
    net.run(each_leaves_what_it_did(net.a), 1s);
}

TEST_CASE("Operations chain: close() completes what waits with errc::aborted") {
    test::two_hosts net;
    test::waiting_context waiting(net.a);
    PeerConnection pc(waiting.where);
    std::vector<std::string> order;
    IceCandidate end;
    pc.createOffer(noting(order, "offer"));
    pc.createAnswer(noting(order, "answer"));
    pc.setLocalDescription(noting(order, "local"));
    pc.addIceCandidate(end, noting(order, "candidate"));
    net.world.run_for(1s);
    CHECK(order.empty());
    pc.close();
    CHECK(order.empty()); // never from inside the call
    net.world.run_for(1ms);
    CHECK(order == std::vector<std::string>{"offer AbortError", "answer AbortError", "local AbortError",
                                            "candidate AbortError"});
    waiting.release();
    CHECK(net.world.run_dry());
}

// ---- createOffer, createAnswer

namespace {

asio::awaitable<void> tokens(context a, context b) {
    PeerConnection one(a), other(b);
    one.addTransceiver("audio");
    bool inside = true;
    std::string by_callback;
    one.createOffer([&](std::exception_ptr error, SessionDescription offer) {
        CHECK_FALSE(inside); // never inside the call
        CHECK_FALSE(error);
        CHECK(offer.type == SdpType::offer);
        by_callback = offer.sdp;
    });
    inside = false;
    co_await test::turns();
    CHECK(by_callback.starts_with("v=0"));
    OfferOptions options;
    std::string with_options;
    one.createOffer(options, [&](std::exception_ptr, SessionDescription offer) { with_options = offer.sdp; });
    auto deferred = one.createOffer(asio::deferred);
    co_await test::turns();
    CHECK(with_options.starts_with("v=0"));
    auto [error, offer] = co_await one.createOffer(asio::as_tuple(asio::use_awaitable));
    CHECK_FALSE(error);
    CHECK(offer.sdp.starts_with("v=0"));
    bool ran = false;
    std::move(deferred)([&](std::exception_ptr failed, SessionDescription made) {
        ran = !failed && made.sdp.starts_with("v=0");
        offer = std::move(made);
    });
    co_await test::turns();
    CHECK(ran);
    co_await one.setLocalDescription(offer); // the one that was created last

    std::string failure, empty = "not yet";
    other.createAnswer([&](std::exception_ptr failed, SessionDescription none) {
        failure = test::told(failed);
        empty = none.sdp;
    });
    co_await test::turns();
    CHECK(failure == "InvalidStateError");
    CHECK(empty.empty());
    co_await other.setRemoteDescription(offer);
    SessionDescription answer;
    other.createAnswer([&](std::exception_ptr, SessionDescription made) { answer = std::move(made); });
    co_await test::turns();
    CHECK(answer.type == SdpType::answer);
    CHECK(answer.sdp.starts_with("v=0"));
    bool applied = false;
    other.setLocalDescription(answer, [&](std::exception_ptr failed) { applied = !failed; });
    co_await test::turns();
    CHECK(applied);
}

} // namespace

TEST_CASE("createOffer, createAnswer: callbacks and other completion tokens do what the awaited form does") {
    test::two_hosts net;
    net.run(tokens(net.a, net.b), 1s);
    PeerConnection pc(net.a);
    auto offer = pc.createOffer(asio::use_future);
    auto refused = pc.createAnswer(asio::use_future);
    net.world.run_for(1ms);
    CHECK(offer.get().sdp.starts_with("v=0"));
    CHECK(thrown_name([&] { (void)refused.get(); }) == "InvalidStateError");
}

TEST_CASE("createOffer, createAnswer: they wait for the certificate, and only for it") {
    test::two_hosts net;
    test::waiting_context waiting(net.a);
    PeerConnection pc(waiting.where), other(net.b);
    auto channel = pc.createDataChannel("x");
    auto offer = test::offering(pc);
    net.world.run_for(1s);
    CHECK_FALSE(offer.done());
    pc.addTransceiver("audio"); // what changes meanwhile is in the offer
    waiting.release();
    net.world.run_for(1ms);
    REQUIRE(offer.done());
    CHECK(offer.value().sdp.find("m=audio") != std::string::npos);
    CHECK(offer.value().sdp.find("a=fingerprint:sha-256 ") != std::string::npos);

    test::waiting_context also(net.b);
    PeerConnection answerer(also.where);
    test::cancellable<SessionDescription> answer([&](auto token) {
        answerer.setRemoteDescription(offer.value(), [](std::exception_ptr error) { CHECK_FALSE(error); });
        answerer.createAnswer(std::move(token));
    });
    net.world.run_for(1s);
    CHECK(answerer.signalingState() == SignalingState::have_remote_offer); // that needs none
    CHECK_FALSE(answer.done());
    also.release();
    net.world.run_for(1ms);
    CHECK(answer.outcome().empty());
    CHECK(answer.value().type == SdpType::answer);
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
    CHECK(sender.getParameters().encodings[0].maxBitrate == 100'000u);
    co_await test::turns(30);
    CHECK(set.failure().empty());
    CHECK(local.failure().empty());
    CHECK(sender.getParameters().encodings[0].maxBitrate == 100'000u);
}

} // namespace

TEST_CASE("Set a description step 3: the parameters set while an offer is applied are in force behind it") {
    // The W3C starts over while setParameters is pending. Here it never is: it is done when it is called.
    test::two_hosts net;
    net.run(parameters_beside_a_description(net.a), 1s);
}

TEST_CASE("Set a description step 3: local candidates come when setLocalDescription has completed") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    auto channel = pc.createDataChannel("x");
    std::vector<std::string> order;
    pc.nextIceCandidate(noting(order, "candidate"));
    pc.createOffer(noting(order, "offer"));
    net.world.run_for(1s);
    CHECK(order == std::vector<std::string>{"offer"}); // none is gathered ahead of it
    pc.setLocalDescription(noting(order, "set"));
    net.world.run_for(1s);
    CHECK(order == std::vector<std::string>{"offer", "set", "candidate"});
    CHECK(pc.iceGatheringState() == IceGatheringState::complete);
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
    one.signalingStateChanged(SignalingState::have_local_offer, noting(order, "stable"));
    all.back().opened(noting(order, "error"));
    all.back().closed(noting(order, "closed"));
    one.setRemoteDescription(answer, noting(order, "done"));
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
