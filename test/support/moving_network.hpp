#pragma once

#include "cortc/net/asio_network.hpp"

#include <string>

namespace cortc::test {

/// The system's network, until it is told to move: then loopback has another address each time, so that the
/// sockets of the next generation are new ones.
class moving_network final : public net::network {
  public:
    explicit moving_network(const boost::asio::any_io_executor& executor) : real_(executor) {}

    /// 127.0.0.2, 127.0.0.3, ... 127.0.255.255, 127.0.0.1, and again.
    void move() {
        moved_ = true;
        address_ = address_ % 65535 + 1;
    }

    time_point now() const override { return real_.now(); }
    unix_time calendar() const override { return real_.calendar(); }
    random_source& random() override { return real_.random(); }
    std::vector<net::interface_address> interfaces() override {
        if (!moved_) return real_.interfaces();
        return {{"lo", boost::asio::ip::address_v4(0x7f000000u + address_), net::interface_kind::loopback}};
    }
    result<std::unique_ptr<net::udp_socket>> open_udp(const endpoint& local,
                                                      net::datagram_handler& handler) override {
        return real_.open_udp(local, handler);
    }
    result<std::unique_ptr<net::stream>> connect(const endpoint& local, const endpoint& remote,
                                                 net::stream_handler& handler) override {
        return real_.connect(local, remote, handler);
    }
    result<std::unique_ptr<net::listener>> listen(const endpoint& local,
                                                  net::accept_handler& handler) override {
        return real_.listen(local, handler);
    }
    std::unique_ptr<net::resolution> resolve(const std::string& host, net::resolved done) override {
        return real_.resolve(host, std::move(done));
    }
    std::unique_ptr<net::timer> make_timer(std::function<void()> expired) override {
        return real_.make_timer(std::move(expired));
    }

  private:
    net::asio_network real_;
    bool moved_ = false;
    std::uint32_t address_ = 1;
};

} // namespace cortc::test
