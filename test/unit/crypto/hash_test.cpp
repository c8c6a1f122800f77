#include "cortc/crypto/hash.hpp"
#include "test/support/catch.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

using namespace cortc;

namespace {

std::string hex(byte_view data) {
    std::string text;
    for (auto octet : data) text += fmt::format("{:02x}", std::to_integer<unsigned>(octet));
    return text;
}

bytes repeated(int octet, std::size_t count) { return bytes(count, static_cast<std::byte>(octet)); }

bytes sequence(int first, int last) {
    bytes data;
    for (int octet = first; octet <= last; ++octet) data.push_back(static_cast<std::byte>(octet));
    return data;
}

bytes text(std::string_view value) {
    auto view = as_bytes(value);
    return {view.begin(), view.end()};
}

template <class... Parts>
bytes hash_of(const crypto::backend& by, crypto::hash_algorithm algorithm, const Parts&... parts) {
    const std::array<byte_view, sizeof...(Parts)> list{byte_view(parts)...};
    bytes out(crypto::digest_size(algorithm));
    by.hash(algorithm, list, out);
    return out;
}
template <class... Parts>
bytes hmac_of(const crypto::backend& by, crypto::hash_algorithm algorithm, byte_view key,
              const Parts&... parts) {
    const std::array<byte_view, sizeof...(Parts)> list{byte_view(parts)...};
    bytes out(crypto::digest_size(algorithm));
    by.hmac(algorithm, key, list, out);
    return out;
}

} // namespace

TEST_CASE("hashes of FIPS 180 and RFC 1321") {
    using enum crypto::hash_algorithm;
    const auto& by = test::each_backend();
    auto hash_of = [&](crypto::hash_algorithm algorithm, std::string_view data) {
        return hex(::hash_of(by, algorithm, as_bytes(data)));
    };
    CHECK(hash_of(md5, "") == "d41d8cd98f00b204e9800998ecf8427e");
    CHECK(hash_of(md5, "abc") == "900150983cd24fb0d6963f7d28e17f72");
    CHECK(hash_of(sha1, "") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(hash_of(sha1, "abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hash_of(sha1, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    CHECK(hash_of(sha256, "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hash_of(sha256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hash_of(sha384, "abc") == "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                                    "8086072ba1e7cc2358baeca134c825a7");
    CHECK(hash_of(sha512, "abc") == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                                    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST_CASE("a hash does not depend on how its input is cut") {
    const auto& by = test::each_backend();
    using enum crypto::hash_algorithm;
    for (auto algorithm : {md5, sha1, sha256, sha384, sha512}) {
        auto whole = hash_of(by, algorithm, as_bytes("abcdefghij"));
        CHECK(crypto::hash(algorithm, as_bytes("abcdefghij")) == whole);
        CHECK(hash_of(by, algorithm, as_bytes("a"), byte_view(), as_bytes("bcdefgh"), as_bytes("ij")) ==
              whole);
    }
    CHECK(hex(crypto::md5()) == "d41d8cd98f00b204e9800998ecf8427e");
    CHECK(hex(crypto::sha256(as_bytes("ab"), as_bytes("c"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a million times a, in parts") {
    const auto& by = test::each_backend();
    const auto part = repeated('a', 500000);
    CHECK(hex(hash_of(by, crypto::hash_algorithm::sha1, part, part)) ==
          "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST_CASE("HMAC-SHA-1 of RFC 2202") {
    struct vector {
        bytes key, data;
        std::string code;
    };
    const std::vector<vector> vectors{
        {repeated(0x0b, 20), text("Hi There"), "b617318655057264e28bc0b6fb378c8ef146be00"},
        {text("Jefe"), text("what do ya want for nothing?"), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {repeated(0xaa, 20), repeated(0xdd, 50), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
        {sequence(1, 25), repeated(0xcd, 50), "4c9007f4026250c6bc8414f9bf50c86c2d7235da"},
        {repeated(0x0c, 20), text("Test With Truncation"), "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"},
        {repeated(0xaa, 80), text("Test Using Larger Than Block-Size Key - Hash Key First"),
         "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
        {repeated(0xaa, 80),
         text("Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data"),
         "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
    };
    const auto& by = test::each_backend();
    for (auto& [key, data, code] : vectors) {
        CHECK(hex(hmac_of(by, crypto::hash_algorithm::sha1, key, data)) == code);
        CHECK(hex(crypto::hmac_sha1(key, data)) == code);
    }
}

TEST_CASE("HMAC-SHA-256 of RFC 4231") {
    struct vector {
        bytes key, data;
        std::string code;
    };
    const std::vector<vector> vectors{
        {repeated(0x0b, 20), text("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {text("Jefe"), text("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {repeated(0xaa, 20), repeated(0xdd, 50),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {sequence(1, 25), repeated(0xcd, 50),
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {repeated(0xaa, 131), text("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {repeated(0xaa, 131),
         text("This is a test using a larger than block-size key and a larger than block-size data. The key "
              "needs to be hashed before being used by the HMAC algorithm."),
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    const auto& by = test::each_backend();
    for (auto& [key, data, code] : vectors) {
        CHECK(hex(hmac_of(by, crypto::hash_algorithm::sha256, key, data)) == code);
        CHECK(hex(crypto::hmac_sha256(key, data)) == code);
    }
    // RFC 4231 4.6 gives the first half only.
    CHECK(hex(crypto::hmac_sha256(repeated(0x0c, 20), as_bytes("Test With Truncation"))).substr(0, 32) ==
          "a3b6167473100ee06e0c796c2955552b");
}

TEST_CASE("HMAC takes its data in parts and a key of any length") {
    CHECK(crypto::hmac_sha1(as_bytes("Jefe"), as_bytes("what do ya "), byte_view(),
                            as_bytes("want for nothing?")) ==
          crypto::hmac_sha1(as_bytes("Jefe"), as_bytes("what do ya want for nothing?")));
    const auto& by = test::each_backend();
    CHECK(hex(hmac_of(by, crypto::hash_algorithm::sha1, {})) == "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
    CHECK(hex(hmac_of(by, crypto::hash_algorithm::sha1, as_bytes("Jefe"), as_bytes("what do ya "),
                      byte_view(), as_bytes("want for nothing?"))) ==
          "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    CHECK(hex(crypto::hmac_sha1({}, byte_view())) == "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
    CHECK(hex(crypto::hmac_sha256({})) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("equal compares every byte and the length") {
    const auto code = text("0123456789");
    CHECK(crypto::equal(code, text("0123456789")));
    CHECK(crypto::equal({}, {}));
    CHECK_FALSE(crypto::equal(code, text("012345678")));
    CHECK_FALSE(crypto::equal(code, {}));
    for (std::size_t i = 0; i < code.size(); ++i) {
        auto other = code;
        other[i] ^= std::byte{0x80};
        CHECK_FALSE(crypto::equal(code, other));
    }
}
