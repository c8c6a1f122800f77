#include "cortc/net/asio_network.hpp"
#include "cortc/net/impl/asio_listener.hpp"
#include "cortc/net/impl/asio_resolution.hpp"
#include "cortc/net/impl/asio_timer.hpp"
#include "cortc/net/impl/asio_udp_socket.hpp"
#include "cortc/net/impl/interfaces.hpp"

namespace cortc::net {

CORTC_DECL asio_network::asio_network(boost::asio::any_io_executor executor, asio_network_options options)
    : executor_(std::move(executor))
    , interfaces_(std::make_unique<detail::interface_watch>())
    , shared_(std::make_shared<detail::asio_udp_shared>(options)) {}

CORTC_DECL asio_network::~asio_network() = default;

CORTC_DECL time_point asio_network::now() const {
    return time_point(
        std::chrono::duration_cast<duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

CORTC_DECL unix_time asio_network::calendar() const {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

CORTC_DECL std::vector<interface_address> asio_network::interfaces() { return interfaces_->current(); }

CORTC_DECL result<std::unique_ptr<udp_socket>> asio_network::open_udp(const endpoint& local,
                                                                      datagram_handler& handler) {
    return open(local, handler, false);
}

CORTC_DECL result<std::unique_ptr<udp_socket>> asio_network::open_shared_udp(const endpoint& local,
                                                                             datagram_handler& handler) {
    return open(local, handler, true);
}

CORTC_DECL result<std::unique_ptr<udp_socket>> asio_network::open(const endpoint& local,
                                                                  datagram_handler& handler, bool shared) {
    const auto opened = detail::open_udp_descriptor(local, shared_->options, shared);
    if (!opened) return opened.error();
    return adopt(*opened, handler);
}

CORTC_DECL result<std::unique_ptr<udp_socket>>
asio_network::open_multicast(const endpoint& group, const interface_address& on, datagram_handler& handler) {
    const auto opened = detail::open_group_descriptor(group, on, shared_->options);
    if (!opened) return opened.error();
    return adopt(*opened, handler);
}

CORTC_DECL result<std::unique_ptr<udp_socket>> asio_network::adopt(const detail::opened_udp& opened,
                                                                   datagram_handler& handler) {
    auto socket = std::make_unique<detail::asio_udp_socket>(executor_, shared_, handler);
    if (const auto error = socket->state().adopt(opened)) return error;
    socket->state().wait();
    return std::unique_ptr<udp_socket>(std::move(socket));
}

CORTC_DECL result<std::unique_ptr<stream>>
asio_network::connect(const endpoint& local, const endpoint& remote, stream_handler& handler) {
    const auto opened = detail::begin_connection(local, remote);
    if (!opened) return opened.error();
    auto made = std::make_unique<detail::asio_stream>(executor_, shared_, handler);
    if (const auto error = made->state().adopt(*opened)) return error;
    return std::unique_ptr<stream>(std::move(made));
}

CORTC_DECL result<std::unique_ptr<listener>> asio_network::listen(const endpoint& local,
                                                                  accept_handler& handler) {
    const auto opened = detail::open_listening(local);
    if (!opened) return opened.error();
    auto made = std::make_unique<detail::asio_listener>(executor_, shared_, handler);
    if (const auto error = made->state().adopt(*opened)) return error;
    made->state().wait();
    return std::unique_ptr<listener>(std::move(made));
}

CORTC_DECL std::unique_ptr<resolution> asio_network::resolve(const std::string& host, resolved done) {
    auto state = std::make_shared<detail::asio_resolution_state>(executor_, std::move(done));
    state->start(host);
    return std::make_unique<detail::asio_resolution>(std::move(state));
}

CORTC_DECL std::unique_ptr<timer> asio_network::make_timer(std::function<void()> expired) {
    return std::make_unique<detail::asio_timer>(executor_, std::move(expired));
}

} // namespace cortc::net
