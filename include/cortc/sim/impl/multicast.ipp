#include "cortc/sim/impl/core.hpp"

#include <algorithm>

// Groups: a datagram for one becomes a datagram for each of its members.

namespace cortc::sim {

namespace detail {

CORTC_DECL void core::leave(const endpoint& group, std::uint32_t socket) {
    const auto at = groups.find(group);
    if (at == groups.end()) return;
    std::erase_if(at->second, [socket](const member_entry& each) { return each.socket == socket; });
    if (at->second.empty()) groups.erase(at);
}

/// Each copy goes its own way; one that a link loses, or nobody hears, ends there.
CORTC_DECL bool core::carry_to_group(std::uint32_t index, const sim::host& from, duration extra_delay,
                                     unsigned copies) {
    const auto at = groups.find(packets_[index].destination);
    if (at == groups.end()) return end(index, fate::no_route), true;
    const auto headers = (packets_[index].destination.address.is_v6() ? 40u : 20u) + 8u;
    for (const auto& member : at->second) {
        if (hosts[member.host]->network_ != from.network_) continue; // no router hands it on
        const auto copy = new_packet();                              // which moves no other
        auto& sent = packets_[copy];
        sent = packets_[index];
        sent.target = member.host;
        sent.member = member.socket;
        sent.member_generation = sockets_[member.socket].generation;
        if (link_between(from.index_, member.host).cut) {
            end(copy, fate::link_down);
            continue;
        }
        auto& link = link_for(sent.source.address, member.on, from.index_, member.host);
        const auto& options = link.own ? *link.own : default_link;
        if (!options.udp) {
            end(copy, fate::link_down);
            continue;
        }
        const auto passed = link.pass(options, now, sent.data.size() + headers, extra_delay, random);
        if (passed.how != fate::delivered) {
            end(copy, passed.how);
            continue;
        }
        push(passed.arrival, event_kind::arrival, copy);
        for (unsigned more = copies + (passed.duplicated ? 1 : 0); more > 1; --more) {
            const auto another = new_packet();
            packets_[another] = packets_[copy];
            push(passed.arrival, event_kind::arrival, another);
        }
    }
    free_packets_.push_back(index); // it was the others'
    return true;
}

CORTC_DECL void core::arrive_at_member(std::uint32_t index) {
    const auto& here = packets_[index];
    const auto at = groups.find(here.destination);
    if (at == groups.end()) return end(index, fate::port_closed);
    const auto member = std::ranges::find_if(
        at->second, [&](const member_entry& each) { return each.socket == here.member; });
    if (member == at->second.end() || sockets_[here.member].generation != here.member_generation)
        return end(index, fate::port_closed);
    if (!hosts[here.target]->is_up(member->on)) return end(index, fate::interface_down);
    put(index, here.member);
}

} // namespace detail

CORTC_DECL result<std::unique_ptr<net::udp_socket>> host::open_multicast(const endpoint& group,
                                                                         const net::interface_address& on,
                                                                         net::datagram_handler& handler) {
    const bool fits = group.address.is_multicast() && group.address.is_v6() == on.address.is_v6();
    if (!fits || !is_up(on.address)) return make_error_code(boost::system::errc::address_not_available);
    return std::unique_ptr<net::udp_socket>(
        std::make_unique<detail::sim_socket>(world_, *this, group, on.address, handler));
}

} // namespace cortc::sim
