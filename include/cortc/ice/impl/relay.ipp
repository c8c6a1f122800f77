#pragma once

#include "cortc/base/overloaded.hpp"
#include "cortc/ice/relay.hpp"

#include <utility>

namespace cortc::ice {

namespace detail {

CORTC_DECL turn::client_config client_config(net::network& network, const logger& log,
                                             const relay_options& options) {
    turn::client_config config(network.random());
    config.log = log.component("turn");
    config.username = options.username;
    config.password = options.password;
    config.family = options.family;
    config.dual = options.dual;
    config.stream = options.transport == server_transport::tcp || options.transport == server_transport::tls;
    return config;
}

} // namespace detail

CORTC_DECL relay::relay(socket_id id, net::network& network, datagram_receiver& receiver, const logger& log,
                        const relay_options& options)
    : local_transport(id)
    , network_(network)
    , receiver_(receiver)
    , options_(options)
    , how_{options.transport, options.server, options.session}
    , client_(detail::client_config(network, log, options)) {}

CORTC_DECL boost::system::error_code relay::open(const endpoint& local) {
    auto opened = open_server_link(network_, local, how_, *this);
    if (!opened) return opened.error();
    link_ = std::move(*opened);
    timer_ = network_.make_timer([this] { handle_timeout(); });
    return {};
}

CORTC_DECL void relay::start(relay_listener& listener) {
    listener_ = &listener;
    started_ = true;
    if (link_->is_open()) on_link_open();
}

CORTC_DECL void relay::confirm(relay_listener& listener) {
    listener_ = &listener;
    client_.confirm(network_.now());
    drain();
}

CORTC_DECL void relay::on_link_open() {
    if (!started_) return; // start() will find it open
    client_.start(network_.now());
    drain();
}

/// An allocation goes with the connection that it was made over (RFC 8656 3.1).
CORTC_DECL void relay::on_link_ended(const std::string& why) {
    ended_ = why;
    if (auto left = std::exchange(left_, nullptr)) return left();
    lost(turn::failed{0, why});
}

/// Whoever waits for the allocation hears first, and then whoever has it. This may be gone afterwards.
CORTC_DECL void relay::lost(const turn::failed& why) {
    const std::weak_ptr<bool> alive = alive_;
    if (auto* const listener = std::exchange(listener_, nullptr)) listener->on_failed(*this, why);
    if (!alive.expired() && base().port != 0) receiver_.handle_lost(id(), why.reason);
}

CORTC_DECL bool relay::leave(std::function<void()> left) {
    listener_ = nullptr;
    started_ = false;
    if (client_.state() == turn::client_state::idle || client_.state() == turn::client_state::closed ||
        !ended_.empty())
        return false;
    client_.close(network_.now());
    if (client_.state() == turn::client_state::closed) return false;
    left_ = std::move(left);
    drain();
    return true;
}

CORTC_DECL std::uint64_t relay::send_dropped() const noexcept {
    const auto& of = client_.statistics();
    return link_->send_dropped() + of.dropped_wrong_family + of.dropped_refused + of.dropped_over_limit +
           of.dropped_not_allocated;
}

CORTC_DECL void relay::send(net::send_batch& batch, std::size_t size, const endpoint& to) {
    auto* const payload = batch.header(0).data();
    const auto before = batch.header(turn::max_header);
    const byte_span after(payload + size, turn::max_padding); // the slot's tailroom
    const auto around = client_.wrap(to, before, byte_view(payload, size), after, network_.now());
    if (around) link_->send(batch, around->header, size + around->padding);
    flush(); // a permission or a channel that is asked for
}

CORTC_DECL void relay::on_link_packets(std::span<const net::datagram> packets) {
    const auto now = network_.now();
    received_.clear();
    for (const auto& packet : packets) {
        const auto got = client_.handle_packet(packet.data, now);
        if (!got || left_) continue;
        const auto offset = static_cast<std::size_t>(got->payload.data() - packet.data.data());
        received_.push_back({packet.data.subspan(offset, got->payload.size()), got->peer, packet.mark});
    }
    if (!drain() || received_.empty()) return;
    auto received = std::exchange(received_, {}); // this may be gone when they are handled
    const std::weak_ptr<bool> alive = alive_;
    receiver_.handle_batch(id(), received);
    if (!alive.expired()) received_ = std::move(received);
}

CORTC_DECL void relay::handle_timeout() {
    armed_ = never;
    client_.handle_timeout(network_.now());
    drain();
}

CORTC_DECL void relay::flush() {
    const auto now = network_.now();
    std::array<std::byte, turn::max_message> out;
    while (const auto size = client_.poll_transmit(out, now)) {
        link_->send(byte_view(out).first(*size));
    }
    const auto next = client_.next_timeout();
    if (next >= armed_) return;
    armed_ = next;
    timer_->arm(next);
}

CORTC_DECL bool relay::drain() {
    flush();
    const std::weak_ptr<bool> alive = alive_;
    while (auto next = client_.poll_event()) {
        std::visit(overloaded{
                       [this](const turn::allocated& what) {
                           allocation_ = what;
                           link_->expect_channels();
                           if (listener_) listener_->on_allocated(*this, what);
                       },
                       [this](const turn::confirmed& what) {
                           if (listener_) listener_->on_confirmed(*this, what);
                       },
                       [this](const turn::failed& why) { lost(why); },
                       [this](const turn::redirected& to) {
                           if (listener_) listener_->on_redirected(*this, to);
                       },
                       [](const turn::peer_refused&) {}, // counted, and its pairs fail by themselves
                       [this](const turn::released&) {
                           if (auto left = std::exchange(left_, nullptr)) left();
                       },
                   },
                   *next);
        if (alive.expired()) return false;
    }
    return true;
}

} // namespace cortc::ice
