#include "cortc/crypto/certificate.hpp"
#include "test/support/catch.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

#include <mbedtls/x509_crt.h>

using namespace cortc;
using namespace cortc::crypto;
using namespace cortc::test;

namespace {

struct parsed {
    explicit parsed(byte_view der) {
        mbedtls_x509_crt_init(&value);
        status = mbedtls_x509_crt_parse_der(&value, reinterpret_cast<const unsigned char*>(der.data()),
                                            der.size());
    }
    ~parsed() { mbedtls_x509_crt_free(&value); }
    mbedtls_x509_crt value;
    int status;
};

} // namespace

TEST_CASE("a generated certificate is one that others can read") {
    const auto made = generate_certificate(key_type::ecdsa_p256, noon, std::chrono::days(30)).value();
    CHECK(made->expires() == noon + std::chrono::days(30));
    parsed read(made->der());
    REQUIRE(read.status == 0);
    std::array<char, 64> subject{};
    mbedtls_x509_dn_gets(subject.data(), subject.size(), &read.value.subject);
    CHECK(std::string(subject.data()) == "CN=cortc");
    CHECK(read.value.valid_from.day == 19);
    CHECK(read.value.valid_to.mon == 12);
    CHECK(read.value.valid_to.day == 20);
    CHECK(read.value.valid_to.hour == 12);
    CHECK(read.value.serial.len == 16);
    CHECK(mbedtls_pk_get_bitlen(&read.value.pk) == 256);

    // Signed by its own key: it verifies with itself as the authority, but for the calendar of this machine.
    std::uint32_t flags = 0;
    (void)mbedtls_x509_crt_verify(&read.value, &read.value, nullptr, nullptr, &flags, nullptr, nullptr);
    CHECK((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) == 0);
}

TEST_CASE("certificates differ in key and serial") {
    const auto one = some_certificate(1), other = some_certificate(2);
    CHECK_FALSE(std::ranges::equal(one->der(), other->der()));
    parsed a(one->der()), b(other->der());
    CHECK_FALSE(std::ranges::equal(std::span(a.value.serial.p, a.value.serial.len),
                                   std::span(b.value.serial.p, b.value.serial.len)));
}

TEST_CASE("a fingerprint is the hash of the DER form") {
    const auto one = some_certificate(1);
    for (auto algorithm :
         {hash_algorithm::sha1, hash_algorithm::sha256, hash_algorithm::sha384, hash_algorithm::sha512}) {
        CHECK(one->fingerprint(algorithm) == hash(algorithm, one->der()));
        CHECK(one->fingerprint(algorithm).size() == digest_size(algorithm));
    }
}

TEST_CASE("a validity that cannot be written is refused") {
    using namespace std::chrono;
    const auto refused = [](unix_time now, seconds validity) {
        return generate_certificate(key_type::ecdsa_p256, now, validity).has_error();
    };
    CHECK(refused(noon, 0s));
    CHECK(refused(noon, -1s));
    CHECK(refused(noon, seconds::max()));
    CHECK(refused(noon, hours(24 * 366) * 8000));
    CHECK(refused(unix_time::min(), 1s));
    CHECK(refused(unix_time::max(), 1s));
    const auto long_lived = generate_certificate(key_type::ecdsa_p256, noon, hours(24 * 365) * 40);
    REQUIRE(long_lived.has_value()); // past 2049, where the form of the date changes (RFC 5280 4.1.2.5)
    CHECK(parsed((*long_lived)->der()).value.valid_to.year == 2066);
    CHECK(
        generate_certificate(key_type::ecdsa_p256, unix_time{}, 24h).has_value()); // simulations start there
}

TEST_CASE("only the strongest promised hash counts") {
    const auto cert = some_certificate(1);
    const auto good = [&](hash_algorithm algorithm) {
        return fingerprint{algorithm, cert->fingerprint(algorithm)};
    };
    const auto bad = [&](hash_algorithm algorithm) {
        return fingerprint{algorithm, some_certificate(2)->fingerprint(algorithm)};
    };
    const auto accepts = [&](std::vector<fingerprint> promised) { return matches(promised, cert->der()); };
    using enum hash_algorithm;
    CHECK(accepts({good(sha256)}));
    CHECK(accepts({good(sha512)}));
    CHECK(accepts({bad(sha256), good(sha256)})); // several certificates
    CHECK(accepts({bad(sha1), good(sha256)}));
    CHECK_FALSE(accepts({good(sha1), bad(sha256)}));
    CHECK(accepts({good(sha1)}));
    CHECK(accepts({bad(md5), good(sha1)}));
    CHECK_FALSE(accepts({good(md5)}));
    CHECK_FALSE(accepts({}));
    CHECK_FALSE(accepts({fingerprint{sha256, {}}}));
    auto shorter = good(sha256);
    shorter.value.pop_back();
    CHECK_FALSE(accepts({shorter}));
}
