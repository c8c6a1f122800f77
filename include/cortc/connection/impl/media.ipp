#pragma once

#include "cortc/connection/conversions.hpp"
#include "cortc/connection/media.hpp"
#include "cortc/connection/rtp_parameters.hpp"
#include "cortc/connection/track.hpp"
#include "cortc/crypto/backend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cortc {

namespace detail {

/// Some libraries come without use_srtp (RFC 5764): SRTP would have no keys.
CORTC_DECL void require_media(std::string_view where) {
    const auto& backend = crypto::default_backend();
    if (backend.dtls_srtp_available()) return;
    throw Error(
        errc::not_supported,
        fmt::format(
            "{}: the {} that cortc was built with has no DTLS-SRTP, so there is no audio and video; {}",
            where, backend.name(), backend.dtls_srtp_remedy()));
}

} // namespace detail

CORTC_DECL connection_media::connection_media(part_owner& owner, negotiation& negotiating,
                                              jsep::session& session)
    : owner_(owner), negotiation_(negotiating), session_(session), log_(owner.log("connection")) {}

// ---- what the application does with transceivers (webrtc-pc 5.1)

/// Something was added, removed or wished for.
CORTC_DECL void connection_media::changed() {
    (void)sync();
    negotiation_.update_negotiation_needed();
}

CORTC_DECL std::shared_ptr<transceiver_impl>
connection_media::add_transceiver(MediaKind kind, std::optional<MediaStreamTrack> track,
                                  const RtpTransceiverInit& init) {
    if (init.direction == RtpTransceiverDirection::stopped)
        throw Error(errc::type, "addTransceiver: direction is stopped; a transceiver begins with one of "
                                "sendrecv, sendonly, recvonly and inactive");
    jsep::transceiver_init wanted;
    wanted.streams = detail::stream_ids("addTransceiver", init.streams);
    if (owner_.is_closed()) throw Error(errc::invalid_state, "addTransceiver: the connection is closed");
    detail::require_media("addTransceiver");
    detail::check_rids(init.sendEncodings);
    wanted.direction = detail::to_sdp(init.direction);
    wanted.send_encodings = detail::to_jsep(kind, init.sendEncodings);
    wanted.receive_rids = init.receive_rids;
    if (track) wanted.track = track->id();
    auto made = session_.add_transceiver(detail::to_jsep(kind), std::move(wanted));
    if (!made) detail::refuse("addTransceiver", made.error());
    changed();
    auto added = find(*made);
    added->sender_track(std::move(track));
    return added;
}

CORTC_DECL std::shared_ptr<transceiver_impl>
connection_media::add_track(const MediaStreamTrack& track, const std::vector<MediaStream>& streams) {
    if (!track) throw Error(errc::type, "addTrack: the track is an empty handle");
    auto ids = detail::stream_ids("addTrack", streams);
    if (owner_.is_closed()) throw Error(errc::invalid_state, "addTrack: the connection is closed");
    detail::require_media("addTrack");
    auto used = session_.add_track(detail::to_jsep(track.kind()), track.id(), std::move(ids));
    if (!used) detail::refuse("addTrack", used.error());
    changed();
    auto sender = find(*used);
    sender->sender_track(track);
    return sender;
}

CORTC_DECL void connection_media::remove_track(const RtpSender& sender) {
    if (!sender) throw Error(errc::type, "removeTrack: the sender is an empty handle");
    if (owner_.is_closed()) throw Error(errc::invalid_state, "removeTrack: the connection is closed");
    const auto whose = sender.inner()->owner().lock();
    if (whose.get() != static_cast<transceiver_owner*>(this))
        throw Error(errc::invalid_access,
                    "removeTrack: the sender belongs to another connection; give one of getSenders()");
    const auto* known = session_.find(sender.inner()->id());
    if (!known || known->ended() || !known->track) return;
    if (auto removed = session_.remove_track(known->id); !removed)
        detail::refuse("removeTrack", removed.error());
    sender.inner()->sender_track(std::nullopt);
    changed();
}

CORTC_DECL void connection_media::set_direction(transceiver_impl& which, sdp::direction wish) {
    if (session_.set_direction(which.id(), wish)) changed();
}

CORTC_DECL void connection_media::stop(transceiver_impl& which) {
    session_.stop(which.id());
    negotiation_.session_changed();
    negotiation_.update_negotiation_needed();
}

CORTC_DECL void connection_media::set_codec_preferences(transceiver_impl& which,
                                                        std::vector<jsep::codec_capability> codecs) {
    const auto kind = detail::to_jsep(which.kind());
    if (!session_.find(which.id())) { // it changes nothing any more, but what is wrong stays wrong
        if (auto fits = jsep::codec_preferences(std::move(codecs), session_.codecs(kind)); !fits)
            detail::refuse("setCodecPreferences", fits.error());
    } else if (auto set = session_.set_codec_preferences(which.id(), std::move(codecs)); !set) {
        detail::refuse("setCodecPreferences", set.error());
    }
}

CORTC_DECL void connection_media::set_streams(transceiver_impl& which, std::vector<std::string> ids) {
    const auto* known = session_.find(which.id());
    if (!known || known->stopped) return; // its section is gone, and with it what the streams were for
    if (auto set = session_.set_streams(which.id(), std::move(ids)); !set)
        detail::refuse("setStreams", set.error());
    negotiation_.update_negotiation_needed();
}

CORTC_DECL std::optional<jsep::send_parameters> connection_media::get_parameters(transceiver_impl& which) {
    auto now = session_.get_parameters(which.id());
    if (!now) return std::nullopt;
    return std::move(*now);
}

// webrtc-pc 5.2 setParameters: checked at once, against what getParameters returned, and done in a task,
// which also forgets that. So two of one turn may both be of one getParameters; the later one wins.
CORTC_DECL void connection_media::set_parameters(transceiver_impl& which, RtpSendParameters parameters,
                                                 waiter_ptr<void> operation) {
    const auto* known = session_.find(which.id());
    if (!known || known->ended())
        throw Error(errc::invalid_state, "setParameters: the transceiver is stopped");
    if (!known->last_parameters)
        throw Error(errc::invalid_state, "setParameters: what getParameters returned is outdated, or was "
                                         "never asked for; call getParameters first");
    auto next = *known->last_parameters;
    detail::check_read_only(parameters, detail::send_parameters(which.kind(), next));
    next.transaction_id = std::move(parameters.transactionId);
    next.encodings = detail::to_jsep(which.kind(), parameters.encodings);
    auto checked = session_.check_parameters(which.id(), std::move(next));
    if (!checked) detail::refuse("setParameters", checked.error());
    asio::post(owner_.core()->executor(),
               [weak = owner_.weak_from_this(), this, id = which.id(), encodings = std::move(*checked),
                operation = std::move(operation)] {
                   const auto self = weak.lock();
                   if (!self || owner_.is_closed()) {
                       operation->fail(errc::aborted, "the connection was closed");
                   } else if (!operation->done()) { // else cancelled
                       session_.apply_parameters(id, encodings);
                       (void)sync();
                       operation->succeed();
                   }
               });
}

CORTC_DECL void connection_media::replace_track(std::shared_ptr<transceiver_impl> which,
                                                std::optional<MediaStreamTrack> track,
                                                waiter_ptr<void> operation) {
    negotiation_.chain(std::move(operation),
                       [this, which = std::move(which), track = std::move(track)](const auto& op) {
                           std::optional<std::string> id;
                           if (track) id = track->id();
                           if (auto set = session_.replace_track(which->id(), std::move(id)); !set)
                               detail::refuse("replaceTrack", set.error());
                           which->sender_track(track);
                           op->succeed();
                       });
}

// ---- what descriptions do to transceivers

CORTC_DECL std::shared_ptr<transceiver_impl> connection_media::find(jsep::transceiver_id id) const {
    for (const auto& each : transceivers_)
        if (each->id() == id) return each;
    return nullptr;
}

CORTC_DECL std::shared_ptr<transceiver_impl> connection_media::find(jsep::transceiver_id id,
                                                                    const news& what) const {
    for (const auto& each : what.gone)
        if (each->id() == id) return each;
    return find(id);
}

CORTC_DECL connection_media::news connection_media::sync() {
    news what;
    auto at = std::stable_partition(transceivers_.begin(), transceivers_.end(),
                                    [this](const auto& each) { return session_.find(each->id()); });
    what.gone.assign(std::make_move_iterator(at), std::make_move_iterator(transceivers_.end()));
    transceivers_.erase(at, transceivers_.end());
    for (const auto& each : what.gone) {
        if (!each->current_direction()) { // a rollback, no answer, took it away
            each->forget_mid();
            each->transport(nullptr);
        }
        each->end(make_error(errc::closed, "the transceiver was stopped"));
    }
    for (const auto& now : session_.transceivers()) {
        auto known = find(now.id);
        const auto received = known && known->receiving();
        if (known)
            known->update(now);
        else
            known = transceivers_.emplace_back(std::make_shared<transceiver_impl>(
                owner_.core(), owner_.weak(static_cast<transceiver_owner&>(*this)), now));
        if (received && !known->receiving()) what.muted.push_back(known->receiver_track());
        std::vector<MediaStream> streams;
        for (const auto& id : now.remote_streams) streams.push_back(remote_stream(id, what));
        known->streams(std::move(streams));
    }
    return what;
}

CORTC_DECL void
connection_media::place(const std::function<std::shared_ptr<transport_impl>(jsep::transport_id)>& view_of) {
    std::map<jsep::transport_id, std::shared_ptr<transport_impl>> views;
    for (const auto& each : transceivers_) {
        const auto where = session_.media_transport(each->id());
        if (where && !views.contains(*where)) views.emplace(*where, view_of(*where));
        each->transport(where ? views.at(*where) : nullptr);
    }
}

/// webrtc-pc 5.1.1 "set the associated remote streams": one stream for each id. Only what somebody holds is
/// remembered: nobody can tell a new one from one that nobody knows any more.
CORTC_DECL MediaStream connection_media::remote_stream(const std::string& id, news& what) {
    if (auto known = known_stream(id)) return MediaStream(std::move(known));
    std::erase_if(remote_streams_, [](const auto& each) { return each.second.expired(); });
    auto made = std::make_shared<stream_impl>(owner_.core(), id);
    remote_streams_[id] = made;
    what.streams.push_back(made);
    return MediaStream(std::move(made));
}

CORTC_DECL std::shared_ptr<stream_impl> connection_media::known_stream(const std::string& id) const {
    const auto at = remote_streams_.find(id);
    return at == remote_streams_.end() ? nullptr : at->second.lock();
}

CORTC_DECL void connection_media::mute(news& what) {
    for (const auto& each : std::exchange(what.muted, {})) each.inner()->muted(true);
}

CORTC_DECL void connection_media::tell(const jsep::remote_track_left& left, const news& what) {
    const auto whose = find(left.transceiver, what);
    const auto stream = known_stream(left.stream);
    if (whose && stream) stream->on_removed(whose->receiver_track());
}

CORTC_DECL void connection_media::tell(const jsep::remote_track_joined& joined, const news& what) {
    const auto whose = find(joined.transceiver, what);
    const auto stream = known_stream(joined.stream);
    if (!whose || !stream) return;
    // To a stream that the track event is the first to tell of, nobody can be listening yet.
    if (std::find(what.streams.begin(), what.streams.end(), stream) != what.streams.end())
        stream->add(whose->receiver_track());
    else
        stream->on_added(whose->receiver_track());
}

CORTC_DECL void connection_media::tell(const jsep::remote_track& seen) {
    const auto whose = find(seen.transceiver);
    if (!whose) return;
    TrackEvent made;
    made.transceiver = RtpTransceiver(whose);
    made.receiver = made.transceiver.receiver();
    made.track = whose->receiver_track();
    made.streams = whose->streams();
    if (!track_events_.push(std::move(made)))
        log_.debug("nobody reads nextTrack(): a track is only in getReceivers()");
}

CORTC_DECL void connection_media::close(const std::exception_ptr& why) {
    for (auto& each : transceivers_) each->end(why);
    for (auto& [id, stream] : std::exchange(remote_streams_, {}))
        if (auto known = stream.lock()) known->end(why);
}

} // namespace cortc
