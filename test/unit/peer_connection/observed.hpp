#pragma once

#include "test/unit/peer_connection/identity_provider.hpp"
#include "test/unit/peer_connection/media_support.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace cortc::test {

/// Everything that an application can see of a connection, as a text; reading it changes nothing.
inline std::string observed(const PeerConnection& pc) {
    std::string all =
        fmt::format("{} {} {} {}\n", to_string(pc.signalingState()), to_string(pc.connectionState()),
                    to_string(pc.iceConnectionState()), to_string(pc.iceGatheringState()));
    for (const auto& each :
         {pc.localDescription(), pc.currentLocalDescription(), pc.pendingLocalDescription(),
          pc.remoteDescription(), pc.currentRemoteDescription(), pc.pendingRemoteDescription()})
        all += each ? fmt::format("{}\n{}", to_string(each->type), each->sdp) : "none\n";
    const auto trickle = pc.canTrickleIceCandidates();
    all += fmt::format("trickle {} sctp {} channels {} size {}\n", trickle ? int(*trickle) : -1,
                       pc.sctp() ? to_string(pc.sctp()->state()) : "none", pc.maxChannels().value_or(0),
                       pc.maxMessageSize().value_or(0));
    if (const auto pair = pc.selectedPair()) all += pair->local.candidate + pair->remote.candidate + '\n';
    for (const auto& each : pc.getTransceivers()) {
        all += fmt::format("{} mid {} {} {} stopped {} transport {}\n", to_string(each.kind()),
                           each.mid().value_or("none"), to_string(each.direction()),
                           each.currentDirection() ? to_string(*each.currentDirection()) : "none",
                           each.stopped(), each.sender().transport().has_value());
        const auto sent = each.sender().getParameters();
        all += fmt::format("  {} {} track {}\n", sent.transactionId, sent.codecs.size(),
                           each.sender().track() ? each.sender().track()->id() : "none");
        for (const auto& encoding : sent.encodings)
            all += fmt::format("  {} {} {}\n", encoding.rid.value_or("-"), encoding.active,
                               encoding.scaleResolutionDownBy.value_or(0));
        const auto track = each.receiver().track();
        all += fmt::format("  {} muted {} {} codecs {}\n", track.id(), track.muted(),
                           to_string(track.readyState()), each.receiver().getParameters().codecs.size());
    }
    const auto configuration = pc.getConfiguration();
    all += fmt::format("servers {} pool {} {}\n", configuration.iceServers.size(),
                       configuration.iceCandidatePoolSize, configuration.peerIdentity.value_or("nobody"));
    return all;
}

/// Notes in `order` what ended, and how: "offer", "answer InvalidStateError" ...
inline auto noting(std::vector<std::string>& order, std::string name) {
    return [&order, name](std::exception_ptr error, auto&&...) {
        order.push_back(error ? name + " " + told(error) : name);
    };
}

/// A context whose certificates are made when `shelf` runs, and not before: what needs one waits so long.
struct waiting_context {
    asio::io_context shelf;
    context where;

    explicit waiting_context(const context& like) : where(made(like, shelf)) {}
    /// Makes what was asked for; what waited goes on in the next turns.
    void release() {
        shelf.restart();
        shelf.run();
    }

  private:
    static context made(const context& like, asio::io_context& shelf) {
        context_options options;
        options.worker = shelf.get_executor();
        return context(like.get_executor(), like.network(), options);
    }
};

} // namespace cortc::test
