#pragma once

#include "cortc/async/phase.hpp"
#include "cortc/base/config.hpp"
#include "cortc/context/context_core.hpp"
#include "cortc/datachannel/data_channels.hpp"
#include "cortc/dtls/transport.hpp"
#include "cortc/ice/agent.hpp"
#include "cortc/ice/gatherer.hpp"
#include "cortc/sdp/candidate.hpp"
#include "cortc/sdp/fingerprint.hpp"
#include "cortc/srtp/session.hpp"

#include <boost/asio/awaitable.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cortc {

class transport;

/// RTCDtlsTransportState (webrtc-pc 5.5).
enum class dtls_transport_state : std::uint8_t { fresh, connecting, connected, closed, failed };

/// What a transport tells its connection. Called on the context's executor, while the transport drains its
/// engines: the observer may call the transport, and may close it.
class transport_observer {
  public:
    virtual void on_ice_state(transport&, ice::transport_state state) = 0;
    virtual void on_dtls_state(transport&, dtls_transport_state state, const std::string& why) = 0;
    virtual void on_local_candidate(transport&, const std::string& ufrag,
                                    const sdp::candidate& candidate) = 0;
    virtual void on_gathering_done(transport&, const std::string& ufrag) = 0;
    virtual void on_selected_pair(transport&, const std::string& local_ufrag) = 0;
    virtual void on_channel_event(datachannel::channel_event&& event) = 0;
    virtual void on_channel_message(datachannel::incoming_message&& message) = 0;
    /// run() has ended and every socket is closed: the last call.
    virtual void on_transport_ended(transport&) = 0;

  protected:
    ~transport_observer() = default;
};

/// Why a datagram was not handed to an engine.
enum class demux_drop : std::uint8_t {
    empty,
    unknown_protocol, ///< its first byte is none of RFC 7983's
    invalid_source,   ///< DTLS or SRTP from an address that no connectivity check has proven
    no_dtls_yet,      ///< the peer's DTLS parameters are not known
    no_media,         ///< SRTP or SRTCP, and no media was negotiated
    no_srtp_keys,     ///< SRTP or SRTCP, and DTLS is not connected, or has agreed on no protection profile
    no_receiver,      ///< authentic RTP or RTCP that nobody takes
    count
};
std::string_view to_string(demux_drop reason) noexcept;

/// One ICE + DTLS (+ SRTP, + SCTP) transport: what a bundle group shares. Feeds its engines with datagrams
/// and timers, drains them after every change, and runs the phases of a connection as one task (run()).
class transport final : public std::enable_shared_from_this<transport>,
                        private net::datagram_handler,
                        private end_of_turn_client {
  public:
    struct selected {
        ice::path route;
        std::string local_ufrag;
        sdp::candidate local;
        sdp::candidate remote;
    };

    /// The observer must live until close(), which then keeps it alive itself.
    transport(std::shared_ptr<context_core> core, transport_observer& observer);
    ~transport();

    /// Spawns run(). Once.
    void start();

    // ICE
    void set_role(ice::role role);
    /// A new local generation; it answers checks from now on. gather() follows.
    void add_generation(const std::string& ufrag, const std::string& pwd);
    /// A gathering phase for it, by these settings.
    void gather(const std::string& ufrag, const ice::gather_settings& settings);
    void pair_generation(const std::string& local_ufrag, const std::string& ufrag, const std::string& pwd,
                         bool lite);
    void drop_generation(const std::string& local_ufrag);
    void add_remote_candidate(const std::string& remote_ufrag, const sdp::candidate& candidate);
    void end_remote_candidates(const std::string& remote_ufrag);

    // DTLS, SRTP and SCTP
    void set_dtls(dtls_role role, std::shared_ptr<const crypto::certificate> certificate,
                  const std::vector<sdp::fingerprint>& fingerprints);
    /// Media was negotiated: SRTP is taken as soon as DTLS has agreed on its keys (RFC 5764). A connection
    /// for data alone spends no memory on it.
    void expect_media();
    /// The association runs over this transport once DTLS is up. Owned by the connection, and must outlive
    /// the transport or be detached by close().
    void attach(datachannel::data_channels& channels);

    /// Something was given to an engine from outside (a message to send): drains at the end of the turn.
    void touch();
    /// The same, when no engine can have an event for it.
    void wants_turn() {
        if (!closed_) core_->at_end_of_turn(*this);
    }
    /// Tells the peer (SCTP ABORT, close_notify), then closes everything at once. The observer hears
    /// on_transport_ended() when the task has ended, and nothing else; `keep` is held until then.
    void close(std::shared_ptr<void> keep);

    [[nodiscard]] time_point now() const { return core_->network().now(); }
    [[nodiscard]] ice::transport_state ice_state() const noexcept { return ice_state_; }
    [[nodiscard]] dtls_transport_state dtls_state() const noexcept { return dtls_state_; }
    [[nodiscard]] const std::optional<selected>& selected_pair() const noexcept { return selected_; }
    [[nodiscard]] std::uint64_t dropped(demux_drop reason) const noexcept {
        return drops_[static_cast<std::size_t>(reason)];
    }

    // What it is made of, for reports.
    [[nodiscard]] const ice::agent& agent() const noexcept { return agent_; }
    [[nodiscard]] const ice::gatherer& sockets() const noexcept { return gatherer_; }
    /// Null before set_dtls().
    [[nodiscard]] const dtls::transport* dtls() const noexcept { return dtls_ ? &*dtls_ : nullptr; }
    /// Null without media, and while there are no keys.
    [[nodiscard]] const srtp::session* srtp() const noexcept { return srtp_.get(); }
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

    asio::awaitable<void> run();
    void ended();

    void handle_batch(net::udp_socket& socket, std::span<const net::datagram> batch) override;
    void demultiplex(ice::socket_id socket, const net::datagram& packet, time_point now);
    void handle_dtls(ice::socket_id socket, const net::datagram& packet, time_point now);
    void handle_srtp(ice::socket_id socket, const net::datagram& packet, time_point now);
    void handle_timeout();
    void drop(demux_drop reason) noexcept { ++drops_[static_cast<std::size_t>(reason)]; }

    void end_of_turn() override;
    void drain_events();
    bool drain_ice_events();
    void handle_ice_event(ice::event&& event);
    void retire(ice::generation_id id);
    bool drain_dtls();
    void handle_dtls_event(crypto::dtls_event&& event);
    void drain_channels();
    void start_dtls(time_point now);
    void start_srtp();
    void transmit(time_point now);
    void transmit_ice(time_point now);
    void transmit_dtls(time_point now);
    void transmit_channels(time_point now);
    void note_sent(std::uint64_t packets, std::uint64_t bytes, time_point now) noexcept;
    void arm_timer();
    void set_dtls_state(dtls_transport_state state, const std::string& why);

    [[nodiscard]] generation* by_local(std::string_view ufrag) noexcept;
    [[nodiscard]] generation* by_remote(std::string_view ufrag) noexcept;
    [[nodiscard]] generation* by_id(ice::generation_id id) noexcept;
    [[nodiscard]] net::udp_socket* route(ice::path& out) noexcept;

    std::shared_ptr<context_core> core_;
    transport_observer& observer_;
    logger log_;
    ice::agent agent_;
    ice::gatherer gatherer_;
    std::vector<generation> generations_;
    std::optional<dtls::transport> dtls_;
    dtls_role dtls_role_ = dtls_role::client;
    std::unique_ptr<srtp::session> srtp_;
    datachannel::data_channels* channels_ = nullptr;
    std::unique_ptr<net::timer> timer_;
    time_point armed_ = never;
    phase ice_connected_, dtls_ready_, dtls_connected_, channels_attached_, over_;
    ice::transport_state ice_state_ = ice::transport_state::fresh;
    dtls_transport_state dtls_state_ = dtls_transport_state::fresh;
    std::optional<selected> selected_;
    std::optional<crypto::dtls_failure> dtls_failure_;
    ice::traffic data_;
    std::array<std::uint64_t, static_cast<std::size_t>(demux_drop::count)> drops_{};
    std::shared_ptr<void> keep_;
    bool media_ = false;
    bool draining_ = false;
    bool closed_ = false;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/transport/impl/transport.ipp"
#endif
