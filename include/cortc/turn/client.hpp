#pragma once

#include "cortc/base/buffer.hpp"
#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/endpoint.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/random.hpp"
#include "cortc/base/time.hpp"
#include "cortc/stun/message.hpp"
#include "cortc/turn/authentication.hpp"
#include "cortc/turn/grant.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace cortc::turn {

/// RFC 8656 3.3: the longest header that a payload gets on its way to the server: a Send indication to an
/// IPv6 address (ChannelData takes 4 bytes, IPv4 36).
inline constexpr std::size_t max_header = 48;
/// Bytes that may follow the payload: RFC 8656 12.5 and RFC 8489 14 pad to a multiple of four.
inline constexpr std::size_t max_padding = 3;
/// Room that every request fits in, with the longest name, realm and nonce that RFC 8489 14 allows.
inline constexpr std::size_t max_message = 2400;

enum class client_state : std::uint8_t {
    idle,
    allocating,
    allocated,
    closing, ///< the allocation is being given back
    closed,  ///< by close(), or because it failed
};

/// The server relays from `relayed` now.
struct allocated {
    endpoint relayed;
    endpoint mapped;                          ///< where the server sees us: a server-reflexive candidate
    duration lifetime{};                      ///< that the server gave
    std::optional<endpoint> relayed_too = {}; ///< of a dual allocation the other address, of IPv6
    /// client_config::dual was asked for, and the server does not know it: it may still relay from IPv6, by
    /// an allocation of its own.
    bool knows_no_dual = false;
};
/// What confirm() asked for: the server still has it.
struct confirmed {
    bool elsewhere = false; ///< it names another server, though, where the next one is better asked for
};
/// There is no allocation, or not any more. The last event.
struct failed {
    std::uint16_t code = 0; ///< of the server (RFC 8489 14.8); 0: it did not answer, or not as the RFC has it
    std::string reason;     ///< the server's words, or ours; for a person
};
/// RFC 8489 10: another server is to be asked, by another client. The last event.
struct redirected {
    endpoint server;
    std::string domain; ///< what its certificate has to name; empty: as before
};
/// Nothing goes to this address, though to others; it is asked for again in a minute, if still used.
struct peer_refused {
    ip_address peer;
    std::uint16_t code = 0;
    std::string reason;
};
/// After close(): the server has given back the allocation, or does not answer. The last event.
struct released {};

using client_event = std::variant<allocated, confirmed, failed, redirected, peer_refused, released>;

struct client_limits {
    std::size_t permissions = 256; ///< addresses of peers at a time
    std::size_t channels = 256;    ///< peers whose data goes over a channel; others' goes in indications
    std::size_t held = 16;         ///< payloads that wait for a permission
};

/// RFC 8489 6.2.1, as RFC 8656 5 takes it.
struct client_timings {
    duration rto = std::chrono::milliseconds(500);
    unsigned transmissions = 7;
    unsigned last_wait = 16;                                 ///< times rto, after the last transmission
    duration over_stream = std::chrono::milliseconds(39500); ///< for an answer, where nothing is sent twice
    duration to_release = std::chrono::seconds(2);           ///< that close() waits for the server
};

struct client_config {
    explicit client_config(random_source& source) : random(source) {}

    random_source& random; ///< of transaction ids; must outlive the client
    logger log;
    std::string username, password;             ///< RFC 8489 9.2
    bool stream = false;                        ///< over TCP or TLS: framed, and nothing is sent twice
    std::optional<stun::address_family> family; ///< of the relayed address; none: the server's choice, IPv4
    bool dual = false;    ///< without `family`: an address of IPv6 beside (RFC 8656 7.1), if it has one
    std::string software; ///< SOFTWARE; empty: none
    client_limits limit;
    client_timings time;
};

/// Payloads and packets, and why some were dropped.
struct client_statistics {
    std::uint64_t requests_sent = 0; ///< repetitions included
    std::uint64_t channel_data_sent = 0, indications_sent = 0;
    std::uint64_t channel_data_received = 0, indications_received = 0;
    std::uint64_t dropped_wrong_family = 0;  ///< to an address that the relay cannot reach
    std::uint64_t dropped_refused = 0;       ///< the server refuses the peer, or does not answer
    std::uint64_t dropped_over_limit = 0;    ///< beyond client_limits
    std::uint64_t dropped_not_allocated = 0; ///< before, or after
    std::uint64_t received_malformed = 0;
    std::uint64_t received_unexpected = 0;  ///< no request waits for it, no such channel, no permission
    std::uint64_t received_unauthentic = 0; ///< an answer whose integrity is missing or wrong
};

/// A payload that a peer sent to the relayed address. The view is into the packet.
struct relayed {
    endpoint peer;
    byte_view payload;
};

/// A TURN client with one allocation (RFC 8656), over datagrams or a stream. Sans-IO: after each call that
/// takes `now`, drain poll_transmit() and poll_event(), and ask next_timeout(). Where the packets go, over
/// UDP, TCP, TLS or DTLS, is the owner's business; one client asks one server once. To ask again, or
/// another server, takes another client (over another socket: RFC 8656 7.2 has one allocation a 5-tuple).
///
/// The first payload to an address asks for a permission and is held until it is there, up to a limit. From
/// the first payload on that is no STUN message a channel is asked for, and used as soon as it is bound.
/// Both are renewed as long as they are used; the allocation as long as the client lives.
class client {
  public:
    explicit client(client_config config);
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    /// Once.
    void start(time_point now);
    /// Asks whether the server still has the allocation, by a Refresh: `confirmed` or `failed` follows, or
    /// neither while it does not answer. Nothing without an allocation.
    void confirm(time_point now);
    /// Gives the allocation back (RFC 8656 8: a lifetime of 0). `released` follows within
    /// client_timings::to_release.
    void close(time_point now);
    [[nodiscard]] client_state state() const noexcept { return state_; }
    [[nodiscard]] const std::optional<endpoint>& relayed_address() const noexcept { return relayed_; }

    /// A packet from the server: a datagram, or one frame of a stream (frame_size()). What it carries of a
    /// peer, if anything.
    std::optional<relayed> handle_packet(byte_view packet, time_point now);

    /// How a payload goes out.
    struct wrapping {
        std::size_t header = 0;  ///< so many bytes at the end of `before` are now the header
        std::size_t padding = 0; ///< so many at the begin of `after` are now zero and belong to the packet
    };
    /// Writes what surrounds `payload` on its way to `peer`: `before` is the room in front of it, at least
    /// `max_header` bytes, `after` what follows it, at least `max_padding`. Nothing when it cannot be sent
    /// now: it was copied and will come out of poll_transmit(), or dropped and counted.
    std::optional<wrapping> wrap(const endpoint& peer, byte_span before, byte_view payload, byte_span after,
                                 time_point now);

    /// Writes the next packet to the server; `out` has room for at least `max_message` bytes. Nothing when
    /// there is none.
    std::optional<std::size_t> poll_transmit(byte_span out, time_point now);
    std::optional<client_event> poll_event();
    [[nodiscard]] time_point next_timeout() const noexcept;
    void handle_timeout(time_point now);

    [[nodiscard]] const client_statistics& statistics() const noexcept { return statistics_; }

  private:
    struct request {
        stun::transaction_id id{};
        stun::method method{};
        endpoint peer{}; // of CreatePermission and ChannelBind
        std::uint16_t channel = 0;
        unsigned challenges = 0; // that were answered
        bool is_signed = false;
        unsigned transmissions = 0;
        time_point next = time_point::min(); // transmission, or the end
        buffer message{};
        std::optional<failed> noted{}; // an error that nobody signed
    };
    struct permission {
        ip_address address;
        turn::grant grant;
    };
    struct channel {
        endpoint peer;
        std::uint16_t number = 0;
        turn::grant grant;
        bool bound = false; // once, at least
    };
    struct held {
        endpoint peer;
        buffer payload;
    };

    void send_request(request what, time_point now);
    void write(request& what);
    [[nodiscard]] bool last(const request& what) const noexcept;
    void transmitted(request& what, time_point now);
    void expire(request what, time_point now);

    void handle_response(const stun::message& message, time_point now);
    void handle_success(const request& asked, const stun::message& message, time_point now);
    void handle_error(request asked, const stun::message& message, time_point now);
    void challenged(request asked, const stun::message& message, failed why, time_point now);
    void redirect(const stun::message& message);
    [[nodiscard]] bool relays_family_of(const endpoint& peer) const noexcept;
    void granted_allocation(const stun::message& message, time_point now);
    void refreshed(const stun::message& message, time_point now);
    void refuse(const request& asked, failed why, time_point now);
    std::optional<relayed> handle_channel_data(byte_view packet, time_point now);
    std::optional<relayed> handle_data(const stun::message& message, time_point now);

    void set_lifetime(duration lifetime, time_point now);
    void ask_permission(permission& of, time_point now);
    void ask_channel(channel& of, time_point now);
    void refresh(time_point now);
    void fail(failed why);
    void end();
    [[nodiscard]] permission* find(const ip_address& peer) noexcept;
    [[nodiscard]] channel* find(const endpoint& peer) noexcept;
    [[nodiscard]] permission* permission_for(const ip_address& peer, time_point now);
    [[nodiscard]] channel* channel_for(const endpoint& peer, time_point now);
    std::optional<wrapping> write_around(const endpoint& peer, byte_span before, byte_view payload,
                                         byte_span after, time_point now);
    void hold(const endpoint& peer, byte_view payload);
    void drop_held(const ip_address& peer) noexcept;

    client_config config_;
    authentication authentication_;
    client_state state_ = client_state::idle;
    std::optional<endpoint> relayed_, relayed_too_;
    bool confirming_ = false;
    time_point refresh_at_ = never, ends_ = never, release_by_ = never;
    std::vector<request> requests_; // on their way; few
    std::vector<permission> permissions_;
    std::vector<channel> channels_;
    std::deque<held> held_;
    std::deque<client_event> events_;
    client_statistics statistics_;
};

} // namespace cortc::turn

#if defined(CORTC_HEADER_ONLY)
#include "cortc/turn/impl/client.ipp"
#include "cortc/turn/impl/client_data.ipp"
#endif
