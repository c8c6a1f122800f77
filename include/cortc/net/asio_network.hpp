#pragma once

#include "cortc/base/config.hpp"
#include "cortc/net/network.hpp"
#include "cortc/net/os_random.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace cortc::net {

namespace detail {
struct asio_udp_shared;
struct opened_udp;
class interface_watch;
} // namespace detail

/// Every bound holds for one asio_network, not for one socket.
struct asio_network_options {
    bool gso = true;               ///< send equal-sized runs with UDP_SEGMENT, where the kernel can
    bool gro = true;               ///< receive them with UDP_GRO, where the kernel can
    std::size_t receive_slots = 8; ///< datagrams (or coalesced runs) taken by one recvmmsg, 1 to 64
    std::size_t batches_per_wake =
        4; ///< recvmmsg calls before the executor's other work has its turn (reads of a TCP stream likewise)
    std::size_t receive_buffer = 1 << 20; ///< SO_RCVBUF in bytes, best effort; 0 leaves the kernel's default
    std::size_t send_buffer = 1 << 20;    ///< SO_SNDBUF likewise
};

/// The network of the operating system. `executor` is a single-threaded io_context's or a strand; everything
/// made here belongs to it, and must be destroyed before its io_context.
/// Sockets are non-blocking, set "don't fragment", report ECN, and IPv6 ones take IPv6 only. All sockets
/// share one receive ring and one set of send structures: a socket costs no buffer of its own.
class asio_network final : public network {
  public:
    /// No UDP socket is opened yet.
    explicit asio_network(boost::asio::any_io_executor executor, asio_network_options options = {});
    ~asio_network() override;

    [[nodiscard]] time_point now() const override;
    [[nodiscard]] unix_time calendar() const override;
    [[nodiscard]] random_source& random() override { return random_; }
    [[nodiscard]] std::vector<interface_address> interfaces() override;
    /// Errors are those of socket(2) and bind(2).
    [[nodiscard]] result<std::unique_ptr<udp_socket>> open_udp(const endpoint& local,
                                                               datagram_handler& handler) override;
    /// By SO_REUSEPORT; errors likewise.
    [[nodiscard]] result<std::unique_ptr<udp_socket>> open_shared_udp(const endpoint& local,
                                                                      datagram_handler& handler) override;
    /// Errors are those of if_nametoindex(3), socket(2), bind(2) and of joining (ip(7), ipv6(7)).
    [[nodiscard]] result<std::unique_ptr<udp_socket>>
    open_multicast(const endpoint& group, const interface_address& on, datagram_handler& handler) override;
    /// Errors are those of socket(2), bind(2) and connect(2). Sent without delay (TCP_NODELAY).
    [[nodiscard]] result<std::unique_ptr<stream>> connect(const endpoint& local, const endpoint& remote,
                                                          stream_handler& handler) override;
    /// Errors are those of socket(2), bind(2) and listen(2). A port whose last connections have just ended
    /// can be listened at. When descriptors run out, those who come wait in the kernel.
    [[nodiscard]] result<std::unique_ptr<listener>> listen(const endpoint& local,
                                                           accept_handler& handler) override;
    /// By getaddrinfo(3), on the thread that Asio has for it, which the io_context waits for when it goes.
    [[nodiscard]] std::unique_ptr<resolution> resolve(const std::string& host, resolved done) override;
    [[nodiscard]] std::unique_ptr<timer> make_timer(std::function<void()> expired) override;

  private:
    result<std::unique_ptr<udp_socket>> open(const endpoint& local, datagram_handler& handler, bool shared);
    result<std::unique_ptr<udp_socket>> adopt(const detail::opened_udp& opened, datagram_handler& handler);

    boost::asio::any_io_executor executor_;
    os_random random_;
    std::unique_ptr<detail::interface_watch> interfaces_;
    std::shared_ptr<detail::asio_udp_shared> shared_; // sockets keep it: one may outlive the network
};

} // namespace cortc::net

#if defined(CORTC_HEADER_ONLY)
#include "cortc/net/impl/asio_listener.ipp"
#include "cortc/net/impl/asio_network.ipp"
#include "cortc/net/impl/asio_resolution.ipp"
#include "cortc/net/impl/asio_stream.ipp"
#include "cortc/net/impl/asio_timer.ipp"
#include "cortc/net/impl/asio_udp_socket.ipp"
#include "cortc/net/impl/interfaces.ipp"
#include "cortc/net/impl/receive_ring.ipp"
#include "cortc/net/impl/udp_sender.ipp"
#endif
