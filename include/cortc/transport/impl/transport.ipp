#pragma once

#include "cortc/base/overloaded.hpp"
#include "cortc/base/what_of.hpp"
#include "cortc/transport/impl/gathering.hpp"
#include "cortc/transport/transport.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace cortc {

namespace detail {

// RFC 7675 5.1: consent ends after 30 s, which may be configured shorter; less than two checks with their
// retries would be chance.
inline constexpr duration least_consent = std::chrono::seconds(10), most_consent = std::chrono::seconds(30);

CORTC_DECL transport_engine_config engine_config(context_core& core, std::optional<std::uint64_t> tie_breaker,
                                                 const std::shared_ptr<const log_origin>& origin,
                                                 std::shared_ptr<ice::rate> pacing) {
    transport_engine_config config(core.network().random());
    config.log = core.log("transport", origin);
    config.ice_log = core.log("ice", origin);
    config.limit.remote_candidates = core.options().limits.remote_candidates;
    config.tie_breaker = tie_breaker;
    config.pacing = std::move(pacing);
    config.early_nomination = core.options().early_nomination;
    config.lite = core.options().ice_lite;
    config.time.consent_expiry =
        std::clamp<duration>(core.options().limits.consent_expiry, least_consent, most_consent);
    config.scratch = core.scratch();
    return config;
}

/// What the transports of a context have in common; the first one makes it.
struct shared_parts {
    ice::local_transport_options sockets;
    std::shared_ptr<mdns::service> names;
};

CORTC_DECL ice::local_transport_options make_socket_options(context_core& core) {
    ice::local_transport_options options;
    if (const auto& range = core.options().port_range)
        options.ports = std::make_shared<ice::port_pool>(ice::port_range{range->first, range->second},
                                                         core.network().random().u32());
    if (const auto& wanted = core.options().udp_mux) {
        ice::udp_mux_options shared;
        shared.port = wanted->port;
        shared.group = wanted->group;
        shared.member = core.port_member().value_or(0);
        shared.dropped = [&counted = core.counted()](ice::mux_drop reason, std::size_t packets) {
            counted.add_drops({{"mux", to_string(reason), packets}});
        };
        options.mux = std::make_shared<ice::udp_mux>(core.network(), core.log("ice"), std::move(shared));
        core.on_parcel([mux = options.mux.get()](net::parcel& what) { mux->take(what); });
    }
    return options;
}

CORTC_DECL std::shared_ptr<mdns::service> make_names(context_core& core) {
    mdns::service_options options;
    options.interfaces = [&core] { return core.usable_interfaces(); };
    options.log = core.log("mdns");
    options.dropped = [&counted = core.counted()](mdns::drop_reason reason, std::size_t messages) {
        counted.add_drops({{"mdns", mdns::to_string(reason), messages}});
    };
    return std::make_shared<mdns::service>(core.network(), std::move(options));
}

CORTC_DECL shared_parts& parts_of(context_core& core) {
    auto& kept = core.shared_sockets();
    if (!kept)
        kept = std::make_shared<shared_parts>(shared_parts{make_socket_options(core), make_names(core)});
    return *static_cast<shared_parts*>(kept.get());
}

CORTC_DECL void append_dtls_drops(std::vector<drop_count>& into, const dtls::transport& from) {
    const auto& before = from.filter_stats();
    append_drop(into, "dtls", "before the ClientHello", before.dropped_stray);
    append_drop(into, "dtls", "malformed ClientHello", before.dropped_malformed);
    append_drop(into, "dtls", "ClientHello too long", before.dropped_too_long);
    append_drop(into, "dtls", "repeated ClientHello", before.dropped_repeated);
    const auto& session = from.stats();
    append_drop(into, "dtls", "inactive", session.dropped_inactive);
    append_drop(into, "dtls", "malformed", session.dropped_malformed);
    append_drop(into, "dtls", "unreadable", session.dropped_unreadable);
    append_drop(into, "dtls", "input queue full", session.dropped_input);
    append_drop(into, "dtls", "output queue full", session.dropped_output);
    append_drop(into, "dtls", "too long", session.dropped_too_long);
    append_drop(into, "dtls", "busy", from.dropped_while_busy());
}

/// Up as long as the scope.
class raised_flag {
  public:
    explicit raised_flag(bool& flag) noexcept : flag_(flag) { flag_ = true; }
    raised_flag(const raised_flag&) = delete;
    raised_flag& operator=(const raised_flag&) = delete;
    ~raised_flag() { flag_ = false; }

  private:
    bool& flag_;
};

} // namespace detail

CORTC_DECL transport::transport(std::shared_ptr<context_core> core, transport_observer& observer,
                                std::optional<std::uint64_t> tie_breaker,
                                std::shared_ptr<const log_origin> origin, std::shared_ptr<ice::rate> pacing)
    : core_(std::move(core))
    , origin_(std::move(origin))
    , observer_(observer)
    , engine_(detail::engine_config(*core_, tie_breaker, origin_, std::move(pacing)))
    , sockets_(core_->network(), *this, core_->log("ice", origin_), detail::parts_of(*core_).sockets)
    , remote_names_(
          core_->options().limits.remote_names,
          [this](const std::string& ufrag, const sdp::candidate& named, std::optional<ip_address> address) {
              const auto self = shared_from_this();
              attempt([&] { change()->add_remote_candidate(ufrag, named, now(), address); });
          },
          [this](const std::string& ufrag) {
              const auto self = shared_from_this();
              attempt([&] { change()->end_remote_candidates(ufrag, now()); });
          })
    , over_(core_)
    , left_(core_)
    , counts_(core_, *this) {}

CORTC_DECL transport::~transport() = default;

CORTC_DECL void transport::start() {
    timer_ = core_->network().make_timer([weak = weak_from_this()] {
        if (auto self = weak.lock()) self->handle_timeout();
    });
    asio::co_spawn(core_->executor(), run(),
                   [self = shared_from_this()](const std::exception_ptr& why) { self->ended(why); });
}

/// The life of a transport; its phases are the engine's.
CORTC_DECL asio::awaitable<void> transport::run() { co_await over_.wait(asio::use_awaitable); }

CORTC_DECL void transport::ended(const std::exception_ptr& why) {
    if (!closed_) { // the task did not even begin
        ran_out_ = true;
        return give_up(what_of(why));
    }
    sockets_.close_all();
    if (!sockets_.leaving()) return finished();
    // The servers of relays are still told: the io_context keeps this until they know, or it goes itself.
    sockets_.on_left([this] { left_.reach(); });
    asio::co_spawn(core_->executor(), left_.wait(asio::use_awaitable),
                   [self = shared_from_this()](const std::exception_ptr&) { self->finished(); });
}

CORTC_DECL void transport::finished() {
    counts_.leave();
    auto keep = std::move(keep_);
    observer_.on_transport_ended(*this);
}

/// There may be no memory to tell it now: then it is told later.
CORTC_DECL void transport::give_up(std::string why) {
    constexpr auto later = std::chrono::milliseconds(100);
    failure_ = std::move(why);
    try {
        const auto together = change();
        together->fail(*failure_);
        for (const auto& each : std::exchange(gathering_, {})) each->give_up();
    } catch (const std::exception&) {
        armed_ = now() + later;
        if (timer_) timer_->arm(armed_);
        return;
    }
    failure_.reset();
}

// ---- what the connection asks for

CORTC_DECL void transport::set_role(ice::role role) { change()->set_role(role); }

CORTC_DECL void transport::add_generation(const std::string& ufrag, const std::string& pwd) {
    if (closed_) return;
    sockets_.add_ufrag(ufrag);
    change()->add_generation(ufrag, pwd, now());
}

CORTC_DECL void transport::pair_generation(const std::string& local_ufrag, const std::string& ufrag,
                                           const std::string& pwd, ice::remote_options options) {
    change()->pair_generation(local_ufrag, {ufrag, pwd}, options, now());
}

CORTC_DECL void transport::drop_generation(const std::string& local_ufrag) {
    cancel_gathering(local_ufrag);
    sockets_.remove_ufrag(local_ufrag);
    change()->drop_generation(local_ufrag, now());
}

CORTC_DECL void transport::close_unused_sockets() {
    sockets_.close_unused([this](ice::local_transport& socket) {
        const auto waits = [&](const auto& phase) { return phase->uses(socket.id()); };
        if (agent().uses(socket.id()) || std::ranges::any_of(gathering_, waits)) return true;
        socket.forget(core_->batch());
        return false;
    });
}

CORTC_DECL void transport::add_remote_candidate(const std::string& remote_ufrag,
                                                const sdp::candidate& candidate) {
    if (closed_) return;
    const auto& options = core_->options();
    const bool asks = options.mdns.resolve && resolves_names_ && !options.ice_lite;
    if (asks && remote_names::is_named(candidate) &&
        remote_names_.add(*detail::parts_of(*core_).names, remote_ufrag, candidate))
        return;
    change()->add_remote_candidate(remote_ufrag, candidate, now()); // which counts a name that has no address
}

CORTC_DECL result<std::string> transport::name_of(const net::interface_address& local) {
    auto& known = own_names_[local.address];
    if (!known) {
        auto made = detail::parts_of(*core_).names->publish(local);
        if (!made) return made.error();
        known = std::move(*made);
    }
    return known->name();
}

CORTC_DECL void transport::end_remote_candidates(const std::string& remote_ufrag) {
    if (!remote_names_.hold_end(remote_ufrag)) change()->end_remote_candidates(remote_ufrag, now());
}

CORTC_DECL void transport::set_dtls(dtls_role role, std::vector<crypto::certificate_ptr> certificates,
                                    const std::vector<sdp::fingerprint>& fingerprints) {
    if (closed_ || dtls_) return;
    crypto::dtls_options options;
    options.role = role;
    if (!certificates.empty()) {
        options.cert = std::move(certificates.front());
        certificates.erase(certificates.begin());
        options.more_certs = std::move(certificates);
    }
    // RFC 8831 5: IP packets of 1200 bytes, less the headers of IPv4, UDP and ChannelData (RFC 8656 12.4).
    options.mtu = 1200 - 20 - 8 - 4;
    for (const auto& each : fingerprints)
        if (auto algorithm = hash_algorithm_of(each.algorithm))
            options.remote_fingerprints.push_back({*algorithm, each.value});
    options.log = core_->log("dtls", origin_);
    auto made = std::make_unique<dtls::transport>(
        crypto::default_backend(), std::move(options), core_->executor(),
        core_->options().worker ? *core_->options().worker : asio::any_io_executor(),
        [weak = weak_from_this()] {
            if (auto self = weak.lock()) self->attempt([&] { self->change()->dtls_returned(self->now()); });
        },
        core_->options().limits.handshake_queue);
    dtls_ = made.get();
    change()->set_dtls(std::move(made), role, now());
}

CORTC_DECL void transport::expect_media() { change()->expect_media(); }

CORTC_DECL void transport::attach(datachannel::data_channels& channels) { change()->attach(channels, now()); }

CORTC_DECL void transport::detach_channels() {
    const detail::raised_flag writing(writing_);
    change()->detach_channels(*this, now());
}

CORTC_DECL void transport::attach(rtp_sink* sink) { change()->attach(sink); }

CORTC_DECL void transport::touch() {
    const auto given = change(); // to one of its parts
}

// ---- in

CORTC_DECL void transport::handle_batch(ice::socket_id from, std::span<const net::datagram> batch) {
    auto self = shared_from_this();
    if (closed_) return;
    const auto at = now();
    const bool shaking_hands = dtls_state_ == dtls_transport_state::connecting;
    attempt([&] {
        auto engine = change();
        for (const auto& packet : batch) engine->handle_datagram(from, packet, at);
    });
    // A step of a handshake takes milliseconds. When fifty peers arrive at once, the answer to the first must
    // not wait for the steps of all the others that are ready in this turn: the peers compute meanwhile.
    if (shaking_hands && !closed_) core_->end_turn();
}

CORTC_DECL void transport::handle_lost(ice::socket_id which, const std::string& why) {
    const auto self = shared_from_this();
    if (closed_) return;
    auto* const socket = sockets_.find(which);
    if (socket) socket->forget(core_->batch());
    const auto base = socket ? to_string(socket->base()) : std::string();
    core_->log("ice", origin_).warning("socket {}: {} is lost: {:?}", which.value(), base, why);
    for (const auto& each : gathering_) each->forget(which);
    attempt([&] { change()->remove_socket(which, now()); });
    sockets_.close(which);
}

CORTC_DECL void transport::handle_timeout() {
    armed_ = never;
    if (closed_) return;
    const auto self = shared_from_this();
    if (failure_) return give_up(std::move(*failure_));
    attempt([this] { change()->handle_timeout(now()); });
}

// ---- what the engine reports

CORTC_DECL void transport::drain(transport_engine& engine) {
    if (closed_) return;
    changed_ = true;
    if (draining_) return; // the drain that runs goes on until nothing is left
    auto self = shared_from_this();
    const detail::raised_flag draining(draining_);
    changed_ = !writing_;
    engine.drain(overloaded{
        [this](ice::state_changed&& event) { tell(event); },
        [this](ice::role_changed&& event) { observer_.on_role_changed(*this, event.now); },
        [this](path_selected&& event) { tell(std::move(event)); },
        [this](generation_gone&& event) {
            cancel_gathering(event.local_ufrag);
            sockets_.remove_ufrag(event.local_ufrag);
            close_unused_sockets();
        },
        [this](dtls_state_changed&& event) { tell(std::move(event)); },
        [this](ice::server_answer&& answer) { tell(answer); },
        [this](datachannel::channel_event&& event) { observer_.on_channel_event(std::move(event)); },
        [this](datachannel::incoming_message&& message) { observer_.on_channel_message(std::move(message)); },
    });
    if (changed_ && !closed_) core_->at_end_of_turn(*this);
}

CORTC_DECL void transport::tell(const ice::state_changed& event) {
    ice_state_ = event.to;
    observer_.on_ice_state(*this, event.to);
}

CORTC_DECL void transport::tell(path_selected&& event) {
    selected_ = std::move(event.what);
    observer_.on_selected_pair(*this, selected_->local_ufrag);
}

CORTC_DECL void transport::tell(dtls_state_changed&& event) {
    const auto before = std::exchange(dtls_state_, event.to);
    if (event.to == dtls_transport_state::connected) ++core_->counted().handshakes_made;
    if (event.to == dtls_transport_state::failed && before != dtls_transport_state::connected)
        ++core_->counted().handshakes_failed;
    observer_.on_dtls_state(*this, event.to, event.why);
}

CORTC_DECL void transport::tell(const ice::server_answer& answer) {
    const auto all = gathering_; // one may end, or all
    for (const auto& each : all) each->answer(answer);
}

// ---- reports

CORTC_DECL void transport::add_to(context_totals& all) const {
    all.packets_sent += data().packets_sent;
    all.packets_received += data().packets_received;
    all.bytes_sent += data().bytes_sent;
    all.bytes_received += data().bytes_received;
    std::vector<drop_count> drops;
    append_drops(drops);
    all.add_drops(drops);
}

CORTC_DECL void transport::append_drops(std::vector<drop_count>& into) const {
    for (std::size_t i = 0; i < static_cast<std::size_t>(demux_drop::count); ++i) {
        const auto reason = static_cast<demux_drop>(i);
        detail::append_drop(into, "transport", to_string(reason), dropped(reason));
    }
    detail::append_drop(into, "socket", "not sent", sockets_.send_dropped());
    detail::append_drop(into, "socket", "not opened", sockets_.stats().open_failures);
    detail::append_drop(into, "socket", "over the limit", sockets_.stats().over_limit);
    detail::append_drops<ice::drop_reason>(into, "ice", agent().stats().drops);
    if (dtls_) detail::append_dtls_drops(into, *dtls_);
    if (srtp()) detail::append_drops<srtp::drop_reason>(into, "srtp", srtp()->stats().inbound_drops);
}

// ---- out

CORTC_DECL void transport::end_of_turn() {
    if (closed_) return;
    auto self = shared_from_this();
    attempt([this] {
        const detail::raised_flag writing(writing_);
        change()->transmit(*this, now()); // what was put into packets may have made room
    });
    if (!closed_) arm_timer();
}

CORTC_DECL byte_span transport::prepare() { return core_->batch().prepare(); }

CORTC_DECL void transport::commit(const ice::path& to, std::size_t size) {
    if (auto* socket = sockets_.find(to.socket)) socket->send(core_->batch(), size, to.remote);
}

// One timer for the whole engine; it is moved only to come earlier, and finds out when it came too early.
CORTC_DECL void transport::arm_timer() {
    const auto next = engine_->next_timeout();
    if (next >= armed_) return;
    armed_ = next;
    timer_->arm(next);
}

CORTC_DECL void transport::close(std::shared_ptr<void> keep) {
    if (closed_) return;
    auto self = shared_from_this();
    keep_ = std::move(keep);
    closed_ = true;
    say_goodbye();
    withdraw();
    for (const auto& each : std::exchange(gathering_, {})) each->cancel();
    remote_names_.clear();
    own_names_.clear();
    sockets_.close_all();
    timer_.reset();
    ice_state_ = ice::transport_state::closed;
    dtls_state_ = dtls_transport_state::closed;
    over_.fail(make_error(errc::aborted, "the connection was closed"));
    if (ran_out_) asio::post(core_->executor(), [self] { self->ended(nullptr); });
}

/// The peer finds out by itself when it cannot be told.
CORTC_DECL void transport::say_goodbye() noexcept {
    try {
        change()->close(*this, now());
        core_->batch().flush();
    } catch (const std::exception& error) {
        core_->log("transport").warning("closed without a word to the peer: {}", error.what());
        change()->end();
    }
}

} // namespace cortc
