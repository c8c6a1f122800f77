#pragma once

#include "cortc/error.hpp"
#include "cortc/impl/transceiver.hpp"
#include "cortc/rtp_transceiver.hpp"

namespace cortc {

CORTC_DECL std::string_view to_string(RtpTransceiverDirection direction) noexcept {
    switch (direction) {
    case RtpTransceiverDirection::sendrecv:
        return "sendrecv";
    case RtpTransceiverDirection::sendonly:
        return "sendonly";
    case RtpTransceiverDirection::recvonly:
        return "recvonly";
    case RtpTransceiverDirection::inactive:
        return "inactive";
    case RtpTransceiverDirection::stopped:
        break;
    }
    return "stopped";
}

CORTC_DECL std::string_view to_string(MediaKind kind) noexcept {
    return kind == MediaKind::audio ? "audio" : "video";
}

CORTC_DECL transceiver_impl& RtpTransceiver::impl() const {
    if (!impl_) throw Error(errc::invalid_state, "this RtpTransceiver refers to no transceiver");
    return *impl_;
}

CORTC_DECL MediaKind RtpTransceiver::kind() const { return impl().kind(); }
CORTC_DECL std::optional<std::string> RtpTransceiver::mid() const {
    if (impl().mid().empty()) return std::nullopt;
    return impl().mid();
}
CORTC_DECL RtpTransceiverDirection RtpTransceiver::direction() const { return impl().direction(); }
CORTC_DECL void RtpTransceiver::direction(RtpTransceiverDirection wish) { impl().set_direction(wish); }
CORTC_DECL std::optional<RtpTransceiverDirection> RtpTransceiver::currentDirection() const {
    return impl().current_direction();
}
CORTC_DECL bool RtpTransceiver::stopped() const { return impl().stopped(); }
CORTC_DECL void RtpTransceiver::stop() { impl().stop(); }

} // namespace cortc
