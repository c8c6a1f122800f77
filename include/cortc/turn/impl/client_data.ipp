#pragma once

#include "cortc/stun/message_writer.hpp"
#include "cortc/turn/client.hpp"

#include <algorithm>
#include <cstring>

namespace cortc::turn {

namespace detail {

inline constexpr std::uint16_t first_channel = 0x4000, last_channel = 0x4fff; // RFC 8656 12
inline constexpr duration channel_rest =
    std::chrono::minutes(15); // RFC 8656 12: its life, and five minutes more
inline constexpr std::size_t largest_payload = 0xffff - max_header - max_padding;

} // namespace detail

// What goes to peers

CORTC_DECL std::optional<client::wrapping> client::wrap(const endpoint& peer, byte_span before,
                                                        byte_view payload, byte_span after, time_point now) {
    if (state_ != client_state::allocated) {
        ++statistics_.dropped_not_allocated;
        return {};
    }
    if (!relays_family_of(peer)) {
        ++statistics_.dropped_wrong_family;
        return {};
    }
    auto* of = payload.size() > detail::largest_payload ? nullptr : permission_for(peer.address, now);
    if (!of) {
        ++statistics_.dropped_over_limit;
        return {};
    }
    of->grant.use(now);
    if (of->grant.due(now)) ask_permission(*of, now);
    if (of->grant.holds(now)) return write_around(peer, before, payload, after, now);
    if (of->grant.waiting())
        hold(peer, payload);
    else
        ++statistics_.dropped_refused;
    return {};
}

CORTC_DECL std::optional<client::wrapping> client::write_around(const endpoint& peer, byte_span before,
                                                                byte_view payload, byte_span after,
                                                                time_point now) {
    auto* over = stun::is_stun(payload) ? find(peer) : channel_for(peer, now);
    if (over) {
        over->grant.use(now);
        if (over->grant.due(now)) ask_channel(*over, now);
    }
    wrapping around;
    const auto odd = (4 - payload.size() % 4) % 4;
    std::array<std::byte, max_header> header;
    if (over && over->grant.holds(now)) {
        byte_writer out(header);
        out.u16(over->number);
        out.u16(static_cast<std::uint16_t>(payload.size()));
        around = {4, config_.stream ? odd : 0}; // RFC 8656 12.5
        ++statistics_.channel_data_sent;
    } else {
        stun::transaction_id id;
        config_.random.fill(id);
        stun::message_writer message(header, stun::message_class::indication, stun::method::send, id);
        message.add_xor_peer_address(peer);
        byte_writer out(byte_span(header).subspan(message.size()));
        out.u16(static_cast<std::uint16_t>(stun::attribute_type::data));
        out.u16(static_cast<std::uint16_t>(payload.size()));
        around = {message.size() + out.position(), odd};
        byte_writer length(byte_span(header).subspan(2, 2));
        length.u16(static_cast<std::uint16_t>(around.header - stun::header_size + payload.size() + odd));
        ++statistics_.indications_sent;
    }
    std::memcpy(before.data() + (before.size() - around.header), header.data(), around.header);
    std::memset(after.data(), 0, around.padding);
    return around;
}

CORTC_DECL void client::hold(const endpoint& peer, byte_view payload) {
    if (held_.size() >= config_.limit.held) {
        ++statistics_.dropped_over_limit;
        return;
    }
    auto& copy = held_.emplace_back(held{peer, buffer(payload.size())});
    copy.payload.append(payload);
}

CORTC_DECL void client::drop_held(const ip_address& peer) noexcept {
    statistics_.dropped_refused +=
        std::erase_if(held_, [&](const held& each) { return each.peer.address == peer; });
}

CORTC_DECL client::permission* client::find(const ip_address& peer) noexcept {
    auto at = std::ranges::find(permissions_, peer, &permission::address);
    return at == permissions_.end() ? nullptr : &*at;
}

CORTC_DECL client::channel* client::find(const endpoint& peer) noexcept {
    auto at = std::ranges::find(channels_, peer, &channel::peer);
    return at == channels_.end() ? nullptr : &*at;
}

CORTC_DECL client::permission* client::permission_for(const ip_address& peer, time_point now) {
    if (auto* known = find(peer)) return known;
    if (permissions_.size() >= config_.limit.permissions) {
        auto lapsed = [now](const permission& each) {
            return !each.grant.waiting() && !each.grant.holds(now);
        };
        std::erase_if(permissions_, lapsed);
        if (permissions_.size() >= config_.limit.permissions) return nullptr;
    }
    return &permissions_.emplace_back(permission{peer, {}});
}

CORTC_DECL client::channel* client::channel_for(const endpoint& peer, time_point now) {
    if (auto* known = find(peer)) return known;
    const auto most =
        std::min<std::size_t>(config_.limit.channels, detail::last_channel - detail::first_channel + 1U);
    if (channels_.size() < most) {
        const auto number = static_cast<std::uint16_t>(detail::first_channel + channels_.size());
        return &channels_.emplace_back(channel{peer, number, {}});
    }
    // The number that rests longest, if the server has forgotten it.
    auto oldest =
        std::ranges::min_element(channels_, {}, [](const channel& each) { return each.grant.used(); });
    if (oldest == channels_.end() || oldest->grant.waiting() ||
        now < oldest->grant.used() + detail::channel_rest)
        return nullptr;
    *oldest = {peer, oldest->number, {}};
    return &*oldest;
}

CORTC_DECL void client::ask_permission(permission& of, time_point now) {
    of.grant.asked();
    send_request({.method = stun::method::create_permission, .peer = {of.address, 0}}, now);
}

CORTC_DECL void client::ask_channel(channel& of, time_point now) {
    of.grant.asked();
    send_request({.method = stun::method::channel_bind, .peer = of.peer, .channel = of.number}, now);
}

// What comes from peers

CORTC_DECL std::optional<relayed> client::handle_channel_data(byte_view packet, time_point now) {
    byte_reader in(packet);
    const auto number = in.u16();
    const auto size = in.u16();
    if (!in.ok() || size > in.remaining()) {
        ++statistics_.received_malformed;
        return {};
    }
    auto at = std::ranges::find(channels_, number, &channel::number);
    if (state_ != client_state::allocated || at == channels_.end() || !(at->bound || at->grant.waiting())) {
        ++statistics_.received_unexpected;
        return {};
    }
    ++statistics_.channel_data_received;
    at->grant.use(now);
    if (auto* of = find(at->peer.address)) of->grant.use(now);
    return relayed{at->peer, packet.subspan(4, size)};
}

CORTC_DECL std::optional<relayed> client::handle_data(const stun::message& message, time_point now) {
    const auto peer = message.xor_peer_address();
    const auto payload = message.data();
    if (!peer || !payload || !message.unknown_comprehension_required().empty()) {
        ++statistics_.received_malformed;
        return {};
    }
    auto* of = find(peer->address);
    if (state_ != client_state::allocated || !of) { // RFC 8656 11.4: nobody was permitted
        ++statistics_.received_unexpected;
        return {};
    }
    ++statistics_.indications_received;
    of->grant.use(now);
    return relayed{*peer, *payload};
}

} // namespace cortc::turn
