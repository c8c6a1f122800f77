#pragma once

#include "cortc/base/config.hpp"
#include "cortc/net/network.hpp"

#include <istream>
#include <optional>

namespace cortc::net::detail {

/// Reads the form of /proc/net/if_inet6: the addresses that are tentative, deprecated or failed duplicate
/// detection.
std::vector<boost::asio::ip::address_v6> unusable_ipv6(std::istream& table);
std::vector<interface_address> list_interfaces();

/// What list_interfaces() says, asked again only when the kernel has announced a change (rtnetlink(7)): an
/// ICE restart asks each time, and the list costs more than the rest of it.
class interface_watch {
  public:
    interface_watch();
    ~interface_watch();
    interface_watch(const interface_watch&) = delete;
    interface_watch& operator=(const interface_watch&) = delete;

    [[nodiscard]] const std::vector<interface_address>& current();

  private:
    [[nodiscard]] bool changed() const noexcept;

    int announcements_; // -1: none are to be had, and the list is asked for each time
    std::optional<std::vector<interface_address>> known_;
};

} // namespace cortc::net::detail
