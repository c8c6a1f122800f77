#pragma once

#include "cortc/base/overloaded.hpp"
#include "cortc/crypto/backend.hpp"
#include "cortc/error.hpp"
#include "cortc/turn/impl/server_sockets.hpp"
#include "cortc/turn/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <variant>

namespace cortc::turn {

namespace detail {

/// Each address of the machine for an unspecified one.
CORTC_DECL std::vector<endpoint> bound_to(net::network& network, const std::vector<endpoint>& at) {
    std::vector<endpoint> all;
    const auto add = [&all](const endpoint& one) {
        if (std::ranges::find(all, one) == all.end()) all.push_back(one);
    };
    for (const auto& each : at) {
        if (!each.address.is_unspecified()) {
            add(each);
            continue;
        }
        for (const auto& interface : network.interfaces())
            if (interface.address.is_v4() == each.address.is_v4()) add({interface.address, each.port});
    }
    return all;
}

/// Where nobody says: the first of each family, loopback only if there is no other.
CORTC_DECL std::vector<relay_address> relays_at(const std::vector<endpoint>& listening) {
    std::vector<relay_address> relays;
    for (const bool v6 : {false, true}) {
        const endpoint* best = nullptr;
        for (const auto& each : listening)
            if (each.address.is_v6() == v6 &&
                (!best || (best->address.is_loopback() && !each.address.is_loopback())))
                best = &each;
        if (best) relays.emplace_back(best->address);
    }
    return relays;
}

CORTC_DECL server_options with_relays(server_options options, const std::vector<endpoint>& listening) {
    if (options.relays.empty()) options.relays = relays_at(listening);
    return options;
}

/// None where nobody listens for TLS.
CORTC_DECL std::shared_ptr<const crypto::tls_identity> identity_of(const server_options& options) {
    if (options.tls.empty()) return nullptr;
    if (options.certificate_pem.empty() || options.key_pem.empty())
        throw Error(errc::type, "tls needs certificate_pem and key_pem");
    auto loaded = crypto::default_backend().load_identity(options.certificate_pem, options.key_pem);
    if (!loaded)
        throw Error(errc::syntax, "certificate_pem and key_pem cannot be used: " + loaded.error().message);
    return std::move(*loaded);
}

CORTC_DECL std::vector<ip_address> addresses_of(const std::vector<endpoint>& listening) {
    std::vector<ip_address> addresses;
    for (const auto& each : listening) addresses.push_back(each.address);
    return addresses;
}

} // namespace detail

CORTC_DECL server::server(net::network& network, server_options options, std::vector<endpoint> at, logger log)
    : network_(network)
    , log_(log.component("turn"))
    , listening_(detail::bound_to(network, at))
    , listening_tcp_(detail::bound_to(network, options.tcp))
    , listening_tls_(detail::bound_to(network, options.tls))
    , identity_(detail::identity_of(options))
    , most_connections_(options.limit.connections)
    , idle_time_(options.limit.idle_connection)
    , connecting_(options.limit.connections_per_second)
    , engine_(
          network.random(), log_, detail::with_relays(std::move(options), all_listening()),
          [&network] { return network.calendar(); }, detail::addresses_of(all_listening()))
    , timer_(network.make_timer([this] { handle_timeout(); })) {
    for (std::size_t i = 0; i < listening_.size(); ++i) listen(listening_[i], i);
    for (const auto& each : std::exchange(listening_tcp_, {})) listen_streams(each, false);
    for (const auto& each : std::exchange(listening_tls_, {})) listen_streams(each, true);
}

CORTC_DECL server::server(net::network& network, server_options options, const endpoint& at, logger log)
    : server(network, std::move(options), std::vector<endpoint>{at}, std::move(log)) {}

CORTC_DECL server::~server() = default;

CORTC_DECL std::vector<endpoint> server::all_listening() const {
    auto all = listening_;
    all.insert(all.end(), listening_tcp_.begin(), listening_tcp_.end());
    all.insert(all.end(), listening_tls_.begin(), listening_tls_.end());
    return all;
}

CORTC_DECL void server::listen(const endpoint& at, std::size_t index) {
    auto made = std::make_unique<listening_socket>(*this, server_socket(static_cast<std::uint32_t>(index)));
    auto opened = network_.open_udp(at, *made);
    if (!opened)
        throw Error(errc::network, fmt::format("a TURN server cannot listen at {} (UDP): {}", to_string(at),
                                               opened.error().message()));
    made->socket = std::move(*opened);
    listening_[index] = made->socket->local();
    log_.info("a TURN server listens at {} (UDP)", to_string(listening_[index]));
    sockets_.push_back(std::move(made));
}

CORTC_DECL void server::stop_accepting(std::optional<endpoint> alternate) {
    if (alternate && !is_reachable(*alternate))
        throw Error(errc::type, fmt::format("the alternate server {} cannot be reached by anybody",
                                            to_string(*alternate)));
    engine_.stop_accepting(std::move(alternate));
}

CORTC_DECL void server::close_allocations() {
    const auto now = network_.now();
    engine_.close_all(now);
    drain(now); // which answers nobody
}

// ---- packets

CORTC_DECL void server::from_clients(listening_socket& at, std::span<const net::datagram> batch) {
    const auto now = network_.now();
    client_path from{at.id, {}};
    for (const auto& packet : batch) {
        from.client = packet.source;
        if (const auto out = engine_.handle_packet(from, packet.data, now))
            to_peer(*out, packet.mark, now);
        else
            drain(now);
    }
    flush();
    arm();
}

CORTC_DECL void server::from_peers(relay_socket& at, std::span<const net::datagram> batch) {
    const auto now = network_.now();
    for (const auto& packet : batch) to_client(at.id, packet.source, packet.data, packet.mark, now);
    flush();
}

/// RFC 8656 14: the congestion mark goes with the payload.
CORTC_DECL void server::to_peer(const server_engine::outbound& what, net::ecn mark, time_point now) {
    if (what.straight) return to_client(what.relay, what.peer, what.payload, mark, now);
    if (what.relay != sending_) flush_peers();
    sending_ = what.relay;
    to_peers_.push_back({what.payload, what.peer, mark});
}

CORTC_DECL void server::to_client(relay_id at, const endpoint& peer, byte_view payload, net::ecn mark,
                                  time_point now) {
    const auto room = batch_.prepare(); // before its header is written
    const auto before = batch_.header(server_engine::max_header);
    std::array<std::byte, server_engine::max_padding> zeros;
    const auto around = engine_.handle_relayed(at, peer, payload, before, zeros, now);
    if (!around) return;
    if (around->to->stream) {
        const std::array<byte_view, 3> parts{before.last(around->header), payload,
                                             byte_view(zeros).first(around->padding)};
        const auto to = streams_.find(around->to->via.value());
        if (to == streams_.end() || !send(*to->second, parts)) engine_.dropped_slow();
        return;
    }
    if (!payload.empty()) std::memcpy(room.data(), payload.data(), payload.size());
    std::memset(room.data() + payload.size(), 0, around->padding); // the slot's tailroom has space
    batch_.commit(*sockets_[around->to->via.value()]->socket, around->to->client,
                  payload.size() + around->padding, mark, around->header);
}

CORTC_DECL void server::flush_peers() {
    if (to_peers_.empty()) return;
    const auto id = sending_.value();
    if (id < relays_.size() && relays_[id]) relays_[id]->socket->send(to_peers_);
    to_peers_.clear();
}

CORTC_DECL void server::flush() {
    flush_peers();
    batch_.flush();
}

// ---- what the engine has

CORTC_DECL void server::handle_timeout() {
    armed_ = never;
    const auto now = network_.now();
    engine_.handle_timeout(now);
    close_idle(now);
    drain(now);
}

CORTC_DECL void server::drain(time_point now) {
    while (auto next = engine_.poll_event())
        std::visit(overloaded{
                       [&](const open_relay& what) { open(what, now); },
                       [&](const close_relay& what) { close(what.which); },
                   },
                   *next);
    send_answer();
    arm();
}

/// Answers over UDP leave together, with what is relayed.
CORTC_DECL void server::send_answer() {
    std::array<std::byte, server_engine::max_answer> out;
    const auto answer = engine_.poll_transmit(out);
    if (!answer) return;
    const auto what = byte_view(out).first(answer->size);
    if (answer->to.stream) {
        const auto to = streams_.find(answer->to.via.value());
        if (to == streams_.end() || !send(*to->second, std::span(&what, 1))) engine_.dropped_slow();
        return;
    }
    auto& socket = *sockets_[answer->to.via.value()]->socket;
    if (what.size() > net::send_batch::max_datagram) { // a realm and a name of kilobytes
        const net::outgoing datagram{what, answer->to.client};
        return socket.send(std::span(&datagram, 1));
    }
    std::ranges::copy(what, batch_.prepare().begin());
    batch_.commit(socket, answer->to.client, what.size());
}

CORTC_DECL void server::open(const open_relay& what, time_point now) {
    const auto id = what.which.value();
    if (id >= relays_.size()) relays_.resize(id + 1);
    auto made = std::make_unique<relay_socket>(*this, what.which);
    auto opened = network_.open_udp(what.local, *made);
    if (!opened) {
        log_.debug("no socket at {}: {}", to_string(what.local), opened.error().message());
        return engine_.relay_refused(what.which, now);
    }
    made->socket = std::move(*opened);
    const auto local = made->socket->local();
    relays_[id] = std::move(made);
    engine_.relay_opened(what.which, local, now);
}

CORTC_DECL void server::close(relay_id which) {
    if (which == sending_) flush_peers();
    if (which.value() < relays_.size()) relays_[which.value()] = nullptr;
}

CORTC_DECL void server::arm() {
    auto next = engine_.next_timeout();
    if (!idle_checks_.empty()) next = std::min(next, idle_checks_.front().at);
    if (next >= armed_) return;
    armed_ = next;
    timer_->arm(next);
}

} // namespace cortc::turn
