#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/log.hpp"
#include "cortc/crypto/tls_session.hpp"
#include "cortc/net/network.hpp"
#include "cortc/net/send_batch.hpp"
#include "cortc/net/stream.hpp"
#include "cortc/turn/rest_credentials.hpp"
#include "cortc/turn/server_engine.hpp"
#include "cortc/turn/server_options.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cortc::turn {

/// A TURN server (RFC 8656) that also answers STUN (RFC 8489), inside an application or alone:
///
///     net::asio_network network(io.get_executor());
///     turn::server_options options;
///     options.realm = "example.org";
///     options.rest_secrets = {secret};
///     turn::server server(network, options, {address, 3478});
///
/// It relays UDP for clients that come over UDP, TCP or TLS. There are no allocations without credentials, no
/// quota is endless, and nobody is led into the server's own network: server_options says what is, and what
/// is not. The same data are relayed by one copy to clients and by none to peers, and nothing is allocated
/// for a packet.
///
/// @par Errors
/// Those of strangers are answered, or dropped and counted: statistics(). A socket that fails to send drops
/// what it should have sent.
///
/// @par Cancellation
/// Destroying it closes all sockets; clients are not told. See stop_accepting() for a gentle end.
///
/// @par Thread safety
/// It belongs to the network's executor. For several cores: a server each, on a port of its own each.
class server final {
  public:
    /// Listens at `at`; port 0 takes a free one. 0.0.0.0 and :: are all addresses that the machine has now,
    /// with a socket each, for an answer must come from the address that was asked. The network must outlive
    /// it.
    ///
    /// @par Errors
    /// - errc::type, errc::syntax, errc::range: an option is missing or wrong; what() says which, and what
    ///   would be right.
    /// - errc::network: no socket can be had there; what() has the system's reason.
    server(net::network& network, server_options options, std::vector<endpoint> at, logger log = {});
    /// The same at one address.
    server(net::network& network, server_options options, const endpoint& at, logger log = {});
    server(const server&) = delete;
    server& operator=(const server&) = delete;
    ~server();

    ///@{
    /// Where it listens for UDP, for TCP and for TLS, with the ports that were chosen.
    [[nodiscard]] const std::vector<endpoint>& listening() const noexcept { return listening_; }
    [[nodiscard]] const std::vector<endpoint>& listening_tcp() const noexcept { return listening_tcp_; }
    [[nodiscard]] const std::vector<endpoint>& listening_tls() const noexcept { return listening_tls_; }
    ///@}
    /// As of now; it goes on counting.
    [[nodiscard]] const server_statistics& statistics() const noexcept { return engine_.statistics(); }
    /// Of now; each is for one client.
    [[nodiscard]] std::size_t allocations() const noexcept {
        return static_cast<std::size_t>(statistics().allocations);
    }

    /// No new allocations from now on: clients are sent to `alternate`, if there is one, of their family
    /// (RFC 8489 10), and to the next of their servers otherwise (508). What is allocated stays as long as
    /// its client wants. To stop gently, call this, wait until allocations() is 0 or the patience is over,
    /// and destroy the server.
    void stop_accepting(std::optional<endpoint> alternate = {});
    /// All allocations end now; clients hear of it when they ask next (437).
    void close_allocations();

  private:
    struct listening_socket;
    struct relay_socket;
    struct acceptor;
    struct client_stream;
    struct idle_check {
        time_point at;
        std::uint32_t stream;
    };

    void listen(const endpoint& at, std::size_t index);
    [[nodiscard]] std::vector<endpoint> all_listening() const;
    void listen_streams(const endpoint& at, bool tls);
    void accept(std::unique_ptr<net::incoming_stream> what, bool tls);
    void from_stream(client_stream& at, byte_span data);
    [[nodiscard]] bool finish_frame(client_stream& at, byte_view& rest, time_point now);
    [[nodiscard]] bool is_acceptable(const client_stream& at, std::size_t size) const;
    [[nodiscard]] bool take_bytes(client_stream& at, byte_view data, time_point now);
    [[nodiscard]] bool take_sealed(client_stream& at, byte_view data, time_point now);
    void send_sealed(client_stream& to);
    [[nodiscard]] bool send(client_stream& to, std::span<const byte_view> parts);
    void take_frame(client_stream& at, byte_view frame, time_point now);
    void drop(client_stream& which);
    void close_idle(time_point now);
    void handle_timeout();
    void from_clients(listening_socket& at, std::span<const net::datagram> batch);
    void from_peers(relay_socket& at, std::span<const net::datagram> batch);
    void to_peer(const server_engine::outbound& what, net::ecn mark, time_point now);
    void to_client(relay_id at, const endpoint& peer, byte_view payload, net::ecn mark, time_point now);
    void flush_peers();
    void flush();
    void drain(time_point now);
    void send_answer();
    void open(const open_relay& what, time_point now);
    void close(relay_id which);
    void arm();

    net::network& network_;
    logger log_;
    std::vector<std::unique_ptr<listening_socket>> sockets_;
    std::vector<endpoint> listening_, listening_tcp_, listening_tls_;
    std::shared_ptr<const crypto::tls_identity> identity_;
    std::size_t most_connections_;
    duration idle_time_;
    source_limit connecting_;
    server_engine engine_;
    std::vector<std::unique_ptr<relay_socket>> relays_; // by relay_id
    net::send_batch batch_;                             // to clients
    std::vector<net::outgoing> to_peers_;               // of one relayed address
    relay_id sending_;                                  // which
    std::uint32_t last_stream_ = 0;
    std::unordered_map<std::uint32_t, std::unique_ptr<client_stream>> streams_;
    ring<idle_check> idle_checks_; // the earliest first
    std::vector<std::unique_ptr<acceptor>> acceptors_;
    std::vector<std::byte> opened_, sealed_, joined_; // scratch, where there is TLS
    time_point armed_ = never;
    std::unique_ptr<net::timer> timer_;
};

} // namespace cortc::turn

#if defined(CORTC_HEADER_ONLY)
#include "cortc/turn/impl/server.ipp"
#include "cortc/turn/impl/server_streams.ipp"
#endif
