#pragma once

#include "cortc/jsep/simulcast.hpp"
#include "cortc/sdp/detail/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cortc::jsep {

namespace detail {

using simulcast_list = std::vector<std::vector<sdp::simulcast_alternative>>;

CORTC_DECL bool names(const simulcast_list& list, std::string_view rid) {
    return std::any_of(list.begin(), list.end(), [rid](const auto& alternatives) {
        return std::any_of(alternatives.begin(), alternatives.end(),
                           [rid](const auto& each) { return each.rid == rid; });
    });
}

CORTC_DECL const sdp::rid* find_rid(const std::vector<sdp::rid>& rids, std::string_view id) {
    auto found = std::find_if(rids.begin(), rids.end(), [id](const auto& each) { return each.id == id; });
    return found == rids.end() ? nullptr : &*found;
}

/// Those of a=rid's payload types that were accepted, each once.
CORTC_DECL std::vector<std::string> common_formats(const std::vector<std::string>& wanted,
                                                   const std::vector<sdp::codec>& accepted) {
    std::array<bool, 128> open{};
    for (const auto& codec : accepted) open[codec.payload_type] = true;
    std::vector<std::string> common;
    for (const auto& format : wanted) {
        auto payload_type = sdp::detail::to_number<std::uint8_t>(format, 0, 127);
        if (payload_type && std::exchange(open[*payload_type], false)) common.push_back(format);
    }
    return common;
}

CORTC_DECL void add_layer(layer_lines& lines, sdp::rid rid) {
    if (!lines.simulcast) lines.simulcast.emplace();
    auto& list = rid.send ? lines.simulcast->send : lines.simulcast->recv;
    list.push_back({{rid.id, false}});
    lines.rids.push_back(std::move(rid));
}

} // namespace detail

CORTC_DECL std::vector<std::string> first_rids(const detail::simulcast_list& list) {
    std::vector<std::string> ids;
    std::size_t looked_at = 0;
    for (const auto& alternatives : list) {
        // A hostile list is long: what stands far behind is not looked at.
        if (ids.size() == max_simulcast_layers || ++looked_at > 4 * max_simulcast_layers) break;
        if (alternatives.empty()) continue;
        const auto& id = alternatives.front().rid;
        if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    }
    return ids;
}

CORTC_DECL layer_lines offer_layers(sdp::direction direction, const std::vector<encoding>& encodings,
                                    const media_parameters* negotiated,
                                    const std::vector<std::string>& receive_rids) {
    layer_lines lines;
    auto sends = (direction & sdp::direction::sendonly) == sdp::direction::sendonly;
    auto receives = (direction & sdp::direction::recvonly) == sdp::direction::recvonly;
    if (sends && encodings.size() > 1)
        for (const auto& each : encodings) detail::add_layer(lines, {each.rid, true, {}, {}});
    if (!receives) return lines;
    std::vector<sdp::rid> received;
    if (negotiated) // RFC 9429 5.2.2: these stay
        for (const auto& each : negotiated->rids)
            if (!each.send) received.push_back(each);
    if (received.empty())
        for (const auto& id : receive_rids) received.push_back({id, false, {}, {}});
    for (auto& each : received)
        if (!detail::find_rid(lines.rids, each.id)) detail::add_layer(lines, std::move(each));
    return lines;
}

CORTC_DECL layer_lines answer_simulcast(const sdp::media_description& offered,
                                        const std::vector<sdp::codec>& accepted) {
    layer_lines answer;
    if (!offered.simulcast) return answer;
    for (const auto& id : first_rids(offered.simulcast->send)) {
        const auto* found = detail::find_rid(offered.rids, id);
        if (!found || !found->send) continue;
        auto formats = detail::common_formats(found->formats, accepted);
        if (formats.empty() && !found->formats.empty()) continue; // nothing left that it could carry
        detail::add_layer(answer, {id, false, std::move(formats), found->restrictions});
    }
    return answer;
}

CORTC_DECL void answer_sent_layers(layer_lines& answer, const sdp::media_description& offered,
                                   const std::vector<sdp::codec>& accepted,
                                   const std::vector<encoding>& encodings) {
    if (!offered.simulcast) return;
    for (const auto& id : first_rids(offered.simulcast->recv)) {
        const auto* found = detail::find_rid(offered.rids, id);
        auto ours =
            std::any_of(encodings.begin(), encodings.end(), [&](const auto& each) { return each.rid == id; });
        if (!found || found->send || !ours || detail::find_rid(answer.rids, id)) continue;
        auto formats = detail::common_formats(found->formats, accepted);
        if (formats.empty() && !found->formats.empty()) continue;
        detail::add_layer(answer, {id, true, std::move(formats), {}}); // webrtc-pc: no restrictions
    }
}

CORTC_DECL layer_lines common_layers(const sdp::media_description& local,
                                     const sdp::media_description& remote) {
    layer_lines common;
    if (!local.simulcast || !remote.simulcast) return common;
    for (const auto& own : local.rids) {
        const auto& list = own.send ? remote.simulcast->recv : remote.simulcast->send;
        const auto& ours = own.send ? local.simulcast->send : local.simulcast->recv;
        const auto* theirs = detail::find_rid(remote.rids, own.id);
        if (theirs && theirs->send != own.send && detail::names(list, own.id) && detail::names(ours, own.id))
            detail::add_layer(common, own);
    }
    return common;
}

CORTC_DECL std::vector<encoding> proposed_encodings(media_kind kind, const sdp::media_description& offered) {
    std::vector<encoding> proposed;
    if (kind != media_kind::video || !offered.simulcast) return proposed;
    for (auto& id : first_rids(offered.simulcast->recv)) {
        const auto* found = detail::find_rid(offered.rids, id);
        if (!found || found->send) continue; // RFC 8853 5.2: a rid that no a=rid line describes is none
        proposed.emplace_back();
        proposed.back().rid = std::move(id);
    }
    auto scale = 1.0;
    for (auto each = proposed.rbegin(); each != proposed.rend(); ++each, scale *= 2)
        each->scale_resolution_down_by = scale;
    return proposed;
}

CORTC_DECL void narrow_encodings(std::vector<encoding>& encodings, const layer_lines& settled) {
    if (encodings.size() < 2) return;
    auto gone = [&](const encoding& each) {
        const auto* found = detail::find_rid(settled.rids, each.rid);
        return !found || !found->send;
    };
    if (std::all_of(encodings.begin(), encodings.end(), gone))
        encodings.resize(1);
    else
        std::erase_if(encodings, gone);
}

} // namespace cortc::jsep
