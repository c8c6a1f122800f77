#include "test/support/catch.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

using namespace cortc;
using namespace cortc::crypto;
using namespace cortc::test;

TEST_CASE("mutated datagrams at every stage end in connected or failed, never worse") {
    const auto& by = each_backend();
    unsigned connected = 0, mutated = 0;
    for (unsigned seed = 0; seed < 250; ++seed) {
        std::mt19937 random(seed);
        auto client = options_for(dtls_role::client, by), server = options_for(dtls_role::server, by);
        client.mtu = server.mtu = seed % 3 == 0 ? 300 : 1200;
        dtls_pair pair(client, server);
        pair.fate = [&](bool from_client, std::size_t index, bytes& datagram) {
            // Not before the first ClientHello: dtls::front_filter stands there.
            if (!from_client || index != 0)
                for (int i = 0; i < 6; ++i, ++mutated)
                    pair.post(from_client, mutate(datagram, random),
                              std::chrono::microseconds(random() % 2000));
            return std::vector<duration>{1ms};
        };
        pair.start();
        pair.run(35s);
        INFO("seed " << seed);
        for (auto* end : {&pair.client, &pair.server}) {
            CHECK((end->connected() || end->failure()));
            CHECK(end->session->next_timeout() == never);
        }
        connected += pair.client.connected() && pair.server.connected();
    }
    CHECK(mutated > 5000);
    CHECK(connected > 25); // a forged message in the clear may end a handshake; it often does not
}

TEST_CASE("mutated application datagrams are dropped") {
    const auto& by = each_backend();
    dtls_pair pair(by);
    pair.run_until_connected();
    std::mt19937 random(1);
    bytes space(1500);
    for (int i = 0; i < 5000; ++i) {
        const auto plain = some_bytes(20 + random() % 500, random());
        bytes good(1500);
        good.resize(pair.client.session->seal(plain, good).value());
        pair.server.session->handle_packet(mutate(good, random), pair.now);
        while (const auto size = pair.server.session->poll_read(space)) // only what was sent gets through
            REQUIRE(std::ranges::equal(byte_view(space).first(*size), plain));
    }
    REQUIRE(pair.server.session->state() == dtls_state::connected);
    pair.client.session->write(some_bytes(5));
    pair.run(1s);
    CHECK(pair.server.received.size() == 1);
}

TEST_CASE("random bytes do nothing") {
    const auto& by = each_backend();
    dtls_pair pair(by);
    pair.run_until_connected();
    std::mt19937 random(2);
    for (int i = 0; i < 20000; ++i) {
        auto noise = some_bytes(random() % 100, random());
        for (auto& one : noise) one ^= static_cast<std::byte>(random() & 0xff);
        pair.client.session->handle_packet(noise, pair.now);
    }
    CHECK(pair.client.session->state() == dtls_state::connected);
    CHECK(pair.client.session->stats().dropped_malformed > 19000);
}
