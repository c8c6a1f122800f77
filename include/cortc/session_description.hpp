#pragma once

#include "cortc/base/config.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cortc {

/// RTCSdpType (webrtc-pc 4.6.1).
enum class SdpType { offer, pranswer, answer, rollback };

/// "offer", "pranswer", "answer", "rollback".
std::string_view to_string(SdpType type) noexcept;
/// The type of that name; none when there is no such type.
std::optional<SdpType> sdp_type(std::string_view text) noexcept;

/// RTCSessionDescription (webrtc-pc 4.6.2). Not an aggregate, so that it may stand inside a co_await
/// expression.
class SessionDescription {
  public:
    SessionDescription() = default;
    /// Its members, in their order.
    SessionDescription(SdpType a_type, std::string a_sdp) : type(a_type), sdp(std::move(a_sdp)) {}

    friend bool operator==(const SessionDescription&, const SessionDescription&) = default;

    SdpType type = SdpType::offer; ///< what `sdp` is to be taken for
    std::string sdp;               ///< SDP (RFC 8866, RFC 9429); of no account in a rollback
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/session_description.ipp"
#endif
