#pragma once

#include "cortc/ice/gatherer.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace cortc::ice {

CORTC_DECL gatherer::gatherer(local_transports& transports, gathering_events& events,
                              const gather_options& options)
    : transports_(transports), events_(events), options_(options) {}

CORTC_DECL void gatherer::start(const gather_settings& settings) {
    if (settings.policy != transport_policy::relay) gather_hosts();
    if (!std::exchange(over_, true)) events_.on_done();
}

/// The application's functions may throw what they like. What the events throw is their owner's.
CORTC_DECL void gatherer::gather_hosts() {
    std::vector<net::interface_address> wanted;
    std::string failure;
    try {
        wanted = wanted_interfaces();
    } catch (const std::exception& error) {
        failure = error.what();
    } catch (...) {
        failure = "an exception of unknown type";
    }
    if (!failure.empty()) return fail(nullptr, "the interfaces are not known: " + failure);
    auto preference =
        std::uint16_t{65535}; // of the place: it does not depend on which sockets could be opened
    for (const auto& where : wanted) {
        if (over_) return;
        gather_host(where, preference--);
    }
}

CORTC_DECL void gatherer::gather_host(const net::interface_address& where, std::uint16_t preference) {
    const auto at = transports_.open_udp(where);
    if (!at)
        return fail(&where.address, "no socket on " + where.address.to_string() + " (" + where.name +
                                        "): " + at.error().message());
    local_candidate host;
    host.socket = (*at)->id();
    host.base = (*at)->base();
    host.local_preference = preference;
    events_.on_candidate(host);
}

CORTC_DECL void gatherer::fail(const ip_address* address, std::string text) {
    gathering_error error;
    if (address) error.address = address->to_string();
    error.text = std::move(text);
    events_.on_error(error);
}

CORTC_DECL std::vector<net::interface_address> gatherer::wanted_interfaces() const {
    auto all = options_.interfaces ? options_.interfaces() : transports_.network().interfaces();
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
