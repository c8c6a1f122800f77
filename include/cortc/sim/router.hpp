#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/endpoint.hpp"
#include "cortc/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace cortc::sim {

class host;
namespace detail {
struct core;
class nat_table;
} // namespace detail

/// What a mapping or a filter of a router depends on (RFC 4787 4.1 and 5), apart from the end inside.
enum class dependence : std::uint8_t {
    endpoint_independent,      ///< on nothing
    address_dependent,         ///< the address outside
    address_and_port_dependent ///< the address and port outside
};

/// How a router treats UDP, in the words of RFC 4787, and TCP. As made it is a good NAT: it keeps one port
/// for each port inside, and lets in whom somebody inside has sent something.
///
/// | known as | mapping | filtering |
/// | --- | --- | --- |
/// | full cone | endpoint_independent | endpoint_independent |
/// | restricted cone | endpoint_independent | address_dependent |
/// | port-restricted cone | endpoint_independent | address_and_port_dependent |
/// | symmetric | address_and_port_dependent | address_and_port_dependent |
struct router_options {
    dependence mapping = dependence::endpoint_independent;         ///< who gets which port outside (4.1)
    dependence filtering = dependence::address_and_port_dependent; ///< who may send to it (5)
    /// A mapping has the port of the socket inside where that is free (4.2.1); otherwise any port.
    bool preserves_ports = true;
    bool hairpins = true; ///< those inside reach each other by their outside ends (6)
    /// A mapping and a filter's entry end so long after what was last sent through them from inside (4.3).
    duration lifetime = std::chrono::minutes(2);
    bool inbound_refreshes = false; ///< what comes from outside does so, too
    bool udp = true;                ///< false: no datagram passes
    bool tcp = true;                ///< false: no segment passes
    /// IPv6 hosts inside reach IPv4 ones under 64:ff9b::/96 (RFC 6146, RFC 6052 2.1).
    bool nat64 = false;
    /// Mappings and entries of filters at a time; what would need more is dropped.
    std::size_t most_entries = 4096;
};

/// TCP in a router: a mapping is of one connection, and ends so long after its last segment (RFC 5382 REQ-5).
///@{
inline constexpr duration router_tcp_lifetime = std::chrono::hours(2) + std::chrono::minutes(4);
inline constexpr duration router_tcp_ended_lifetime = std::chrono::minutes(4); ///< after a FIN or RST
///@}

/// What a router did; datagrams, and segments of TCP.
struct router_stats {
    std::uint64_t outward = 0;    ///< passed from inside
    std::uint64_t inward = 0;     ///< passed to the inside, hairpins included
    std::uint64_t filtered = 0;   ///< dropped: fate::filtered
    std::uint64_t table_full = 0; ///< dropped: fate::table_full
    std::size_t entries = 0;      ///< mappings and entries of filters now, those that have expired included
};

/// Stands between a network and hosts, or other routers, behind it. What those send to the outside is
/// translated to the router's outside addresses: a NAT. IP versions of which it has no outside address pass
/// with the addresses they have, filtered in the same way: a firewall. Addresses need to be unique only
/// within one network.
///
///     auto& nat = world.router("nat", {"203.0.113.1"}, {.filtering = sim::dependence::address_dependent});
///     nat.attach(world.host("a", {"192.168.1.2"}));
///
/// Each hop is a link of its own: world::set_link(a, nat.outside(), ...) is the way from `a` to the router,
/// and 100 us unless set. TCP connections are made from inside; those that come from outside are refused.
class router final {
  public:
    static constexpr duration inside_delay = std::chrono::microseconds(100); ///< of a link inside, unless set

    /// @private world::router() makes one
    router(detail::core& world, sim::host& outside, std::uint32_t inside, const router_options& options,
           std::uint64_t seed);
    router(const router&) = delete;
    router& operator=(const router&) = delete;
    ~router();

    ///@{
    /// Moves it behind this router, from wherever it is. Its sockets stay; what is on its way to them is
    /// lost. A router brings what is behind it.
    ///
    /// @par Errors
    /// - std::invalid_argument: a router would stand behind itself.
    void attach(sim::host& what);
    void attach(router& what);
    ///@}
    ///@{
    /// Moves it to where this router stands.
    void release(sim::host& what);
    void release(router& what);
    ///@}

    /// Its end of the links to hosts, for world::set_link() and partition(). It has no sockets.
    [[nodiscard]] const sim::host& outside() const noexcept { return outside_; }
    [[nodiscard]] const router_options& options() const noexcept; ///< as they are now
    /// Counts from now on; mappings stay.
    void set_options(const router_options& options);
    /// Forgets all mappings and filters, as a router does that restarts.
    void reboot();
    [[nodiscard]] router_stats stats() const noexcept; ///< as of now; it goes on counting

  private:
    friend struct detail::core;

    detail::core& world_;
    sim::host& outside_;
    std::uint32_t inside_; // which of the world's networks
    std::unique_ptr<detail::nat_table> table_;
};

} // namespace cortc::sim

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sim/world.hpp"
#endif
