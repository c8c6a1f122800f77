#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sdp/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cortc::sdp {

/// `other` is a transport extension: grammatical, so it is kept, but no ICE agent here can use it.
enum class candidate_transport { udp, tcp, other };

enum class candidate_type { host, srflx, prflx, relay, other };

/// RFC 6544 4.5: who opens the connection; `so` is simultaneous open.
enum class tcp_type { active, passive, so };

struct candidate_extension {
    std::string name;
    std::string value; ///< may be empty

    friend bool operator==(const candidate_extension&, const candidate_extension&) = default;
};

/// One ICE candidate as RFC 8839 5.1 writes it.
struct candidate {
    std::string foundation;                                   ///< 1 to 32 ice-chars
    std::uint16_t component = 1;                              ///< 1 to 256; 1 is RTP or data, 2 is RTCP
    candidate_transport transport = candidate_transport::udp; //
    std::uint32_t priority = 1;                               ///< 1 to 2^31 - 1
    std::string address;                                      ///< IPv4, IPv6, a name, or of no use here
    std::uint16_t port = 0;                                   ///< 9 in an active TCP candidate
    candidate_type type = candidate_type::host;               //
    std::optional<std::string> related_address;               ///< raddr
    std::optional<std::uint16_t> related_port;                ///< rport
    std::optional<tcp_type> tcptype;                          ///< a TCP candidate without it is of no use
    std::vector<candidate_extension> extensions;              ///< generation, ufrag, network-id, ... in order
    std::string transport_text; ///< as received ("UDP"); printed if it names `transport`. Leave it empty
    std::string type_text;      ///< as received; printed if `type` is `other`. Leave it empty

    /// The value of the first extension of this name.
    [[nodiscard]] std::optional<std::string_view> extension(std::string_view name) const;
    /// Which generation it belongs to: the extension "ufrag" of RFC 8839 and of browsers. An empty one says
    /// nothing.
    [[nodiscard]] std::optional<std::string_view> ufrag() const;

    friend bool operator==(const candidate&, const candidate&) = default;
};

/// A longer text is refused; browsers write about 200 bytes.
inline constexpr std::size_t max_candidate_size = 4096;

/// Takes "candidate:1 1 udp ..." and the same after "a=", without a line end. As the grammar of RFC 8839 5.1
/// and RFC 6544 4.5 has it, which leaves room for candidates that no agent here can use: an address may be
/// any word, the value of an extension may be empty. Runs of spaces before a name count as one.
[[nodiscard]] result<candidate, error> parse_candidate(std::string_view text);

/// "candidate:1 1 udp ...", as RTCIceCandidate.candidate has it: no "a=", no line end.
[[nodiscard]] std::string print_candidate(const candidate& value);

/// RFC 8839 5.4: may this text stand in a=ice-ufrag (4 to 256 ice-chars) or a=ice-pwd (22 to 256)?
[[nodiscard]] bool is_ice_ufrag(std::string_view text) noexcept;
[[nodiscard]] bool is_ice_pwd(std::string_view text) noexcept;

[[nodiscard]] std::string_view to_string(candidate_transport value) noexcept; ///< "udp", "tcp", "other"
[[nodiscard]] std::string_view to_string(candidate_type value) noexcept; ///< "host", "srflx", ..., "other"
[[nodiscard]] std::string_view to_string(tcp_type value) noexcept;       ///< "active", "passive", "so"

} // namespace cortc::sdp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sdp/impl/candidate.ipp"
#endif
