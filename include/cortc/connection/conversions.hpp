#pragma once

#include "cortc/configuration.hpp"
#include "cortc/jsep/session.hpp"
#include "cortc/session_description.hpp"
#include "cortc/states.hpp"
#include "cortc/transport/transport.hpp"

#include <exception>
#include <string_view>

/// Between the W3C's names and the engines'.
namespace cortc::detail {

[[nodiscard]] jsep::sdp_type to_jsep(SdpType type) noexcept;
[[nodiscard]] SessionDescription from_jsep(jsep::description&& description);
[[nodiscard]] jsep::bundle_policy to_jsep(BundlePolicy policy) noexcept;
[[nodiscard]] std::exception_ptr to_exception(const jsep::error& error);
/// Throws what the engine says, as the error of `where`.
[[noreturn]] void refuse(std::string_view where, const jsep::error& why);

[[nodiscard]] SignalingState to_w3c(jsep::signaling_state state) noexcept;
[[nodiscard]] IceTransportState to_w3c(ice::transport_state state) noexcept;
[[nodiscard]] DtlsTransportState to_w3c(dtls_transport_state state) noexcept;

} // namespace cortc::detail

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/conversions.ipp"
#endif
