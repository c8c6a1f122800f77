#pragma once

#include "cortc/datachannel/channel_types.hpp"

namespace cortc::datachannel {

CORTC_DECL std::string_view to_string(open_error error) noexcept {
    switch (error) {
    case open_error::closed:
        return "the association is over";
    case open_error::invalid_parameters:
        return "invalid parameters";
    case open_error::id_taken:
        return "the id is taken";
    case open_error::id_out_of_range:
        return "the id is out of range";
    case open_error::no_id_free:
        return "no id is free";
    case open_error::too_many_channels:
        return "too many channels";
    }
    return "?";
}

CORTC_DECL std::string_view to_string(channel_state state) noexcept {
    switch (state) {
    case channel_state::connecting:
        return "connecting";
    case channel_state::open:
        return "open";
    case channel_state::closing:
        return "closing";
    case channel_state::closed:
        return "closed";
    }
    return "?";
}

CORTC_DECL std::string_view to_string(channel_drop reason) noexcept {
    switch (reason) {
    case channel_drop::unknown_stream:
        return "data on a stream without a channel";
    case channel_drop::closing_channel:
        return "data for a closing channel";
    case channel_drop::unknown_ppid:
        return "unknown payload protocol identifier";
    case channel_drop::malformed_open:
        return "malformed OPEN";
    case channel_drop::wrong_parity:
        return "OPEN on an id of the wrong parity";
    case channel_drop::stream_in_use:
        return "OPEN on a stream in use";
    case channel_drop::too_many:
        return "OPEN beyond the limits";
    case channel_drop::no_return_stream:
        return "OPEN on a stream without an outgoing counterpart";
    case channel_drop::unexpected_ack:
        return "ACK without an OPEN";
    case channel_drop::unknown_control:
        return "unknown DCEP message";
    case channel_drop::count_:
        break;
    }
    return "?";
}

} // namespace cortc::datachannel
