#include "cortc/jsep/bundle.hpp"

#include "test/unit/jsep/media_support.hpp"

#include <set>

using namespace cortc;
using namespace cortc::jsep;

namespace {

candidate_init trickled(const std::string& mid, const std::string& port) {
    candidate_init init;
    init.candidate = "candidate:1 1 udp 7 192.0.2.7 " + port + " typ host";
    init.sdp_mid = mid;
    return init;
}

std::vector<std::uint16_t> ports(const std::vector<remote_candidate>& told) {
    std::vector<std::uint16_t> all;
    for (const auto& each : told) all.push_back(each.candidate.port);
    return all;
}

/// An offer without a codec that we know in its audio section.
std::string without_audio_codec(std::string offer) {
    offer = replaced(offer, "SAVPF 111 0", "SAVPF 111");
    return replaced(offer, "a=rtpmap:111 opus/48000/2", "a=rtpmap:111 isac/16000");
}

} // namespace

TEST_CASE("who serves whom in a group") {
    text_offer text;
    auto layout = [](const std::string& offer) { return bundle_layout(sdp::parse(offer).value()); };
    auto balanced = layout(text.all());
    CHECK(balanced.source(0) == 0);
    CHECK(balanced.source(2) == 2);
    CHECK(balanced.same_group(0, 2));
    CHECK(balanced.tags({true, true, true}) == std::vector<std::size_t>{0, 0, 0});
    CHECK(balanced.tags({false, true, true}) == std::vector<std::size_t>{bundle_layout::none, 1, 1});

    auto bundle_only =
        layout(text.head() + text.audio("0") + replaced(text.video("1"), "video 9", "video 0") +
               "a=bundle-only\r\n" + replaced(text.data("2"), "application 9", "application 0"));
    CHECK(bundle_only.source(1) == 0);
    CHECK_FALSE(bundle_only.rejected(1));
    CHECK(bundle_only.rejected(2)); // port 0 without bundle-only

    text.group = "BUNDLE 2 0";
    auto two = layout(text.all());
    CHECK_FALSE(two.grouped(1));
    CHECK(two.members(0).front() == 2);
    CHECK(two.members(1).size() == 1);
    CHECK(two.tags({true, true, true}) == std::vector<std::size_t>{2, 1, 2});
}

TEST_CASE("sections without a group have a transport each") {
    text_offer text;
    text.group.clear();
    auto offer = text.head() + text.audio("0", "sendrecv", "aaaa") + text.video("1", "sendrecv", "bbbb") +
                 text.data("2", "cccc");
    peer bob(2);
    auto answer = answered(bob, offer);
    CHECK(answer.groups.empty());
    auto told = bob.events();
    std::vector<std::string> ufrags, mids;
    std::set<transport_id> transports;
    for (const auto& each : told) {
        if (auto* ice = std::get_if<remote_ice>(&each)) ufrags.push_back(ice->ufrag);
        if (auto* added = std::get_if<transport_added>(&each)) mids.push_back(added->mid);
        if (auto* dtls = std::get_if<dtls_parameters>(&each)) transports.insert(dtls->transport);
        if (auto* sctp = std::get_if<sctp_parameters>(&each)) CHECK(sctp->transport == transport_id(3));
    }
    CHECK(ufrags == strings{"aaaa", "bbbb", "cccc"});
    CHECK(mids == strings{"0", "1", "2"});
    CHECK(transports.size() == 3);
    CHECK(answer.media[0].transport.ice_ufrag != answer.media[1].transport.ice_ufrag);
    CHECK(bob.jsep.place_of(transport_id(2))->mid == "1");

    // A candidate goes to the transport of its section.
    bob.jsep.add_remote_candidate(trickled("1", "5001")).value();
    auto candidates = bob.events_of<remote_candidate>();
    REQUIRE(candidates.size() == 1);
    CHECK(candidates[0].transport == transport_id(2));
    CHECK(candidates[0].ufrag == "bbbb");

    // Our own offer leaves them apart.
    auto again = sdp::parse(bob.offer()).value();
    REQUIRE(again.groups.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(again.groups[i].mids == strings{std::to_string(i)});
}

TEST_CASE("two groups, and one section outside both") {
    text_offer text;
    text.group = "BUNDLE 3 0\r\na=group:BUNDLE 1 4";
    auto offer = text.head() + text.audio("0") + text.video("1", "sendrecv", "bbbb") +
                 text.audio("2", "sendrecv", "cccc") + text.data("3", "dddd") +
                 text.video("4", "sendrecv", "bbbb");
    session_options options;
    options.bundle = bundle_policy::max_compat; // balanced rejects the second audio section
    peer bob(2, options);
    auto answer = answered(bob, offer);
    REQUIRE(answer.groups.size() == 2);
    CHECK(answer.groups[0].mids == strings{"3", "0"});
    CHECK(answer.groups[1].mids == strings{"1", "4"});
    std::vector<std::string> ufrags;
    for (const auto& each : bob.events_of<remote_ice>()) ufrags.push_back(each.ufrag);
    std::sort(ufrags.begin(), ufrags.end());
    CHECK(ufrags == strings{"bbbb", "cccc", "dddd"}); // each group's first stands for it
    CHECK(bob.jsep.place_of(transport_id(1))->mid == "3");
    CHECK(bob.jsep.place_of(transport_id(1))->mline_index == 3);
}

TEST_CASE("balanced: after bundling only the tagged section's candidates are used") {
    text_offer text;
    peer bob(2);
    answered(bob, text.all());
    bob.events();
    bob.jsep.add_remote_candidate(trickled("1", "5001")).value(); // a transport that the peer gives up
    CHECK(bob.events_of<remote_candidate>().empty());
    CHECK(contains(bob.jsep.remote_description()->sdp, "192.0.2.7 5001"));
    bob.jsep.add_remote_candidate(trickled("0", "5000")).value();
    CHECK(ports(bob.events_of<remote_candidate>()) == std::vector<std::uint16_t>{5000});
}

TEST_CASE("bundle-only: a candidate may name any section of the group") {
    text_offer text;
    auto offer = text.head() + text.audio("0") + replaced(text.video("1"), "video 9", "video 0") +
                 "a=bundle-only\r\n" + replaced(text.data("2"), "application 9", "application 0") +
                 "a=bundle-only\r\n";
    peer bob(2);
    auto answer = answered(bob, offer);
    CHECK(answer.groups.front().mids == strings{"0", "1", "2"});
    for (const auto& media : answer.media) {
        CHECK(media.port == 9);
        CHECK_FALSE(media.bundle_only); // RFC 9143 7.3.3: never in an answer
    }
    bob.events();
    bob.jsep.add_remote_candidate(trickled("2", "5002")).value();
    bob.jsep.add_remote_candidate(trickled("0", "5000")).value();
    CHECK(ports(bob.events_of<remote_candidate>()) == std::vector<std::uint16_t>{5002, 5000});
}

TEST_CASE("the rejected first section of a group passes its part to the next") {
    text_offer text;
    peer bob(2);
    SECTION("with max-bundle its candidates are still the group's") {
        auto answer = answered(bob, without_audio_codec(text.all()));
        CHECK(answer.media[0].port == 0);
        CHECK(answer.groups.front().mids == strings{"1", "2"});
        bob.events();
        bob.jsep.add_remote_candidate(trickled("0", "5000")).value();
        bob.jsep.add_remote_candidate(trickled("1", "5001")).value();
        CHECK(ports(bob.events_of<remote_candidate>()) == std::vector<std::uint16_t>{5000, 5001});
        CHECK(bob.jsep.place_of(transport_id(1))->mid == "1");
    }
    SECTION("with other credentials it is another transport, which nobody uses") {
        auto offer = text.head() + text.audio("0", "sendrecv", "zzzz") + text.video("1") + text.data("2");
        answered(bob, without_audio_codec(offer));
        CHECK(bob.events_of<remote_ice>().front().ufrag == "aaaa");
        bob.jsep.add_remote_candidate(trickled("0", "5000")).value();
        CHECK(bob.events_of<remote_candidate>().empty());
    }
}

TEST_CASE("local candidates stand in the tagged section alone") {
    text_offer text;
    peer bob(2);
    answered(bob, text.all());
    auto ice = bob.events_of<local_ice>();
    REQUIRE(ice.size() == 1);
    auto candidate = sdp::parse_candidate("candidate:4 1 udp 9 192.0.2.2 50001 typ host").value();
    REQUIRE(bob.jsep.add_local_candidate(ice[0].transport, ice[0].ufrag, candidate));
    REQUIRE(bob.jsep.end_of_local_candidates(ice[0].transport, ice[0].ufrag));
    auto sections = sections_of(bob.jsep.local_description()->sdp);
    CHECK(contains(sections[0], "m=audio 50001 "));
    CHECK(contains(sections[0], "a=candidate:4 "));
    CHECK(contains(sections[0], "a=end-of-candidates"));
    for (auto i : {1u, 2u}) {
        CHECK(contains(sections[i], " 9 UDP"));
        CHECK_FALSE(contains(sections[i], "a=candidate"));
        CHECK_FALSE(contains(sections[i], "a=end-of-candidates"));
    }
}

TEST_CASE("sections beyond the limit of transports are rejected") {
    text_offer text;
    text.group = "BUNDLE 0 4";
    std::string offer = text.head();
    for (int i = 0; i < 5; ++i)
        offer += text.audio(std::to_string(i), "sendrecv", "aaa" + std::to_string(i % 4));
    session_options options;
    options.max_transports = 2;
    options.bundle = bundle_policy::max_compat;
    peer bob(2, options);
    auto answer = answered(bob, offer);
    std::vector<bool> accepted;
    for (const auto& media : answer.media) accepted.push_back(media.port != 0);
    CHECK(accepted == std::vector<bool>{true, true, false, false, true}); // 4 shares the first
    CHECK(bob.events_of<transport_added>().size() == 2);
}

TEST_CASE("a negotiated section keeps its transport") {
    text_offer text;
    peer bob(2);
    auto refused = [&](const std::string& offer) {
        bob.events();
        observed before(bob.jsep);
        auto done = bob.jsep.set_remote_description(sdp_type::offer, offer);
        REQUIRE_FALSE(done);
        CHECK(done.error().kind == error_kind::invalid_access);
        CHECK(contains(done.error().message, "transport"));
        CHECK(observed(bob.jsep) == before);
        CHECK(bob.events().empty());
    };
    SECTION("it is not moved out of its group") {
        answered(bob, text.all());
        text.group = "BUNDLE 0 2";
        refused(text.all());
    }
    SECTION("it is not moved into one") {
        text.group = "BUNDLE 0 2";
        answered(bob, text.all());
        text.group = "BUNDLE 0 1 2";
        refused(text.all());
    }
    SECTION("a group of one grows") {
        text.group.clear();
        answered(bob, text.head() + text.data("0"));
        bob.events();
        text.group = "BUNDLE 0 1";
        auto answer = answered(bob, text.head() + text.data("0") + text.audio("1"));
        CHECK(answer.groups.front().mids == strings{"0", "1"});
        CHECK(bob.events_of<transport_added>().empty());
    }
    SECTION("the first section of a group ends, the others go on") {
        auto before = *answered(bob, text.all()).media[1].transport.ice_ufrag;
        bob.events();
        text.group = "BUNDLE 1 2";
        auto answer = answered(bob, replaced(text.all(), "m=audio 9", "m=audio 0"));
        CHECK(answer.media[1].transport.ice_ufrag == before);
        CHECK(answer.groups.front().mids == strings{"1", "2"});
        CHECK(bob.events_of<transport_removed>().empty());
        CHECK(bob.jsep.place_of(transport_id(1))->mid == "1");
    }
}

TEST_CASE("a rejected data section leaves its transport to the others") {
    text_offer text;
    peer bob(2);
    answered(bob, text.all());
    bob.events();
    text.group = "BUNDLE 0 1";
    auto ending = replaced(text.all(), "m=application 9", "m=application 0");
    bob.jsep.set_remote_description(sdp_type::offer, ending).value();
    CHECK(bob.events_of<sctp_ended>().empty()); // not before the answer
    bob.set_local();
    auto told = bob.events();
    auto count = [&](const event& like) {
        return std::count_if(told.begin(), told.end(),
                             [&](const auto& each) { return each.index() == like.index(); });
    };
    CHECK(count(sctp_ended{}) == 1);
    CHECK(count(transport_removed{}) == 0);
    CHECK_FALSE(bob.jsep.negotiation_needed());
}

TEST_CASE("an answer's groups fit the offer's transports") {
    media_pair pair;
    pair.alice.jsep.set_local_description(sdp_type::offer, pair.alice.offer()).value();
    pair.bob.jsep.set_remote_description(sdp_type::offer, pair.alice.jsep.local_description()->sdp).value();
    auto answer = pair.bob.answer();
    pair.alice.events();
    auto refused = [&](const std::string& text, const std::string& mentions) {
        observed before(pair.alice.jsep);
        auto done = pair.alice.jsep.set_remote_description(sdp_type::answer, text);
        REQUIRE_FALSE(done);
        INFO(done.error().message);
        CHECK(done.error().kind == error_kind::invalid_access);
        CHECK(contains(done.error().message, mentions));
        CHECK(observed(pair.alice.jsep) == before);
        CHECK(pair.alice.events().empty());
    };
    refused(without_line(answer, "a=group"), "not bundled");
    refused(replaced(answer, "BUNDLE 0 1 2", "BUNDLE 0 2"), "not bundled");
    CHECK(pair.alice.jsep.set_remote_description(sdp_type::answer, answer));
}

TEST_CASE("numbers mean the same in every section of a group") {
    text_offer text;
    peer bob(2);
    auto refused = [&](const std::string& offer, const std::string& mentions) {
        auto done = bob.jsep.set_remote_description(sdp_type::offer, offer);
        REQUIRE_FALSE(done);
        INFO(done.error().message);
        CHECK(done.error().kind == error_kind::invalid_access);
        CHECK(contains(done.error().message, mentions));
    };
    auto swapped = replaced(text.video("1"), "SAVPF 96 97", "SAVPF 96 97 111") + "a=rtpmap:111 VP9/90000\r\n";
    refused(text.head() + text.audio("0") + swapped + text.data("2"), "payload type 111");
    auto other = replaced(text.video("1"), "sdes:mid", "toffset");
    refused(text.head() + text.audio("0") + other + text.data("2"), "a=extmap:1");
    text.group.clear(); // apart they may
    answered(bob, text.head() + text.audio("0") + other + text.data("2"));
}
