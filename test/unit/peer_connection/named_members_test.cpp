#include "test/unit/peer_connection/media_support.hpp"

#include <type_traits>

using namespace cortc;
using namespace std::chrono_literals;

// g++ 12 corrupts braced temporaries with members that have destructors in a co_await expression.
static_assert(std::is_trivially_destructible_v<NamedDataChannelInit>);
static_assert(std::is_trivially_destructible_v<NamedIceServer>);
static_assert(std::is_trivially_destructible_v<OfferOptions>);

namespace {

asio::awaitable<void> channels_by_name(context a, context b) {
    auto executor = co_await asio::this_coro::executor;
    PeerConnection one(a), other(b);
    auto cursor = one.createDataChannel("cursor", {.ordered = false, .maxRetransmits = 0});
    CHECK_FALSE(cursor.ordered());
    CHECK(cursor.maxRetransmits() == 0);
    auto plain = one.createDataChannel("plain", {});
    CHECK(plain.ordered());
    const std::string protocol = "a protocol that is longer than what a short string holds";
    auto agreed = one.createDataChannel(
        "agreed", {.protocol = protocol, .negotiated = true, .id = 7, .priority = PriorityType::high});
    CHECK(agreed.protocol() == protocol);
    CHECK(agreed.id() == 7);
    CHECK(agreed.priority() == PriorityType::high);
    CHECK(test::thrown_name([&] {
              (void)one.createDataChannel("x", {.maxPacketLifeTime = 1, .maxRetransmits = 1});
          }) == "TypeError");
    co_await test::negotiate(one, other);
    test::spawned there(executor, test::trickle(one, other)), back(executor, test::trickle(other, one));
    co_await cursor.opened();
    // Under co_await, many times: what is corrupted shows sooner or later.
    for (int i = 0; i < 50; ++i)
        co_await one
            .createDataChannel("a label that is longer than what a short string holds",
                               {.ordered = false, .maxRetransmits = 3, .protocol = protocol})
            .opened();
    int seen = 0;
    timer clock(b);
    co_await clock.wait(1s);
    while (auto next = other.tryNextDataChannel())
        if (next->label().starts_with("a label")) {
            ++seen;
            CHECK(next->protocol() == protocol);
            CHECK(next->maxRetransmits() == 3);
        }
    CHECK(seen == 50);
    one.close();
    other.close();
    while (!there.done() || !back.done()) co_await clock.wait(1ms);
}

} // namespace

TEST_CASE("createDataChannel: members by their names, also under co_await") {
    test::two_hosts net;
    net.run(channels_by_name(net.a, net.b), 20s);
    CHECK(net.world.run_dry());
}

TEST_CASE("IceServer: members by their names") {
    Configuration configuration;
    configuration.iceServers = {
        IceServer({.urls = "stun:stun.example.org"}),
        IceServer(
            {.urls = {"turn:example.org", "turns:example.org"}, .username = "user", .credential = "secret"}),
        IceServer({"turn:example.org", "turns:example.org"}, "user", "secret")};
    REQUIRE(configuration.iceServers.size() == 3);
    CHECK(configuration.iceServers[0] == IceServer("stun:stun.example.org"));
    CHECK(configuration.iceServers[1] == configuration.iceServers[2]);
    CHECK(IceServer({.username = "user"}).urls.empty());
    test::two_hosts net;
    PeerConnection pc(net.a, configuration);
    CHECK(pc.getConfiguration().iceServers == configuration.iceServers);
}
