#include "test/unit/jsep/media_support.hpp"

#include <map>
#include <set>

using namespace cortc;
using namespace cortc::jsep;
using way = sdp::direction;

namespace {

sdp::session_description parsed(const std::string& text) { return sdp::parse(text).value(); }

/// Every payload type and extension id means one thing in the whole description.
void check_numbers(const sdp::session_description& content) {
    std::map<int, std::string> codecs, extensions;
    for (const auto& media : content.media) {
        std::set<std::string> formats(media.formats.begin(), media.formats.end());
        CHECK(formats.size() == media.formats.size());
        for (const auto& each : media.codecs) {
            auto meaning = each.name + "/" + std::to_string(each.clock_rate) + " " + each.fmtp;
            CHECK(codecs.emplace(each.payload_type, meaning).first->second == meaning);
            CHECK((each.payload_type < 64 || each.payload_type > 95));
        }
        for (const auto& each : media.extmaps)
            CHECK(extensions.emplace(each.id, each.uri).first->second == each.uri);
    }
}

int number_of(const sdp::media_description& media, std::string_view name, std::string_view fmtp = "") {
    for (const auto& each : media.codecs)
        if (each.is(name) && each.fmtp.find(fmtp) != std::string::npos) return each.payload_type;
    return -1;
}

} // namespace

TEST_CASE("createOffer: what RFC 9429 5.2.1 asks of audio and video") {
    peer self(1);
    transceiver_init init;
    init.streams = {"s"};
    init.track = "a";
    (void)self.jsep.add_transceiver(media_kind::audio, init).value();
    init.direction = way::recvonly;
    (void)self.jsep.add_transceiver(media_kind::video, init).value();
    self.jsep.add_data_section();
    auto text = self.offer();
    auto offer = parsed(text);
    REQUIRE(offer.media.size() == 3);
    CHECK(offer.media[0].media == "audio");
    CHECK(offer.media[1].media == "video");
    CHECK(offer.media[2].media == "application");
    REQUIRE(offer.groups.size() == 1);
    CHECK(offer.groups[0].mids == strings{"0", "1", "2"});
    CHECK(offer.extmap_allow_mixed);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto& media = offer.media[i];
        CHECK(media.mid == std::to_string(i));
        CHECK(media.protocol == "UDP/TLS/RTP/SAVPF");
        CHECK(media.port == 9);
        CHECK(media.rtcp_mux);
        CHECK(media.rtcp_mux_only);
        CHECK(media.rtcp_rsize);
        CHECK(media.rtcp);
        CHECK(media.transport.setup == sdp::setup_role::actpass);
        CHECK(media.transport.ice_ufrag);
        CHECK_FALSE(media.transport.fingerprints.empty());
    }
    CHECK(offer.media[0].direction == way::sendrecv);
    CHECK(offer.media[1].direction == way::recvonly);
    CHECK(offer.media[0].msids == std::vector<sdp::msid>{{"s", "a"}});
    CHECK(offer.media[1].msids.empty());
    CHECK(offer.media[1].rids.empty());
    check_numbers(offer);
    CHECK(sdp::print(offer) == text);
}

TEST_CASE("createOffer: codecs with what belongs to them") {
    peer self(1);
    (void)self.jsep.add_transceiver(media_kind::audio).value();
    (void)self.jsep.add_transceiver(media_kind::video).value();
    auto offer = parsed(self.offer());
    const auto& audio = offer.media[0];
    const auto& video = offer.media[1];
    auto opus = std::to_string(number_of(audio, "opus"));
    CHECK(number_of(audio, "red", opus + "/" + opus) > 0);
    CHECK(number_of(audio, "PCMU") == 0);
    CHECK(number_of(audio, "PCMA") == 8);
    CHECK(number_of(audio, "G722") == 9);
    CHECK(number_of(audio, "telephone-event") > 0);
    std::size_t primaries = 0, repeated = 0;
    for (std::size_t i = 0; i < video.codecs.size(); ++i) {
        const auto& each = video.codecs[i];
        if (each.is("rtx")) {
            ++repeated;
            CHECK(each.parameter("apt") == std::to_string(video.codecs[i - 1].payload_type));
        } else if (!each.is("red") && !each.is("ulpfec") && !each.is("flexfec-03")) {
            ++primaries;
        }
    }
    CHECK(primaries == 15);
    CHECK(repeated == primaries);
    CHECK(number_of(video, "ulpfec") > 0);
    CHECK(number_of(video, "flexfec-03", "repair-window") > 0);
    CHECK(video.find_codec(static_cast<std::uint8_t>(number_of(video, "VP8")))->rtcp_fb.size() == 5);
    CHECK(audio.extmaps.size() == default_media_capabilities().audio_extensions.size());
    CHECK(video.extmaps.size() == default_media_capabilities().video_extensions.size() - 2);
}

namespace {

std::set<std::string> uris_of(const sdp::session_description& offer) {
    std::set<std::string> all;
    for (const auto& media : offer.media)
        for (const auto& each : media.extmaps) all.insert(each.uri);
    return all;
}

bool all_short(const sdp::session_description& offer) {
    for (const auto& media : offer.media)
        for (const auto& each : media.extmaps)
            if (each.id > 14) return false;
    return true;
}

} // namespace

TEST_CASE("createOffer: extension ids fit the short form until the peer shows that it takes others") {
    const auto audio_first = GENERATE(true, false);
    peer alice(1), bob(2);
    (void)alice.jsep.add_transceiver(audio_first ? media_kind::audio : media_kind::video).value();
    (void)alice.jsep.add_transceiver(audio_first ? media_kind::video : media_kind::audio).value();
    const auto first = parsed(alice.set_local());
    CHECK(all_short(first));
    check_numbers(first);
    const auto uris = uris_of(first);
    CHECK(uris.size() == 14);
    for (auto wanted : {extension_uri::mid, extension_uri::rid, extension_uri::repaired_rid,
                        extension_uri::client_audio_level, extension_uri::transport_wide_cc,
                        extension_uri::dependency_descriptor})
        CHECK(uris.contains(std::string(wanted)));
    CHECK_FALSE(uris.contains(std::string(extension_uri::video_layers_allocation)));
    bob.jsep.set_remote_description(sdp_type::offer, sdp::print(first)).value();
    auto answer = sdp::parse(bob.answer()).value();
    CHECK(answer.extmap_allow_mixed);
    SECTION("it mixes both") {
        alice.jsep.set_remote_description(sdp_type::answer, sdp::print(answer)).value();
        CHECK(uris_of(parsed(alice.offer())).size() == 16);
        CHECK_FALSE(all_short(parsed(alice.offer())));
        check_numbers(parsed(alice.offer()));
    }
    SECTION("it does not") {
        answer.extmap_allow_mixed = false;
        for (auto& media : answer.media) media.extmap_allow_mixed = false;
        alice.jsep.set_remote_description(sdp_type::answer, sdp::print(answer)).value();
        CHECK(uris_of(parsed(alice.offer())).size() == 14);
        CHECK(all_short(parsed(alice.offer())));
    }
}

TEST_CASE("createOffer: sections of one kind share their numbers") {
    peer self(1);
    for (int i = 0; i < 3; ++i) (void)self.jsep.add_transceiver(media_kind::video).value();
    auto offer = parsed(self.offer());
    CHECK(offer.media[0].formats == offer.media[1].formats);
    CHECK(offer.media[0].codecs == offer.media[2].codecs);
    CHECK(offer.media[0].extmaps == offer.media[2].extmaps);
    check_numbers(offer);
}

TEST_CASE("createOffer: the transceivers in the order in which they were added, then data") {
    peer self(1);
    self.jsep.add_data_section();
    auto gone = self.jsep.add_transceiver(media_kind::video).value();
    auto video = self.jsep.add_transceiver(media_kind::video).value();
    auto audio = self.jsep.add_track(media_kind::audio, "t").value();
    self.jsep.stop(gone);
    auto offer = parsed(self.set_local());
    REQUIRE(offer.media.size() == 3);
    CHECK(self.jsep.find(video)->mid == *offer.media[0].mid);
    CHECK(self.jsep.find(audio)->mid == *offer.media[1].mid);
    CHECK(self.jsep.find(audio)->section == 1u);
    CHECK(offer.media[2].media == "application");
    CHECK(self.jsep.data_transport());
}

TEST_CASE("createOffer: what is added while an offer is pending comes behind it") {
    peer self(1);
    auto first = self.jsep.add_transceiver(media_kind::audio).value();
    auto before = parsed(self.set_local());
    auto second = self.jsep.add_transceiver(media_kind::audio).value();
    auto again = parsed(self.set_local());
    REQUIRE(again.media.size() == 2);
    CHECK(again.media[0].mid == before.media[0].mid);
    CHECK(again.media[0].transport.ice_ufrag == before.media[0].transport.ice_ufrag);
    CHECK(again.media[0].formats == before.media[0].formats);
    CHECK(self.jsep.find(first)->mid == "0");
    CHECK(self.jsep.find(second)->mid == "1");
    self.jsep.set_local_description(sdp_type::rollback).value();
    CHECK(self.jsep.find(first)->mid.empty());
    CHECK(self.jsep.find(second)->mid.empty());
    CHECK_FALSE(self.jsep.media_transport(first));
}

TEST_CASE("createOffer: the whole list again, negotiated numbers first (RFC 9429 5.2.2)") {
    text_offer text; // VP8 is 96 there, and 97 its retransmission; opus 111
    peer bob(2);
    answered(bob, text.all());
    auto again = parsed(bob.offer());
    REQUIRE(again.media.size() == 3);
    CHECK(again.media[0].formats.size() > 2);
    CHECK(again.media[0].formats[0] == "111");
    CHECK(again.media[0].formats[1] == "0");
    CHECK(again.media[1].formats[0] == "96");
    CHECK(again.media[1].formats[1] == "97");
    CHECK(again.media[1].codecs.size() > 20);
    CHECK(number_of(again.media[1], "VP8") == 96);
    CHECK(number_of(again.media[1], "rtx", "apt=96") == 97);
    CHECK(again.media[1].extmaps[0].id == 1);
    CHECK(again.media[1].extmaps.size() == default_media_capabilities().video_extensions.size() - 2);
    CHECK_FALSE(again.media[0].rtcp_mux_only);
    CHECK_FALSE(again.media[0].rtcp);
    CHECK(again.media[0].rtcp_rsize);
    CHECK_FALSE(again.media[1].rtcp_rsize); // it was not offered there
    check_numbers(again);

    // A new section speaks the language of the others.
    (void)bob.jsep.add_transceiver(media_kind::video).value();
    auto more = parsed(bob.offer());
    REQUIRE(more.media.size() == 4);
    CHECK(number_of(more.media[3], "VP8") == 96);
    CHECK(more.media[3].transport.ice_ufrag == more.media[0].transport.ice_ufrag);
    CHECK(more.media[3].port == 9);
    CHECK_FALSE(more.media[3].bundle_only);
    CHECK(more.groups.front().mids == strings{"0", "1", "2", "3"});
    check_numbers(more);
}

TEST_CASE("createOffer: numbers that the peer used for something else are left alone") {
    text_offer text;
    text.group = "BUNDLE 0";
    // The peer listed much that we do not know.
    std::string formats, lines;
    for (int i = 98; i <= 127; ++i) {
        formats += " " + std::to_string(i);
        lines += "a=rtpmap:" + std::to_string(i) + " x" + std::to_string(i) + "/90000\r\n";
    }
    auto video = replaced(text.video("0"), "SAVPF 96 97", "SAVPF 96 97" + formats) + lines;
    peer bob(2);
    answered(bob, text.head() + video);
    auto again = parsed(bob.offer());
    for (const auto& each : again.media[0].codecs)
        CHECK((each.payload_type == 96 || each.payload_type == 97 || each.payload_type < 64));
    check_numbers(again);
}

TEST_CASE("createOffer: a number never gets another meaning in one session") {
    // Our own offer uses the first dynamic numbers; glare replaces it by one that means something else.
    peer alice(1);
    (void)alice.jsep.add_track(media_kind::video, "t").value();
    auto own = parsed(alice.set_local());
    auto vp8 = number_of(own.media[0], "VP8");
    text_offer text;
    text.group = "BUNDLE 0";
    auto number = std::to_string(vp8);
    auto video = replaced(text.video("0"), "SAVPF 96 97", "SAVPF " + number);
    video = replaced(video, "a=rtpmap:96 VP8", "a=rtpmap:" + number + " AV1");
    video = replaced(video, "a=rtcp-fb:96", "a=rtcp-fb:" + number);
    video = without_line(without_line(video, "a=rtpmap:97"), "a=fmtp:97");
    alice.jsep.set_remote_description(sdp_type::offer, text.head() + video).value();
    alice.set_local();
    auto again = parsed(alice.offer());
    CHECK(number_of(again.media[0], "AV1") == vp8);
    CHECK(number_of(again.media[0], "VP8") != vp8);
    check_numbers(again);
}

TEST_CASE("createOffer: both ends end up with the same numbers") {
    peer alice(1), bob(2);
    (void)alice.jsep.add_track(media_kind::audio, "a").value();
    (void)alice.jsep.add_track(media_kind::video, "v").value();
    alice.jsep.add_data_section();
    negotiate(alice, bob);
    for (auto kind : {media_kind::audio, media_kind::video}) {
        const auto& ours = *only_of(alice, kind).negotiated;
        const auto& theirs = *only_of(bob, kind).negotiated;
        REQUIRE(ours.codecs.size() == theirs.codecs.size());
        for (std::size_t i = 0; i < ours.codecs.size(); ++i)
            CHECK(ours.codecs[i].codec.payload_type == theirs.codecs[i].codec.payload_type);
        CHECK(ours.extensions.size() == theirs.extensions.size());
        CHECK(only_of(alice, kind).current_direction == way::sendonly);
        CHECK(only_of(bob, kind).current_direction == way::recvonly);
        CHECK(only_of(alice, kind).has_sent);
    }
    CHECK_FALSE(alice.jsep.negotiation_needed());
    CHECK_FALSE(bob.jsep.negotiation_needed());
    auto before = parsed(alice.jsep.local_description()->sdp);
    negotiate(bob, alice);
    auto after = parsed(bob.jsep.local_description()->sdp);
    CHECK(after.media[1].formats == before.media[1].formats);
}

TEST_CASE("a rejected place is used again under a new mid, transceivers before data") {
    peer alice(1), bob(2);
    auto first = alice.jsep.add_transceiver(media_kind::audio).value();
    auto second = alice.jsep.add_transceiver(media_kind::video).value();
    alice.jsep.add_data_section();
    negotiate(alice, bob);
    alice.jsep.stop(first);
    alice.jsep.stop(second);
    negotiate(alice, bob);
    CHECK(alice.jsep.transceivers().empty());
    CHECK(bob.jsep.transceivers().empty());
    CHECK_FALSE(alice.jsep.negotiation_needed());
    auto third = alice.jsep.add_transceiver(media_kind::video).value();
    negotiate(alice, bob);
    CHECK(alice.jsep.find(third)->section == 0u);
    CHECK(alice.jsep.find(third)->mid == "3");
    auto offer = parsed(alice.jsep.local_description()->sdp);
    REQUIRE(offer.media.size() == 3);
    CHECK(offer.media[0].media == "video");
    CHECK(offer.media[1].port == 0);
    CHECK(only_of(bob, media_kind::video).mid == "3");
    CHECK(only_of(bob, media_kind::video).current_direction == way::recvonly);
    // The answerer's turn: bob fills the other.
    auto fourth = bob.jsep.add_track(media_kind::audio, "t").value();
    negotiate(bob, alice);
    CHECK(bob.jsep.find(fourth)->section == 1u);
    CHECK(bob.jsep.find(fourth)->mid == "4");
    CHECK(only_of(alice, media_kind::audio).section == 1u);
}

TEST_CASE("an offer created for a transceiver that was stopped meanwhile may still be set") {
    peer alice(1), bob(2);
    auto id = alice.jsep.add_transceiver(media_kind::audio).value();
    auto offer = alice.offer();
    alice.jsep.stop(id);
    alice.jsep.set_local_description(sdp_type::offer, offer).value();
    CHECK(alice.jsep.find(id)->stopping);
    CHECK_FALSE(alice.jsep.find(id)->stopped); // its section is offered
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    alice.jsep.set_remote_description(sdp_type::answer, bob.set_local()).value();
    CHECK(alice.jsep.negotiation_needed()); // its section is not rejected yet
    negotiate(alice, bob);
    CHECK(alice.jsep.transceivers().empty());
    CHECK(bob.jsep.transceivers().empty());
    CHECK_FALSE(alice.jsep.negotiation_needed());
}
