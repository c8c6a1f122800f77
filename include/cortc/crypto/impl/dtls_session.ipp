#pragma once

#include "cortc/crypto/dtls_session.hpp"

namespace cortc::crypto {

CORTC_DECL std::string_view to_string(dtls_state state) noexcept {
    switch (state) {
    case dtls_state::idle:
        return "idle";
    case dtls_state::connecting:
        return "connecting";
    case dtls_state::connected:
        return "connected";
    case dtls_state::closed:
        return "closed";
    case dtls_state::failed:
        return "failed";
    }
    return "?";
}

CORTC_DECL std::string_view to_string(dtls_failure reason) noexcept {
    switch (reason) {
    case dtls_failure::timeout:
        return "timeout";
    case dtls_failure::fingerprint_mismatch:
        return "fingerprint mismatch";
    case dtls_failure::no_certificate:
        return "no certificate";
    case dtls_failure::bad_certificate:
        return "bad certificate";
    case dtls_failure::unsupported_version:
        return "unsupported version";
    case dtls_failure::nothing_in_common:
        return "nothing in common";
    case dtls_failure::no_srtp_profile:
        return "no SRTP profile";
    case dtls_failure::alert:
        return "alert";
    case dtls_failure::protocol:
        return "protocol error";
    case dtls_failure::internal:
        return "internal error";
    }
    return "?";
}

} // namespace cortc::crypto
