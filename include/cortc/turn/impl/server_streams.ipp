#pragma once

#include "cortc/crypto/backend.hpp"
#include "cortc/error.hpp"
#include "cortc/turn/framing.hpp"
#include "cortc/turn/impl/server_sockets.hpp"
#include "cortc/turn/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace cortc::turn {

namespace detail {

/// On a stream without an allocation nothing is longer: no request is.
inline constexpr std::size_t longest_request = server_engine::max_answer;
/// Numbers of streams, as the engine knows them, begin behind those of sockets.
inline constexpr std::uint32_t first_stream = 1U << 16;
inline constexpr std::size_t tls_record = 16384;  // RFC 8446 5.1: the longest
inline constexpr std::size_t tls_overhead = 1024; // what sealing adds to a frame, and more

} // namespace detail

CORTC_DECL void server::listen_streams(const endpoint& at, bool tls) {
    const auto* const name = tls ? "TLS" : "TCP";
    auto made = std::make_unique<acceptor>(*this, tls);
    auto where = at;
    if (at.port == 0 && !tls)
        for (const auto& each : listening_)
            if (each.address == at.address) where.port = each.port;
    auto opened = network_.listen(where, *made);
    if (!opened && where != at) opened = network_.listen(at, *made);
    if (!opened)
        throw Error(errc::network, fmt::format("a TURN server cannot listen at {} ({}): {}", to_string(at),
                                               name, opened.error().message()));
    made->listener = std::move(*opened);
    auto& all = tls ? listening_tls_ : listening_tcp_;
    all.push_back(made->listener->local());
    log_.info("a TURN server listens at {} ({})", to_string(all.back()), name);
    acceptors_.push_back(std::move(made));
}

CORTC_DECL void server::accept(std::unique_ptr<net::incoming_stream> what, bool tls) {
    const auto now = network_.now();
    if (streams_.size() >= most_connections_ || !connecting_.take(what->remote().address, now))
        return; // it closes
    auto id = detail::first_stream + last_stream_++ % (0xffffffff - detail::first_stream);
    while (streams_.contains(id)) ++id; // after four thousand million connections
    auto made = std::make_unique<client_stream>(*this, client_path{server_socket(id), what->remote(), true});
    made->used = now;
    if (tls) {
        crypto::tls_options options;
        options.role = crypto::tls_role::server;
        options.identity = identity_;
        options.calendar = network_.calendar();
        options.log = log_;
        auto session = crypto::default_backend().make_tls_session(std::move(options));
        if (!session) return;
        made->tls = std::move(*session);
        made->tls->start(now);
    }
    made->stream = what->begin(*made);
    if (!made->stream) return;
    streams_.emplace(id, std::move(made));
    idle_checks_.push_back({now + idle_time_, id});
    arm();
}

CORTC_DECL void server::from_stream(client_stream& at, byte_span data) {
    const auto now = network_.now();
    const bool good = at.tls ? take_sealed(at, data, now) : take_bytes(at, data, now);
    flush();
    if (!good) return drop(at); // nothing that follows can be trusted
    arm();
}

CORTC_DECL bool server::take_sealed(client_stream& at, byte_view data, time_point now) {
    opened_.resize(detail::tls_record);
    at.tls->handle_input(data, now);
    bool good = true;
    while (good) {
        const auto size = at.tls->poll_read(opened_);
        if (size == 0) break;
        good = take_bytes(at, byte_view(opened_).first(size), now);
        flush(); // what is on its way to peers is in there
    }
    while (const auto event = at.tls->poll_event())
        if (!std::holds_alternative<crypto::tls_connected>(*event)) good = false;
    send_sealed(at);
    return good;
}

CORTC_DECL void server::send_sealed(client_stream& to) {
    sealed_.resize(detail::tls_record + detail::tls_overhead);
    while (const auto size = to.tls->poll_transmit(sealed_)) {
        const auto part = byte_view(sealed_).first(size);
        if (!to.stream->send(std::span(&part, 1))) return;
    }
}

/// All of it or nothing: once it is sealed it has to go.
CORTC_DECL bool server::send(client_stream& to, std::span<const byte_view> parts) {
    if (!to.tls) return to.stream->send(parts);
    joined_.clear();
    for (const auto& each : parts) joined_.insert(joined_.end(), each.begin(), each.end());
    if (to.stream->waiting() + joined_.size() + detail::tls_overhead > net::stream::send_limit) return false;
    if (!to.tls->write(joined_)) return false;
    send_sealed(to);
    return true;
}

/// Takes the frames of a stream. False when they are none.
CORTC_DECL bool server::take_bytes(client_stream& at, byte_view rest, time_point now) {
    bool good = at.begun.empty() || finish_frame(at, rest, now);
    while (good && !rest.empty()) {
        const auto size = frame_size(rest);
        good = !size || is_acceptable(at, *size);
        if (!good || !size || *size > rest.size()) break;
        take_frame(at, rest.first(*size), now);
        rest = rest.subspan(*size);
    }
    if (good && !rest.empty()) at.begun.assign(rest.begin(), rest.end());
    return good;
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
    if (which.tls && which.stream) {
        which.tls->shutdown();
        send_sealed(which);
    }
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

} // namespace cortc::turn
