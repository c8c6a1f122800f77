#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/endpoint.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/random.hpp"
#include "cortc/base/ring.hpp"
#include "cortc/base/strong.hpp"
#include "cortc/base/time.hpp"
#include "cortc/crypto/secret.hpp"
#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"
#include "cortc/turn/nonces.hpp"
#include "cortc/turn/peer_policy.hpp"
#include "cortc/turn/port_pool.hpp"
#include "cortc/turn/server_options.hpp"
#include "cortc/turn/source_limit.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace cortc::turn {

namespace detail {

/// Comprehension-required attributes that the codec knows, but a TURN server does not (RFC 8489 6.3.1).
inline constexpr std::array unsupported_attributes{
    stun::attribute_type::change_request, stun::attribute_type::priority,
    stun::attribute_type::use_candidate,  stun::attribute_type::padding,
    stun::attribute_type::response_port,  stun::attribute_type::connection_id,
    stun::attribute_type::access_token};

/// Whether PASSWORD-ALGORITHMS is sent: RFC 5389 knows MD5 alone.
[[nodiscard]] inline bool announces(const server_options& options) noexcept {
    return options.password_algorithms.size() != 1 ||
           options.password_algorithms[0] != stun::password_algorithm::md5;
}

} // namespace detail

/// A socket that clients send to, or one connection of a stream.
using server_socket = strong<struct server_socket_tag, std::uint32_t>;
/// One relayed address of an allocation. Numbers are small, and used again.
using relay_id = strong<struct relay_id_tag, std::uint32_t>;

/// The 5-tuple of a client: answers go the way the question came.
struct client_path {
    server_socket via;
    endpoint client;
    bool stream = false; ///< TCP or TLS: ChannelData is padded

    friend bool operator==(const client_path&, const client_path&) = default;
};
struct client_path_hash {
    std::size_t operator()(const client_path& path) const noexcept {
        return std::hash<endpoint>{}(path.client) * 31 + path.via.value();
    }
};

/// A socket is wanted at `local` (port 0: any): relay_opened() or relay_refused() is to follow.
struct open_relay {
    relay_id which;
    endpoint local;
};
/// The socket is to be closed.
struct close_relay {
    relay_id which;
};
using server_event = std::variant<open_relay, close_relay>;

/// A TURN and STUN server (RFC 8656, RFC 8489) for UDP peers. Sans-IO: after each call that takes `now`,
/// drain poll_transmit() and poll_event(), and ask next_timeout(). Sockets are the owner's.
///
/// What is repeated is answered as the first time. Of what strangers send nothing is kept: nonces are
/// stateless, and an allocation takes credentials. The data of a relayed address goes straight to the client
/// that has it, not out of the machine, if it is this server's own.
class server_engine {
  public:
    /// Room that every answer fits in, and every header in front of a payload to a client.
    static constexpr std::size_t max_answer = 2400;
    static constexpr std::size_t max_header = 48, max_padding = 3;

    /// `calendar` tells the time of REST credentials. `own` are addresses of the server itself: no peers.
    ///
    /// @par Errors
    /// - errc::type, errc::syntax, errc::range: an option is missing or wrong; what() names it.
    server_engine(random_source& random, logger log, server_options options,
                  std::function<unix_time()> calendar, const std::vector<ip_address>& own);
    server_engine(const server_engine&) = delete;
    server_engine& operator=(const server_engine&) = delete;
    ~server_engine();

    /// A payload on its way to a peer.
    struct outbound {
        relay_id relay; ///< whose socket sends it
        endpoint peer;
        byte_view payload;     ///< inside the packet
        bool straight = false; ///< `relay` is this server's own: handle_relayed(relay, peer, payload) instead
    };
    /// From a client: a datagram, or one frame of a stream (frame_size()). What it has for a peer, if
    /// anything.
    std::optional<outbound> handle_packet(const client_path& from, byte_view packet, time_point now);

    /// How a payload goes to a client.
    struct inbound {
        const client_path* to = nullptr;
        std::size_t header = 0;  ///< so many bytes at the end of `before`
        std::size_t padding = 0; ///< so many zeros at the begin of `after`
    };
    /// From a peer to a relayed address. Writes what surrounds the payload on its way to the client: `before`
    /// has at least max_header bytes, `after` max_padding. Nothing: it is dropped, and counted. Reads no
    /// byte of `payload`.
    std::optional<inbound> handle_relayed(relay_id at, const endpoint& peer, byte_view payload,
                                          byte_span before, byte_span after, time_point now);

    ///@{
    /// What came of open_relay.
    void relay_opened(relay_id which, const endpoint& local, time_point now);
    void relay_refused(relay_id which, time_point now);
    ///@}
    /// A stream has ended: so has its allocation (RFC 8656 7.3).
    void path_ended(const client_path& which, time_point now);

    /// No new allocations from now on: with an alternate server of their family clients are sent there (300),
    /// the others get 508. What is allocated stays.
    void stop_accepting(std::optional<endpoint> alternate);
    /// All allocations end.
    void close_all(time_point now);

    /// Where the next answer goes, and how many bytes of `out` (at least max_answer) it has.
    struct transmit {
        client_path to;
        std::size_t size;
    };
    std::optional<transmit> poll_transmit(byte_span out);
    std::optional<server_event> poll_event();
    [[nodiscard]] time_point next_timeout() const noexcept;
    void handle_timeout(time_point now);

    /// The owner counts what a client has not read.
    void dropped_slow() noexcept { ++statistics_.dropped_slow; }
    [[nodiscard]] const server_statistics& statistics() const noexcept { return statistics_; }
    [[nodiscard]] bool has_allocation(const client_path& path) const { return paths_.contains(path); }

  private:
    /// The request that is answered.
    struct asked {
        client_path from;
        stun::method method{};
        stun::transaction_id id{};
        bool fingerprint = false;
        bool is_signed = false, sha256 = false; // how the answer is
        crypto::secret<32> key{};
    };
    struct credential {
        std::string username;
        stun::password_algorithm algorithm{};
        crypto::secret<32> key;
    };
    struct relayed {
        enum class state : std::uint8_t { none, opening, open, failed };
        state is = state::none;
        bool wanted = false;
        std::uint16_t port = 0; // of the pool; 0: the system's
        unsigned attempts = 0;
        stun::error why{}; // it failed
        endpoint address;  // as clients are told
    };
    struct channel {
        endpoint peer;
        time_point ends;
    };
    struct permission {
        time_point ends;
        bool own = false; // of the server's: for its relayed addresses alone
    };
    struct allocation {
        std::uint32_t number = 0;
        asked request; // that made it
        bool complete = false;
        credential owner;
        std::string quota; // whose it counts for
        bool even = false, reserve = false;
        std::optional<std::array<std::byte, 8>> token;
        std::optional<std::uint16_t> reserved; // the port that the token held
        std::array<relayed, 2> relays;         // IPv4, IPv6
        bool dual = false;                     // both were asked for
        time_point since{}, ends{};
        std::chrono::seconds granted{};
        std::unordered_map<ip_address, permission> permissions;
        std::unordered_map<std::uint16_t, channel> channels;
        std::unordered_map<endpoint, std::uint16_t> numbers; // of channels
        std::uint64_t packets_to_peers = 0, bytes_to_peers = 0, packets_to_client = 0, bytes_to_client = 0;
    };
    struct reservation {
        std::array<std::byte, 8> token{};
        std::uint16_t port = 0;
        time_point ends{};
    };
    struct local_relay {
        ip_address local, external;
        port_pool ports;
        bool ranged = false;
    };

    // server_engine.ipp
    void handle_request(const client_path& from, const stun::message& request, time_point now);
    void authentic(const asked& what, const stun::message& request, credential who, time_point now);
    void handle_binding(asked what, const stun::message& request);
    template <class Add>
    void answer(const asked& what, stun::message_class cls, Add&& add);
    void refuse(const asked& what, stun::error code);
    void count_refusal(stun::error code) noexcept;
    [[nodiscard]] allocation* find(const client_path& path) noexcept;

    // server_authentication.ipp
    [[nodiscard]] std::optional<credential> authenticate(asked& what, const stun::message& request,
                                                         time_point now);
    [[nodiscard]] std::optional<stun::password_algorithm> algorithm_of(const stun::message& request) const;
    [[nodiscard]] bool verify(asked& what, const stun::message& request, const credential& with) const;
    [[nodiscard]] std::vector<user_secret> secrets_of(std::string_view username) const;
    [[nodiscard]] std::optional<crypto::secret<32>> key_of(std::string_view username, const user_secret& of,
                                                           stun::password_algorithm algorithm) const;
    void challenge(const asked& what, stun::error code, time_point now);
    void refuse_stranger(const asked& what, stun::error code, time_point now);

    // server_allocations.ipp
    void allocate(const asked& what, const stun::message& request, credential who, time_point now);
    [[nodiscard]] std::optional<stun::error> read_allocate(const stun::message& request, allocation& into,
                                                           time_point now);
    [[nodiscard]] std::optional<stun::error> room_for(const allocation& what, const client_path& from);
    void open_next(allocation& of, time_point now);
    [[nodiscard]] bool draw_port(allocation& of, std::size_t family, time_point now);
    void failed(relayed& which, stun::error why) noexcept;
    void complete(allocation& of, time_point now);
    void answer_allocate(const asked& what, const allocation& of);
    void refresh(const asked& what, const stun::message& request, allocation& of, time_point now);
    [[nodiscard]] std::chrono::seconds lifetime_for(const stun::message& request) const noexcept;
    void set_end(allocation& of, std::chrono::seconds lifetime, time_point now);
    void close_relay_of(allocation& of, std::size_t family);
    void end(allocation& of, std::string_view why, time_point now);
    [[nodiscard]] std::string quota_of(std::string_view username) const;
    [[nodiscard]] relay_id id_of(const allocation& of, std::size_t family) const noexcept {
        return relay_id(static_cast<std::uint32_t>(of.number * 2 + family));
    }
    [[nodiscard]] allocation* of_relay(relay_id which) noexcept;

    // server_data.ipp
    void create_permission(const asked& what, const stun::message& request, allocation& of, time_point now);
    [[nodiscard]] std::optional<std::uint16_t> channel_of(const stun::message& request) const;
    void bind_channel(const asked& what, const stun::message& request, allocation& of, time_point now);
    [[nodiscard]] std::optional<stun::error> may_reach(const allocation& of, const ip_address& peer) const;
    [[nodiscard]] bool is_own_relay(const ip_address& peer) const noexcept;
    bool permit(allocation& of, const ip_address& peer, time_point now);
    [[nodiscard]] std::optional<outbound> handle_channel_data(const client_path& from, byte_view packet,
                                                              time_point now);
    [[nodiscard]] std::optional<outbound> handle_send(const client_path& from, const stun::message& message,
                                                      time_point now);
    [[nodiscard]] std::optional<outbound> to_peer(allocation& of, const endpoint& peer, byte_view payload,
                                                  time_point now);

    random_source& random_;
    logger log_;
    server_options options_;
    std::function<unix_time()> calendar_;
    peer_policy policy_;
    nonces nonces_;
    source_limit challenges_;
    std::array<std::optional<local_relay>, 2> local_; // IPv4, IPv6
    bool accepting_ = true;
    std::vector<std::unique_ptr<allocation>> allocations_; // by number; null: free
    std::vector<std::uint32_t> free_;
    std::unordered_map<client_path, std::uint32_t, client_path_hash> paths_;
    std::unordered_map<endpoint, relay_id> relayed_; // every relayed address
    std::unordered_map<std::string, std::size_t> quotas_;
    std::set<std::pair<time_point, std::uint32_t>> ends_;
    std::vector<reservation> reservations_; // few
    ring<server_event> events_;
    struct pending_answer {
        client_path to;
        std::size_t size = 0;
        std::array<std::byte, max_answer> bytes;
    };
    std::unique_ptr<pending_answer> answer_; // one at a time: each call is drained
    server_statistics statistics_;
};

template <class Add>
void server_engine::answer(const asked& what, stun::message_class cls, Add&& add) {
    answer_->to = what.from;
    stun::message_writer out(answer_->bytes, cls, what.method, what.id);
    add(out);
    if (!options_.software.empty()) out.add_software(options_.software);
    if (what.is_signed) {
        // RFC 8489 9.2.4: with the attribute that the request had.
        if (what.sha256)
            out.add_integrity_sha256(what.key.view());
        else
            out.add_integrity(what.key.view());
    }
    if (what.fingerprint) out.add_fingerprint();
    answer_->size = out.size();
}

} // namespace cortc::turn

#if defined(CORTC_HEADER_ONLY)
#include "cortc/turn/impl/server_allocations.ipp"
#include "cortc/turn/impl/server_authentication.ipp"
#include "cortc/turn/impl/server_data.ipp"
#include "cortc/turn/impl/server_engine.ipp"
#endif
