#pragma once

#include "cortc/configuration.hpp"
#include "cortc/ice/server.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What "set the configuration" (webrtc-pc 4.4.1.5) checks. Everything here throws Error, or changes nothing.
namespace cortc::detail {

/// What WebIDL's conversion would refuse.
void check_types(const Configuration& next);
/// What cannot change once it is set.
void check_modification(const Configuration& old, const Configuration& next,
                        const std::optional<std::string>& target_identity, bool local_description_asked);
/// The servers, validated in their order, and the policy.
ice::gather_settings read_gather_settings(const Configuration& next);
/// UTF-8 without control characters, not empty: RFC 8265 4.1 as far as it does without tables of Unicode.
bool is_credential(std::string_view text) noexcept;

} // namespace cortc::detail

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/configuration.ipp"
#endif
