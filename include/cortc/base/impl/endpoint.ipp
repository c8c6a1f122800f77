#pragma once

#include "cortc/base/endpoint.hpp"

#include <fmt/format.h>

namespace cortc {

CORTC_DECL std::string to_string(const endpoint& where) {
    return where.address.is_v6() ? fmt::format("[{}]:{}", where.address.to_string(), where.port)
                                 : fmt::format("{}:{}", where.address.to_string(), where.port);
}

CORTC_DECL bool is_reachable(const endpoint& where) noexcept {
    const auto& address = where.address;
    if (where.port == 0 || address.is_unspecified() || address.is_multicast()) return false;
    if (address.is_v6()) return !address.to_v6().is_v4_mapped();
    return address.to_v4() != boost::asio::ip::address_v4::broadcast();
}

} // namespace cortc
