#pragma once

#include "cortc/ice/types.hpp"

namespace cortc::ice {

CORTC_DECL std::string_view to_string(role value) noexcept {
    return value == role::controlling ? "controlling" : "controlled";
}

CORTC_DECL std::string_view to_string(transport_state value) noexcept {
    switch (value) {
    case transport_state::fresh:
        return "new";
    case transport_state::checking:
        return "checking";
    case transport_state::connected:
        return "connected";
    case transport_state::completed:
        return "completed";
    case transport_state::disconnected:
        return "disconnected";
    case transport_state::failed:
        return "failed";
    case transport_state::closed:
        return "closed";
    }
    return "";
}

} // namespace cortc::ice
