#include "cortc/sim/impl/core.hpp"
#include "cortc/sim/impl/nat_table.hpp"

#include <stdexcept>

namespace cortc::sim {

CORTC_DECL router::router(detail::core& world, sim::host& outside, std::uint32_t inside,
                          const router_options& options, std::uint64_t seed)
    : world_(world)
    , outside_(outside)
    , inside_(inside)
    , table_(std::make_unique<detail::nat_table>(options, seed)) {
    for (const auto& each : outside_.interfaces()) table_->add_outside(each.address);
}

CORTC_DECL router::~router() = default;

CORTC_DECL void router::attach(sim::host& what) {
    // Up from here to the open network: `what` must not stand on the way.
    for (const auto* above = this; above; above = world_.networks[above->outside_.network_].gateway)
        if (&above->outside_ == &what) throw std::invalid_argument("a router cannot stand behind itself");
    world_.move(what, inside_);
    for (auto* link : {&world_.link_between(what.index_, outside_.index_),
                       &world_.link_between(outside_.index_, what.index_)})
        if (!link->own) link->own = link_options{.delay = inside_delay};
}

CORTC_DECL void router::attach(router& what) { attach(what.outside_); }
CORTC_DECL void router::release(sim::host& what) { world_.move(what, outside_.network_); }
CORTC_DECL void router::release(router& what) { release(what.outside_); }
CORTC_DECL const router_options& router::options() const noexcept { return table_->options; }
CORTC_DECL void router::set_options(const router_options& options) { table_->options = options; }
CORTC_DECL void router::reboot() { table_->clear(); }
CORTC_DECL router_stats router::stats() const noexcept { return table_->stats; }

namespace detail {

CORTC_DECL void core::move(sim::host& what, std::uint32_t network) {
    for (const auto& entry : what.addresses_) {
        const auto& address = entry.interface.address;
        auto& before = networks[what.network_].addresses;
        const auto known = before.find(address);
        if (known != before.end() && known->second == what.index_) before.erase(known);
        if (!address.is_loopback()) networks[network].addresses[address] = what.index_;
    }
    what.network_ = network;
}

CORTC_DECL sim::router& core::add_router(std::string name, std::vector<net::interface_address> outside,
                                         const router_options& options) {
    auto& made = add_host(std::move(name), std::move(outside));
    const auto inside = static_cast<std::uint32_t>(networks.size());
    auto& added = *routers.emplace_back(std::make_unique<sim::router>(
        *this, made, inside, options, seeded_random(~made.random_.next()).next()));
    networks.push_back({{}, &added});
    made.router_ = &added;
    return added;
}

CORTC_DECL std::optional<std::uint32_t> core::owner_of(std::uint32_t network,
                                                       const ip_address& address) const {
    const auto& known = networks[network].addresses;
    const auto found = known.find(address);
    if (found != known.end()) return found->second;
    for (const auto& each : routers) // a firewall's hosts are reached by their own addresses
        if (each->outside_.network_ == network && !each->table_->translates(address.is_v4()) &&
            owner_of(each->inside_, address))
            return each->outside_.index_;
    return {};
}

CORTC_DECL std::optional<std::uint32_t> core::next_hop(const sim::host& at, std::uint32_t network,
                                                       const ip_address& destination) const {
    if (destination.is_loopback()) return at.index_;
    if (const auto owner = owner_of(network, destination)) return owner;
    const auto* gateway = networks[network].gateway;
    if (!gateway || &gateway->outside_ == &at) return {};
    return gateway->outside_.index_;
}

CORTC_DECL void core::forward(std::uint32_t index, sim::router& by) {
    auto& here = packets_[index];
    const crossing what{
        .from_inside = here.network == by.inside_, .source = here.source, .destination = here.destination};
    switch (by.table_->pass(what, now)) {
    case verdict::outward:
        carry(index, by.outside_, by.outside_.network_, {}, 1);
        return;
    case verdict::inward:
        carry(index, by.outside_, by.inside_, {}, 1);
        return;
    case verdict::filtered:
        return end(index, fate::filtered);
    case verdict::table_full:
        return end(index, fate::table_full);
    }
}

CORTC_DECL void core::forward(tcp_segment segment, std::uint32_t network, sim::router& by) {
    const auto from = segment.source, to = segment.destination; // as they came
    const crossing what{.tcp = true,
                        .from_inside = network == by.inside_,
                        .begins = segment.syn,
                        .ends = segment.fin || segment.rst,
                        .source = segment.source,
                        .destination = segment.destination};
    time_point none{};
    switch (by.table_->pass(what, now)) {
    case verdict::outward:
        return carry(by.outside_, by.outside_.network_, std::move(segment), none);
    case verdict::inward:
        return carry(by.outside_, by.inside_, std::move(segment), none);
    case verdict::filtered:
    case verdict::table_full:
        break;
    }
    if (!segment.syn || segment.ack || !by.table_->options.tcp) return;
    // At once, where RFC 5382 REQ-4 waits six seconds for a SYN from inside.
    carry(by.outside_, network, {.source = to, .destination = from, .rst = true, .data = {}}, none);
}

} // namespace detail

} // namespace cortc::sim
