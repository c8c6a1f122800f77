#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/endpoint.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/result.hpp"
#include "cortc/ice/types.hpp"
#include "cortc/net/network.hpp"
#include "cortc/net/send_batch.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

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

  protected:
    ~datagram_receiver() = default;
};

struct port_range {
    std::uint16_t first = 0;
    std::uint16_t last = 0; ///< included
};

struct local_transport_options {
    std::optional<port_range> ports = {}; ///< of UDP; empty: what the system gives
    std::size_t limit = 16;               ///< local transports at a time
};

struct local_transport_counters {
    std::uint64_t opened = 0;
    std::uint64_t open_failures = 0; ///< addresses where no socket could be opened
    std::uint64_t over_limit = 0;    ///< refused because of local_transport_options::limit
};

class relay;
struct relay_options;

/// The local transports of one ICE agent, whichever generation they were opened for: a new generation gets
/// the sockets that are open (RFC 8445 9: an ICE restart may keep them).
class local_transports {
  public:
    /// Network and receiver must outlive this.
    local_transports(net::network& network, datagram_receiver& receiver, logger log,
                     local_transport_options options = {});
    ~local_transports();

    /// The UDP socket on this address, opened if there is none. Errors, which are counted and logged: those
    /// of bind(2) (with a range of ports: of the last one tried), and too_many_files_open beyond the limit.
    result<local_transport*> open_udp(const net::interface_address& where);

    /// A relay over a socket of its own on this address; errors likewise. It has not asked its server yet.
    result<relay*> open_relay(const net::interface_address& where, const relay_options& options);

    /// Null when there is none (any more).
    [[nodiscard]] local_transport* find(socket_id id) const noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return open_.size(); }
    /// Closes every one for which `in_use` is false. Returns how many. A relay goes when its server has taken
    /// the allocation back, or had its time to: until then it is among those that are leaving.
    std::size_t close_unused(const std::function<bool(local_transport&)>& in_use);
    void close_all();
    /// This one, if there is one.
    void close(socket_id id);
    [[nodiscard]] bool leaving() const noexcept { return !leaving_.empty(); }
    /// Called when the last one has left.
    void on_left(std::function<void()> call) { on_left_ = std::move(call); }

    [[nodiscard]] net::network& network() const noexcept { return network_; }
    [[nodiscard]] const local_transport_counters& stats() const noexcept { return counters_; }
    /// Datagrams that could not be sent, ever.
    [[nodiscard]] std::uint64_t send_dropped() const noexcept;

  private:
    class udp;
    struct entry {
        ip_address address; // of the interface
        std::unique_ptr<local_transport> what;
        ice::relay* relay = nullptr; // which it is, if it is one
    };
    [[nodiscard]] boost::system::error_code
    bind(const ip_address& address, const std::function<boost::system::error_code(const endpoint&)>& open);
    template <class Made>
    result<Made*> add(const net::interface_address& where, std::unique_ptr<Made> made);
    void close(entry&& which);

    net::network& network_;
    datagram_receiver& receiver_;
    logger log_;
    local_transport_options options_;
    std::vector<entry> open_;
    std::vector<std::unique_ptr<local_transport>> leaving_;
    std::function<void()> on_left_;
    std::uint32_t last_id_ = 0;
    local_transport_counters counters_;
    std::uint64_t send_dropped_ = 0; // of those that are closed
};

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/local_transport.ipp"
#endif
