#pragma once

#include "cortc/turn/server.hpp"

#include <memory>
#include <span>
#include <utility>
#include <vector>

// What turn::server's sockets are: handlers that tell it.

namespace cortc::turn {

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

/// Where TCP and TLS clients come.
struct server::acceptor final : net::accept_handler {
    acceptor(server& of, bool with_tls) : owner(of), tls(with_tls) {}
    void handle_accept(net::listener&, std::unique_ptr<net::incoming_stream> what) override {
        owner.accept(std::move(what), tls);
    }

    server& owner;
    bool tls;
    std::unique_ptr<net::listener> listener;
};

/// A TCP or TLS client.
struct server::client_stream final : net::stream_handler {
    client_stream(server& of, client_path a_path) : owner(of), path(std::move(a_path)) {}
    void handle_connected(net::stream&) override {}
    void handle_data(net::stream&, byte_span data) override { owner.from_stream(*this, data); }
    void handle_ended(net::stream&, boost::system::error_code) override { owner.drop(*this); }

    server& owner;
    client_path path;
    std::unique_ptr<net::stream> stream;
    std::unique_ptr<crypto::tls_session> tls;
    std::vector<std::byte> begun; // of a frame whose end has not come yet
    time_point used{};            // it came, or had an allocation
};

} // namespace cortc::turn
