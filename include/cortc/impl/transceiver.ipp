#pragma once

#include "cortc/error.hpp"
#include "cortc/impl/transceiver.hpp"

#include <utility>

namespace cortc {

namespace detail {

CORTC_DECL RtpTransceiverDirection to_w3c(sdp::direction direction) noexcept {
    switch (direction) {
    case sdp::direction::sendrecv:
        return RtpTransceiverDirection::sendrecv;
    case sdp::direction::sendonly:
        return RtpTransceiverDirection::sendonly;
    case sdp::direction::recvonly:
        return RtpTransceiverDirection::recvonly;
    case sdp::direction::inactive:
        break;
    }
    return RtpTransceiverDirection::inactive;
}

CORTC_DECL sdp::direction to_sdp(RtpTransceiverDirection direction) noexcept {
    switch (direction) {
    case RtpTransceiverDirection::sendrecv:
        return sdp::direction::sendrecv;
    case RtpTransceiverDirection::sendonly:
        return sdp::direction::sendonly;
    case RtpTransceiverDirection::recvonly:
        return sdp::direction::recvonly;
    case RtpTransceiverDirection::inactive:
    case RtpTransceiverDirection::stopped:
        break;
    }
    return sdp::direction::inactive;
}

} // namespace detail

CORTC_DECL transceiver_impl::transceiver_impl(std::weak_ptr<transceiver_owner> owner,
                                              const jsep::transceiver& from)
    : owner_(std::move(owner))
    , id_(from.id)
    , kind_(from.kind == jsep::media_kind::audio ? MediaKind::audio : MediaKind::video) {
    update(from);
}

CORTC_DECL void transceiver_impl::update(const jsep::transceiver& now) {
    mid_ = now.mid;
    if (now.stopped) return end();
    direction_ = now.stopping ? RtpTransceiverDirection::stopped : detail::to_w3c(now.direction);
    current_direction_.reset();
    if (now.current_direction) current_direction_ = detail::to_w3c(*now.current_direction);
}

CORTC_DECL void transceiver_impl::end() noexcept {
    stopped_ = true;
    direction_ = RtpTransceiverDirection::stopped;
    current_direction_ = RtpTransceiverDirection::stopped;
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

} // namespace cortc
