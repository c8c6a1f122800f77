#pragma once

#include "cortc/base/config.hpp"
#include "cortc/ice/local_transport.hpp"
#include "cortc/ice/server_link.hpp"
#include "cortc/net/network.hpp"
#include "cortc/turn/client.hpp"

#include <memory>
#include <string>
#include <vector>

namespace cortc::ice {

class relay;

/// Who waits for an allocation; when one that there was is over, its datagram_receiver hears. The relay may
/// be destroyed from here.
class relay_listener {
  public:
    virtual void on_allocated(relay& which, const turn::allocated& what) = 0;
    /// What relay::confirm() asked for.
    virtual void on_confirmed(relay& which, const turn::confirmed& what) = 0;
    /// There is none (any more); or another server is to be asked (`redirected`).
    virtual void on_failed(relay& which, const turn::failed& why) = 0;
    virtual void on_redirected(relay& which, const turn::redirected& to) = 0;

  protected:
    ~relay_listener() = default;
};

/// Credentials, and what else a relay asks its server with.
struct relay_options {
    endpoint server;
    server_transport transport = server_transport::udp;
    std::shared_ptr<crypto::tls_session> session{}; ///< of TLS and DTLS, not started
    std::string username, password;
    std::optional<stun::address_family> family; ///< of the relayed address; none: IPv4
    bool dual = false;                          ///< without `family`: one of IPv6 beside, if it has one
    std::string url{}; ///< the server as it was configured, whichever address it has, or sends us to

    /// Whether an allocation of the one is as good as one of the other, from the same local address.
    [[nodiscard]] bool equivalent(const relay_options& other) const noexcept {
        return url == other.url && username == other.username && password == other.password &&
               family == other.family && dual == other.dual;
    }
};

/// A relayed address (RFC 8656) as a local transport, over a socket or connection of its own: an allocation
/// belongs to a 5-tuple, and one that a server has forgotten, or not yet, is not in the way of the next. Its
/// headers go in front of the payload where it lies in the batch.
class relay final : public local_transport, private server_link_user {
  public:
    /// Network and receiver must outlive it.
    relay(socket_id id, net::network& network, datagram_receiver& receiver, const logger& log,
          const relay_options& options);

    /// Begins to open the way to the server. Errors: those of open_server_link().
    boost::system::error_code open(const endpoint& local);
    /// Asks the server, as soon as the way is open. The listener hears of the outcome, until it says that it
    /// does not listen any more.
    void start(relay_listener& listener);
    void ignore() noexcept { listener_ = nullptr; }
    /// Asks whether the server still has the allocation; a listener hears.
    void confirm(relay_listener& listener);
    /// It has an allocation, and nobody waits for anything of it: another generation may have it, too.
    [[nodiscard]] bool at_rest() const noexcept {
        return !listener_ && ended_.empty() && client_.state() == turn::client_state::allocated;
    }
    [[nodiscard]] const relay_options& options() const noexcept { return options_; }
    /// As on_allocated() told it.
    [[nodiscard]] const turn::allocated& allocation() const noexcept { return allocation_; }
    /// Gives the allocation back; nothing is received any more. `left` is called when the server knows, or
    /// has had its time, and may destroy it. Not at all when there was nothing to give back, for which it
    /// returns false.
    bool leave(std::function<void()> left);

    /// The relayed address; 0.0.0.0 until there is one.
    [[nodiscard]] const endpoint& base() const noexcept override { return allocation_.relayed; }
    /// Of the socket, and of the server.
    [[nodiscard]] const endpoint& local() const noexcept { return link_->local(); }
    [[nodiscard]] const endpoint& server() const noexcept { return how_.server; }
    [[nodiscard]] server_transport over() const noexcept { return how_.transport; }
    [[nodiscard]] bool over_stream() const noexcept {
        return how_.transport == server_transport::tcp || how_.transport == server_transport::tls;
    }
    void send(net::send_batch& batch, std::size_t size, const endpoint& to) override;
    void forget(net::send_batch& batch) noexcept override { link_->forget(batch); }
    [[nodiscard]] std::uint64_t send_dropped() const noexcept override;

  private:
    void on_link_open() override;
    void on_link_packets(std::span<const net::datagram> packets) override;
    void on_link_ended(const std::string& why) override;
    void handle_timeout();
    /// Sends what the client has, tells what it says, and sets the timer. The relay may be gone afterwards:
    /// false.
    bool drain();
    void lost(const turn::failed& why);
    void flush();

    net::network& network_;
    datagram_receiver& receiver_;
    relay_options options_;
    server_link_options how_;
    turn::allocated allocation_;
    turn::client client_;
    std::unique_ptr<server_link> link_;
    std::unique_ptr<net::timer> timer_;
    bool started_ = false;
    std::string ended_; // why the way to the server has; empty: it has not
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
