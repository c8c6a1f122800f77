#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/result.hpp"
#include "cortc/ice/local_transport.hpp"
#include "cortc/ice/rate.hpp"
#include "cortc/net/network.hpp"
#include "cortc/net/port_group.hpp"
#include "cortc/stun/types.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cortc::ice {

/// Why a datagram that came to a mux went to nobody.
enum class mux_drop : std::uint8_t {
    unknown_ufrag,    ///< a check for nobody who is here (any more)
    unknown_response, ///< of a request that nobody sent, or long ago
    unknown_source,   ///< not STUN, and no check came from there
    malformed,        ///< looks like STUN and is not, or a request without USERNAME
    member_busy,      ///< another member's, who has too many to take already, or is gone
    count
};
std::string_view to_string(mux_drop reason) noexcept;

struct udp_mux_options {
    std::uint16_t port = 0;        ///< on every address; 0: one that is free, and the same from then on
    std::size_t sources = 32;      ///< 5-tuples remembered of a slot; one more makes the oldest go
    std::size_t transactions = 64; ///< requests in flight of a slot, likewise
    /// Others that have the port, too, and which of them this one is.
    std::shared_ptr<net::port_group> group = {};
    unsigned member = 0;
    /// Is told how many datagrams went to nobody; may be empty.
    std::function<void(mux_drop, std::size_t)> dropped = {};
};

class mux_port;

/// What one ICE agent has of a socket that many share: its candidates' local transport. What arrives belongs
/// to it by the local ufrag of a check, by the transaction of a response, and else by the 5-tuple that a
/// check came by.
class mux_slot final : public local_transport {
  public:
    mux_slot(socket_id id, std::shared_ptr<mux_port> port, datagram_receiver& receiver);
    ~mux_slot() override;

    /// Checks that name it come here from now on, unless they go to another slot already.
    void add_ufrag(const std::string& ufrag);
    void remove_ufrag(const std::string& ufrag) noexcept;

    [[nodiscard]] const endpoint& base() const noexcept override;
    void send(net::send_batch& batch, std::size_t size, const endpoint& to) override;
    /// What waits is sent, as long as another slot keeps the socket open.
    void forget(net::send_batch& batch) noexcept override;
    /// None: those of the socket are nobody's alone.
    [[nodiscard]] std::uint64_t send_dropped() const noexcept override { return 0; }

  private:
    friend class mux_port;

    std::shared_ptr<mux_port> port_;
    datagram_receiver& receiver_;
    std::vector<std::string> ufrags_;
    std::vector<endpoint> sources_;              // the latest last
    std::vector<stun::transaction_id> requests_; // likewise
};

/// One socket of a mux. It is open as long as it has slots.
class mux_port final : public std::enable_shared_from_this<mux_port>, private net::datagram_handler {
  public:
    mux_port(std::shared_ptr<const udp_mux_options> options, const logger& log)
        : options_(std::move(options)), log_(log) {}

    /// Errors: those of bind(2).
    boost::system::error_code open(net::network& network, const endpoint& where);
    [[nodiscard]] net::udp_socket& socket() noexcept { return *socket_; }
    [[nodiscard]] std::size_t slots() const noexcept { return slots_; }
    [[nodiscard]] std::size_t sources() const noexcept { return sources_.size(); }
    [[nodiscard]] std::size_t transactions() const noexcept { return requests_.size(); }
    /// What another member of the group received, or lost.
    void take(net::parcel& from_another);

  private:
    friend class mux_slot;

    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    struct id_hash { // a transaction id is random already
        std::size_t operator()(const stun::transaction_id& id) const noexcept {
            std::size_t out = 0;
            std::memcpy(&out, id.data(), sizeof out);
            return out;
        }
    };

    struct asked {
        mux_slot* by;
        bool check; // else a server was asked, which answers others, too
    };
    /// A slot, or why there is none, and the user name of a check.
    struct found {
        mux_slot* slot = nullptr;
        mux_drop reason{};
        std::string_view ufrag{};
    };
    void handle_batch(net::udp_socket& socket, std::span<const net::datagram> batch) override;
    void distribute(std::span<const net::datagram> batch, bool handed);
    [[nodiscard]] found owner_of_data(const endpoint& source) const;
    [[nodiscard]] found owner_of_stun(const net::datagram& packet);
    /// Whose of the group they are. False: nobody's.
    [[nodiscard]] bool pass_on(std::span<const net::datagram> run, const found& why);
    void pass(unsigned member, std::span<const net::datagram> run);
    void ask_all(const net::datagram& packet);
    void send_parcels();
    void lose(const endpoint& source) noexcept;
    void disclaim(const endpoint& source) noexcept;
    /// A check from there was for it.
    void learn(const endpoint& source, mux_slot& of);
    void note_request(byte_view sent, mux_slot& of);
    void remove(mux_slot& gone) noexcept;
    void drop(mux_drop reason, std::size_t packets) const;

    std::shared_ptr<const udp_mux_options> options_;
    logger log_;
    std::unique_ptr<net::udp_socket> socket_;
    std::unordered_map<std::string, mux_slot*, text_hash, std::equal_to<>> ufrags_;
    std::unordered_map<endpoint, mux_slot*> sources_;
    std::unordered_map<stun::transaction_id, asked, id_hash> requests_;
    std::size_t slots_ = 0;
    net::network* network_ = nullptr;
    // Of a group:
    std::unordered_map<endpoint, unsigned> others_; // what is known of owner_of(), for datagrams to come
    std::map<unsigned, net::parcel> parcels_;       // of this batch
    std::vector<net::datagram> opened_;
    rate questions_{std::chrono::milliseconds(5), 50};
};

/// One UDP port on each address, for any number of ICE agents. Must outlive its slots. Two agents that both
/// share a port have one 5-tuple between them, by which one connection can go at a time.
class udp_mux {
  public:
    /// The network must outlive it.
    udp_mux(net::network& network, const logger& log, udp_mux_options options = {})
        : network_(network)
        , log_(log)
        , options_(std::make_shared<const udp_mux_options>(std::move(options)))
        , chosen_(options_->port) {}
    udp_mux(const udp_mux&) = delete;
    udp_mux& operator=(const udp_mux&) = delete;

    /// On this address. Errors: those of bind(2).
    result<std::unique_ptr<mux_slot>> open(socket_id id, const ip_address& address,
                                           datagram_receiver& receiver);
    /// The open socket on this address; null: there is none.
    [[nodiscard]] std::shared_ptr<mux_port> port_of(const ip_address& address) const;
    void take(net::parcel& from_another);

  private:
    net::network& network_;
    logger log_;
    std::shared_ptr<const udp_mux_options> options_;
    std::uint16_t chosen_;
    std::map<ip_address, std::weak_ptr<mux_port>> ports_;
};

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/udp_mux.ipp"
#endif
