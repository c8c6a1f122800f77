#include "test/support/restarting_call.hpp"

#include <set>

using namespace cortc;
using namespace std::chrono_literals;

// ICE as a connection sees it: restarts, consent, addresses, trickling.

TEST_CASE("ice: over a hundred restarts of either side lose no message") {
    test::restarting_call run(test::channel_init(false, 0, 0), 1, test::link_of(15ms));
    auto& call = run.call;
    call.signaling_delay = 20ms;
    test::numbers there{call.a, run.a, run.b}, back{call.a, run.b, run.a};
    std::vector<test::spawned> flow;
    for (auto* each : {&there, &back}) {
        flow.push_back(call.spawn(each->send()));
        flow.push_back(call.spawn(each->receive()));
    }
    duration longest{};
    auto restarts = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 120; ++i) {
            const auto began = call.world.now();
            auto& from = i % 2 == 0 ? *call.offerer : *call.answerer;
            auto& to = i % 2 == 0 ? *call.answerer : *call.offerer;
            co_await run.restart(from, to, i % 4 < 2);
            longest = std::max(longest, call.world.now() - began);
            CHECK(call.offerer->connectionState() == PeerConnectionState::connected);
            CHECK(call.answerer->connectionState() == PeerConnectionState::connected);
        }
    };
    call.run(restarts(), 60s);
    test::figure("120 restarts, the longest {:.0f} ms, {} messages each way", test::milliseconds(longest),
                 there.sent);
    CHECK(longest <= 500ms); // signaling 60 ms, then check, triggered check and nomination
    there.stop = back.stop = true;
    call.world.run_for(2s);
    there.check_all();
    back.check_all();
    CHECK(call.world.open_sockets() <= 8); // generations share sockets, or give them back
    call.finish();
}

TEST_CASE("ice: restarts under loss complete, and reliable messages go on") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        CAPTURE(seed);
        test::restarting_call run(test::channel_init(true, {}, 0), seed, test::link_of(20ms, 0.15));
        auto& call = run.call;
        call.signaling_delay = 30ms;
        test::numbers there{call.a, run.a, run.b};
        auto sending = call.spawn(there.send()), receiving = call.spawn(there.receive());
        auto restarts = [&]() -> asio::awaitable<void> {
            for (int i = 0; i < 6; ++i) {
                auto& from = i % 2 == 0 ? *call.offerer : *call.answerer;
                auto& to = i % 2 == 0 ? *call.answerer : *call.offerer;
                co_await run.restart(from, to, true);
            }
        };
        call.run(restarts(), 120s);
        there.stop = true;
        CHECK(call.world.run_until(
            [&] { return there.received.size() == static_cast<std::size_t>(there.sent); }, 60s));
        CHECK(std::ranges::is_sorted(there.received));
        there.check_all();
        call.finish();
    }
}

TEST_CASE("ice: restarts at any moment of the set-up do not prevent it") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        sim::seeded_random random(seed);
        test::sim_call call(seed, test::link_of(10ms, seed % 3 == 0 ? 0.15 : 0));
        call.rolls_back = true; // candidates may come for descriptions that were replaced
        auto channel = call.offerer->createDataChannel("x");
        auto body = [&]() -> asio::awaitable<void> {
            co_await call.set_up();
            for (auto restarts = 1 + random.next() % 3; restarts > 0; --restarts) {
                co_await call.pause(std::chrono::microseconds(random.next() % 60'000));
                const bool forward = random.chance(0.5);
                co_await call.negotiate(forward ? *call.offerer : *call.answerer,
                                        forward ? *call.answerer : *call.offerer, OfferOptions{true});
            }
            co_await channel.opened();
            co_await call.offerer->restarted();
            co_await call.answerer->restarted();
            auto accepted = co_await call.answerer->nextDataChannel();
            co_await accepted.send("hello");
            auto message = co_await channel.receive();
            CHECK(message.text() == "hello");
        };
        call.run(body(), 60s);
        call.world.run_for(10s);
        CHECK(call.world.open_sockets() <= 4);
        call.finish();
    }
}

TEST_CASE("ice: a lost path is disconnected, and recovers when the network does") {
    test::restarting_call run(test::channel_init(true, {}, 0), 1, test::link_of(20ms));
    auto& call = run.call;
    call.world.run_for(20s);
    call.partition();
    const auto cut = call.world.now();
    REQUIRE(run.a.trySend("during the outage"));
    REQUIRE(call.run_until_state(*call.offerer, PeerConnectionState::disconnected, 15s));
    REQUIRE(call.run_until_state(*call.answerer, PeerConnectionState::disconnected, 15s));
    test::figure("disconnected {:.1f} s after the cut", test::seconds(call.world.now() - cut));
    CHECK(call.world.now() - cut <= 12s);
    CHECK(call.offerer->iceConnectionState() == IceConnectionState::disconnected);
    CHECK(run.a.readyState() == DataChannelState::open);
    call.world.run_for(cut + 22s - call.world.now());
    call.partition(false);
    const auto healed = call.world.now();
    REQUIRE(call.run_until_state(*call.offerer, PeerConnectionState::connected, 5s));
    REQUIRE(call.run_until_state(*call.answerer, PeerConnectionState::connected, 5s));
    std::string got;
    REQUIRE(call.world.run_until(
        [&] {
            if (auto message = run.b.tryReceive()) got = message->text();
            return !got.empty();
        },
        1s)); // not only at the next time-out
    test::figure("connected again and the message there {:.1f} s after the end of the outage",
                 test::seconds(call.world.now() - healed));
    CHECK(got == "during the outage");
    call.finish();
}

TEST_CASE("ice: without consent the connection fails after 30 s, and a restart brings it back") {
    test::restarting_call run(test::channel_init(true, {}, 0), 2, test::link_of(20ms));
    auto& call = run.call;
    call.world.run_for(10s);
    call.partition();
    const auto cut = call.world.now();
    REQUIRE(run.a.trySend("before the failure"));
    for (auto* each : {&*call.offerer, &*call.answerer}) {
        REQUIRE(call.run_until_state(*each, PeerConnectionState::failed, 40s));
        const auto after = call.world.now() - cut; // consent was confirmed up to 6 s before the cut
        CHECK(after >= 23s);
        CHECK(after <= 32s);
    }
    auto name = std::string();
    auto connected = [&]() -> asio::awaitable<void> {
        name = co_await test::failure_of(call.offerer->connected());
    };
    call.run(connected(), 1s);
    CHECK(name == "NetworkError");
    CHECK(run.a.readyState() == DataChannelState::open); // a restart may save it
    const auto sent = call.world.stats().sent;
    call.world.run_for(90s);
    CHECK(call.world.stats().sent == sent); // no consent, no traffic (RFC 7675 5.1)
    call.partition(false);
    call.world.run_for(10s);
    CHECK(call.offerer->connectionState() ==
          PeerConnectionState::failed); // consent does not come back by itself
    const auto began = call.world.now();
    call.run(run.restart(*call.answerer, *call.offerer, true), 10s);
    CHECK(call.offerer->connectionState() == PeerConnectionState::connected);
    CHECK(call.answerer->connectionState() == PeerConnectionState::connected);
    std::string got;
    REQUIRE(call.world.run_until(
        [&] {
            if (auto message = run.b.tryReceive()) got = message->text();
            return !got.empty();
        },
        4s));
    test::figure("restart after failure: message there {:.2f} s later",
                 test::seconds(call.world.now() - began));
    CHECK(got == "before the failure");
    call.finish();
}

TEST_CASE("ice: a restart finds another way when addresses die") {
    test::restarting_call run(test::channel_init(true, {}, 0), 3, test::link_of(20ms));
    auto& call = run.call;
    const auto pair = call.offerer->selectedPair();
    REQUIRE(pair);
    CHECK(pair->local.candidate.find("fd00::1") != std::string::npos); // IPv6 is preferred (RFC 8421)
    call.world.host("a").set_address(boost::asio::ip::make_address("fd00::1"), false);
    REQUIRE(call.run_until_state(*call.offerer, PeerConnectionState::disconnected, 15s));
    call.run(run.restart(*call.offerer, *call.answerer, true), 5s);
    CHECK(call.offerer->selectedPair()->local.candidate.find("10.0.0.1") != std::string::npos);
    CHECK(call.offerer->connectionState() == PeerConnectionState::connected);
    call.finish();
}

namespace {

asio::awaitable<void> echo(test::sim_call& call) {
    auto channel = call.offerer->createDataChannel("echo");
    co_await call.set_up();
    co_await channel.opened();
    auto accepted = co_await call.answerer->nextDataChannel();
    co_await channel.send("ping");
    auto there = co_await accepted.receive();
    co_await accepted.send(there);
    auto back = co_await channel.receive();
    CHECK(back.text() == "ping");
}

} // namespace

TEST_CASE("ice: round trips longer than the time between checks") {
    for (auto delay : {300ms, 1000ms, 1500ms}) {
        CAPTURE(delay.count());
        test::sim_call call(1, test::link_of(delay));
        auto channel = call.offerer->createDataChannel("far");
        auto body = [&]() -> asio::awaitable<void> {
            co_await call.set_up();
            co_await channel.opened();
            auto accepted = co_await call.answerer->nextDataChannel();
            co_await channel.send("hello");
            auto message = co_await accepted.receive();
            CHECK(message.text() == "hello");
        };
        // Pair, DTLS, SCTP, a channel: a dozen round trips, and some for the checks that crossed.
        call.run(body(), 40 * delay);
        call.finish();
    }
}

TEST_CASE("ice: hosts with IPv6 only, IPv4 only, and both with one") {
    const test::addresses four{"10.0.0.1"}, six{"fd00::1"}, both{"10.0.0.2", "fd00::2"},
        other_four{"10.0.0.3"}, other_six{"fd00::3"};
    for (const auto& [mine, theirs] :
         {std::pair{six, other_six}, {four, other_four}, {four, both}, {six, both}}) {
        test::sim_call call(1, test::link_of(5ms), context_options(), mine, theirs);
        call.run(echo(call), 1s);
        call.finish();
    }
}

TEST_CASE("ice: hosts without an address in common fail in stated time") {
    test::sim_call call(1, test::link_of(5ms), context_options(), test::addresses{"10.0.0.1"},
                        test::addresses{"fd00::2"});
    auto channel = call.offerer->createDataChannel("none");
    call.run(call.set_up(), 1s);
    const auto began = call.world.now();
    REQUIRE(call.run_until_state(*call.offerer, PeerConnectionState::failed, 50s));
    REQUIRE(call.run_until_state(*call.answerer, PeerConnectionState::failed, 50s));
    CHECK(call.world.now() - began >= 39s); // RFC 8863 has us be patient
    CHECK(call.world.now() - began <= 45s);
    CHECK(channel.readyState() == DataChannelState::connecting);
    call.finish();
    CHECK(channel.readyState() == DataChannelState::closed);
}

TEST_CASE("ice: hosts with many addresses, of which one pair works") {
    test::addresses mine, theirs;
    for (int i = 1; i <= 12; ++i) {
        mine.push_back(fmt::format("10.1.0.{}", i));
        mine.push_back(fmt::format("fd01::{}", i));
        theirs.push_back(fmt::format("10.2.0.{}", i));
        theirs.push_back(fmt::format("fd02::{}", i));
    }
    for (int working : {0, 3, 9}) {
        CAPTURE(working);
        test::sim_call call(1, test::link_of(10ms), context_options(), mine, theirs);
        auto down = test::link_of(10ms);
        down.up = false;
        for (const auto& one : mine)
            for (const auto& other : theirs) {
                const auto a = boost::asio::ip::make_address(one), b = boost::asio::ip::make_address(other);
                const auto index = static_cast<std::size_t>(working);
                if (a.is_v4() != b.is_v4() || (one == mine[index] && other == theirs[index])) continue;
                call.world.set_link(a, b, down);
                call.world.set_link(b, a, down);
            }
        const auto began = call.world.now();
        call.run(echo(call), 5s);
        test::figure("24 addresses each, pair {} works: {:.0f} ms", working,
                     test::milliseconds(call.world.now() - began));
        call.finish();
    }
}

TEST_CASE("ice: candidates that come late, or from one side only") {
    for (auto late : {0ms, 500ms, 10'000ms, 60'000ms})
        for (bool one_sided : {false, true}) {
            CAPTURE(late.count(), one_sided);
            test::sim_call call(1, test::link_of(20ms));
            auto channel = call.offerer->createDataChannel("late");
            call.run(call.negotiate(*call.offerer, *call.answerer), 1s);
            call.signaling_delay = late;
            call.trickling.push_back(call.spawn(call.trickle(*call.answerer, *call.offerer)));
            if (!one_sided) call.trickling.push_back(call.spawn(call.trickle(*call.offerer, *call.answerer)));
            const auto began = call.world.now();
            call.run(channel.opened(), late + 1s);
            CHECK(call.world.now() - began >= late);
            call.finish();
        }
}

TEST_CASE(
    "ice: candidates come in order, then the end of the generation, then of gathering; again at a restart") {
    test::sim_call call(1, test::link_of(5ms));
    auto& pc = *call.offerer;
    auto channel = pc.createDataChannel("x");
    auto body = [&]() -> asio::awaitable<void> {
        std::set<std::string> ufrags;
        for (int generation = 0; generation < 3; ++generation) {
            co_await call.negotiate(pc, *call.answerer, OfferOptions{generation > 0});
            int real = 0;
            for (;;) {
                auto candidate = co_await pc.nextIceCandidate();
                if (!candidate) break;
                CHECK(candidate->sdpMid == "0");
                CHECK(candidate->sdpMLineIndex == 0);
                CHECK(candidate->usernameFragment.has_value());
                if (candidate->usernameFragment) ufrags.insert(*candidate->usernameFragment);
                const auto description = *pc.localDescription();
                if (candidate->candidate.empty()) {
                    CHECK(real == 2);
                    CHECK(description.sdp.find("a=end-of-candidates") != std::string::npos);
                } else {
                    ++real;
                    CHECK(description.sdp.find("a=" + candidate->candidate) != std::string::npos);
                }
                co_await call.answerer->addIceCandidate(*candidate);
            }
            CHECK(real == 2);
            CHECK(pc.iceGatheringState() == IceGatheringState::complete);
            co_await pc.gatheringComplete();
            CHECK(ufrags.size() == static_cast<std::size_t>(generation + 1));
            co_await pc.restarted();
            CHECK(pc.connectionState() != PeerConnectionState::failed);
        }
        co_await channel.opened();
    };
    call.run(body(), 10s);
    call.finish();
}

TEST_CASE("ice: everything in the descriptions, nothing trickled") {
    test::sim_call call(1, test::link_of(5ms));
    auto channel = call.offerer->createDataChannel("full");
    auto body = [&]() -> asio::awaitable<void> {
        co_await call.offerer->setLocalDescription();
        co_await call.offerer->gatheringComplete();
        const auto offer = *call.offerer->localDescription();
        CHECK(offer.sdp.find("a=candidate:") != std::string::npos);
        co_await call.answerer->setRemoteDescription(offer);
        co_await call.answerer->setLocalDescription();
        co_await call.answerer->gatheringComplete();
        const auto answer = *call.answerer->localDescription();
        co_await call.offerer->setRemoteDescription(answer);
        co_await channel.opened();
    };
    call.run(body(), 1s);
    call.finish();
}
