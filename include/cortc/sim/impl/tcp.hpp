#pragma once

#include "cortc/base/byte_queue.hpp"
#include "cortc/sim/world.hpp"

#include <map>
#include <tuple>

/// A small TCP: a handshake, segments in order, cumulative acknowledgements, go-back-N, a fixed window. Loss
/// becomes delay, a partition becomes a half-open connection.
namespace cortc::sim::detail {

struct core;
class sim_stream;
class sim_listener;

struct tcp_segment {
    endpoint source;
    endpoint destination;
    bool syn = false, ack = false, fin = false, rst = false;
    std::uint64_t sequence = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t window = 0;
    bytes data;
};

/// A listener; those that are on their way to it keep it.
struct tcp_listening {
    sim_listener* owner = nullptr; ///< null: it is gone
    net::accept_handler* handler = nullptr;
};

/// One end of a connection. The world's table and events keep it, and the stream: once destroyed, a stream's
/// end goes on alone until the peer has everything.
class tcp_end final : public std::enable_shared_from_this<tcp_end> {
  public:
    tcp_end(core& world, sim::host& at, endpoint local, endpoint remote);

    // What a stream does.
    void connect(sim_stream& owner, net::stream_handler& handler);
    void adopt(sim_stream& owner, net::stream_handler& handler);
    void release();
    bool send(std::span<const byte_view> parts);
    void hold(bool yes);
    [[nodiscard]] std::size_t waiting() const noexcept;
    [[nodiscard]] const endpoint& local() const noexcept { return local_; }
    [[nodiscard]] const endpoint& remote() const noexcept { return remote_; }
    [[nodiscard]] const net::stream_stats& stats() const noexcept { return stats_; }

    // What the world does.
    void receive(const tcp_segment& segment);
    void accept_from(std::shared_ptr<tcp_listening> where);

  private:
    enum class state : std::uint8_t { opening, answering, established, ended };

    void established();
    void acknowledge(const tcp_segment& segment);
    void take(const tcp_segment& segment);
    void transmit(bool syn, bool fin, std::uint64_t sequence, byte_view data);
    void reset_peer();
    /// Sends what window and data allow.
    void pump();
    void begin_waiting();
    void schedule();
    void timed_out();
    [[nodiscard]] bool outstanding() const noexcept;
    [[nodiscard]] std::size_t segment_size() const;
    [[nodiscard]] std::uint64_t room() const noexcept;
    void end(boost::system::error_code why);
    void leave();
    /// Posts deliver(), once.
    void notify();
    void deliver();

    core& world_; // as long as the world's core lives, which keeps this
    sim::host& host_;
    endpoint local_, remote_;
    sim_stream* owner_ = nullptr;
    net::stream_handler* handler_ = nullptr;
    std::shared_ptr<tcp_listening> listening_;
    net::stream_stats stats_;
    state state_ = state::opening;
    bool held_ = false, refused_ = false, closing_ = false;
    bool posted_ = false, connected_untold_ = false, end_untold_ = false, peer_ended_ = false;
    boost::system::error_code why_;

    byte_queue out_;                 // from acknowledged_ on
    std::uint64_t acknowledged_ = 0; // by the peer
    std::uint64_t next_ = 0;         // to be sent
    std::uint64_t data_end_ = 1;     // behind the last byte given to send()
    std::uint64_t expected_ = 0;     // of the peer
    std::uint64_t peer_window_ = 0;
    unsigned repeated_ = 0; // acknowledgements of the same
    byte_queue in_;
    time_point heard_{}; // when the peer last acknowledged something, or had nothing to
    duration timeout_{}; // until the next retransmission
    std::uint64_t timer_epoch_ = 0;
    bool timer_armed_ = false;
    time_point last_arrival_{}; // at the peer: nothing overtakes
};

/// What the world knows of TCP.
struct tcp_table {
    using key = std::tuple<std::uint32_t, endpoint, endpoint>; // host, local, remote
    std::map<key, std::shared_ptr<tcp_end>> ends;
    std::map<std::pair<std::uint32_t, endpoint>, std::shared_ptr<tcp_listening>> listeners;
};

class sim_stream final : public net::stream {
  public:
    sim_stream(core& world, std::shared_ptr<tcp_end> end);
    ~sim_stream() override;

    [[nodiscard]] const endpoint& local() const noexcept override { return end_->local(); }
    [[nodiscard]] const endpoint& remote() const noexcept override { return end_->remote(); }
    bool send(std::span<const byte_view> parts) override { return end_->send(parts); }
    [[nodiscard]] std::size_t waiting() const noexcept override { return end_->waiting(); }
    void hold(bool yes) override { end_->hold(yes); }
    [[nodiscard]] const net::stream_stats& stats() const noexcept override { return end_->stats(); }

  private:
    std::shared_ptr<core> world_;
    std::shared_ptr<tcp_end> end_;
};

class sim_listener final : public net::listener {
  public:
    sim_listener(core& world, sim::host& at, endpoint local, net::accept_handler& handler);
    ~sim_listener() override;

    [[nodiscard]] const endpoint& local() const noexcept override { return local_; }

  private:
    std::shared_ptr<core> world_;
    std::uint32_t host_;
    endpoint local_;
    std::shared_ptr<tcp_listening> entry_;
};

class sim_incoming_stream final : public net::incoming_stream {
  public:
    sim_incoming_stream(core& world, std::shared_ptr<tcp_end> end);
    ~sim_incoming_stream() override;

    [[nodiscard]] const endpoint& remote() const noexcept override { return end_->remote(); }
    [[nodiscard]] std::unique_ptr<net::stream> begin(net::stream_handler& handler) override;

  private:
    std::shared_ptr<core> world_;
    std::shared_ptr<tcp_end> end_; // null once begun
};

} // namespace cortc::sim::detail
