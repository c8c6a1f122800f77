#pragma once

#include "cortc/signaling/impl/visitor.hpp"

#include "cortc/base/quoted.hpp"
#include "cortc/error.hpp"
#include "cortc/signaling/impl/request.ipp"
#include "cortc/signaling/impl/server_impl.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace cortc::signaling {

/// One request's header lines; browsers send about 1 KB.
inline constexpr std::uint32_t max_request_header = 16384;
/// What is still taken in from a client that was refused, and for how long.
inline constexpr std::size_t max_discarded = std::size_t{1} << 20;
inline constexpr std::chrono::seconds linger_time{2};

namespace detail {

/// Whose fault an error is.
CORTC_DECL http::status status_of(const boost::system::error_code& code) {
    if (code.category() != error_category()) return http::status::internal_server_error;
    switch (static_cast<errc>(code.value())) {
    case errc::invalid_state:
    case errc::invalid_access:
    case errc::invalid_modification:
    case errc::syntax:
    case errc::not_supported:
    case errc::operation:
    case errc::type:
    case errc::range:
        return http::status::bad_request;
    case errc::timed_out:
    case errc::limit:
        return http::status::service_unavailable;
    default:
        return http::status::internal_server_error;
    }
}

CORTC_DECL asio::awaitable<http_response> call(http_handler handler, http_request request) {
    co_return co_await handler(std::move(request));
}

} // namespace detail

CORTC_DECL visitor::visitor(std::shared_ptr<server_impl> host, asio::ip::tcp::socket socket)
    : server_(std::move(host))
    , stream_(std::move(socket))
    , buffer_(max_request_header)
    , deadline_(stream_.get_executor()) {
    parser_.header_limit(max_request_header);
    parser_.body_limit(boost::none); // it is compared when it is known what the request is for
}

CORTC_DECL visitor::~visitor() { server_->forget(*this); }

CORTC_DECL void visitor::start() {
    error_code ignored;
    stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    deadline_.expires_after(options().handshake_timeout);
    deadline_.async_wait([self = shared_from_this()](error_code cancelled) {
        if (cancelled || self->deadline_.expiry() > std::chrono::steady_clock::now()) return;
        self->late_ = true;
        error_code none;
        self->stream_.socket().cancel(none); // whatever is read
    });
    http::async_read_header(
        stream_, buffer_, parser_,
        [self = shared_from_this()](error_code error, std::size_t) { self->on_header(error); });
}

CORTC_DECL void visitor::abort() {
    if (session_) return session_->abort();
    stream_.close();
    stop_handler();
}

CORTC_DECL void visitor::on_header(error_code error) {
    if (error == http::error::header_limit)
        return refuse(http::status::request_header_fields_too_large, "QuotaExceededError",
                      fmt::format("the header has more than {} bytes", max_request_header));
    if (error && error.category() == make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message)
        return refuse(http::status::bad_request, "SyntaxError",
                      "this is no HTTP request: " + error.message());
    if (error) return lost();
    route();
}

CORTC_DECL std::string visitor::read_request() {
    const auto view = [](beast::string_view text) { return std::string_view(text.data(), text.size()); };
    asked_.method = view(request().method_string());
    asked_.content_type = field(http::field::content_type);
    asked_.host = field(http::field::host);
    error_code unknown; // it has left already
    asked_.client = stream_.socket().remote_endpoint(unknown).address();
    if (options().behind_proxy) detail::read_forwarded(request(), asked_);
    return detail::read_target(view(request().target()), asked_);
}

CORTC_DECL void visitor::route() {
    if (const auto wrong = read_request(); !wrong.empty())
        return refuse(http::status::bad_request, "SyntaxError", wrong);
    if (server_->takes_websockets() && beast::websocket::is_upgrade(request())) return upgrade();
    const auto& path = asked_.path;
    const auto page = options().pages.find(path);
    const bool is_page = page != options().pages.end();
    const auto* get = detail::handler_at(options().gets, path);
    const auto* post = detail::handler_at(options().posts, path);
    if (!is_page && !get && !post)
        return refuse(http::status::not_found, "NotFoundError", "there is nothing at " + in_quotes(path));
    const auto method = request().method();
    const bool reads = method == http::verb::get || method == http::verb::head;
    if (is_page && reads) return serve(page->second);
    if (get && reads) {
        if (get_allowed()) return receive_body(*get);
        return refuse(http::status::forbidden, "SecurityError",
                      "this server has no such name; http_options::hosts has those that it goes by");
    }
    if (post && method == http::verb::post) {
        if (origin_allowed()) return receive_body(*post);
        return refuse(http::status::forbidden, "SecurityError",
                      "pages of this origin may not POST here; http_options::origins and hosts let them");
    }
    const std::string_view allowed = !post ? "GET, HEAD" : is_page || get ? "GET, HEAD, POST" : "POST";
    if ((get || post) && method == http::verb::options) return preflight(allowed);
    response_.set(http::field::allow, beast::string_view(allowed.data(), allowed.size()));
    refuse(http::status::method_not_allowed, "NotSupportedError",
           fmt::format("{} takes {}", in_quotes(path), allowed));
}

/// A page may speak to where it came from. Any other page that the user looks at must not speak to a server
/// on his machine; the same-origin policy does not prevent it for WebSockets (RFC 6455 10.2), nor does it
/// keep a POST from being sent.
CORTC_DECL bool visitor::origin_allowed() const {
    const auto origin = field(http::field::origin);
    if (origin.empty()) return true;
    if (options().allow_origin) return options().allow_origin(origin);
    const auto same = [](std::string_view a, std::string_view b) {
        return beast::iequals(beast::string_view(a), beast::string_view(b));
    };
    for (const auto& each : options().origins)
        if (same(each, origin)) return true;
    const auto scheme_end = origin.find("://");
    if (scheme_end == origin.npos) return false;
    auto named = origin.substr(scheme_end + 3);
    std::string_view host = asked_.host;
    if (options().behind_proxy) { // else nobody knows by which scheme the client came
        if (!same(origin.substr(0, scheme_end), asked_.scheme)) return false;
        named = detail::without_default_port(named, asked_.scheme);
        host = detail::without_default_port(host, asked_.scheme);
    }
    return same(named, host) && is_own_host(host);
}

CORTC_DECL bool visitor::get_allowed() const {
    if (!field(http::field::origin).empty()) return origin_allowed();
    return asked_.host.empty() || is_own_host(asked_.host);
}

/// DNS rebinding: a stranger's page asks "its own" server, which its DNS now says is this one. Origin and
/// Host agree then. Only a name can be pointed elsewhere, and localhost browsers resolve themselves (RFC
/// 6761 6.3).
CORTC_DECL bool visitor::is_own_host(std::string_view host) const {
    const auto same = [](std::string_view a, std::string_view b) {
        return beast::iequals(beast::string_view(a), beast::string_view(b));
    };
    auto name = host;
    if (name.starts_with('['))
        name = name.substr(1, name.find(']') - 1); // npos - 1: all of it, which is no address then
    else
        name = name.substr(0, name.find(':'));
    error_code not_literal;
    (void)asio::ip::make_address(std::string(name), not_literal);
    if (!not_literal) return true;
    if (name.ends_with('.')) name.remove_suffix(1);
    constexpr std::string_view local = "localhost", below = ".localhost";
    if (same(name, local)) return true;
    if (name.size() > below.size() && same(name.substr(name.size() - below.size()), below)) return true;
    const auto& own = options().hosts;
    return std::any_of(own.begin(), own.end(),
                       [&](const auto& each) { return same(each, name) || same(each, host); });
}

CORTC_DECL void visitor::upgrade() {
    if (!origin_allowed())
        return refuse(http::status::forbidden, "SecurityError",
                      "pages of this origin may not connect; http_options::origins and hosts let them");
    deadline_.cancel(); // the session has its own
    session_ = std::make_shared<session_impl>(std::move(stream_), server_->options());
    session_->accept_handshake(request(), [self = shared_from_this()](error_code error) {
        if (error) return self->leave();
        self->session_->start(std::move(self->asked_));
        self->server_->left(*self, session(self->session_));
    });
}

/// What a browser asks before it lets a page of another origin POST JSON (fetch.spec.whatwg.org, CORS
/// preflight).
CORTC_DECL void visitor::preflight(std::string_view allowed) {
    if (!origin_allowed())
        return refuse(http::status::forbidden, "SecurityError",
                      "pages of this origin may ask nothing here; http_options::origins and hosts let them");
    response_.set(http::field::access_control_allow_methods,
                  beast::string_view(allowed.data(), allowed.size()));
    response_.set(http::field::access_control_allow_headers, "Content-Type");
    http_response empty;
    empty.status = 204;
    respond(std::move(empty));
}

CORTC_DECL void visitor::serve(const page& found) { respond(http_response(found.content_type, found.body)); }

CORTC_DECL void visitor::receive_body(const http_handler& handler) {
    const auto limit = options().max_body_size;
    const auto announced = parser_.content_length();
    if (announced && *announced > limit) return on_body(http::error::body_limit, handler);
    parser_.body_limit(limit);
    const auto read = [self = shared_from_this(), &handler](error_code error = {}) {
        if (error) return self->lost();
        http::async_read(
            self->stream_, self->buffer_, self->parser_,
            [self, &handler](error_code failed, std::size_t) { self->on_body(failed, handler); });
    };
    if (!beast::iequals(request()[http::field::expect], "100-continue")) return read();
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(go_on), [read](error_code error, std::size_t) { read(error); });
}

CORTC_DECL void visitor::on_body(error_code error, const http_handler& handler) {
    if (error == http::error::body_limit)
        return refuse(http::status::payload_too_large, "QuotaExceededError",
                      fmt::format("the body has more than {} bytes", options().max_body_size));
    if (error && error.category() == make_error_code(http::error::bad_chunk).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message)
        return refuse(http::status::bad_request, "SyntaxError",
                      "the body is not to be read: " + error.message());
    if (error) return lost();

    auto asked = asked_; // the response needs it too
    asked.body = std::move(parser_.get().body());
    deadline_.expires_after(options().handler_timeout);
    deadline_.async_wait([self = shared_from_this()](error_code cancelled) {
        if (cancelled || self->handled_) return;
        self->late_ = true;
        self->stop_handler();
    });
    watch();
    auto finished = [self = shared_from_this()](const std::exception_ptr& failed, http_response response) {
        self->on_handled(failed, std::move(response));
    };
    asio::co_spawn(stream_.get_executor(), detail::call(handler, std::move(asked)),
                   asio::bind_cancellation_slot(stop_.slot(), std::move(finished)));
}

/// Nobody waits for a response any more when the client has closed.
CORTC_DECL void visitor::watch() {
    unread_ = buffer_.size() > 0;
    if (unread_) return;
    stream_.async_read_some(buffer_.prepare(1), [self = shared_from_this()](error_code error, std::size_t) {
        if (self->handled_) return;
        self->unread_ = !error; // bytes behind the request, which are not wanted
        self->gone_ = error.failed();
        if (error) self->stop_handler();
    });
}

CORTC_DECL void visitor::stop_handler() { stop_.emit(asio::cancellation_type::terminal); }

CORTC_DECL void visitor::on_handled(const std::exception_ptr& error, http_response response) {
    handled_ = true;
    deadline_.cancel();
    error_code ignored;
    stream_.socket().cancel(ignored); // the watch
    if (gone_) return leave();
    if (error && late_)
        return refuse(
            http::status::service_unavailable, "TimeoutError",
            fmt::format("the answer was not ready within {} ms", options().handler_timeout.count()));
    if (error) return refuse(error);
    respond(std::move(response));
}

CORTC_DECL void visitor::refuse(http::status code, std::string_view name, std::string_view text) {
    http_response response("application/json", detail::error_json(name, text));
    response.status = static_cast<unsigned>(code);
    respond(std::move(response));
}

CORTC_DECL void visitor::refuse(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const Error& known) {
        refuse(detail::status_of(known.code()), known.name(), known.what());
    } catch (...) {
        refuse(http::status::internal_server_error, "UnknownError", "the server failed");
    }
}

/// The request did not come to its end.
CORTC_DECL void visitor::lost() {
    if (!late_ || !parser_.got_some()) return leave();
    refuse(http::status::request_timeout, "TimeoutError",
           fmt::format("the request did not come within {} ms", options().handshake_timeout.count()));
}

CORTC_DECL void visitor::respond(http_response response) {
    deadline_.cancel();
    response_.result(response.status);
    if (response.status != 204) {
        response_.set(http::field::content_type, response.content_type);
        response_.content_length(response.body.size());
    }
    response_.set(http::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    if (const auto origin = field(http::field::origin); !origin.empty() && origin_allowed()) {
        response_.set(http::field::access_control_allow_origin, origin);
        response_.set(http::field::vary, "Origin");
    }
    response_.keep_alive(false);
    if (request().method() != http::verb::head) response_.body() = std::move(response.body);
    stream_.expires_after(options().handshake_timeout);
    http::async_write(stream_, response_, [self = shared_from_this()](error_code error, std::size_t) {
        self->on_written(error);
    });
}

CORTC_DECL void visitor::on_written(error_code error) {
    if (!error) stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
    if (error || late_ || (parser_.is_done() && !unread_)) return leave();
    stream_.expires_after(linger_time);
    linger();
}

CORTC_DECL void visitor::linger() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(max_request_header),
                            [self = shared_from_this()](error_code error, std::size_t size) {
                                self->discarded_ += size;
                                if (error || self->discarded_ >= max_discarded) return self->leave();
                                self->linger();
                            });
}

CORTC_DECL void visitor::leave() {
    deadline_.cancel();
    stream_.close();
    server_->left(*this);
}

CORTC_DECL const http_options& visitor::options() const noexcept { return server_->options(); }

CORTC_DECL std::string_view visitor::field(http::field name) const {
    const auto text = request()[name];
    return {text.data(), text.size()};
}

} // namespace cortc::signaling
