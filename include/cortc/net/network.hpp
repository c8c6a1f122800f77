#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/endpoint.hpp"
#include "cortc/base/random.hpp"
#include "cortc/base/result.hpp"
#include "cortc/base/time.hpp"
#include "cortc/net/stream.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

/// What a connection talks to. Two implementations: net::asio_network (real sockets) and sim::host (a
/// simulated network in virtual time). Everything belongs to one executor; callbacks come on it, never from
/// inside the call that asked for them.
namespace cortc::net {

/// The two ECN bits of the IP header (RFC 3168 5).
enum class ecn : std::uint8_t { not_ect = 0, ect1 = 1, ect0 = 2, ce = 3 };

/// A received datagram. `data` is the receive ring's: it may be changed in place and is gone when
/// handle_batch returns.
struct datagram {
    byte_span data;          ///< the UDP payload; may be empty
    endpoint source;         ///< who sent it
    ecn mark = ecn::not_ect; ///< as it arrived
};

/// A datagram to send; `data` need stay valid only during the call.
struct outgoing {
    byte_view data;          ///< the UDP payload
    endpoint destination;    ///< of the socket's own IP version
    ecn mark = ecn::not_ect; ///< to send it with
};

/// What one socket has done so far. Bytes are those of UDP payloads; a call of the layer below carries
/// many datagrams.
struct socket_stats {
    ///@{
    /// Errors are datagrams cut off and ICMP errors of what was sent before.
    std::uint64_t datagrams_received = 0, bytes_received = 0, receive_calls = 0, receive_errors = 0;
    ///@}
    ///@{
    /// What the layer below took.
    std::uint64_t datagrams_sent = 0, bytes_sent = 0, send_calls = 0;
    ///@}
    std::uint64_t send_dropped =
        0; ///< the socket buffer was full, the route was missing or the datagram too long
};

/// A bound UDP socket. Destroying it closes it; no handler is called afterwards.
class udp_socket {
  public:
    udp_socket() = default;
    udp_socket(const udp_socket&) = delete;
    udp_socket& operator=(const udp_socket&) = delete;
    virtual ~udp_socket() = default;

    /// What it is bound to, with the port that was chosen.
    [[nodiscard]] virtual const endpoint& local() const noexcept = 0;
    /// Sends what it can and drops the rest (counted): datagrams are never queued for later.
    virtual void send(std::span<const outgoing> batch) = 0;
    /// As long as the socket lives.
    [[nodiscard]] virtual const socket_stats& stats() const noexcept = 0;
};

/// Who gets what a socket receives. Must outlive the socket.
class datagram_handler {
  public:
    /// `batch` is never empty. The handler may destroy the socket, or any other, from here.
    virtual void handle_batch(udp_socket& socket, std::span<const datagram> batch) = 0;

  protected:
    ~datagram_handler() = default;
};

/// One deadline with one callback, given when it was made. Destroying it cancels it.
class timer {
  public:
    timer() = default;
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;
    virtual ~timer() = default;

    /// Replaces the deadline; the callback runs once, at or after it. `never` cancels.
    virtual void arm(time_point deadline) = 0;
    /// The callback does not run before the next arm().
    virtual void cancel() = 0;
};

/// A name that is being looked up. Destroying it cancels that: nothing is told afterwards.
class resolution {
  public:
    resolution() = default;
    resolution(const resolution&) = delete;
    resolution& operator=(const resolution&) = delete;
    virtual ~resolution() = default;
};
/// The addresses of a name, of both families, each once, the preferred ones first; or why there are none.
using resolved = std::function<void(const result<std::vector<ip_address>>&)>;

/// What an address belongs to, as far as it is known.
enum class interface_kind : std::uint8_t { loopback, ethernet_or_unknown, point_to_point };

/// An address of this host. An interface with several is there several times.
struct interface_address {
    std::string name;                                          ///< "eth0"
    ip_address address;                                        ///< one that a socket can be bound to
    interface_kind kind = interface_kind::ethernet_or_unknown; ///< of the interface
};

/// Sockets, timers and clocks of one executor. A user implements it for another network than the operating
/// system's.
class network {
  public:
    network() = default;
    network(const network&) = delete;
    network& operator=(const network&) = delete;
    virtual ~network() = default;

    /// The time of make_timer()'s deadlines; it never goes back.
    [[nodiscard]] virtual time_point now() const = 0;
    /// The calendar's time, for certificates and for the origin of reports' timestamps.
    [[nodiscard]] virtual unix_time calendar() const = 0;
    /// For transaction ids, tie-breakers and the like.
    [[nodiscard]] virtual random_source& random() = 0;
    /// Addresses of interfaces that are up, without IPv6 addresses that are deprecated, tentative or
    /// link-local.
    [[nodiscard]] virtual std::vector<interface_address> interfaces() = 0;
    /// Binds to `local`; port 0 takes a free one, which local() then tells. `handler` must outlive the
    /// socket. What fails is the result's error and throws nothing.
    [[nodiscard]] virtual result<std::unique_ptr<udp_socket>> open_udp(const endpoint& local,
                                                                       datagram_handler& handler) = 0;
    /// The same on a port that other sockets of this user may have, too, which were opened so: each 5-tuple
    /// goes to one of them. A network that cannot share leaves it out: the second one is address_in_use.
    [[nodiscard]] virtual result<std::unique_ptr<udp_socket>> open_shared_udp(const endpoint& local,
                                                                              datagram_handler& handler) {
        return open_udp(local, handler);
    }
    /// Joins a multicast group, and its port, on the interface that has this address: what is sent to the
    /// group leaves by that interface, and others of this machine that have joined hear it, too, as this one
    /// does itself. Others may be on the port. `handler` must outlive the socket. Errors are those of
    /// open_udp(); a network without multicast leaves it out: operation_not_supported.
    [[nodiscard]] virtual result<std::unique_ptr<udp_socket>>
    open_multicast(const endpoint& group, const interface_address& on, datagram_handler& handler);
    /// Begins a TCP connection from `local`, whose port 0 takes a free one, to `remote`, of the same IP
    /// version. `handler` must outlive the stream. What fails at once is the result's error, what fails later
    /// comes as handle_ended(); how long that takes is the system's affair: who waits has his own limit.
    /// A network without TCP leaves it out: operation_not_supported.
    [[nodiscard]] virtual result<std::unique_ptr<stream>>
    connect(const endpoint& local, const endpoint& remote, stream_handler& handler);
    /// Listens for TCP connections at `local`; port 0 takes a free one, which local() then tells. `handler`
    /// must outlive the listener. A network without TCP leaves it out: operation_not_supported.
    [[nodiscard]] virtual result<std::unique_ptr<listener>> listen(const endpoint& local,
                                                                   accept_handler& handler);
    /// Looks up a name; the literal of an address is its own. `done` is called once, and may destroy the
    /// resolution. There is no limit of time but the system's: who waits has his own.
    [[nodiscard]] virtual std::unique_ptr<resolution> resolve(const std::string& host, resolved done) = 0;
    /// Not armed yet. `expired` may destroy the timer.
    [[nodiscard]] virtual std::unique_ptr<timer> make_timer(std::function<void()> expired) = 0;
};

inline result<std::unique_ptr<udp_socket>> network::open_multicast(const endpoint&, const interface_address&,
                                                                   datagram_handler&) {
    return make_error_code(boost::system::errc::operation_not_supported);
}
inline result<std::unique_ptr<stream>> network::connect(const endpoint&, const endpoint&, stream_handler&) {
    return make_error_code(boost::system::errc::operation_not_supported);
}
inline result<std::unique_ptr<listener>> network::listen(const endpoint&, accept_handler&) {
    return make_error_code(boost::system::errc::operation_not_supported);
}

} // namespace cortc::net
