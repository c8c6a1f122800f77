#pragma once

#include "cortc/base/overloaded.hpp"
#include "cortc/transport/engine.hpp"

#include <algorithm>
#include <utility>

namespace cortc {

namespace detail {

CORTC_DECL ice::agent_config agent_config(const transport_engine_config& from, ice::request_table& requests) {
    ice::agent_config made(from.random, requests);
    made.log = from.ice_log;
    made.time = from.time;
    made.limit = from.limit;
    made.tie_breaker = from.tie_breaker;
    made.pacing = from.pacing;
    made.early_nomination = from.early_nomination;
    made.lite = from.lite;
    return made;
}

} // namespace detail

CORTC_DECL transport_engine::transport_engine(const transport_engine_config& config)
    : log_(config.log)
    , scratch_(config.scratch)
    , agent_(detail::agent_config(config, requests_))
    , queries_(config.random, requests_)
    , media_(config.log) {}

// ---- generations

CORTC_DECL transport_engine::generation* transport_engine::by_local(std::string_view ufrag) noexcept {
    auto at = std::ranges::find(generations_, ufrag, &generation::local_ufrag);
    return at == generations_.end() ? nullptr : &*at;
}

CORTC_DECL transport_engine::generation* transport_engine::by_remote(std::string_view ufrag) noexcept {
    auto at = std::find_if(generations_.rbegin(), generations_.rend(),
                           [&](const auto& each) { return each.remote_ufrag == ufrag; });
    return at == generations_.rend() ? nullptr : &*at;
}

CORTC_DECL transport_engine::generation* transport_engine::by_id(ice::generation_id id) noexcept {
    auto at = std::ranges::find(generations_, id, &generation::id);
    return at == generations_.end() ? nullptr : &*at;
}

CORTC_DECL void transport_engine::forget(ice::generation_id id) {
    auto at = std::ranges::find(generations_, id, &generation::id);
    if (at == generations_.end()) return;
    events_.push_back(generation_gone{std::move(at->local_ufrag)});
    generations_.erase(at);
}

CORTC_DECL void transport_engine::set_role(ice::role role) {
    if (!closed_) agent_.set_role(role);
}

CORTC_DECL void transport_engine::add_generation(const std::string& ufrag, const std::string& pwd,
                                                 time_point now) {
    if (closed_ || by_local(ufrag)) return;
    generations_.push_back({agent_.add_generation({ufrag, pwd}, now), ufrag, {}});
    take_ice_events(now);
}

CORTC_DECL bool transport_engine::has_generation(std::string_view local_ufrag) const noexcept {
    return std::ranges::find(generations_, local_ufrag, &generation::local_ufrag) != generations_.end();
}

CORTC_DECL std::optional<sdp::candidate>
transport_engine::add_local_candidate(std::string_view local_ufrag, const ice::local_candidate& candidate,
                                      time_point now) {
    auto* target = by_local(local_ufrag);
    if (closed_ || !target) return std::nullopt;
    auto signaled = agent_.add_local_candidate(target->id, candidate, now);
    take_ice_events(now);
    return signaled;
}

CORTC_DECL void transport_engine::end_local_candidates(std::string_view local_ufrag, time_point now) {
    auto* target = by_local(local_ufrag);
    if (closed_ || !target) return;
    agent_.local_candidates_done(target->id, now);
    take_ice_events(now);
}

CORTC_DECL void transport_engine::remove_socket(ice::socket_id socket, time_point now) {
    if (closed_) return;
    agent_.remove_socket(socket, now);
    take_ice_events(now);
}

CORTC_DECL void transport_engine::ask_server(const ice::path& server) {
    if (!closed_) queries_.ask(server);
}

CORTC_DECL void transport_engine::take_answers() {
    while (auto answer = queries_.poll_answer()) events_.push_back(std::move(*answer));
}

CORTC_DECL void transport_engine::pair_generation(std::string_view local_ufrag,
                                                  const ice::credentials& remote, ice::remote_options options,
                                                  time_point now) {
    auto* target = by_local(local_ufrag);
    if (closed_ || !target) return;
    target->remote_ufrag = remote.ufrag;
    agent_.set_remote(target->id, remote, options, now);
    take_ice_events(now);
}

CORTC_DECL void transport_engine::drop_generation(std::string_view local_ufrag, time_point now) {
    auto* target = by_local(local_ufrag);
    if (closed_ || !target) return;
    const auto id = target->id;
    agent_.remove_generation(id, now);
    forget(id);
    take_ice_events(now);
}

CORTC_DECL void transport_engine::add_remote_candidate(std::string_view remote_ufrag,
                                                       const sdp::candidate& candidate, time_point now,
                                                       const std::optional<ip_address>& resolved) {
    auto* target = by_remote(remote_ufrag);
    if (closed_ || !target) return;
    if (!agent_.add_remote_candidate(target->id, candidate, now, resolved))
        log_.debug("remote candidate {}:{} is not used", candidate.address, candidate.port);
    take_ice_events(now);
}

CORTC_DECL void transport_engine::end_remote_candidates(std::string_view remote_ufrag, time_point now) {
    auto* target = by_remote(remote_ufrag);
    if (closed_ || !target) return;
    agent_.remote_candidates_done(target->id, now);
    take_ice_events(now);
}

// ---- phases

CORTC_DECL void transport_engine::set_dtls(std::unique_ptr<dtls::association> association, dtls_role role,
                                           time_point now) {
    if (closed_ || dtls_ || !association) return;
    dtls_ = std::move(association);
    dtls_role_ = role;
    if (ice_connected_) start_dtls(now);
}

/// Not before there is a path, in the one direction at least: a handshake has a deadline.
CORTC_DECL void transport_engine::start_dtls(time_point now) {
    if (!dtls_ || dtls_state_ != dtls_transport_state::fresh) return;
    set_dtls_state(dtls_transport_state::connecting);
    dtls_->start(now);
    take_dtls_events(now);
}

CORTC_DECL void transport_engine::expect_media() {
    if (closed_) return;
    media_.expect();
    start_srtp();
}

CORTC_DECL void transport_engine::start_srtp() {
    if (media_.wants_keys() && dtls_state_ == dtls_transport_state::connected)
        media_.start(dtls_->export_srtp_keys(), dtls_role_);
}

CORTC_DECL void transport_engine::attach(datachannel::data_channels& channels, time_point now) {
    if (closed_ || channels_) return;
    channels_ = &channels;
    connect_channels(now);
}

CORTC_DECL void transport_engine::detach_channels(datagram_sink& out, time_point now) {
    if (closed_ || !channels_) return;
    transmit_channels(out, now);
    channels_ = nullptr;
}

CORTC_DECL void transport_engine::connect_channels(time_point now) {
    if (!channels_ || dtls_state_ != dtls_transport_state::connected) return;
    channels_->connect(now);
    for (const auto& packet : std::exchange(early_, {})) channels_->handle_packet(packet, now);
}

/// The peer may be quicker to apply the descriptions: its first packets need not be sent again.
CORTC_DECL void transport_engine::take_packet(byte_view packet, time_point now) {
    constexpr std::size_t few = 8;
    if (channels_) return channels_->handle_packet(packet, now);
    if (early_.size() == few) return drop(demux_drop::no_channels);
    early_.emplace_back(packet.begin(), packet.end());
}

CORTC_DECL void transport_engine::set_dtls_state(dtls_transport_state state, const std::string& why) {
    if (dtls_state_ == state) return;
    dtls_state_ = state;
    if (!why.empty()) log_.info("DTLS ended: {}", why);
    events_.push_back(dtls_state_changed{state, why});
}

// ---- in

CORTC_DECL void transport_engine::handle_datagram(ice::socket_id socket, const net::datagram& packet,
                                                  time_point now) {
    if (closed_) return;
    const ice::path from{socket, packet.source};
    switch (protocol_of(packet.data)) {
    case protocol::stun:
        agent_.handle_packet(socket, packet.source, packet.data, now);
        take_answers();
        break;
    case protocol::dtls:
        handle_dtls(from, packet, now);
        break;
    case protocol::srtp:
        handle_srtp(from, packet, now);
        break;
    case protocol::unknown:
        drop(packet.data.empty() ? demux_drop::empty : demux_drop::unknown_protocol);
        break;
    }
    take_ice_events(now);
}

namespace detail {

/// Whether a datagram begins with application data of an epoch that has keys (RFC 6347 4.1), or with a record
/// whose header is encrypted (RFC 9147 4). A datagram that begins so may bring more: that is the session's
/// own business.
CORTC_DECL bool is_sealed(byte_view datagram) noexcept {
    constexpr std::uint8_t application_data = 23;
    byte_reader in(datagram);
    const auto type = in.u8();
    if (type >> 5 == 1) return true;
    in.skip(2);
    return in.u16() != 0 && in.ok() && type == application_data;
}

} // namespace detail

CORTC_DECL void transport_engine::handle_dtls(const ice::path& from, const net::datagram& packet,
                                              time_point now) {
    if (!dtls_) return drop(demux_drop::no_dtls_yet);
    // RFC 8445 12.2 wants us to take data on any candidate: when both ends restart at once, a peer sends over
    // pairs whose checks named credentials that were still on their way. A sealed record proves its sender
    // itself.
    if (!agent_.accept(from.socket, from.remote, packet.data.size(), now) &&
        (dtls_state_ != dtls_transport_state::connected || !detail::is_sealed(packet.data)))
        return drop(demux_drop::invalid_source);
    data_.received(packet.data.size(), now);
    if (dtls_role_ == dtls_role::server) start_dtls(now); // the peer's checks were quicker than ours
    dtls_->handle_packet(packet.data, now);
    take_dtls_events(now, &from);
}

CORTC_DECL void transport_engine::handle_srtp(const ice::path& from, const net::datagram& packet,
                                              time_point now) {
    if (const auto reason = media_.refuses()) return drop(*reason);
    if (!agent_.accept(from.socket, from.remote, packet.data.size(), now))
        return drop(demux_drop::invalid_source);
    data_.received(packet.data.size(), now);
    if (!media_.handle_packet(packet, now)) return;
    agent_.note_received(from.socket, from.remote, now); // what is authentic is a sign of life
    if (!media_.has_sink()) drop(demux_drop::no_receiver);
}

CORTC_DECL void transport_engine::dtls_returned(time_point now) {
    if (dtls_ && !closed_) take_dtls_events(now);
}

CORTC_DECL void transport_engine::handle_timeout(time_point now) {
    if (closed_) return;
    if (agent_.next_timeout() <= now) agent_.handle_timeout(now);
    take_ice_events(now);
    queries_.handle_timeout(now);
    take_answers();
    if (dtls_ && dtls_->next_timeout() <= now) {
        dtls_->handle_timeout(now);
        take_dtls_events(now);
    }
    if (channels_ && channels_->next_timeout() <= now) channels_->handle_timeout(now);
}

CORTC_DECL time_point transport_engine::next_timeout() const noexcept {
    if (closed_) return never;
    auto next = std::min(agent_.next_timeout(), queries_.next_timeout());
    if (dtls_) next = std::min(next, dtls_->next_timeout());
    if (channels_) next = std::min(next, channels_->next_timeout());
    return next;
}

// ---- what the parts report

CORTC_DECL void transport_engine::take_ice_events(time_point now) {
    while (auto event = agent_.poll_event())
        std::visit(overloaded{
                       [&](ice::state_changed&& changed) { on(std::move(changed), now); },
                       [&](ice::selected_pair_changed&& selected) { on(std::move(selected)); },
                       [&](ice::role_changed&& changed) { events_.push_back(changed); },
                       [&](ice::generation_retired&& retired) { forget(retired.generation); },
                   },
                   std::move(*event));
}

/// Who hears that it is connected finds the pair that data goes by, though it is not nominated yet.
CORTC_DECL void transport_engine::on(ice::state_changed&& event, time_point now) {
    const bool works =
        event.to == ice::transport_state::connected || event.to == ice::transport_state::completed;
    if (auto pair = works ? agent_.carrying_pair() : std::nullopt) on(std::move(*pair));
    events_.push_back(event);
    if (!works) return;
    if (channels_ && event.from == ice::transport_state::disconnected) channels_->path_restored(now);
    ice_connected_ = true;
    start_dtls(now);
}

CORTC_DECL void transport_engine::on(ice::selected_pair_changed&& event) {
    if (route_ == event.route && route_of_ == event.generation) return; // it was told
    auto* owner = by_id(event.generation);
    const auto ufrag = owner ? owner->local_ufrag : std::string();
    const auto remote_ufrag = owner ? owner->remote_ufrag : std::string();
    log_.info("selected {} -> {}", to_string(event.local.address), to_string(event.route.remote));
    if (channels_ && route_ && *route_ != event.route) channels_->path_changed();
    route_ = event.route;
    route_of_ = event.generation;
    events_.push_back(path_selected{{event.route, ufrag, ice::to_sdp(event.local, std::nullopt, ufrag),
                                     ice::to_sdp(event.remote, std::nullopt, remote_ufrag)}});
}

/// Application data may come in the datagram that ends the handshake, or while it ran elsewhere: after the
/// event that it is up. What was received before the end counts: it comes before the event that it is over.
CORTC_DECL void transport_engine::take_dtls_events(time_point now, const ice::path* from) {
    for (;;) {
        while (dtls_state_ == dtls_transport_state::connected) {
            const auto size = dtls_->poll_read(scratch_);
            if (!size) break;
            if (from) agent_.note_received(from->socket, from->remote, now);
            take_packet(scratch_.first(*size), now);
        }
        auto event = dtls_->poll_event();
        if (!event) return;
        std::visit(overloaded{
                       [&](crypto::dtls_connected&& connected) { on(std::move(connected), now); },
                       [&](crypto::dtls_closed&& closed) { on(std::move(closed)); },
                       [&](crypto::dtls_failed&& failed) { on(std::move(failed)); },
                   },
                   std::move(*event));
    }
}

CORTC_DECL void transport_engine::on(crypto::dtls_connected&&, time_point now) {
    log_.info("DTLS connected, {}", dtls_->cipher_suite());
    set_dtls_state(dtls_transport_state::connected);
    start_srtp();
    connect_channels(now);
}

CORTC_DECL void transport_engine::on(crypto::dtls_closed&&) {
    if (channels_) channels_->abort("the peer closed the DTLS association");
    media_.stop(); // its keys were the association's
    set_dtls_state(dtls_transport_state::closed, "the peer closed the connection");
}

CORTC_DECL void transport_engine::on(crypto::dtls_failed&& event) {
    if (channels_) channels_->abort("DTLS failed");
    dtls_failure_ = event.reason;
    set_dtls_state(dtls_transport_state::failed, event.message);
}

CORTC_DECL void transport_engine::fail(const std::string& why) {
    if (closed_) return;
    if (channels_) channels_->abort(why);
    media_.stop();
    if (dtls_) dtls_->close();
    if (dtls_state_ == dtls_transport_state::closed) return;
    dtls_failure_ = crypto::dtls_failure::internal;
    set_dtls_state(dtls_transport_state::failed, why);
}

CORTC_DECL std::optional<transport_event> transport_engine::poll_event() {
    if (events_.empty()) return std::nullopt;
    auto next = std::move(events_.front());
    events_.erase(events_.begin());
    if (events_.empty()) events_ = {}; // an idle transport keeps no room for them
    return next;
}

// ---- out

CORTC_DECL void transport_engine::transmit(datagram_sink& out, time_point now) {
    if (closed_) return;
    transmit_ice(out, now);
    transmit_dtls(out, now);
    transmit_channels(out, now);
}

CORTC_DECL void transport_engine::transmit_ice(datagram_sink& out, time_point now) {
    while (const auto sent = agent_.poll_transmit(out.prepare(), now))
        out.commit({sent->socket, sent->destination}, sent->size);
    take_ice_events(now);
    while (const auto sent = queries_.poll_transmit(out.prepare(), now))
        out.commit({sent->socket, sent->destination}, sent->size);
}

CORTC_DECL void transport_engine::transmit_dtls(datagram_sink& out, time_point now) {
    if (!dtls_) return;
    const auto path = agent_.send_path(now);
    if (!path) return; // what waits is sent, or repeated, when there is a path
    std::uint64_t packets = 0, total = 0;
    while (const auto size = dtls_->poll_transmit(out.prepare())) {
        out.commit(*path, *size);
        ++packets;
        total += *size;
    }
    note_sent(packets, total, now);
}

CORTC_DECL void transport_engine::transmit_channels(datagram_sink& out, time_point now) {
    if (!channels_ || dtls_state_ != dtls_transport_state::connected || dtls_->busy()) return;
    const auto path = agent_.send_path(now);
    if (!path) return;
    std::uint64_t packets = 0, total = 0;
    while (const auto size = channels_->poll_transmit(scratch_, now)) {
        const auto sealed = dtls_->seal(scratch_.first(*size), out.prepare());
        if (!sealed) continue;
        out.commit(*path, *sealed);
        ++packets;
        total += *sealed;
    }
    note_sent(packets, total, now);
}

CORTC_DECL void transport_engine::note_sent(std::uint64_t packets, std::uint64_t size,
                                            time_point now) noexcept {
    if (packets == 0) return;
    data_.sent(packets, size, now);
    agent_.note_sent(packets, size, now);
}

CORTC_DECL void transport_engine::close(datagram_sink& out, time_point now) {
    if (closed_) return;
    if (dtls_ && !dtls_->busy()) { // tell the peer; nothing is waited for
        transmit_channels(out, now);
        if (channels_) channels_->abort("closed");
        transmit_channels(out, now);
        dtls_->shutdown();
        transmit_dtls(out, now);
    } else if (channels_) {
        channels_->abort("closed");
    }
    end();
}

CORTC_DECL void transport_engine::end() noexcept {
    closed_ = true;
    if (dtls_) dtls_->close();
    media_.stop();
    media_.attach(nullptr);
    agent_.close();
    channels_ = nullptr;
    early_.clear();
    events_.clear();
    dtls_state_ = dtls_transport_state::closed;
}

} // namespace cortc
