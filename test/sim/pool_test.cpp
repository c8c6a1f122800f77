#include "cortc/connection/transport_set.hpp"
#include "test/support/sim_call.hpp"
#include "test/support/turn_server.hpp"

#include <algorithm>

// iceCandidatePoolSize (RFC 9429 3.5.4): candidates that are there before they are needed.

using namespace cortc;
using namespace std::chrono_literals;

namespace {

constexpr auto way = 10ms; // each link's delay

struct pooled_call : test::sim_call {
    pooled_call() : sim_call(1, test::link_of(way)) { server.mapped = mapped(4000); }
    static endpoint mapped(std::uint16_t port) {
        return {boost::asio::ip::make_address("198.51.100.7"), port};
    }
    test::turn_server server{world.host("turn", {"10.0.1.1"}), boost::asio::ip::make_address("10.0.1.1")};
    test::turn_server other{world.host("other", {"10.0.1.2"}), boost::asio::ip::make_address("10.0.1.2")};

    static Configuration with(int size, const std::string& address = "10.0.1.1") {
        Configuration made;
        made.iceServers = {IceServer("stun:" + address), IceServer("turn:" + address, "user", "secret")};
        made.iceCandidatePoolSize = size;
        return made;
    }
    /// What the local description has when setLocalDescription and gathering are done, and how long that
    /// took.
    std::string describe(PeerConnection& which) {
        std::string text;
        auto body = [&]() -> asio::awaitable<void> {
            auto channel = which.createDataChannel("x");
            const auto begin = world.now();
            auto offer = co_await which.createOffer();
            co_await which.setLocalDescription(offer);
            co_await which.gatheringComplete();
            took = world.now() - begin;
            text = which.localDescription()->sdp;
        };
        run(body(), 11s);
        return text;
    }
    duration took{};
    /// The servers' two sockets stay.
    void finish_with_servers() {
        offerer->close();
        answerer->close();
        CHECK(world.run_until([&] { return world.armed_timers() == 0 && world.open_sockets() == 2; }, 5s));
        CHECK(server.allocations() == 0);
        CHECK(other.allocations() == 0);
    }
};

std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
}

} // namespace

TEST_CASE("pool: the first offer holds its candidates at once, of every kind") {
    pooled_call run;
    PeerConnection pc(run.a, pooled_call::with(1));
    CHECK(run.server.bindings == 0);
    run.world.run_for(1s);
    CHECK(run.server.allocations() == 1);
    CHECK(run.server.bindings == 1);
    CHECK(pc.iceGatheringState() == IceGatheringState::new_); // nothing is told before
    CHECK_FALSE(pc.tryNextIceCandidate());
    const auto text = run.describe(pc);
    CHECK(run.took == 0s);
    CHECK(count(text, " typ host") == 2);
    CHECK(count(text, " typ srflx") == 1);
    CHECK(count(text, " typ relay") == 1);
    CHECK(count(text, "a=end-of-candidates") == 1);
    CHECK(run.server.made == 1);
    CHECK(run.server.bindings == 1);
    pc.close();
    run.finish_with_servers();
}

TEST_CASE("pool: what is still on its way when it is needed is told as it comes") {
    pooled_call run;
    PeerConnection pc(run.a, pooled_call::with(1));
    run.world.run_for(15ms);
    const auto text = run.describe(pc);
    CHECK(run.took > 0s);
    CHECK(run.took < 40ms); // two round trips, less what was done
    CHECK(count(text, " typ relay") == 1);
    CHECK(run.server.made == 1);
    pc.close();
    run.finish_with_servers();
}

TEST_CASE("pool: a connection comes about by it, at both ends") {
    pooled_call run;
    for (auto* each : {&*run.offerer, &*run.answerer}) {
        auto next = pooled_call::with(4);
        next.iceTransportPolicy = IceTransportPolicy::relay;
        each->setConfiguration(next);
    }
    run.server.mapped.reset();
    run.world.run_for(1s);
    CHECK(run.server.allocations() == 8);
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        auto in = co_await run.answerer->nextDataChannel();
        co_await out.send("hello");
        auto message = co_await in.receive();
        CHECK(message.text() == "hello");
        co_await run.pause(1s);
        CHECK(run.server.allocations() == 2); // what was not needed is freed
    };
    run.run(body(), 20s);
    CHECK(run.server.made == 8);
    run.finish_with_servers();
}

TEST_CASE("pool: other servers, another policy and another size take effect at once") {
    pooled_call run;
    PeerConnection pc(run.a, pooled_call::with(2));
    run.world.run_for(1s);
    CHECK(run.server.allocations() == 2);
    pc.setConfiguration(pooled_call::with(3));
    run.world.run_for(1s);
    CHECK(run.server.allocations() == 3);
    CHECK(run.server.made == 3); // those that were there stay
    pc.setConfiguration(pooled_call::with(1));
    run.world.run_for(1s);
    CHECK(run.server.allocations() == 1);
    pc.setConfiguration(pooled_call::with(1, "10.0.1.2"));
    run.world.run_for(1s);
    CHECK(run.server.allocations() == 0);
    CHECK(run.other.allocations() == 1);
    auto relays = pooled_call::with(1, "10.0.1.2");
    relays.iceTransportPolicy = IceTransportPolicy::relay;
    pc.setConfiguration(relays);
    run.world.run_for(1s);
    CHECK(run.other.allocations() == 1);
    CHECK(run.other.made == 2);
    const auto text = run.describe(pc);
    CHECK(run.took == 0s);
    CHECK(count(text, "a=candidate") == 1);
    pc.close();
    run.finish_with_servers();
}

TEST_CASE("pool: what changed behind it is not believed") {
    pooled_call run;
    PeerConnection pc(run.a, pooled_call::with(1));
    run.world.run_for(1s);
    SECTION("servers, in the same turn") {
        pc.setConfiguration(pooled_call::with(1, "10.0.1.2"));
        const auto text = run.describe(pc);
        CHECK(count(text, " 10.0.1.2 ") == 1);
        CHECK(count(text, " 10.0.1.1 ") == 0);
        CHECK(count(text, " typ host") == 2);
    }
    SECTION("an allocation that the server took back") {
        run.server.forget();
        run.world.run_for(6min);
        const auto text = run.describe(pc);
        CHECK(run.took == 0s);
        CHECK(count(text, " typ relay") == 0);
        CHECK(count(text, " typ srflx") == 1);
    }
    pc.close();
    run.finish_with_servers();
}

TEST_CASE("pool: it is bounded") {
    pooled_call run;
    PeerConnection pc(run.a, pooled_call::with(255));
    run.world.run_for(1s);
    CHECK(run.server.allocations() == transport_set::pool_limit);
    pc.close();
    run.finish_with_servers();
}

TEST_CASE("pool: closed or destroyed at any moment, nothing remains") {
    for (auto after = 0ms; after <= 60ms; after += 3ms) {
        CAPTURE(after.count());
        pooled_call run;
        std::optional<PeerConnection> pc(std::in_place, run.a, pooled_call::with(3));
        run.world.run_for(after);
        if (after.count() % 2 == 0)
            pc->close();
        else
            pc.reset();
        run.finish_with_servers();
    }
}
