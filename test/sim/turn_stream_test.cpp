#include "cortc/sim/world.hpp"
#include "cortc/turn/client.hpp"
#include "cortc/turn/framing.hpp"
#include "cortc/turn/server.hpp"
#include "test/support/catch.hpp"
#include "test/support/stream_peer.hpp"

#include <boost/asio/io_context.hpp>

#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

// The TURN server over TCP: framing, slow and silent clients.

using namespace cortc;
using namespace std::chrono_literals;

namespace {

endpoint at(std::string_view address, std::uint16_t port) {
    return {boost::asio::ip::make_address(address), port};
}

turn::server_options options() {
    turn::server_options made;
    made.realm = "example.org";
    made.users = [](std::string_view) { return std::optional(turn::user_secret("secret")); };
    made.allowed_peers = {"10.0.0.0/8"};
    made.tcp = {at("10.0.0.1", 3478)};
    return made;
}

/// Sends everything back.
struct echo_peer final : net::datagram_handler {
    explicit echo_peer(net::network& over) : socket(over.open_udp(at("10.0.0.3", 7000), *this).value()) {}
    void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
        for (const auto& each : batch) {
            ++packets;
            const net::outgoing back{each.data, each.source};
            socket->send(std::span(&back, 1));
        }
    }
    std::size_t packets = 0;
    std::unique_ptr<net::udp_socket> socket;
};

struct tcp_world {
    explicit tcp_world(turn::server_options with = options())
        : server(world.host("server", {"10.0.0.1"}), std::move(with), at("10.0.0.1", 3478)) {
        config.username = "user";
        config.password = "secret";
        config.stream = true;
    }
    boost::asio::io_context io;
    sim::world world{io};
    sim::host& home = world.host("client", {"10.0.0.2"});
    turn::server server;
    echo_peer peer{world.host("peer", {"10.0.0.3"})};
    turn::client_config config{home.random()};
    test::stream_peer line;
    std::optional<turn::client> client;
    std::size_t piece = 100000; // bytes sent at once
    std::vector<std::string> got;

    void connect() {
        line.on = [this](char what) {
            if (what == 'd') read();
        };
        test::connect(line, home, "10.0.0.2", at("10.0.0.1", 3478));
        REQUIRE(world.run_until([&] { return line.connected(); }, 1s));
    }
    void send(std::string_view all) {
        for (; !all.empty(); all.remove_prefix(std::min(piece, all.size()))) {
            REQUIRE(line.send(all.substr(0, piece)));
            if (piece < 100) world.run_for(1ms);
        }
    }
    void drain() {
        std::array<std::byte, turn::max_message> out;
        while (const auto size = client->poll_transmit(out, home.now()))
            send(as_text(byte_view(out).first(*size)));
        while (client->poll_event()) continue;
    }
    void read() {
        while (client) {
            const auto size = turn::frame_size(as_bytes(line.text));
            if (!size || *size > line.text.size()) return;
            REQUIRE(*size != 0);
            const auto frame = line.text.substr(0, *size);
            line.text.erase(0, *size);
            if (const auto relayed = client->handle_packet(as_bytes(frame), home.now()))
                got.emplace_back(as_text(relayed->payload));
            pending = true;
        }
    }
    bool pending = false;
    /// Until it holds; what the client answers is sent in between.
    bool until(const std::function<bool()>& done, duration limit) {
        const auto end = world.now() + limit;
        while (!done()) {
            if (world.now() >= end) return false;
            pending = false;
            world.run_until([&] { return pending || done(); }, end - world.now());
            drain();
        }
        return true;
    }
    void allocate() {
        client.emplace(config);
        client->start(home.now());
        drain();
        REQUIRE(until([&] { return client->relayed_address().has_value(); }, 5s));
    }
    std::string wrapped(std::string_view payload) {
        std::array<std::byte, turn::max_header> before;
        std::array<std::byte, turn::max_padding> after;
        const auto around = client->wrap(peer.socket->local(), before, as_bytes(payload), after, home.now());
        if (!around) return {};
        std::string out(as_text(byte_view(before).last(around->header)));
        out += payload;
        return out += as_text(byte_view(after).first(around->padding));
    }
    /// Until a channel is bound.
    void talk() {
        for (int i = 0; i < 3; ++i) {
            send(wrapped("hello"));
            drain();
            REQUIRE(until([&] { return got.size() == std::size_t(i + 1); }, 5s));
            world.run_for(10ms);
            drain();
        }
        got.clear();
    }
};

} // namespace

TEST_CASE("turn server: a client over TCP, whose bytes come as they like") {
    tcp_world run;
    run.connect();
    run.piece = GENERATE(1, 3, 7, 100000);
    run.allocate();
    CHECK(run.server.allocations() == 1);
    run.talk();
    std::string all;
    const auto sizes = {0, 1, 2, 3, 4, 5, 999, 1200};
    for (const int size : sizes) all += run.wrapped(std::string(static_cast<std::size_t>(size), 'x'));
    run.send(all);
    REQUIRE(run.until([&] { return run.got.size() == sizes.size(); }, 20s));
    std::size_t i = 0;
    for (const int size : sizes) CHECK(run.got[i++] == std::string(static_cast<std::size_t>(size), 'x'));
    CHECK(run.client->statistics().channel_data_sent >= sizes.size());
    CHECK(run.client->statistics().received_malformed == 0);

    SECTION("it gives the allocation back") {
        run.client->close(run.home.now());
        run.drain();
        CHECK(run.until([&] { return run.server.allocations() == 0; }, 1s));
        CHECK_FALSE(run.line.ended());
    }
    SECTION("its connection ends, and the allocation with it") {
        run.line.stream.reset();
        CHECK(run.world.run_until([&] { return run.server.allocations() == 0; }, 1s));
    }
    SECTION("the server goes") {}
}

TEST_CASE("turn server: a TCP client whose bytes are no frames is not listened to any more") {
    tcp_world run;
    run.connect();
    SECTION("at once") { run.send("GET / HTTP/1.1\r\n\r\n"); }
    SECTION("later") {
        run.allocate();
        run.send(std::string(20, '\xff'));
    }
    SECTION("a length that is no multiple of four, in pieces") {
        run.piece = 1;
        run.send(std::string_view("\x00\x01\x00\x05", 4));
    }
    SECTION("more than any request has, without an allocation") {
        run.send(std::string_view("\x40\x00\xff\xff", 4));
    }
    CHECK(run.world.run_until([&] { return run.line.ended(); }, 1s));
    CHECK(run.server.allocations() == 0);
}

TEST_CASE("turn server: a TLS client that speaks none, or nothing, is gone in time") {
    auto with = options();
    with.tls = {at("10.0.0.1", 5349)};
    std::ifstream in(CORTC_TEST_DATA "/certificates/tls_server.pem");
    with.certificate_pem.assign(std::istreambuf_iterator<char>(in), {});
    with.key_pem = with.certificate_pem;
    tcp_world run(with);
    test::connect(run.line, run.home, "10.0.0.2", at("10.0.0.1", 5349));
    REQUIRE(run.world.run_until([&] { return run.line.connected(); }, 1s));
    duration limit = 1s;
    SECTION("STUN in the clear") {
        run.send(std::string_view("\x00\x01\x00\x00\x21\x12\xa4\x42"
                                  "abcdefghijkl",
                                  20));
    }
    SECTION("nonsense") { run.send(std::string(1000, 'x')); }
    SECTION("a record that has begun") {
        run.send(std::string_view("\x16\x03\x01\x02\x00", 5));
        limit = 31s;
    }
    SECTION("nothing") { limit = 31s; }
    CHECK(run.world.run_until([&] { return run.line.ended(); }, limit));
    CHECK(run.server.allocations() == 0);
}

TEST_CASE("turn server: a TCP client that has no allocation is there for half a minute") {
    tcp_world run;
    run.connect();
    SECTION("it says nothing") {
        run.world.run_for(29s);
        CHECK_FALSE(run.line.ended());
    }
    SECTION("it begins, and stops") {
        run.send(std::string_view("\x00\x01", 2));
        run.world.run_for(29s);
    }
    SECTION("it had one") {
        run.allocate();
        run.world.run_for(5min);
        CHECK_FALSE(run.line.ended());
        run.client->close(run.home.now());
        run.drain();
    }
    CHECK(run.world.run_until([&] { return run.line.ended(); }, 62s));
}

TEST_CASE("turn server: no more TCP connections than there may be") {
    auto with = options();
    with.limit.connections = 1;
    tcp_world run(with);
    run.connect();
    test::stream_peer other;
    test::connect(other, run.home, "10.0.0.2", at("10.0.0.1", 3478));
    CHECK(run.world.run_until([&] { return other.ended(); }, 1s));
    CHECK_FALSE(run.line.ended());
    run.line.stream.reset();
    run.world.run_for(1s);
    test::stream_peer third;
    test::connect(third, run.home, "10.0.0.2", at("10.0.0.1", 3478));
    run.world.run_for(1s);
    CHECK_FALSE(third.ended());
}

TEST_CASE("turn server: nobody connects faster than the limit, and others are not concerned") {
    auto with = options();
    with.limit.connections_per_second = 2;
    tcp_world run(with);
    run.connect();
    test::stream_peer second, third, other;
    for (auto* each : {&second, &third}) test::connect(*each, run.home, "10.0.0.2", at("10.0.0.1", 3478));
    test::connect(other, run.world.host("peer"), "10.0.0.3", at("10.0.0.1", 3478));
    CHECK(run.world.run_until([&] { return third.ended(); }, 1s));
    run.world.run_for(1s);
    CHECK_FALSE(run.line.ended());
    CHECK_FALSE(second.ended());
    CHECK_FALSE(other.ended());
}

TEST_CASE("turn server: a TCP client that does not read loses data, and nobody else waits") {
    tcp_world run;
    run.connect();
    run.allocate();
    run.talk();
    run.line.stream->hold(true);
    const auto relayed = run.client->relayed_address().value();
    const std::string payload(1200, 'x');
    for (int i = 0; i < 1000; ++i) {
        const net::outgoing out{as_bytes(payload), relayed};
        run.peer.socket->send(std::span(&out, 1));
        if (i % 10 == 0) run.world.run_for(1ms);
    }
    run.world.run_for(100ms);
    CHECK(run.server.statistics().dropped_slow > 100);
    run.line.stream->hold(false);
    run.world.run_for(1s);
    CHECK(run.got.size() > 100);
    CHECK(run.client->statistics().received_malformed == 0);
    CHECK(run.client->statistics().received_unexpected == 0);
}
