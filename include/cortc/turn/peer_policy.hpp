#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/endpoint.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace cortc::turn {

/// The addresses that share their first bits: "10.0.0.0/8", "fd00::/8"; an address alone is a range of one.
class address_range {
  public:
    /// None when it is no address, or has more bits than its family, or one behind the prefix is set.
    [[nodiscard]] static std::optional<address_range> parse(std::string_view text);
    [[nodiscard]] bool contains(const ip_address& address) const noexcept;

  private:
    address_range(ip_address first, unsigned bits) : first_(std::move(first)), bits_(bits) {}

    ip_address first_;
    unsigned bits_;
};

/// The IPv4 address that an IPv6 one stands for: 6to4 (RFC 3056), NAT64 (RFC 6052), ISATAP (RFC 5214), and
/// mapped, compatible and translated ones (RFC 4291, RFC 2765).
[[nodiscard]] std::optional<boost::asio::ip::address_v4>
embedded_ipv4(const boost::asio::ip::address_v6& address) noexcept;

/// Whether the address is one that a public server should not be led to: "this network", private, loopback,
/// link-local, carrier-grade NAT, benchmarking, multicast, reserved and unique-local ranges, where cloud
/// machines find their metadata, and every IPv6 address that stands for such an IPv4 one.
[[nodiscard]] bool is_special(const ip_address& address) noexcept;

/// Which peers a TURN server relays to (RFC 8656 21.1.1: it is inside a network, and its clients are not).
class peer_policy {
  public:
    peer_policy() = default;
    peer_policy(std::vector<address_range> allowed, std::vector<address_range> denied)
        : allowed_(std::move(allowed)), denied_(std::move(denied)) {}

    /// An address of the server's: what listens there is not for its clients.
    void add_own(const ip_address& address) { own_.push_back(address); }

    /// What is denied by name is denied; what is allowed by name is allowed; for the rest, not the server's
    /// own addresses, and none that is special.
    [[nodiscard]] bool permits(const ip_address& peer) const noexcept;

  private:
    [[nodiscard]] bool denied(const ip_address& peer) const noexcept;

    std::vector<address_range> allowed_, denied_;
    std::vector<ip_address> own_;
};

} // namespace cortc::turn

#if defined(CORTC_HEADER_ONLY)
#include "cortc/turn/impl/peer_policy.ipp"
#endif
