#include "cortc/sim/impl/core.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>

namespace cortc::sim::detail {

CORTC_DECL tcp_end::tcp_end(core& world, sim::host& at, endpoint local, endpoint remote)
    : world_(world), host_(at), local_(std::move(local)), remote_(std::move(remote)) {}

// What a stream does

CORTC_DECL void tcp_end::connect(sim_stream& owner, net::stream_handler& handler) {
    owner_ = &owner;
    handler_ = &handler;
    begin_waiting();
    transmit(true, false, 0, {});
    schedule();
}

CORTC_DECL void tcp_end::accept_from(std::shared_ptr<tcp_listening> where) {
    listening_ = std::move(where);
    state_ = state::answering;
    expected_ = 1;
    begin_waiting();
    transmit(true, false, 0, {});
    schedule();
}

CORTC_DECL void tcp_end::adopt(sim_stream& owner, net::stream_handler& handler) {
    owner_ = &owner;
    handler_ = &handler;
    notify();
}

CORTC_DECL void tcp_end::release() {
    owner_ = nullptr;
    handler_ = nullptr;
    if (!world_.io || state_ == state::ended) return;
    if (state_ == state::opening) return leave();
    if (!in_.empty()) { // what nobody read is an error of the connection, as on most systems
        reset_peer();
        return leave();
    }
    closing_ = true;
    if (!outstanding()) begin_waiting();
    pump();
    schedule();
}

CORTC_DECL bool tcp_end::send(std::span<const byte_view> parts) {
    std::size_t size = 0;
    for (const auto& part : parts) size += part.size();
    if (!world_.io || state_ != state::established || waiting() + size > net::stream::send_limit) {
        ++stats_.send_refused;
        refused_ = true;
        return false;
    }
    if (!outstanding()) begin_waiting();
    for (const auto& part : parts) out_.append(part);
    data_end_ += size;
    stats_.bytes_sent += size;
    ++stats_.send_calls;
    pump();
    schedule();
    return true;
}

CORTC_DECL std::size_t tcp_end::waiting() const noexcept {
    return out_.size() > tcp_send_buffer ? out_.size() - tcp_send_buffer : 0;
}

CORTC_DECL void tcp_end::hold(bool yes) {
    held_ = yes;
    if (!held_) notify();
}

// Sending

CORTC_DECL std::uint64_t tcp_end::room() const noexcept { return tcp_window - in_.size(); }

CORTC_DECL bool tcp_end::outstanding() const noexcept {
    if (state_ == state::ended) return false;
    if (state_ != state::established) return true;
    return acknowledged_ < data_end_ + (closing_ ? 1 : 0);
}

CORTC_DECL std::size_t tcp_end::segment_size() const {
    const std::size_t headers = remote_.address.is_v6() ? 60 : 40;
    const auto mtu = std::clamp<std::size_t>(world_.mtu(host_, local_.address, remote_.address), 576, 65535);
    return mtu - headers;
}

CORTC_DECL void tcp_end::transmit(bool syn, bool fin, std::uint64_t sequence, byte_view data) {
    world_.send_segment(host_,
                        {.source = local_,
                         .destination = remote_,
                         .syn = syn,
                         .ack = state_ != state::opening,
                         .fin = fin,
                         .sequence = sequence,
                         .acknowledged = expected_,
                         .window = room(),
                         .data = bytes(data.begin(), data.end())},
                        last_arrival_);
}

CORTC_DECL void tcp_end::reset_peer() {
    world_.send_segment(host_, {.source = local_, .destination = remote_, .rst = true, .data = {}},
                        last_arrival_);
}

CORTC_DECL void tcp_end::pump() {
    if (state_ != state::established) return;
    const auto limit = acknowledged_ + peer_window_;
    while (next_ < data_end_ && next_ < limit) {
        const auto size = std::min<std::uint64_t>({segment_size(), data_end_ - next_, limit - next_});
        const auto data = out_.front().subspan(next_ - acknowledged_, size);
        const bool last = closing_ && next_ + size == data_end_;
        transmit(false, last, next_, data);
        next_ += size + (last ? 1 : 0);
    }
    if (closing_ && next_ == data_end_) {
        transmit(false, true, next_, {});
        ++next_;
    }
}

CORTC_DECL void tcp_end::begin_waiting() {
    heard_ = world_.now;
    timeout_ = tcp_retransmission;
}

/// The timer runs while something is outstanding.
CORTC_DECL void tcp_end::schedule() {
    if (timer_armed_ || !outstanding()) return;
    timer_armed_ = true;
    world_.at(world_.now + timeout_, [self = shared_from_this(), epoch = timer_epoch_] {
        if (self->timer_epoch_ != epoch) return;
        self->timer_armed_ = false;
        self->timed_out();
    });
}

CORTC_DECL void tcp_end::timed_out() {
    if (!outstanding()) return;
    if (world_.now - heard_ >= tcp_timeout) return end(boost::asio::error::timed_out);
    timeout_ = std::min<duration>(timeout_ * 2, tcp_longest_retransmission);
    if (state_ != state::established) {
        transmit(true, false, 0, {});
    } else {
        next_ = acknowledged_;
        if (peer_window_ == 0)
            transmit(false, false, next_ - 1, {}); // a probe: is there still no room?
        else
            pump();
    }
    schedule();
}

// Receiving

CORTC_DECL void tcp_end::established() {
    state_ = state::established;
    acknowledged_ = next_ = 1;
    ++timer_epoch_;
    timer_armed_ = false;
}

CORTC_DECL void tcp_end::receive(const tcp_segment& segment) {
    const auto self = shared_from_this();
    if (state_ == state::ended) return;
    if (segment.rst)
        return end(state_ == state::opening ? boost::asio::error::connection_refused
                                            : boost::asio::error::connection_reset);
    if (state_ == state::opening) {
        if (!segment.syn) reset_peer(); // of a connection before this one
        if (!segment.syn || !segment.ack) return;
        expected_ = 1;
        peer_window_ = segment.window;
        established();
        transmit(false, false, next_, {});
        connected_untold_ = true;
        return notify();
    }
    if (segment.syn) { // an answer was lost
        transmit(state_ == state::answering, false, state_ == state::answering ? 0 : next_, {});
        return;
    }
    if (state_ == state::answering) {
        established();
        world_.announce(std::move(listening_), shared_from_this());
    }
    acknowledge(segment);
    if (state_ != state::ended) take(segment);
}

CORTC_DECL void tcp_end::acknowledge(const tcp_segment& segment) {
    heard_ = world_.now;
    peer_window_ = segment.window;
    if (segment.acknowledged > acknowledged_) {
        out_.drop(static_cast<std::size_t>(std::min(segment.acknowledged, data_end_) - acknowledged_));
        acknowledged_ = segment.acknowledged;
        next_ = std::max(next_, acknowledged_);
        repeated_ = 0;
        timeout_ = tcp_retransmission;
        ++timer_epoch_;
        timer_armed_ = false;
        if (closing_ && acknowledged_ > data_end_) return leave();
    } else if (next_ > acknowledged_ && segment.data.empty() && !segment.fin && ++repeated_ == 3) {
        next_ = acknowledged_; // something was lost
    }
    pump();
    schedule();
    if (refused_) notify();
}

CORTC_DECL void tcp_end::take(const tcp_segment& segment) {
    const bool bare = segment.data.empty() && !segment.fin;
    if (bare && segment.sequence >= expected_) return; // an acknowledgement, no probe
    if (segment.sequence > expected_) return transmit(false, false, next_, {}); // there is a hole
    const auto known = static_cast<std::size_t>(expected_ - segment.sequence);
    auto fresh = known < segment.data.size() ? byte_view(segment.data).subspan(known) : byte_view();
    if (!owner_ && closing_ && !fresh.empty()) { // nobody will read it
        reset_peer();
        return leave();
    }
    fresh = fresh.first(std::min<std::size_t>(fresh.size(), room()));
    in_.append(fresh);
    expected_ += fresh.size();
    if (segment.fin && segment.sequence + segment.data.size() == expected_) {
        ++expected_;
        peer_ended_ = true;
    }
    transmit(false, false, next_, {});
    if (!fresh.empty() || peer_ended_) notify();
    if (peer_ended_ && !owner_ && closing_) leave();
}

// What the handler hears

CORTC_DECL void tcp_end::end(boost::system::error_code why) {
    why_ = why;
    end_untold_ = true;
    leave();
    notify();
}

CORTC_DECL void tcp_end::leave() {
    state_ = state::ended;
    world_.forget(host_, *this);
}

CORTC_DECL void tcp_end::notify() {
    if (posted_ || !owner_ || !world_.io) return;
    posted_ = true;
    boost::asio::post(*world_.io, [world = world_.shared_from_this(), self = shared_from_this()] {
        self->posted_ = false;
        if (world->io && self->owner_) self->deliver();
    });
}

/// One call for each turn, the rest in turns of their own: the handler may do anything, even let an exception
/// out.
CORTC_DECL void tcp_end::deliver() {
    if (connected_untold_) {
        connected_untold_ = false;
        notify();
        return handler_->handle_connected(*owner_);
    }
    if (!in_.empty() && !held_) {
        bytes data(in_.front().begin(), in_.front().end());
        const bool was_full = room() < tcp_window / 2;
        in_.drop(data.size());
        stats_.bytes_received += data.size();
        ++stats_.receive_calls;
        if (was_full && state_ == state::established) transmit(false, false, next_, {});
        notify();
        return handler_->handle_data(*owner_, data);
    }
    if (refused_ && state_ == state::established && waiting() <= net::stream::send_limit / 2) {
        refused_ = false;
        notify();
        return handler_->handle_writable(*owner_);
    }
    if (!in_.empty()) return; // held back
    if (peer_ended_ && state_ != state::ended) {
        if (held_) return;
        peer_ended_ = false;
        end(boost::asio::error::eof);
    } else if (end_untold_) {
        end_untold_ = false;
        handler_->handle_ended(*owner_, why_);
    }
}

// What the world holds

CORTC_DECL sim_stream::sim_stream(core& world, std::shared_ptr<tcp_end> end)
    : world_(world.shared_from_this()), end_(std::move(end)) {
    ++world_->open_sockets;
}

CORTC_DECL sim_stream::~sim_stream() {
    --world_->open_sockets;
    end_->release();
}

CORTC_DECL sim_listener::sim_listener(core& world, sim::host& at, endpoint local,
                                      net::accept_handler& handler)
    : world_(world.shared_from_this())
    , host_(at.index_)
    , local_(std::move(local))
    , entry_(std::make_shared<tcp_listening>(tcp_listening{this, &handler})) {
    world_->tcp.listeners[{host_, local_}] = entry_;
    ++world_->open_sockets;
}

CORTC_DECL sim_listener::~sim_listener() {
    entry_->owner = nullptr;
    world_->tcp.listeners.erase({host_, local_});
    --world_->open_sockets;
}

CORTC_DECL sim_incoming_stream::sim_incoming_stream(core& world, std::shared_ptr<tcp_end> end)
    : world_(world.shared_from_this()), end_(std::move(end)) {
    ++world_->open_sockets;
}

CORTC_DECL sim_incoming_stream::~sim_incoming_stream() {
    --world_->open_sockets;
    if (end_) end_->release();
}

CORTC_DECL std::unique_ptr<net::stream> sim_incoming_stream::begin(net::stream_handler& handler) {
    const auto end = std::move(end_);
    end_ = nullptr;
    auto made = std::make_unique<sim_stream>(*world_, end);
    end->adopt(*made, handler);
    return made;
}

CORTC_DECL void core::announce(std::shared_ptr<tcp_listening> where, std::shared_ptr<tcp_end> end) {
    boost::asio::post(*io, [self = shared_from_this(), where = std::move(where), end = std::move(end)] {
        auto incoming = std::make_unique<sim_incoming_stream>(*self, end);
        if (self->io && where->owner) where->handler->handle_accept(*where->owner, std::move(incoming));
    });
}

CORTC_DECL void core::forget(const sim::host& at, const tcp_end& end) {
    tcp.ends.erase({at.index_, end.local(), end.remote()});
}

CORTC_DECL std::size_t core::mtu(const sim::host& from, const ip_address& source,
                                 const ip_address& destination) {
    const auto target = next_hop(from, from.network_, destination);
    if (!target) return 1500;
    const auto& link = link_for(source, destination, from.index_, *target);
    return (link.own ? *link.own : default_link).mtu;
}

CORTC_DECL void core::send_segment(sim::host& from, tcp_segment segment, time_point& last_arrival) {
    if (!io || !from.is_up(segment.source.address)) return;
    if (stream_tap) {
        stream_transit seen{.sent = now,
                            .source = segment.source,
                            .destination = segment.destination,
                            .data = segment.data,
                            .opens = segment.syn,
                            .ends = segment.fin || segment.rst};
        stream_tap(seen);
        if (seen.drop) return;
    }
    ++stats.segments;
    carry(from, from.network_, std::move(segment), last_arrival);
}

CORTC_DECL void core::carry(const sim::host& from, std::uint32_t network, tcp_segment segment,
                            time_point& last_arrival) {
    const auto target = next_hop(from, network, segment.destination.address);
    if (!target || link_between(from.index_, *target).cut) return;
    auto& link = link_for(segment.source.address, segment.destination.address, from.index_, *target);
    const auto& options = link.own ? *link.own : default_link;
    if (!options.tcp) return;
    const auto headers = segment.destination.address.is_v6() ? 60u : 40u;
    const auto passed = link.pass(options, now, segment.data.size() + headers, {}, random);
    if (passed.how != fate::delivered) return;
    last_arrival = std::max(passed.arrival, last_arrival);
    at(last_arrival,
       [this, target = *target, network, segment = std::move(segment)] { arrive(target, network, segment); });
}

CORTC_DECL void core::arrive(std::uint32_t target, std::uint32_t network, const tcp_segment& segment) {
    auto& host = *hosts[target];
    if (host.router_) return forward(segment, network, *host.router_);
    if (!host.is_up(segment.destination.address)) return;
    const auto found = tcp.ends.find({target, segment.destination, segment.source});
    if (found != tcp.ends.end()) return std::shared_ptr(found->second)->receive(segment);
    if (segment.rst) return;
    if (segment.syn && !segment.ack) {
        auto where = tcp.listeners.find({target, segment.destination});
        if (where == tcp.listeners.end()) {
            const ip_address any = segment.destination.address.is_v6()
                                       ? ip_address(boost::asio::ip::address_v6::any())
                                       : ip_address(boost::asio::ip::address_v4::any());
            where = tcp.listeners.find({target, {any, segment.destination.port}});
        }
        if (where != tcp.listeners.end()) {
            auto made = std::make_shared<tcp_end>(*this, host, segment.destination, segment.source);
            tcp.ends[{target, segment.destination, segment.source}] = made;
            return made->accept_from(where->second);
        }
    }
    time_point none{};
    send_segment(
        host, {.source = segment.destination, .destination = segment.source, .rst = true, .data = {}}, none);
}

} // namespace cortc::sim::detail

namespace cortc::sim {

CORTC_DECL result<std::unique_ptr<net::stream>> host::connect(const endpoint& local, const endpoint& remote,
                                                              net::stream_handler& handler) {
    using boost::system::errc::errc_t;
    if (local.address.is_v4() != remote.address.is_v4())
        return make_error_code(errc_t::address_family_not_supported);
    auto from = local;
    if (from.address.is_unspecified()) {
        const auto chosen = source_for(remote.address);
        if (!chosen) return make_error_code(errc_t::network_unreachable);
        from.address = *chosen;
    }
    if (!is_up(from.address)) return make_error_code(errc_t::address_not_available);
    if (from.port == 0) from.port = free_port(from.address);
    if (from.port == 0) return make_error_code(errc_t::no_buffer_space);
    const detail::tcp_table::key key{index_, from, remote};
    if (world_.tcp.ends.contains(key)) return make_error_code(errc_t::address_in_use);
    auto end = std::make_shared<detail::tcp_end>(world_, *this, from, remote);
    world_.tcp.ends[key] = end;
    auto made = std::make_unique<detail::sim_stream>(world_, end);
    end->connect(*made, handler);
    return std::unique_ptr<net::stream>(std::move(made));
}

CORTC_DECL result<std::unique_ptr<net::listener>> host::listen(const endpoint& local,
                                                               net::accept_handler& handler) {
    using boost::system::errc::errc_t;
    if (!local.address.is_unspecified() && !is_up(local.address))
        return make_error_code(errc_t::address_not_available);
    auto bound = local;
    if (bound.port == 0) bound.port = free_port(bound.address);
    if (bound.port == 0) return make_error_code(errc_t::no_buffer_space);
    if (world_.tcp.listeners.contains({index_, bound})) return make_error_code(errc_t::address_in_use);
    return std::unique_ptr<net::listener>(
        std::make_unique<detail::sim_listener>(world_, *this, bound, handler));
}

} // namespace cortc::sim
