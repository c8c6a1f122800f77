#include "test/support/sim_call.hpp"

#include <boost/asio/ip/address.hpp>

#include <array>

using namespace cortc;
using namespace std::chrono_literals;

// context::totals(): what connections have come to is there while they live, and when they are gone.

namespace {

/// They never fall, and what was counted by its kind adds up.
void check_growth(const context_totals& before, const context_totals& after) {
    for (auto member : {&context_totals::connections_made, &context_totals::connections_connected,
                        &context_totals::connections_ended, &context_totals::handshakes_made,
                        &context_totals::handshakes_failed, &context_totals::packets_sent,
                        &context_totals::packets_received, &context_totals::bytes_sent,
                        &context_totals::bytes_received, &context_totals::channels_opened,
                        &context_totals::messages_sent, &context_totals::messages_received,
                        &context_totals::message_bytes_sent, &context_totals::message_bytes_received})
        CHECK(after.*member >= before.*member);
    for (const auto& each : before.drops) CHECK(after.dropped(each.layer, each.reason) >= each.count);
    for (const auto& each : before.ends) CHECK(after.ended(each.how) >= each.count);
    std::uint64_t ends = 0;
    for (const auto& each : after.ends) ends += each.count;
    CHECK(ends == after.connections_ended);
}

/// A call in which `messages` of `size` bytes are echoed.
struct echoing : test::sim_call {
    using sim_call::sim_call;

    void talk(int messages, std::size_t size) {
        auto out = offerer->createDataChannel("echo");
        auto body = [&]() -> asio::awaitable<void> {
            co_await set_up();
            co_await out.opened();
            auto in = co_await answerer->nextDataChannel();
            for (int i = 0; i < messages; ++i) {
                const auto message = test::pattern(size, static_cast<std::uint64_t>(i));
                co_await out.send(message);
                auto there = co_await in.receive();
                co_await in.send(there);
                co_await out.receive();
            }
            co_await pause(1s); // acknowledgements
        };
        run(body(), 60s);
    }
    void again() {
        offerer.emplace(a);
        answerer.emplace(b);
    }
};

} // namespace

TEST_CASE("totals: a connection counts while it lives, and stays counted when it is gone") {
    echoing call(1, test::link_of(5ms));
    CHECK(call.a.totals().connections_made == 1);
    CHECK(call.a.totals().connections_open() == 1);
    CHECK(call.a.totals().connections_connected == 0);
    CHECK(call.a.totals().bytes_sent == 0);
    call.talk(3, 1000);
    const auto a = call.a.totals(), b = call.b.totals();
    for (const auto* each : {&a, &b}) {
        CHECK(each->connections_made == 1);
        CHECK(each->connections_connected == 1);
        CHECK(each->connections_ended == 0);
        CHECK(each->handshakes_made == 1);
        CHECK(each->handshakes_failed == 0);
        CHECK(each->channels_opened == 1);
        CHECK(each->messages_sent == 3);
        CHECK(each->messages_received == 3);
        CHECK(each->message_bytes_sent == 3000);
        CHECK(each->message_bytes_received == 3000);
    }
    CHECK(a.bytes_sent > 3000);
    CHECK(a.bytes_sent == b.bytes_received);
    CHECK(b.bytes_sent == a.bytes_received);
    CHECK(a.packets_sent == b.packets_received);

    call.finish(); // the connections are closed, and there still
    const auto closed_a = call.a.totals(), closed_b = call.b.totals();
    check_growth(a, closed_a);
    check_growth(b, closed_b);
    CHECK(closed_a.ended("closed") + closed_b.ended("closed") == 2);
    CHECK(closed_a.connections_open() == 0);
    CHECK(closed_a.message_bytes_sent == 3000);
    CHECK(closed_a.bytes_sent > a.bytes_sent); // the goodbye counts, too

    call.offerer.reset();
    call.answerer.reset();
    const auto gone = call.a.totals();
    check_growth(closed_a, gone);
    CHECK(gone.bytes_sent == closed_a.bytes_sent);
    CHECK(gone.messages_sent == closed_a.messages_sent);
    CHECK(gone.drops == closed_a.drops);
    CHECK(gone.ends == closed_a.ends);
}

TEST_CASE("totals: one connection after another adds up, and so do contexts") {
    echoing call(2, test::link_of(1ms));
    auto before = call.a.totals();
    for (std::uint64_t round = 1; round <= 4; ++round) {
        call.talk(2, 500);
        call.finish();
        if (round % 2 == 0) call.offerer.reset();
        const auto now = call.a.totals();
        check_growth(before, now);
        CHECK(now.connections_made == round);
        CHECK(now.connections_connected == round);
        CHECK(now.ended("closed") == round);
        CHECK(now.handshakes_made == round);
        CHECK(now.channels_opened == round);
        CHECK(now.messages_sent == 2 * round);
        CHECK(now.message_bytes_received == 1000 * round);
        before = now;
        if (round != 4) call.again();
    }
    auto both = call.a.totals();
    both += call.b.totals();
    CHECK(both.connections_made == 8);
    CHECK(both.messages_sent == both.messages_received);
    CHECK(both.messages_sent == 16);
    CHECK(both.ended("closed") == 8);
    const auto once = both;
    both += both;
    CHECK(both.connections_made == 2 * once.connections_made);
    CHECK(both.connections_ended == 2 * once.connections_ended);
    CHECK(both.ended("closed") == 16);
    CHECK(both.drops.size() == once.drops.size());
    for (const auto& each : once.drops) CHECK(both.dropped(each.layer, each.reason) == 2 * each.count);
}

TEST_CASE("totals: how a connection ended") {
    SECTION("it was never connected") {
        echoing call(3, test::link_of(5ms));
        call.finish();
        CHECK(call.a.totals().ended("unconnected") == 1);
        CHECK(call.a.totals().connections_connected == 0);
        CHECK(call.a.totals().handshakes_made == 0);
    }
    SECTION("the peer closed it") {
        echoing call(4, test::link_of(5ms));
        call.talk(1, 1);
        call.answerer->close();
        REQUIRE(call.run_until_state(*call.offerer, PeerConnectionState::failed, 10s));
        CHECK(call.a.totals().connections_ended == 0); // nobody has closed it yet
        call.finish();
        CHECK(call.a.totals().ended("peer-closed") == 1);
        CHECK(call.b.totals().ended("closed") == 1);
        CHECK(call.a.totals().ends.size() == 1);
        CHECK(call.a.totals().handshakes_failed == 0);
    }
    SECTION("the peer vanished") {
        echoing call(5, test::link_of(5ms));
        call.talk(1, 1);
        call.partition();
        REQUIRE(call.run_until_state(*call.offerer, PeerConnectionState::failed, 60s));
        call.finish();
        CHECK(call.a.totals().ended("ice-failure") == 1);
        CHECK(call.a.totals().connections_connected == 1);
    }
    SECTION("the peer is somebody else") {
        echoing call(6, test::link_of(5ms));
        auto channel = call.offerer->createDataChannel("x");
        auto body = [&]() -> asio::awaitable<void> {
            co_await call.offerer->setLocalDescription();
            co_await call.offerer->gatheringComplete();
            auto offer = call.offerer->localDescription().value();
            auto answer = co_await cortc::answer(*call.answerer, offer);
            const auto at = answer.sdp.find("a=fingerprint:sha-256 ") + 22;
            answer.sdp[at] = answer.sdp[at] == '0' ? '1' : '0';
            co_await call.offerer->setRemoteDescription(answer);
        };
        call.run(body(), 10s);
        REQUIRE(call.run_until_state(*call.offerer, PeerConnectionState::failed, 60s));
        call.finish();
        CHECK(call.a.totals().ended("fingerprint-failure") == 1);
        CHECK(call.a.totals().handshakes_failed == 1);
        CHECK(call.a.totals().handshakes_made == 0);
    }
}

TEST_CASE("totals: what was dropped stays counted, by its reason") {
    echoing call(7, test::link_of(5ms));
    call.talk(1, 1);
    const auto report = [&] {
        StatsReport made;
        auto body = [&]() -> asio::awaitable<void> { made = co_await call.answerer->getStats(); };
        call.run(body(), 1s);
        return made;
    };
    const auto before = call.b.totals();
    int spoilt = 0; // of what comes to b
    const std::array of_a{asio::ip::make_address("10.0.0.1"), asio::ip::make_address("fd00::1")};
    call.world.on_datagram([&](sim::transit& each) {
        const auto& address = each.source.address;
        const bool from_a = address == of_a[0] || address == of_a[1];
        if (spoilt == 5 || !from_a || !test::is_application_data(each.data)) return;
        each.data[0] = std::byte{0xff};
        ++spoilt;
    });
    auto ask = [&]() -> asio::awaitable<void> {
        auto channel = call.offerer->createDataChannel("again");
        co_await channel.opened(); // though packets are lost
        co_await call.pause(10s);
    };
    call.run(ask(), 30s);
    REQUIRE(spoilt == 5);
    const auto stats = report();
    const auto& drops = *stats.all<DropStats>().front();
    const auto during = call.b.totals();
    check_growth(before, during);
    CHECK(during.dropped("transport", "unknown protocol") ==
          before.dropped("transport", "unknown protocol") + 5);
    for (const auto& each : drops.drops) CHECK(during.dropped(each.layer, each.reason) == each.count);
    CHECK(during.drops.size() == drops.drops.size());
    call.finish();
    call.answerer.reset();
    CHECK(call.b.totals().dropped("transport", "unknown protocol") ==
          during.dropped("transport", "unknown protocol"));
}
