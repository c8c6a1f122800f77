#include "cortc/sim/impl/nat_table.hpp"

#include <algorithm>
#include <optional>

namespace cortc::sim::detail {

/// As much of an end as something depends on: its IP version at least, for one socket inside may have a
/// mapping in each.
inline endpoint relevant(const endpoint& remote, dependence on) {
    if (on == dependence::address_and_port_dependent) return remote;
    if (on == dependence::address_dependent) return {remote.address, 0};
    using boost::asio::ip::address_v4, boost::asio::ip::address_v6;
    return {remote.address.is_v4() ? ip_address(address_v4()) : ip_address(address_v6()), 0};
}

/// RFC 6052 2.1: the well-known prefix of NAT64.
inline constexpr boost::asio::ip::address_v6::bytes_type nat64_prefix{0, 0x64, 0xff, 0x9b};

inline std::optional<ip_address> embedded_v4(const ip_address& address) {
    if (!address.is_v6()) return {};
    const auto bytes = address.to_v6().to_bytes();
    if (!std::equal(nat64_prefix.begin(), nat64_prefix.begin() + 12, bytes.begin())) return {};
    boost::asio::ip::address_v4::bytes_type v4{};
    std::copy(bytes.begin() + 12, bytes.end(), v4.begin());
    return boost::asio::ip::address_v4(v4);
}

inline ip_address embed_v4(const ip_address& address) {
    auto bytes = nat64_prefix;
    const auto v4 = address.to_v4().to_bytes();
    std::copy(v4.begin(), v4.end(), bytes.begin() + 12);
    return boost::asio::ip::address_v6(bytes);
}

CORTC_DECL const ip_address* nat_table::outside_of(bool v4) const noexcept {
    const auto found =
        std::ranges::find_if(outside_, [v4](const ip_address& each) { return each.is_v4() == v4; });
    return found == outside_.end() ? nullptr : &*found;
}

CORTC_DECL verdict nat_table::pass(const crossing& what, time_point now) {
    const auto decide = [&] {
        if (!(what.tcp ? options.tcp : options.udp)) return verdict::filtered;
        if (!what.from_inside) return enter(what, now);
        auto remote = what.destination;
        if (options.nat64)
            if (const auto v4 = embedded_v4(remote.address)) remote.address = *v4;
        const auto* own = outside_of(remote.address.is_v4());
        const bool hairpin = own && *own == remote.address;
        if (hairpin && !options.hairpins) return verdict::filtered;
        const auto left = leave(what, remote, now);
        // RFC 4787 REQ-9: who is inside sees the outside end of the sender.
        return hairpin && left == verdict::outward ? enter(what, now) : left;
    };
    const auto how = decide();
    switch (how) {
    case verdict::outward:
        ++stats.outward;
        break;
    case verdict::inward:
        ++stats.inward;
        break;
    case verdict::filtered:
        ++stats.filtered;
        break;
    case verdict::table_full:
        ++stats.table_full;
        break;
    }
    return how;
}

CORTC_DECL verdict nat_table::leave(const crossing& what, const endpoint& remote, time_point now) {
    const bool translated = translates(remote.address.is_v4());
    if (!translated && what.source.address.is_v4() != remote.address.is_v4()) return verdict::filtered;
    auto on = what.tcp ? dependence::address_and_port_dependent : options.mapping;
    if (!translated) on = dependence::endpoint_independent; // its end outside is itself
    auto* made = map({what.tcp, what.source, relevant(remote, on)}, remote, now);
    if (!made) return verdict::table_full;
    const auto filter = what.tcp ? dependence::address_and_port_dependent : options.filtering;
    if (filter != dependence::endpoint_independent) {
        const auto whom = relevant(remote, filter);
        auto entry = made->allowed.find(whom);
        if (entry == made->allowed.end()) {
            if (!has_room(now)) return verdict::table_full; // `made` has not expired, and stays
            entry = made->allowed.emplace(whom, now).first;
            ++stats.entries;
        }
        entry->second = now;
    }
    made->used = now;
    made->ended = what.ends || (made->ended && !what.begins);
    what.source = made->outside;
    what.destination = remote;
    return verdict::outward;
}

CORTC_DECL verdict nat_table::enter(const crossing& what, time_point now) {
    const auto key = by_outside_.find({what.tcp, what.destination});
    if (key == by_outside_.end()) return verdict::filtered;
    const auto found = mappings_.find(key->second);
    if (expired(found->first, found->second, now)) return erase(found), verdict::filtered;
    auto& to = found->second;
    const auto filter = what.tcp ? dependence::address_and_port_dependent : options.filtering;
    if (filter != dependence::endpoint_independent) {
        const auto entry = to.allowed.find(relevant(what.source, filter));
        if (entry == to.allowed.end() || now - entry->second >= lifetime(found->first, to))
            return verdict::filtered;
        if (what.tcp || options.inbound_refreshes) entry->second = now;
    }
    if (what.tcp || options.inbound_refreshes) to.used = now;
    to.ended = to.ended || what.ends;
    what.destination = found->first.inside;
    if (what.destination.address.is_v6() && what.source.address.is_v4())
        what.source.address = embed_v4(what.source.address);
    return verdict::inward;
}

CORTC_DECL nat_table::mapping* nat_table::map(const mapping_key& key, const endpoint& remote,
                                              time_point now) {
    auto found = mappings_.find(key);
    if (found != mappings_.end() && expired(key, found->second, now)) {
        erase(found);
        found = mappings_.end();
    }
    if (found != mappings_.end()) return &found->second;
    if (!has_room(now)) return nullptr;
    auto outside = key.inside;
    if (const auto* own = outside_of(remote.address.is_v4()))
        outside = {*own, free_port(key.tcp, *own, key.inside.port)};
    if (outside.port == 0) return nullptr;
    by_outside_[{key.tcp, outside}] = key;
    ++stats.entries;
    return &mappings_.emplace(key, mapping{outside, now, false, {}}).first->second;
}

CORTC_DECL std::uint16_t nat_table::free_port(bool tcp, const ip_address& address, std::uint16_t wanted) {
    constexpr unsigned first = 1024, count = 65536 - first; // RFC 4787 REQ-3: not a well-known one
    const auto is_free = [&](unsigned port) {
        return !by_outside_.contains({tcp, {address, static_cast<std::uint16_t>(port)}});
    };
    if (options.preserves_ports && is_free(wanted)) return wanted;
    const auto start = random_.next() % count;
    for (unsigned tries = 0; tries < count; ++tries) {
        const auto port = static_cast<unsigned>(first + (start + tries) % count);
        if (port != wanted && is_free(port)) return static_cast<std::uint16_t>(port);
    }
    return 0;
}

// Time and room

CORTC_DECL duration nat_table::lifetime(const mapping_key& key, const mapping& of) const noexcept {
    if (!key.tcp) return options.lifetime;
    return of.ended ? router_tcp_ended_lifetime : router_tcp_lifetime;
}

CORTC_DECL bool nat_table::expired(const mapping_key& key, const mapping& of, time_point now) const noexcept {
    return now - of.used >= lifetime(key, of);
}

CORTC_DECL bool nat_table::has_room(time_point now) {
    if (stats.entries < options.most_entries) return true;
    if (now >= next_sweep_) { // a flood must not make every packet look through all of it
        next_sweep_ = now + std::chrono::seconds(1);
        sweep(now);
    }
    return stats.entries < options.most_entries;
}

CORTC_DECL void nat_table::sweep(time_point now) {
    for (auto each = mappings_.begin(); each != mappings_.end();) {
        auto& [key, of] = *each;
        stats.entries -= std::erase_if(
            of.allowed, [&](const auto& entry) { return now - entry.second >= lifetime(key, of); });
        each = expired(key, of, now) ? erase(each) : std::next(each);
    }
}

CORTC_DECL nat_table::mappings::iterator nat_table::erase(mappings::iterator which) {
    stats.entries -= 1 + which->second.allowed.size();
    by_outside_.erase({which->first.tcp, which->second.outside});
    return mappings_.erase(which);
}

CORTC_DECL void nat_table::clear() {
    mappings_.clear();
    by_outside_.clear();
    stats.entries = 0;
}

} // namespace cortc::sim::detail
