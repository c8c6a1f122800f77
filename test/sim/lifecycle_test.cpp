#include "test/support/sim_call.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <set>

using namespace cortc;
using namespace std::chrono_literals;
using namespace boost::asio::experimental::awaitable_operators;

// How connections and their operations begin and end, in order and out of it.

namespace {

/// A connection with one channel that both ends have opened.
struct open_call {
    test::sim_call call;
    DataChannel a, b;

    explicit open_call(std::uint64_t seed = 1, const sim::link_options& link = test::link_of(10ms),
                       context_options options = {})
        : call(seed, link, std::move(options)) {
        a = call.offerer->createDataChannel("zero", test::channel_init(true, {}, 0));
        b = call.answerer->createDataChannel("zero", test::channel_init(true, {}, 0));
        auto set_up = [&]() -> asio::awaitable<void> {
            co_await call.set_up();
            co_await a.opened();
            co_await b.opened();
        };
        call.run(set_up(), 60s);
    }
    asio::awaitable<void> ping() {
        co_await a.send("ping");
        auto there = co_await b.receive();
        CHECK(there.text() == "ping");
        co_await b.send("pong");
        auto back = co_await a.receive();
        CHECK(back.text() == "pong");
    }
};

SessionDescription rollback() { return {SdpType::rollback, ""}; }

} // namespace

TEST_CASE("life: a rolled back restart keeps the path, ours and the peer's") {
    open_call run;
    run.call.rolls_back = true;
    auto& a = *run.call.offerer;
    auto& b = *run.call.answerer;
    auto body = [&]() -> asio::awaitable<void> {
        const auto before = a.selectedPair();
        for (int round = 0; round < 3; ++round) {
            auto offer = co_await a.createOffer(OfferOptions{true});
            co_await a.setLocalDescription(offer);
            co_await run.ping();
            co_await b.setRemoteDescription(offer);
            co_await run.ping();
            auto undo = rollback();
            co_await b.setRemoteDescription(undo);
            co_await run.ping();
            co_await a.setLocalDescription(undo);
            co_await run.ping();
            CHECK(a.signalingState() == SignalingState::stable);
            CHECK(b.signalingState() == SignalingState::stable);
            CHECK(a.iceGatheringState() == IceGatheringState::complete);
            co_await run.call.pause(3s);
            co_await run.ping();
            CHECK(a.selectedPair()->local == before->local);
            co_await a.restarted(); // the generation before is the current one again
        }
        co_await run.call.negotiate(b, a, OfferOptions{true});
        co_await a.restarted();
        co_await b.restarted();
        CHECK(a.selectedPair()->local.usernameFragment != before->local.usernameFragment);
        co_await run.ping();
    };
    run.call.run(body(), 60s);
    CHECK(run.call.world.open_sockets() <= 4);
    run.call.finish();
}

TEST_CASE("life: colliding offers are settled by a rollback, with restarts too") {
    for (bool restart : {false, true}) {
        open_call run;
        run.call.rolls_back = true;
        auto& a = *run.call.offerer;
        auto& b = *run.call.answerer;
        auto body = [&]() -> asio::awaitable<void> {
            auto mine = co_await a.createOffer(OfferOptions{restart});
            auto theirs = co_await b.createOffer(OfferOptions{restart});
            co_await a.setLocalDescription(mine);
            co_await b.setLocalDescription(theirs);
            co_await b.setRemoteDescription(mine); // b yields: its offer is rolled back
            CHECK(b.signalingState() == SignalingState::have_remote_offer);
            co_await b.setLocalDescription();
            auto answer = *b.localDescription();
            co_await a.setRemoteDescription(answer);
            CHECK(a.signalingState() == SignalingState::stable);
            CHECK(b.signalingState() == SignalingState::stable);
            co_await a.restarted();
            co_await b.restarted();
            co_await run.ping();
        };
        run.call.run(body(), 10s);
        run.call.finish();
    }
}

TEST_CASE("life: a first offer that is rolled back leaves nothing behind") {
    test::sim_call call(1, test::link_of(5ms));
    call.rolls_back = true;
    auto body = [&]() -> asio::awaitable<void> {
        auto channel = call.offerer->createDataChannel("x");
        co_await call.offerer->setLocalDescription();
        co_await call.offerer->gatheringComplete();
        auto undo = rollback();
        co_await call.offerer->setLocalDescription(undo);
        CHECK_FALSE(call.offerer->localDescription());
        CHECK(call.world.open_sockets() == 0);
        CHECK(co_await call.offerer->iceGatheringStateChanged(IceGatheringState::complete) ==
              IceGatheringState::new_);
        co_await call.set_up(); // and it can be done again
        co_await channel.opened();
    };
    call.run(body(), 5s);
    call.finish();
}

TEST_CASE("life: further negotiations, by either side, change nothing that works") {
    open_call run;
    auto& a = *run.call.offerer;
    auto& b = *run.call.answerer;
    auto body = [&]() -> asio::awaitable<void> {
        const auto pair = a.selectedPair();
        co_await run.call.negotiate(a, b);
        co_await run.ping();
        co_await run.call.negotiate(b, a);
        co_await run.ping();
        auto further = b.createDataChannel("needs no negotiation");
        co_await further.opened();
        auto accepted = co_await a.nextDataChannel();
        CHECK(accepted.label() == "needs no negotiation");
        co_await run.call.negotiate(b, a);
        co_await run.ping();
        CHECK(a.selectedPair()->local == pair->local);
        CHECK(a.selectedPair()->remote == pair->remote);
    };
    run.call.run(body(), 5s);
    run.call.finish();
}

TEST_CASE("life: a close is noticed by the peer at once, whoever closes and however") {
    for (bool offerer_closes : {false, true})
        for (bool destroy : {false, true}) {
            open_call run;
            auto& leaving = offerer_closes ? run.call.offerer : run.call.answerer;
            auto& staying = offerer_closes ? run.call.answerer : run.call.offerer;
            auto channel = offerer_closes ? run.b : run.a;
            const auto began = run.call.world.now();
            if (destroy)
                leaving.reset();
            else
                leaving->close();
            std::string read, waited;
            auto body = [&]() -> asio::awaitable<void> {
                read = co_await test::failure_of(channel.receive());
                waited = co_await test::failure_of(staying->connected());
            };
            run.call.run(body(), 11ms); // one way
            CHECK(run.call.world.now() - began == 10ms);
            CHECK_FALSE(read.empty());
            CHECK(waited == "NetworkError");
            CHECK(channel.readyState() == DataChannelState::closed);
            CHECK(staying->connectionState() == PeerConnectionState::failed);
            REQUIRE(staying->failure());
            CHECK(staying->failure()->detail() == error_detail::peer_closed);
            staying->close();
            CHECK(run.call.world.run_dry(1s));
        }
}

TEST_CASE("life: what was sent right before close() arrives") {
    // Of the channel: all of it, whatever the network. Of the connection: what needs no retransmission and no
    // window.
    for (double loss : {0.0, 0.1}) {
        open_call run(5, test::link_of(10ms, loss));
        auto channel = run.call.offerer->createDataChannel("ends");
        int received = 0;
        std::string end;
        auto body = [&]() -> asio::awaitable<void> {
            co_await channel.opened();
            auto accepted = co_await run.call.answerer->nextDataChannel();
            const std::string text(10'000, 'x');
            for (int i = 0; i < 50; ++i) co_await channel.send(text);
            channel.close();
            CHECK(channel.readyState() == DataChannelState::closing);
            CHECK(co_await test::failure_of(channel.send("late")) == "InvalidStateError");
            try {
                for (;; ++received) {
                    auto message = co_await accepted.receive();
                    CHECK(message.size() == text.size());
                }
            } catch (const Error& error) {
                CHECK(error.code() == errc::closed);
            }
            co_await channel.closed();
        };
        run.call.run(body(), 60s);
        CHECK(received == 50);
        run.call.finish();
    }
    open_call run;
    auto body = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 5; ++i) co_await run.a.send(std::to_string(i));
        CHECK(run.a.trySend("last"));
        run.call.offerer->close();
        for (int i = 0; i < 5; ++i) {
            auto message = co_await run.b.receive();
            CHECK(message.text() == std::to_string(i));
        }
        auto last = co_await run.b.receive();
        CHECK(last.text() == "last");
        CHECK_FALSE((co_await test::failure_of(run.b.receive())).empty());
    };
    run.call.run(body(), 1s);
    run.call.finish();
}

namespace {

/// One end of a call whose connection may be destroyed at any moment: everything holds the end, not the
/// connection, and looks whether it is still there.
struct mortal {
    std::optional<PeerConnection> pc;
    std::vector<DataChannel> channels;
};
using mortal_ptr = std::shared_ptr<mortal>;

/// Ends quietly when a connection is gone.
asio::awaitable<void> survive(asio::awaitable<void> body) {
    try {
        co_await std::move(body);
    } catch (const boost::system::system_error&) {
    }
}
asio::awaitable<void> mortal_call(mortal_ptr a, mortal_ptr b) {
    auto offer = co_await a->pc->createOffer();
    if (a->pc) co_await a->pc->setLocalDescription(offer);
    if (b->pc) co_await b->pc->setRemoteDescription(offer);
    if (b->pc) co_await b->pc->setLocalDescription();
    if (!b->pc) co_return;
    auto answer = *b->pc->localDescription();
    if (a->pc) co_await a->pc->setRemoteDescription(answer);
}
asio::awaitable<void> mortal_trickle(mortal_ptr from, mortal_ptr to) {
    while (from->pc && to->pc) {
        auto candidate = co_await from->pc->nextIceCandidate();
        if (candidate && to->pc) co_await to->pc->addIceCandidate(*candidate);
    }
}
asio::awaitable<void> mortal_talk(mortal_ptr me) {
    if (!me->pc) co_return;
    auto channel = me->pc->createDataChannel("talk");
    me->channels.push_back(channel);
    co_await channel.opened();
    const std::string text(3000, 'x');
    for (int i = 0; i < 20; ++i) co_await channel.send(text);
    channel.close();
    co_await channel.closed();
}
asio::awaitable<void> mortal_listen(mortal_ptr me) {
    while (me->pc) {
        auto channel = co_await me->pc->nextDataChannel();
        me->channels.push_back(channel);
        try {
            for (;;) {
                auto message = co_await channel.receive();
                co_await channel.send(message);
            }
        } catch (const boost::system::system_error&) {
        }
    }
}
asio::awaitable<void> mortal_wait(mortal_ptr me) {
    if (me->pc) co_await me->pc->connected();
    auto state = PeerConnectionState::connected;
    while (me->pc) state = co_await me->pc->stateChanged(state);
}

} // namespace

TEST_CASE("life: connections destroyed at any point of a call leave nothing") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        sim::seeded_random random(seed);
        test::two_hosts net(
            seed, test::link_of(std::chrono::milliseconds(random.next() % 20), random.chance(0.3) ? 0.1 : 0));
        auto a = std::make_shared<mortal>(), b = std::make_shared<mortal>();
        a->pc.emplace(net.a);
        b->pc.emplace(net.b);
        std::vector<test::spawned> all;
        auto spawn = [&](asio::awaitable<void> body) {
            all.emplace_back(net.io.get_executor(), survive(std::move(body)));
        };
        spawn(mortal_talk(a)); // the channel, so that the offer has a section
        spawn(mortal_call(a, b));
        spawn(mortal_trickle(a, b));
        spawn(mortal_trickle(b, a));
        spawn(mortal_talk(b));
        for (const auto& end : {a, b}) {
            spawn(mortal_listen(end));
            spawn(mortal_wait(end));
        }
        // At a time of the set-up or the transfer, and there after a number of handlers of that instant.
        auto destroy = [&](mortal_ptr end) -> asio::awaitable<void> {
            const auto time = std::chrono::microseconds(random.next() % (seed % 3 == 0 ? 20'000 : 400'000));
            const auto hops = random.next() % 12;
            timer clock(net.a);
            co_await clock.wait(time);
            for (std::uint64_t i = 0; i < hops; ++i) co_await asio::post(asio::use_awaitable);
            end->pc.reset();
        };
        auto first = random.chance(0.5) ? a : b;
        auto second = first == a ? b : a;
        all.emplace_back(net.io.get_executor(), destroy(first));
        if (random.chance(0.5)) all.emplace_back(net.io.get_executor(), destroy(second));
        net.world.run_for(1s);
        CHECK_FALSE(first->pc);
        second->pc.reset();
        REQUIRE(net.world.run_dry(1s));
        for (const auto& each : all) {
            REQUIRE(each.done());
            each.rethrow();
        }
        for (const auto& end : {a, b})
            for (const auto& channel : end->channels) CHECK(channel.readyState() == DataChannelState::closed);
    }
}

namespace {

using operation = std::function<asio::awaitable<void>(asio::cancellation_signal&)>;

/// Runs an operation, cancels it after a number of hops, and again until it got through. An operation is
/// applied, or cancelled and not applied.
asio::awaitable<void> cancel_later(test::sim_call& call, std::uint64_t hops, duration time,
                                   asio::cancellation_signal& signal) {
    if (time > duration::zero()) co_await call.pause(time);
    for (std::uint64_t i = 0; i < hops; ++i) co_await asio::post(asio::use_awaitable);
    signal.emit(asio::cancellation_type::terminal);
}
asio::awaitable<void> insist(test::sim_call& call, operation what, sim::seeded_random& random,
                             int& cancelled) {
    for (int attempt = 0;; ++attempt) {
        asio::cancellation_signal signal;
        std::optional<test::spawned> canceller;
        const auto time = attempt % 2 == 0 ? 0us : std::chrono::microseconds(random.next() % 4000);
        if (attempt < 10) canceller.emplace(call.spawn(cancel_later(call, random.next() % 6, time, signal)));
        bool done = true;
        try {
            co_await what(signal);
        } catch (const boost::system::system_error& error) {
            if (error.code() != asio::error::operation_aborted) throw;
            done = false;
            ++cancelled;
        }
        while (canceller && !canceller->done()) co_await call.pause(1ms); // it refers to the signal
        if (done) co_return;
    }
}

template <class Start>
operation cancellable(Start start) {
    return [start](asio::cancellation_signal& signal) -> asio::awaitable<void> {
        co_await start(asio::bind_cancellation_slot(signal.slot(), asio::use_awaitable));
    };
}

} // namespace

TEST_CASE("life: operations cancelled at any moment are applied or not, and can be repeated") {
    int cancelled = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        sim::seeded_random random(seed);
        test::sim_call call(seed, test::link_of(2ms));
        auto& a = *call.offerer;
        auto& b = *call.answerer;
        auto channel = a.createDataChannel("x");
        SessionDescription offer, answer;
        auto body = [&]() -> asio::awaitable<void> {
            auto run = [&](operation what) { return insist(call, std::move(what), random, cancelled); };
            co_await run([&](asio::cancellation_signal& signal) -> asio::awaitable<void> {
                offer =
                    co_await a.createOffer(asio::bind_cancellation_slot(signal.slot(), asio::use_awaitable));
            });
            co_await run(cancellable([&](auto token) { return a.setLocalDescription(offer, token); }));
            co_await run(cancellable([&](auto token) { return b.setRemoteDescription(offer, token); }));
            co_await run([&](asio::cancellation_signal& signal) -> asio::awaitable<void> {
                answer =
                    co_await b.createAnswer(asio::bind_cancellation_slot(signal.slot(), asio::use_awaitable));
            });
            co_await run(cancellable([&](auto token) { return b.setLocalDescription(answer, token); }));
            co_await run(cancellable([&](auto token) { return a.setRemoteDescription(answer, token); }));
            for (auto [from, to] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
                for (;;) {
                    std::optional<IceCandidate> candidate;
                    co_await run([&](asio::cancellation_signal& signal) -> asio::awaitable<void> {
                        candidate = co_await from->nextIceCandidate(
                            asio::bind_cancellation_slot(signal.slot(), asio::use_awaitable));
                    });
                    if (!candidate) break;
                    co_await run(
                        cancellable([&](auto token) { return to->addIceCandidate(*candidate, token); }));
                }
            }
            co_await run(cancellable([&](auto token) { return a.connected(token); }));
            co_await run(cancellable([&](auto token) { return channel.opened(token); }));
            DataChannel accepted;
            co_await run([&](asio::cancellation_signal& signal) -> asio::awaitable<void> {
                accepted = co_await b.nextDataChannel(
                    asio::bind_cancellation_slot(signal.slot(), asio::use_awaitable));
            });
            for (int i = 0; i < 20; ++i) {
                const auto text = std::to_string(i);
                co_await run(cancellable([&](auto token) { return channel.send(text, token); }));
                std::string got;
                co_await run([&](asio::cancellation_signal& signal) -> asio::awaitable<void> {
                    auto message = co_await accepted.receive(
                        asio::bind_cancellation_slot(signal.slot(), asio::use_awaitable));
                    got = message.text();
                });
                CHECK(got == text); // neither lost nor sent twice
            }
        };
        call.run(body(), 10s);
        CHECK(a.signalingState() == SignalingState::stable);
        call.finish();
    }
    test::figure("{} operations were cancelled", cancelled);
    CHECK(cancelled > 1000);
}

TEST_CASE("life: levels race timers under || without a leak") {
    open_call run;
    auto body = [&]() -> asio::awaitable<void> {
        int readable = 0, late = 0;
        timer clock(run.call.a);
        auto sending = [&]() -> asio::awaitable<void> {
            timer own(run.call.a);
            for (int i = 0; i < 50; ++i) {
                co_await run.a.send(std::to_string(i));
                co_await own.wait(std::chrono::milliseconds(i % 17));
            }
        };
        auto sender = run.call.spawn(sending());
        int received = 0;
        while (received < 50) {
            const auto which = co_await (run.b.readable() || clock.wait(7ms));
            which.index() == 0 ? ++readable : ++late;
            while (auto message = run.b.tryReceive()) CHECK(message->text() == std::to_string(received++));
        }
        CHECK(readable > 10);
        CHECK(late > 10);
        // All of these lose against a timer.
        co_await (run.call.offerer->negotiationNeeded() || clock.wait(5ms));
        co_await (run.call.offerer->dataChannelReadable() || clock.wait(5ms));
        co_await (run.b.closed() || clock.wait(5ms));
        co_await (run.b.readable() || clock.wait(5ms));
        while (!sender.done()) co_await clock.wait(5ms);
        co_await run.ping();
    };
    run.call.run(body(), 10s);
    run.call.finish();
}

TEST_CASE("life: many connections of one context do not disturb each other") {
    test::two_hosts net(1, test::link_of(5ms));
    struct pair {
        PeerConnection a, b;
        DataChannel out, in;
    };
    std::vector<std::unique_ptr<pair>> pairs;
    std::vector<test::spawned> trickling;
    for (int i = 0; i < 12; ++i) {
        pairs.push_back(std::make_unique<pair>(pair{PeerConnection(net.a), PeerConnection(net.b), {}, {}}));
        auto& each = *pairs.back();
        each.out = each.a.createDataChannel("n" + std::to_string(i), test::channel_init(true, {}, 7));
        each.in = each.b.createDataChannel("n" + std::to_string(i), test::channel_init(true, {}, 7));
    }
    auto body = [&]() -> asio::awaitable<void> {
        for (auto& each : pairs) {
            co_await test::negotiate(each->a, each->b);
            trickling.emplace_back(net.io.get_executor(), test::trickle(each->a, each->b));
            trickling.emplace_back(net.io.get_executor(), test::trickle(each->b, each->a));
        }
        for (auto& each : pairs) {
            co_await each->in.opened();
            co_await each->out.opened(); // one way later
        }
        for (int round = 0; round < 6; ++round) {
            for (std::size_t i = 0; i < pairs.size(); ++i) co_await pairs[i]->out.send(std::to_string(i));
            for (std::size_t i = 0; i < pairs.size(); ++i) {
                auto message = co_await pairs[i]->in.receive();
                CHECK(message.text() == std::to_string(i));
            }
            pairs[static_cast<std::size_t>(round)]->a.close(); // the others go on
            pairs.erase(pairs.begin() + round);
        }
    };
    net.run(body(), 10s);
    pairs.clear();
    CHECK(net.world.run_dry(1s));
    for (const auto& each : trickling) CHECK(each.done());
}

TEST_CASE("life: both ends in one context") {
    test::two_hosts net(1, test::link_of(5ms));
    PeerConnection a(net.a), b(net.a);
    auto out = a.createDataChannel("x", test::channel_init(true, {}, 1));
    auto in = b.createDataChannel("x", test::channel_init(true, {}, 1));
    std::vector<test::spawned> trickling;
    auto body = [&]() -> asio::awaitable<void> {
        co_await test::negotiate(a, b);
        trickling.emplace_back(net.io.get_executor(), test::trickle(a, b));
        trickling.emplace_back(net.io.get_executor(), test::trickle(b, a));
        co_await out.opened();
        co_await in.opened();
        for (std::uint64_t i = 0; i < 50; ++i) {
            const auto data = test::pattern(1000 * i, i);
            co_await out.send(byte_view(data));
            auto there = co_await in.receive();
            co_await in.send(there);
            auto back = co_await out.receive();
            CHECK(std::ranges::equal(back.data(), data));
        }
    };
    net.run(body(), 1s);
    a.close();
    CHECK(net.world.run_until([&] { return b.connectionState() == PeerConnectionState::failed; }, 1ms));
    b.close();
    CHECK(net.world.run_dry(1s));
}

TEST_CASE("life: a provisional answer connects, the answer confirms it") {
    test::sim_call call(1, test::link_of(5ms));
    auto& a = *call.offerer;
    auto& b = *call.answerer;
    auto channel = a.createDataChannel("early");
    auto body = [&]() -> asio::awaitable<void> {
        auto offer = co_await a.createOffer();
        co_await a.setLocalDescription(offer);
        co_await b.setRemoteDescription(offer);
        auto answer = co_await b.createAnswer();
        auto provisional = SessionDescription(SdpType::pranswer, answer.sdp);
        co_await b.setLocalDescription(provisional);
        CHECK(b.signalingState() == SignalingState::have_local_pranswer);
        co_await a.setRemoteDescription(provisional);
        CHECK(a.signalingState() == SignalingState::have_remote_pranswer);
        call.trickling.push_back(call.spawn(call.trickle(a, b)));
        call.trickling.push_back(call.spawn(call.trickle(b, a)));
        co_await channel.opened();
        co_await channel.send("before the answer");
        auto accepted = co_await b.nextDataChannel();
        auto early = co_await accepted.receive();
        CHECK(early.text() == "before the answer");
        auto final_answer = co_await b.createAnswer();
        co_await b.setLocalDescription(final_answer);
        co_await a.setRemoteDescription(final_answer);
        CHECK(a.signalingState() == SignalingState::stable);
        CHECK(b.signalingState() == SignalingState::stable);
        co_await accepted.send("after it");
        auto late = co_await channel.receive();
        CHECK(late.text() == "after it");
    };
    call.run(body(), 1s);
    call.finish();
}

TEST_CASE("life: the same seed gives the same course") {
    // Keys and signatures are real, and differ: what is compared is when packets went, where, and their fate;
    // and the size of those after the handshake.
    auto course = [](std::uint64_t seed) {
        auto link = test::link_of(20ms, 0.1);
        link.jitter = 5ms;
        link.duplication = 0.05;
        std::uint64_t hash = 1;
        test::sim_call call(seed, link);
        call.world.on_outcome([&](const sim::outcome& how) {
            auto mix = [&](std::uint64_t value) {
                hash = (hash ^ value) * 0x9e3779b97f4a7c15 + (hash >> 29);
            };
            mix(static_cast<std::uint64_t>(how.sent.time_since_epoch().count()));
            mix(static_cast<std::uint64_t>(how.ended.time_since_epoch().count()));
            mix(static_cast<std::uint64_t>(how.how));
            mix(std::hash<endpoint>{}(how.source));
            mix(std::hash<endpoint>{}(how.destination));
            const bool handshake = test::is_dtls(how.data) && !test::is_application_data(how.data);
            mix(handshake ? 0 : how.data.size());
        });
        auto channel = call.offerer->createDataChannel("x");
        auto body = [&]() -> asio::awaitable<void> {
            co_await call.set_up();
            co_await channel.opened();
            const std::string text(50'000, 'x');
            for (int i = 0; i < 4; ++i) co_await channel.send(text);
            auto accepted = co_await call.answerer->nextDataChannel();
            for (int i = 0; i < 4; ++i) {
                auto message = co_await accepted.receive();
                CHECK(message.size() == text.size());
            }
        };
        call.run(body(), 60s);
        call.world.run_for(20s);
        call.world.on_outcome({});
        call.finish();
        return hash;
    };
    std::set<std::uint64_t> courses;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        const auto first = course(seed);
        for (int again = 0; again < 4; ++again) CHECK(course(seed) == first);
        courses.insert(first);
    }
    CHECK(courses.size() == 4);
}
