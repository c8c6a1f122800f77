// Every backend's certificates, as mbedTLS reads them.
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
    const auto& by = each_backend();
    const auto made = by.generate_certificate(key_type::ecdsa_p256, noon, std::chrono::days(30)).value();
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
    const auto& by = each_backend();
    const auto one = some_certificate(1, by), other = some_certificate(2, by);
    CHECK_FALSE(std::ranges::equal(one->der(), other->der()));
    parsed a(one->der()), b(other->der());
    CHECK_FALSE(std::ranges::equal(std::span(a.value.serial.p, a.value.serial.len),
                                   std::span(b.value.serial.p, b.value.serial.len)));
}

TEST_CASE("a date past 2049, where its form changes (RFC 5280 4.1.2.5)") {
    const auto& by = each_backend();
    const auto made = by.generate_certificate(key_type::ecdsa_p256, noon, 24h * 365 * 40).value();
    CHECK(parsed(made->der()).value.valid_to.year == 2066);
}

TEST_CASE("a generated RSA key has 2048 bits and exponent 65537") {
    const auto& by = each_backend();
    const auto made = by.generate_certificate(key_type::rsa_2048, noon, std::chrono::days(30)).value();
    parsed read(made->der());
    REQUIRE(read.status == 0);
    CHECK(mbedtls_pk_get_type(&read.value.pk) == MBEDTLS_PK_RSA);
    CHECK(mbedtls_pk_get_bitlen(&read.value.pk) == 2048);
    mbedtls_mpi exponent;
    mbedtls_mpi_init(&exponent);
    CHECK(mbedtls_rsa_export(mbedtls_pk_rsa(read.value.pk), nullptr, nullptr, nullptr, nullptr, &exponent) ==
          0);
    CHECK(mbedtls_mpi_cmp_int(&exponent, 65537) == 0);
    mbedtls_mpi_free(&exponent);
    std::uint32_t flags = 0; // its own authority, but for the calendar of this machine
    (void)mbedtls_x509_crt_verify(&read.value, &read.value, nullptr, nullptr, &flags, nullptr, nullptr);
    CHECK((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) == 0);
}
