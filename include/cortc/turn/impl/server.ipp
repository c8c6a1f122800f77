#pragma once

#include "cortc/base/overloaded.hpp"
#include "cortc/error.hpp"
#include "cortc/turn/framing.hpp"
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

CORTC_DECL std::vector<endpoint> both(std::vector<endpoint> one, const std::vector<endpoint>& other) {
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

/// On a stream without an allocation nothing is longer: no request is.
inline constexpr std::size_t longest_request = server_engine::max_answer;
/// Numbers of streams, as the engine knows them, begin behind those of sockets.
inline constexpr std::uint32_t first_stream = 1U << 16;

CORTC_DECL std::vector<ip_address> addresses_of(const std::vector<endpoint>& listening) {
    std::vector<ip_address> addresses;
    for (const auto& each : listening) addresses.push_back(each.address);
    return addresses;
}

} // namespace detail

/// One that clients send to.
struct server::listening_socket final : net::datagram_handler {
    listening_socket(server& of, server_socket number) : owner(of), id(number) {}
    void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
        owner.from_clients(*this, batch);
    }

    server& owner;
    server_socket id;
    std::unique_ptr<net::udp_socket> socket;
};

/// A relayed address.
struct server::relay_socket final : net::datagram_handler {
    relay_socket(server& of, relay_id number) : owner(of), id(number) {}
    void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
        owner.from_peers(*this, batch);
    }

    server& owner;
    relay_id id;
    std::unique_ptr<net::udp_socket> socket;
};

/// Where TCP clients come.
struct server::acceptor final : net::accept_handler {
    explicit acceptor(server& of) : owner(of) {}
    void handle_accept(net::listener&, std::unique_ptr<net::incoming_stream> what) override {
        owner.accept(std::move(what));
    }

    server& owner;
    std::unique_ptr<net::listener> listener;
};

/// A TCP client.
struct server::client_stream final : net::stream_handler {
    client_stream(server& of, client_path a_path) : owner(of), path(std::move(a_path)) {}
    void handle_connected(net::stream&) override {}
    void handle_data(net::stream&, byte_span data) override { owner.from_stream(*this, data); }
    void handle_ended(net::stream&, boost::system::error_code) override { owner.drop(*this); }

    server& owner;
    client_path path;
    std::unique_ptr<net::stream> stream;
    std::vector<std::byte> begun; // of a frame whose end has not come yet
    time_point used{};            // it came, or had an allocation
};

CORTC_DECL server::server(net::network& network, server_options options, std::vector<endpoint> at, logger log)
    : network_(network)
    , log_(log.component("turn"))
    , listening_(detail::bound_to(network, at))
    , listening_tcp_(detail::bound_to(network, options.tcp))
    , most_connections_(options.limit.connections)
    , idle_time_(options.limit.idle_connection)
    , connecting_(options.limit.connections_per_second)
    , engine_(
          network.random(), log_,
          detail::with_relays(std::move(options), detail::both(listening_, listening_tcp_)),
          [&network] { return network.calendar(); },
          detail::addresses_of(detail::both(listening_, listening_tcp_)))
    , timer_(network.make_timer([this] { handle_timeout(); })) {
    for (std::size_t i = 0; i < listening_.size(); ++i) listen(listening_[i], i);
    for (const auto& each : std::exchange(listening_tcp_, {})) listen_tcp(each);
}

CORTC_DECL server::server(net::network& network, server_options options, const endpoint& at, logger log)
    : server(network, std::move(options), std::vector<endpoint>{at}, std::move(log)) {}

CORTC_DECL server::~server() = default;

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

CORTC_DECL void server::listen_tcp(const endpoint& at) {
    auto made = std::make_unique<acceptor>(*this);
    auto opened = network_.listen(at, *made);
    if (!opened)
        throw Error(errc::network, fmt::format("a TURN server cannot listen at {} (TCP): {}", to_string(at),
                                               opened.error().message()));
    made->listener = std::move(*opened);
    listening_tcp_.push_back(made->listener->local());
    log_.info("a TURN server listens at {} (TCP)", to_string(listening_tcp_.back()));
    acceptors_.push_back(std::move(made));
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
        if (to == streams_.end() || !to->second->stream->send(parts)) engine_.dropped_slow();
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

// ---- TCP

CORTC_DECL void server::accept(std::unique_ptr<net::incoming_stream> what) {
    const auto now = network_.now();
    if (streams_.size() >= most_connections_ || !connecting_.take(what->remote().address, now))
        return; // it closes
    auto id = detail::first_stream + last_stream_++ % (0xffffffff - detail::first_stream);
    while (streams_.contains(id)) ++id; // after four thousand million connections
    auto made = std::make_unique<client_stream>(*this, client_path{server_socket(id), what->remote(), true});
    made->used = now;
    made->stream = what->begin(*made);
    if (!made->stream) return;
    streams_.emplace(id, std::move(made));
    idle_checks_.push_back({now + idle_time_, id});
    arm();
}

CORTC_DECL void server::from_stream(client_stream& at, byte_span data) {
    const auto now = network_.now();
    byte_view rest = data;
    bool good = at.begun.empty() || finish_frame(at, rest, now);
    while (good && !rest.empty()) {
        const auto size = frame_size(rest);
        good = !size || is_acceptable(at, *size);
        if (!good || !size || *size > rest.size()) break;
        take_frame(at, rest.first(*size), now);
        rest = rest.subspan(*size);
    }
    flush();
    if (!good) return drop(at); // nothing that follows can be trusted
    if (!rest.empty()) at.begun.assign(rest.begin(), rest.end());
    arm();
}

/// Adds to the frame that has begun what it lacks, which is no more than there is. False when it is none.
CORTC_DECL bool server::finish_frame(client_stream& at, byte_view& rest, time_point now) {
    constexpr std::size_t least = 4; // where its size is
    while (!rest.empty()) {
        const auto size = frame_size(at.begun);
        if (size && !is_acceptable(at, *size)) return false;
        const auto more = std::min(rest.size(), size.value_or(least) - at.begun.size());
        at.begun.insert(at.begun.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(more));
        rest = rest.subspan(more);
        const auto known = frame_size(at.begun);
        if (!known || at.begun.size() < *known || *known == 0) continue;
        take_frame(at, at.begun, now);
        flush(); // what is on its way to peers is in there
        at.begun.clear();
        return true;
    }
    const auto size = frame_size(at.begun);
    return !size || is_acceptable(at, *size);
}

CORTC_DECL bool server::is_acceptable(const client_stream& at, std::size_t size) const {
    return size != 0 && (size <= detail::longest_request || engine_.has_allocation(at.path));
}

CORTC_DECL void server::take_frame(client_stream& at, byte_view frame, time_point now) {
    if (const auto out = engine_.handle_packet(at.path, frame, now))
        to_peer(*out, net::ecn::not_ect, now);
    else
        drain(now);
}

CORTC_DECL void server::drop(client_stream& which) {
    const auto now = network_.now();
    const auto path = which.path;
    streams_.erase(path.via.value()); // it may be who calls
    engine_.path_ended(path, now);
    drain(now);
}

CORTC_DECL void server::close_idle(time_point now) {
    while (!idle_checks_.empty() && idle_checks_.front().at <= now) {
        const auto id = idle_checks_.pop_front().stream;
        const auto at = streams_.find(id);
        if (at == streams_.end()) continue;
        if (engine_.has_allocation(at->second->path)) at->second->used = now;
        if (at->second->used + idle_time_ <= now)
            drop(*at->second);
        else
            idle_checks_.push_back({now + idle_time_, id});
    }
}

CORTC_DECL void server::handle_timeout() {
    armed_ = never;
    const auto now = network_.now();
    engine_.handle_timeout(now);
    close_idle(now);
    drain(now);
}

// ---- what the engine has

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
        if (to == streams_.end() || !to->second->stream->send(std::span(&what, 1))) engine_.dropped_slow();
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
