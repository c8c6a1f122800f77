#pragma once

#include "cortc/configuration.hpp"

namespace cortc {

CORTC_DECL std::string_view to_string(IceTransportPolicy policy) noexcept {
    return policy == IceTransportPolicy::relay ? "relay" : "all";
}

CORTC_DECL std::string_view to_string(BundlePolicy policy) noexcept {
    switch (policy) {
    case BundlePolicy::balanced:
        return "balanced";
    case BundlePolicy::max_compat:
        return "max-compat";
    case BundlePolicy::max_bundle:
        return "max-bundle";
    }
    return "?";
}

CORTC_DECL std::string_view to_string(RtcpMuxPolicy policy) noexcept {
    return policy == RtcpMuxPolicy::negotiate ? "negotiate" : "require";
}

CORTC_DECL DataChannelInit::DataChannelInit(const NamedDataChannelInit& members)
    : ordered(members.ordered)
    , maxPacketLifeTime(members.maxPacketLifeTime)
    , maxRetransmits(members.maxRetransmits)
    , protocol(members.protocol)
    , negotiated(members.negotiated)
    , id(members.id)
    , priority(members.priority) {}

} // namespace cortc
