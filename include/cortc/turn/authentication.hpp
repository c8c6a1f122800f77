#pragma once

#include "cortc/base/config.hpp"
#include "cortc/crypto/secret.hpp"
#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cortc::turn {

/// The long-term credentials of one client at one server (RFC 8489 9.2): what the server's challenges said,
/// and the key that follows from it.
class authentication {
  public:
    /// Name and password as RFC 8265 prepares them (stun::opaque_string()).
    authentication(std::string username, std::string password)
        : username_(std::move(username)), password_(std::move(password)) {}

    /// What a 401 or 438 made of what was known.
    enum class outcome {
        refused,   ///< it challenges for nothing, is bid down, or wants algorithms that are not carried
        unchanged, ///< neither realm nor nonce is new: the same answer would follow
        renewed,
    };
    outcome challenge(const stun::message& response);

    /// A challenge was taken: requests are signed.
    [[nodiscard]] bool ready() const noexcept { return ready_; }
    /// The attributes of the mechanism, with the message's integrity as the last. Nothing until ready().
    void sign(stun::message_writer& out) const;
    /// Whether a response comes from who knows the password.
    [[nodiscard]] bool verify(const stun::message& response) const;

  private:
    static constexpr std::size_t most_offered =
        64; // bytes of PASSWORD-ALGORITHMS: two are known, of four each

    void derive_key();

    std::string username_, password_;
    std::string realm_, nonce_;
    std::vector<std::byte> offered_; // PASSWORD-ALGORITHMS as it came; empty: MD5 and MESSAGE-INTEGRITY
    stun::password_algorithm algorithm_ = stun::password_algorithm::md5;
    bool anonymous_ = false; // USERHASH instead of USERNAME
    bool ready_ = false;
    crypto::secret<32> key_;
};

} // namespace cortc::turn

#if defined(CORTC_HEADER_ONLY)
#include "cortc/turn/impl/authentication.ipp"
#endif
