#pragma once

#include "cortc/error.hpp"
#include "cortc/sdp/session_description.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cortc {
class IdentityAssertionResult;
}

/// The texts of RFC 8827 section 7: what is asserted, what a=identity carries, who that is. What comes from a
/// peer is read strictly and within bounds, and nothing here throws because of it.
namespace cortc::detail {

/// Bytes of base64 in a=identity. Longer ones are not sent, because a peer like us takes no longer line of
/// SDP.
inline constexpr std::size_t max_assertion_size = 16'000;

/// RFC 8827 7.4: {"fingerprint":[{"algorithm":...,"digest":...}, ...]}.
[[nodiscard]] std::string print_contents(const std::vector<sdp::fingerprint>& fingerprints);
/// None when it is malformed; members that are not known are ignored.
[[nodiscard]] std::optional<std::vector<sdp::fingerprint>> parse_contents(std::string_view text);

/// RFC 8827 7.4.1: base64 of {"idp":{"domain":...,"protocol":...},"assertion":...}. Throws Error with
/// idp_execution_failure when a provider's result cannot be carried.
[[nodiscard]] std::string print_assertion(const IdentityAssertionResult& made);
/// Takes the value of a=identity, extensions (which are ignored) included.
[[nodiscard]] std::optional<IdentityAssertionResult> parse_assertion(std::string_view attribute);

/// Different ones in one description; one with more is not covered by anything.
inline constexpr std::size_t max_fingerprints = 64;
/// Every a=fingerprint of a description, each once; of more than max_fingerprints, one more than that.
[[nodiscard]] std::vector<sdp::fingerprint> fingerprints_of(const sdp::session_description& description);
/// Whether `all` has every one of `some`.
[[nodiscard]] bool covers(const std::vector<sdp::fingerprint>& all,
                          const std::vector<sdp::fingerprint>& some);

/// RFC 8827 8.1: the domain in "user@domain"; none when it is not of that form.
[[nodiscard]] std::optional<std::string_view> domain_of(std::string_view identity);
/// RFC 8827 7.5: the provider's domain without user information and port.
[[nodiscard]] std::string_view host_of(std::string_view authority);
[[nodiscard]] bool same_domain(std::string_view a, std::string_view b);
/// The same user of the same domain.
[[nodiscard]] bool same_identity(std::string_view a, std::string_view b);
/// In lower case, as far as ASCII goes.
[[nodiscard]] std::string folded(std::string_view domain);
/// / and backslash would lead out of the provider's well-known directory (RFC 8827 7.5).
[[nodiscard]] bool is_protocol(std::string_view protocol);

/// One of error_detail::idp_...
[[nodiscard]] bool is_of_provider(error_detail detail) noexcept;

} // namespace cortc::detail

#if defined(CORTC_HEADER_ONLY)
#include "cortc/identity/impl/text.ipp"
#endif
