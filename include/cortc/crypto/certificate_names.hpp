#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/endpoint.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cortc::crypto {

/// Whom a certificate is for: the names and addresses of its subjectAltName (RFC 5280 4.2.1.6), without
/// those of other kinds. What its subject says does not count (RFC 9525 2).
struct certificate_names {
    std::vector<std::string> names;
    std::vector<ip_address> addresses;

    /// Whether `peer`, a name or the literal of an address, is among them. The whole first label of a name
    /// may be an asterisk, which stands for one label (RFC 9525 6.3).
    [[nodiscard]] bool match(std::string_view peer) const;
    /// The first few, for a person.
    [[nodiscard]] std::string text() const;
};

/// At most 256 of each; empty when the certificate has no such extension, or is not well-formed.
[[nodiscard]] certificate_names names_of(byte_view der);

} // namespace cortc::crypto

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/impl/certificate_names.ipp"
#endif
