#include "cortc/connection/connection.hpp"
#include "cortc/cortc.hpp"
#include "test/unit/peer_connection/media_support.hpp"

using namespace cortc;
using namespace std::chrono_literals;
using direction = RtpTransceiverDirection;
using test::thrown;
using test::thrown_name;

namespace {

RtpTransceiverInit simulcast(std::vector<std::string> rids) {
    RtpTransceiverInit init(direction::sendonly);
    for (auto& each : rids) init.sendEncodings.emplace_back(std::move(each));
    return init;
}

asio::awaitable<void> a_used_sender_is_not_taken(context a, context b) {
    PeerConnection one(a), other(b);
    MediaStreamTrack first(a, MediaKind::audio), second(a, MediaKind::audio);
    auto sender = one.addTrack(first);
    co_await test::negotiate(one, other);
    one.removeTrack(sender);
    CHECK_FALSE(sender.track());
    auto another = one.addTrack(second); // the first has sent, so it keeps its place for itself
    CHECK(another != sender);
    CHECK(one.getTransceivers().size() == 2);
}

asio::awaitable<void> one_that_never_sent_is_taken(context a, context b) {
    PeerConnection one(a), other(b);
    one.addTransceiver("audio");
    one.addTransceiver("video");
    auto offer = co_await one.createOffer();
    co_await other.setRemoteDescription(offer);
    auto transceivers = other.getTransceivers();
    REQUIRE(transceivers.size() == 2);
    CHECK(transceivers[1].direction() == direction::recvonly);
    MediaStreamTrack video(b, MediaKind::video);
    MediaStream stream(b);
    auto sender = other.addTrack(video, stream);
    CHECK(sender == transceivers[1].sender());
    CHECK(sender.track() == video);
    CHECK(transceivers[1].direction() == direction::sendrecv);
    transceivers[0].direction(direction::inactive);
    MediaStreamTrack audio(b, MediaKind::audio);
    CHECK(other.addTrack(audio) == transceivers[0].sender());
    CHECK(transceivers[0].direction() == direction::sendonly);
    auto answer = co_await other.createAnswer();
    CHECK(test::lines_of(answer.sdp, 1, "a=msid:" + stream.id() + " ").size() == 1);
    CHECK(test::lines_of(answer.sdp, 0, "a=sendonly").size() == 1);
}

asio::awaitable<void> needs_negotiation(context a) {
    PeerConnection pc(a);
    CHECK_FALSE(pc.tryNegotiationNeeded());
    pc.addTrack(MediaStreamTrack(a, MediaKind::audio));
    co_await test::turns();
    CHECK(pc.tryNegotiationNeeded());
    PeerConnection other(a);
    other.addTransceiver(MediaKind::video);
    co_await test::turns();
    CHECK(other.tryNegotiationNeeded());
}

} // namespace

// ---- addTrack

TEST_CASE("addTrack: a new sender, a transceiver that sends and receives") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    MediaStreamTrack track(net.a, MediaKind::audio, "microphone");
    auto sender = pc.addTrack(track);
    REQUIRE(sender);
    CHECK(sender.track() == track);
    REQUIRE(pc.getTransceivers().size() == 1);
    auto transceiver = pc.getTransceivers()[0];
    CHECK(transceiver.sender() == sender);
    CHECK(pc.getSenders() == std::vector<RtpSender>{sender});
    CHECK(pc.getReceivers() == std::vector<RtpReceiver>{transceiver.receiver()});
    CHECK(transceiver.direction() == direction::sendrecv);
    CHECK_FALSE(transceiver.currentDirection());
    CHECK_FALSE(transceiver.mid());
    CHECK(transceiver.kind() == MediaKind::audio);
}

TEST_CASE("addTrack: an empty handle is a TypeError, before everything else") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    pc.close();
    CHECK(thrown([&] { pc.addTrack(MediaStreamTrack()); }) ==
          "TypeError: addTrack: the track is an empty handle");
    MediaStreamTrack track(net.a, MediaKind::audio);
    MediaStream good(net.a);
    CHECK(thrown([&] { pc.addTrack(track, good, MediaStream()); }) ==
          "TypeError: addTrack: streams[1] is an empty handle");
}

TEST_CASE("addTrack: closed is InvalidStateError") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    MediaStreamTrack track(net.a, MediaKind::audio);
    pc.addTrack(track);
    pc.close();
    CHECK(thrown_name([&] { pc.addTrack(track); }) == "InvalidStateError"); // not InvalidAccessError
}

TEST_CASE("addTrack: a track that is already sent is InvalidAccessError") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    MediaStreamTrack track(net.a, MediaKind::audio);
    auto sender = pc.addTrack(track);
    CHECK(thrown_name([&] { pc.addTrack(track); }) == "InvalidAccessError");
    CHECK(pc.getSenders().size() == 1);
    pc.removeTrack(sender);
    CHECK(pc.addTrack(track) == sender);
    PeerConnection other(net.a);
    CHECK(thrown_name([&] { other.addTrack(track); }).empty()); // another connection may send it, too
}

TEST_CASE("addTrack: more than 32 streams are a TypeError") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    std::vector<MediaStream> streams;
    for (int i = 0; i < 33; ++i) streams.emplace_back(net.a);
    CHECK(thrown_name([&] { pc.addTrack(MediaStreamTrack(net.a, MediaKind::audio), streams); }) ==
          "TypeError");
    CHECK(pc.getTransceivers().empty());
}

TEST_CASE("addTrack: a sender that has sent is not taken again") {
    test::two_hosts net;
    net.run(a_used_sender_is_not_taken(net.a, net.b), 5s);
}

TEST_CASE("addTrack: one that never sent is taken, with direction and streams") {
    test::two_hosts net;
    net.run(one_that_never_sent_is_taken(net.a, net.b), 5s);
}

TEST_CASE("addTrack, addTransceiver: negotiation is needed") {
    test::two_hosts net;
    net.run(needs_negotiation(net.a), 5s);
}

// ---- removeTrack

TEST_CASE("removeTrack: checks in order, then half of the direction") {
    test::two_hosts net;
    PeerConnection pc(net.a), other(net.a);
    auto sender = pc.addTrack(MediaStreamTrack(net.a, MediaKind::audio));
    auto foreign = other.addTrack(MediaStreamTrack(net.a, MediaKind::audio));
    CHECK(thrown_name([&] { pc.removeTrack(RtpSender()); }) == "TypeError");
    CHECK(thrown_name([&] { pc.removeTrack(foreign); }) == "InvalidAccessError");
    auto transceiver = pc.getTransceivers()[0];
    pc.removeTrack(sender);
    CHECK_FALSE(sender.track());
    CHECK(transceiver.direction() == direction::recvonly);
    pc.removeTrack(sender); // nothing to remove
    auto sendonly = pc.addTransceiver(MediaStreamTrack(net.a, MediaKind::video), direction::sendonly);
    pc.removeTrack(sendonly.sender());
    CHECK(sendonly.direction() == direction::inactive);
    auto stopping = pc.addTransceiver(MediaStreamTrack(net.a, MediaKind::video), direction::sendonly);
    stopping.stop();
    pc.removeTrack(stopping.sender());
    CHECK(stopping.sender().track()); // left alone
    pc.close();
    CHECK(thrown_name([&] { pc.removeTrack(foreign); }) == "InvalidStateError");
}

// ---- addTransceiver

TEST_CASE("addTransceiver: a kind, or a track") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    auto audio = pc.addTransceiver("audio");
    CHECK(audio.kind() == MediaKind::audio);
    CHECK(audio.direction() == direction::sendrecv);
    CHECK_FALSE(audio.sender().track());
    MediaStreamTrack track(net.a, MediaKind::video);
    auto video = pc.addTransceiver(track, direction::sendonly);
    CHECK(video.sender().track() == track);
    CHECK(video.direction() == direction::sendonly);
    auto again = pc.addTransceiver(track); // unlike addTrack it takes the same track twice
    CHECK(again != video);
    auto received = audio.receiver().track();
    CHECK(received.kind() == MediaKind::audio);
    CHECK(received.label() == "remote audio");
    CHECK(received.muted());
    CHECK(received.readyState() == MediaStreamTrackState::live);
    CHECK(pc.getTransceivers() == std::vector<RtpTransceiver>{audio, video, again});
}

TEST_CASE("addTransceiver: a bad kind is a TypeError, before closed") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    pc.close();
    CHECK(thrown([&] { pc.addTransceiver("data"); }) ==
          "TypeError: addTransceiver: kind is \"data\"; it can be \"audio\" or \"video\"");
    CHECK(thrown_name([&] { pc.addTransceiver("Audio"); }) == "TypeError");
    CHECK(thrown_name([&] { pc.addTransceiver(MediaStreamTrack()); }) == "TypeError");
    CHECK(thrown_name([&] { pc.addTransceiver("audio", direction::stopped); }) == "TypeError");
    CHECK(thrown_name([&] { pc.addTransceiver("audio", simulcast({"a b"})); }) == "InvalidStateError");
}

TEST_CASE("addTransceiver: bad rids are a TypeError") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    CHECK(thrown_name([&] { pc.addTransceiver("video", simulcast({"a b", "c"})); }) == "TypeError");
    CHECK(thrown_name([&] { pc.addTransceiver("video", simulcast({"a", "a"})); }) == "TypeError");
    CHECK(thrown_name([&] { pc.addTransceiver("video", simulcast({std::string(256, 'a')})); }) ==
          "TypeError");
    CHECK(thrown([&] {
              pc.addTransceiver("video", simulcast({"a", ""}));
          }) == "TypeError: addTransceiver: sendEncodings[1].rid is empty; leave it out, or give it 1 to 255 "
                "letters, digits, '-' and '_'");
    auto some = simulcast({"a"});
    some.sendEncodings.emplace_back();
    CHECK(thrown_name([&] { pc.addTransceiver("video", some); }) == "TypeError");
    CHECK(pc.getTransceivers().empty());
}

TEST_CASE("addTransceiver: an unknown codec is OperationError, scale and frame rate RangeError") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    auto with = [](auto change) {
        RtpTransceiverInit init;
        change(init.sendEncodings.emplace_back());
        return init;
    };
    auto codec = with([](auto& each) { each.codec = RtpCodec("video/nonsense", 90000); });
    auto scale = with([](auto& each) { each.scaleResolutionDownBy = 0.5; });
    auto rate = with([](auto& each) { each.maxFramerate = 0; });
    CHECK(thrown_name([&] { pc.addTransceiver("video", codec); }) == "OperationError");
    CHECK(thrown([&] { pc.addTransceiver("video", scale); }) ==
          "RangeError: addTransceiver: sendEncodings[0].scaleResolutionDownBy is 0.5; 1 is the least");
    CHECK(thrown_name([&] { pc.addTransceiver("video", rate); }) == "RangeError");
    auto both = scale;
    both.sendEncodings[0].codec = codec.sendEncodings[0].codec;
    CHECK(thrown_name([&] { pc.addTransceiver("video", both); }) == "OperationError"); // codecs come first
    auto audio = pc.addTransceiver("audio", scale); // audio has no scale: it is dropped
    CHECK_FALSE(audio.sender().getParameters().encodings[0].scaleResolutionDownBy);
    auto vp8 = with([](auto& each) { each.codec = RtpCodec("VIDEO/vp8", 90000); });
    CHECK(thrown_name([&] { pc.addTransceiver("video", vp8); }).empty());
}

TEST_CASE("addTransceiver: sendEncodings are seen in getParameters, smallest first") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    auto wanted = simulcast({"q", "h", "f"});
    wanted.sendEncodings[1].maxBitrate = 500'000;
    wanted.sendEncodings[2].active = false;
    auto encodings = pc.addTransceiver("video", wanted).sender().getParameters().encodings;
    REQUIRE(encodings.size() == 3);
    CHECK(encodings[0].rid == "q");
    CHECK(encodings[0].scaleResolutionDownBy == 4.0);
    CHECK(encodings[1].scaleResolutionDownBy == 2.0);
    CHECK(encodings[1].maxBitrate == 500'000u);
    CHECK(encodings[2].scaleResolutionDownBy == 1.0);
    CHECK_FALSE(encodings[2].active);
    auto one = pc.addTransceiver("video", simulcast({"only"})).sender().getParameters().encodings;
    REQUIRE(one.size() == 1);
    CHECK_FALSE(one[0].rid); // a single one has none
    CHECK(pc.addTransceiver("audio", simulcast({"a", "b"})).sender().getParameters().encodings.size() == 1);
    CHECK(pc.addTransceiver("audio").sender().getParameters().encodings.size() == 1);
}

TEST_CASE("addTransceiver: receive_rids offer to receive simulcast") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    RtpTransceiverInit init(direction::recvonly);
    init.receive_rids = {"q", "f"};
    CHECK(thrown_name([&] { pc.addTransceiver("audio", init); }) == "TypeError");
    pc.addTransceiver("video", init);
    std::string offer;
    pc.createOffer([&](std::exception_ptr, SessionDescription made) { offer = made.sdp; });
    REQUIRE(net.world.run_until([&] { return !offer.empty(); }, 5s));
    CHECK(test::lines_of(offer, 0, "a=simulcast:") == std::vector<std::string>{"recv q;f"});
}

TEST_CASE("getSenders, getReceivers: not of those that are stopped; getTransceivers: until they are gone") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    auto audio = pc.addTransceiver("audio"), video = pc.addTransceiver("video");
    pc.close();
    CHECK(pc.getSenders().empty());
    CHECK(pc.getReceivers().empty());
    CHECK(pc.getTransceivers() == std::vector<RtpTransceiver>{audio, video});
    CHECK(audio.stopped());
}

TEST_CASE("empty sender and receiver handles say so") {
    CHECK(thrown_name([] { (void)RtpSender().track(); }) == "InvalidStateError");
    CHECK(thrown_name([] { (void)RtpReceiver().track(); }) == "InvalidStateError");
    CHECK(thrown_name([] { (void)RtpTransceiver().sender(); }) == "InvalidStateError");
    CHECK(thrown_name([] { (void)MediaStreamTrack().id(); }) == "InvalidStateError");
    CHECK(thrown_name([] { (void)MediaStream().id(); }) == "InvalidStateError");
}

TEST_CASE("Errors of the negotiation have the names of the W3C") {
    using kind = jsep::error_kind;
    const std::vector<std::pair<kind, std::string>> names{
        {kind::invalid_state, "InvalidStateError"},
        {kind::invalid_access, "InvalidAccessError"},
        {kind::invalid_modification, "InvalidModificationError"},
        {kind::operation, "OperationError"},
        {kind::type, "TypeError"},
        {kind::range, "RangeError"},
        {kind::not_supported, "NotSupportedError"}};
    for (const auto& [what, name] : names) {
        const jsep::error error{what, "so it is", {}, {}};
        CHECK(thrown_name([&] { std::rethrow_exception(detail::to_exception(error)); }) == name);
        CHECK(thrown([&] { detail::refuse("addTrack", error); }) == name + ": addTrack: so it is");
    }
}
