#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/fifo.hpp"
#include "cortc/base/log.hpp"
#include "cortc/connection/part_owner.hpp"
#include "cortc/connection/states.hpp"
#include "cortc/connection/transport_view.hpp"
#include "cortc/datachannel/events.hpp"
#include "cortc/ice/server.hpp"
#include "cortc/ice_candidate.hpp"
#include "cortc/jsep/session.hpp"
#include "cortc/transport/transport.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cortc {

/// What data channels hear of their association.
class channel_events {
  public:
    virtual void on_channel_event(datachannel::channel_event&& event) = 0;
    virtual void on_channel_message(datachannel::incoming_message&& message) = 0;
    /// Without DTLS the association is over, or never begins (RFC 8261 6.1).
    virtual void on_dtls_over(const std::shared_ptr<transport_impl>& view) = 0;

  protected:
    ~channel_events() = default;
};

/// The transports of a connection, by the session's numbers, with what handles of them show.
class transport_set final : public transport_owner, private transport_observer {
  public:
    /// Who hears what they report.
    class listener {
      public:
        /// The ICE or DTLS state of one. `why`: it failed, or the peer closed it.
        virtual void on_transport_state(std::string_view why) = 0;
        /// The gathering state of one may be another.
        virtual void on_gathering() = 0;
        /// The pair is that of the first transport that has one.
        virtual void on_selected_pair(const std::optional<SelectedPair>& pair) = 0;
        /// Of those that were removed and of all after close(): every task has ended and every socket is
        /// closed.
        virtual void on_transports_ended() = 0;

      protected:
        ~listener() = default;
    };

    struct entry {
        std::shared_ptr<transport> where;
        std::string mid;
        std::string local_ufrag;              // of the newest generation; what levels refer to
        std::string selected_ufrag;           // of the generation whose pair is selected
        std::vector<std::string> untold{};    // local ufrags whose end of candidates is to be told yet
        std::vector<std::string> gathering{}; // of those the ones that gather
        std::optional<dtls_role> role{};
        std::shared_ptr<transport_impl> view{}; // what handles refer to
    };

    transport_set(part_owner& owner, jsep::session& session, listener& to, channel_events& channels);

    /// Transports that gather before they are needed, as many as that and `pool_limit` allow; those of other
    /// settings than these are let go.
    void pool(std::size_t wanted, const std::shared_ptr<const ice::gather_settings>& settings);
    [[nodiscard]] std::size_t pooled() const noexcept { return pool_.size(); }
    /// As many as the first offer can need: jsep::session_options::max_transports.
    static constexpr std::size_t pool_limit = 16;

    // What the session decided.
    void add(const jsep::transport_added& made);
    /// Its transport, which is closed now; null when there was none.
    std::shared_ptr<transport> remove(jsep::transport_id id);
    void set_role(bool controlling);
    /// Gathering begins in a task of its own, and what it does is told in tasks behind that: the operation
    /// that set the description completes first.
    void start_generation(const jsep::local_ice& local, std::shared_ptr<const ice::gather_settings> settings);
    void roll_back(const jsep::ice_rolled_back& back);
    void pair(const jsep::remote_ice& remote);
    void add_candidate(const jsep::remote_candidate& candidate);
    void end_candidates(const jsep::remote_end_of_candidates& end);
    void set_dtls(const jsep::dtls_parameters& parameters, std::vector<crypto::certificate_ptr> certificates);
    void expect_media(jsep::transport_id id);
    /// Gathering is complete: candidates() says so.
    void tell_gathered() { candidates_.push(std::nullopt); }
    /// Ends the views, then every transport.
    void close();

    // What can be asked.
    [[nodiscard]] std::vector<transport_summary> summary() const;
    /// Null when there is none (any more).
    [[nodiscard]] const entry* find(jsep::transport_id id) const;
    [[nodiscard]] std::shared_ptr<transport_impl> view(jsep::transport_id id) const;
    [[nodiscard]] std::optional<SelectedPair> selected_pair() const;
    [[nodiscard]] const std::map<jsep::transport_id, entry>& all() const noexcept { return entries_; }
    [[nodiscard]] bool ended() const noexcept { return ending_ == 0; }
    [[nodiscard]] event_stream<std::optional<IceCandidate>>& candidates() noexcept { return candidates_; }
    [[nodiscard]] event_stream<IceCandidateError>& candidate_errors() noexcept { return candidate_errors_; }

    [[nodiscard]] std::vector<IceCandidate> candidates(jsep::transport_id which, side of) const override;
    [[nodiscard]] std::optional<IceParameters> ice_parameters(jsep::transport_id which,
                                                              side of) const override;
    [[nodiscard]] IceRole ice_role(jsep::transport_id which) const override;
    [[nodiscard]] std::vector<bytes> remote_certificates(jsep::transport_id which) const override;

  private:
    using position = std::map<jsep::transport_id, entry>::iterator;

    void on_ice_state(transport& which, ice::transport_state state) override;
    void on_role_changed(transport& which, ice::role now) override;
    void on_dtls_state(transport& which, dtls_transport_state state, const std::string& why) override;
    void on_local_candidate(transport& which, const std::string& ufrag, const ice::local_candidate& from,
                            const sdp::candidate& candidate) override;
    void on_gathering_error(transport& which, const std::string& ufrag,
                            const ice::gathering_error& error) override;
    void on_gathering_done(transport& which, const std::string& ufrag) override;
    void on_selected_pair(transport& which, const std::string& local_ufrag) override;
    void on_channel_event(datachannel::channel_event&& event) override;
    void on_channel_message(datachannel::incoming_message&& message) override;
    void on_transport_ended(transport& which) override;

    [[nodiscard]] std::shared_ptr<transport> make();
    [[nodiscard]] position find(const transport& which);
    /// Runs `what` with the entry in a task of its own, unless that is gone by then. One task comes after
    /// another, and behind whoever the one before told something: he finds what he was told.
    void tell(jsep::transport_id about, std::function<void(entry&)> what);
    void tell(std::function<void()> what);
    void tell_next();
    void begin_gathering(jsep::transport_id id, const std::string& ufrag,
                         const ice::gather_settings& settings);
    void tell_candidate(jsep::transport_id id, const std::string& ufrag, const ice::local_candidate& from,
                        const sdp::candidate& candidate);
    void tell_end_of_candidates(jsep::transport_id id, entry& of, const std::string& ufrag);
    /// Nothing gathers for it (any more).
    void tell_complete(entry& of);
    /// Generations went away: who gathered for nothing else does not any more, which is told in a task, too.
    void settle_gathering();
    [[nodiscard]] std::optional<SelectedPair> pair_of(jsep::transport_id id, const entry& of) const;
    void end(const std::shared_ptr<transport>& which);

    part_owner& owner_;
    logger log_;
    jsep::session& session_;
    listener& listener_;
    channel_events& channels_;
    std::map<jsep::transport_id, entry> entries_;
    std::deque<std::shared_ptr<transport>> pool_;
    std::shared_ptr<const ice::gather_settings> pool_settings_;
    std::optional<std::uint64_t> tie_breaker_; // of all agents, since the first
    std::shared_ptr<ice::rate> pacing_;        // likewise
    fifo<std::function<void()>> to_tell_;
    bool telling_ = false;
    std::size_t ending_ = 0; // transports that were closed and whose task has not ended
    event_stream<std::optional<IceCandidate>> candidates_;
    event_stream<IceCandidateError> candidate_errors_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/transport_set.ipp"
#endif
