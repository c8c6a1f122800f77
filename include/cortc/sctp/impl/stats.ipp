#pragma once

#include "cortc/sctp/stats.hpp"

namespace cortc::sctp {

CORTC_DECL std::string_view to_string(drop_reason reason) noexcept {
    switch (reason) {
    case drop_reason::short_packet:
        return "short packet";
    case drop_reason::bad_checksum:
        return "bad checksum";
    case drop_reason::wrong_port:
        return "wrong port";
    case drop_reason::wrong_tag:
        return "wrong verification tag";
    case drop_reason::malformed_chunk:
        return "malformed chunk";
    case drop_reason::too_many_chunks:
        return "too many chunks";
    case drop_reason::out_of_the_blue:
        return "out of the blue";
    case drop_reason::unknown_chunk:
        return "unknown chunk";
    case drop_reason::duplicate_data:
        return "duplicate data";
    case drop_reason::window_overrun:
        return "window overrun";
    case drop_reason::bad_stream:
        return "bad stream";
    case drop_reason::bad_fragment:
        return "bad fragment";
    case drop_reason::bad_sack:
        return "bad SACK";
    case drop_reason::stale_sack:
        return "stale SACK";
    case drop_reason::bad_cookie:
        return "bad cookie";
    case drop_reason::stale_cookie:
        return "stale cookie";
    case drop_reason::bad_reset:
        return "bad stream reset";
    case drop_reason::bad_forward_tsn:
        return "bad FORWARD-TSN";
    case drop_reason::reply_limit:
        return "too many replies";
    case drop_reason::count_:
        break;
    }
    return "unknown";
}

} // namespace cortc::sctp
