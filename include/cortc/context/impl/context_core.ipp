#pragma once

#include "cortc/async/waiter_service.hpp"
#include "cortc/context/context_core.hpp"
#include "cortc/crypto/backend.hpp"
#include "cortc/net/asio_network.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <new>

namespace cortc {

namespace detail {

CORTC_DECL void check_external(const external_address& each, std::size_t index) {
    const auto fail = [&](std::string_view member, std::string_view why) {
        throw Error(errc::type,
                    fmt::format("context_options::external_addresses[{}].{} {}", index, member, why));
    };
    const auto& address = each.address;
    if (address.is_unspecified() || address.is_multicast() || address.is_loopback())
        fail("address",
             fmt::format("is {}; it is to be one that peers reach this machine at", address.to_string()));
    if (each.local && each.local->is_v6() != address.is_v6())
        fail("local", fmt::format("is {}; it is to be of the family of the address, {}",
                                  each.local->to_string(), address.to_string()));
}

CORTC_DECL context_options checked(context_options options) {
    for (std::size_t i = 0; i < options.external_addresses.size(); ++i)
        check_external(options.external_addresses[i], i);
    if (options.udp_mux && options.udp_mux->group && options.udp_mux->port == 0)
        throw Error(errc::type,
                    "context_options::udp_mux.port is 0; contexts that share one by a group need to be "
                    "told which");
    return options;
}

} // namespace detail

CORTC_DECL context_core::context_core(asio::any_io_executor executor, net::network* network,
                                      context_options options)
    : waiter_home(std::move(executor))
    , options_(detail::checked(std::move(options)))
    , own_network_(network ? nullptr : std::make_unique<net::asio_network>(this->executor()))
    , network_(network ? network : own_network_.get())
    , calendar_origin_(network_->calendar().time_since_epoch() - network_->now().time_since_epoch())
    , tls_clients_(crypto::default_backend(), options_.server_trust, log("crypto"))
    , scratch_(std::size_t{1} << 16) {
    asio::use_service<waiter_service>(asio::query(this->executor(), asio::execution::context)).add(waiters());
}

CORTC_DECL context_core::~context_core() {
    if (port_member_) options_.udp_mux->group->leave(*port_member_);
    for (auto& [id, ready] : std::exchange(being_made_, {}))
        ready(make_error(errc::aborted, "the context was destroyed"), nullptr);
}

CORTC_DECL void context_core::join_port_group() {
    if (!options_.udp_mux || !options_.udp_mux->group) return;
    auto& group = *options_.udp_mux->group;
    port_member_ = group.join([weak = weak_from_this(), executor = this->executor()](net::parcel what) {
        asio::post(executor, [weak, what = std::move(what)]() mutable {
            const auto self = weak.lock();
            if (!self) return;
            self->options_.udp_mux->group->taken(what.to, what.pieces.size());
            if (self->on_parcel_) self->on_parcel_(what);
        });
    });
    if (!port_member_)
        throw Error(errc::operation,
                    fmt::format("context_options::udp_mux.group has {} contexts, and takes no more",
                                net::port_group::most_members));
}

CORTC_DECL result<std::unique_ptr<crypto::tls_session>, crypto::tls_failed>
context_core::secure_client(const std::string& name, bool datagrams) {
    return tls_clients_.make(name, datagrams, network().calendar());
}

CORTC_DECL void context_core::at_end_of_turn(end_of_turn_client& client) {
    turn_.add(client);
    if (std::exchange(turn_end_posted_, true)) return;
    detail::post(executor(), [self = shared_from_this()] { self->end_turn(); });
}

CORTC_DECL void context_core::end_turn() {
    turn_end_posted_ = false;
    try {
        turn_.run();
    } catch (...) { // who comes after has its turn
        if (!turn_.empty() && !std::exchange(turn_end_posted_, true))
            detail::post(executor(), [self = shared_from_this()] { self->end_turn(); });
        batch_.flush();
        throw;
    }
    batch_.flush();
    if (const auto now = network_->now(); now - pool_aged_ >= std::chrono::seconds(10)) {
        pool_aged_ = now;
        pool_.age();
    }
}

CORTC_DECL void context_core::take_turns(std::function<void()> piece) {
    pieces_.push_back(std::move(piece));
    if (!std::exchange(piece_ran_, true)) next_piece();
}

// What is posted runs after the next look at the sockets.
CORTC_DECL void context_core::next_piece() {
    if (pieces_.empty()) {
        piece_ran_ = false;
        return;
    }
    detail::post(executor(), [self = shared_from_this()] { self->next_piece(); });
    const auto piece = std::move(pieces_.front());
    pieces_.pop_front();
    piece();
}

CORTC_DECL void context_core::with_certificate(certificate_ready ready) {
    const auto renew_before = std::chrono::days(3); // a tenth of the default life of 30 days
    if (certificate_ && certificate_->expires() - renew_before > network_->calendar())
        return ready(nullptr, certificate_);
    waiting_for_certificate_.push_back(std::move(ready));
    if (waiting_for_certificate_.size() > 1) return;
    make_certificate(crypto::key_type::ecdsa_p256, std::chrono::days(30),
                     [this](std::exception_ptr error, certificate_ptr made) {
                         if (made) certificate_ = std::move(made);
                         for (auto& each : std::exchange(waiting_for_certificate_, {}))
                             each(error, certificate_);
                     });
}

CORTC_DECL void context_core::make_certificate(crypto::key_type type, std::chrono::seconds validity,
                                               certificate_ready ready) {
    auto make = [type, validity,
                 now = network_->calendar()]() -> std::pair<std::exception_ptr, certificate_ptr> {
        auto made = crypto::default_backend().generate_certificate(type, now, validity);
        if (made) return {nullptr, std::move(*made)};
        return {make_error(errc::operation, "no certificate could be made: " + made.error().message()),
                nullptr};
    };
    if (!options_.worker) {
        auto [error, made] = make();
        return ready(std::move(error), std::move(made));
    }
    // Whoever waits stays here, on the context's side of the border; the context's io_context has work until
    // the certificate is back.
    const auto id = ++last_made_;
    being_made_.emplace(id, std::move(ready));
    auto home = asio::prefer(executor(), asio::execution::outstanding_work.tracked);
    asio::post(*options_.worker, [weak = weak_from_this(), id, home = std::move(home), make] {
        auto outcome = make();
        asio::post(home, [weak, id, outcome = std::move(outcome)] {
            if (auto self = weak.lock()) self->certificate_made(id, outcome.first, outcome.second);
        });
    });
}

CORTC_DECL void context_core::certificate_made(std::uint64_t id, std::exception_ptr error,
                                               certificate_ptr made) {
    if (auto waiting = being_made_.extract(id)) waiting.mapped()(std::move(error), std::move(made));
}

CORTC_DECL context_totals context_core::totals() const {
    auto all = counted_;
    for (const auto* each : sources_) each->add_to(all);
    return all;
}

CORTC_DECL totals_entry::totals_entry(std::shared_ptr<context_core> core, const totals_source& source)
    : core_(std::move(core)), source_(source) {
    core_->sources_.insert(&source_);
}

CORTC_DECL void totals_entry::leave() noexcept {
    const auto core = std::exchange(core_, nullptr);
    if (!core || core->sources_.erase(&source_) == 0) return;
    try {
        source_.add_to(core->counted_);
    } catch (const std::bad_alloc&) { // there is no room for a reason that is new
    }
}

CORTC_DECL std::vector<net::interface_address> context_core::usable_interfaces() {
    auto all = network_->interfaces();
    if (options_.interface_filter) {
        std::erase_if(all, [&](const auto& each) { return !options_.interface_filter(each); });
        return all;
    }
    // RFC 8445 5.1.1.1: loopback addresses are not candidates, unless there is nothing else to talk over.
    auto loopback = [](const auto& each) { return each.kind == net::interface_kind::loopback; };
    if (!std::all_of(all.begin(), all.end(), loopback)) std::erase_if(all, loopback);
    return all;
}

} // namespace cortc
