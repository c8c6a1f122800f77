#pragma once

#include "cortc/ice/server_url.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cortc::ice {

/// Who makes the credentials of a TURN server, as whoever drives a gatherer knows it.
class credential_source {
  public:
    credential_source() = default;
    credential_source(const credential_source&) = delete;
    credential_source& operator=(const credential_source&) = delete;
    virtual ~credential_source() = default;
};

/// A STUN or TURN server as it was configured: one for each URL.
struct server {
    server_url url;
    std::string text;                            ///< the URL as it was given, for reports
    std::string username;                        ///< of TURN; empty for STUN
    std::string credential;                      ///< the long-term password (RFC 8489 9.2)
    std::shared_ptr<credential_source> source{}; ///< if set, of the two

    friend bool operator==(const server&, const server&) = default;
};

/// Which candidates may be used (RFC 9429 3.5.3).
enum class transport_policy : std::uint8_t { all, relay };

/// What one gathering phase goes by. A phase keeps what it began with; changes are for the next.
struct gather_settings {
    std::vector<server> servers; ///< best first
    transport_policy policy = transport_policy::all;

    friend bool operator==(const gather_settings&, const gather_settings&) = default;
};

} // namespace cortc::ice
