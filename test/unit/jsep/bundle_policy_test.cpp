#include "test/unit/jsep/media_support.hpp"

#include <set>

using namespace cortc;
using namespace cortc::jsep;

namespace {

session_options with(bundle_policy policy) {
    session_options options;
    options.bundle = policy;
    return options;
}

/// audio 0, video 1, audio 2, video 3 and data 4 to offer.
void add_much(peer& self) {
    for (auto kind : {media_kind::audio, media_kind::video, media_kind::audio, media_kind::video})
        (void)self.jsep.add_transceiver(kind).value();
    self.jsep.add_data_section();
}

std::vector<bool> bundle_only(const std::string& offer) {
    std::vector<bool> all;
    for (const auto& media : sdp::parse(offer).value().media) {
        CHECK(media.bundle_only == (media.port == 0));
        CHECK(media.transport.ice_ufrag);
        CHECK(media.transport.ice_pwd);
        CHECK(media.transport.fingerprints.size() == 1);
        CHECK(media.transport.setup == sdp::setup_role::actpass);
        all.push_back(media.bundle_only);
    }
    return all;
}

std::set<std::string> ufrags(const std::string& text) {
    std::set<std::string> all;
    for (const auto& line : lines_with(text, "a=ice-ufrag:")) all.insert(line);
    return all;
}

/// The answer of a peer that knows no bundle: each section by itself, with its own credentials.
std::string unbundled(std::string answer, const std::set<std::size_t>& accepted) {
    auto content = sdp::parse(answer).value();
    content.groups.clear();
    for (std::size_t i = 0; i < content.media.size(); ++i) {
        auto& media = content.media[i];
        if (!accepted.contains(i)) media.port = 0;
        media.transport.ice_ufrag = "ufrag" + std::to_string(i);
    }
    return sdp::print(content);
}

} // namespace

TEST_CASE("bundle policy: which sections of a first offer bring a transport") {
    using list = std::vector<bool>;
    for (auto [policy, expected] :
         {std::pair{bundle_policy::balanced, list{false, false, true, true, false}},
          std::pair{bundle_policy::max_compat, list{false, false, false, false, false}},
          std::pair{bundle_policy::max_bundle, list{false, true, true, true, true}}}) {
        peer self(1, with(policy));
        add_much(self);
        auto offer = self.set_local();
        CHECK(bundle_only(offer) == expected);
        CHECK(lines_with(offer, "a=group:") == strings{"a=group:BUNDLE 0 1 2 3 4"});
        auto own = static_cast<std::size_t>(std::count(expected.begin(), expected.end(), false));
        CHECK(ufrags(offer).size() == 1); // Pion takes no other
        auto told = self.events();
        std::size_t added = 0, started = 0;
        for (const auto& each : told) {
            added += std::holds_alternative<transport_added>(each);
            started += std::holds_alternative<local_ice>(each);
        }
        CHECK(added == own);
        CHECK(started == own);
        CHECK(bundle_only(self.offer()) == expected); // again while it is pending
        CHECK(ufrags(self.offer()) == ufrags(offer));
    }
}

TEST_CASE("bundle policy: a data section alone has one transport under each") {
    for (auto policy : {bundle_policy::balanced, bundle_policy::max_compat, bundle_policy::max_bundle}) {
        peer alice(1, with(policy)), bob(2, with(policy));
        alice.jsep.add_data_section();
        negotiate(alice, bob);
        CHECK(alice.events_of<transport_added>().size() == 1);
        CHECK(bob.events_of<transport_added>().size() == 1);
    }
}

TEST_CASE("bundle policy: an answer that bundles keeps the first transport alone") {
    for (auto policy : {bundle_policy::balanced, bundle_policy::max_compat, bundle_policy::max_bundle}) {
        peer alice(1, with(policy)), bob(2);
        add_much(alice);
        alice.set_local();
        auto added = alice.events_of<transport_added>();
        bob.jsep.set_remote_description(sdp_type::offer, alice.jsep.local_description()->sdp).value();
        auto answer = bob.set_local();
        CHECK(bob.events_of<transport_added>().size() == 1);
        alice.jsep.set_remote_description(sdp_type::answer, answer).value();
        std::vector<transport_id> removed, paired;
        std::size_t keyed = 0;
        auto told = alice.events();
        for (const auto& each : told) {
            if (auto* gone = std::get_if<transport_removed>(&each)) removed.push_back(gone->transport);
            if (auto* ice = std::get_if<remote_ice>(&each)) paired.push_back(ice->transport);
            keyed += std::holds_alternative<dtls_parameters>(each);
            if (auto* sctp = std::get_if<sctp_parameters>(&each))
                CHECK(sctp->transport == added[0].transport);
        }
        CHECK(removed.size() == added.size() - 1);
        CHECK(paired == std::vector{added[0].transport});
        CHECK(keyed == 1);
        for (const auto& each : alice.jsep.transceivers())
            CHECK(alice.jsep.media_transport(each.id) == added[0].transport);
        CHECK(alice.jsep.data_transport() == added[0].transport);
        CHECK(ufrags(alice.offer()).size() == 1);
        CHECK(lines_with(alice.offer(), "a=bundle-only").empty()); // RFC 9429 5.2.2
        negotiate(bob, alice);
        CHECK(alice.jsep.state() == signaling_state::stable);
        CHECK(alice.events_of<transport_removed>().empty());
    }
}

TEST_CASE("bundle policy: a peer that does not bundle gets what has a transport") {
    struct row {
        bundle_policy policy;
        std::set<std::size_t> accepted;
    };
    for (const auto& each :
         {row{bundle_policy::balanced, {0, 1, 4}}, row{bundle_policy::max_compat, {0, 1, 2, 3, 4}},
          row{bundle_policy::max_bundle, {0}}}) {
        peer alice(1, with(each.policy)), bob(2);
        add_much(alice);
        alice.set_local();
        auto added = alice.events_of<transport_added>();
        bob.jsep.set_remote_description(sdp_type::offer, alice.jsep.local_description()->sdp).value();
        auto answer = bob.answer();
        if (each.policy != bundle_policy::max_compat) {
            // A bundle-only section cannot be accepted by itself.
            std::set<std::size_t> all{0, 1, 2, 3, 4};
            observed before(alice.jsep);
            auto refused = alice.jsep.set_remote_description(sdp_type::answer, unbundled(answer, all));
            REQUIRE_FALSE(refused);
            CHECK(refused.error().kind == error_kind::invalid_access);
            CHECK(contains(refused.error().message, "not bundled"));
            CHECK(observed(alice.jsep) == before);
        }
        alice.jsep.set_remote_description(sdp_type::answer, unbundled(answer, each.accepted)).value();
        auto told = alice.events();
        std::set<std::string> paired;
        for (const auto& one : told) {
            CHECK_FALSE(std::holds_alternative<transport_removed>(one));
            if (auto* ice = std::get_if<remote_ice>(&one)) paired.insert(ice->ufrag);
        }
        CHECK(paired.size() == each.accepted.size());
        std::set<transport_id> used;
        for (const auto& one : alice.jsep.transceivers()) used.insert(*alice.jsep.media_transport(one.id));
        CHECK(used.size() == alice.jsep.transceivers().size());
        // They stay apart, and something new gets a transport of its own.
        (void)alice.jsep.add_transceiver(media_kind::audio).value();
        auto offer = alice.set_local();
        CHECK(ufrags(offer).size() == 2);
        CHECK(alice.events_of<transport_added>().size() == 1);
    }
}

TEST_CASE("bundle policy: an answer may bundle a part") {
    peer alice(1), bob(2);
    add_much(alice);
    alice.set_local();
    auto added = alice.events_of<transport_added>();
    REQUIRE(added.size() == 3);
    bob.jsep.set_remote_description(sdp_type::offer, alice.jsep.local_description()->sdp).value();
    auto content = sdp::parse(bob.answer()).value();
    content.groups.front().mids = {"1", "2", "3"}; // led by another section than the offer's first
    content.media[0].port = 0;
    content.media[4].transport.ice_ufrag = "other";
    alice.jsep.set_remote_description(sdp_type::answer, sdp::print(content)).value();
    CHECK(alice.events_of<transport_removed>().size() == 1); // that of section 0
    CHECK(alice.jsep.data_transport() == added[2].transport);
    for (const auto& each : alice.jsep.transceivers())
        CHECK(alice.jsep.media_transport(each.id) == added[1].transport);
    auto offer = sdp::parse(alice.offer()).value();
    REQUIRE(offer.groups.size() == 2);
    CHECK(offer.groups[0].mids == strings{"1", "2", "3"});
    CHECK(offer.groups[1].mids == strings{"4"});
}

TEST_CASE("bundle policy: when the section that brought the transport is rejected, the others keep it") {
    peer alice(1, with(bundle_policy::max_bundle)), bob(2);
    add_much(alice);
    auto offered = ufrags(alice.set_local());
    auto added = alice.events_of<transport_added>();
    bob.jsep.set_remote_description(sdp_type::offer, alice.jsep.local_description()->sdp).value();
    auto content = sdp::parse(bob.answer()).value();
    content.groups.front().mids = {"1", "2", "3", "4"};
    content.media[0].port = 0;
    alice.jsep.set_remote_description(sdp_type::answer, sdp::print(content)).value();
    auto paired = alice.events_of<remote_ice>();
    REQUIRE(paired.size() == 1);
    CHECK(paired[0].transport == added[0].transport);
    CHECK("a=ice-ufrag:" + paired[0].local_ufrag == *offered.begin());
    CHECK(alice.jsep.place_of(added[0].transport)->mid == "1");
    CHECK(ufrags(alice.offer()) == offered);
}

TEST_CASE("bundle policy: a rollback takes back every transport of the offer") {
    peer alice(1, with(bundle_policy::max_compat));
    add_much(alice);
    alice.set_local();
    CHECK(alice.events_of<transport_added>().size() == 5);
    alice.jsep.set_local_description(sdp_type::rollback).value();
    CHECK(alice.events_of<transport_removed>().size() == 5);
    for (const auto& each : alice.jsep.transceivers()) {
        CHECK(each.mid.empty());
        CHECK_FALSE(alice.jsep.media_transport(each.id));
    }
    CHECK_FALSE(alice.jsep.data_transport());
}

TEST_CASE("bundle policy: a pranswer bundles for the time being, the answer may think again") {
    peer alice(1, with(bundle_policy::max_compat)), bob(2);
    (void)alice.jsep.add_transceiver(media_kind::audio).value();
    (void)alice.jsep.add_transceiver(media_kind::video).value();
    alice.set_local();
    auto added = alice.events_of<transport_added>();
    bob.jsep.set_remote_description(sdp_type::offer, alice.jsep.local_description()->sdp).value();
    auto answer = bob.answer();
    alice.jsep.set_remote_description(sdp_type::pranswer, answer).value();
    CHECK(alice.events_of<transport_removed>().empty());
    auto video = alice.jsep.transceivers()[1].id;
    CHECK(alice.jsep.media_transport(video) == added[0].transport);
    auto apart = sdp::parse(answer).value();
    apart.groups.clear();
    apart.media[1].transport.ice_ufrag = "other";
    alice.jsep.set_remote_description(sdp_type::answer, sdp::print(apart)).value();
    CHECK(alice.events_of<transport_removed>().empty());
    CHECK(alice.jsep.media_transport(video) == added[1].transport);
}

TEST_CASE("bundle policy: what an answerer rejects without a group") {
    text_offer text;
    text.group = "BUNDLE 0 3";
    auto offer = text.head() + text.audio("0") + text.video("1", "sendrecv", "bbbb") +
                 text.audio("2", "sendrecv", "cccc") + text.audio("3") + text.video("4", "sendrecv", "dddd") +
                 text.data("5", "eeee");
    auto accepted = [&](bundle_policy policy) {
        peer bob(2, with(policy));
        std::string all;
        for (const auto& media : answered(bob, offer).media) all += media.port != 0 ? '+' : '-';
        return all;
    };
    CHECK(accepted(bundle_policy::balanced) == "++-+-+");
    CHECK(accepted(bundle_policy::max_compat) == "++++++");
    CHECK(accepted(bundle_policy::max_bundle) == "+--+--");
}

TEST_CASE("bundle policy: local candidates stand in the section that brings their transport") {
    peer alice(1);
    add_much(alice);
    alice.set_local();
    auto ice = alice.events_of<local_ice>();
    REQUIRE(ice.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        auto port = std::to_string(5000 + i);
        auto candidate = sdp::parse_candidate("candidate:4 1 udp 9 192.0.2.2 " + port + " typ host").value();
        REQUIRE(alice.jsep.add_local_candidate(ice[i].transport, ice[i].ufrag, candidate));
    }
    auto sections = sections_of(alice.jsep.local_description()->sdp);
    for (std::size_t i = 0; i < 5; ++i) {
        auto brings = i == 0 || i == 1 || i == 4;
        CHECK(contains(sections[i], "a=candidate:4 ") == brings);
    }
    CHECK(alice.jsep.place_of(ice[2].transport)->mid == "4");
}

TEST_CASE("bundle policy: restartIce renews each transport in use") {
    peer alice(1, with(bundle_policy::max_compat)), bob(2);
    (void)alice.jsep.add_transceiver(media_kind::audio).value();
    (void)alice.jsep.add_transceiver(media_kind::video).value();
    alice.set_local();
    bob.jsep.set_remote_description(sdp_type::offer, alice.jsep.local_description()->sdp).value();
    alice.jsep.set_remote_description(sdp_type::answer, unbundled(bob.answer(), {0, 1})).value();
    auto before = ufrags(alice.jsep.local_description()->sdp);
    alice.jsep.restart_ice();
    auto after = ufrags(alice.offer());
    CHECK(after.size() == 2);
    for (const auto& each : before) CHECK_FALSE(after.contains(each));
}
