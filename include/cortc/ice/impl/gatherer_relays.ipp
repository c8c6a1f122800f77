#pragma once

#include "cortc/ice/gatherer.hpp"

#include <algorithm>
#include <utility>

// The relays of a gatherer (RFC 8445 5.1.1.2, RFC 8656).
namespace cortc::ice {

namespace detail {

/// Of relays the one that costs least: UDP before TCP before TLS, whatever the address that the server is
/// reached from.
CORTC_DECL std::uint16_t relay_preference(std::uint16_t of_place, server_transport over) noexcept {
    constexpr unsigned step = 0x2000; // far more than there are addresses
    const unsigned rank = over == server_transport::udp    ? 0
                          : over == server_transport::dtls ? 1
                          : over == server_transport::tcp  ? 2
                                                           : 3;
    return static_cast<std::uint16_t>(of_place - rank * step);
}

inline constexpr unsigned dual_step = 0x1000; // less than what is between two transports

} // namespace detail

/// Several addresses of an interface are as many ways to the same relay: the best of each family is asked
/// from.
CORTC_DECL bool gatherer::relays_from(const place& next, const std::vector<const place*>& before) {
    if (before.size() == relays_of_server) return false;
    return std::ranges::none_of(before, [&](const place* each) {
        return each->interface.name == next.interface.name &&
               each->interface.address.is_v6() == next.interface.address.is_v6();
    });
}

CORTC_DECL void gatherer::ask_turn(const attempt& what, const endpoint& where) {
    const auto& of = servers_[what.server].whom;
    relay_options options;
    options.server = where;
    options.username = of.username;
    options.password = of.credential;
    options.url = of.text;
    options.dual = !what.of_ipv6;
    if (what.of_ipv6) options.family = stun::address_family::ipv6;
    options.transport = of.url.transport;
    const auto& from = places_[what.place].interface;
    if (!what.anew)
        if (auto* const known = transports_.find_relay(from, options)) return keep(*known, what);
    if (relays_asked_ == relay_limit)
        return fail(what.server, {from.address, 0}, 701,
                    "not asked: " + std::to_string(relays_asked_) + " relays were asked for already");
    if (options.transport == server_transport::tls || options.transport == server_transport::dtls) {
        if (!options_.secure)
            return fail(what.server, {from.address, 0}, 701, "there is no TLS to ask it with");
        auto session = options_.secure(what.domain.empty() ? of.url.host : what.domain,
                                       options.transport == server_transport::dtls);
        if (!session)
            return fail(what.server, {from.address, 0}, 701, "no TLS with it: " + session.error().message);
        options.session = std::move(*session);
    }
    const auto made = transports_.open_relay(from, options);
    if (!made)
        return fail(what.server, {from.address, 0}, 701,
                    "no way to reach it from there: " + made.error().message());
    ++relays_asked_;
    relays_.push_back({*made, what, false, never});
    relays_.back().what.credentials = servers_[what.server].credentials;
    (*made)->start(*this);
}

/// RFC 8445 9: a restart may keep its sockets, and so an allocation; if the server still has it.
CORTC_DECL void gatherer::keep(relay& known, const attempt& what) {
    constexpr duration to_confirm = std::chrono::seconds(1);
    auto& network = transports_.network();
    const auto until = network.now() + to_confirm;
    relays_.push_back({&known, what, true, until});
    relays_.back().what.credentials = servers_[what.server].credentials;
    if (!confirm_) confirm_ = network.make_timer([this] { by_itself([this] { confirmation_is_late(); }); });
    confirm_->arm(until);
    known.confirm(*this);
}

/// Silence may be a loss, or the end of the way to the server, as after a move of ours: another allocation is
/// asked for.
CORTC_DECL void gatherer::confirmation_is_late() {
    const auto now = transports_.network().now();
    auto next = never;
    std::vector<attempt> again;
    std::erase_if(relays_, [&](const allocating& each) {
        if (each.kept && each.until > now) next = std::min(next, each.until);
        if (!each.kept || each.until > now) return false;
        each.over->ignore();
        again.push_back(each.what);
        return true;
    });
    if (confirm_) confirm_->arm(next);
    for (auto& what : again)
        if (!over_) ask_anew(what);
}

CORTC_DECL void gatherer::ask_anew(attempt what) {
    what.anew = true;
    ask(what);
}

CORTC_DECL gatherer::allocating gatherer::take(const relay& which) {
    const auto at = std::ranges::find(relays_, &which, &allocating::over);
    auto what = *at;
    relays_.erase(at);
    return what;
}

CORTC_DECL void gatherer::tell_relayed(relay& which, const attempt& what) {
    const auto got = which.allocation();
    local_candidate relayed;
    relayed.socket = which.id();
    relayed.type = candidate_type::relay;
    relayed.server = which.server().address;
    relayed.url = servers_[what.server].whom.text;
    relayed.relayed_over = which.over();
    if (!conceals_ && got.mapped.port != 0) relayed.related = got.mapped;
    const auto preference = detail::relay_preference(places_[what.place].preference, which.over());
    const bool v6 = which.server().address.is_v6();
    for (const auto& each : {std::optional(got.relayed), got.relayed_too}) {
        if (over_ || !each) continue;
        relayed.base = *each;
        if (conceals_) relayed.related = detail::no_origin(each->address);
        // RFC 8445 5.1.2: no two of one priority. The family that the server is reached by comes first.
        const auto step = got.relayed_too && each->address.is_v6() != v6 ? detail::dual_step : 0U;
        relayed.local_preference = static_cast<std::uint16_t>(preference - step);
        events_.on_candidate(relayed);
    }
}

CORTC_DECL void gatherer::on_allocated(relay& which, const turn::allocated& got) {
    by_itself([&] {
        const bool asks_again = got.knows_no_dual;
        const auto what = take(which).what;
        which.ignore();
        tell_relayed(which, what);
        if (!over_ && asks_again) ask_other_family(what);
    });
}

/// RFC 6156: a server that knows nothing of dual allocations may relay from IPv6 all the same.
CORTC_DECL void gatherer::ask_other_family(attempt what) {
    what.of_ipv6 = what.extra = true;
    what.anew = false;
    what.mismatches = 0;
    ask(what);
}

/// A server that is about to end has named another one: there the next allocation is asked for.
CORTC_DECL void gatherer::on_confirmed(relay& which, const turn::confirmed& got) {
    by_itself([&] {
        const auto what = take(which).what;
        which.ignore();
        if (got.elsewhere) return ask_anew(what);
        const bool asks_again = which.allocation().knows_no_dual;
        tell_relayed(which, what);
        if (!over_ && asks_again) ask_other_family(what);
    });
}

CORTC_DECL void gatherer::on_failed(relay& which, const turn::failed& why) {
    constexpr unsigned most_mismatches = 3;
    constexpr auto mismatch = static_cast<std::uint16_t>(stun::error::allocation_mismatch);
    constexpr auto no_family = static_cast<std::uint16_t>(stun::error::address_family_not_supported);
    by_itself([&] {
        const auto waited = take(which);
        if (waited.kept) return ask_anew(waited.what); // its owner lets it go
        auto what = waited.what;
        const auto from = which.local();
        const auto where = which.server();
        transports_.close(which.id());
        --relays_asked_;
        // The system gives ports again sooner than servers forget them: another one may be had.
        if (why.code == mismatch && what.mismatches++ < most_mismatches) return ask_turn(what, where);
        if (what.extra) return; // there is an address already; that it has no other one is no error
        if (why.code == no_family && !what.of_ipv6) {
            what.of_ipv6 = true;
            return ask_turn(what, where);
        }
        if (why.code == 0) return ask_next(what, from, 701, why.reason);
        if (renews(what, where, why)) return;
        fail(what.server, from, why.code, why.reason);
    });
}

CORTC_DECL void gatherer::on_redirected(relay& which, const turn::redirected& to) {
    constexpr unsigned most = 3;
    by_itself([&] {
        auto what = take(which).what;
        const auto from = which.local();
        const bool elsewhere = to.server != which.server() &&
                               to.server.address.is_v6() == which.server().address.is_v6() &&
                               to.server.address.is_loopback() == which.server().address.is_loopback();
        transports_.close(which.id());
        --relays_asked_;
        if (!to.domain.empty()) what.domain = to.domain;
        if (elsewhere && what.redirections++ < most) return ask_turn(what, to.server);
        fail(what.server, from, 300, "it names another server that is not asked: " + to_string(to.server));
    });
}

} // namespace cortc::ice
