#pragma once

#include "cortc/signaling/impl/visitor.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <set>

namespace cortc::signaling {

/// The inside of a server. Everything belongs to its executor.
class server_impl : public waiter_home, public std::enable_shared_from_this<server_impl> {
  public:
    /// Without `websockets` a request for one is like any other.
    server_impl(asio::any_io_executor executor, const asio::ip::tcp::endpoint& where, server_options options,
                bool websockets);

    /// Accepts TCP connections while there is room for them.
    void accept_next();
    void accept(waiter_ptr<session> operation);
    void close();

    [[nodiscard]] const server_options& options() const noexcept { return options_; }
    [[nodiscard]] bool takes_websockets() const noexcept { return websockets_; }
    [[nodiscard]] asio::ip::tcp::endpoint local_endpoint() const { return where_; }

    /// A visitor is done; he may have become a session.
    void left(visitor& who, session made = {});
    void forget(visitor& who) noexcept { visitors_.erase(&who); }

  private:
    void on_accept(error_code error, asio::ip::tcp::socket socket);

    server_options options_;
    bool websockets_;
    asio::ip::tcp::acceptor acceptor_;
    asio::ip::tcp::endpoint where_;
    asio::steady_timer retry_;
    bool accepting_ = false;
    std::set<visitor*> visitors_; // owned by their pending operations
    event_stream<session> sessions_;
};

} // namespace cortc::signaling
