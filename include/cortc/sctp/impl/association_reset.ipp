#pragma once

#include "cortc/sctp/association.hpp"

#include <algorithm>

namespace cortc::sctp {

CORTC_DECL bool association::reset_stream(stream_id stream) {
    if (state_ != association_state::established || stream.value() >= tcb_->outgoing_streams) return false;
    auto& known = tcb_->sender.queue().stream(stream);
    if (known.resetting) return true;
    if (!tcb_->peer_resets) {
        inbox_.emit(stream_reset_failed{{stream}}, false);
        return true;
    }
    known.resetting = true;
    tcb_->reset_requester.add(stream);
    return true;
}

CORTC_DECL void association::handle_re_config(const chunk& from, time_point now) {
    if (!up()) return drop(drop_reason::out_of_the_blue);
    tlv_reader parameters(from.value);
    for (int count = 0; count < 2; ++count) { // RFC 6525 3.1: no more than two
        const auto parameter = parameters.next();
        if (!parameter) break;
        switch (static_cast<parameter_type>(parameter->type)) {
        case parameter_type::outgoing_reset_request:
            handle_reset_request(*parameter, now);
            break;
        case parameter_type::reset_response:
            handle_reset_response(*parameter, now);
            break;
        case parameter_type::incoming_reset_request:
        case parameter_type::tsn_reset_request:
        case parameter_type::add_outgoing_streams:
        case parameter_type::add_incoming_streams: {
            // Data channels have no use for these (RFC 8831 6.2).
            byte_reader in(parameter->value);
            const reset_sequence sequence(in.u32());
            if (in.ok()) respond_to_reset(sequence, tcb_->reset_responder.refuse(sequence));
            break;
        }
        default:
            drop(drop_reason::bad_reset);
            break;
        }
    }
    if (!parameters.ok()) drop(drop_reason::bad_reset);
}

CORTC_DECL void association::handle_reset_request(const tlv& parameter, time_point now) {
    const auto request = parse_outgoing_reset(parameter);
    if (!request) return drop(drop_reason::bad_reset);
    const bool too_often =
        request->count() == 0 && !resets_of_all_.allows(config_.limits.max_resets_of_all_per_second, now);
    const auto result = too_often ? tcb_->reset_responder.refuse(request->sequence)
                                  : tcb_->reset_responder.handle(*request, tcb_->receiver.cumulative());
    if (too_often || result == reset_result::bad_sequence) drop(drop_reason::bad_reset);
    respond_to_reset(request->sequence, result);
    carry_out_reset();
}

CORTC_DECL void association::respond_to_reset(reset_sequence sequence, reset_result result) {
    std::array<std::byte, 12> value;
    byte_writer out(value);
    out.u16(static_cast<std::uint16_t>(parameter_type::reset_response));
    out.u16(12);
    out.u32(sequence.value());
    out.u32(static_cast<std::uint32_t>(result));
    (void)queue_reply(chunk_type::re_config, 0, tcb_->peer_tag, false, value);
}

CORTC_DECL void association::carry_out_reset() {
    auto ready = tcb_->reset_responder.take_ready();
    if (!ready) return;
    auto streams = std::move(ready->streams);
    if (ready->all) {
        streams = tcb_->receiver.used_streams();
        const auto ours = tcb_->sender.queue().known();
        streams.insert(streams.end(), ours.begin(), ours.end());
    }
    std::sort(streams.begin(), streams.end()); // a list may name one stream hundreds of times
    streams.erase(std::unique(streams.begin(), streams.end()), streams.end());
    std::erase_if(streams, [&](stream_id stream) { return stream.value() >= tcb_->incoming_streams; });
    for (const auto stream : streams) tcb_->receiver.reset_stream(stream);
    if (!streams.empty()) inbox_.emit(incoming_streams_reset{std::move(streams)}, true);
}

CORTC_DECL void association::handle_reset_response(const tlv& parameter, time_point now) {
    const auto response = parse_reset_response(parameter);
    bool expected = false;
    std::optional<reset_requester::outcome> outcome;
    if (response)
        outcome = tcb_->reset_requester.handle_response(*response, expected, now, tcb_->rto().value());
    if (!expected) return drop(drop_reason::bad_reset);
    tcb_->path_errors = 0;
    if (outcome) end_reset(std::move(outcome->streams), outcome->done);
}

CORTC_DECL void association::end_reset(std::vector<stream_id> streams, bool done) {
    for (const auto id : streams) {
        tcb_->sender.queue().stream(id).resetting = false;
        if (done) tcb_->sender.queue().end_life(id);
    }
    if (done)
        inbox_.emit(outgoing_streams_reset{std::move(streams)}, false);
    else
        inbox_.emit(stream_reset_failed{std::move(streams)}, false);
}

} // namespace cortc::sctp
