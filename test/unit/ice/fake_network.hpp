#pragma once

#include "cortc/ice/local_transport.hpp"
#include "test/unit/ice/harness.hpp"

#include <boost/system/errc.hpp>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cortc::ice::test {

using net::interface_kind;

/// A network of nothing but interfaces and ports.
class fake_network final : public net::network {
  public:
    struct fake_socket final : net::udp_socket {
        fake_socket(fake_network& of, endpoint where, net::datagram_handler& to)
            : owner(of), where_(where), handler(to) {
            owner.open_.insert(where_);
        }
        ~fake_socket() override { owner.open_.erase(where_); }
        const endpoint& local() const noexcept override { return where_; }
        void send(std::span<const net::outgoing> batch) override {
            for (const auto& each : batch) sent.emplace_back(as_text(each.data));
            ++stats_.send_dropped;
        }
        const net::socket_stats& stats() const noexcept override { return stats_; }
        fake_network& owner;
        endpoint where_;
        net::datagram_handler& handler;
        std::vector<std::string> sent;
        net::socket_stats stats_;
    };
    time_point now() const override { return start; }
    unix_time calendar() const override { return {}; }
    random_source& random() override { return random_; }
    std::vector<net::interface_address> interfaces() override { return interfaces_; }
    result<std::unique_ptr<net::udp_socket>> open_udp(const endpoint& local,
                                                      net::datagram_handler& handler) override {
        ++asked_;
        if (gone_.count(local.address.to_string()))
            return boost::system::errc::make_error_code(boost::system::errc::address_not_available);
        auto where = local;
        if (where.port == 0) where.port = ++next_port_;
        if (refused_.count(where.address.to_string()) || open_.count(where))
            return boost::system::errc::make_error_code(boost::system::errc::address_in_use);
        auto made = std::make_unique<fake_socket>(*this, where, handler);
        latest_ = made.get();
        return std::unique_ptr<net::udp_socket>(std::move(made));
    }
    std::unique_ptr<net::resolution> resolve(const std::string&, net::resolved) override { return nullptr; }
    std::unique_ptr<net::timer> make_timer(std::function<void()>) override { return nullptr; }

    void add(std::string name, const char* address,
             interface_kind kind = interface_kind::ethernet_or_unknown) {
        interfaces_.push_back({std::move(name), at(address, 0).address, kind});
    }
    std::vector<net::interface_address> interfaces_;
    std::set<std::string> refused_, gone_;
    std::size_t asked_ = 0;
    std::set<endpoint> open_;
    fake_socket* latest_ = nullptr;
    seeded_random random_{3};
    std::uint16_t next_port_ = 40000;
};

struct heard final : datagram_receiver {
    void handle_batch(socket_id from, std::span<const net::datagram> batch) override {
        for (const auto& each : batch) all.push_back({from, std::string(as_text(each.data))});
    }
    std::vector<std::pair<socket_id, std::string>> all;
};

} // namespace cortc::ice::test
