#pragma once

#include "cortc/crypto/backend.hpp"
#include "cortc/net/network.hpp"
#include "cortc/stun/credentials.hpp"
#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"
#include "cortc/turn/framing.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cortc::test {

/// As much of a STUN and TURN server as tests need, over UDP, and TCP, TLS and DTLS where they are listened
/// for: one user, one address, everything that a client may ask for granted, and misbehaviour on demand.
/// Allocations do not expire; over a stream they go with it.
class turn_server final : private net::datagram_handler, private net::accept_handler {
  public:
    turn_server(net::network& network, const ip_address& at)
        : network_(network), socket_(network.open_udp({at, 3478}, *this).value()) {}

    std::string username = "user", password = "secret", realm = "example.org", nonce = "first";
    bool silent = false;
    std::optional<endpoint> mapped;         ///< what every client is told of itself; none: the truth
    std::optional<endpoint> alternate;      ///< where Allocate requests are sent
    std::optional<stun::error> refusing;    ///< Allocate
    std::size_t mismatches = 0;             ///< so many Allocate requests, with 437
    bool knows_dual = true;                 ///< ADDITIONAL-ADDRESS-FAMILY; there is no IPv6 in any case
    std::size_t other_family = 0;           ///< Allocate requests for IPv6
    void forget() { allocations_.clear(); } ///< as one that was started anew

    std::optional<std::string> domain; ///< ALTERNATE-DOMAIN
    /// Bytes of an answer over a stream that are sent at a time; 0: all.
    std::size_t piece = 0;
    std::string garbage;               ///< what is sent over a stream instead of every answer
    std::function<void(bytes&)> alter; ///< changes what is sent over a stream
    /// Nothing that comes over streams is read.
    void hold_streams(bool yes) {
        for (auto& [client, which] : connections_)
            if (which->stream) which->stream->hold(yes);
    }

    void listen_tcp() { tcp_ = listen(3478); }
    /// Over TLS and DTLS.
    void listen_secure(std::shared_ptr<const crypto::tls_identity> identity) {
        identity_ = std::move(identity);
        tls_ = listen(5349);
        dtls_ = network_.open_udp({socket_->local().address, 5349}, *this).value();
    }
    /// Nobody listens any more, and every connection ends.
    void stop_streams() {
        tcp_.reset();
        tls_.reset();
        dtls_.reset();
        for (auto& [client, which] : std::exchange(connections_, {})) allocations_.erase(client);
    }
    [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }

    [[nodiscard]] std::size_t allocations() const noexcept { return allocations_.size(); } ///< now
    std::size_t made = 0, released = 0, bindings = 0;
    std::size_t relayed = 0; ///< payloads, both ways

  private:
    struct allocation final : net::datagram_handler {
        turn_server* server = nullptr;
        endpoint client;
        std::unique_ptr<net::udp_socket> relay;
        std::set<ip_address> permissions;
        std::map<std::uint16_t, endpoint> channels;

        void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
            for (const auto& each : batch) server->from_peer(*this, each);
        }
    };

    /// A client that is not at the plain UDP socket.
    struct connection final : net::stream_handler {
        turn_server* server = nullptr;
        endpoint client;
        std::unique_ptr<net::stream> stream;          // none: DTLS
        std::unique_ptr<crypto::tls_session> session; // none: in the clear
        bytes partial;

        void handle_connected(net::stream&) override {}
        void handle_data(net::stream&, byte_span data) override { input(data); }
        void handle_ended(net::stream&, boost::system::error_code) override { server->leave(client); }

        void input(byte_view data) {
            if (!session) return message_bytes(data);
            session->handle_input(data, server->network_.now());
            std::array<std::byte, 4096> room;
            while (const auto size = session->poll_read(room)) message_bytes(byte_view(room).first(size));
            flush();
        }
        void message_bytes(byte_view data) {
            partial.insert(partial.end(), data.begin(), data.end());
            for (;;) {
                const auto size = stream ? turn::frame_size(partial) : partial.size();
                if (!size || *size == 0 || *size > partial.size()) return;
                const bytes one(partial.begin(), partial.begin() + static_cast<std::ptrdiff_t>(*size));
                partial.erase(partial.begin(), partial.begin() + static_cast<std::ptrdiff_t>(*size));
                if (!server->silent) server->from_client(one, client);
            }
        }
        void send(byte_view what) {
            bytes changed(what.begin(), what.end());
            if (!server->garbage.empty())
                changed.assign(as_bytes(server->garbage).begin(), as_bytes(server->garbage).end());
            if (server->alter) server->alter(changed);
            what = changed;
            if (session) {
                session->write(what);
                return flush();
            }
            const auto piece = server->piece == 0 ? what.size() : server->piece;
            for (; !what.empty(); what = what.subspan(std::min(piece, what.size()))) {
                const auto part = what.first(std::min(piece, what.size()));
                stream->send(std::span(&part, 1));
            }
        }
        void flush() {
            std::array<std::byte, 2048> room;
            while (const auto size = session->poll_transmit(room)) {
                const byte_view part = byte_view(room).first(size);
                if (stream) {
                    stream->send(std::span(&part, 1));
                } else {
                    const net::outgoing out{part, client};
                    server->dtls_->send(std::span(&out, 1));
                }
            }
        }
    };
    friend struct connection;

    std::unique_ptr<net::listener> listen(std::uint16_t port) {
        return network_.listen({socket_->local().address, port}, *this).value();
    }
    connection& add_connection(const endpoint& client, bool secure, bool datagrams) {
        auto added = std::make_unique<connection>();
        added->server = this;
        added->client = client;
        if (secure) {
            crypto::tls_options options;
            options.role = crypto::tls_role::server;
            options.datagrams = datagrams;
            options.identity = identity_;
            options.mtu = 1400;
            added->session = crypto::default_backend().make_tls_session(options).value();
            added->session->start(network_.now());
        }
        return *(connections_[client] = std::move(added));
    }
    void leave(const endpoint& client) {
        allocations_.erase(client);
        connections_.erase(client);
    }
    void handle_accept(net::listener& at, std::unique_ptr<net::incoming_stream> what) override {
        auto& added = add_connection(what->remote(), &at == tls_.get(), false);
        added.stream = what->begin(added);
    }
    void handle_batch(net::udp_socket& at, std::span<const net::datagram> batch) override {
        for (const auto& each : batch) {
            if (&at == dtls_.get()) {
                const auto known = connections_.find(each.source);
                auto& to =
                    known != connections_.end() ? *known->second : add_connection(each.source, true, true);
                to.input(each.data);
            } else if (!silent) {
                from_client(each.data, each.source);
            }
        }
    }

    void send(byte_view what, const endpoint& to) {
        if (const auto over = connections_.find(to); over != connections_.end())
            return over->second->send(what);
        const net::outgoing out{what, to};
        socket_->send(std::span(&out, 1));
    }
    /// A response, with what `add` writes.
    void answer(const stun::message& request, const endpoint& to, stun::message_class cls, bool sign,
                const std::function<void(stun::message_writer&)>& add) {
        std::array<std::byte, 1024> bytes;
        stun::message_writer out(bytes, cls, request.method(), request.id());
        add(out);
        if (sign) out.add_integrity(stun::long_term_key_md5(username, realm, password));
        send(out.written(), to);
    }
    void refuse(const stun::message& request, const endpoint& to, stun::error code, bool sign = true) {
        answer(request, to, stun::message_class::error_response, sign, [&](stun::message_writer& out) {
            out.add_error_code(code);
            if (code == stun::error::unauthenticated || code == stun::error::stale_nonce) {
                out.add_realm(realm);
                out.add_nonce(nonce);
            }
            if (code == stun::error::try_alternate) {
                out.add_alternate_server(*alternate);
                if (domain) out.add_alternate_domain(*domain);
            }
        });
    }

    void from_client(byte_view packet, const endpoint& from) {
        const auto known = allocations_.find(from);
        if (packet.size() >= 4 && std::to_integer<unsigned>(packet[0]) >> 6 == 1) {
            if (known == allocations_.end()) return;
            byte_reader in(packet);
            const auto channel = known->second->channels.find(in.u16());
            const auto size = in.u16();
            if (channel != known->second->channels.end() && size <= in.remaining())
                to_peer(*known->second, channel->second, packet.subspan(4, size));
            return;
        }
        const auto message = stun::message::parse(packet);
        if (!message) return;
        if (message->is(stun::message_class::indication, stun::method::send)) {
            const auto peer = message->xor_peer_address();
            const auto payload = message->data();
            if (known != allocations_.end() && peer && payload &&
                known->second->permissions.contains(peer->address))
                to_peer(*known->second, *peer, *payload);
            return;
        }
        if (!message->is_request()) return;
        if (message->method() == stun::method::binding) {
            ++bindings;
            return answer(
                *message, from, stun::message_class::success_response, false,
                [&](stun::message_writer& out) { out.add_xor_mapped_address(mapped.value_or(from)); });
        }
        if (!message->has_integrity()) return refuse(*message, from, stun::error::unauthenticated, false);
        if (message->nonce() != nonce) return refuse(*message, from, stun::error::stale_nonce, false);
        if (!message->verify_integrity(stun::long_term_key_md5(username, realm, password)))
            return refuse(*message, from, stun::error::unauthenticated, false);
        authentic(*message, from);
    }

    void authentic(const stun::message& request, const endpoint& from) {
        auto known = allocations_.find(from);
        if (request.method() == stun::method::allocate) {
            if (request.requested_address_family() == stun::address_family::ipv6)
                return ++other_family, refuse(request, from, stun::error::address_family_not_supported);
            if (refusing) return refuse(request, from, *refusing);
            if (mismatches != 0) return --mismatches, refuse(request, from, stun::error::allocation_mismatch);
            if (alternate) return refuse(request, from, stun::error::try_alternate);
            if (known == allocations_.end()) { // else it is repeated
                auto made_now = std::make_unique<allocation>();
                made_now->server = this;
                made_now->client = from;
                made_now->relay = network_.open_udp({socket_->local().address, 0}, *made_now).value();
                known = allocations_.emplace(from, std::move(made_now)).first;
                ++made;
            }
            return succeed(request, from, [&](stun::message_writer& out) {
                out.add_xor_relayed_address(known->second->relay->local());
                out.add_xor_mapped_address(mapped.value_or(from));
                out.add_lifetime(std::chrono::seconds(600));
                if (knows_dual && request.additional_address_family())
                    out.add_address_error_code(stun::address_family::ipv6,
                                               stun::error::address_family_not_supported, "no");
            });
        }
        if (known == allocations_.end()) return refuse(request, from, stun::error::allocation_mismatch);
        if (request.method() == stun::method::refresh) {
            const auto lifetime = request.lifetime().value_or(std::chrono::seconds(600));
            if (lifetime == std::chrono::seconds(0)) {
                allocations_.erase(known);
                ++released;
            }
            return succeed(request, from, [&](stun::message_writer& out) { out.add_lifetime(lifetime); });
        }
        const auto peer = request.xor_peer_address();
        if (!peer) return refuse(request, from, stun::error::bad_request);
        known->second->permissions.insert(peer->address);
        if (const auto channel = request.channel_number()) known->second->channels[*channel] = *peer;
        succeed(request, from, [](stun::message_writer&) {});
    }
    void succeed(const stun::message& request, const endpoint& to,
                 const std::function<void(stun::message_writer&)>& add) {
        answer(request, to, stun::message_class::success_response, true, add);
    }

    void to_peer(allocation& of, const endpoint& peer, byte_view payload) {
        ++relayed;
        const net::outgoing out{payload, peer};
        of.relay->send(std::span(&out, 1));
    }
    void from_peer(allocation& of, const net::datagram& packet) {
        if (!of.permissions.contains(packet.source.address)) return;
        ++relayed;
        std::array<std::byte, 2048> bytes;
        for (const auto& [number, peer] : of.channels)
            if (peer == packet.source) {
                byte_writer out(bytes);
                out.u16(number);
                out.u16(static_cast<std::uint16_t>(packet.data.size()));
                out.put(packet.data);
                if (connections_.contains(of.client)) out.zero((4 - packet.data.size() % 4) % 4);
                return send(out.written(), of.client);
            }
        stun::transaction_id id;
        network_.random().fill(id);
        stun::message_writer out(bytes, stun::message_class::indication, stun::method::data, id);
        out.add_xor_peer_address(packet.source);
        out.add_data(packet.data);
        send(out.written(), of.client);
    }

    net::network& network_;
    std::map<endpoint, std::unique_ptr<allocation>> allocations_;
    std::unique_ptr<net::udp_socket> socket_;
    std::shared_ptr<const crypto::tls_identity> identity_;
    std::map<endpoint, std::unique_ptr<connection>> connections_;
    std::unique_ptr<net::udp_socket> dtls_;
    std::unique_ptr<net::listener> tcp_, tls_;
};

} // namespace cortc::test
