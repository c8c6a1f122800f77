#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cortc::turn {

/// Credentials for a time, which a web service makes for its users and a TURN server checks without asking
/// it, because both know a secret (draft-uberti-behave-turn-rest; coturn calls it `use-auth-secret`):
///
///     const auto until = network.calendar() + std::chrono::hours(12);
///     const auto made = turn::rest_credentials::make("alice", secret, until);
///     configuration.iceServers.push_back(IceServer("turn:turn.example.org", made.username, made.password));
class rest_credentials {
  public:
    rest_credentials() = default;

    /// The username is "expiry:user", the expiry in seconds since 1970-01-01 UTC, or the expiry alone where
    /// there is no user; the password is the base64 of an HMAC-SHA1 of the username with the secret. `user`
    /// may hold whatever a username may, ':' and '@' included.
    [[nodiscard]] static rest_credentials make(std::string_view user, std::string_view secret,
                                               unix_time expiry);
    /// When the credentials of that name end; none when it does not begin with a number that ends at a ':'
    /// or with the name.
    [[nodiscard]] static std::optional<unix_time> expiry_of(std::string_view username) noexcept;
    /// What follows the first ':' of the name; the whole of a name without one.
    [[nodiscard]] static std::string_view user_of(std::string_view username) noexcept;
    /// The password of a name that make() has made with this secret and that has not expired.
    [[nodiscard]] static std::optional<std::string> password_of(std::string_view username,
                                                                std::string_view secret, unix_time now);
    /// Whether make() has made both with this secret, and their time is not over.
    [[nodiscard]] static bool verify(std::string_view username, std::string_view password,
                                     std::string_view secret, unix_time now);

    std::string username; ///< for IceServer::username
    std::string password; ///< for IceServer::credential
};

} // namespace cortc::turn

#if defined(CORTC_HEADER_ONLY)
#include "cortc/turn/impl/rest_credentials.ipp"
#endif
