#include "cortc/mdns/service.hpp"
#include "test/support/sim_call.hpp"

#include <algorithm>
#include <array>

// Host candidates with names ending in `.local` in place of addresses.

using namespace cortc;
using namespace std::chrono_literals;

namespace {

context_options naming(bool publish, bool resolve) {
    context_options made;
    made.mdns.publish = publish;
    made.mdns.resolve = resolve;
    return made;
}

struct named_call : test::sim_call {
    explicit named_call(context_options options = naming(true, true),
                        const test::addresses& of_a = {"10.0.0.1", "fd00::1"},
                        const test::addresses& of_b = {"10.0.0.2", "fd00::2"})
        : sim_call(1, test::link_of(5ms), std::move(options), of_a, of_b) {
        world.on_datagram(
            [this](sim::transit& packet) { groups += packet.destination.address.is_multicast(); });
    }
    std::size_t groups = 0; // datagrams to a group

    /// Until a channel is open.
    asio::awaitable<void> call() {
        channel = offerer->createDataChannel("x");
        co_await set_up();
        co_await channel.opened();
        co_await offerer->gatheringComplete();
        co_await answerer->gatheringComplete();
    }
    DataChannel channel;
};

/// Nothing of it tells an address of the ends.
void hides(const std::string& text) {
    CHECK(text.find("10.0.0.") == std::string::npos);
    CHECK(text.find("fd00::") == std::string::npos);
}

/// A candidate of the host at 10.0.0.2, or elsewhere, by a name.
IceCandidate named(std::string_view name, std::uint16_t port, const std::string& ufrag) {
    return IceCandidate(
        fmt::format("candidate:1 1 udp 2122262783 {} {} typ host ufrag {}", name, port, ufrag), "0", 0,
        ufrag);
}

const std::string somebody = "0b1c2d3e-0000-4000-8000-1234567890ab.local";

std::uint64_t drops(const context& of, std::string_view layer, std::string_view reason) {
    std::uint64_t all = 0;
    for (const auto& each : of.totals().drops)
        if (each.layer == layer && each.reason == reason) all += each.count;
    return all;
}

} // namespace

TEST_CASE("mdns: two connections meet by names, and no description tells an address") {
    named_call run;
    run.run(run.call(), 5s);
    for (const auto* each : {&*run.offerer, &*run.answerer}) {
        const auto text = each->localDescription()->sdp;
        CHECK(text.find(".local ") != std::string::npos);
        hides(text);
        const auto pair = each->selectedPair();
        REQUIRE(pair);
        hides(pair->local.candidate);
        hides(pair->remote.candidate);
        CHECK(pair->remote.candidate.find(".local ") != std::string::npos);
        CHECK(pair->remote.candidate.find("typ host") != std::string::npos); // it was found, not guessed
    }
    CHECK(run.groups > 0);
    // A restart has the same names: the sockets are the same.
    const auto names_of = [](const std::string& sdp) {
        std::vector<std::string> names;
        for (auto at = sdp.find(".local "); at != std::string::npos; at = sdp.find(".local ", at + 1))
            names.push_back(sdp.substr(at - 36, 42));
        std::ranges::sort(names);
        return names;
    };
    const auto before = names_of(run.offerer->localDescription()->sdp);
    CHECK(before.size() == 2);
    auto again = [&]() -> asio::awaitable<void> {
        OfferOptions restart;
        restart.iceRestart = true;
        co_await run.negotiate(*run.offerer, *run.answerer, restart);
        co_await run.offerer->restarted();
        co_await run.offerer->gatheringComplete();
    };
    run.run(again(), 5s);
    CHECK(names_of(run.offerer->localDescription()->sdp) == before);
    run.finish(); // and every multicast socket is closed
}

TEST_CASE("mdns: statistics and events tell the names, too") {
    named_call run;
    run.run(run.call(), 5s);
    auto look = [&]() -> asio::awaitable<void> {
        auto report = co_await run.offerer->getStats();
        hides(to_json(report));
    };
    run.run(look(), 1s);
    run.finish();
}

TEST_CASE("mdns: who does not ask is found by the peer's checks") {
    // Only the answerer hides; the offerer asks nobody. Its own addresses are told.
    named_call run(naming(false, false));
    auto body = [&]() -> asio::awaitable<void> {
        run.channel = run.offerer->createDataChannel("x");
        co_await run.negotiate(*run.offerer, *run.answerer);
        run.trickling.emplace_back(run.io.get_executor(), run.trickle(*run.offerer, *run.answerer));
        // Of the answerer the offerer hears a name alone.
        const auto ufrag =
            run.answerer->sctp()->transport().iceTransport().getLocalParameters()->usernameFragment;
        auto candidate = named(somebody, 50'000, ufrag);
        co_await run.offerer->addIceCandidate(candidate);
        co_await run.channel.opened();
    };
    run.run(body(), 5s);
    const auto pair = run.offerer->selectedPair();
    REQUIRE(pair);
    CHECK(pair->remote.candidate.find("typ prflx") != std::string::npos);
    CHECK(run.groups == 0);
    CHECK(drops(run.a, "ice", "no usable address") == 1);
    run.finish();
}

TEST_CASE("mdns: a name that nobody has is no error, and does not hold anything up") {
    named_call run(naming(false, true));
    auto body = [&]() -> asio::awaitable<void> {
        run.channel = run.offerer->createDataChannel("x");
        co_await run.negotiate(*run.offerer, *run.answerer);
        const auto ufrag =
            run.answerer->sctp()->transport().iceTransport().getLocalParameters()->usernameFragment;
        for (int i = 0; i < 20; ++i) { // 8 are asked for
            auto candidate = named(fmt::format("{:08x}{}", i, somebody.substr(8)), 50'000, ufrag);
            co_await run.offerer->addIceCandidate(candidate);
        }
        auto printer = named("printer.local", 80, ufrag);
        co_await run.offerer->addIceCandidate(printer);
        run.trickling.emplace_back(run.io.get_executor(), run.trickle(*run.offerer, *run.answerer));
        run.trickling.emplace_back(run.io.get_executor(), run.trickle(*run.answerer, *run.offerer));
        co_await run.channel.opened();
    };
    const auto begin = run.world.now();
    run.run(body(), 1s);
    CHECK(run.world.now() - begin < 200ms);
    CHECK(drops(run.a, "ice", "no usable address") == 13);
    run.world.run_for(6s);
    CHECK(drops(run.a, "ice", "no usable address") == 21);
    CHECK(run.groups == 8 * 3 * 4); // names, times, and two families asked for over two links
    run.world.run_for(60s);
    CHECK(run.groups == 8 * 3 * 4);
    run.finish();
}

TEST_CASE("mdns: with the policy relay nobody is asked") {
    named_call run(naming(true, true));
    Configuration relay;
    relay.iceTransportPolicy = IceTransportPolicy::relay;
    for (auto* each : {&*run.offerer, &*run.answerer}) each->setConfiguration(relay);
    auto body = [&]() -> asio::awaitable<void> {
        run.channel = run.offerer->createDataChannel("x");
        co_await run.negotiate(*run.offerer, *run.answerer);
        const auto ufrag =
            run.answerer->sctp()->transport().iceTransport().getLocalParameters()->usernameFragment;
        auto candidate = named(somebody, 50'000, ufrag);
        co_await run.offerer->addIceCandidate(candidate);
    };
    run.run(body(), 5s);
    run.world.run_for(5s);
    CHECK(run.world.stats().sent == 0);
    run.finish();
}

TEST_CASE("mdns: a connection that goes while names are asked for leaves nothing") {
    named_call run(naming(true, true));
    auto body = [&]() -> asio::awaitable<void> {
        run.channel = run.offerer->createDataChannel("x");
        co_await run.negotiate(*run.offerer, *run.answerer);
        const auto ufrag =
            run.answerer->sctp()->transport().iceTransport().getLocalParameters()->usernameFragment;
        auto candidate = named(somebody, 50'000, ufrag);
        co_await run.offerer->addIceCandidate(candidate);
        IceCandidate end("", "0", 0, ufrag);
        co_await run.offerer->addIceCandidate(end);
        co_await run.pause(100ms);
    };
    run.run(body(), 5s);
    run.finish();
}

TEST_CASE("mdns: without multicast there is no host candidate that tells an address") {
    struct deaf final : net::network { // but for multicast it is the host
        explicit deaf(sim::host& host) : inner(host) {}
        time_point now() const override { return inner.now(); }
        unix_time calendar() const override { return inner.calendar(); }
        random_source& random() override { return inner.random(); }
        std::vector<net::interface_address> interfaces() override { return inner.interfaces(); }
        result<std::unique_ptr<net::udp_socket>> open_udp(const endpoint& at,
                                                          net::datagram_handler& to) override {
            return inner.open_udp(at, to);
        }
        std::unique_ptr<net::resolution> resolve(const std::string& host, net::resolved done) override {
            return inner.resolve(host, std::move(done));
        }
        std::unique_ptr<net::timer> make_timer(std::function<void()> expired) override {
            return inner.make_timer(std::move(expired));
        }
        sim::host& inner;
    };
    asio::io_context io;
    sim::world world(io);
    deaf network(world.host("a", {"10.0.0.1"}));
    context where(io.get_executor(), network, naming(true, true));
    PeerConnection pc(where);
    auto body = [&]() -> asio::awaitable<void> {
        auto channel = pc.createDataChannel("x");
        co_await pc.setLocalDescription(co_await pc.createOffer());
        co_await pc.gatheringComplete();
    };
    test::spawned task(io.get_executor(), body());
    REQUIRE(world.run_until([&] { return task.done(); }, 2s));
    task.rethrow();
    CHECK(pc.localDescription()->sdp.find("a=candidate") == std::string::npos);
    pc.close();
    CHECK(world.run_dry(1s));
}

TEST_CASE("mdns: strangers on the network disturb nobody") {
    named_call run;
    sim::host& stranger = run.world.host("stranger", {"10.0.0.66"});
    struct mute final : net::datagram_handler {
        void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
            heard += batch.size();
        }
        std::size_t heard = 0;
    } ears;
    auto socket =
        stranger.open_multicast({mdns::group(false), mdns::port}, stranger.interfaces().at(0), ears).value();
    // It says that every name that is asked for is somewhere else, where nobody is, and floods with nonsense.
    run.world.on_datagram([&](sim::transit& packet) {
        if (packet.source.address == stranger.interfaces().at(0).address ||
            !packet.destination.address.is_multicast())
            return;
        const auto read = mdns::parse(packet.data);
        std::array<std::byte, 512> room;
        for (const auto& each : read->questions) {
            const auto size =
                mdns::write_answer(room, each.name, boost::asio::ip::make_address("127.0.0.1"), false);
            for (std::size_t length : {size, size / 2, std::size_t{3}}) {
                const net::outgoing lie{byte_view(room).first(length), {mdns::group(false), mdns::port}};
                socket->send({&lie, 1});
            }
        }
    });
    run.run(run.call(), 10s); // by what each learns of the other's checks, if need be
    CHECK(ears.heard > 0);
    CHECK(drops(run.a, "mdns", "malformed") > 0);
    socket.reset();
    run.finish();
}
