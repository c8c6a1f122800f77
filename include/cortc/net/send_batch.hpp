#pragma once

#include "cortc/net/network.hpp"

#include <array>
#include <memory>

namespace cortc::net {

/// Datagrams on their way out, gathered over one turn of the executor and handed to their sockets together.
/// A slot has headroom for a TURN header (RFC 8656 12.1) and tailroom for an SRTP trailer; its payload is
/// 4-byte aligned. Nothing is allocated after construction.
class send_batch {
  public:
    static constexpr std::size_t max_datagram = 1472;
    static constexpr std::size_t headroom = 48;
    static constexpr std::size_t tailroom = 32;
    static constexpr std::size_t capacity = 64;
    static_assert(headroom % 4 == 0, "the payload is aligned");

    send_batch() : slots_(std::make_unique_for_overwrite<std::array<slot, capacity>>()) {}

    /// Room for one datagram of at most `max_datagram` bytes; a full batch is flushed first.
    [[nodiscard]] byte_span prepare() {
        if (size_ == capacity) flush();
        return byte_span((*slots_)[size_].storage).subspan(headroom, max_datagram);
    }
    /// The `size` bytes in front of what prepare() returned, at most `headroom`: for a wrapper's header.
    [[nodiscard]] byte_span header(std::size_t size) noexcept {
        return byte_span((*slots_)[size_].storage).subspan(headroom - size, size);
    }
    /// Takes the first `size` bytes of what prepare() returned, and `header_size` of header() before them.
    void commit(udp_socket& via, const endpoint& destination, std::size_t size, ecn mark = ecn::not_ect,
                std::size_t header_size = 0) {
        auto& next = (*slots_)[size_];
        sockets_[size_] = &via;
        ready_[size_] = {byte_view(next.storage).subspan(headroom - header_size, header_size + size),
                         destination, mark};
        ++size_;
    }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    /// Hands every run of datagrams of one socket to it.
    void flush() {
        for (std::size_t begin = 0; begin < size_;) {
            auto end = begin + 1;
            while (end < size_ && sockets_[end] == sockets_[begin]) ++end;
            if (sockets_[begin]) sockets_[begin]->send(std::span(ready_).subspan(begin, end - begin));
            begin = end;
        }
        size_ = 0;
    }
    /// Drops what waits for a socket that is about to be destroyed.
    void forget(const udp_socket& gone) noexcept {
        for (std::size_t i = 0; i < size_; ++i)
            if (sockets_[i] == &gone) sockets_[i] = nullptr;
    }

  private:
    struct slot {
        alignas(8) std::array<std::byte, headroom + max_datagram + tailroom> storage;
    };
    std::unique_ptr<std::array<slot, capacity>> slots_;
    std::array<outgoing, capacity> ready_;
    std::array<udp_socket*, capacity> sockets_{};
    std::size_t size_ = 0;
};

} // namespace cortc::net
