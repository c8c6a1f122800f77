#pragma once

#include "cortc/ice/local_transports.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <iterator>
#include <type_traits>
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

CORTC_DECL local_transports::~local_transports() = default;

CORTC_DECL result<local_transport*> local_transports::open_udp(const net::interface_address& where) {
    const auto known = std::ranges::find_if(
        open_, [&](const entry& each) { return !each.relay && each.address == where.address; });
    if (known != open_.end()) return known->what.get();
    if (options_.mux) return open_slot(where);
    auto made = add(where, std::make_unique<udp>(socket_id(last_id_ + 1), receiver_));
    if (!made) return made.error();
    return *made;
}

CORTC_DECL result<local_transport*> local_transports::open_slot(const net::interface_address& where) {
    if (open_.size() >= options_.limit) {
        ++counters_.over_limit;
        return boost::system::errc::make_error_code(boost::system::errc::too_many_files_open);
    }
    auto made = options_.mux->open(socket_id(last_id_ + 1), where.address, receiver_);
    if (!made) {
        ++counters_.open_failures;
        log_.warning("no shared socket on {} ({})", where.address.to_string(), where.name);
        return made.error();
    }
    ++counters_.opened;
    ++last_id_;
    auto* const slot = made->get();
    for (const auto& each : ufrags_) slot->add_ufrag(each);
    log_.debug("socket {}: {} ({}), shared", last_id_, to_string(slot->base()), where.name);
    open_.push_back(entry{where.address, std::move(*made), nullptr, slot, {}});
    return slot;
}

CORTC_DECL void local_transports::add_ufrag(const std::string& ufrag) {
    if (!options_.mux) return;
    ufrags_.push_back(ufrag);
    for (const auto& each : open_)
        if (each.slot) each.slot->add_ufrag(ufrag);
}

CORTC_DECL void local_transports::remove_ufrag(const std::string& ufrag) noexcept {
    std::erase(ufrags_, ufrag);
    for (const auto& each : open_)
        if (each.slot) each.slot->remove_ufrag(ufrag);
}

CORTC_DECL result<relay*> local_transports::open_relay(const net::interface_address& where,
                                                       const relay_options& options) {
    auto made =
        add(where, std::make_unique<relay>(socket_id(last_id_ + 1), network_, receiver_, log_, options));
    if (made) open_.back().relay = *made;
    return made;
}

template <class Made>
result<Made*> local_transports::add(const net::interface_address& where, std::unique_ptr<Made> made) {
    if (open_.size() >= options_.limit) {
        ++counters_.over_limit;
        return boost::system::errc::make_error_code(boost::system::errc::too_many_files_open);
    }
    auto* const what = made.get();
    std::shared_ptr<port_pool> ports = options_.ports;
    if constexpr (std::is_same_v<Made, relay>)
        if (what->over_stream()) ports.reset(); // the range is of UDP
    auto port = bind(where.address, ports.get(), [what, this](const endpoint& at) {
        if constexpr (std::is_same_v<Made, relay>)
            return what->open(at);
        else
            return what->open(network_, at);
    });
    if (!port) {
        ++counters_.open_failures;
        log_.warning("no socket on {} ({})", where.address.to_string(), where.name);
        return port.error();
    }
    ++counters_.opened;
    ++last_id_;
    if constexpr (std::is_same_v<Made, relay>)
        log_.debug("socket {}: {} to the relay {} over {}", last_id_, to_string(what->local()),
                   to_string(what->server()), to_string(what->over()));
    else
        log_.debug("socket {}: {} ({})", last_id_, to_string(what->base()), where.name);
    open_.push_back(entry{where.address, std::move(made), nullptr, nullptr, std::move(*port)});
    return what;
}

/// What the pool holds to be free may be another program's; a range that is full of those is not searched to
/// its end, which would hold up everybody else.
CORTC_DECL result<port_pool::lease>
local_transports::bind(const ip_address& address, port_pool* ports,
                       const std::function<boost::system::error_code(const endpoint&)>& open) {
    constexpr std::size_t most_tries = 64;
    if (!ports) {
        if (const auto error = open({address, 0})) return error;
        return port_pool::lease();
    }
    auto error = make_error_code(boost::system::errc::address_in_use);
    std::vector<port_pool::lease> others;
    while (others.size() < most_tries && error == boost::system::errc::address_in_use) {
        auto next = ports->take(address);
        if (!next) break;
        error = open({address, next->port()});
        if (!error) return std::move(*next);
        others.push_back(std::move(*next));
    }
    return error;
}

CORTC_DECL relay* local_transports::find_relay(const net::interface_address& where,
                                               const relay_options& options) const noexcept {
    const auto at = std::ranges::find_if(open_, [&](const entry& each) {
        return each.relay && each.address == where.address && each.relay->at_rest() &&
               each.relay->options().equivalent(options);
    });
    return at == open_.end() ? nullptr : at->relay;
}

CORTC_DECL local_transport* local_transports::find(socket_id id) const noexcept {
    const auto at = std::ranges::find_if(open_, [id](const entry& each) { return each.what->id() == id; });
    return at == open_.end() ? nullptr : at->what.get();
}

CORTC_DECL void local_transports::close(entry&& which) {
    send_dropped_ += which.what->send_dropped();
    if (!which.relay) return;
    auto left = [this, id = which.what->id()] {
        std::erase_if(leaving_, [id](const auto& each) { return each.what->id() == id; });
        if (leaving_.empty() && on_left_) on_left_();
    };
    auto* const relay = which.relay;
    leaving_.push_back(std::move(which));
    if (!relay->leave(left)) leaving_.pop_back();
}

CORTC_DECL std::size_t local_transports::close_unused(const std::function<bool(local_transport&)>& in_use) {
    const auto unused = std::stable_partition(open_.begin(), open_.end(),
                                              [&](const entry& each) { return in_use(*each.what); });
    std::vector<entry> closing(std::make_move_iterator(unused), std::make_move_iterator(open_.end()));
    open_.erase(unused, open_.end());
    for (auto& each : closing) close(std::move(each));
    return closing.size();
}

CORTC_DECL void local_transports::close(socket_id id) {
    close_unused([id](local_transport& each) { return each.id() != id; });
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
