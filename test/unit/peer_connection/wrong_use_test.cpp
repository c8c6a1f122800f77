#include "test/support/two_hosts.hpp"

using namespace cortc;
using namespace std::chrono_literals;
using test::failure_of;
using test::thrown_name;

namespace {

asio::awaitable<void> operations_in_the_wrong_state(context where) {
    PeerConnection pc(where);
    CHECK(co_await failure_of(pc.createAnswer()) == "InvalidStateError");
    CHECK(co_await failure_of(pc.setLocalDescription(SessionDescription(SdpType::answer, ""))) ==
          "InvalidStateError");
    CHECK(co_await failure_of(pc.setLocalDescription(SessionDescription(SdpType::rollback, ""))) ==
          "InvalidStateError");
    CHECK(co_await failure_of(pc.setLocalDescription(SessionDescription(SdpType::offer, "v=0\r\n"))) ==
          "InvalidModificationError");
    CHECK(co_await failure_of(pc.setRemoteDescription(SessionDescription(SdpType::answer, "v=0\r\n"))) ==
          "InvalidStateError");
    CHECK(pc.signalingState() == SignalingState::stable);
    CHECK_FALSE(pc.localDescription());
}

asio::awaitable<void> syntax_errors_have_a_line(context where) {
    PeerConnection pc(where);
    bool thrown = false;
    try {
        co_await pc.setRemoteDescription(SessionDescription(SdpType::offer, "v=0\r\nnonsense\r\n"));
    } catch (const Error& error) {
        thrown = true;
        CHECK(error.code() == errc::operation);
        CHECK(std::string(error.errorDetail()) == "sdp-syntax-error");
        CHECK(error.sdpLineNumber() == 2);
        CHECK(std::string(error.what()).size() > 10);
    }
    CHECK(thrown);
}

asio::awaitable<void> candidates(context where) {
    PeerConnection pc(where);
    CHECK(co_await failure_of(pc.addIceCandidate(IceCandidate("candidate:1 1 udp 1 192.0.2.1 9 typ host"))) ==
          "TypeError");
    CHECK(co_await failure_of(pc.addIceCandidate(
              IceCandidate("candidate:1 1 udp 1 192.0.2.1 9 typ host", "0"))) == "InvalidStateError");
}

asio::awaitable<void> after_close(context where) {
    PeerConnection pc(where);
    auto channel = pc.createDataChannel("x");
    pc.close();
    pc.close();
    CHECK(pc.signalingState() == SignalingState::closed);
    CHECK(pc.connectionState() == PeerConnectionState::closed);
    CHECK(pc.iceConnectionState() == IceConnectionState::closed);
    CHECK(co_await failure_of(pc.createOffer()) == "InvalidStateError");
    CHECK(co_await failure_of(pc.connected()) == "AbortError");
    CHECK(co_await failure_of(pc.nextDataChannel()) == "AbortError");
    CHECK(co_await failure_of(pc.nextIceCandidate()) == "AbortError");
    CHECK(co_await failure_of(channel.receive()) == "AbortError");
    CHECK(co_await failure_of(channel.send("x")) == "InvalidStateError");
    CHECK(channel.readyState() == DataChannelState::closed);
    CHECK(thrown_name([&] { (void)pc.createDataChannel("y"); }) == "InvalidStateError");
    co_await pc.closed();
}

asio::awaitable<void> two_readers(context where) {
    PeerConnection pc(where);
    auto executor = co_await asio::this_coro::executor;
    bool first_done = false;
    std::exception_ptr first;
    pc.nextDataChannel([&](std::exception_ptr error, DataChannel) {
        first_done = true;
        first = error;
    });
    CHECK(co_await failure_of(pc.nextDataChannel()) == "InvalidStateError");
    CHECK_FALSE(first_done);
    pc.close();
    co_await pc.closed();
    co_await asio::post(executor, asio::use_awaitable);
    CHECK(first_done);
    CHECK(first);
}

DataChannelInit init_with(std::optional<std::uint16_t> lifetime, std::optional<std::uint16_t> retransmits,
                          bool negotiated = false, std::optional<std::uint16_t> id = {}) {
    DataChannelInit init;
    init.maxPacketLifeTime = lifetime;
    init.maxRetransmits = retransmits;
    init.negotiated = negotiated;
    init.id = id;
    return init;
}

} // namespace

TEST_CASE("operations in the wrong state fail by name and change nothing") {
    test::two_hosts net;
    net.run(operations_in_the_wrong_state(net.a), 1s);
    CHECK(net.world.run_dry());
}

TEST_CASE("malformed SDP is an OperationError with its line") {
    test::two_hosts net;
    net.run(syntax_errors_have_a_line(net.a), 1s);
}

TEST_CASE("addIceCandidate checks its arguments, then the state") {
    test::two_hosts net;
    net.run(candidates(net.a), 1s);
}

TEST_CASE("after close everything fails and nothing is left") {
    test::two_hosts net;
    net.run(after_close(net.a), 1s);
    CHECK(net.world.run_dry());
}

TEST_CASE("a stream has one reader") {
    test::two_hosts net;
    net.run(two_readers(net.a), 1s);
}

TEST_CASE("createDataChannel checks in the order of the specification") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    CHECK(thrown_name([&] { (void)pc.createDataChannel(std::string(65536, 'x')); }) == "TypeError");
    CHECK(thrown_name([&] { (void)pc.createDataChannel("x", init_with({}, {}, true)); }) == "TypeError");
    CHECK(thrown_name([&] { (void)pc.createDataChannel("x", init_with(1, 1)); }) == "TypeError");
    CHECK(thrown_name([&] { (void)pc.createDataChannel("x", init_with({}, {}, true, 65535)); }) ==
          "TypeError");
    auto first = pc.createDataChannel("x", init_with({}, {}, true, 7));
    CHECK(first.id() == 7);
    CHECK(thrown_name([&] { (void)pc.createDataChannel("x", init_with({}, {}, true, 7)); }) ==
          "OperationError");
    auto ignored = pc.createDataChannel("x", init_with({}, {}, false, 9));
    CHECK_FALSE(ignored.id()); // not negotiated: chosen by the library
}

TEST_CASE("empty handles and moved-from connections say so") {
    DataChannel none;
    CHECK(thrown_name([&] { (void)none.label(); }) == "InvalidStateError");
    CHECK(thrown_name([&] { (void)none.receive(); }) == "InvalidStateError");
    test::two_hosts net;
    PeerConnection pc(net.a);
    PeerConnection other(std::move(pc));
    CHECK(thrown_name([&] { (void)pc.signalingState(); }) == "InvalidStateError");
    CHECK(other.signalingState() == SignalingState::stable);
}
