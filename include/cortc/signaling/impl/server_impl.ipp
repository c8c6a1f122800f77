#pragma once

#include "cortc/error.hpp"
#include "cortc/signaling/impl/server_impl.hpp"
#include "cortc/transport/waiter_service.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <fmt/format.h>

namespace cortc::signaling {

namespace http = beast::http;
using asio::ip::tcp;

/// One request's header lines; browsers send about 1 KB.
inline constexpr std::uint32_t max_request_header = 16384;

CORTC_DECL server_impl::server_impl(asio::any_io_executor executor, const tcp::endpoint& where,
                                    server_options options)
    : waiter_home(executor)
    , options_(std::move(options))
    , acceptor_(executor)
    , retry_(executor)
    , sessions_(std::numeric_limits<std::size_t>::max()) { // bounded by max_pending
    error_code error;
    if (!error) acceptor_.open(where.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(where, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error)
        throw Error(errc::network, fmt::format("cannot listen on {} port {}: {}", where.address().to_string(),
                                               where.port(), error.message()));
    where_ = acceptor_.local_endpoint();
    asio::use_service<waiter_service>(asio::query(this->executor(), asio::execution::context)).add(waiters());
}

CORTC_DECL void server_impl::accept_next() {
    if (accepting_ || !acceptor_.is_open() || visitors_.size() + sessions_.size() >= options_.max_pending)
        return;
    accepting_ = true;
    acceptor_.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
        self->accepting_ = false;
        self->on_accept(error, std::move(socket));
    });
}

CORTC_DECL void server_impl::on_accept(error_code error, tcp::socket socket) {
    if (!acceptor_.is_open()) return;
    if (error == asio::error::no_descriptors || error == asio::error::no_memory ||
        error == asio::error::no_buffer_space) {
        // The process is out of something: connections wait in the kernel until it has it again.
        accepting_ = true;
        retry_.expires_after(std::chrono::milliseconds(100));
        return retry_.async_wait([self = shared_from_this()](error_code) {
            self->accepting_ = false;
            self->accept_next();
        });
    }
    if (!error) {
        auto guest = std::make_shared<visitor>(shared_from_this(), std::move(socket));
        visitors_.insert(guest.get());
        guest->start();
    }
    accept_next();
}

CORTC_DECL void server_impl::left(visitor& who, session made) {
    forget(who);
    if (made) sessions_.push(std::move(made));
    accept_next();
}

CORTC_DECL void server_impl::accept(waiter_ptr<session> operation) {
    sessions_.read(std::move(operation));
    accept_next();
}

CORTC_DECL void server_impl::close() {
    if (!acceptor_.is_open()) return;
    error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
    for (auto* guest : std::exchange(visitors_, {})) guest->abort();
    while (sessions_.try_read()) {
    }
    sessions_.end(make_error(errc::aborted, "the server was closed"));
}

CORTC_DECL visitor::visitor(std::shared_ptr<server_impl> host, tcp::socket socket)
    : server_(std::move(host)), stream_(std::move(socket)), buffer_(max_request_header) {
    parser_.header_limit(max_request_header);
    parser_.body_limit(0);
}

CORTC_DECL void visitor::start() {
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    stream_.expires_after(server_->options().handshake_timeout);
    http::async_read(stream_, buffer_, parser_,
                     [self = shared_from_this()](error_code error, std::size_t) { self->on_request(error); });
}

CORTC_DECL void visitor::abort() {
    if (session_)
        session_->abort();
    else
        stream_.close();
}

CORTC_DECL void visitor::on_request(error_code error) {
    if (error && error.category() == make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream)
        return respond(status::bad_request, "text/plain", "400 this is not an HTTP request\n");
    if (error) return server_->left(*this);
    if (beast::websocket::is_upgrade(request())) return upgrade();
    serve_page();
}

CORTC_DECL std::string visitor::target() const {
    const auto text = request().target();
    return {text.data(), text.size()};
}

CORTC_DECL void visitor::serve_page() {
    if (request().method() != http::verb::get && request().method() != http::verb::head)
        return respond(status::method_not_allowed, "text/plain", "405 only GET and HEAD are served\n");
    auto path = target();
    path.resize(std::min(path.size(), path.find('?')));
    const auto found = server_->options().pages.find(path);
    if (found == server_->options().pages.end())
        return respond(status::not_found, "text/plain", "404 there is no such page\n");
    respond(status::ok, found->second.content_type, found->second.body);
}

CORTC_DECL void visitor::respond(status code, std::string_view content_type, std::string_view body) {
    response_.result(code);
    response_.set(http::field::content_type, content_type);
    response_.set(http::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    response_.keep_alive(false);
    response_.content_length(body.size());
    if (request().method() != http::verb::head) response_.body() = body;
    stream_.expires_after(server_->options().handshake_timeout);
    http::async_write(stream_, response_, [self = shared_from_this()](error_code error, std::size_t) {
        if (!error) self->stream_.socket().shutdown(tcp::socket::shutdown_send, error);
        self->stream_.close();
        self->server_->left(*self);
    });
}

/// A page may open a WebSocket to where it came from. Any other page that the user looks at must not speak to
/// a server on his machine, which the same-origin policy does not prevent for WebSockets (RFC 6455 10.2).
CORTC_DECL bool visitor::origin_allowed() const {
    const auto given = request()[http::field::origin];
    if (given.empty()) return true;
    const std::string_view origin(given.data(), given.size());
    if (server_->options().allow_origin) return server_->options().allow_origin(origin);
    const auto host = request()[http::field::host];
    const auto scheme_end = origin.find("://");
    return scheme_end != origin.npos &&
           beast::iequals(beast::string_view(origin.substr(scheme_end + 3)), host);
}

CORTC_DECL void visitor::upgrade() {
    if (!origin_allowed())
        return respond(status::forbidden, "text/plain", "403 pages of this origin may not connect\n");
    stream_.expires_never(); // the session has its own
    session_ = std::make_shared<session_impl>(std::move(stream_), server_->options());
    session_->accept_handshake(request(), [self = shared_from_this()](error_code error) {
        if (error) return self->server_->left(*self);
        self->session_->start(self->target());
        self->server_->left(*self, session(self->session_));
    });
}

} // namespace cortc::signaling
