#pragma once

#include "cortc/transport/media_part.hpp"

namespace cortc {

CORTC_DECL void media_part::start(const std::optional<crypto::srtp_keys>& keys, dtls_role role) {
    if (!keys) return log_.info("DTLS has agreed on no SRTP profile");
    srtp_ = srtp::session::make(srtp::options(*keys, role));
    if (srtp_)
        log_.info("SRTP, {}", to_string(srtp_->used_profile()));
    else
        log_.warning("libsrtp does not start: no media");
}

CORTC_DECL std::optional<demux_drop> media_part::refuses() const noexcept {
    if (!expected_) return demux_drop::no_media;
    if (!srtp_) return demux_drop::no_srtp_keys;
    return std::nullopt;
}

CORTC_DECL bool media_part::handle_packet(const net::datagram& packet, time_point now) {
    media_packet next{packet.data, now, packet.mark, srtp::is_rtcp(packet.data)};
    srtp_->set_time(now);
    const auto size = next.rtcp ? srtp_->unprotect_rtcp(next.data) : srtp_->unprotect_rtp(next.data);
    if (!size) return false;
    next.data = next.data.first(*size);
    if (sink_) sink_->handle_media(next);
    return true;
}

} // namespace cortc
