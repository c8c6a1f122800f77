#include "test/support/sim_call.hpp"
#include "test/unit/peer_connection/media_support.hpp"

using namespace cortc;
using namespace std::chrono_literals;
using direction = RtpTransceiverDirection;

namespace {

Configuration bundled_as(BundlePolicy policy) {
    Configuration made;
    made.bundlePolicy = policy;
    return made;
}

std::vector<std::string> mids_of(const PeerConnection& pc) {
    std::vector<std::string> mids;
    for (const auto& each : pc.getTransceivers()) mids.push_back(each.mid().value_or("-"));
    return mids;
}

std::size_t count(const std::string& text, std::string_view what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
    return found;
}

/// As a peer that does not know BUNDLE would answer.
std::string without_bundle(std::string sdp) {
    const auto at = sdp.find("a=group:BUNDLE");
    if (at != std::string::npos) sdp.erase(at, sdp.find("\r\n", at) + 2 - at);
    return sdp;
}

asio::awaitable<void> echoes(PeerConnection& from, PeerConnection& to, DataChannel channel) {
    co_await from.connected();
    co_await to.connected();
    co_await channel.opened();
    auto accepted = co_await to.nextDataChannel();
    co_await channel.send(std::string_view("beside media"));
    auto message = co_await accepted.receive();
    CHECK(message.text() == "beside media");
}

asio::awaitable<void> both_ways(test::sim_call& call) {
    auto& one = *call.offerer;
    auto& other = *call.answerer;
    MediaStream ours(call.a), theirs(call.b);
    one.addTrack(MediaStreamTrack(call.a, MediaKind::audio), ours);
    one.addTrack(MediaStreamTrack(call.a, MediaKind::video), ours);
    auto channel = one.createDataChannel("chat");
    auto offer = co_await one.createOffer();
    co_await one.setLocalDescription(offer);
    co_await other.setRemoteDescription(offer);
    other.addTrack(MediaStreamTrack(call.b, MediaKind::audio), theirs);
    other.addTrack(MediaStreamTrack(call.b, MediaKind::video), theirs);
    auto answer = co_await other.createAnswer();
    co_await other.setLocalDescription(answer);
    co_await one.setRemoteDescription(answer);
    call.trickling.emplace_back(call.io.get_executor(), call.trickle(one, other));
    call.trickling.emplace_back(call.io.get_executor(), call.trickle(other, one));
    co_await echoes(one, other, channel);
    for (auto* pc : {&one, &other}) {
        CHECK(mids_of(*pc) == std::vector<std::string>{"0", "1"});
        for (const auto& each : pc->getTransceivers()) {
            CHECK(each.currentDirection() == direction::sendrecv);
            CHECK(each.sender().transport() == pc->sctp()->transport());
            CHECK(each.receiver().transport() == each.sender().transport());
            CHECK(each.sender().transport()->state() == DtlsTransportState::connected);
        }
        for (int i = 0; i < 2; ++i) {
            auto seen = pc->tryNextTrack();
            REQUIRE(seen);
            CHECK(seen->streams.at(0).id() == (pc == &one ? theirs : ours).id());
        }
        CHECK_FALSE(pc->tryNextTrack());
        CHECK(pc->signalingState() == SignalingState::stable);
    }
    CHECK(call.world.open_sockets() == 4); // one transport each: an IPv4 and an IPv6 address
}

asio::awaitable<void> apart(test::sim_call& call) {
    auto& one = *call.offerer;
    auto& other = *call.answerer;
    auto first = one.addTransceiver("audio");
    CHECK_FALSE(first.sender().transport()); // before a description
    one.addTransceiver("video");
    one.addTransceiver("video");
    auto channel = one.createDataChannel("chat");
    auto offer = co_await one.createOffer();
    CHECK(offer.sdp.find("a=bundle-only") == std::string::npos);
    co_await one.setLocalDescription(offer);
    auto seen = SessionDescription(SdpType::offer, without_bundle(offer.sdp));
    co_await other.setRemoteDescription(seen);
    auto answer = co_await other.createAnswer();
    CHECK(answer.sdp.find("a=group:BUNDLE") == std::string::npos);
    co_await other.setLocalDescription(answer);
    co_await one.setRemoteDescription(answer);
    call.trickling.emplace_back(call.io.get_executor(), call.trickle(one, other));
    call.trickling.emplace_back(call.io.get_executor(), call.trickle(other, one));
    co_await echoes(one, other, channel);
    CHECK(call.world.open_sockets() == 16); // four transports
    std::vector<std::optional<DtlsTransport>> transports{one.sctp()->transport()};
    for (const auto& each : one.getTransceivers()) transports.push_back(each.sender().transport());
    for (std::size_t i = 0; i < transports.size(); ++i) {
        REQUIRE(transports[i]);
        CHECK(transports[i]->state() == DtlsTransportState::connected);
        for (std::size_t j = 0; j < i; ++j) CHECK(transports[i] != transports[j]);
    }
    CHECK(one.iceConnectionState() == IceConnectionState::completed);
    co_await one.gatheringComplete();
    CHECK(count(one.localDescription()->sdp, "a=end-of-candidates") == 4);
    co_await one.restarted();
    OfferOptions restart{.iceRestart = true};
    offer = co_await one.createOffer(restart); // all four
    co_await one.setLocalDescription(offer);
    co_await other.setRemoteDescription(offer);
    co_await other.setLocalDescription();
    answer = *other.localDescription();
    co_await one.setRemoteDescription(answer);
    co_await one.restarted();
    CHECK(one.connectionState() == PeerConnectionState::connected);
}

asio::awaitable<void> one_of_them_ends(test::sim_call& call) {
    co_await apart(call);
    auto& one = *call.offerer;
    auto& other = *call.answerer;
    one.getTransceivers()[0].stop();
    co_await call.negotiate(one, other);
    co_await call.pause(1s);
    CHECK(call.world.open_sockets() == 12); // its transport is gone, the others go on
    CHECK(one.connectionState() == PeerConnectionState::connected);
    CHECK(other.connectionState() == PeerConnectionState::connected);
}

/// RFC 9429 5.3.1: without BUNDLE a balanced answerer takes one section of each kind.
asio::awaitable<void> balanced_answer(test::sim_call& call) {
    auto& one = *call.offerer;
    auto& other = *call.answerer;
    for (const char* kind : {"audio", "video", "video"}) one.addTransceiver(kind);
    auto offer = co_await one.createOffer();
    co_await one.setLocalDescription(offer);
    auto seen = SessionDescription(SdpType::offer, without_bundle(offer.sdp));
    co_await other.setRemoteDescription(seen);
    auto answer = co_await other.createAnswer();
    co_await other.setLocalDescription(answer);
    co_await one.setRemoteDescription(answer);
    CHECK(mids_of(one) == std::vector<std::string>{"0", "1"});
    call.trickling.emplace_back(call.io.get_executor(), call.trickle(one, other));
    call.trickling.emplace_back(call.io.get_executor(), call.trickle(other, one));
    co_await one.connected();
    co_await other.connected();
    CHECK(call.world.open_sockets() == 8);
}

asio::awaitable<void> media_only(test::sim_call& call) {
    call.offerer->addTransceiver("audio", direction::recvonly);
    co_await call.set_up();
    co_await call.offerer->connected();
    co_await call.answerer->connected();
}

asio::awaitable<void> renegotiations(test::sim_call& call) {
    auto& one = *call.offerer;
    auto& other = *call.answerer;
    auto audio = one.addTransceiver(MediaStreamTrack(call.a, MediaKind::audio));
    co_await call.set_up();
    co_await one.connected();
    co_await other.connected();
    auto video = one.addTransceiver(MediaStreamTrack(call.a, MediaKind::video));
    co_await call.negotiate(one, other);
    CHECK(mids_of(other) == std::vector<std::string>{"0", "1"});
    CHECK(video.currentDirection() == direction::sendonly);
    other.getTransceivers()[1].direction(direction::inactive);
    co_await call.negotiate(other, one);
    CHECK(video.currentDirection() == direction::inactive);
    CHECK(video.direction() == direction::sendrecv); // what we wish stays
    audio.stop();
    co_await call.negotiate(one, other);
    CHECK(audio.stopped());
    CHECK(one.getTransceivers() == std::vector<RtpTransceiver>{video});
    CHECK(other.getTransceivers().size() == 1);
    // The place of the rejected section is used again, its mid is not.
    auto next = one.addTransceiver(MediaStreamTrack(call.a, MediaKind::audio));
    co_await call.negotiate(one, other);
    CHECK(next.mid() == "2");
    const auto sdp = one.localDescription()->sdp;
    CHECK(count(sdp, "\r\nm=") == 2);
    CHECK(test::lines_of(sdp, 0, "a=mid:") == std::vector<std::string>{"2"});
    CHECK_FALSE(audio.mid() == next.mid());
    CHECK(audio.stopped()); // for good
    CHECK(one.connectionState() == PeerConnectionState::connected);
    CHECK(other.connectionState() == PeerConnectionState::connected);
}

asio::awaitable<void> simulcast(test::sim_call& call) {
    auto& one = *call.offerer;
    auto& other = *call.answerer;
    RtpTransceiverInit init(direction::sendonly);
    for (const char* rid : {"q", "h", "f"}) init.sendEncodings.emplace_back(rid);
    auto video = one.addTransceiver(MediaStreamTrack(call.a, MediaKind::video), init);
    co_await call.set_up();
    co_await one.connected();
    auto encodings = video.sender().getParameters().encodings;
    REQUIRE(encodings.size() == 3);
    CHECK(encodings[2].rid == "f");
    CHECK(test::lines_of(one.remoteDescription()->sdp, 0, "a=simulcast:") ==
          std::vector<std::string>{"recv q;h;f"});
    auto parameters = video.sender().getParameters();
    parameters.encodings[0].active = false;
    co_await video.sender().setParameters(parameters);
    co_await call.negotiate(one, other);
    CHECK_FALSE(video.sender().getParameters().encodings[0].active);
}

} // namespace

TEST_CASE("bundlePolicy: how many transports an offer brings") {
    test::two_hosts net;
    auto transports = [&](BundlePolicy policy) {
        PeerConnection pc(net.a, bundled_as(policy));
        pc.addTransceiver("audio");
        pc.addTransceiver("audio");
        pc.addTransceiver("video");
        bool done = false;
        pc.setLocalDescription([&](std::exception_ptr error) { done = !error; });
        REQUIRE(net.world.run_until([&] { return done; }, 5s));
        const auto sdp = pc.localDescription()->sdp;
        CHECK(count(sdp, "a=ice-ufrag:") == 3); // a section that is bundle-only names its transport, too
        return 3 - count(sdp, "a=bundle-only");
    };
    CHECK(transports(BundlePolicy::balanced) == 2);
    CHECK(transports(BundlePolicy::max_compat) == 3);
    CHECK(transports(BundlePolicy::max_bundle) == 1);
}

TEST_CASE("addTrack: audio and video in both directions and data over one transport") {
    test::sim_call call;
    call.run(both_ways(call), 10s);
    call.finish();
}

TEST_CASE("bundlePolicy max-compat: a peer without BUNDLE gets a transport for each section") {
    test::sim_call call;
    call.offerer.emplace(call.a, bundled_as(BundlePolicy::max_compat));
    call.answerer.emplace(call.b, bundled_as(BundlePolicy::max_compat));
    call.run(apart(call), 20s);
    call.finish();
}

TEST_CASE("RtpTransceiver::stop: without BUNDLE its transport ends, and only that") {
    test::sim_call call;
    call.offerer.emplace(call.a, bundled_as(BundlePolicy::max_compat));
    call.answerer.emplace(call.b, bundled_as(BundlePolicy::max_compat));
    call.run(one_of_them_ends(call), 30s);
    call.finish();
}

TEST_CASE(
    "bundlePolicy balanced: a peer without BUNDLE gets a transport for each kind, the rest is rejected") {
    test::sim_call call;
    call.offerer.emplace(call.a, bundled_as(BundlePolicy::max_compat));
    call.run(balanced_answer(call), 20s);
    call.finish();
}

TEST_CASE("addTransceiver: media without any data channel connects") {
    test::sim_call call;
    call.run(media_only(call), 10s);
    call.finish();
}

TEST_CASE("RtpTransceiver: sections are added, held, stopped and used again while connected") {
    test::sim_call call;
    call.run(renegotiations(call), 20s);
    call.finish();
}

TEST_CASE("addTransceiver: simulcast is negotiated, and setParameters outlives a negotiation") {
    test::sim_call call;
    call.run(simulcast(call), 10s);
    call.finish();
}
