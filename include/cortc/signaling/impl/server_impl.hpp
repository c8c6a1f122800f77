#pragma once

#include "cortc/signaling/impl/session_impl.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <optional>
#include <set>
#include <string>

namespace cortc::signaling {

class visitor;

/// The inside of a server. Everything belongs to its executor.
class server_impl : public waiter_home, public std::enable_shared_from_this<server_impl> {
  public:
    server_impl(asio::any_io_executor executor, const asio::ip::tcp::endpoint& where, server_options options);

    /// Accepts TCP connections while there is room for them.
    void accept_next();
    void accept(waiter_ptr<session> operation);
    void close();

    [[nodiscard]] const server_options& options() const noexcept { return options_; }
    [[nodiscard]] asio::ip::tcp::endpoint local_endpoint() const { return where_; }

    /// A visitor is done with his handshake; he may have become a session.
    void left(visitor& who, session made = {});
    void forget(visitor& who) noexcept { visitors_.erase(&who); }

  private:
    void on_accept(error_code error, asio::ip::tcp::socket socket);

    server_options options_;
    asio::ip::tcp::acceptor acceptor_;
    asio::ip::tcp::endpoint where_;
    asio::steady_timer retry_;
    bool accepting_ = false;
    std::set<visitor*> visitors_; // owned by their pending operations
    event_stream<session> sessions_;
};

/// A TCP connection that has not become a session: one HTTP request, answered with a page or with a
/// WebSocket.
class visitor : public std::enable_shared_from_this<visitor> {
  public:
    visitor(std::shared_ptr<server_impl> host, asio::ip::tcp::socket socket);
    visitor(const visitor&) = delete;
    visitor& operator=(const visitor&) = delete;
    ~visitor() { server_->forget(*this); }

    void start();
    /// Drops the connection.
    void abort();

  private:
    using status = beast::http::status;

    void on_request(error_code error);
    void serve_page();
    void respond(status code, std::string_view content_type, std::string_view body);
    void upgrade();
    [[nodiscard]] bool origin_allowed() const;
    [[nodiscard]] const beast::http::request<beast::http::empty_body>& request() const {
        return parser_.get();
    }
    [[nodiscard]] std::string target() const;

    std::shared_ptr<server_impl> server_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    beast::http::request_parser<beast::http::empty_body> parser_;
    beast::http::response<beast::http::string_body> response_;
    std::shared_ptr<session_impl> session_; // once the request is for one
};

} // namespace cortc::signaling
