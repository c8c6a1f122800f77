#include "cortc/crypto/backend.hpp"
#include "cortc/crypto/mbedtls/backend.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

#include <mbedtls/ssl.h>

using namespace cortc;
using namespace cortc::crypto;
using namespace cortc::test;

TEST_CASE("mbedTLS: what it can do, and what it wants") {
    const auto& by = crypto::mbedtls::backend();
    CHECK(by.name() == "mbedTLS");
    CHECK(&by == &default_backend());
#if defined(MBEDTLS_SSL_DTLS_SRTP)
    const std::vector offered(by.srtp_profiles().begin(), by.srtp_profiles().end());
    CHECK(offered == std::vector{srtp_profile::aes128_cm_sha1_80, srtp_profile::aes128_cm_sha1_32});
#else
    CHECK_FALSE(by.dtls_srtp_available());
#endif
    CHECK(dtls_end(options_for(dtls_role::server, by)).session->wants_whole_client_hello());
}
