#pragma once

#include "cortc/async/waiter_service.hpp"
#include "cortc/error.hpp"
#include "cortc/signaling/impl/server_impl.hpp"
#include "cortc/signaling/impl/visitor.ipp"

#include <boost/asio/ip/v6_only.hpp>

#include <fmt/format.h>

namespace cortc::signaling {

using asio::ip::tcp;

CORTC_DECL server_impl::server_impl(asio::any_io_executor executor, const tcp::endpoint& where,
                                    server_options options, bool websockets)
    : waiter_home(executor)
    , options_(std::move(options))
    , websockets_(websockets)
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

} // namespace cortc::signaling
