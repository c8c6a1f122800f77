#include "test/unit/jsep/media_support.hpp"

#include <functional>

using namespace cortc;
using namespace cortc::jsep;

namespace {

/// Fails with that kind, names what it should, and leaves everything as it was.
void refuses(peer& self, sdp_type type, const std::string& sdp, error_kind kind,
             std::vector<std::string> mentions) {
    self.events();
    observed before(self.jsep);
    auto offer_before = self.jsep.negotiation_needed();
    auto done = self.jsep.set_remote_description(type, sdp);
    CAPTURE(sdp, mentions);
    REQUIRE_FALSE(done);
    INFO(done.error().message);
    CHECK(done.error().kind == kind);
    for (const auto& each : mentions) CHECK(contains(done.error().message, each));
    CHECK(observed(self.jsep) == before);
    CHECK(self.jsep.negotiation_needed() == offer_before);
    CHECK(self.events().empty());
}

const std::string audio =
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:a\r\na=rtpmap:111 opus/48000/2\r\n";

std::string data_offer() {
    peer alice(1);
    alice.jsep.add_data_section();
    return alice.offer();
}

} // namespace

TEST_CASE("set a description step 2, failure 1: the state comes before the text") {
    peer bob(2);
    refuses(bob, sdp_type::answer, "no SDP at all", error_kind::invalid_state, {"remote answer", "stable"});
}

TEST_CASE("set a description step 2, failure 2: syntax, with the line") {
    peer bob(2);
    auto broken =
        replaced(data_offer(), "a=setup:actpass", "a=setup:whatever") + audio; // rtcp-mux is missing too
    refuses(bob, sdp_type::offer, broken, error_kind::operation, {"line"});
    auto done = bob.jsep.set_remote_description(sdp_type::offer, broken);
    CHECK(done.error().detail == "sdp-syntax-error");
    auto before = broken.substr(0, broken.find("a=setup"));
    CHECK(done.error().line == 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')));
    CHECK(bob.jsep.set_remote_description(sdp_type::offer, "").error().detail == "sdp-syntax-error");
}

TEST_CASE("set a description step 2, failure 3: rtcp-mux under policy require, before the content") {
    peer bob(2);
    auto offer = without_line(data_offer(), "a=ice-ufrag") + audio;
    refuses(bob, sdp_type::offer, offer, error_kind::invalid_access,
            {"section 1", "mid \"a\"", "a=rtcp-mux"});
    refuses(bob, sdp_type::offer, offer + "a=rtcp-mux\r\n", error_kind::invalid_access,
            {"section 0", "a=ice-ufrag"});

    session_options negotiate_policy;
    negotiate_policy.rtcp_mux = rtcp_mux_policy::negotiate;
    peer carol(3, negotiate_policy);
    CHECK(carol.jsep.set_remote_description(sdp_type::offer, data_offer() + audio));

    // Rejected, or bundled behind another section: nothing is missing.
    CHECK(bob.jsep.set_remote_description(sdp_type::offer,
                                          data_offer() + replaced(audio, "audio 9", "audio 0")));
    auto bundled = replaced(data_offer(), "BUNDLE 0", "BUNDLE 0 a") + audio;
    CHECK(bob.jsep.set_remote_description(sdp_type::offer, bundled));
}

TEST_CASE("set a description step 2, failure 4: an offer whose data section lacks something names it") {
    peer bob(2);
    auto offer = data_offer();
    for (std::string line : {"a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"})
        refuses(bob, sdp_type::offer, without_line(offer, line), error_kind::invalid_access,
                {"section 0 (mid \"0\")", line, "missing"});
    auto weak = without_line(offer, "a=fingerprint") + "a=fingerprint:md5 " + [] {
        std::string hex = "00";
        for (int i = 1; i < 16; ++i) hex += ":00";
        return hex;
    }() + "\r\n";
    refuses(bob, sdp_type::offer, weak, error_kind::invalid_access, {"a=fingerprint's \"md5\"", "sha-256"});
    refuses(bob, sdp_type::offer, replaced(offer, "actpass", "holdconn"), error_kind::invalid_access,
            {"holdconn", "actpass"});
}

TEST_CASE("set a description step 2, failure 4: mids and groups") {
    peer bob(2);
    auto offer = data_offer();
    auto other = replaced(audio, "a=mid:a", "a=mid:0") + "a=rtcp-mux\r\n";
    refuses(bob, sdp_type::offer, offer + other, error_kind::operation, {"line", "mid \"0\""});
    refuses(bob, sdp_type::offer, replaced(offer, "BUNDLE 0", "BUNDLE 7"), error_kind::invalid_access,
            {"BUNDLE", "7"});
    refuses(bob, sdp_type::offer, replaced(offer, "BUNDLE 0", "BUNDLE 0 0 0"), error_kind::invalid_access,
            {"BUNDLE"});
    refuses(bob, sdp_type::offer,
            replaced(offer, "a=group:BUNDLE 0", "a=group:BUNDLE 0\r\na=group:BUNDLE 0") + audio +
                "a=rtcp-mux\r\n",
            error_kind::invalid_access, {"two a=group:BUNDLE"});
}

TEST_CASE("set a description step 2, failure 4: a later offer keeps the order, kinds and mids") {
    connected_pair pair;
    auto offer = pair.alice.offer();
    auto head = offer.substr(0, offer.find("m="));
    refuses(pair.bob, sdp_type::offer, without_line(head, "a=group"), error_kind::invalid_access,
            {"0 sections", "1"});
    auto swapped = replaced(without_line(head, "a=group"), "t=0 0\r\n", "t=0 0\r\n") + audio +
                   "a=rtcp-mux\r\n" + offer.substr(offer.find("m="));
    refuses(pair.bob, sdp_type::offer, swapped, error_kind::invalid_access,
            {"section 0", "m=\"application\"", "m=\"audio\""});
    auto renamed = replaced(replaced(offer, "BUNDLE 0", "BUNDLE x"), "a=mid:0", "a=mid:x");
    refuses(pair.bob, sdp_type::offer, renamed, error_kind::invalid_access, {"a=mid:\"0\"", "a=mid:\"x\""});
}

TEST_CASE("set a description step 2, failure 4: the DTLS association stays what it is") {
    connected_pair pair;
    auto offer = pair.alice.offer({.ice_restart = true});
    auto other = replaced(offer, "a=fingerprint:sha-256 01", "a=fingerprint:sha-256 02");
    refuses(pair.bob, sdp_type::offer, other, error_kind::invalid_access,
            {"section 0", "a=fingerprint changed"});
    // bob is the client: alice may not become one too
    refuses(pair.bob, sdp_type::offer, replaced(offer, "actpass", "active"), error_kind::invalid_access,
            {"a=setup", "passive"});
    refuses(pair.bob, sdp_type::offer, replaced(offer, "sctp-port:5000", "sctp-port:5001"),
            error_kind::invalid_access, {"a=sctp-port"});
    CHECK(pair.bob.jsep.set_remote_description(sdp_type::offer, replaced(offer, "actpass", "passive")));
}

TEST_CASE("set a description step 2, failure 4: an answer fits its offer") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    bob.jsep.set_remote_description(sdp_type::offer, alice.set_local()).value();
    auto answer = bob.answer();
    auto type = GENERATE(sdp_type::answer, sdp_type::pranswer);
    auto refused = [&](const std::string& text, std::vector<std::string> mentions) {
        refuses(alice, type, text, error_kind::invalid_access, std::move(mentions));
    };
    for (std::string line : {"a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"})
        refused(without_line(answer, line), {"section 0 (mid \"0\")", line, "missing"});
    refused(replaced(answer, "a=setup:active", "a=setup:actpass"), {"a=setup:actpass", "active or passive"});
    refused(replaced(answer, "a=setup:active", "a=setup:holdconn"),
            {"a=setup:holdconn", "active or passive"});
    refused(answer + audio + "a=rtcp-mux\r\n", {"2 sections", "the offer 1"});
    refused(answer.substr(0, answer.find("a=group")) + "m=audio 0 RTP/AVP 0\r\na=mid:0\r\n",
            {"m=\"application\"", "m=\"audio\""});
    refused(replaced(answer, "UDP/DTLS/SCTP", "TCP/DTLS/SCTP"), {"UDP/DTLS/SCTP", "TCP/DTLS/SCTP"});
    refused(replaced(replaced(answer, "BUNDLE 0", "BUNDLE 9"), "a=mid:0", "a=mid:9"),
            {"a=mid:\"0\"", "a=mid:\"9\""});
    CHECK(alice.jsep.set_remote_description(type, answer));
}

TEST_CASE("an answer with new ICE credentials needs an offer that restarts") {
    connected_pair pair;
    pair.alice.set_local();
    pair.bob.jsep.set_remote_description(sdp_type::offer, pair.alice.jsep.local_description()->sdp).value();
    auto answer = pair.bob.set_local();
    auto renewed = replaced(answer, "a=ice-ufrag:", "a=ice-ufrag:X");
    refuses(pair.alice, sdp_type::answer, renewed, error_kind::invalid_access,
            {"ICE credentials", "did not restart"});
    CHECK(pair.alice.jsep.set_remote_description(sdp_type::answer, answer));
}

TEST_CASE("a restart changes both ICE credentials, on both sides") {
    connected_pair pair;
    const auto old_offer = pair.bob.jsep.remote_description()->sdp;
    const auto old_answer = pair.alice.jsep.remote_description()->sdp;
    auto with_old = [](const std::string& text, const std::string& old, std::string_view name) {
        const auto line = "a=" + std::string(name) + ":";
        return replaced(text, line + line_value(text, line), line + line_value(old, line));
    };
    SECTION("an offer that changes only one of them is neither a restart nor none") {
        const auto offer = pair.alice.offer({.ice_restart = true});
        refuses(pair.bob, sdp_type::offer, with_old(offer, old_offer, "ice-ufrag"),
                error_kind::invalid_access, {"a=ice-pwd changed", "a=ice-ufrag did not", "section 0"});
        refuses(pair.bob, sdp_type::offer, with_old(offer, old_offer, "ice-pwd"), error_kind::invalid_access,
                {"a=ice-ufrag changed", "a=ice-pwd did not", "section 0"});
        CHECK(pair.bob.jsep.set_remote_description(sdp_type::offer, offer));
    }
    SECTION("an offer with those in use restarts nothing") {
        const auto ours = line_value(pair.bob.jsep.local_description()->sdp, "a=ice-ufrag:");
        pair.bob.jsep.set_remote_description(sdp_type::offer, pair.alice.set_local()).value();
        CHECK(line_value(pair.bob.set_local(), "a=ice-ufrag:") == ours);
        CHECK(pair.bob.events_of<local_ice>().empty());
    }
    SECTION("an answer to a restart with credentials of the generation before") {
        pair.alice.jsep.set_local_description(sdp_type::offer, pair.alice.offer({.ice_restart = true}))
            .value();
        pair.bob.jsep.set_remote_description(sdp_type::offer, pair.alice.jsep.local_description()->sdp)
            .value();
        const auto answer = pair.bob.set_local();
        for (auto type : {sdp_type::pranswer, sdp_type::answer}) {
            refuses(pair.alice, type, old_answer, error_kind::invalid_access,
                    {"restarted ICE", "a=ice-ufrag and a=ice-pwd", "both must be new"});
            refuses(pair.alice, type, with_old(answer, old_answer, "ice-ufrag"), error_kind::invalid_access,
                    {"restarted ICE", "a=ice-ufrag of"});
            refuses(pair.alice, type, with_old(answer, old_answer, "ice-pwd"), error_kind::invalid_access,
                    {"restarted ICE", "a=ice-pwd of"});
        }
        CHECK(pair.alice.jsep.set_remote_description(sdp_type::answer, answer));
        CHECK(pair.alice.jsep.set_remote_description(sdp_type::answer, answer).error().kind ==
              error_kind::invalid_state); // the second time
    }
    SECTION("a provisional answer binds nobody, the answer after it may be another's") {
        pair.alice.jsep.set_local_description(sdp_type::offer, pair.alice.offer({.ice_restart = true}))
            .value();
        pair.bob.jsep.set_remote_description(sdp_type::offer, pair.alice.jsep.local_description()->sdp)
            .value();
        const auto answer = pair.bob.set_local();
        auto forked = replaced(answer, "a=ice-ufrag:", "a=ice-ufrag:fork");
        forked = replaced(forked, "a=ice-pwd:", "a=ice-pwd:fork");
        pair.alice.events();
        CHECK(pair.alice.jsep.set_remote_description(sdp_type::pranswer, forked));
        CHECK(pair.alice.events_of<remote_ice>().front().ufrag.starts_with("fork"));
        CHECK(pair.alice.jsep.set_remote_description(sdp_type::answer, answer));
        CHECK(pair.alice.events_of<remote_ice>().front().ufrag == line_value(answer, "a=ice-ufrag:"));
    }
}

TEST_CASE("a section that was offered as rejected cannot be accepted") {
    session_options data_only;
    data_only.media = nullptr;
    peer alice(1), bob(2, data_only);
    bob.jsep.set_remote_description(sdp_type::offer, data_offer() + audio + "a=rtcp-mux\r\n").value();
    bob.set_local();
    bob.set_local(); // audio is rejected since
    auto offer = bob.jsep.local_description()->sdp;
    CHECK(contains(offer, "m=audio 0 "));
    alice.jsep.set_remote_description(sdp_type::offer, offer).value();
    auto answer = replaced(alice.answer(), "a=setup:active", "a=setup:passive"); // bob is the client
    refuses(bob, sdp_type::answer, replaced(answer, "m=audio 0", "m=audio 9") + "a=rtcp-mux\r\n",
            error_kind::invalid_access, {"section 1", "port 0"});
}

TEST_CASE("attributes at session level serve every section") {
    peer bob(2);
    auto offer = data_offer();
    for (std::string line : {"a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"}) {
        auto whole = line + ":" + line_value(offer, line + ":") + "\r\n";
        offer = replaced(without_line(offer, line), "a=group", whole + "a=group");
    }
    CHECK(bob.jsep.set_remote_description(sdp_type::offer, offer));
    bob.set_local();
    CHECK(bob.events_of<remote_ice>().front().ufrag == line_value(offer, "a=ice-ufrag:"));
}

TEST_CASE("only the fingerprints of the strongest known hash count") {
    peer bob(2);
    std::string sha1 = "a=fingerprint:sha-1 00";
    for (int i = 1; i < 20; ++i) sha1 += ":00";
    bob.jsep.set_remote_description(sdp_type::offer, data_offer() + sha1 + "\r\n").value();
    bob.set_local();
    CHECK(bob.events_of<dtls_parameters>().front().fingerprints == std::vector{fingerprint_of(1)});
}

TEST_CASE("what an error repeats of a peer's text is quoted, bounded and clean") {
    const std::string bad = "\x1b[31m" + std::string(5000, 'x');
    const std::string name(5000, 'n'); // of token characters
    const auto check = [](const outcome<void>& done) {
        REQUIRE_FALSE(done);
        const auto& message = done.error().message;
        CAPTURE(message);
        CHECK(message.size() < 400);
        CHECK(std::all_of(message.begin(), message.end(), [](char c) { return c >= ' ' && c < 0x7f; }));
        CHECK(contains(message, "...\""));
    };
    text_offer text;
    const auto offer = text.all();
    const auto offered = [&](const std::string& hostile) {
        peer fresh(2);
        check(fresh.jsep.set_remote_description(sdp_type::offer, hostile));
    };
    offered(replaced(offer, "BUNDLE 0", "BUNDLE " + bad));
    offered(replaced(offer, "setup:actpass", "setup:" + bad));
    offered(without_line(replaced(replaced(offer, "BUNDLE 0", "BUNDLE " + name), "a=mid:0", "a=mid:" + name),
                         "a=ice-pwd"));
    offered(replaced(offer, "a=rtpmap:96 VP8", "a=extmap:1 " + bad + "\r\na=rtpmap:96 VP8"));
    offered(replaced(offer, "a=fingerprint:sha-256 02:", "a=fingerprint:" + name + " 02:"));
    offered(replaced(offer, "m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=audio 9 UDP/TLS/RTP/SAVPF 111 " + bad));
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    bob.jsep.set_remote_description(sdp_type::offer, alice.set_local()).value();
    auto answer = sdp::parse(bob.answer()).value();
    const auto answers = [&](auto change) {
        auto hostile = answer;
        change(hostile);
        check(alice.jsep.set_remote_description(sdp_type::answer, sdp::print(hostile)));
    };
    answers([&](auto& it) { it.media[0].media = name; });
    answers([&](auto& it) { it.media[0].protocol = name; });
    answers([&](auto& it) { it.media[0].mid = it.groups[0].mids[0] = name; });
    candidate_init candidate;
    candidate.candidate = bad;
    candidate.sdp_mid = bad;
    check(bob.jsep.add_remote_candidate(candidate));
    candidate.sdp_mid = "0";
    check(bob.jsep.add_remote_candidate(candidate));
    candidate.username_fragment = bad;
    check(bob.jsep.add_remote_candidate(candidate));
}
