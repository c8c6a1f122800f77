#pragma once

#include "cortc/ice/responses.hpp"

#include "cortc/stun/message_writer.hpp"

namespace cortc::ice {

CORTC_DECL std::optional<drop_reason> response_queue::push(response next, time_point now) {
    if (waiting_.size() >= limit_) return drop_reason::response_queue_full;
    if (!next.authentic) {
        if (!strangers_.ready(now)) return drop_reason::error_rate;
        strangers_.take(now);
    }
    waiting_.push_back(std::move(next));
    return {};
}

CORTC_DECL transmit response_queue::write(byte_span out, std::string_view key) {
    const auto& next = waiting_.front();
    auto cls = next.error ? stun::message_class::error_response : stun::message_class::success_response;
    stun::message_writer writer(out, cls, stun::method::binding, next.id);
    if (next.error) {
        writer.add_error_code(*next.error);
        if (!next.unknown.empty()) writer.add_unknown_attributes(next.unknown);
    } else {
        writer.add_xor_mapped_address(next.to.remote);
    }
    if (next.authentic) writer.add_integrity(as_bytes(key));
    writer.add_fingerprint();
    transmit written{next.to.socket, next.to.remote, writer.size()};
    pop();
    return written;
}

} // namespace cortc::ice
