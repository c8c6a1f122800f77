#pragma once

#include "cortc/base/config.hpp"
#include "cortc/ice_candidate.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace cortc {

/// RTCSignalingState (webrtc-pc 4.3.1).
enum class SignalingState {
    stable,
    have_local_offer,
    have_remote_offer,
    have_local_pranswer,
    have_remote_pranswer,
    closed,
};
/// RTCIceGatheringState (webrtc-pc 4.3.2). `new_` is "new", a word of C++, here and below.
enum class IceGatheringState { new_, gathering, complete };
/// RTCPeerConnectionState (webrtc-pc 4.3.3).
enum class PeerConnectionState { new_, connecting, connected, disconnected, failed, closed };
/// RTCIceConnectionState (webrtc-pc 4.3.4).
enum class IceConnectionState { new_, checking, connected, completed, disconnected, failed, closed };
/// RTCIceTransportState (webrtc-pc 5.6.2). The connection's state is derived from these, and has the same
/// values.
using IceTransportState = IceConnectionState;
/// RTCIceGathererState (webrtc-pc 5.6.1).
using IceGathererState = IceGatheringState;
/// RTCIceRole (webrtc-pc 5.6.3): `unknown` until the first description decides.
enum class IceRole { unknown, controlling, controlled };
/// RTCIceComponent (webrtc-pc 5.6.4). Always `rtp`: RTCP is multiplexed.
enum class IceComponent { rtp, rtcp };
/// RTCDtlsTransportState (webrtc-pc 5.5).
enum class DtlsTransportState { new_, connecting, connected, closed, failed };
/// RTCSctpTransportState (webrtc-pc 6.1.1).
enum class SctpTransportState { connecting, connected, closed };
/// RTCDataChannelState (webrtc-pc 6.2.1).
enum class DataChannelState { connecting, open, closing, closed };

///@{
/// The names the W3C gives them: "have-local-offer", "new" ...
std::string_view to_string(SignalingState state) noexcept;
std::string_view to_string(IceGatheringState state) noexcept;
std::string_view to_string(PeerConnectionState state) noexcept;
std::string_view to_string(IceConnectionState state) noexcept;
std::string_view to_string(IceRole role) noexcept;
std::string_view to_string(IceComponent component) noexcept;
std::string_view to_string(DtlsTransportState state) noexcept;
std::string_view to_string(SctpTransportState state) noexcept;
std::string_view to_string(DataChannelState state) noexcept;
///@}

/// The pair of addresses that packets take now.
class SelectedPair {
  public:
    SelectedPair() = default;
    /// Its members, in their order.
    SelectedPair(IceCandidate a_local, IceCandidate a_remote)
        : local(std::move(a_local)), remote(std::move(a_remote)) {}

    friend bool operator==(const SelectedPair&, const SelectedPair&) = default;

    IceCandidate local;  ///< ours; may be peer-reflexive, which no description has
    IceCandidate remote; ///< the peer's; may be peer-reflexive
};
/// RTCIceCandidatePair (webrtc-pc 5.6).
using IceCandidatePair = SelectedPair;

/// RTCIceParameters (webrtc-pc 5.6).
class IceParameters {
  public:
    IceParameters() = default;
    /// Its members, in their order.
    IceParameters(std::string a_ufrag, std::string a_password)
        : usernameFragment(std::move(a_ufrag)), password(std::move(a_password)) {}

    friend bool operator==(const IceParameters&, const IceParameters&) = default;

    std::string usernameFragment; ///< a=ice-ufrag (RFC 8839 5.4)
    std::string password;         ///< a=ice-pwd
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/states.ipp"
#endif
