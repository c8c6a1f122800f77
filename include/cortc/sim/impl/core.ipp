#include "cortc/sim/impl/core.hpp"

#include <algorithm>

namespace cortc::sim::detail {

CORTC_DECL core::core(boost::asio::io_context& context, std::uint64_t seed)
    : io(&context), random(seed), host_seed(seeded_random(~seed).next()), networks(1) {}

CORTC_DECL sim::host& core::add_host(std::string name, std::vector<net::interface_address> list) {
    const auto index = static_cast<std::uint32_t>(hosts.size());
    auto& added = *hosts.emplace_back(
        std::make_unique<sim::host>(*this, index, std::move(name), seeded_random(host_seed + index).next()));
    link_between(index, index).own = link_options{.delay = std::chrono::microseconds(10), .mtu = 65535};
    for (auto& address : list) added.add_address(std::move(address));
    return added;
}

CORTC_DECL link_state& core::link_between(std::uint32_t from, std::uint32_t to) {
    return host_links[std::uint64_t{from} << 32 | to];
}

CORTC_DECL link_state& core::link_for(const ip_address& source, const ip_address& destination,
                                      std::uint32_t from, std::uint32_t to) {
    if (!address_links.empty()) {
        const auto found = address_links.find({source, destination});
        if (found != address_links.end()) return found->second;
    }
    return link_between(from, to);
}

// Sockets

CORTC_DECL std::uint32_t core::open_socket(sim_socket& owner, net::datagram_handler& handler) {
    if (free_sockets_.empty()) {
        free_sockets_.push_back(static_cast<std::uint32_t>(sockets_.size()));
        sockets_.emplace_back();
    }
    const auto index = free_sockets_.back();
    free_sockets_.pop_back();
    sockets_[index].owner = &owner;
    sockets_[index].handler = &handler;
    ++open_sockets;
    return index;
}

CORTC_DECL void core::close_socket(sim::host& at, const endpoint& local, std::uint32_t index) {
    auto& entry = sockets_[index];
    entry.owner = nullptr;
    ++entry.generation;
    for (auto waiting : entry.inbox) end(waiting, fate::port_closed);
    entry.inbox.clear();
    at.sockets_.erase(local);
    free_sockets_.push_back(index);
    --open_sockets;
}

CORTC_DECL bool core::send(sim::host& from, const endpoint& local, const net::outgoing& datagram) {
    auto source = local;
    if (source.address.is_unspecified())
        if (const auto chosen = from.source_for(datagram.destination.address)) source.address = *chosen;
    const auto index = new_packet();
    auto& made = packets_[index];
    made.number = stats.sent++;
    made.sent = now;
    made.source = std::move(source);
    made.destination = datagram.destination;
    made.mark = datagram.mark;
    made.data.assign(datagram.data.begin(), datagram.data.end());
    if (!from.is_up(made.source.address)) return end(index, fate::interface_down), false;
    if (made.source.address.is_v4() != made.destination.address.is_v4())
        return end(index, fate::no_route), false;
    duration extra_delay{};
    unsigned copies = 1;
    if (tap) {
        transit seen{made.number, now,       made.source, made.destination,
                     made.data,   made.mark, extra_delay, copies};
        tap(seen);
        made.mark = seen.mark;
        extra_delay = seen.extra_delay;
        copies = seen.copies;
    }
    if (copies == 0) return end(index, fate::refused), true;
    return carry(index, from, from.network_, extra_delay, copies);
}

CORTC_DECL bool core::carry(std::uint32_t index, const sim::host& from, std::uint32_t network,
                            duration extra_delay, unsigned copies) {
    auto& sent = packets_[index];
    if (sent.destination.address.is_multicast()) return carry_to_group(index, from, extra_delay, copies);
    const auto target = next_hop(from, network, sent.destination.address);
    if (!target) return end(index, fate::no_route), true;
    sent.network = network;
    sent.target = *target;
    if (link_between(from.index_, *target).cut) return end(index, fate::link_down), true;
    auto& link = link_for(sent.source.address, sent.destination.address, from.index_, *target);
    const auto& options = link.own ? *link.own : default_link;
    if (!options.udp) return end(index, fate::link_down), true;
    const auto headers = (sent.destination.address.is_v6() ? 40u : 20u) + 8u;
    const auto passed = link.pass(options, now, sent.data.size() + headers, extra_delay, random);
    if (passed.how != fate::delivered) return end(index, passed.how), passed.how != fate::too_long;
    push(passed.arrival, event_kind::arrival, index);
    for (copies += passed.duplicated ? 1 : 0; copies > 1; --copies) {
        const auto copy = new_packet();
        packets_[copy] = packets_[index];
        push(passed.arrival, event_kind::arrival, copy);
    }
    return true;
}

CORTC_DECL std::uint32_t core::new_packet() {
    if (free_packets_.empty()) {
        free_packets_.push_back(static_cast<std::uint32_t>(packets_.size()));
        packets_.emplace_back();
    }
    const auto index = free_packets_.back();
    free_packets_.pop_back();
    return index;
}

CORTC_DECL void core::end(std::uint32_t index, fate how) {
    record(packets_[index], how);
    free_packets_.push_back(index);
}

CORTC_DECL void core::record(const packet& ended, fate how) {
    ++stats.ended[static_cast<std::size_t>(how)];
    for (auto field : {static_cast<std::uint64_t>(ended.sent.time_since_epoch().count()),
                       static_cast<std::uint64_t>(now.time_since_epoch().count()),
                       std::uint64_t{std::hash<endpoint>{}(ended.source)},
                       std::uint64_t{std::hash<endpoint>{}(ended.destination)},
                       std::uint64_t{ended.data.size()}, static_cast<std::uint64_t>(how)})
        trace = (trace ^ field) * 0x100000001b3 + (trace >> 32);
    if (observer) observer({ended.number, ended.sent, now, ended.source, ended.destination, ended.data, how});
}

CORTC_DECL void core::arrive(std::uint32_t index) {
    const auto& here = packets_[index];
    if (here.destination.address.is_multicast()) return arrive_at_member(index);
    const auto& at = *hosts[here.target];
    if (at.router_) return forward(index, *at.router_);
    if (!at.is_up(here.destination.address)) return end(index, fate::interface_down);
    auto bound = at.sockets_.find(here.destination);
    if (bound == at.sockets_.end()) {
        const ip_address any = here.destination.address.is_v6()
                                   ? ip_address(boost::asio::ip::address_v6::any())
                                   : ip_address(boost::asio::ip::address_v4::any());
        bound = at.sockets_.find({any, here.destination.port});
    }
    if (bound == at.sockets_.end()) return end(index, fate::port_closed);
    put(index, bound->second);
}

CORTC_DECL void core::put(std::uint32_t index, std::uint32_t socket) {
    auto& entry = sockets_[socket];
    entry.inbox.push_back(index);
    if (entry.inbox.size() > 1) return;
    boost::asio::post(*io, [self = shared_from_this(), socket, generation = entry.generation] {
        self->deliver(socket, generation);
    });
}

CORTC_DECL void core::deliver(std::uint32_t socket, std::uint32_t generation) {
    auto& entry = sockets_[socket];
    if (entry.generation != generation || !io) return;
    // The handler may do anything to the world, even let an exception out: work on vectors of one's own.
    struct delivery {
        core& world;
        std::vector<std::uint32_t> packets;
        std::vector<net::datagram> batch;
        ~delivery() {
            for (auto index : packets) world.free_packets_.push_back(index);
            packets.clear();
            batch.clear();
            world.spare_inbox_ = std::move(packets);
            world.spare_batch_ = std::move(batch);
        }
    } work{*this, std::move(spare_inbox_), std::move(spare_batch_)};
    work.packets.swap(entry.inbox);
    for (auto index : work.packets) {
        auto& one = packets_[index];
        record(one, fate::delivered);
        work.batch.push_back({one.data, one.source, one.mark});
    }
    entry.owner->count_received(work.batch);
    entry.handler->handle_batch(*entry.owner, work.batch);
}

CORTC_DECL void sim_socket::send(std::span<const net::outgoing> batch) {
    if (!world_->io) return;
    ++stats_.send_calls;
    for (const auto& datagram : batch) {
        if (!world_->send(host_, source_, datagram)) {
            ++stats_.send_dropped;
            continue;
        }
        ++stats_.datagrams_sent;
        stats_.bytes_sent += datagram.data.size();
    }
}

CORTC_DECL void sim_socket::count_received(std::span<const net::datagram> batch) noexcept {
    ++stats_.receive_calls;
    stats_.datagrams_received += batch.size();
    for (const auto& one : batch) stats_.bytes_received += one.data.size();
}

// Timers

CORTC_DECL std::uint32_t core::add_timer(std::function<void()> expired) {
    if (free_timers_.empty()) {
        free_timers_.push_back(static_cast<std::uint32_t>(timers_.size()));
        timers_.emplace_back();
    }
    const auto index = free_timers_.back();
    free_timers_.pop_back();
    timers_[index].expired = std::make_shared<std::function<void()>>(std::move(expired));
    return index;
}

CORTC_DECL void core::remove_timer(std::uint32_t index) {
    arm_timer(index, never);
    auto& entry = timers_[index];
    entry.sequence = 0;
    const auto released = std::move(entry.expired); // may own what calls back into the world
    free_timers_.push_back(index);
}

CORTC_DECL void core::arm_timer(std::uint32_t index, time_point deadline) {
    auto& entry = timers_[index];
    if (entry.deadline != never) --armed_timers;
    if (deadline != never) ++armed_timers;
    entry.deadline = deadline;
    ++entry.epoch;
    if (deadline == never) return;
    const auto due = std::max(deadline, now);
    if (entry.sequence != 0 && entry.scheduled <= due) return; // prune() moves it on when its turn comes
    entry.sequence = next_sequence_;
    entry.scheduled = due;
    push(due, event_kind::timer, index);
}

CORTC_DECL void core::expire(std::uint32_t timer, std::uint64_t epoch) {
    auto& entry = timers_[timer];
    if (entry.epoch != epoch || !io) return;
    const auto expired = entry.expired; // the callback may destroy the timer
    arm_timer(timer, never);
    (*expired)();
}

// Time

CORTC_DECL void core::push(time_point at, event_kind kind, std::uint32_t index) {
    events_.push_back({at, next_sequence_++, kind, index});
    std::push_heap(events_.begin(), events_.end());
}

CORTC_DECL void core::at(time_point then, std::function<void()> call) {
    if (free_calls_.empty()) {
        free_calls_.push_back(static_cast<std::uint32_t>(calls_.size()));
        calls_.emplace_back();
    }
    const auto index = free_calls_.back();
    free_calls_.pop_back();
    calls_[index] = std::move(call);
    push(then, event_kind::call, index);
}

CORTC_DECL event core::pop() {
    std::pop_heap(events_.begin(), events_.end());
    const auto top = events_.back();
    events_.pop_back();
    return top;
}

CORTC_DECL void core::prune() {
    while (!events_.empty() && events_.front().kind == event_kind::timer) {
        const auto index = events_.front().index;
        auto& entry = timers_[index];
        const bool current = entry.sequence == events_.front().sequence;
        if (current && entry.deadline <= events_.front().at) return;
        pop();
        if (!current) continue;
        entry.sequence = 0;
        if (entry.deadline == never) continue;
        entry.sequence = next_sequence_;
        entry.scheduled = entry.deadline;
        push(entry.deadline, event_kind::timer, index);
    }
}

CORTC_DECL bool core::idle() {
    prune();
    return events_.empty();
}

CORTC_DECL bool core::advance(time_point deadline) {
    prune();
    if (events_.empty() || events_.front().at > deadline) {
        if (deadline != never) now = std::max(now, deadline);
        return false;
    }
    now = std::max(now, events_.front().at);
    while (!events_.empty() && events_.front().at <= now) {
        const auto due = pop();
        if (due.kind == event_kind::arrival) {
            arrive(due.index);
        } else if (due.kind == event_kind::call) {
            const auto call = std::exchange(calls_[due.index], nullptr);
            free_calls_.push_back(due.index);
            call();
        } else {
            auto& entry = timers_[due.index];
            entry.sequence = 0;
            boost::asio::post(*io, [self = shared_from_this(), timer = due.index, epoch = entry.epoch] {
                self->expire(timer, epoch);
            });
        }
        prune();
    }
    return true;
}

} // namespace cortc::sim::detail
