#pragma once

#include "cortc/jsep/model.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The text of descriptions with the candidates known so far (RFC 9429 4.1.10, 5.2.1).
namespace cortc::jsep {

/// What was gathered for one local generation.
struct gathered {
    transport_id transport;
    std::string ufrag;
    std::vector<sdp::candidate> candidates;
    bool done = false;
};

/// `content` with the candidates of the generations that its sections name; where several share a transport
/// they stand in the one that bears it (RFC 9429 5.2.1).
[[nodiscard]] std::string print_local(const sdp::session_description& content,
                                      const transport_bearers& bearers, const std::vector<gathered>& known);

/// RFC 8839 4.2.1.2: the candidate for the m= and c= lines, the likeliest to work: relayed, then server
/// reflexive, then host; IPv4 before IPv6. A name is none, nor is TCP.
[[nodiscard]] const sdp::candidate* default_candidate(const std::vector<sdp::candidate>& candidates);

/// The text of a peer's description with the candidates that it sent later.
[[nodiscard]] std::string print_remote(const applied& description);

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/description_text.ipp"
#endif
