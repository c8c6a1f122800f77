#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/result.hpp"

#include <boost/assert/source_location.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cortc::ice {

enum class server_scheme : std::uint8_t { stun, stuns, turn, turns };
/// How a server is spoken to.
enum class server_transport : std::uint8_t {
    udp,
    tcp,
    tls, ///< over TCP
    dtls ///< over UDP (RFC 7350)
};

/// "turns", "dtls" ...
std::string_view to_string(server_scheme scheme) noexcept;
std::string_view to_string(server_transport transport) noexcept;

/// As the W3C's RTCIceServerTransportProtocol has it, which knows no DTLS: "udp", "tcp", "tls".
std::string_view relay_protocol(server_transport transport) noexcept;

/// Every scheme of RFC 7064 and RFC 7065.
inline constexpr std::array all_server_schemes = {server_scheme::stun, server_scheme::stuns,
                                                  server_scheme::turn, server_scheme::turns};

/// The URL of a STUN or TURN server, read.
struct server_url {
    server_scheme scheme = server_scheme::stun;
    std::string host; ///< a name in lower case, or an IP literal (IPv6 without brackets)
    std::uint16_t port = 3478;
    server_transport transport = server_transport::udp;

    friend bool operator==(const server_url&, const server_url&) = default;
};

/// Why a URL was refused.
struct server_url_error {
    enum class kind : std::uint8_t {
        syntax,       ///< the W3C's SyntaxError
        not_supported ///< its scheme is not among those built in: NotSupportedError
    };
    kind what = kind::syntax;
    std::string message; ///< says what is wrong and what would be right; does not repeat the URL
};

/// Lets `result<server_url, server_url_error>::value()` throw; found by argument-dependent lookup.
[[noreturn]] inline void throw_exception_from_error(const server_url_error& why,
                                                    const boost::source_location&) {
    throw std::invalid_argument("server URL: " + why.message);
}

/// The W3C's "validate an ICE server URL" (webrtc-pc 4.4.1.5) but for the credentials, in its order: the URL
/// as a whole, whether the scheme is built in, host and port, query. As there, the URL Standard decides what
/// is well-formed: blanks around the URL are ignored, tabs and line ends anywhere, letters of scheme and host
/// have no case, the host may hold percent-encoded characters, and what ends in a number is an IPv4 address
/// ("192.168.257" is 192.168.1.1). One thing is not as there: names beyond ASCII are refused, since mapping
/// them takes tables of Unicode; they are written in their ASCII form (xn--...).
/// Ports left out, or empty, are 3478, for stuns and turns 5349. stun and turn mean UDP, stuns and turns TLS,
/// turns with transport=udp DTLS.
[[nodiscard]] result<server_url, server_url_error>
parse_server_url(std::string_view text, std::span<const server_scheme> built_in = all_server_schemes);

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/server_url.ipp"
#endif
