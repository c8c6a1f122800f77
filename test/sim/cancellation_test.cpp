#include "test/support/injection.hpp"
#include "test/support/two_hosts.hpp"

using namespace cortc;
using namespace std::chrono_literals;
using test::injector;
using test::interrupted;

namespace {

std::string without_candidates(const std::optional<SessionDescription>& description) {
    if (!description) return "none";
    std::string kept(to_string(description->type));
    std::string_view rest = description->sdp;
    while (!rest.empty()) {
        auto line = rest.substr(0, rest.find('\n') + 1);
        rest.remove_prefix(line.size());
        if (!line.starts_with("a=candidate:") && !line.starts_with("a=end-of-candidates")) kept += line;
    }
    return kept;
}

/// All that an operation of the chain may change.
std::string signaling(const PeerConnection& pc) {
    std::string all(to_string(pc.signalingState()));
    all +=
        without_candidates(pc.currentLocalDescription()) + without_candidates(pc.pendingLocalDescription()) +
        without_candidates(pc.currentRemoteDescription()) + without_candidates(pc.pendingRemoteDescription());
    return all;
}

/// A call in all its parts, each operation a step: set-up with trickled candidates, messages, an offer that
/// is rolled back, an ICE restart, more messages, the end.
class whole_call : public std::enable_shared_from_this<whole_call> {
  public:
    whole_call(injector& steps, const context& first, const context& second)
        : steps_(steps)
        , a(std::make_unique<PeerConnection>(first))
        , b(std::make_unique<PeerConnection>(second)) {}

    asio::awaitable<void> run() {
        co_await set_up();
        co_await messages(3);
        co_await batch();
        co_await rolled_back();
        co_await restart();
        co_await messages(2);
        co_await end();
    }

    injector& steps_;
    std::unique_ptr<PeerConnection> a, b;

  private:
    /// An operation of the chain of `pc`: cancelled, it has changed nothing.
    template <class Make>
    std::invoke_result_t<Make&> chained(PeerConnection& pc, Make make) {
        return steps_.step(std::move(make),
                           [&pc, before = signaling(pc)] { CHECK(signaling(pc) == before); });
    }

    asio::awaitable<void> negotiate(OfferOptions options, bool complete) {
        auto offer = co_await chained(*a, [&] { return a->createOffer(options); });
        co_await chained(*a, [&] { return a->setLocalDescription(offer); });
        if (complete) {
            co_await steps_.step([&] { return a->gatheringComplete(); });
            offer = *a->localDescription();
        }
        co_await chained(*b, [&] { return b->setRemoteDescription(offer); });
        auto answer = co_await chained(*b, [&] { return b->createAnswer(); });
        co_await chained(*b, [&] { return b->setLocalDescription(answer); });
        if (complete) {
            co_await steps_.step([&] { return b->gatheringComplete(); });
            answer = *b->localDescription();
        }
        co_await chained(*a, [&] { return a->setRemoteDescription(answer); });
    }
    /// Until the candidates of the first generation are through.
    static asio::awaitable<void> trickle(std::shared_ptr<whole_call> self,
                                         const std::unique_ptr<PeerConnection>& from,
                                         const std::unique_ptr<PeerConnection>& to) {
        try {
            for (;;) {
                auto candidate = co_await self->steps_.step([&] { return from->nextIceCandidate(); });
                if (!candidate) co_return;
                co_await self->steps_.step([&] { return to->addIceCandidate(*candidate); });
            }
        } catch (const interrupted&) {
        }
    }
    asio::awaitable<void> set_up() {
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        out_ = a->createDataChannel("chat");
        co_await steps_.step([&] { return a->negotiationNeeded(); });
        co_await negotiate({}, false);
        auto failed = [](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
        };
        asio::co_spawn(executor, trickle(shared_from_this(), a, b), failed);
        asio::co_spawn(executor, trickle(shared_from_this(), b, a), failed);
        co_await steps_.step([&] { return a->gatheringComplete(); });
        co_await steps_.step([&] { return b->connected(); });
        co_await steps_.step([&] { return out_.opened(); });
        in_ = co_await steps_.step([&] { return b->nextDataChannel(); });
        CHECK(in_.label() == "chat");
    }
    asio::awaitable<void> messages(int count) {
        for (int i = 0; i < count; ++i) {
            const auto text = std::to_string(next_++);
            co_await steps_.step([&] { return out_.send(text); });
            auto there = co_await steps_.step([&] { return in_.receive(); });
            CHECK(there.text() == text);
            co_await steps_.step([&] { return in_.send(there); });
            co_await steps_.step([&] { return out_.readable(); });
            auto back = co_await steps_.step([&] { return timeout(1s, out_.receive()); });
            CHECK(back.text() == text);
        }
    }
    asio::awaitable<void> batch() {
        std::vector<Message> batch(4);
        int received = 0;
        for (int i = 0; i < 2; ++i) co_await steps_.step([&] { return out_.send("in a batch"); });
        while (received < 2) {
            const std::span<Message> room(batch);
            received += static_cast<int>(co_await steps_.step([&] { return in_.receive(room); }));
        }
        CHECK(received == 2);
        co_await steps_.step([&] { return out_.bufferedAmountLow(); });
    }
    asio::awaitable<void> rolled_back() {
        const SessionDescription rollback(SdpType::rollback, "");
        co_await chained(*b, [&] { return b->setLocalDescription(); });
        CHECK(b->signalingState() == SignalingState::have_local_offer);
        co_await chained(*b, [&] { return b->setLocalDescription(rollback); });
        CHECK(b->signalingState() == SignalingState::stable);
    }
    asio::awaitable<void> restart() {
        OfferOptions options;
        options.iceRestart = true;
        const auto before = b->selectedPair()->local.usernameFragment;
        co_await negotiate(options, true);
        co_await steps_.step([&] { return a->restarted(); });
        co_await steps_.step([&] { return b->restarted(); });
        CHECK(b->selectedPair()->local.usernameFragment != before);
    }
    asio::awaitable<void> end() {
        out_.close();
        co_await steps_.step([&] { return out_.closed(); });
        co_await steps_.step([&] { return in_.closed(); });
        a->close();
        co_await steps_.step([&] { return a->closed(); });
        co_await steps_.step([&] { return b->stateChanged(PeerConnectionState::connected); });
        b->close();
        co_await steps_.step([&] { return b->closed(); });
    }

    DataChannel out_, in_;
    int next_ = 0;
};

enum class what { cancel, destroy_a, destroy_b, destroy_both };

/// Runs a call that destroys what it owns when the injector says so.
asio::awaitable<void> disturbed_call(injector& steps, what kind, context first, context second) {
    auto call = std::make_shared<whole_call>(steps, first, second);
    if (kind != what::cancel) {
        steps.act = [&steps, kind, call] {
            steps.stop();
            if (kind != what::destroy_b) call->a.reset();
            if (kind != what::destroy_a) call->b.reset();
        };
        steps.finish = [call] { // one end alone does not end the operations of the other
            call->a.reset();
            call->b.reset();
        };
    }
    try {
        co_await call->run();
    } catch (const interrupted&) {
        CHECK(kind != what::cancel);
    }
    steps.stop();
    call->a.reset();
    call->b.reset();
}

/// Disturbs every step of the call, each so many turns (and then so long) after it suspended.
struct disturbance {
    what kind;
    unsigned turns = 0;
    duration delay{};
};

void disturb_every_step(test::two_hosts& net, disturbance how) {
    std::size_t at = 0, fired = 0, cancelled = 0;
    for (bool more = true; more; ++at) {
        INFO("step " << at << ", " << how.turns << " turns");
        injector steps(at, how.turns, how.delay);
        net.run(disturbed_call(steps, how.kind, net.a, net.b), 60s);
        REQUIRE(net.world.run_dry(60s));
        if (how.kind == what::destroy_both) CHECK_FALSE(steps.hanging());
        fired += steps.fired();
        cancelled += steps.cancelled();
        more = at < steps.steps();
    }
    CHECK(at > 50);
    CHECK(fired > 2);
    if (how.kind == what::cancel && how.turns == 0) CHECK(cancelled > 2);
}

context with_worker(test::two_hosts& net, std::string_view host) {
    context_options options;
    options.worker = net.io.get_executor(); // in virtual time workers run on the same thread, later
    return context(net.io.get_executor(), net.world.host(host), options);
}

} // namespace

TEST_CASE("cancelled at every operation, a call goes on") {
    test::two_hosts net;
    for (unsigned turns : {0u, 1u, 2u}) disturb_every_step(net, {what::cancel, turns});
}

TEST_CASE("cancelled while every operation is under way, a call goes on") {
    sim::link_options link;
    link.delay = 20ms;
    test::two_hosts net(1, link);
    for (auto delay : {1ms, 20ms, 41ms}) disturb_every_step(net, {what::cancel, 0, delay});
}

TEST_CASE("cancelled at every operation, a call with handshakes on a worker goes on") {
    test::two_hosts net;
    net.a = with_worker(net, "a");
    net.b = with_worker(net, "b");
    for (unsigned turns : {0u, 1u}) disturb_every_step(net, {what::cancel, turns});
}

TEST_CASE("connections can be destroyed at every operation") {
    test::two_hosts net;
    for (auto kind : {what::destroy_a, what::destroy_b, what::destroy_both})
        for (unsigned turns : {0u, 1u}) disturb_every_step(net, {kind, turns});
}

namespace {

/// Calls `then` after so many turns of the executor.
void after_turns(asio::io_context& io, unsigned turns, std::function<void()> then) {
    asio::post(io, [&io, turns, then = std::move(then)]() mutable {
        if (turns == 0) return then();
        after_turns(io, turns - 1, std::move(then));
    });
}

/// Runs a call up to the idle moment `moment` of the simulation, and calls `then` so many turns of the
/// executor after that: the turns in which the next datagram or timer is handled. False when the call was
/// over first.
bool run_to_moment(test::two_hosts& net, const test::spawned& task, std::size_t moment, unsigned turns,
                   const std::function<void()>& then) {
    std::size_t moments = 0;
    auto called = std::make_shared<bool>(false);
    auto call = [called, then] {
        *called = true;
        then();
    };
    net.world.run_until(
        [&] {
            if (moments++ == moment) after_turns(net.io, turns, call);
            return *called || task.done();
        },
        60s);
    return *called;
}

/// Every moment with three of the six turns after it, the next one with the others.
template <class At>
void at_every_moment(At at) {
    bool more = true;
    for (std::size_t moment = 0; more; ++moment)
        for (unsigned turns = moment % 2; more && turns < 6; turns += 2) {
            INFO("moment " << moment << ", " << turns << " turns");
            more = at(moment, turns);
        }
}

void destroy_at_every_moment(test::two_hosts& net) {
    at_every_moment([&](std::size_t moment, unsigned turns) {
        injector steps;
        test::spawned task(net.io.get_executor(), disturbed_call(steps, what::destroy_both, net.a, net.b));
        const bool reached = run_to_moment(net, task, moment, turns, [&] { steps.act(); });
        REQUIRE(net.world.run_until([&] { return task.done(); }, 1s)); // everything completes
        if (!reached) task.rethrow();
        REQUIRE(net.world.run_dry(60s));
        return reached;
    });
}

} // namespace

TEST_CASE("connections can be destroyed at every moment") {
    test::two_hosts net;
    destroy_at_every_moment(net);
}

TEST_CASE("connections with handshakes on a worker can be destroyed at every moment") {
    test::two_hosts net;
    net.a = with_worker(net, "a");
    net.b = with_worker(net, "b");
    destroy_at_every_moment(net);
}

TEST_CASE("an io_context can be destroyed at every moment of a call") {
    at_every_moment([](std::size_t moment, unsigned turns) {
        injector steps;
        test::two_hosts net;
        test::spawned task(net.io.get_executor(), disturbed_call(steps, what::cancel, net.a, net.b));
        return run_to_moment(net, task, moment, turns, [&] { net.io.stop(); });
    });
}
