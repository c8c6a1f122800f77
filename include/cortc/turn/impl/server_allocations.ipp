#pragma once

#include "cortc/base/quoted.hpp"
#include "cortc/turn/rest_credentials.hpp"
#include "cortc/turn/server_engine.hpp"

#include <algorithm>

namespace cortc::turn {

namespace detail {

inline constexpr duration reservation_life = std::chrono::seconds(30); // RFC 8656 7.2

} // namespace detail

// ---- Allocate (RFC 8656 7.2)

CORTC_DECL void server_engine::allocate(const asked& what, const stun::message& request, credential who,
                                        time_point now) {
    auto made = std::make_unique<allocation>();
    made->request = what;
    made->owner = std::move(who);
    made->quota = quota_of(made->owner.username);
    if (const auto wrong = read_allocate(request, *made, now)) return refuse(what, *wrong);
    if (const auto full = room_for(*made, what.from)) return refuse(what, *full);
    if (made->token) // what it held is this allocation's now
        std::erase_if(reservations_, [&](const reservation& each) { return each.token == made->token; });
    made->token.reset();
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(allocations_.size()));
        allocations_.emplace_back();
    }
    made->number = free_.back();
    free_.pop_back();
    ++quotas_[made->quota];
    paths_.emplace(what.from, made->number);
    ++statistics_.allocations;
    auto& of = *(allocations_[made->number] = std::move(made));
    open_next(of, now);
}

CORTC_DECL std::optional<stun::error> server_engine::read_allocate(const stun::message& request,
                                                                   allocation& into, time_point now) {
    using stun::attribute_type;
    using stun::error;
    const auto transport = request.requested_transport();
    if (!transport) return error::bad_request;
    if (*transport != stun::transport_protocol::udp) return error::unsupported_transport_protocol;
    if (request.has(attribute_type::lifetime) && !request.lifetime()) return error::bad_request;

    const bool family = request.has(attribute_type::requested_address_family);
    const bool additional = request.has(attribute_type::additional_address_family);
    const bool even = request.has(attribute_type::even_port);
    if (request.has(attribute_type::reservation_token)) {
        const auto token = request.reservation_token();
        if (!token || family || additional || even) return error::bad_request;
        const auto held = std::ranges::find_if(reservations_, [&](const reservation& each) {
            return now < each.ends && std::ranges::equal(each.token, *token);
        });
        if (held == reservations_.end()) return error::insufficient_capacity;
        into.token = held->token;
        into.reserved = held->port;
    }
    if (family && additional) return error::bad_request;
    if (additional && !request.additional_address_family()) return error::bad_request;
    if (even) {
        const auto reserve = request.even_port();
        if (!reserve || (*reserve && additional)) return error::bad_request;
        into.even = true;
        into.reserve = *reserve;
        if (*reserve && reservations_.size() >= options_.limit.reservations)
            return error::insufficient_capacity;
    }
    const auto wanted = request.requested_address_family();
    if (family && !wanted) return error::address_family_not_supported;
    // A reservation is of IPv4: the token is redeemed without naming a family.
    if (into.reserve && wanted == stun::address_family::ipv6) return error::insufficient_capacity;
    into.dual = additional;
    into.relays[0].wanted = additional || !wanted || *wanted == stun::address_family::ipv4; // IPv4 if none
    into.relays[1].wanted = additional || (wanted && *wanted == stun::address_family::ipv6);
    bool any = false;
    for (std::size_t i = 0; i < 2; ++i) {
        if (!into.relays[i].wanted) continue;
        any = any || local_[i];
        if (!local_[i]) failed(into.relays[i], error::address_family_not_supported);
    }
    into.granted = lifetime_for(request);
    return any ? std::nullopt : std::optional(error::address_family_not_supported);
}

CORTC_DECL std::optional<stun::error> server_engine::room_for(const allocation& what,
                                                              const client_path& from) {
    const auto of_user = quotas_.find(what.quota);
    if (options_.limit.allocations_per_user == 0 ||
        (of_user != quotas_.end() && of_user->second >= options_.limit.allocations_per_user))
        return stun::error::allocation_quota_reached;
    const auto& other = options_.alternate_server;
    if (other && other->address.is_v4() == from.client.address.is_v4()) return stun::error::try_alternate;
    if (!accepting_ || statistics_.allocations >= options_.limit.allocations)
        return stun::error::insufficient_capacity;
    return {};
}

CORTC_DECL std::string server_engine::quota_of(std::string_view username) const {
    const bool rest = !options_.rest_secrets.empty() && rest_credentials::expiry_of(username);
    return std::string(rest ? rest_credentials::user_of(username) : username);
}

// ---- relayed addresses

CORTC_DECL void server_engine::open_next(allocation& of, time_point now) {
    for (std::size_t family = 0; family < 2; ++family) {
        auto& each = of.relays[family];
        if (!each.wanted || each.is != relayed::state::none) continue;
        if (draw_port(of, family, now)) return; // the owner answers
        failed(each, stun::error::insufficient_capacity);
    }
    complete(of, now);
}

CORTC_DECL bool server_engine::draw_port(allocation& of, std::size_t family, time_point) {
    auto& local = *local_[family];
    auto& relay = of.relays[family];
    if (relay.attempts++ >= options_.limit.port_attempts) return false;
    if (auto reserved = std::exchange(of.reserved, std::nullopt)) {
        relay.port = *reserved;
        relay.attempts = options_.limit.port_attempts; // that port was promised, no other
    } else if (local.ranged) {
        const auto port = of.even ? local.ports.take_even(random_, of.reserve) : local.ports.take(random_);
        if (!port) return false;
        relay.port = *port;
    } else if (of.even) {
        return false; // the system's ports come as they come
    }
    relay.is = relayed::state::opening;
    events_.push_back(open_relay{id_of(of, family), {local.local, relay.port}});
    return true;
}

CORTC_DECL void server_engine::failed(relayed& which, stun::error why) noexcept {
    which.is = relayed::state::failed;
    which.why = why;
}

CORTC_DECL server_engine::allocation* server_engine::of_relay(relay_id which) noexcept {
    const auto number = which.value() / 2;
    return number < allocations_.size() ? allocations_[number].get() : nullptr;
}

CORTC_DECL void server_engine::relay_opened(relay_id which, const endpoint& local, time_point now) {
    auto* const of = of_relay(which);
    const auto family = which.value() % 2;
    if (!of || of->relays[family].is != relayed::state::opening) return;
    auto& relay = of->relays[family];
    relay.is = relayed::state::open;
    relay.address = {local_[family]->external, local.port};
    relayed_.insert_or_assign(relay.address, which);
    open_next(*of, now);
}

CORTC_DECL void server_engine::relay_refused(relay_id which, time_point now) {
    auto* const of = of_relay(which);
    const auto family = which.value() % 2;
    if (!of || of->relays[family].is != relayed::state::opening) return;
    close_relay_of(*of, family);
    of->relays[family].is = relayed::state::none; // another port may be free
    open_next(*of, now);
}

/// Gives back what a relayed address has taken.
CORTC_DECL void server_engine::close_relay_of(allocation& of, std::size_t family) {
    auto& relay = of.relays[family];
    if (relay.is == relayed::state::open) {
        relayed_.erase(relay.address);
        events_.push_back(close_relay{id_of(of, family)});
    }
    if (relay.port != 0) {
        auto& ports = local_[family]->ports;
        ports.give_back(relay.port);
        if (of.reserve && relay.is != relayed::state::open)
            ports.give_back(static_cast<std::uint16_t>(relay.port + 1));
    }
    relay.port = 0;
    relay.is = relayed::state::failed;
}

CORTC_DECL void server_engine::complete(allocation& of, time_point now) {
    const auto open = [](const relayed& each) { return each.is == relayed::state::open; };
    if (std::ranges::none_of(of.relays, open)) {
        auto why = stun::error::insufficient_capacity;
        for (const auto& each : of.relays)
            if (each.wanted && !of.dual) why = each.why;
        const auto what = of.request;
        end(of, {}, now);
        return refuse(what, why);
    }
    of.complete = true;
    of.since = now;
    set_end(of, of.granted, now);
    if (of.reserve) {
        auto& held = reservations_.emplace_back();
        random_.fill(held.token);
        held.port = static_cast<std::uint16_t>(of.relays[0].port + 1);
        held.ends = now + detail::reservation_life;
        of.token = held.token;
    }
    ++statistics_.allocations_made;
    if (log_.wants(log_level::info)) {
        std::string where;
        for (const auto& each : of.relays)
            if (open(each)) where += ' ' + to_string(each.address);
        log_.info("allocation {} of {} at {}: relays{}, {} s", of.number, in_quotes(of.owner.username),
                  to_string(of.request.from.client), where, of.granted.count());
    }
    answer_allocate(of.request, of);
}

CORTC_DECL void server_engine::answer_allocate(const asked& what, const allocation& of) {
    answer(what, stun::message_class::success_response, [&](stun::message_writer& out) {
        for (const auto& each : of.relays)
            if (each.is == relayed::state::open) out.add_xor_relayed_address(each.address);
        out.add_lifetime(of.granted);
        if (of.token) out.add_reservation_token(*of.token);
        out.add_xor_mapped_address(what.from.client);
        for (std::size_t i = 0; i < 2; ++i)
            if (of.dual && of.relays[i].is == relayed::state::failed)
                out.add_address_error_code(i == 0 ? stun::address_family::ipv4 : stun::address_family::ipv6,
                                           of.relays[i].why, stun::reason_phrase(of.relays[i].why));
    });
}

// ---- Refresh (RFC 8656 8.2), and the end

CORTC_DECL std::chrono::seconds server_engine::lifetime_for(const stun::message& request) const noexcept {
    using std::chrono::seconds;
    const auto least = std::chrono::floor<seconds>(options_.default_lifetime);
    const auto most = std::max(least, std::chrono::floor<seconds>(options_.max_lifetime));
    return std::clamp(request.lifetime().value_or(least), least, most);
}

CORTC_DECL void server_engine::refresh(const asked& what, const stun::message& request, allocation& of,
                                       time_point now) {
    using stun::attribute_type;
    if (request.has(attribute_type::lifetime) && !request.lifetime())
        return refuse(what, stun::error::bad_request);
    std::optional<std::size_t> family;
    if (request.has(attribute_type::requested_address_family)) {
        const auto asked_for = request.requested_address_family();
        family = asked_for == stun::address_family::ipv6 ? 1 : 0;
        if (!asked_for || of.relays[*family].is != relayed::state::open)
            return refuse(what, stun::error::peer_address_family_mismatch);
    }
    const auto succeed = [&](std::chrono::seconds lifetime) {
        answer(what, stun::message_class::success_response, [&](stun::message_writer& out) {
            out.add_lifetime(lifetime);
            // RFC 8489 10 has it in errors. Who does not look for it here stays; others go when they can.
            const auto& other = options_.alternate_server;
            if (other && other->address.is_v4() == what.from.client.address.is_v4())
                out.add_alternate_server(*other);
        });
    };
    if (request.lifetime() == std::chrono::seconds(0)) {
        succeed(std::chrono::seconds(0));
        const bool other = family && of.relays[1 - *family].is == relayed::state::open;
        return other ? close_relay_of(of, *family) : end(of, "the client has ended it", now);
    }
    set_end(of, lifetime_for(request), now);
    succeed(of.granted);
}

CORTC_DECL void server_engine::set_end(allocation& of, std::chrono::seconds lifetime, time_point now) {
    ends_.erase({of.ends, of.number});
    of.granted = lifetime;
    of.ends = now + lifetime;
    ends_.emplace(of.ends, of.number);
}

/// `of` is gone afterwards. One that was never complete leaves no trace.
CORTC_DECL void server_engine::end(allocation& of, std::string_view why, time_point now) {
    if (of.complete)
        log_.info("allocation {} of {} at {} is over: {}; {} s, {} packets ({} bytes) to peers, {} ({}) from "
                  "them",
                  of.number, in_quotes(of.owner.username), to_string(of.request.from.client), why,
                  std::chrono::floor<std::chrono::seconds>(now - of.since).count(), of.packets_to_peers,
                  of.bytes_to_peers, of.packets_to_client, of.bytes_to_client);
    for (std::size_t family = 0; family < 2; ++family)
        if (of.relays[family].is == relayed::state::open || of.relays[family].is == relayed::state::opening)
            close_relay_of(of, family);
    if (const auto count = quotas_.find(of.quota); count != quotas_.end() && --count->second == 0)
        quotas_.erase(count);
    ends_.erase({of.ends, of.number});
    paths_.erase(of.request.from);
    --statistics_.allocations;
    const auto number = of.number;
    free_.push_back(number);
    allocations_[number].reset();
}

} // namespace cortc::turn
