#pragma once

#include "cortc/signaling/http.hpp"

#include "cortc/async/waiter_service.hpp"
#include "cortc/error.hpp"
#include "cortc/signaling/impl/dial.hpp"
#include "cortc/signaling/impl/server_impl.hpp"
#include "cortc/signaling/json.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <fmt/format.h>

namespace cortc::signaling {

CORTC_DECL http_server::http_server(asio::any_io_executor executor, const asio::ip::tcp::endpoint& where,
                                    http_options options)
    : http_server(std::make_shared<server_impl>(std::move(executor), where,
                                                server_options(std::move(options)), false)) {}

CORTC_DECL http_server::http_server(std::shared_ptr<server_impl> impl) : impl_(std::move(impl)) {
    asio::dispatch(impl_->executor(), [impl = impl_] { impl->accept_next(); });
}

CORTC_DECL http_server& http_server::operator=(http_server&& other) noexcept {
    http_server old(std::move(*this));
    impl_ = std::move(other.impl_);
    return *this;
}

CORTC_DECL http_server::~http_server() {
    if (impl_) close();
}

CORTC_DECL std::shared_ptr<waiter_home> http_server::home() const {
    if (!impl_) throw Error(errc::invalid_state, "the signaling server was moved from");
    return impl_;
}

CORTC_DECL asio::ip::tcp::endpoint http_server::local_endpoint() const {
    home();
    return impl_->local_endpoint();
}

CORTC_DECL std::string http_server::url() const {
    const auto where = local_endpoint();
    const auto address = where.address().to_string();
    return fmt::format("http://{}:{}/", where.address().is_v6() ? "[" + address + "]" : address,
                       where.port());
}

CORTC_DECL void http_server::close() {
    home();
    asio::dispatch(impl_->executor(), [impl = impl_] { impl->close(); });
}

namespace detail {

using answerer = std::function<asio::awaitable<SessionDescription>(SessionDescription)>;

CORTC_DECL asio::awaitable<http_response> answer_offer(answerer answer, http_request request) {
    auto message = parse_json(request.body).value();
    auto* offer = std::get_if<SessionDescription>(&message);
    if (!offer || offer->type != SdpType::offer)
        throw Error(errc::type, fmt::format("{}, where an offer should be", kind_of(message)));
    auto made = co_await answer(std::move(*offer));
    co_return http_response("application/json", to_json(made));
}

/// The steps of post_offer(): TCP, request, response, all before one deadline.
class poster : public waiter_home, public std::enable_shared_from_this<poster> {
  public:
    explicit poster(const asio::any_io_executor& executor)
        : waiter_home(executor), stream_(executor), deadline_(executor) {
        asio::use_service<waiter_service>(asio::query(this->executor(), asio::execution::context))
            .add(waiters());
    }

    void start(url where, const SessionDescription& offer, post_options options,
               waiter_ptr<SessionDescription> operation);

  private:
    void write();
    void read();
    void on_response(error_code error);
    [[nodiscard]] std::string refusal() const;
    void fail(errc code, std::string what);
    void end();

    beast::tcp_stream stream_;
    asio::steady_timer deadline_;
    url where_;
    waiter_ptr<SessionDescription> operation_;
    std::weak_ptr<dial> dial_; // it owns this
    http::request<http::string_body> request_;
    beast::flat_buffer buffer_;
    http::response_parser<http::string_body> parser_;
};

CORTC_DECL void poster::start(url where, const SessionDescription& offer, post_options options,
                              waiter_ptr<SessionDescription> operation) {
    where_ = std::move(where);
    operation_ = std::move(operation);
    request_.method(http::verb::post);
    request_.version(11);
    request_.target(where_.target);
    request_.set(http::field::host, where_.host);
    request_.set(http::field::content_type, "application/json");
    request_.set(http::field::accept, "application/json");
    request_.keep_alive(false);
    request_.body() = to_json(offer);
    request_.prepare_payload();
    parser_.body_limit(options.max_response_size);

    operation_->on_cancel([self = shared_from_this()] { self->end(); });
    deadline_.expires_after(options.timeout);
    deadline_.async_wait([self = shared_from_this(), options](error_code cancelled) {
        if (!cancelled)
            self->fail(errc::timed_out, fmt::format("did not answer within {} ms", options.timeout.count()));
    });
    const auto dialing =
        std::make_shared<dial>(stream_, [self = shared_from_this()](std::string_view what, error_code error) {
            if (error) return self->fail(errc::network, fmt::format("{}: {}", what, error.message()));
            self->write();
        });
    dial_ = dialing;
    dialing->start(where_);
}

CORTC_DECL void poster::write() {
    if (operation_->done()) return;
    // A server that refuses need not read all of the request: its response counts, not how writing ended.
    http::async_write(stream_, request_,
                      [self = shared_from_this()](error_code, std::size_t) { self->read(); });
}

CORTC_DECL void poster::read() {
    if (operation_->done()) return;
    http::async_read(stream_, buffer_, parser_, [self = shared_from_this()](error_code error, std::size_t) {
        self->on_response(error);
    });
}

CORTC_DECL void poster::on_response(error_code error) {
    if (operation_->done()) return;
    if (error == http::error::body_limit) return fail(errc::limit, "answered with too much");
    if (error) return fail(errc::network, "did not answer: " + error.message());
    if (http::to_status_class(parser_.get().result()) != http::status_class::successful)
        return fail(errc::operation, refusal());
    auto message = parse_json(parser_.get().body());
    if (!message) return fail(errc::syntax, "answered with no description: " + message.error().what);
    auto* answer = std::get_if<SessionDescription>(&*message);
    if (!answer || (answer->type != SdpType::answer && answer->type != SdpType::pranswer))
        return fail(errc::syntax,
                    fmt::format("answered with {}, where an answer should be", kind_of(*message)));
    operation_->succeed(std::move(*answer));
    end();
}

/// "answered 400 Bad Request: SyntaxError: sdp: is missing"
CORTC_DECL std::string poster::refusal() const {
    const auto& response = parser_.get();
    auto said = response_text(response.body());
    const auto meaning =
        http::obsolete_reason(response.result()); // the status's, whatever the server calls it
    return fmt::format("answered {} {}{}{}", response.result_int(),
                       std::string_view(meaning.data(), meaning.size()), said.empty() ? "" : ": ", said);
}

CORTC_DECL void poster::fail(errc code, std::string what) {
    operation_->fail(code, fmt::format("{} {}", where_.text, what));
    end();
}

CORTC_DECL void poster::end() {
    deadline_.cancel();
    if (auto dialing = dial_.lock()) dialing->cancel();
    stream_.close();
}

CORTC_DECL std::shared_ptr<poster> make_poster(const asio::any_io_executor& executor) {
    return std::make_shared<poster>(executor);
}

CORTC_DECL std::shared_ptr<waiter_home> home_of(const std::shared_ptr<poster>& impl) { return impl; }

CORTC_DECL void post_offer(const std::shared_ptr<poster>& impl, std::string_view where,
                           const SessionDescription& offer, post_options options,
                           waiter_ptr<SessionDescription> operation) {
    impl->start(parse_url(where, "http"), offer, options, std::move(operation));
}

} // namespace detail

CORTC_DECL post_handler
answer_offers(std::function<asio::awaitable<SessionDescription>(SessionDescription)> answer) {
    return [answer = std::move(answer)](http_request request) {
        return detail::answer_offer(answer, std::move(request));
    };
}

} // namespace cortc::signaling
