#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/config.hpp"
#include "cortc/session_description.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP as far as signaling needs it: pages from memory, handlers for GET and POST, and descriptions that are
/// POSTed as JSON (json.hpp). HTTP/1.1 without TLS, one request for each connection.
///
/// @par Thread safety
/// Everything runs on the executor given, which must not run handlers concurrently.
namespace cortc::signaling {

namespace asio = boost::asio;

class server_impl;

/// Something to serve over HTTP.
class page {
  public:
    page() = default;
    /// Its members, in their order.
    page(std::string type, std::string content) : content_type(std::move(type)), body(std::move(content)) {}

    std::string content_type; ///< "text/html; charset=utf-8"
    std::string body;         ///< sent as it is
};

/// What a client asked for.
class http_request {
  public:
    http_request() = default;

    std::string method;       ///< "GET", "HEAD" or "POST"
    std::string target;       ///< as the client wrote it: "/rooms/the%20first?name=Ann+B"
    std::string path;         ///< decoded, without the query: "/rooms/the first"
    std::string content_type; ///< as the client says
    std::string body;         ///< at most http_options::max_body_size
    /// What stands behind the '?', decoded as HTML forms encode it ('+' is a space), in its order: {"name",
    /// "Ann B"}. A name without '=' has an empty value.
    std::vector<std::pair<std::string, std::string>> query;
    ///@{
    /// Who asks, and by which URL: of the TCP connection and the Host header; with http_options::behind_proxy
    /// as the proxy says.
    asio::ip::address client;    ///< its address
    std::string scheme = "http"; ///< or "https"
    std::string host;            ///< "signaling.example.org:8080"; empty: the client did not say
    ///@}

    /// The first value in `query` by that name; none: there is none.
    [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const {
        for (const auto& [key, value] : query)
            if (key == name) return value;
        return std::nullopt;
    }
};

/// What a handler answers.
class http_response {
  public:
    http_response() = default;
    /// With status 200.
    http_response(std::string type, std::string content)
        : content_type(std::move(type)), body(std::move(content)) {}

    unsigned status = 200;                         ///< HTTP's; with 204 leave the body empty
    std::string content_type = "application/json"; ///< of `body`
    std::string body;                              ///< sent as it is
};

/// Answers one request.
///
/// @par Errors
/// What it throws is sent as JSON, {"name":"SyntaxError","message":"sdp: is missing"}, with a status:
/// - 400: a cortc::Error that tells of a bad request (syntax, type, range, operation, invalid_...,
///   not_supported).
/// - 503: errc::limit, errc::timed_out.
/// - 500: any other cortc::Error; other exceptions, of which nothing is told.
///
/// @par Cancellation
/// It is cancelled (terminal) when the client leaves, when http_options::handler_timeout has passed, and when
/// the server closes.
///
/// @par Thread safety
/// It runs on the server's executor.
using http_handler = std::function<asio::awaitable<http_response>(http_request)>;
using post_handler = http_handler; ///< one that http_options::posts has

/// A handler that reads an offer and writes the answer that `answer` returns. What is no offer is 400.
post_handler
answer_offers(std::function<asio::awaitable<SessionDescription>(SessionDescription offer)> answer);

/// What an http_server serves, to whom, and within which bounds.
class http_options {
  public:
    http_options() = default;

    ///@{
    /// By path, decoded ("/", "/app.js", "/rooms/"). A path of a handler that ends in '/' takes all that is
    /// below it too, the longest one that fits, so that gets["/"] takes what nobody else does; a page is
    /// only itself, and comes before a handler. A path that none of them takes is 404, another method 405.
    /// A target that cannot be decoded, or whose path holds control characters or the segments "." or "..",
    /// is 400. A "%2F" in a path is a '/' like any other.
    std::map<std::string, page, std::less<>> pages;         ///< for GET and HEAD; anybody gets them
    std::map<std::string, http_handler, std::less<>> gets;  ///< for GET and HEAD
    std::map<std::string, http_handler, std::less<>> posts; ///< for POST
    ///@}
    ///@{
    /// Which web pages may reach a handler or open a WebSocket; others are 403. What is compared is the
    /// Origin header that browsers send, "https://app.example.org" or "http://localhost:8080": the page's
    /// scheme, name and port, whatever proxy is between. Allowed are those of `origins`, as they stand there
    /// but for upper and lower case; and the pages of this server, whose Origin has behind "://" what the
    /// Host header says, if that is one of `hosts` (with or without its port), an IP address, or localhost.
    /// By any other name a stranger's page has been led here, whose DNS he can point where he likes (DNS
    /// rebinding); so a server that is opened under a name of its own must be told it.
    ///
    /// Programs send no Origin, and always may POST and open WebSockets. Nor does a browser send one when a
    /// page GETs from where it came from; so a GET without one reaches a handler only by such a name of
    /// this server as above.
    std::vector<std::string> hosts;
    std::vector<std::string> origins;
    ///@}
    /// Decides of an Origin header, in the place of both lists, if there is one.
    std::function<bool(std::string_view origin)> allow_origin;
    /// A reverse proxy, for instance one that does TLS, is the only one who can reach this server. Then its
    /// headers are believed: X-Forwarded-Proto and X-Forwarded-Host for the URL that the client asked for,
    /// X-Forwarded-For for its address, of lists their last entry, which is the nearest proxy's own. A header
    /// that is missing or no such thing leaves what the connection itself says. The Origin of this server's
    /// own pages must then have that scheme too. Without this option the headers are not looked at, for any
    /// client can send them; a proxy that passes on the Host header does not need it.
    bool behind_proxy = false;
    std::size_t max_body_size = std::size_t{256} << 10; ///< bytes of a request's body; more is 413
    /// From the TCP connection to the end of the request, after which one that has begun is told: 408; for
    /// sending the response; and for all of a WebSocket's goodbye (session::close()).
    std::chrono::milliseconds handshake_timeout{10000};
    /// A handler that takes longer is cancelled, and the client told: 503.
    std::chrono::milliseconds handler_timeout{15000};
    /// Connections whose request is not answered yet, and WebSockets not yet accepted; further ones wait in
    /// the kernel.
    std::size_t max_pending = 64;
};

/// Listens on one TCP port. No TLS: behind a reverse proxy, or for the local machine. Move-only; destroying
/// it closes it.
///
/// @par Errors
/// - errc::invalid_state: it was moved from.
///
/// @par Thread safety
/// local_endpoint(), url() and close(): any thread.
class http_server {
  public:
    /// Port 0: a free one.
    ///
    /// @par Errors
    /// - errc::network: it cannot listen there.
    http_server(asio::any_io_executor executor, const asio::ip::tcp::endpoint& where, http_options options);
    /// It goes on listening.
    http_server(http_server&&) noexcept = default;
    /// Closes the server that was here.
    http_server& operator=(http_server&& other) noexcept;
    ~http_server();

    /// Where it listens, with the port that was chosen.
    [[nodiscard]] asio::ip::tcp::endpoint local_endpoint() const;
    /// "http://127.0.0.1:8080/"
    [[nodiscard]] std::string url() const;
    /// Stops listening, and drops the connections whose request is not answered. Idempotent.
    void close();

    /// @cond
  protected:
    explicit http_server(std::shared_ptr<server_impl> impl);
    /// Throws errc::invalid_state when the server was moved from.
    std::shared_ptr<waiter_home> home() const;

    std::shared_ptr<server_impl> impl_;
    /// @endcond
};

/// Trivially destructible: `post_offer(executor, url, offer, {.timeout = 5s})` is safe under co_await.
struct post_options {
    std::chrono::milliseconds timeout{10000};               ///< of all of it, from the host's name on
    std::size_t max_response_size = std::size_t{256} << 10; ///< bytes
};

namespace detail {

class poster;
std::shared_ptr<poster> make_poster(const asio::any_io_executor& executor);
std::shared_ptr<waiter_home> home_of(const std::shared_ptr<poster>& impl);
void post_offer(const std::shared_ptr<poster>& impl, std::string_view url, const SessionDescription& offer,
                post_options options, waiter_ptr<SessionDescription>);

} // namespace detail

///@{
/// POSTs an offer with all its candidates to "http://host:port/path" and returns the answer. Takes a
/// completion token, default use_awaitable, and completes on the executor of its handler. A host name, unlike
/// an address, is resolved by Asio's resolver, which has a thread for it.
///
/// @par Errors
/// - errc::syntax: the URL is none, or the response is no answer.
/// - errc::not_supported: "https:".
/// - errc::network: nobody answers, or not in HTTP.
/// - errc::timed_out: post_options::timeout has passed.
/// - errc::limit: the response is longer than post_options::max_response_size.
/// - errc::operation: the server refuses; what() has the status and what the server says.
///
/// @par Cancellation
/// It completes with asio::error::operation_aborted.
///
/// @par Thread safety
/// Any thread.
template <class Token = asio::use_awaitable_t<>>
[[nodiscard]] auto post_offer(asio::any_io_executor executor, std::string url, SessionDescription offer,
                              post_options options, Token&& token = {}) {
    auto impl = detail::make_poster(executor);
    return initiate<SessionDescription>(
        detail::home_of(impl), token,
        [impl, url = std::move(url), offer = std::move(offer), options](auto op) {
            detail::post_offer(impl, url, offer, options, std::move(op));
        });
}
template <class Token = asio::use_awaitable_t<>>
requires(!std::convertible_to<Token, post_options>)
    [[nodiscard]] auto post_offer(asio::any_io_executor executor, std::string url, SessionDescription offer,
                                  Token&& token = {}) {
    return post_offer(std::move(executor), std::move(url), std::move(offer), post_options{},
                      std::forward<Token>(token));
}
///@}

} // namespace cortc::signaling

#if defined(CORTC_HEADER_ONLY)
#include "cortc/signaling/websocket.hpp" // the bodies of both, which know each other
#endif
