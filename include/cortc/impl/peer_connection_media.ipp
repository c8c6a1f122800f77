#pragma once

#include "cortc/connection/connection.hpp"
#include "cortc/connection/rtp_parameters.hpp"
#include "cortc/peer_connection.hpp"

#include <fmt/format.h>

namespace cortc {

CORTC_DECL RtpSender PeerConnection::addTrack(const MediaStreamTrack& track,
                                              const std::vector<MediaStream>& streams) {
    return RtpSender(impl().media().add_track(track, streams));
}
CORTC_DECL void PeerConnection::removeTrack(const RtpSender& sender) { impl().media().remove_track(sender); }

CORTC_DECL RtpTransceiver PeerConnection::addTransceiver(MediaKind kind, const RtpTransceiverInit& init) {
    return RtpTransceiver(impl().media().add_transceiver(kind, std::nullopt, init));
}
CORTC_DECL RtpTransceiver PeerConnection::addTransceiver(const MediaStreamTrack& track,
                                                         const RtpTransceiverInit& init) {
    if (!track) throw Error(errc::type, "addTransceiver: the track is an empty handle");
    return RtpTransceiver(impl().media().add_transceiver(track.kind(), track, init));
}
CORTC_DECL RtpTransceiver PeerConnection::addTransceiver(std::string_view kind,
                                                         const RtpTransceiverInit& init) {
    const auto known = detail::to_kind(kind);
    if (!known)
        throw Error(errc::type, fmt::format("addTransceiver: kind is \"{}\"; it can be \"audio\" or "
                                            "\"video\"",
                                            kind.substr(0, 100)));
    return addTransceiver(*known, init);
}

CORTC_DECL std::vector<RtpSender> PeerConnection::getSenders() const {
    std::vector<RtpSender> handles;
    for (const auto& each : impl().media().transceivers())
        if (!each->stopped()) handles.emplace_back(each);
    return handles;
}
CORTC_DECL std::vector<RtpReceiver> PeerConnection::getReceivers() const {
    std::vector<RtpReceiver> handles;
    for (const auto& each : impl().media().transceivers())
        if (!each->stopped()) handles.emplace_back(each);
    return handles;
}
CORTC_DECL std::vector<RtpTransceiver> PeerConnection::getTransceivers() const {
    std::vector<RtpTransceiver> handles;
    for (const auto& each : impl().media().transceivers()) handles.emplace_back(each);
    return handles;
}

CORTC_DECL std::optional<TrackEvent> PeerConnection::tryNextTrack() {
    return impl().media().track_events().try_read();
}

CORTC_DECL void PeerConnection::signaling_changed(connection& impl, SignalingState from,
                                                  waiter_ptr<SignalingState> operation) {
    impl.states().signaling_changed(from, std::move(operation));
}
CORTC_DECL void PeerConnection::next_track(connection& impl, waiter_ptr<TrackEvent> operation) {
    impl.media().track_events().read(std::move(operation));
}
CORTC_DECL void PeerConnection::track_readable(connection& impl, waiter_ptr<void> operation) {
    impl.media().track_events().readable(std::move(operation));
}

} // namespace cortc
