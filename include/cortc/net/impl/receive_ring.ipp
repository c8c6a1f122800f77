#include "cortc/net/impl/receive_ring.hpp"

#include <algorithm>
#include <cerrno>

#include <netinet/in.h>
#include <netinet/udp.h>

namespace cortc::net::detail {

CORTC_DECL bool from_sockaddr(const sockaddr_storage& from, endpoint& to) {
    if (from.ss_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, &from, sizeof(v4));
        to = {boost::asio::ip::address_v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
        return true;
    }
    if (from.ss_family == AF_INET6) {
        sockaddr_in6 v6;
        std::memcpy(&v6, &from, sizeof(v6));
        boost::asio::ip::address_v6::bytes_type octets;
        std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
        to = {boost::asio::ip::address_v6(octets, v6.sin6_scope_id), ntohs(v6.sin6_port)};
        return true;
    }
    return false;
}

CORTC_DECL receive_ring::receive_ring(std::size_t slots, bool gro)
    : slot_size_(gro ? 65536 : 2048) // a coalesced run is at most one IP packet long
    , storage_(
          std::make_unique_for_overwrite<std::byte[]>(std::clamp<std::size_t>(slots, 1, 64) * slot_size_))
    , slots_(std::clamp<std::size_t>(slots, 1, 64))
    , headers_(slots_.size()) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        slots_[i].part = {storage_.get() + i * slot_size_, slot_size_};
        auto& header = headers_[i].msg_hdr;
        header.msg_name = &slots_[i].source;
        header.msg_iov = &slots_[i].part;
        header.msg_iovlen = 1;
        header.msg_control = slots_[i].control.data();
    }
}

CORTC_DECL int receive_ring::receive(int fd) {
    for (auto& header : headers_) { // the last call overwrote them
        header.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
        header.msg_hdr.msg_controllen = sizeof(slot::control);
    }
    int count;
    do count = ::recvmmsg(fd, headers_.data(), static_cast<unsigned>(headers_.size()), MSG_DONTWAIT, nullptr);
    while (count < 0 && errno == EINTR);
    return count;
}

CORTC_DECL received_run receive_ring::run(std::size_t index) const {
    const auto& header = headers_[index];
    const auto size = std::min<std::size_t>(header.msg_len, slot_size_);
    received_run run{.data = {storage_.get() + index * slot_size_, size}, .source = {}, .segment = 0};
    run.truncated =
        (header.msg_hdr.msg_flags & MSG_TRUNC) != 0 || !from_sockaddr(slots_[index].source, run.source);
    auto* message = const_cast<msghdr*>(&header.msg_hdr); // CMSG_NXTHDR takes no const
    for (auto* control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
        if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TOS) {
            run.mark = static_cast<ecn>(*CMSG_DATA(control) & 3); // RFC 3168 5
        } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_TCLASS) {
            int traffic_class = 0;
            std::memcpy(&traffic_class, CMSG_DATA(control), sizeof(traffic_class));
            run.mark = static_cast<ecn>(traffic_class & 3);
        } else if (control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO) {
            int segment = 0;
            std::memcpy(&segment, CMSG_DATA(control), sizeof(segment));
            if (segment > 0) run.segment = static_cast<std::size_t>(segment);
        }
    }
    if (run.segment == 0) run.segment = std::max<std::size_t>(size, 1);
    return run;
}

} // namespace cortc::net::detail
