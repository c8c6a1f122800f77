// The form of generated certificates, element by element: peers that read strictly refuse others.
#include "cortc/crypto/backend.hpp"
#include "test/support/catch.hpp"
#include "test/support/process.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

using namespace cortc;
using namespace cortc::crypto;
using namespace cortc::test;

namespace {

/// Reads DER strictly: shortest lengths, nothing left over.
class der {
  public:
    explicit der(byte_view data) : in_(data), data_(data) {}

    [[nodiscard]] bool done() const { return in_.remaining() == 0; }
    [[nodiscard]] unsigned next_tag() const {
        return in_.remaining() == 0 ? 0 : std::to_integer<unsigned>(data_[in_.position()]);
    }
    byte_view take(unsigned tag) {
        REQUIRE(in_.u8() == tag);
        std::size_t size = in_.u8();
        if (size >= 0x80) {
            const auto count = size & 0x7f;
            REQUIRE((count == 1 || count == 2));
            size = count == 1 ? in_.u8() : in_.u16();
            REQUIRE(size >= (count == 1 ? 0x80u : 0x100u));
        }
        const auto contents = in_.take(size);
        REQUIRE(in_.ok());
        return contents;
    }

  private:
    byte_reader in_;
    byte_view data_;
};

std::string hex(byte_view data) {
    std::string text;
    for (auto each : data) text += fmt::format("{:02x}", std::to_integer<unsigned>(each));
    return text;
}

constexpr unsigned integer = 2, bit_string = 3, utc_time = 0x17, generalized_time = 0x18, sequence = 0x30;
// Identifier and parameters: none (RFC 5758 3.2), NULL (RFC 4055 5).
const std::string ecdsa_with_sha256 = "06082a8648ce3d040302", sha256_with_rsa = "06092a864886f70d01010b0500";

void check_form(const certificate& made, const std::string& algorithm, unsigned last_time) {
    der outside(made.der());
    der whole(outside.take(sequence));
    CHECK(outside.done());

    der to_sign(whole.take(sequence));
    CHECK(hex(to_sign.take(0xa0)) == "020102"); // version 3
    const auto serial = to_sign.take(integer);
    REQUIRE(serial.size() == 16);
    CHECK(std::to_integer<unsigned>(serial[0]) >= 0x40); // positive, and not longer than need be
    CHECK(std::to_integer<unsigned>(serial[0]) < 0x80);
    CHECK(hex(to_sign.take(sequence)) == algorithm);
    const auto issuer = hex(to_sign.take(sequence));
    CHECK(issuer == "310e300c06035504030c05636f727463"); // CN=cortc
    der validity(to_sign.take(sequence));
    CHECK(as_text(validity.take(utc_time)) == "261119120000Z");
    const auto until = std::string(as_text(validity.take(last_time)));
    CHECK(until == (last_time == utc_time ? "261220120000Z" : "20661110120000Z"));
    CHECK(validity.done());
    CHECK(hex(to_sign.take(sequence)) == issuer);
    der key(to_sign.take(sequence));
    (void)key.take(sequence);
    (void)key.take(bit_string);
    CHECK(key.done());
    CHECK(to_sign.done()); // no extensions: an empty list has no form

    CHECK(hex(whole.take(sequence)) == algorithm);
    const auto signature = whole.take(bit_string);
    CHECK(whole.done());
    REQUIRE(signature.size() > 60);
    CHECK(signature[0] == std::byte{0});
    if (algorithm != ecdsa_with_sha256) return;
    der pair(signature.subspan(1));
    der numbers(pair.take(sequence));
    CHECK(pair.done());
    CHECK(numbers.take(integer).size() <= 33);
    CHECK(numbers.take(integer).size() <= 33);
    CHECK(numbers.done());
}

} // namespace

TEST_CASE("the form of generated certificates (RFC 5280 4.1, RFC 5758 3.2)") {
    using std::chrono::days;
    const auto& by = each_backend();
    for (int i = 0; i < 20; ++i) // signatures have several lengths
        check_form(*by.generate_certificate(key_type::ecdsa_p256, noon, days(30)).value(), ecdsa_with_sha256,
                   utc_time);
    check_form(*by.generate_certificate(key_type::ecdsa_p256, noon, days(365 * 40)).value(),
               ecdsa_with_sha256, generalized_time);
    check_form(*by.generate_certificate(key_type::rsa_2048, noon, days(30)).value(), sha256_with_rsa,
               utc_time);
}

TEST_CASE("OpenSSL reads generated certificates, and finds their signatures good") {
    const auto& by = each_backend();
    const std::string openssl = "/usr/bin/openssl";
    if (!std::filesystem::exists(openssl)) {
        WARN("there is no " << openssl);
        return;
    }
    for (auto type : {key_type::ecdsa_p256, key_type::rsa_2048}) {
        const auto made = by.generate_certificate(type, noon, std::chrono::days(30)).value();
        const auto path = std::filesystem::temp_directory_path() / fmt::format("cortc_{}.pem", getpid());
        std::ofstream(path) << made->pem().value();
        const auto run = [&](std::vector<std::string> command) {
            process one(std::move(command));
            const auto status = one.exits();
            INFO(one.output());
            CHECK(status == 0);
            return one.output();
        };
        const auto text = run({openssl, "x509", "-in", path, "-noout", "-text"});
        CHECK(text.find("X509v3 extensions") == text.npos);
        CHECK(text.find("Version: 3 (0x2)") != text.npos);
        const auto verified = run(
            {openssl, "verify", "-x509_strict", "-no_check_time", "-check_ss_sig", "-trusted", path, path});
        CHECK(verified.find(": OK") != verified.npos);
        const auto listed = run({openssl, "asn1parse", "-in", path});
        CHECK(listed.find("Error") == listed.npos);
        std::filesystem::remove(path);
    }
}
