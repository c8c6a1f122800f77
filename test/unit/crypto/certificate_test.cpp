#include "cortc/crypto/backend.hpp"
#include "test/support/catch.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

using namespace cortc;
using namespace cortc::crypto;
using namespace cortc::test;

TEST_CASE("a fingerprint is the hash of the DER form") {
    const auto& by = each_backend();
    const auto one = some_certificate(1, by);
    for (auto algorithm :
         {hash_algorithm::sha1, hash_algorithm::sha256, hash_algorithm::sha384, hash_algorithm::sha512}) {
        CHECK(one->fingerprint(algorithm) == hash(algorithm, one->der()));
        CHECK(one->fingerprint(algorithm).size() == digest_size(algorithm));
    }
}

TEST_CASE("a validity that cannot be written is refused") {
    const auto& by = each_backend();
    using namespace std::chrono;
    const auto refused = [&](unix_time now, seconds validity) {
        return by.generate_certificate(key_type::ecdsa_p256, now, validity).has_error();
    };
    CHECK(refused(noon, 0s));
    CHECK(refused(noon, -1s));
    CHECK(refused(noon, seconds::max()));
    CHECK(refused(noon, hours(24 * 366) * 8000));
    CHECK(refused(unix_time::min(), 1s));
    CHECK(refused(unix_time::max(), 1s));
    const auto long_lived = by.generate_certificate(key_type::ecdsa_p256, noon, hours(24 * 365) * 40);
    REQUIRE(long_lived.has_value());
    CHECK((*long_lived)->expires() == noon + hours(24 * 365) * 40);
    CHECK(by.generate_certificate(key_type::ecdsa_p256, unix_time{}, 24h)
              .has_value()); // simulations start there
}

TEST_CASE("only the strongest promised hash counts") {
    const auto& by = each_backend();
    const auto cert = some_certificate(1, by);
    const auto good = [&](hash_algorithm algorithm) {
        return fingerprint{algorithm, cert->fingerprint(algorithm)};
    };
    const auto bad = [&](hash_algorithm algorithm) {
        return fingerprint{algorithm, some_certificate(2, by)->fingerprint(algorithm)};
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
