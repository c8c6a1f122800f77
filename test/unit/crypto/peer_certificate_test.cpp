// Handshake messages that a peer means to be costly, or that a library makes nothing of.
#include "cortc/crypto/backend.hpp"
#include "test/support/catch.hpp"
#include "test/unit/crypto/certificate_files.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

using namespace cortc;
using namespace cortc::crypto;
using namespace cortc::test;

namespace {

constexpr std::uint8_t certificate_message = 11;

/// RFC 5246 7.4.2.
bytes message_of(const std::vector<bytes>& ders) {
    std::size_t size = 0;
    for (const auto& each : ders) size += 3 + each.size();
    bytes made(3 + size);
    byte_writer out(made);
    out.u24(static_cast<std::uint32_t>(size));
    for (const auto& each : ders) {
        out.u24(static_cast<std::uint32_t>(each.size()));
        out.put(each);
    }
    return made;
}

/// `data` at `offset` of a message of `length` bytes (RFC 6347 4.2.2).
bytes part(std::uint8_t type, std::size_t length, std::size_t offset, byte_view data,
           std::uint16_t sequence = 1) {
    bytes made(12 + data.size());
    byte_writer out(made);
    out.u8(type);
    out.u24(static_cast<std::uint32_t>(length));
    out.u16(sequence);
    out.u24(static_cast<std::uint32_t>(offset));
    out.u24(static_cast<std::uint32_t>(data.size()));
    out.put(data);
    return made;
}
bytes record(const std::vector<bytes>& parts, std::uint64_t number) {
    bytes body;
    for (const auto& each : parts) body.insert(body.end(), each.begin(), each.end());
    bytes made(13 + body.size());
    byte_writer out(made);
    out.u8(22);
    out.u16(0xfefd);
    out.u64(number);
    out.u16(static_cast<std::uint16_t>(body.size()));
    out.put(body);
    return made;
}

/// A session that expects the peer's certificate next.
class victim {
  public:
    victim(dtls_role role, const backend& by, const std::vector<fingerprint>& promised)
        : end_(with(role, by, promised)) {
        end_.session->start(now_);
        if (role == dtls_role::server) {
            const auto client = by.make_dtls_session(options_for(dtls_role::client, by)).value();
            client->start(now_);
            std::array<std::byte, 2048> space;
            const auto hello = client->poll_transmit(space);
            REQUIRE(hello);
            end_.session->handle_packet(byte_view(space).first(*hello), now_);
        }
        (void)sent();
    }

    void take(const std::vector<bytes>& parts) {
        end_.session->handle_packet(record(parts, ++number_), now_);
        while (auto event = end_.session->poll_event()) end_.events.push_back(std::move(*event));
    }
    void take_message(byte_view message) { take({part(certificate_message, message.size(), 0, message)}); }
    std::vector<bytes> sent() {
        std::vector<bytes> all;
        std::array<std::byte, 2048> space;
        while (const auto size = end_.session->poll_transmit(space))
            all.emplace_back(space.begin(), space.begin() + static_cast<std::ptrdiff_t>(*size));
        return all;
    }
    /// Failed so, and told the peer by this alert and nothing else.
    void check_failed(dtls_failure reason, unsigned alert, const std::string& text) {
        REQUIRE(end_.failure());
        INFO(end_.failure()->message);
        CHECK(to_string(end_.failure()->reason) == to_string(reason));
        CHECK(end_.failure()->message.find(text) != std::string::npos);
        CHECK(end_.failure()->message.find("; it was sent the alert") != std::string::npos);
        const auto told = sent();
        REQUIRE(told.size() == 1);
        REQUIRE(told[0].size() == 15);
        CHECK(told[0][0] == std::byte{21});
        CHECK(told[0][13] == std::byte{2});
        CHECK(std::to_integer<unsigned>(told[0][14]) == alert);
        CHECK(end_.session->state() == dtls_state::failed);
        CHECK(end_.session->next_timeout() == never);
    }
    [[nodiscard]] bool connecting() const { return end_.session->state() == dtls_state::connecting; }
    [[nodiscard]] const dtls_session& session() const { return *end_.session; }

  private:
    static dtls_options with(dtls_role role, const backend& by, const std::vector<fingerprint>& promised) {
        auto made = options_for(role, by);
        made.remote_fingerprints = promised;
        return made;
    }
    time_point now_{1h};
    dtls_end end_;
    std::uint64_t number_ = 10;
};

dtls_role each_role() { return GENERATE(dtls_role::client, dtls_role::server); }

constexpr unsigned bad_certificate = 42, unsupported_certificate = 43, illegal_parameter = 47,
                   decode_error = 50;

} // namespace

TEST_CASE("certificates that cost too much, or that cannot be read, are refused by name") {
    const auto& by = each_backend();
    const auto role = each_role();
    struct {
        const char *name, *text;
    } const all[] = {
        {"peer_rsa_8192.pem", "RSA of 8192 bits"},
        {"peer_rsa_exponent.pem", "RSA with a public exponent of 33 bits"},
        {"peer_brainpool.pem", "another curve"},
        {"peer_no_names.pem", "cannot be read"},
        {"peer_critical_extension.pem", "cannot be read"},
        {"peer_issued_long.pem", "more certificates"},
        {"peer_issued_by_rsa_8192.pem",
         "issuer whose certificate has a key that is refused, RSA of 8192 bits"},
    };
    for (const auto& each : all) {
        INFO(each.name);
        const auto pem = file(each.name);
        victim it(role, by, fingerprints_in(pem));
        it.take_message(message_of(certificates_in(pem)));
        it.check_failed(dtls_failure::bad_certificate, unsupported_certificate, each.text);
    }
}

TEST_CASE("another certificate than the promised one is not even looked at") {
    const auto& by = each_backend();
    const auto role = each_role();
    for (const auto* name :
         {"peer_rsa_8192.pem", "peer_no_names.pem", "peer_issued_long.pem", "peer_p256.pem"}) {
        victim it(role, by, fingerprints_in(file("peer_p384.pem")));
        it.take_message(message_of(certificates_in(file(name))));
        it.check_failed(dtls_failure::fingerprint_mismatch, bad_certificate, "not a promised one");
        CHECK(it.session().remote_certificate().empty());
    }
    // The promised one must be the first.
    victim it(role, by, fingerprints_in(file("peer_p256.pem")));
    it.take_message(
        message_of({certificates_in(file("peer_p384.pem"))[0], certificates_in(file("peer_p256.pem"))[0]}));
    it.check_failed(dtls_failure::fingerprint_mismatch, bad_certificate, "not a promised one");
}

TEST_CASE("no certificate, and what is no list of certificates") {
    const auto& by = each_backend();
    const auto role = each_role();
    const auto promised = fingerprints_in(file("peer_p256.pem"));
    victim none(role, by, promised);
    none.take_message(bytes(3));
    none.check_failed(dtls_failure::no_certificate, bad_certificate, "no certificate");
    for (auto broken :
         {bytes{}, bytes(2), bytes(4),
          bytes{std::byte{0}, std::byte{0}, std::byte{3}, std::byte{0}, std::byte{0}, std::byte{1}},
          bytes{std::byte{0}, std::byte{0}, std::byte{3}, std::byte{0}, std::byte{0}, std::byte{0}}}) {
        victim it(role, by, promised);
        it.take_message(broken);
        it.check_failed(dtls_failure::protocol, decode_error, "not a list");
    }
}

TEST_CASE("a message with certificates that is too long is refused by its first byte") {
    const auto& by = each_backend();
    const auto role = each_role();
    constexpr auto limit = dtls_session::max_certificate_message;
    victim it(role, by, fingerprints_in(file("peer_p256.pem")));
    it.take({part(certificate_message, limit, 7, some_bytes(1))});
    CHECK(it.connecting());
    it.take({part(certificate_message, limit + 1, 7, some_bytes(1))});
    it.check_failed(dtls_failure::bad_certificate, bad_certificate, "8193 bytes");
}

TEST_CASE("fragments of a certificate are looked at together, and the first ones count") {
    const auto& by = each_backend();
    const auto role = each_role();
    const auto pem = file("peer_rsa_8192.pem");
    const auto message = message_of(certificates_in(pem));
    const auto all = byte_view(message);
    const auto length = all.size();
    victim it(role, by, fingerprints_in(pem));
    it.take({part(certificate_message, length, 1000, all.subspan(1000))});
    it.take({part(certificate_message, length, 0, all.first(600))});
    it.take({part(certificate_message, length, 300, all.subspan(300, 500))});
    it.take({part(certificate_message, length, 500, {})});
    CHECK(it.connecting());
    CHECK(it.session().stats().dropped_malformed == 0);

    // Others for the same bytes, for another length, for another place in the handshake.
    auto other = message;
    other[550] ^= std::byte{1};
    it.take({part(certificate_message, length, 540, byte_view(other).subspan(540, 400))});
    it.take({part(certificate_message, length - 1, 700, all.subspan(700, 300))});
    it.take({part(certificate_message, length, 700, all.subspan(700, 300), 2)});
    CHECK(it.connecting());
    CHECK(it.session().stats().dropped_malformed == 3);

    it.take({part(certificate_message, length, 790, all.subspan(790, 300))});
    it.check_failed(dtls_failure::bad_certificate, unsupported_certificate, "RSA of 8192 bits");
}

// A library that leaves a fragment by the length of the whole message reads what is behind it at another
// place.
TEST_CASE("what can be read in two ways behind a fragment is dropped") {
    const auto& by = each_backend();
    victim it(dtls_role::server, by, fingerprints_in(file("peer_p256.pem")));
    const auto hidden = part(certificate_message, 3, 0, bytes(3));
    auto carrier = bytes(40);
    std::ranges::copy(hidden, carrier.begin() + 8);
    it.take({part(16, 20, 0, bytes(10), 2), part(15, carrier.size(), 0, carrier, 3)});
    CHECK(it.session().stats().dropped_malformed == 1);
    CHECK(it.connecting());
}

TEST_CASE("several certificates in one datagram are one") {
    const auto& by = each_backend();
    const auto role = each_role();
    const auto pem = file("peer_p256.pem"), other = file("peer_p384.pem");
    const auto message = message_of(certificates_in(pem)), second = message_of(certificates_in(other));
    victim it(role, by, fingerprints_in(pem));
    it.take({part(certificate_message, message.size(), 0, message),
             part(certificate_message, message.size(), 0, message),
             part(certificate_message, second.size(), 0, second, 2)});
    CHECK(it.connecting()); // dropped as a whole
    CHECK(it.session().stats().dropped_malformed == 1);
}

TEST_CASE("however often a datagram repeats a message, the flight is sent again once") {
    const auto& by = each_backend();
    const auto client = by.make_dtls_session(options_for(dtls_role::client, by)).value();
    const time_point now{1h};
    client->start(now);
    bytes hello(2048);
    hello.resize(client->poll_transmit(hello).value());
    dtls_end server(options_for(dtls_role::server, by));
    server.session->start(now);
    const auto answers = [&](byte_view datagram) {
        server.session->handle_packet(datagram, now);
        std::size_t count = 0;
        std::array<std::byte, 2048> space;
        while (server.session->poll_transmit(space)) ++count;
        return count;
    };
    const auto flight = answers(hello);
    CHECK(flight >= 1);
    CHECK(flight <= 3);
    const std::vector<bytes> old(100, part(1, 0, 0, {}, 0)); // mbedTLS looks at no more than its number
    CHECK(answers(record(old, 20)) <= flight);
    bytes twice = record({old[0]}, 21);
    const auto more = record({old[0]}, 22);
    twice.insert(twice.end(), more.begin(), more.end());
    CHECK(answers(twice) <= flight);
    CHECK(answers(record({old[0]}, 23)) == flight); // and the next time again
    CHECK(server.session->state() == dtls_state::connecting);
}

TEST_CASE("a server that chooses a curve which was not offered") {
    const auto& by = each_backend();
    for (std::uint8_t curve : {25, 26, 30}) { // P-521, brainpoolP256r1, X448
        victim it(dtls_role::client, by, fingerprints_in(file("peer_p256.pem")));
        const bytes key{std::byte{3}, std::byte{0}, std::byte{curve}, std::byte{1}, std::byte{4}};
        it.take({part(12, 300, 0, key, 2)});
        it.check_failed(dtls_failure::nothing_in_common, illegal_parameter,
                        fmt::format("the curve {}", curve));
    }
}

TEST_CASE("a ClientHello that is cut off anywhere, or whose lengths lie, does no more than fail") {
    const auto& by = each_backend();
    const auto client = by.make_dtls_session(options_for(dtls_role::client, by)).value();
    const time_point now{1h};
    client->start(now);
    bytes whole(2048);
    whole.resize(client->poll_transmit(whole).value());
    const auto hello = byte_view(whole).subspan(13 + 12);
    const auto take = [&](byte_view body) {
        dtls_end server(options_for(dtls_role::server, by));
        server.session->start(now);
        server.session->handle_packet(record({part(1, body.size(), 0, body, 0)}, 0), now);
        return server.session->state();
    };
    for (std::size_t size = 0; size < hello.size(); ++size) (void)take(hello.first(size));
    for (std::size_t at = 34; at < hello.size(); ++at) {
        bytes changed(hello.begin(), hello.end());
        changed[at] = std::byte{0xff};
        (void)take(changed);
    }
    CHECK(take(hello) == dtls_state::connecting);
    CHECK(take(hello.first(hello.size() - 1)) == dtls_state::failed);
}

TEST_CASE("a client of DTLS 1.3 alone is told so") {
    const auto& by = each_backend();
    constexpr std::string_view hello =
        "fefd"
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" // version, random
        "0000"
        "0006130113021303"
        "0100" // suites of TLS 1.3
        "0019"
        "002b000302fefc"
        "000a00040002001d"
        "000d0006000404030804";
    bytes body;
    for (std::size_t i = 0; i + 1 < hello.size(); i += 2)
        body.push_back(static_cast<std::byte>(std::stoi(std::string(hello.substr(i, 2)), nullptr, 16)));
    dtls_end server(options_for(dtls_role::server, by));
    const time_point now{1h};
    server.session->start(now);
    server.session->handle_packet(record({part(1, body.size(), 0, body, 0)}, 0), now);
    while (auto event = server.session->poll_event()) server.events.push_back(std::move(*event));
    REQUIRE(server.failed(dtls_failure::unsupported_version));
    CHECK(server.failure()->message ==
          "the peer offers no DTLS 1.2, but DTLS 1.3; it was sent the alert protocol_version (70)");
    std::array<std::byte, 2048> space;
    REQUIRE(server.session->poll_transmit(space) == 15);
    CHECK(space[14] == std::byte{70});

    // Its server tells us the same.
    for (std::uint8_t minor : {0xff, 0xfd, 0xfc}) {
        dtls_end client(options_for(dtls_role::client, by));
        client.session->start(now);
        std::array<std::byte, 15> alert{
            std::byte{21}, std::byte{0xfe}, std::byte{0xfd}, {}, {}, {}, {}, {}, {}, {}, {}, {},
            std::byte{2},  std::byte{2},    std::byte{70}};
        alert[2] = std::byte{minor};
        client.session->handle_packet(alert, now);
        while (auto event = client.session->poll_event()) client.events.push_back(std::move(*event));
        REQUIRE(client.failed(dtls_failure::alert));
        CHECK(client.failure()->message.starts_with("the peer sent the fatal alert protocol_version (70)"));
        CHECK(client.session->next_timeout() == never);
    }
}
