#include "cortc/net/impl/interfaces.hpp"
#include "cortc/net/impl/receive_ring.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>

#include <ifaddrs.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cortc::net::detail {

CORTC_DECL std::vector<boost::asio::ip::address_v6> unusable_ipv6(std::istream& table) {
    std::vector<boost::asio::ip::address_v6> unusable;
    for (std::string line; std::getline(table, line);) {
        std::istringstream fields(line);
        std::string digits;
        unsigned index = 0, prefix = 0, scope = 0, flags = 0;
        fields >> digits >> std::hex >> index >> prefix >> scope >> flags;
        if (!fields || digits.size() != 32) continue;
        if ((flags & (IFA_F_TENTATIVE | IFA_F_DEPRECATED | IFA_F_DADFAILED)) == 0) continue;
        for (std::size_t at = 28; at > 0; at -= 4) digits.insert(at, 1, ':');
        boost::system::error_code error;
        const auto address = boost::asio::ip::make_address_v6(digits, error);
        if (!error) unusable.push_back(address);
    }
    return unusable;
}

CORTC_DECL std::vector<interface_address> list_interfaces() {
    std::vector<interface_address> found;
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return found;
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> list(first, &::freeifaddrs);
    std::ifstream table("/proc/net/if_inet6");
    const auto unusable = unusable_ipv6(table);
    for (const auto* entry = list.get(); entry; entry = entry->ifa_next) {
        if (!entry->ifa_addr || (entry->ifa_flags & IFF_UP) == 0) continue;
        const auto family = entry->ifa_addr->sa_family;
        if (family != AF_INET && family != AF_INET6) continue;
        sockaddr_storage raw{};
        std::memcpy(&raw, entry->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
        endpoint where;
        from_sockaddr(raw, where);
        if (where.address.is_unspecified()) continue;
        if (where.address.is_v6()) {
            const auto v6 = where.address.to_v6();
            if (v6.is_link_local() || v6.is_v4_mapped() || std::ranges::find(unusable, v6) != unusable.end())
                continue;
        }
        auto kind = interface_kind::ethernet_or_unknown;
        if ((entry->ifa_flags & IFF_LOOPBACK) != 0)
            kind = interface_kind::loopback;
        else if ((entry->ifa_flags & IFF_POINTOPOINT) != 0)
            kind = interface_kind::point_to_point;
        found.push_back({entry->ifa_name, where.address, kind});
    }
    return found;
}

CORTC_DECL interface_watch::interface_watch()
    : announcements_(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE)) {
    if (announcements_ < 0) return;
    sockaddr_nl groups{};
    groups.nl_family = AF_NETLINK;
    groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    if (::bind(announcements_, reinterpret_cast<const sockaddr*>(&groups), sizeof groups) == 0) return;
    ::close(announcements_);
    announcements_ = -1;
}

CORTC_DECL interface_watch::~interface_watch() {
    if (announcements_ >= 0) ::close(announcements_);
}

/// What they say does not matter, nor that too many came for the buffer (ENOBUFS): the list is read anew.
CORTC_DECL bool interface_watch::changed() const noexcept {
    if (announcements_ < 0) return true;
    bool any = false;
    for (char ignored = 0;;) {
        const auto size = ::recv(announcements_, &ignored, sizeof ignored, 0);
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return any;
        any = true;
        if (size <= 0 && errno != ENOBUFS && errno != EINTR) return any;
    }
}

CORTC_DECL const std::vector<interface_address>& interface_watch::current() {
    if (changed() || !known_) known_ = list_interfaces();
    return *known_;
}

} // namespace cortc::net::detail
