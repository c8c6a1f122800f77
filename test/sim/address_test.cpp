#include "cortc/address_watch.hpp"
#include "test/support/restarting_call.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>

using namespace cortc;
using namespace std::chrono_literals;

// What a server's place asks of it: ICE-lite, addresses behind a NAT, one port for all.

namespace {

DataChannelInit once() { return test::channel_init(false, 0, 0); }

/// A call whose answerer (or offerer) has a context of its own.
struct served_call {
    test::sim_call call;
    std::optional<context> server;
    DataChannel a, b;

    explicit served_call(const context_options& options, bool server_offers = false)
        : call(1, test::link_of(10ms), context_options(), test::addresses{"10.1.0.1"},
               test::addresses{"10.2.0.1"}) {
        server.emplace(call.io.get_executor(), call.world.host("b"),
                       test::two_hosts::logged(options, call.log_b));
        call.answerer.emplace(*server);
        if (server_offers) std::swap(call.offerer, call.answerer);
        a = call.offerer->createDataChannel("numbers", once());
        b = call.answerer->createDataChannel("numbers", once());
    }
    void open() {
        auto set_up = [&]() -> asio::awaitable<void> {
            co_await call.set_up();
            co_await a.opened();
            co_await b.opened();
        };
        call.run(set_up(), 60s);
    }
    void echo() {
        auto body = [&]() -> asio::awaitable<void> {
            co_await a.send("there");
            auto there = co_await b.receive();
            CHECK(there.text() == "there");
            co_await b.send("back");
            auto back = co_await a.receive();
            CHECK(back.text() == "back");
        };
        call.run(body(), 5s);
    }
    void restart(bool by_answerer) {
        auto& from = by_answerer ? *call.answerer : *call.offerer;
        auto& to = by_answerer ? *call.offerer : *call.answerer;
        auto body = [&]() -> asio::awaitable<void> {
            co_await call.negotiate(from, to, OfferOptions{true});
            co_await from.restarted();
            co_await to.restarted();
        };
        call.run(body(), 5s);
    }
};

std::string failure(asio::awaitable<void> body, test::sim_call& call) {
    auto task = call.spawn(std::move(body));
    REQUIRE(call.world.run_until([&] { return task.done(); }, 5s));
    try {
        task.rethrow();
    } catch (const Error& error) {
        return std::string(error.name()) + ": " + error.what();
    }
    return {};
}

} // namespace

TEST_CASE("ice-lite: a server is reached, restarts, and sends no check, offering or answering") {
    const bool offers = GENERATE(false, true);
    context_options options;
    options.ice_lite = true;
    served_call run(options, offers);
    auto& call = run.call;
    std::size_t checks = 0;
    call.world.on_datagram([&](sim::transit& each) {
        if (each.data.size() >= 20 && each.data[0] == std::byte{0} && each.data[1] == std::byte{1} &&
            each.source.address.to_string() == "10.2.0.1")
            ++checks;
    });
    run.open();
    auto& lite = offers ? *call.offerer : *call.answerer;
    auto& full = offers ? *call.answerer : *call.offerer;
    CHECK(lite.localDescription()->sdp.find("\r\na=ice-lite\r\n") != std::string::npos);
    CHECK(full.localDescription()->sdp.find("a=ice-lite") == std::string::npos);
    CHECK(lite.sctp()->transport().iceTransport().role() == IceRole::controlled);
    CHECK(full.sctp()->transport().iceTransport().role() == IceRole::controlling);
    run.echo();
    for (bool by_answerer : {false, true}) run.restart(by_answerer);
    run.echo();
    call.world.run_for(120s);
    CHECK(lite.connectionState() == PeerConnectionState::connected);
    CHECK(full.connectionState() == PeerConnectionState::connected);
    CHECK(checks == 0);
    call.partition();
    REQUIRE(call.run_until_state(lite, PeerConnectionState::disconnected, 15s));
    REQUIRE(call.run_until_state(lite, PeerConnectionState::failed, 30s));
    call.partition(false);
    call.finish();
}

TEST_CASE("ice-lite: a peer that is lite, too, is refused by name") {
    context_options options;
    options.ice_lite = true;
    test::sim_call call(1, test::link_of(10ms), options);
    const auto channel = call.offerer->createDataChannel("x");
    auto body = [&]() -> asio::awaitable<void> { co_await call.negotiate(*call.offerer, *call.answerer); };
    CHECK(failure(body(), call).starts_with("NotSupportedError: "));
    call.finish();
}

TEST_CASE("ice-lite: servers are not asked") {
    context_options options;
    options.ice_lite = true;
    test::sim_call call(1, test::link_of(10ms), options);
    Configuration configuration;
    configuration.iceServers.push_back(IceServer({.urls = "stun:10.9.9.9"}));
    call.offerer->setConfiguration(configuration);
    const auto channel = call.offerer->createDataChannel("x");
    auto body = [&]() -> asio::awaitable<void> {
        co_await call.offerer->setLocalDescription();
        co_await call.offerer->gatheringComplete();
    };
    call.run(body(), 1ms);
    call.finish();
}

TEST_CASE("external addresses: the local one is told nobody, and the connection comes about") {
    context_options options;
    options.external_addresses.emplace_back(boost::asio::ip::make_address("203.0.113.7"));
    const bool reflexive = GENERATE(false, true);
    if (reflexive) options.external_addresses[0].as = external_candidate::server_reflexive;
    served_call run(options, GENERATE(false, true));
    auto& call = run.call;
    run.open(); // by the server's checks: nothing forwards the address in this world
    run.echo();
    const auto one = call.offerer->localDescription()->sdp, other = call.answerer->localDescription()->sdp;
    for (const auto& sdp : {one, other}) CHECK(sdp.find("10.2.0.1") == std::string::npos);
    CHECK((one + other)
              .find(reflexive ? "203.0.113.7 49152 typ srflx raddr 0.0.0.0 rport 9"
                              : "203.0.113.7 49152 typ host") != std::string::npos);
    call.finish();
}

TEST_CASE("external addresses: what cannot be is refused by name") {
    boost::asio::io_context io;
    sim::world world(io);
    auto& host = world.host("a", {"10.0.0.1"});
    context_options options;
    auto& entry = options.external_addresses.emplace_back();
    auto why = [&] {
        try {
            const context made(io.get_executor(), host, options);
        } catch (const Error& error) {
            return std::string(error.name()) + ": " + error.what();
        }
        return std::string();
    };
    CHECK(why().starts_with("TypeError: context_options::external_addresses[0].address is 0.0.0.0"));
    entry.address = boost::asio::ip::make_address("203.0.113.1");
    CHECK(why().empty());
    entry.local = boost::asio::ip::make_address("fd00::1");
    CHECK(why().starts_with("TypeError: context_options::external_addresses[0].local is fd00::1"));
}

// ---- one port for all

namespace {

/// A server with one port, and many clients.
struct crowd {
    struct visit {
        PeerConnection client, server;
        DataChannel a, b;
        std::vector<test::spawned> trickling{};
    };
    test::sim_call call;
    std::optional<context> server;
    std::vector<std::unique_ptr<visit>> visits;

    explicit crowd(std::size_t count, test::addresses of_server = {"10.2.0.1"}, context_options options = {})
        : call(1, test::link_of(5ms), context_options(), test::addresses{"10.1.0.1"}, std::move(of_server)) {
        options.udp_mux.emplace();
        options.udp_mux->port = 3478;
        server.emplace(call.io.get_executor(), call.world.host("b"),
                       test::two_hosts::logged(options, call.log_b));
        auto all = [&]() -> asio::awaitable<void> {
            for (std::size_t i = 0; i < count; ++i) co_await join();
        };
        call.run(all(), 60s);
    }
    asio::awaitable<void> join() {
        auto& made = *visits.emplace_back(
            std::make_unique<visit>(visit{PeerConnection(call.a), PeerConnection(*server), {}, {}, {}}));
        made.a = made.client.createDataChannel("x", once());
        made.b = made.server.createDataChannel("x", once());
        co_await call.negotiate(made.client, made.server);
        made.trickling.push_back(call.spawn(call.trickle(made.client, made.server)));
        made.trickling.push_back(call.spawn(call.trickle(made.server, made.client)));
        co_await made.a.opened();
        co_await made.b.opened();
    }
    static asio::awaitable<void> echo(visit& of, std::string text) {
        co_await of.a.send(text);
        auto there = co_await of.b.receive();
        CHECK(there.text() == text);
        co_await of.b.send(text);
        auto back = co_await of.a.receive();
        CHECK(back.text() == text);
    }
    void echo_all() {
        std::vector<test::spawned> running;
        for (std::size_t i = 0; i < visits.size(); ++i)
            running.push_back(call.spawn(echo(*visits[i], std::to_string(i))));
        REQUIRE(call.world.run_until(
            [&] { return std::ranges::all_of(running, [](const auto& each) { return each.done(); }); }, 5s));
        for (const auto& each : running) each.rethrow();
    }
    /// Sockets of clients' are their own.
    [[nodiscard]] std::size_t sockets_of_server() { return call.world.open_sockets() - visits.size(); }
    void finish() {
        for (auto& each : visits) {
            each->client.close();
            each->server.close();
        }
        call.finish();
    }
};

} // namespace

TEST_CASE("mux: fifty connections over one port, which restart, come and go") {
    crowd all(50);
    CHECK(all.sockets_of_server() == 1);
    all.echo_all();
    for (const auto& each : all.visits)
        CHECK(each->client.remoteDescription()->sdp.find(" 10.2.0.1 3478 typ host") != std::string::npos);

    auto restarts = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i)
            for (auto& each : all.visits) {
                co_await all.call.negotiate(each->client, each->server, OfferOptions{true});
                if (i == 2) co_await each->client.restarted();
                if (i == 2) co_await each->server.restarted();
            }
    };
    all.call.run(restarts(), 60s);
    CHECK(all.sockets_of_server() == 1);
    all.echo_all();
    all.call.world.run_for(60s);
    for (std::size_t i = 0; i < 25; ++i) { // the others do not notice
        all.visits[i]->server.close();
        all.visits[i]->client.close();
    }
    all.visits.erase(all.visits.begin(), all.visits.begin() + 25);
    all.call.world.run_for(60s);
    all.echo_all();
    CHECK(all.sockets_of_server() == 1);
    auto more = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 10; ++i) co_await all.join();
    };
    all.call.run(more(), 10s);
    all.echo_all();
    all.finish();
}

TEST_CASE("mux: one port on each address, and a socket that the last one closes") {
    crowd all(2, {"10.2.0.1", "fd00::2"});
    CHECK(all.sockets_of_server() == 2);
    all.visits[0]->server.close();
    all.call.world.run_for(1s);
    CHECK(all.sockets_of_server() == 2);
    all.visits[1]->server.close();
    all.call.world.run_for(1s);
    CHECK(all.sockets_of_server() == 0);
    auto again = [&]() -> asio::awaitable<void> { co_await all.join(); };
    all.call.run(again(), 5s);
    all.visits.erase(all.visits.begin(), all.visits.begin() + 2);
    all.echo_all();
    all.finish();
}

TEST_CASE("mux: strangers are dropped and counted") {
    crowd all(2);
    struct silent final : net::datagram_handler {
        void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
            got += batch.size();
        }
        std::size_t got = 0;
    } stranger;
    auto socket =
        all.call.world.host("a").open_udp({boost::asio::ip::make_address("10.1.0.1"), 999}, stranger).value();
    const endpoint target{boost::asio::ip::make_address("10.2.0.1"), 3478};
    const bytes dtls(40, std::byte{22});
    const auto drops = [&](std::string_view reason) {
        std::uint64_t all_of = 0;
        for (const auto& each : all.server->totals().drops)
            if (each.layer == "mux" && each.reason == reason) all_of += each.count;
        return all_of;
    };
    const net::outgoing packet{dtls, target};
    for (int i = 0; i < 1000; ++i) socket->send({&packet, 1});
    all.call.world.run_for(1s);
    CHECK(drops("unknown source") == 1000);
    CHECK(stranger.got == 0);
    socket.reset();
    all.echo_all();
    all.finish();
}

TEST_CASE("mux: an ICE-lite server behind a NAT, as a container has it") {
    context_options options;
    options.ice_lite = true;
    crowd all(5, {"10.2.0.1"}, options);
    CHECK(all.sockets_of_server() == 1);
    all.echo_all();
    all.call.world.run_for(60s);
    all.echo_all();
    all.finish();
}

TEST_CASE("address watch: an address comes, and a restart moves the connection over") {
    test::restarting_call run(once(), 1, test::link_of(5ms), context_options(), test::addresses{"10.1.0.1"},
                              test::addresses{"10.2.0.1"});
    auto& call = run.call;
    auto& host = call.world.host("a");
    const auto first = boost::asio::ip::make_address("10.1.0.1"),
               second = boost::asio::ip::make_address("10.1.0.2");
    std::optional<address_watch> watch(std::in_place, call.a);
    std::size_t changes = 0;
    auto follow = [&]() -> asio::awaitable<void> {
        for (;;) {
            co_await watch->changed();
            ++changes;
            co_await run.restart(*call.offerer, *call.answerer, true);
        }
    };
    auto following = call.spawn(follow());
    call.world.run_for(60s);
    CHECK(changes == 0);
    host.add_address({"eth1", second, net::interface_kind::ethernet_or_unknown});
    host.set_address(first, false);
    call.world.run_for(3s);
    CHECK(changes == 1);
    CHECK(call.offerer->selectedPair()->local.candidate.find("10.1.0.2") != std::string::npos);
    host.set_address(first, true);
    host.set_address(first, false); // back again within the second: nothing to tell
    call.world.run_for(10s);
    CHECK(changes == 1);
    host.set_address(first, true);
    call.world.run_for(2s);
    CHECK(changes == 2);
    // What changed while nobody waited is told at once.
    watch.reset();
    call.world.run_for(1s);
    REQUIRE(following.done());
    CHECK_THROWS(following.rethrow());
    watch.emplace(call.a);
    host.set_address(first, false);
    auto told = [&]() -> asio::awaitable<void> { co_await watch->changed(); };
    call.run(told(), 1ms);
    call.finish();
}

TEST_CASE("address watch: a slot, a new wait and the end of the watch cancel a wait") {
    test::restarting_call run(once(), 1, test::link_of(5ms), context_options(), test::addresses{"10.1.0.1"},
                              test::addresses{"10.2.0.1"});
    auto& call = run.call;
    std::optional<address_watch> watch(std::in_place, call.a);
    auto told = [&]() -> asio::awaitable<void> { co_await watch->changed(); };
    asio::cancellation_signal cancel;
    std::exception_ptr why;
    watch->changed(asio::bind_cancellation_slot(
        cancel.slot(), [&why](std::exception_ptr error) { why = std::move(error); }));
    call.world.run_for(2s);
    CHECK_FALSE(why);
    cancel.emit(asio::cancellation_type::terminal);
    call.world.run_for(1s);
    CHECK(why);
    auto waiting = call.spawn(told());
    call.world.run_for(1s);
    auto other = call.spawn(told()); // the new wait cancels the old
    call.world.run_for(1s);
    CHECK(waiting.done());
    CHECK_FALSE(other.done());
    watch.reset();
    call.world.run_for(1s);
    CHECK(other.done());
    call.finish();
}
