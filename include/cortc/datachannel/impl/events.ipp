#pragma once

#include "cortc/datachannel/events.hpp"

namespace cortc::datachannel {

CORTC_DECL std::string_view to_string(channel_failure failure) noexcept {
    switch (failure) {
    case channel_failure::no_id:
        return "no stream id";
    case channel_failure::refused:
        return "refused by the peer";
    case channel_failure::protocol_violation:
        return "protocol violation";
    case channel_failure::open_too_large:
        return "OPEN too large";
    case channel_failure::association_lost:
        return "association lost";
    }
    return "?";
}

} // namespace cortc::datachannel
