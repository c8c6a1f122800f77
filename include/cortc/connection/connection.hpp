#pragma once

#include "cortc/configuration.hpp"
#include "cortc/connection/channel.hpp"
#include "cortc/ice/server.hpp"
#include "cortc/ice_candidate.hpp"
#include "cortc/jsep/operations_chain.hpp"
#include "cortc/jsep/session.hpp"
#include "cortc/media_stream.hpp"
#include "cortc/rtp_transceiver.hpp"
#include "cortc/session_description.hpp"
#include "cortc/states.hpp"
#include "cortc/stats.hpp"
#include "cortc/transport/transport.hpp"

#include "cortc/connection/media_stream.hpp"
#include "cortc/connection/transceiver.hpp"
#include "cortc/connection/transport_view.hpp"
#include "cortc/identity/parties.hpp"

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cortc {

namespace detail {
[[nodiscard]] jsep::sdp_type to_jsep(SdpType type) noexcept;
[[nodiscard]] SessionDescription from_jsep(jsep::description&& description);
[[nodiscard]] std::exception_ptr to_exception(const jsep::error& error);
/// a=fingerprint of a certificate.
[[nodiscard]] std::vector<sdp::fingerprint> sdp_fingerprints(const crypto::certificate& of);
[[nodiscard]] IceTransportState to_w3c(ice::transport_state state) noexcept;
[[nodiscard]] DtlsTransportState to_w3c(dtls_transport_state state) noexcept;
[[nodiscard]] SignalingState to_w3c(jsep::signaling_state state) noexcept;
/// Throws what the engine says, as the error of `where`.
[[noreturn]] void refuse(std::string_view where, const jsep::error& why);
} // namespace detail

/// What a PeerConnection owns: the offer/answer engine and its operations chain, the transports it asks for,
/// the data channels, the states and the event streams. Belongs to the context's executor.
class connection final : public std::enable_shared_from_this<connection>,
                         public transceiver_owner,
                         public transport_owner,
                         private transport_observer {
  public:
    connection(std::shared_ptr<context_core> core, Configuration configuration);
    ~connection();

    [[nodiscard]] const std::shared_ptr<context_core>& core() const noexcept { return core_; }

    // Configuration (connection_configuration.ipp)
    void set_configuration(Configuration next);
    [[nodiscard]] const Configuration& configuration() const noexcept { return configuration_; }

    // Operations (connection_negotiation.ipp)
    void create_offer(OfferOptions options, waiter_ptr<SessionDescription> operation);
    void create_answer(waiter_ptr<SessionDescription> operation);
    void set_local(std::optional<SessionDescription> description, waiter_ptr<void> operation);
    void set_remote(SessionDescription description, waiter_ptr<void> operation);
    void add_candidate(IceCandidate candidate, waiter_ptr<void> operation);
    void restart_ice();
    [[nodiscard]] event_stream<void>& negotiation_events() noexcept { return negotiation_events_; }

    // Identity (connection_identity.ipp)
    void set_identity_provider(std::shared_ptr<IdentityProvider> provider, std::string domain,
                               IdentityProviderOptions options);
    void identity_assertion(waiter_ptr<std::string> operation);
    void peer_identity(waiter_ptr<IdentityAssertion> operation);
    [[nodiscard]] const provider_report& identity_report() const noexcept { return *identity_report_; }

    // Channels (connection_channels.ipp)
    std::shared_ptr<channel_impl> create_channel(std::string label, DataChannelInit init);
    [[nodiscard]] event_stream<DataChannel>& channels() noexcept { return incoming_channels_; }
    [[nodiscard]] datachannel::data_channels* sctp() noexcept { return sctp_.get(); }
    [[nodiscard]] time_point now() { return core_->network().now(); }
    [[nodiscard]] std::optional<std::uint16_t> max_channels() const;
    [[nodiscard]] std::optional<std::size_t> max_message_size() const;
    /// The SCTP engine was given something to do.
    void touch_sctp();
    /// The same when no event can have come of it: a message to send.
    void sctp_has_output();
    /// The application has a message of this size.
    void consume(std::size_t bytes);

    // Transceivers (connection_media.ipp)
    [[nodiscard]] const std::vector<std::shared_ptr<transceiver_impl>>& transceivers() const noexcept {
        return transceivers_;
    }
    std::shared_ptr<transceiver_impl> add_transceiver(MediaKind kind, std::optional<MediaStreamTrack> track,
                                                      const RtpTransceiverInit& init);
    std::shared_ptr<transceiver_impl> add_track(const MediaStreamTrack& track,
                                                const std::vector<MediaStream>& streams);
    void remove_track(const RtpSender& sender);
    [[nodiscard]] event_stream<TrackEvent>& track_events() noexcept { return track_events_; }
    void set_direction(transceiver_impl& which, sdp::direction wish) override;
    void stop(transceiver_impl& which) override;
    void set_codec_preferences(transceiver_impl& which, std::vector<jsep::codec_capability> codecs) override;
    void set_streams(transceiver_impl& which, std::vector<std::string> ids) override;
    [[nodiscard]] std::optional<jsep::send_parameters> get_parameters(transceiver_impl& which) override;
    void set_parameters(transceiver_impl& which, RtpSendParameters parameters) override;
    void replace_track(std::shared_ptr<transceiver_impl> which, std::optional<MediaStreamTrack> track,
                       waiter_ptr<void> operation) override;

    // Handles of transports (connection_transports.ipp)
    /// Null when there is none (any more).
    [[nodiscard]] std::shared_ptr<transport_impl> transport_view(jsep::transport_id id) const;
    [[nodiscard]] const std::shared_ptr<sctp_impl>& sctp_view() const noexcept { return sctp_view_; }
    [[nodiscard]] std::vector<IceCandidate> candidates(jsep::transport_id which, side of) const override;
    [[nodiscard]] std::optional<IceParameters> ice_parameters(jsep::transport_id which,
                                                              side of) const override;
    [[nodiscard]] IceRole ice_role(jsep::transport_id which) const override;
    [[nodiscard]] std::vector<bytes> remote_certificates(jsep::transport_id which) const override;

    // Statistics (connection_stats.ipp)
    void get_stats(waiter_ptr<StatsReport> operation);
    /// The report that get_stats() gives after close(), which follows.
    void keep_stats();

    // States (connection_states.ipp)
    void connected(waiter_ptr<void> operation);
    void gathering_complete(waiter_ptr<void> operation);
    void restarted(waiter_ptr<void> operation);
    void closed(waiter_ptr<void> operation);
    void state_changed(PeerConnectionState from, waiter_ptr<PeerConnectionState> operation);
    void ice_state_changed(IceConnectionState from, waiter_ptr<IceConnectionState> operation);
    void gathering_state_changed(IceGatheringState from, waiter_ptr<IceGatheringState> operation);
    void selected_pair_changed(waiter_ptr<SelectedPair> operation);
    void signaling_state_changed(SignalingState from, waiter_ptr<SignalingState> operation);
    [[nodiscard]] event_stream<std::optional<IceCandidate>>& candidates() noexcept {
        return local_candidates_;
    }
    [[nodiscard]] const jsep::session& session() const noexcept { return session_; }
    [[nodiscard]] SignalingState signaling_state() const noexcept;
    [[nodiscard]] IceGatheringState gathering_state() const noexcept { return gathering_state_; }
    [[nodiscard]] IceConnectionState ice_state() const noexcept { return ice_state_; }
    [[nodiscard]] PeerConnectionState state() const noexcept { return state_; }
    [[nodiscard]] std::optional<SelectedPair> selected_pair() const;
    [[nodiscard]] bool is_closed() const noexcept override { return closed_; }

    void close();

  private:
    struct transport_entry {
        std::shared_ptr<transport> where;
        std::string mid;
        std::string local_ufrag;              // of the newest generation; what levels refer to
        std::string selected_ufrag;           // of the generation whose pair is selected
        std::vector<std::string> gathering{}; // local ufrags of the generations that gather
        std::optional<jsep::dtls_role> role{};
        std::shared_ptr<transport_impl> view{}; // what handles refer to
    };
    struct chained_operation {
        std::function<void()> run;
        std::function<void(std::exception_ptr)> fail;
        provider_ticket_ptr provider{}; // that it waits for
    };
    using prepared = std::function<void(std::exception_ptr)>;
    using preparation = std::function<void(std::uint64_t id, prepared then)>;

    void check_certificates() const;
    void use_certificate(std::shared_ptr<const crypto::certificate> certificate);

    // The operations chain.
    template <class R>
    void chain(waiter_ptr<R> operation, preparation prepare, std::function<void(const waiter_ptr<R>&)> body);
    void begin(std::uint64_t id); // when it is its turn (context_core)
    void run_chained(std::uint64_t id);
    void settle(std::uint64_t id);
    void follow(const jsep::operations_chain::step& step);
    void with_certificate(std::uint64_t id, prepared then);

    // Identity: what some operations of the chain wait for.
    [[nodiscard]] preparation to_create(std::optional<SdpType> type);
    void with_assertion(std::uint64_t id, prepared then);
    void with_validation(std::uint64_t id, const SessionDescription& description, prepared then);
    void observe_identity(const SessionDescription& description);
    void hold(std::uint64_t id, provider_ticket_ptr ticket);
    [[nodiscard]] provider_context identity_context() const;
    [[nodiscard]] authenticating_party::input identity_input() const;
    void close_identity(const std::exception_ptr& why);

    // What the session decided.
    void drain_session();
    void apply(jsep::event&& event);
    void add_transport(jsep::transport_id id, const std::string& mid);
    void start_generation(const jsep::local_ice& local);
    void attach_sctp(const jsep::sctp_parameters& parameters);
    void remove_transport(jsep::transport_id id);
    void end_sctp();
    void media_changed();
    using transceiver_list = std::vector<std::shared_ptr<transceiver_impl>>;
    /// What a description did to the transceivers that the application sees.
    struct media_news {
        transceiver_list gone;
        std::vector<MediaStreamTrack> muted; // not received any more; they are to be told
    };
    media_news sync_transceivers();
    [[nodiscard]] std::shared_ptr<transceiver_impl> transceiver(jsep::transceiver_id id) const;
    [[nodiscard]] MediaStream remote_stream(const std::string& id);
    void mute(media_news& news);
    void tell_track(const jsep::event& event, const media_news& news);
    void end_media(const std::exception_ptr& why);
    void update_negotiation_needed();
    void check_negotiation_needed();

    // What the transports report.
    void on_ice_state(transport&, ice::transport_state state) override;
    void on_dtls_state(transport&, dtls_transport_state state, const std::string& why) override;
    void on_local_candidate(transport&, const std::string& ufrag, const sdp::candidate& candidate) override;
    void on_gathering_done(transport&, const std::string& ufrag) override;
    void on_selected_pair(transport&, const std::string& local_ufrag) override;
    void on_channel_event(datachannel::channel_event&& event) override;
    void on_channel_message(datachannel::incoming_message&& message) override;
    void on_transport_ended(transport&) override;
    [[nodiscard]] std::map<jsep::transport_id, transport_entry>::iterator find(const transport& which);

    static void show_ice_state(const transport_entry& entry, ice::transport_state state);
    void show_dtls_state(const transport_entry& entry, dtls_transport_state state, const std::string& why);
    static void show_gathering(const transport_entry& entry);
    void sync_sctp();
    void sync_media_transports();
    void show_sctp_connected();
    [[nodiscard]] std::optional<SelectedPair> pair_of(jsep::transport_id id,
                                                      const transport_entry& entry) const;

    [[nodiscard]] StatsReport collect_stats(bool closing);
    [[nodiscard]] std::string stats_id(std::string_view type, std::initializer_list<std::uint64_t> object);
    void collect_transport(StatsReport& report, jsep::transport_id id, const transport_entry& entry,
                           bool closing);
    void collect_certificates(StatsReport& report, jsep::transport_id id, const transport_entry& entry,
                              TransportStats& into);
    [[nodiscard]] std::string collect_certificate(StatsReport& report, byte_view der);
    void collect_pairs(StatsReport& report, jsep::transport_id id, const transport_entry& entry,
                       TransportStats& into);
    void collect_candidate(StatsReport& report, jsep::transport_id id, const ice::candidate_statistics& from);
    void collect_sctp(StatsReport& report, jsep::transport_id id);
    void collect_restart(StatsReport& report, jsep::transport_id id, const transport_entry& entry);
    void collect_drops(StatsReport& report, jsep::transport_id id, const transport_entry& entry);
    void collect_channels(StatsReport& report, bool closing);
    void collect_codecs(StatsReport& report);
    [[nodiscard]] std::string transport_stats_id(jsep::transport_id id);
    [[nodiscard]] std::string candidate_stats_id(jsep::transport_id id, const ice::candidate_statistics& of);
    [[nodiscard]] double timestamp(time_point at) const noexcept;
    template <class T>
    void report_object(StatsReport& report, std::string id, T&& object);

    void update_states();
    void update_gathering();
    void tell_state();
    [[nodiscard]] PeerConnectionState derive_state() const;
    [[nodiscard]] IceConnectionState derive_ice_state() const;
    [[nodiscard]] bool selection_is_current() const;
    [[nodiscard]] bool restart_failed() const;
    void settle_restarted();
    [[nodiscard]] std::exception_ptr failure() const;
    void end_transport(const std::shared_ptr<transport>& which);

    datachannel::data_channels& need_sctp();
    [[nodiscard]] std::shared_ptr<channel_impl> channel(datachannel::channel_id id) const;
    void close_channel(datachannel::channel_id id, std::exception_ptr why);
    void adopt(datachannel::channel_incoming&& incoming);

    std::shared_ptr<context_core> core_;
    logger log_;
    Configuration configuration_;
    std::shared_ptr<const ice::gather_settings> gather_settings_; // what configuration_ says, read
    bool local_description_asked_ = false;                        // setLocalDescription has been called
    std::shared_ptr<const crypto::certificate> certificate_;
    jsep::session session_;
    jsep::operations_chain chain_;
    std::map<std::uint64_t, chained_operation> chained_;
    std::uint64_t last_operation_ = 0;

    std::size_t ending_ = 0; // transports that were closed and whose task has not ended
    std::map<jsep::transport_id, transport_entry> transports_;
    std::unique_ptr<datachannel::data_channels> sctp_;
    std::shared_ptr<transport> sctp_transport_;
    std::shared_ptr<sctp_impl> sctp_view_; // of the data section, from its first offer on
    std::unordered_map<datachannel::channel_id, std::shared_ptr<channel_impl>> channels_;
    std::unordered_map<datachannel::channel_id, std::exception_ptr> channel_errors_;

    std::optional<std::uint64_t> stats_salt_;        // since the first report
    std::unique_ptr<StatsReport> last_stats_;        // since close()
    datachannel::data_channels_stats past_channels_; // of SCTP engines that are gone

    std::shared_ptr<provider_report> identity_report_ = std::make_shared<provider_report>();
    std::shared_ptr<authenticating_party> our_identity_;
    std::shared_ptr<relying_party> their_identity_;
    waiter_list<std::string> assertions_;

    std::vector<std::shared_ptr<transceiver_impl>> transceivers_;      // in the order in which they appeared
    std::map<std::string, std::weak_ptr<stream_impl>> remote_streams_; // by id

    event_stream<TrackEvent> track_events_;
    event_stream<std::optional<IceCandidate>> local_candidates_;
    event_stream<DataChannel> incoming_channels_;
    event_stream<void> negotiation_events_{1}; // one that was fired and not yet taken says it all

    IceGatheringState gathering_state_ = IceGatheringState::new_;
    IceConnectionState ice_state_ = IceConnectionState::new_;
    PeerConnectionState state_ = PeerConnectionState::new_;
    std::string failure_text_;
    waiter_list<void> connected_, gathered_, restarted_, over_;
    waiter_list<PeerConnectionState> state_changed_;
    waiter_list<IceConnectionState> ice_changed_;
    waiter_list<IceGatheringState> gathering_changed_;
    waiter_list<SelectedPair> pair_changed_;
    waiter_list<SignalingState> signaling_changed_;
    bool closed_ = false;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/connection.ipp"
#include "cortc/connection/impl/connection_channels.ipp"
#include "cortc/connection/impl/connection_configuration.ipp"
#include "cortc/connection/impl/connection_identity.ipp"
#include "cortc/connection/impl/connection_media.ipp"
#include "cortc/connection/impl/connection_negotiation.ipp"
#include "cortc/connection/impl/connection_states.ipp"
#include "cortc/connection/impl/connection_stats.ipp"
#include "cortc/connection/impl/connection_transports.ipp"
#endif
