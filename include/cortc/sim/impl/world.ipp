#include "cortc/sim/impl/core.hpp"

#include <boost/asio/execution_context.hpp>

#include <algorithm>
#include <stdexcept>

namespace cortc::sim {

namespace detail {

/// Keeps the hosts of a world until the io_context goes, which is after the world: coroutines that are
/// destroyed with it still close their sockets, and ask what time it is.
class core_keeper final : public boost::asio::execution_context::service {
  public:
    using key_type = core_keeper;
    inline static boost::asio::execution_context::id id;

    explicit core_keeper(boost::asio::execution_context& owner) : service(owner) {}

    void keep(std::shared_ptr<core> made) {
        std::erase_if(kept_, [](const auto& one) { return one.use_count() == 1; });
        kept_.push_back(std::move(made));
    }

  private:
    void shutdown() override {}

    std::vector<std::shared_ptr<core>> kept_;
};

/// Literals on interfaces.
CORTC_DECL std::vector<net::interface_address>
interfaces_of(std::initializer_list<std::string_view> addresses) {
    std::vector<net::interface_address> list;
    unsigned ethernets = 0;
    for (auto literal : addresses) {
        const auto address = boost::asio::ip::make_address(std::string(literal));
        if (address.is_loopback())
            list.push_back({"lo", address, net::interface_kind::loopback});
        else
            list.push_back(
                {"eth" + std::to_string(ethernets++), address, net::interface_kind::ethernet_or_unknown});
    }
    return list;
}

} // namespace detail

CORTC_DECL world::world(boost::asio::io_context& io, std::uint64_t seed)
    : io_(io), core_(std::make_shared<detail::core>(io, seed)), guard_(std::in_place, io.get_executor()) {
    boost::asio::use_service<detail::core_keeper>(io).keep(core_);
}

CORTC_DECL world::~world() {
    core_->io = nullptr;
    core_->stream_tap = nullptr;
    core_->tap = nullptr; // sockets that close later have nobody to tell
    core_->observer = nullptr;
}

CORTC_DECL sim::host& world::host(std::string name, std::initializer_list<std::string_view> addresses) {
    return host(std::move(name), detail::interfaces_of(addresses));
}

CORTC_DECL sim::host& world::host(std::string name, std::vector<net::interface_address> addresses) {
    return core_->add_host(std::move(name), std::move(addresses));
}

CORTC_DECL sim::host& world::host(std::string_view name) {
    const auto found = std::ranges::find(core_->hosts, name,
                                         [](const auto& one) -> const std::string& { return one->name(); });
    if (found == core_->hosts.end()) throw std::out_of_range("no host of that name: " + std::string(name));
    return **found;
}

CORTC_DECL sim::router& world::router(std::string name, std::initializer_list<std::string_view> outside,
                                      const router_options& options) {
    return core_->add_router(std::move(name), detail::interfaces_of(outside), options);
}

CORTC_DECL void world::set_default_link(const link_options& options) { core_->default_link = options; }

CORTC_DECL void world::set_link(const sim::host& from, const sim::host& to, const link_options& options) {
    auto& link = core_->link_between(from.index_, to.index_);
    link.own = options;
    link.last_arrival = {}; // a new path: what comes may overtake what is under way
}

CORTC_DECL void world::set_link(const ip_address& from, const ip_address& to, const link_options& options) {
    auto& link = core_->address_links[{from, to}];
    link.own = options;
    link.last_arrival = {};
}

CORTC_DECL void world::connect(const sim::host& a, const sim::host& b, const link_options& options) {
    set_link(a, b, options);
    set_link(b, a, options);
}

CORTC_DECL void world::partition(const sim::host& a, const sim::host& b, bool cut) {
    core_->link_between(a.index_, b.index_).cut = cut;
    core_->link_between(b.index_, a.index_).cut = cut;
}

CORTC_DECL void world::set_name(std::string name, std::initializer_list<std::string_view> addresses,
                                duration delay) {
    std::vector<ip_address> list;
    for (auto literal : addresses) list.push_back(boost::asio::ip::make_address(std::string(literal)));
    set_name(std::move(name), std::move(list), delay);
}

CORTC_DECL void world::set_name(std::string name, std::vector<ip_address> addresses, duration delay) {
    core_->names.insert_or_assign(std::move(name), detail::name_entry{std::move(addresses), delay});
}

CORTC_DECL void world::on_datagram(std::function<void(transit&)> tap) { core_->tap = std::move(tap); }

CORTC_DECL void world::on_stream(std::function<void(stream_transit&)> tap) {
    core_->stream_tap = std::move(tap);
}

CORTC_DECL void world::on_outcome(std::function<void(const outcome&)> observer) {
    core_->observer = std::move(observer);
}

CORTC_DECL const world_stats& world::stats() const noexcept { return core_->stats; }
CORTC_DECL std::uint64_t world::trace() const noexcept { return core_->trace; }
CORTC_DECL time_point world::now() const noexcept { return core_->now; }
CORTC_DECL std::size_t world::open_sockets() const noexcept { return core_->open_sockets; }
CORTC_DECL std::size_t world::armed_timers() const noexcept { return core_->armed_timers; }

CORTC_DECL void world::poll() {
    if (io_.stopped()) io_.restart();
    io_.poll();
}

CORTC_DECL bool world::run_until(const std::function<bool()>& done, duration limit) {
    const auto deadline = core_->after(limit);
    do {
        poll();
        if (done()) return true;
    } while (core_->advance(deadline));
    return done();
}

CORTC_DECL void world::run_for(duration time) {
    run_until([] { return false; }, time);
}

CORTC_DECL bool world::run_until_idle(duration limit) {
    return run_until([this] { return core_->idle(); }, limit);
}

CORTC_DECL bool world::run_dry(duration limit) {
    guard_.reset();
    const auto dry = [this] { return io_.stopped() && core_->open_sockets == 0 && core_->armed_timers == 0; };
    const bool done = run_until(dry, limit);
    guard_.emplace(io_.get_executor());
    return done;
}

} // namespace cortc::sim
