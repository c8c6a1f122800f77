#pragma once

#include "cortc/net/port_group.hpp"

#include <algorithm>
#include <utility>

namespace cortc::net {

namespace detail {

inline constexpr std::string_view ice_chars =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static_assert(ice_chars.size() == port_group::most_members);

} // namespace detail

CORTC_DECL void parcel::add(const datagram& packet) {
    pieces.push_back({storage.size(), packet.data.size(), packet.source, packet.mark});
    storage.insert(storage.end(), packet.data.begin(), packet.data.end());
}

CORTC_DECL void parcel::open(std::vector<datagram>& into) {
    into.clear();
    for (const auto& each : pieces)
        into.push_back({byte_span(storage).subspan(each.begin, each.size), each.source, each.mark});
}

CORTC_DECL std::optional<unsigned> port_group::join(receiver to) {
    for (unsigned i = 0; i < most_members; ++i) {
        const std::lock_guard lock(members_[i].mutex);
        if (members_[i].to) continue;
        members_[i].to = std::move(to);
        members_[i].waiting = 0;
        return i;
    }
    return {};
}

CORTC_DECL void port_group::leave(unsigned member) {
    const std::lock_guard lock(members_[member].mutex);
    members_[member].to = nullptr;
}

CORTC_DECL bool port_group::has(unsigned member) const {
    const std::lock_guard lock(members_[member].mutex);
    return members_[member].to != nullptr;
}

CORTC_DECL std::string port_group::prefix_of(unsigned member) {
    return std::string(1, detail::ice_chars[member]);
}

CORTC_DECL std::optional<unsigned> port_group::member_of(std::string_view ufrag) noexcept {
    const auto at = ufrag.empty() ? ufrag.npos : detail::ice_chars.find(ufrag.front());
    if (at == ufrag.npos) return {};
    return static_cast<unsigned>(at);
}

CORTC_DECL std::optional<unsigned> port_group::claim(const ip_address& local, const endpoint& source,
                                                     unsigned member) {
    auto& in = stripe_of(source);
    const std::lock_guard lock(in.mutex);
    auto& owners = in.owners[source];
    for (auto& each : owners)
        if (each.first == local) {
            const auto before = std::exchange(each.second, member);
            if (before == member) return {};
            return before;
        }
    owners.emplace_back(local, member);
    return {};
}

CORTC_DECL void port_group::disclaim(const ip_address& local, const endpoint& source, unsigned member) {
    auto& in = stripe_of(source);
    const std::lock_guard lock(in.mutex);
    const auto at = in.owners.find(source);
    if (at == in.owners.end()) return;
    std::erase(at->second, std::pair(local, member));
    if (at->second.empty()) in.owners.erase(at);
}

CORTC_DECL std::optional<unsigned> port_group::owner_of(const ip_address& local,
                                                        const endpoint& source) const {
    const auto& in = stripe_of(source);
    const std::lock_guard lock(in.mutex);
    const auto at = in.owners.find(source);
    if (at == in.owners.end()) return {};
    for (const auto& each : at->second)
        if (each.first == local) return each.second;
    return {};
}

CORTC_DECL bool port_group::send(unsigned to, parcel what) {
    if (to >= most_members) return false;
    auto& of = members_[to];
    const auto count = what.pieces.size();
    const std::lock_guard lock(of.mutex);
    if (!of.to || of.waiting + count > most_waiting) return false;
    what.to = to;
    of.to(std::move(what));
    of.waiting += count;
    return true;
}

CORTC_DECL void port_group::taken(unsigned member, std::size_t datagrams) {
    auto& of = members_[member];
    const std::lock_guard lock(of.mutex);
    of.waiting -= std::min(of.waiting, datagrams);
}

} // namespace cortc::net
