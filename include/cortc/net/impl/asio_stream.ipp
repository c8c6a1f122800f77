#include "cortc/net/impl/asio_stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

namespace cortc::net::detail {

CORTC_DECL endpoint local_of(int fd) {
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    endpoint local;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0) from_sockaddr(bound, local);
    return local;
}

CORTC_DECL result<opened_tcp> begin_connection(const endpoint& local, const endpoint& remote) {
    const auto failed = [](int fd) {
        boost::system::error_code error(errno, boost::system::system_category());
        if (fd >= 0) ::close(fd);
        return error;
    };
    const bool v6 = remote.address.is_v6();
    if (local.address.is_v6() != v6)
        return make_error_code(boost::system::errc::address_family_not_supported);
    const int fd = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0 || (v6 && !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))) return failed(fd);
    // The port is chosen with the destination known: many connections may share one.
    if (local.port == 0) set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    const boost::asio::ip::tcp::endpoint from(local.address, local.port), to(remote.address, remote.port);
    if (::bind(fd, from.data(), static_cast<socklen_t>(from.size())) != 0) return failed(fd);
    int done;
    do done = ::connect(fd, to.data(), static_cast<socklen_t>(to.size()));
    while (done != 0 && errno == EINTR);
    if (done != 0 && errno != EINPROGRESS) return failed(fd);
    return opened_tcp{.fd = fd, .local = local_of(fd), .remote = remote, .connected = false};
}

struct asio_stream_state::on_readable {
    using allocator_type = handler_allocator<void, 3>;

    std::shared_ptr<asio_stream_state> state;

    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(state->memory_); }
    void operator()(boost::system::error_code error) const {
        state->reading_ = false;
        if (!state->owner_ || error == boost::asio::error::operation_aborted) return;
        state->readable();
    }
};

struct asio_stream_state::on_writable {
    using allocator_type = handler_allocator<void, 3>;

    std::shared_ptr<asio_stream_state> state;

    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(state->memory_); }
    void operator()(boost::system::error_code error) const {
        state->writing_ = false;
        if (!state->owner_ || error == boost::asio::error::operation_aborted) return;
        state->writable();
    }
};

CORTC_DECL asio_stream_state::asio_stream_state(const boost::asio::any_io_executor& executor,
                                                std::shared_ptr<asio_udp_shared> shared,
                                                stream_handler& handler, asio_stream& owner)
    : socket_(executor), shared_(std::move(shared)), handler_(&handler), owner_(&owner) {}

CORTC_DECL boost::system::error_code asio_stream_state::adopt(const opened_tcp& opened) {
    boost::system::error_code error;
    const auto protocol =
        opened.remote.address.is_v6() ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4();
    socket_.assign(protocol, opened.fd, error);
    if (error) {
        ::close(opened.fd);
        return error;
    }
    fd_ = opened.fd;
    set_option(fd_, IPPROTO_TCP, TCP_NODELAY, 1);
    local_ = opened.local;
    remote_ = opened.remote;
    connected_ = opened.connected;
    if (connected_)
        wait_readable();
    else
        wait_writable();
    return {};
}

CORTC_DECL void asio_stream_state::wait_readable() {
    if (reading_ || held_ || fd_ < 0) return;
    reading_ = true;
    socket_.async_wait(boost::asio::ip::tcp::socket::wait_read, on_readable{shared_from_this()});
}

CORTC_DECL void asio_stream_state::wait_writable() {
    if (writing_ || fd_ < 0) return;
    writing_ = true;
    socket_.async_wait(boost::asio::ip::tcp::socket::wait_write, on_writable{shared_from_this()});
}

CORTC_DECL void asio_stream_state::close() noexcept {
    owner_ = nullptr;
    try {
        if (connected_ && !broken_ && fd_ >= 0) flush();
    } catch (...) { // no memory for it: what waits is lost
    }
    fd_ = -1;
    boost::system::error_code ignored;
    socket_.close(ignored);
}

CORTC_DECL std::size_t asio_stream_state::push(std::span<const byte_view> parts) {
    constexpr std::size_t at_once = 16; // the rest waits
    std::array<iovec, at_once> vectors;
    std::size_t count = 0;
    for (const auto& part : parts.first(std::min(parts.size(), at_once)))
        if (!part.empty()) vectors[count++] = {const_cast<std::byte*>(part.data()), part.size()};
    if (count == 0) return 0;
    msghdr header{};
    header.msg_iov = vectors.data();
    header.msg_iovlen = count;
    ++stats_.send_calls;
    ssize_t sent;
    do sent = ::sendmsg(fd_, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        stats_.bytes_sent += static_cast<std::size_t>(sent);
        return static_cast<std::size_t>(sent);
    }
    if (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM)
        fail_later({errno, boost::system::system_category()});
    return 0;
}

/// What the peer said before it went is still read.
CORTC_DECL void asio_stream_state::fail_later(boost::system::error_code why) {
    if (broken_ || !owner_) return;
    broken_ = why;
    boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
        if (self->owner_ && self->fd_ >= 0) self->readable();
        if (self->owner_ && !self->ended_) self->end(self->broken_);
    });
}

CORTC_DECL bool asio_stream_state::send(std::span<const byte_view> parts) {
    std::size_t size = 0;
    for (const auto& part : parts) size += part.size();
    if (fd_ < 0 || !connected_ || broken_ || queue_.size() + size > stream::send_limit) {
        ++stats_.send_refused;
        refused_ = true;
        return false;
    }
    auto taken = queue_.empty() ? push(parts) : 0;
    if (broken_) return false;
    for (const auto& part : parts) {
        const auto skipped = std::min(taken, part.size());
        taken -= skipped;
        queue_.append(part.subspan(skipped));
    }
    if (!queue_.empty()) wait_writable();
    return true;
}

CORTC_DECL void asio_stream_state::flush() {
    while (!queue_.empty() && !broken_) {
        const auto front = queue_.front();
        const auto taken = push({&front, 1});
        queue_.drop(taken);
        if (taken < front.size()) break;
    }
}

CORTC_DECL void asio_stream_state::hold(bool yes) {
    held_ = yes;
    if (!held_ && connected_) wait_readable();
}

CORTC_DECL void asio_stream_state::connected() {
    int error = 0;
    socklen_t size = sizeof(error);
    if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return end({error, boost::system::system_category()});
    connected_ = true;
    local_ = local_of(fd_);
    wait_readable(); // first: the handler may throw
    handler_->handle_connected(*owner_);
}

CORTC_DECL void asio_stream_state::writable() {
    if (fd_ < 0) return;
    if (!connected_) return connected();
    flush();
    if (!queue_.empty() && !broken_) wait_writable();
    if (!refused_ || broken_ || queue_.size() > stream::send_limit / 2) return;
    refused_ = false;
    handler_->handle_writable(*owner_);
}

/// What a handler throws is its owner's, and no reason to be deaf.
CORTC_DECL void asio_stream_state::readable() {
    try {
        receive();
    } catch (...) {
        if (owner_) wait_readable();
        throw;
    }
    if (owner_) wait_readable();
}

CORTC_DECL void asio_stream_state::receive() {
    const auto room = shared_->ring.room();
    for (std::size_t i = 0; i < std::max<std::size_t>(shared_->options.batches_per_wake, 1); ++i) {
        if (held_ || fd_ < 0) return;
        ++stats_.receive_calls;
        ssize_t count;
        do count = ::recv(fd_, room.data(), room.size(), MSG_DONTWAIT);
        while (count < 0 && errno == EINTR);
        if (count == 0) return end(boost::asio::error::eof);
        if (count < 0) {
            if (errno != EAGAIN) end({errno, boost::system::system_category()});
            return;
        }
        const auto size = static_cast<std::size_t>(count);
        stats_.bytes_received += size;
        handler_->handle_data(*owner_, room.first(size));
        if (!owner_ || size < room.size()) return;
    }
}

CORTC_DECL void asio_stream_state::end(boost::system::error_code why) {
    fd_ = -1;
    connected_ = false;
    ended_ = true;
    queue_.drop(queue_.size());
    boost::system::error_code ignored;
    socket_.close(ignored);
    handler_->handle_ended(*owner_, why);
}

} // namespace cortc::net::detail
