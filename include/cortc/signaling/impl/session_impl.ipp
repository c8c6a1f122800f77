#pragma once

#include "cortc/async/waiter_service.hpp"
#include "cortc/base/quoted.hpp"
#include "cortc/base/utf8.hpp"
#include "cortc/error.hpp"
#include "cortc/signaling/impl/session_impl.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>

#include <fmt/format.h>

namespace cortc::signaling {

namespace websocket = beast::websocket;

CORTC_DECL session_impl::session_impl(beast::tcp_stream stream, const server_options& limits)
    : waiter_home(stream.get_executor())
    , websocket_(tcp_connection(std::move(stream)))
    , goodbye_timeout_(limits.handshake_timeout)
    , goodbye_deadline_(executor()) {
    asio::use_service<waiter_service>(asio::query(executor(), asio::execution::context)).add(waiters());
    websocket::stream_base::timeout timeouts{};
    timeouts.handshake_timeout = limits.handshake_timeout;
    timeouts.idle_timeout = limits.idle_timeout;
    timeouts.keep_alive_pings = true;
    websocket_.set_option(timeouts);
    websocket_.read_message_max(limits.max_message_size);
    websocket_.text(true);
    websocket_.auto_fragment(false); // small clients do not put messages together (RFC 6455 5.4)
}

CORTC_DECL void session_impl::connect_handshake(const std::string& host, const std::string& target,
                                                std::function<void(error_code)> done) {
    websocket_.async_handshake(
        host, target, [self = shared_from_this(), done = std::move(done)](error_code error) { done(error); });
}

CORTC_DECL void session_impl::start(http_request request) {
    if (state_ != state::opening) return;
    request_ = std::move(request);
    state_ = state::open;
    read_next();
}

CORTC_DECL void session_impl::receive(waiter_ptr<message> operation) {
    messages_.read(std::move(operation));
    read_next();
}

CORTC_DECL void session_impl::read_next() {
    if (reading_ || state_ != state::open || messages_.size() >= max_unread) return;
    reading_ = true;
    incoming_.clear();
    websocket_.async_read(incoming_, [self = shared_from_this()](error_code error, std::size_t) {
        self->reading_ = false;
        self->on_read(error);
    });
}

CORTC_DECL void session_impl::on_read(error_code error) {
    if (state_ == state::closed) return;
    if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow)
        return finish(errc::limit, "the peer sent a message of more than the maximum size");
    if (error == websocket::error::closed) return on_peer_closed();
    if (error) return finish(errc::network, "the WebSocket broke: " + error.message());
    if (state_ == state::closing) return;
    if (!websocket_.got_text())
        return refuse(websocket::close_code::unknown_data, errc::syntax,
                      "a binary message, where JSON text should be");
    auto parsed = parse_json(beast::buffers_to_string(incoming_.cdata()));
    if (!parsed) return refuse(websocket::close_code::bad_payload, errc::syntax, parsed.error().what);
    messages_.push(std::move(*parsed));
    read_next();
}

CORTC_DECL void session_impl::send(std::string text, waiter_ptr<void> operation) {
    if (state_ != state::open) return void(operation->fail(errc::invalid_state, "the WebSocket is closed"));
    if (outgoing_.size() < max_unsent && blocked_.empty()) {
        outgoing_.push_back(std::move(text));
        operation->succeed();
        return write_next();
    }
    blocked_.emplace_back(std::move(text), std::move(operation));
}

CORTC_DECL void session_impl::admit_blocked_sends() {
    while (!blocked_.empty() && outgoing_.size() < max_unsent) {
        auto first = std::move(blocked_.front());
        blocked_.pop_front();
        // A send that was cancelled while it waited has completed already, and is not sent.
        if (first.operation->succeed()) outgoing_.push_back(std::move(first.text));
    }
}

CORTC_DECL void session_impl::fail_blocked_sends() {
    for (auto& each : std::exchange(blocked_, {}))
        each.operation->fail(errc::invalid_state, "the WebSocket is closed");
}

CORTC_DECL void session_impl::write_next() {
    if (writing_ || outgoing_.empty() || state_ == state::closed) return;
    writing_ = true;
    websocket_.async_write(asio::buffer(outgoing_.front()),
                           [self = shared_from_this()](error_code error, std::size_t) {
                               self->writing_ = false;
                               self->on_written(error);
                           });
}

CORTC_DECL void session_impl::on_written(error_code error) {
    if (state_ == state::closed) return;
    if (error) return finish(errc::network, "the WebSocket broke: " + error.message());
    outgoing_.pop_front();
    admit_blocked_sends();
    write_next();
    if (state_ == state::closing) close_when_written();
}

namespace detail {

/// RFC 6455 7.4.1 and IANA's registry: not those that stand for what was received (1005, 1006, 1015), nor
/// those that are somebody else's (1010 a client's with extensions, 1014 a gateway's).
CORTC_DECL bool may_be_sent(std::uint16_t code) noexcept {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1009) ||
           (code >= 1011 && code <= 1013) || (code >= 3000 && code <= 4999);
}

} // namespace detail

CORTC_DECL void session_impl::close(close_reason why, waiter_ptr<void> operation) {
    constexpr std::size_t longest = 123; // a control frame's 125 bytes without the code
    if (!detail::may_be_sent(why.code))
        return void(operation->fail(
            errc::invalid_access,
            fmt::format("close: the code {} may not be sent; 1000 and 3000 to 4999 may", why.code)));
    if (why.text.size() > longest || !is_utf8(why.text))
        return void(operation->fail(errc::syntax,
                                    fmt::format("close: the text has {} bytes{}; it may have {} of UTF-8",
                                                why.text.size(),
                                                is_utf8(why.text) ? "" : " that are no UTF-8", longest)));
    if (state_ == state::closed) return void(operation->succeed());
    closed_.add(std::move(operation));
    if (state_ != state::open) return;
    messages_.end(make_error(errc::aborted, "the WebSocket was closed"));
    begin_to_close({websocket::close_code(why.code), beast::string_view(why.text.data(), why.text.size())});
    close_when_written();
}

CORTC_DECL void session_impl::begin_to_close(websocket::close_reason goodbye) {
    state_ = state::closing;
    goodbye_ = std::move(goodbye);
    // Beast limits the time of each of its steps by what comes from the peer, who may never stop.
    goodbye_deadline_.expires_after(goodbye_timeout_);
    goodbye_deadline_.async_wait([self = shared_from_this()](error_code cancelled) {
        if (!cancelled) self->finish(errc::closed, "the WebSocket is closed");
    });
}

CORTC_DECL void session_impl::close_when_written() {
    if (!outgoing_.empty() || std::exchange(goodbye_said_, true)) return;
    // A read that is pending goes on beside it; the peer's goodbye ends both.
    websocket_.async_close(goodbye_, [self = shared_from_this()](error_code error) {
        if (self->state_ == state::closed) return;
        if (!error) return self->on_peer_closed();
        self->finish(errc::closed, "the WebSocket is closed");
    });
}

CORTC_DECL void session_impl::on_peer_closed() {
    const auto& said = websocket_.reason();
    const std::string text(said.reason.data(), said.reason.size());
    constexpr std::uint16_t no_status = 1005; // RFC 6455 7.1.5
    peer_close_reason_ = close_reason(said.code == websocket::close_code::none ? no_status : said.code, text);
    finish(errc::closed, fmt::format("the peer closed the WebSocket: {}{}", peer_close_reason_->code,
                                     text.empty() ? "" : " " + in_quotes(text)));
}

CORTC_DECL void session_impl::refuse(websocket::close_code code, errc error, std::string why) {
    begin_to_close({code, beast::string_view(why).substr(0, 120)});
    messages_.end(make_error(error, std::move(why)));
    // What is queued is not worth sending any more; what is being written must stay until it is.
    outgoing_.resize(writing_ ? 1 : 0);
    fail_blocked_sends();
    close_when_written();
}

CORTC_DECL void session_impl::finish(errc error, std::string why) {
    if (state_ == state::closed) return;
    state_ = state::closed;
    websocket::stream_base::timeout none{websocket::stream_base::none(), websocket::stream_base::none(),
                                         false};
    websocket_.set_option(none); // a timer that is left would keep the io_context busy
    goodbye_deadline_.cancel();
    tcp().close();
    messages_.end(make_error(error, std::move(why)));
    fail_blocked_sends();
    closed_.succeed_all();
    over_.store(true, std::memory_order_release);
}

CORTC_DECL void session_impl::abort() { finish(errc::aborted, "the session was destroyed"); }

} // namespace cortc::signaling
