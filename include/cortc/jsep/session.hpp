#pragma once

#include "cortc/base/fifo.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/random.hpp"
#include "cortc/jsep/apply.hpp"
#include "cortc/jsep/build.hpp"
#include "cortc/jsep/description_text.hpp"
#include "cortc/jsep/encodings.hpp"
#include "cortc/jsep/events.hpp"
#include "cortc/jsep/model.hpp"
#include "cortc/jsep/remote_candidates.hpp"
#include "cortc/jsep/types.hpp"
#include "cortc/sdp/limits.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cortc::jsep {

struct session_options {
    bundle_policy bundle = bundle_policy::balanced;
    rtcp_mux_policy rtcp_mux = rtcp_mux_policy::require;
    bool ice_lite = false; // we are an ICE-lite agent (RFC 8445 2.5)
    std::uint16_t sctp_port = 5000;
    std::uint64_t max_message_size = 262144;                    // what we accept, in bytes; 0: no limit
    sdp::limits sdp_limits;                                     // of a remote description
    std::size_t max_remote_candidates = 256;                    // see remote_candidates
    std::vector<std::string> ice_options = {"trickle", "ice2"}; // of a=ice-options (RFC 8839 5.6)
    std::string ufrag_prefix; // ice-chars before the random part, at most 200 (a shard number)
    /// What audio and video sections are offered and answered with; none: there are none, and those of a peer
    /// are rejected.
    std::shared_ptr<const media_capabilities> media = shared_media_capabilities();
    std::size_t max_transports = 16; // of one offer; sections that would need more are rejected
};

/// The offer/answer engine (webrtc-pc 4.4, RFC 9429). Every call either does all of its work or none of it;
/// the one exception is the W3C's: a remote offer that meets a local one rolls it back first, and a failure
/// of the offer itself does not bring it back. Events tell the transports what to do; drain poll_event()
/// after every call that is not const.
class session {
  public:
    session(random_source& random, logger log, session_options options = {});

    /// The certificate's, once it exists. Offers and answers need at least one.
    void set_fingerprints(std::vector<sdp::fingerprint> fingerprints);

    /// invalid_state: not stable or have-local-offer; operation: no fingerprint yet.
    [[nodiscard]] outcome<description> create_offer(offer_options options = {});
    /// invalid_state: not have-remote-offer or have-local-pranswer; operation: no fingerprint yet.
    [[nodiscard]] outcome<description> create_answer();
    /// No type: what the state asks for. No sdp: the last created description if it is still current, else a
    /// new one. invalid_modification: the sdp is not the one created last.
    [[nodiscard]] outcome<void> set_local_description(std::optional<sdp_type> type = {},
                                                      std::string_view sdp = {});
    /// Failures in the W3C's order: invalid_state, operation with detail "sdp-syntax-error" and the line,
    /// invalid_access.
    [[nodiscard]] outcome<void> set_remote_description(sdp_type type, std::string_view sdp);
    /// type, invalid_state or operation, in the W3C's order.
    [[nodiscard]] outcome<void> add_remote_candidate(const candidate_init& init);

    /// A data channel was created: the next offer has a data section. Does nothing when there is one.
    void add_data_section();
    /// The next offer carries new credentials for every generation now in use. Survives rollback.
    void restart_ice();
    /// RFC 9429 3.5.1: the configuration of ICE changed in a way that takes a new gathering phase. Offers
    /// carry new credentials until a local description with new ones was set. Asks for no negotiation by
    /// itself, and does nothing before there is a local description.
    void set_needs_ice_restart();
    /// The W3C's check for negotiation-needed, of the last stable state.
    [[nodiscard]] bool negotiation_needed() const;
    /// The queued step of "update the negotiation-needed flag": true when the event is to fire.
    [[nodiscard]] bool update_negotiation_needed();
    void close();

    // Transceivers (session_transceivers.ipp). All of it may change negotiation_needed().

    /// In the order in which they appeared; stopped ones until an answer has rejected their section. Valid,
    /// like what find() returns, until the next call that is not const.
    [[nodiscard]] const std::vector<transceiver>& transceivers() const noexcept;
    /// nullptr when it is gone.
    [[nodiscard]] const transceiver* find(transceiver_id which) const noexcept;
    /// Where its packets go; nothing before a local offer, or the answer to a remote one, gave it a
    /// transport, and after it stopped.
    [[nodiscard]] std::optional<transport_id> media_transport(transceiver_id which) const;
    /// Where data channels go.
    [[nodiscard]] std::optional<transport_id> data_transport() const;
    /// What can be negotiated for a kind: getCapabilities() of both sender and receiver.
    [[nodiscard]] const std::vector<codec_capability>& codecs(media_kind kind) const noexcept;

    /// addTransceiver. invalid_state: closed; first_encodings() says what else; type: a stream id or one of
    /// receive_rids is malformed; not_supported: nothing is configured for the kind.
    [[nodiscard]] outcome<transceiver_id> add_transceiver(media_kind kind, transceiver_init init = {});
    /// addTrack: the transceiver whose sender has the track now, a new one or one that never sent.
    /// invalid_state: closed; invalid_access: a sender has this track already; type, not_supported: as above.
    [[nodiscard]] outcome<transceiver_id> add_track(media_kind kind, std::string track,
                                                    std::vector<std::string> streams = {});
    /// removeTrack: the sender keeps its place, but the direction does not send any more. Does nothing to one
    /// that is stopping, gone, or has no track. invalid_state: closed.
    [[nodiscard]] outcome<void> remove_track(transceiver_id which);
    /// replaceTrack, as far as addTrack and removeTrack have to know. invalid_state: closed or stopped.
    [[nodiscard]] outcome<void> replace_track(transceiver_id which, std::optional<std::string> track);
    /// What the next description asks for; none is the W3C's "stopped". invalid_state: it is stopping,
    /// stopped or gone; then type: stopped is nothing to ask for.
    [[nodiscard]] outcome<void> set_direction(transceiver_id which, std::optional<sdp::direction> direction);
    /// The next offer rejects its section. One without a section stays in the list, and gets none any more,
    /// unless an offer that was created before is set. Does nothing to one that is stopping, stopped or gone.
    void stop(transceiver_id which);
    /// setStreams. invalid_state: closed, or gone; type: an id is malformed.
    [[nodiscard]] outcome<void> set_streams(transceiver_id which, std::vector<std::string> streams);
    /// Empty: the configured ones again. codec_preferences() says what else; invalid_state: gone.
    [[nodiscard]] outcome<void> set_codec_preferences(transceiver_id which,
                                                      std::vector<codec_capability> codecs);
    /// The same until set_parameters() succeeds or a negotiation changes it. invalid_state: gone.
    [[nodiscard]] outcome<send_parameters> get_parameters(transceiver_id which);
    /// invalid_state: stopping, gone, or no get_parameters() before; next_encodings() says what else.
    [[nodiscard]] outcome<void> set_parameters(transceiver_id which, send_parameters parameters);
    /// Its two halves, for who does the second in a task: the encodings that are to be set ...
    [[nodiscard]] outcome<std::vector<encoding>> check_parameters(transceiver_id which,
                                                                  send_parameters parameters) const;
    /// ... and setting them, whatever became of the transceiver meanwhile: layers that are gone stay gone.
    void apply_parameters(transceiver_id which, const std::vector<encoding>& next);

    /// RFC 8827: joins every offer and answer created from now on, as a=identity. type: not base64.
    [[nodiscard]] outcome<void> set_identity_assertion(std::optional<std::string> assertion);
    /// a=identity of the pending remote description, else of the current one.
    [[nodiscard]] std::optional<std::string> remote_identity() const;
    /// RTCP's name of this connection, random.
    [[nodiscard]] const std::string& cname() const noexcept { return cname_; }

    /// Joins the text of the local description with this ufrag. False when no applied local description has
    /// it.
    bool add_local_candidate(transport_id transport, std::string_view ufrag, sdp::candidate candidate);
    bool end_of_local_candidates(transport_id transport, std::string_view ufrag);

    [[nodiscard]] signaling_state state() const noexcept;
    /// Another number whenever anything but candidates and a certificate has changed.
    [[nodiscard]] std::uint64_t revision() const noexcept { return revision_; }
    /// With the candidates known so far.
    [[nodiscard]] std::optional<description> current_local_description() const;
    [[nodiscard]] std::optional<description> pending_local_description() const;
    [[nodiscard]] std::optional<description> current_remote_description() const;
    [[nodiscard]] std::optional<description> pending_remote_description() const;
    [[nodiscard]] std::optional<description> local_description() const; // pending, else current
    [[nodiscard]] std::optional<description> remote_description() const;
    /// canTrickleIceCandidates: nothing before there is a remote description.
    [[nodiscard]] std::optional<bool> can_trickle() const;
    /// Nothing while it is undecided.
    [[nodiscard]] std::optional<bool> controlling() const noexcept;
    /// The section that stands for a transport, for the candidates that go out; nothing when it is gone.
    struct section_place {
        std::string mid;
        std::uint16_t mline_index = 0;
    };
    [[nodiscard]] std::optional<section_place> place_of(transport_id transport) const;
    /// Every section that uses a transport, by its index.
    [[nodiscard]] std::vector<std::size_t> sections_on(transport_id transport) const;

    [[nodiscard]] std::optional<event> poll_event();

  private:
    /// A description that we made: its text is what the application must hand back.
    struct created {
        std::string text;
        content_ptr content;
        offer_places places;            // an offer's
        std::uint64_t revision = 0;     // what it was made from; differs: no longer what we would make now
        std::uint64_t remote_offer = 0; // an answer's
    };

    [[nodiscard]] const model& base() const noexcept { return stable_ ? *stable_ : model_; }
    [[nodiscard]] std::optional<error> cannot_create() const;
    [[nodiscard]] build_settings next_settings();
    [[nodiscard]] created make(sdp::session_description content, transport_bearers bearers);
    void remember_mids();
    [[nodiscard]] std::optional<error> wrong_state(sdp_type type, bool local) const;
    [[nodiscard]] sdp_type implicit_type() const noexcept;

    [[nodiscard]] outcome<void> roll_back();
    [[nodiscard]] outcome<void> set_local(sdp_type type, const created& from);
    [[nodiscard]] outcome<void> set_content(sdp_type type, content_ptr content, std::string_view text);
    [[nodiscard]] outcome<void> set_remote_offer(content_ptr offer, std::string_view text);
    [[nodiscard]] outcome<void> set_remote_answer(sdp_type type, content_ptr answer);
    void commit(model next);
    void keep_stopped();
    void note_restart(const std::vector<transport_state>& before);
    void name_senders();
    [[nodiscard]] outcome<transceiver> new_transceiver(media_kind kind, transceiver_init init);
    transceiver_id insert(transceiver made);
    template <class Change>
    void change_transceiver(transceiver_id which, Change change);
    [[nodiscard]] answer_rules rules() const {
        return {options_.media, options_.max_transports, options_.bundle};
    }
    void forget_answered(const model& before);
    void keep_gathered();
    [[nodiscard]] std::optional<description> text_of(const std::optional<applied>& of, bool local) const;

    random_source& random_;
    logger log_;
    session_options options_;
    std::vector<sdp::fingerprint> fingerprints_;
    model model_;
    std::unique_ptr<model> stable_; // while not stable: what a rollback returns to
    std::optional<created> last_offer_;
    std::optional<created> last_answer_;
    std::vector<ice_credentials> to_replace_;
    bool data_wanted_ = false;
    bool negotiation_needed_ = false;
    bool needs_ice_restart_ = false;
    std::uint64_t session_id_;
    std::uint64_t session_version_ = 0;
    std::uint64_t revision_ = 0;
    std::uint64_t remote_offer_ = 0; // counts different remote offers
    std::string remote_offer_text_;  // the last one as it came; empty once it was answered
    issued ids_;
    number_history numbers_;
    std::size_t first_mid_ = 0; // smaller numbers may have been mids
    std::string cname_;
    std::optional<std::string> identity_;
    std::vector<gathered> gathered_;
    remote_candidates remote_candidates_;
    fifo<event> events_;
};

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/session.ipp"
#include "cortc/jsep/impl/session_candidates.ipp"
#include "cortc/jsep/impl/session_media.ipp"
#include "cortc/jsep/impl/session_set.ipp"
#include "cortc/jsep/impl/session_transceivers.ipp"
#endif
