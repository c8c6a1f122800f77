#pragma once

#include "cortc/base/config.hpp"
#include "cortc/ice/candidate.hpp"
#include "cortc/ice/local_transport.hpp"
#include "cortc/ice/server.hpp"
#include "cortc/net/network.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cortc::ice {

enum class address_family : std::uint8_t { any, ipv4, ipv6 };

/// Which addresses become host candidates.
struct gather_options {
    address_family family = address_family::any;
    bool loopback = false;                                          ///< addresses of loopback interfaces too
    std::function<bool(const net::interface_address&)> filter = {}; ///< empty: every interface
    /// What there is to choose from; empty: network::interfaces().
    std::function<std::vector<net::interface_address>()> interfaces = {};
};

/// What went wrong while candidates were gathered; the others go on. The fields are those of the W3C's
/// RTCPeerConnectionIceErrorEvent.
struct gathering_error {
    std::string address;    ///< local, that was to be used; may be empty
    std::uint16_t port = 0; ///< likewise; 0: none
    std::string url;        ///< of the STUN or TURN server; empty: no server was concerned
    /// The server's STUN error, 701 when it could not be reached; 0 when no server was concerned, of which
    /// the W3C has no event.
    std::uint16_t code = 0;
    std::string text; ///< for a person
};

/// What a gatherer reports.
class gathering_events {
  public:
    virtual void on_candidate(const local_candidate& candidate) = 0;
    virtual void on_error(const gathering_error& error) = 0;
    /// There will be no more: the last call.
    virtual void on_done() = 0;

  protected:
    ~gathering_events() = default;
};

/// One gathering phase of one generation (RFC 8445 5.1.1). It opens a UDP socket for each interface address,
/// or takes the one that is open, and reports what it finds until it is done or cancelled, which may be in
/// any of its events. Throws nothing of its own: what the application's filter throws, say, is an error.
class gatherer {
  public:
    /// The transports and the events must outlive it.
    gatherer(local_transports& transports, gathering_events& events, const gather_options& options);
    gatherer(const gatherer&) = delete;
    gatherer& operator=(const gatherer&) = delete;

    /// Once. What the interfaces are now, best first. An address that went away is left out; its socket stays
    /// open as long as an older generation uses it. With the policy `relay` there are no host candidates.
    void start(const gather_settings& settings);
    /// Nothing is reported any more.
    void cancel() noexcept { over_ = true; }
    /// Done or cancelled.
    [[nodiscard]] bool over() const noexcept { return over_; }

  private:
    void gather_hosts();
    void gather_host(const net::interface_address& where, std::uint16_t preference);
    [[nodiscard]] std::vector<net::interface_address> wanted_interfaces() const;
    void fail(const ip_address* address, std::string text);

    local_transports& transports_;
    gathering_events& events_;
    gather_options options_;
    bool over_ = false;
};

/// RFC 8421 4: Ethernet before point-to-point before loopback, and within each the families take turns, IPv6
/// first, so that a broken family delays the other by one check only. Stable otherwise.
std::vector<net::interface_address> order_interfaces(std::vector<net::interface_address> addresses);

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/gatherer.ipp"
#endif
