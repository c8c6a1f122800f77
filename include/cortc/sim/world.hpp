#pragma once

#include "cortc/base/config.hpp"
#include "cortc/net/network.hpp"
#include "cortc/sim/link.hpp"
#include "cortc/sim/random.hpp"
#include "cortc/sim/router.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <unordered_map>

/// Hosts, sockets and links in virtual time, reproducible from one seed. Test servers in it: whatever talks
/// to a net::network runs here unchanged, hours in milliseconds.
namespace cortc::sim {

/// How a datagram ended.
enum class fate : std::uint8_t {
    delivered,
    lost,           ///< the link's loss or burst
    queue_full,     ///< the link's queue_limit
    too_long,       ///< the link's mtu; the sender's send_dropped counts it
    link_down,      ///< a partition, or link_options::up
    interface_down, ///< at either end
    no_route,       ///< nobody has the address
    port_closed,
    refused,    ///< the tap said so
    filtered,   ///< by a router
    table_full, ///< a router had no room for one more end
};
inline constexpr std::size_t fate_count = 11; ///< how many fates there are

/// A datagram as the tap sees it when it is sent. `data` and `mark` may be changed, `extra_delay` (which lets
/// later ones pass) and `copies` set.
struct transit {
    std::uint64_t number;   ///< 0 for the first datagram of this world
    time_point sent;        ///< now
    endpoint source;        ///< with the address that an unspecified one became
    endpoint destination;   ///< nobody need have it
    bytes& data;            ///< the UDP payload
    net::ecn mark;          ///< as it will arrive
    duration extra_delay{}; ///< on top of the link's
    unsigned copies = 1;    ///< 0 drops it (fate::refused); the link's duplication adds to it
};

/// What happened to one datagram (each copy ends once).
struct outcome {
    std::uint64_t number; ///< transit::number; copies share it
    time_point sent;      ///< by its sender
    time_point ended;     ///< now
    endpoint source;      ///< who sent it, as routers made it look
    endpoint destination; ///< whom it was for, likewise
    byte_view data;       ///< the UDP payload, valid during the call
    fate how;             ///< and why
};

/// A TCP segment as the tap sees it when it is sent, retransmissions and bare acknowledgements included.
struct stream_transit {
    time_point sent;      ///< now
    endpoint source;      ///< who sends it
    endpoint destination; ///< whom it is for
    byte_view data;       ///< of the stream; empty for a bare acknowledgement
    bool opens = false;   ///< the first of its sender
    bool ends = false;    ///< the last, in peace or not
    bool drop = false;    ///< set it, and it is lost
};

/// TCP in a world: a system's constants, made short where waiting proves nothing.
///@{
/// Nothing was acknowledged for so long: a connection ends with boost::asio::error::timed_out.
inline constexpr duration tcp_timeout = std::chrono::minutes(2);
inline constexpr duration tcp_retransmission = std::chrono::milliseconds(200);   ///< at first; it doubles
inline constexpr duration tcp_longest_retransmission = std::chrono::seconds(10); ///< at last
inline constexpr std::size_t tcp_window = 64 * 1024;                             ///< bytes in flight
inline constexpr std::size_t tcp_send_buffer = 64 * 1024; ///< bytes of a stream that do not count as waiting
///@}

/// Datagrams of a whole world.
struct world_stats {
    std::uint64_t sent = 0;                        ///< by all hosts; copies not counted
    std::uint64_t segments = 0;                    ///< of TCP, by all hosts
    std::array<std::uint64_t, fate_count> ended{}; ///< by fate; each copy counts

    /// How many ended so.
    [[nodiscard]] std::uint64_t count(fate how) const noexcept {
        return ended[static_cast<std::size_t>(how)];
    }
};

namespace detail {
struct core;
class sim_listener;
class sim_socket;
} // namespace detail

/// A machine of the simulated world and its network. Owned by the world. Ports are given out in order from
/// 49152. A socket binds to an address of the host or to the unspecified one.
class host final : public net::network {
  public:
    /// @private world::host() makes one
    host(detail::core& world, std::uint32_t index, std::string name, std::uint64_t seed);

    [[nodiscard]] const std::string& name() const noexcept { return name_; } ///< as world::host() was told
    /// Adds an address, up. Each address but loopback belongs to one host of a network: all hosts of a world,
    /// but for those behind its routers.
    void add_address(net::interface_address address);
    /// Takes an address down or up again: interfaces() forgets it, datagrams from and to it are dropped, its
    /// sockets stay.
    void set_address(const ip_address& address, bool up);

    [[nodiscard]] time_point now() const override;
    /// The beginning of 2026 plus now().
    [[nodiscard]] unix_time calendar() const override;
    [[nodiscard]] random_source& random() override { return random_; }
    [[nodiscard]] std::vector<net::interface_address> interfaces() override;
    /// @par Errors
    /// - address_in_use, address_not_available: as bind(2).
    /// - no_buffer_space: every port is taken.
    [[nodiscard]] result<std::unique_ptr<net::udp_socket>> open_udp(const endpoint& local,
                                                                    net::datagram_handler& handler) override;
    /// What is sent to a group comes to all who have joined it, over the links of their hosts: a tap sees it
    /// once, and each of them has a fate of its own.
    ///
    /// @par Errors
    /// - address_not_available: no such address, or of another IP version, or no group.
    [[nodiscard]] result<std::unique_ptr<net::udp_socket>>
    open_multicast(const endpoint& group, const net::interface_address& on,
                   net::datagram_handler& handler) override;
    /// `local` may have the unspecified address. Segments to an address that nobody has, and those that a
    /// link drops, are sent again until tcp_timeout.
    ///
    /// @par Errors
    /// - address_not_available, address_in_use, network_unreachable: as connect(2).
    /// - no_buffer_space: every port is taken.
    [[nodiscard]] result<std::unique_ptr<net::stream>> connect(const endpoint& local, const endpoint& remote,
                                                               net::stream_handler& handler) override;
    /// @par Errors
    /// - address_in_use, address_not_available: as bind(2).
    /// - no_buffer_space: every port is taken.
    [[nodiscard]] result<std::unique_ptr<net::listener>> listen(const endpoint& local,
                                                                net::accept_handler& handler) override;
    /// As world::set_name() says.
    [[nodiscard]] std::unique_ptr<net::resolution> resolve(const std::string& host,
                                                           net::resolved done) override;
    [[nodiscard]] std::unique_ptr<net::timer> make_timer(std::function<void()> expired) override;

  private:
    friend struct detail::core;
    friend class detail::sim_listener;
    friend class detail::sim_socket;
    friend class world;
    friend class router;
    struct address_entry {
        net::interface_address interface;
        bool up;
    };
    [[nodiscard]] const address_entry* find(const ip_address& address) const noexcept;
    [[nodiscard]] bool is_up(const ip_address& address) const noexcept;
    /// What a socket bound to the unspecified address sends from; nothing when no address fits.
    [[nodiscard]] std::optional<ip_address> source_for(const ip_address& destination) const;
    [[nodiscard]] std::uint16_t free_port(const ip_address& address);

    detail::core& world_;
    std::uint32_t index_;
    std::uint32_t network_ = 0;     // which of the world's
    sim::router* router_ = nullptr; // whose outside it is
    std::string name_;
    seeded_random random_;
    std::vector<address_entry> addresses_;
    std::unordered_map<endpoint, std::uint32_t> sockets_; // bound to, and which of the world's sockets
    std::uint16_t next_port_ = 49152;
};

/// The simulated world. While it exists its `io_context` does not run out of work (but see run_dry()). Timers
/// of Asio itself are not part of virtual time. Operations that are pending when the world goes stay so until
/// the io_context goes; its hosts live as long.
///
/// @par Errors
/// Handlers run as posted work; an exception from one leaves the run_ function.
///
/// @par Thread safety
/// One thread calls the run_ functions, and nothing else polls the io_context.
class world {
  public:
    /// `io` must outlive the world. The time begins at one second.
    explicit world(boost::asio::io_context& io, std::uint64_t seed = 1);
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    ~world();

    ///@{
    /// Makes a host. Addresses as literals are on interfaces "eth0", "eth1", ... ("lo" for loopback).
    ///
    /// @par Errors
    /// - boost::system::system_error: an address is no literal.
    sim::host& host(std::string name, std::initializer_list<std::string_view> addresses);
    sim::host& host(std::string name, std::vector<net::interface_address> addresses);
    ///@}
    /// The host of that name.
    ///
    /// @par Errors
    /// - std::out_of_range: there is none.
    sim::host& host(std::string_view name);

    /// Makes a router with these outside addresses, at most one of each IP version. It stands in the open
    /// network; see router::attach() for what is behind it.
    ///
    /// @par Errors
    /// - boost::system::system_error: an address is no literal.
    sim::router& router(std::string name, std::initializer_list<std::string_view> outside,
                        const router_options& options = {});

    /// For every pair of hosts without a link of its own. Inside a host: 10 us, MTU 65,535.
    void set_default_link(const link_options& options);
    /// One direction. Takes effect for what is sent from now on; what is queued or in flight stays.
    void set_link(const sim::host& from, const sim::host& to, const link_options& options);
    /// One direction between two addresses, apart from (and before) the link of their hosts.
    void set_link(const ip_address& from, const ip_address& to, const link_options& options);
    /// Both directions.
    void connect(const sim::host& a, const sim::host& b, const link_options& options);
    /// Cuts both directions between two hosts, or heals them.
    void partition(const sim::host& a, const sim::host& b, bool cut = true);

    ///@{
    /// What all hosts find under a name, after so long; duration::max(): no answer. Without addresses, as for
    /// a name that was never set, boost::asio::error::host_not_found.
    ///
    /// @par Errors
    /// - boost::system::system_error: an address is no literal.
    void set_name(std::string name, std::initializer_list<std::string_view> addresses,
                  duration delay = std::chrono::milliseconds(20));
    void set_name(std::string name, std::vector<ip_address> addresses,
                  duration delay = std::chrono::milliseconds(20));
    ///@}

    /// Called for every datagram as it is sent, before the link decides.
    void on_datagram(std::function<void(transit&)> tap);
    /// Called for every TCP segment as it is sent, before the link decides.
    void on_stream(std::function<void(stream_transit&)> tap);
    /// Called when a datagram's fate is known. It may send and change links, but not open or close sockets.
    void on_outcome(std::function<void(const outcome&)> observer);
    /// As of now; it goes on counting.
    [[nodiscard]] const world_stats& stats() const noexcept;
    /// A hash of every outcome so far: times, addresses, sizes and fates (not contents: keys and nonces of
    /// real cryptography differ from run to run). The same seed and program give the same trace.
    [[nodiscard]] std::uint64_t trace() const noexcept;

    /// Virtual time, the same for all hosts. Only the run_ functions move it.
    [[nodiscard]] time_point now() const noexcept;
    /// Runs until `done()` holds, which is asked whenever the io_context is idle; false when `limit` of
    /// virtual time passed without it.
    bool run_until(const std::function<bool()>& done, duration limit);
    /// Runs for so much virtual time.
    void run_for(duration time);
    /// Runs until nothing is in flight and no timer is armed; false when `limit` passed.
    bool run_until_idle(duration limit);
    /// Runs without the work guard until the io_context is out of work, and no socket is open and no timer
    /// armed (on a real network those are work too). False when something remains and nothing can change it,
    /// or `limit` passed. The world can be used again afterwards.
    bool run_dry(duration limit = {});
    ///@{
    /// Of all hosts. Streams, listeners and connections that nobody has begun yet are sockets, too.
    [[nodiscard]] std::size_t open_sockets() const noexcept;
    [[nodiscard]] std::size_t armed_timers() const noexcept;
    ///@}

  private:
    using work_guard = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

    void poll();

    boost::asio::io_context& io_;
    std::shared_ptr<detail::core> core_; // sockets, timers and the io_context keep it after the world
    std::optional<work_guard> guard_;
};

} // namespace cortc::sim

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sim/impl/core.ipp"
#include "cortc/sim/impl/host.ipp"
#include "cortc/sim/impl/link_state.ipp"
#include "cortc/sim/impl/multicast.ipp"
#include "cortc/sim/impl/nat_table.ipp"
#include "cortc/sim/impl/router.ipp"
#include "cortc/sim/impl/tcp.ipp"
#include "cortc/sim/impl/world.ipp"
#endif
