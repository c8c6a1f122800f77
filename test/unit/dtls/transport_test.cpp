#include "cortc/dtls/transport.hpp"
#include "test/support/catch.hpp"
#include "test/unit/dtls/client_hello.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <mutex>
#include <thread>

using namespace cortc;
using namespace cortc::crypto;
using namespace cortc::test;
namespace asio = boost::asio;

namespace {

/// Two transports with a lossless network of no delay between them. `now` stands still: nothing runs out.
struct duo {
    explicit duo(asio::io_context& io, asio::any_io_executor worker = {}) : duo(io, worker, {}, {}) {}
    duo(asio::io_context& io, asio::any_io_executor worker, dtls_options client_options,
        dtls_options server_options) {
        if (!client_options.cert) client_options = options_for(dtls_role::client);
        if (!server_options.cert) server_options = options_for(dtls_role::server);
        client.emplace(default_backend(), std::move(client_options), io.get_executor(), worker,
                       [this] { drain(); });
        server.emplace(default_backend(), std::move(server_options), io.get_executor(), worker,
                       [this] { drain(); });
    }
    void start() {
        server->start(now);
        client->start(now);
        drain();
    }
    void drain() {
        bool moved = true;
        while (moved) {
            moved = move(*client, *server, client_events, client_got);
            moved = move(*server, *client, server_events, server_got) || moved;
        }
    }
    bool move(dtls::transport& from, dtls::transport& to, std::vector<dtls_event>& events,
              std::vector<bytes>& got) {
        std::array<std::byte, 2048> space;
        bool moved = false;
        while (const auto size = from.poll_transmit(space)) {
            moved = true;
            for (const auto& part : cut(byte_view(space).first(*size))) to.handle_packet(part, now);
        }
        while (const auto size = from.poll_read(space)) {
            moved = true;
            got.emplace_back(space.begin(), space.begin() + static_cast<std::ptrdiff_t>(*size));
        }
        while (auto event = from.poll_event()) {
            moved = true;
            events.push_back(std::move(*event));
        }
        return moved;
    }
    // The ClientHello comes in three pieces, the others as they are. All have its number: the client knows
    // nothing of pieces, and will use the next numbers itself.
    static std::vector<bytes> cut(byte_view datagram) {
        if (datagram[0] != std::byte{22} || datagram[13] != std::byte{1})
            return {bytes(datagram.begin(), datagram.end())};
        const auto body = datagram.subspan(25);
        return {part_of(body, 50, body.size(), 0), part_of(body, 0, 30, 0), part_of(body, 20, 60, 0)};
    }
    [[nodiscard]] bool connected() const {
        return client->state() == dtls_state::connected && server->state() == dtls_state::connected;
    }

    time_point now{1h};
    std::optional<dtls::transport> client, server;
    std::vector<dtls_event> client_events, server_events;
    std::vector<bytes> client_got, server_got;
};

struct recorded_log final : log_sink {
    void write(log_level, std::string_view component, std::string_view message) noexcept override {
        same_thread = same_thread && std::this_thread::get_id() == owner;
        lines.push_back(std::string(component) + ": " + std::string(message));
    }
    std::thread::id owner = std::this_thread::get_id();
    bool same_thread = true;
    std::vector<std::string> lines;
};

} // namespace

TEST_CASE("without a worker everything happens inline") {
    asio::io_context io;
    duo both(io);
    both.start();
    CHECK(both.connected());
    CHECK_FALSE(both.client->busy());
    CHECK(both.server->filter_stats().dropped_stray == 0);
    CHECK(both.client->write(some_bytes(100)));
    both.drain();
    REQUIRE(both.server_got.size() == 1);
    CHECK(both.server_got[0] == some_bytes(100));
    CHECK(both.client->cipher_suite() == both.server->cipher_suite());
    CHECK(std::ranges::equal(both.client->remote_certificate(), some_certificate(2)->der()));
    both.client->shutdown();
    both.drain();
    CHECK(both.server->state() == dtls_state::closed);
    CHECK(std::holds_alternative<dtls_closed>(both.server_events.back()));
    CHECK(io.poll() == 0);
}

TEST_CASE("with a worker the handshake runs there, and the owner is called back to drain") {
    asio::io_context io;
    asio::thread_pool pool(1);
    duo both(io, pool.get_executor());
    both.start();
    CHECK(both.server->busy());
    CHECK_FALSE(both.server->write(some_bytes(10)));
    CHECK(both.server->next_timeout() == never);
    CHECK_FALSE(both.server->poll_event());
    CHECK(both.server->state() == dtls_state::connecting);
    io.run(); // ends: a step is the only work there is
    CHECK(both.connected());
    REQUIRE(both.client_events.size() == 1);
    REQUIRE(both.server_events.size() == 1);
    if (default_backend().dtls_srtp_available())
        CHECK(both.client->export_srtp_keys()->client == both.server->export_srtp_keys()->client);

    // From here on inline.
    CHECK(both.client->write(some_bytes(100)));
    both.drain();
    CHECK_FALSE(both.server->busy());
    REQUIRE(both.server_got.size() == 1);
    pool.join();
}

TEST_CASE("log and key log lines of a step come on the context's thread") {
    asio::io_context io;
    asio::thread_pool pool(1);
    recorded_log log;
    std::vector<std::string> keys;
    auto client = options_for(dtls_role::client), server = options_for(dtls_role::server);
    client.log = server.log = logger(&log, log_level::debug, "dtls");
    server.keys = [&](std::string_view line) {
        CHECK(std::this_thread::get_id() == log.owner);
        keys.emplace_back(line);
    };
    duo both(io, pool.get_executor(), client, server);
    both.start();
    io.run();
    CHECK(both.connected());
    CHECK(log.same_thread);
    CHECK(keys.size() == 1);
    CHECK(std::ranges::count_if(
              log.lines, [](const auto& line) { return line.find("-> connected") != line.npos; }) == 2);
    CHECK(std::ranges::all_of(log.lines, [](const auto& line) { return line.starts_with("dtls: "); }));
    pool.join();
}

TEST_CASE("input during a step waits, up to a bound") {
    asio::io_context io;
    asio::thread_pool pool(1);
    duo both(io, pool.get_executor());
    both.start();
    REQUIRE(both.server->busy());
    for (int i = 0; i < 200; ++i) both.server->handle_packet(whole(own_client_hello()), both.now);
    CHECK(both.server->busy());
    for (int i = 0; i < 100; ++i) both.server->handle_packet(some_bytes(1400), both.now);
    CHECK(both.server->dropped_while_busy() > 0);
    io.run();
    CHECK(both.connected());
    pool.join();
}

TEST_CASE("how many datagrams wait during a step is chosen") {
    asio::io_context io;
    asio::thread_pool pool(1);
    duo both(io, pool.get_executor());
    both.server.emplace(
        default_backend(), options_for(dtls_role::server), io.get_executor(), pool.get_executor(), [] {}, 3);
    both.server->start(both.now);
    both.server->handle_packet(whole(own_client_hello()), both.now);
    REQUIRE(both.server->busy());
    for (int i = 0; i < 10; ++i) both.server->handle_packet(some_bytes(20), both.now);
    CHECK(both.server->dropped_while_busy() == 7);
    both.server->close();
    pool.join();
    io.run();
}

TEST_CASE("shutdown during a step happens after it") {
    asio::io_context io;
    asio::thread_pool pool(1);
    duo both(io, pool.get_executor());
    both.start();
    REQUIRE(both.server->busy());
    both.server->shutdown();
    io.run();
    CHECK(both.server->state() == dtls_state::closed);
    CHECK_FALSE(both.server->busy());
    pool.join();
}

TEST_CASE("a busy transport can be closed and destroyed, and calls nobody back") {
    for (bool destroy : {true, false}) {
        for (int round = 0; round < 20; ++round) {
            asio::io_context io;
            asio::thread_pool pool(1);
            int called = 0;
            std::optional<dtls::transport> server;
            server.emplace(default_backend(), options_for(dtls_role::server), io.get_executor(),
                           pool.get_executor(), [&] { ++called; });
            server->start(time_point(1h));
            server->handle_packet(whole(own_client_hello()), time_point(1h));
            REQUIRE(server->busy());
            if (round % 2) std::this_thread::yield();
            if (destroy) {
                server.reset();
            } else {
                server->close();
                CHECK_FALSE(server->busy());
                CHECK(server->state() == dtls_state::closed);
                server->handle_packet(some_bytes(30), time_point(1h));
                server->shutdown();
                CHECK(server->next_timeout() == never);
            }
            io.run(); // the step still counts as work, and its return finds nobody
            CHECK(called == 0);
            pool.join();
        }
    }
}

TEST_CASE("the owner may destroy the transport from on_ready") {
    asio::io_context io;
    asio::thread_pool pool(1);
    std::optional<dtls::transport> server;
    int called = 0;
    server.emplace(default_backend(), options_for(dtls_role::server), io.get_executor(), pool.get_executor(),
                   [&] {
                       ++called;
                       server.reset();
                   });
    server->start(time_point(1h));
    server->handle_packet(whole(own_client_hello()), time_point(1h));
    server->handle_packet(whole(own_client_hello()), time_point(1h)); // waits in the queue
    io.run();
    CHECK(called == 1);
    CHECK_FALSE(server);
    pool.join();
}

TEST_CASE("an io_context that never runs again gives everything back") {
    asio::thread_pool pool(1);
    {
        asio::io_context io;
        dtls::transport server(default_backend(), options_for(dtls_role::server), io.get_executor(),
                               pool.get_executor(), [] {});
        server.start(time_point(1h));
        server.handle_packet(whole(own_client_hello()), time_point(1h));
        pool.join();
    } // the return is still queued
    SUCCEED();
}

TEST_CASE("timeouts run on the worker too") {
    asio::io_context io;
    asio::thread_pool pool(1);
    int ready = 0;
    dtls::transport client(default_backend(), options_for(dtls_role::client), io.get_executor(),
                           pool.get_executor(), [&] { ++ready; });
    time_point now(1h);
    client.start(now);
    std::array<std::byte, 2048> space;
    CHECK(client.poll_transmit(space));
    now = client.next_timeout();
    client.handle_timeout(now);
    CHECK(client.busy());
    io.run();
    CHECK(ready == 1);
    CHECK(client.poll_transmit(space));
    client.handle_timeout(now + 31s);
    io.restart();
    io.run();
    const auto event = client.poll_event();
    REQUIRE(event);
    CHECK(std::get<dtls_failed>(*event).reason == dtls_failure::timeout);
    pool.join();
}

TEST_CASE("many handshakes with shared certificates on several workers") {
    asio::io_context io;
    asio::thread_pool pool(4);
    std::vector<std::unique_ptr<duo>> links;
    for (int i = 0; i < 25; ++i) links.push_back(std::make_unique<duo>(io, pool.get_executor()));
    for (auto& one : links) one->start();
    io.run();
    for (auto& one : links) CHECK(one->connected());
    pool.join();
}

TEST_CASE("a transport without a certificate fails when it starts") {
    asio::io_context io;
    dtls::transport none(default_backend(), dtls_options{}, io.get_executor());
    CHECK_FALSE(none.poll_event());
    none.start(time_point(1h));
    none.handle_packet(some_bytes(20), time_point(1h));
    const auto event = none.poll_event();
    REQUIRE(event);
    CHECK(std::get<dtls_failed>(*event).reason == dtls_failure::internal);
    CHECK(std::get<dtls_failed>(*event).message == "no certificate to present");
    CHECK_FALSE(none.poll_event());
    CHECK(none.state() == dtls_state::failed);
}
