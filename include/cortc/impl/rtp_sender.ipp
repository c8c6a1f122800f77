#pragma once

#include "cortc/connection/rtp_parameters.hpp"
#include "cortc/connection/transceiver.hpp"
#include "cortc/error.hpp"
#include "cortc/rtp_sender.hpp"

#include <fmt/format.h>

#include <utility>

namespace cortc {

CORTC_DECL transceiver_impl& RtpSender::impl() const {
    if (!impl_) throw Error(errc::invalid_state, "this RtpSender refers to no sender");
    return *impl_;
}

CORTC_DECL std::shared_ptr<waiter_home> RtpSender::home() const { return impl().core(); }

CORTC_DECL RtpCapabilities RtpSender::getCapabilities(MediaKind kind) { return detail::capabilities(kind); }
CORTC_DECL std::optional<RtpCapabilities> RtpSender::getCapabilities(std::string_view kind) {
    const auto known = detail::to_kind(kind);
    if (!known) return std::nullopt;
    return detail::capabilities(*known);
}

CORTC_DECL std::optional<DtlsTransport> RtpSender::transport() const {
    if (!impl().transport()) return std::nullopt;
    return DtlsTransport(impl().transport());
}
CORTC_DECL std::optional<MediaStreamTrack> RtpSender::track() const { return impl().sender_track(); }
CORTC_DECL RtpSendParameters RtpSender::getParameters() const { return impl().get_send_parameters(); }
CORTC_DECL void RtpSender::setStreams(const std::vector<MediaStream>& streams) {
    impl().set_streams(streams);
}

CORTC_DECL void RtpSender::set_parameters(transceiver_impl& impl, RtpSendParameters parameters,
                                          waiter_ptr<void> operation) {
    impl.set_parameters(std::move(parameters), std::move(operation));
}

CORTC_DECL void RtpSender::replace_track(const std::shared_ptr<transceiver_impl>& impl,
                                         std::optional<MediaStreamTrack> track, waiter_ptr<void> operation) {
    if (track && !*track)
        throw Error(errc::type, "replaceTrack: the track is an empty handle; std::nullopt sends none");
    if (track && track->kind() != impl->kind())
        throw Error(errc::type, fmt::format("replaceTrack: the track is {}, and the sender takes {}",
                                            to_string(track->kind()), to_string(impl->kind())));
    auto owner = impl->owner().lock();
    if (!owner) throw Error(errc::invalid_state, "replaceTrack: the connection is closed");
    owner->replace_track(impl, std::move(track), std::move(operation));
}

} // namespace cortc
