#pragma once

#include "cortc/crypto/tls_session.hpp"

namespace cortc::crypto {

CORTC_DECL std::string_view to_string(tls_state state) noexcept {
    switch (state) {
    case tls_state::idle:
        return "idle";
    case tls_state::connecting:
        return "connecting";
    case tls_state::connected:
        return "connected";
    case tls_state::closed:
        return "closed";
    case tls_state::failed:
        return "failed";
    }
    return "?";
}

CORTC_DECL std::string_view to_string(tls_failure reason) noexcept {
    switch (reason) {
    case tls_failure::timeout:
        return "timeout";
    case tls_failure::certificate:
        return "certificate";
    case tls_failure::alert:
        return "alert";
    case tls_failure::protocol:
        return "protocol error";
    case tls_failure::internal:
        return "internal error";
    }
    return "?";
}

} // namespace cortc::crypto
