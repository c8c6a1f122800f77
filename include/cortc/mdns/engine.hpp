#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/fifo.hpp"
#include "cortc/base/strong.hpp"
#include "cortc/base/time.hpp"
#include "cortc/mdns/message.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cortc::mdns {

/// A way to one network: a multicast socket.
using link_id = strong<struct mdns_link_tag, std::uint32_t>;
using query_id = strong<struct mdns_query_tag, std::uint64_t>;

/// A name that nobody has told the address of by then is not found. It is asked for at once, after one second
/// and after three (RFC 6762 5.2).
inline constexpr duration query_limit = std::chrono::seconds(5);
/// No answer is repeated sooner on one link (RFC 6762 6).
inline constexpr duration answer_interval = std::chrono::seconds(1);

/// What others can make grow. Whatever goes beyond is dropped and counted.
struct engine_limits {
    std::size_t queries = 64;   ///< names that are asked for at a time
    std::size_t names = 4096;   ///< published at a time
    std::size_t links = 32;     ///< further ones are not used
    std::size_t answers = 1024; ///< that wait until they may be repeated
    std::size_t addresses = 4;  ///< of one name; further ones are not looked at
};

/// A name was found, or not in time.
struct answered {
    query_id query;
    std::vector<ip_address> addresses; ///< none: it was not found
};

/// Asks for random names ending in `.local`, and answers for those that it has made (RFC 6762, as far as
/// draft-ietf-mmusic-mdns-ice-candidates wants it). There is neither probing nor announcing: a name is new
/// and random, so that nobody else has it and nobody has heard of it. Sans-IO: after each call that takes
/// `now`, drain poll_transmit() and poll_event(), and ask next_timeout().
class engine {
  public:
    /// The source must outlive the engine.
    explicit engine(random_source& random, engine_limits limits = {});

    ///@{
    /// What goes over which interface: a name is told only on the interface that has its address.
    bool add_link(link_id id, std::string interface);
    void remove_link(link_id id);
    ///@}

    /// Asks on every link. Nothing (counted) when the name is none of those that are asked for, or too many
    /// are.
    std::optional<query_id> ask(std::string_view name, time_point now);
    /// Its answer is not wanted any more.
    void cancel(query_id id);

    /// A new name for the address. Nothing when there are too many.
    std::optional<std::string> publish(const ip_address& address, std::string interface);
    /// Who knows it is told that it is gone.
    void withdraw(std::string_view name);

    void handle_packet(link_id from, const endpoint& source, byte_view packet, time_point now);
    struct transmit {
        link_id over; ///< to its group
        std::size_t size;
    };
    /// Writes the next message; `out` has room for 1,024 bytes.
    std::optional<transmit> poll_transmit(byte_span out);
    std::optional<answered> poll_event();
    [[nodiscard]] time_point next_timeout() const noexcept;
    void handle_timeout(time_point now);

    /// Nothing is asked for, and no name is published: links are of no use.
    [[nodiscard]] bool idle() const noexcept { return queries_.empty() && names_.empty() && out_.empty(); }
    [[nodiscard]] std::uint64_t dropped(drop_reason reason) const noexcept {
        return drops_[static_cast<std::size_t>(reason)];
    }

  private:
    struct link {
        link_id id;
        std::string interface;
    };
    struct query {
        query_id id;
        std::string name; // in small letters
        time_point ends;
        time_point next;
        duration step;
    };
    struct told { // on a link
        link_id over;
        time_point address;    // not sooner
        time_point nothing;    // that there is no other, likewise
        bool waits = false;    // somebody asked
        bool only_that = true; // for another type alone

        [[nodiscard]] time_point due() const noexcept { return only_that ? nothing : address; }
    };
    struct published {
        ip_address address;
        std::string interface;
        std::vector<told> links{};
    };
    using names = std::map<std::string, published, std::less<>>;
    enum class kind : std::uint8_t { query_a, query_aaaa, answer, no_address, goodbye };
    struct outgoing {
        link_id over;
        kind what;
        std::string name;
        ip_address address{};
    };

    void drop(drop_reason reason) noexcept { ++drops_[static_cast<std::size_t>(reason)]; }
    void send(const query& what);
    void handle_query(const link& from, const message& what, time_point now);
    void handle_response(const message& what, const endpoint& source);
    void answer(const link& from, names::value_type& name, bool only_that, time_point now);
    void tell(const names::value_type& name, told& where, time_point now);

    random_source& random_;
    engine_limits limits_;
    std::vector<link> links_;
    std::vector<query> queries_;
    names names_;
    std::size_t waiting_ = 0; // answers
    fifo<outgoing> out_;
    fifo<answered> events_;
    std::uint64_t last_query_ = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(drop_reason::count)> drops_{};
};

} // namespace cortc::mdns

#if defined(CORTC_HEADER_ONLY)
#include "cortc/mdns/impl/engine.ipp"
#endif
