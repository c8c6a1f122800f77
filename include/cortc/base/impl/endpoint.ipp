#pragma once

#include "cortc/base/endpoint.hpp"

#include <fmt/format.h>

namespace cortc {

CORTC_DECL std::string to_string(const endpoint& where) {
    return where.address.is_v6() ? fmt::format("[{}]:{}", where.address.to_string(), where.port)
                                 : fmt::format("{}:{}", where.address.to_string(), where.port);
}

} // namespace cortc
