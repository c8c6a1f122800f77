#pragma once

#include "cortc/sctp/events.hpp"

namespace cortc::sctp {

CORTC_DECL std::string_view to_string(association_state state) noexcept {
    switch (state) {
    case association_state::closed:
        return "closed";
    case association_state::cookie_wait:
        return "cookie-wait";
    case association_state::cookie_echoed:
        return "cookie-echoed";
    case association_state::established:
        return "established";
    case association_state::shutdown_pending:
        return "shutdown-pending";
    case association_state::shutdown_sent:
        return "shutdown-sent";
    case association_state::shutdown_received:
        return "shutdown-received";
    case association_state::shutdown_ack_sent:
        return "shutdown-ack-sent";
    }
    return "unknown";
}

CORTC_DECL std::string_view to_string(close_reason reason) noexcept {
    switch (reason) {
    case close_reason::shutdown:
        return "shutdown";
    case close_reason::aborted_locally:
        return "aborted locally";
    case close_reason::aborted_by_peer:
        return "aborted by peer";
    case close_reason::setup_timeout:
        return "set-up timed out";
    case close_reason::path_failed:
        return "path failed";
    case close_reason::protocol_violation:
        return "protocol violation";
    }
    return "unknown";
}

} // namespace cortc::sctp
