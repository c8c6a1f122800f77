#pragma once

#include "cortc/base/endpoint.hpp"
#include "cortc/ice/server_url.hpp"
#include "cortc/ice/types.hpp"
#include "cortc/sdp/candidate.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cortc::ice {

using candidate_type = sdp::candidate_type;

/// A candidate as the checks use it (RFC 8445 5.1): UDP, component 1, addresses parsed.
struct candidate {
    candidate_type type = candidate_type::host;
    endpoint address;
    endpoint base;    ///< what it is sent from; a local candidate's, a remote one repeats its address
    socket_id socket; ///< a local candidate's
    std::uint32_t priority = 0;
    std::uint16_t local_preference = 65535;
    std::string foundation;
    std::string name;                             ///< ending in `.local`: signaled in place of the address
    std::string url;                              ///< a local candidate's: of the server that it is from
    std::optional<server_transport> relayed_over; ///< how the server of a relayed one is reached
    bool gone = false;                            ///< a local candidate's: its transport was lost
};

/// What the owner knows of a local candidate.
struct local_candidate {
    socket_id socket;
    endpoint base; ///< the socket's address; for a relayed candidate the relayed address
    candidate_type type = candidate_type::host;
    std::uint16_t local_preference = 65535; ///< RFC 8421 4: of this address among all of this type
    std::optional<endpoint> address =
        {}; ///< the candidate itself, where it is not the base (server-reflexive)
    std::optional<ip_address> server = {};             ///< the STUN or TURN server it was learned from
    std::string url = {};                              ///< of that server, as it was configured
    std::optional<server_transport> relayed_over = {}; ///< of a relayed candidate: how that server is reached
    std::optional<endpoint> related = {};              ///< raddr and rport to signal; default: the base
    std::string name = {};                             ///< to signal in place of the address
};

/// RFC 8445 5.1.2.2: host 126, peer-reflexive 110, server-reflexive 100, relayed 0.
std::uint32_t type_preference(candidate_type type) noexcept;
/// RFC 8445 5.1.2.1.
std::uint32_t candidate_priority(candidate_type type, std::uint16_t local_preference,
                                 unsigned component = 1) noexcept;
/// RFC 8445 6.1.2.3.
std::uint64_t pair_priority(std::uint32_t controlling, std::uint32_t controlled) noexcept;

/// RFC 8445 5.1.1.3: equal for candidates of one type, base address and server. A hash, so that it needs no
/// table and is the same in every generation: 8 hexadecimal digits, which are ice-chars.
std::string candidate_foundation(candidate_type type, const ip_address& base,
                                 const std::optional<ip_address>& server);

/// RFC 8445 6.1.2.2: same family, and link-local only with link-local.
bool can_pair(const endpoint& local_base, const endpoint& remote) noexcept;

/// What is signaled for a local candidate; `related` is left out of host candidates (RFC 8839 5.1).
sdp::candidate to_sdp(const candidate& local, const std::optional<endpoint>& related,
                      const std::string& ufrag);

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/candidate.ipp"
#endif
