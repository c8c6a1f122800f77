#include "test/unit/jsep/media_support.hpp"

using namespace cortc;
using namespace cortc::jsep;
using way = sdp::direction;

// Sentences of webrtc-pc that no other test holds by itself.

namespace {

const std::string host = "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host";

/// What the four descriptions are: current local, pending local, current remote, pending remote.
std::string slots(const session& of) {
    std::string all(to_string(of.state()));
    for (const auto& each : {of.current_local_description(), of.pending_local_description(),
                             of.current_remote_description(), of.pending_remote_description()})
        all += each ? " " + std::string(to_string(each->type)) : std::string(" -");
    return all;
}

std::string without_bundle(std::string text) { return without_line(std::move(text), "a=group:BUNDLE"); }

} // namespace

TEST_CASE("createAnswer: the candidates gathered so far stand in it") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    bob.jsep.set_remote_description(sdp_type::offer, alice.set_local()).value();
    CHECK_FALSE(contains(bob.answer(), "a=candidate:"));
    bob.jsep.set_local_description(sdp_type::pranswer).value();
    auto ice = bob.events_of<local_ice>().front();
    REQUIRE(bob.jsep.add_local_candidate(ice.transport, ice.ufrag, sdp::parse_candidate(host).value()));
    CHECK(contains(bob.answer(), "a=" + host));
}

TEST_CASE("setLocalDescription step 3: an empty answer or pranswer takes the last created one while it is "
          "current") {
    auto type = GENERATE(sdp_type::answer, sdp_type::pranswer);
    text_offer text;
    peer bob(2);
    bob.jsep.set_remote_description(sdp_type::offer, text.all()).value();
    auto created = bob.answer();
    SECTION("current") {
        bob.jsep.set_local_description(type).value();
        CHECK(bob.jsep.local_description()->sdp == created);
        CHECK(bob.jsep.local_description()->type == type);
    }
    SECTION("outdated: another is created, and the old one cannot be set any more") {
        bob.jsep.set_direction(only_of(bob, media_kind::audio).id, way::sendrecv).value();
        bob.jsep.set_local_description(type).value();
        CHECK(contains(sections_of(bob.jsep.local_description()->sdp)[0], "a=sendrecv"));
        CHECK_FALSE(contains(sections_of(created)[0], "a=sendrecv"));
        if (type == sdp_type::pranswer) // an answer is not looked at in stable
            CHECK(bob.jsep.set_local_description(sdp_type::answer, created).error().kind ==
                  error_kind::invalid_modification);
    }
}

TEST_CASE(
    "setLocalDescription step 3: what an empty text cannot be created from fails, and changes nothing") {
    peer bare(1);
    bare.jsep.add_data_section();
    bare.jsep.set_fingerprints({});
    observed before(bare.jsep);
    CHECK(bare.jsep.set_local_description().error().kind == error_kind::operation);
    CHECK(observed(bare.jsep) == before);
    CHECK(bare.events().empty());
}

TEST_CASE("set a description step 3: the four descriptions and the state, of each type and side") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    CHECK(slots(alice.jsep) == "stable - - - -");
    auto offer = alice.set_local();
    CHECK(slots(alice.jsep) == "have-local-offer - offer - -");
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    CHECK(slots(bob.jsep) == "have-remote-offer - - - offer");
    bob.jsep.set_local_description(sdp_type::pranswer).value();
    CHECK(slots(bob.jsep) == "have-local-pranswer - pranswer - offer");
    auto pranswer = bob.jsep.local_description()->sdp;
    alice.jsep.set_remote_description(sdp_type::pranswer, pranswer).value();
    CHECK(slots(alice.jsep) == "have-remote-pranswer - offer - pranswer");
    alice.jsep.set_remote_description(sdp_type::pranswer, pranswer).value(); // and again
    CHECK(slots(alice.jsep) == "have-remote-pranswer - offer - pranswer");
    bob.jsep.set_local_description(sdp_type::answer).value();
    CHECK(slots(bob.jsep) == "stable answer - offer -");
    alice.jsep.set_remote_description(sdp_type::answer, bob.jsep.local_description()->sdp).value();
    CHECK(slots(alice.jsep) == "stable offer - answer -");
    CHECK(alice.jsep.current_local_description()->sdp == offer);
    CHECK(bob.jsep.current_remote_description()->sdp == alice.jsep.current_local_description()->sdp);
    // The other way round, over what is there.
    auto second = bob.set_local();
    CHECK(slots(bob.jsep) == "have-local-offer answer offer offer -");
    CHECK(bob.jsep.local_description() == bob.jsep.pending_local_description());
    CHECK(bob.jsep.remote_description() == bob.jsep.current_remote_description());
    alice.jsep.set_remote_description(sdp_type::offer, second).value();
    CHECK(slots(alice.jsep) == "have-remote-offer offer - answer offer");
    CHECK(alice.jsep.remote_description() == alice.jsep.pending_remote_description());
    bob.jsep.set_remote_description(sdp_type::answer, alice.set_local()).value();
    CHECK(slots(alice.jsep) == "stable answer - offer -");
    CHECK(slots(bob.jsep) == "stable offer - answer -");
    bob.set_local();
    bob.jsep.set_local_description(sdp_type::rollback).value();
    CHECK(slots(bob.jsep) == "stable offer - answer -");
}

TEST_CASE("set a description step 3: a pranswer does not empty the last created answer, nor what is to be "
          "replaced") {
    connected_pair pair;
    pair.alice.jsep.restart_ice();
    pair.bob.jsep.set_remote_description(sdp_type::offer, pair.alice.set_local()).value();
    auto answer = pair.bob.answer();
    pair.bob.jsep.set_local_description(sdp_type::pranswer, answer).value();
    CHECK(pair.bob.jsep.set_local_description(sdp_type::pranswer, answer));
    auto pranswer = pair.bob.jsep.local_description()->sdp;
    pair.alice.jsep.set_remote_description(sdp_type::pranswer, pranswer).value();
    CHECK(pair.alice.jsep.negotiation_needed());
    CHECK(pair.bob.jsep.set_local_description(sdp_type::answer, answer));
    pair.alice.jsep.set_remote_description(sdp_type::answer, pranswer).value();
    CHECK_FALSE(pair.alice.jsep.negotiation_needed());
}

TEST_CASE("set a description step 3: the first offer decides the ICE role, and later ones leave it") {
    auto lite = GENERATE(false, true);
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    CHECK_FALSE(alice.jsep.controlling());
    auto offer = alice.set_local();
    CHECK(alice.jsep.controlling() == true);
    if (lite) offer = replaced(offer, "a=group", "a=ice-lite\r\na=group");
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    CHECK(bob.jsep.controlling() == lite);
    alice.jsep.set_remote_description(sdp_type::answer, bob.set_local()).value();
    negotiate(bob, alice);
    CHECK(alice.jsep.controlling() == true);
    CHECK(bob.jsep.controlling() == lite);
}

TEST_CASE("set a description step 3: an offer without rejected sections stops nothing, a rejected one does") {
    media_pair pair;
    auto audio = only_of(pair.bob, media_kind::audio).id, video = only_of(pair.bob, media_kind::video).id;
    auto ending =
        replaced(replaced(pair.alice.offer(), "m=audio 9", "m=audio 0"), "BUNDLE 0 1 2", "BUNDLE 1 2");
    pair.bob.jsep.set_remote_description(sdp_type::offer, ending).value();
    CHECK(pair.bob.jsep.find(audio)->stopped);
    CHECK_FALSE(pair.bob.jsep.find(video)->stopped);
    CHECK_FALSE(pair.bob.jsep.media_transport(audio));
    CHECK(pair.bob.jsep.media_transport(video));
    pair.bob.set_local();
    CHECK_FALSE(pair.bob.jsep.find(audio)); // a stopped one leaves the set with the answer
}

TEST_CASE("set a description step 2: nothing at all is changed by a failure, in any state") {
    media_pair pair;
    auto offer = pair.alice.offer();
    auto refused = [&](peer& self, sdp_type type, const std::string& text, error_kind kind) {
        observed before(self.jsep);
        auto created = self.jsep.state() == signaling_state::stable ? self.offer() : self.answer();
        auto done = self.jsep.set_remote_description(type, text);
        REQUIRE_FALSE(done);
        INFO(done.error().message);
        CHECK(done.error().kind == kind);
        CHECK(contains(done.error().message,
                       kind == error_kind::invalid_state ? "description.type" : "description.sdp"));
        CHECK(observed(self.jsep) == before);
        CHECK(self.events().empty());
        // What was created last is still good, and still current.
        auto is_offer = self.jsep.state() == signaling_state::stable;
        CHECK(self.jsep.set_local_description(is_offer ? sdp_type::offer : sdp_type::answer, created));
        self.events();
    };
    refused(pair.bob, sdp_type::answer, offer, error_kind::invalid_state);
    pair.bob.jsep.set_local_description(sdp_type::rollback).value();
    pair.bob.events();
    refused(pair.bob, sdp_type::offer, offer + "nonsense\r\n", error_kind::operation);
    pair.bob.jsep.set_local_description(sdp_type::rollback).value();
    pair.bob.events();
    refused(pair.bob, sdp_type::offer, replaced(offer, "a=mid:1", "a=mid:7"), error_kind::invalid_access);
    pair.bob.jsep.set_local_description(sdp_type::rollback).value();
    pair.bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    pair.bob.events();
    refused(pair.bob, sdp_type::offer, replaced(offer, "m=video", "m=text"), error_kind::invalid_access);
}

TEST_CASE("addIceCandidate step 4: an end of candidates is for its section, or for all") {
    text_offer text;
    text.group.clear();
    peer bob(2);
    auto offer = text.head() + text.audio("a", "sendrecv", "aaaa") + text.data("b", "bbbb");
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    bob.set_local();
    bob.events();
    auto ended = [&] {
        strings sections;
        for (const auto& each : sections_of(bob.jsep.remote_description()->sdp))
            sections.push_back(contains(each, "a=end-of-candidates") ? "ended" : "open");
        return sections;
    };
    CHECK(ended() == strings{"open", "open"});
    candidate_init init;
    SECTION("of one, by its mid") {
        init.sdp_mid = "b";
        bob.jsep.add_remote_candidate(init).value();
        CHECK(ended() == strings{"open", "ended"});
        auto told = bob.events_of<remote_end_of_candidates>();
        REQUIRE(told.size() == 1);
        CHECK(told[0].ufrag == "bbbb");
    }
    SECTION("of one, by its index and generation") {
        init.sdp_mline_index = 0;
        init.username_fragment = "aaaa";
        bob.jsep.add_remote_candidate(init).value();
        CHECK(ended() == strings{"ended", "open"});
        init.username_fragment = "bbbb"; // is the other section's
        CHECK(bob.jsep.add_remote_candidate(init).error().kind == error_kind::operation);
    }
    SECTION("of all") {
        bob.jsep.add_remote_candidate(init).value();
        CHECK(ended() == strings{"ended", "ended"});
        CHECK(bob.events_of<remote_end_of_candidates>().size() == 2);
    }
}

TEST_CASE("addIceCandidate step 3: the section's mid goes before its index") {
    text_offer text;
    text.group.clear();
    peer bob(2);
    auto offer = text.head() + text.audio("a", "sendrecv", "aaaa") + text.data("b", "bbbb");
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    candidate_init init;
    init.candidate = host;
    init.sdp_mid = "b";
    init.sdp_mline_index = 0;
    bob.jsep.add_remote_candidate(init).value();
    auto sections = sections_of(bob.jsep.remote_description()->sdp);
    CHECK_FALSE(contains(sections[0], host));
    CHECK(contains(sections[1], host));
    init.sdp_mline_index = 17; // not even looked at
    CHECK(bob.jsep.add_remote_candidate(init));
}

TEST_CASE("restartIce: what it remembers is what stands in the current and in the pending description") {
    connected_pair pair;
    auto ufrag = [](const std::string& text) { return line_value(text, "a=ice-ufrag:"); };
    auto first = ufrag(pair.alice.jsep.local_description()->sdp);
    auto second = ufrag(pair.alice.offer({.ice_restart = true}));
    pair.alice.set_local(); // that offer is pending
    REQUIRE(ufrag(pair.alice.jsep.pending_local_description()->sdp) == second);
    pair.alice.jsep.restart_ice();
    auto third = ufrag(pair.alice.offer());
    CHECK(third != first);
    CHECK(third != second);
    // The answer to the pending offer leaves one of them in use, so it is still to be replaced.
    pair.bob.jsep.set_remote_description(sdp_type::offer, pair.alice.jsep.local_description()->sdp).value();
    pair.alice.jsep.set_remote_description(sdp_type::answer, pair.bob.set_local()).value();
    CHECK(ufrag(pair.alice.jsep.local_description()->sdp) == second);
    CHECK(pair.alice.jsep.negotiation_needed());
    negotiate(pair.alice, pair.bob);
    CHECK(ufrag(pair.alice.jsep.local_description()->sdp) != second);
    CHECK_FALSE(pair.alice.jsep.negotiation_needed());
}

TEST_CASE("setRemoteDescription: glare, then the failures in the order of the standard") {
    peer alice(1), bob(2);
    (void)alice.jsep.add_track(media_kind::audio, "a").value();
    (void)bob.jsep.add_track(media_kind::audio, "b").value();
    auto offer = without_bundle(bob.set_local());
    for (std::string line : {"a=ice-pwd", "a=fingerprint"}) {
        alice.set_local();
        auto done = alice.jsep.set_remote_description(sdp_type::offer, without_line(offer, line));
        REQUIRE_FALSE(done);
        CHECK(done.error().kind == error_kind::invalid_access);
        CHECK(alice.jsep.state() == signaling_state::stable); // the rollback stays
        REQUIRE(alice.jsep.transceivers().size() == 1);
        CHECK(alice.jsep.transceivers()[0].mid.empty());
    }
}
