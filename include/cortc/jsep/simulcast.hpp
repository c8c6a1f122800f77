#pragma once

#include "cortc/jsep/parameters.hpp"
#include "cortc/sdp/session_description.hpp"

#include <optional>
#include <string>
#include <vector>

/// Simulcast in descriptions (RFC 8851, 8853; webrtc-pc 5.4.1). Pure.
namespace cortc::jsep {

/// a=rid and a=simulcast of one section.
struct layer_lines {
    std::vector<sdp::rid> rids;
    std::optional<sdp::simulcast> simulcast;
};

/// The rids that a side lists, first alternatives alone, each once, at most max_simulcast_layers.
[[nodiscard]] std::vector<std::string>
first_rids(const std::vector<std::vector<sdp::simulcast_alternative>>& list);

/// What our offer says in this direction: every encoding of a sender that has several, and the layers to
/// receive, those that were negotiated (nullptr: nothing was) before those that are wished for.
[[nodiscard]] layer_lines offer_layers(sdp::direction direction, const std::vector<encoding>& encodings,
                                       const media_parameters* negotiated,
                                       const std::vector<std::string>& receive_rids);

/// RFC 8853 5.3.2: we receive every layer that the peer offers to send. At most max_simulcast_layers.
[[nodiscard]] layer_lines answer_simulcast(const sdp::media_description& offered,
                                           const std::vector<sdp::codec>& accepted);
/// Adds the layers that the peer asks for and that the sender has.
void answer_sent_layers(layer_lines& answer, const sdp::media_description& offered,
                        const std::vector<sdp::codec>& accepted, const std::vector<encoding>& encodings);

/// The layers that both descriptions of a section have, as `local` writes them.
[[nodiscard]] layer_lines common_layers(const sdp::media_description& local,
                                        const sdp::media_description& remote);

/// webrtc-pc "set a description": the encodings that an offer to receive simulcast proposes to our sender.
[[nodiscard]] std::vector<encoding> proposed_encodings(media_kind kind,
                                                       const sdp::media_description& offered);
/// An answer that misses layers ends them for good; one that has none leaves the first.
void narrow_encodings(std::vector<encoding>& encodings, const layer_lines& settled);

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/simulcast.ipp"
#endif
