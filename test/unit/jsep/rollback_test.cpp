#include "test/unit/jsep/media_support.hpp"

/// What stays valid over a rollback, and what the configuration asks of the next offer.
using namespace cortc;
using namespace cortc::jsep;

TEST_CASE("an answer stays valid over a rollback of its offer") {
    text_offer text;
    peer bob(2);
    bob.jsep.set_remote_description(sdp_type::offer, text.all()).value();
    const auto answer = bob.answer();
    bob.jsep.set_remote_description(sdp_type::rollback, "").value();
    SECTION("when the same offer is set again") {
        bob.jsep.set_remote_description(sdp_type::offer, text.all()).value();
        CHECK(bob.jsep.set_local_description(sdp_type::answer, answer));
        CHECK(bob.jsep.state() == signaling_state::stable);
        CHECK(bob.events_of<remote_ice>().size() == 1);
        CHECK(only_of(bob, media_kind::audio).current_direction == sdp::direction::recvonly);
    }
    SECTION("not for another offer") {
        bob.jsep.set_remote_description(sdp_type::offer, replaced(text.all(), "o=- 1 1", "o=- 1 2")).value();
        auto done = bob.jsep.set_local_description(sdp_type::answer, answer);
        REQUIRE_FALSE(done);
        CHECK(done.error().kind == error_kind::invalid_access);
    }
    SECTION("nor for the same one once it was answered") {
        bob.jsep.set_remote_description(sdp_type::offer, text.all()).value();
        bob.set_local();
        bob.jsep.set_remote_description(sdp_type::offer, text.all()).value();
        CHECK(bob.jsep.set_local_description(sdp_type::answer, answer).error().kind ==
              error_kind::invalid_modification);
    }
}

TEST_CASE("needs-ice-restart: the next offer has new credentials, until they were set") {
    connected_pair pair;
    auto& jsep = pair.alice.jsep;
    const auto before = line_value(jsep.local_description()->sdp, "a=ice-ufrag:");
    const auto ufrag = [](const std::string& text) { return line_value(text, "a=ice-ufrag:"); };
    const auto revision = jsep.revision();
    jsep.set_needs_ice_restart();
    CHECK(jsep.revision() != revision); // an offer that was created before is not current any more
    CHECK_FALSE(jsep.negotiation_needed());
    CHECK(ufrag(pair.alice.offer()) != before);
    CHECK(ufrag(pair.alice.offer()) != before); // createOffer alone changes nothing
    SECTION("by our own offer") {
        const auto restarted = ufrag(pair.alice.set_local());
        CHECK(restarted != before);
        CHECK(ufrag(pair.alice.offer()) == restarted);
    }
    SECTION("by our answer to the peer's restart") {
        negotiate(pair.bob, pair.alice, {.ice_restart = true});
        const auto restarted = ufrag(jsep.local_description()->sdp);
        CHECK(restarted != before);
        CHECK(ufrag(pair.alice.offer()) == restarted);
    }
    SECTION("not by an answer that goes on as before") {
        negotiate(pair.bob, pair.alice);
        CHECK(ufrag(jsep.local_description()->sdp) == before);
        CHECK(ufrag(pair.alice.offer()) != before);
    }
}

TEST_CASE("needs-ice-restart: nothing is to restart before there is a local description") {
    peer self(1), other(2);
    self.jsep.add_data_section();
    self.jsep.set_needs_ice_restart();
    negotiate(self, other);
    CHECK(line_value(self.offer(), "a=ice-ufrag:") ==
          line_value(self.jsep.local_description()->sdp, "a=ice-ufrag:"));
}

TEST_CASE("addTrack needs a codec, though a remote offer brought a transceiver") {
    session_options options;
    options.media = nullptr;
    peer bob(2, options);
    text_offer text;
    bob.jsep.set_remote_description(sdp_type::offer, text.all()).value();
    REQUIRE(bob.jsep.transceivers().size() == 2);
    auto done = bob.jsep.add_track(media_kind::audio, "mic");
    REQUIRE_FALSE(done);
    CHECK(done.error().kind == error_kind::not_supported);
    bob.jsep.set_remote_description(sdp_type::rollback, "").value();
    CHECK(bob.jsep.transceivers().empty());
    CHECK(bob.jsep.create_offer());
}

TEST_CASE("every fingerprint stands in every section of a description") {
    peer alice(1), bob(2);
    alice.jsep.set_fingerprints({fingerprint_of(1), fingerprint_of(3)});
    alice.jsep.add_data_section();
    (void)alice.jsep.add_track(media_kind::audio, "a").value();
    (void)alice.jsep.add_track(media_kind::audio, "b").value();
    const strings both{"a=fingerprint:" + sdp::print_fingerprint(fingerprint_of(1)),
                       "a=fingerprint:" + sdp::print_fingerprint(fingerprint_of(3))};
    for (const auto& section : sections_of(alice.set_local()))
        CHECK(lines_with(section, "a=fingerprint:") == both);
    bob.jsep.set_remote_description(sdp_type::offer, alice.jsep.local_description()->sdp).value();
    bob.set_local();
    CHECK(bob.events_of<dtls_parameters>().front().fingerprints ==
          std::vector<sdp::fingerprint>{fingerprint_of(1), fingerprint_of(3)});
}
