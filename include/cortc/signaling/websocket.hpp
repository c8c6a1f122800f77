#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/config.hpp"
#include "cortc/signaling/http.hpp"
#include "cortc/signaling/json.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// WebSocket signaling: one JSON text message for each description, candidate, and message of the
/// application's own (json.hpp). Asynchronous members take a completion token, default use_awaitable, and
/// complete on the executor of their handler.
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

/// Why one end says goodbye (RFC 6455 7.4).
class close_reason {
  public:
    close_reason() = default;
    /// Its members, in their order.
    explicit close_reason(std::uint16_t the_code, std::string the_text = {})
        : code(the_code), text(std::move(the_text)) {}

    friend bool operator==(const close_reason&, const close_reason&) = default;

    std::uint16_t code = 1000; ///< 1000 normal, 1001 going away, 4000 to 4999 the application's
    std::string text;          ///< for people; at most 123 bytes of UTF-8
};

/// A WebSocket to one peer (RFC 6455). Move-only and the owner: destroying it drops the TCP connection at
/// once, close() says goodbye first.
///
/// @par Errors
/// A default-constructed or moved-from session throws errc::invalid_state when used.
///
/// @par Thread safety
/// request() and target(): any thread.
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
    /// That request, path and query decoded, and who sent it. Of a session from connect() only what its URL
    /// says. It lives as long as the session.
    [[nodiscard]] const http_request& request() const;
    /// What the peer said goodbye with; code 1005: it gave none. None: it has said no goodbye, or the
    /// connection broke before.
    ///
    /// @par Thread safety
    /// The executor given; once receive() has failed or close() has completed, any thread.
    [[nodiscard]] std::optional<close_reason> peer_close_reason() const;

    /// The next message. When 64 unread messages wait, no more are read from the network: it pushes back. Do
    /// not race it under `||`, which discards values: use cortc::timeout.
    ///
    /// @par Errors
    /// - errc::invalid_state: somebody else is reading; one reader at a time.
    /// - errc::closed: the peer closed; peer_close_reason() says why.
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
    ///@{
    /// Says goodbye, with code 1000 where none is given, and completes when the connection has ended. It
    /// waits until what is queued is sent, the goodbye is sent, and the peer has said its own; for all of
    /// that together http_options::handshake_timeout (connect(): 10 s), after which the connection is
    /// dropped. peer_close_reason() tells whether the peer took part. When another close() has begun, that
    /// counts, and this one waits with it. When the session is over already it completes at once, on any
    /// thread, whether or not the session's executor still runs.
    ///
    /// @par Errors
    /// - errc::invalid_access: the code is none that may be sent: 1000 to 1003, 1007 to 1009, 1011 to 1013,
    ///   or 3000 to 4999.
    /// - errc::syntax: the text has more than 123 bytes, or is no UTF-8.
    ///
    /// Then nothing was closed. Without code and text it never fails.
    ///
    /// @par Cancellation
    /// The goodbye goes on.
    template <class Token = asio::use_awaitable_t<>>
    requires(!std::convertible_to<Token, close_reason> && !std::integral<std::remove_cvref_t<Token>>)
        [[nodiscard]] auto close(Token&& token = {}) {
        return close(close_reason(), std::forward<Token>(token));
    }
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto close(close_reason why, Token&& token = {}) {
        return initiate<void>(home(), token,
                              at_the_end([impl = impl_] { return over(*impl); },
                                         [impl = impl_, why = std::move(why)](auto op) mutable {
                                             close(*impl, std::move(why), std::move(op));
                                         }));
    }
    ///@}

  private:
    std::shared_ptr<waiter_home> home() const;
    static bool over(const session_impl&) noexcept;
    static void receive(session_impl&, waiter_ptr<message>);
    static void send(session_impl&, std::string text, waiter_ptr<void>);
    static void close(session_impl&, close_reason, waiter_ptr<void>);

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
