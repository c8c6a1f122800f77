#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/endpoint.hpp"
#include "cortc/base/random.hpp"
#include "cortc/base/time.hpp"
#include "cortc/crypto/secret.hpp"
#include "cortc/stun/credentials.hpp"

#include <string>
#include <string_view>

namespace cortc::turn {

/// A server's nonces (RFC 8489 9.2, 14.10) without a memory of them: each holds the time and a code over it,
/// the client's address and the features that it announces. A client behind another port of its NAT keeps
/// its nonce; another address gets no use of it.
class nonces {
  public:
    /// The key is new: nonces of another object are foreign to this one.
    nonces(random_source& random, stun::security_features features, duration lifetime);

    [[nodiscard]] std::string make(const ip_address& client, time_point now) const;
    /// Whether make() has made it for this address within the lifetime.
    [[nodiscard]] bool valid(std::string_view nonce, const ip_address& client, time_point now) const;

  private:
    [[nodiscard]] std::string made_at(std::uint64_t second, const ip_address& client) const;

    crypto::secret<32> key_;
    stun::security_features features_;
    duration lifetime_;
};

} // namespace cortc::turn

#if defined(CORTC_HEADER_ONLY)
#include "cortc/turn/impl/nonces.ipp"
#endif
