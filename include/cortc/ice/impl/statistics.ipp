#pragma once

#include "cortc/ice/statistics.hpp"

namespace cortc::ice {

namespace detail {
/// In the order of drop_reason.
inline constexpr std::array<std::string_view, static_cast<std::size_t>(drop_reason::count)> drop_names{
    "malformed",
    "unexpected message",
    "missing credentials",
    "unknown ufrag",
    "wrong integrity",
    "unknown attributes",
    "bad request",
    "role switch limit",
    "response queue full",
    "error rate",
    "unknown response",
    "wrong integrity in a response",
    "response from another address",
    "malformed response",
    "error response",
    "unknown socket",
    "foreign credentials",
    "early candidate limit",
    "local candidate limit",
    "remote candidate limit",
    "pair limit",
    "transport or type not supported",
    "not component 1",
    "no usable address",
    "duplicate candidate",
};
} // namespace detail

CORTC_DECL std::string_view to_string(drop_reason reason) noexcept {
    auto index = static_cast<std::size_t>(reason);
    return index < detail::drop_names.size() ? detail::drop_names[index] : "";
}

CORTC_DECL std::string_view to_string(pair_state value) noexcept {
    switch (value) {
    case pair_state::frozen:
        return "frozen";
    case pair_state::waiting:
        return "waiting";
    case pair_state::in_progress:
        return "in-progress";
    case pair_state::succeeded:
        return "succeeded";
    case pair_state::failed:
        return "failed";
    }
    return "";
}

} // namespace cortc::ice
