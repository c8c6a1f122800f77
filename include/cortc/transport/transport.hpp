#pragma once

#include "cortc/async/phase.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/driven.hpp"
#include "cortc/context/context_core.hpp"
#include "cortc/dtls/transport.hpp"
#include "cortc/ice/gatherer.hpp"
#include "cortc/sdp/fingerprint.hpp"
#include "cortc/transport/engine.hpp"
#include "cortc/transport/remote_names.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cortc {

class transport;

/// What a transport tells its connection. Called on the context's executor, while the transport drains its
/// engine: the observer may call the transport, and may close it.
class transport_observer {
  public:
    virtual void on_ice_state(transport&, ice::transport_state state) = 0;
    /// A role conflict was repaired, or the peer is lite (RFC 8445 7.3.1.1, 6.1.1): agents of the same
    /// connection follow.
    virtual void on_role_changed(transport&, ice::role now) = 0;
    virtual void on_dtls_state(transport&, dtls_transport_state state, const std::string& why) = 0;
    virtual void on_local_candidate(transport&, const std::string& ufrag, const ice::local_candidate& from,
                                    const sdp::candidate& candidate) = 0;
    virtual void on_gathering_error(transport&, const std::string& ufrag,
                                    const ice::gathering_error& error) = 0;
    virtual void on_gathering_done(transport&, const std::string& ufrag) = 0;
    virtual void on_selected_pair(transport&, const std::string& local_ufrag) = 0;
    virtual void on_channel_event(datachannel::channel_event&& event) = 0;
    virtual void on_channel_message(datachannel::incoming_message&& message) = 0;
    /// run() has ended and every socket is closed: the last call.
    virtual void on_transport_ended(transport&) = 0;

  protected:
    ~transport_observer() = default;
};

/// The task that drives a transport_engine: its sockets, its timer and its place at the end of the executor's
/// turn. Everything happens on the context's executor.
class transport final : public std::enable_shared_from_this<transport>,
                        private totals_source,
                        private ice::datagram_receiver,
                        private end_of_turn_client,
                        private datagram_sink {
  public:
    using selected = selected_path;

    /// The observer must live until close(), which then keeps it alive itself. `tie_breaker`: none, at
    /// random; `pacing`: none, its own. The transports of a connection share both (RFC 8445 14, 16.1).
    /// `origin`: whose log lines they are.
    transport(std::shared_ptr<context_core> core, transport_observer& observer,
              std::optional<std::uint64_t> tie_breaker = {}, std::shared_ptr<const log_origin> origin = {},
              std::shared_ptr<ice::rate> pacing = {});
    ~transport();

    /// Spawns run(). Once.
    void start();

    // ICE
    void set_role(ice::role role);
    /// A new local generation; it answers checks from now on. gather() follows.
    void add_generation(const std::string& ufrag, const std::string& pwd);
    /// Gathers for no generation yet (RFC 9429 3.5.4): what is found is told to the first that gathers by
    /// these settings, at once. Once, before anything else.
    void gather_ahead(const ice::gather_settings& settings);
    /// A gathering phase for it, by these settings. It ends with the generation; another one replaces it.
    void gather(const std::string& ufrag, const ice::gather_settings& settings);
    void pair_generation(const std::string& local_ufrag, const std::string& ufrag, const std::string& pwd,
                         ice::remote_options options);
    void drop_generation(const std::string& local_ufrag);
    /// Whether addresses are asked for that candidates have names for, from now on.
    void resolve_names(bool allowed) noexcept { resolves_names_ = allowed; }
    void add_remote_candidate(const std::string& remote_ufrag, const sdp::candidate& candidate);
    void end_remote_candidates(const std::string& remote_ufrag);

    // DTLS, SRTP and SCTP
    /// `certificates`: that it may present, the preferred one first.
    void set_dtls(dtls_role role, std::vector<crypto::certificate_ptr> certificates,
                  const std::vector<sdp::fingerprint>& fingerprints);
    /// Media was negotiated: SRTP is taken as soon as DTLS has agreed on its keys (RFC 5764). A connection
    /// for data alone spends no memory on it.
    void expect_media();
    /// The association runs over this transport once DTLS is up. Owned by the connection, and must outlive
    /// the transport or be detached by close().
    void attach(datachannel::data_channels& channels);
    /// It is over; another one may be attached.
    void detach_channels();
    /// Takes what is received of media; null: nobody. Must outlive the transport or be detached.
    void attach(rtp_sink* sink);

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
    ///@{
    /// As the observer was told last.
    [[nodiscard]] ice::transport_state ice_state() const noexcept { return ice_state_; }
    [[nodiscard]] dtls_transport_state dtls_state() const noexcept { return dtls_state_; }
    [[nodiscard]] const std::optional<selected>& selected_pair() const noexcept { return selected_; }
    ///@}
    [[nodiscard]] std::uint64_t dropped(demux_drop reason) const noexcept { return engine_->dropped(reason); }

    // What it is made of, for reports.
    /// What was dropped in it and below, by reason, in the same order always.
    void append_drops(std::vector<drop_count>& into) const;
    [[nodiscard]] const ice::agent& agent() const noexcept { return engine_->agent(); }
    [[nodiscard]] const ice::local_transports& sockets() const noexcept { return sockets_; }
    /// Null before set_dtls().
    [[nodiscard]] const dtls::transport* dtls() const noexcept { return dtls_; }
    /// Null without media, and while there are no keys.
    [[nodiscard]] const srtp::session* srtp() const noexcept { return engine_->media().session(); }
    /// Why DTLS failed, if it has.
    [[nodiscard]] std::optional<crypto::dtls_failure> dtls_failure() const noexcept {
        return engine_->dtls_failure();
    }
    /// Everything but STUN, over every path.
    [[nodiscard]] const ice::traffic& data() const noexcept { return engine_->data(); }

  private:
    using engine_type = driven<transport_engine, transport>;
    friend engine_type;
    class gathering;

    asio::awaitable<void> run();
    void ended(const std::exception_ptr& why);
    void finished();
    /// Calls `step`, which nobody waits for: what it throws (there is no memory, say) ends DTLS, and the
    /// observer is told.
    template <class Step>
    void attempt(Step&& step);
    void give_up(std::string why);
    void say_goodbye() noexcept;

    void add_to(context_totals& all) const override;
    void handle_batch(ice::socket_id from, std::span<const net::datagram> batch) override;
    void handle_lost(ice::socket_id which, const std::string& why) override;
    void handle_timeout();
    void end_of_turn() override;
    byte_span prepare() override;
    void commit(const ice::path& to, std::size_t size) override;
    void arm_timer();

    [[nodiscard]] engine_type::mutation change() noexcept { return engine_.change(*this); }
    void drain(transport_engine& engine);
    void tell(const ice::state_changed& event);
    void tell(path_selected&& event);
    void tell(dtls_state_changed&& event);
    void tell(const ice::server_answer& answer);
    [[nodiscard]] std::shared_ptr<gathering> take_ahead(const ice::gather_settings& settings);
    [[nodiscard]] ice::gather_settings rules(const ice::gather_settings& settings) const;
    void cancel_gathering(const std::string& ufrag) noexcept;
    void close_unused_sockets();

    /// The name that stands for a local address, published at the first use.
    [[nodiscard]] result<std::string> name_of(const net::interface_address& local);

    std::shared_ptr<context_core> core_;
    std::shared_ptr<const log_origin> origin_;
    transport_observer& observer_;
    engine_type engine_;
    ice::local_transports sockets_;
    std::vector<std::shared_ptr<gathering>> gathering_;
    struct ahead {
        std::shared_ptr<gathering> phase; // one of these
        ice::gather_settings settings;
        std::vector<ip_address> addresses; // of the machine, then
    };
    std::optional<ahead> ahead_;
    remote_names remote_names_;
    std::map<ip_address, std::unique_ptr<mdns::published_name>> own_names_;
    const dtls::transport* dtls_ = nullptr; // the engine's
    std::unique_ptr<net::timer> timer_;
    time_point armed_ = never;
    phase over_;
    phase left_; // the relays have
    ice::transport_state ice_state_ = ice::transport_state::fresh;
    dtls_transport_state dtls_state_ = dtls_transport_state::fresh;
    std::optional<selected> selected_;
    std::shared_ptr<void> keep_;
    bool resolves_names_ = true;
    bool draining_ = false;
    bool writing_ = false; // the datagrams of this turn
    bool changed_ = false; // and has to be written again
    bool closed_ = false;
    bool ran_out_ = false;               // run() ended before close()
    std::optional<std::string> failure_; // that the observer was not told yet
    totals_entry counts_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/transport/impl/transport.ipp"
#include "cortc/transport/impl/transport_gathering.ipp"
#endif
