#pragma once

#include "cortc/sdp/codec.hpp"
#include "cortc/sdp/detail/text.hpp"

namespace cortc::sdp {

CORTC_DECL std::vector<format_parameter> codec::parameters() const {
    std::vector<format_parameter> out;
    detail::split(fmtp, ';', [&](std::string_view part) {
        part = detail::words(part).rest();
        part = part.substr(0, part.find_last_not_of(' ') + 1);
        if (part.empty()) return true;
        const auto equals = part.find('=');
        if (equals == std::string_view::npos)
            out.push_back({{}, part});
        else
            out.push_back({part.substr(0, equals), part.substr(equals + 1)});
        return true;
    });
    return out;
}

CORTC_DECL std::optional<std::string_view> codec::parameter(std::string_view key) const {
    for (const auto& each : parameters())
        if (detail::equal_without_case(each.key, key)) return each.value;
    return std::nullopt;
}

CORTC_DECL bool codec::is(std::string_view encoding) const noexcept {
    return detail::equal_without_case(name, encoding);
}

} // namespace cortc::sdp
