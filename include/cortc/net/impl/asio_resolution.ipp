#pragma once

#include "cortc/net/impl/asio_resolution.hpp"

#include <algorithm>
#include <utility>

namespace cortc::net::detail {

CORTC_DECL void asio_resolution_state::start(const std::string& host) {
    resolver_.async_resolve(host, "", [self = shared_from_this()](const auto& error, const auto& found) {
        self->ended(error, found);
    });
}

CORTC_DECL void asio_resolution_state::cancel() {
    done_ = nullptr;
    resolver_.cancel();
}

CORTC_DECL void asio_resolution_state::ended(const boost::system::error_code& error,
                                             const boost::asio::ip::udp::resolver::results_type& found) {
    const auto done = std::exchange(done_, nullptr);
    if (!done) return;
    if (error) return done(error);
    std::vector<ip_address> addresses;
    for (const auto& each : found) {
        auto address = each.endpoint().address();
        if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(std::move(address));
    }
    done(addresses);
}

} // namespace cortc::net::detail
