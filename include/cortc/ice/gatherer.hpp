#pragma once

#include "cortc/base/log.hpp"
#include "cortc/ice/server.hpp"
#include "cortc/ice/types.hpp"
#include "cortc/net/network.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cortc::ice {

enum class address_family : std::uint8_t { any, ipv4, ipv6 };

struct port_range {
    std::uint16_t first = 0;
    std::uint16_t last = 0; ///< included
};

struct gather_options {
    address_family family = address_family::any;
    bool loopback = false;                                          ///< addresses of loopback interfaces too
    std::function<bool(const net::interface_address&)> filter = {}; ///< empty: every interface
    /// What there is to choose from; empty: network::interfaces().
    std::function<std::vector<net::interface_address>()> interfaces = {};
    std::optional<port_range> ports = {}; ///< empty: what the system gives
    std::size_t max_sockets = 16;
};

/// A socket that a generation may use for a host candidate.
struct gathered_socket {
    socket_id socket;
    endpoint local;
    std::uint16_t local_preference = 0; ///< RFC 8421 4
    std::string interface_name;
};

struct gatherer_counters {
    std::uint64_t opened = 0;
    std::uint64_t open_failures = 0; ///< addresses left out because no socket could be opened there
    std::uint64_t over_limit = 0;    ///< addresses left out because of max_sockets
};

/// Opens one UDP socket for each interface address, and owns them. A new generation gets the sockets that are
/// open (RFC 8445 9: an ICE restart may keep them) and those of new interfaces.
class gatherer {
  public:
    gatherer(net::network& network, net::datagram_handler& handler, logger log, gather_options options = {});

    /// What the interfaces are now, best first. An address that went away is left out; its socket stays open
    /// until close_unused(), since an older generation may still use it.
    /// With the policy `relay` there are none: these sockets are those of host candidates. The servers of the
    /// settings are for other kinds of candidates.
    [[nodiscard]] std::vector<gathered_socket> gather(const gather_settings& settings = {});
    /// From the next gather() on.
    void set_options(gather_options options) { options_ = std::move(options); }

    /// Null when there is none (any more).
    [[nodiscard]] net::udp_socket* find(socket_id id) const noexcept;
    [[nodiscard]] std::optional<socket_id> id_of(const net::udp_socket& socket) const noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return sockets_.size(); }

    void close(socket_id id);
    /// Closes every socket for which `in_use` is false. Returns how many.
    std::size_t close_unused(const std::function<bool(socket_id)>& in_use);
    void close_all();

    [[nodiscard]] const gatherer_counters& stats() const noexcept { return counters_; }
    /// Datagrams that the sockets of its life could not send.
    [[nodiscard]] std::uint64_t send_dropped() const noexcept;

  private:
    struct entry {
        socket_id id;
        ip_address address;
        std::unique_ptr<net::udp_socket> socket;
    };

    [[nodiscard]] std::vector<net::interface_address> wanted_interfaces() const;
    [[nodiscard]] const entry* find(const ip_address& address) const noexcept;
    const entry* open(const net::interface_address& where);
    [[nodiscard]] std::unique_ptr<net::udp_socket> open_in_range(const ip_address& address, port_range range);

    net::network& network_;
    net::datagram_handler& handler_;
    logger log_;
    gather_options options_;
    std::vector<entry> sockets_;
    std::uint32_t last_id_ = 0;
    gatherer_counters counters_;
    std::uint64_t send_dropped_ = 0; // of sockets that are closed
};

/// RFC 8421 4: Ethernet before point-to-point before loopback, and within each the families take turns, IPv6
/// first, so that a broken family delays the other by one check only. Stable otherwise.
std::vector<net::interface_address> order_interfaces(std::vector<net::interface_address> addresses);

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/gatherer.ipp"
#endif
