#pragma once

#include "cortc/mdns/service.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cortc::mdns {

/// Somebody waits for a name.
class service::asking final : public net::resolution {
  public:
    asking(std::weak_ptr<service> from, query_id id, net::resolved done)
        : from_(std::move(from)), id_(id), done_(std::move(done)) {}
    asking(const asking&) = delete;
    asking& operator=(const asking&) = delete;
    ~asking() override {
        if (const auto from = from_.lock()) from->forget(*this);
    }

    [[nodiscard]] query_id id() const noexcept { return id_; }
    /// It may be gone then.
    void tell(std::vector<ip_address> found) {
        const auto done = std::exchange(done_, nullptr);
        if (!done) return;
        if (found.empty()) return done(make_error_code(boost::system::errc::timed_out));
        done(std::move(found));
    }

  private:
    std::weak_ptr<service> from_;
    query_id id_;
    net::resolved done_;
};

class service::telling final : public published_name {
  public:
    telling(std::weak_ptr<service> from, std::string name) : from_(std::move(from)), name_(std::move(name)) {}
    telling(const telling&) = delete;
    telling& operator=(const telling&) = delete;
    ~telling() override {
        const auto from = from_.lock();
        if (!from) return;
        from->engine_.withdraw(name_);
        from->settle();
    }

    [[nodiscard]] const std::string& name() const noexcept override { return name_; }

  private:
    std::weak_ptr<service> from_;
    std::string name_;
};

CORTC_DECL service::service(net::network& network, service_options options)
    : network_(network), options_(std::move(options)), engine_(network.random(), options_.limits) {}

CORTC_DECL service::~service() = default;

CORTC_DECL std::unique_ptr<net::resolution> service::resolve(std::string_view name, net::resolved done) {
    update_links();
    if (links_.empty()) {
        options_.log.debug("nobody is asked for {}: {}", name, why_not_.message());
        return nullptr;
    }
    const auto id = engine_.ask(name, network_.now());
    std::unique_ptr<asking> made;
    if (id) {
        made = std::make_unique<asking>(weak_from_this(), *id, std::move(done));
        asking_.push_back(made.get());
    }
    drain();
    return made;
}

CORTC_DECL result<std::unique_ptr<published_name>> service::publish(const net::interface_address& what) {
    update_links();
    const auto reaches = [&](const link& each) { return each.interface == what.name; };
    if (std::ranges::none_of(links_, reaches)) {
        const auto error = why_not_ ? why_not_ : make_error_code(boost::system::errc::network_unreachable);
        drain();
        return error;
    }
    auto name = engine_.publish(what.address, what.name);
    if (!name) return make_error_code(boost::system::errc::no_buffer_space);
    return std::unique_ptr<published_name>(std::make_unique<telling>(weak_from_this(), std::move(*name)));
}

/// One for each interface and family; what is there already stays.
CORTC_DECL void service::update_links() {
    const auto wanted = options_.interfaces();
    const auto same = [](const link& one, const net::interface_address& other) {
        return one.interface == other.name && one.v6 == other.address.is_v6();
    };
    std::erase_if(links_, [&](const link& each) {
        if (std::ranges::any_of(wanted, [&](const auto& other) { return same(each, other); })) return false;
        engine_.remove_link(each.id);
        return true;
    });
    for (const auto& each : wanted) {
        if (std::ranges::any_of(links_, [&](const link& one) { return same(one, each); })) continue;
        const bool v6 = each.address.is_v6();
        auto opened = network_.open_multicast({group(v6), port}, each, *this);
        if (!opened) {
            why_not_ = opened.error();
            options_.log.debug("no multicast on {} ({}): {}", each.name, each.address.to_string(),
                               why_not_.message());
            continue;
        }
        const link_id id(++last_link_);
        if (!engine_.add_link(id, each.name)) break;
        links_.push_back({id, each.name, v6, std::move(*opened)});
    }
}

CORTC_DECL void service::handle_batch(net::udp_socket& socket, std::span<const net::datagram> batch) {
    const auto self = shared_from_this();
    const auto at =
        std::ranges::find_if(links_, [&](const link& each) { return each.socket.get() == &socket; });
    if (at == links_.end()) return;
    const auto id = at->id;
    for (const auto& each : batch) engine_.handle_packet(id, each.source, each.data, network_.now());
    drain();
}

CORTC_DECL void service::drain() {
    const auto self = shared_from_this();
    std::array<std::byte, 1024> room;
    while (const auto next = engine_.poll_transmit(room)) {
        const auto at = std::ranges::find(links_, next->over, &link::id);
        if (at == links_.end()) continue;
        const net::outgoing what{byte_view(room).first(next->size), {group(at->v6), port}};
        at->socket->send(std::span(&what, 1));
    }
    while (auto event = engine_.poll_event()) {
        const auto at = std::ranges::find(asking_, event->query, &asking::id);
        if (at == asking_.end()) continue;
        auto& whom = **at;
        asking_.erase(at);
        whom.tell(std::move(event->addresses)); // which may begin another one, or end them
    }
    count_drops();
    if (engine_.idle()) {
        for (const auto& each : links_) engine_.remove_link(each.id);
        links_.clear();
    }
    const auto next = engine_.next_timeout();
    if (next == never) {
        timer_.reset();
        return;
    }
    if (!timer_)
        timer_ = network_.make_timer([weak = weak_from_this()] {
            const auto from = weak.lock();
            if (!from) return;
            from->engine_.handle_timeout(from->network_.now());
            from->drain();
        });
    timer_->arm(next);
}

CORTC_DECL void service::count_drops() {
    for (std::size_t i = 0; i < counted_.size(); ++i) {
        const auto reason = static_cast<drop_reason>(i);
        const auto all = engine_.dropped(reason);
        const auto more = all - std::exchange(counted_[i], all);
        if (more != 0 && options_.dropped) options_.dropped(reason, more);
    }
}

CORTC_DECL void service::forget(asking& which) noexcept {
    std::erase(asking_, &which);
    engine_.cancel(which.id());
    settle();
}

CORTC_DECL void service::settle() noexcept {
    try {
        drain();
    } catch (...) { // the links stay open until the next one ends
    }
}

} // namespace cortc::mdns
