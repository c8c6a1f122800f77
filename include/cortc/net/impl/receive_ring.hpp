#pragma once

#include "cortc/base/config.hpp"
#include "cortc/net/network.hpp"

#include <algorithm>

#include <sys/socket.h>

namespace cortc::net::detail {

/// What one recvmmsg slot holds: a datagram, or several of one sender coalesced by the kernel (UDP_GRO).
struct received_run {
    byte_span data;
    endpoint source;
    ecn mark = ecn::not_ect;
    std::size_t segment; ///< size of each datagram but the last; at least 1
    bool truncated = false;
};

/// The memory recvmmsg writes into, shared by every socket of a network: its contents live until the next
/// receive.
class receive_ring {
  public:
    receive_ring(std::size_t slots, bool gro);
    receive_ring(const receive_ring&) = delete; // the headers point into it
    receive_ring& operator=(const receive_ring&) = delete;

    [[nodiscard]] std::size_t slots() const noexcept { return slots_.size(); }
    /// One recvmmsg: how many slots it filled, or -1 and errno.
    int receive(int fd);
    [[nodiscard]] received_run run(std::size_t index) const;
    /// The same memory, as room for what a stream reads.
    [[nodiscard]] byte_span room() noexcept {
        return {storage_.get(), std::min<std::size_t>(slots_.size() * slot_size_, 65536)};
    }

  private:
    struct slot {
        sockaddr_storage source;
        alignas(cmsghdr) std::array<std::byte, 128> control;
        iovec part;
    };

    std::size_t slot_size_;
    std::unique_ptr<std::byte[]> storage_; // pages that no datagram reaches are never touched
    std::vector<slot> slots_;
    std::vector<mmsghdr> headers_;
};

/// False for an address that is neither IPv4 nor IPv6.
bool from_sockaddr(const sockaddr_storage& from, endpoint& to);

} // namespace cortc::net::detail
