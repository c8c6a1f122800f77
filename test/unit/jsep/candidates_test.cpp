#include "test/unit/jsep/support.hpp"

using namespace cortc;
using namespace cortc::jsep;

namespace {

const std::string host = "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host";
const std::string relay = "candidate:2 1 udp 1000 198.51.100.9 3478 typ relay raddr 192.0.2.7 rport 50000";

sdp::candidate parsed(const std::string& text) { return sdp::parse_candidate(text).value(); }

candidate_init at_mid(std::string candidate, std::string mid = "0") {
    candidate_init init;
    init.candidate = std::move(candidate);
    init.sdp_mid = std::move(mid);
    return init;
}

/// Nothing changed, and the kind is right.
void refuses(peer& self, const candidate_init& init, error_kind kind, const std::string& mentions) {
    observed before(self.jsep);
    auto done = self.jsep.add_remote_candidate(init);
    REQUIRE_FALSE(done);
    INFO(done.error().message);
    CHECK(done.error().kind == kind);
    CHECK(contains(done.error().message, mentions));
    CHECK(observed(self.jsep) == before);
    CHECK(self.events().empty());
}

} // namespace

TEST_CASE("addIceCandidate step 1 and 2: TypeError comes before the state") {
    peer bob(2);
    candidate_init nowhere;
    nowhere.candidate = host;
    refuses(bob, nowhere, error_kind::type, "sdpMid");
    refuses(bob, at_mid(host), error_kind::invalid_state, "no remote description");
    refuses(bob, candidate_init{}, error_kind::invalid_state, "no remote description");
    bob.jsep.close();
    refuses(bob, nowhere, error_kind::type, "sdpMid");
    refuses(bob, at_mid(host), error_kind::invalid_state, "closed");
}

TEST_CASE("addIceCandidate step 3: section, then generation, then the candidate") {
    connected_pair pair;
    auto wrong_mid = at_mid("junk", "nope");
    wrong_mid.sdp_mline_index = 0;
    wrong_mid.username_fragment = "nope";
    refuses(pair.bob, wrong_mid, error_kind::operation, "sdpMid \"nope\""); // the index is ignored
    candidate_init wrong_index;
    wrong_index.candidate = "junk";
    wrong_index.sdp_mline_index = 1;
    refuses(pair.bob, wrong_index, error_kind::operation, "sdpMLineIndex 1");
    auto wrong_ufrag = at_mid("junk");
    wrong_ufrag.username_fragment = "nope";
    refuses(pair.bob, wrong_ufrag, error_kind::operation, "usernameFragment \"nope\"");
    refuses(pair.bob, at_mid("junk"), error_kind::operation, "junk");
    refuses(pair.bob, at_mid(host + " ufrag nope"), error_kind::operation, "usernameFragment \"nope\"");
    auto by_index = at_mid(host);
    by_index.sdp_mid.reset();
    by_index.sdp_mline_index = 0;
    CHECK(pair.bob.jsep.add_remote_candidate(by_index));
    CHECK(pair.bob.events_of<remote_candidate>().size() == 1);
}

TEST_CASE("addIceCandidate step 4: it joins the remote description, once, and is reported once") {
    connected_pair pair;
    auto ufrag = line_value(pair.alice.jsep.local_description()->sdp, "a=ice-ufrag:");
    CHECK(pair.bob.jsep.add_remote_candidate(at_mid(host + " ufrag " + ufrag)));
    CHECK(pair.bob.jsep.add_remote_candidate(at_mid(host + " ufrag " + ufrag)));
    auto told = pair.bob.events_of<remote_candidate>();
    REQUIRE(told.size() == 1);
    CHECK(told[0].ufrag == ufrag);
    CHECK(told[0].candidate.address == "192.0.2.7");
    auto text = pair.bob.jsep.current_remote_description()->sdp;
    CHECK(contains(text, "a=" + host));
    CHECK(text.find("a=candidate") == text.rfind("a=candidate"));

    CHECK(pair.bob.jsep.add_remote_candidate(at_mid("")));
    CHECK(pair.bob.jsep.add_remote_candidate(candidate_init{}));
    CHECK(pair.bob.events_of<remote_end_of_candidates>().size() == 1);
    CHECK(contains(pair.bob.jsep.remote_description()->sdp, "a=end-of-candidates"));
}

TEST_CASE("candidates that come before our answer are reported after the pairing") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    auto offer = alice.set_local() + "a=" + host +
                 "\r\na=candidate:1 2 udp 7 192.0.2.7 50001 typ host\r\n"; // component 2: no use
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    bob.jsep.add_remote_candidate(at_mid(relay)).value();
    bob.jsep.add_remote_candidate(at_mid("")).value();
    CHECK(bob.events_of<remote_candidate>().empty());
    bob.set_local();
    auto told = bob.events();
    std::vector<std::size_t> kinds;
    for (const auto& each : told) kinds.push_back(each.index());
    // remote_ice, two candidates, their end, then the state
    CHECK(std::vector(kinds.end() - 5, kinds.end()) == std::vector<std::size_t>{5, 6, 6, 7, 10});
}

TEST_CASE("addIceCandidate step 4: during a remote restart a candidate goes to the generation that its ufrag "
          "names") {
    connected_pair pair;
    auto old_ufrag = line_value(pair.alice.jsep.local_description()->sdp, "a=ice-ufrag:");
    auto offer = pair.alice.offer({.ice_restart = true});
    auto new_ufrag = line_value(offer, "a=ice-ufrag:");
    pair.bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    pair.bob.events();
    auto old_one = at_mid(host);
    old_one.username_fragment = old_ufrag;
    CHECK(pair.bob.jsep.add_remote_candidate(old_one));
    auto told = pair.bob.events_of<remote_candidate>();
    REQUIRE(told.size() == 1);
    CHECK(told[0].ufrag == old_ufrag);
    CHECK(pair.bob.jsep.add_remote_candidate(at_mid(relay))); // none: the latest
    CHECK(pair.bob.events().empty());
    CHECK(contains(pair.bob.jsep.current_remote_description()->sdp, host));
    CHECK_FALSE(contains(pair.bob.jsep.current_remote_description()->sdp, relay));
    CHECK(contains(pair.bob.jsep.pending_remote_description()->sdp, relay));
    SECTION("a rollback keeps what the current description got") {
        pair.bob.jsep.set_remote_description(sdp_type::rollback, "").value();
        CHECK(contains(pair.bob.jsep.remote_description()->sdp, host));
        CHECK(pair.bob.events_of<remote_candidate>().empty());
    }
    SECTION("the answer reports the new one's, and the old one is gone") {
        pair.bob.set_local();
        told = pair.bob.events_of<remote_candidate>();
        REQUIRE(told.size() == 1);
        CHECK(told[0].ufrag == new_ufrag);
        refuses(pair.bob, old_one, error_kind::operation, "usernameFragment");
    }
}

TEST_CASE("a later offer with more candidates reports the new ones at once") {
    connected_pair pair;
    pair.bob.jsep.add_remote_candidate(at_mid(host)).value();
    pair.bob.events();
    pair.bob.jsep
        .set_remote_description(sdp_type::offer, pair.alice.offer() + "a=" + host + "\r\na=" + relay + "\r\n")
        .value();
    auto told = pair.bob.events_of<remote_candidate>();
    REQUIRE(told.size() == 1);
    CHECK(told[0].candidate.type == sdp::candidate_type::relay);
}

TEST_CASE("addIceCandidate step 3: a candidate for a rejected section succeeds and is not kept") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    bob.jsep
        .set_remote_description(
            sdp_type::offer, alice.offer() + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\na=rtcp-mux\r\n")
        .value();
    auto init = at_mid(host, "a");
    init.username_fragment = "nope";
    CHECK(bob.jsep.add_remote_candidate(init));
    CHECK_FALSE(contains(bob.jsep.remote_description()->sdp, host));
}

TEST_CASE("the number of remote candidates is bounded") {
    session_options options;
    options.max_remote_candidates = 3;
    peer alice(1), bob(2, options);
    alice.jsep.add_data_section();
    negotiate(alice, bob);
    bob.events();
    auto numbered = [](int i) {
        return "candidate:" + std::to_string(i) + " 1 udp 1 192.0.2.7 " + std::to_string(5000 + i) +
               " typ host";
    };
    for (int i = 0; i < 3; ++i) CHECK(bob.jsep.add_remote_candidate(at_mid(numbered(i))));
    CHECK(bob.events_of<remote_candidate>().size() == 3);
    CHECK(bob.jsep.add_remote_candidate(at_mid(numbered(3)))); // ignored
    CHECK(bob.jsep.add_remote_candidate(at_mid(numbered(0)))); // known already
    CHECK(bob.events().empty());
    CHECK_FALSE(contains(bob.jsep.remote_description()->sdp, numbered(3)));

    auto offer = alice.offer({.ice_restart = true});
    for (int i = 0; i < 10; ++i)
        offer += "a=" + replaced(numbered(i), "udp 1", "udp " + std::to_string(100 + 7 * i % 10)) + "\r\n";
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    bob.set_local();
    std::vector<std::uint32_t> priorities;
    for (const auto& each : bob.events_of<remote_candidate>()) priorities.push_back(each.candidate.priority);
    CHECK(priorities == std::vector<std::uint32_t>{109, 108, 107});
}

namespace {

/// Lines that the grammar has, and that no agent here can use.
const std::vector<std::string> useless{
    "candidate:3 1 udp 16777215 0:0:0:0:0:0:0:0 0 typ relay raddr ::/0 rport 0 generation 0 network-cost 999",
    "candidate:2 1 udp 659136 fe80::54a9:d238:b2ee:ceb%21 60720 typ host generation 0",
    "candidate:2 1 udp 659136 fe80::1%eth0 60720 typ host",
    "candidate:1 1 udp 2130706431 [2001:db8::1] 60721 typ host",
    "candidate:7 1 tcp 1509957375 192.0.2.7 65389 typ host generation 0",
    "candidate:1 1 ssltcp 7 192.0.2.7 443 typ host",
    "candidate:1 1 udp 7 192.0.2.7 443 typ teleport",
    "candidate:1 1 udp 7 224.0.0.1 443 typ host",
    "candidate:1 1 udp 7 192.0.2.7 0 typ host",
    "candidate:1 1 udp 7 what?ever 443 typ host",
    "candidate:1 2 udp 7 192.0.2.7 443 typ host"};

} // namespace

TEST_CASE("candidates of no use are kept in the text and not told, in a description or by addIceCandidate") {
    session_options options;
    options.max_remote_candidates = 11;
    peer alice(1), bob(2, options);
    alice.jsep.add_data_section();
    auto offer = alice.set_local();
    const auto trickles = GENERATE(false, true);
    auto written = offer;
    for (const auto& each : useless) written += "a=" + each + "\r\n";
    bob.jsep.set_remote_description(sdp_type::offer, trickles ? offer : written).value();
    bob.set_local();
    if (trickles)
        for (const auto& each : useless) CHECK(bob.jsep.add_remote_candidate(at_mid(each)));
    CHECK(bob.events_of<remote_candidate>().empty());
    for (const auto& each : useless)
        CHECK(contains(bob.jsep.remote_description()->sdp, "a=" + each + "\r\n"));
    // They take no room from those that are of use, nor do names.
    for (int i = 0; i < 20; ++i)
        CHECK(bob.jsep.add_remote_candidate(
            at_mid("candidate:1 1 udp 7 name-" + std::to_string(i) + ".local 5000 typ host")));
    CHECK(bob.events_of<remote_candidate>().size() == 11);
    CHECK(bob.jsep.add_remote_candidate(at_mid(host + " generation 0 ufrag  network-cost 999")));
    auto told = bob.events_of<remote_candidate>();
    REQUIRE(told.size() == 1);
    CHECK(told[0].candidate.address == "192.0.2.7");
}

TEST_CASE("gathered candidates join the local description, with the default on the m= line and their end") {
    peer alice(1);
    alice.jsep.add_data_section();
    auto ufrag = line_value(alice.set_local(), "a=ice-ufrag:");
    auto transport = alice.events_of<transport_added>().front().transport;
    auto mdns = parsed("candidate:3 1 udp 9 0a1b.local 50000 typ host");
    CHECK(alice.jsep.add_local_candidate(transport, ufrag, mdns));
    CHECK(contains(alice.jsep.local_description()->sdp, "m=application 9 ")); // a name is no default
    CHECK(alice.jsep.add_local_candidate(transport, ufrag,
                                         parsed("candidate:4 1 udp 9 2001:db8::1 50001 typ host")));
    CHECK(contains(alice.jsep.local_description()->sdp, "m=application 50001 "));
    CHECK(contains(alice.jsep.local_description()->sdp, "c=IN IP6 2001:db8::1"));
    CHECK(alice.jsep.add_local_candidate(transport, ufrag, parsed(host)));
    CHECK(contains(alice.jsep.local_description()->sdp, "m=application 50000 "));
    CHECK(alice.jsep.add_local_candidate(transport, ufrag, parsed(relay)));
    CHECK(contains(alice.jsep.local_description()->sdp, "m=application 3478 "));
    CHECK(contains(alice.jsep.local_description()->sdp, "c=IN IP4 198.51.100.9\r\n"));
    CHECK_FALSE(contains(alice.jsep.local_description()->sdp, "a=end-of-candidates"));
    CHECK(alice.jsep.end_of_local_candidates(transport, ufrag));
    CHECK(contains(alice.jsep.local_description()->sdp, "a=end-of-candidates"));
    CHECK_FALSE(alice.jsep.add_local_candidate(transport, "other", parsed(host)));
    CHECK_FALSE(alice.jsep.add_local_candidate(transport_id(99), ufrag, parsed(host)));

    // The next offer of the same generation brings them along, one of a new generation does not.
    auto again = alice.offer();
    CHECK(contains(again, relay));
    CHECK(contains(again, "a=end-of-candidates"));
    CHECK(alice.jsep.set_local_description(sdp_type::offer, again));
    auto restarted = alice.offer({.ice_restart = true});
    CHECK_FALSE(contains(restarted, "a=candidate"));
    CHECK(contains(restarted, "m=application 9 "));
}

TEST_CASE("a pending generation has its own candidates, and the current one keeps its own") {
    connected_pair pair;
    auto old_ufrag = line_value(pair.alice.jsep.local_description()->sdp, "a=ice-ufrag:");
    auto transport = transport_id(1);
    REQUIRE(pair.alice.jsep.add_local_candidate(transport, old_ufrag, parsed(host)));
    pair.alice.jsep.set_local_description(sdp_type::offer, pair.alice.offer({.ice_restart = true})).value();
    auto ice = pair.alice.events_of<local_ice>().front();
    CHECK(pair.alice.jsep.add_local_candidate(ice.transport, ice.ufrag, parsed(relay)));
    CHECK(contains(pair.alice.jsep.pending_local_description()->sdp, relay));
    CHECK_FALSE(contains(pair.alice.jsep.pending_local_description()->sdp, host));
    CHECK(contains(pair.alice.jsep.current_local_description()->sdp, host));
    SECTION("after a rollback the pending one takes none") {
        pair.alice.jsep.set_local_description(sdp_type::rollback).value();
        CHECK_FALSE(pair.alice.jsep.add_local_candidate(ice.transport, ice.ufrag, parsed(host)));
        CHECK(contains(pair.alice.jsep.local_description()->sdp, host));
    }
    SECTION("after the answer the old one takes none") {
        pair.bob.jsep.set_remote_description(sdp_type::offer, pair.alice.jsep.local_description()->sdp)
            .value();
        pair.alice.jsep.set_remote_description(sdp_type::answer, pair.bob.set_local()).value();
        CHECK_FALSE(pair.alice.jsep.add_local_candidate(transport, old_ufrag, parsed(host)));
        CHECK(contains(pair.alice.jsep.local_description()->sdp, relay));
    }
}
