#include "test/unit/peer_connection/media_support.hpp"

#include <algorithm>

using namespace cortc;
using namespace std::chrono_literals;
using direction = RtpTransceiverDirection;
using test::failure_of;
using test::thrown;
using test::thrown_name;

namespace {

const RtpCodec* find(const RtpCapabilities& all, std::string_view mime_type) {
    auto at = std::find_if(all.codecs.begin(), all.codecs.end(),
                           [&](const auto& each) { return each.mimeType == mime_type; });
    return at == all.codecs.end() ? nullptr : &*at;
}

RtpTransceiverInit two_layers() {
    RtpTransceiverInit init;
    init.sendEncodings.emplace_back("q");
    init.sendEncodings.emplace_back("f");
    return init;
}

asio::awaitable<void> set_parameters_checks(context a) {
    PeerConnection pc(a);
    auto sender = pc.addTransceiver("video", two_layers()).sender();
    RtpSendParameters never;
    CHECK(co_await failure_of(sender.setParameters(never)) == "InvalidStateError"); // nothing asked for yet
    const auto good = sender.getParameters();
    CHECK(good == sender.getParameters());
    CHECK(good.transactionId.size() == 36);
    auto changed = good;
    changed.encodings.pop_back();
    CHECK(co_await failure_of(sender.setParameters(changed)) == "InvalidModificationError");
    changed = good;
    std::swap(changed.encodings[0], changed.encodings[1]);
    CHECK(co_await failure_of(sender.setParameters(changed)) == "InvalidModificationError");
    changed = good;
    changed.encodings[0].rid = "x";
    CHECK(co_await failure_of(sender.setParameters(changed)) == "InvalidModificationError");
    changed = good;
    changed.transactionId = "mine";
    CHECK(co_await failure_of(sender.setParameters(changed)) == "InvalidModificationError");
    changed = good;
    changed.rtcp.cname = "mine";
    CHECK(co_await failure_of(sender.setParameters(changed)) == "InvalidModificationError");
    changed = good;
    changed.codecs.emplace_back(RtpCodec("video/VP8", 90000), 96);
    CHECK(co_await failure_of(sender.setParameters(changed)) == "InvalidModificationError");
    changed = good;
    changed.headerExtensions.emplace_back("urn:x", 1);
    CHECK(co_await failure_of(sender.setParameters(changed)) == "InvalidModificationError");
    changed = good;
    changed.encodings[0].codec = RtpCodec("audio/opus", 48000, 2);
    CHECK(co_await failure_of(sender.setParameters(changed)) == "InvalidModificationError");
    changed = good;
    changed.encodings[1].scaleResolutionDownBy = 0.99;
    CHECK(co_await failure_of(sender.setParameters(changed)) == "RangeError");
    changed = good;
    changed.encodings[1].maxFramerate = -1;
    CHECK(co_await failure_of(sender.setParameters(changed)) == "RangeError");
    CHECK(sender.getParameters() == good); // after all of that
}

asio::awaitable<void> set_parameters_sets(context a) {
    PeerConnection pc(a);
    auto transceiver = pc.addTransceiver("video", two_layers());
    auto sender = transceiver.sender();
    auto parameters = sender.getParameters();
    parameters.encodings[0].active = false;
    parameters.encodings[1].maxFramerate = 0; // freezes; allowed here
    parameters.encodings[1].scaleResolutionDownBy.reset();
    parameters.encodings[1].codec = RtpCodec("video/VP8", 90000);
    co_await sender.setParameters(parameters);
    CHECK(co_await failure_of(sender.setParameters(parameters)) == "InvalidStateError"); // used up
    auto after = sender.getParameters();
    CHECK(after.transactionId != parameters.transactionId);
    CHECK_FALSE(after.encodings[0].active);
    CHECK(after.encodings[1].maxFramerate == 0.0);
    CHECK(after.encodings[1].scaleResolutionDownBy == 1.0);
    REQUIRE(after.encodings[1].codec);
    CHECK(after.encodings[1].codec->mimeType == "video/VP8");
    transceiver.stop();
    CHECK(co_await failure_of(sender.setParameters(after)) == "InvalidStateError");
    CHECK(sender.getParameters().encodings.size() == 2);
}

asio::awaitable<void> set_parameters_twice(context a, context b) {
    PeerConnection pc(a), other(b);
    auto sender = pc.addTransceiver("video", two_layers()).sender();
    auto first = sender.getParameters(), second = first;
    first.encodings[0].maxBitrate = 1;
    first.encodings[1].maxBitrate = 2;
    second.encodings[0].maxBitrate = 3;
    test::pending one, two, late;
    sender.setParameters(first, one.token());
    sender.setParameters(second, two.token()); // of the same getParameters, which is not forgotten yet
    CHECK(sender.getParameters().transactionId == first.transactionId);
    CHECK_FALSE(sender.getParameters().encodings[0].maxBitrate);
    co_await test::turns();
    CHECK(one.failure().empty());
    CHECK(two.failure().empty());
    sender.setParameters(first, late.token());
    co_await test::turns();
    CHECK(late.failure() == "InvalidStateError");
    CHECK(sender.getParameters().encodings[0].maxBitrate == 3u);
    CHECK_FALSE(sender.getParameters().encodings[1].maxBitrate);
    // Stopped or closed meanwhile.
    auto parameters = sender.getParameters();
    test::pending stopping, closing;
    pc.getTransceivers()[0].stop();
    sender.setParameters(parameters, stopping.token());
    auto another = pc.addTransceiver("audio").sender();
    auto of_another = another.getParameters();
    another.setParameters(of_another, closing.token());
    pc.close();
    co_await test::turns();
    CHECK(stopping.failure() == "InvalidStateError");
    CHECK(closing.failure() == "AbortError");
}

asio::awaitable<void> asymmetric_codec(context a) {
    PeerConnection pc(a);
    auto sender = pc.addTransceiver("video").sender();
    auto parameters = sender.getParameters();
    parameters.encodings[0].codec = RtpCodec("video/AV1", 90000, {}, "level-idx=9;profile=1;tier=1");
    co_await sender.setParameters(parameters); // each side has a profile of its own
    parameters = sender.getParameters();
    REQUIRE(parameters.encodings[0].codec);
    parameters.encodings[0].codec = RtpCodec("video/VP9", 90000, {}, "profile-id=77");
    CHECK(co_await failure_of(sender.setParameters(parameters)) == "InvalidModificationError");
}

asio::awaitable<void> negotiated_parameters(context a, context b) {
    PeerConnection one(a), other(b);
    auto transceiver = one.addTransceiver(MediaStreamTrack(a, MediaKind::audio));
    auto before = transceiver.sender().getParameters();
    CHECK(before.codecs.empty());
    CHECK(transceiver.receiver().getParameters() == RtpReceiveParameters());
    co_await test::negotiate(one, other);
    auto sent = transceiver.sender().getParameters();
    CHECK(sent.transactionId != before.transactionId); // a negotiation makes another set
    CHECK(sent.rtcp.cname == before.rtcp.cname);
    REQUIRE_FALSE(sent.codecs.empty());
    CHECK(sent.codecs[0].mimeType == "audio/opus");
    CHECK(sent.codecs[0].clockRate == 48000);
    CHECK(sent.codecs[0].channels == 2);
    CHECK(sent.codecs[0].sdpFmtpLine.value_or("").find("useinbandfec=1") != std::string::npos);
    CHECK(sent.codecs[0].payloadType >= 96);
    CHECK(std::any_of(sent.headerExtensions.begin(), sent.headerExtensions.end(),
                      [](const auto& each) { return each.uri == "urn:ietf:params:rtp-hdrext:sdes:mid"; }));
    auto received = transceiver.receiver().getParameters();
    CHECK(received.codecs.size() == sent.codecs.size());
    CHECK_FALSE(received.rtcp.cname);
    CHECK(received.rtcp.reducedSize == sent.rtcp.reducedSize);
    one.close();
    CHECK(transceiver.sender().getParameters().codecs == sent.codecs); // nobody asks, nobody is refused
    CHECK(transceiver.receiver().getParameters() == received);
}

asio::awaitable<void> replaces(context a) {
    PeerConnection pc(a);
    MediaStreamTrack first(a, MediaKind::audio), second(a, MediaKind::audio), video(a, MediaKind::video);
    auto sender = pc.addTrack(first);
    CHECK(co_await failure_of(sender.replaceTrack(video)) == "TypeError");
    CHECK(co_await failure_of(sender.replaceTrack(MediaStreamTrack())) == "TypeError");
    co_await sender.replaceTrack(second);
    CHECK(sender.track() == second);
    CHECK(thrown_name([&] { pc.addTrack(second); }) == "InvalidAccessError");
    co_await sender.replaceTrack(std::nullopt);
    CHECK_FALSE(sender.track());
    CHECK(pc.addTrack(second) == sender); // it has no track and never sent
    pc.getTransceivers()[0].stop();
    CHECK(co_await failure_of(sender.replaceTrack(first)) == "InvalidStateError");
    auto other = pc.addTrack(first);
    pc.close();
    CHECK(co_await failure_of(other.replaceTrack(video)) == "TypeError"); // before the chain
    CHECK(co_await failure_of(other.replaceTrack(second)) == "InvalidStateError");
}

/// A context whose certificate is made by another handler, so that the first offer waits.
context with_worker(const context& like) {
    context_options options;
    options.worker = like.get_executor();
    return context(like.get_executor(), like.network(), options);
}

asio::awaitable<void> replaces_in_turn(context a) {
    PeerConnection pc(with_worker(a));
    MediaStreamTrack first(a, MediaKind::audio), second(a, MediaKind::audio);
    auto sender = pc.addTrack(first);
    // The offer waits for the certificate, and what comes after it on the chain waits, too.
    test::pending offer, replaced;
    pc.createOffer(offer.token());
    sender.replaceTrack(second, replaced.token());
    CHECK(sender.track() == first);
    co_await test::turns(100);
    REQUIRE(replaced.done());
    CHECK(offer.failure().empty());
    CHECK(replaced.failure().empty());
    CHECK(sender.track() == second);
    pc.close();
    co_await pc.closed();
}

asio::awaitable<void> replace_is_cancelled(context a) {
    PeerConnection pc(with_worker(a));
    MediaStreamTrack first(a, MediaKind::audio), second(a, MediaKind::audio);
    auto sender = pc.addTrack(first);
    test::pending offer;
    asio::cancellation_signal signal;
    std::optional<std::exception_ptr> outcome;
    pc.createOffer(offer.token());
    sender.replaceTrack(second, asio::bind_cancellation_slot(
                                    signal.slot(), [&](std::exception_ptr error) { outcome = error; }));
    signal.emit(asio::cancellation_type::terminal);
    co_await test::turns(100);
    REQUIRE(outcome);
    CHECK(*outcome);
    CHECK(offer.failure().empty());
    CHECK(sender.track() == first);
    co_await sender.replaceTrack(second); // the chain goes on
    CHECK(sender.track() == second);
}

asio::awaitable<void> streams_are_renegotiated(context a, context b) {
    PeerConnection one(a), other(b);
    MediaStream first(a), second(a);
    auto sender = one.addTrack(MediaStreamTrack(a, MediaKind::audio), first);
    co_await test::negotiate(one, other);
    co_await test::turns();
    (void)one.tryNegotiationNeeded();
    CHECK_FALSE(one.tryNegotiationNeeded());
    sender.setStreams(first, second);
    co_await test::turns();
    CHECK(one.tryNegotiationNeeded());
    auto offer = co_await one.createOffer();
    CHECK(test::lines_of(offer.sdp, 0, "a=msid:" + second.id()).size() == 1);
    CHECK(thrown_name([&] { sender.setStreams(MediaStream()); }) == "TypeError");
    one.close();
    CHECK(thrown_name([&] { sender.setStreams(first); }) == "InvalidStateError");
}

asio::awaitable<void> preferences(context a) {
    PeerConnection pc(a);
    auto transceiver = pc.addTransceiver("video");
    const auto all = RtpSender::getCapabilities(MediaKind::video);
    const auto vp9 = *find(all, "video/VP9"), rtx = *find(all, "video/rtx");
    auto refused = [&](std::vector<RtpCodec> codecs) {
        return thrown_name([&] { transceiver.setCodecPreferences(codecs); });
    };
    CHECK(refused({RtpCodec("video/nonsense", 90000)}) == "InvalidModificationError");
    CHECK(refused({RtpCodec("audio/opus", 48000, 2)}) == "InvalidModificationError");
    CHECK(refused({RtpCodec("audio/VP8", 90000)}) == "InvalidModificationError");
    CHECK(refused({RtpCodec("VP8", 90000)}) == "InvalidModificationError");
    CHECK(refused({RtpCodec("video/VP8", 8000)}) == "InvalidModificationError");
    CHECK(refused({RtpCodec("video/VP8", 90000, {}, "x=1")}) == "InvalidModificationError");
    CHECK(refused({rtx}) == "InvalidModificationError");
    transceiver.setCodecPreferences({vp9, rtx, vp9});
    auto offer = co_await pc.createOffer();
    CHECK(test::lines_of(offer.sdp, 0, "a=rtpmap:").size() == 2);
    transceiver.setCodecPreferences({});
    offer = co_await pc.createOffer();
    CHECK(test::lines_of(offer.sdp, 0, "a=rtpmap:").size() > 10);
}

} // namespace

// ---- RtpSender, RtpReceiver

TEST_CASE("getCapabilities: codecs once each, RTX without parameters") {
    for (auto kind : {MediaKind::audio, MediaKind::video}) {
        const auto all = RtpSender::getCapabilities(kind);
        CHECK(all == RtpReceiver::getCapabilities(kind));
        REQUIRE(all.codecs.size() > 5);
        for (const auto& each : all.codecs)
            CHECK(std::count(all.codecs.begin(), all.codecs.end(), each) == 1);
        CHECK_FALSE(all.headerExtensions.empty());
    }
    const auto video = RtpSender::getCapabilities(MediaKind::video);
    REQUIRE(find(video, "video/rtx"));
    CHECK_FALSE(find(video, "video/rtx")->sdpFmtpLine);
    CHECK_FALSE(find(video, "video/VP8")->channels);
    CHECK(find(RtpSender::getCapabilities(MediaKind::audio), "audio/opus")->channels == 2);
    CHECK(RtpSender::getCapabilities("video") == video);
    CHECK_FALSE(RtpSender::getCapabilities("data"));
    CHECK_FALSE(RtpReceiver::getCapabilities("Video"));
}

TEST_CASE("setParameters: length, order, rid, read-only changes, then ranges; a failure changes nothing") {
    test::two_hosts net;
    net.run(set_parameters_checks(net.a), 5s);
}

TEST_CASE("setParameters: sets what may change, and is good for one time; stopped is InvalidStateError") {
    test::two_hosts net;
    net.run(set_parameters_sets(net.a), 5s);
}

TEST_CASE("setParameters: done in a task; two of one turn may be of one getParameters") {
    test::two_hosts net;
    net.run(set_parameters_twice(net.a, net.b), 5s);
}

TEST_CASE("setParameters: a codec's asymmetric parameters do not count") {
    test::two_hosts net;
    net.run(asymmetric_codec(net.a), 5s);
}

TEST_CASE("getParameters: codecs, extensions and rtcp are what was negotiated") {
    test::two_hosts net;
    net.run(negotiated_parameters(net.a, net.b), 5s);
}

TEST_CASE("replaceTrack: another kind is a TypeError, stopped and closed InvalidStateError") {
    test::two_hosts net;
    net.run(replaces(net.a), 5s);
}

TEST_CASE("replaceTrack: takes its place on the operations chain") {
    test::two_hosts net;
    net.run(replaces_in_turn(net.a), 5s);
}

TEST_CASE("replaceTrack: cancelled while it waits, the track is as it was") {
    test::two_hosts net;
    net.run(replace_is_cancelled(net.a), 5s);
}

TEST_CASE("setStreams: negotiation is needed, the next offer names them; closed is InvalidStateError") {
    test::two_hosts net;
    net.run(streams_are_renegotiated(net.a, net.b), 5s);
}

TEST_CASE("setCodecPreferences: something that is no capability is InvalidModificationError") {
    test::two_hosts net;
    net.run(preferences(net.a), 5s);
}
