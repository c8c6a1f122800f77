#include "test/unit/jsep/media_support.hpp"

using namespace cortc;
using namespace cortc::jsep;
using way = sdp::direction;

namespace {

/// alice sends audio to bob, who only listens.
struct calling {
    peer alice{1}, bob{2};
    transceiver_id sent, received;
    calling() {
        sent = alice.jsep.add_track(media_kind::audio, "a", {"s"}).value();
        negotiate(alice, bob);
        received = bob.jsep.transceivers()[0].id;
        REQUIRE_FALSE(alice.jsep.negotiation_needed());
        REQUIRE_FALSE(bob.jsep.negotiation_needed());
    }
};

} // namespace

TEST_CASE("negotiationneeded check: local credentials to replace") {
    calling here;
    here.alice.jsep.restart_ice();
    CHECK(here.alice.jsep.negotiation_needed());
    negotiate(here.alice, here.bob);
    CHECK_FALSE(here.alice.jsep.negotiation_needed());
}

TEST_CASE("negotiationneeded check: a data channel and no data section") {
    calling here;
    here.bob.jsep.add_data_section();
    CHECK(here.bob.jsep.negotiation_needed());
    CHECK_FALSE(here.alice.jsep.negotiation_needed());
    negotiate(here.bob, here.alice);
    CHECK_FALSE(here.bob.jsep.negotiation_needed());
}

TEST_CASE("negotiationneeded check: a transceiver is stopping") {
    calling here;
    here.bob.jsep.stop(here.received);
    CHECK(here.bob.jsep.negotiation_needed());
    negotiate(here.alice, here.bob); // the peer's offer does not end it
    CHECK(here.bob.jsep.negotiation_needed());
    negotiate(here.bob, here.alice);
    CHECK_FALSE(here.bob.jsep.negotiation_needed());
    CHECK_FALSE(here.alice.jsep.negotiation_needed());
}

TEST_CASE("negotiationneeded check: a transceiver is not yet in a section") {
    calling here;
    (void)here.bob.jsep.add_transceiver(media_kind::audio).value();
    CHECK(here.bob.jsep.negotiation_needed());
    negotiate(here.alice, here.bob); // an answer has no place for it
    CHECK(here.bob.jsep.negotiation_needed());
    negotiate(here.bob, here.alice);
    CHECK_FALSE(here.bob.jsep.negotiation_needed());
}

TEST_CASE("negotiationneeded check: its msid differs from what was negotiated") {
    calling here;
    here.alice.jsep.set_streams(here.sent, {}).value();
    CHECK(here.alice.jsep.negotiation_needed());
    here.alice.jsep.set_streams(here.sent, {"s"}).value();
    CHECK_FALSE(here.alice.jsep.negotiation_needed());
    here.alice.jsep.set_direction(here.sent, way::recvonly).value();
    negotiate(here.alice, here.bob);
    here.alice.jsep.set_streams(here.sent, {"other"}).value(); // it does not send: nothing to say
    CHECK_FALSE(here.alice.jsep.negotiation_needed());
}

TEST_CASE("negotiationneeded check: stream ids are a set") {
    calling here;
    here.alice.jsep.set_streams(here.sent, {"one", "two"}).value();
    CHECK(here.alice.jsep.negotiation_needed());
    negotiate(here.alice, here.bob);
    here.alice.jsep.set_streams(here.sent, {"two", "one", "two"}).value();
    CHECK_FALSE(here.alice.jsep.negotiation_needed());
    here.alice.jsep.set_streams(here.sent, {"two"}).value();
    CHECK(here.alice.jsep.negotiation_needed());
}

TEST_CASE("negotiationneeded check: it is of the last stable state, whatever is pending") {
    calling here;
    (void)here.alice.jsep.add_track(media_kind::video, "v").value();
    here.alice.jsep.add_data_section();
    CHECK(here.alice.jsep.negotiation_needed());
    here.bob.jsep.set_remote_description(sdp_type::offer, here.alice.set_local()).value();
    CHECK(here.alice.jsep.negotiation_needed());
    CHECK_FALSE(here.bob.jsep.negotiation_needed()); // though the offer has more sections than are current
    here.alice.jsep.set_remote_description(sdp_type::answer, here.bob.set_local()).value();
    CHECK_FALSE(here.alice.jsep.negotiation_needed());
    CHECK_FALSE(here.bob.jsep.negotiation_needed());
}

TEST_CASE("negotiationneeded check: its direction differs, on the side that offered") {
    calling here; // offered sendrecv, answered recvonly
    here.alice.jsep.set_direction(here.sent, way::sendonly).value();
    CHECK_FALSE(here.alice.jsep.negotiation_needed()); // that is what the answer said
    here.alice.jsep.set_direction(here.sent, way::recvonly).value();
    CHECK(here.alice.jsep.negotiation_needed());
    here.alice.jsep.set_direction(here.sent, way::sendrecv).value();
    CHECK_FALSE(here.alice.jsep.negotiation_needed());
}

TEST_CASE("negotiationneeded check: its direction differs, on the side that answered") {
    calling here;
    here.bob.jsep.set_direction(here.received, way::sendrecv).value();
    CHECK(here.bob.jsep.negotiation_needed());
    here.bob.jsep.set_direction(here.received, way::inactive).value();
    CHECK(here.bob.jsep.negotiation_needed());
    negotiate(here.bob, here.alice);
    CHECK_FALSE(here.bob.jsep.negotiation_needed());
}

TEST_CASE("negotiationneeded check: it stopped and its section is not yet rejected") {
    calling here;
    auto ending = sdp::parse(here.alice.offer()).value();
    ending.media[0].port = 0;
    ending.groups.clear();
    here.bob.jsep.set_remote_description(sdp_type::offer, sdp::print(ending)).value();
    here.bob.jsep.set_remote_description(sdp_type::rollback, "").value();
    CHECK(here.bob.jsep.find(here.received)->stopped);
    CHECK(here.bob.jsep.negotiation_needed());
    negotiate(here.bob, here.alice);
    CHECK_FALSE(here.bob.jsep.negotiation_needed());
}

TEST_CASE("negotiationneeded: removeTrack and addTrack ask for it") {
    calling here;
    here.alice.jsep.remove_track(here.sent).value();
    CHECK(here.alice.jsep.negotiation_needed());
    negotiate(here.alice, here.bob);
    CHECK(here.bob.jsep.find(here.received)->remote_streams.empty());
    CHECK(here.bob.jsep.add_track(media_kind::audio, "b").value() == here.received);
    CHECK(here.bob.jsep.negotiation_needed());
    negotiate(here.bob, here.alice);
    CHECK(here.alice.jsep.find(here.sent)->current_direction == way::recvonly);
    CHECK_FALSE(here.bob.jsep.negotiation_needed());
}
