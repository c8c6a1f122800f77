#include "cortc/stun/credentials.hpp"
#include "test/unit/stun/vectors.hpp"

#include "test/support/catch.hpp"

using namespace cortc;
using namespace cortc::stun;

TEST_CASE("opaque_string takes printable ASCII only") {
    CHECK(opaque_string("pass word~") == "pass word~");
    CHECK_FALSE(opaque_string(""));
    CHECK_FALSE(opaque_string("tab\tbed"));
    CHECK_FALSE(opaque_string("del\x7f"));
    CHECK_FALSE(opaque_string(std::string_view("nul\0", 4)));
    CHECK_FALSE(opaque_string(test::username));
}

TEST_CASE("long-term keys hash name, realm and password with colons between") {
    // The example of RFC 8489 9.2.2.
    auto key = long_term_key_md5("user", "realm", "pass");
    CHECK(bytes(key.begin(), key.end()) == test::unhex("8493fbc53ba582fb4c044c456bdc40eb"));
    CHECK(long_term_key_md5("a:b", "c", "d") == long_term_key_md5("a", "b:c", "d"));
    CHECK(long_term_key_sha256("a", "b", "c") == crypto::sha256(as_bytes("a:b:c")));
    CHECK(userhash("a", "b") == crypto::sha256(as_bytes("a:b")));
}

TEST_CASE("a nonce carries the server's security features") {
    for (auto features : {security_features{false, false}, security_features{true, false},
                          security_features{false, true}, security_features{true, true}}) {
        auto nonce = make_nonce(features, "unique");
        CHECK(nonce.ends_with("unique"));
        CHECK(nonce_features(nonce) == features);
    }
    CHECK(make_nonce({true, true}, "x") == "obMatJos2AAADx");
    CHECK(nonce_features("obMatJos2////") == security_features{true, true}); // bits without a name
    CHECK_FALSE(nonce_features("obMatJos2AAA"));
    CHECK_FALSE(nonce_features("obMatJos2AA=A"));
    CHECK_FALSE(nonce_features("ObMatJos2AAAA"));
    CHECK_FALSE(nonce_features(""));
}
