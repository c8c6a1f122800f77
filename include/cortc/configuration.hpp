#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cortc {

/// RTCConfiguration (webrtc-pc 4.2.1), as far as data connections over host candidates need it.
class Configuration {
  public:
    Configuration() = default;
};

/// RTCOfferOptions. Trivially destructible: `pc.createOffer({.iceRestart = true})` is safe under co_await.
struct OfferOptions {
    bool iceRestart = false; ///< the offer carries new ICE credentials
};

/// RTCPriorityType (webrtc-priority 4.1). Channels that have something to send share the connection as
/// 1 : 2 : 4 : 8.
enum class PriorityType { very_low, low, medium, high };

/// RTCDataChannelInit (webrtc-pc 6.2.2, webrtc-priority 4.3).
class DataChannelInit {
  public:
    DataChannelInit() = default;

    bool ordered = true;
    std::optional<std::uint16_t> maxPacketLifeTime; ///< milliseconds; at most one of the two limits
    std::optional<std::uint16_t> maxRetransmits;
    std::string protocol; ///< at most 65535 bytes
    bool negotiated = false;
    std::optional<std::uint16_t> id; ///< 0..65534; needed and used only with `negotiated`
    PriorityType priority = PriorityType::low;
};

} // namespace cortc
