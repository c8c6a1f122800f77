#include "test/sim/channels_peer.hpp"
#include "test/support/outcome.hpp"
#include "test/support/sim_call.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <algorithm>
#include <array>

using namespace cortc;
using namespace std::chrono_literals;
using test::outcome;
using test::told;

// Sentences of webrtc-pc that take a whole connection, and that no other test holds by itself.

namespace {

/// A connection that is up, with one channel of the offerer.
struct open_call {
    test::sim_call call;
    DataChannel a, b;

    explicit open_call(const sim::link_options& link = test::link_of(5ms)) : call(1, link) {
        a = call.offerer->createDataChannel("x");
        auto set_up = [&]() -> asio::awaitable<void> {
            co_await call.set_up();
            co_await a.opened();
            b = co_await call.answerer->nextDataChannel();
        };
        call.run(set_up(), 10s);
        call.world.run_for(5s);
    }
};

/// The states that a change goes through, from where it stands to the end.
template <class State, class Changed>
asio::awaitable<void> follow(std::vector<std::string>& seen, State from, Changed changed) {
    try {
        for (;;) {
            from = co_await changed(from);
            seen.emplace_back(to_string(from));
        }
    } catch (const Error&) {
    }
}
using states = std::vector<std::string>;

} // namespace

// ---- close

TEST_CASE("close: SCTP ABORT, then DTLS close_notify, then nothing") {
    for (bool offerer_closes : {false, true}) {
        open_call run;
        auto& call = run.call;
        auto& leaving = offerer_closes ? call.offerer : call.answerer;
        auto staying = offerer_closes ? run.b : run.a;
        std::vector<int> records; // content types of what the closing end sends (RFC 6347 4.1)
        const auto from = leaving->selectedPair()->local.candidate;
        call.world.on_outcome([&](const sim::outcome& how) {
            const auto sent_by = how.source.address.to_string();
            if (test::is_dtls(how.data) && from.find(' ' + sent_by + ' ') != std::string::npos)
                records.push_back(std::to_integer<int>(how.data[0]));
        });
        std::string read;
        auto body = [&]() -> asio::awaitable<void> {
            auto reading = staying;
            leaving->close();
            read = co_await outcome(reading.receive());
        };
        call.run(body(), 1s);
        call.world.run_for(10s);
        CHECK(records == std::vector<int>{23, 21});      // application data: the ABORT; alert: close_notify
        CHECK(read == "OperationError sctp-failure 12"); // user-initiated abort (RFC 9260 3.3.10.12)
        call.world.on_outcome({});
        call.finish();
    }
}

// ---- RTCDataChannel

TEST_CASE("RTCDataChannel error: what the association was lost by") {
    open_call run;
    std::string opened, changed;
    auto body = [&]() -> asio::awaitable<void> {
        run.call.answerer->close();
        co_await run.a.closed();
        opened = co_await outcome(run.a.opened());
        changed = co_await outcome(run.a.stateChanged(DataChannelState::closed));
    };
    run.call.run(body(), 1s);
    CHECK(opened == "OperationError sctp-failure 12");
    CHECK(changed == opened);
    run.call.finish();
}

TEST_CASE("RTCDataChannel: closing is seen on both sides, between open and closed") {
    for (int way = 0; way < 3; ++way) { // the one that made it closes, the other, both at once
        CAPTURE(way);
        open_call run;
        states ours, theirs;
        auto opening = run.call.offerer->createDataChannel("y");
        auto changes = [](DataChannel of) {
            return [of](DataChannelState from) mutable { return of.stateChanged(from); };
        };
        auto first = run.call.spawn(follow(ours, DataChannelState::connecting, changes(opening)));
        run.call.world.run_for(1s);
        auto accepted = *run.call.answerer->tryNextDataChannel();
        auto second = run.call.spawn(follow(theirs, DataChannelState::open, changes(accepted)));
        if (way != 1) opening.close();
        if (way != 0) accepted.close();
        CHECK((way == 1 ? accepted : opening).readyState() == DataChannelState::closing);
        run.call.world.run_for(1s);
        CHECK(ours == states{"open", "closing", "closed"});
        CHECK(theirs == states{"closing", "closed"});
        CHECK(first.done());
        CHECK(second.done());
        run.call.finish();
    }
}

TEST_CASE(
    "RTCDataChannel send: not open is InvalidStateError, then too large TypeError; both name what is wrong") {
    open_call run;
    const std::string large(262'145, 'x');
    const auto said = [](auto&& send) {
        try {
            send();
        } catch (const Error& error) {
            return std::string(error.name()) + ": " + error.what();
        }
        return std::string();
    };
    PeerConnection alone(run.call.a);
    auto connecting = alone.createDataChannel("y");
    auto quick = run.call.offerer->createDataChannel("y"); // the association is up
    CHECK(quick.readyState() == DataChannelState::connecting);
    run.call.run(quick.opened(), 1ms); // in a task, without a round trip
    CHECK(said([&] { (void)connecting.trySend(large); }).starts_with("InvalidStateError: trySend: "));
    CHECK(said([&] { (void)run.a.trySend(large); }) ==
          "TypeError: trySend: text has 262145 bytes, and the peer takes no message over 262144");
    CHECK(said([&] {
              (void)run.a.trySend(as_bytes(large));
          }).starts_with("TypeError: trySend: data has 262145 "));
    std::string sent;
    auto body = [&]() -> asio::awaitable<void> {
        sent = co_await outcome(run.a.send(large));
        CHECK(run.a.bufferedAmount() == 0);
        co_await run.a.send("goes on");
        auto message = co_await run.b.receive();
        CHECK(message.text() == "goes on");
    };
    run.call.run(body(), 1s);
    CHECK(sent == "TypeError");
    run.a.close();
    CHECK(said([&] { (void)run.a.trySend(large); }).starts_with("InvalidStateError: trySend: "));
    run.call.finish();
}

TEST_CASE("RTCDataChannel: writable, bufferedAmountLow and send, cancelled while they wait") {
    open_call run(test::link_of(10ms, 0, 1'000'000));
    const std::string block(10'000, 'x');
    int sent = 0;
    while (run.a.trySend(block)) ++sent;
    std::array<asio::cancellation_signal, 3> signals;
    std::array<std::string, 3> ended;
    const auto token = [&](std::size_t i) {
        return asio::bind_cancellation_slot(signals[i].slot(),
                                            [&, i](std::exception_ptr error) { ended[i] = told(error); });
    };
    run.call.world.run_for(1us);
    const auto before = run.a.bufferedAmount();
    run.a.writable(token(0));
    run.a.bufferedAmountLow(token(1));
    run.a.send(std::string_view(block), token(2));
    run.call.world.run_for(1us);
    CHECK(run.a.bufferedAmount() == before + block.size());
    for (const auto& each : ended) CHECK(each.empty());
    for (auto& each : signals) each.emit(asio::cancellation_type::terminal);
    run.call.world.run_for(1us);
    for (const auto& each : ended) CHECK(each == "cancelled");
    CHECK(run.a.bufferedAmount() <= before);
    CHECK(run.a.readyState() == DataChannelState::open);
    auto body = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < sent; ++i) (void)co_await run.b.receive();
        co_await run.a.bufferedAmountLow();
        co_await run.a.writable();
        co_await run.a.send("last");
        auto last = co_await run.b.receive();
        CHECK(last.text() == "last"); // what was cancelled was not sent
    };
    run.call.run(body(), 60s);
    run.call.finish();
}

TEST_CASE("createDataChannel: an id that is not below maxChannels is OperationError once it is known") {
    test::sim_call call(1, test::link_of(5ms)); // its answerer is not used
    auto& pc = *call.offerer;
    test::channels_peer raw(call.io, call.world.host("b"), dtls_role::client, 1, 10);
    const auto agreed = [](std::uint16_t id) { return test::channel_init(true, {}, id); };
    auto mine = pc.createDataChannel("mine");
    auto early = pc.createDataChannel("early", agreed(20)); // nobody knows yet
    auto body = [&]() -> asio::awaitable<void> {
        auto offer = co_await pc.createOffer();
        co_await pc.setLocalDescription(offer);
        auto answer = SessionDescription(SdpType::answer, raw.answer(offer.sdp));
        co_await pc.setRemoteDescription(answer);
        co_await mine.opened();
    };
    call.run(body(), 5s);
    CHECK(pc.maxChannels() == 10);
    std::string refused;
    auto opened = [&]() -> asio::awaitable<void> { refused = co_await outcome(early.opened()); };
    call.run(opened(), 1s);
    CHECK(refused == "OperationError data-channel-failure"); // the W3C's error on creating data channels
    CHECK(early.readyState() == DataChannelState::closed);
    std::string said;
    try {
        (void)pc.createDataChannel("x", agreed(10));
    } catch (const Error& error) {
        said = std::string(error.name()) + ": " + error.what();
    }
    CHECK(said == "OperationError: createDataChannel: id 10 is out of range; ids are below maxChannels, 10");
    CHECK(pc.createDataChannel("x", agreed(9)).id() == 9);
    pc.close();
    call.world.run_for(1s);
}

// ---- states

TEST_CASE(
    "iceconnectionstatechange and connectionstatechange: both have changed, and the first is told first") {
    open_call run;
    auto& pc = *run.call.offerer;
    states order;
    auto ice = [&](IceConnectionState from) { return pc.iceConnectionStateChanged(from); };
    auto watch_ice = [&]() -> asio::awaitable<void> {
        auto state = pc.iceConnectionState();
        while (state != IceConnectionState::failed) {
            state = co_await ice(state);
            order.push_back("ice " + std::string(to_string(state)) + " in " +
                            std::string(to_string(pc.connectionState())));
        }
    };
    auto watch_connection = [&]() -> asio::awaitable<void> {
        auto state = pc.connectionState();
        while (state != PeerConnectionState::failed) {
            state = co_await pc.stateChanged(state);
            order.push_back(std::string(to_string(state)));
        }
    };
    auto later = run.call.spawn(watch_connection()); // who waited first is not who is told first
    auto first = run.call.spawn(watch_ice());
    run.call.partition();
    REQUIRE(run.call.run_until_state(pc, PeerConnectionState::failed, 60s));
    run.call.world.run_for(1ms);
    CHECK(order ==
          states{"ice disconnected in disconnected", "disconnected", "ice failed in failed", "failed"});
    CHECK(first.done());
    CHECK(later.done());
    run.call.finish();
}

TEST_CASE(
    "restartIce: gathering goes to gathering and complete again; completed to connected, disconnected and "
    "failed to checking") {
    open_call run;
    auto& call = run.call;
    auto& pc = *call.offerer;
    const auto transport = pc.sctp()->transport().iceTransport();
    REQUIRE(pc.iceConnectionState() == IceConnectionState::completed);
    REQUIRE(pc.iceGatheringState() == IceGatheringState::complete);
    states ice, gathering;
    auto one = call.spawn(follow(ice, pc.iceConnectionState(), [&](IceConnectionState from) {
        return pc.iceConnectionStateChanged(from);
    }));
    auto other = call.spawn(follow(gathering, pc.iceGatheringState(), [&](IceGatheringState from) {
        return pc.iceGatheringStateChanged(from);
    }));
    const auto restart = [&] {
        ice.clear();
        gathering.clear();
        pc.restartIce();
        call.run(call.negotiate(pc, *call.answerer), 1s);
    };
    restart();
    call.world.run_for(10s);
    CHECK(ice == states{"connected", "completed"});
    CHECK(gathering == states{"gathering", "complete"});
    call.partition();
    REQUIRE(call.run_until_state(pc, PeerConnectionState::disconnected, 20s));
    restart();
    call.world.run_for(10ms);
    CHECK(ice == states{"checking"});
    CHECK(gathering == states{"gathering", "complete"});
    call.partition(false);
    REQUIRE(call.run_until_state(pc, PeerConnectionState::connected, 20s));
    call.world.run_for(10s);
    CHECK(ice.back() == "completed");
    call.partition();
    REQUIRE(call.run_until_state(pc, PeerConnectionState::failed, 60s));
    restart();
    call.world.run_for(10ms);
    CHECK(ice == states{"checking"});
    call.partition(false);
    REQUIRE(call.run_until_state(pc, PeerConnectionState::connected, 20s));
    CHECK(transport == pc.sctp()->transport().iceTransport()); // one object all the time
    call.finish();
}
