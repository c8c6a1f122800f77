#pragma once

#include "cortc/connection/connection.hpp"
#include "cortc/connection/rtp_parameters.hpp"
#include "cortc/connection/track.hpp"
#include "cortc/crypto/dtls_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cortc {

namespace detail {

CORTC_DECL void refuse(std::string_view where, const jsep::error& why) {
    auto said = why;
    said.message = fmt::format("{}: {}", where, why.message);
    std::rethrow_exception(to_exception(said));
}

/// Upstream's mbedTLS comes without use_srtp (RFC 5764): SRTP would have no keys.
CORTC_DECL void require_media(std::string_view where) {
    if (crypto::dtls_srtp_available()) return;
    throw Error(
        errc::not_supported,
        fmt::format("{}: the mbedTLS that cortc was built with has no DTLS-SRTP, so there is no audio and "
                    "video; build both with MBEDTLS_SSL_DTLS_SRTP defined",
                    where));
}

} // namespace detail

// ---- what the application does with transceivers (webrtc-pc 5.1)

/// Something was added, removed or wished for.
CORTC_DECL void connection::media_changed() {
    sync_transceivers();
    update_negotiation_needed();
}

CORTC_DECL std::shared_ptr<transceiver_impl>
connection::add_transceiver(MediaKind kind, std::optional<MediaStreamTrack> track,
                            const RtpTransceiverInit& init) {
    if (init.direction == RtpTransceiverDirection::stopped)
        throw Error(errc::type, "addTransceiver: direction is stopped; a transceiver begins with one of "
                                "sendrecv, sendonly, recvonly and inactive");
    jsep::transceiver_init wanted;
    wanted.streams = detail::stream_ids("addTransceiver", init.streams);
    if (closed_) throw Error(errc::invalid_state, "addTransceiver: the connection is closed");
    detail::require_media("addTransceiver");
    detail::check_rids(init.sendEncodings);
    wanted.direction = detail::to_sdp(init.direction);
    wanted.send_encodings = detail::to_jsep(kind, init.sendEncodings);
    wanted.receive_rids = init.receive_rids;
    if (track) wanted.track = track->id();
    auto made = session_.add_transceiver(detail::to_jsep(kind), std::move(wanted));
    if (!made) detail::refuse("addTransceiver", made.error());
    media_changed();
    auto added = transceiver(*made);
    added->sender_track(std::move(track));
    return added;
}

CORTC_DECL std::shared_ptr<transceiver_impl> connection::add_track(const MediaStreamTrack& track,
                                                                   const std::vector<MediaStream>& streams) {
    if (!track) throw Error(errc::type, "addTrack: the track is an empty handle");
    auto ids = detail::stream_ids("addTrack", streams);
    if (closed_) throw Error(errc::invalid_state, "addTrack: the connection is closed");
    detail::require_media("addTrack");
    auto used = session_.add_track(detail::to_jsep(track.kind()), track.id(), std::move(ids));
    if (!used) detail::refuse("addTrack", used.error());
    media_changed();
    auto sender = transceiver(*used);
    sender->sender_track(track);
    return sender;
}

CORTC_DECL void connection::remove_track(const RtpSender& sender) {
    if (!sender) throw Error(errc::type, "removeTrack: the sender is an empty handle");
    if (closed_) throw Error(errc::invalid_state, "removeTrack: the connection is closed");
    const auto owner = sender.inner()->owner().lock();
    if (owner.get() != static_cast<transceiver_owner*>(this))
        throw Error(errc::invalid_access,
                    "removeTrack: the sender belongs to another connection; give one of getSenders()");
    const auto* known = session_.find(sender.inner()->id());
    if (!known || known->ended() || !known->track) return;
    if (auto removed = session_.remove_track(known->id); !removed)
        detail::refuse("removeTrack", removed.error());
    sender.inner()->sender_track(std::nullopt);
    media_changed();
}

CORTC_DECL void connection::set_direction(transceiver_impl& which, sdp::direction wish) {
    if (session_.set_direction(which.id(), wish)) media_changed();
}

CORTC_DECL void connection::stop(transceiver_impl& which) {
    session_.stop(which.id());
    drain_session(); // one that has no section is stopped at once
    update_negotiation_needed();
}

CORTC_DECL void connection::set_codec_preferences(transceiver_impl& which,
                                                  std::vector<jsep::codec_capability> codecs) {
    const auto kind = detail::to_jsep(which.kind());
    if (!session_.find(which.id())) { // it changes nothing any more, but what is wrong stays wrong
        if (auto fits = jsep::codec_preferences(std::move(codecs), session_.codecs(kind)); !fits)
            detail::refuse("setCodecPreferences", fits.error());
    } else if (auto set = session_.set_codec_preferences(which.id(), std::move(codecs)); !set) {
        detail::refuse("setCodecPreferences", set.error());
    }
}

CORTC_DECL void connection::set_streams(transceiver_impl& which, std::vector<std::string> ids) {
    const auto* known = session_.find(which.id());
    if (!known || known->stopped) return; // its section is gone, and with it what the streams were for
    if (auto set = session_.set_streams(which.id(), std::move(ids)); !set)
        detail::refuse("setStreams", set.error());
    update_negotiation_needed();
}

CORTC_DECL std::optional<jsep::send_parameters> connection::get_parameters(transceiver_impl& which) {
    auto now = session_.get_parameters(which.id());
    if (!now) return std::nullopt;
    return std::move(*now);
}

// webrtc-pc 5.2 setParameters. Nothing has to be asked of an encoder, so it is done when it is called.
CORTC_DECL void connection::set_parameters(transceiver_impl& which, RtpSendParameters parameters) {
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
    if (auto set = session_.set_parameters(which.id(), std::move(next)); !set)
        detail::refuse("setParameters", set.error());
}

CORTC_DECL void connection::replace_track(std::shared_ptr<transceiver_impl> which,
                                          std::optional<MediaStreamTrack> track, waiter_ptr<void> operation) {
    chain<void>(std::move(operation), nullptr,
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

CORTC_DECL std::shared_ptr<transceiver_impl> connection::transceiver(jsep::transceiver_id id) const {
    for (const auto& each : transceivers_)
        if (each->id() == id) return each;
    return nullptr;
}

/// Brings the application's transceivers to what the session has now.
CORTC_DECL connection::media_news connection::sync_transceivers() {
    media_news news;
    auto at = std::stable_partition(transceivers_.begin(), transceivers_.end(),
                                    [this](const auto& each) { return session_.find(each->id()); });
    news.gone.assign(std::make_move_iterator(at), std::make_move_iterator(transceivers_.end()));
    transceivers_.erase(at, transceivers_.end());
    for (const auto& each : news.gone) each->end(make_error(errc::closed, "the transceiver was stopped"));
    for (const auto& now : session_.transceivers()) {
        auto known = transceiver(now.id);
        const auto received = known && known->receiving();
        if (known)
            known->update(now);
        else
            known = transceivers_.emplace_back(
                std::make_shared<transceiver_impl>(core_, shared_from_this(), now));
        if (received && !known->receiving()) news.muted.push_back(known->receiver_track());
        std::vector<MediaStream> streams;
        for (const auto& id : now.remote_streams) streams.push_back(remote_stream(id));
        known->streams(std::move(streams));
    }
    return news;
}

/// webrtc-pc 5.1.1 "set the associated remote streams": one stream for each id. Only what somebody holds is
/// remembered: nobody can tell a new one from one that nobody knows any more.
CORTC_DECL MediaStream connection::remote_stream(const std::string& id) {
    if (auto at = remote_streams_.find(id); at != remote_streams_.end())
        if (auto known = at->second.lock()) return MediaStream(std::move(known));
    std::erase_if(remote_streams_, [](const auto& each) { return each.second.expired(); });
    auto made = std::make_shared<stream_impl>(core_, id);
    remote_streams_[id] = made;
    return MediaStream(std::move(made));
}

CORTC_DECL void connection::mute(media_news& news) {
    for (const auto& each : std::exchange(news.muted, {})) each.inner()->muted(true);
}

CORTC_DECL void connection::tell_track(const jsep::event& event, const media_news& news) {
    auto owner_of = [&](jsep::transceiver_id id) {
        for (const auto& each : news.gone)
            if (each->id() == id) return each;
        return transceiver(id);
    };
    if (auto* left = std::get_if<jsep::remote_track_left>(&event)) {
        const auto owner = owner_of(left->transceiver);
        const auto stream = remote_streams_.find(left->stream);
        if (!owner || stream == remote_streams_.end()) return;
        if (auto known = stream->second.lock()) known->on_removed(owner->receiver_track());
    } else if (auto* joined = std::get_if<jsep::remote_track_joined>(&event)) {
        const auto owner = owner_of(joined->transceiver);
        const auto stream = remote_streams_.find(joined->stream);
        if (!owner || stream == remote_streams_.end()) return;
        if (auto known = stream->second.lock()) known->on_added(owner->receiver_track());
    } else if (auto* seen = std::get_if<jsep::remote_track>(&event)) {
        const auto owner = transceiver(seen->transceiver);
        if (!owner) return;
        TrackEvent made;
        made.transceiver = RtpTransceiver(owner);
        made.receiver = made.transceiver.receiver();
        made.track = owner->receiver_track();
        made.streams = owner->streams();
        if (!track_events_.push(std::move(made)))
            log_.debug("nobody reads nextTrack(): a track is only in getReceivers()");
    }
}

/// webrtc-pc 4.4.1.6: the transceivers are stopped, without any event.
CORTC_DECL void connection::end_media(const std::exception_ptr& why) {
    for (auto& each : transceivers_) each->end(why);
    for (auto& [id, stream] : std::exchange(remote_streams_, {}))
        if (auto known = stream.lock()) known->end(why);
}

/// The data section is gone, its transport goes on with the others: the channels close.
CORTC_DECL void connection::end_sctp() {
    if (!sctp_) return;
    sctp_->abort("the data section was rejected");
    touch_sctp();
}

} // namespace cortc
