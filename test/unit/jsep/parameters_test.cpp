#include "test/unit/jsep/media_support.hpp"

using namespace cortc;
using namespace cortc::jsep;

namespace {

struct sending {
    peer alice{1}, bob{2};
    transceiver_id video;
    sending() {
        transceiver_init init;
        for (std::string rid : {"q", "h", "f"}) init.send_encodings.emplace_back().rid = rid;
        video = alice.jsep.add_transceiver(media_kind::video, init).value();
    }
    send_parameters get() { return alice.jsep.get_parameters(video).value(); }
    error_kind refused(send_parameters changed) {
        auto before = alice.jsep.find(video)->encodings;
        auto done = alice.jsep.set_parameters(video, std::move(changed));
        REQUIRE_FALSE(done);
        CHECK_FALSE(done.error().message.empty());
        CHECK(alice.jsep.find(video)->encodings == before);
        return done.error().kind;
    }
};

} // namespace

TEST_CASE("getParameters: the same until setParameters succeeds or a negotiation changes it") {
    sending here;
    auto first = here.get();
    CHECK(first.encodings.size() == 3);
    CHECK(first.codecs.empty());
    CHECK(first.cname == here.alice.jsep.cname());
    CHECK(here.get() == first);
    here.alice.jsep.set_parameters(here.video, first).value();
    auto second = here.get();
    CHECK(second.transaction_id != first.transaction_id);
    here.alice.set_local();
    CHECK(here.get() == second);
    here.alice.jsep.set_local_description(sdp_type::offer, here.alice.offer()).value();
    CHECK(here.get() == second);
    here.alice.jsep.set_parameters(here.video, second).value();
    second = here.get();
    here.alice.jsep.set_local_description(sdp_type::offer, here.alice.offer()).value();
    CHECK(here.get() == second);
    here.bob.jsep.set_remote_description(sdp_type::offer, here.alice.jsep.local_description()->sdp).value();
    here.alice.jsep.set_remote_description(sdp_type::answer, here.bob.set_local()).value();
    auto third = here.get();
    CHECK(third.transaction_id != second.transaction_id);
    CHECK_FALSE(third.codecs.empty());
    CHECK_FALSE(third.header_extensions.empty());
    CHECK(third.rtcp_reduced_size);
    CHECK(here.refused(second) == error_kind::invalid_modification);
    CHECK_FALSE(here.alice.jsep.get_parameters(transceiver_id(50)));
}

TEST_CASE("setParameters: stopped, or no getParameters before") {
    sending here;
    send_parameters none;
    CHECK(here.refused(none) == error_kind::invalid_state);
    auto got = here.get();
    here.alice.jsep.set_parameters(here.video, got).value();
    CHECK(here.refused(got) == error_kind::invalid_state); // used up
    got = here.get();
    here.alice.jsep.stop(here.video);
    CHECK(here.refused(got) == error_kind::invalid_state);
}

TEST_CASE("setParameters: length, order, rid and what is read-only may not change") {
    sending here;
    const auto got = here.get();
    auto changed = got;
    changed.encodings.pop_back();
    CHECK(here.refused(changed) == error_kind::invalid_modification);
    changed = got;
    std::swap(changed.encodings[0], changed.encodings[1]);
    CHECK(here.refused(changed) == error_kind::invalid_modification);
    changed = got;
    changed.encodings[2].rid = "x";
    CHECK(here.refused(changed) == error_kind::invalid_modification);
    changed = got;
    changed.transaction_id += "x";
    CHECK(here.refused(changed) == error_kind::invalid_modification);
    changed = got;
    changed.cname = "x";
    CHECK(here.refused(changed) == error_kind::invalid_modification);
    changed = got;
    changed.header_extensions.push_back({1, {}, "x", {}});
    CHECK(here.refused(changed) == error_kind::invalid_modification);
    changed = got;
    changed.codecs.emplace_back();
    CHECK(here.refused(changed) == error_kind::invalid_modification);
    changed = got;
    changed.rtcp_reduced_size = true;
    CHECK(here.refused(changed) == error_kind::invalid_modification);
    CHECK(here.alice.jsep.set_parameters(here.video, got)); // no failure used it up
}

TEST_CASE("setParameters: scaleResolutionDownBy and maxFramerate out of range") {
    sending here;
    const auto got = here.get();
    auto changed = got;
    changed.encodings[1].scale_resolution_down_by = 0.5;
    CHECK(here.refused(changed) == error_kind::range);
    changed = got;
    changed.encodings[1].max_framerate = -0.1;
    CHECK(here.refused(changed) == error_kind::range);
    changed.encodings[1].max_framerate = 0;
    changed.encodings[1].scale_resolution_down_by.reset();
    changed.encodings[0].active = false;
    changed.encodings[2].max_bitrate = 100'000;
    here.alice.jsep.set_parameters(here.video, changed).value();
    const auto& now = here.alice.jsep.find(here.video)->encodings;
    CHECK(now[1].scale_resolution_down_by == 1.0);
    CHECK_FALSE(now[0].active);
    CHECK(now[2].max_bitrate == 100'000u);
    CHECK_FALSE(here.alice.jsep.negotiation_needed() == false); // only because it has no section yet
}

TEST_CASE("setParameters: a codec must be a capability, and after an answer a negotiated one") {
    sending here;
    auto vp8 = here.alice.jsep.codecs(media_kind::video)[0];
    auto vp9 = here.alice.jsep.codecs(media_kind::video)[1];
    auto changed = here.get();
    changed.encodings[0].codec = codec_capability{"VP7", 90000, 1, "", {}};
    CHECK(here.refused(changed) == error_kind::invalid_modification);
    changed.encodings[0].codec = vp9;
    here.alice.jsep.set_parameters(here.video, changed).value();
    // The peer takes VP8 alone: the choice goes.
    here.bob.jsep.set_remote_description(sdp_type::offer, here.alice.set_local()).value();
    here.bob.jsep.set_codec_preferences(here.bob.jsep.transceivers()[0].id, {vp8}).value();
    here.alice.jsep.set_remote_description(sdp_type::answer, here.bob.set_local()).value();
    changed = here.get();
    REQUIRE(changed.codecs.size() == 1);
    CHECK_FALSE(changed.encodings[0].codec);
    changed.encodings[0].codec = vp9;
    CHECK(here.refused(changed) == error_kind::invalid_modification);
    changed.encodings[0].codec = vp8;
    CHECK(here.alice.jsep.set_parameters(here.video, changed));
    CHECK_FALSE(here.alice.jsep.negotiation_needed());
}

TEST_CASE("setParameters survives a rollback") {
    sending here;
    here.alice.set_local();
    auto changed = here.get();
    changed.encodings[0].max_bitrate = 5;
    here.alice.jsep.set_parameters(here.video, changed).value();
    here.alice.jsep.set_local_description(sdp_type::rollback).value();
    CHECK(here.alice.jsep.find(here.video)->encodings[0].max_bitrate == 5u);
}

TEST_CASE("setCodecPreferences: something not in the capabilities, or nothing to carry media") {
    peer self(1);
    auto id = self.jsep.add_transceiver(media_kind::video).value();
    const auto ours = self.jsep.codecs(media_kind::video);
    auto refused = [&](std::vector<codec_capability> list) {
        auto done = self.jsep.set_codec_preferences(id, std::move(list));
        REQUIRE_FALSE(done);
        CHECK(done.error().kind == error_kind::invalid_modification);
        CHECK(self.jsep.find(id)->preferred_codecs.empty());
    };
    refused({{"VP7", 90000, 1, "", {}}});
    refused({ours[0], self.jsep.codecs(media_kind::audio)[0]});
    auto other = ours[1];
    other.fmtp = "profile-id=3";
    refused({ours[0], other});
    std::vector<codec_capability> rest;
    for (const auto& each : ours)
        if (each.name == "rtx" || each.name == "red" || each.name == "ulpfec" || each.name == "flexfec-03")
            rest.push_back(each);
    refused(rest);
    self.jsep.set_codec_preferences(id, {ours[1], ours[0], ours[1]}).value();
    CHECK(self.jsep.find(id)->preferred_codecs.size() == 2);
    self.jsep.set_codec_preferences(id, {}).value();
    CHECK(self.jsep.find(id)->preferred_codecs.empty());
}

TEST_CASE("setCodecPreferences: the order and the choice of offers and answers") {
    peer alice(1), bob(2);
    auto id = alice.jsep.add_transceiver(media_kind::video).value();
    auto find = [&](std::string_view name) {
        for (const auto& each : alice.jsep.codecs(media_kind::video))
            if (each.name == name) return each;
        FAIL("no such codec");
        return codec_capability{};
    };
    auto codecs = [](const std::string& text) {
        strings names;
        const auto content = sdp::parse(text).value();
        for (const auto& each : content.media[0].codecs) names.push_back(each.name);
        return names;
    };
    alice.jsep.set_codec_preferences(id, {find("AV1"), find("VP8"), find("rtx")}).value();
    CHECK(codecs(alice.offer()) == strings{"AV1", "rtx", "VP8", "rtx"});
    alice.jsep.set_codec_preferences(id, {find("VP8"), find("AV1")}).value();
    auto offer = alice.set_local();
    CHECK(codecs(offer) == strings{"VP8", "AV1"});
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    CHECK(codecs(bob.answer()) == strings{"VP8", "AV1"});
    auto theirs = bob.jsep.transceivers()[0].id;
    bob.jsep.set_codec_preferences(theirs, {find("AV1"), find("VP9"), find("VP8")}).value();
    CHECK(codecs(bob.answer()) == strings{"AV1", "VP8"});
    bob.jsep.set_codec_preferences(theirs, {find("VP9")}).value(); // nothing in common is left
    auto answer = bob.set_local();
    CHECK(contains(answer, "m=video 0 "));
    CHECK(bob.jsep.transceivers().empty());
    alice.jsep.set_remote_description(sdp_type::answer, answer).value();
    CHECK(alice.jsep.transceivers().empty());
    CHECK(alice.events_of<transport_removed>().size() == 1);
}

TEST_CASE("codec dictionary match: parameters that each side says for itself") {
    codec_capability h264{"H264", 90000, 1, "packetization-mode=1;profile-level-id=42e034", {}};
    auto lower = h264;
    lower.fmtp = "profile-level-id=42e01f;packetization-mode=1";
    CHECK(same_codec(h264, lower, true));
    CHECK_FALSE(same_codec(h264, lower, false));
    auto turned = h264;
    turned.fmtp = "Profile-Level-Id=42e034;packetization-mode=1";
    CHECK(same_codec(h264, turned, false));
    auto other = h264;
    other.fmtp = "packetization-mode=0;profile-level-id=42e034";
    CHECK_FALSE(same_codec(h264, other, true));
    codec_capability av1{"AV1", 90000, 1, "profile=0", {}};
    auto better = av1;
    better.fmtp = "level-idx=9;profile=1;tier=1";
    CHECK(same_codec(av1, better, true));
    CHECK_FALSE(same_codec(av1, better, false));
    codec_capability h265{"H265", 90000, 1, "level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST", {}};
    auto main10 = h265;
    main10.fmtp = "level-id=93;profile-id=2;tier-flag=0;tx-mode=SRST";
    CHECK_FALSE(same_codec(h265, main10, true));
    auto named = h264;
    named.name = "h264";
    CHECK(same_codec(h264, named, false));
    named.clock_rate = 1;
    CHECK_FALSE(same_codec(h264, named, true));
}
