#pragma once

#include "cortc/jsep/types.hpp"
#include "cortc/sdp/attributes.hpp"
#include "cortc/sdp/codec.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cortc::jsep {

/// A codec that both ends have, under the payload type that both use.
struct negotiated_codec {
    sdp::codec codec;        // fmtp: what we said, so what we may be sent; feedback: what both have
    std::string remote_fmtp; // what the peer said, so what it may be sent

    friend bool operator==(const negotiated_codec&, const negotiated_codec&) = default;
};

/// What an answer, in either direction, settled for a section.
struct media_parameters {
    std::vector<negotiated_codec> codecs; // the answerer's preference first
    std::vector<sdp::extmap> extensions;  // the direction as we see it
    bool rtcp_reduced_size = false;
    std::vector<sdp::rid> rids; // as we wrote them: "recv" for the layers that the peer sends
    std::optional<sdp::simulcast> simulcast;

    friend bool operator==(const media_parameters&, const media_parameters&) = default;
};

/// RTCRtpTransceiver's part in the negotiation.
struct transceiver {
    transceiver_id id;
    media_kind kind = media_kind::audio;
    std::string mid;
    std::size_t section = 0; // index of its m= section
    sdp::direction direction = sdp::direction::recvonly;
    std::optional<sdp::direction> current_direction; // since the first answer
    bool stopping = false;                           // stop() was called; the next offer rejects the section
    bool stopped = false;                            // for good
    std::string sender_id;                           // the track id in our a=msid
    std::vector<std::string> streams;                // the stream ids in our a=msid
    std::vector<sdp::msid> remote_msids;             // empty while the peer does not send
    std::shared_ptr<const media_parameters> negotiated; // since the first answer

    [[nodiscard]] bool ended() const noexcept { return stopping || stopped; }
};

} // namespace cortc::jsep
