#pragma once

#include "cortc/signaling/impl/session_impl.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace cortc::signaling {

namespace http = beast::http;

class server_impl;

/// A TCP connection that has not become a session: one HTTP request, answered with a page, by a handler, or
/// with a WebSocket.
class visitor : public std::enable_shared_from_this<visitor> {
  public:
    visitor(std::shared_ptr<server_impl> host, asio::ip::tcp::socket socket);
    visitor(const visitor&) = delete;
    visitor& operator=(const visitor&) = delete;
    ~visitor();

    void start();
    /// Drops the connection.
    void abort();

  private:
    void on_header(error_code error);
    /// What is asked for, and by whom. Returns what is wrong with it.
    std::string read_request();
    void route();
    void upgrade();
    void preflight(std::string_view allowed);
    void serve(const page& found);

    // For a handler: the body comes in, the handler runs while the client is watched, the response goes out.
    void receive_body(const http_handler& handler);
    void on_body(error_code error, const http_handler& handler);
    void watch();
    void stop_handler();
    void on_handled(const std::exception_ptr& error, http_response response);

    /// An error as JSON.
    void refuse(http::status code, std::string_view name, std::string_view text);
    void refuse(const std::exception_ptr& error);
    void lost();
    void respond(http_response response);
    void on_written(error_code error);
    /// Takes in what the client still sends, in bounds: closing over unread bytes resets the connection, and
    /// the response would be lost with it (RFC 9112 9.6).
    void linger();
    void leave();

    [[nodiscard]] const http_options& options() const noexcept;
    [[nodiscard]] const http::request<http::string_body>& request() const { return parser_.get(); }
    [[nodiscard]] std::string_view field(http::field name) const;
    [[nodiscard]] bool origin_allowed() const;
    /// A browser's GET may have no Origin; then the name counts that it knows this server by.
    [[nodiscard]] bool get_allowed() const;
    /// Nobody else's name can stand there.
    [[nodiscard]] bool is_own_host(std::string_view host) const;

    std::shared_ptr<server_impl> server_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    http::request_parser<http::string_body> parser_;
    http_request asked_; // but for the body, until it is there
    http::response<http::string_body> response_;
    std::shared_ptr<session_impl> session_; // once the request is for one

    asio::cancellation_signal stop_; // of the handler
    asio::steady_timer deadline_;    // of the request, then of the handler
    bool handled_ = false;
    bool late_ = false;   // a deadline has passed
    bool gone_ = false;   // the client, while the handler ran
    bool unread_ = false; // something came behind the request
    std::size_t discarded_ = 0;
};

} // namespace cortc::signaling
