#pragma once

#include "cortc/net/asio_network.hpp"
#include "cortc/net/impl/handler_memory.hpp"
#include "cortc/net/impl/receive_ring.hpp"
#include "cortc/net/impl/udp_sender.hpp"

#include <boost/asio/ip/udp.hpp>

namespace cortc::net::detail {

/// What the sockets of one network share.
struct asio_udp_shared {
    explicit asio_udp_shared(const asio_network_options& chosen);

    asio_network_options options;
    receive_ring ring;
    udp_sender sender;
    std::vector<datagram> batch; ///< handed to a handler; its capacity bounds a batch
};

/// A bound socket's descriptor and what the kernel can do with it.
struct opened_udp {
    int fd = -1;
    endpoint local;
    bool gso = false;
};
bool set_option(int fd, int level, int name, int value);
void set_udp_options(int fd, bool v6, const asio_network_options& options);
result<opened_udp> open_udp_descriptor(const endpoint& local, const asio_network_options& options,
                                       bool shared);
/// The same of a multicast group, joined on the interface `on`.
result<opened_udp> open_group_descriptor(const endpoint& group, const interface_address& on,
                                         const asio_network_options& options);

class asio_udp_socket;

/// The part of a socket that its pending wait keeps: it outlives the socket until the cancelled wait
/// completed.
class asio_udp_state final : public std::enable_shared_from_this<asio_udp_state> {
  public:
    asio_udp_state(const boost::asio::any_io_executor& executor, std::shared_ptr<asio_udp_shared> shared,
                   datagram_handler& handler, asio_udp_socket& owner);

    boost::system::error_code adopt(const opened_udp& opened);
    void wait();
    void close() noexcept;
    void send(std::span<const outgoing> batch);
    [[nodiscard]] const endpoint& local() const noexcept { return local_; }
    [[nodiscard]] const socket_stats& stats() const noexcept { return stats_; }

  private:
    struct on_readable;

    void drain();
    void receive();
    /// Hands `count` slots to the handler; false when that destroyed the socket.
    bool deliver(std::size_t count);
    bool hand_over();

    boost::asio::ip::udp::socket socket_;
    std::shared_ptr<asio_udp_shared> shared_;
    datagram_handler* handler_;
    asio_udp_socket* owner_; // null once destroyed
    endpoint local_;
    int fd_ = -1;
    bool gso_ = false;
    socket_stats stats_;
    handler_memory<1> memory_;
};

class asio_udp_socket final : public udp_socket {
  public:
    asio_udp_socket(const boost::asio::any_io_executor& executor, std::shared_ptr<asio_udp_shared> shared,
                    datagram_handler& handler)
        : state_(std::make_shared<asio_udp_state>(executor, std::move(shared), handler, *this)) {}
    ~asio_udp_socket() override { state_->close(); }

    [[nodiscard]] asio_udp_state& state() noexcept { return *state_; }
    [[nodiscard]] const endpoint& local() const noexcept override { return state_->local(); }
    void send(std::span<const outgoing> batch) override { state_->send(batch); }
    [[nodiscard]] const socket_stats& stats() const noexcept override { return state_->stats(); }

  private:
    std::shared_ptr<asio_udp_state> state_;
};

} // namespace cortc::net::detail
