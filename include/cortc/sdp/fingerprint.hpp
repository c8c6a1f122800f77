#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/sdp/error.hpp"

#include <string>
#include <string_view>

namespace cortc::sdp {

/// RFC 8122 5: the hash of a certificate.
struct fingerprint {
    std::string algorithm; ///< lower case: "sha-256"; one that is not known here is kept
    bytes value;           ///< as long as the algorithm makes it; 1 to 128 bytes if it is not known

    friend bool operator==(const fingerprint&, const fingerprint&) = default;
};

/// Takes "sha-256 AB:CD:...", the value of a=fingerprint. Case does not matter.
[[nodiscard]] result<fingerprint, error> parse_fingerprint(std::string_view text);

/// "sha-256 AB:CD:...", upper case hexadecimal.
[[nodiscard]] std::string print_fingerprint(const fingerprint& value);

} // namespace cortc::sdp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sdp/impl/fingerprint.ipp"
#endif
