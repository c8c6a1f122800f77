#pragma once

#include "cortc/jsep/description_text.hpp"
#include "cortc/sdp/print.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace cortc::jsep {

namespace detail {

/// 0: cannot be a default candidate.
CORTC_DECL int default_rank(const sdp::candidate& candidate) {
    boost::system::error_code not_literal;
    auto address = boost::asio::ip::make_address(candidate.address, not_literal);
    if (not_literal || candidate.component != 1 || candidate.transport != sdp::candidate_transport::udp)
        return 0;
    auto family = address.is_v4() ? 1 : 0;
    switch (candidate.type) {
    case sdp::candidate_type::relay:
        return 30 + family;
    case sdp::candidate_type::srflx:
        return 20 + family;
    case sdp::candidate_type::host:
        return 10 + family;
    default:
        return 0;
    }
}

CORTC_DECL void add_gathered(sdp::media_description& media, const gathered& known) {
    media.candidates = known.candidates;
    media.end_of_candidates = known.done;
    const auto* fallback = default_candidate(known.candidates);
    if (!fallback) return; // port 9 and 0.0.0.0 stay: RFC 9429 5.2.1
    media.port = fallback->port;
    auto v6 = fallback->address.find(':') != std::string::npos;
    media.connections = {sdp::connection{"IN", v6 ? "IP6" : "IP4", fallback->address}};
}

} // namespace detail

CORTC_DECL const sdp::candidate* default_candidate(const std::vector<sdp::candidate>& candidates) {
    const sdp::candidate* best = nullptr;
    for (const auto& each : candidates)
        if (detail::default_rank(each) > (best ? detail::default_rank(*best) : 0)) best = &each;
    return best;
}

CORTC_DECL std::string print_local(const sdp::session_description& content, const transport_bearers& bearers,
                                   const std::vector<gathered>& known) {
    std::optional<sdp::session_description> joined; // none: nothing was gathered for it yet
    for (std::size_t i = 0; i < bearers.size(); ++i)
        for (const auto& each : known)
            if (bearers[i] == each.transport && content.media[i].transport.ice_ufrag == each.ufrag) {
                if (!joined) joined = content;
                detail::add_gathered(joined->media[i], each);
            }
    return sdp::print(joined ? *joined : content);
}

CORTC_DECL std::string print_remote(const applied& description) {
    const auto& later = *description.trickled;
    if (later.sections.empty()) return sdp::print(*description.content);
    auto joined = *description.content;
    for (const auto& [index, section] : later.sections) {
        auto& media = joined.media[index];
        media.candidates.insert(media.candidates.end(), section.candidates.begin(), section.candidates.end());
        media.end_of_candidates = media.end_of_candidates || section.done;
    }
    return sdp::print(joined);
}

} // namespace cortc::jsep
