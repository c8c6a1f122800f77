#include "cortc/connection/track.hpp"
#include "cortc/cortc.hpp"
#include "test/unit/peer_connection/media_support.hpp"

#include <set>

using namespace cortc;
using namespace std::chrono_literals;
using direction = RtpTransceiverDirection;
using test::failure_of;
using test::thrown_name;

namespace {

asio::awaitable<void> levels_of_a_track(context a) {
    auto inner = std::make_shared<track_impl>(a.core(), MediaKind::audio, "", true);
    MediaStreamTrack track(inner);
    CHECK(co_await track.mutedChanged(false)); // it is already
    test::pending unmuted, again;
    track.mutedChanged(true, unmuted.token());
    co_await test::turns();
    CHECK_FALSE(unmuted.done());
    inner->muted(false); // what media does
    CHECK_FALSE(track.muted());
    CHECK_FALSE(unmuted.done()); // never from inside the call
    co_await test::turns();
    CHECK(unmuted.failure().empty());
    test::pending ended, late;
    track.ended(ended.token());
    track.mutedChanged(false, late.token());
    co_await test::turns();
    track.stop();
    track.stop();
    CHECK(track.readyState() == MediaStreamTrackState::ended);
    co_await test::turns();
    CHECK(ended.failure().empty());
    CHECK(late.failure() == "InvalidStateError");
    CHECK(co_await failure_of(track.mutedChanged(false)) == "InvalidStateError");
    co_await track.ended();
    inner->muted(true); // an ended track does not change
    CHECK_FALSE(track.muted());
}

asio::awaitable<void> cancelled_awaits(context a, context b) {
    PeerConnection one(a), other(b);
    MediaStream stream(a);
    auto sender = one.addTrack(MediaStreamTrack(a, MediaKind::audio), stream);
    co_await test::negotiate(one, other);
    auto seen = co_await other.nextTrack();
    auto track = seen.track;
    auto there = seen.streams.at(0);
    (void)there.tryNextAddedTrack();
    CHECK(co_await test::cancels([&](auto token) { track.mutedChanged(true, token); }));
    CHECK(co_await test::cancels([&](auto token) { track.ended(token); }));
    CHECK(co_await test::cancels([&](auto token) { there.nextAddedTrack(token); }));
    CHECK(co_await test::cancels([&](auto token) { there.addedTrackReadable(token); }));
    CHECK(co_await test::cancels([&](auto token) { there.nextRemovedTrack(token); }));
    CHECK(co_await test::cancels([&](auto token) { there.removedTrackReadable(token); }));
    CHECK(co_await test::cancels([&](auto token) { other.nextTrack(token); }));
    CHECK(co_await test::cancels([&](auto token) { other.trackReadable(token); }));
    CHECK(co_await test::cancels(
        [&](auto token) { other.signalingStateChanged(SignalingState::stable, token); }));
    // Nothing was taken by those, and each stream has room for a reader again.
    test::pending removed;
    there.nextRemovedTrack(removed.token());
    one.removeTrack(sender);
    co_await test::negotiate(one, other);
    co_await test::turns();
    CHECK(removed.failure().empty());
}

asio::awaitable<void> set_parameters_is_cancelled(context a) {
    // It is done in the next task, so that it can be cancelled before.
    PeerConnection pc(a);
    auto sender = pc.addTransceiver("audio").sender();
    auto parameters = sender.getParameters();
    parameters.encodings[0].active = false;
    asio::cancellation_signal signal;
    std::optional<std::exception_ptr> outcome;
    sender.setParameters(parameters, asio::bind_cancellation_slot(
                                         signal.slot(), [&](std::exception_ptr error) { outcome = error; }));
    signal.emit(asio::cancellation_type::terminal);
    co_await test::turns();
    REQUIRE(outcome);
    CHECK(*outcome);
    CHECK(sender.getParameters().encodings[0].active);
    co_await sender.setParameters(parameters); // nothing was used up
    CHECK_FALSE(sender.getParameters().encodings[0].active);
}

asio::awaitable<void> remote_tracks(context a, context b) {
    PeerConnection one(a), other(b);
    MediaStream first(a), second(a);
    MediaStreamTrack audio(a, MediaKind::audio), video(a, MediaKind::video);
    auto audio_sender = one.addTrack(audio, first);
    one.addTrack(video, first, second);
    auto offer = co_await one.createOffer();
    co_await one.setLocalDescription(offer);
    CHECK_FALSE(other.tryNextTrack());
    co_await other.setRemoteDescription(offer);
    auto seen = other.tryNextTrack(); // it is there when the operation completes
    REQUIRE(seen);
    CHECK(seen->transceiver == other.getTransceivers()[0]);
    CHECK(seen->receiver == seen->transceiver.receiver());
    CHECK(seen->track == seen->receiver.track());
    CHECK(seen->track.id() != audio.id()); // ours, not the peer's
    CHECK(seen->track.muted());
    REQUIRE(seen->streams.size() == 1);
    auto stream = seen->streams[0];
    CHECK(stream.id() == first.id());
    auto video_seen = other.tryNextTrack();
    REQUIRE(video_seen);
    REQUIRE(video_seen->streams.size() == 2);
    CHECK(video_seen->streams[0] == stream); // one stream for each id
    CHECK(video_seen->streams[1].id() == second.id());
    CHECK(stream.getTracks() == std::vector<MediaStreamTrack>{seen->track, video_seen->track});
    CHECK(stream.getAudioTracks() == std::vector<MediaStreamTrack>{seen->track});
    CHECK(stream.getVideoTracks() == std::vector<MediaStreamTrack>{video_seen->track});
    CHECK(stream.getTrackById(seen->track.id()) == seen->track);
    CHECK_FALSE(stream.getTrackById(audio.id()));
    CHECK_FALSE(stream.tryNextAddedTrack()); // the track events have told of both
    CHECK_FALSE(other.tryNextTrack());
    auto answer = co_await other.createAnswer();
    co_await other.setLocalDescription(answer);
    co_await one.setRemoteDescription(answer);
    CHECK_FALSE(one.tryNextTrack()); // the answerer does not send
    // The peer stops sending audio and moves video to one stream.
    one.removeTrack(audio_sender);
    one.getSenders()[1].setStreams(second);
    seen->track.inner()->muted(false);
    co_await test::negotiate(one, other);
    CHECK(seen->track.muted()); // not received any more
    CHECK(seen->track.readyState() == MediaStreamTrackState::live);
    CHECK(stream.getTracks().empty());
    CHECK(stream.tryNextRemovedTrack() == seen->track);
    CHECK(stream.tryNextRemovedTrack() == video_seen->track);
    CHECK_FALSE(other.tryNextTrack());
    CHECK(video_seen->streams[1].getTracks().size() == 1);
    // And sends it again: the same track, under the same stream.
    one.addTransceiver("audio"); // so that the order of sections says nothing
    co_await audio_sender.replaceTrack(audio);
    one.getTransceivers()[0].direction(direction::sendrecv);
    co_await test::negotiate(one, other);
    auto again = other.tryNextTrack();
    REQUIRE(again);
    CHECK(again->track == seen->track);
    CHECK(again->streams == std::vector<MediaStream>{stream});
    CHECK(stream.tryNextAddedTrack() == seen->track);
    one.close();
    other.close();
    CHECK(thrown_name([&] { (void)stream.tryNextAddedTrack(); }) == "AbortError");
}

asio::awaitable<void> order_of_events(context a, context b) {
    PeerConnection one(a), other(b);
    MediaStream first(a), second(a);
    auto audio_sender = one.addTrack(MediaStreamTrack(a, MediaKind::audio), first);
    auto video_sender = one.addTrack(MediaStreamTrack(a, MediaKind::video), first);
    co_await test::negotiate(one, other);
    auto audio = *other.tryNextTrack(), video = *other.tryNextTrack();
    auto stream = audio.streams[0];
    while (stream.tryNextAddedTrack()) {
    }
    audio.track.inner()->muted(false);
    one.removeTrack(audio_sender); // audio leaves, video joins another, a third track comes
    video_sender.setStreams(first, second);
    one.addTrack(MediaStreamTrack(a, MediaKind::audio), first);
    auto offer = co_await one.createOffer();
    std::string order;
    auto note = [&](std::string what) {
        return [&order, what](std::exception_ptr error, auto&&...) { order += error ? "?" : what + " "; };
    };
    other.nextTrack(note("track"));
    stream.nextAddedTrack([&](std::exception_ptr, MediaStreamTrack) {
        order += "added ";
        CHECK(stream.getTracks().size() == 2); // all of it has changed before anybody is told
        CHECK(other.signalingState() == SignalingState::have_remote_offer);
        CHECK(other.getTransceivers().size() == 3);
    });
    stream.nextRemovedTrack(note("removed"));
    audio.track.mutedChanged(false, note("muted"));
    other.signalingStateChanged(SignalingState::stable, [&](std::exception_ptr, SignalingState state) {
        order += std::string(to_string(state)) + " ";
        CHECK(audio.track.muted());
        CHECK(stream.getTracks().size() == 2);
    });
    other.setRemoteDescription(offer, note("done"));
    co_await test::turns(30);
    CHECK(order == "have-remote-offer muted removed added track done ");
}

asio::awaitable<void> channels_close_after_the_state(context a, context b) {
    PeerConnection one(a), other(b);
    one.addTransceiver("audio");
    auto channel = one.createDataChannel("chat");
    co_await test::negotiate(one, other);
    auto offer = co_await one.createOffer();
    co_await one.setLocalDescription(offer);
    co_await other.setRemoteDescription(offer);
    auto answer = co_await other.createAnswer();
    auto replace = [&](const std::string& what, const std::string& with) {
        REQUIRE(answer.sdp.find(what) != std::string::npos);
        answer.sdp.replace(answer.sdp.find(what), what.size(), with);
    };
    replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0");
    replace("m=application 9 ", "m=application 0 ");
    std::string order;
    auto note = [&](std::string what) {
        return [&order, what](std::exception_ptr error, auto&&...) { order += error ? "?" : what + " "; };
    };
    channel.closed(note("closed"));
    one.signalingStateChanged(SignalingState::have_local_offer, note("stable"));
    one.setRemoteDescription(answer, note("done"));
    co_await test::turns(30);
    CHECK(order == "stable closed done ");
}

asio::awaitable<void> rolled_back(context a, context b) {
    PeerConnection one(a), other(b);
    MediaStream first(a);
    auto sender = one.addTrack(MediaStreamTrack(a, MediaKind::audio), first);
    co_await test::negotiate(one, other);
    auto seen = *other.tryNextTrack();
    auto stream = seen.streams[0];
    while (stream.tryNextAddedTrack()) {
    }
    one.removeTrack(sender);
    one.addTransceiver("video");
    auto offer = co_await one.createOffer();
    co_await other.setRemoteDescription(offer);
    CHECK(stream.getTracks().empty());
    CHECK(other.getTransceivers().size() == 2);
    auto video = other.getTransceivers()[1];
    auto rollback = SessionDescription(SdpType::rollback, "");
    co_await other.setRemoteDescription(rollback);
    CHECK(other.signalingState() == SignalingState::stable);
    CHECK(stream.getTracks() == std::vector<MediaStreamTrack>{seen.track});
    CHECK(stream.tryNextRemovedTrack() == seen.track);
    CHECK(stream.tryNextAddedTrack() == seen.track);
    CHECK(other.getTransceivers().size() == 1);
    CHECK(video.stopped());
    CHECK_FALSE(video.mid());
    CHECK_FALSE(video.receiver().transport());
    CHECK(video.receiver().track().readyState() == MediaStreamTrackState::live); // it ends in a task
    co_await test::turns();
    CHECK(video.receiver().track().readyState() == MediaStreamTrackState::ended);
    // A transceiver that addTrack used stays, without its section.
    co_await other.setRemoteDescription(offer);
    MediaStreamTrack ours(b, MediaKind::video);
    auto used = other.addTrack(ours);
    co_await other.setRemoteDescription(rollback);
    REQUIRE(other.getTransceivers().size() == 2);
    CHECK(other.getTransceivers()[1].sender() == used);
    CHECK(used.track() == ours);
    CHECK_FALSE(other.getTransceivers()[1].mid());
}

asio::awaitable<void> glare(context a, context b) {
    PeerConnection one(a), other(b);
    one.addTrack(MediaStreamTrack(a, MediaKind::audio));
    other.addTrack(MediaStreamTrack(b, MediaKind::audio));
    auto offer = co_await one.createOffer();
    co_await other.setLocalDescription();
    CHECK(other.signalingState() == SignalingState::have_local_offer);
    std::vector<SignalingState> states;
    auto executor = co_await asio::this_coro::executor;
    test::spawned watch(executor,
                        [](PeerConnection& pc, std::vector<SignalingState>& seen) -> asio::awaitable<void> {
                            auto state = SignalingState::have_local_offer;
                            while (state != SignalingState::have_remote_offer)
                                seen.push_back(state = co_await pc.signalingStateChanged(state));
                        }(other, states));
    co_await test::turns();
    co_await other.setRemoteDescription(offer);
    co_await test::turns();
    CHECK(watch.done());
    // The rollback has a step of its own.
    CHECK(states == std::vector<SignalingState>{SignalingState::stable, SignalingState::have_remote_offer});
    CHECK(other.getTransceivers().size() == 1); // ours took the offered section
    CHECK(other.tryNextTrack());
}

asio::awaitable<void> stopping(context a, context b) {
    PeerConnection one(a), other(b);
    auto ours = one.addTransceiver(MediaStreamTrack(a, MediaKind::audio));
    co_await test::negotiate(one, other);
    auto theirs = other.getTransceivers()[0];
    CHECK(theirs.receiver().transport());
    CHECK(theirs.receiver().transport() == theirs.sender().transport());
    test::pending ended, ended_there;
    ours.receiver().track().ended(ended.token());
    theirs.receiver().track().ended(ended_there.token());
    ours.stop();
    CHECK(ours.receiver().track().readyState() == MediaStreamTrackState::live); // it ends in a task
    CHECK_FALSE(ours.stopped());
    CHECK(ours.currentDirection() == direction::sendonly);
    co_await test::turns();
    CHECK(ended.failure().empty());
    CHECK(ours.receiver().track().readyState() == MediaStreamTrackState::ended);
    CHECK_FALSE(ended_there.done());
    co_await test::negotiate(one, other);
    co_await test::turns();
    CHECK(ended_there.failure().empty());
    CHECK(theirs.stopped());
    CHECK(theirs.currentDirection() == direction::stopped);
    CHECK(ours.stopped());
    CHECK(one.getTransceivers().empty());
    CHECK(other.getTransceivers().empty());
    auto unplaced = one.addTransceiver("video");
    unplaced.stop(); // nothing to negotiate about it
    CHECK(unplaced.direction() == direction::stopped);
    CHECK_FALSE(unplaced.currentDirection());
    CHECK(one.getTransceivers().size() == 1);
    co_await test::negotiate(one, other);
    CHECK(one.getTransceivers().size() == 1);
    CHECK(other.getTransceivers().empty());
}

asio::awaitable<void> closing(context a, context b) {
    PeerConnection one(a), other(b);
    MediaStream stream(a);
    one.addTrack(MediaStreamTrack(a, MediaKind::audio), stream);
    co_await test::negotiate(one, other);
    auto seen = *other.tryNextTrack();
    while (seen.streams[0].tryNextAddedTrack()) {
    }
    test::pending ended, muted, added, removed, track, readable, signaling, replaced, certificate;
    seen.track.ended(ended.token());
    seen.track.mutedChanged(true, muted.token());
    seen.streams[0].nextAddedTrack(added.token());
    seen.streams[0].nextRemovedTrack(removed.token());
    other.nextTrack(track.token());
    other.trackReadable(readable.token());
    other.signalingStateChanged(SignalingState::stable, signaling.token());
    context_options options;
    options.worker = a.get_executor();
    PeerConnection fresh(context(a.get_executor(), a.network(), options)); // waits for its certificate
    auto sender = fresh.addTrack(MediaStreamTrack(a, MediaKind::audio));
    fresh.createOffer(certificate.token());
    sender.replaceTrack(std::nullopt, replaced.token());
    CHECK_FALSE(replaced.done());
    fresh.close();
    other.close();
    CHECK(seen.track.readyState() == MediaStreamTrackState::live); // it ends in a task
    co_await test::turns();
    CHECK(seen.track.readyState() == MediaStreamTrackState::ended);
    CHECK(ended.failure().empty());
    CHECK(muted.failure() == "AbortError");
    CHECK(added.failure() == "AbortError");
    CHECK(removed.failure() == "AbortError");
    CHECK(track.failure() == "AbortError");
    CHECK(readable.failure().empty()); // a read would not wait
    CHECK(signaling.failure().empty());
    CHECK(co_await failure_of(other.nextTrack()) == "AbortError");
    CHECK(co_await failure_of(other.signalingStateChanged(SignalingState::closed)) == "AbortError");
    CHECK(co_await other.signalingStateChanged(SignalingState::stable) == SignalingState::closed);
    CHECK(certificate.failure() == "AbortError");
    CHECK(replaced.failure() == "AbortError");
    CHECK(sender.track());
    CHECK(thrown_name([&] { other.addTransceiver("audio"); }) == "InvalidStateError");
    one.close();
}

} // namespace

// ---- MediaStreamTrack, MediaStream

TEST_CASE("MediaStreamTrack: what the application makes") {
    test::two_hosts net;
    MediaStreamTrack track(net.a, MediaKind::video, "camera");
    CHECK(track.kind() == MediaKind::video);
    CHECK(track.label() == "camera");
    CHECK(track.enabled());
    CHECK_FALSE(track.muted());
    CHECK(track.readyState() == MediaStreamTrackState::live);
    track.enabled(false);
    auto copy = track;
    CHECK(copy == track);
    CHECK_FALSE(copy.enabled());
    std::set<std::string> ids;
    for (int i = 0; i < 100; ++i) ids.insert(MediaStreamTrack(net.a, MediaKind::audio).id());
    CHECK(ids.size() == 100);
    CHECK(ids.begin()->size() == 36);
    CHECK(to_string(MediaStreamTrackState::live) == "live");
    CHECK(to_string(MediaStreamTrackState::ended) == "ended");
    CHECK(to_string(MediaKind::video) == "video");
}

TEST_CASE("MediaStream: what the application makes has no events") {
    test::two_hosts net;
    MediaStreamTrack audio(net.a, MediaKind::audio), video(net.a, MediaKind::video);
    MediaStream stream(net.a, {audio, video, audio});
    CHECK(stream.getTracks() == std::vector<MediaStreamTrack>{audio, video});
    CHECK(stream.active());
    stream.removeTrack(audio);
    stream.removeTrack(audio);
    CHECK(stream.getTracks() == std::vector<MediaStreamTrack>{video});
    video.stop();
    CHECK_FALSE(stream.active());
    stream.addTrack(audio);
    CHECK(stream.active());
    CHECK(thrown_name([&] { stream.addTrack(MediaStreamTrack()); }) == "TypeError");
    CHECK(thrown_name([&] { (void)stream.tryNextAddedTrack(); }) == "InvalidStateError");
    CHECK(MediaStream(net.a).id() != stream.id());
}

TEST_CASE("MediaStreamTrack: muted and ended are levels") {
    test::two_hosts net;
    net.run(levels_of_a_track(net.a), 5s);
}

TEST_CASE("MediaStreamTrack, MediaStream, nextTrack: every await can be cancelled") {
    test::two_hosts net;
    net.run(cancelled_awaits(net.a, net.b), 5s);
}

TEST_CASE("setParameters: cancelled before its task it has set nothing") {
    test::two_hosts net;
    net.run(set_parameters_is_cancelled(net.a), 5s);
}

TEST_CASE("MediaStreamTrack: what waits when the last handle goes is aborted") {
    test::two_hosts net;
    test::pending ended;
    MediaStreamTrack(net.a, MediaKind::audio).ended(ended.token());
    REQUIRE(net.world.run_until([&] { return ended.done(); }, 1s));
    CHECK(ended.failure() == "AbortError");
}

// ---- Set a description

TEST_CASE("Set a description step 3: remote tracks come, leave, and come back under their streams") {
    test::two_hosts net;
    net.run(remote_tracks(net.a, net.b), 5s);
}

TEST_CASE("Set a description step 4: signalingstatechange, mute, removed, added, track, then the operation") {
    test::two_hosts net;
    net.run(order_of_events(net.a, net.b), 5s);
}

TEST_CASE("Set a description step 4: data channels close after signalingstatechange") {
    test::two_hosts net;
    net.run(channels_close_after_the_state(net.a, net.b), 5s);
}

TEST_CASE("Set a description step 3: a rollback restores streams and transceivers") {
    test::two_hosts net;
    net.run(rolled_back(net.a, net.b), 5s);
}

TEST_CASE("setRemoteDescription: glare rolls back in a step of its own") {
    test::two_hosts net;
    net.run(glare(net.a, net.b), 5s);
}

TEST_CASE("RtpTransceiver::stop: the track ends at once, the peer's with the negotiation") {
    test::two_hosts net;
    net.run(stopping(net.a, net.b), 5s);
}

TEST_CASE("close: transceivers stop, tracks end, what waits is aborted") {
    test::two_hosts net;
    net.run(closing(net.a, net.b), 5s);
}
