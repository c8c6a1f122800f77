#include "cortc/sdp/print.hpp"
#include "test/unit/jsep/media_support.hpp"

using namespace cortc;
using namespace cortc::jsep;
using way = sdp::direction;

TEST_CASE("a remote offer brings transceivers that receive") {
    text_offer text;
    peer bob(2);
    auto offer = replaced(text.all(), "a=rtcp-mux", "a=msid:stream track\r\na=rtcp-mux");
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    REQUIRE(bob.jsep.transceivers().size() == 2);
    const auto& before = bob.jsep.transceivers()[0];
    CHECK(before.kind == media_kind::audio);
    CHECK(before.mid == "0");
    CHECK(bob.jsep.transceivers()[1].kind == media_kind::video);
    CHECK(before.direction == way::recvonly);
    CHECK_FALSE(before.current_direction);
    CHECK_FALSE(before.negotiated);
    CHECK(before.remote_msids == std::vector<sdp::msid>{{"stream", "track"}});
    bob.set_local();
    const auto& audio = only_of(bob, media_kind::audio);
    CHECK(audio.current_direction == way::recvonly);
    REQUIRE(audio.negotiated);
    REQUIRE(audio.negotiated->codecs.size() == 2);
    CHECK(audio.negotiated->codecs[0].codec.name == "opus");
    CHECK(audio.negotiated->codecs[0].codec.fmtp == "minptime=10;useinbandfec=1");
    CHECK(audio.negotiated->codecs[0].remote_fmtp == "minptime=10");
    CHECK(audio.negotiated->codecs[1].codec.name == "PCMU");
    CHECK(audio.negotiated->rtcp_reduced_size);
    CHECK(audio.negotiated->extensions.size() == 1);
    CHECK_FALSE(only_of(bob, media_kind::video).negotiated->rtcp_reduced_size); // it was not offered there
}

TEST_CASE("the answer's direction is what both want") {
    struct row {
        way wish;
        std::string offered;
        way answered;
    };
    for (const auto& each : std::vector<row>{{way::sendrecv, "sendrecv", way::sendrecv},
                                             {way::sendrecv, "sendonly", way::recvonly},
                                             {way::sendrecv, "recvonly", way::sendonly},
                                             {way::sendrecv, "inactive", way::inactive},
                                             {way::sendonly, "sendrecv", way::sendonly},
                                             {way::sendonly, "sendonly", way::inactive},
                                             {way::sendonly, "recvonly", way::sendonly},
                                             {way::recvonly, "sendrecv", way::recvonly},
                                             {way::recvonly, "sendonly", way::recvonly},
                                             {way::recvonly, "recvonly", way::inactive},
                                             {way::inactive, "sendrecv", way::inactive}}) {
        CAPTURE(to_string(each.wish), each.offered);
        text_offer text;
        text.group = "BUNDLE 0";
        peer bob(2);
        bob.jsep.set_remote_description(sdp_type::offer, text.head() + text.audio("0", each.offered)).value();
        auto id = bob.jsep.transceivers().front().id;
        bob.jsep.set_direction(id, each.wish).value();
        auto answer = sdp::parse(bob.set_local()).value();
        CHECK(answer.media[0].direction == each.answered);
        CHECK(bob.jsep.find(id)->current_direction == each.answered);
        CHECK_FALSE(bob.jsep.negotiation_needed());
        auto sends = each.wish == way::sendrecv || each.wish == way::sendonly;
        REQUIRE(answer.media[0].msids.size() == (sends ? 1 : 0));
        if (sends) CHECK(answer.media[0].msids[0].stream == "-");
        if (sends) CHECK(answer.media[0].msids[0].track.size() == 36);
    }
}

TEST_CASE("session-level directions and extensions count where the section says nothing") {
    text_offer text;
    text.group = "BUNDLE 0";
    text.session_lines = "a=sendonly\r\na=extmap:7 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n";
    auto audio = without_line(text.audio("0"), "a=sendrecv");
    peer bob(2);
    auto answer = answered(bob, text.head() + audio);
    CHECK(answer.media[0].direction == way::recvonly);
    REQUIRE(answer.media[0].extmaps.size() == 2);
    CHECK(answer.media[0].extmaps[0].id == 7);
    CHECK(bob.jsep.transceivers().front().negotiated->extensions.size() == 2);
}

TEST_CASE("a=extmap-allow-mixed is answered where it was offered") {
    text_offer text;
    text.group = "BUNDLE 0 1";
    auto offer = text.head() + text.audio("0") + "a=extmap-allow-mixed\r\n" + text.video("1");
    peer bob(2);
    auto answer = answered(bob, offer);
    CHECK_FALSE(answer.extmap_allow_mixed);
    CHECK(answer.media[0].extmap_allow_mixed);
    CHECK_FALSE(answer.media[1].extmap_allow_mixed);
}

TEST_CASE("sections with nothing in common, of unknown kinds, or without rtcp-mux are rejected") {
    text_offer text;
    text.group.clear();
    session_options options;
    options.rtcp_mux = rtcp_mux_policy::negotiate;
    options.bundle = bundle_policy::max_compat; // balanced knows only the first of a kind without a group
    peer bob(2, options);
    auto no_codec = replaced(replaced(text.audio("a"), "SAVPF 111 0", "SAVPF 111"), "opus/48000/2", "x/8000");
    auto no_mux = without_line(text.video("b"), "a=rtcp-mux");
    auto text_kind = replaced(text.audio("c"), "m=audio", "m=text");
    auto refused = replaced(text.audio("d"), "m=audio 9", "m=audio 0");
    auto answer = answered(bob, text.head() + no_codec + no_mux + text_kind + refused + text.audio("e"));
    std::vector<bool> accepted;
    for (const auto& media : answer.media) accepted.push_back(media.port != 0);
    CHECK(accepted == std::vector<bool>{false, false, false, false, true});
    for (std::size_t i = 0; i < 5; ++i) CHECK(answer.media[i].mid == std::string(1, "abcde"[i]));
    CHECK(answer.media[0].direction == way::inactive);
    CHECK(answer.media[2].media == "text");
    CHECK(answer.media[0].formats == strings{"111"});
    // They had transceivers, which the answer stopped.
    REQUIRE(bob.jsep.transceivers().size() == 1);
    CHECK(bob.jsep.transceivers()[0].mid == "e");
}

TEST_CASE("without media in the configuration audio and video are rejected, data is not") {
    session_options options;
    options.media = nullptr;
    peer bob(2, options);
    auto answer = answered(bob, text_offer().all());
    CHECK(answer.media[0].port == 0);
    CHECK(answer.media[1].port == 0);
    CHECK(answer.media[2].port == 9);
    CHECK(answer.groups.front().mids == strings{"2"});
    CHECK(bob.jsep.transceivers().empty());
}

TEST_CASE("codecs and extensions are configuration") {
    auto capabilities = std::make_shared<media_capabilities>();
    capabilities->audio = {{"PCMU", 8000, 1, "", {}}};
    session_options options;
    options.media = capabilities;
    peer bob(2, options);
    auto answer = answered(bob, text_offer().all());
    CHECK(answer.media[0].formats == strings{"0"});
    CHECK(answer.media[0].extmaps.empty());
    CHECK(answer.media[1].port == 0);
}

TEST_CASE("Plan B is refused with a word that helps") {
    text_offer text;
    text.group = "BUNDLE 0";
    auto offer =
        text.head() + text.video("0") + "a=ssrc:1 cname:x\r\na=ssrc:1 msid:s one\r\na=ssrc:2 msid:s two\r\n";
    peer bob(2);
    auto done = bob.jsep.set_remote_description(sdp_type::offer, offer);
    REQUIRE_FALSE(done);
    CHECK(done.error().kind == error_kind::invalid_access);
    CHECK(contains(done.error().message, "Plan B"));
    CHECK(bob.jsep.set_remote_description(sdp_type::offer, replaced(offer, "s two", "s one")));
}

TEST_CASE("an accepted audio section needs ICE and DTLS like any other") {
    text_offer text;
    text.group = "BUNDLE 0";
    auto offer = text.head() + text.audio("0");
    peer bob(2);
    for (std::string line : {"a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"}) {
        auto done = bob.jsep.set_remote_description(sdp_type::offer, without_line(offer, line));
        REQUIRE_FALSE(done);
        CHECK(done.error().kind == error_kind::invalid_access);
        CHECK(contains(done.error().message, line));
        CHECK(bob.jsep.transceivers().empty());
    }
}

TEST_CASE("set a description step 3: a rollback drops the transceivers that the offer made, and only those") {
    media_pair pair;
    auto ids = [&] {
        std::vector<transceiver_id> all;
        for (const auto& each : pair.bob.jsep.transceivers()) all.push_back(each.id);
        return all;
    };
    auto before = ids();
    auto offer = pair.alice.offer();
    text_offer text;
    auto more = replaced(offer, "BUNDLE 0 1 2", "BUNDLE 0 1 2 3") + text.audio("3", "sendonly");
    pair.bob.jsep.set_remote_description(sdp_type::offer, more).value();
    REQUIRE(ids().size() == 3);
    auto made = ids().back();
    SECTION("by rollback") {
        pair.bob.jsep.set_remote_description(sdp_type::rollback, "").value();
        CHECK(ids() == before);
        CHECK_FALSE(pair.bob.jsep.find(made));
    }
    SECTION("by an offer that replaces it and has it no more") {
        pair.bob.jsep.set_remote_description(sdp_type::offer, offer).value();
        CHECK(ids() == before);
    }
    SECTION("not by one that repeats it") {
        pair.bob.jsep.set_direction(made, way::inactive).value();
        pair.bob.jsep.set_remote_description(sdp_type::offer, more).value();
        CHECK(ids().size() == 3);
        CHECK(ids().back() == made);
        CHECK(pair.bob.jsep.find(made)->direction == way::inactive); // the application's wish stays
    }
}

TEST_CASE("set a description step 3: what the application wished during an offer survives its rollback") {
    media_pair pair;
    pair.bob.jsep.set_remote_description(sdp_type::offer, pair.alice.offer()).value();
    auto id = only_of(pair.bob, media_kind::video).id;
    pair.bob.jsep.set_direction(id, way::sendrecv).value();
    pair.bob.jsep.set_remote_description(sdp_type::rollback, "").value();
    CHECK(pair.bob.jsep.find(id)->direction == way::sendrecv);
    CHECK(pair.bob.jsep.negotiation_needed());
}

TEST_CASE("our own offer has the same sections, numbers and places") {
    peer bob(2);
    text_offer text;
    text.group = "BUNDLE one two three";
    auto offer = text.head() + text.audio("one") + text.video("two") + text.data("three");
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    auto answer = sections_of(bob.set_local());
    auto again_text = bob.offer();
    auto again = sections_of(again_text);
    CHECK(lines_with(again_text, "a=group:") == strings{"a=group:BUNDLE one two three"});
    REQUIRE(again.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        if (i == 2) CHECK(again[i] == replaced(answer[i], "a=setup:active", "a=setup:actpass"));
        if (i < 2) CHECK(formats_of(again[i]).starts_with(formats_of(answer[i]) + " ")); // and all others
        if (i < 2) CHECK(contains(again[i], "\r\na=recvonly\r\n")); // was the answer and is the wish
        for (const auto* line : {"a=mid:", "a=ice-ufrag:", "a=ice-pwd:"})
            CHECK(line_value(again[i], line) == line_value(answer[i], line));
    }
    // A wish that the peer did not share is offered again.
    bob.jsep.set_direction(only_of(bob, media_kind::audio).id, way::sendrecv).value();
    CHECK(bob.jsep.negotiation_needed());
    CHECK(contains(sections_of(bob.offer())[0], "\r\na=sendrecv\r\n"));
}

TEST_CASE("a later offer changes directions") {
    media_pair pair;
    auto audio = only_of(pair.alice, media_kind::audio).id;
    pair.alice.jsep.set_direction(audio, way::sendrecv).value();
    CHECK(pair.alice.jsep.negotiation_needed());
    pair.bob.jsep.set_direction(only_of(pair.bob, media_kind::audio).id, way::sendrecv).value();
    negotiate(pair.alice, pair.bob);
    CHECK(pair.alice.jsep.find(audio)->current_direction == way::sendrecv);
    CHECK(only_of(pair.bob, media_kind::audio).current_direction == way::sendrecv);
    CHECK(only_of(pair.bob, media_kind::video).current_direction == way::inactive); // both only receive
    CHECK_FALSE(pair.alice.jsep.negotiation_needed());
    CHECK_FALSE(pair.bob.jsep.negotiation_needed());
    CHECK(only_of(pair.bob, media_kind::audio).remote_msids ==
          std::vector<sdp::msid>{{"-", pair.alice.jsep.find(audio)->sender_id}});
    CHECK(pair.alice.jsep.find(audio)->remote_msids.size() == 1);

    pair.alice.jsep.set_direction(audio, way::inactive).value();
    negotiate(pair.alice, pair.bob);
    CHECK(only_of(pair.bob, media_kind::audio).current_direction == way::inactive);
    CHECK(only_of(pair.bob, media_kind::audio).remote_msids.empty());
    // bob still wants to send; the answer says that he does, as far as his wish goes: nothing is needed.
    CHECK_FALSE(pair.bob.jsep.negotiation_needed());
}

TEST_CASE("stop: the next offer rejects the section, for good") {
    media_pair pair;
    auto audio = only_of(pair.alice, media_kind::audio).id;
    pair.alice.jsep.stop(audio);
    CHECK(pair.alice.jsep.negotiation_needed());
    CHECK(pair.alice.jsep.set_direction(audio, way::sendrecv).error().kind == error_kind::invalid_state);
    auto offer = pair.alice.offer();
    CHECK(contains(offer, "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n"));
    CHECK(contains(offer, "a=group:BUNDLE 1 2\r\n"));
    negotiate(pair.alice, pair.bob);
    CHECK_FALSE(pair.alice.jsep.find(audio));
    CHECK(pair.bob.jsep.transceivers().size() == 1);
    CHECK_FALSE(pair.alice.jsep.negotiation_needed());
    CHECK(pair.alice.jsep.place_of(transport_id(1))->mid == "1");

    // Its place is used again, under another mid, by what comes next.
    text_offer text;
    auto again = pair.alice.offer();
    auto recycled = sections_of(again);
    auto head = replaced(again.substr(0, again.find("m=")), "BUNDLE 1 2", "BUNDLE 1 2 7");
    pair.bob.jsep.set_remote_description(sdp_type::offer, head + text.audio("7") + recycled[1] + recycled[2])
        .value();
    auto answer = sdp::parse(pair.bob.set_local()).value();
    CHECK(answer.media[0].mid == "7");
    CHECK(answer.media[0].port == 9);
    CHECK(answer.groups.front().mids == strings{"1", "2", "7"});
    CHECK(only_of(pair.bob, media_kind::audio).mid == "7");
}

TEST_CASE("stop: a stopping transceiver answers inactive until an offer rejects it") {
    media_pair pair;
    pair.bob.jsep.stop(only_of(pair.bob, media_kind::audio).id);
    negotiate(pair.alice, pair.bob);
    CHECK(only_of(pair.alice, media_kind::audio).current_direction == way::inactive);
    CHECK(pair.bob.jsep.negotiation_needed());
    negotiate(pair.bob, pair.alice);
    CHECK(pair.alice.jsep.transceivers().size() == 1);
    CHECK(pair.bob.jsep.transceivers().size() == 1);
}

TEST_CASE("an offer that rejects a section stops its transceiver, and a rollback does not revive it") {
    media_pair pair;
    auto id = only_of(pair.bob, media_kind::audio).id;
    auto ending =
        replaced(replaced(pair.alice.offer(), "m=audio 9", "m=audio 0"), "BUNDLE 0 1 2", "BUNDLE 1 2");
    pair.bob.jsep.set_remote_description(sdp_type::offer, ending).value();
    CHECK(pair.bob.jsep.find(id)->stopped);
    pair.bob.jsep.set_remote_description(sdp_type::rollback, "").value();
    CHECK(pair.bob.jsep.find(id)->stopped);
    CHECK(pair.bob.jsep.negotiation_needed()); // its section is not rejected yet
    negotiate(pair.bob, pair.alice);
    CHECK_FALSE(pair.bob.jsep.find(id));
    CHECK_FALSE(pair.bob.jsep.negotiation_needed());
}

TEST_CASE("a later offer adds and ends sections at once") {
    media_pair pair;
    text_offer text;
    auto offer = pair.alice.offer();
    auto parts = sections_of(offer);
    auto head = replaced(offer.substr(0, offer.find("m=")), "BUNDLE 0 1 2", "BUNDLE 0 2 3 4");
    parts[1] = replaced(parts[1], "m=video 9", "m=video 0");
    auto changed = head + parts[0] + parts[1] + parts[2] + text.video("3") + text.video("4", "sendonly");
    auto answer = answered(pair.bob, changed);
    CHECK(answer.groups.front().mids == strings{"0", "2", "3", "4"});
    strings mids;
    for (const auto& each : pair.bob.jsep.transceivers()) mids.push_back(each.mid);
    CHECK(mids == strings{"0", "3", "4"});
    auto told = pair.bob.events();
    for (const auto& each : told) {
        CHECK_FALSE(std::holds_alternative<transport_added>(each));
        CHECK_FALSE(std::holds_alternative<sctp_ended>(each));
    }
    // Ours repeats it all: five places, one of them rejected.
    auto again = sdp::parse(pair.bob.offer()).value();
    REQUIRE(again.media.size() == 5);
    CHECK(again.media[1].port == 0);
    CHECK(again.groups.front().mids == strings{"0", "2", "3", "4"});
}

TEST_CASE("a data section that we add to audio and video shares their transport") {
    text_offer text;
    text.group = "BUNDLE 0 1";
    peer bob(2);
    answered(bob, text.head() + text.audio("0") + text.video("1"));
    bob.events();
    bob.jsep.add_data_section();
    CHECK(bob.jsep.negotiation_needed());
    auto offer = sdp::parse(bob.set_local()).value();
    REQUIRE(offer.media.size() == 3);
    CHECK(offer.media[2].mid == "2");
    CHECK(offer.groups.size() == 1);
    CHECK(offer.groups.front().mids == strings{"0", "1", "2"});
    CHECK(offer.media[2].transport.ice_ufrag == offer.media[0].transport.ice_ufrag);
    for (const auto& each : bob.events()) CHECK_FALSE(std::holds_alternative<transport_added>(each));
}

TEST_CASE("the peer's answer to our offer narrows codecs, extensions and layers") {
    peer bob(2);
    auto text = capture(CORTC_TEST_DATA "/sdp/chromium_default_simulcast_pre.sdp");
    answered(bob, text);
    REQUIRE(only_of(bob, media_kind::video).negotiated->rids.size() == 3);
    bob.jsep.set_local_description(sdp_type::offer, bob.offer()).value();
    bob.events();
    auto lines = sdp::parse(text).value();
    auto& video = lines.media[0];
    video.transport.setup = sdp::setup_role::passive;
    std::erase_if(video.formats, [](const auto& each) { return each != "98" && each != "99"; });
    std::erase_if(video.codecs, [](const auto& each) { return each.payload_type / 2 != 49; });
    std::erase_if(video.extmaps, [](const auto& each) { return each.id > 9; });
    SECTION("a part of it") {
        video.rids.pop_back();
        bob.jsep.set_remote_description(sdp_type::answer, sdp::print(lines)).value();
        const auto& now = *only_of(bob, media_kind::video).negotiated;
        REQUIRE(now.codecs.size() == 2);
        CHECK(now.codecs[0].codec.name == "VP9");
        CHECK(now.extensions.size() == 9);
        CHECK(now.rids.size() == 2);
        CHECK(now.simulcast->recv.size() == 2);
        CHECK(only_of(bob, media_kind::video).current_direction == way::recvonly);
        CHECK(formats_of(sections_of(bob.offer())[0]).starts_with("98 99 "));
    }
    SECTION("none of the codecs") {
        video.codecs[0].name = "VP7";
        video.codecs[1].name = "VP7";
        auto done = bob.jsep.set_remote_description(sdp_type::answer, sdp::print(lines));
        REQUIRE_FALSE(done);
        CHECK(contains(done.error().message, "none of the codecs"));
    }
    SECTION("a rejection") {
        video.port = 0;
        lines.groups.clear();
        bob.jsep.set_remote_description(sdp_type::answer, sdp::print(lines)).value();
        CHECK(bob.jsep.transceivers().empty());
        CHECK(bob.events_of<transport_removed>().size() == 1);
    }
}

TEST_CASE("RFC 3264 6.1: an answer's direction fits the offer's") {
    struct row {
        way offered;
        std::string answered; // no line at all: empty
        bool fits;
        way settled = way::inactive;
    };
    for (const auto& each : std::vector<row>{{way::sendrecv, "sendrecv", true, way::sendrecv},
                                             {way::sendrecv, "sendonly", true, way::recvonly},
                                             {way::sendrecv, "recvonly", true, way::sendonly},
                                             {way::sendrecv, "inactive", true},
                                             {way::sendonly, "recvonly", true, way::sendonly},
                                             {way::sendonly, "inactive", true},
                                             {way::sendonly, "", true, way::sendonly},
                                             {way::sendonly, "sendrecv", false},
                                             {way::sendonly, "sendonly", false},
                                             {way::recvonly, "sendonly", true, way::recvonly},
                                             {way::recvonly, "sendrecv", false},
                                             {way::recvonly, "recvonly", false},
                                             {way::inactive, "inactive", true},
                                             {way::inactive, "", true},
                                             {way::inactive, "recvonly", false}}) {
        CAPTURE(sdp::to_string(each.offered), each.answered);
        peer alice(1), bob(2);
        transceiver_init init;
        init.direction = each.offered;
        auto id = alice.jsep.add_transceiver(media_kind::audio, init).value();
        bob.jsep.set_remote_description(sdp_type::offer, alice.set_local()).value();
        auto answer = sdp::parse(bob.answer()).value();
        answer.media[0].direction = sdp::parse_direction(each.answered);
        observed before(alice.jsep);
        auto done = alice.jsep.set_remote_description(sdp_type::answer, sdp::print(answer));
        REQUIRE(done.has_value() == each.fits);
        if (each.fits) CHECK(alice.jsep.find(id)->current_direction == each.settled);
        if (each.fits) continue;
        CHECK(done.error().kind == error_kind::invalid_access);
        CHECK(contains(done.error().message, "a=" + each.answered));
        CHECK(observed(alice.jsep) == before);
    }
}

TEST_CASE("set a description step 3: a pranswer settles a transceiver, the answer after it may change it") {
    text_offer text;
    peer bob(2);
    bob.jsep.set_remote_description(sdp_type::offer, text.all()).value();
    bob.events();
    bob.jsep.set_local_description(sdp_type::pranswer, bob.answer()).value();
    auto audio = only_of(bob, media_kind::audio).id;
    CHECK(bob.jsep.find(audio)->current_direction == way::recvonly);
    bob.jsep.set_direction(audio, way::inactive).value();
    bob.jsep.set_local_description(sdp_type::answer).value();
    CHECK(bob.jsep.find(audio)->current_direction == way::inactive);
}

TEST_CASE("close: stops every transceiver") {
    media_pair pair;
    pair.bob.jsep.close();
    for (const auto& each : pair.bob.jsep.transceivers()) CHECK(each.stopped);
}
