#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/hash_algorithm.hpp"

#include <span>

namespace cortc::crypto::mbedtls {

///@{
/// As those of crypto::backend.
void hash(hash_algorithm algorithm, std::span<const byte_view> parts, byte_span out);
void hmac(hash_algorithm algorithm, byte_view key, std::span<const byte_view> parts, byte_span out);
///@}

} // namespace cortc::crypto::mbedtls

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/mbedtls/impl/hash.ipp"
#endif
