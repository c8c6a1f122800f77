#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/result.hpp"
#include "cortc/crypto/certificate.hpp"

#include <string_view>

namespace cortc::crypto {

/// The first block of that label in a PEM text, borders included; empty when there is none (RFC 7468 2).
[[nodiscard]] std::string_view pem_block(std::string_view text, std::string_view label);

///@{
/// The first private key in the clear, and the first certificate, of a text.
[[nodiscard]] result<std::string_view, certificate_error> find_key(std::string_view pem);
[[nodiscard]] result<std::string_view, certificate_error> find_certificate(std::string_view pem);
///@}

/// That a key is none of those that cortc takes: "the private key is <what>; ...".
[[nodiscard]] certificate_error unsupported_key(std::string_view what);

} // namespace cortc::crypto

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/impl/pem.ipp"
#endif
