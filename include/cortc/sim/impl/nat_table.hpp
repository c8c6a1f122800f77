#pragma once

#include "cortc/sim/random.hpp"
#include "cortc/sim/router.hpp"

#include <compare>
#include <map>
#include <vector>

namespace cortc::sim::detail {

/// What comes to a router. Its ends are changed as it passes.
struct crossing {
    bool tcp = false;
    bool from_inside = false;
    bool begins = false; ///< a SYN
    bool ends = false;   ///< a FIN or RST
    endpoint& source;
    endpoint& destination;
};

enum class verdict : std::uint8_t { outward, inward, filtered, table_full };

/// The mappings and filters of one router (RFC 4787; TCP RFC 5382, IPv6 to IPv4 RFC 6146). Sans-IO.
class nat_table {
  public:
    nat_table(const router_options& with, std::uint64_t seed) : options(with), random_(seed) {}

    /// The router has this address outside. One for each IP version; the first counts.
    void add_outside(const ip_address& address) { outside_.push_back(address); }
    [[nodiscard]] bool translates(bool v4) const noexcept { return outside_of(v4) != nullptr; }

    verdict pass(const crossing& what, time_point now);
    void clear();

    router_options options;
    router_stats stats; // entries included

  private:
    struct mapping_key {
        bool tcp = false;
        endpoint inside;
        endpoint remote; // as much of it as the mapping depends on
        friend std::strong_ordering operator<=>(const mapping_key&, const mapping_key&) = default;
    };
    struct outside_key {
        bool tcp = false;
        endpoint outside;
        friend std::strong_ordering operator<=>(const outside_key&, const outside_key&) = default;
    };
    struct mapping {
        endpoint outside;
        time_point used;
        bool ended = false;                     // TCP
        std::map<endpoint, time_point> allowed; // as much of the remote end as the filter depends on
    };
    using mappings = std::map<mapping_key, mapping>;

    [[nodiscard]] const ip_address* outside_of(bool v4) const noexcept;
    [[nodiscard]] duration lifetime(const mapping_key& key, const mapping& of) const noexcept;
    [[nodiscard]] bool expired(const mapping_key& key, const mapping& of, time_point now) const noexcept;

    verdict leave(const crossing& what, const endpoint& remote, time_point now);
    verdict enter(const crossing& what, time_point now);
    /// Null: there is no room.
    mapping* map(const mapping_key& key, const endpoint& remote, time_point now);
    [[nodiscard]] std::uint16_t free_port(bool tcp, const ip_address& address, std::uint16_t wanted);
    [[nodiscard]] bool has_room(time_point now);
    void sweep(time_point now);
    mappings::iterator erase(mappings::iterator which);

    std::vector<ip_address> outside_;
    mappings mappings_;
    std::map<outside_key, mapping_key> by_outside_;
    time_point next_sweep_{};
    seeded_random random_;
};

} // namespace cortc::sim::detail
