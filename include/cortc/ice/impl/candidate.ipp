#pragma once

#include "cortc/ice/candidate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cortc::ice {

CORTC_DECL std::uint32_t type_preference(candidate_type type) noexcept {
    switch (type) {
    case candidate_type::host:
        return 126;
    case candidate_type::prflx:
        return 110;
    case candidate_type::srflx:
        return 100;
    default:
        return 0;
    }
}

CORTC_DECL std::uint32_t candidate_priority(candidate_type type, std::uint16_t local_preference,
                                            unsigned component) noexcept {
    return (type_preference(type) << 24) + (std::uint32_t{local_preference} << 8) + (256 - component);
}

CORTC_DECL std::uint64_t pair_priority(std::uint32_t controlling, std::uint32_t controlled) noexcept {
    const std::uint64_t g = controlling, d = controlled;
    return (std::min(g, d) << 32) + 2 * std::max(g, d) + (g > d ? 1 : 0);
}

CORTC_DECL std::string candidate_foundation(candidate_type type, const ip_address& base,
                                            const std::optional<ip_address>& server) {
    // FNV-1a; a collision would only check two pairs one after the other.
    std::uint32_t hash = 2166136261U;
    auto mix = [&hash](std::string_view text) {
        for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
        hash = (hash ^ 0xffU) * 16777619U;
    };
    mix(sdp::to_string(type));
    mix(base.to_string());
    if (server) mix(server->to_string());
    return fmt::format("{:08x}", hash);
}

CORTC_DECL bool can_pair(const endpoint& local_base, const endpoint& remote) noexcept {
    const auto& local = local_base.address;
    if (local.is_v6() != remote.address.is_v6()) return false;
    return !local.is_v6() || local.to_v6().is_link_local() == remote.address.to_v6().is_link_local();
}

CORTC_DECL sdp::candidate to_sdp(const candidate& local, const std::optional<endpoint>& related,
                                 const std::string& ufrag) {
    sdp::candidate out;
    out.foundation = local.foundation;
    out.priority = local.priority;
    out.address = local.name.empty() ? local.address.address.to_string() : local.name;
    out.port = local.address.port;
    out.type = local.type;
    if (local.type != candidate_type::host) {
        auto origin = related.value_or(local.base);
        out.related_address = origin.address.to_string();
        out.related_port = origin.port;
    }
    // RFC 8838 and browsers: a trickled candidate names its generation.
    out.extensions.push_back({"ufrag", ufrag});
    return out;
}

} // namespace cortc::ice
