#pragma once

#include "cortc/ice/gatherer.hpp"

#include <algorithm>
#include <utility>

namespace cortc::ice {

CORTC_DECL gatherer::gatherer(net::network& network, net::datagram_handler& handler, logger log,
                              gather_options options)
    : network_(network), handler_(handler), log_(log), options_(std::move(options)) {}

CORTC_DECL std::vector<gathered_socket> gatherer::gather(const gather_settings& settings) {
    std::vector<gathered_socket> out;
    if (settings.policy == transport_policy::relay) return out;
    auto wanted = wanted_interfaces();
    auto preference = std::uint16_t{65535};
    for (const auto& where : wanted) {
        const auto* at = find(where.address);
        if (!at) at = open(where);
        if (at) out.push_back({at->id, at->socket->local(), preference, where.name});
        --preference; // of the place, so that it does not depend on which sockets could be opened
    }
    return out;
}

CORTC_DECL std::vector<net::interface_address> gatherer::wanted_interfaces() const {
    auto all = options_.interfaces ? options_.interfaces() : network_.interfaces();
    std::vector<net::interface_address> wanted;
    for (auto& each : all) {
        if (each.kind == net::interface_kind::loopback && !options_.loopback) continue;
        if (options_.family == address_family::ipv4 && !each.address.is_v4()) continue;
        if (options_.family == address_family::ipv6 && !each.address.is_v6()) continue;
        if (options_.filter && !options_.filter(each)) continue;
        auto same = [&each](const net::interface_address& other) { return other.address == each.address; };
        if (std::ranges::none_of(wanted, same)) wanted.push_back(std::move(each));
    }
    return order_interfaces(std::move(wanted));
}

CORTC_DECL const gatherer::entry* gatherer::find(const ip_address& address) const noexcept {
    auto at = std::ranges::find(sockets_, address, &entry::address);
    return at == sockets_.end() ? nullptr : &*at;
}

CORTC_DECL const gatherer::entry* gatherer::open(const net::interface_address& where) {
    if (sockets_.size() >= options_.max_sockets) {
        ++counters_.over_limit;
        return nullptr;
    }
    std::unique_ptr<net::udp_socket> socket;
    if (options_.ports) {
        socket = open_in_range(where.address, *options_.ports);
    } else if (auto opened = network_.open_udp({where.address, 0}, handler_)) {
        socket = std::move(*opened);
    }
    if (!socket) {
        ++counters_.open_failures;
        log_.warning("no socket on {} ({})", where.address.to_string(), where.name);
        return nullptr;
    }
    ++counters_.opened;
    log_.debug("socket {}: {} ({})", last_id_ + 1, to_string(socket->local()), where.name);
    return &sockets_.emplace_back(entry{socket_id(++last_id_), where.address, std::move(socket)});
}

/// Begins anywhere in the range, so that many connections do not all fight for its first port.
CORTC_DECL std::unique_ptr<net::udp_socket> gatherer::open_in_range(const ip_address& address,
                                                                    port_range range) {
    if (range.last < range.first) return nullptr;
    const auto count = std::uint32_t{range.last} - range.first + 1;
    const auto start = network_.random().u32() % count;
    for (std::uint32_t i = 0; i < count; ++i) {
        auto port = static_cast<std::uint16_t>(range.first + (start + i) % count);
        if (auto opened = network_.open_udp({address, port}, handler_)) return std::move(*opened);
    }
    return nullptr;
}

CORTC_DECL net::udp_socket* gatherer::find(socket_id id) const noexcept {
    auto at = std::ranges::find(sockets_, id, &entry::id);
    return at == sockets_.end() ? nullptr : at->socket.get();
}

CORTC_DECL std::optional<socket_id> gatherer::id_of(const net::udp_socket& socket) const noexcept {
    for (const auto& each : sockets_)
        if (each.socket.get() == &socket) return each.id;
    return {};
}

CORTC_DECL void gatherer::close(socket_id id) {
    close_unused([id](socket_id each) { return each != id; });
}

CORTC_DECL std::size_t gatherer::close_unused(const std::function<bool(socket_id)>& in_use) {
    return std::erase_if(sockets_, [&](const entry& each) {
        if (in_use(each.id)) return false;
        send_dropped_ += each.socket->stats().send_dropped;
        return true;
    });
}

CORTC_DECL void gatherer::close_all() {
    close_unused([](socket_id) { return false; });
}

CORTC_DECL std::uint64_t gatherer::send_dropped() const noexcept {
    auto all = send_dropped_;
    for (const auto& each : sockets_) all += each.socket->stats().send_dropped;
    return all;
}

CORTC_DECL std::vector<net::interface_address>
order_interfaces(std::vector<net::interface_address> addresses) {
    auto rank = [](net::interface_kind kind) {
        switch (kind) {
        case net::interface_kind::ethernet_or_unknown:
            return 0;
        case net::interface_kind::point_to_point:
            return 1;
        default:
            return 2;
        }
    };
    std::vector<net::interface_address> out;
    for (int kind = 0; kind < 3; ++kind) {
        std::vector<net::interface_address> families[2]; // IPv6, IPv4
        for (auto& each : addresses)
            if (rank(each.kind) == kind) families[each.address.is_v6() ? 0 : 1].push_back(each);
        for (std::size_t i = 0; i < std::max(families[0].size(), families[1].size()); ++i)
            for (auto& family : families)
                if (i < family.size()) out.push_back(std::move(family[i]));
    }
    return out;
}

} // namespace cortc::ice
