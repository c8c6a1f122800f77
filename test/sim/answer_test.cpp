#include "cortc/connection/connection.hpp"
#include "test/support/outcome.hpp"
#include "test/support/two_hosts.hpp"
#include "test/unit/peer_connection/observed.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>

#if !defined(CORTC_HEADER_ONLY)
namespace cortc::detail { // a part of answer() that no header declares
asio::awaitable<void> gather_for(std::shared_ptr<connection> impl, duration limit);
}
#endif

using namespace cortc;
using namespace std::chrono_literals;

namespace {

asio::awaitable<SessionDescription> complete_offer(PeerConnection& pc) {
    co_await pc.setLocalDescription();
    co_await pc.gatheringComplete();
    co_return *pc.localDescription();
}

asio::awaitable<void> answered(test::two_hosts& net) {
    PeerConnection a(net.a), b(net.b);
    auto out = a.createDataChannel("x");
    auto offer = co_await complete_offer(a);
    auto reply = co_await answer(b, offer, {.timeout = 1s});
    CHECK(reply.type == SdpType::answer);
    CHECK(reply.sdp.find("a=candidate:") != std::string::npos);
    CHECK(reply.sdp.find("a=end-of-candidates") != std::string::npos);
    CHECK(b.signalingState() == SignalingState::stable);
    co_await a.setRemoteDescription(reply);
    co_await out.opened();
}

asio::awaitable<void> trickled(test::two_hosts& net) {
    PeerConnection a(net.a), b(net.b);
    auto out = a.createDataChannel("x");
    auto offer = co_await complete_offer(a);
    auto reply = co_await answer(b, offer, {.trickle = true});
    co_await a.setRemoteDescription(reply);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    test::spawned rest(executor, test::trickle(b, a));
    co_await out.opened();
}

asio::awaitable<void> failing(test::two_hosts& net) {
    PeerConnection a(net.a), b(net.b);
    const SessionDescription nonsense(SdpType::offer, "nonsense");
    auto ended = co_await test::failure_of(answer(b, nonsense));
    CHECK(ended == "OperationError");
    CHECK(b.signalingState() == SignalingState::stable);
    auto out = a.createDataChannel("x");
    auto offer = co_await complete_offer(a);
    auto closing = answer(b, offer);
    b.close();
    ended = co_await test::failure_of(std::move(closing));
    CHECK(ended == "InvalidStateError");
}

/// The time that gathering may take is over before it began: what is there is in the answer. (Host candidates
/// are always there by then.)
asio::awaitable<void> without_time(test::two_hosts& net) {
    for (const duration limit : {duration(0s), duration(-1s)}) {
        PeerConnection a(net.a), b(net.b);
        auto out = a.createDataChannel("x");
        auto offer = co_await complete_offer(a);
        const auto before = net.world.now();
        AnswerOptions options;
        options.timeout = limit;
        auto reply = co_await answer(b, offer, options);
        CHECK(net.world.now() == before);
        CHECK(reply == *b.localDescription());
        CHECK(reply.sdp.find("a=end-of-candidates") != std::string::npos);
        co_await a.setRemoteDescription(reply);
        co_await out.opened();
    }
}

/// Gathering that does not end in its time is no error, and is not waited for any longer.
asio::awaitable<void> gathering_expires(test::two_hosts& net) {
    auto never_gathers = std::make_shared<connection>(net.b.core(), Configuration());
    for (const duration limit : {duration(0s), duration(50ms), duration(5s)}) {
        const auto before = net.world.now();
        co_await detail::gather_for(never_gathers, limit);
        CHECK(net.world.now() == before + limit);
    }
    auto closing = detail::gather_for(never_gathers, 5s);
    never_gathers->close();
    const std::string ended = co_await test::outcome(std::move(closing));
    CHECK(ended == "AbortError");
}

class failing_provider final : public IdentityProvider {
    asio::awaitable<IdentityAssertionResult> generateAssertion(std::string, std::string,
                                                               IdentityProviderOptions) override {
        throw std::runtime_error("nobody is at home");
        co_return IdentityAssertionResult();
    }
    asio::awaitable<IdentityValidationResult> validateAssertion(std::string, std::string) override {
        co_return IdentityValidationResult();
    }
};

/// The offer was applied, and the answer cannot be created: it is rolled back.
asio::awaitable<void> answer_fails(test::two_hosts& net) {
    PeerConnection a(net.a), b(net.b);
    auto out = a.createDataChannel("x");
    auto offer = co_await complete_offer(a);
    const auto before = test::observed(b);
    b.setIdentityProvider(std::make_shared<failing_provider>());
    const auto stable = SignalingState::stable;
    auto applied = SignalingState::stable;
    b.signalingStateChanged(stable, [&](std::exception_ptr, SignalingState now) { applied = now; });
    std::string ended = co_await test::outcome(answer(b, offer));
    CHECK(ended == "NotReadableError idp-execution-failure");
    CHECK(applied == SignalingState::have_remote_offer);
    // The rollback takes its place on the chain before whatever comes now.
    b.setIdentityProvider(std::shared_ptr<IdentityProvider>());
    ended = co_await test::outcome(b.createAnswer());
    CHECK(ended == "InvalidStateError");
    CHECK(test::observed(b) == before);
    CHECK(b.signalingState() == stable);
    auto reply = co_await answer(b, offer);
    co_await a.setRemoteDescription(reply);
    co_await out.opened();
}

/// Destroyed while it is answered.
asio::awaitable<void> destroyed(test::two_hosts& net, std::size_t turns) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    PeerConnection a(net.a);
    auto b = std::make_unique<PeerConnection>(net.b);
    auto out = a.createDataChannel("x");
    auto offer = co_await complete_offer(a);
    std::optional<std::string> how;
    asio::co_spawn(executor, test::failure_of(answer(*b, offer)),
                   [&](std::exception_ptr, std::string name) { how = name; });
    for (std::size_t i = 0; i < turns; ++i) co_await asio::post(executor, asio::use_awaitable);
    b.reset();
    timer clock(net.a);
    co_await clock.wait(1ms);
    REQUIRE(how);
    CHECK((how->empty() || *how == "AbortError" || *how == "InvalidStateError"));
}

/// Cancelled after so many turns: the offer is applied and answered, or not applied, and the call goes on.
asio::awaitable<void> cancelled(test::two_hosts& net, std::size_t turns, int& rolled_back) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    PeerConnection a(net.a), b(net.b);
    auto out = a.createDataChannel("x");
    auto offer = co_await complete_offer(a);
    const auto before = test::observed(b);
    asio::cancellation_signal signal;
    std::optional<std::exception_ptr> ended;
    SessionDescription reply;
    auto done = [&](std::exception_ptr error, SessionDescription description) {
        ended = error;
        reply = std::move(description);
    };
    asio::co_spawn(executor, answer(b, offer), asio::bind_cancellation_slot(signal.slot(), done));
    for (std::size_t i = 0; i < turns; ++i) co_await asio::post(executor, asio::use_awaitable);
    signal.emit(asio::cancellation_type::terminal);
    timer clock(net.a);
    co_await clock.wait(1ms);
    REQUIRE(ended);
    CHECK(b.signalingState() == SignalingState::stable);
    if (*ended) CHECK(test::told(*ended) == "cancelled");
    if (!b.currentRemoteDescription()) {
        ++rolled_back;
        CHECK(*ended);
        CHECK(test::observed(b) == before);
        reply = co_await answer(b, offer);
    } else if (*ended) {
        co_await b.gatheringComplete();
        reply = *b.localDescription();
    }
    co_await a.setRemoteDescription(reply);
    co_await out.opened();
}

} // namespace

TEST_CASE("answer: one call from an offer to a complete answer") {
    test::two_hosts net;
    net.run(answered(net), 10s);
    CHECK(net.world.run_dry());
}

TEST_CASE("answer: with trickled candidates nobody waits") {
    test::two_hosts net;
    net.run(trickled(net), 10s);
    CHECK(net.world.run_dry());
}

TEST_CASE("answer: failures leave the connection as it was") {
    test::two_hosts net;
    net.run(failing(net), 10s);
    CHECK(net.world.run_dry());
}

TEST_CASE("answer: without time for gathering there is what there is") {
    test::two_hosts net;
    net.run(without_time(net), 10s);
    CHECK(net.world.run_dry());
}

TEST_CASE("answer: gathering ends when its time is over") {
    test::two_hosts net;
    net.run(gathering_expires(net), 10s);
    CHECK(net.world.run_dry());
}

TEST_CASE("answer: when no answer can be created, the offer is rolled back") {
    test::two_hosts net;
    net.run(answer_fails(net), 10s);
    CHECK(net.world.run_dry());
}

TEST_CASE("answer: the connection may be destroyed meanwhile") {
    test::two_hosts net;
    for (std::size_t turns = 0; turns < 20; ++turns) {
        net.run(destroyed(net, turns), 10s);
        REQUIRE(net.world.run_dry());
    }
}

TEST_CASE("answer: cancelled before the answer is applied, the offer is rolled back") {
    test::two_hosts net;
    int rolled_back = 0;
    for (std::size_t turns = 0; turns < 20; ++turns) {
        net.run(cancelled(net, turns, rolled_back), 20s);
        REQUIRE(net.world.run_dry());
    }
    CHECK(rolled_back > 0);
    CHECK(rolled_back < 20);
}
