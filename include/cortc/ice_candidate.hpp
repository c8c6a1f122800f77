#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace cortc {

/// RTCIceCandidateInit (webrtc-pc 4.8.1): one candidate on its way to or from the peer. An empty `candidate`
/// says that the section's generation has no more (end-of-candidates); it is sent on like any other.
class IceCandidate {
  public:
    IceCandidate() = default;
    /// Its members, in their order. Nothing is checked here: addIceCandidate() does that.
    explicit IceCandidate(std::string a_candidate, std::optional<std::string> a_mid = {},
                          std::optional<std::uint16_t> an_index = {}, std::optional<std::string> a_ufrag = {})
        : candidate(std::move(a_candidate))
        , sdpMid(std::move(a_mid))
        , sdpMLineIndex(an_index)
        , usernameFragment(std::move(a_ufrag)) {}

    friend bool operator==(const IceCandidate&, const IceCandidate&) = default;

    std::string candidate;                       ///< "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host"
    std::optional<std::string> sdpMid;           ///< the section's a=mid
    std::optional<std::uint16_t> sdpMLineIndex;  ///< or its place, from 0
    std::optional<std::string> usernameFragment; ///< names the ICE generation
    ///@{
    /// Of those that nextIceCandidate() gives and that a server helped to find: its URL as the configuration
    /// has it, and for relayed ones how it is reached, "udp", "tcp" or "tls". Not part of what is sent on.
    std::optional<std::string> url;
    std::optional<std::string> relayProtocol;
    ///@}
};

/// Why a STUN or TURN server gave no candidate (webrtc-pc 4.8.3, RTCPeerConnectionIceErrorEvent).
class IceCandidateError {
  public:
    std::string address;         ///< ours that it was asked from; empty: its name was not even resolved
    std::uint16_t port = 0;      ///< likewise; 0: none
    std::string url;             ///< of the server, as the configuration has it
    std::uint16_t errorCode = 0; ///< 300 to 699: the server's (RFC 8489 14.8); 701: it could not be reached
    std::string errorText;       ///< the server's words, or ours
};

} // namespace cortc
