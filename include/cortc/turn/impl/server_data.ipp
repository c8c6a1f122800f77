#pragma once

#include "cortc/net/send_batch.hpp"
#include "cortc/turn/server_engine.hpp"

#include <algorithm>
#include <cstring>

namespace cortc::turn {

namespace detail {

inline constexpr duration permission_life = std::chrono::minutes(5); // RFC 8656 9
inline constexpr duration channel_life = std::chrono::minutes(10);   // RFC 8656 12
inline constexpr std::size_t longest_to_stream =
    0xffff - server_engine::max_header - server_engine::max_padding;

} // namespace detail

// ---- permissions and channels

CORTC_DECL bool server_engine::is_own_relay(const ip_address& peer) const noexcept {
    const auto& of = local_[peer.is_v6() ? 1 : 0];
    return of && of->external == peer;
}

CORTC_DECL std::optional<stun::error> server_engine::may_reach(const allocation& of,
                                                               const ip_address& peer) const {
    if (of.relays[peer.is_v6() ? 1 : 0].is != relayed::state::open)
        return stun::error::peer_address_family_mismatch;
    // To a relayed address of this server nothing goes over the network.
    if (!is_own_relay(peer) && !policy_.permits(peer)) return stun::error::forbidden;
    return {};
}

CORTC_DECL bool server_engine::permit(allocation& of, const ip_address& peer, time_point now) {
    auto& all = of.permissions;
    if (!all.contains(peer) && all.size() >= options_.limit.permissions) {
        std::erase_if(all, [now](const auto& each) { return each.second.ends <= now; });
        if (all.size() >= options_.limit.permissions) return false;
    }
    const bool own = !policy_.permits(peer); // then it is a relayed address
    all.insert_or_assign(peer, permission{now + detail::permission_life, own});
    return true;
}

CORTC_DECL void server_engine::create_permission(const asked& what, const stun::message& request,
                                                 allocation& of, time_point now) {
    const auto peers = request.xor_peer_addresses();
    if (!peers || peers->empty()) return refuse(what, stun::error::bad_request);
    // RFC 8656 9.2: all or none.
    for (const auto& each : *peers)
        if (const auto wrong = may_reach(of, each.address)) return refuse(what, *wrong);
    for (const auto& each : *peers)
        if (!permit(of, each.address, now)) return refuse(what, stun::error::insufficient_capacity);
    answer(what, stun::message_class::success_response, [](stun::message_writer&) {});
}

CORTC_DECL std::optional<std::uint16_t> server_engine::channel_of(const stun::message& request) const {
    if (const auto number = request.channel_number()) return number;
    const auto value = request.find(stun::attribute_type::channel_number);
    if (!options_.old_channels || !value || value->size() != 4) return {};
    const auto number = byte_reader(*value).u16();
    return number >= 0x4000 && number <= 0x7fff ? std::optional(number) : std::nullopt;
}

CORTC_DECL void server_engine::bind_channel(const asked& what, const stun::message& request, allocation& of,
                                            time_point now) {
    const auto number = channel_of(request);
    const auto peer = request.xor_peer_address();
    if (!number || !peer || peer->port == 0) return refuse(what, stun::error::bad_request);
    if (const auto wrong = may_reach(of, peer->address)) return refuse(what, *wrong);
    std::erase_if(of.numbers, [&](const auto& each) { return of.channels.at(each.second).ends <= now; });
    std::erase_if(of.channels, [now](const auto& each) { return each.second.ends <= now; });
    // RFC 8656 12.2: neither the number nor the peer can be bound to another.
    const auto same_number = of.channels.find(*number);
    const auto same_peer = of.numbers.find(*peer);
    if (same_number != of.channels.end() && same_number->second.peer != *peer)
        return refuse(what, stun::error::bad_request);
    if (same_peer != of.numbers.end() && same_peer->second != *number)
        return refuse(what, stun::error::bad_request);
    if (same_number == of.channels.end() && of.channels.size() >= options_.limit.channels)
        return refuse(what, stun::error::insufficient_capacity);
    if (!permit(of, peer->address, now)) return refuse(what, stun::error::insufficient_capacity);
    of.channels.insert_or_assign(*number, channel{*peer, now + detail::channel_life});
    of.numbers.insert_or_assign(*peer, *number);
    answer(what, stun::message_class::success_response, [](stun::message_writer&) {});
}

// ---- to peers

CORTC_DECL std::optional<server_engine::outbound>
server_engine::handle_channel_data(const client_path& from, byte_view packet, time_point now) {
    byte_reader in(packet);
    const auto number = in.u16();
    const auto size = in.u16();
    if (!in.ok() || size > in.remaining()) {
        ++statistics_.dropped_malformed;
        return {};
    }
    auto* const of = find(from);
    if (!of) {
        ++statistics_.dropped_no_allocation;
        return {};
    }
    const auto bound = of->channels.find(number);
    if (bound == of->channels.end() || bound->second.ends <= now) {
        ++statistics_.dropped_no_channel;
        return {};
    }
    return to_peer(*of, bound->second.peer, packet.subspan(4, size), now);
}

CORTC_DECL std::optional<server_engine::outbound>
server_engine::handle_send(const client_path& from, const stun::message& message, time_point now) {
    const auto peer = message.xor_peer_address();
    const auto payload = message.data();
    if (!peer || peer->port == 0 || !payload ||
        !message.unknown_comprehension_required(detail::unsupported_attributes).empty()) {
        ++statistics_.dropped_malformed;
        return {};
    }
    auto* const of = find(from);
    if (!of) {
        ++statistics_.dropped_no_allocation;
        return {};
    }
    return to_peer(*of, *peer, *payload, now);
}

CORTC_DECL std::optional<server_engine::outbound> server_engine::to_peer(allocation& of, const endpoint& peer,
                                                                         byte_view payload, time_point now) {
    const auto granted = of.permissions.find(peer.address);
    const auto family = peer.address.is_v6() ? 1U : 0U;
    if (granted == of.permissions.end() || granted->second.ends <= now ||
        of.relays[family].is != relayed::state::open) {
        ++statistics_.dropped_no_permission;
        return {};
    }
    std::optional<outbound> out;
    if (const auto own = relayed_.find(peer); own != relayed_.end())
        out = outbound{own->second, of.relays[family].address, payload, true};
    else if (!granted->second.own)
        out = outbound{id_of(of, family), peer, payload, false};
    if (!out) {
        ++statistics_.dropped_no_permission;
        return {};
    }
    ++statistics_.packets_to_peers;
    ++of.packets_to_peers;
    statistics_.bytes_to_peers += payload.size();
    of.bytes_to_peers += payload.size();
    return out;
}

// ---- from peers

CORTC_DECL std::optional<server_engine::inbound>
server_engine::handle_relayed(relay_id at, const endpoint& peer, byte_view payload, byte_span before,
                              byte_span after, time_point now) {
    auto* const of = of_relay(at);
    if (!of || !of->complete || of->relays[at.value() % 2].is != relayed::state::open) {
        ++statistics_.dropped_no_allocation;
        return {};
    }
    const auto granted = of->permissions.find(peer.address);
    if (granted == of->permissions.end() || granted->second.ends <= now) {
        ++statistics_.dropped_no_permission;
        return {};
    }
    const auto& path = of->request.from;
    if (payload.size() > (path.stream ? detail::longest_to_stream : net::send_batch::max_datagram)) {
        ++statistics_.dropped_too_long;
        return {};
    }
    const auto odd = (4 - payload.size() % 4) % 4;
    inbound around{&path};
    std::array<std::byte, max_header> header;
    const auto number = of->numbers.find(peer);
    if (number != of->numbers.end() && of->channels.at(number->second).ends > now) {
        byte_writer out(header);
        out.u16(number->second);
        out.u16(static_cast<std::uint16_t>(payload.size()));
        around.header = 4;
        around.padding = path.stream ? odd : 0; // RFC 8656 12.5
    } else {
        stun::transaction_id id;
        random_.fill(id);
        stun::message_writer message(header, stun::message_class::indication, stun::method::data, id);
        message.add_xor_peer_address(peer);
        byte_writer out(byte_span(header).subspan(message.size()));
        out.u16(static_cast<std::uint16_t>(stun::attribute_type::data));
        out.u16(static_cast<std::uint16_t>(payload.size()));
        around.header = message.size() + out.position();
        around.padding = odd;
        byte_writer length(byte_span(header).subspan(2, 2));
        length.u16(static_cast<std::uint16_t>(around.header - stun::header_size + payload.size() + odd));
    }
    std::memcpy(before.data() + (before.size() - around.header), header.data(), around.header);
    std::memset(after.data(), 0, around.padding);
    ++statistics_.packets_to_clients;
    ++of->packets_to_client;
    statistics_.bytes_to_clients += payload.size();
    of->bytes_to_client += payload.size();
    return around;
}

} // namespace cortc::turn
