#pragma once

#include "cortc/base/byte_queue.hpp"
#include "cortc/net/impl/asio_udp_socket.hpp"
#include "cortc/net/stream.hpp"

#include <boost/asio/ip/tcp.hpp>

namespace cortc::net::detail {

/// A TCP socket's descriptor.
struct opened_tcp {
    int fd = -1;
    endpoint local;
    endpoint remote;
    bool connected = false;
};
/// A socket whose connection attempt is under way.
result<opened_tcp> begin_connection(const endpoint& local, const endpoint& remote);
endpoint local_of(int fd);

class asio_stream;

/// The part of a stream that its pending waits keep: it outlives the stream until the cancelled waits
/// completed.
class asio_stream_state final : public std::enable_shared_from_this<asio_stream_state> {
  public:
    asio_stream_state(const boost::asio::any_io_executor& executor, std::shared_ptr<asio_udp_shared> shared,
                      stream_handler& handler, asio_stream& owner);

    boost::system::error_code adopt(const opened_tcp& opened);
    void close() noexcept;
    bool send(std::span<const byte_view> parts);
    void hold(bool yes);
    /// The end is told, on a turn of its own.
    void fail_later(boost::system::error_code why);
    [[nodiscard]] const endpoint& local() const noexcept { return local_; }
    [[nodiscard]] const endpoint& remote() const noexcept { return remote_; }
    [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size(); }
    [[nodiscard]] const stream_stats& stats() const noexcept { return stats_; }

  private:
    struct on_readable;
    struct on_writable;

    void wait_readable();
    void wait_writable();
    void readable();
    void writable();
    void connected();
    void receive();
    /// Gives the layer below what it takes of `parts`; how many bytes that was. Sets broken_ when it failed.
    std::size_t push(std::span<const byte_view> parts);
    void flush();
    void end(boost::system::error_code why);

    boost::asio::ip::tcp::socket socket_;
    std::shared_ptr<asio_udp_shared> shared_;
    stream_handler* handler_;
    asio_stream* owner_; // null once destroyed
    endpoint local_, remote_;
    int fd_ = -1; // -1: it has ended
    bool connected_ = false, ended_ = false, held_ = false, refused_ = false;
    bool reading_ = false, writing_ = false; // a wait is pending
    boost::system::error_code broken_;       // a send failed with it: the end is told on its own turn
    byte_queue queue_;
    stream_stats stats_;
    handler_memory<3> memory_;
};

class asio_stream final : public stream {
  public:
    asio_stream(const boost::asio::any_io_executor& executor, std::shared_ptr<asio_udp_shared> shared,
                stream_handler& handler)
        : state_(std::make_shared<asio_stream_state>(executor, std::move(shared), handler, *this)) {}
    ~asio_stream() override { state_->close(); }

    [[nodiscard]] asio_stream_state& state() noexcept { return *state_; }
    [[nodiscard]] const endpoint& local() const noexcept override { return state_->local(); }
    [[nodiscard]] const endpoint& remote() const noexcept override { return state_->remote(); }
    bool send(std::span<const byte_view> parts) override { return state_->send(parts); }
    [[nodiscard]] std::size_t waiting() const noexcept override { return state_->waiting(); }
    void hold(bool yes) override { state_->hold(yes); }
    [[nodiscard]] const stream_stats& stats() const noexcept override { return state_->stats(); }

  private:
    std::shared_ptr<asio_stream_state> state_;
};

} // namespace cortc::net::detail
