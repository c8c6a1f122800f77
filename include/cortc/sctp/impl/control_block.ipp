#pragma once

#include "cortc/sctp/control_block.hpp"

#include <algorithm>

namespace cortc::sctp {

CORTC_DECL control_block::control_block(const association_config& config, std::uint32_t tag, tsn initial,
                                        inbox& into, random_source& random, buffer_pool& pool,
                                        association_stats& stats)
    : receiver(config, into, timers, pool, stats)
    , sender(config, initial, timers, pool, stats)
    , reset_requester(reset_sequence(initial.value()), timers)
    , heartbeat(config, random, timers)
    , local_tag(tag)
    , initial_tsn(initial)
    , outgoing_streams(config.outgoing_streams)
    , incoming_streams(config.max_incoming_streams)
    , config_(&config)
    , stats_(&stats) {}

CORTC_DECL void control_block::adopt(const peer_parameters& peer) {
    peer_tag = peer.tag;
    receiver.start(peer.initial_tsn);
    reset_responder.start(reset_sequence(peer.initial_tsn.value()));
    sender.set_peer(peer.window, peer.forward_tsn);
    outgoing_streams = std::min(config_->outgoing_streams, peer.incoming_streams);
    incoming_streams = std::min(config_->max_incoming_streams, peer.outgoing_streams);
    peer_resets = peer.re_config;
    stats_->messages_abandoned += sender.queue().discard_streams_from(outgoing_streams);
}

} // namespace cortc::sctp
