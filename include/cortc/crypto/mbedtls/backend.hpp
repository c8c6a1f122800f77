#pragma once

#include "cortc/base/config.hpp"

namespace cortc::crypto {
class backend;
}

namespace cortc::crypto::mbedtls {

/// mbedTLS 2.28 or 3: DTLS 1.2, and SRTP with AES128_CM.
[[nodiscard]] const crypto::backend& backend() noexcept;

} // namespace cortc::crypto::mbedtls

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/mbedtls/impl/backend.ipp"
#endif
