#pragma once

#include "cortc/jsep/types.hpp"

namespace cortc::jsep {

CORTC_DECL std::string_view to_string(signaling_state state) noexcept {
    switch (state) {
    case signaling_state::stable:
        return "stable";
    case signaling_state::have_local_offer:
        return "have-local-offer";
    case signaling_state::have_remote_offer:
        return "have-remote-offer";
    case signaling_state::have_local_pranswer:
        return "have-local-pranswer";
    case signaling_state::have_remote_pranswer:
        return "have-remote-pranswer";
    case signaling_state::closed:
        break;
    }
    return "closed";
}

CORTC_DECL std::string_view to_string(sdp_type type) noexcept {
    switch (type) {
    case sdp_type::offer:
        return "offer";
    case sdp_type::pranswer:
        return "pranswer";
    case sdp_type::answer:
        return "answer";
    case sdp_type::rollback:
        break;
    }
    return "rollback";
}

CORTC_DECL std::string_view to_string(error_kind kind) noexcept {
    switch (kind) {
    case error_kind::invalid_state:
        return "InvalidStateError";
    case error_kind::invalid_access:
        return "InvalidAccessError";
    case error_kind::invalid_modification:
        return "InvalidModificationError";
    case error_kind::operation:
        return "OperationError";
    case error_kind::range:
        return "RangeError";
    case error_kind::not_supported:
        return "NotSupportedError";
    case error_kind::type:
        break;
    }
    return "TypeError";
}

} // namespace cortc::jsep
