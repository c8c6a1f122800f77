#pragma once

#include "cortc/datachannel/channel_table.hpp"

#include <algorithm>
#include <utility>

namespace cortc::datachannel::detail {

CORTC_DECL channel_id channel_table::name_of(std::size_t slot) const noexcept {
    return channel_id(std::uint64_t{slots_[slot].generation} << 32 | slot);
}

CORTC_DECL channel_id channel_table::add(channel_parameters parameters, channel_state state) {
    std::size_t slot = slots_.size();
    if (free_.empty()) {
        slots_.emplace_back();
    } else {
        slot = free_.back();
        free_.pop_back();
    }
    auto& made = slots_[slot];
    made = channel{};
    made.generation = ++last_generation_;
    made.parameters = std::move(parameters);
    made.state = state;
    return name_of(slot);
}

CORTC_DECL void channel_table::remove(channel_id id) {
    auto* gone = find(id);
    if (!gone) return;
    unbind(id);
    *gone = channel{}; // frees the texts
    free_.push_back(static_cast<std::uint32_t>(id.value()));
    if (free_.size() == slots_.size() && slots_.size() > 64) shrink();
}

/// After a crowd has left: names stay unique, because generations are counted for all slots together.
CORTC_DECL void channel_table::shrink() {
    std::vector<channel>().swap(slots_);
    std::vector<std::uint32_t>().swap(free_);
    std::unordered_map<stream_id, channel_id>().swap(streams_);
    for (std::uint32_t parity : {0u, 1u}) supplies_[parity] = {parity, {}};
}

CORTC_DECL const channel* channel_table::find(channel_id id) const noexcept {
    auto slot = static_cast<std::uint32_t>(id.value());
    if (slot >= slots_.size()) return nullptr;
    const auto& which = slots_[slot];
    if (which.state == channel_state::closed || which.generation != id.value() >> 32) return nullptr;
    return &which;
}
CORTC_DECL channel* channel_table::find(channel_id id) noexcept {
    return const_cast<channel*>(std::as_const(*this).find(id));
}

CORTC_DECL std::optional<channel_id> channel_table::on_stream(stream_id stream) const noexcept {
    auto found = streams_.find(stream);
    if (found == streams_.end()) return std::nullopt;
    return found->second;
}

CORTC_DECL void channel_table::bind(channel_id id, stream_id stream) {
    auto* which = find(id);
    if (!which || !streams_.emplace(stream, id).second) return;
    which->parameters.id = stream;
    supplies_[stream.value() & 1].released.erase(stream.value());
}

CORTC_DECL void channel_table::unbind(channel_id id) {
    auto* which = find(id);
    if (!which || !which->parameters.id) return;
    auto found = streams_.find(*which->parameters.id);
    if (found == streams_.end() || found->second != id) return;
    auto stream = found->first.value();
    streams_.erase(found);
    // Only ids that free_stream() has passed: what a peer or an application picks far up costs nothing.
    if (auto& ids = supplies_[stream & 1]; stream < ids.fresh) ids.released.insert(stream);
}

CORTC_DECL std::optional<stream_id> channel_table::free_stream(dtls_role role, std::uint16_t limit) {
    auto& ids = supplies_[role == dtls_role::client ? 0 : 1];
    if (!ids.released.empty() && *ids.released.begin() < limit) return stream_id(*ids.released.begin());
    while (ids.fresh < limit && streams_.contains(stream_id(static_cast<std::uint16_t>(ids.fresh))))
        ids.fresh += 2;
    if (ids.fresh >= limit) return std::nullopt;
    return stream_id(static_cast<std::uint16_t>(ids.fresh));
}

CORTC_DECL std::vector<channel_id> channel_table::all() const {
    std::vector<channel_id> names;
    names.reserve(size());
    for (std::size_t slot = 0; slot < slots_.size(); ++slot)
        if (slots_[slot].state != channel_state::closed) names.push_back(name_of(slot));
    return names;
}

} // namespace cortc::datachannel::detail
