#pragma once

#include "cortc/base/config.hpp"
#include "cortc/ice_candidate.hpp"

#include <string_view>
#include <utility>

namespace cortc {

/// webrtc-pc 4.3.1.
enum class SignalingState {
    stable,
    have_local_offer,
    have_remote_offer,
    have_local_pranswer,
    have_remote_pranswer,
    closed,
};
/// webrtc-pc 4.3.2.
enum class IceGatheringState { new_, gathering, complete };
/// webrtc-pc 4.3.3.
enum class PeerConnectionState { new_, connecting, connected, disconnected, failed, closed };
/// webrtc-pc 4.3.4.
enum class IceConnectionState { new_, checking, connected, completed, disconnected, failed, closed };

/// The names the W3C gives them: "have-local-offer", "new" ...
std::string_view to_string(SignalingState state) noexcept;
std::string_view to_string(IceGatheringState state) noexcept;
std::string_view to_string(PeerConnectionState state) noexcept;
std::string_view to_string(IceConnectionState state) noexcept;

/// The pair of addresses that packets take now.
class SelectedPair {
  public:
    SelectedPair() = default;
    SelectedPair(IceCandidate a_local, IceCandidate a_remote)
        : local(std::move(a_local)), remote(std::move(a_remote)) {}

    IceCandidate local;
    IceCandidate remote;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/states.ipp"
#endif
