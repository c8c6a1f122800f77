#pragma once

#include "cortc/base/config.hpp"

#include <boost/asio/ip/address.hpp>

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace cortc {

using ip_address = boost::asio::ip::address; ///< IPv4 or IPv6

/// An IP address and a port: one end of a UDP or TCP flow.
struct endpoint {
    ip_address address;     ///< 0.0.0.0 at first
    std::uint16_t port = 0; ///< in the host's byte order

    friend bool operator==(const endpoint&, const endpoint&) = default;
    friend std::strong_ordering operator<=>(const endpoint& a, const endpoint& b) noexcept {
        if (a.address < b.address) return std::strong_ordering::less;
        if (b.address < a.address) return std::strong_ordering::greater;
        return a.port <=> b.port;
    }
};

/// "192.0.2.1:5000", "[2001:db8::1]:5000".
std::string to_string(const endpoint& where);
/// A unicast address with a port that something may be sent to. Not an IPv4-mapped one (RFC 8445 5.1.1.1).
[[nodiscard]] bool is_reachable(const endpoint& where) noexcept;

} // namespace cortc

template <>
struct std::hash<cortc::endpoint> {
    std::size_t operator()(const cortc::endpoint& where) const noexcept {
        return std::hash<boost::asio::ip::address>{}(where.address) * 31 + where.port;
    }
};

#if defined(CORTC_HEADER_ONLY)
#include "cortc/base/impl/endpoint.ipp"
#endif
