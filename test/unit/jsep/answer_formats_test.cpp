#include "test/unit/jsep/media_support.hpp"

/// RFC 3264 6.1: which offered codec an answered one is.
using namespace cortc;
using namespace cortc::jsep;

namespace {

/// Our video offer, answered with these lines under these numbers.
struct answered_video {
    peer self{1};
    transceiver_id id;
    sdp::session_description offer, answer;

    answered_video() {
        id = self.jsep.add_transceiver(media_kind::video).value();
        offer = sdp::parse(self.set_local()).value();
        peer other(2);
        other.jsep.set_remote_description(sdp_type::offer, sdp::print(offer)).value();
        answer = sdp::parse(other.answer()).value();
        answer.media[0].codecs.clear();
        answer.media[0].formats.clear();
    }
    void answers(std::uint8_t number, const std::string& name, const std::string& fmtp = "") {
        sdp::codec codec;
        codec.payload_type = number;
        codec.name = name;
        codec.clock_rate = 90000;
        codec.fmtp = fmtp;
        answer.media[0].codecs.push_back(codec);
        answer.media[0].formats.push_back(std::to_string(number));
    }
    outcome<void> set() { return self.jsep.set_remote_description(sdp_type::answer, sdp::print(answer)); }
    /// "ours theirs" of each settled codec.
    strings settled() {
        strings all;
        for (const auto& each : self.jsep.find(id)->negotiated->codecs)
            all.push_back(std::to_string(each.codec.payload_type) + " " +
                          std::to_string(each.remote_payload_type));
        return all;
    }
    /// Our number of the first codec that these say.
    int ours(const std::string& name, const std::string& fmtp_part = "") const {
        for (const auto& each : offer.media[0].codecs)
            if (each.is(name) && contains(each.fmtp, fmtp_part)) return each.payload_type;
        FAIL("not offered");
        return 0;
    }
    std::string pair(const std::string& name, const std::string& fmtp_part, int theirs) const {
        return std::to_string(ours(name, fmtp_part)) + " " + std::to_string(theirs);
    }
};

} // namespace

TEST_CASE("an answer may have payload types of its own") {
    answered_video with;
    with.answers(20, "VP8");
    with.answers(21, "rtx", "apt=20");
    with.answers(with.offer.media[0].codecs[0].payload_type, "VP9", "profile-id=2"); // VP8's in the offer
    REQUIRE(with.set());
    const auto vp8 = with.ours("VP8");
    CHECK(with.settled() == strings{with.pair("VP8", "", 20),
                                    with.pair("rtx", "apt=" + std::to_string(vp8), 21),
                                    with.pair("VP9", "profile-id=2", vp8)});
    // Our next offer keeps our own numbers.
    CHECK(formats_of(sections_of(with.self.offer())[0]).starts_with(std::to_string(vp8) + " "));
}

TEST_CASE("an answered codec is the offered one whose parameters agree") {
    answered_video with;
    with.answers(20, "H264", "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=640c1f");
    with.answers(21, "H264", "profile-level-id=42e01f;packetization-mode=1");
    with.answers(22, "H264", "profile-level-id=42e01f;packetization-mode=1"); // the same twice
    REQUIRE(with.set());
    CHECK(with.settled() == strings{with.pair("H264", "packetization-mode=0;profile-level-id=640c", 20),
                                    with.pair("H264", "packetization-mode=1;profile-level-id=42e0", 21)});
}

TEST_CASE("an answered codec with the offer's number may leave out what must agree") {
    answered_video with;
    const auto number = with.ours("H264", "packetization-mode=1;profile-level-id=42e0");
    with.answers(static_cast<std::uint8_t>(number), "H264", "");
    REQUIRE(with.set());
    CHECK(with.settled() == strings{std::to_string(number) + " " + std::to_string(number)});
}

TEST_CASE("an answered codec with the offer's number may get wrong what must agree") {
    answered_video with;
    const auto number = with.ours("VP9", "profile-id=2");
    with.answers(static_cast<std::uint8_t>(number), "VP9", "profile-id=3");
    REQUIRE(with.set());
    CHECK(with.settled() == strings{std::to_string(number) + " " + std::to_string(number)});
}

TEST_CASE("the retransmission of what is not common is ignored") {
    answered_video with;
    with.answers(20, "VP8");
    with.answers(21, "theora");
    with.answers(22, "rtx", "apt=21");
    with.answers(23, "rtx", "apt=99");
    with.answers(24, "rtx", "apt=none");
    REQUIRE(with.set());
    CHECK(with.settled() == strings{with.pair("VP8", "", 20)});
}

TEST_CASE("none of the offered formats is an error, whatever the numbers say") {
    answered_video with;
    with.answers(with.offer.media[0].codecs[0].payload_type, "theora");
    auto done = with.set();
    REQUIRE_FALSE(done);
    CHECK(done.error().kind == error_kind::invalid_access);
}

TEST_CASE("a peer may offer any payload type, those that look like RTCP included") {
    text_offer text;
    text.group = "BUNDLE 0";
    for (std::string number : {"34", "63", "64", "72", "80", "95", "127"}) {
        peer bob(2);
        auto section = replaced(text.video("0"), "SAVPF 96 97", "SAVPF " + number);
        section =
            replaced(replaced(section, "rtpmap:96", "rtpmap:" + number), "rtcp-fb:96", "rtcp-fb:" + number);
        auto answer = answered(bob, text.head() + section);
        CHECK(answer.media[0].formats == strings{number});
    }
}
