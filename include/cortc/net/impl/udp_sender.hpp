#pragma once

#include "cortc/base/config.hpp"
#include "cortc/net/network.hpp"

#include <boost/asio/ip/udp.hpp>

#include <array>

#include <netinet/in.h>
#include <sys/socket.h>

namespace cortc::net::detail {

/// The structures sendmsg and sendmmsg read, shared by every socket of a network.
class udp_sender {
  public:
    static constexpr std::size_t max_run = 64;          // UDP_MAX_SEGMENTS of Linux up to 6.8
    static constexpr std::size_t max_run_bytes = 65000; // one IP packet, headers included, is 65,535

    udp_sender();
    udp_sender(const udp_sender&) = delete; // the headers point into it
    udp_sender& operator=(const udp_sender&) = delete;

    /// Sends what the kernel takes. `gso` becomes false for good when this socket's kernel, route or device
    /// refuses UDP_SEGMENT; what was refused goes out again without it.
    void send(int fd, bool& gso, std::span<const outgoing> batch, socket_stats& stats);

  private:
    enum class outcome : std::uint8_t { sent, dropped, blocked, not_segmented };
    struct control {
        alignas(
            cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(std::uint16_t))> space;
    };

    /// How many datagrams from the first one sendmsg can take: equal sizes (the last may be shorter), one
    /// destination, one mark.
    static std::size_t run_length(std::span<const outgoing> batch);
    /// How many from the first go by sendmmsg: up to where a run begins.
    static std::size_t singles_length(std::span<const outgoing> batch, bool gso);
    static void put_control(msghdr& header, control& space, const outgoing& first, std::uint16_t segment);

    outcome send_run(int fd, std::span<const outgoing> run, socket_stats& stats);
    outcome send_singles(int fd, std::span<const outgoing> batch, socket_stats& stats);

    std::array<mmsghdr, max_run> headers_{};
    std::array<iovec, max_run> parts_{};
    std::array<boost::asio::ip::udp::endpoint, max_run> destinations_;
    std::array<control, max_run> controls_;
};

} // namespace cortc::net::detail
