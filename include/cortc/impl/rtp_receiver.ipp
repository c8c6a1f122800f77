#pragma once

#include "cortc/connection/rtp_parameters.hpp"
#include "cortc/connection/transceiver.hpp"
#include "cortc/error.hpp"
#include "cortc/rtp_receiver.hpp"

namespace cortc {

CORTC_DECL transceiver_impl& RtpReceiver::impl() const {
    if (!impl_) throw Error(errc::invalid_state, "this RtpReceiver refers to no receiver");
    return *impl_;
}

CORTC_DECL RtpCapabilities RtpReceiver::getCapabilities(MediaKind kind) { return detail::capabilities(kind); }
CORTC_DECL std::optional<RtpCapabilities> RtpReceiver::getCapabilities(std::string_view kind) {
    const auto known = detail::to_kind(kind);
    if (!known) return std::nullopt;
    return detail::capabilities(*known);
}

CORTC_DECL std::optional<DtlsTransport> RtpReceiver::transport() const {
    if (!impl().transport()) return std::nullopt;
    return DtlsTransport(impl().transport());
}
CORTC_DECL MediaStreamTrack RtpReceiver::track() const { return impl().receiver_track(); }
CORTC_DECL RtpReceiveParameters RtpReceiver::getParameters() const { return impl().get_receive_parameters(); }

} // namespace cortc
