// What no cortc peer does.
#include "test/support/catch.hpp"
#include "test/unit/crypto/certificate_files.hpp"
#include "test/unit/crypto/mbedtls/bare_peer.hpp"

using namespace cortc;
using namespace cortc::crypto;
using namespace cortc::test;

TEST_CASE("a client without a certificate is refused, although mbedTLS is content") {
    const auto& by = each_backend();
    bare_peer client;
    dtls_end server(options_for(dtls_role::server, by));
    client.run(server);
    CHECK(server.failed(dtls_failure::no_certificate));
    CHECK_FALSE(server.connected());
    CHECK_FALSE(server.session->export_srtp_keys());
    CHECK_FALSE(server.session->write(some_bytes(10)));
    CHECK(client.last == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);
}

TEST_CASE("no cipher suite in common") {
    const auto& by = each_backend();
    bare_peer client({.suites = {MBEDTLS_TLS_RSA_WITH_AES_128_CBC_SHA}});
    dtls_end server(options_for(dtls_role::server, by));
    client.run(server);
    REQUIRE(server.failed(dtls_failure::nothing_in_common));
    CHECK(server.failure()->message ==
          "no cipher suite in common; it was sent the alert handshake_failure (40)");
    CHECK(client.last == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);

    bare_peer other({.role = dtls_role::server, .suites = {MBEDTLS_TLS_RSA_WITH_AES_128_CBC_SHA}});
    dtls_end refused(options_for(dtls_role::client, by));
    other.run(refused);
    REQUIRE(refused.failed(dtls_failure::alert));
    CHECK(refused.failure()->message == "the peer sent the fatal alert handshake_failure (40)");
}

TEST_CASE("no curve in common") {
    const auto& by = each_backend();
    bare_peer client({.groups = {25, 26}}); // P-521, brainpoolP256r1
    dtls_end server(options_for(dtls_role::server, by));
    client.run(server);
    REQUIRE(server.failed(dtls_failure::nothing_in_common));
    CHECK(server.failure()->message == "no curve in common; it was sent the alert handshake_failure (40)");
}

TEST_CASE("peers of one cipher suite or curve, of those that are not the first") {
    const auto& by = each_backend();
    const auto both = file("peer_p256.pem");
    for (auto role : {dtls_role::client, dtls_role::server}) {
        const auto ours = role == dtls_role::client ? dtls_role::server : dtls_role::client;
        auto options = options_for(ours, by);
        options.remote_fingerprints = fingerprints_in(both);
        for (unsigned group : {29, 23, 24}) {
            bare_peer peer({.role = role, .groups = {group, 23}, .certificates = both, .key = both});
            dtls_end end(options);
            peer.run(end);
            INFO("group " << group);
            CHECK(end.connected());
        }
        for (int suite : {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                          MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256}) {
            bare_peer peer({.role = role, .suites = {suite}, .certificates = both, .key = both});
            dtls_end end(options);
            peer.run(end);
            INFO(end.session->cipher_suite());
            CHECK(end.connected());
        }
    }
}

TEST_CASE("the fingerprint is all that counts of a peer's certificate") {
    const auto& by = each_backend();
    for (auto role : {dtls_role::client, dtls_role::server})
        for (const auto* name : {"peer_p256.pem", "peer_p384.pem", "peer_p521.pem", "peer_no_subject.pem",
                                 "peer_unknown_extension.pem", "p256_no_signature_usage.pem", "rsa_pkcs8.pem",
                                 "rsa_4096_sha512.pem", "peer_issued.pem"}) {
            // Our ClientHello does not offer P-521, and so a server has no use for such a key (RFC 8422 2.2);
            // and mbedTLS's does not use one that may not sign.
            if (role == dtls_role::server && (std::string_view(name) == "peer_p521.pem" ||
                                              std::string_view(name) == "p256_no_signature_usage.pem"))
                continue;
            const auto own = file(name);
            auto options = options_for(role == dtls_role::client ? dtls_role::server : dtls_role::client, by);
            options.remote_fingerprints = fingerprints_in(own);
            bare_peer peer({.role = role, .certificates = own, .key = own});
            dtls_end end(options);
            peer.run(end);
            INFO(to_string(role) << " with " << name << ": "
                                 << (end.failure() ? end.failure()->message : ""));
            CHECK(end.connected());
            CHECK(std::ranges::equal(end.session->remote_certificate(), certificates_in(own)[0]));

            options.remote_fingerprints[0].value[5] ^= std::byte{1};
            bare_peer again({.role = role, .certificates = own, .key = own});
            dtls_end refusing(options);
            again.run(refusing);
            CHECK(refusing.failed(dtls_failure::fingerprint_mismatch));
            CHECK(again.last == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);
        }
}

// The session fails when mbedTLS has verified more signatures of certificates than it is allowed to.
TEST_CASE("a chain of certificates costs nothing where the first issued itself") {
    const auto& by = each_backend();
    for (auto role : {dtls_role::client, dtls_role::server}) {
        const auto own = file("peer_self_chain.pem");
        REQUIRE(certificates_in(own).size() == 4);
        auto options = options_for(role == dtls_role::client ? dtls_role::server : dtls_role::client, by);
        options.remote_fingerprints = fingerprints_in(own);
        bare_peer peer({.role = role, .certificates = own, .key = own});
        dtls_end end(options);
        peer.run(end);
        INFO((end.failure() ? end.failure()->message : ""));
        CHECK(end.connected());
    }
}

TEST_CASE("a peer that does not hold its certificate's key") {
    const auto& by = each_backend();
    const auto own = file("peer_p256.pem"), other = file("p256_pkcs8.pem");
    for (auto role : {dtls_role::client, dtls_role::server}) {
        auto options = options_for(role == dtls_role::client ? dtls_role::server : dtls_role::client, by);
        options.remote_fingerprints = fingerprints_in(own);
        bare_peer peer({.role = role, .certificates = own, .key = other});
        dtls_end end(options);
        peer.run(end);
        REQUIRE(end.failed(dtls_failure::protocol));
        CHECK(end.failure()->message.find("does not hold its certificate's key") != std::string::npos);
        CHECK(end.failure()->message.find("it was sent the alert") != std::string::npos);
    }
}
