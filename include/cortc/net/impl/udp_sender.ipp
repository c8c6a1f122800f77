#include "cortc/net/impl/udp_sender.hpp"

#include <algorithm>
#include <cerrno>

#include <netinet/udp.h>

namespace cortc::net::detail {

CORTC_DECL udp_sender::udp_sender() {
    for (std::size_t i = 0; i < max_run; ++i) {
        headers_[i].msg_hdr.msg_iov = &parts_[i];
        headers_[i].msg_hdr.msg_iovlen = 1;
    }
}

CORTC_DECL std::size_t udp_sender::run_length(std::span<const outgoing> batch) {
    const auto segment = batch[0].data.size();
    std::size_t length = 1, total = segment;
    while (length < std::min(batch.size(), max_run)) {
        const auto& next = batch[length];
        const auto size = next.data.size();
        if (size == 0 || size > segment || total + size > max_run_bytes || next.mark != batch[0].mark ||
            next.destination != batch[0].destination)
            break;
        total += size;
        ++length;
        if (size < segment) break;
    }
    return length;
}

CORTC_DECL std::size_t udp_sender::singles_length(std::span<const outgoing> batch, bool gso) {
    std::size_t length = 1;
    while (length < std::min(batch.size(), max_run) &&
           !(gso && run_length(batch.subspan(length, std::min<std::size_t>(2, batch.size() - length))) == 2))
        ++length;
    return length;
}

CORTC_DECL void udp_sender::send(int fd, bool& gso, std::span<const outgoing> batch, socket_stats& stats) {
    while (!batch.empty()) {
        const auto run = gso ? run_length(batch) : 1;
        const auto count = run > 1 ? run : singles_length(batch, gso);
        const auto now = batch.first(count);
        auto end = run > 1 ? send_run(fd, now, stats) : send_singles(fd, now, stats);
        if (end == outcome::not_segmented) {
            end = send_singles(fd, now, stats);
            // Had the datagrams been too long for the path, UDP_SEGMENT would not be to blame.
            if (end == outcome::sent) gso = false;
        }
        batch = batch.subspan(count);
        if (end == outcome::blocked) break;
    }
    stats.send_dropped += batch.size();
}

CORTC_DECL void udp_sender::put_control(msghdr& header, control& space, const outgoing& first,
                                        std::uint16_t segment) {
    header.msg_control = space.space.data();
    header.msg_controllen = space.space.size();
    std::memset(space.space.data(), 0, space.space.size()); // CMSG_NXTHDR reads the length of the next one
    std::size_t used = 0;
    auto* control = CMSG_FIRSTHDR(&header);
    if (first.mark != ecn::not_ect) {
        const bool v6 = first.destination.address.is_v6();
        const int value = static_cast<int>(first.mark);
        control->cmsg_level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
        control->cmsg_type = v6 ? IPV6_TCLASS : IP_TOS;
        control->cmsg_len = CMSG_LEN(sizeof(value));
        std::memcpy(CMSG_DATA(control), &value, sizeof(value));
        used += CMSG_SPACE(sizeof(value));
        control = CMSG_NXTHDR(&header, control);
    }
    if (segment != 0) {
        control->cmsg_level = SOL_UDP;
        control->cmsg_type = UDP_SEGMENT;
        control->cmsg_len = CMSG_LEN(sizeof(segment));
        std::memcpy(CMSG_DATA(control), &segment, sizeof(segment));
        used += CMSG_SPACE(sizeof(segment));
    }
    header.msg_controllen = used;
    if (used == 0) header.msg_control = nullptr;
}

CORTC_DECL udp_sender::outcome udp_sender::send_run(int fd, std::span<const outgoing> run,
                                                    socket_stats& stats) {
    for (std::size_t i = 0; i < run.size(); ++i)
        parts_[i] = {const_cast<std::byte*>(run[i].data.data()), run[i].data.size()};
    destinations_[0] = {run[0].destination.address, run[0].destination.port};
    msghdr header{};
    header.msg_name = destinations_[0].data();
    header.msg_namelen = static_cast<socklen_t>(destinations_[0].size());
    header.msg_iov = parts_.data();
    header.msg_iovlen = run.size();
    put_control(header, controls_[0], run[0], static_cast<std::uint16_t>(run[0].data.size()));
    ssize_t sent;
    ++stats.send_calls;
    do sent = ::sendmsg(fd, &header, MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        stats.datagrams_sent += run.size();
        stats.bytes_sent += static_cast<std::uint64_t>(sent);
        return outcome::sent;
    }
    switch (errno) {
    case EIO: // the device computes no checksums
    case EINVAL:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EMSGSIZE:
        return outcome::not_segmented;
    case EAGAIN:
    case ENOBUFS:
        stats.send_dropped += run.size();
        return outcome::blocked;
    default:
        stats.send_dropped += run.size();
        return outcome::dropped;
    }
}

CORTC_DECL udp_sender::outcome udp_sender::send_singles(int fd, std::span<const outgoing> batch,
                                                        socket_stats& stats) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
        auto& header = headers_[i].msg_hdr;
        parts_[i] = {const_cast<std::byte*>(batch[i].data.data()), batch[i].data.size()};
        destinations_[i] = {batch[i].destination.address, batch[i].destination.port};
        header.msg_name = destinations_[i].data();
        header.msg_namelen = static_cast<socklen_t>(destinations_[i].size());
        put_control(header, controls_[i], batch[i], 0);
    }
    bool any_sent = false;
    for (std::size_t done = 0; done < batch.size();) {
        ++stats.send_calls;
        const auto sent =
            ::sendmmsg(fd, headers_.data() + done, static_cast<unsigned>(batch.size() - done), MSG_DONTWAIT);
        if (sent > 0) {
            any_sent = true;
            for (auto end = done + static_cast<std::size_t>(sent); done < end; ++done) {
                ++stats.datagrams_sent;
                stats.bytes_sent += batch[done].data.size();
            }
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            stats.send_dropped += batch.size() - done;
            return outcome::blocked;
        } else if (errno != EINTR) { // too long, no route, refused by a firewall: this one only
            ++stats.send_dropped;
            ++done;
        }
    }
    return any_sent ? outcome::sent : outcome::dropped;
}

} // namespace cortc::net::detail
