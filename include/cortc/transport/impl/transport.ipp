#pragma once

#include "cortc/stun/message.hpp"
#include "cortc/transport/transport.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace cortc {

namespace detail {

CORTC_DECL ice::agent_config agent_config(context_core& core) {
    ice::agent_config config(core.network().random());
    config.log = core.log("ice");
    config.limit.remote_candidates = core.options().limits.remote_candidates;
    return config;
}

CORTC_DECL ice::gather_options gather_options(context_core& core) {
    ice::gather_options options;
    options.loopback = true; // usable_interfaces() has decided
    options.interfaces = [&core] { return core.usable_interfaces(); };
    if (const auto& range = core.options().port_range)
        options.ports = ice::port_range{range->first, range->second};
    return options;
}

} // namespace detail

CORTC_DECL std::string_view to_string(demux_drop reason) noexcept {
    switch (reason) {
    case demux_drop::empty:
        return "empty";
    case demux_drop::unknown_protocol:
        return "unknown protocol";
    case demux_drop::invalid_source:
        return "invalid source";
    case demux_drop::no_dtls_yet:
        return "no DTLS yet";
    case demux_drop::no_media:
        return "no media";
    case demux_drop::no_srtp_keys:
        return "no SRTP keys";
    case demux_drop::no_receiver:
        return "no receiver";
    case demux_drop::count:
        break;
    }
    return "";
}

CORTC_DECL transport::transport(std::shared_ptr<context_core> core, transport_observer& observer)
    : core_(std::move(core))
    , observer_(observer)
    , log_(core_->log("transport"))
    , agent_(detail::agent_config(*core_))
    , gatherer_(core_->network(), *this, core_->log("ice"), detail::gather_options(*core_))
    , ice_connected_(core_)
    , dtls_ready_(core_)
    , dtls_connected_(core_)
    , channels_attached_(core_)
    , over_(core_) {}

CORTC_DECL transport::~transport() = default;

CORTC_DECL void transport::start() {
    timer_ = core_->network().make_timer([weak = weak_from_this()] {
        if (auto self = weak.lock()) self->handle_timeout();
    });
    asio::co_spawn(core_->executor(), run(),
                   [self = shared_from_this()](std::exception_ptr) { self->ended(); });
}

/// The life of a transport. Each phase ends by what the engines report, or by close(). close() may also come
/// between the end of a phase and the resumption: then there is nothing to go on with.
CORTC_DECL asio::awaitable<void> transport::run() {
    co_await ice_connected_.wait(asio::use_awaitable);
    co_await dtls_ready_.wait(asio::use_awaitable);
    if (closed_) co_return;
    start_dtls(now());
    touch();
    co_await dtls_connected_.wait(asio::use_awaitable);
    co_await channels_attached_.wait(asio::use_awaitable);
    if (closed_) co_return;
    channels_->connect(now());
    touch();
    co_await over_.wait(asio::use_awaitable);
}

CORTC_DECL void transport::ended() {
    gatherer_.close_all();
    auto keep = std::move(keep_);
    observer_.on_transport_ended(*this);
}

// ---- generations

CORTC_DECL transport::generation* transport::by_local(std::string_view ufrag) noexcept {
    auto at = std::find_if(generations_.begin(), generations_.end(),
                           [&](const auto& each) { return each.local_ufrag == ufrag; });
    return at == generations_.end() ? nullptr : &*at;
}

CORTC_DECL transport::generation* transport::by_remote(std::string_view ufrag) noexcept {
    auto at = std::find_if(generations_.rbegin(), generations_.rend(),
                           [&](const auto& each) { return each.remote_ufrag == ufrag; });
    return at == generations_.rend() ? nullptr : &*at;
}

CORTC_DECL transport::generation* transport::by_id(ice::generation_id id) noexcept {
    auto at = std::find_if(generations_.begin(), generations_.end(),
                           [&](const auto& each) { return each.id == id; });
    return at == generations_.end() ? nullptr : &*at;
}

CORTC_DECL void transport::set_role(ice::role role) {
    if (!closed_) agent_.set_role(role);
}

CORTC_DECL void transport::add_generation(const std::string& ufrag, const std::string& pwd) {
    if (closed_ || by_local(ufrag)) return;
    generations_.push_back({agent_.add_generation({ufrag, pwd}, now()), ufrag, {}});
}

CORTC_DECL void transport::gather(const std::string& ufrag, const ice::gather_settings& settings) {
    auto* target = by_local(ufrag);
    if (closed_ || !target) return;
    const auto id = target->id;
    for (const auto& socket : gatherer_.gather(settings)) {
        ice::local_candidate host;
        host.socket = socket.socket;
        host.base = socket.local;
        host.local_preference = socket.local_preference;
        if (auto candidate = agent_.add_local_candidate(id, host, now()))
            observer_.on_local_candidate(*this, ufrag, *candidate);
    }
    agent_.local_candidates_done(id, now());
    observer_.on_gathering_done(*this, ufrag);
    touch();
}

CORTC_DECL void transport::pair_generation(const std::string& local_ufrag, const std::string& ufrag,
                                           const std::string& pwd, bool lite) {
    auto* target = by_local(local_ufrag);
    if (closed_ || !target) return;
    target->remote_ufrag = ufrag;
    ice::remote_options options;
    options.lite = lite;
    agent_.set_remote(target->id, {ufrag, pwd}, options, now());
    touch();
}

CORTC_DECL void transport::drop_generation(const std::string& local_ufrag) {
    auto* target = by_local(local_ufrag);
    if (closed_ || !target) return;
    agent_.remove_generation(target->id, now());
    retire(target->id);
    touch();
}

CORTC_DECL void transport::retire(ice::generation_id id) {
    std::erase_if(generations_, [&](const auto& each) { return each.id == id; });
    gatherer_.close_unused([this](ice::socket_id socket) {
        if (agent_.uses(socket)) return true;
        if (auto* gone = gatherer_.find(socket)) core_->batch().forget(*gone);
        return false;
    });
}

CORTC_DECL void transport::add_remote_candidate(const std::string& remote_ufrag,
                                                const sdp::candidate& candidate) {
    auto* target = by_remote(remote_ufrag);
    if (closed_ || !target) return;
    if (!agent_.add_remote_candidate(target->id, candidate, now()))
        log_.debug("remote candidate {}:{} is not used", candidate.address, candidate.port);
    touch();
}

CORTC_DECL void transport::end_remote_candidates(const std::string& remote_ufrag) {
    auto* target = by_remote(remote_ufrag);
    if (closed_ || !target) return;
    agent_.remote_candidates_done(target->id, now());
    touch();
}

// ---- DTLS, SRTP and SCTP

CORTC_DECL void transport::set_dtls(dtls_role role, std::shared_ptr<const crypto::certificate> certificate,
                                    const std::vector<sdp::fingerprint>& fingerprints) {
    if (closed_ || dtls_) return;
    crypto::dtls_options options;
    options.role = role;
    options.cert = std::move(certificate);
    for (const auto& each : fingerprints)
        if (auto algorithm = hash_algorithm_of(each.algorithm))
            options.remote_fingerprints.push_back({*algorithm, each.value});
    options.log = core_->log("dtls");
    dtls_role_ = role;
    dtls_.emplace(crypto::default_backend(), std::move(options), core_->executor(),
                  core_->options().worker ? *core_->options().worker : asio::any_io_executor(),
                  [weak = weak_from_this()] {
                      auto self = weak.lock();
                      if (!self) return;
                      self->drain_events();
                      self->core_->at_end_of_turn(*self);
                  });
    dtls_ready_.reach();
}

/// Not before there is a path, in the one direction at least: a handshake has a deadline.
CORTC_DECL void transport::start_dtls(time_point at) {
    if (dtls_state_ != dtls_transport_state::fresh) return;
    dtls_->start(at);
    set_dtls_state(dtls_transport_state::connecting, {});
}

CORTC_DECL void transport::expect_media() {
    media_ = true;
    start_srtp();
}

CORTC_DECL void transport::start_srtp() {
    if (!media_ || srtp_ || dtls_state_ != dtls_transport_state::connected) return;
    const auto keys = dtls_->export_srtp_keys();
    if (!keys) return log_.info("DTLS has agreed on no SRTP profile");
    srtp_ = srtp::session::make(srtp::options(*keys, dtls_role_));
    if (srtp_)
        log_.info("SRTP, {}", to_string(srtp_->used_profile()));
    else
        log_.warning("libsrtp does not start: no media");
}

CORTC_DECL void transport::attach(datachannel::data_channels& channels) {
    if (closed_ || channels_) return;
    channels_ = &channels;
    channels_attached_.reach();
}

// ---- in

CORTC_DECL void transport::handle_batch(net::udp_socket& socket, std::span<const net::datagram> batch) {
    auto self = shared_from_this();
    const auto id = gatherer_.id_of(socket);
    if (closed_ || !id) return;
    const auto at = now();
    const bool shaking_hands = dtls_state_ == dtls_transport_state::connecting;
    for (const auto& packet : batch) {
        demultiplex(*id, packet, at);
        if (closed_) return;
    }
    drain_events();
    core_->at_end_of_turn(*this);
    // A step of a handshake takes milliseconds. When fifty peers arrive at once, the answer to the first must
    // not wait for the steps of all the others that are ready in this turn: the peers compute meanwhile.
    if (shaking_hands) core_->end_turn();
}

// RFC 7983 7: the first byte tells the protocol.
CORTC_DECL void transport::demultiplex(ice::socket_id socket, const net::datagram& packet, time_point at) {
    if (packet.data.empty()) return drop(demux_drop::empty);
    const auto first = std::to_integer<unsigned>(packet.data[0]);
    if (stun::is_stun(packet.data))
        agent_.handle_packet(socket, packet.source, packet.data, at);
    else if (first >= 20 && first <= 63)
        handle_dtls(socket, packet, at);
    else if (first >= 128 && first <= 191)
        handle_srtp(socket, packet, at);
    else
        drop(demux_drop::unknown_protocol);
}

CORTC_DECL void transport::handle_dtls(ice::socket_id socket, const net::datagram& packet, time_point at) {
    if (!dtls_) return drop(demux_drop::no_dtls_yet);
    if (!agent_.accept(socket, packet.source, packet.data.size(), at))
        return drop(demux_drop::invalid_source);
    data_.received(packet.data.size(), at);
    if (dtls_role_ == dtls_role::server) start_dtls(at); // the peer's checks were quicker than ours
    dtls_->handle_packet(packet.data, at);
    while (auto size = dtls_->poll_read(core_->scratch())) {
        agent_.note_received(socket, packet.source, at);
        if (channels_) channels_->handle_packet(core_->scratch().first(*size), at);
    }
}

/// Tracks carry no packets: one that is authentic is a sign of life, and is dropped.
CORTC_DECL void transport::handle_srtp(ice::socket_id socket, const net::datagram& packet, time_point at) {
    if (!media_) return drop(demux_drop::no_media);
    if (!srtp_) return drop(demux_drop::no_srtp_keys);
    if (!agent_.accept(socket, packet.source, packet.data.size(), at))
        return drop(demux_drop::invalid_source);
    data_.received(packet.data.size(), at);
    const auto size =
        srtp::is_rtcp(packet.data) ? srtp_->unprotect_rtcp(packet.data) : srtp_->unprotect_rtp(packet.data);
    if (!size) return; // srtp_ has counted why
    agent_.note_received(socket, packet.source, at);
    drop(demux_drop::no_receiver);
}

CORTC_DECL void transport::handle_timeout() {
    armed_ = never;
    if (closed_) return;
    const auto at = now();
    if (agent_.next_timeout() <= at) agent_.handle_timeout(at);
    if (dtls_ && dtls_->next_timeout() <= at) dtls_->handle_timeout(at);
    if (channels_ && channels_->next_timeout() <= at) channels_->handle_timeout(at);
    drain_events();
    if (!closed_) core_->at_end_of_turn(*this);
}

// ---- events

CORTC_DECL void transport::touch() {
    if (closed_) return;
    drain_events();
    if (!closed_) core_->at_end_of_turn(*this);
}

CORTC_DECL void transport::drain_events() {
    if (std::exchange(draining_, true)) return; // the drain that is running goes on until nothing is left
    auto self = shared_from_this();
    for (bool more = true; more && !closed_;) {
        more = drain_ice_events();
        more = drain_dtls() || more;
        drain_channels();
    }
    draining_ = false;
}

CORTC_DECL bool transport::drain_ice_events() {
    bool any = false;
    while (auto event = agent_.poll_event()) {
        any = true;
        handle_ice_event(std::move(*event));
        if (closed_) break;
    }
    return any;
}

CORTC_DECL void transport::handle_ice_event(ice::event&& event) {
    if (auto* changed = std::get_if<ice::state_changed>(&event)) {
        ice_state_ = changed->to;
        const bool works =
            changed->to == ice::transport_state::connected || changed->to == ice::transport_state::completed;
        if (works && !ice_connected_.reached()) ice_connected_.reach();
        if (works && channels_ && changed->from == ice::transport_state::disconnected)
            channels_->path_restored(now());
        observer_.on_ice_state(*this, changed->to);
    } else if (auto* pair = std::get_if<ice::selected_pair_changed>(&event)) {
        auto* owner = by_id(pair->generation);
        const auto ufrag = owner ? owner->local_ufrag : std::string();
        const auto remote_ufrag = owner ? owner->remote_ufrag : std::string();
        selected_ = selected{pair->route, ufrag, ice::to_sdp(pair->local, std::nullopt, ufrag),
                             ice::to_sdp(pair->remote, std::nullopt, remote_ufrag)};
        log_.info("selected {} -> {}", to_string(pair->local.address), to_string(pair->route.remote));
        observer_.on_selected_pair(*this, ufrag);
    } else if (auto* retired = std::get_if<ice::generation_retired>(&event)) {
        retire(retired->generation);
    }
}

CORTC_DECL bool transport::drain_dtls() {
    bool any = false;
    while (dtls_ && !closed_) {
        auto event = dtls_->poll_event();
        if (!event) break;
        any = true;
        handle_dtls_event(std::move(*event));
    }
    // Application data may come in the datagram that ends the handshake, or while it ran on the worker.
    while (dtls_ && !closed_) {
        auto size = dtls_->poll_read(core_->scratch());
        if (!size) break;
        any = true;
        if (channels_) channels_->handle_packet(core_->scratch().first(*size), now());
    }
    return any;
}

CORTC_DECL void transport::handle_dtls_event(crypto::dtls_event&& event) {
    if (std::holds_alternative<crypto::dtls_connected>(event)) {
        log_.info("DTLS connected, {}", dtls_->cipher_suite());
        dtls_connected_.reach();
        set_dtls_state(dtls_transport_state::connected, {});
        start_srtp();
    } else if (std::holds_alternative<crypto::dtls_closed>(event)) {
        if (channels_) channels_->abort("the peer closed the DTLS association");
        srtp_.reset(); // its keys were the association's
        set_dtls_state(dtls_transport_state::closed, "the peer closed the connection");
    } else if (auto* failed = std::get_if<crypto::dtls_failed>(&event)) {
        if (channels_) channels_->abort("DTLS failed");
        dtls_failure_ = failed->reason;
        set_dtls_state(dtls_transport_state::failed, failed->message);
    }
}

CORTC_DECL void transport::set_dtls_state(dtls_transport_state state, const std::string& why) {
    if (dtls_state_ == state) return;
    dtls_state_ = state;
    if (!why.empty()) log_.info("DTLS ended: {}", why);
    observer_.on_dtls_state(*this, state, why);
}

CORTC_DECL void transport::drain_channels() {
    if (!channels_ || closed_) return;
    channels_->drain(
        [this](datachannel::channel_event&& event) { observer_.on_channel_event(std::move(event)); },
        [this](datachannel::incoming_message&& message) {
            observer_.on_channel_message(std::move(message));
        });
}

// ---- out

CORTC_DECL void transport::end_of_turn() {
    if (closed_) return;
    auto self = shared_from_this();
    transmit(now());
    drain_events(); // what was put into packets may have made room
    if (!closed_) arm_timer();
}

CORTC_DECL void transport::transmit(time_point at) {
    transmit_ice(at);
    transmit_dtls(at);
    transmit_channels(at);
}

CORTC_DECL void transport::transmit_ice(time_point at) {
    auto& batch = core_->batch();
    for (;;) {
        auto slot = batch.prepare();
        auto sent = agent_.poll_transmit(slot, at);
        if (!sent) return;
        if (auto* socket = gatherer_.find(sent->socket)) batch.commit(*socket, sent->destination, sent->size);
    }
}

CORTC_DECL net::udp_socket* transport::route(ice::path& out) noexcept {
    const auto path = agent_.send_path();
    if (!path) return nullptr;
    out = *path;
    return gatherer_.find(path->socket);
}

CORTC_DECL void transport::note_sent(std::uint64_t packets, std::uint64_t size, time_point at) noexcept {
    if (packets == 0) return;
    data_.sent(packets, size, at);
    agent_.note_sent(packets, size, at);
}

CORTC_DECL void transport::transmit_dtls(time_point at) {
    if (!dtls_) return;
    ice::path path;
    auto* socket = route(path);
    if (!socket) return; // what waits is sent, or repeated, when there is a path
    auto& batch = core_->batch();
    std::uint64_t packets = 0, total = 0;
    for (;;) {
        auto slot = batch.prepare();
        auto size = dtls_->poll_transmit(slot);
        if (!size) break;
        batch.commit(*socket, path.remote, *size);
        ++packets;
        total += *size;
    }
    note_sent(packets, total, at);
}

CORTC_DECL void transport::transmit_channels(time_point at) {
    if (!channels_ || dtls_state_ != dtls_transport_state::connected || dtls_->busy()) return;
    ice::path path;
    auto* socket = route(path);
    if (!socket) return;
    auto& batch = core_->batch();
    std::uint64_t packets = 0, total = 0;
    while (auto size = channels_->poll_transmit(core_->scratch(), at)) {
        auto slot = batch.prepare();
        auto sealed = dtls_->seal(core_->scratch().first(*size), slot);
        if (!sealed) continue;
        batch.commit(*socket, path.remote, *sealed);
        ++packets;
        total += *sealed;
    }
    note_sent(packets, total, at);
}

// One timer for all engines; it is moved only to come earlier, and finds out when it came too early.
CORTC_DECL void transport::arm_timer() {
    auto next = agent_.next_timeout();
    if (dtls_) next = std::min(next, dtls_->next_timeout());
    if (channels_) next = std::min(next, channels_->next_timeout());
    if (next >= armed_) return;
    armed_ = next;
    timer_->arm(next);
}

CORTC_DECL void transport::close(std::shared_ptr<void> keep) {
    if (closed_) return;
    auto self = shared_from_this();
    keep_ = std::move(keep);
    const auto at = now();
    if (dtls_ && !dtls_->busy()) { // tell the peer; nothing is waited for
        transmit_channels(at);     // what was sent in this turn
        if (channels_) channels_->abort("closed");
        transmit_channels(at);
        dtls_->shutdown();
        transmit_dtls(at);
    }
    core_->batch().flush();
    closed_ = true;
    withdraw();
    if (dtls_) dtls_->close();
    srtp_.reset();
    agent_.close();
    gatherer_.close_all();
    channels_ = nullptr;
    timer_.reset();
    ice_state_ = ice::transport_state::closed;
    dtls_state_ = dtls_transport_state::closed;
    const auto why = make_error(errc::aborted, "the connection was closed");
    for (auto* each : {&ice_connected_, &dtls_ready_, &dtls_connected_, &channels_attached_, &over_})
        each->fail(why);
}

} // namespace cortc
