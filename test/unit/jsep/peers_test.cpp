#include "test/unit/jsep/support.hpp"

using namespace cortc;
using namespace cortc::jsep;

TEST_CASE("a captured browser answer fits our offer") {
    peer alice(1);
    alice.jsep.add_data_section();
    alice.set_local();
    alice.events();
    auto answer = capture(CORTC_TEST_DATA "/sdp/chromium_default_answer_to_dc.sdp");
    alice.jsep.set_remote_description(sdp_type::answer, answer).value();
    auto told = alice.events();
    CHECK(std::count_if(told.begin(), told.end(),
                        [](const auto& e) { return std::holds_alternative<remote_candidate>(e); }) == 2);
}

TEST_CASE("a browser's restart is found by its credentials") {
    auto first = capture(CORTC_TEST_DATA "/sdp/chromium_default_restart_before.sdp");
    auto second = capture(CORTC_TEST_DATA "/sdp/chromium_default_restart.sdp");
    peer bob(2);
    bob.jsep.set_remote_description(sdp_type::offer, first).value();
    auto before = bob.set_local();
    bob.events();
    bob.jsep.set_remote_description(sdp_type::offer, first).value();
    CHECK(line_value(bob.set_local(), "a=ice-ufrag:") == line_value(before, "a=ice-ufrag:"));
    bob.events();
    bob.jsep.set_remote_description(sdp_type::offer, second).value();
    auto after = bob.set_local();
    CHECK(line_value(after, "a=ice-ufrag:") != line_value(before, "a=ice-ufrag:"));
    CHECK(line_value(after, "a=setup:") == line_value(before, "a=setup:"));
    CHECK(bob.events_of<remote_ice>().front().ufrag == line_value(second, "a=ice-ufrag:"));
}

TEST_CASE(
    "max-bundle as Firefox writes it: the data section takes ICE and DTLS from the first of its group") {
    auto offer = capture(CORTC_TEST_DATA "/sdp/chromium_default_maxbundle.sdp");
    auto head = offer.substr(0, offer.find("m=application"));
    auto bundled =
        head +
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=bundle-only\r\na=mid:2\r\n"
        "a=sctp-port:5000\r\na=max-message-size:1073741823\r\n";
    session_options options;
    options.media = nullptr; // audio and video, which come first in the group, are rejected
    peer bob(2, options);
    bob.jsep.set_remote_description(sdp_type::offer, bundled).value();
    auto answer = bob.set_local();
    CHECK(contains(answer, "a=group:BUNDLE 2\r\n"));
    auto told = bob.events();
    std::size_t candidates = 0;
    for (const auto& each : told) {
        if (auto* ice = std::get_if<remote_ice>(&each)) CHECK(ice->ufrag == "qwtm");
        candidates += std::holds_alternative<remote_candidate>(each);
    }
    CHECK(candidates == 4);
    candidate_init trickled;
    trickled.candidate = "candidate:9 1 udp 7 192.0.2.7 50001 typ host";
    trickled.sdp_mid = "0"; // the section that we rejected, but whose transport the group has
    CHECK(bob.jsep.add_remote_candidate(trickled));
    CHECK(bob.events_of<remote_candidate>().size() == 1);
}

TEST_CASE("bundle-only outside every group is a rejected section") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    auto offer = without_line(replaced(alice.offer(), "m=application 9", "m=application 0"), "a=group") +
                 "a=bundle-only\r\n";
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    CHECK(contains(bob.set_local(), "m=application 0 "));
}

TEST_CASE("a section without a=mid is answered without one") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    auto offer = without_line(without_line(alice.offer(), "a=mid"), "a=group");
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    auto answer = bob.set_local();
    CHECK_FALSE(contains(answer, "a=mid"));
    CHECK_FALSE(contains(answer, "BUNDLE"));
    // Our own later offer has mids all the same; the peer goes on without.
    CHECK(contains(bob.set_local(), "a=mid:0"));
    bob.jsep.set_remote_description(sdp_type::answer, replaced(offer, "actpass", "passive")).value();
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
}

TEST_CASE("the form before RFC 8841 is answered in its own form") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    auto offer = replaced(alice.offer(), "UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5001");
    offer = replaced(offer, "a=sctp-port:5000", "a=sctpmap:5001 webrtc-datachannel 1024");
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    auto answer = bob.set_local();
    CHECK(contains(answer, "m=application 9 DTLS/SCTP 5000\r\n"));
    CHECK(contains(answer, "a=sctpmap:5000 webrtc-datachannel "));
    CHECK(bob.events_of<sctp_parameters>().front().remote_port == 5001);
    CHECK(contains(bob.offer(), "m=application 9 DTLS/SCTP 5000\r\n"));
}

TEST_CASE(
    "a second data section, an unknown protocol, and an offer with nothing usable are answered as rejected") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    auto offer = alice.offer();
    auto second = replaced(offer.substr(offer.find("m=")), "a=mid:0", "a=mid:1");
    bob.jsep.set_remote_description(sdp_type::offer, offer + second).value();
    auto answer = sdp::parse(bob.set_local()).value();
    CHECK(answer.media[0].port == 9);
    CHECK(answer.media[1].port == 0);

    peer carol(3);
    carol.jsep
        .set_remote_description(sdp_type::offer,
                                replaced(offer, "UDP/DTLS/SCTP webrtc-datachannel", "UDP/BFCP 1"))
        .value();
    auto refusal = carol.set_local();
    CHECK(contains(refusal, "m=application 0 UDP/BFCP 1\r\n"));
    CHECK_FALSE(contains(refusal, "BUNDLE"));
    CHECK(carol.jsep.state() == signaling_state::stable);
    carol.jsep.add_data_section();
    CHECK(carol.jsep.negotiation_needed());
}

TEST_CASE("an offer without sections is answered without sections") {
    peer alice(1), bob(2);
    negotiate(alice, bob);
    CHECK(alice.jsep.state() == signaling_state::stable);
    CHECK(bob.jsep.state() == signaling_state::stable);
    bob.jsep.add_data_section();
    negotiate(bob, alice);
    CHECK(alice.events_of<remote_ice>().size() == 1);
}

TEST_CASE("a ufrag carries its prefix") {
    session_options options;
    options.ufrag_prefix = "07+";
    peer alice(1, options);
    alice.jsep.add_data_section();
    CHECK(line_value(alice.offer(), "a=ice-ufrag:").substr(0, 3) == "07+");
}
