#include "cortc/stun/message_writer.hpp"
#include "cortc/turn/server.hpp"
#include "test/support/sim_call.hpp"

#include <algorithm>
#include <array>
#include <set>

// With iceTransportPolicy "relay" nothing leaves a host but for its TURN server, nothing else is taken, and
// nobody is told an address of it. All datagrams and TCP segments are looked at.

using namespace cortc;
using namespace std::chrono_literals;

namespace {

endpoint at(std::string_view address, std::uint16_t port = 3478) {
    return {boost::asio::ip::make_address(address), port};
}

turn::server_options serving() {
    turn::server_options made;
    made.realm = "example.org";
    made.users = [](std::string_view) -> std::optional<turn::user_secret> {
        return turn::user_secret("secret");
    };
    made.allowed_peers = {"10.0.0.0/8"};
    made.tcp = {at("10.0.1.1")};
    return made;
}

/// Names are published, asked for, and there is whatever else would tell an address.
context_options talkative() {
    context_options made;
    made.mdns.publish = true;
    external_address outside(boost::asio::ip::make_address("203.0.113.7"));
    outside.keep_local = true;
    made.external_addresses = {outside};
    return made;
}

struct private_call : test::sim_call {
    private_call() : sim_call(1, test::link_of(10ms), talkative()) {
        world.on_datagram([this](sim::transit& seen) { look(seen.source, seen.destination); });
        world.on_stream([this](sim::stream_transit& seen) { look(seen.source, seen.destination); });
    }
    turn::server server{world.host("server", {"10.0.1.1"}), serving(), at("10.0.1.1")};
    sim::host& stranger = world.host("stranger", {"10.0.0.66", "fd00::66"});

    static bool of_end(const endpoint& where) {
        const auto text = where.address.to_string();
        return text == "10.0.0.1" || text == "10.0.0.2" || text == "fd00::1" || text == "fd00::2";
    }
    void look(const endpoint& source, const endpoint& destination) {
        if (!of_end(source)) return;
        sources.insert(source);
        ++(destination == at("10.0.1.1") ? to_server : elsewhere);
    }
    std::set<endpoint> sources; // the ports of the ends
    std::size_t to_server = 0, elsewhere = 0;

    void relay_alone(PeerConnection& which, const std::string& url) {
        Configuration next = which.getConfiguration();
        next.iceServers = {IceServer("stun:10.0.1.1"), IceServer(url, "user", "secret")};
        next.iceTransportPolicy = IceTransportPolicy::relay;
        which.setConfiguration(next);
    }
    void finish_with_server() {
        offerer->close();
        answerer->close();
        CHECK(world.run_until([&] { return server.allocations() == 0 && world.armed_timers() <= 1; }, 3s));
    }
};

/// A description's candidates are relayed ones that do not say where they are reached from.
void tells_nothing(const std::string& sdp) {
    std::size_t candidates = 0;
    for (auto begin = sdp.find("a=candidate:"); begin != std::string::npos;
         begin = sdp.find("a=candidate:", begin + 1)) {
        const auto line = sdp.substr(begin, sdp.find("\r\n", begin) - begin);
        CAPTURE(line);
        CHECK(line.find(" 10.0.1.1 ") != std::string::npos);
        CHECK(line.find(" typ relay raddr 0.0.0.0 rport 9") != std::string::npos);
        ++candidates;
    }
    CHECK(candidates > 0);
    for (const auto* secret : {"10.0.0.", "fd00::", "203.0.113.", ".local"})
        CHECK(sdp.find(secret) == std::string::npos);
}

asio::awaitable<void> talk(DataChannel from, DataChannel to) {
    for (int i = 0; i < 20; ++i) {
        co_await from.send(std::to_string(i));
        auto message = co_await to.receive();
        CHECK(message.text() == std::to_string(i));
    }
}

} // namespace

TEST_CASE("relay policy: nothing leaves but for the server, and no description tells an address") {
    const std::string url = GENERATE("turn:10.0.1.1", "turn:10.0.1.1?transport=tcp");
    private_call run;
    for (auto* each : {&*run.offerer, &*run.answerer}) run.relay_alone(*each, url);
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        // What the peer would have us try: an address, a name, and one that is nowhere.
        auto ice = run.answerer->sctp()->transport().iceTransport();
        const auto ufrag = ice.getLocalParameters()->usernameFragment;
        for (const auto* where : {"10.0.0.66", "fd00::66", "0b1c2d3e-0000-4000-8000-1234567890ab.local"}) {
            IceCandidate lure(fmt::format("candidate:9 1 udp 2130706431 {} 9999 typ host", where), "0", 0,
                              ufrag);
            co_await run.offerer->addIceCandidate(lure);
        }
        co_await out.opened();
        auto in = co_await run.answerer->nextDataChannel();
        co_await talk(out, in);
        co_await talk(in, out);
        OfferOptions restart;
        restart.iceRestart = true;
        co_await run.negotiate(*run.offerer, *run.answerer, restart);
        co_await run.offerer->restarted();
        co_await talk(out, in);
        co_await run.offerer->gatheringComplete();
        co_await run.answerer->gatheringComplete();
    };
    run.run(body(), 30s);
    run.world.run_for(60s); // consent, refreshes
    CHECK(run.elsewhere == 0);
    CHECK(run.to_server > 100);
    for (const auto* each : {&*run.offerer, &*run.answerer}) {
        tells_nothing(each->localDescription()->sdp);
        CHECK(each->selectedPair()->local.candidate.find(" typ relay raddr ") != std::string::npos);
    }
    run.finish_with_server();
    CHECK(run.elsewhere == 0); // goodbyes included
}

TEST_CASE("relay policy: what does not come by the server is not taken, and not answered") {
    private_call run;
    for (auto* each : {&*run.offerer, &*run.answerer}) run.relay_alone(*each, "turn:10.0.1.1");
    DataChannel out, in;
    auto body = [&]() -> asio::awaitable<void> {
        out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        in = co_await run.answerer->nextDataChannel();
    };
    run.run(body(), 10s);
    // Somebody who knows the credentials sends checks to every port that the ends have.
    struct ears final : net::datagram_handler {
        void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
            heard += batch.size();
        }
        std::size_t heard = 0;
    } ears;
    auto socket = run.stranger.open_udp(at("10.0.0.66", 9999), ears).value();
    const auto ends = run.sources;
    REQUIRE(ends.size() >= 2);
    const auto ours = *run.offerer->sctp()->transport().iceTransport().getLocalParameters();
    const auto theirs = *run.answerer->sctp()->transport().iceTransport().getLocalParameters();
    for (const auto& to : ends)
        for (bool forward : {true, false}) {
            std::array<std::byte, 512> room;
            stun::transaction_id id{};
            stun::message_writer check(room, stun::message_class::request, stun::method::binding, id);
            const auto& [mine, other] = forward ? std::tie(ours, theirs) : std::tie(theirs, ours);
            check.add_username(mine.usernameFragment, other.usernameFragment);
            check.add_priority(1);
            check.add_ice_controlled(1);
            check.add_integrity(as_bytes(std::string_view(mine.password)));
            check.add_fingerprint();
            const net::outgoing one{check.written(), to};
            socket->send(std::span(&one, 1));
        }
    const auto pair = run.offerer->selectedPair();
    run.world.run_for(5s);
    CHECK(ears.heard == 0);
    CHECK(run.elsewhere == 0);
    CHECK(run.offerer->selectedPair()->remote.candidate == pair->remote.candidate);
    run.run(talk(out, in), 10s);
    run.finish_with_server();
}
