#pragma once

#include "cortc/jsep/parameters.hpp"
#include "cortc/jsep/types.hpp"
#include "cortc/sdp/attributes.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cortc::jsep {

/// RTCRtpTransceiver's part in the negotiation, with its sender and its receiver.
struct transceiver {
    transceiver_id id;
    media_kind kind = media_kind::audio;
    std::string mid;                    // empty: not associated with a section
    std::optional<std::size_t> section; // index of its m= section
    sdp::direction direction = sdp::direction::recvonly;
    std::optional<sdp::direction> current_direction; // since the first answer; none once stopped
    std::optional<sdp::direction> fired_direction;   // what `remote_track` events were last told by
    bool stopping = false;                           // stop() was called; the next offer rejects the section
    bool stopped = false;                            // for good
    // The sender.
    std::optional<std::string> track; // the id that the application gave; none: it sends nothing
    std::string sender_id;            // the track id in our a=msid, the same for good
    std::vector<std::string> streams; // the stream ids in our a=msid
    std::vector<encoding> encodings;  // never empty; more than one: simulcast
    bool has_sent = false;            // some answer let it send
    bool by_add_track = false;        // addTrack made it: a section of a remote offer may take it
    bool used_by_add_track = false;   // addTrack made it or gave it a track: no rollback removes it
    std::vector<codec_capability> preferred_codecs;         // empty: the configured ones
    std::shared_ptr<const send_parameters> last_parameters; // what getParameters returned; none: outdated
    // The receiver.
    std::vector<std::string> receive_rids;   // layers that we offer to receive
    std::vector<sdp::msid> remote_msids;     // as written; empty while the peer does not send
    std::vector<std::string> remote_streams; // the ids of the streams that its track is in
    // Both.
    std::shared_ptr<const media_parameters> negotiated; // since the first answer

    [[nodiscard]] bool ended() const noexcept { return stopping || stopped; }
};

} // namespace cortc::jsep
