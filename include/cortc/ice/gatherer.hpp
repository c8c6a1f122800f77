#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/external_address.hpp"
#include "cortc/ice/candidate.hpp"
#include "cortc/ice/local_transports.hpp"
#include "cortc/ice/server.hpp"
#include "cortc/ice/server_queries.hpp"
#include "cortc/net/network.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cortc::ice {

/// The client's end of TLS, or of DTLS over datagrams, to a server of this name (or literal of an address),
/// not started; or why there is none.
using secure_client = std::function<result<std::unique_ptr<crypto::tls_session>, crypto::tls_failed>(
    const std::string& name, bool datagrams)>;

enum class address_family : std::uint8_t { any, ipv4, ipv6 };

/// Which addresses become host candidates.
struct gather_options {
    address_family family = address_family::any;
    bool loopback = false;                                          ///< addresses of loopback interfaces too
    std::function<bool(const net::interface_address&)> filter = {}; ///< empty: every interface
    /// What there is to choose from; empty: network::interfaces().
    std::function<std::vector<net::interface_address>()> interfaces = {};
    std::vector<external_address> external = {}; ///< what stands for them
    secure_client secure = {};                   ///< for servers over TLS and DTLS; empty: none is asked
    /// A name ending in `.local` that stands for a local address, which nobody is told then; without one
    /// there is no candidate. Empty: host candidates tell their addresses.
    std::function<result<std::string>(const net::interface_address&)> name_of = {};
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

/// What came of gathering_events::ask_credentials().
struct credentials_answer {
    std::string username, credential;
    std::string failure; ///< not empty: there are none, because of this
};

/// What a gatherer reports.
class gathering_events {
  public:
    virtual void on_candidate(const local_candidate& candidate) = 0;
    virtual void on_error(const gathering_error& error) = 0;
    /// Has a STUN server asked where it sees this socket; the answer comes by gatherer::handle_answer().
    virtual void ask_server(const path& server) = 0;
    /// Has the source of this server asked; `refused`: it has refused those that it gave before. `done` is
    /// called once, not from inside, unless what is returned is destroyed before.
    [[nodiscard]] virtual std::shared_ptr<void>
    ask_credentials(const server& whom, bool refused, std::function<void(credentials_answer)> done) {
        (void)whom, (void)refused, (void)done;
        return nullptr;
    }
    /// Held while the gatherer does what nobody called it for: what a server answered, or the time that is
    /// over. Its owner may let it go in any event.
    [[nodiscard]] virtual std::shared_ptr<void> keep() = 0;
    /// There will be no more: the last call.
    virtual void on_done() = 0;

  protected:
    ~gathering_events() = default;
};

/// How long one server may keep a gathering phase from its end, with its name, its redirections and all its
/// addresses. Servers are asked side by side.
inline constexpr duration gathering_limit = std::chrono::seconds(10);
/// Addresses of ours that take part, the best first: machines with containers have hundreds, and relays need
/// sockets, too.
inline constexpr std::size_t most_gathering_addresses = 12;
/// Servers that are asked at a time, times our addresses; those beyond are told as errors, not asked.
inline constexpr std::size_t most_gathering_questions = 128;

/// Relays that one phase asks for, over all servers and addresses; those of the servers that come first.
inline constexpr std::size_t relay_limit = 12;
/// ... and of one server: one for each interface and family, from the best address of it.
inline constexpr std::size_t relays_of_server = 4;

/// One gathering phase of one generation (RFC 8445 5.1.1). It opens a UDP socket for each interface address,
/// or takes the one that is open, and reports what it finds at once; then it asks the STUN servers over these
/// sockets, and the TURN servers each over one more, or a connection (TCP, TLS), and reports what they answer
/// as it comes, until all have answered or had their time, or it is cancelled, which may be in any of its
/// events. An allocation that an earlier phase has made of the same server, with the same credentials, is
/// taken again, once the server has said that it still has it. A server that is slow, or away, delays nothing
/// but the end. Throws nothing of its own: what the application's filter throws, say, is an error.
class gatherer final : private relay_listener {
  public:
    /// The transports and the events must outlive it.
    gatherer(local_transports& transports, gathering_events& events, const gather_options& options);
    gatherer(const gatherer&) = delete;
    gatherer& operator=(const gatherer&) = delete;
    ~gatherer();

    /// Once. What the interfaces are now, best first. An address that went away is left out; its socket stays
    /// open as long as an older generation uses it. With the policy `relay` there are only relayed
    /// candidates, which do not say where they are reached from.
    void start(const gather_settings& settings);
    /// What came of ask_server(); others' answers are ignored.
    void handle_answer(const server_answer& answer);
    /// Nothing is reported any more, and nobody asked.
    void cancel() noexcept;
    /// Done or cancelled.
    [[nodiscard]] bool over() const noexcept { return over_; }
    /// Whether it waits for something over this transport.
    [[nodiscard]] bool uses(socket_id socket) const noexcept;

  private:
    /// A base that servers are asked from.
    struct place {
        net::interface_address interface;
        std::uint16_t preference = 0;
        socket_id socket; // of the host candidate
        endpoint base;    // likewise; port 0: there is none
    };
    /// One server, asked from one place at one of its addresses.
    struct attempt {
        std::size_t server = 0, place = 0, address = 0;
        unsigned redirections = 0;
        unsigned mismatches = 0;  // ports that the server remembers from an allocation before
        unsigned credentials = 0; // the how-manieth of its source
        bool of_ipv6 = false;     // alone; else of IPv4, with one of IPv6 where the server has it
        bool extra = false;       // there is a relay already: that it has no other one is no error
        bool anew = false;        // no allocation that is there will do
        std::string domain{};     // that a redirection wants in the certificate (RFC 8489 10)
    };
    /// A server, from its name to its last answer.
    struct asking {
        server whom;
        std::unique_ptr<net::resolution> resolving{};
        std::vector<ip_address> addresses{};
        std::shared_ptr<void> source{};                      // it is asked
        unsigned credentials = 0;                            // that it gave
        std::vector<std::pair<attempt, endpoint>> refused{}; // which wait for new ones
    };
    struct query {
        path to;
        attempt what;
    };
    struct allocating {
        relay* over = nullptr;
        attempt what;
        bool kept = false;  // it had its allocation before: its owner closes it
        time_point until{}; // likewise: when to ask for another one, unless it is confirmed
    };

    void gather_hosts(transport_policy policy);
    void gather_host(place& where);
    [[nodiscard]] std::vector<external_address> external_of(const ip_address& local) const;
    void tell_host(const place& where, const external_address* outside, std::size_t rank);
    [[nodiscard]] std::vector<net::interface_address> wanted_interfaces() const;
    void ask_servers(const gather_settings& settings);
    void resolve(std::size_t server);
    void ask_source(std::size_t server);
    void credentials_came(std::size_t server, credentials_answer answer);
    [[nodiscard]] bool renews(const attempt& what, const endpoint& where, const turn::failed& why);
    void resolved(std::size_t server, const result<std::vector<ip_address>>& found);
    void ask(const attempt& what);
    [[nodiscard]] static bool relays_from(const place& next, const std::vector<const place*>& before);
    void ask_turn(const attempt& what, const endpoint& where);
    void ask_anew(attempt what);
    void ask_other_family(attempt what);
    void keep(relay& known, const attempt& what);
    void confirmation_is_late();
    void tell_relayed(relay& which, const attempt& what);
    /// At the next address of its family, or it has failed.
    void ask_next(attempt what, const endpoint& from, std::uint16_t code, const std::string& text);
    [[nodiscard]] std::optional<std::size_t> next_address(std::size_t server, const place& from,
                                                          std::size_t begin) const noexcept;
    void time_is_over();
    void finish_if_done();
    template <class Step>
    void by_itself(Step&& step);

    void on_allocated(relay& which, const turn::allocated& what) override;
    void on_confirmed(relay& which, const turn::confirmed& what) override;
    void on_failed(relay& which, const turn::failed& why) override;
    void on_redirected(relay& which, const turn::redirected& to) override;
    [[nodiscard]] allocating take(const relay& which);

    void fail(const ip_address* address, std::string text);
    void fail(std::size_t server, const endpoint& from, std::uint16_t code, std::string text);

    local_transports& transports_;
    gathering_events& events_;
    gather_options options_;
    std::vector<place> places_;
    std::vector<asking> servers_;
    std::vector<query> queries_;
    std::vector<allocating> relays_;
    std::size_t relays_asked_ = 0;
    std::unique_ptr<net::timer> limit_, confirm_;
    bool starting_ = false;
    bool conceals_ = false; // the addresses that candidates come from (RFC 8828 5.2)
    bool over_ = false;
};

/// RFC 8421 4: Ethernet before point-to-point before loopback, and within each the families take turns, IPv6
/// first, so that a broken family delays the other by one check only. Stable otherwise.
std::vector<net::interface_address> order_interfaces(std::vector<net::interface_address> addresses);

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/gatherer.ipp"
#include "cortc/ice/impl/gatherer_relays.ipp"
#endif
