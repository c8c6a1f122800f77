#pragma once

#include "cortc/base/endpoint.hpp"

#include <cstdint>
#include <optional>

namespace cortc {

/// What a candidate of an external address is called (RFC 8445 4). Peers prefer a host candidate.
enum class external_candidate : std::uint8_t {
    host,            ///< as if an interface had it
    server_reflexive ///< as if a STUN server had told it
};

/// An address that peers reach this machine at and that none of its interfaces has: a cloud's NAT, or
/// Docker's host, maps it to one of them, port by port.
struct external_address {
    external_address() = default; ///< none: `address` is to be set
    /// For every local address of its family.
    explicit external_address(ip_address of) : address(std::move(of)) {}

    ip_address address; ///< as peers see it
    /// The interface's address that it stands for. None: every one of its family that has no entry of its
    /// own, those of loopback and link-local apart.
    std::optional<ip_address> local;
    external_candidate as = external_candidate::host; ///< how it is told
    /// The local address is a candidate beside it, for peers on the same network. Else nobody hears of it.
    bool keep_local = false;
};

} // namespace cortc
