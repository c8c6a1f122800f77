#pragma once

#include "cortc/net/network.hpp"
#include "cortc/stun/credentials.hpp"
#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cortc::test {

/// As much of a STUN and TURN server over UDP as tests need: one user, one address, everything that a client
/// may ask for granted, and misbehaviour on demand. Allocations do not expire.
class turn_server final : private net::datagram_handler {
  public:
    turn_server(net::network& network, const ip_address& at)
        : network_(network), socket_(network.open_udp({at, 3478}, *this).value()) {}

    std::string username = "user", password = "secret", realm = "example.org", nonce = "first";
    bool silent = false;
    std::optional<endpoint> mapped;      ///< what every client is told of itself; none: the truth
    std::optional<endpoint> alternate;   ///< where Allocate requests are sent
    std::optional<stun::error> refusing; ///< Allocate
    std::size_t mismatches = 0;          ///< so many Allocate requests, with 437

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

    void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
        if (silent) return;
        for (const auto& each : batch) from_client(each.data, each.source);
    }

    void send(byte_view what, const endpoint& to) {
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
            if (code == stun::error::try_alternate) out.add_alternate_server(*alternate);
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
};

} // namespace cortc::test
