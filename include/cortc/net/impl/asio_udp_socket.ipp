#include "cortc/net/impl/asio_udp_socket.hpp"

#include <algorithm>
#include <cerrno>

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <unistd.h>

namespace cortc::net::detail {

CORTC_DECL asio_udp_shared::asio_udp_shared(const asio_network_options& chosen)
    : options(chosen), ring(chosen.receive_slots, chosen.gro) {
    batch.reserve(std::max<std::size_t>(ring.slots(), 128)); // two coalesced runs at their longest
}

CORTC_DECL bool set_option(int fd, int level, int name, int value) {
    return ::setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/// Everything here is best effort: an old kernel without one of them still carries datagrams.
CORTC_DECL void set_udp_options(int fd, bool v6, const asio_network_options& options) {
    if (v6) {
        set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
        set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
        set_option(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
    } else {
        set_option(fd, IPPROTO_IP, IP_RECVTOS, 1);
        set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
    }
    if (options.receive_buffer != 0)
        set_option(fd, SOL_SOCKET, SO_RCVBUF, static_cast<int>(options.receive_buffer));
    if (options.send_buffer != 0)
        set_option(fd, SOL_SOCKET, SO_SNDBUF, static_cast<int>(options.send_buffer));
    if (options.gro) set_option(fd, SOL_UDP, UDP_GRO, 1);
}

CORTC_DECL result<opened_udp> open_udp_descriptor(const endpoint& local, const asio_network_options& options,
                                                  bool shared) {
    const auto failed = [](int fd) {
        boost::system::error_code error(errno, boost::system::system_category());
        if (fd >= 0) ::close(fd);
        return error;
    };
    const bool v6 = local.address.is_v6();
    const int fd = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
    if (fd < 0 || (v6 && !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))) return failed(fd);
    set_udp_options(fd, v6, options);
    if (shared && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) return failed(fd);
    const boost::asio::ip::udp::endpoint wanted(local.address, local.port);
    if (::bind(fd, wanted.data(), static_cast<socklen_t>(wanted.size())) != 0) return failed(fd);
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return failed(fd);
    opened_udp opened{.fd = fd, .local = {}, .gso = false};
    from_sockaddr(bound, opened.local);
    // A kernel that does not know UDP_SEGMENT would take the control message for nothing and send one long
    // datagram.
    opened.gso = options.gso && set_option(fd, SOL_UDP, UDP_SEGMENT, 0);
    return opened;
}

/// Bound to the group's address: nothing that was sent to this machine alone comes here. The kernel would
/// give it what any socket of this machine has joined; IP_MULTICAST_ALL and the interface's index see to
/// that.
CORTC_DECL bool join_group(int fd, const endpoint& group, unsigned index) {
    constexpr int hops = 255; // RFC 6762 11
    if (group.address.is_v6()) {
        ipv6_mreq request{};
        const auto raw = group.address.to_v6().to_bytes();
        std::memcpy(&request.ipv6mr_multiaddr, raw.data(), raw.size());
        request.ipv6mr_interface = index;
        set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops);
        set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
        return set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(index)) &&
               ::setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof(request)) == 0;
    }
    ip_mreqn request{};
    const auto raw = group.address.to_v4().to_bytes();
    std::memcpy(&request.imr_multiaddr, raw.data(), raw.size());
    request.imr_ifindex = static_cast<int>(index);
    set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, hops);
    set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    return ::setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request)) == 0 &&
           ::setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)) == 0;
}

CORTC_DECL result<opened_udp> open_group_descriptor(const endpoint& group, const interface_address& on,
                                                    const asio_network_options& options) {
    const auto failed = [](int fd) {
        boost::system::error_code error(errno, boost::system::system_category());
        if (fd >= 0) ::close(fd);
        return error;
    };
    const unsigned index = ::if_nametoindex(on.name.c_str());
    if (index == 0) return failed(-1);
    const bool v6 = group.address.is_v6();
    const int fd = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
    if (fd < 0 || (v6 && !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))) return failed(fd);
    auto usual = options;
    usual.receive_buffer = usual.send_buffer = 0; // few and small
    set_udp_options(fd, v6, usual);
    // Other programs are on a port such as mDNS's; which option they have set for that differs.
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    boost::asio::ip::udp::endpoint where(group.address, group.port);
    if (v6) {
        auto scoped = group.address.to_v6();
        scoped.scope_id(index);
        where.address(scoped);
    }
    if (::bind(fd, where.data(), static_cast<socklen_t>(where.size())) != 0 || !join_group(fd, group, index))
        return failed(fd);
    return opened_udp{.fd = fd, .local = group, .gso = false};
}

struct asio_udp_state::on_readable {
    using allocator_type = handler_allocator<void, 1>;

    std::shared_ptr<asio_udp_state> state;

    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(state->memory_); }
    void operator()(boost::system::error_code error) const {
        if (!state->owner_ || error == boost::asio::error::operation_aborted) return;
        state->drain();
    }
};

CORTC_DECL asio_udp_state::asio_udp_state(const boost::asio::any_io_executor& executor,
                                          std::shared_ptr<asio_udp_shared> shared, datagram_handler& handler,
                                          asio_udp_socket& owner)
    : socket_(executor), shared_(std::move(shared)), handler_(&handler), owner_(&owner) {}

CORTC_DECL boost::system::error_code asio_udp_state::adopt(const opened_udp& opened) {
    boost::system::error_code error;
    const auto protocol =
        opened.local.address.is_v6() ? boost::asio::ip::udp::v6() : boost::asio::ip::udp::v4();
    socket_.assign(protocol, opened.fd, error);
    if (error) {
        ::close(opened.fd);
        return error;
    }
    fd_ = opened.fd;
    local_ = opened.local;
    gso_ = opened.gso;
    return {};
}

CORTC_DECL void asio_udp_state::wait() {
    socket_.async_wait(boost::asio::ip::udp::socket::wait_read, on_readable{shared_from_this()});
}

CORTC_DECL void asio_udp_state::close() noexcept {
    owner_ = nullptr;
    boost::system::error_code ignored;
    socket_.close(ignored);
}

CORTC_DECL void asio_udp_state::send(std::span<const outgoing> batch) {
    shared_->sender.send(fd_, gso_, batch, stats_);
}

/// What a handler throws is its owner's, and no reason to be deaf.
CORTC_DECL void asio_udp_state::drain() {
    try {
        receive();
    } catch (...) {
        if (owner_) wait();
        throw;
    }
    if (owner_) wait();
}

CORTC_DECL void asio_udp_state::receive() {
    for (std::size_t i = 0; i < std::max<std::size_t>(shared_->options.batches_per_wake, 1); ++i) {
        ++stats_.receive_calls;
        const auto count = shared_->ring.receive(fd_);
        if (count < 0) {
            if (errno == EAGAIN) break;
            ++stats_.receive_errors; // an ICMP error of a datagram sent before; there may be data behind it
            continue;
        }
        if (!deliver(static_cast<std::size_t>(count))) return;
        if (static_cast<std::size_t>(count) < shared_->ring.slots()) break;
    }
}

CORTC_DECL bool asio_udp_state::deliver(std::size_t count) {
    auto& batch = shared_->batch;
    batch.clear();
    for (std::size_t slot = 0; slot < count; ++slot) {
        const auto run = shared_->ring.run(slot);
        if (run.truncated) {
            ++stats_.receive_errors;
            continue;
        }
        std::size_t at = 0;
        do { // an empty datagram is one, too
            const auto size = std::min(run.segment, run.data.size() - at);
            batch.push_back({run.data.subspan(at, size), run.source, run.mark});
            at += size;
            if (batch.size() == batch.capacity() && !hand_over()) return false;
        } while (at < run.data.size());
    }
    return hand_over();
}

CORTC_DECL bool asio_udp_state::hand_over() {
    auto& batch = shared_->batch;
    if (batch.empty()) return true;
    stats_.datagrams_received += batch.size();
    for (const auto& one : batch) stats_.bytes_received += one.data.size();
    handler_->handle_batch(*owner_, batch);
    batch.clear();
    return owner_ != nullptr;
}

} // namespace cortc::net::detail
