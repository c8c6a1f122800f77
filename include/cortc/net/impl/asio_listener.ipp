#include "cortc/net/impl/asio_listener.hpp"

#include <cerrno>

#include <netinet/in.h>
#include <unistd.h>

namespace cortc::net::detail {

CORTC_DECL result<opened_tcp> open_listening(const endpoint& local) {
    const auto failed = [](int fd) {
        boost::system::error_code error(errno, boost::system::system_category());
        if (fd >= 0) ::close(fd);
        return error;
    };
    const bool v6 = local.address.is_v6();
    const int fd = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0 || (v6 && !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))) return failed(fd);
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1); // those of a server before may linger (TIME_WAIT)
    const boost::asio::ip::tcp::endpoint wanted(local.address, local.port);
    if (::bind(fd, wanted.data(), static_cast<socklen_t>(wanted.size())) != 0) return failed(fd);
    if (::listen(fd, SOMAXCONN) != 0) return failed(fd);
    return opened_tcp{.fd = fd, .local = local_of(fd), .remote = {}, .connected = false};
}

struct asio_listener_state::on_readable {
    using allocator_type = handler_allocator<void, 2>;

    std::shared_ptr<asio_listener_state> state;

    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(state->memory_); }
    void operator()(boost::system::error_code error) const {
        if (!state->owner_ || error == boost::asio::error::operation_aborted) return;
        state->drain();
    }
};

CORTC_DECL asio_listener_state::asio_listener_state(const boost::asio::any_io_executor& executor,
                                                    std::shared_ptr<asio_udp_shared> shared,
                                                    accept_handler& handler, asio_listener& owner)
    : socket_(executor), retry_(executor), shared_(std::move(shared)), handler_(&handler), owner_(&owner) {}

CORTC_DECL boost::system::error_code asio_listener_state::adopt(const opened_tcp& opened) {
    boost::system::error_code error;
    const auto protocol =
        opened.local.address.is_v6() ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4();
    socket_.assign(protocol, opened.fd, error);
    if (error) {
        ::close(opened.fd);
        return error;
    }
    fd_ = opened.fd;
    local_ = opened.local;
    return {};
}

CORTC_DECL void asio_listener_state::wait() {
    socket_.async_wait(boost::asio::ip::tcp::acceptor::wait_read, on_readable{shared_from_this()});
}

CORTC_DECL void asio_listener_state::close() noexcept {
    owner_ = nullptr;
    boost::system::error_code ignored;
    socket_.close(ignored);
    retry_.cancel();
}

CORTC_DECL void asio_listener_state::drain() {
    bool room = true;
    try {
        room = accept();
    } catch (...) {
        if (owner_) wait();
        throw;
    }
    if (!owner_) return;
    if (room)
        wait();
    else
        pause();
}

CORTC_DECL bool asio_listener_state::accept() {
    for (std::size_t i = 0; i < accepts_per_wake && owner_; ++i) {
        sockaddr_storage from{};
        socklen_t size = sizeof(from);
        const int fd =
            ::accept4(fd_, reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EAGAIN) return true;
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return false;
            continue; // it was gone before it was taken
        }
        opened_tcp accepted{.fd = fd, .local = local_of(fd), .remote = {}, .connected = true};
        from_sockaddr(from, accepted.remote);
        handler_->handle_accept(
            *owner_, std::make_unique<asio_incoming_stream>(socket_.get_executor(), shared_, accepted));
    }
    return true;
}

/// The socket stays readable: to wait for that would spin.
CORTC_DECL void asio_listener_state::pause() {
    retry_.expires_after(retry_delay);
    retry_.async_wait([self = shared_from_this()](boost::system::error_code) {
        if (self->owner_) self->drain();
    });
}

CORTC_DECL asio_incoming_stream::~asio_incoming_stream() {
    if (accepted_.fd >= 0) ::close(accepted_.fd);
}

CORTC_DECL std::unique_ptr<stream> asio_incoming_stream::begin(stream_handler& handler) {
    auto made = std::make_unique<asio_stream>(executor_, shared_, handler);
    const auto error = made->state().adopt(accepted_); // takes the descriptor, or closes it
    accepted_.fd = -1;
    if (error) made->state().fail_later(error);
    return made;
}

} // namespace cortc::net::detail
