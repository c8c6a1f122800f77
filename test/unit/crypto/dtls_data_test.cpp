#include "test/support/catch.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

using namespace cortc;
using namespace cortc::crypto;
using namespace cortc::test;

namespace {

bytes sealed(dtls_end& from, byte_view data) {
    bytes out(1500);
    out.resize(from.session->seal(data, out).value());
    return out;
}

std::optional<bytes> read(dtls_end& from, std::size_t room = 2048) {
    bytes out(room);
    const auto size = from.session->poll_read(out);
    if (!size) return std::nullopt;
    out.resize(*size);
    return out;
}

} // namespace

TEST_CASE("application data goes both ways") {
    const auto& by = each_backend();
    dtls_pair pair(by);
    CHECK_FALSE(pair.client.session->write(some_bytes(10))); // not yet
    pair.run_until_connected();
    for (unsigned i = 0; i < 20; ++i) {
        CHECK(pair.client.session->write(some_bytes(100 + i, i)));
        CHECK(pair.server.session->write(some_bytes(200 + i, i)));
    }
    pair.run(1s);
    REQUIRE(pair.server.received.size() == 20);
    REQUIRE(pair.client.received.size() == 20);
    for (unsigned i = 0; i < 20; ++i) {
        CHECK(pair.server.received[i] == some_bytes(100 + i, i));
        CHECK(pair.client.received[i] == some_bytes(200 + i, i));
    }
    CHECK(pair.client.session->stats().records_written == 20);
    CHECK(pair.client.session->stats().records_read == 20);
}

TEST_CASE("the largest payload fills the MTU and not a byte more") {
    const auto& by = each_backend();
    dtls_pair pair(by);
    const auto guess = pair.client.session->max_payload();
    CHECK(guess == 1163);
    pair.run_until_connected();
    const auto most = pair.client.session->max_payload();
    CHECK(most >= guess);
    CHECK(most <= 1171);
    CHECK(pair.server.session->max_payload() == most);
    CHECK(sealed(pair.client, some_bytes(most)).size() <= 1200);
    CHECK(pair.client.session->write(some_bytes(most)));
    CHECK_FALSE(pair.client.session->write(some_bytes(most + 1)));
    CHECK_FALSE(pair.client.session->write({}));
    bytes small(1199);
    CHECK_FALSE(pair.client.session->seal(some_bytes(10), small));
    pair.run(1s);
    CHECK(pair.server.received.back() == some_bytes(most));
    CHECK(pair.client.session->state() == dtls_state::connected);
}

TEST_CASE("several records in one datagram, and several datagrams before anybody reads") {
    const auto& by = each_backend();
    dtls_pair pair(by);
    pair.run_until_connected();
    auto datagram = sealed(pair.client, some_bytes(50, 1));
    const auto second = sealed(pair.client, some_bytes(60, 2));
    datagram.insert(datagram.end(), second.begin(), second.end());
    pair.server.session->handle_packet(datagram, pair.now);
    pair.server.session->handle_packet(sealed(pair.client, some_bytes(70, 3)), pair.now);
    pair.server.session->handle_packet(sealed(pair.client, some_bytes(80, 4)), pair.now);
    CHECK(read(pair.server) == some_bytes(50, 1));
    CHECK(read(pair.server) == some_bytes(60, 2));
    CHECK(read(pair.server) == some_bytes(70, 3));
    CHECK(read(pair.server) == some_bytes(80, 4));
    CHECK_FALSE(read(pair.server));
}

TEST_CASE("what nobody reads is kept up to a bound") {
    const auto& by = each_backend();
    dtls_pair pair(by);
    pair.run_until_connected();
    for (unsigned i = 0; i < 100; ++i)
        pair.server.session->handle_packet(sealed(pair.client, some_bytes(1000, i)), pair.now);
    CHECK(pair.server.session->stats().dropped_input > 0);
    unsigned count = 0;
    while (read(pair.server)) ++count;
    CHECK(count + pair.server.session->stats().dropped_input == 100);
    CHECK(count > 50);
    pair.server.session->handle_packet(sealed(pair.client, some_bytes(10)), pair.now);
    CHECK(read(pair.server) == some_bytes(10));
}

TEST_CASE("a datagram that does not fit the reader's buffer is dropped, the next is not") {
    const auto& by = each_backend();
    dtls_pair pair(by);
    pair.run_until_connected();
    pair.server.session->handle_packet(sealed(pair.client, some_bytes(1000)), pair.now);
    pair.server.session->handle_packet(sealed(pair.client, some_bytes(1001)), pair.now);
    CHECK_FALSE(read(pair.server, 100));
    CHECK(pair.server.session->stats().dropped_too_long == 2);
    pair.server.session->handle_packet(sealed(pair.client, some_bytes(10)), pair.now);
    CHECK(read(pair.server) == some_bytes(10));
}

TEST_CASE("forged, replayed and cut datagrams are dropped and counted") {
    const auto& by = each_backend();
    dtls_pair pair(by);
    pair.run_until_connected();
    const auto good = sealed(pair.client, some_bytes(100));
    auto forged = good;
    forged.back() ^= std::byte{1};
    pair.server.session->handle_packet(forged, pair.now);
    CHECK_FALSE(read(pair.server));
    CHECK(pair.server.session->stats().dropped_unreadable == 1);
    pair.server.session->handle_packet(good, pair.now);
    CHECK(read(pair.server) == some_bytes(100));
    pair.server.session->handle_packet(good, pair.now); // RFC 6347 4.1.2.6
    CHECK_FALSE(read(pair.server));
    CHECK(pair.server.session->stats().dropped_unreadable == 2);
    pair.server.session->handle_packet(byte_view(good).first(50), pair.now);
    CHECK(pair.server.session->stats().dropped_malformed == 1);
    CHECK(pair.server.session->state() == dtls_state::connected);
}

TEST_CASE("a full output queue refuses, and recovers") {
    const auto& by = each_backend();
    dtls_pair pair(by);
    pair.run_until_connected();
    unsigned written = 0;
    while (pair.client.session->write(some_bytes(1000, written))) REQUIRE(++written < 1000);
    CHECK(written >= 20);
    pair.run(1s);
    CHECK(pair.server.received.size() == written);
    CHECK(pair.client.session->write(some_bytes(1000)));
}

TEST_CASE("close_notify ends both sides once") {
    const auto& by = each_backend();
    for (bool by_client : {true, false}) {
        dtls_pair pair(by);
        pair.run_until_connected();
        auto& one = by_client ? pair.client : pair.server;
        auto& other = by_client ? pair.server : pair.client;
        one.session->write(some_bytes(30));
        one.session->shutdown();
        CHECK(one.session->state() == dtls_state::closed);
        CHECK_FALSE(one.session->write(some_bytes(30)));
        pair.run(1s);
        CHECK(other.received.size() == 1); // written before
        CHECK(other.closed());
        CHECK(other.session->state() == dtls_state::closed);
        CHECK(one.events.size() == 1); // connected: no event for one's own doing
        CHECK(other.events.size() == 2);

        // From here on everything is quiet.
        other.session->shutdown();
        other.session->start(pair.now);
        other.session->handle_packet(some_bytes(50), pair.now);
        other.session->handle_timeout(pair.now + 1h);
        CHECK_FALSE(other.session->write(some_bytes(3)));
        pair.run(1s);
        CHECK(other.events.size() == 2);
        CHECK(other.session->next_timeout() == never);
        CHECK(other.session->stats().dropped_inactive >= 1);
        CHECK_FALSE(other.session->remote_certificate().empty());
    }
}

TEST_CASE("shutdown before and during the handshake is quiet") {
    const auto& by = each_backend();
    dtls_pair early(by);
    early.client.session->shutdown();
    early.client.session->start(early.now);
    early.run(1s);
    CHECK(early.client.events.empty());
    CHECK(early.sent[1] == 0);

    dtls_pair during(by);
    during.start();
    during.run(1ms);
    during.client.session->shutdown();
    during.run(31s);
    CHECK(during.client.events.empty());
    CHECK(during.server.failed(dtls_failure::timeout));
}

TEST_CASE("data that overtakes the last flight, or comes with it, is not lost for good") {
    const auto& by = each_backend();
    // The server is connected when it sends its last flight; its first data may come in the same burst or
    // before.
    dtls_pair pair(by);
    pair.fate = [&](bool from_client, std::size_t, bytes& datagram) {
        const auto late = !from_client && datagram[0] != std::byte{23};
        return std::vector<duration>{late ? 3ms : 1ms};
    };
    pair.start();
    for (int i = 0; i < 100 && !pair.server.connected(); ++i) pair.run(1ms);
    REQUIRE(pair.server.connected());
    REQUIRE_FALSE(pair.client.connected());
    pair.server.session->write(some_bytes(99));
    pair.run(1s);
    CHECK(pair.client.connected());
    CHECK(pair.client.session->state() == dtls_state::connected);
    pair.server.session->write(some_bytes(98));
    pair.run(1s);
    REQUIRE_FALSE(pair.client.received.empty());
    CHECK(pair.client.received.back() == some_bytes(98));
}
