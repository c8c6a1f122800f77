#pragma once

#include "cortc/stun/message.hpp"
#include "cortc/transport/demultiplexer.hpp"

namespace cortc {

CORTC_DECL protocol protocol_of(byte_view datagram) noexcept {
    if (datagram.empty()) return protocol::unknown;
    if (stun::is_stun(datagram)) return protocol::stun;
    const auto first = std::to_integer<unsigned>(datagram[0]);
    if (first >= 20 && first <= 63) return protocol::dtls;
    if (first >= 128 && first <= 191) return protocol::srtp;
    return protocol::unknown;
}

CORTC_DECL std::string_view to_string(demux_drop reason) noexcept {
    switch (reason) {
    case demux_drop::empty:
        return "empty";
    case demux_drop::unknown_protocol:
        return "unknown protocol";
    case demux_drop::invalid_source:
        return "invalid source";
    case demux_drop::no_dtls_yet:
        return "no DTLS yet";
    case demux_drop::no_media:
        return "no media";
    case demux_drop::no_srtp_keys:
        return "no SRTP keys";
    case demux_drop::no_receiver:
        return "no receiver";
    case demux_drop::no_channels:
        return "no data channels";
    case demux_drop::count:
        break;
    }
    return "";
}

} // namespace cortc
