#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/endpoint.hpp"
#include "cortc/ice/types.hpp"
#include "cortc/net/network.hpp"
#include "cortc/net/send_batch.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace cortc::ice {

/// Whatever carries the datagrams of a local candidate: a UDP socket, or what is built on one (a TURN relay,
/// a slot of a mux), or a TCP connection. The agent knows its id only; what it receives goes to a
/// datagram_receiver under that id. Destroying it closes it: nothing is received afterwards.
class local_transport {
  public:
    explicit local_transport(socket_id id) noexcept : id_(id) {}
    local_transport(const local_transport&) = delete;
    local_transport& operator=(const local_transport&) = delete;
    virtual ~local_transport() = default;

    [[nodiscard]] socket_id id() const noexcept { return id_; }
    /// RFC 8445 5.1: the base of its candidates, which it sends from: a socket's address, or the relayed one.
    [[nodiscard]] virtual const endpoint& base() const noexcept = 0;
    /// Sends the first `size` bytes of what batch.prepare() returned. A wrapper writes its header in front of
    /// them, where the batch has headroom.
    virtual void send(net::send_batch& batch, std::size_t size, const endpoint& to) = 0;
    /// It is about to be destroyed: what waits in the batch for it is not sent.
    virtual void forget(net::send_batch& batch) noexcept = 0;
    /// Datagrams that could not be sent.
    [[nodiscard]] virtual std::uint64_t send_dropped() const noexcept = 0;

  private:
    socket_id id_;
};

/// Who gets what local transports receive. Must outlive them.
class datagram_receiver {
  public:
    /// As net::datagram_handler has it. The receiver may destroy the transport, or any other, from here.
    virtual void handle_batch(socket_id from, std::span<const net::datagram> batch) = 0;
    /// It carries nothing any more, for good: the allocation is over, or the connection has ended. `why` is
    /// for a person. The receiver may destroy it from here.
    virtual void handle_lost(socket_id which, const std::string& why) { (void)which, (void)why; }

  protected:
    ~datagram_receiver() = default;
};

} // namespace cortc::ice
