#include "test/unit/jsep/media_support.hpp"

using namespace cortc;
using namespace cortc::jsep;
using way = sdp::direction;

namespace {

/// What is told from the signaling state on, in short.
strings notifications(peer& self) {
    strings all;
    auto seen = false;
    for (const auto& each : self.events()) {
        auto who = [](transceiver_id id) { return std::to_string(id.value()); };
        if (auto* state = std::get_if<signaling_state_changed>(&each)) {
            all.push_back(std::string(to_string(state->state)));
            seen = true;
        } else if (auto* left = std::get_if<remote_track_left>(&each)) {
            all.push_back("left " + who(left->transceiver) + " " + left->stream);
        } else if (auto* joined = std::get_if<remote_track_joined>(&each)) {
            all.push_back("joined " + who(joined->transceiver) + " " + joined->stream);
        } else if (auto* track = std::get_if<remote_track>(&each)) {
            auto line = "track " + who(track->transceiver);
            for (const auto& stream : track->streams) line += " " + stream;
            all.push_back(line);
        } else {
            CHECK_FALSE(seen); // everything else has changed before
        }
    }
    return all;
}

std::string with_msids(std::string section, const strings& streams, const std::string& track) {
    std::string lines;
    for (const auto& stream : streams) lines += "a=msid:" + stream + " " + track + "\r\n";
    return replaced(std::move(section), "a=rtcp-mux\r\n", lines + "a=rtcp-mux\r\n");
}

} // namespace

TEST_CASE("setLocalDescription step 4: rollback goes straight to set a description") {
    peer alice(1);
    (void)alice.jsep.add_transceiver(media_kind::audio).value();
    CHECK(alice.jsep.set_local_description(sdp_type::rollback, "x").error().kind ==
          error_kind::invalid_state);
    alice.set_local();
    CHECK(alice.jsep.set_local_description(sdp_type::rollback, "not what was created last"));
    CHECK(alice.jsep.state() == signaling_state::stable);
}

TEST_CASE("setRemoteDescription: an offer in a pranswer state is no glare") {
    peer alice(1), bob(2);
    (void)alice.jsep.add_transceiver(media_kind::audio).value();
    auto offer = alice.set_local();
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    bob.jsep.set_local_description(sdp_type::pranswer).value();
    alice.jsep.set_remote_description(sdp_type::pranswer, bob.jsep.local_description()->sdp).value();
    for (auto* each : {&alice, &bob}) {
        observed before(each->jsep);
        auto done = each->jsep.set_remote_description(sdp_type::offer, offer);
        REQUIRE_FALSE(done);
        CHECK(done.error().kind == error_kind::invalid_state);
        CHECK(observed(each->jsep) == before);
    }
}

TEST_CASE("set a description step 1: rollback where there is nothing to roll back") {
    using enum signaling_state;
    peer alice(1), bob(2);
    (void)alice.jsep.add_transceiver(media_kind::audio).value();
    auto refused = [](peer& self, signaling_state state) {
        REQUIRE(self.jsep.state() == state);
        observed before(self.jsep);
        for (auto local : {true, false}) {
            auto done = local ? self.jsep.set_local_description(sdp_type::rollback)
                              : self.jsep.set_remote_description(sdp_type::rollback, "");
            REQUIRE_FALSE(done);
            CHECK(done.error().kind == error_kind::invalid_state);
        }
        CHECK(observed(self.jsep) == before);
    };
    refused(alice, stable);
    bob.jsep.set_remote_description(sdp_type::offer, alice.set_local()).value();
    bob.jsep.set_local_description(sdp_type::pranswer).value();
    refused(bob, have_local_pranswer);
    alice.jsep.set_remote_description(sdp_type::pranswer, bob.jsep.local_description()->sdp).value();
    refused(alice, have_remote_pranswer);
}

TEST_CASE("set a description step 2: of several failures the first in the standard's order counts") {
    text_offer text;
    text.group = "BUNDLE 0";
    auto audio = text.audio("0");
    auto broken = text.head() + audio + "nonsense\r\n";
    auto no_mux = text.head() + without_line(without_line(audio, "a=rtcp-mux"), "a=ice-pwd");
    auto no_ice = text.head() + without_line(audio, "a=ice-pwd");
    peer bob(2);
    auto error_of = [&](sdp_type type, const std::string& sdp) {
        auto done = bob.jsep.set_remote_description(type, sdp);
        REQUIRE_FALSE(done);
        return done.error();
    };
    CHECK(error_of(sdp_type::answer, broken).kind == error_kind::invalid_state);
    auto syntax = error_of(sdp_type::offer, broken);
    CHECK(syntax.kind == error_kind::operation);
    CHECK(syntax.detail == "sdp-syntax-error");
    CHECK(syntax.line == lines_with(broken, "").size());
    auto mux = error_of(sdp_type::offer, no_mux);
    CHECK(mux.kind == error_kind::invalid_access);
    CHECK(contains(mux.message, "rtcp-mux"));
    auto content = error_of(sdp_type::offer, no_ice);
    CHECK(content.kind == error_kind::invalid_access);
    CHECK(contains(content.message, "a=ice-pwd"));
}

TEST_CASE("set a description step 2: rtcp-mux, then RIDs, then the content") {
    peer alice(1), bob(2);
    transceiver_init init;
    for (std::string rid : {"a", "b"}) init.send_encodings.emplace_back().rid = rid;
    (void)alice.jsep.add_transceiver(media_kind::video, init).value();
    alice.set_local();
    bob.jsep.set_remote_description(sdp_type::offer, alice.jsep.local_description()->sdp).value();
    auto answer = replaced(bob.answer(), "recv a;b", "recv a;b;c");
    answer = without_line(answer, "a=ice-pwd");
    auto message = [&](const std::string& sdp) {
        auto done = alice.jsep.set_remote_description(sdp_type::answer, sdp);
        REQUIRE_FALSE(done);
        CHECK(done.error().kind == error_kind::invalid_access);
        return done.error().message;
    };
    CHECK(contains(message(without_line(answer, "a=rtcp-mux")), "rtcp-mux"));
    CHECK(contains(message(answer), "rid"));
    CHECK(contains(message(replaced(answer, "recv a;b;c", "recv a;b")), "a=ice-pwd"));
}

TEST_CASE("set a description step 2: a rejected step leaves transceivers and encodings alone") {
    peer bob(2);
    auto sender = bob.jsep.add_track(media_kind::audio, "mic", {"s"}).value();
    auto before = *bob.jsep.find(sender);
    text_offer text;
    text.group = "BUNDLE 0";
    auto bad = text.head() + without_line(text.audio("0"), "a=fingerprint");
    CHECK_FALSE(bob.jsep.set_remote_description(sdp_type::offer, bad));
    CHECK(bob.jsep.transceivers().size() == 1);
    CHECK(bob.jsep.find(sender)->mid.empty());
    CHECK(bob.jsep.find(sender)->direction == before.direction);
    CHECK(bob.events().empty());
}

TEST_CASE("set a description step 3: a repeated remote offer is validated as if from stable") {
    text_offer text;
    text.group = "BUNDLE 0 1 2";
    peer bob(2);
    bob.jsep.set_remote_description(sdp_type::offer, text.all()).value();
    auto first = bob.jsep.transceivers();
    text.group = "BUNDLE 0"; // fewer sections than the pending one, and another kind
    bob.jsep.set_remote_description(sdp_type::offer, text.head() + text.video("0")).value();
    CHECK(bob.jsep.transceivers().size() == 1);
    CHECK(bob.jsep.transceivers()[0].kind == media_kind::video);
    for (const auto& each : first) CHECK_FALSE(bob.jsep.find(each.id));
}

TEST_CASE("set a description step 3: an offered section takes the first sender that addTrack made") {
    peer bob(2);
    auto own = bob.jsep.add_transceiver(media_kind::audio).value(); // this one gets a section of our own
    auto first = bob.jsep.add_track(media_kind::audio, "one").value();
    CHECK(first == own); // it had no track: addTrack used it, but did not make it
    auto second = bob.jsep.add_track(media_kind::audio, "two").value();
    auto third = bob.jsep.add_track(media_kind::audio, "three").value();
    text_offer text;
    text.group = "BUNDLE 0 1 2";
    bob.jsep
        .set_remote_description(sdp_type::offer, text.head() + text.audio("0", "sendonly") +
                                                     text.audio("1", "recvonly") + text.audio("2"))
        .value();
    CHECK(bob.jsep.find(own)->mid.empty());
    CHECK(bob.jsep.find(second)->mid == "1"); // section 0 does not receive
    CHECK(bob.jsep.find(third)->mid == "2");
    CHECK(bob.jsep.transceivers().size() == 4);
    auto answer = sdp::parse(bob.set_local()).value();
    CHECK(answer.media[0].direction == way::recvonly);
    CHECK(answer.media[1].direction == way::sendonly);
    CHECK(answer.media[2].direction == way::sendrecv);
    CHECK(answer.media[2].msids[0].track == "three");
    CHECK(bob.jsep.negotiation_needed()); // for its own
}

TEST_CASE("set a description step 3: a rejected section stops its transceiver") {
    media_pair pair;
    auto id = only_of(pair.alice, media_kind::video).id;
    pair.alice.jsep.set_local_description(sdp_type::offer, pair.alice.offer()).value();
    pair.bob.jsep.set_remote_description(sdp_type::offer, pair.alice.jsep.local_description()->sdp).value();
    pair.alice.events();
    auto answer = sdp::parse(pair.bob.answer()).value();
    answer.media[1].port = 0;
    answer.groups.front().mids = {"0", "2"};
    pair.alice.jsep.set_remote_description(sdp_type::answer, sdp::print(answer)).value();
    CHECK_FALSE(pair.alice.jsep.find(id));
}

TEST_CASE("set a description step 3: a rollback returns mids, directions, streams and credentials") {
    peer alice(1), bob(2);
    auto sent = alice.jsep.add_track(media_kind::audio, "a", {"s1"}).value();
    negotiate(alice, bob);
    auto received = bob.jsep.transceivers()[0].id;
    bob.jsep.restart_ice();
    bob.events();
    auto before = *bob.jsep.find(received);
    auto transport = bob.jsep.media_transport(received);
    alice.jsep.set_streams(sent, {"s2"}).value();
    alice.jsep.set_direction(sent, way::recvonly).value();
    (void)alice.jsep.add_track(media_kind::video, "v").value();
    bob.jsep.set_remote_description(sdp_type::offer, alice.set_local()).value();
    CHECK(notifications(bob) == strings{"have-remote-offer", "left 1 s1", "track 2"});
    CHECK(bob.jsep.find(received)->remote_streams.empty());
    bob.jsep.set_remote_description(sdp_type::rollback, "").value();
    CHECK(notifications(bob) == strings{"stable", "joined 1 s1", "track 1 s1"});
    const auto& after = *bob.jsep.find(received);
    CHECK(after.mid == before.mid);
    CHECK(after.direction == before.direction);
    CHECK(after.current_direction == before.current_direction);
    CHECK(after.remote_streams == before.remote_streams);
    CHECK(after.remote_msids == before.remote_msids);
    CHECK(bob.jsep.media_transport(received) == transport);
    CHECK(bob.jsep.transceivers().size() == 1);
    CHECK(bob.jsep.negotiation_needed()); // the credentials are still to be replaced
}

TEST_CASE("set a description step 3: the transports of a remote offer come with the answer, those of ours at "
          "once") {
    peer alice(1), bob(2);
    auto first = alice.jsep.add_track(media_kind::audio, "a").value();
    auto offer = alice.set_local();
    CHECK(alice.jsep.media_transport(first));
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    auto received = bob.jsep.transceivers()[0].id;
    CHECK_FALSE(bob.jsep.media_transport(received));
    bob.jsep.set_remote_description(sdp_type::rollback, "").value();
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    received = bob.jsep.transceivers()[0].id;
    bob.jsep.set_local_description(sdp_type::pranswer).value();
    auto transport = bob.jsep.media_transport(received);
    CHECK(transport);
    bob.jsep.set_local_description(sdp_type::answer).value();
    CHECK(bob.jsep.media_transport(received) == transport);
    alice.jsep.set_remote_description(sdp_type::answer, bob.jsep.local_description()->sdp).value();
    (void)alice.jsep.add_track(media_kind::video, "v").value();
    bob.jsep.set_remote_description(sdp_type::offer, alice.set_local()).value();
    CHECK(bob.jsep.media_transport(received) == transport); // it keeps what it had
    CHECK_FALSE(bob.jsep.media_transport(bob.jsep.transceivers()[1].id));
    bob.jsep.set_local_description(sdp_type::answer).value();
    CHECK(bob.jsep.media_transport(bob.jsep.transceivers()[1].id) == transport);
}

TEST_CASE("set a description step 3: a transceiver of a rolled-back offer stays if addTrack used it") {
    text_offer text;
    peer bob(2);
    bob.jsep.set_remote_description(sdp_type::offer, text.all()).value();
    auto audio = only_of(bob, media_kind::audio).id;
    auto video = only_of(bob, media_kind::video).id;
    CHECK(bob.jsep.add_track(media_kind::audio, "mic", {"s"}).value() == audio);
    bob.jsep.set_local_description(sdp_type::rollback).value();
    CHECK_FALSE(bob.jsep.find(video));
    REQUIRE(bob.jsep.transceivers().size() == 1);
    const auto& kept = *bob.jsep.find(audio);
    CHECK(kept.mid.empty());
    CHECK(kept.direction == way::sendrecv);
    CHECK(kept.track == "mic");
    CHECK(bob.jsep.negotiation_needed());
    // The next offer finds it again, as one that addTrack made.
    bob.jsep.set_remote_description(sdp_type::offer, text.all()).value();
    CHECK(only_of(bob, media_kind::audio).id == audio);
    CHECK(bob.jsep.find(audio)->mid == "0");
}

TEST_CASE("set a description step 3: an offer that replaces another hands its transceivers on") {
    text_offer text;
    text.group = "BUNDLE 0";
    peer bob(2);
    bob.jsep.set_remote_description(sdp_type::offer, text.head() + text.audio("0")).value();
    auto used = bob.jsep.add_track(media_kind::audio, "mic").value();
    text.group = "BUNDLE 5";
    bob.jsep.set_remote_description(sdp_type::offer, text.head() + text.audio("5")).value();
    REQUIRE(bob.jsep.transceivers().size() == 1);
    CHECK(bob.jsep.find(used)->mid == "5");
    text.group = "BUNDLE 6";
    bob.jsep.set_remote_description(sdp_type::offer, text.head() + text.video("6")).value();
    CHECK(bob.jsep.find(used)->mid.empty());
    CHECK(bob.jsep.transceivers().size() == 2);
}

TEST_CASE("set a description step 3: an answer clears negotiation-needed, then it is checked again") {
    peer alice(1), bob(2);
    (void)alice.jsep.add_transceiver(media_kind::audio).value();
    CHECK(alice.jsep.update_negotiation_needed());
    alice.set_local();
    (void)alice.jsep.add_transceiver(media_kind::video).value(); // too late for this round
    bob.jsep.set_remote_description(sdp_type::offer, alice.jsep.local_description()->sdp).value();
    alice.jsep.set_remote_description(sdp_type::answer, bob.set_local()).value();
    CHECK(alice.jsep.update_negotiation_needed());
}

TEST_CASE("set a description step 4: the state, tracks that left, tracks that joined, track events") {
    text_offer text;
    auto offer = [&](const strings& audio, const strings& video, const std::string& direction) {
        return text.head() + with_msids(text.audio("0", direction), audio, "a") +
               with_msids(text.video("1"), video, "v") + text.data("2");
    };
    peer bob(2);
    bob.jsep.set_remote_description(sdp_type::offer, offer({"x", "y", "x"}, {"x"}, "sendrecv")).value();
    CHECK(notifications(bob) ==
          strings{"have-remote-offer", "joined 1 x", "joined 1 y", "joined 2 x", "track 1 x y", "track 2 x"});
    bob.set_local();
    CHECK(notifications(bob) == strings{"stable"});
    bob.jsep.set_remote_description(sdp_type::offer, offer({"y", "z"}, {"w"}, "sendrecv")).value();
    CHECK(notifications(bob) == strings{"have-remote-offer", "left 1 x", "left 2 x", "joined 1 z",
                                        "joined 2 w", "track 1 y z", "track 2 w"});
    bob.jsep.set_remote_description(sdp_type::offer, offer({"y", "z"}, {"w"}, "sendrecv")).value();
    CHECK(notifications(bob).empty()); // the same again
    bob.set_local();
    CHECK(notifications(bob) == strings{"stable"});
    bob.jsep.set_remote_description(sdp_type::offer, offer({"y", "z"}, {"w"}, "recvonly")).value();
    CHECK(notifications(bob) == strings{"have-remote-offer", "left 1 y", "left 1 z"});
}

TEST_CASE("set a description step 4: a track without streams, and one of a peer that names none") {
    text_offer text;
    peer bob(2);
    bob.jsep
        .set_remote_description(sdp_type::offer, text.head() + with_msids(text.audio("0"), {"-"}, "a") +
                                                     text.video("1") + text.data("2"))
        .value();
    auto tracks = bob.events_of<remote_track>();
    REQUIRE(tracks.size() == 2);
    CHECK(tracks[0].streams.empty());
    REQUIRE(tracks[1].streams.size() == 1); // RFC 9429 5.8: a default stream
    CHECK(tracks[1].streams[0].size() == 36);
}

TEST_CASE("set a description step 4: our answer that does not receive takes the streams back") {
    text_offer text;
    text.group = "BUNDLE 0";
    peer bob(2);
    bob.jsep.set_remote_description(sdp_type::offer, text.head() + with_msids(text.audio("0"), {"s"}, "a"))
        .value();
    CHECK(notifications(bob) == strings{"have-remote-offer", "joined 1 s", "track 1 s"});
    bob.jsep.set_direction(bob.jsep.transceivers()[0].id, way::inactive).value();
    bob.set_local();
    CHECK(notifications(bob) == strings{"stable", "left 1 s"});
    CHECK(bob.jsep.transceivers()[0].fired_direction == way::inactive);
}

TEST_CASE("set a description step 4: the answer tells the offerer of the answerer's tracks") {
    peer alice(1), bob(2);
    (void)alice.jsep.add_transceiver(media_kind::audio).value();
    (void)bob.jsep.add_track(media_kind::audio, "b", {"bs"}).value();
    alice.set_local();
    CHECK(notifications(alice) == strings{"have-local-offer"});
    bob.jsep.set_remote_description(sdp_type::offer, alice.jsep.local_description()->sdp).value();
    CHECK(notifications(bob) == strings{"have-remote-offer", "track 1"});
    alice.jsep.set_remote_description(sdp_type::answer, bob.set_local()).value();
    CHECK(notifications(alice) == strings{"stable", "joined 1 bs", "track 1 bs"});
}

TEST_CASE("set a description step 4: glare is a rollback and an offer") {
    peer alice(1), bob(2);
    (void)alice.jsep.add_track(media_kind::audio, "a").value();
    (void)bob.jsep.add_track(media_kind::audio, "b", {"bs"}).value();
    alice.set_local();
    alice.events();
    alice.jsep.set_remote_description(sdp_type::offer, bob.set_local()).value();
    strings states;
    for (const auto& each : alice.events()) {
        if (auto* state = std::get_if<signaling_state_changed>(&each))
            states.push_back(std::string(to_string(state->state)));
        if (std::holds_alternative<remote_track>(each)) states.push_back("track");
    }
    CHECK(states == strings{"stable", "have-remote-offer", "track"});
    // addTrack's sender answers in the section of the peer's.
    CHECK(alice.jsep.transceivers().size() == 1);
    bob.jsep.set_remote_description(sdp_type::answer, alice.set_local()).value();
    CHECK(bob.jsep.transceivers()[0].current_direction == way::sendrecv);
    CHECK_FALSE(alice.jsep.negotiation_needed());
}

TEST_CASE("hostile: streams without end") {
    text_offer text;
    text.group = "BUNDLE 0";
    strings many;
    for (int i = 0; i < 1500; ++i) many.push_back("s" + std::to_string(i));
    peer bob(2);
    bob.jsep.set_remote_description(sdp_type::offer, text.head() + with_msids(text.audio("0"), many, "a"))
        .value();
    CHECK(bob.jsep.transceivers()[0].remote_streams.size() == max_streams);
}
