#pragma once

#include "cortc/base/config.hpp"
#include "cortc/ice/local_transport.hpp"
#include "cortc/net/network.hpp"
#include "cortc/turn/client.hpp"

#include <memory>
#include <string>
#include <vector>

namespace cortc::ice {

class relay;

/// Who waits for an allocation. The relay may be destroyed from here.
class relay_listener {
  public:
    virtual void on_allocated(relay& which, const turn::allocated& what) = 0;
    /// There is none, or not any more; or another server is to be asked (`redirected`).
    virtual void on_failed(relay& which, const turn::failed& why) = 0;
    virtual void on_redirected(relay& which, const turn::redirected& to) = 0;

  protected:
    ~relay_listener() = default;
};

/// Credentials, and what else a relay asks its server with.
struct relay_options {
    endpoint server;
    std::string username, password;
    std::optional<stun::address_family> family; ///< of the relayed address; none: IPv4
};

/// A relayed address (RFC 8656) as a local transport, over a UDP socket of its own: an allocation belongs to
/// a 5-tuple, and one that a server has forgotten, or not yet, is not in the way of the next. Its headers go
/// in front of the payload where it lies in the batch.
class relay final : public local_transport, private net::datagram_handler {
  public:
    /// Network and receiver must outlive it.
    relay(socket_id id, net::network& network, datagram_receiver& receiver, const logger& log,
          const relay_options& options);

    /// Errors: those of bind(2).
    boost::system::error_code open(const endpoint& local);
    /// Asks the server. The listener hears of the outcome, until it says that it does not listen any more.
    void start(relay_listener& listener);
    void ignore() noexcept { listener_ = nullptr; }
    /// Gives the allocation back; nothing is received any more. `left` is called when the server knows, or
    /// has had its time, and may destroy it. Not at all when there was nothing to give back, for which it
    /// returns false.
    bool leave(std::function<void()> left);

    /// The relayed address; 0.0.0.0 until there is one.
    [[nodiscard]] const endpoint& base() const noexcept override { return base_; }
    /// Of the socket, and of the server.
    [[nodiscard]] const endpoint& local() const noexcept { return socket_->local(); }
    [[nodiscard]] const endpoint& server() const noexcept { return server_; }
    void send(net::send_batch& batch, std::size_t size, const endpoint& to) override;
    void forget(net::send_batch& batch) noexcept override { batch.forget(*socket_); }
    [[nodiscard]] std::uint64_t send_dropped() const noexcept override;

  private:
    void handle_batch(net::udp_socket& socket, std::span<const net::datagram> batch) override;
    void handle_timeout();
    /// Sends what the client has, tells what it says, and sets the timer. The relay may be gone afterwards:
    /// false.
    bool drain();
    void flush();

    net::network& network_;
    datagram_receiver& receiver_;
    endpoint server_;
    endpoint base_;
    turn::client client_;
    std::unique_ptr<net::udp_socket> socket_;
    std::unique_ptr<net::timer> timer_;
    time_point armed_ = never;
    relay_listener* listener_ = nullptr;
    std::function<void()> left_;
    std::vector<net::datagram> received_; // of one batch, kept for its memory
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/relay.ipp"
#endif
