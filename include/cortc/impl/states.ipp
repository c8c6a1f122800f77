#pragma once

#include "cortc/states.hpp"

namespace cortc {

CORTC_DECL std::string_view to_string(SignalingState state) noexcept {
    switch (state) {
    case SignalingState::stable:
        return "stable";
    case SignalingState::have_local_offer:
        return "have-local-offer";
    case SignalingState::have_remote_offer:
        return "have-remote-offer";
    case SignalingState::have_local_pranswer:
        return "have-local-pranswer";
    case SignalingState::have_remote_pranswer:
        return "have-remote-pranswer";
    case SignalingState::closed:
        return "closed";
    }
    return "closed";
}

CORTC_DECL std::string_view to_string(IceGatheringState state) noexcept {
    switch (state) {
    case IceGatheringState::new_:
        return "new";
    case IceGatheringState::gathering:
        return "gathering";
    case IceGatheringState::complete:
        return "complete";
    }
    return "new";
}

CORTC_DECL std::string_view to_string(PeerConnectionState state) noexcept {
    switch (state) {
    case PeerConnectionState::new_:
        return "new";
    case PeerConnectionState::connecting:
        return "connecting";
    case PeerConnectionState::connected:
        return "connected";
    case PeerConnectionState::disconnected:
        return "disconnected";
    case PeerConnectionState::failed:
        return "failed";
    case PeerConnectionState::closed:
        return "closed";
    }
    return "closed";
}

CORTC_DECL std::string_view to_string(IceConnectionState state) noexcept {
    switch (state) {
    case IceConnectionState::new_:
        return "new";
    case IceConnectionState::checking:
        return "checking";
    case IceConnectionState::connected:
        return "connected";
    case IceConnectionState::completed:
        return "completed";
    case IceConnectionState::disconnected:
        return "disconnected";
    case IceConnectionState::failed:
        return "failed";
    case IceConnectionState::closed:
        return "closed";
    }
    return "closed";
}

CORTC_DECL std::string_view to_string(IceRole role) noexcept {
    switch (role) {
    case IceRole::unknown:
        return "unknown";
    case IceRole::controlling:
        return "controlling";
    case IceRole::controlled:
        return "controlled";
    }
    return "unknown";
}

CORTC_DECL std::string_view to_string(IceComponent component) noexcept {
    return component == IceComponent::rtp ? "rtp" : "rtcp";
}

CORTC_DECL std::string_view to_string(DtlsTransportState state) noexcept {
    switch (state) {
    case DtlsTransportState::new_:
        return "new";
    case DtlsTransportState::connecting:
        return "connecting";
    case DtlsTransportState::connected:
        return "connected";
    case DtlsTransportState::closed:
        return "closed";
    case DtlsTransportState::failed:
        return "failed";
    }
    return "closed";
}

CORTC_DECL std::string_view to_string(SctpTransportState state) noexcept {
    switch (state) {
    case SctpTransportState::connecting:
        return "connecting";
    case SctpTransportState::connected:
        return "connected";
    case SctpTransportState::closed:
        return "closed";
    }
    return "closed";
}

CORTC_DECL std::string_view to_string(DataChannelState state) noexcept {
    switch (state) {
    case DataChannelState::connecting:
        return "connecting";
    case DataChannelState::open:
        return "open";
    case DataChannelState::closing:
        return "closing";
    case DataChannelState::closed:
        return "closed";
    }
    return "closed";
}

} // namespace cortc
