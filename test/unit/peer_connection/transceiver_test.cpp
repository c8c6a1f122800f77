#include "test/support/two_hosts.hpp"

#include <fstream>
#include <iterator>

using namespace cortc;
using namespace std::chrono_literals;
using test::thrown_name;
using direction = RtpTransceiverDirection;

namespace {

SessionDescription captured(const std::string& name) {
    std::ifstream file(CORTC_TEST_DATA "/sdp/chromium_default_" + name + ".sdp", std::ios::binary);
    return {SdpType::offer, {std::istreambuf_iterator<char>(file), {}}};
}

asio::awaitable<void> a_remote_offer(context where) {
    PeerConnection pc(where);
    CHECK(pc.getTransceivers().empty());
    auto offer = captured("avdc_pre");
    co_await pc.setRemoteDescription(offer);
    auto all = pc.getTransceivers();
    REQUIRE(all.size() == 2);
    CHECK(all == pc.getTransceivers()); // the same ones
    CHECK(all[0].kind() == MediaKind::audio);
    CHECK(all[0].mid() == "0");
    CHECK(all[0].direction() == direction::recvonly);
    CHECK_FALSE(all[0].currentDirection());
    CHECK_FALSE(all[0].stopped());
    all[0].direction(direction::sendrecv);
    CHECK(all[0].direction() == direction::sendrecv);
    co_await pc.setLocalDescription();
    CHECK(all[0].currentDirection() == direction::sendrecv);
    CHECK(all[1].currentDirection() == direction::recvonly);
    pc.close();
    for (const auto& each : all) {
        CHECK(each.stopped());
        CHECK(each.direction() == direction::stopped);
        CHECK(each.currentDirection() == direction::stopped);
    }
    CHECK(thrown_name([&] { all[0].direction(direction::recvonly); }) == "InvalidStateError");
    CHECK(thrown_name([&] { all[0].stop(); }) == "InvalidStateError");
    co_await pc.closed();
}

asio::awaitable<void> rolled_back(context where) {
    PeerConnection pc(where);
    auto offer = captured("avdc_pre");
    co_await pc.setRemoteDescription(offer);
    auto gone = pc.getTransceivers();
    auto rollback = SessionDescription(SdpType::rollback, "");
    co_await pc.setRemoteDescription(rollback);
    CHECK(pc.getTransceivers().empty());
    CHECK(gone[0].stopped());
    CHECK(thrown_name([&] { gone[0].direction(direction::sendrecv); }) == "InvalidStateError");
}

asio::awaitable<void> wishes_need_negotiation(context where) {
    PeerConnection pc(where);
    auto offer = captured("avdc_pre");
    co_await pc.setRemoteDescription(offer);
    co_await pc.setLocalDescription();
    auto audio = pc.getTransceivers()[0], video = pc.getTransceivers()[1];
    audio.direction(direction::recvonly); // as it is
    CHECK(thrown_name([&] { audio.direction(direction::stopped); }) == "TypeError");
    bool fired = false;
    pc.negotiationNeeded([&](std::exception_ptr error) { fired = !error; });
    auto executor = co_await asio::this_coro::executor;
    for (int turn = 0; turn < 5; ++turn) co_await asio::post(executor, asio::use_awaitable);
    CHECK_FALSE(fired);
    audio.direction(direction::sendonly);
    for (int turn = 0; turn < 5; ++turn) co_await asio::post(executor, asio::use_awaitable);
    CHECK(fired);
    video.stop();
    video.stop();
    CHECK(video.direction() == direction::stopped);
    CHECK_FALSE(video.stopped()); // its section is not rejected yet
    CHECK(thrown_name([&] { video.direction(direction::sendonly); }) == "InvalidStateError");
    auto ours = co_await pc.createOffer();
    CHECK(ours.sdp.find("m=video 0 ") != std::string::npos);
    CHECK(ours.sdp.find("a=sendonly") != std::string::npos);
}

asio::awaitable<void> unbundled(context a, context b) {
    // Two data-only connections lend their transports to one offer of two sections apart.
    auto executor = co_await asio::this_coro::executor;
    PeerConnection one(a), two(a), server(b);
    auto first = one.createDataChannel("one"), second = two.createDataChannel("two");
    auto own = co_await one.createOffer();
    co_await one.setLocalDescription(own);
    auto other = co_await two.createOffer();
    co_await two.setLocalDescription(other);
    auto section = own.sdp.find("m="), ice = own.sdp.find("a=ice-ufrag");
    auto lines = own.sdp.substr(ice, own.sdp.find("a=mid:") - ice);
    auto head = own.sdp.substr(0, own.sdp.find("a=group"));
    auto offer = SessionDescription(
        SdpType::offer, head +
                            "a=ice-options:trickle\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\n" +
                            lines + "a=mid:audio\r\na=rtcp-mux\r\n" + other.sdp.substr(other.sdp.find("m=")));
    co_await server.setRemoteDescription(offer);
    co_await server.setLocalDescription();
    auto answer = server.localDescription()->sdp;
    auto answered_audio = answer.find("m=audio"), answered_data = answer.find("m=application");
    REQUIRE(answered_audio < answered_data);
    auto answered_ice = answer.find("a=ice-ufrag", answered_audio);
    auto their_lines = answer.substr(answered_ice, answer.find("a=mid:", answered_ice) - answered_ice);
    auto answer_head = head + "a=ice-options:trickle\r\n";
    auto for_one = SessionDescription(SdpType::answer, answer_head + own.sdp.substr(section, ice - section) +
                                                           their_lines + "a=mid:0\r\na=sctp-port:5000\r\n");
    auto for_two = SessionDescription(SdpType::answer, answer_head + answer.substr(answered_data));
    co_await one.setRemoteDescription(for_one);
    co_await two.setRemoteDescription(for_two);
    test::spawned t1(executor,
                     [](PeerConnection& from, PeerConnection& x, PeerConnection& y) -> asio::awaitable<void> {
                         try {
                             for (;;) {
                                 auto candidate = co_await from.nextIceCandidate();
                                 if (!candidate) continue;
                                 auto& to = candidate->sdpMid == "audio" ? x : y;
                                 candidate->sdpMid = "0";
                                 co_await to.addIceCandidate(*candidate);
                             }
                         } catch (const boost::system::system_error&) {
                         }
                     }(server, one, two));
    co_await two.connected();
    CHECK(server.connectionState() != PeerConnectionState::failed);
    co_await one.connected();
    co_await server.connected(); // not before both are
    co_await second.opened();
    auto accepted = co_await server.nextDataChannel();
    CHECK(accepted.label() == "two");
    one.close();
    two.close();
    server.close();
    co_await one.closed();
    co_await two.closed();
    co_await server.closed();
}

} // namespace

TEST_CASE("a remote offer brings transceivers; close() stops them") {
    test::two_hosts net;
    net.run(a_remote_offer(net.a), 5s);
    CHECK(net.world.run_dry());
}

TEST_CASE("a rollback takes the offer's transceivers away") {
    test::two_hosts net;
    net.run(rolled_back(net.a), 5s);
}

TEST_CASE("a new direction needs negotiation; stop() rejects with the next offer") {
    test::two_hosts net;
    net.run(wishes_need_negotiation(net.a), 5s);
}

TEST_CASE("sections apart have a transport each, and the connection needs both") {
    test::two_hosts net;
    net.run(unbundled(net.a, net.b), 10s);
    CHECK(net.world.run_dry());
}

TEST_CASE("an empty transceiver handle says so") {
    RtpTransceiver none;
    CHECK_FALSE(none);
    CHECK(thrown_name([&] { (void)none.mid(); }) == "InvalidStateError");
    CHECK(thrown_name([&] { none.stop(); }) == "InvalidStateError");
}
