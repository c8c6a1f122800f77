#include "test/unit/jsep/media_support.hpp"

using namespace cortc;
using namespace cortc::jsep;
using way = sdp::direction;

namespace {

error_kind refused(const outcome<transceiver_id>& done) {
    REQUIRE_FALSE(done);
    CHECK_FALSE(done.error().message.empty());
    return done.error().kind;
}
error_kind refused(const outcome<void>& done) {
    REQUIRE_FALSE(done);
    CHECK_FALSE(done.error().message.empty());
    return done.error().kind;
}

transceiver_init encoded(std::vector<encoding> encodings) {
    transceiver_init init;
    init.send_encodings = std::move(encodings);
    return init;
}
encoding named(std::string rid) {
    encoding made;
    made.rid = std::move(rid);
    return made;
}

} // namespace

TEST_CASE("addTransceiver: what it makes") {
    peer self(1);
    transceiver_init init;
    init.direction = way::sendonly;
    init.streams = {"one", "two", "one"};
    init.track = "camera";
    auto id = self.jsep.add_transceiver(media_kind::video, init).value();
    const auto& made = *self.jsep.find(id);
    CHECK(made.kind == media_kind::video);
    CHECK(made.mid.empty());
    CHECK_FALSE(made.section);
    CHECK(made.direction == way::sendonly);
    CHECK_FALSE(made.current_direction);
    CHECK(made.streams == strings{"one", "two"});
    CHECK(made.track == "camera");
    CHECK(made.sender_id == "camera");
    CHECK(made.encodings.size() == 1);
    CHECK(made.encodings[0].scale_resolution_down_by == 1.0);
    CHECK_FALSE(self.jsep.media_transport(id));
    CHECK(self.jsep.negotiation_needed());
    CHECK(self.events().empty());
    auto audio = self.jsep.add_transceiver(media_kind::audio).value();
    CHECK(self.jsep.find(audio)->direction == way::sendrecv);
    CHECK(self.jsep.find(audio)->sender_id.size() == 36);
    CHECK_FALSE(self.jsep.find(audio)->encodings[0].scale_resolution_down_by);
}

TEST_CASE("addTransceiver: the connection is closed") {
    peer self(1);
    self.jsep.close();
    CHECK(refused(self.jsep.add_transceiver(media_kind::audio)) == error_kind::invalid_state);
    CHECK(refused(self.jsep.add_transceiver(media_kind::video, encoded({named("?")}))) ==
          error_kind::invalid_state);
}

TEST_CASE("addTransceiver: bad rids") {
    peer self(1);
    auto add = [&](std::vector<encoding> list) {
        return refused(self.jsep.add_transceiver(media_kind::video, encoded(std::move(list))));
    };
    CHECK(add({named("a b"), named("c")}) == error_kind::type);
    CHECK(add({named(std::string(256, 'x')), named("c")}) == error_kind::type);
    CHECK(add({named("a"), named("a")}) == error_kind::type);
    CHECK(add({named("a"), named("")}) == error_kind::type);
    CHECK(add({named(""), named("a")}) == error_kind::type);
    CHECK(self.jsep.transceivers().empty());
    CHECK(self.jsep.add_transceiver(media_kind::video, encoded({named("a-1"), named("B_2")})));
    auto unnamed = self.jsep.add_transceiver(media_kind::video, encoded({named(""), named("")})).value();
    CHECK(self.jsep.find(unnamed)->encodings[0].rid == "0"); // RFC 9429 5.2.1: then we choose
    CHECK(self.jsep.find(unnamed)->encodings[1].rid == "1");
}

TEST_CASE("addTransceiver: an unknown codec") {
    peer self(1);
    auto wanted = named("");
    wanted.codec = codec_capability{"VP7", 90000, 1, "", {}};
    CHECK(refused(self.jsep.add_transceiver(media_kind::video, encoded({wanted}))) == error_kind::operation);
    wanted.codec = self.jsep.codecs(media_kind::video)[1];
    wanted.codec->feedback.clear(); // which does not count
    CHECK(self.jsep.add_transceiver(media_kind::video, encoded({wanted})));
    CHECK(refused(self.jsep.add_transceiver(media_kind::audio, encoded({wanted}))) == error_kind::operation);
}

TEST_CASE("addTransceiver: scale and frame rate out of range") {
    peer self(1);
    auto with = [](std::optional<double> scale, std::optional<double> rate) {
        auto made = named("");
        made.scale_resolution_down_by = scale;
        made.max_framerate = rate;
        return encoded({made});
    };
    auto nan = std::numeric_limits<double>::quiet_NaN();
    for (auto scale : {0.99, 0.0, -1.0, nan})
        CHECK(refused(self.jsep.add_transceiver(media_kind::video, with(scale, {}))) == error_kind::range);
    for (auto rate : {0.0, -1.0, nan})
        CHECK(refused(self.jsep.add_transceiver(media_kind::video, with({}, rate))) == error_kind::range);
    CHECK(self.jsep.add_transceiver(media_kind::video, with(1.0, 0.5)));
    auto audio = self.jsep.add_transceiver(media_kind::audio, with(0.5, -1.0)).value();
    CHECK_FALSE(self.jsep.find(audio)->encodings[0].scale_resolution_down_by); // they mean nothing there
    CHECK_FALSE(self.jsep.find(audio)->encodings[0].max_framerate);
}

TEST_CASE("addTransceiver: how several encodings begin") {
    peer self(1);
    auto scales = [&](media_kind kind, std::vector<encoding> list) {
        auto id = self.jsep.add_transceiver(kind, encoded(std::move(list))).value();
        std::vector<double> all;
        for (const auto& each : self.jsep.find(id)->encodings)
            all.push_back(each.scale_resolution_down_by.value_or(0));
        return all;
    };
    CHECK(scales(media_kind::video, {named("q"), named("h"), named("f")}) == std::vector<double>{4, 2, 1});
    auto scaled = named("h");
    scaled.scale_resolution_down_by = 3;
    CHECK(scales(media_kind::video, {named("q"), scaled}) == std::vector<double>{1, 3});
    auto lone = self.jsep.add_transceiver(media_kind::video, encoded({named("only")})).value();
    CHECK(self.jsep.find(lone)->encodings[0].rid.empty());
    CHECK(scales(media_kind::audio, {named("a"), named("b")}).size() == 1);
    std::vector<encoding> many;
    for (int i = 0; i < 40; ++i) many.push_back(named(std::to_string(i)));
    CHECK(scales(media_kind::video, many).size() == max_simulcast_layers);
}

TEST_CASE("addTransceiver: stream ids and layers to receive are checked, media may be switched off") {
    peer self(1);
    transceiver_init init;
    for (const auto& id : strings{"", "-", "a b", "a\r\nb", std::string(65, 'x')}) {
        init.streams = {id};
        CHECK(refused(self.jsep.add_transceiver(media_kind::audio, init)) == error_kind::type);
    }
    init.streams.clear();
    for (std::size_t i = 0; i <= max_streams; ++i) init.streams.push_back(std::to_string(i));
    CHECK(refused(self.jsep.add_transceiver(media_kind::audio, init)) == error_kind::type);
    init.streams.clear();
    for (const auto& rids : std::vector<strings>{{"a", "a"}, {"?"}, strings(17, "x")}) {
        init.receive_rids = rids;
        CHECK(refused(self.jsep.add_transceiver(media_kind::video, init)) == error_kind::type);
    }
    init.receive_rids = {"a"};
    CHECK(refused(self.jsep.add_transceiver(media_kind::audio, init)) == error_kind::type);
    init.send_encodings = {named("a"), named("b")};
    CHECK(refused(self.jsep.add_transceiver(media_kind::video, init)) == error_kind::type);
    CHECK(self.jsep.transceivers().empty());

    session_options options;
    options.media = nullptr;
    peer bare(2, options);
    CHECK(refused(bare.jsep.add_transceiver(media_kind::audio)) == error_kind::not_supported);
    CHECK(refused(bare.jsep.add_track(media_kind::audio, "t")) == error_kind::not_supported);
}

TEST_CASE("addTrack: closed, and a track that is sent already") {
    peer self(1);
    auto id = self.jsep.add_track(media_kind::audio, "t").value();
    CHECK(refused(self.jsep.add_track(media_kind::audio, "t")) == error_kind::invalid_access);
    CHECK(self.jsep.add_track(media_kind::video, "v"));
    self.jsep.stop(id); // it never had a section, and will have none
    CHECK(self.jsep.add_track(media_kind::audio, "t"));
    self.jsep.close();
    CHECK(refused(self.jsep.add_track(media_kind::audio, "u")) == error_kind::invalid_state);
}

TEST_CASE("addTrack: a sender that never sent is used again") {
    peer self(1);
    struct row {
        way before, after;
    };
    for (auto each : {row{way::recvonly, way::sendrecv}, row{way::inactive, way::sendonly},
                      row{way::sendrecv, way::sendrecv}}) {
        transceiver_init init;
        init.direction = each.before;
        auto made = self.jsep.add_transceiver(media_kind::video, init).value();
        auto track = "t" + std::to_string(made.value());
        CHECK(self.jsep.add_track(media_kind::audio, "a" + track).value() != made); // another kind
        CHECK(self.jsep.add_track(media_kind::video, track, {"s", "s"}).value() == made);
        const auto& now = *self.jsep.find(made);
        CHECK(now.direction == each.after);
        CHECK(now.track == track);
        CHECK(now.streams == strings{"s"});
        CHECK_FALSE(now.by_add_track);
        CHECK(self.jsep.add_track(media_kind::video, "more" + track).value() != made); // it has a track
    }
}

TEST_CASE("addTrack: neither one that is stopping nor one that has sent is used again") {
    peer alice(1), bob(2);
    auto first = alice.jsep.add_track(media_kind::audio, "t").value();
    negotiate(alice, bob);
    CHECK(alice.jsep.find(first)->current_direction == way::sendonly);
    alice.jsep.remove_track(first).value();
    CHECK(alice.jsep.add_track(media_kind::audio, "t").value() != first);
    auto idle = alice.jsep.add_transceiver(media_kind::video).value();
    alice.jsep.stop(idle);
    CHECK(alice.jsep.add_track(media_kind::video, "v").value() != idle);
    // bob's only received.
    auto received = bob.jsep.transceivers()[0].id;
    CHECK(bob.jsep.add_track(media_kind::audio, "b").value() == received);
    CHECK(bob.jsep.find(received)->direction == way::sendrecv);
}

TEST_CASE("removeTrack: what becomes of the direction") {
    struct row {
        way before, after;
    };
    for (auto each : {row{way::sendrecv, way::recvonly}, row{way::sendonly, way::inactive},
                      row{way::recvonly, way::recvonly}, row{way::inactive, way::inactive}}) {
        peer self(1);
        auto id = self.jsep.add_track(media_kind::audio, "t").value();
        self.jsep.set_direction(id, each.before).value();
        self.jsep.remove_track(id).value();
        CHECK(self.jsep.find(id)->direction == each.after);
        CHECK_FALSE(self.jsep.find(id)->track);
        self.jsep.set_direction(id, way::sendrecv).value();
        self.jsep.remove_track(id).value(); // it has no track any more
        CHECK(self.jsep.find(id)->direction == way::sendrecv);
    }
}

TEST_CASE("removeTrack: closed, stopping, or gone") {
    peer self(1);
    auto id = self.jsep.add_track(media_kind::audio, "t").value();
    CHECK(self.jsep.remove_track(transceiver_id(77)));
    self.jsep.stop(id);
    self.jsep.remove_track(id).value();
    CHECK(self.jsep.find(id)->track == "t");
    self.jsep.close();
    CHECK(refused(self.jsep.remove_track(id)) == error_kind::invalid_state);
}

TEST_CASE("replaceTrack: the track changes and nothing is to be negotiated") {
    media_pair pair;
    auto id = only_of(pair.alice, media_kind::audio).id;
    pair.alice.jsep.replace_track(id, "other").value();
    CHECK(pair.alice.jsep.find(id)->track == "other");
    CHECK_FALSE(pair.alice.jsep.negotiation_needed());
    CHECK(refused(pair.alice.jsep.add_track(media_kind::audio, "other")) == error_kind::invalid_access);
    pair.alice.jsep.replace_track(id, {}).value();
    pair.alice.jsep.stop(id);
    CHECK(refused(pair.alice.jsep.replace_track(id, "x")) == error_kind::invalid_state);
    pair.alice.jsep.close();
    CHECK(refused(pair.alice.jsep.replace_track(id, "x")) == error_kind::invalid_state);
}

TEST_CASE("direction: stopping InvalidStateError, then stopped TypeError") {
    media_pair pair;
    auto id = only_of(pair.alice, media_kind::audio).id;
    CHECK(refused(pair.alice.jsep.set_direction(id, {})) == error_kind::type);
    CHECK(pair.alice.jsep.find(id)->direction == way::recvonly);
    pair.alice.jsep.set_direction(id, way::inactive).value();
    pair.alice.jsep.stop(id);
    CHECK(refused(pair.alice.jsep.set_direction(id, {})) == error_kind::invalid_state);
    CHECK(refused(pair.alice.jsep.set_direction(id, way::sendonly)) == error_kind::invalid_state);
    CHECK(refused(pair.alice.jsep.set_direction(transceiver_id(99), way::sendonly)) ==
          error_kind::invalid_state);
}

TEST_CASE("stop: without a section it stays in the list, and nothing is to be negotiated") {
    peer self(1), other(2);
    auto id = self.jsep.add_transceiver(media_kind::audio).value();
    self.jsep.stop(id);
    CHECK(self.events().empty());
    CHECK_FALSE(self.jsep.negotiation_needed());
    CHECK_FALSE(contains(self.offer(), "m=audio"));
    (void)self.jsep.add_track(media_kind::audio, "t").value(); // finds it no more
    negotiate(self, other);
    REQUIRE(self.jsep.transceivers().size() == 2);
    CHECK(self.jsep.find(id)->stopping);
    CHECK(self.jsep.find(id)->mid.empty());
    CHECK_FALSE(self.jsep.negotiation_needed());
}

TEST_CASE("stop: between createOffer and setLocalDescription") {
    peer self(1), other(2);
    auto id = self.jsep.add_track(media_kind::audio, "t", {"s"}).value();
    auto offer = self.offer();
    self.jsep.stop(id);
    self.jsep.set_local_description(sdp_type::offer, offer).value();
    other.jsep.set_remote_description(sdp_type::offer, offer).value();
    self.jsep.set_remote_description(sdp_type::answer, other.set_local()).value();
    CHECK(self.jsep.find(id)->stopping);
    CHECK(self.jsep.find(id)->mid == "0"); // the offer had a section for it
    CHECK(self.jsep.negotiation_needed());
    CHECK(contains(self.offer(), "m=audio 0 "));
    negotiate(self, other);
    CHECK(self.jsep.transceivers().empty());
    CHECK(other.jsep.transceivers().empty());
    CHECK_FALSE(self.jsep.negotiation_needed());
}

TEST_CASE("stop: between the offer and its rollback") {
    peer self(1);
    auto id = self.jsep.add_transceiver(media_kind::audio).value();
    self.set_local();
    self.jsep.stop(id);
    CHECK(self.jsep.find(id)->stopping);
    CHECK_FALSE(self.jsep.find(id)->stopped);
    self.jsep.set_local_description(sdp_type::rollback).value();
    CHECK(self.jsep.find(id)->stopping); // stop() is not rolled back
    CHECK(self.jsep.find(id)->mid.empty());
    CHECK_FALSE(self.jsep.negotiation_needed());
}

TEST_CASE("setStreams: the next offer says so") {
    peer alice(1), bob(2);
    auto id = alice.jsep.add_track(media_kind::audio, "t", {"one"}).value();
    negotiate(alice, bob);
    CHECK_FALSE(alice.jsep.negotiation_needed());
    CHECK(bob.events_of<remote_track>().front().streams == strings{"one"});
    alice.jsep.set_streams(id, {"two", "three", "two"}).value();
    CHECK(alice.jsep.negotiation_needed());
    CHECK(refused(alice.jsep.set_streams(id, {"no id"})) == error_kind::type);
    negotiate(alice, bob);
    CHECK_FALSE(alice.jsep.negotiation_needed());
    CHECK(lines_with(alice.jsep.local_description()->sdp, "a=msid:") ==
          strings{"a=msid:two t", "a=msid:three t"});
    CHECK(bob.jsep.transceivers()[0].remote_streams == strings{"two", "three"});
    alice.jsep.stop(id);
    alice.jsep.close();
    CHECK(refused(alice.jsep.set_streams(id, {})) == error_kind::invalid_state);
}

TEST_CASE("a=identity joins offers and answers, and the peer's can be read") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    CHECK(refused(alice.jsep.set_identity_assertion("not base64\r\n")) == error_kind::type);
    CHECK(refused(alice.jsep.set_identity_assertion("")) == error_kind::type);
    alice.jsep.set_identity_assertion("aWRwCg==").value();
    CHECK_FALSE(bob.jsep.remote_identity());
    auto offer = alice.set_local();
    CHECK(line_value(offer, "a=identity:") == "aWRwCg==");
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    CHECK(bob.jsep.remote_identity() == "aWRwCg==");
    bob.jsep.set_identity_assertion("Ym9i").value();
    alice.jsep.set_remote_description(sdp_type::answer, bob.set_local()).value();
    CHECK(alice.jsep.remote_identity() == "Ym9i");
    alice.jsep.set_identity_assertion({}).value();
    CHECK_FALSE(contains(alice.offer(), "a=identity"));
}
