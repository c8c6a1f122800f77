#include "cortc/jsep/match.hpp"
#include "test/unit/jsep/media_support.hpp"

#include <ctime>

using namespace cortc;
using namespace cortc::jsep;

namespace {

/// Seconds of the processor, which other programs beside do not change: far above what any of these needs,
/// far below what work in the square of the input would take.
constexpr double patience = 5;

/// Sets the offer and answers it, or is refused; either in bounded time.
bool in_time(const std::string& offer, peer& bob) {
    const auto begin = std::clock();
    auto done = bob.jsep.set_remote_description(sdp_type::offer, offer);
    if (done) {
        bob.set_local();
        bob.offer();
    }
    CHECK(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC < patience);
    return static_cast<bool>(done);
}

std::string group_of(int count) {
    std::string group = "BUNDLE";
    for (int i = 0; i < count; ++i) group += " " + std::to_string(i);
    return group;
}

} // namespace

TEST_CASE("hundreds of bundled sections share one transport") {
    text_offer text;
    text.group = group_of(300);
    auto offer = text.head();
    for (int i = 0; i < 300; ++i) offer += text.video(std::to_string(i));
    peer bob(2);
    REQUIRE(in_time(offer, bob));
    CHECK(bob.jsep.transceivers().size() == 300);
    CHECK(bob.events_of<transport_added>().size() == 1);
}

TEST_CASE("hundreds of sections apart get no more than the limit of transports") {
    text_offer text;
    text.group.clear();
    auto offer = text.head();
    for (int i = 0; i < 300; ++i) offer += text.video(std::to_string(i));
    session_options options;
    options.bundle = bundle_policy::max_compat;
    peer bob(2, options);
    REQUIRE(in_time(offer, bob));
    CHECK(bob.events_of<transport_added>().size() == session_options{}.max_transports);
    CHECK(bob.jsep.transceivers().size() == session_options{}.max_transports);
}

TEST_CASE("a group of nothing but bundle-only sections") {
    text_offer text;
    text.group = group_of(500);
    auto offer = text.head();
    for (int i = 0; i < 500; ++i)
        offer += "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=bundle-only\r\na=rtcp-mux\r\na=rtpmap:96 "
                 "VP8/90000\r\na=mid:" +
                 std::to_string(i) + "\r\n";
    peer bob(2);
    CHECK_FALSE(in_time(offer, bob)); // nobody brings ICE
}

TEST_CASE("one section with everything at once") {
    text_offer text;
    text.group = "BUNDLE 0";
    auto video = text.video("0");
    SECTION("parameters without end") {
        std::string codecs, formats;
        for (int i = 0; i < 128; ++i) {
            formats += " " + std::to_string(i);
            codecs += "a=rtpmap:" + std::to_string(i) + " H264/90000\r\na=fmtp:" + std::to_string(i) + " ";
            for (int k = 0; k < 1000; ++k) codecs += "k" + std::to_string(k) + "=1;";
            codecs += "\r\n";
        }
        auto offer = text.head() + "m=video 9 UDP/TLS/RTP/SAVPF" + formats + "\r\n" +
                     video.substr(video.find("c=IN"), video.find("a=rtpmap") - video.find("c=IN")) + codecs;
        peer bob(2);
        in_time(offer, bob);
        CHECK(bob.jsep.transceivers().empty());
    }
    SECTION("layers, feedback and extensions without end") {
        std::string layers = "a=simulcast:send r0";
        for (int i = 1; i < 2500; ++i) layers += ";r" + std::to_string(i);
        std::string lines = layers + "\r\na=extmap:2 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n";
        for (int i = 0; i < 600; ++i) {
            auto number = std::to_string(i);
            lines += "a=rid:r" + number + " send pt=96,97,96\r\n";
            lines += "a=rtcp-fb:* x" + number + "\r\n";
            lines += "a=extmap:" + std::to_string(3 + i % 11) + " urn:x\r\n";
        }
        peer bob(2);
        REQUIRE(in_time(text.head() + video + lines, bob));
        CHECK(bob.jsep.transceivers().front().negotiated->rids.size() == max_simulcast_layers);
        CHECK(bob.jsep.local_description()->sdp.size() < 8000);
    }
}

TEST_CASE("sections that come and go leave nothing behind") {
    text_offer text;
    peer bob(2);
    answered(bob, text.all());
    auto offer = [&](const std::string& mids, const std::string& audio) {
        text.group = "BUNDLE " + mids;
        return text.head() + audio + text.video("1") + text.data("2");
    };
    std::string mid = "0";
    for (int round = 0; round < 200; ++round) {
        answered(bob, offer("1 2", replaced(text.audio(mid), "audio 9", "audio 0")));
        CHECK(bob.jsep.transceivers().size() == 1);
        mid = "x" + std::to_string(round);
        auto again = offer("1 2 " + mid, text.audio(mid)); // the place is used again
        if (round % 2) {
            bob.jsep.set_remote_description(sdp_type::offer, again).value();
            bob.jsep.set_remote_description(sdp_type::rollback, "").value();
            CHECK(bob.jsep.transceivers().size() == 1);
        }
        answered(bob, again);
        bob.events();
        CHECK(bob.jsep.transceivers().size() == 2);
        CHECK(sections_of(bob.offer()).size() == 3);
    }
}

TEST_CASE("hundreds of sections without a mid") {
    text_offer text;
    text.group.clear();
    auto offer = text.head();
    for (int i = 0; i < 500; ++i) offer += without_line(text.audio("x"), "a=mid");
    peer bob(2);
    REQUIRE(in_time(offer, bob));
    CHECK(bob.jsep.transceivers().back().mid == std::to_string(bob.jsep.transceivers().size() - 1));
}
