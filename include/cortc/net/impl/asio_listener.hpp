#pragma once

#include "cortc/net/impl/asio_stream.hpp"

#include <boost/asio/steady_timer.hpp>

namespace cortc::net::detail {

/// A bound socket that listens.
result<opened_tcp> open_listening(const endpoint& local);

class asio_listener;

/// The part of a listener that its pending wait keeps.
class asio_listener_state final : public std::enable_shared_from_this<asio_listener_state> {
  public:
    asio_listener_state(const boost::asio::any_io_executor& executor, std::shared_ptr<asio_udp_shared> shared,
                        accept_handler& handler, asio_listener& owner);

    boost::system::error_code adopt(const opened_tcp& opened);
    void wait();
    void close() noexcept;
    [[nodiscard]] const endpoint& local() const noexcept { return local_; }

    /// Connections accepted before the executor's other work has its turn.
    static constexpr std::size_t accepts_per_wake = 16;
    /// How long those who come wait when descriptors or memory have run out.
    static constexpr std::chrono::milliseconds retry_delay{100};

  private:
    struct on_readable;

    void drain();
    /// False when descriptors or memory have run out.
    bool accept();
    void pause();

    boost::asio::ip::tcp::acceptor socket_;
    boost::asio::steady_timer retry_;
    std::shared_ptr<asio_udp_shared> shared_;
    accept_handler* handler_;
    asio_listener* owner_; // null once destroyed
    endpoint local_;
    int fd_ = -1;
    handler_memory<2> memory_;
};

class asio_listener final : public listener {
  public:
    asio_listener(const boost::asio::any_io_executor& executor, std::shared_ptr<asio_udp_shared> shared,
                  accept_handler& handler)
        : state_(std::make_shared<asio_listener_state>(executor, std::move(shared), handler, *this)) {}
    ~asio_listener() override { state_->close(); }

    [[nodiscard]] asio_listener_state& state() noexcept { return *state_; }
    [[nodiscard]] const endpoint& local() const noexcept override { return state_->local(); }

  private:
    std::shared_ptr<asio_listener_state> state_;
};

/// Owns the descriptor until begin().
class asio_incoming_stream final : public incoming_stream {
  public:
    asio_incoming_stream(const boost::asio::any_io_executor& executor,
                         std::shared_ptr<asio_udp_shared> shared, const opened_tcp& accepted)
        : executor_(executor), shared_(std::move(shared)), accepted_(accepted) {}
    ~asio_incoming_stream() override;

    [[nodiscard]] const endpoint& remote() const noexcept override { return accepted_.remote; }
    [[nodiscard]] std::unique_ptr<stream> begin(stream_handler& handler) override;

  private:
    boost::asio::any_io_executor executor_;
    std::shared_ptr<asio_udp_shared> shared_;
    opened_tcp accepted_;
};

} // namespace cortc::net::detail
