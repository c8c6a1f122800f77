#include "test/unit/peer_connection/observed.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/use_future.hpp>

#include <future>

using namespace cortc;
using namespace std::chrono_literals;
using test::failure_of;
using test::thrown_name;

// The operations chain (webrtc-pc 4.4.1.2), and what createOffer and createAnswer wait for and return.

namespace {

asio::awaitable<void> closed_connection(context a) {
    PeerConnection pc(a);
    auto sender = pc.addTransceiver("audio").sender();
    pc.close();
    co_await test::turns(); // the receiver's track ends in a task
    const auto before = test::observed(pc);
    SessionDescription offer(SdpType::offer, "nonsense"), rollback(SdpType::rollback, "");
    IceCandidate candidate("nonsense", "0"), end;
    CHECK(co_await failure_of(pc.createOffer()) == "InvalidStateError");
    CHECK(co_await failure_of(pc.createAnswer()) == "InvalidStateError");
    CHECK(co_await failure_of(pc.setLocalDescription()) == "InvalidStateError");
    CHECK(co_await failure_of(pc.setLocalDescription(offer)) == "InvalidStateError");
    CHECK(co_await failure_of(pc.setLocalDescription(rollback)) == "InvalidStateError");
    CHECK(co_await failure_of(pc.setRemoteDescription(offer)) == "InvalidStateError");
    CHECK(co_await failure_of(pc.setRemoteDescription(rollback)) == "InvalidStateError");
    CHECK(co_await failure_of(pc.addIceCandidate(candidate)) == "InvalidStateError");
    CHECK(co_await failure_of(pc.addIceCandidate(end)) == "InvalidStateError");
    CHECK(co_await failure_of(sender.replaceTrack(std::nullopt)) == "InvalidStateError");
    CHECK(co_await failure_of(pc.getIdentityAssertion()) == "InvalidStateError");
    CHECK(test::observed(pc) == before);
}

asio::awaitable<void> in_the_order_of_their_calls(context a) {
    test::waiting_context waiting(a);
    PeerConnection pc(waiting.where);
    MediaStreamTrack track(a, MediaKind::audio);
    auto sender = pc.addTransceiver("audio").sender();
    std::vector<std::string> order;
    SessionDescription rollback(SdpType::rollback, ""), answer(SdpType::answer, "x");
    IceCandidate candidate("nonsense", "0");
    pc.createOffer(test::noting(order, "offer")); // waits for its certificate
    sender.replaceTrack(track, test::noting(order, "track"));
    pc.createAnswer(test::noting(order, "answer"));
    pc.setLocalDescription(test::noting(order, "local"));
    pc.addIceCandidate(candidate, test::noting(order, "candidate"));
    pc.setRemoteDescription(answer, test::noting(order, "remote"));
    pc.setLocalDescription(rollback, test::noting(order, "rollback"));
    pc.createOffer(test::noting(order, "again"));
    co_await test::turns(30);
    CHECK(order.empty());
    CHECK_FALSE(sender.track());
    CHECK_FALSE(pc.tryNegotiationNeeded()); // not before the chain is empty
    waiting.release();
    co_await test::turns(100);
    const std::vector<std::string> expected{"offer",
                                            "track",
                                            "answer InvalidStateError",
                                            "local",
                                            "candidate InvalidStateError",
                                            "remote OperationError sdp-syntax-error",
                                            "rollback",
                                            "again"};
    CHECK(order == expected);
    CHECK(sender.track() == track);
    CHECK(pc.tryNegotiationNeeded());
    CHECK_FALSE(pc.tryNegotiationNeeded());
}

asio::awaitable<void> when_awaited(context a) {
    PeerConnection pc(a);
    pc.addTransceiver("audio");
    auto later = pc.setLocalDescription(); // not awaited yet: it has no place
    std::vector<std::string> order;
    pc.createOffer(test::noting(order, "offer"));
    co_await test::turns();
    CHECK(order == std::vector<std::string>{"offer"});
    CHECK(pc.signalingState() == SignalingState::stable);
    co_await std::move(later);
    CHECK(pc.signalingState() == SignalingState::have_local_offer);
}

asio::awaitable<void> each_leaves_what_it_did(context a) {
    // Who awaited an operation sees what that one left, though another was called behind it.
    PeerConnection pc(a);
    pc.addTransceiver("audio");
    std::vector<SignalingState> seen;
    auto see = [&](std::exception_ptr error) {
        CHECK_FALSE(error);
        seen.push_back(pc.signalingState());
    };
    SessionDescription rollback(SdpType::rollback, "");
    pc.setLocalDescription(see);
    pc.setLocalDescription(rollback, see);
    pc.setLocalDescription(see);
    co_await test::turns(30);
    CHECK(seen == std::vector<SignalingState>{SignalingState::have_local_offer, SignalingState::stable,
                                              SignalingState::have_local_offer});
}

} // namespace

TEST_CASE("Operations chain: closed is InvalidStateError for every operation, whatever its arguments") {
    test::two_hosts net;
    net.run(closed_connection(net.a), 1s);
    CHECK(net.world.run_dry());
}

TEST_CASE("Operations chain: operations run one after another in the order of their calls") {
    test::two_hosts net;
    net.run(in_the_order_of_their_calls(net.a), 1s);
}

TEST_CASE("Operations chain: under use_awaitable an operation takes its place when it is awaited") {
    test::two_hosts net;
    net.run(when_awaited(net.a), 1s);
}

TEST_CASE("Operations chain: the next operation begins when the one before it was seen") {
    test::two_hosts net;
    net.run(each_leaves_what_it_did(net.a), 1s);
}

TEST_CASE("Operations chain: close() completes what waits with errc::aborted") {
    test::two_hosts net;
    test::waiting_context waiting(net.a);
    PeerConnection pc(waiting.where);
    std::vector<std::string> order;
    IceCandidate end;
    pc.createOffer(test::noting(order, "offer"));
    pc.createAnswer(test::noting(order, "answer"));
    pc.setLocalDescription(test::noting(order, "local"));
    pc.addIceCandidate(end, test::noting(order, "candidate"));
    net.world.run_for(1s);
    CHECK(order.empty());
    pc.close();
    CHECK(order.empty()); // never from inside the call
    net.world.run_for(1ms);
    CHECK(order == std::vector<std::string>{"offer AbortError", "answer AbortError", "local AbortError",
                                            "candidate AbortError"});
    waiting.release();
    CHECK(net.world.run_dry());
}

// ---- createOffer, createAnswer

namespace {

asio::awaitable<void> tokens(context a, context b) {
    PeerConnection one(a), other(b);
    one.addTransceiver("audio");
    bool inside = true;
    std::string by_callback;
    one.createOffer([&](std::exception_ptr error, SessionDescription offer) {
        CHECK_FALSE(inside); // never inside the call
        CHECK_FALSE(error);
        CHECK(offer.type == SdpType::offer);
        by_callback = offer.sdp;
    });
    inside = false;
    co_await test::turns();
    CHECK(by_callback.starts_with("v=0"));
    OfferOptions options;
    std::string with_options;
    one.createOffer(options, [&](std::exception_ptr, SessionDescription offer) { with_options = offer.sdp; });
    auto deferred = one.createOffer(asio::deferred);
    co_await test::turns();
    CHECK(with_options.starts_with("v=0"));
    auto [error, offer] = co_await one.createOffer(asio::as_tuple(asio::use_awaitable));
    CHECK_FALSE(error);
    CHECK(offer.sdp.starts_with("v=0"));
    bool ran = false;
    std::move(deferred)([&](std::exception_ptr failed, SessionDescription made) {
        ran = !failed && made.sdp.starts_with("v=0");
        offer = std::move(made);
    });
    co_await test::turns();
    CHECK(ran);
    co_await one.setLocalDescription(offer); // the one that was created last

    std::string failure, empty = "not yet";
    other.createAnswer([&](std::exception_ptr failed, SessionDescription none) {
        failure = test::told(failed);
        empty = none.sdp;
    });
    co_await test::turns();
    CHECK(failure == "InvalidStateError");
    CHECK(empty.empty());
    co_await other.setRemoteDescription(offer);
    SessionDescription answer;
    other.createAnswer([&](std::exception_ptr, SessionDescription made) { answer = std::move(made); });
    co_await test::turns();
    CHECK(answer.type == SdpType::answer);
    CHECK(answer.sdp.starts_with("v=0"));
    bool applied = false;
    other.setLocalDescription(answer, [&](std::exception_ptr failed) { applied = !failed; });
    co_await test::turns();
    CHECK(applied);
}

} // namespace

TEST_CASE("createOffer, createAnswer: callbacks and other completion tokens do what the awaited form does") {
    test::two_hosts net;
    net.run(tokens(net.a, net.b), 1s);
    PeerConnection pc(net.a);
    auto offer = pc.createOffer(asio::use_future);
    auto refused = pc.createAnswer(asio::use_future);
    net.world.run_for(1ms);
    CHECK(offer.get().sdp.starts_with("v=0"));
    CHECK(thrown_name([&] { (void)refused.get(); }) == "InvalidStateError");
}

TEST_CASE("createOffer, createAnswer: they wait for the certificate, and only for it") {
    test::two_hosts net;
    test::waiting_context waiting(net.a);
    PeerConnection pc(waiting.where), other(net.b);
    auto channel = pc.createDataChannel("x");
    auto offer = test::offering(pc);
    net.world.run_for(1s);
    CHECK_FALSE(offer.done());
    pc.addTransceiver("audio"); // what changes meanwhile is in the offer
    waiting.release();
    net.world.run_for(1ms);
    REQUIRE(offer.done());
    CHECK(offer.value().sdp.find("m=audio") != std::string::npos);
    CHECK(offer.value().sdp.find("a=fingerprint:sha-256 ") != std::string::npos);

    test::waiting_context also(net.b);
    PeerConnection answerer(also.where);
    test::cancellable<SessionDescription> answer([&](auto token) {
        answerer.setRemoteDescription(offer.value(), [](std::exception_ptr error) { CHECK_FALSE(error); });
        answerer.createAnswer(std::move(token));
    });
    net.world.run_for(1s);
    CHECK(answerer.signalingState() == SignalingState::have_remote_offer); // that needs none
    CHECK_FALSE(answer.done());
    also.release();
    net.world.run_for(1ms);
    CHECK(answer.outcome().empty());
    CHECK(answer.value().type == SdpType::answer);
}
