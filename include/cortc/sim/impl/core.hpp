#pragma once

#include "cortc/sim/impl/link_state.hpp"
#include "cortc/sim/impl/nat_table.hpp"
#include "cortc/sim/impl/tcp.hpp"
#include "cortc/sim/world.hpp"

#include <boost/asio/post.hpp>

#include <deque>
#include <map>

namespace cortc::sim::detail {

class sim_socket;

/// A datagram in flight. Slots are used again, with their memory.
struct packet {
    std::uint64_t number = 0;
    time_point sent;
    endpoint source;
    endpoint destination;
    net::ecn mark = net::ecn::not_ect;
    std::uint32_t network = 0; ///< that it is carried in
    std::uint32_t target = 0;  ///< the host at the end of this hop
    std::uint32_t member = 0;  ///< the socket that has joined the group, if it goes to one
    std::uint32_t member_generation = 0;
    bytes data;
};

struct socket_entry {
    sim_socket* owner = nullptr;
    net::datagram_handler* handler = nullptr;
    std::uint32_t generation = 0;     ///< of the slot: an older delivery is for a socket that is gone
    std::vector<std::uint32_t> inbox; ///< packets that arrived; a delivery is posted when it is not empty
};

struct timer_entry {
    std::shared_ptr<std::function<void()>> expired; ///< null: the slot is free
    time_point deadline = never;
    time_point scheduled;       ///< when its event is due, which may be earlier than the deadline
    std::uint64_t sequence = 0; ///< of its event; 0: none
    std::uint64_t epoch = 0;    ///< grows with every change: an older posted expiry is stale
};

/// A socket that has joined a group.
struct member_entry {
    std::uint32_t host = 0;
    std::uint32_t socket = 0;
    ip_address on; ///< the address of the interface
};

struct name_entry {
    std::vector<ip_address> addresses; ///< none: not found
    duration delay = std::chrono::milliseconds(20);
};

enum class event_kind : std::uint8_t { arrival, timer, call };

struct event {
    time_point at;
    std::uint64_t sequence; ///< equal times go in the order they were scheduled
    event_kind kind;
    std::uint32_t index; ///< of a packet, a timer or a call

    /// For a heap with the earliest on top.
    friend bool operator<(const event& a, const event& b) noexcept {
        return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
    }
};

/// Hosts that reach each other without a router: the open network, and one behind each router.
struct network_entry {
    std::unordered_map<ip_address, std::uint32_t> addresses; // but loopback, which every host has for itself
    sim::router* gateway = nullptr;                          // none: the open network
};

/// The state of a world. Sockets, timers and posted handlers keep it; once the world is gone, `io` is null
/// and nothing happens any more.
struct core : std::enable_shared_from_this<core> {
    core(boost::asio::io_context& context, std::uint64_t seed);

    // Hosts and links.
    sim::host& add_host(std::string name, std::vector<net::interface_address> addresses);
    link_state& link_between(std::uint32_t from, std::uint32_t to);
    link_state& link_for(const ip_address& source, const ip_address& destination, std::uint32_t from,
                         std::uint32_t to);

    // Routers.
    sim::router& add_router(std::string name, std::vector<net::interface_address> outside,
                            const router_options& options);
    void move(sim::host& what, std::uint32_t network);
    /// Who takes what goes there in this network: a host, or the outside of a router; nothing: nobody.
    [[nodiscard]] std::optional<std::uint32_t> owner_of(std::uint32_t network,
                                                        const ip_address& address) const;
    /// The same, or the router that leads out of the network.
    [[nodiscard]] std::optional<std::uint32_t> next_hop(const sim::host& at, std::uint32_t network,
                                                        const ip_address& destination) const;

    // Sockets.
    std::uint32_t open_socket(sim_socket& owner, net::datagram_handler& handler);
    void close_socket(sim::host& at, const endpoint& local, std::uint32_t index);
    /// False when the sender itself could not send it.
    bool send(sim::host& from, const endpoint& local, const net::outgoing& datagram);

    // Groups.
    void join(const endpoint& group, member_entry who) { groups[group].push_back(std::move(who)); }
    void leave(const endpoint& group, std::uint32_t socket);

    // TCP.
    void send_segment(sim::host& from, tcp_segment segment, time_point& last_arrival);
    void carry(const sim::host& from, std::uint32_t network, tcp_segment segment, time_point& last_arrival);
    void arrive(std::uint32_t target, std::uint32_t network, const tcp_segment& segment);
    void forward(tcp_segment segment, std::uint32_t network, sim::router& by);
    /// A connection is made: tells the listener on a turn of its own.
    void announce(std::shared_ptr<tcp_listening> where, std::shared_ptr<tcp_end> end);
    void forget(const sim::host& at, const tcp_end& end);
    [[nodiscard]] std::size_t mtu(const sim::host& from, const ip_address& source,
                                  const ip_address& destination);
    /// Calls it then, when the clock has moved there. It must tell nobody but the world.
    void at(time_point then, std::function<void()> call);

    // Timers.
    std::uint32_t add_timer(std::function<void()> expired);
    void remove_timer(std::uint32_t index);
    void arm_timer(std::uint32_t index, time_point deadline);

    // Time.
    /// Moves the clock to the next event, and posts all that is due then. With none up to `deadline`: moves
    /// it there and returns false.
    bool advance(time_point deadline);
    /// True when nothing is in flight and no timer armed.
    bool idle();
    time_point after(duration time) const noexcept { return time > never - now ? never : now + time; }

    boost::asio::io_context* io;
    seeded_random random;
    std::uint64_t host_seed;
    time_point now{std::chrono::seconds(1)}; // not the epoch: engines may take that for "not set"
    std::vector<std::unique_ptr<sim::host>> hosts;
    std::vector<network_entry> networks; // the open one first
    std::vector<std::unique_ptr<sim::router>> routers;
    std::map<std::string, name_entry> names;
    std::map<endpoint, std::vector<member_entry>> groups;
    link_options default_link;
    std::unordered_map<std::uint64_t, link_state> host_links;
    std::map<std::pair<ip_address, ip_address>, link_state> address_links;
    std::function<void(transit&)> tap;
    std::function<void(stream_transit&)> stream_tap;
    std::function<void(const outcome&)> observer;
    world_stats stats;
    std::uint64_t trace = 0xcbf29ce484222325;
    std::size_t open_sockets = 0;
    std::size_t armed_timers = 0;
    tcp_table tcp;

  private:
    std::uint32_t new_packet();
    /// Records how a packet ended and frees its slot.
    void end(std::uint32_t index, fate how);
    void record(const packet& ended, fate how);
    bool carry(std::uint32_t index, const sim::host& from, std::uint32_t network, duration extra_delay,
               unsigned copies);
    void forward(std::uint32_t index, sim::router& by);
    bool carry_to_group(std::uint32_t index, const sim::host& from, duration extra_delay, unsigned copies);
    void arrive(std::uint32_t index);
    void arrive_at_member(std::uint32_t index);
    void put(std::uint32_t index, std::uint32_t socket);
    void deliver(std::uint32_t socket, std::uint32_t generation);
    void expire(std::uint32_t timer, std::uint64_t epoch);
    void push(time_point at, event_kind kind, std::uint32_t index);
    event pop();
    /// Removes events on top that mean nothing any more.
    void prune();

    std::vector<event> events_; // a heap
    std::uint64_t next_sequence_ = 1;
    std::deque<packet> packets_;
    std::vector<std::uint32_t> free_packets_;
    std::deque<socket_entry> sockets_;
    std::vector<std::uint32_t> free_sockets_;
    std::deque<timer_entry> timers_;
    std::vector<std::uint32_t> free_timers_;
    std::deque<std::function<void()>> calls_;
    std::vector<std::uint32_t> free_calls_;
    std::vector<std::uint32_t> spare_inbox_; // what a delivery works on, kept for their memory
    std::vector<net::datagram> spare_batch_;
};

class sim_socket final : public net::udp_socket {
  public:
    sim_socket(core& world, sim::host& at, endpoint local, net::datagram_handler& handler)
        : world_(world.shared_from_this())
        , host_(at)
        , local_(std::move(local))
        , source_(local_)
        , index_(world_->open_socket(*this, handler)) {}
    /// One that has joined a group, and sends from this address.
    sim_socket(core& world, sim::host& at, endpoint group, const ip_address& on,
               net::datagram_handler& handler)
        : sim_socket(world, at, std::move(group), handler) {
        source_.address = on;
        world_->join(local_, {at.index_, index_, on});
    }
    ~sim_socket() override {
        if (source_ != local_) world_->leave(local_, index_);
        world_->close_socket(host_, local_, index_);
    }

    [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
    [[nodiscard]] const endpoint& local() const noexcept override { return local_; }
    [[nodiscard]] const net::socket_stats& stats() const noexcept override { return stats_; }
    void send(std::span<const net::outgoing> batch) override;
    void count_received(std::span<const net::datagram> batch) noexcept;

  private:
    std::shared_ptr<core> world_;
    sim::host& host_;
    endpoint local_;
    endpoint source_;
    std::uint32_t index_;
    net::socket_stats stats_;
};

class sim_timer final : public net::timer {
  public:
    sim_timer(core& world, std::function<void()> expired)
        : world_(world.shared_from_this()), index_(world_->add_timer(std::move(expired))) {}
    ~sim_timer() override { world_->remove_timer(index_); }

    void arm(time_point deadline) override { world_->arm_timer(index_, deadline); }
    void cancel() override { world_->arm_timer(index_, never); }

  private:
    std::shared_ptr<core> world_;
    std::uint32_t index_;
};

/// A name that is looked up: told when its time has come.
class sim_resolution final : public net::resolution {
  public:
    sim_resolution(core& world, const std::string& host, net::resolved done);

  private:
    void tell();

    name_entry found_;
    net::resolved done_;
    sim_timer timer_;
};

} // namespace cortc::sim::detail
