#pragma once

#include "cortc/signaling/websocket.hpp"

#include "cortc/error.hpp"
#include "cortc/signaling/impl/server_impl.ipp"
#include "cortc/signaling/impl/session_impl.ipp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/address.hpp>

#include <fmt/format.h>

#include <charconv>

namespace cortc::signaling {

CORTC_DECL session& session::operator=(session&& other) noexcept {
    session old(std::move(*this));
    impl_ = std::move(other.impl_);
    return *this;
}

CORTC_DECL session::~session() {
    if (!impl_) return;
    auto executor = impl_->executor();
    asio::dispatch(executor, [impl = std::move(impl_)] { impl->abort(); });
}

CORTC_DECL std::string session::target() const {
    home();
    return impl_->target();
}

CORTC_DECL std::shared_ptr<waiter_home> session::home() const {
    if (!impl_) throw Error(errc::invalid_state, "the signaling session is empty or was moved from");
    return impl_;
}

CORTC_DECL void session::receive(session_impl& impl, waiter_ptr<message> operation) {
    impl.receive(std::move(operation));
}

CORTC_DECL void session::send(session_impl& impl, std::string text, waiter_ptr<void> operation) {
    impl.send(std::move(text), std::move(operation));
}

CORTC_DECL void session::close(session_impl& impl, waiter_ptr<void> operation) {
    impl.close(std::move(operation));
}

CORTC_DECL server::server(asio::any_io_executor executor, const asio::ip::tcp::endpoint& where,
                          server_options options)
    : impl_(std::make_shared<server_impl>(std::move(executor), where, std::move(options))) {
    asio::dispatch(impl_->executor(), [impl = impl_] { impl->accept_next(); });
}

CORTC_DECL server& server::operator=(server&& other) noexcept {
    server old(std::move(*this));
    impl_ = std::move(other.impl_);
    return *this;
}

CORTC_DECL server::~server() {
    if (impl_) close();
}

CORTC_DECL std::shared_ptr<waiter_home> server::home() const {
    if (!impl_) throw Error(errc::invalid_state, "the signaling server was moved from");
    return impl_;
}

CORTC_DECL asio::ip::tcp::endpoint server::local_endpoint() const {
    home();
    return impl_->local_endpoint();
}

CORTC_DECL std::string server::url() const {
    const auto where = local_endpoint();
    const auto address = where.address().to_string();
    return fmt::format("http://{}:{}/", where.address().is_v6() ? "[" + address + "]" : address,
                       where.port());
}

CORTC_DECL void server::accept(server_impl& impl, waiter_ptr<session> operation) {
    impl.accept(std::move(operation));
}

CORTC_DECL void server::close() {
    home();
    asio::dispatch(impl_->executor(), [impl = impl_] { impl->close(); });
}

namespace detail {

/// "ws://host:port/path" taken apart.
class ws_url {
  public:
    std::string host; // as the Host header has it, with the port if there was one
    std::string name; // to be resolved
    std::uint16_t port = 80;
    std::string target = "/";
};

[[noreturn]] CORTC_DECL void bad_url(std::string_view url, std::string_view why) {
    throw Error(errc::syntax, fmt::format("\"{}\": {}", url, why));
}

CORTC_DECL ws_url parse_url(std::string_view url) {
    if (url.starts_with("wss://"))
        throw Error(errc::not_supported, "wss: WebSockets over TLS are not supported");
    if (!url.starts_with("ws://")) bad_url(url, "does not begin with ws://");
    if (url.find_first_of(" \t\r\n#") != url.npos) bad_url(url, "holds white space or a fragment");
    ws_url parts;
    auto rest = url.substr(5);
    const auto path = rest.find_first_of("/?");
    if (path != rest.npos)
        parts.target = rest[path] == '/' ? rest.substr(path) : "/" + std::string(rest.substr(path));
    rest = rest.substr(0, path);
    if (rest.find('@') != rest.npos) bad_url(url, "user names are not supported");
    parts.host = rest;
    const auto bracket = rest.starts_with('[') ? rest.find(']') : 0;
    if (bracket == rest.npos) bad_url(url, "a bracket is not closed");
    const auto colon = rest.find(':', bracket);
    if (colon != rest.npos) {
        const auto digits = rest.substr(colon + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parts.port);
        if (error != std::errc() || end != digits.data() + digits.size() || parts.port == 0)
            bad_url(url, "the port is no number of 1..65535");
    }
    parts.name = bracket ? rest.substr(1, bracket - 1) : rest.substr(0, colon);
    if (bracket && colon != rest.npos && colon != bracket + 1) bad_url(url, "text after the bracket");
    if (parts.name.empty()) bad_url(url, "there is no host");
    return parts;
}

/// The steps of connect(): resolve, TCP, handshake. Owned by whichever is pending.
class dial : public std::enable_shared_from_this<dial> {
  public:
    dial(std::shared_ptr<session_impl> impl, ws_url url, waiter_ptr<session> operation)
        : impl_(std::move(impl))
        , url_(std::move(url))
        , operation_(std::move(operation))
        , resolver_(std::make_shared<tcp::resolver>(impl_->executor())) {}

    void start() {
        operation_->on_cancel([impl = impl_, resolver = resolver_] {
            resolver->cancel();
            impl->abort();
        });
        error_code not_literal;
        const auto literal = asio::ip::make_address(url_.name, not_literal);
        if (!not_literal)
            return connect(
                tcp::resolver::results_type::create(tcp::endpoint(literal, url_.port), url_.name, ""));
        resolver_->async_resolve(
            url_.name, std::to_string(url_.port),
            [self = shared_from_this()](error_code error, const tcp::resolver::results_type& found) {
                if (error) return self->fail("cannot be resolved", error);
                self->connect(found);
            });
    }

  private:
    void connect(const tcp::resolver::results_type& addresses) {
        if (operation_->done()) return;
        impl_->tcp().expires_after(server_options{}.handshake_timeout);
        impl_->tcp().async_connect(addresses,
                                   [self = shared_from_this()](error_code error, const tcp::endpoint&) {
                                       if (error) return self->fail("does not answer", error);
                                       self->handshake();
                                   });
    }
    void handshake() {
        if (operation_->done()) return;
        error_code ignored;
        impl_->tcp().socket().set_option(tcp::no_delay(true), ignored);
        impl_->tcp().expires_never(); // the session has its own
        impl_->connect_handshake(url_.host, url_.target, [self = shared_from_this()](error_code error) {
            if (error) return self->fail("is no WebSocket", error);
            self->impl_->start(self->url_.target);
            self->operation_->succeed(session(self->impl_));
        });
    }
    void fail(std::string_view what, error_code error) {
        operation_->fail(errc::network,
                         fmt::format("ws://{}{} {}: {}", url_.host, url_.target, what, error.message()));
        impl_->abort();
    }

    std::shared_ptr<session_impl> impl_;
    ws_url url_;
    waiter_ptr<session> operation_;
    std::shared_ptr<tcp::resolver> resolver_;
};

CORTC_DECL std::shared_ptr<session_impl> make_client(const asio::any_io_executor& executor) {
    return std::make_shared<session_impl>(beast::tcp_stream(executor), server_options{});
}

CORTC_DECL std::shared_ptr<waiter_home> home_of(const std::shared_ptr<session_impl>& impl) { return impl; }

CORTC_DECL void connect(const std::shared_ptr<session_impl>& impl, std::string_view url,
                        waiter_ptr<session> operation) {
    auto parts = parse_url(url);
    std::make_shared<dial>(impl, std::move(parts), std::move(operation))->start();
}

} // namespace detail
} // namespace cortc::signaling
