#pragma once

#include "cortc/ice/gatherer.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace cortc::ice {

namespace detail {

/// raddr and rport that tell nothing (RFC 8839 5.1).
CORTC_DECL endpoint no_origin(const ip_address& of_family) {
    using boost::asio::ip::address_v4, boost::asio::ip::address_v6;
    return {of_family.is_v6() ? ip_address(address_v6()) : ip_address(address_v4()), 9};
}

} // namespace detail

CORTC_DECL gatherer::gatherer(local_transports& transports, gathering_events& events,
                              const gather_options& options)
    : transports_(transports), events_(events), options_(options) {}

CORTC_DECL gatherer::~gatherer() { cancel(); }

CORTC_DECL void gatherer::start(const gather_settings& settings) {
    starting_ = true; // what is found at once does not end it
    conceals_ = settings.policy == transport_policy::relay || options_.name_of;
    gather_hosts(settings.policy);
    if (!over_) ask_servers(settings);
    starting_ = false;
    finish_if_done();
}

CORTC_DECL void gatherer::cancel() noexcept {
    over_ = true;
    limit_.reset();
    confirm_.reset();
    servers_.clear();
    queries_.clear();
    for (const auto& each : std::exchange(relays_, {})) {
        each.over->ignore();
        if (!each.kept) transports_.close(each.over->id());
    }
}

CORTC_DECL bool gatherer::uses(socket_id socket) const noexcept {
    return std::ranges::any_of(relays_,
                               [socket](const allocating& each) { return each.over->id() == socket; }) ||
           std::ranges::any_of(queries_, [socket](const query& each) { return each.to.socket == socket; });
}

CORTC_DECL void gatherer::finish_if_done() {
    if (over_ || starting_ || !queries_.empty() || !relays_.empty()) return;
    const auto waits = [](const asking& each) { return each.resolving != nullptr || each.source != nullptr; };
    if (std::ranges::any_of(servers_, waits)) return;
    cancel();
    events_.on_done();
}

/// What throws (there is no memory, say) ends the phase: nobody who called would hear of it.
template <class Step>
void gatherer::by_itself(Step&& step) {
    const auto kept = events_.keep();
    if (over_) return;
    std::string failure;
    try {
        step();
    } catch (const std::exception& error) {
        failure = std::string("gathering ends early: ") + error.what();
    }
    if (failure.empty()) return finish_if_done();
    if (!over_) fail(nullptr, failure);
    if (over_) return;
    cancel();
    events_.on_done();
}

// ---- hosts

/// The application's functions may throw what they like. What the events throw is their owner's.
CORTC_DECL void gatherer::gather_hosts(transport_policy policy) {
    std::vector<net::interface_address> wanted;
    std::string failure;
    try {
        wanted = wanted_interfaces();
    } catch (const std::exception& error) {
        failure = error.what();
    } catch (...) {
        failure = "an exception of unknown type";
    }
    if (!failure.empty()) return fail(nullptr, "the interfaces are not known: " + failure);
    auto preference =
        std::uint16_t{65535}; // of the place: it does not depend on which sockets could be opened
    for (auto& where : wanted) places_.push_back({std::move(where), preference--, {}, {}});
    if (policy == transport_policy::relay) return;
    for (std::size_t i = 0; i < places_.size() && !over_; ++i) gather_host(places_[i]);
}

CORTC_DECL void gatherer::gather_host(place& where) {
    const auto at = transports_.open_udp(where.interface);
    if (!at)
        return fail(&where.interface.address, "no socket on " + where.interface.address.to_string() + " (" +
                                                  where.interface.name + "): " + at.error().message());
    where.socket = (*at)->id();
    where.base = (*at)->base();
    const auto outside = external_of(where.interface.address);
    const auto keeps = std::ranges::any_of(outside, &external_address::keep_local);
    std::size_t rank = 0;
    if (outside.empty() || keeps) tell_host(where, nullptr, rank++);
    for (const auto& each : outside)
        if (!over_) tell_host(where, &each, rank++);
}

/// The entries of its own before those for all of its family.
CORTC_DECL std::vector<external_address> gatherer::external_of(const ip_address& local) const {
    std::vector<external_address> own, general;
    const auto link_local = local.is_v6() && local.to_v6().is_link_local();
    for (const auto& each : options_.external) {
        if (each.address.is_v6() != local.is_v6()) continue;
        if (each.local == local) own.push_back(each);
        if (!each.local && !local.is_loopback() && !link_local) general.push_back(each);
    }
    return own.empty() ? general : own;
}

/// By the socket's address, or by an external one that stands for it.
CORTC_DECL void gatherer::tell_host(const place& where, const external_address* outside, std::size_t rank) {
    local_candidate host;
    host.socket = where.socket;
    host.base = where.base;
    // RFC 8445 5.1.2: no two of one priority. Who is here may take the nearer address, which comes first.
    host.local_preference = static_cast<std::uint16_t>(where.preference - rank * places_.size());
    if (outside) {
        host.address = endpoint{outside->address, where.base.port};
        if (outside->as == external_candidate::server_reflexive) {
            host.type = candidate_type::srflx;
            host.server = outside->address; // of a foundation of its own
            // What is not told at all is not told as the origin, either (RFC 8828 5.2).
            if (!outside->keep_local || conceals_) host.related = detail::no_origin(outside->address);
        }
    } else if (options_.name_of) {
        auto name = options_.name_of(where.interface);
        if (!name)
            return fail(&where.interface.address, "no name could be published for " +
                                                      where.interface.address.to_string() + ": " +
                                                      name.error().message());
        host.name = std::move(*name);
    }
    events_.on_candidate(host);
}

// ---- servers

CORTC_DECL void gatherer::ask_servers(const gather_settings& settings) {
    for (const auto& each : settings.servers) {
        const bool relays = each.url.scheme == server_scheme::turn || each.url.scheme == server_scheme::turns;
        if (!relays && settings.policy == transport_policy::relay) continue; // nothing it says may be used
        servers_.push_back({each});
    }
    if (servers_.empty()) return;
    auto& network = transports_.network();
    limit_ = network.make_timer([this] { by_itself([this] { time_is_over(); }); });
    limit_->arm(network.now() + gathering_limit);
    for (std::size_t i = 0; i < servers_.size() && !over_; ++i) {
        const auto& url = servers_[i].whom.url;
        const bool relays = url.scheme == server_scheme::turn || url.scheme == server_scheme::turns;
        if (!relays && url.transport != server_transport::udp) {
            fail(i, {}, 701,
                 "what a STUN server sees over " + std::string(to_string(url.transport)) +
                     " is no address of a UDP candidate: it is not asked");
            continue;
        }
        if (servers_[i].whom.source)
            ask_source(i);
        else
            resolve(i);
    }
}

CORTC_DECL void gatherer::ask_source(std::size_t server) {
    auto& of = servers_[server];
    of.source = events_.ask_credentials(of.whom, of.credentials != 0, [this, server](credentials_answer got) {
        by_itself([&] { credentials_came(server, std::move(got)); });
    });
    if (!of.source && !over_) credentials_came(server, {{}, {}, "nobody makes them here"});
}

CORTC_DECL void gatherer::credentials_came(std::size_t server, credentials_answer answer) {
    auto& of = servers_[server];
    const auto asked = std::exchange(of.source, nullptr);
    const auto waiting = std::exchange(of.refused, {});
    if (!answer.failure.empty()) {
        const bool again = of.credentials != 0;
        return fail(server, {}, again ? 401 : 701,
                    again ? "the server refuses the credentials, and there are no others: " + answer.failure
                          : "there are no credentials: " + answer.failure);
    }
    of.whom.username = std::move(answer.username);
    of.whom.credential = std::move(answer.credential);
    if (++of.credentials == 1) return resolve(server);
    for (const auto& [what, where] : waiting)
        if (!over_) ask_turn(what, where);
}

/// Whether credentials of a source are asked for once more, after a 401, and the attempt goes on with them.
CORTC_DECL bool gatherer::renews(const attempt& what, const endpoint& where, const turn::failed& why) {
    constexpr auto refused = static_cast<std::uint16_t>(stun::error::unauthenticated);
    constexpr unsigned most = 2; // a phase
    auto& of = servers_[what.server];
    if (why.code != refused || !of.whom.source) return false;
    if (what.credentials < of.credentials) return ask_turn(what, where), true; // there are newer ones
    if (of.credentials >= most) return false;
    of.refused.emplace_back(what, where);
    if (!of.source) ask_source(what.server);
    return true;
}

CORTC_DECL void gatherer::resolve(std::size_t server) {
    auto& of = servers_[server];
    boost::system::error_code no_literal;
    const auto literal = boost::asio::ip::make_address(of.whom.url.host, no_literal);
    if (!no_literal) return resolved(server, std::vector<ip_address>{literal});
    of.resolving = transports_.network().resolve(
        of.whom.url.host, [this, server](const auto& found) { by_itself([&] { resolved(server, found); }); });
}

CORTC_DECL void gatherer::resolved(std::size_t server, const result<std::vector<ip_address>>& found) {
    constexpr std::size_t most = 16; // addresses of one name
    auto& of = servers_[server];
    of.resolving.reset();
    if (!found) return fail(server, {}, 701, "its name was not resolved: " + found.error().message());
    for (const auto& each : *found)
        if (of.addresses.size() < most && is_reachable({each, of.whom.url.port}))
            of.addresses.push_back(each);
    bool asked = false;
    std::vector<const place*> relayed;
    for (std::size_t i = 0; i < places_.size() && !over_; ++i) {
        const auto address = next_address(server, places_[i], 0);
        if (!address) continue;
        asked = true;
        if (servers_[server].whom.url.scheme != server_scheme::stun) {
            if (!relays_from(places_[i], relayed)) continue;
            relayed.push_back(&places_[i]);
        }
        if (queries_.size() + relays_.size() >= most_gathering_questions)
            return fail(server, {places_[i].interface.address, 0}, 701,
                        "too many servers are being asked from too many addresses: configure fewer, or "
                        "filter the interfaces");
        ask({server, i, *address});
    }
    if (!asked && !over_) fail(server, {}, 701, "none of its addresses can be reached from one of ours");
}

/// Loopback reaches itself alone.
CORTC_DECL std::optional<std::size_t> gatherer::next_address(std::size_t server, const place& from,
                                                             std::size_t begin) const noexcept {
    const auto& ours = from.interface.address;
    const auto& all = servers_[server].addresses;
    for (auto i = begin; i < all.size(); ++i)
        if (all[i].is_v6() == ours.is_v6() && all[i].is_loopback() == ours.is_loopback()) return i;
    return {};
}

CORTC_DECL void gatherer::ask(const attempt& what) {
    const auto& of = servers_[what.server];
    const endpoint where{of.addresses[what.address], of.whom.url.port};
    if (of.whom.url.scheme != server_scheme::stun) return ask_turn(what, where);
    const auto& from = places_[what.place];
    if (from.base.port == 0) return; // the host candidate has failed, and that was told
    queries_.push_back({{from.socket, where}, what});
    events_.ask_server({from.socket, where});
}

CORTC_DECL void gatherer::ask_next(attempt what, const endpoint& from, std::uint16_t code,
                                   const std::string& text) {
    if (const auto address = next_address(what.server, places_[what.place], what.address + 1)) {
        what.address = *address;
        return ask(what);
    }
    fail(what.server, from, code, text);
}

CORTC_DECL void gatherer::handle_answer(const server_answer& answer) {
    by_itself([&] {
        for (;;) {
            const auto at = std::ranges::find(queries_, answer.asked, &query::to);
            if (over_ || at == queries_.end()) return;
            const auto what = at->what;
            queries_.erase(at);
            const auto& from = places_[what.place];
            if (!answer.mapped) {
                ask_next(what, from.base, answer.code, answer.reason);
                continue;
            }
            local_candidate reflexive;
            reflexive.socket = from.socket;
            reflexive.base = from.base;
            reflexive.type = candidate_type::srflx;
            reflexive.local_preference = from.preference;
            reflexive.address = answer.mapped;
            reflexive.server = answer.asked.remote.address;
            reflexive.url = servers_[what.server].whom.text;
            if (conceals_) reflexive.related = detail::no_origin(from.base.address);
            events_.on_candidate(reflexive);
        }
    });
}

CORTC_DECL void gatherer::time_is_over() {
    for (std::size_t i = 0; i < servers_.size() && !over_; ++i)
        if (std::exchange(servers_[i].resolving, nullptr))
            fail(i, {}, 701, "its name was not resolved in time");
    for (std::size_t i = 0; i < servers_.size() && !over_; ++i)
        if (std::exchange(servers_[i].source, nullptr))
            fail(i, {}, servers_[i].credentials == 0 ? 701 : 401, "its credentials did not come in time");
    while (!over_ && !queries_.empty()) {
        const auto what = queries_.front().what;
        queries_.erase(queries_.begin());
        fail(what.server, places_[what.place].base, 701, "the server does not answer");
    }
    while (!over_ && !relays_.empty()) {
        const auto late = relays_.front();
        relays_.erase(relays_.begin());
        const auto from = late.over->local();
        late.over->ignore();
        if (!late.kept) transports_.close(late.over->id());
        fail(late.what.server, from, 701, "the server does not answer");
    }
}

// ---- what goes wrong

CORTC_DECL void gatherer::fail(std::size_t server, const endpoint& from, std::uint16_t code,
                               std::string text) {
    gathering_error error;
    if (!from.address.is_unspecified()) error.address = from.address.to_string();
    error.port = from.port;
    error.url = servers_[server].whom.text;
    error.code = code;
    error.text = std::move(text);
    events_.on_error(error);
}

CORTC_DECL void gatherer::fail(const ip_address* address, std::string text) {
    gathering_error error;
    if (address) error.address = address->to_string();
    error.text = std::move(text);
    events_.on_error(error);
}

CORTC_DECL std::vector<net::interface_address> gatherer::wanted_interfaces() const {
    auto all = options_.interfaces ? options_.interfaces() : transports_.network().interfaces();
    std::vector<net::interface_address> wanted;
    for (auto& each : all) {
        if (each.kind == net::interface_kind::loopback && !options_.loopback) continue;
        if (options_.family == address_family::ipv4 && !each.address.is_v4()) continue;
        if (options_.family == address_family::ipv6 && !each.address.is_v6()) continue;
        if (options_.filter && !options_.filter(each)) continue;
        auto same = [&each](const net::interface_address& other) { return other.address == each.address; };
        if (std::ranges::none_of(wanted, same)) wanted.push_back(std::move(each));
    }
    wanted = order_interfaces(std::move(wanted));
    if (wanted.size() > most_gathering_addresses)
        wanted.erase(wanted.begin() + most_gathering_addresses, wanted.end());
    return wanted;
}

CORTC_DECL std::vector<net::interface_address>
order_interfaces(std::vector<net::interface_address> addresses) {
    auto rank = [](net::interface_kind kind) {
        switch (kind) {
        case net::interface_kind::ethernet_or_unknown:
            return 0;
        case net::interface_kind::point_to_point:
            return 1;
        default:
            return 2;
        }
    };
    std::vector<net::interface_address> out;
    for (int kind = 0; kind < 3; ++kind) {
        std::vector<net::interface_address> families[2]; // IPv6, IPv4
        for (auto& each : addresses)
            if (rank(each.kind) == kind) families[each.address.is_v6() ? 0 : 1].push_back(each);
        for (std::size_t i = 0; i < std::max(families[0].size(), families[1].size()); ++i)
            for (auto& family : families)
                if (i < family.size()) out.push_back(std::move(family[i]));
    }
    return out;
}

} // namespace cortc::ice
