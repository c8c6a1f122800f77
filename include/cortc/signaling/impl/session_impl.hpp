#pragma once

#include "cortc/signaling/websocket.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <optional>
#include <string>

namespace cortc::signaling {

namespace beast = boost::beast;
using boost::system::error_code;

/// The TCP connection below a WebSocket. It differs in how it ends: after the goodbyes nothing is waited for,
/// where Beast waits, without a bound, until the peer has closed too.
class tcp_connection : public beast::tcp_stream {
  public:
    explicit tcp_connection(beast::tcp_stream stream) : beast::tcp_stream(std::move(stream)) {}
};

template <class Handler>
void async_teardown(beast::role_type, tcp_connection& stream, Handler&& handler) {
    error_code ignored;
    stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    asio::post(stream.get_executor(),
               beast::bind_front_handler(std::forward<Handler>(handler), error_code()));
}

/// The inside of a session. Everything belongs to its executor; while an operation of the socket is pending
/// it keeps the session's inside alive, never the session.
class session_impl : public waiter_home, public std::enable_shared_from_this<session_impl> {
  public:
    session_impl(beast::tcp_stream stream, const server_options& limits);

    /// The server's handshake; `request` must live until `done` is called.
    template <class Request>
    void accept_handshake(const Request& request, std::function<void(error_code)> done);
    /// The client's, over a TCP connection that stands.
    void connect_handshake(const std::string& host, const std::string& target,
                           std::function<void(error_code)> done);
    [[nodiscard]] beast::tcp_stream& tcp() { return websocket_.next_layer(); }
    /// The handshake is done: reads and writes begin.
    void start(http_request request);

    [[nodiscard]] const http_request& request() const noexcept { return request_; }
    [[nodiscard]] const std::optional<close_reason>& peer_close_reason() const noexcept {
        return peer_close_reason_;
    }
    void receive(waiter_ptr<message> operation);
    void send(std::string text, waiter_ptr<void> operation);
    void close(close_reason why, waiter_ptr<void> operation);
    /// On any thread: the connection has ended, and close() changes nothing.
    [[nodiscard]] bool over() const noexcept { return over_.load(std::memory_order_acquire); }
    /// Drops the connection.
    void abort();

  private:
    enum class state { opening, open, closing, closed };

    static constexpr std::size_t max_unread = 64;
    static constexpr std::size_t max_unsent = 64;

    class blocked_send {
      public:
        blocked_send(std::string a_text, waiter_ptr<void> an_operation)
            : text(std::move(a_text)), operation(std::move(an_operation)) {}
        std::string text;
        waiter_ptr<void> operation;
    };

    void read_next();
    void on_read(error_code error);
    void write_next();
    void on_written(error_code error);
    void admit_blocked_sends();
    void fail_blocked_sends();
    /// From here on the connection ends, in whatever way, before its time is over.
    void begin_to_close(beast::websocket::close_reason goodbye);
    /// Says goodbye when nothing is left to write.
    void close_when_written();
    void on_peer_closed();
    /// A peer that breaks the rules: goodbye with the reason, and reads fail with `error`.
    void refuse(beast::websocket::close_code code, errc error, std::string why);
    /// The connection has ended.
    void finish(errc error, std::string why);

    beast::websocket::stream<tcp_connection> websocket_;
    http_request request_;
    state state_ = state::opening;
    beast::flat_buffer incoming_;
    event_stream<message> messages_{max_unread};
    bool reading_ = false;
    std::deque<std::string> outgoing_; // the first is being written while writing_
    std::deque<blocked_send> blocked_;
    bool writing_ = false;
    beast::websocket::close_reason goodbye_;
    bool goodbye_said_ = false;
    std::chrono::milliseconds goodbye_timeout_;
    asio::steady_timer goodbye_deadline_;
    std::optional<close_reason> peer_close_reason_;
    waiter_list<void> closed_;
    std::atomic<bool> over_ = false;
};

template <class Request>
void session_impl::accept_handshake(const Request& request, std::function<void(error_code)> done) {
    websocket_.async_accept(
        request, [self = shared_from_this(), done = std::move(done)](error_code error) { done(error); });
}

} // namespace cortc::signaling
