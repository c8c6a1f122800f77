#include "cortc/sdp/parse.hpp"
#include "cortc/sdp/print.hpp"
#include "test/support/two_hosts.hpp"

#include <fstream>
#include <iterator>

using namespace cortc;
using namespace std::chrono_literals;

namespace {

std::string capture(const std::string& name) {
    std::ifstream file(CORTC_TEST_DATA "/sdp/chromium_default_" + name + ".sdp", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// What Chromium's offer of audio, video and data would be with the ICE and DTLS of a data-only connection:
/// each of its sections has the lines of `own`'s only one.
SessionDescription as_chromium(const SessionDescription& own, const std::string& capture_name) {
    auto theirs = sdp::parse(capture(capture_name)).value();
    const auto lines = sdp::parse(own.sdp).value().media.front();
    for (auto& media : theirs.media) {
        auto mid = media.mid;
        if (media.is_data_channel()) media = lines;
        media.mid = mid;
        media.transport = lines.transport;
        media.candidates.clear();
    }
    return {SdpType::offer, sdp::print(theirs)};
}

/// The answer as the data-only connection can take it: the data section, under the mid that it knows.
SessionDescription for_data_only(const SessionDescription& answer) {
    auto whole = sdp::parse(answer.sdp).value();
    whole.media = {whole.media.back()};
    whole.media.front().mid = "0";
    whole.groups = {{"BUNDLE", {"0"}}};
    return {SdpType::answer, sdp::print(whole)};
}

/// Chromium's candidates name the first section of the group, whatever that is; ours name what we call so.
asio::awaitable<void> trickle_as(PeerConnection& from, PeerConnection& to, const char* from_mid,
                                 const char* to_mid, int& passed) {
    try {
        for (;;) {
            auto candidate = co_await from.nextIceCandidate();
            if (!candidate) continue;
            CHECK(candidate->sdpMid == from_mid);
            candidate->sdpMid = to_mid;
            ++passed;
            co_await to.addIceCandidate(*candidate);
        }
    } catch (const boost::system::system_error& end) {
        if (end.code() != errc::aborted) throw;
    }
}

asio::awaitable<void> echo_beside_media(context a, context b, std::string capture_name) {
    auto executor = co_await asio::this_coro::executor;
    PeerConnection browser(a), server(b);
    auto channel = browser.createDataChannel("chat");
    auto own = co_await browser.createOffer();
    co_await browser.setLocalDescription(own);
    auto offer = as_chromium(own, capture_name);
    co_await server.setRemoteDescription(offer);
    auto transceivers = server.getTransceivers();
    REQUIRE(transceivers.size() == 2);
    CHECK(transceivers[0].kind() == MediaKind::audio);
    CHECK(transceivers[0].mid() == "0");
    CHECK(transceivers[0].direction() == RtpTransceiverDirection::recvonly);
    CHECK_FALSE(transceivers[0].currentDirection());
    CHECK(transceivers[1].kind() == MediaKind::video);
    CHECK(transceivers[1].mid() == "1");
    auto answer = co_await server.createAnswer();
    co_await server.setLocalDescription(answer);
    CHECK(transceivers[1].currentDirection() == RtpTransceiverDirection::recvonly);
    auto data = for_data_only(answer);
    co_await browser.setRemoteDescription(data);
    int there = 0, back = 0;
    test::spawned one(executor, trickle_as(browser, server, "0", "0", there)), // 0 is the server's audio
        other(executor, trickle_as(server, browser, "0", "0", back));
    co_await browser.connected();
    co_await server.connected();
    co_await channel.opened();
    auto accepted = co_await server.nextDataChannel();
    co_await channel.send(std::string_view("over audio's transport"));
    auto message = co_await accepted.receive();
    CHECK(message.text() == "over audio's transport");
    CHECK(there > 0);
    CHECK(back > 0);
    auto pair = server.selectedPair();
    REQUIRE(pair);
    CHECK(pair->local.sdpMid == "0");
    CHECK(pair->local.sdpMLineIndex == 0);
    browser.close();
    server.close();
    CHECK(transceivers[0].stopped());
    co_await browser.closed();
    co_await server.closed();
}

} // namespace

TEST_CASE("a data channel runs over the transport of audio and video") {
    auto name = GENERATE(std::string("avdc_pre"), std::string("maxbundle_pre"), std::string("maxcompat_pre"));
    test::two_hosts net;
    net.run(echo_beside_media(net.a, net.b, name), 10s);
    CHECK(net.world.run_dry());
}
