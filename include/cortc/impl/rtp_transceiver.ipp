#pragma once

#include "cortc/connection/transceiver.hpp"
#include "cortc/error.hpp"
#include "cortc/rtp_transceiver.hpp"

namespace cortc {

CORTC_DECL transceiver_impl& RtpTransceiver::impl() const {
    if (!impl_) throw Error(errc::invalid_state, "this RtpTransceiver refers to no transceiver");
    return *impl_;
}

CORTC_DECL MediaKind RtpTransceiver::kind() const { return impl().kind(); }
CORTC_DECL std::optional<std::string> RtpTransceiver::mid() const {
    if (impl().mid().empty()) return std::nullopt;
    return impl().mid();
}
CORTC_DECL RtpSender RtpTransceiver::sender() const {
    (void)impl();
    return RtpSender(impl_);
}
CORTC_DECL RtpReceiver RtpTransceiver::receiver() const {
    (void)impl();
    return RtpReceiver(impl_);
}
CORTC_DECL RtpTransceiverDirection RtpTransceiver::direction() const { return impl().direction(); }
CORTC_DECL void RtpTransceiver::direction(RtpTransceiverDirection wish) { impl().set_direction(wish); }
CORTC_DECL std::optional<RtpTransceiverDirection> RtpTransceiver::currentDirection() const {
    return impl().current_direction();
}
CORTC_DECL bool RtpTransceiver::stopped() const { return impl().stopped(); }
CORTC_DECL void RtpTransceiver::stop() { impl().stop(); }
CORTC_DECL void RtpTransceiver::setCodecPreferences(const std::vector<RtpCodec>& codecs) {
    impl().set_codec_preferences(codecs);
}

} // namespace cortc
