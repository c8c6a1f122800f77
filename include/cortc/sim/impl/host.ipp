#include "cortc/sim/impl/core.hpp"

#include <algorithm>

#include <boost/asio/error.hpp>

namespace cortc::sim {

namespace detail {

CORTC_DECL sim_resolution::sim_resolution(core& world, const std::string& host, net::resolved done)
    : done_(std::move(done)), timer_(world, [this] { tell(); }) {
    boost::system::error_code none;
    const auto literal = boost::asio::ip::make_address(host, none);
    if (!none)
        found_ = {{literal}, {}};
    else if (const auto at = world.names.find(host); at != world.names.end())
        found_ = at->second;
    if (found_.delay != duration::max()) timer_.arm(world.after(found_.delay));
}

CORTC_DECL void sim_resolution::tell() {
    const auto done = std::move(done_);
    const auto found = std::move(found_.addresses); // `done` may destroy this
    if (found.empty())
        done(boost::system::error_code(boost::asio::error::host_not_found));
    else
        done(found);
}

} // namespace detail

CORTC_DECL host::host(detail::core& world, std::uint32_t index, std::string name, std::uint64_t seed)
    : world_(world), index_(index), name_(std::move(name)), random_(seed) {}

CORTC_DECL void host::add_address(net::interface_address address) {
    if (!address.address.is_loopback()) world_.networks[network_].addresses[address.address] = index_;
    addresses_.push_back({std::move(address), true});
}

CORTC_DECL void host::set_address(const ip_address& address, bool up) {
    for (auto& entry : addresses_)
        if (entry.interface.address == address) entry.up = up;
}

CORTC_DECL time_point host::now() const { return world_.now; }

CORTC_DECL unix_time host::calendar() const {
    using namespace std::chrono;
    return floor<milliseconds>(sys_days(year(2026) / January / 1) + world_.now.time_since_epoch());
}

CORTC_DECL std::vector<net::interface_address> host::interfaces() {
    std::vector<net::interface_address> list;
    for (const auto& entry : addresses_)
        if (entry.up) list.push_back(entry.interface);
    return list;
}

CORTC_DECL const host::address_entry* host::find(const ip_address& address) const noexcept {
    const auto found = std::ranges::find(addresses_, address,
                                         [](const address_entry& entry) { return entry.interface.address; });
    return found == addresses_.end() ? nullptr : &*found;
}

CORTC_DECL bool host::is_up(const ip_address& address) const noexcept {
    const auto* entry = find(address);
    return entry && entry->up;
}

CORTC_DECL std::optional<ip_address> host::source_for(const ip_address& destination) const {
    if (is_up(destination)) return destination; // to oneself
    for (const auto& entry : addresses_)
        if (const auto& address = entry.interface.address;
            entry.up && address.is_v4() == destination.is_v4() && !address.is_loopback())
            return address;
    return std::nullopt;
}

CORTC_DECL std::uint16_t host::free_port(const ip_address& address) {
    constexpr std::uint16_t first = 49152;
    for (unsigned tries = 0; tries <= 65535 - first; ++tries) {
        const auto port = next_port_;
        next_port_ = port == 65535 ? first : static_cast<std::uint16_t>(port + 1);
        if (!sockets_.contains({address, port})) return port;
    }
    return 0;
}

CORTC_DECL result<std::unique_ptr<net::udp_socket>> host::open_udp(const endpoint& local,
                                                                   net::datagram_handler& handler) {
    if (!local.address.is_unspecified() && !is_up(local.address))
        return make_error_code(boost::system::errc::address_not_available);
    auto bound = local;
    if (bound.port == 0) bound.port = free_port(bound.address);
    if (bound.port == 0) return make_error_code(boost::system::errc::no_buffer_space);
    if (sockets_.contains(bound)) return make_error_code(boost::system::errc::address_in_use);
    auto socket = std::make_unique<detail::sim_socket>(world_, *this, bound, handler);
    sockets_.emplace(bound, socket->index());
    return std::unique_ptr<net::udp_socket>(std::move(socket));
}

CORTC_DECL std::unique_ptr<net::resolution> host::resolve(const std::string& name, net::resolved done) {
    return std::make_unique<detail::sim_resolution>(world_, name, std::move(done));
}

CORTC_DECL std::unique_ptr<net::timer> host::make_timer(std::function<void()> expired) {
    return std::make_unique<detail::sim_timer>(world_, std::move(expired));
}

} // namespace cortc::sim
