#pragma once

#include "cortc/base/endpoint.hpp"
#include "cortc/base/time.hpp"
#include "cortc/crypto/hash.hpp"
#include "cortc/stun/types.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cortc::turn {

/// What a server knows of a user: the password, or the key that RFC 8489 9.2.2 makes of name, realm and
/// password (stun::long_term_key_md5(), stun::long_term_key_sha256()), with which the other algorithm is not
/// possible.
using user_secret = std::variant<std::string, crypto::md5_digest, crypto::sha256_digest>;

/// Where relayed addresses are.
class relay_address {
  public:
    relay_address() = default;
    /// Both.
    explicit relay_address(ip_address at, std::optional<ip_address> seen_as = {})
        : local(std::move(at)), external(std::move(seen_as)) {}

    ip_address local; ///< of this machine: sockets are bound to it
    /// What clients are told instead, where a NAT in front of the server maps that to `local` one to one, as
    /// clouds and containers have it; none: `local`. Of the same family.
    std::optional<ip_address> external;
};

/// What clients and strangers can make a server keep, or do.
struct server_limits {
    std::size_t allocations = 10000;        ///< in all; more: 508
    std::size_t allocations_per_user = 100; ///< of REST credentials, the user without the expiry; more: 486
    std::size_t permissions = 256;          ///< of one allocation; more: 508
    std::size_t channels = 256;             ///< of one allocation; more: 508
    std::size_t reservations = 64;          ///< ports that wait for their RESERVATION-TOKEN; more: 508
    std::size_t connections = 2000; ///< of TCP and TLS, with or without an allocation; more are closed
    std::uint32_t challenges_per_second = 100; ///< 401, 438 and the like to one address; others are dropped
    unsigned port_attempts = 10;               ///< ports of the range that are tried for one relayed address
    std::uint32_t connections_per_second = 50; ///< of TCP and TLS, from one address; more are closed
    /// That a TCP or TLS connection may be without an allocation.
    duration idle_connection = std::chrono::seconds(30);
};

/// What a TURN server goes by. `realm`, and `users` or `rest_secrets`, have no default.
class server_options {
  public:
    std::string realm; ///< RFC 8489 14.9: "example.org"
    /// The secret of a user; none: there is no such user. It is called for each new allocation, on the
    /// server's executor, and should not take long. What it throws is an error 500.
    std::function<std::optional<user_secret>(std::string_view username)> users;
    /// The secrets of REST credentials (turn::rest_credentials); those made with any of them are good, so
    /// that a secret can be replaced. With them `users` is asked for names that are no REST names alone.
    std::vector<std::string> rest_secrets;

    /// Where to listen for TCP, too (RFC 8656 3.1); 0.0.0.0 and :: as for UDP, and port 0 is UDP's of the
    /// same address, if it is free. Peers are reached by UDP all the same.
    std::vector<endpoint> tcp;
    ///@{
    /// Where to listen for TLS, and what is presented there: the certificate with those of its authorities
    /// behind it, and its key, as PEM. DTLS is not served.
    std::vector<endpoint> tls;
    std::string certificate_pem, key_pem;
    ///@}
    /// One for each family at most. None: the first addresses that the server listens at.
    std::vector<relay_address> relays;
    ///@{
    /// The ports of relayed addresses, both included; 0 and 0: as the system chooses.
    std::uint16_t first_port = 49152;
    std::uint16_t last_port = 65535;
    ///@}
    /// Peers that are special (turn::is_special()) or the server's own addresses, and may yet be relayed to:
    /// "10.1.0.0/16".
    std::vector<std::string> allowed_peers;
    std::vector<std::string> denied_peers; ///< the same for others that may not; it counts before the other
    /// RFC 8489 10: where clients are sent instead of having an allocation, if of their family.
    std::optional<endpoint> alternate_server;

    /// Channels 0x5000 to 0x7fff too, which RFC 5766 had and clients of its time draw (coturn's does); off:
    /// 400, as RFC 8656 12.2 has it.
    bool old_channels = true;
    /// What is announced, the best first. MD5 alone is as RFC 5389 has it.
    std::vector<stun::password_algorithm> password_algorithms = {stun::password_algorithm::sha256,
                                                                 stun::password_algorithm::md5};
    duration default_lifetime = std::chrono::minutes(10); ///< of allocations, and the shortest (RFC 8656 7.2)
    duration max_lifetime = std::chrono::hours(1);        ///< that a client can have at once
    duration nonce_lifetime = std::chrono::hours(1);      ///< RFC 8656 5; later: 438
    std::string software;                                 ///< SOFTWARE in answers; empty: none
    server_limits limit;                                  ///< what it may come to
};

/// What a server has done so far.
struct server_statistics {
    std::uint64_t allocations = 0;           ///< now
    std::uint64_t allocations_made = 0;      ///< since it began
    std::uint64_t bindings = 0;              ///< that were answered
    std::uint64_t challenges = 0;            ///< 401 and 438 that were sent
    std::uint64_t challenges_suppressed = 0; ///< beyond server_limits::challenges_per_second
    std::uint64_t authentication_failed = 0; ///< a name that nobody has, or a wrong password
    std::uint64_t refused_quota = 0;         ///< 486
    std::uint64_t refused_capacity = 0;      ///< 508
    std::uint64_t refused_peers = 0;         ///< 403
    std::uint64_t refused_others = 0;        ///< with any other code
    ///@{
    /// Payloads, and their bytes without headers.
    std::uint64_t packets_to_peers = 0, bytes_to_peers = 0;
    std::uint64_t packets_to_clients = 0, bytes_to_clients = 0;
    ///@}
    std::uint64_t dropped_malformed = 0;     ///< neither STUN nor ChannelData, or of no use
    std::uint64_t dropped_no_allocation = 0; ///< data on a 5-tuple without one
    std::uint64_t dropped_no_permission = 0; ///< either way
    std::uint64_t dropped_no_channel = 0;    ///< a number that is not bound
    std::uint64_t dropped_too_long = 0;      ///< with its header it fits no datagram
    std::uint64_t dropped_slow = 0;          ///< a TCP client does not read
};

} // namespace cortc::turn
