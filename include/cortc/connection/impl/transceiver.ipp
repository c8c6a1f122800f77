#pragma once

#include "cortc/connection/media_stream.hpp"
#include "cortc/connection/rtp_parameters.hpp"
#include "cortc/connection/track.hpp"
#include "cortc/connection/transceiver.hpp"
#include "cortc/error.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <utility>

namespace cortc {

namespace detail {

CORTC_DECL std::vector<std::string> stream_ids(const char* where, const std::vector<MediaStream>& streams) {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < streams.size(); ++i) {
        if (!streams[i]) throw Error(errc::type, fmt::format("{}: streams[{}] is an empty handle", where, i));
        ids.push_back(streams[i].id());
    }
    return ids;
}

} // namespace detail

// webrtc-pc 5.3 "create an RTCRtpReceiver": a track that is there from the beginning, muted.
CORTC_DECL transceiver_impl::transceiver_impl(std::shared_ptr<context_core> core,
                                              std::weak_ptr<transceiver_owner> owner,
                                              const jsep::transceiver& from)
    : core_(std::move(core))
    , owner_(std::move(owner))
    , id_(from.id)
    , kind_(detail::to_w3c(from.kind))
    , receiver_track_(
          std::make_shared<track_impl>(core_, kind_, fmt::format("remote {}", to_string(kind_)), true)) {
    update(from);
}

CORTC_DECL void transceiver_impl::update(const jsep::transceiver& now) {
    mid_ = now.mid;
    negotiated_ = now.negotiated;
    if (encodings_ != now.encodings) encodings_ = now.encodings;
    receiving_ =
        now.fired_direction && (*now.fired_direction & sdp::direction::recvonly) == sdp::direction::recvonly;
    const auto ended = [] { return make_error(errc::closed, "the transceiver was stopped"); };
    if (now.stopped) return end(ended());
    direction_ = now.stopping ? RtpTransceiverDirection::stopped : detail::to_w3c(now.direction);
    current_direction_.reset();
    if (now.current_direction) current_direction_ = detail::to_w3c(*now.current_direction);
    // webrtc-pc 5.4 "stop sending and receiving": the track does not wait for the negotiation.
    if (now.stopping) end_track(ended());
}

CORTC_DECL void transceiver_impl::end(std::exception_ptr why) {
    stopped_ = true;
    receiving_ = false;
    direction_ = RtpTransceiverDirection::stopped;
    current_direction_ = RtpTransceiverDirection::stopped;
    streams_.clear();
    end_track(std::move(why));
}

/// mediacapture-streams 4.3.1: a track that ends otherwise than by its own stop() does so in a task. Behind
/// the operation that stopped the transceiver, and without the connection, which may be gone by then.
CORTC_DECL void transceiver_impl::end_track(std::exception_ptr why) {
    if (std::exchange(track_ends_, true)) return;
    auto end = [track = receiver_track_.inner(), why = std::move(why)] { track->end(why); };
    asio::post(core_->executor(), [core = core_, end = std::move(end)]() mutable {
        asio::post(core->executor(), std::move(end));
    });
}

CORTC_DECL void transceiver_impl::set_direction(RtpTransceiverDirection wish) {
    auto owner = owner_.lock();
    if (!owner || direction_ == RtpTransceiverDirection::stopped)
        throw Error(errc::invalid_state, "RtpTransceiver::direction: the transceiver is stopped");
    if (wish == RtpTransceiverDirection::stopped)
        throw Error(errc::type, "RtpTransceiver::direction: stopped is no direction to ask for; call stop()");
    owner->set_direction(*this, detail::to_sdp(wish));
}

CORTC_DECL void transceiver_impl::stop() {
    auto owner = owner_.lock();
    if (!owner || owner->is_closed())
        throw Error(errc::invalid_state, "RtpTransceiver::stop: the connection is closed");
    owner->stop(*this);
}

CORTC_DECL void transceiver_impl::set_codec_preferences(const std::vector<RtpCodec>& codecs) {
    if (auto owner = owner_.lock()) owner->set_codec_preferences(*this, detail::to_jsep(kind_, codecs));
}

// ---- the sender

CORTC_DECL RtpSendParameters transceiver_impl::get_send_parameters() {
    auto owner = owner_.lock();
    if (auto now = owner ? owner->get_parameters(*this) : std::nullopt)
        return detail::send_parameters(kind_, *now);
    jsep::send_parameters last; // nothing can be set any more, so it needs no transactionId
    last.encodings = encodings_;
    if (negotiated_) {
        last.codecs = negotiated_->codecs;
        last.header_extensions = negotiated_->extensions;
        last.rtcp_reduced_size = negotiated_->rtcp_reduced_size;
    }
    return detail::send_parameters(kind_, last);
}

CORTC_DECL void transceiver_impl::set_parameters(RtpSendParameters parameters, waiter_ptr<void> operation) {
    auto owner = owner_.lock();
    if (!owner || direction_ == RtpTransceiverDirection::stopped)
        throw Error(errc::invalid_state, "setParameters: the transceiver is stopped");
    owner->set_parameters(*this, std::move(parameters), std::move(operation));
}

CORTC_DECL void transceiver_impl::set_streams(const std::vector<MediaStream>& streams) {
    auto owner = owner_.lock();
    if (!owner || owner->is_closed())
        throw Error(errc::invalid_state, "setStreams: the connection is closed");
    owner->set_streams(*this, detail::stream_ids("setStreams", streams));
}

// ---- the receiver

CORTC_DECL RtpReceiveParameters transceiver_impl::get_receive_parameters() const {
    return negotiated_ ? detail::receive_parameters(kind_, *negotiated_) : RtpReceiveParameters();
}

} // namespace cortc
