#include "cortc/connection/media.hpp"
#include "test/unit/connection/parts_support.hpp"

#include <vector>

using namespace cortc;

namespace {

struct media_bench : test::session_bench {
    connection_media media{*owner, asked, session};

    /// Applies an offer of the peer, as the connection does.
    connection_media::news apply(const std::string& sdp) {
        REQUIRE(session.set_remote_description(jsep::sdp_type::offer, sdp));
        return media.sync();
    }
};

std::string offer_of_audio(jsep::peer& peer) {
    jsep::transceiver_init init;
    init.streams = {"stream"};
    REQUIRE(peer.jsep.add_transceiver(jsep::media_kind::audio, init));
    return peer.offer();
}

} // namespace

TEST_CASE("media: transceivers of the application's, in their order, ask for negotiation") {
    media_bench bench;
    const auto audio = bench.media.add_transceiver(MediaKind::audio, std::nullopt, {});
    const auto track = MediaStreamTrack(bench.where, MediaKind::video, "camera");
    const auto video = bench.media.add_track(track, {});
    CHECK(bench.asked.updates == 2);
    REQUIRE(bench.media.transceivers().size() == 2);
    CHECK(bench.media.transceivers()[0] == audio);
    CHECK(bench.media.transceivers()[1] == video);
    CHECK(video->sender_track() == track);
    bench.media.remove_track(RtpSender(video));
    CHECK(bench.asked.updates == 3);
    CHECK_FALSE(video->sender_track());
}

TEST_CASE("media: tracks of the peer are told with their streams, after the state has changed") {
    media_bench bench;
    jsep::peer peer(2);
    auto news = bench.apply(offer_of_audio(peer));
    REQUIRE(bench.media.transceivers().size() == 1);
    const auto made = bench.media.transceivers().front();
    CHECK(made->receiving());
    CHECK(made->streams().size() == 1);
    CHECK_FALSE(bench.media.track_events().try_read());
    for (const auto& seen : bench.take<jsep::remote_track>()) bench.media.tell(seen);
    const auto told = bench.media.track_events().try_read();
    REQUIRE(told);
    CHECK(told->track == made->receiver_track());
    REQUIRE(told->streams.size() == 1);
    CHECK(told->streams.front().id() == "stream");
    CHECK(news.gone.empty());
}

TEST_CASE("media: what a rollback takes back is gone, its track is muted and ended") {
    media_bench bench;
    jsep::peer peer(2);
    (void)bench.apply(offer_of_audio(peer));
    const auto made = bench.media.transceivers().front();
    REQUIRE(bench.session.set_remote_description(jsep::sdp_type::rollback, ""));
    auto news = bench.media.sync();
    CHECK(bench.media.transceivers().empty());
    REQUIRE(news.gone.size() == 1);
    CHECK(news.gone.front() == made);
    CHECK(made->stopped());
    CHECK(made->receiver_track().readyState() == MediaStreamTrackState::live); // it ends in a task
    bench.run();
    CHECK(made->receiver_track().readyState() == MediaStreamTrackState::ended);
}

TEST_CASE("media: each transport that carries media is looked up once") {
    media_bench bench;
    jsep::peer peer(2);
    REQUIRE(peer.jsep.add_transceiver(jsep::media_kind::audio));
    REQUIRE(peer.jsep.add_transceiver(jsep::media_kind::video));
    (void)bench.apply(peer.offer());
    REQUIRE(bench.session.set_local_description()); // the answer
    (void)bench.media.sync();
    int looked_up = 0;
    const auto view = std::make_shared<transport_impl>(bench.where.core(), std::weak_ptr<transport_owner>(),
                                                       jsep::transport_id(1));
    bench.media.place([&](jsep::transport_id) {
        ++looked_up;
        return view;
    });
    const auto& all = bench.media.transceivers();
    REQUIRE(all.size() == 2);
    const auto first = bench.session.media_transport(all[0]->id());
    const auto second = bench.session.media_transport(all[1]->id());
    CHECK(looked_up >= 1);
    CHECK(looked_up == int(first.has_value()) + int(second.has_value() && second != first));
}

TEST_CASE("media: close() stops the transceivers and ends the streams") {
    media_bench bench;
    const auto made = bench.media.add_transceiver(MediaKind::audio, std::nullopt, {});
    bench.owner->close();
    bench.media.close(make_error(errc::aborted, "closed"));
    CHECK(made->stopped());
    CHECK_THROWS_AS(bench.media.add_transceiver(MediaKind::audio, std::nullopt, {}), Error);
}
