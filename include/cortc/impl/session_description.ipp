#pragma once

#include "cortc/session_description.hpp"

namespace cortc {

CORTC_DECL std::string_view to_string(SdpType type) noexcept {
    switch (type) {
    case SdpType::offer:
        return "offer";
    case SdpType::pranswer:
        return "pranswer";
    case SdpType::answer:
        return "answer";
    case SdpType::rollback:
        return "rollback";
    }
    return "offer";
}

CORTC_DECL std::optional<SdpType> sdp_type(std::string_view text) noexcept {
    for (auto type : {SdpType::offer, SdpType::pranswer, SdpType::answer, SdpType::rollback})
        if (text == to_string(type)) return type;
    return std::nullopt;
}

} // namespace cortc
