#include "cortc/jsep/simulcast.hpp"

#include "test/unit/jsep/media_support.hpp"

using namespace cortc;
using namespace cortc::jsep;
using way = sdp::direction;

namespace {

transceiver_init layers(const strings& rids, way direction = way::sendrecv) {
    transceiver_init init;
    init.direction = direction;
    for (const auto& rid : rids) init.send_encodings.emplace_back().rid = rid;
    return init;
}

strings rids_of(const peer& self, transceiver_id which) {
    strings all;
    for (const auto& each : self.jsep.find(which)->encodings) all.push_back(each.rid);
    return all;
}

strings rid_lines(const std::string& text) { return lines_with(text, "a=rid:"); }
strings simulcast_line(const std::string& text) { return lines_with(text, "a=simulcast:"); }

/// An offer of a peer that wants to receive these layers.
std::string asks_for(const std::string& list, const strings& rids,
                     const std::string& direction = "sendrecv") {
    text_offer text;
    text.group = "BUNDLE 0";
    auto video = text.video("0", direction) + "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n";
    for (const auto& rid : rids) video += "a=rid:" + rid + " recv\r\n";
    return text.head() + video + "a=simulcast:recv " + list + "\r\n";
}

} // namespace

TEST_CASE("simulcast: an offer to send has a=rid for each encoding, in their order") {
    peer alice(1), bob(2);
    auto id = alice.jsep.add_transceiver(media_kind::video, layers({"q", "h", "f"})).value();
    auto offer = alice.set_local();
    CHECK(rid_lines(offer) == strings{"a=rid:q send", "a=rid:h send", "a=rid:f send"});
    CHECK(simulcast_line(offer) == strings{"a=simulcast:send q;h;f"});
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    auto answer = bob.set_local();
    CHECK(rid_lines(answer) == strings{"a=rid:q recv", "a=rid:h recv", "a=rid:f recv"});
    CHECK(simulcast_line(answer) == strings{"a=simulcast:recv q;h;f"});
    CHECK(bob.jsep.transceivers()[0].negotiated->rids.size() == 3);
    CHECK_FALSE(bob.jsep.transceivers()[0].negotiated->rids[0].send);
    alice.jsep.set_remote_description(sdp_type::answer, answer).value();
    CHECK(rids_of(alice, id) == strings{"q", "h", "f"});
    CHECK(alice.jsep.find(id)->negotiated->rids.size() == 3);
    CHECK(alice.jsep.find(id)->negotiated->rids[0].send);
    CHECK(alice.jsep.find(id)->negotiated->simulcast->send.size() == 3);
    CHECK(rid_lines(alice.offer()) == rid_lines(offer)); // RFC 9429 5.2.2: they stay
    CHECK_FALSE(alice.jsep.negotiation_needed());
    CHECK_FALSE(bob.jsep.negotiation_needed());
    // bob's own offer goes on receiving them, and alice's answer sends them.
    negotiate(bob, alice);
    CHECK(simulcast_line(bob.jsep.local_description()->sdp) == strings{"a=simulcast:recv q;h;f"});
    CHECK(simulcast_line(alice.jsep.local_description()->sdp) == strings{"a=simulcast:send q;h;f"});
    CHECK(rids_of(alice, id) == strings{"q", "h", "f"});
}

TEST_CASE("simulcast: one encoding, or a direction that does not send, has no a=rid") {
    peer self(1);
    (void)self.jsep.add_transceiver(media_kind::video, layers({"q"})).value();
    (void)self.jsep.add_transceiver(media_kind::video, layers({"q", "f"}, way::recvonly)).value();
    (void)self.jsep.add_transceiver(media_kind::audio, layers({"q", "f"})).value();
    CHECK(rid_lines(self.offer()).empty());
    CHECK(simulcast_line(self.offer()).empty());
}

TEST_CASE("simulcast: an answer narrows the encodings for good") {
    peer alice(1), bob(2);
    auto id = alice.jsep.add_transceiver(media_kind::video, layers({"q", "h", "f"})).value();
    alice.set_local();
    bob.jsep.set_remote_description(sdp_type::offer, alice.jsep.local_description()->sdp).value();
    auto answer = bob.set_local();
    SECTION("to two") {
        answer = replaced(replaced(answer, "a=rid:h recv\r\n", ""), "q;h;f", "q;f");
        alice.jsep.set_remote_description(sdp_type::answer, answer).value();
        CHECK(rids_of(alice, id) == strings{"q", "f"});
        CHECK(simulcast_line(alice.offer()) == strings{"a=simulcast:send q;f"});
    }
    SECTION("to the first, without simulcast") {
        for (std::string line : {"a=rid:q", "a=rid:h", "a=rid:f", "a=simulcast"})
            answer = without_line(answer, line);
        alice.jsep.set_remote_description(sdp_type::answer, answer).value();
        CHECK(rids_of(alice, id) == strings{"q"});
        CHECK(simulcast_line(alice.offer()).empty());
    }
    SECTION("not by a hold") {
        answer = replaced(answer, "a=recvonly", "a=inactive");
        for (std::string line : {"a=rid:q", "a=rid:h", "a=rid:f", "a=simulcast"})
            answer = without_line(answer, line);
        alice.jsep.set_remote_description(sdp_type::answer, answer).value();
        CHECK(rids_of(alice, id) == strings{"q", "h", "f"});
    }
}

TEST_CASE("simulcast: our offer to receive layers") {
    peer alice(1), bob(2);
    transceiver_init init;
    init.receive_rids = {"lo", "hi"};
    auto id = alice.jsep.add_transceiver(media_kind::video, init).value();
    auto sender = bob.jsep.add_track(media_kind::video, "cam").value();
    auto offer = alice.set_local();
    CHECK(rid_lines(offer) == strings{"a=rid:lo recv", "a=rid:hi recv"});
    CHECK(simulcast_line(offer) == strings{"a=simulcast:recv lo;hi"});
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    CHECK(rids_of(bob, sender) == strings{"lo", "hi"});
    CHECK(bob.jsep.find(sender)->encodings[0].scale_resolution_down_by == 2.0);
    auto answer = bob.set_local();
    CHECK(simulcast_line(answer) == strings{"a=simulcast:send lo;hi"});
    alice.jsep.set_remote_description(sdp_type::answer, answer).value();
    CHECK(alice.jsep.find(id)->negotiated->rids.size() == 2);
    CHECK_FALSE(alice.jsep.find(id)->negotiated->rids[0].send);
    CHECK(simulcast_line(alice.offer()) == strings{"a=simulcast:recv lo;hi"});
}

TEST_CASE("createAnswer: the first of comma alternatives, no duplicate RIDs") {
    peer bob(2);
    auto sender = bob.jsep.add_track(media_kind::video, "cam").value();
    bob.jsep.set_remote_description(sdp_type::offer, asks_for("a,b;c;a;~d,c;nobody", {"a", "b", "c", "d"}))
        .value();
    CHECK(rids_of(bob, sender) == strings{"a", "c", "d"});
    auto answer = bob.set_local();
    CHECK(simulcast_line(answer) == strings{"a=simulcast:send a;c;d"});
    CHECK(rid_lines(answer) == strings{"a=rid:a send", "a=rid:c send", "a=rid:d send"});
    CHECK(rids_of(bob, sender) == strings{"a", "c", "d"});
}

TEST_CASE("createAnswer: a RID that the sender does not have is left out") {
    peer bob(2);
    auto sender = bob.jsep.add_track(media_kind::video, "cam").value();
    bob.jsep.set_remote_description(sdp_type::offer, asks_for("a;b", {"a", "b"})).value();
    bob.set_local();
    bob.jsep.set_remote_description(sdp_type::offer, asks_for("a;x", {"a", "x"})).value();
    CHECK(rids_of(bob, sender) == strings{"a", "b"}); // an envelope is not proposed twice
    CHECK(simulcast_line(bob.set_local()) == strings{"a=simulcast:send a"});
    CHECK(rids_of(bob, sender) == strings{"a"});
}

TEST_CASE("createAnswer: without the extension that tells layers apart there are none") {
    peer bob(2);
    (void)bob.jsep.add_track(media_kind::video, "cam").value();
    bob.jsep.set_remote_description(sdp_type::offer, without_line(asks_for("a;b", {"a", "b"}), "a=extmap:2"))
        .value();
    CHECK(simulcast_line(bob.set_local()).empty());
}

TEST_CASE("set a description: proposed encodings are rolled back, what was there before returns") {
    peer bob(2);
    auto sender = bob.jsep.add_track(media_kind::video, "cam").value();
    auto before = bob.jsep.find(sender)->encodings;
    bob.jsep.set_remote_description(sdp_type::offer, asks_for("a;b", {"a", "b"})).value();
    auto changed = bob.jsep.get_parameters(sender).value();
    REQUIRE(changed.encodings.size() == 2);
    changed.encodings[0].max_bitrate = 9;
    bob.jsep.set_parameters(sender, changed).value();
    SECTION("the same offer again keeps what was set") {
        bob.jsep.set_remote_description(sdp_type::offer, asks_for("a;b", {"a", "b"})).value();
        CHECK(bob.jsep.find(sender)->encodings[0].max_bitrate == 9u);
    }
    SECTION("rollback") {
        bob.jsep.set_remote_description(sdp_type::rollback, "").value();
        CHECK(bob.jsep.find(sender)->encodings == before);
        CHECK(bob.jsep.get_parameters(sender).value().encodings.size() == 1);
    }
}

TEST_CASE("set a description: an audio section has no layers, and a lone rid is no simulcast") {
    peer bob(2);
    auto audio = bob.jsep.add_track(media_kind::audio, "mic").value();
    text_offer text;
    text.group = "BUNDLE 0";
    bob.jsep
        .set_remote_description(sdp_type::offer,
                                text.head() + text.audio("0") +
                                    "a=rid:a recv\r\na=rid:b recv\r\na=simulcast:recv a;b\r\n")
        .value();
    CHECK(rids_of(bob, audio) == strings{""});
    CHECK(simulcast_line(bob.set_local()).empty());
}

TEST_CASE("set a description step 2: RIDs renegotiated") {
    peer alice(1), bob(2);
    (void)alice.jsep.add_transceiver(media_kind::video, layers({"q", "f"})).value();
    alice.set_local();
    bob.jsep.set_remote_description(sdp_type::offer, alice.jsep.local_description()->sdp).value();
    auto answer = bob.set_local();
    auto refused = [](peer& self, sdp_type type, const std::string& text) {
        self.events();
        observed before(self.jsep);
        auto done = self.jsep.set_remote_description(type, text);
        REQUIRE_FALSE(done);
        CHECK(done.error().kind == error_kind::invalid_access);
        CHECK(contains(done.error().message, "rid"));
        CHECK(observed(self.jsep) == before);
        CHECK(self.events().empty());
    };
    refused(alice, sdp_type::answer,
            replaced(replaced(answer, "a=rid:f recv", "a=rid:x recv"), "recv q;f", "recv q;x"));
    refused(alice, sdp_type::answer, replaced(answer, "recv q;f", "recv q;f;z"));
    refused(alice, sdp_type::answer, replaced(answer, "simulcast:recv", "simulcast:send"));
    alice.jsep.set_remote_description(sdp_type::answer, answer).value();
    // alice sends q; an offer in which she would receive it turns it around.
    auto again = replaced(alice.offer(), "a=rid:q send", "a=rid:q recv");
    refused(bob, sdp_type::offer, replaced(again, "send q;f", "send f recv q"));
}

TEST_CASE("hostile: lists of layers without end") {
    std::string list = "a0";
    strings rids;
    for (int i = 1; i < 900; ++i) list += ";a" + std::to_string(i);
    for (int i = 0; i < 900; ++i) rids.push_back("a" + std::to_string(i));
    peer bob(2);
    auto sender = bob.jsep.add_track(media_kind::video, "cam").value();
    bob.jsep.set_remote_description(sdp_type::offer, asks_for(list, rids)).value();
    CHECK(bob.jsep.find(sender)->encodings.size() == max_simulcast_layers);
    CHECK(bob.jsep.find(sender)->encodings[0].scale_resolution_down_by == 32768.0);
    auto answer = bob.set_local();
    CHECK(rid_lines(answer).size() == max_simulcast_layers);
}
