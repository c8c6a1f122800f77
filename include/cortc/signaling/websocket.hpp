#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/config.hpp"
#include "cortc/signaling/http.hpp"
#include "cortc/signaling/json.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

/// WebSocket signaling: one JSON text message for each description and candidate (json.hpp). Asynchronous
/// members take a completion token, default use_awaitable, and complete on the executor of their handler.
///
/// @par Cancellation
/// They complete with asio::error::operation_aborted and have done nothing, where nothing else is said.
///
/// @par Thread safety
/// - Asynchronous members: any thread.
/// - Everything runs on the executor given, which must not run handlers concurrently. Its io_context must
///   outlive sessions and servers, and must still run for all but the close() of a session that is over: from
///   elsewhere what is asked of it fails with errc::aborted once it has stopped.
namespace cortc::signaling {

namespace asio = boost::asio;

class session_impl;

/// A WebSocket to one peer (RFC 6455). Move-only and the owner: destroying it drops the TCP connection at
/// once, close() says goodbye first.
///
/// @par Errors
/// A default-constructed or moved-from session throws errc::invalid_state when used.
class session {
  public:
    session() = default;
    /// @private
    explicit session(std::shared_ptr<session_impl> impl) noexcept : impl_(std::move(impl)) {}
    /// What waits goes on.
    session(session&&) noexcept = default;
    /// Drops the connection that was here.
    session& operator=(session&& other) noexcept;
    ~session();

    /// It refers to a WebSocket, open or not.
    explicit operator bool() const noexcept { return impl_ != nullptr; }
    /// What was asked for in the HTTP request: "/" or "/path?query".
    [[nodiscard]] std::string target() const;

    /// The next message. When 64 unread messages wait, no more are read from the network: it pushes back. Do
    /// not race it under `||`, which discards values: use cortc::timeout.
    ///
    /// @par Errors
    /// - errc::invalid_state: somebody else is reading; one reader at a time.
    /// - errc::closed: the peer closed.
    /// - errc::network: the connection broke, or the peer was silent too long.
    /// - errc::syntax: the peer sent what is no message.
    /// - errc::limit: the peer sent too much at once.
    /// - errc::aborted: after our own close().
    ///
    /// After any of them but the first the session is over.
    ///
    /// @par Cancellation
    /// Nothing was taken.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto receive(Token&& token = {}) {
        return initiate<message>(home(), token, [impl = impl_](auto op) { receive(*impl, std::move(op)); });
    }
    /// Completes when the message is in the send queue, which had room (it holds 64). Messages keep their
    /// order.
    ///
    /// @par Errors
    /// - errc::invalid_state: the session is closed, or is closing.
    ///
    /// @par Cancellation
    /// It was not sent.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto send(message what, Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_, text = to_json(what)](auto op) mutable {
            send(*impl, std::move(text), std::move(op));
        });
    }
    /// Sends what is queued, says goodbye, and completes when the connection has ended, which is soon even if
    /// the peer does not take part. Never fails. When the session is over already it completes at once, on
    /// any thread, whether or not the session's executor still runs.
    ///
    /// @par Cancellation
    /// The goodbye goes on.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto close(Token&& token = {}) {
        return initiate<void>(home(), token,
                              at_the_end([impl = impl_] { return over(*impl); },
                                         [impl = impl_](auto op) { close(*impl, std::move(op)); }));
    }

  private:
    std::shared_ptr<waiter_home> home() const;
    static bool over(const session_impl&) noexcept;
    static void receive(session_impl&, waiter_ptr<message>);
    static void send(session_impl&, std::string text, waiter_ptr<void>);
    static void close(session_impl&, waiter_ptr<void>);

    std::shared_ptr<session_impl> impl_;
};

/// Of an HTTP server that takes WebSockets.
class server_options : public http_options {
  public:
    server_options() = default;
    /// With WebSockets as they are by default.
    explicit server_options(http_options http) : http_options(std::move(http)) {}

    std::size_t max_message_size = std::size_t{256} << 10; ///< bytes of one received message
    /// A peer silent so long, pings included, is gone.
    std::chrono::milliseconds idle_timeout{60000};
};

/// An HTTP server that takes WebSockets too, so that a sample needs nothing else. Destroying it closes it;
/// sessions it gave out live on.
class server : public http_server {
  public:
    /// Port 0: a free one.
    ///
    /// @par Errors
    /// - errc::network: it cannot listen there.
    server(asio::any_io_executor executor, const asio::ip::tcp::endpoint& where, server_options options = {});

    /// The next WebSocket, its handshake done.
    ///
    /// @par Errors
    /// - errc::invalid_state: somebody else is accepting; one at a time.
    /// - errc::aborted: after close().
    ///
    /// @par Cancellation
    /// Nothing was taken.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto accept(Token&& token = {}) {
        return initiate<session>(home(), token, [impl = impl_](auto op) { accept(*impl, std::move(op)); });
    }

  private:
    static void accept(server_impl&, waiter_ptr<session>);
};

namespace detail {

std::shared_ptr<session_impl> make_client(const asio::any_io_executor& executor);
std::shared_ptr<waiter_home> home_of(const std::shared_ptr<session_impl>& impl);
void connect(const std::shared_ptr<session_impl>& impl, std::string_view url, waiter_ptr<session>);
} // namespace detail

/// Opens a WebSocket as a client, with the limits of server_options{}. A host name, unlike an address, is
/// resolved by Asio's resolver, which has a thread for it.
///
/// @par Errors
/// - errc::syntax: the URL is none.
/// - errc::not_supported: "wss:".
/// - errc::network: nobody answers, or not with a WebSocket.
///
/// @par Cancellation
/// No connection is left.
template <class Token = asio::use_awaitable_t<>>
[[nodiscard]] auto connect(asio::any_io_executor executor, std::string url, Token&& token = {}) {
    auto impl = detail::make_client(executor);
    return initiate<session>(detail::home_of(impl), token, [impl, url = std::move(url)](auto op) {
        detail::connect(impl, url, std::move(op));
    });
}

} // namespace cortc::signaling

namespace cortc {
CORTC_EXTERN_AWAIT(signaling::message);
CORTC_EXTERN_AWAIT(signaling::session);
} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/signaling/impl/websocket.ipp"
#endif
