#pragma once

#include "cortc/base/external_address.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/time.hpp"
#include "cortc/crypto/server_trust.hpp"
#include "cortc/net/network.hpp"
#include "cortc/net/port_group.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace cortc {

namespace asio = boost::asio;

/// Bounds on what one peer can make grow. What goes over one is dropped, refused or closed as its member
/// says, counted, and logged.
struct limits {
    limits() noexcept {}

    std::size_t remote_candidates = 64; ///< per section and ICE generation; further ones are dropped
    /// Remote candidates with names ending in `.local` whose addresses are being asked for, per transport
    /// (and 64 of a context); further ones are dropped.
    std::size_t remote_names = 8;
    /// Per connection, open or opening; further ones of the peer are reset, further ones of ours refused.
    std::size_t data_channels = 16384;
    std::size_t unread_channels = 16384; ///< opened by the peer and not taken by nextDataChannel()
    std::size_t receive_window = std::size_t{1}
                                 << 20; ///< bytes of messages received and not read, per connection
    std::size_t send_buffer = std::size_t{1} << 20; ///< bytes accepted by send() and not acknowledged
    /// Bytes of one received message; announced in the SDP. May exceed the receive window: one message that
    /// has begun to arrive is held beside it.
    std::size_t max_message_size = 262144;
    /// Datagrams that wait while a handshake step runs on the worker; further ones are dropped: the peer
    /// repeats them.
    std::size_t handshake_queue = 32;
    /// How long after the last answer to a consent check a peer is sent anything (RFC 7675 5.1): then ICE has
    /// failed. 10 s to 30 s; others are clamped.
    duration consent_expiry = std::chrono::seconds(30);
};

/// One UDP port for all connections of a context.
struct udp_mux_options {
    /// On every address that becomes a candidate. 0: one that is free, and that one as long as the context
    /// lives.
    std::uint16_t port = 0;
    /// Contexts on several threads that share the port, which is one of your choice then: give each of them
    /// this. The threads are to have ended before the first of their io_contexts is destroyed.
    std::shared_ptr<net::port_group> group;
};

/// Names ending in `.local` (RFC 6762), which browsers give their host candidates in place of addresses
/// (draft-ietf-mmusic-mdns-ice-candidates). Only who is on the same network finds out the address. Sockets of
/// multicast, on port 5353, are open only while something is asked for or published.
struct mdns_options {
    mdns_options() noexcept {}

    /// Ask for the addresses of remote candidates. Those that are not found are no error: the peer's own
    /// checks may tell where it is, which they always do where it reaches us. Only random names are asked
    /// for, as browsers make them: nobody can have a server look for its network's devices. Never with the
    /// policy `relay`, and not by an ICE-lite agent, which needs no remote candidates.
    bool resolve = true;
    /// Give the host candidates of the machine's own addresses random names, one for each address and
    /// transport, and answer for them: no description tells the address, and neither do server-reflexive and
    /// relayed candidates tell where they come from. Peers on other networks need such ones then. External
    /// addresses are told as they are. Without multicast there are no host candidates then.
    bool publish = false;
};

/// How a context is set up. Every member has a default that suits a server.
struct context_options {
    context_options() noexcept {}

    log_sink* log = nullptr;                 ///< not owned; must outlive the context
    log_level least_level = log_level::info; ///< lines that matter less are not written
    /// Where DTLS handshakes are computed; none: on the context itself. One handshake costs milliseconds. Its
    /// threads must be joined (a thread_pool's destructor does) before the context's io_context is destroyed.
    std::optional<asio::any_io_executor> worker;
    /// Which local addresses become host candidates. None: all but loopback, and loopback where nothing else
    /// is.
    std::function<bool(const net::interface_address&)> interface_filter;
    /// Local UDP ports to try, both inclusive. None: any free port.
    std::optional<std::pair<std::uint16_t, std::uint16_t>> port_range;
    /// An ICE restart that stays on the path in use is done a round trip earlier: the controlling end
    /// nominates it by its first check, where RFC 8445 8.1.1 wants another one after that has succeeded.
    /// Peers take it (tested: Chromium, libwebrtc, Pion). Descriptions do not say `ice2` then, which promises
    /// not to.
    bool early_nomination = true;
    /// Host candidates of all its connections share one port on each address, where a firewall or a container
    /// lets in that one alone; none: each has sockets of its own, of `port_range`. What arrives finds its
    /// connection by the ICE user name of its peer's checks. Relays have sockets of their own. Two contexts
    /// that both do it have room for one connection between two of their addresses.
    std::optional<udp_mux_options> udp_mux;
    /// Addresses that peers reach this machine at, of a NAT that maps one to one: each candidate of a local
    /// address is told with the external one that stands for it.
    std::vector<external_address> external_addresses;
    mdns_options mdns; ///< names in place of addresses
    /// Its connections are ICE-lite agents (RFC 8445 2.5), for a server with an address that everybody
    /// reaches: they answer checks and send none, the peer controls, and its candidates and servers are not
    /// needed. Costs less; but a path is found by the peer alone, and one that dies is noticed by its silence
    /// alone. A peer that is lite itself is refused.
    bool ice_lite = false;
    /// Whose signatures make the certificates of STUN and TURN servers good (`turns:`).
    crypto::server_trust server_trust;
    struct limits limits; ///< of each of its connections
};

} // namespace cortc
