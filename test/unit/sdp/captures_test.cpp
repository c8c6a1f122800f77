#include "test/unit/sdp/texts.hpp"

#include "test/support/catch.hpp"

using namespace cortc;
using namespace cortc::sdp::test;

TEST_CASE("every line of a captured description has a typed place and survives") {
    REQUIRE(captures().size() >= 24);
    for (const auto& path : captures()) {
        CAPTURE(path.filename().string());
        const auto text = read(path);
        const auto parsed = sdp::parse(text);
        REQUIRE(parsed.has_value());
        CHECK(parsed->attributes.empty());
        for (const auto& section : parsed->media) CHECK(section.attributes.empty());
        const auto printed = sdp::print(*parsed);
        CHECK(sections(printed) == sections(text));
        CHECK(printed == text); // the printer's order is Chromium's
        const auto again = sdp::parse(printed);
        REQUIRE(again.has_value());
        CHECK(*again == *parsed);
    }
}

TEST_CASE("bare LF and a missing last line end are accepted, CRLF is printed") {
    for (const auto& path : captures()) {
        const auto text = read(path);
        std::string lf = text;
        lf.erase(std::remove(lf.begin(), lf.end(), '\r'), lf.end());
        REQUIRE(sdp::parse(lf).has_value());
        CHECK(sdp::print(*sdp::parse(lf)) == text);
        lf.pop_back();
        REQUIRE(sdp::parse(lf).has_value());
        CHECK(sdp::print(*sdp::parse(lf)) == text);
        REQUIRE(sdp::parse(text + "\r\n\n").has_value());
    }
}

TEST_CASE("Chromium's offer of audio, video and data, value by value") {
    const auto parsed = sdp::parse(read(CORTC_TEST_DATA "/sdp/chromium_default_avdc.sdp"));
    REQUIRE(parsed.has_value());
    const auto& x = *parsed;
    CHECK(x.origin.session_id == "7372211936532567659");
    CHECK(x.origin.session_version == "2");
    CHECK(x.origin.address.address == "127.0.0.1");
    REQUIRE(x.groups.size() == 1);
    CHECK(x.groups[0].semantics == "BUNDLE");
    CHECK(x.groups[0].mids == std::vector<std::string>{"0", "1", "2"});
    CHECK(x.bundle_of("1") == &x.groups[0]);
    CHECK(x.bundle_of("3") == nullptr);
    CHECK(x.find_mid("2") == 2u);
    CHECK(x.extmap_allow_mixed);
    REQUIRE(x.media.size() == 3);

    const auto& sound = x.media[0];
    CHECK(sound.kind() == sdp::media_kind::audio);
    CHECK(sound.is_rtp());
    CHECK_FALSE(sound.is_data_channel());
    CHECK(sound.port == 46968);
    CHECK(sound.connections.at(0).address == "192.0.2.2");
    CHECK(sound.rtcp->where->address == "0.0.0.0");
    CHECK(sound.candidates.size() == 4);
    CHECK(sound.transport.ice_ufrag == "YO1c");
    CHECK(sound.transport.has_ice_option("trickle"));
    CHECK(sound.transport.fingerprints.at(0).value.size() == 32);
    CHECK(sound.transport.setup == sdp::setup_role::actpass);
    CHECK(sound.direction == sdp::direction::sendrecv);
    CHECK(sound.rtcp_mux);
    CHECK(sound.rtcp_rsize);
    CHECK(sound.msids.at(0).track == "b0cd2f91-ebdc-40ed-bf3f-0310b11a3338");
    REQUIRE(sound.codecs.size() == sound.formats.size());
    CHECK(sound.codecs[0].is("OPUS"));
    CHECK(sound.codecs[0].channels == 2);
    CHECK(sound.codecs[0].parameter("useinbandfec") == "1");
    CHECK(sound.codecs[0].parameters().size() == 2);
    CHECK(sound.codecs[1].parameters() == std::vector<sdp::format_parameter>{{"", "111/111"}});
    CHECK(sound.ssrcs.at(0).name == "cname");

    const auto& video = x.media[1];
    CHECK(video.kind() == sdp::media_kind::video);
    const auto* vp8 = video.find_codec(96);
    REQUIRE(vp8);
    CHECK(vp8->clock_rate == 90000);
    CHECK(vp8->rtcp_fb ==
          std::vector<sdp::rtcp_feedback>{
              {"goog-remb", ""}, {"transport-cc", ""}, {"ccm", "fir"}, {"nack", ""}, {"nack", "pli"}});
    CHECK(video.find_codec(97)->parameter("apt") == "96");
    CHECK(video.find_codec(5) == nullptr);
    CHECK(video.extmaps.size() == 11);
    CHECK(video.ssrc_groups.at(0).ssrcs == std::vector<std::uint32_t>{305347672, 1185540018});

    const auto& channel = x.media[2];
    CHECK(channel.is_data_channel());
    CHECK(channel.kind() == sdp::media_kind::application);
    CHECK(channel.effective_sctp_port() == 5000);
    CHECK(channel.max_message_size == 262144u);
    CHECK(channel.codecs.empty());
}

TEST_CASE("Chromium's simulcast offer") {
    const auto parsed = sdp::parse(read(CORTC_TEST_DATA "/sdp/chromium_default_simulcast.sdp"));
    REQUIRE(parsed.has_value());
    const auto& video = parsed->media.at(0);
    REQUIRE(video.rids.size() == 3);
    CHECK(video.rids[2] == sdp::rid{"f", true, {}, {}});
    REQUIRE(video.simulcast);
    CHECK(video.simulcast->send.size() == 3);
    CHECK(video.simulcast->send[1].at(0) == sdp::simulcast_alternative{"h", false});
    CHECK(video.simulcast->recv.empty());
    CHECK(video.msids.at(0).stream == "-");
}
