#include "cortc/base/hash_algorithm.hpp"
#include "test/support/catch.hpp"

#include <vector>

using namespace cortc;

TEST_CASE("hash functions have the names and sizes of the registry") {
    using enum hash_algorithm;
    CHECK(to_string(md5) == "md5");
    CHECK(to_string(sha1) == "sha-1");
    CHECK(to_string(sha512) == "sha-512");
    CHECK(digest_size(sha1) == 20);
    CHECK(digest_size(sha384) == 48);
    for (auto each : {md5, sha1, sha256, sha384, sha512}) {
        CHECK(hash_algorithm_of(to_string(each)) == each);
        CHECK(digest_size(each) <= max_digest_size);
    }
    CHECK_FALSE(hash_algorithm_of("sha-224")); // registered, not computed
    CHECK_FALSE(hash_algorithm_of("sha-3"));
    CHECK_FALSE(hash_algorithm_of(""));
}

TEST_CASE("of several hashes the strongest counts, and MD5 never does") {
    using enum hash_algorithm;
    using some = std::vector<std::optional<hash_algorithm>>;
    const auto strongest = [](const some& of) {
        return strongest_hash(of, [](const auto& each) { return each; });
    };
    CHECK(strongest({sha1, sha512, sha256}) == sha512);
    CHECK(strongest({md5, sha1}) == sha1);
    CHECK(strongest({std::nullopt, sha384}) == sha384);
    CHECK_FALSE(strongest({md5}));
    CHECK_FALSE(strongest({std::nullopt}));
    CHECK_FALSE(strongest({}));
}
