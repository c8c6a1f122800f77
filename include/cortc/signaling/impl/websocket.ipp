#pragma once

#include "cortc/signaling/websocket.hpp"

#include "cortc/error.hpp"
#include "cortc/signaling/impl/dial.ipp"
#include "cortc/signaling/impl/http.ipp"
#include "cortc/signaling/impl/server_impl.ipp"
#include "cortc/signaling/impl/session_impl.ipp"

#include <boost/asio/dispatch.hpp>

#include <fmt/format.h>

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
    return impl_->request().target;
}

CORTC_DECL const http_request& session::request() const {
    home();
    return impl_->request();
}

CORTC_DECL std::optional<close_reason> session::peer_close_reason() const {
    home();
    return impl_->peer_close_reason();
}

CORTC_DECL std::shared_ptr<waiter_home> session::home() const {
    if (!impl_) throw Error(errc::invalid_state, "the signaling session is empty or was moved from");
    return impl_;
}

CORTC_DECL bool session::over(const session_impl& impl) noexcept { return impl.over(); }

CORTC_DECL void session::receive(session_impl& impl, waiter_ptr<message> operation) {
    impl.receive(std::move(operation));
}

CORTC_DECL void session::send(session_impl& impl, std::string text, waiter_ptr<void> operation) {
    impl.send(std::move(text), std::move(operation));
}

CORTC_DECL void session::close(session_impl& impl, close_reason why, waiter_ptr<void> operation) {
    impl.close(std::move(why), std::move(operation));
}

CORTC_DECL server::server(asio::any_io_executor executor, const asio::ip::tcp::endpoint& where,
                          server_options options)
    : http_server(std::make_shared<server_impl>(std::move(executor), where, std::move(options), true)) {}

CORTC_DECL void server::accept(server_impl& impl, waiter_ptr<session> operation) {
    impl.accept(std::move(operation));
}

namespace detail {

/// The steps of connect(): TCP, handshake. Owned by whichever is pending.
class websocket_dial : public std::enable_shared_from_this<websocket_dial> {
  public:
    websocket_dial(std::shared_ptr<session_impl> impl, url where, waiter_ptr<session> operation)
        : impl_(std::move(impl)), where_(std::move(where)), operation_(std::move(operation)) {}

    void start() {
        auto tcp = std::make_shared<dial>(
            impl_->tcp(), [self = shared_from_this()](std::string_view what, error_code error) {
                if (error) return self->fail(what, error);
                self->handshake();
            });
        operation_->on_cancel([impl = impl_, tcp] {
            tcp->cancel();
            impl->abort();
        });
        impl_->tcp().expires_after(server_options().handshake_timeout);
        tcp->start(where_);
    }

  private:
    void handshake() {
        if (operation_->done()) return;
        impl_->tcp().expires_never(); // the session has its own
        impl_->connect_handshake(where_.host, where_.target, [self = shared_from_this()](error_code error) {
            if (error) return self->fail("is no WebSocket", error);
            http_request asked;
            asked.method = "GET";
            asked.host = self->where_.host;
            (void)read_target(self->where_.target, asked); // the server took it, whatever is wrong with it
            self->impl_->start(std::move(asked));
            self->operation_->succeed(session(self->impl_));
        });
    }
    void fail(std::string_view what, error_code error) {
        operation_->fail(errc::network, fmt::format("{} {}: {}", where_.text, what, error.message()));
        impl_->abort();
    }

    std::shared_ptr<session_impl> impl_;
    url where_;
    waiter_ptr<session> operation_;
};

CORTC_DECL std::shared_ptr<session_impl> make_client(const asio::any_io_executor& executor) {
    return std::make_shared<session_impl>(beast::tcp_stream(executor), server_options{});
}

CORTC_DECL std::shared_ptr<waiter_home> home_of(const std::shared_ptr<session_impl>& impl) { return impl; }

CORTC_DECL void connect(const std::shared_ptr<session_impl>& impl, std::string_view where,
                        waiter_ptr<session> operation) {
    std::make_shared<websocket_dial>(impl, parse_url(where, "ws"), std::move(operation))->start();
}

} // namespace detail
} // namespace cortc::signaling

namespace cortc {
CORTC_AWAIT(signaling::message);
CORTC_AWAIT(signaling::session);
} // namespace cortc
