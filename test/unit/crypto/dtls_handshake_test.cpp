#include "test/support/catch.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

using namespace cortc;
using namespace cortc::crypto;
using namespace cortc::test;

namespace {

void check_connected(dtls_pair& pair) {
    for (const auto* end : {&pair.client, &pair.server})
        if (end->failure())
            UNSCOPED_INFO(to_string(end->failure()->reason) << ": " << end->failure()->message);
    REQUIRE(pair.client.connected());
    REQUIRE(pair.server.connected());
    CHECK(pair.client.session->state() == dtls_state::connected);
    CHECK(pair.server.session->state() == dtls_state::connected);
    CHECK(pair.client.events.size() == 1);
    CHECK(pair.server.events.size() == 1);
    CHECK(std::ranges::equal(pair.client.session->remote_certificate(), pair.server.cert->der()));
    CHECK(std::ranges::equal(pair.server.session->remote_certificate(), pair.client.cert->der()));
}

bytes record(std::uint8_t type, byte_view body, std::uint64_t sequence = 0, std::uint16_t epoch = 0) {
    bytes whole(13 + body.size());
    byte_writer out(whole);
    out.u8(type);
    out.u16(0xfefd);
    out.u16(epoch);
    out.u48(sequence);
    out.u16(static_cast<std::uint16_t>(body.size()));
    out.put(body);
    return whole;
}

} // namespace

TEST_CASE("a handshake connects both ends") {
    const auto& by = each_backend();
    dtls_pair pair(by);
    pair.run_until_connected();
    check_connected(pair);
    CHECK(pair.client.session->cipher_suite() == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    CHECK(pair.client.session->stats().retransmissions == 0);
    CHECK(pair.server.session->stats().retransmissions == 0);
    CHECK(pair.client.session->next_timeout() == never);
    CHECK(pair.server.session->next_timeout() == never);
}

TEST_CASE("a server that starts late gets the repeated ClientHello") {
    const auto& by = each_backend();
    dtls_pair pair(by);
    pair.client.session->start(pair.now);
    pair.run(20ms);
    CHECK(pair.server.session->stats().dropped_inactive == 1);
    pair.server.session->start(pair.now);
    pair.run(5s);
    check_connected(pair);
}

TEST_CASE("sessions with the certificate reused connect as well") {
    const auto& by = each_backend();
    for (int i = 0; i < 3; ++i) {
        auto server = options_for(dtls_role::server, by);
        auto client = options_for(dtls_role::client, by);
        client.cert = server.cert; // client and server configuration of one certificate
        server.remote_fingerprints = client.remote_fingerprints;
        dtls_pair pair(client, server);
        pair.run_until_connected();
        CHECK(pair.client.connected());
        CHECK(pair.server.connected());
    }
}

TEST_CASE("the loss of any single datagram is repaired") {
    const auto& by = each_backend();
    std::size_t sent[2];
    {
        dtls_pair pair(by);
        pair.run_until_connected();
        check_connected(pair);
        std::copy_n(pair.sent, 2, sent);
    }
    REQUIRE(sent[0] >= 2);
    REQUIRE(sent[1] >= 2);
    for (bool from_client : {true, false})
        for (std::size_t lost = 0; lost < sent[from_client]; ++lost) {
            dtls_pair pair(by);
            pair.fate = [&](bool client, std::size_t index, bytes&) {
                const auto gone = client == from_client && index == lost;
                return gone ? std::vector<duration>() : std::vector<duration>{1ms};
            };
            pair.run_until_connected();
            INFO((from_client ? "client" : "server") << " datagram " << lost);
            check_connected(pair);
        }
}

TEST_CASE("small datagrams, lost one by one") {
    const auto& by = each_backend();
    auto small = [&](dtls_role role) {
        auto options = options_for(role, by);
        options.mtu = 300;
        return options;
    };
    dtls_pair whole(small(dtls_role::client), small(dtls_role::server));
    std::size_t largest = 0;
    whole.fate = [&](bool, std::size_t, bytes& datagram) {
        largest = std::max(largest, datagram.size());
        return std::vector<duration>{1ms};
    };
    whole.run_until_connected();
    check_connected(whole);
    CHECK(largest <= 300);
    for (std::size_t lost = 0; lost < whole.sent[0]; ++lost) {
        dtls_pair pair(small(dtls_role::client), small(dtls_role::server));
        pair.fate = [&](bool client, std::size_t index, bytes&) {
            return !client && index == lost ? std::vector<duration>() : std::vector<duration>{1ms};
        };
        pair.run_until_connected();
        check_connected(pair);
    }
}

TEST_CASE("reordering and duplication do no harm") {
    const auto& by = each_backend();
    for (unsigned seed = 0; seed < 40; ++seed) {
        std::mt19937 random(seed);
        auto client = options_for(dtls_role::client, by), server = options_for(dtls_role::server, by);
        client.mtu = server.mtu = seed % 2 ? 300 : 1200;
        dtls_pair pair(client, server);
        pair.fate = [&](bool, std::size_t, bytes&) {
            std::vector<duration> when{std::chrono::milliseconds(1 + random() % 30)};
            if (random() % 2) when.push_back(std::chrono::milliseconds(1 + random() % 60));
            return when;
        };
        pair.run_until_connected();
        INFO("seed " << seed);
        check_connected(pair);
    }
}

TEST_CASE("heavy loss only delays") {
    const auto& by = each_backend();
    for (unsigned seed = 0; seed < 20; ++seed) {
        std::mt19937 random(seed);
        dtls_pair pair(by);
        pair.fate = [&](bool, std::size_t, bytes&) {
            return random() % 100 < 30 ? std::vector<duration>() : std::vector<duration>{1ms};
        };
        pair.start();
        pair.run(29s);
        INFO("seed " << seed);
        check_connected(pair);
    }
}

TEST_CASE("a path too narrow for a flight in one datagram gets it in smaller ones") {
    const auto& by = each_backend();
    dtls_pair pair(by);
    pair.fate = [](bool, std::size_t, bytes& datagram) {
        return datagram.size() > 508 ? std::vector<duration>() : std::vector<duration>{1ms};
    };
    pair.start();
    pair.run(3s);
    check_connected(pair);
    CHECK(pair.server.session->stats().retransmissions >= 2);
    CHECK(pair.server.session->max_payload() == 1163); // what follows finds out by itself
    CHECK(pair.client.session->max_payload() == 1163);
}

TEST_CASE("a slow path does not make records smaller") {
    const auto& by = each_backend();
    for (auto delay : {80ms, 200ms, 900ms}) {
        dtls_pair pair(by);
        pair.fate = [&](bool, std::size_t, bytes&) { return std::vector<duration>{delay}; };
        pair.start();
        pair.run(15s);
        check_connected(pair);
        CHECK(pair.server.session->stats().retransmissions >= 1);
        for (auto* end : {&pair.server, &pair.client}) {
            CHECK(end->session->max_payload() == 1163);
            CHECK(end->session->write(some_bytes(1163)));
        }
        pair.run(1s);
        CHECK(pair.server.received == std::vector<bytes>{some_bytes(1163)});
        CHECK(pair.client.received == std::vector<bytes>{some_bytes(1163)});
    }
}

TEST_CASE("total loss ends in failure at the bound, with waits that double up to 1600 ms") {
    const auto& by = each_backend();
    dtls_pair pair(by);
    pair.fate = [](bool, std::size_t, bytes&) { return std::vector<duration>(); };
    const auto begin = pair.now;
    pair.start();
    pair.run(29999ms);
    CHECK(pair.client.events.empty());
    CHECK(pair.server.events.empty());
    pair.run(2ms);
    CHECK(pair.client.failed(dtls_failure::timeout));
    CHECK(pair.server.failed(dtls_failure::timeout));
    CHECK(pair.client.failure()->message ==
          "no handshake within 30000 ms: nothing of one came from the peer");
    CHECK(pair.client.session->next_timeout() == never);
    std::vector<duration> waits;
    for (const auto when : pair.times[1])
        if (waits.empty() || when - begin != waits.back()) waits.push_back(when - begin);
    const std::vector<duration> expected{0ms, 50ms, 150ms, 350ms, 750ms, 1550ms, 3150ms, 4750ms};
    REQUIRE(waits.size() > expected.size());
    CHECK(std::equal(expected.begin(), expected.end(), waits.begin()));
    CHECK(pair.client.session->stats().retransmissions >= 20);
}

TEST_CASE("handle_timeout before the deadline does nothing") {
    const auto& by = each_backend();
    dtls_pair pair(by);
    pair.client.session->start(pair.now);
    const auto deadline = pair.client.session->next_timeout();
    CHECK(deadline == pair.now + 50ms);
    std::array<std::byte, 2048> space;
    CHECK(pair.client.session->poll_transmit(space));
    pair.client.session->handle_timeout(deadline - 1ns);
    CHECK_FALSE(pair.client.session->poll_transmit(space));
    pair.client.session->handle_timeout(deadline);
    CHECK(pair.client.session->poll_transmit(space));
}

TEST_CASE("a client refuses a certificate that was not promised") {
    const auto& by = each_backend();
    auto client = options_for(dtls_role::client, by);
    client.remote_fingerprints = fingerprints_of(*some_certificate(3, by));
    dtls_pair pair(client, options_for(dtls_role::server, by));
    pair.run_until_connected();
    CHECK(pair.client.failed(dtls_failure::fingerprint_mismatch));
    CHECK(pair.server.failed(dtls_failure::alert));
    CHECK(pair.client.session->remote_certificate().empty());
    CHECK_FALSE(pair.client.session->export_srtp_keys());
}

TEST_CASE("a server refuses a certificate that was not promised") {
    const auto& by = each_backend();
    auto server = options_for(dtls_role::server, by);
    server.remote_fingerprints = fingerprints_of(*some_certificate(3, by));
    dtls_pair pair(options_for(dtls_role::client, by), server);
    pair.run_until_connected();
    CHECK(pair.server.failed(dtls_failure::fingerprint_mismatch));
    CHECK(pair.client.failed(dtls_failure::alert));
    REQUIRE(pair.client.failure());
    CHECK(pair.client.failure()->message.find("fatal alert") != std::string::npos);
}

TEST_CASE("without a promise nobody is trusted") {
    const auto& by = each_backend();
    auto server = options_for(dtls_role::server, by);
    server.remote_fingerprints.clear();
    dtls_pair pair(options_for(dtls_role::client, by), server);
    pair.run_until_connected();
    CHECK(pair.server.failed(dtls_failure::fingerprint_mismatch));
}

TEST_CASE("two clients or two servers do not connect, and end") {
    const auto& by = each_backend();
    dtls_pair clients(options_for(dtls_role::client, by), options_for(dtls_role::client, by));
    clients.start();
    clients.run(31s);
    CHECK(clients.client.failure());
    CHECK(clients.server.failure());
    dtls_pair servers(options_for(dtls_role::server, by), options_for(dtls_role::server, by));
    servers.start();
    servers.run(31s);
    CHECK(servers.client.failed(dtls_failure::timeout));
    CHECK(servers.server.failed(dtls_failure::timeout));
}

TEST_CASE("stray records do not disturb a client, at any stage") {
    const auto& by = each_backend();
    bytes client_hello(60);
    client_hello[0] = std::byte{1};
    client_hello[3] = client_hello[11] = std::byte{48};
    const std::vector<bytes> strays{
        record(23, some_bytes(40)),                     // application data in the clear
        record(23, some_bytes(40), 7, 1),               // of an epoch that is not there yet
        record(20, bytes{std::byte{1}}),                // ChangeCipherSpec too early
        record(20, bytes{std::byte{2}}),                // no ChangeCipherSpec
        record(21, bytes{std::byte{1}, std::byte{90}}), // a warning
        record(21, bytes{std::byte{1}}),                // half an alert
        record(22, {}),                                 // an empty handshake record
        record(22, some_bytes(11)),                     // shorter than a message's header
        record(24, some_bytes(20)),                     // heartbeat
        record(22, bytes(12), 3),                       // HelloRequest

        record(22, client_hello, 3), // one's own message come back
        some_bytes(200),
        bytes(1),
        bytes{},
    };
    for (std::size_t stage = 0; stage < 4; ++stage)
        for (std::size_t which = 0; which < strays.size(); ++which) {
            dtls_pair pair(by);
            pair.fate = [&](bool from_client, std::size_t index, bytes&) {
                if (!from_client && index == stage) pair.post(false, strays[which], 0ms);
                return std::vector<duration>{1ms};
            };
            pair.start();
            if (stage == 0) pair.post(false, strays[which], 0ms);
            pair.run(5s);
            INFO("stage " << stage << ", stray " << which);
            check_connected(pair);
        }
}

TEST_CASE("forged records before Finished do not end the handshake") {
    const auto& by = each_backend();
    for (bool to_client : {true, false}) {
        dtls_pair pair(by);
        pair.fate = [&](bool from_client, std::size_t index, bytes&) {
            // Before every datagram but the first ClientHello come forged records of epoch 1.
            if (from_client != to_client && !(from_client && index == 0))
                for (std::uint64_t sequence : {0, 1, 5})
                    pair.post(!to_client, record(22, some_bytes(64), sequence, 1), 500us);
            return std::vector<duration>{1ms};
        };
        pair.run_until_connected();
        INFO((to_client ? "client" : "server"));
        check_connected(pair);
    }
}

TEST_CASE("SRTP keys are the same at both ends") {
    const auto& by = each_backend();
    CHECK(by.headers_mismatch() == "");
    if (!by.dtls_srtp_available()) return;
    auto client = options_for(dtls_role::client, by), server = options_for(dtls_role::server, by);
    client.require_srtp = server.require_srtp = true;
    dtls_pair pair(client, server);
    CHECK_FALSE(pair.client.session->export_srtp_keys());
    pair.run_until_connected();
    check_connected(pair);
    const auto a = pair.client.session->export_srtp_keys(), b = pair.server.session->export_srtp_keys();
    REQUIRE(a);
    REQUIRE(b);
    CHECK(a->profile == by.srtp_profiles().front());
    CHECK(b->profile == a->profile);
    CHECK(a->client == b->client);
    CHECK(a->server == b->server);
    CHECK_FALSE(a->client.key == a->server.key);
    CHECK_FALSE(a->client.salt == a->server.salt);
    CHECK(a->client.key.size() == described(a->profile).key);
    CHECK(a->client.salt.size() == described(a->profile).salt);
    CHECK_FALSE(a->client.key == secret<max_srtp_key>(a->client.key.size()));
}

TEST_CASE("the key log names both ends' secret alike") {
    const auto& by = each_backend();
    std::vector<std::string> lines;
    auto client = options_for(dtls_role::client, by), server = options_for(dtls_role::server, by);
    client.keys = server.keys = [&](std::string_view line) { lines.emplace_back(line); };
    dtls_pair pair(client, server);
    pair.run_until_connected();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0] == lines[1]);
    CHECK(lines[0].starts_with("CLIENT_RANDOM "));
    CHECK(lines[0].size() == 14 + 64 + 1 + 96);
}

namespace {

/// A backend that lends everything from another one, and is not the same.
class borrowed final : public backend {
  public:
    explicit borrowed(const backend& from) : from_(from) {}
    std::string_view name() const noexcept override { return "borrowed"; }
    std::span<const srtp_profile> srtp_profiles() const noexcept override { return from_.srtp_profiles(); }
    std::string_view dtls_srtp_remedy() const noexcept override { return from_.dtls_srtp_remedy(); }
    std::string_view headers_mismatch() const noexcept override { return from_.headers_mismatch(); }
    void hash(hash_algorithm algorithm, std::span<const byte_view> parts, byte_span out) const override {
        from_.hash(algorithm, parts, out);
    }
    void hmac(hash_algorithm algorithm, byte_view key, std::span<const byte_view> parts,
              byte_span out) const override {
        from_.hmac(algorithm, key, parts, out);
    }

  private:
    result<certificate_ptr> new_certificate(key_type, unix_time, unix_time) const override {
        return certificate_ptr();
    }
    result<certificate_ptr, certificate_error> load_certificate(std::string_view,
                                                                std::string_view) const override {
        return certificate_ptr();
    }
    std::unique_ptr<dtls_session> new_dtls_session(dtls_options) const override { return nullptr; }

    const backend& from_;
};

} // namespace

TEST_CASE("a session needs a certificate, and one that its own backend has made") {
    const auto& by = each_backend();
    const auto none = by.make_dtls_session({});
    REQUIRE(none.has_error());
    CHECK(none.error().reason == dtls_failure::internal);
    CHECK(none.error().message == "no certificate to present");

    const auto options = options_for(dtls_role::client, by);
    CHECK(&options.cert->made_by() == &by);
    CHECK(by.make_dtls_session(options).has_value());
    const auto refused = borrowed(by).make_dtls_session(options);
    REQUIRE(refused.has_error());
    CHECK(refused.error().reason == dtls_failure::internal);
    CHECK(refused.error().message.find(std::string("made by ").append(by.name())) != std::string::npos);
    CHECK(refused.error().message.find("borrowed's") != std::string::npos);
}

namespace {

/// The suites of RFC 5289 and RFC 7905 with this key (and those of CBC), taken out of a first ClientHello: 13
/// bytes of record, 12 of handshake, 34 of version and random, no session id and no cookie.
void take_suites(bytes& hello, std::initializer_list<std::uint16_t> unwanted) {
    constexpr std::size_t at = 13 + 12 + 34 + 1 + 1;
    REQUIRE(hello.size() > at + 2);
    const auto u16 = [&](std::size_t where) {
        return std::to_integer<unsigned>(hello[where]) << 8 | std::to_integer<unsigned>(hello[where + 1]);
    };
    const auto size = u16(at);
    for (std::size_t i = at + 2; i < at + 2 + size; i += 2)
        if (std::find(unwanted.begin(), unwanted.end(), u16(i)) != unwanted.end())
            hello[i] = hello[i + 1] = std::byte{0x0a}; // RFC 8701
}

} // namespace

TEST_CASE("a session with two certificates presents the first that fits, and the peer takes either") {
    const auto& by = each_backend();
    const auto ecdsa = some_certificate(2, by);
    const auto rsa = by.generate_certificate(key_type::rsa_2048, noon).value();
    for (const auto& own : {std::vector{ecdsa, rsa}, std::vector{rsa, ecdsa}})
        for (const auto role : {dtls_role::client, dtls_role::server}) {
            auto two = options_for(role, by);
            auto one = options_for(role == dtls_role::client ? dtls_role::server : dtls_role::client, by);
            two.remote_fingerprints = one.cert->promised_fingerprints();
            two.cert = own.front();
            two.more_certs = {own.back()};
            one.remote_fingerprints = promised_fingerprints(own);
            dtls_pair pair(role == dtls_role::client ? two : one, role == dtls_role::client ? one : two);
            CHECK(&(role == dtls_role::client ? pair.client : pair.server).session->local_certificate() ==
                  own.front().get());
            pair.run_until_connected();
            check_connected(pair);
            CHECK(&(role == dtls_role::client ? pair.client : pair.server).session->local_certificate() ==
                  own.front().get());
        }
    // A client without ECDSA, as far as the server can see. (The handshake ends with a Finished of another
    // ClientHello.)
    auto client = options_for(dtls_role::client, by), server = options_for(dtls_role::server, by);
    server.cert = ecdsa;
    server.more_certs = {rsa};
    client.remote_fingerprints = promised_fingerprints({ecdsa, rsa});
    dtls_pair pair(client, server);
    pair.fate = [](bool from_client, std::size_t, bytes& datagram) {
        if (from_client && datagram.size() > 100 && datagram[13] == std::byte{1})
            take_suites(datagram, {0xc02b, 0xcca9, 0xc02c, 0xc009});
        return std::vector<duration>{1ms};
    };
    pair.run_until_connected();
    CHECK(std::ranges::equal(pair.client.session->remote_certificate(), rsa->der()));
}

TEST_CASE("backends have names of their own, and the default one is the first") {
    std::vector<std::string_view> names;
    for (const auto* each : backends()) names.push_back(each->name());
    std::sort(names.begin(), names.end());
    CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
    CHECK(&default_backend() == backends().front());
}

TEST_CASE("the sessions of any two backends talk to each other") {
    for (const auto* client : backends())
        for (const auto* server : backends()) {
            INFO(client->name() << " to " << server->name());
            auto from = options_for(dtls_role::client, *client), to = options_for(dtls_role::server, *server);
            from.remote_fingerprints = to.cert->promised_fingerprints();
            to.remote_fingerprints = from.cert->promised_fingerprints();
            dtls_pair pair(from, to);
            pair.run_until_connected();
            check_connected(pair);
        }
}
