#pragma once

#include "cortc/error.hpp"
#include "cortc/turn/server_engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace cortc::turn {

namespace detail {

CORTC_DECL std::vector<address_range> read_ranges(const std::vector<std::string>& texts,
                                                  std::string_view member) {
    std::vector<address_range> ranges;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        auto range = address_range::parse(texts[i]);
        if (!range)
            throw Error(errc::syntax, fmt::format("{}[{}] \"{}\" is no range of addresses; \"10.1.0.0/16\" "
                                                  "is one, with no bit set behind the prefix",
                                                  member, i, texts[i]));
        ranges.push_back(*range);
    }
    return ranges;
}

CORTC_DECL void check_texts(const server_options& options) {
    const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (options.realm.empty() || options.realm.size() > 763 || std::ranges::any_of(options.realm, control))
        throw Error(errc::type, "realm must have 1 to 763 bytes and no control characters; a domain name, "
                                "\"example.org\", is usual");
    if (options.software.size() > 763)
        throw Error(errc::range,
                    fmt::format("software has {} bytes, at most 763 are possible", options.software.size()));
    if (!options.users && options.rest_secrets.empty())
        throw Error(errc::type, "neither users nor rest_secrets is set; without credentials there are no "
                                "allocations");
    for (std::size_t i = 0; i < options.rest_secrets.size(); ++i)
        if (options.rest_secrets[i].empty())
            throw Error(errc::type, fmt::format("rest_secrets[{}] is empty; anybody could know it", i));
}

CORTC_DECL void check_numbers(const server_options& options) {
    using namespace std::chrono_literals;
    const auto system = options.first_port == 0 && options.last_port == 0;
    if (!system && (options.first_port == 0 || options.first_port > options.last_port))
        throw Error(errc::range, fmt::format("first_port {} and last_port {} are no range; 49152 and 65535 "
                                             "are one, and 0 and 0 let the system choose",
                                             options.first_port, options.last_port));
    if (options.default_lifetime < 1s || options.max_lifetime < options.default_lifetime)
        throw Error(errc::range, "default_lifetime must be a second at least, and max_lifetime no less");
    if (options.max_lifetime > 24h * 365)
        throw Error(errc::range, "max_lifetime is more than a year; an hour is usual");
    if (options.nonce_lifetime < 1s) throw Error(errc::range, "nonce_lifetime must be a second at least");
    const auto& algorithms = options.password_algorithms;
    const auto known = [](stun::password_algorithm each) {
        return each == stun::password_algorithm::md5 || each == stun::password_algorithm::sha256;
    };
    if (algorithms.empty() || algorithms.size() > 2 || !std::ranges::all_of(algorithms, known) ||
        (algorithms.size() == 2 && algorithms[0] == algorithms[1]))
        throw Error(errc::type, "password_algorithms must name sha256, md5 or both, each once");
    if (options.alternate_server && !is_reachable(*options.alternate_server))
        throw Error(errc::type, fmt::format("alternate_server {} cannot be reached by anybody",
                                            to_string(*options.alternate_server)));
}

CORTC_DECL void check_relay(const relay_address& relay, std::size_t index) {
    const auto bad = [&](std::string_view what) {
        throw Error(errc::type, fmt::format("relays[{}]: {}", index, what));
    };
    if (relay.local.is_unspecified() || relay.local.is_multicast())
        bad("local must be an address of this machine, that sockets can be bound to");
    if (!relay.external) return;
    if (relay.external->is_v4() != relay.local.is_v4())
        bad(fmt::format("external {} and local {} are not of one family", relay.external->to_string(),
                        relay.local.to_string()));
    if (relay.external->is_unspecified() || relay.external->is_multicast())
        bad("external must be an address that clients can send to");
}

CORTC_DECL server_options checked(server_options options) {
    check_texts(options);
    check_numbers(options);
    if (options.relays.empty())
        throw Error(errc::type, "relays is empty; at least one address for relayed addresses is needed");
    for (std::size_t i = 0; i < options.relays.size(); ++i) {
        check_relay(options.relays[i], i);
        for (std::size_t j = 0; j < i; ++j)
            if (options.relays[j].local.is_v4() == options.relays[i].local.is_v4())
                throw Error(errc::type,
                            fmt::format("relays[{}] and relays[{}] are of one family; one of each is "
                                        "possible",
                                        j, i));
    }
    return options;
}

} // namespace detail

CORTC_DECL server_engine::server_engine(random_source& random, logger log, server_options options,
                                        std::function<unix_time()> calendar,
                                        const std::vector<ip_address>& own)
    : random_(random)
    , log_(std::move(log))
    , options_(detail::checked(std::move(options)))
    , calendar_(std::move(calendar))
    , policy_(detail::read_ranges(options_.allowed_peers, "allowed_peers"),
              detail::read_ranges(options_.denied_peers, "denied_peers"))
    , nonces_(random, {.password_algorithms = detail::announces(options_)}, options_.nonce_lifetime)
    , challenges_(options_.limit.challenges_per_second)
    , answer_(std::make_unique_for_overwrite<pending_answer>()) {
    answer_->size = 0;
    for (const auto& each : own) policy_.add_own(each);
    for (const auto& each : options_.relays) {
        auto& of = local_[each.local.is_v6() ? 1 : 0].emplace();
        of.local = each.local;
        of.external = each.external.value_or(each.local);
        of.ranged = options_.first_port != 0;
        if (of.ranged) of.ports = port_pool(options_.first_port, options_.last_port);
        policy_.add_own(of.local);
        policy_.add_own(of.external);
    }
}

CORTC_DECL server_engine::~server_engine() = default;

// ---- what comes from clients

CORTC_DECL std::optional<server_engine::outbound>
server_engine::handle_packet(const client_path& from, byte_view packet, time_point now) {
    if (!packet.empty() && std::to_integer<unsigned>(packet[0]) >> 6 == 1)
        return handle_channel_data(from, packet, now);
    const auto message = stun::message::parse(packet);
    if (!message || (message->has_fingerprint() && !message->verify_fingerprint())) {
        ++statistics_.dropped_malformed;
        return {};
    }
    if (message->is_request())
        handle_request(from, *message, now);
    else if (message->is(stun::message_class::indication, stun::method::send))
        return handle_send(from, *message, now);
    else if (!message->is(stun::message_class::indication, stun::method::binding)) // RFC 8489 3: keeps alive
        ++statistics_.dropped_malformed;
    return {};
}

CORTC_DECL void server_engine::handle_request(const client_path& from, const stun::message& request,
                                              time_point now) {
    asked what;
    what.from = from;
    what.method = request.method();
    what.id = request.id();
    what.fingerprint = request.has_fingerprint();
    switch (what.method) {
    case stun::method::binding:
        return handle_binding(std::move(what), request);
    case stun::method::allocate:
    case stun::method::refresh:
    case stun::method::create_permission:
    case stun::method::channel_bind:
        if (auto who = authenticate(what, request, now)) authentic(what, request, std::move(*who), now);
        return;
    default: // RFC 8489 6.3: what is not supported is dropped
        ++statistics_.dropped_malformed;
    }
}

CORTC_DECL void server_engine::handle_binding(asked what, const stun::message& request) {
    const auto unknown = request.unknown_comprehension_required(detail::unsupported_attributes);
    if (!unknown.empty())
        return answer(what, stun::message_class::error_response, [&](stun::message_writer& out) {
            out.add_error_code(stun::error::unknown_attribute);
            out.add_unknown_attributes(unknown);
        });
    ++statistics_.bindings;
    answer(what, stun::message_class::success_response,
           [&](stun::message_writer& out) { out.add_xor_mapped_address(what.from.client); });
}

CORTC_DECL void server_engine::authentic(const asked& what, const stun::message& request, credential who,
                                         time_point now) {
    const auto unknown = request.unknown_comprehension_required(detail::unsupported_attributes);
    if (!unknown.empty()) {
        ++statistics_.refused_others;
        return answer(what, stun::message_class::error_response, [&](stun::message_writer& out) {
            out.add_error_code(stun::error::unknown_attribute);
            out.add_unknown_attributes(unknown);
        });
    }
    auto* const of = find(what.from);
    if (what.method == stun::method::allocate) {
        if (!of) return allocate(what, request, std::move(who), now);
        // RFC 8656 7.2: a repeated request is answered again, any other is one too many.
        if (of->request.id != what.id || of->owner.username != who.username)
            return refuse(what, stun::error::allocation_mismatch);
        if (of->complete) answer_allocate(what, *of);
        return;
    }
    if (!of || !of->complete) return refuse(what, stun::error::allocation_mismatch);
    if (of->owner.username != who.username) return refuse(what, stun::error::wrong_credentials);
    if (what.method == stun::method::refresh) return refresh(what, request, *of, now);
    if (what.method == stun::method::create_permission) return create_permission(what, request, *of, now);
    bind_channel(what, request, *of, now);
}

CORTC_DECL void server_engine::refuse(const asked& what, stun::error code) {
    count_refusal(code);
    answer(what, stun::message_class::error_response, [&](stun::message_writer& out) {
        out.add_error_code(code);
        if (code == stun::error::try_alternate) out.add_alternate_server(*options_.alternate_server);
    });
}

CORTC_DECL void server_engine::count_refusal(stun::error code) noexcept {
    switch (code) {
    case stun::error::allocation_quota_reached:
        ++statistics_.refused_quota;
        break;
    case stun::error::insufficient_capacity:
        ++statistics_.refused_capacity;
        break;
    case stun::error::forbidden:
        ++statistics_.refused_peers;
        break;
    default:
        ++statistics_.refused_others;
    }
}

CORTC_DECL server_engine::allocation* server_engine::find(const client_path& path) noexcept {
    const auto at = paths_.find(path);
    return at == paths_.end() ? nullptr : allocations_[at->second].get();
}

// ---- the owner

CORTC_DECL std::optional<server_engine::transmit> server_engine::poll_transmit(byte_span out) {
    const auto size = std::exchange(answer_->size, 0);
    if (size == 0 || size > out.size()) return {};
    std::memcpy(out.data(), answer_->bytes.data(), size);
    return transmit{answer_->to, size};
}

CORTC_DECL std::optional<server_event> server_engine::poll_event() {
    if (events_.empty()) return {};
    return events_.pop_front();
}

CORTC_DECL time_point server_engine::next_timeout() const noexcept {
    auto next = ends_.empty() ? never : ends_.begin()->first;
    for (const auto& each : reservations_) next = std::min(next, each.ends);
    return next;
}

CORTC_DECL void server_engine::handle_timeout(time_point now) {
    while (!ends_.empty() && ends_.begin()->first <= now)
        end(*allocations_[ends_.begin()->second], "its lifetime is over", now);
    std::erase_if(reservations_, [&](const reservation& each) {
        if (now < each.ends) return false;
        local_[0]->ports.give_back(each.port);
        return true;
    });
}

CORTC_DECL void server_engine::stop_accepting(std::optional<endpoint> alternate) {
    accepting_ = false;
    options_.alternate_server = std::move(alternate);
}

CORTC_DECL void server_engine::path_ended(const client_path& which, time_point now) {
    if (auto* const of = find(which)) end(*of, "the connection has ended", now);
}

CORTC_DECL void server_engine::close_all(time_point now) {
    for (std::size_t i = 0; i < allocations_.size(); ++i)
        if (allocations_[i]) end(*allocations_[i], "the server is closed", now);
}

} // namespace cortc::turn
