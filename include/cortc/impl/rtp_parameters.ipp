#pragma once

#include "cortc/rtp_parameters.hpp"

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

} // namespace cortc
