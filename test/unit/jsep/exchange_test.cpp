#include "test/unit/jsep/support.hpp"

using namespace cortc;
using namespace cortc::jsep;

namespace {

/// The names of events in order: what the transports are told.
std::vector<std::string> names(const std::vector<event>& events) {
    static const std::vector<std::string> by_index{
        "ice_role",  "transport_added",   "local_ice",   "dtls",    "sctp",           "remote_ice",
        "candidate", "end_of_candidates", "rolled_back", "removed", "signaling_state"};
    std::vector<std::string> all;
    for (const auto& each : events) all.push_back(by_index[each.index()]);
    return all;
}
using list = std::vector<std::string>;

template <class E>
E only(const std::vector<event>& events) {
    std::vector<E> found;
    for (const auto& each : events)
        if (auto* wanted = std::get_if<E>(&each)) found.push_back(*wanted);
    REQUIRE(found.size() == 1);
    return found.front();
}

} // namespace

TEST_CASE("a first exchange tells both ends what they need, in order") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    auto offer = alice.set_local();
    auto told = alice.events();
    CHECK(names(told) == list{"ice_role", "transport_added", "local_ice", "signaling_state"});
    CHECK(only<ice_role>(told).controlling);
    auto alice_ice = only<local_ice>(told);
    CHECK(alice_ice.ufrag == line_value(offer, "a=ice-ufrag:"));
    CHECK(alice_ice.pwd == line_value(offer, "a=ice-pwd:"));
    CHECK(only<transport_added>(told).mid == "0");

    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    told = bob.events();
    CHECK(names(told) == list{"ice_role", "transport_added", "signaling_state"});
    CHECK_FALSE(only<ice_role>(told).controlling);
    auto answer = bob.set_local();
    told = bob.events();
    CHECK(names(told) == list{"local_ice", "dtls", "sctp", "remote_ice", "signaling_state"});
    auto bob_ice = only<local_ice>(told);
    CHECK(only<dtls_parameters>(told).role == dtls_role::client);
    CHECK(only<dtls_parameters>(told).fingerprints == std::vector{fingerprint_of(1)});
    CHECK(only<sctp_parameters>(told).max_message_size == 262144);
    CHECK(only<remote_ice>(told).ufrag == alice_ice.ufrag);
    CHECK(only<remote_ice>(told).pwd == alice_ice.pwd);
    CHECK(only<remote_ice>(told).local_ufrag == bob_ice.ufrag);
    CHECK(only<signaling_state_changed>(told).state == signaling_state::stable);

    alice.jsep.set_remote_description(sdp_type::answer, answer).value();
    told = alice.events();
    CHECK(names(told) == list{"dtls", "sctp", "remote_ice", "signaling_state"});
    CHECK(only<dtls_parameters>(told).role == dtls_role::server);
    CHECK(only<remote_ice>(told).ufrag == bob_ice.ufrag);
    CHECK(only<remote_ice>(told).local_ufrag == alice_ice.ufrag);
    CHECK(alice.jsep.can_trickle() == true);
}

TEST_CASE("the first offer is what RFC 9429 5.2.1 asks for") {
    peer alice(1);
    alice.jsep.add_data_section();
    auto offer = alice.offer();
    CHECK(contains(offer, "\r\na=group:BUNDLE 0\r\n"));
    CHECK(contains(offer, "\r\na=ice-options:trickle ice2\r\n"));
    CHECK(contains(offer, "\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
    CHECK(contains(offer, "\r\nc=IN IP4 0.0.0.0\r\n"));
    CHECK(contains(offer, "\r\na=setup:actpass\r\n"));
    CHECK(contains(offer, "\r\na=mid:0\r\n"));
    CHECK(contains(offer, "\r\na=sctp-port:5000\r\n"));
    CHECK(contains(offer, "\r\na=max-message-size:262144\r\n"));
    CHECK(contains(offer, "\r\na=fingerprint:sha-256 01:01:"));
    CHECK_FALSE(contains(offer, "bundle-only"));
    CHECK(sdp::is_ice_ufrag(line_value(offer, "a=ice-ufrag:")));
    CHECK(sdp::is_ice_pwd(line_value(offer, "a=ice-pwd:")));
}

TEST_CASE("o= keeps its session id, and its version counts up") {
    connected_pair pair;
    auto first = sdp::parse(pair.alice.jsep.current_local_description()->sdp).value().origin;
    auto second = sdp::parse(pair.alice.offer()).value().origin;
    CHECK(first.session_id == second.session_id);
    CHECK(std::stoull(first.session_id) >> 63 == 0);
    CHECK(std::stoull(second.session_version) == std::stoull(first.session_version) + 1);
    CHECK(first.session_id !=
          sdp::parse(pair.bob.jsep.current_local_description()->sdp).value().origin.session_id);
}

TEST_CASE("a later offer from either side changes nothing by itself") {
    connected_pair pair;
    SECTION("the same side") { negotiate(pair.alice, pair.bob); }
    SECTION("the other side") { negotiate(pair.bob, pair.alice); }
    CHECK(names(pair.alice.events()) == list{"signaling_state", "signaling_state"});
    CHECK(names(pair.bob.events()) == list{"signaling_state", "signaling_state"});
    CHECK(pair.alice.jsep.controlling() == true);
    CHECK(pair.bob.jsep.controlling() == false);
}

TEST_CASE("DTLS roles stay when the other side offers") {
    connected_pair pair; // bob answered active
    pair.bob.set_local();
    CHECK(line_value(pair.bob.jsep.local_description()->sdp, "a=setup:") == "actpass");
    pair.alice.jsep.set_remote_description(sdp_type::offer, pair.bob.jsep.local_description()->sdp).value();
    auto answer = pair.alice.set_local();
    CHECK(line_value(answer, "a=setup:") == "passive");
    CHECK(pair.bob.jsep.set_remote_description(sdp_type::answer, answer));
}

TEST_CASE("an answer to actpass that turns the DTLS roles around leaves the association as it is") {
    connected_pair pair; // bob answered active
    pair.bob.set_local();
    pair.alice.jsep.set_remote_description(sdp_type::offer, pair.bob.jsep.local_description()->sdp).value();
    const auto turned = replaced(pair.alice.set_local(), "a=setup:passive", "a=setup:active");
    pair.bob.events();
    SECTION("with the same fingerprint") {
        CHECK(pair.bob.jsep.set_remote_description(sdp_type::answer, turned));
        CHECK(pair.bob.events_of<dtls_parameters>().empty());
        pair.bob.jsep.set_remote_description(sdp_type::offer, pair.alice.offer()).value();
        CHECK(line_value(pair.bob.answer(), "a=setup:") == "active"); // still the client
    }
    SECTION("not with another one") {
        const auto other = replaced(turned, "a=fingerprint:sha-256 01", "a=fingerprint:sha-256 02");
        observed before(pair.bob.jsep);
        auto refused = pair.bob.jsep.set_remote_description(sdp_type::answer, other);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().kind == error_kind::invalid_access);
        CHECK(contains(refused.error().message, "a=fingerprint changed"));
        CHECK(observed(pair.bob.jsep) == before);
        CHECK(pair.bob.events().empty());
    }
}

TEST_CASE("a peer's a=setup is respected") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    auto offer = alice.offer();
    auto setup = GENERATE(std::string("active"), std::string("passive"));
    bob.jsep.set_remote_description(sdp_type::offer, replaced(offer, "actpass", setup)).value();
    auto answer = bob.set_local();
    CHECK(line_value(answer, "a=setup:") == (setup == "active" ? "passive" : "active"));
    CHECK(bob.events_of<dtls_parameters>().front().role ==
          (setup == "active" ? dtls_role::server : dtls_role::client));
}

TEST_CASE("createOffer: iceRestart renews both ends' credentials on the same transport") {
    connected_pair pair;
    auto before = line_value(pair.alice.jsep.local_description()->sdp, "a=ice-ufrag:");
    auto bob_before = line_value(pair.bob.jsep.local_description()->sdp, "a=ice-ufrag:");
    auto restarts = GENERATE(true, false); // alice, or bob, who answered
    auto& offerer = restarts ? pair.alice : pair.bob;
    auto& answerer = restarts ? pair.bob : pair.alice;
    negotiate(offerer, answerer, {.ice_restart = true});
    CHECK(line_value(pair.alice.jsep.local_description()->sdp, "a=ice-ufrag:") != before);
    CHECK(line_value(pair.bob.jsep.local_description()->sdp, "a=ice-ufrag:") != bob_before);
    auto told = offerer.events();
    CHECK(names(told) == list{"local_ice", "signaling_state", "remote_ice", "signaling_state"});
    CHECK(only<remote_ice>(told).local_ufrag == only<local_ice>(told).ufrag);
    auto ours = only<local_ice>(told).ufrag;
    told = answerer.events();
    CHECK(names(told) == list{"signaling_state", "local_ice", "remote_ice", "signaling_state"});
    CHECK(only<remote_ice>(told).ufrag == ours);
}

TEST_CASE("restartIce: remembered until an answer brought new credentials, through rollback") {
    connected_pair pair;
    CHECK_FALSE(pair.alice.jsep.negotiation_needed());
    auto before = line_value(pair.alice.jsep.local_description()->sdp, "a=ice-ufrag:");
    pair.alice.jsep.restart_ice();
    CHECK(pair.alice.jsep.negotiation_needed());
    auto offered = pair.alice.set_local();
    auto renewed = line_value(offered, "a=ice-ufrag:");
    CHECK(renewed != before);
    CHECK(line_value(pair.alice.offer(), "a=ice-ufrag:") == renewed); // replaced already: not again
    pair.alice.jsep.set_local_description(sdp_type::rollback).value();
    CHECK(line_value(pair.alice.jsep.local_description()->sdp, "a=ice-ufrag:") == before);
    CHECK(pair.alice.jsep.negotiation_needed());

    // An exchange that bob starts without a restart does not replace them: they are still to be replaced.
    negotiate(pair.bob, pair.alice);
    CHECK(line_value(pair.alice.jsep.local_description()->sdp, "a=ice-ufrag:") == before);
    CHECK(pair.alice.jsep.negotiation_needed());
    negotiate(pair.alice, pair.bob);
    CHECK(line_value(pair.alice.jsep.local_description()->sdp, "a=ice-ufrag:") != before);
    CHECK_FALSE(pair.alice.jsep.negotiation_needed());
}

TEST_CASE("createOffer: iceRestart alone does not survive a rollback") {
    connected_pair pair;
    auto before = line_value(pair.alice.jsep.local_description()->sdp, "a=ice-ufrag:");
    pair.alice.jsep.set_local_description(sdp_type::offer, pair.alice.offer({.ice_restart = true})).value();
    pair.alice.jsep.set_local_description(sdp_type::rollback).value();
    CHECK(line_value(pair.alice.offer(), "a=ice-ufrag:") == before);
}

TEST_CASE("restartIce: before anything is negotiated it does nothing") {
    peer alice(1);
    alice.jsep.restart_ice();
    CHECK_FALSE(alice.jsep.negotiation_needed());
}

TEST_CASE("negotiationneeded update: fires once, and again only after it was cleared") {
    peer alice(1), bob(2);
    CHECK_FALSE(alice.jsep.update_negotiation_needed());
    alice.jsep.add_data_section();
    CHECK(alice.jsep.update_negotiation_needed());
    CHECK_FALSE(alice.jsep.update_negotiation_needed());
    alice.jsep.set_local_description().value();
    CHECK_FALSE(alice.jsep.update_negotiation_needed()); // not stable
    alice.jsep.set_local_description(sdp_type::rollback).value();
    CHECK(alice.jsep.update_negotiation_needed());
    negotiate(alice, bob);
    CHECK_FALSE(alice.jsep.update_negotiation_needed());
    bob.jsep.add_data_section();
    CHECK_FALSE(bob.jsep.update_negotiation_needed()); // there is a data section already
    alice.jsep.restart_ice();
    CHECK(alice.jsep.update_negotiation_needed());
    alice.jsep.close();
    CHECK_FALSE(alice.jsep.update_negotiation_needed());
}

TEST_CASE("set a description step 3: rolling back a first offer takes its transport and the ICE role back") {
    peer alice(1);
    alice.jsep.add_data_section();
    alice.set_local();
    auto added = only<transport_added>(alice.events()).transport;
    alice.jsep.set_local_description(sdp_type::rollback).value();
    auto told = alice.events();
    CHECK(names(told) == list{"removed", "signaling_state"});
    CHECK(only<transport_removed>(told).transport == added);
    CHECK_FALSE(alice.jsep.controlling());
    CHECK_FALSE(alice.jsep.local_description());
    alice.set_local();
    CHECK(only<transport_added>(alice.events()).transport != added);
}

TEST_CASE("set a description step 3: rolling back a restart takes only the new generation back") {
    connected_pair pair;
    pair.alice.jsep.set_local_description(sdp_type::offer, pair.alice.offer({.ice_restart = true})).value();
    auto renewed = only<local_ice>(pair.alice.events()).ufrag;
    pair.alice.jsep.set_remote_description(sdp_type::rollback, "not looked at").value();
    auto told = pair.alice.events();
    CHECK(names(told) == list{"rolled_back", "signaling_state"});
    CHECK(only<ice_rolled_back>(told).local_ufrag == renewed);
    CHECK(pair.alice.jsep.controlling() == true);
}

TEST_CASE("an offer that replaces a pending one keeps its transport, and its generation unless it restarts") {
    peer alice(1);
    alice.jsep.add_data_section();
    alice.set_local();
    auto first = alice.events();
    alice.jsep.set_local_description(sdp_type::offer, alice.offer()).value();
    CHECK(alice.events().empty());
    alice.jsep.set_local_description(sdp_type::offer, alice.offer({.ice_restart = true})).value();
    auto told = alice.events();
    CHECK(names(told) == list{"local_ice", "rolled_back"});
    CHECK(only<ice_rolled_back>(told).local_ufrag == only<local_ice>(first).ufrag);
    CHECK(only<local_ice>(told).transport == only<transport_added>(first).transport);
}

TEST_CASE("setRemoteDescription: glare, a remote offer rolls the local one back, and the ICE role follows") {
    peer polite(1), impolite(2);
    polite.jsep.add_data_section();
    impolite.jsep.add_data_section();
    polite.set_local();
    auto offer = impolite.set_local();
    auto lost = only<transport_added>(polite.events()).transport;
    polite.jsep.set_remote_description(sdp_type::offer, offer).value();
    auto told = polite.events();
    CHECK(names(told) ==
          list{"removed", "signaling_state", "ice_role", "transport_added", "signaling_state"});
    CHECK(only<transport_removed>(told).transport == lost);
    CHECK_FALSE(only<ice_role>(told).controlling);
    CHECK(impolite.jsep.set_remote_description(sdp_type::answer, polite.set_local()));
    CHECK(polite.jsep.state() == signaling_state::stable);
    CHECK_FALSE(polite.jsep.negotiation_needed()); // the peer's data section serves ours
}

TEST_CASE("setRemoteDescription: glare, a broken remote offer does not undo the rollback") {
    peer alice(1);
    alice.jsep.add_data_section();
    alice.set_local();
    auto failed = alice.jsep.set_remote_description(sdp_type::offer, "nonsense");
    CHECK(failed.error().detail == "sdp-syntax-error");
    CHECK(alice.jsep.state() == signaling_state::stable);
    CHECK(alice.jsep.negotiation_needed());
}

TEST_CASE("setRemoteDescription: glare over a running connection keeps it") {
    connected_pair pair;
    pair.alice.jsep.set_local_description(sdp_type::offer, pair.alice.offer({.ice_restart = true})).value();
    pair.bob.jsep.set_local_description(sdp_type::offer, pair.bob.offer({.ice_restart = true})).value();
    auto pending = only<local_ice>(pair.alice.events()).ufrag;
    pair.alice.jsep.set_remote_description(sdp_type::offer, pair.bob.jsep.local_description()->sdp).value();
    auto told = pair.alice.events();
    CHECK(names(told) == list{"rolled_back", "signaling_state", "signaling_state"});
    CHECK(only<ice_rolled_back>(told).local_ufrag == pending);
    pair.bob.jsep.set_remote_description(sdp_type::answer, pair.alice.set_local()).value();
    CHECK(names(pair.alice.events()) == list{"local_ice", "remote_ice", "signaling_state"});
}

TEST_CASE("set a description step 3: rolling back a remote offer leaves no trace") {
    connected_pair pair;
    observed before(pair.bob.jsep);
    pair.bob.jsep.set_remote_description(sdp_type::offer, pair.alice.offer({.ice_restart = true})).value();
    pair.bob.jsep.set_local_description(sdp_type::rollback).value();
    CHECK(names(pair.bob.events()) == list{"signaling_state", "signaling_state"});
    CHECK(observed(pair.bob.jsep) == before);

    peer carol(3);
    carol.jsep.set_remote_description(sdp_type::offer, pair.alice.offer()).value();
    carol.jsep.set_remote_description(sdp_type::rollback, "").value();
    CHECK(names(carol.events()) ==
          list{"ice_role", "transport_added", "signaling_state", "removed", "signaling_state"});
    CHECK_FALSE(carol.jsep.controlling());
}

TEST_CASE("set a description step 3: a pranswer starts the transports, the answer after it changes nothing") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    bob.jsep.set_remote_description(sdp_type::offer, alice.set_local()).value();
    bob.events();
    alice.events();
    bob.jsep.set_local_description(sdp_type::pranswer, bob.answer()).value();
    CHECK(bob.jsep.pending_local_description()->type == sdp_type::pranswer);
    CHECK(names(bob.events()) == list{"local_ice", "dtls", "sctp", "remote_ice", "signaling_state"});
    alice.jsep.set_remote_description(sdp_type::pranswer, bob.jsep.local_description()->sdp).value();
    CHECK(names(alice.events()) == list{"dtls", "sctp", "remote_ice", "signaling_state"});
    CHECK(alice.jsep.pending_remote_description()->type == sdp_type::pranswer);
    CHECK_FALSE(alice.jsep.current_remote_description());

    bob.jsep.set_local_description().value();
    CHECK(names(bob.events()) == list{"signaling_state"});
    alice.jsep.set_remote_description(sdp_type::answer, bob.jsep.local_description()->sdp).value();
    CHECK(names(alice.events()) == list{"signaling_state"});
    CHECK(alice.jsep.current_remote_description()->type == sdp_type::answer);
    CHECK(alice.jsep.current_local_description()->type == sdp_type::offer);
    CHECK_FALSE(alice.jsep.pending_local_description());
}

TEST_CASE("a rejected data section: the transport goes, and only a new data channel asks again") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    alice.set_local();
    alice.events();
    auto refusal = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=application 0 UDP/DTLS/SCTP "
                   "webrtc-datachannel\r\n"
                   "c=IN IP4 0.0.0.0\r\na=mid:0\r\n";
    alice.jsep.set_remote_description(sdp_type::answer, refusal).value();
    CHECK(names(alice.events()) == list{"removed", "signaling_state"});
    CHECK_FALSE(alice.jsep.negotiation_needed());
    CHECK(contains(alice.offer(), "m=application 0 "));
    alice.jsep.add_data_section();
    CHECK(alice.jsep.negotiation_needed());
    auto again = sdp::parse(alice.offer()).value();
    REQUIRE(again.media.size() == 1); // RFC 9429 5.2.2: the place is used again, with another mid
    CHECK(again.media[0].port == 9);
    CHECK(again.media[0].mid == "1");
}

TEST_CASE("a peer that ends the data section later ends the transport with the answer") {
    connected_pair pair;
    auto ending = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=application 0 UDP/DTLS/SCTP "
                  "webrtc-datachannel\r\n"
                  "c=IN IP4 0.0.0.0\r\na=mid:0\r\n";
    pair.bob.jsep.set_remote_description(sdp_type::offer, ending).value();
    CHECK(names(pair.bob.events()) == list{"signaling_state"});
    auto answer = pair.bob.set_local();
    CHECK(contains(answer, "m=application 0 "));
    CHECK_FALSE(contains(answer, "BUNDLE"));
    CHECK(names(pair.bob.events()) == list{"removed", "signaling_state"});
}

TEST_CASE("set a description step 3: the ICE role when an agent is lite") {
    peer full(1), lite(2, [] {
        session_options options;
        options.ice_lite = true;
        return options;
    }());
    SECTION("the lite one offers") {
        lite.jsep.add_data_section();
        negotiate(lite, full);
    }
    SECTION("the full one offers") {
        full.jsep.add_data_section();
        negotiate(full, lite);
    }
    CHECK(full.jsep.controlling() == true);
    CHECK(lite.jsep.controlling() == false);
    CHECK(full.events_of<remote_ice>().front().lite);
}

TEST_CASE("ice-lite: both descriptions say so, and a peer that is lite, too, is refused") {
    session_options options;
    options.ice_lite = true;
    peer lite(1, options), other(2, options), full(3);
    lite.jsep.add_data_section();
    const auto offer = lite.offer();
    CHECK(contains(offer, "\r\na=ice-lite\r\n"));
    const auto refused = other.jsep.set_remote_description(sdp_type::offer, offer);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == error_kind::not_supported);
    CHECK(contains(refused.error().message, "ICE-lite"));
    CHECK(other.jsep.state() == signaling_state::stable);
    full.jsep.add_data_section();
    other.jsep.set_remote_description(sdp_type::offer, full.offer()).value();
    CHECK(contains(other.set_local(), "\r\na=ice-lite\r\n"));
}

TEST_CASE("ice-options: what the session is given, in offers and answers") {
    session_options options;
    options.ice_options = {"trickle", "renomination"};
    peer alice(1, options), bob(2, options);
    alice.jsep.add_data_section();
    negotiate(alice, bob);
    CHECK(alice.events_of<remote_ice>().front().options == options.ice_options);
    CHECK(bob.events_of<remote_ice>().front().options == options.ice_options);
}

TEST_CASE("set a description step 3: the max message size is what the peer wrote, its default, or none") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    auto offer = alice.offer();
    SECTION("absent") {
        bob.jsep.set_remote_description(sdp_type::offer, without_line(offer, "a=max-message-size")).value();
        bob.set_local();
        CHECK(bob.events_of<sctp_parameters>().front().max_message_size == 65536);
    }
    SECTION("zero") {
        bob.jsep.set_remote_description(sdp_type::offer, replaced(offer, "size:262144", "size:0")).value();
        bob.set_local();
        CHECK(bob.events_of<sctp_parameters>().front().max_message_size == 0);
    }
    SECTION("another in a later exchange") {
        negotiate(alice, bob);
        bob.events();
        bob.jsep.set_remote_description(sdp_type::offer, replaced(alice.offer(), "size:262144", "size:1000"))
            .value();
        bob.set_local();
        CHECK(bob.events_of<sctp_parameters>().front().max_message_size == 1000);
    }
}
