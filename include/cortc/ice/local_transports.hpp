#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/result.hpp"
#include "cortc/ice/local_transport.hpp"
#include "cortc/ice/port_pool.hpp"
#include "cortc/ice/relay.hpp"
#include "cortc/ice/udp_mux.hpp"
#include "cortc/net/network.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cortc::ice {

struct local_transport_options {
    std::shared_ptr<port_pool> ports = {}; ///< of UDP; null: what the system gives
    /// Local transports at a time: room for the most addresses (most_gathering_addresses) and a relay on
    /// each, before and after a restart.
    std::size_t limit = 48;
    /// Whose slots are opened for host candidates, in place of sockets of their own; null: none's.
    std::shared_ptr<udp_mux> mux = {};
};

struct local_transport_counters {
    std::uint64_t opened = 0;
    std::uint64_t open_failures = 0; ///< addresses where no socket could be opened
    std::uint64_t over_limit = 0;    ///< refused because of local_transport_options::limit
};

/// The local transports of one ICE agent, whichever generation they were opened for: a new generation gets
/// the sockets that are open (RFC 8445 9: an ICE restart may keep them).
class local_transports {
  public:
    /// Network and receiver must outlive this.
    local_transports(net::network& network, datagram_receiver& receiver, logger log,
                     local_transport_options options = {});
    ~local_transports();

    /// The UDP socket on this address, opened if there is none. Errors, which are counted and logged: those
    /// of bind(2) (with a range of ports: of the last one tried, or address_in_use), and too_many_files_open
    /// beyond the limit.
    result<local_transport*> open_udp(const net::interface_address& where);

    ///@{
    /// The local ufrags that checks may name: a mux finds them by these.
    void add_ufrag(const std::string& ufrag);
    void remove_ufrag(const std::string& ufrag) noexcept;
    ///@}

    /// A relay over a socket of its own on this address; errors likewise. It has not asked its server yet.
    result<relay*> open_relay(const net::interface_address& where, const relay_options& options);

    /// An equivalent one from there that is at rest, for another generation; null: there is none.
    [[nodiscard]] relay* find_relay(const net::interface_address& where,
                                    const relay_options& options) const noexcept;

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
        mux_slot* slot = nullptr;    // likewise
        port_pool::lease port = {};
    };
    result<local_transport*> open_slot(const net::interface_address& where);
    result<port_pool::lease> bind(const ip_address& address, port_pool* ports,
                                  const std::function<boost::system::error_code(const endpoint&)>& open);
    template <class Made>
    result<Made*> add(const net::interface_address& where, std::unique_ptr<Made> made);
    void close(entry&& which);

    net::network& network_;
    datagram_receiver& receiver_;
    logger log_;
    local_transport_options options_;
    std::vector<entry> open_;
    std::vector<std::string> ufrags_; // for slots of a mux
    std::vector<entry> leaving_;      // relays
    std::function<void()> on_left_;
    std::uint32_t last_id_ = 0;
    local_transport_counters counters_;
    std::uint64_t send_dropped_ = 0; // of those that are closed
};

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/local_transports.ipp"
#endif
