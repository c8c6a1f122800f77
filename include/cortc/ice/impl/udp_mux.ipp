#pragma once

#include "cortc/ice/udp_mux.hpp"
#include "cortc/stun/message.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cortc::ice {

CORTC_DECL std::string_view to_string(mux_drop reason) noexcept {
    switch (reason) {
    case mux_drop::unknown_ufrag:
        return "unknown ufrag";
    case mux_drop::unknown_response:
        return "unknown response";
    case mux_drop::unknown_source:
        return "unknown source";
    case mux_drop::malformed:
        return "malformed";
    case mux_drop::member_busy:
        return "member busy";
    case mux_drop::count:
        break;
    }
    return "unknown";
}

// ---- a slot

CORTC_DECL mux_slot::mux_slot(socket_id id, std::shared_ptr<mux_port> port, datagram_receiver& receiver)
    : local_transport(id), port_(std::move(port)), receiver_(receiver) {
    ++port_->slots_;
}

CORTC_DECL mux_slot::~mux_slot() { port_->remove(*this); }

CORTC_DECL void mux_slot::add_ufrag(const std::string& ufrag) {
    if (std::ranges::find(ufrags_, ufrag) != ufrags_.end()) return;
    if (!port_->ufrags_.try_emplace(ufrag, this).second) {
        port_->log_.warning("mux: the ufrag {} is another one's", ufrag);
        return;
    }
    ufrags_.push_back(ufrag);
}

CORTC_DECL void mux_slot::remove_ufrag(const std::string& ufrag) noexcept {
    if (std::erase(ufrags_, ufrag) != 0) port_->ufrags_.erase(ufrag);
}

CORTC_DECL const endpoint& mux_slot::base() const noexcept { return port_->socket_->local(); }

CORTC_DECL void mux_slot::send(net::send_batch& batch, std::size_t size, const endpoint& to) {
    port_->note_request(byte_view(batch.prepare()).first(size), *this);
    batch.commit(*port_->socket_, to, size);
}

CORTC_DECL void mux_slot::forget(net::send_batch& batch) noexcept {
    if (port_->slots_ == 1) batch.forget(*port_->socket_);
}

// ---- the socket

CORTC_DECL boost::system::error_code mux_port::open(net::network& network, const endpoint& where) {
    network_ = &network;
    auto opened = options_->group ? network.open_shared_udp(where, *this) : network.open_udp(where, *this);
    if (!opened) return opened.error();
    socket_ = std::move(*opened);
    return {};
}

CORTC_DECL void mux_port::drop(mux_drop reason, std::size_t packets) const {
    if (options_->dropped) options_->dropped(reason, packets);
}

CORTC_DECL void mux_port::handle_batch(net::udp_socket&, std::span<const net::datagram> batch) {
    distribute(batch, false);
}

/// What comes from one source without being STUN goes on together: a run of data is not taken apart.
CORTC_DECL void mux_port::distribute(std::span<const net::datagram> batch, bool handed) {
    const auto self = shared_from_this(); // the last slot may go meanwhile
    for (std::size_t begin = 0; begin < batch.size();) {
        const auto& first = batch[begin];
        const auto is_stun = stun::is_stun(first.data);
        auto end = begin + 1;
        if (!is_stun)
            while (end < batch.size() && batch[end].source == first.source && !stun::is_stun(batch[end].data))
                ++end;
        const auto run = batch.subspan(begin, end - begin);
        const auto owner = is_stun ? owner_of_stun(first) : owner_of_data(first.source);
        if (owner.slot)
            owner.slot->receiver_.handle_batch(owner.slot->id(), run);
        else if (handed || !options_->group || !socket_ || !pass_on(run, owner))
            drop(owner.reason, run.size());
        begin = end;
    }
    if (!parcels_.empty()) send_parcels();
}

CORTC_DECL mux_port::found mux_port::owner_of_data(const endpoint& source) const {
    const auto at = sources_.find(source);
    if (at == sources_.end()) return {nullptr, mux_drop::unknown_source, {}};
    return {at->second, {}, {}};
}

/// RFC 8445 7.3: the first half of USERNAME is ours.
CORTC_DECL mux_port::found mux_port::owner_of_stun(const net::datagram& packet) {
    const auto message = stun::message::parse(packet.data);
    if (!message) return {nullptr, mux_drop::malformed, {}};
    if (message->is_request()) {
        const auto username = message->username();
        if (!username) return {nullptr, mux_drop::malformed, {}};
        const auto ufrag = username->substr(0, username->find(':'));
        const auto at = ufrags_.find(ufrag);
        if (at == ufrags_.end()) return {nullptr, mux_drop::unknown_ufrag, ufrag};
        learn(packet.source, *at->second);
        return {at->second, {}, {}};
    }
    if (message->is_response()) {
        const auto at = requests_.find(message->id());
        if (at == requests_.end()) return {nullptr, mux_drop::unknown_response, {}};
        const auto request = at->second;
        std::erase(request.by->requests_, message->id());
        requests_.erase(at);
        // A lite peer sends no check of its own.
        if (request.check && !sources_.contains(packet.source)) learn(packet.source, *request.by);
        return {request.by, {}, {}};
    }
    return owner_of_data(packet.source); // an indication
}

// ---- a group of several

CORTC_DECL bool mux_port::pass_on(std::span<const net::datagram> run, const found& why) {
    const auto& source = run.front().source;
    const auto self = options_->member;
    if (why.reason == mux_drop::malformed) return false;
    if (why.reason == mux_drop::unknown_ufrag) {
        const auto member = net::port_group::member_of(why.ufrag);
        if (!member || *member == self) return false;
        others_.erase(source); // what follows may be another one's than what came before
        pass(*member, run);
        return true;
    }
    constexpr std::size_t most_known = 16384;
    auto at = others_.find(source);
    if (at == others_.end()) {
        const auto owner = options_->group->owner_of(socket_->local().address, source);
        if (!owner && why.reason == mux_drop::unknown_response) {
            ask_all(run.front());
            return true;
        }
        if (!owner || *owner == self) return false;
        if (others_.size() == most_known) others_.clear();
        at = others_.emplace(source, *owner).first;
    }
    pass(at->second, run);
    return true;
}

CORTC_DECL void mux_port::pass(unsigned member, std::span<const net::datagram> run) {
    auto& parcel = parcels_[member];
    parcel.local = socket_->local().address;
    for (const auto& each : run) parcel.add(each);
}

/// The answer to a request of another member's, whose peer has sent no check yet: few, and anybody may send
/// what looks like it.
CORTC_DECL void mux_port::ask_all(const net::datagram& packet) {
    const auto now = network_->now();
    if (!questions_.ready(now)) return drop(mux_drop::unknown_response, 1);
    questions_.take(now);
    for (unsigned member = 0; member < net::port_group::most_members; ++member)
        if (member != options_->member && options_->group->has(member)) pass(member, {&packet, 1});
}

CORTC_DECL void mux_port::send_parcels() {
    for (auto& [member, parcel] : std::exchange(parcels_, {})) {
        const auto count = parcel.pieces.size();
        if (!options_->group->send(member, std::move(parcel))) drop(mux_drop::member_busy, count);
    }
}

CORTC_DECL void mux_port::take(net::parcel& from_another) {
    if (from_another.lost) lose(*from_another.lost);
    from_another.open(opened_);
    const auto batch = std::exchange(opened_, {});
    distribute(batch, true);
}

/// It is another member's now.
CORTC_DECL void mux_port::lose(const endpoint& source) noexcept {
    const auto at = sources_.find(source);
    if (at == sources_.end()) return;
    std::erase(at->second->sources_, source);
    sources_.erase(at);
}

CORTC_DECL void mux_port::disclaim(const endpoint& source) noexcept {
    if (options_->group && socket_)
        options_->group->disclaim(socket_->local().address, source, options_->member);
}

// ---- what is known

/// Who checks from a known 5-tuple for another ufrag has begun anew there, and the one before is gone.
CORTC_DECL void mux_port::learn(const endpoint& source, mux_slot& of) {
    auto& known = of.sources_;
    const auto [at, fresh] = sources_.try_emplace(source, &of);
    if (!fresh && at->second == &of) {
        if (known.back() == source) return;
        std::erase(known, source);
    } else if (!fresh) {
        std::erase(at->second->sources_, source);
        at->second = &of;
    }
    known.push_back(source);
    if (fresh && options_->group) {
        net::parcel notice;
        notice.local = socket_->local().address;
        notice.lost = source;
        if (const auto before = options_->group->claim(notice.local, source, options_->member))
            (void)options_->group->send(*before, std::move(notice));
    }
    if (known.size() <= options_->sources) return;
    disclaim(known.front());
    sources_.erase(known.front());
    known.erase(known.begin());
}

CORTC_DECL void mux_port::note_request(byte_view sent, mux_slot& of) {
    constexpr std::size_t header = 20;
    const auto starts = [sent](std::size_t at, unsigned value) {
        return sent[at] == std::byte{0} && sent[at + 1] == static_cast<std::byte>(value);
    };
    if (sent.size() < header || !starts(0, 1)) return; // no Binding request
    stun::transaction_id id;
    std::ranges::copy(sent.subspan(8, id.size()), id.begin());
    // What checks begin with is USERNAME; servers know none.
    const auto check = sent.size() >= header + 2 && starts(header, 6);
    if (!requests_.try_emplace(id, asked{&of, check}).second) return; // a retransmission
    of.requests_.push_back(id);
    if (of.requests_.size() <= options_->transactions) return;
    requests_.erase(of.requests_.front());
    of.requests_.erase(of.requests_.begin());
}

CORTC_DECL void mux_port::remove(mux_slot& gone) noexcept {
    for (const auto& each : gone.ufrags_) ufrags_.erase(each);
    for (const auto& each : gone.sources_) {
        disclaim(each);
        sources_.erase(each);
    }
    for (const auto& each : gone.requests_) requests_.erase(each);
    if (--slots_ == 0) socket_.reset();
}

// ---- the mux

CORTC_DECL std::shared_ptr<mux_port> udp_mux::port_of(const ip_address& address) const {
    const auto at = ports_.find(address);
    const auto found = at == ports_.end() ? nullptr : at->second.lock();
    return found && found->slots() > 0 ? found : nullptr;
}

CORTC_DECL void udp_mux::take(net::parcel& from_another) {
    if (const auto port = port_of(from_another.local)) port->take(from_another);
}

CORTC_DECL result<std::unique_ptr<mux_slot>> udp_mux::open(socket_id id, const ip_address& address,
                                                           datagram_receiver& receiver) {
    auto port = port_of(address);
    if (!port) {
        port = std::make_shared<mux_port>(options_, log_);
        auto error = port->open(network_, {address, chosen_});
        if (error && options_->port == 0 && chosen_ != 0) error = port->open(network_, {address, 0});
        if (error) return error;
        if (chosen_ == 0) chosen_ = port->socket().local().port;
        std::erase_if(ports_, [](const auto& each) { return each.second.expired(); });
        ports_[address] = port;
    }
    return std::make_unique<mux_slot>(id, std::move(port), receiver);
}

} // namespace cortc::ice
