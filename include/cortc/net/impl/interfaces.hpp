#pragma once

#include "cortc/base/config.hpp"
#include "cortc/net/network.hpp"

#include <istream>

namespace cortc::net::detail {

/// Reads the form of /proc/net/if_inet6: the addresses that are tentative, deprecated or failed duplicate
/// detection.
std::vector<boost::asio::ip::address_v6> unusable_ipv6(std::istream& table);
std::vector<interface_address> list_interfaces();

} // namespace cortc::net::detail
