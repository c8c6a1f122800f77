#include "cortc/sdp/candidate.hpp"
#include "test/support/sim_call.hpp"
#include "test/support/turn_server.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

// TURN servers over TCP, TLS and DTLS: what servers_test.cpp has of UDP.

using namespace cortc;
using namespace std::chrono_literals;

namespace {

constexpr auto way = 10ms; // each link's delay

std::string pem(const std::string& name) {
    std::ifstream in(CORTC_TEST_DATA "/certificates/" + name);
    REQUIRE(in);
    return {std::istreambuf_iterator<char>(in), {}};
}
context_options trusting(crypto::server_trust trust) {
    context_options options;
    options.server_trust = std::move(trust);
    return options;
}

/// Two ends and one server, under the name and address that its certificate has.
struct secured_call : test::sim_call {
    explicit secured_call(std::uint64_t seed = 1,
                          crypto::server_trust trust = crypto::server_trust::pem(pem("tls_root.pem")))
        : sim_call(seed, test::link_of(way), trusting(std::move(trust))) {
        world.set_name("turn.example.org", {"10.0.0.9"});
        world.set_name("elsewhere.example.com", {"10.0.0.9"});
        server.listen_tcp();
        serve("tls_server.pem");
    }
    void serve(const std::string& name) {
        const auto text = pem(name);
        server.listen_secure(crypto::default_backend().load_identity(text, text).value());
    }
    test::turn_server server{world.host("turn", {"10.0.0.9"}), boost::asio::ip::make_address("10.0.0.9")};

    void use(PeerConnection& which, const std::string& url) {
        Configuration next = which.getConfiguration();
        next.iceServers = {IceServer(url, "user", "secret")};
        next.iceTransportPolicy = IceTransportPolicy::relay;
        which.setConfiguration(next);
    }
    void use(const std::string& url) {
        for (auto* each : {&*offerer, &*answerer}) use(*each, url);
    }
    /// The candidates of the offerer alone, up to the end of gathering, and how long it took.
    std::vector<IceCandidate> gather(const std::string& url, duration limit = 11s) {
        use(*offerer, url);
        std::vector<IceCandidate> found;
        const auto begin = world.now();
        auto body = [&]() -> asio::awaitable<void> {
            auto channel = offerer->createDataChannel("x");
            co_await offerer->setLocalDescription(co_await offerer->createOffer());
            while (auto next = co_await offerer->nextIceCandidate())
                if (!next->candidate.empty()) found.push_back(*next);
        };
        run(body(), limit);
        took = world.now() - begin;
        return found;
    }
    duration took{};
    IceCandidateError error() {
        auto first = offerer->tryNextIceCandidateError();
        REQUIRE(first);
        return *first;
    }
    asio::awaitable<void> connect(std::optional<DataChannel>& out, std::optional<DataChannel>& in) {
        out = offerer->createDataChannel("x");
        co_await set_up();
        co_await out->opened();
        in = co_await answerer->nextDataChannel();
    }
    /// The server keeps four sockets: UDP, DTLS and two listeners.
    void finish_with_server() {
        offerer->close();
        answerer->close();
        CHECK(world.run_until([&] { return world.armed_timers() == 0 && world.open_sockets() == 4; }, 5s));
        CHECK(server.allocations() == 0);
    }
};

asio::awaitable<void> talk(DataChannel from, DataChannel to, int messages) {
    for (int i = 0; i < messages; ++i) {
        co_await from.send(std::to_string(i));
        auto message = co_await to.receive();
        CHECK(message.text() == std::to_string(i));
    }
}

std::string transport_of(const std::string& url) { return url.starts_with("turns") ? "tls" : "tcp"; }

} // namespace

TEST_CASE("server transports: two ends meet over relays that they reach over TCP, TLS and DTLS") {
    const std::string url = GENERATE("turn:turn.example.org?transport=tcp", "turns:turn.example.org",
                                     "turns:10.0.0.9", "turns:turn.example.org?transport=udp");
    const auto seed = static_cast<std::uint64_t>(GENERATE(range(1, 4)));
    CAPTURE(url, seed);
    secured_call run(seed);
    std::size_t direct = 0, plain = 0;
    run.world.on_datagram([&](sim::transit& packet) {
        const auto relay = boost::asio::ip::make_address("10.0.0.9");
        direct += packet.source.address != relay && packet.destination.address != relay;
        plain += packet.source.port == 3478 || packet.destination.port == 3478;
    });
    run.use(url);
    std::optional<DataChannel> out, in;
    auto body = [&]() -> asio::awaitable<void> {
        co_await run.connect(out, in);
        co_await talk(*out, *in, 30);
        co_await talk(*in, *out, 30);
        co_await out->send(std::string(200'000, 'x'));
        auto large = co_await in->receive();
        CHECK(large.size() == 200'000);
    };
    run.run(body(), 30s);
    CHECK(direct == 0);
    CHECK(plain == 0);
    CHECK(run.server.made == 2);
    CHECK(run.server.connections() == 2);
    const auto pair = run.offerer->selectedPair();
    REQUIRE(pair);
    CHECK(pair->local.candidate.find("typ relay") != std::string::npos);
    run.finish_with_server();
    CHECK(run.server.released == 2);
}

TEST_CASE("server transports: a candidate says which server it is from and how that is reached") {
    secured_call run;
    const std::string url = GENERATE("turn:turn.example.org", "turn:turn.example.org?transport=tcp",
                                     "turns:turn.example.org", "turns:turn.example.org?transport=udp");
    const auto found = run.gather(url, 2s);
    REQUIRE(found.size() == 1);
    const auto expected = url.ends_with("udp") || url == "turn:turn.example.org" ? "udp" : transport_of(url);
    CHECK(found[0].url == url);
    CHECK(found[0].relayProtocol == expected);
    std::size_t seen = 0;
    auto body = [&]() -> asio::awaitable<void> {
        const auto report = co_await run.offerer->getStats();
        for (const auto* each : report.all<IceCandidateStats>()) {
            ++seen;
            CHECK(each->url == url);
            CHECK(each->relayProtocol == expected);
        }
    };
    run.run(body(), 1s);
    CHECK(seen == 1);
    run.finish_with_server();
}

TEST_CASE("server transports: of several relays the one over UDP is best, then TCP, then TLS") {
    secured_call run;
    Configuration all;
    all.iceTransportPolicy = IceTransportPolicy::relay;
    for (const auto* url : {"turns:turn.example.org", "turn:turn.example.org?transport=tcp",
                            "turn:turn.example.org", "turns:turn.example.org?transport=udp"})
        all.iceServers.emplace_back(url, "user", "secret");
    run.offerer->setConfiguration(all);
    std::vector<std::pair<std::uint32_t, std::string>> order;
    auto body = [&]() -> asio::awaitable<void> {
        auto channel = run.offerer->createDataChannel("x");
        co_await run.offerer->setLocalDescription(co_await run.offerer->createOffer());
        while (auto next = co_await run.offerer->nextIceCandidate())
            if (!next->candidate.empty())
                order.emplace_back(sdp::parse_candidate(next->candidate).value().priority, *next->url);
    };
    run.run(body(), 5s);
    REQUIRE(order.size() == 4);
    std::ranges::sort(order, std::greater<>());
    CHECK(order[0].second == "turn:turn.example.org");
    CHECK(order[1].second == "turns:turn.example.org?transport=udp");
    CHECK(order[2].second == "turn:turn.example.org?transport=tcp");
    CHECK(order[3].second == "turns:turn.example.org");
    run.finish_with_server();
}

TEST_CASE("server transports: where UDP is blocked a connection comes about over TCP and TLS") {
    const std::string url = GENERATE("turn:turn.example.org?transport=tcp", "turns:turn.example.org");
    secured_call run;
    const auto& turn = run.world.host("turn");
    for (const auto* name : {"a", "b"}) {
        auto blocked = test::link_of(way);
        blocked.udp = false;
        run.world.connect(run.world.host(name), turn, blocked);
    }
    run.use(url);
    std::optional<DataChannel> out, in;
    auto body = [&]() -> asio::awaitable<void> {
        co_await run.connect(out, in);
        co_await talk(*out, *in, 10);
    };
    run.run(body(), 30s);
    run.finish_with_server();
}

TEST_CASE("server transports: what a server cannot be trusted for is told, and nothing is sent to it") {
    const bool datagrams = GENERATE(false, true), another_name = GENERATE(false, true);
    secured_call run;
    std::string url = "turns:turn.example.org", expected = "is signed by itself";
    if (another_name) {
        url = "turns:elsewhere.example.com";
        expected = "names turn.example.org, ";
    } else {
        run.server.stop_streams();
        run.server.listen_tcp();
        run.serve("tls_self_signed.pem");
    }
    if (datagrams) url += "?transport=udp";
    const auto found = run.gather(url);
    CHECK(found.empty());
    const auto error = run.error();
    CHECK(error.errorCode == 701);
    CHECK(error.url == url);
    CHECK(error.address == "10.0.0.1");
    INFO(error.errorText);
    CHECK(error.errorText.find(expected) != std::string::npos);
    CHECK(run.took < 1s);
    CHECK(run.server.made == 0);
    run.finish_with_server();
}

TEST_CASE("server transports: trust in the system's authorities, and in nobody") {
    SECTION("the system does not know the test's") {
        secured_call run(1, crypto::server_trust::system());
        CHECK(run.gather("turns:turn.example.org").empty());
        CHECK(run.error().errorCode == 701);
        run.finish_with_server();
    }
    SECTION("what is no certificate") {
        secured_call run(1, crypto::server_trust::pem("nothing"));
        CHECK(run.gather("turns:turn.example.org").empty());
        CHECK(run.error().errorText.find("context_options::server_trust has no certificate: ") !=
              std::string::npos);
        run.finish_with_server();
    }
    SECTION("nothing is verified") {
        secured_call run(1, crypto::server_trust::none());
        CHECK(run.gather("turns:elsewhere.example.com").size() == 1);
        run.finish_with_server();
    }
}

TEST_CASE("server transports: a wrong password, and a server that refuses, have the server's code") {
    const std::string url = GENERATE("turn:turn.example.org?transport=tcp", "turns:turn.example.org",
                                     "turns:turn.example.org?transport=udp");
    secured_call run;
    std::uint16_t code = 486;
    SECTION("refused") { run.server.refusing = stun::error::allocation_quota_reached; }
    SECTION("wrong password") {
        run.server.password = "another";
        code = 401;
    }
    CHECK(run.gather(url).empty());
    CHECK(run.error().errorCode == code);
    CHECK(run.took < 1s);
    run.finish_with_server();
}

TEST_CASE("server transports: a server that refuses, is silent or talks nonsense costs its time at most") {
    secured_call run;
    std::string url = "turn:turn.example.org?transport=tcp", expected;
    duration limit = 1s;
    SECTION("nobody listens") {
        run.server.stop_streams();
        run.server.listen_tcp();
        url = "turns:turn.example.org";
        expected = "there is no connection to it: Connection refused";
        CHECK(run.gather(url).empty());
        CHECK(run.error().errorText == expected);
        CHECK(run.took < limit);
        return;
    }
    SECTION("accepted, and then silence") {
        run.server.silent = true;
        expected = "does not answer";
        limit = 10s;
    }
    SECTION("nobody is there") {
        url = "turn:10.0.9.9?transport=tcp";
        expected = "does not answer";
        limit = 10s;
    }
    SECTION("a firewall that lets no TCP pass") {
        auto blocked = test::link_of(way);
        blocked.tcp = false;
        run.world.connect(run.world.host("a"), run.world.host("turn"), blocked);
        expected = "does not answer";
        limit = 10s;
    }
    SECTION("a web server") {
        run.server.garbage = "HTTP/1.1 400 Bad Request\r\n\r\n"; // begins as ChannelData does
        expected = "what it sends is not TURN";
    }
    SECTION("a web server that is asked for TLS") {
        url = "turns:turn.example.org:3478";
        run.server.garbage = "HTTP/1.1 400 Bad Request\r\n\r\n";
        expected = "";
    }
    SECTION("what is no TURN") {
        run.server.garbage = "\xff\xfb\x01\xff\xfb\x03";
        expected = "what it sends is not TURN";
    }
    SECTION("a message that never ends") {
        run.server.garbage = std::string("\x01\x13\xff\xfc", 4) + std::string(1000, 'x');
        expected = "does not answer";
        limit = 10s;
    }
    CHECK(run.gather(url).empty());
    const auto error = run.error();
    CHECK(error.errorCode == 701);
    INFO(error.errorText);
    CHECK(error.errorText.find(expected) != std::string::npos);
    CHECK(run.took <= limit);
    run.finish_with_server();
}

TEST_CASE("server transports: the next address of a name is asked when one refuses the connection") {
    secured_call run;
    run.world.host("nobody", {"10.0.0.8"});
    run.world.set_name("both.example.org", {"10.0.0.8", "10.0.0.9"});
    CHECK(run.gather("turn:both.example.org?transport=tcp", 2s).size() == 1);
    CHECK_FALSE(run.offerer->tryNextIceCandidateError());
    run.finish_with_server();
}

TEST_CASE("server transports: a redirection keeps the transport, and the name that it says is compared") {
    const bool datagrams = GENERATE(false, true);
    secured_call run;
    test::turn_server other(run.world.host("other", {"10.0.0.8"}), boost::asio::ip::make_address("10.0.0.8"));
    const auto text = pem("tls_server.pem");
    other.listen_secure(crypto::default_backend().load_identity(text, text).value());
    run.server.alternate = endpoint{boost::asio::ip::make_address("10.0.0.8"), 5349};
    run.server.domain = GENERATE("a.wild.example.org", "other.example.net");
    const bool good = run.server.domain == "a.wild.example.org";
    const auto found =
        run.gather(datagrams ? "turns:turn.example.org?transport=udp" : "turns:turn.example.org", 2s);
    CHECK(found.size() == (good ? 1 : 0));
    CHECK(other.made == (good ? 1 : 0));
    if (!good) CHECK(run.error().errorText.find("and not other.example.net") != std::string::npos);
    run.offerer->close();
    run.answerer->close();
    run.world.run_for(3s);
    CHECK(other.allocations() == 0);
}

TEST_CASE("server transports: answers that come in pieces are answers") {
    secured_call run;
    run.server.piece = GENERATE(1, 3, 7);
    run.use("turn:turn.example.org?transport=tcp");
    std::optional<DataChannel> out, in;
    auto body = [&]() -> asio::awaitable<void> {
        co_await run.connect(out, in);
        co_await talk(*out, *in, 5);
        co_await talk(*in, *out, 5);
    };
    run.run(body(), 30s);
    run.finish_with_server();
}

TEST_CASE("server transports: a connection that is cut anywhere ends gathering, and leaves nothing") {
    const bool secure = GENERATE(false, true);
    std::size_t length = 0; // segments with data that the server sends while it is asked
    for (std::size_t cut = 0; cut == 0 || cut <= length; ++cut) {
        CAPTURE(secure, cut);
        secured_call run;
        std::size_t seen = 0;
        run.world.on_stream([&](sim::stream_transit& segment) {
            if (segment.source.address != boost::asio::ip::make_address("10.0.0.9") || segment.data.empty())
                return;
            if (++seen == cut) asio::post(run.io, [&] { run.server.stop_streams(); });
        });
        const auto found =
            run.gather(secure ? "turns:turn.example.org" : "turn:turn.example.org?transport=tcp");
        if (cut == 0) length = seen;
        CHECK((found.size() == 1 || run.offerer->tryNextIceCandidateError().has_value()));
        run.offerer->close();
        run.answerer->close();
        run.world.run_for(5s);
        CHECK(run.world.armed_timers() == 0);
    }
    CHECK(length >= (secure ? 4 : 2));
}

TEST_CASE("server transports: closed at any moment of gathering, nothing remains, and no allocation") {
    const std::string url = GENERATE("turn:turn.example.org?transport=tcp", "turns:turn.example.org",
                                     "turns:turn.example.org?transport=udp");
    for (auto after = 0ms; after <= 180ms; after += 5ms) {
        CAPTURE(url, after.count());
        secured_call run(static_cast<std::uint64_t>(after.count()));
        run.use(*run.offerer, url);
        auto body = [&]() -> asio::awaitable<void> {
            auto channel = run.offerer->createDataChannel("x");
            co_await run.offerer->setLocalDescription(co_await run.offerer->createOffer());
        };
        run.run(body(), 1s);
        run.world.run_for(after);
        run.finish_with_server();
    }
}

TEST_CASE("server transports: a server that restarts, or is cut off, fails the connection, and a restart "
          "mends it") {
    const std::string url = GENERATE("turn:turn.example.org?transport=tcp", "turns:turn.example.org");
    const bool half_open = GENERATE(false, true);
    CAPTURE(url, half_open);
    secured_call run;
    run.use(url);
    std::optional<DataChannel> out, in;
    auto body = [&]() -> asio::awaitable<void> {
        co_await run.connect(out, in);
        co_await talk(*out, *in, 3);
        if (half_open) {
            run.world.partition(run.world.host("a"), run.world.host("turn"));
        } else {
            run.server.stop_streams();
            run.server.listen_tcp();
            run.serve("tls_server.pem");
        }
        for (int i = 0; i < 120 && run.offerer->connectionState() != PeerConnectionState::failed; ++i)
            co_await run.pause(500ms);
        CHECK(run.offerer->connectionState() == PeerConnectionState::failed);
        run.world.partition(run.world.host("a"), run.world.host("turn"), false);
        OfferOptions restart;
        restart.iceRestart = true;
        co_await run.negotiate(*run.offerer, *run.answerer, restart);
        co_await timeout(20s, run.offerer->restarted());
        co_await timeout(20s, run.answerer->restarted());
        co_await talk(*out, *in, 3);
    };
    run.run(body(), 3min);
}

TEST_CASE("server transports: a relay whose connection ends is gone at once, and its candidate with it") {
    const std::string url = GENERATE("turn:turn.example.org?transport=tcp", "turns:turn.example.org");
    const bool another = GENERATE(false, true); // path there is
    CAPTURE(url, another);
    secured_call run;
    run.use(url);
    if (another) {
        for (auto* each : {&*run.offerer, &*run.answerer}) {
            auto both = each->getConfiguration();
            both.iceTransportPolicy = IceTransportPolicy::all;
            each->setConfiguration(both);
        }
    }
    std::optional<DataChannel> out, in;
    duration took{};
    auto locals = [&]() -> asio::awaitable<std::size_t> {
        const auto report = co_await run.offerer->getStats();
        std::size_t relays = 0;
        for (const auto* each : report.all<IceCandidateStats>())
            relays +=
                each->type == StatsType::local_candidate && each->candidateType == IceCandidateType::relay;
        co_return relays;
    };
    auto body = [&]() -> asio::awaitable<void> {
        co_await run.connect(out, in);
        co_await talk(*out, *in, 3);
        const auto before = co_await locals();
        CHECK(before == 1);
        const auto begin = run.world.now();
        run.server.stop_streams();
        if (another) {
            co_await run.pause(1s);
            CHECK(run.offerer->connectionState() == PeerConnectionState::connected);
            co_await talk(*out, *in, 3);
        } else {
            for (int i = 0; i < 100 && run.offerer->connectionState() != PeerConnectionState::failed; ++i)
                co_await run.pause(5ms);
            took = run.world.now() - begin;
            CHECK(run.offerer->connectionState() == PeerConnectionState::failed);
            CHECK(took <= 100ms);
        }
        const auto after = co_await locals();
        CHECK(after == 0);
    };
    run.run(body(), 30s);
}

TEST_CASE("server transports: a relay over TLS carries a connection for an hour") {
    secured_call run;
    run.use("turns:turn.example.org");
    std::optional<DataChannel> out, in;
    auto body = [&]() -> asio::awaitable<void> {
        co_await run.connect(out, in);
        for (int i = 0; i < 60; ++i) {
            if (i % 10 == 5) run.server.nonce = "n" + std::to_string(i);
            co_await run.pause(1min);
            co_await talk(*out, *in, 1);
        }
    };
    run.run(body(), 2h);
    CHECK(run.server.made == 2);
    run.finish_with_server();
}

TEST_CASE("server transports: a server that reads slowly holds nobody up") {
    secured_call run;
    run.use("turn:turn.example.org?transport=tcp");
    std::optional<DataChannel> out, in;
    auto narrow = test::link_of(way);
    narrow.bandwidth = 400'000;
    narrow.queue_limit = 8'000;
    run.world.set_link(run.world.host("a"), run.world.host("turn"), narrow);
    auto body = [&]() -> asio::awaitable<void> {
        co_await run.connect(out, in);
        for (int i = 0; i < 10; ++i) co_await out->send(std::string(20'000, 'x'));
        for (int i = 0; i < 10; ++i) {
            auto message = co_await in->receive();
            CHECK(message.size() == 20'000);
        }
        co_await talk(*in, *out, 3);
    };
    run.run(body(), 2min);
    run.finish_with_server();
}

TEST_CASE("server transports: STUN over TCP and TLS tells no UDP candidate, and is not asked") {
    secured_call run;
    Configuration next;
    next.iceServers = {IceServer("stuns:turn.example.org")};
    run.offerer->setConfiguration(next);
    auto body = [&]() -> asio::awaitable<void> {
        auto channel = run.offerer->createDataChannel("x");
        co_await run.offerer->setLocalDescription(co_await run.offerer->createOffer());
        co_await run.offerer->gatheringComplete();
    };
    run.run(body(), 1s);
    CHECK(run.error().errorText.find("over tls is no address of a UDP candidate") != std::string::npos);
    CHECK(run.server.connections() == 0);
    run.finish_with_server();
}

TEST_CASE("server transports: whatever a server sends over a stream is borne") {
    const bool secure = GENERATE(false, true); // in TLS, too, it is the server who speaks
    const auto seed = static_cast<std::uint64_t>(GENERATE(range(1, 41)));
    CAPTURE(secure, seed);
    secured_call run(seed);
    sim::seeded_random random(seed);
    run.server.alter = [&](bytes& message) {
        switch (random.next() % 6) {
        case 0:
            message.resize(random.next() % (message.size() + 1));
            break;
        case 1: { // a length that lies
            bytes frame{std::byte{0x40}, std::byte{0x01}, std::byte(random.next() & 0xff),
                        std::byte(random.next() & 0xff)};
            message.insert(message.begin(), frame.begin(), frame.end());
            break;
        }
        case 2:
            for (int i = 0; i < 8 && !message.empty(); ++i)
                message[random.next() % message.size()] = std::byte(random.next() & 0xff);
            break;
        case 3: {
            const bytes twice(message);
            message.insert(message.end(), twice.begin(), twice.end());
            break;
        }
        default:
            break;
        }
        if (message.empty()) message.resize(4);
    };
    const std::string url = secure ? "turns:turn.example.org" : "turn:turn.example.org?transport=tcp";
    run.use(url);
    std::optional<DataChannel> out;
    auto body = [&]() -> asio::awaitable<void> {
        out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await run.pause(60s);
    };
    run.run(body(), 2min);
    run.offerer->close();
    run.answerer->close();
    run.world.run_for(5s);
    CHECK(run.world.armed_timers() == 0);
}

TEST_CASE("server transports: a server that stops reading holds nobody else up, and is left in time") {
    const std::string url = GENERATE("turn:turn.example.org?transport=tcp", "turns:turn.example.org");
    secured_call run;
    run.use(url);
    std::optional<DataChannel> out, in;
    std::optional<test::spawned> sending;
    const auto send = [](DataChannel to) -> asio::awaitable<void> {
        try {
            const std::string much(10'000, 'x');
            for (;;) co_await to.send(much);
        } catch (const Error&) { // it is closed
        }
    };
    auto body = [&]() -> asio::awaitable<void> {
        co_await run.connect(out, in);
        run.server.hold_streams(true);
        sending.emplace(run.io.get_executor(), send(*out));
        co_await run.pause(5s);
        PeerConnection third(run.a), fourth(run.b); // of the same contexts, and without a server
        auto channel = third.createDataChannel("y");
        co_await run.negotiate(third, fourth);
        auto there = run.spawn(run.trickle(third, fourth));
        auto back = run.spawn(run.trickle(fourth, third));
        co_await timeout(5s, channel.opened());
        third.close();
        fourth.close();
        for (int i = 0; i < 60 && run.offerer->connectionState() != PeerConnectionState::failed; ++i)
            co_await run.pause(1s);
        CHECK(run.offerer->connectionState() == PeerConnectionState::failed);
    };
    run.run(body(), 2min);
    run.offerer->close();
    run.answerer->close();
    CHECK(run.world.run_until([&] { return run.world.armed_timers() == 0; },
                              3s)); // the release is not awaited longer
    CHECK(sending->done());
}
