#include "test/unit/peer_connection/observed.hpp"

using namespace cortc;
using namespace std::chrono_literals;
using test::cancels;

// What can wait, cancelled while it waits: the table in test/README.md says which test holds which. A
// cancelled await has done nothing, and its place is free again.

namespace {

asio::awaitable<void> the_chain(context a) {
    test::waiting_context waiting(a);
    PeerConnection pc(waiting.where);
    MediaStreamTrack track(a, MediaKind::audio);
    auto sender = pc.addTransceiver("audio").sender();
    SessionDescription rollback(SdpType::rollback, ""), nonsense(SdpType::offer, "nonsense");
    IceCandidate end;
    const auto before = test::observed(pc);
    // The running one.
    CHECK(co_await cancels([&](auto token) { pc.createOffer(token); }));
    CHECK(co_await cancels([&](auto token) { pc.createOffer(OfferOptions{true}, token); }));
    CHECK(co_await cancels([&](auto token) { pc.setLocalDescription(token); }));
    CHECK(test::observed(pc) == before);
    // Those that wait behind it.
    test::pending offer;
    pc.createOffer(offer.token());
    CHECK(co_await cancels([&](auto token) { pc.createOffer(token); }));
    CHECK(co_await cancels([&](auto token) { pc.createAnswer(token); }));
    CHECK(co_await cancels([&](auto token) { pc.setLocalDescription(token); }));
    CHECK(co_await cancels([&](auto token) { pc.setLocalDescription(rollback, token); }));
    CHECK(co_await cancels([&](auto token) { pc.setRemoteDescription(nonsense, token); }));
    CHECK(co_await cancels([&](auto token) { pc.addIceCandidate(end, token); }));
    CHECK(co_await cancels([&](auto token) { sender.replaceTrack(track, token); }));
    CHECK(test::observed(pc) == before);
    CHECK_FALSE(offer.done());
    waiting.release();
    co_await test::turns(30);
    CHECK(offer.failure().empty());
    CHECK_FALSE(sender.track());
    CHECK(pc.tryNegotiationNeeded());
    co_await pc.setLocalDescription(); // the chain goes on
    CHECK(pc.signalingState() == SignalingState::have_local_offer);
}

asio::awaitable<void> levels_and_streams(context a, context b) {
    PeerConnection pc(a), other(b);
    const auto before = test::observed(pc);
    CHECK(co_await cancels([&](auto token) { pc.connected(token); }));
    CHECK(co_await cancels([&](auto token) { pc.gatheringComplete(token); }));
    CHECK(co_await cancels([&](auto token) { pc.restarted(token); }));
    CHECK(co_await cancels([&](auto token) { pc.closed(token); }));
    CHECK(co_await cancels([&](auto token) { pc.stateChanged(PeerConnectionState::new_, token); }));
    CHECK(co_await cancels([&](auto token) { pc.signalingStateChanged(SignalingState::stable, token); }));
    CHECK(
        co_await cancels([&](auto token) { pc.iceConnectionStateChanged(IceConnectionState::new_, token); }));
    CHECK(co_await cancels([&](auto token) { pc.iceGatheringStateChanged(IceGatheringState::new_, token); }));
    CHECK(co_await cancels([&](auto token) { pc.selectedPairChanged(token); }));
    CHECK(co_await cancels([&](auto token) { pc.peerIdentity(token); }));
    CHECK(co_await cancels([&](auto token) { pc.nextIceCandidate(token); }));
    CHECK(co_await cancels([&](auto token) { pc.iceCandidateReadable(token); }));
    CHECK(co_await cancels([&](auto token) { pc.nextIceCandidateError(token); }));
    CHECK(co_await cancels([&](auto token) { pc.iceCandidateErrorReadable(token); }));
    CHECK(co_await cancels([&](auto token) { pc.nextDataChannel(token); }));
    CHECK(co_await cancels([&](auto token) { pc.dataChannelReadable(token); }));
    CHECK(co_await cancels([&](auto token) { pc.nextTrack(token); }));
    CHECK(co_await cancels([&](auto token) { pc.trackReadable(token); }));
    CHECK(co_await cancels([&](auto token) { pc.negotiationNeeded(token); }));
    CHECK(co_await cancels([&](auto token) { pc.negotiationNeededReadable(token); }));
    CHECK(test::observed(pc) == before);
    auto channel = pc.createDataChannel("x");
    std::vector<Message> batch(2);
    const std::span<Message> room(batch);
    CHECK(co_await cancels([&](auto token) { channel.opened(token); }));
    CHECK(co_await cancels([&](auto token) { channel.closed(token); }));
    CHECK(co_await cancels([&](auto token) { channel.stateChanged(DataChannelState::connecting, token); }));
    CHECK(co_await cancels([&](auto token) { channel.receive(token); }));
    CHECK(co_await cancels([&](auto token) { channel.receive(room, token); }));
    CHECK(co_await cancels([&](auto token) { channel.readable(token); }));
    CHECK(channel.readyState() == DataChannelState::connecting);
    timer clock(a);
    CHECK(co_await cancels([&](auto token) { clock.wait(1h, token); }));
    // Each place is free again, and nothing that comes was lost.
    const auto executor = co_await asio::this_coro::executor;
    co_await pc.negotiationNeeded();
    co_await test::negotiate(pc, other);
    test::spawned there(executor, test::trickle(pc, other)), back(executor, test::trickle(other, pc));
    co_await pc.gatheringComplete();
    co_await pc.connected();
    co_await channel.opened();
    auto accepted = co_await other.nextDataChannel();
    co_await accepted.send("first");
    auto message = co_await channel.receive();
    CHECK(message.text() == "first");
    co_await clock.wait(1ms);
    pc.close();
    other.close();
    co_await pc.closed();
    co_await other.closed();
}

} // namespace

TEST_CASE("Cancellation: createOffer, createAnswer, setLocalDescription, setRemoteDescription, "
          "addIceCandidate, replaceTrack") {
    test::two_hosts net;
    net.run(the_chain(net.a), 5s);
}

TEST_CASE("Cancellation: every level, change and stream of PeerConnection and DataChannel, and the timer") {
    test::two_hosts net;
    net.run(levels_and_streams(net.a, net.b), 10s);
    CHECK(net.world.run_dry(1s)); // no timer of a cancelled wait is left
}

// ---- close()

TEST_CASE("close: every pending await completes with errc::aborted, or with what is true now") {
    test::two_hosts net;
    auto pc = std::make_unique<PeerConnection>(net.a);
    auto channel = pc->createDataChannel("x");
    net.world.run_for(1ms);
    REQUIRE(pc->tryNegotiationNeeded());
    std::vector<std::pair<std::string, test::pending>> aborted, fulfilled;
    const auto aborts = [&](const char* name) {
        return aborted.emplace_back(name, test::pending()).second.token();
    };
    const auto holds = [&](const char* name) {
        return fulfilled.emplace_back(name, test::pending()).second.token();
    };
    pc->connected(aborts("connected"));
    pc->gatheringComplete(aborts("gatheringComplete"));
    pc->restarted(aborts("restarted"));
    pc->iceGatheringStateChanged(IceGatheringState::new_, aborts("iceGatheringStateChanged"));
    pc->selectedPairChanged(aborts("selectedPairChanged"));
    pc->peerIdentity(aborts("peerIdentity"));
    pc->nextIceCandidate(aborts("nextIceCandidate"));
    pc->nextIceCandidateError(aborts("nextIceCandidateError"));
    pc->nextDataChannel(aborts("nextDataChannel"));
    pc->nextTrack(aborts("nextTrack"));
    pc->negotiationNeeded(aborts("negotiationNeeded"));
    channel.opened(aborts("opened"));
    channel.receive(aborts("receive"));
    pc->closed(holds("closed"));
    pc->stateChanged(PeerConnectionState::new_, holds("stateChanged"));
    pc->signalingStateChanged(SignalingState::stable, holds("signalingStateChanged"));
    pc->iceConnectionStateChanged(IceConnectionState::new_, holds("iceConnectionStateChanged"));
    pc->iceCandidateReadable(holds("iceCandidateReadable"));
    pc->iceCandidateErrorReadable(holds("iceCandidateErrorReadable"));
    pc->dataChannelReadable(holds("dataChannelReadable"));
    pc->trackReadable(holds("trackReadable"));
    pc->negotiationNeededReadable(holds("negotiationNeededReadable"));
    channel.closed(holds("channel closed"));
    channel.stateChanged(DataChannelState::connecting, holds("channel stateChanged"));
    channel.readable(holds("readable"));
    net.world.run_for(1s);
    for (const auto* all : {&aborted, &fulfilled})
        for (const auto& [name, each] : *all) {
            INFO(name);
            CHECK_FALSE(each.done());
        }
    const bool destroy = GENERATE(false, true);
    if (destroy)
        pc.reset();
    else
        pc->close();
    net.world.run_for(1ms);
    for (const auto& [name, each] : aborted) {
        INFO(name);
        REQUIRE(each.done());
        CHECK(each.failure() == "AbortError");
    }
    for (const auto& [name, each] : fulfilled) {
        INFO(name);
        REQUIRE(each.done());
        CHECK(each.failure().empty());
    }
    CHECK(net.world.run_dry());
    if (destroy) return;
    test::pending late, gathering, ended;
    pc->iceConnectionStateChanged(IceConnectionState::closed, late.token());
    pc->iceGatheringStateChanged(IceGatheringState::new_, gathering.token());
    channel.stateChanged(DataChannelState::closed, ended.token());
    net.world.run_for(1ms);
    CHECK(late.failure() == "AbortError"); // they will not change any more
    CHECK(gathering.failure() == "AbortError");
    CHECK(ended.failure() == "AbortError");
}
