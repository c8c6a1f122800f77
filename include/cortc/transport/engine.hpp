#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/time.hpp"
#include "cortc/datachannel/data_channels.hpp"
#include "cortc/dtls/association.hpp"
#include "cortc/ice/agent.hpp"
#include "cortc/ice/server_queries.hpp"
#include "cortc/net/network.hpp"
#include "cortc/sdp/candidate.hpp"
#include "cortc/transport/demultiplexer.hpp"
#include "cortc/transport/media_part.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cortc {

/// RTCDtlsTransportState (webrtc-pc 5.5).
enum class dtls_transport_state : std::uint8_t { fresh, connecting, connected, closed, failed };

/// The path that carries the data, and its candidates as they were signaled.
struct selected_path {
    ice::path route;
    std::string local_ufrag;
    sdp::candidate local;
    sdp::candidate remote;
};

/// Data goes this way from now on.
struct path_selected {
    selected_path what;
};
/// A generation is gone, replaced or taken back; its sockets may go where no other one uses them.
struct generation_gone {
    std::string local_ufrag;
};
struct dtls_state_changed {
    dtls_transport_state to;
    std::string why; ///< of an end, for a person
};
using transport_event = std::variant<ice::state_changed, ice::role_changed, path_selected, generation_gone,
                                     dtls_state_changed, ice::server_answer>;

/// Where a transport's datagrams go.
class datagram_sink {
  public:
    /// Room for the largest datagram (net::send_batch::max_datagram), until the next call.
    [[nodiscard]] virtual byte_span prepare() = 0;
    /// Takes the first `size` bytes of it.
    virtual void commit(const ice::path& to, std::size_t size) = 0;

  protected:
    ~datagram_sink() = default;
};

struct transport_engine_config {
    explicit transport_engine_config(random_source& source) : random(source) {}

    random_source& random; ///< must outlive the engine
    ice::timings time;
    ice::limits limit;
    std::optional<std::uint64_t> tie_breaker; ///< none: at random
    std::shared_ptr<ice::rate> pacing;        ///< of checks; none: its own
    bool early_nomination = false;            ///< see ice::agent_config; likewise
    bool lite = false;
    logger log;
    logger ice_log;
    byte_span scratch; ///< where a packet is decrypted before it is copied out: at least 64 KiB, for the
                       ///< length of a call, and shared with whom you like
};

/// One ICE + DTLS (+ SRTP, + SCTP) transport as an engine: what a bundle group shares. It knows the way of
/// each datagram in, the order of those that go out, and the phases: DTLS begins when ICE has connected (or,
/// as its server, with the peer's first record), SRTP and SCTP when DTLS has.
///
/// Sans-IO: after each call drain() its events, in the same turn transmit(), then ask next_timeout(). What is
/// called in a wrong order or comes after close() has no effect.
class transport_engine {
  public:
    explicit transport_engine(const transport_engine_config& config);
    transport_engine(const transport_engine&) = delete;
    transport_engine& operator=(const transport_engine&) = delete;

    // ICE. Generations are known by their local ufrag, and where the peer's candidates come, by its ufrag.
    void set_role(ice::role role);
    /// A new local generation; it answers checks from now on.
    void add_generation(const std::string& ufrag, const std::string& pwd, time_point now);
    [[nodiscard]] bool has_generation(std::string_view local_ufrag) const noexcept;
    /// What to signal, if it is new (ice::agent has the rules).
    std::optional<sdp::candidate> add_local_candidate(std::string_view local_ufrag,
                                                      const ice::local_candidate& candidate, time_point now);
    /// What was sent from there is gone (see ice::agent::remove_socket).
    void remove_socket(ice::socket_id socket, time_point now);
    void end_local_candidates(std::string_view local_ufrag, time_point now);
    /// Asks a STUN server where it sees that socket; an ice::server_answer follows.
    void ask_server(const ice::path& server);
    void pair_generation(std::string_view local_ufrag, const ice::credentials& remote,
                         ice::remote_options options, time_point now);
    /// Rollback: as if it had never been.
    void drop_generation(std::string_view local_ufrag, time_point now);
    /// `resolved`: what the name in it stands for.
    void add_remote_candidate(std::string_view remote_ufrag, const sdp::candidate& candidate, time_point now,
                              const std::optional<ip_address>& resolved = {});
    void end_remote_candidates(std::string_view remote_ufrag, time_point now);

    // DTLS, SRTP and SCTP
    /// Once; a second one is ignored.
    void set_dtls(std::unique_ptr<dtls::association> association, dtls_role role, time_point now);
    /// A step of DTLS that ran elsewhere is done.
    void dtls_returned(time_point now);
    /// Media was negotiated: SRTP is taken as soon as DTLS has agreed on its keys (RFC 5764).
    void expect_media();
    /// Takes what is authentic; null: dropped and counted. Must outlive the engine or be detached.
    void attach(rtp_sink* sink) noexcept { media_.attach(sink); }
    /// The association runs over this transport once DTLS is up. Must outlive the engine or be detached by
    /// close().
    void attach(datachannel::data_channels& channels, time_point now);
    /// It is over: what it has to say is written, then another one may come.
    void detach_channels(datagram_sink& out, time_point now);

    void handle_datagram(ice::socket_id socket, const net::datagram& packet, time_point now);
    void handle_timeout(time_point now);
    [[nodiscard]] time_point next_timeout() const noexcept;
    /// Writes everything there is to send: answers and checks of ICE, the handshake, then the messages, whose
    /// packets carry acknowledgements of all that was received before.
    void transmit(datagram_sink& out, time_point now);
    /// Whoever drives it cannot go on: as if DTLS had failed.
    void fail(const std::string& why);
    /// Tells the peer what was sent in this turn, then that it is over (SCTP ABORT, close_notify). There is
    /// nothing after that: no event, no datagram, no timeout. While a step of DTLS runs elsewhere, nothing is
    /// said.
    void close(datagram_sink& out, time_point now);
    /// The same without a word.
    void end() noexcept;

    [[nodiscard]] std::optional<transport_event> poll_event();
    /// Takes everything there is to report until there is nothing: `on` has operators for each
    /// transport_event, a channel_event and an incoming_message. It may call the engine, and close it.
    template <class Handler>
    void drain(Handler&& on) {
        for (;;) {
            if (auto event = poll_event()) {
                std::visit(on, std::move(*event));
            } else if (auto of_channel = channels_ ? channels_->poll_event() : std::nullopt) {
                on(std::move(*of_channel));
            } else if (auto message = channels_ ? channels_->poll_message() : std::nullopt) {
                on(std::move(*message));
            } else {
                return;
            }
        }
    }

    /// As of now: events that were not drained yet may tell of it.
    [[nodiscard]] dtls_transport_state dtls_state() const noexcept { return dtls_state_; }
    [[nodiscard]] bool closed() const noexcept { return closed_; }
    [[nodiscard]] std::uint64_t dropped(demux_drop reason) const noexcept {
        return drops_[static_cast<std::size_t>(reason)];
    }
    [[nodiscard]] const ice::agent& agent() const noexcept { return agent_; }
    [[nodiscard]] const media_part& media() const noexcept { return media_; }
    /// Why DTLS failed, if it has.
    [[nodiscard]] std::optional<crypto::dtls_failure> dtls_failure() const noexcept { return dtls_failure_; }
    /// Everything but STUN, over every path.
    [[nodiscard]] const ice::traffic& data() const noexcept { return data_; }

  private:
    struct generation {
        ice::generation_id id;
        std::string local_ufrag;
        std::string remote_ufrag; // empty: not paired yet
    };

    [[nodiscard]] generation* by_local(std::string_view ufrag) noexcept;
    [[nodiscard]] generation* by_remote(std::string_view ufrag) noexcept;
    [[nodiscard]] generation* by_id(ice::generation_id id) noexcept;
    void forget(ice::generation_id id);

    void handle_dtls(const ice::path& from, const net::datagram& packet, time_point now);
    void handle_srtp(const ice::path& from, const net::datagram& packet, time_point now);
    void drop(demux_drop reason) noexcept { ++drops_[static_cast<std::size_t>(reason)]; }

    void take_ice_events(time_point now);
    void take_answers();
    void on(ice::state_changed&& event, time_point now);
    void on(ice::selected_pair_changed&& event);
    void take_dtls_events(time_point now, const ice::path* from = nullptr);
    void on(crypto::dtls_connected&& event, time_point now);
    void on(crypto::dtls_closed&& event);
    void on(crypto::dtls_failed&& event);

    void start_dtls(time_point now);
    void start_srtp();
    void connect_channels(time_point now);
    void take_packet(byte_view packet, time_point now);
    void set_dtls_state(dtls_transport_state state, const std::string& why = {});

    void transmit_ice(datagram_sink& out, time_point now);
    void transmit_dtls(datagram_sink& out, time_point now);
    void transmit_channels(datagram_sink& out, time_point now);
    void note_sent(std::uint64_t packets, std::uint64_t size, time_point now) noexcept;

    logger log_;
    byte_span scratch_;
    ice::request_table requests_;
    ice::agent agent_;
    ice::server_queries queries_;
    std::vector<generation> generations_;
    std::unique_ptr<dtls::association> dtls_;
    dtls_role dtls_role_ = dtls_role::client;
    media_part media_;
    datachannel::data_channels* channels_ = nullptr;
    std::vector<bytes> early_;       // SCTP packets that came before channels_ did
    std::optional<ice::path> route_; // as selected last
    ice::generation_id route_of_{};
    bool ice_connected_ = false; // once
    dtls_transport_state dtls_state_ = dtls_transport_state::fresh;
    std::optional<crypto::dtls_failure> dtls_failure_;
    std::vector<transport_event> events_; // few and seldom
    ice::traffic data_;
    demux_drops drops_{};
    bool closed_ = false;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/transport/impl/engine.ipp"
#endif
