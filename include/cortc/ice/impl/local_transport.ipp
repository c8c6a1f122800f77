#pragma once

#include "cortc/ice/local_transport.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <utility>

namespace cortc::ice {

/// A UDP socket of its own.
class local_transports::udp final : public local_transport, private net::datagram_handler {
  public:
    udp(socket_id id, datagram_receiver& receiver) noexcept : local_transport(id), receiver_(receiver) {}

    boost::system::error_code open(net::network& network, const endpoint& where) {
        auto opened = network.open_udp(where, *this);
        if (!opened) return opened.error();
        socket_ = std::move(*opened);
        return {};
    }
    [[nodiscard]] const endpoint& base() const noexcept override { return socket_->local(); }
    void send(net::send_batch& batch, std::size_t size, const endpoint& to) override {
        batch.commit(*socket_, to, size);
    }
    void forget(net::send_batch& batch) noexcept override { batch.forget(*socket_); }
    [[nodiscard]] std::uint64_t send_dropped() const noexcept override {
        return socket_->stats().send_dropped;
    }

  private:
    void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
        receiver_.handle_batch(id(), batch);
    }

    datagram_receiver& receiver_;
    std::unique_ptr<net::udp_socket> socket_;
};

CORTC_DECL local_transports::local_transports(net::network& network, datagram_receiver& receiver, logger log,
                                              local_transport_options options)
    : network_(network), receiver_(receiver), log_(log), options_(options) {}

CORTC_DECL result<local_transport*> local_transports::open_udp(const net::interface_address& where) {
    const auto known = std::ranges::find(open_, where.address, &entry::address);
    if (known != open_.end()) return known->what.get();
    if (open_.size() >= options_.limit) {
        ++counters_.over_limit;
        return boost::system::errc::make_error_code(boost::system::errc::too_many_files_open);
    }
    auto made = bind(where.address);
    if (!made) {
        ++counters_.open_failures;
        log_.warning("no socket on {} ({})", where.address.to_string(), where.name);
        return made.error();
    }
    ++counters_.opened;
    ++last_id_;
    log_.debug("socket {}: {} ({})", last_id_, to_string((*made)->base()), where.name);
    return open_.emplace_back(entry{where.address, std::move(*made)}).what.get();
}

/// Begins anywhere in the range, so that many connections do not all fight for its first port.
CORTC_DECL result<std::unique_ptr<local_transports::udp>> local_transports::bind(const ip_address& address) {
    if (!options_.ports) return bind(endpoint{address, 0});
    const auto [first, last] = *options_.ports;
    result<std::unique_ptr<udp>> made =
        boost::system::errc::make_error_code(boost::system::errc::invalid_argument);
    if (last < first) return made;
    const auto count = std::uint32_t{last} - first + 1;
    const auto start = network_.random().u32() % count;
    for (std::uint32_t i = 0; i < count && !made; ++i)
        made = bind(endpoint{address, static_cast<std::uint16_t>(first + (start + i) % count)});
    return made;
}

CORTC_DECL result<std::unique_ptr<local_transports::udp>> local_transports::bind(const endpoint& where) {
    auto made = std::make_unique<udp>(socket_id(last_id_ + 1), receiver_);
    if (const auto error = made->open(network_, where)) return error;
    return made;
}

CORTC_DECL local_transport* local_transports::find(socket_id id) const noexcept {
    const auto at = std::ranges::find_if(open_, [id](const entry& each) { return each.what->id() == id; });
    return at == open_.end() ? nullptr : at->what.get();
}

CORTC_DECL std::size_t local_transports::close_unused(const std::function<bool(local_transport&)>& in_use) {
    return std::erase_if(open_, [&](const entry& each) {
        if (in_use(*each.what)) return false;
        send_dropped_ += each.what->send_dropped();
        return true;
    });
}

CORTC_DECL void local_transports::close_all() {
    close_unused([](local_transport&) { return false; });
}

CORTC_DECL std::uint64_t local_transports::send_dropped() const noexcept {
    auto all = send_dropped_;
    for (const auto& each : open_) all += each.what->send_dropped();
    return all;
}

} // namespace cortc::ice
