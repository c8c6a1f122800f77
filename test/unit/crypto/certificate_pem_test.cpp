#include "cortc/crypto/backend.hpp"
#include "test/support/catch.hpp"
#include "test/unit/crypto/certificate_files.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

// The files of test/data/certificates that are no peer's were made by OpenSSL 3.0.
using namespace cortc;
using namespace cortc::crypto;
using namespace cortc::test;

namespace {

certificate_ptr from(const backend& by, const std::string& pem) {
    return by.parse_certificate(pem, pem).value();
}

std::string hex(const bytes& value) {
    std::string text;
    for (auto each : value) text += fmt::format("{:02X}", std::to_integer<unsigned>(each));
    return text;
}

certificate_failure failure_of(const backend& by, std::string_view certificate_pem,
                               std::string_view key_pem) {
    auto read = by.parse_certificate(certificate_pem, key_pem);
    REQUIRE(read.has_error());
    CHECK(read.error().message.size() > 20);
    return read.error().reason;
}

dtls_options options_with(dtls_role role, const certificate_ptr& own, const certificate& peer) {
    dtls_options options;
    options.role = role;
    options.cert = own;
    options.remote_fingerprints = fingerprints_of(peer);
    return options;
}

/// The cipher suite they agreed on.
std::string connect(const certificate_ptr& client, const certificate_ptr& server) {
    dtls_pair pair(options_with(dtls_role::client, client, *server),
                   options_with(dtls_role::server, server, *client));
    pair.run_until_connected();
    for (const auto* end : {&pair.client, &pair.server})
        if (end->failure())
            UNSCOPED_INFO(to_string(end->failure()->reason) << ": " << end->failure()->message);
    REQUIRE(pair.client.connected());
    REQUIRE(pair.server.connected());
    CHECK(std::ranges::equal(pair.client.session->remote_certificate(), server->der()));
    CHECK(std::ranges::equal(pair.server.session->remote_certificate(), client->der()));
    const auto sent = some_bytes(900);
    CHECK(pair.client.session->write(sent));
    CHECK(pair.server.session->write(sent));
    pair.run(1s);
    CHECK(pair.client.received == std::vector<bytes>{sent});
    CHECK(pair.server.received == std::vector<bytes>{sent});
    CHECK(pair.client.session->cipher_suite() == pair.server.session->cipher_suite());
    return pair.client.session->cipher_suite();
}

} // namespace

TEST_CASE("a generated RSA certificate has a SHA-256 signature, survives PEM and connects") {
    const auto& by = each_backend();
    const auto made = by.generate_certificate(key_type::rsa_2048, noon, std::chrono::days(30)).value();
    CHECK(made->expires() == noon + std::chrono::days(30));
    CHECK(made->signature_hash() == hash_algorithm::sha256);
    const auto again = from(by, made->pem().value());
    CHECK(std::ranges::equal(again->der(), made->der()));
    CHECK(connect(made, again) == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
}

TEST_CASE("a handshake with RSA certificates, with ECDSA ones, and mixed") {
    const auto& by = each_backend();
    const auto rsa = from(by, file("rsa_pkcs8.pem")), large = from(by, file("rsa_4096_sha512.pem"));
    const auto ecdsa = from(by, file("p256_pkcs8.pem")), other = some_certificate(1, by);
    // The suite is by the server's key.
    CHECK(connect(rsa, rsa) == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    CHECK(connect(ecdsa, rsa) == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    CHECK(connect(rsa, ecdsa) == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    CHECK(connect(other, ecdsa) == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    CHECK(connect(large, rsa) == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    CHECK(connect(rsa, large) == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    CHECK(connect(large, other) == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
}

TEST_CASE("an RSA certificate that was not promised is refused") {
    const auto& by = each_backend();
    const auto rsa = from(by, file("rsa_pkcs8.pem")), other = some_certificate(1, by);
    dtls_pair pair(options_with(dtls_role::client, other, *some_certificate(2, by)),
                   options_with(dtls_role::server, rsa, *other));
    pair.run_until_connected();
    CHECK(pair.client.failed(dtls_failure::fingerprint_mismatch));
    CHECK_FALSE(pair.server.connected());
}

TEST_CASE("certificates from OpenSSL are read: PKCS #8, SEC 1 behind its parameters, PKCS #1") {
    const auto& by = each_backend();
    struct {
        const char* name;
        const char* sha256; // openssl x509 -fingerprint -sha256
        hash_algorithm signature;
    } const table[] = {
        {"p256_pkcs8.pem", "D37E0BEA94B892B0143157B04400C9FC15F5D38EF1961351BFD21C9032251D87",
         hash_algorithm::sha256},
        {"p256_sec1_sha384.pem", "315D2E262184DDEDAF39EEF75A8D69D8AA6873156AA6360D85A1ECF75CDA0849",
         hash_algorithm::sha384},
        {"rsa_pkcs8.pem", "986A562F5F2863D4E0F7BE62EB5C5FA7A300619CFB6472791B8AE19190422728",
         hash_algorithm::sha256},
        {"rsa_pkcs1.pem", "986A562F5F2863D4E0F7BE62EB5C5FA7A300619CFB6472791B8AE19190422728",
         hash_algorithm::sha256},
        {"rsa_4096_sha512.pem", "F0765736E04B0AF521B950744349AE92D689A990F485907B4D291F20394E0088",
         hash_algorithm::sha512},
    };
    for (const auto& each : table) {
        INFO(each.name);
        const auto read = from(by, file(each.name));
        CHECK(hex(read->fingerprint(hash_algorithm::sha256)) == each.sha256);
        CHECK(read->signature_hash() == each.signature);
        CHECK(std::chrono::floor<std::chrono::days>(read->expires()) ==
              std::chrono::sys_days(std::chrono::year(2126) / 10 / 28));
    }
    CHECK(from(by, file("p256_pkcs8.pem"))->expires() ==
          std::chrono::sys_days(std::chrono::year(2126) / 10 / 28) + 45min + 56s);
}

TEST_CASE("a description promises SHA-256, and the signature's hash if it is stronger") {
    const auto& by = each_backend();
    const auto promised = [&](const char* name) { return from(by, file(name))->promised_fingerprints(); };
    using enum hash_algorithm;
    const auto strong = from(by, file("rsa_4096_sha512.pem"));
    CHECK(promised("rsa_4096_sha512.pem") == std::vector<fingerprint>{{sha256, strong->fingerprint(sha256)},
                                                                      {sha512, strong->fingerprint(sha512)}});
    CHECK(promised("p256_sec1_sha384.pem").back().algorithm == sha384);
    CHECK(promised("p256_pkcs8.pem").size() == 1);
    CHECK(matches(strong->promised_fingerprints(), strong->der()));
}

TEST_CASE(
    "several certificates are promised by the same hashes, so that a peer of the strongest takes each") {
    const auto& by = each_backend();
    using enum hash_algorithm;
    const auto plain = from(by, file("p256_pkcs8.pem")), strong = from(by, file("rsa_4096_sha512.pem"));
    const auto both = promised_fingerprints({plain, strong, plain});
    CHECK(both == std::vector<fingerprint>{{sha256, plain->fingerprint(sha256)},
                                           {sha512, plain->fingerprint(sha512)},
                                           {sha256, strong->fingerprint(sha256)},
                                           {sha512, strong->fingerprint(sha512)}});
    CHECK(matches(both, plain->der()));
    CHECK(matches(both, strong->der()));
    CHECK(promised_fingerprints({strong}) == strong->promised_fingerprints());
}

TEST_CASE("PEM round trip: what is written is read again, and written the same") {
    const auto& by = each_backend();
    for (const auto* name :
         {"p256_pkcs8.pem", "p256_sec1_sha384.pem", "rsa_pkcs8.pem", "rsa_4096_sha512.pem"}) {
        INFO(name);
        const auto first = from(by, file(name));
        const auto text = first->pem().value();
        CHECK(text.starts_with("-----BEGIN CERTIFICATE-----\n"));
        CHECK(text.ends_with(" PRIVATE KEY-----\n"));
        const auto second = from(by, text);
        CHECK(std::ranges::equal(first->der(), second->der()));
        CHECK(first->expires() == second->expires());
        CHECK(second->pem().value() == text);
    }
    const auto generated = some_certificate(1, by);
    const auto again = from(by, generated->pem().value());
    CHECK(std::ranges::equal(generated->der(), again->der()));
    CHECK(generated->expires() == again->expires());
    CHECK(connect(again, generated) == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
}

TEST_CASE("certificate and key may come from two texts, amid others, with any line ends") {
    const auto& by = each_backend();
    const auto whole = file("p256_pkcs8.pem");
    const auto key_at = whole.find("-----BEGIN PRIVATE KEY-----");
    REQUIRE(key_at != std::string::npos);
    const auto certificate_text = whole.substr(0, key_at), key_text = whole.substr(key_at);
    const auto expected = from(by, whole);
    const auto der = expected->der();
    CHECK(std::ranges::equal(by.parse_certificate(certificate_text, key_text).value()->der(), der));
    CHECK(std::ranges::equal(
        from(by, "Subject: CN=test\n" + key_text + "\n# note\n" + whole + file("rsa_pkcs8.pem"))->der(),
        der)); // the first of each
    std::string windows;
    for (char c : whole) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
    CHECK(std::ranges::equal(from(by, windows)->der(), der));
}

TEST_CASE("every reason to refuse a PEM text has its name") {
    const auto& by = each_backend();
    const auto failure_of_both = [&](std::string_view pem) { return failure_of(by, pem, pem); };
    using enum certificate_failure;
    const auto good = file("p256_pkcs8.pem");
    const auto key_at = good.find("-----BEGIN PRIVATE KEY-----");
    const auto certificate_text = good.substr(0, key_at), key_text = good.substr(key_at);

    CHECK(failure_of_both("") == not_pem);
    CHECK(failure_of_both("hello") == not_pem);
    CHECK(failure_of_both(std::string("0\x82\x01\x0a", 4)) == not_pem); // DER
    CHECK(failure_of(by, "hello", key_text) == not_pem);
    CHECK(failure_of_both(certificate_text) == no_key);
    CHECK(failure_of_both("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n") == no_key);
    CHECK(failure_of_both(good.substr(0, good.size() - 10)) == no_key); // the end is missing
    CHECK(failure_of_both(key_text) == no_certificate);
    CHECK(failure_of(by, certificate_text.substr(0, 300), key_text) == no_certificate);

    CHECK(failure_of_both(file("p256_encrypted.pem")) == encrypted_key);
    CHECK(failure_of_both(file("rsa_encrypted_pkcs1.pem")) == encrypted_key);

    CHECK(failure_of_both(file("p384.pem")) == unsupported_key);
    CHECK(failure_of_both(file("rsa_1024.pem")) == unsupported_key);
    CHECK(failure_of_both(file("ed25519.pem")) == unsupported_key);
    CHECK(failure_of_both(file("p256_no_signature_usage.pem")) == unsupported_key);

    CHECK(failure_of(by, file("rsa_pkcs8.pem"), key_text) == mismatch);
    CHECK(failure_of(by, certificate_text, file("rsa_pkcs8.pem")) == mismatch);
    CHECK(failure_of(by, certificate_text, file("p256_sec1_sha384.pem")) == mismatch);
    CHECK(failure_of(by, file("rsa_4096_sha512.pem"), file("rsa_pkcs1.pem")) == mismatch);

    auto broken = [](std::string text, std::size_t line) { // in the middle of the base64
        auto at = text.find('\n') + 1;
        for (std::size_t i = 0; i < line; ++i) at = text.find('\n', at) + 1;
        text.replace(at, 8, "!!!!!!!!");
        return text;
    };
    CHECK(failure_of(by, certificate_text, broken(key_text, 1)) == bad_key);
    CHECK(failure_of(by, broken(certificate_text, 2), key_text) == bad_certificate);
    CHECK(failure_of(by, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", key_text) ==
          bad_certificate);
    CHECK(failure_of(by, certificate_text, "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n") ==
          bad_key);
    CHECK(failure_of(by, certificate_text,
                     "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n") == bad_key);
}

TEST_CASE("a damaged PEM text is refused or read, and nothing else") {
    const auto& by = each_backend();
    const auto good = file("p256_pkcs8.pem");
    std::mt19937 random(7);
    for (int i = 0; i < 300; ++i) {
        auto text = good;
        for (unsigned changes = 1 + random() % 3; changes > 0; --changes)
            text[random() % text.size()] = static_cast<char>(random() % 256);
        auto read = by.parse_certificate(text, text);
        if (read) CHECK_FALSE((*read)->der().empty());
    }
}
