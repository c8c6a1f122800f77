#pragma once

#include "cortc/base/overloaded.hpp"
#include "cortc/stun/message_writer.hpp"
#include "cortc/turn/client.hpp"

#include <algorithm>
#include <utility>

namespace cortc::turn {

namespace detail {

inline constexpr unsigned most_challenges = 3; // of one request: a server that says "stale" for ever ends it
inline constexpr duration longest_lifetime = std::chrono::hours(1);
inline constexpr duration longest_refresh = std::chrono::minutes(5); // a NAT forgets us sooner than a server
inline constexpr duration shortest_refresh = std::chrono::seconds(1);
inline constexpr duration pause_after_refusal = std::chrono::minutes(1);
inline constexpr duration pause_after_failure = std::chrono::seconds(5);

inline failed failure_of(const stun::message& message) {
    auto error = message.error_code();
    if (!error) return {0, "an error response without ERROR-CODE"};
    auto reason = error->reason;
    while (reason.ends_with('\0')) reason.remove_suffix(1); // coturn's
    return {static_cast<std::uint16_t>(error->code), std::string(reason)};
}

} // namespace detail

CORTC_DECL client::client(client_config config)
    : config_(std::move(config)), authentication_(config_.username, config_.password) {}

CORTC_DECL void client::start(time_point now) {
    if (state_ != client_state::idle) return;
    state_ = client_state::allocating;
    send_request({.method = stun::method::allocate}, now);
}

CORTC_DECL void client::confirm(time_point now) {
    if (state_ != client_state::allocated) return;
    confirming_ = true;
    refresh(now);
}

CORTC_DECL void client::close(time_point now) {
    if (state_ == client_state::closing || state_ == client_state::closed) return;
    held_.clear();
    // An Allocate that was sent may succeed, and then has to be undone: it stays, and is not repeated.
    const bool allocating = state_ == client_state::allocating;
    if (state_ == client_state::idle ||
        (allocating &&
         std::ranges::all_of(requests_, [](const request& each) { return each.transmissions == 0; }))) {
        end();
        events_.emplace_back(released{});
        return;
    }
    state_ = client_state::closing;
    release_by_ = now + config_.time.to_release;
    if (allocating) {
        for (auto& each : requests_) each.next = never;
        return;
    }
    requests_.clear();
    refresh(now);
}

CORTC_DECL void client::end() {
    state_ = client_state::closed;
    requests_.clear();
    permissions_.clear();
    channels_.clear();
    held_.clear();
    refresh_at_ = ends_ = release_by_ = never;
}

CORTC_DECL void client::fail(failed why) {
    if (state_ == client_state::closed) return;
    config_.log.info("the allocation is over: {} {:?}", why.code, why.reason);
    const bool closing = state_ == client_state::closing;
    end();
    if (closing)
        events_.emplace_back(released{});
    else
        events_.emplace_back(std::move(why));
}

// Requests

CORTC_DECL void client::write(request& what) {
    config_.random.fill(what.id);
    what.message.resize(max_message);
    stun::message_writer out(what.message.span(), stun::message_class::request, what.method, what.id);
    switch (what.method) {
    case stun::method::allocate:
        out.add_requested_transport(stun::transport_protocol::udp);
        if (config_.family) out.add_requested_address_family(*config_.family);
        if (config_.dual && !config_.family) out.add_additional_address_family();
        break;
    case stun::method::refresh:
        if (state_ == client_state::closing) out.add_lifetime(std::chrono::seconds(0));
        break;
    case stun::method::channel_bind:
        out.add_channel_number(what.channel);
        [[fallthrough]];
    default:
        out.add_xor_peer_address(what.peer);
    }
    if (!config_.software.empty()) out.add_software(config_.software);
    authentication_.sign(out);
    out.add_fingerprint();
    what.is_signed = authentication_.ready();
    what.message.resize(out.size());
}

CORTC_DECL void client::send_request(request what, time_point now) {
    write(what);
    if (what.message.empty())
        return refuse(what, {0, "the name, realm and nonce are longer than RFC 8489 14 allows"}, now);
    requests_.push_back(std::move(what));
}

CORTC_DECL bool client::last(const request& what) const noexcept {
    if (what.noted) return true;
    return what.transmissions >= (config_.stream ? 1 : config_.time.transmissions);
}

CORTC_DECL void client::transmitted(request& what, time_point now) {
    ++statistics_.requests_sent;
    ++what.transmissions;
    const auto& time = config_.time;
    if (config_.stream)
        what.next = now + time.over_stream;
    else
        what.next =
            now + time.rto * (last(what) ? time.last_wait : 1U << std::min(what.transmissions - 1, 16U));
}

CORTC_DECL void client::expire(request what, time_point now) {
    refuse(what, what.noted.value_or(failed{0, "the server does not answer"}), now);
}

CORTC_DECL void client::refuse(const request& asked, failed why, time_point now) {
    const auto code = static_cast<stun::error>(why.code);
    switch (asked.method) {
    case stun::method::allocate:
        return fail(std::move(why));
    case stun::method::refresh:
        // What the server finds wrong stays wrong; when it has trouble, or is silent, there is time until the
        // end.
        if (state_ == client_state::closing || (why.code >= 400 && why.code < 500))
            return fail(std::move(why));
        refresh_at_ = now + detail::pause_after_failure;
        return;
    case stun::method::create_permission: {
        if (code == stun::error::allocation_mismatch) return fail(std::move(why));
        if (code == stun::error::bad_request) refresh_at_ = now; // is the allocation still there?
        auto* of = find(asked.peer.address);
        if (!of) return;
        of->grant.refused(now,
                          code == stun::error::forbidden || code == stun::error::peer_address_family_mismatch
                              ? detail::pause_after_refusal
                              : detail::pause_after_failure);
        if (!of->grant.holds(now)) drop_held(asked.peer.address);
        events_.emplace_back(peer_refused{asked.peer.address, why.code, std::move(why.reason)});
        return;
    }
    default: {
        if (code == stun::error::allocation_mismatch) return fail(std::move(why));
        // Its data goes in indications; a number that was refused is never tried with another peer.
        config_.log.debug("no channel for {}: {} {:?}", to_string(asked.peer), why.code, why.reason);
        if (auto* of = find(asked.peer)) of->grant.refused(now, detail::pause_after_refusal);
    }
    }
}

CORTC_DECL void client::refresh(time_point now) {
    refresh_at_ = never;
    auto refreshing = [](const request& each) { return each.method == stun::method::refresh; };
    if (std::ranges::any_of(requests_, refreshing)) return;
    send_request({.method = stun::method::refresh}, now);
}

// Answers

CORTC_DECL std::optional<relayed> client::handle_packet(byte_view packet, time_point now) {
    if (!packet.empty() && std::to_integer<unsigned>(packet[0]) >> 6 == 1)
        return handle_channel_data(packet, now);
    auto message = stun::message::parse(packet);
    if (!message) {
        ++statistics_.received_malformed;
        return {};
    }
    if (message->is_response())
        handle_response(*message, now);
    else if (message->is(stun::message_class::indication, stun::method::data))
        return handle_data(*message, now);
    else
        ++statistics_.received_unexpected;
    return {};
}

CORTC_DECL void client::handle_response(const stun::message& message, time_point now) {
    auto at = std::ranges::find(requests_, message.id(), &request::id);
    if (at == requests_.end() || at->method != message.method()) {
        ++statistics_.received_unexpected;
        return;
    }
    const bool success = message.cls() == stun::message_class::success_response;
    const auto code = success ? 0 : detail::failure_of(message).code;
    const bool challenge = code == static_cast<unsigned>(stun::error::unauthenticated) ||
                           code == static_cast<unsigned>(stun::error::stale_nonce);
    if (at->is_signed && !challenge && !authentication_.verify(message)) {
        ++statistics_.received_unauthentic;
        // Servers leave errors unsigned, too. Who forges one has seen the request; still, an authentic answer
        // may follow.
        if (success || at->noted || code == static_cast<unsigned>(stun::error::try_alternate)) return;
        at->noted = detail::failure_of(message);
        at->next = std::min(at->next, now + (config_.stream ? duration(0) : config_.time.rto));
        return;
    }
    auto asked = std::move(*at);
    requests_.erase(at);
    if (!message.unknown_comprehension_required().empty())
        refuse(asked, {0, "the server's answer has attributes that must be understood and are not known"},
               now);
    else if (success)
        handle_success(asked, message, now);
    else
        handle_error(std::move(asked), message, now);
}

CORTC_DECL void client::handle_success(const request& asked, const stun::message& message, time_point now) {
    switch (asked.method) {
    case stun::method::allocate:
        return granted_allocation(message, now);
    case stun::method::refresh:
        return refreshed(message, now);
    case stun::method::create_permission:
        if (auto* of = find(asked.peer.address))
            of->grant.granted(now, std::chrono::seconds(300)); // RFC 8656 9
        return;
    default:
        if (auto* of = find(asked.peer)) {
            of->bound = true;
            of->grant.granted(now, std::chrono::seconds(600)); // RFC 8656 12
        }
        if (auto* of = find(asked.peer.address)) of->grant.granted(now, std::chrono::seconds(300));
    }
}

CORTC_DECL void client::granted_allocation(const stun::message& message, time_point now) {
    if (state_ == client_state::closing) return refresh(now);
    std::optional<endpoint> where, too;
    for (const auto& each : message.xor_relayed_addresses())
        if (is_reachable(each)) {
            auto& into = !where ? where : too;
            if (!into) into = each;
        }
    if (!where) return fail({0, "the server's answer has no relayed address"});
    if (!config_.dual || (too && too->address.is_v6() == where->address.is_v6())) too.reset();
    if (config_.family && where->address.is_v6() != (*config_.family == stun::address_family::ipv6))
        return fail({0, "the server relays from an address of another family"});
    const auto lifetime = message.lifetime().value_or(std::chrono::seconds(600)); // RFC 8656 3.2
    if (lifetime <= std::chrono::seconds(0))
        return fail({0, "the server gives an allocation without lifetime"});
    state_ = client_state::allocated;
    relayed_ = *where;
    relayed_too_ = too;
    set_lifetime(lifetime, now);
    config_.log.debug("relayed from {}, for {} s", to_string(*where), lifetime.count());
    const bool knows = too || message.address_error_code() || where->address.is_v6();
    events_.emplace_back(allocated{*where, message.xor_mapped_address().value_or(endpoint{}), lifetime, too,
                                   config_.dual && !knows});
}

CORTC_DECL void client::refreshed(const stun::message& message, time_point now) {
    const auto lifetime = message.lifetime().value_or(std::chrono::seconds(600));
    if (state_ == client_state::closing || lifetime <= std::chrono::seconds(0))
        return fail({0, "the server ended the allocation"});
    set_lifetime(lifetime, now);
    if (std::exchange(confirming_, false))
        events_.emplace_back(confirmed{message.alternate_server().has_value()});
}

CORTC_DECL bool client::relays_family_of(const endpoint& peer) const noexcept {
    const auto same = [&](const std::optional<endpoint>& ours) {
        return ours && ours->address.is_v6() == peer.address.is_v6();
    };
    return same(relayed_) || same(relayed_too_);
}

CORTC_DECL void client::set_lifetime(duration lifetime, time_point now) {
    lifetime = std::min(lifetime, detail::longest_lifetime);
    ends_ = now + lifetime;
    refresh_at_ = now + std::clamp(lifetime / 2, detail::shortest_refresh, detail::longest_refresh);
}

CORTC_DECL void client::handle_error(request asked, const stun::message& message, time_point now) {
    auto why = detail::failure_of(message);
    switch (static_cast<stun::error>(why.code)) {
    case stun::error::unauthenticated:
    case stun::error::stale_nonce:
        return challenged(std::move(asked), message, std::move(why), now);
    case stun::error::try_alternate:
        if (asked.method == stun::method::allocate && state_ == client_state::allocating)
            return redirect(message);
        [[fallthrough]];
    default:
        refuse(asked, std::move(why), now);
    }
}

CORTC_DECL void client::challenged(request asked, const stun::message& message, failed why, time_point now) {
    const bool stale = why.code == static_cast<unsigned>(stun::error::stale_nonce);
    const bool nameless = config_.username.empty();
    if (nameless || asked.challenges == detail::most_challenges) return refuse(asked, std::move(why), now);
    const auto outcome = authentication_.challenge(message);
    // RFC 8489 9.2.5: the same name and password, refused with this nonce, are wrong.
    if (outcome == authentication::outcome::refused ||
        (asked.is_signed && !stale &&
         (outcome == authentication::outcome::unchanged || asked.challenges > 1)))
        return refuse(asked, std::move(why), now);
    send_request({.method = asked.method,
                  .peer = asked.peer,
                  .channel = asked.channel,
                  .challenges = asked.challenges + 1},
                 now);
}

CORTC_DECL void client::redirect(const stun::message& message) {
    auto server = message.alternate_server();
    if (!server || !is_reachable(*server))
        return fail({300, "the server names another one without an address"});
    const auto domain = std::string(message.alternate_domain().value_or(""));
    end();
    events_.emplace_back(redirected{*server, domain});
}

// Time, and what goes to the server

CORTC_DECL void client::handle_timeout(time_point now) {
    std::vector<request> over;
    for (auto& each : requests_)
        if (each.next <= now && each.transmissions != 0 && last(each)) over.push_back(std::move(each));
    std::erase_if(requests_, [](const request& each) { return each.message.capacity() == 0; }); // moved from
    for (auto& each : over)
        if (state_ != client_state::closed) expire(std::move(each), now);
    if (state_ == client_state::closing && now >= release_by_) return fail({});
    if (state_ != client_state::allocated) return;
    if (now >= ends_) return fail({0, "the allocation's lifetime is over, and the server does not answer"});
    if (now >= refresh_at_) refresh(now);
    for (auto& each : permissions_)
        if (each.grant.renewal() <= now) ask_permission(each, now);
    for (auto& each : channels_)
        if (each.grant.renewal() <= now) ask_channel(each, now);
}

CORTC_DECL time_point client::next_timeout() const noexcept {
    if (state_ == client_state::closed) return never;
    auto next = std::min({refresh_at_, ends_, release_by_});
    for (const auto& each : requests_) next = std::min(next, each.next);
    for (const auto& each : permissions_) next = std::min(next, each.grant.renewal());
    for (const auto& each : channels_) next = std::min(next, each.grant.renewal());
    return next;
}

CORTC_DECL std::optional<std::size_t> client::poll_transmit(byte_span out, time_point now) {
    auto due = std::ranges::find_if(requests_, [this, now](const request& each) {
        return each.next <= now && (each.transmissions == 0 || !last(each));
    });
    if (due != requests_.end()) {
        const auto size = due->message.size();
        if (size > out.size()) {
            auto asked = std::move(*due);
            requests_.erase(due);
            refuse(asked, {0, "there is no room for the request"}, now);
            return {};
        }
        std::ranges::copy(due->message.view(), out.begin());
        transmitted(*due, now);
        return size;
    }
    auto ready = std::ranges::find_if(held_, [this, now](const held& each) {
        auto* of = find(each.peer.address);
        return of && of->grant.holds(now);
    });
    if (ready == held_.end()) return {};
    auto [peer, payload] = std::move(*ready);
    held_.erase(ready);
    // Written where it has room, then moved to the front.
    if (out.size() < max_header + payload.size() + max_padding) {
        ++statistics_.dropped_over_limit;
        return poll_transmit(out, now);
    }
    const auto body = out.subspan(max_header, payload.size());
    std::ranges::copy(payload.view(), body.begin());
    const auto around =
        write_around(peer, out.first(max_header), body, out.subspan(max_header + body.size()), now);
    const auto size = around->header + body.size() + around->padding;
    std::memmove(out.data(), out.data() + (max_header - around->header), size);
    return size;
}

CORTC_DECL std::optional<client_event> client::poll_event() {
    if (events_.empty()) return {};
    auto next = std::move(events_.front());
    events_.pop_front();
    return next;
}

} // namespace cortc::turn
